import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import net from 'node:net'
import zlib from 'node:zlib'
import { createNodeUpstream } from '../../src/adapters/selfhost/upstream-node.ts'
import { systemClock } from '../../src/adapters/web/clock.ts'
import { createFetchUpstream } from '../../src/adapters/web/upstream-fetch.ts'
import type { Clock, Upstream, UpstreamRequest } from '../../src/core/ports.ts'
import { createTestClock, turn } from '../support/clock.ts'
import { bytes, readAll, readText } from '../support/fakes.ts'
import {
  bytesOf,
  dieBeforeHead,
  json,
  neverAnswer,
  plan,
  raw,
  sse,
  startFakeUpstream,
  type FakeUpstream,
} from '../support/fake-upstream.ts'
import { refusingUrl } from '../support/ports.ts'

type Maker = { readonly name: string; readonly make: (clock: Clock) => Upstream & { close?(): void } }

// upstream-node is made for Node and Deno, where the gateway's contract suite runs it; here it runs on Bun's node:http.
const MAKERS: readonly Maker[] = [
  { name: 'fetch', make: (clock) => createFetchUpstream({ clock, keepsEncoding: true }) },
  { name: 'node:http', make: createNodeUpstream },
]

let fake: FakeUpstream
beforeAll(async () => {
  fake = await startFakeUpstream()
})
afterEach(() => fake.reset())
afterAll(() => fake.close())

function anAsk(
  url: string,
  more: Partial<Omit<UpstreamRequest, 'headers'>> & { readonly headers?: HeadersInit } = {},
): UpstreamRequest {
  return {
    method: 'POST',
    url,
    body: bytes('{"a":"ü"}'),
    signal: new AbortController().signal,
    connectTimeoutMs: 5_000,
    firstByteTimeoutMs: 5_000,
    ...more,
    headers: new Headers(more.headers),
  }
}

for (const { name, make } of MAKERS) {
  describe(`the upstream on ${name}`, () => {
    const upstream = make(systemClock)
    afterAll(() => upstream.close?.())

    test('sends method, path, query, headers and body as they are', async () => {
      fake.respond(() => json({ ok: true }))
      const headers = { 'content-type': 'application/json', 'x-odd': 'a, b', authorization: 'Bearer sk' }
      const outcome = await upstream.send(anAsk(`${fake.url}/v1/ch%61t//x?b=2&a=%20`, { headers }))
      expect(outcome.ok && (await readText(outcome.value.body!))).toBe('{"ok":true}')
      const [request] = fake.requests
      expect([request?.method, request?.path, request?.text()]).toEqual(['POST', '/v1/ch%61t//x?b=2&a=%20', '{"a":"ü"}'])
      expect(['content-type', 'x-odd', 'authorization', 'content-length'].map((header) => request?.header(header))).toEqual([
        'application/json',
        'a, b',
        'Bearer sk',
        '10',
      ])
    })

    test('asks for no compression that the caller did not ask for', async () => {
      fake.respond(() => json({}))
      await upstream.send(anAsk(fake.url))
      await upstream.send(anAsk(fake.url, { headers: { 'accept-encoding': 'zstd' } }))
      expect(fake.requests.map((request) => request.header('accept-encoding'))).toEqual([null, 'zstd'])
    })

    test('sends no body where there is none', async () => {
      fake.respond(() => json({}))
      for (const method of ['GET', 'DELETE', 'OPTIONS', 'HEAD']) await upstream.send(anAsk(fake.url, { method, body: null }))
      expect(fake.requests.map((request) => [request.method, request.body.byteLength])).toEqual([
        ['GET', 0],
        ['DELETE', 0],
        ['OPTIONS', 0],
        ['HEAD', 0],
      ])
    })

    test('gives status and headers as they came, also two of one name', async () => {
      fake.respond(() =>
        json(
          {},
          {
            status: 418,
            headers: [
              ['Set-Cookie', 'a=1'],
              ['set-cookie', 'b=2'],
              ['X-Request-ID', 'r'],
              ['content-type', 'application/json'],
            ],
          },
        ),
      )
      const outcome = await upstream.send(anAsk(fake.url))
      if (!outcome.ok) throw new Error(outcome.error.reason)
      const { status, headers, isDecoded } = outcome.value
      expect([status, headers.getSetCookie(), headers.get('x-request-id'), isDecoded]).toEqual([
        418,
        ['a=1', 'b=2'],
        'r',
        false,
      ])
    })

    test('follows no redirect', async () => {
      fake.respond(() => plan({ status: 302, headers: [['Location', `${fake.url}/elsewhere`]] }))
      const outcome = await upstream.send(anAsk(fake.url, { method: 'GET', body: null }))
      expect(outcome.ok && [outcome.value.status, outcome.value.headers.get('location')]).toEqual([
        302,
        `${fake.url}/elsewhere`,
      ])
      expect(fake.requests).toHaveLength(1)
    })

    test('leaves a compressed body compressed', async () => {
      const packed = new Uint8Array(zlib.gzipSync(bytes('{"a":1}')))
      fake.respond(() => plan({ headers: [['Content-Encoding', 'gzip']], chunks: [packed] }))
      const asked = anAsk(fake.url, { headers: { 'accept-encoding': 'gzip' } })
      const first = await upstream.send(asked)
      if (!first.ok) throw new Error(first.error.reason)
      expect([first.value.isDecoded, first.value.headers.get('content-encoding')]).toEqual([false, 'gzip'])
      expect(Buffer.from(await readAll(first.value.body!)).equals(packed)).toBe(true)
      const second = await upstream.send(asked)
      expect(second.ok && Buffer.from(await second.value.bytes()).equals(packed)).toBe(true)
    })

    test('gives a stream as it comes, and as a whole where that is asked', async () => {
      fake.respond(() => sse([{ data: { n: 1 } }, { delayMs: 5 }, { data: { n: 2 } }, { data: '[DONE]' }]))
      const text = 'data: {"n":1}\n\ndata: {"n":2}\n\ndata: [DONE]\n\n'
      const streamed = await upstream.send(anAsk(fake.url))
      expect(streamed.ok && (await readText(streamed.value.body!))).toBe(text)
      const whole = await upstream.send(anAsk(fake.url))
      expect(whole.ok && new TextDecoder().decode(await whole.value.bytes())).toBe(text)
    })

    test('gives the first bytes before the last ones are there', async () => {
      fake.respond(() => sse([{ data: 1 }, 'stall']))
      const abort = new AbortController()
      const outcome = await upstream.send(anAsk(fake.url, { signal: abort.signal }))
      if (!outcome.ok) throw new Error(outcome.error.reason)
      const reader = outcome.value.body!.getReader()
      expect(new TextDecoder().decode((await reader.read()).value)).toBe('data: 1\n\n')
      abort.abort()
      await expect(reader.read()).rejects.toThrow()
      expect((await (await fake.request(0)).ended).kind).toBe('aborted')
    })

    test('tells upstream at once when the body is cancelled', async () => {
      fake.respond(() => sse([{ data: 1 }, 'stall']))
      const outcome = await upstream.send(anAsk(fake.url))
      if (!outcome.ok) throw new Error(outcome.error.reason)
      const reader = outcome.value.body!.getReader()
      await reader.read()
      await reader.cancel()
      expect((await (await fake.request(0)).ended).kind).toBe('aborted')
    })

    test('breaks the body where the connection breaks, and never ends it cleanly', async () => {
      for (const answer of [
        sse([{ data: 1 }, { delayMs: 20 }, 'die']),
        plan({ chunks: [bytesOf('abc')], framing: { contentLength: 10 } }),
      ]) {
        fake.respond(() => answer)
        const streamed = await upstream.send(anAsk(fake.url))
        if (!streamed.ok) throw new Error(streamed.error.reason)
        await expect(readText(streamed.value.body!)).rejects.toThrow()
        const whole = await upstream.send(anAsk(fake.url))
        if (!whole.ok) throw new Error(whole.error.reason)
        await expect(whole.value.bytes()).rejects.toThrow()
      }
    })

    test('has no body for answers without one', async () => {
      for (const [method, status] of [
        ['GET', 204],
        ['GET', 304],
        ['HEAD', 200],
      ] as const) {
        fake.respond(() => plan({ status, framing: 'length' }))
        const outcome = await upstream.send(anAsk(fake.url, { method, body: null }))
        expect(outcome.ok && [outcome.value.status, outcome.value.body]).toEqual([status, null])
      }
    })

    test('says unreachable where nobody listens, and nothing of the URL', async () => {
      const outcome = await upstream.send(anAsk(`${await refusingUrl()}/v1?key=secret`))
      expect(outcome.ok ? null : outcome.error.kind).toBe('unreachable')
      expect(outcome.ok ? null : outcome.error.reason).toMatch(/refused|ECONNREFUSED|Unable to connect/i)
      expect(JSON.stringify(outcome)).not.toContain('secret')
    })

    test('says unreachable where the connection dies before a head, or what comes is no HTTP', async () => {
      for (const answer of [dieBeforeHead(), raw(bytesOf('SSH-2.0-OpenSSH\r\n\r\n'))]) {
        fake.respond(() => answer)
        const outcome = await upstream.send(anAsk(fake.url))
        expect(outcome.ok ? null : outcome.error.kind).toBe('unreachable')
        if (!outcome.ok) expect(outcome.error.reason.length).toBeGreaterThan(3)
      }
    })

    test('says aborted where the caller leaves before the head, and upstream sees it', async () => {
      fake.respond(() => neverAnswer())
      const abort = new AbortController()
      const sending = upstream.send(anAsk(fake.url, { signal: abort.signal }))
      const request = await fake.request(0)
      abort.abort()
      const outcome = await sending
      expect(outcome.ok ? null : outcome.error.kind).toBe('aborted')
      expect((await request.ended).kind).toBe('aborted')
    })

    test('says aborted where the caller left before', async () => {
      const abort = new AbortController()
      abort.abort()
      const outcome = await upstream.send(anAsk(fake.url, { signal: abort.signal }))
      expect(outcome.ok ? null : outcome.error.kind).toBe('aborted')
    })

    test('says timeout where no head comes in time, by the clock that it was given', async () => {
      const clock = createTestClock()
      const timed = make(clock)
      fake.respond(() => neverAnswer())
      const sending = timed.send(anAsk(fake.url, { firstByteTimeoutMs: 700_000, connectTimeoutMs: 800_000 }))
      await fake.request(0)
      clock.advance(699_999)
      await turn(3)
      clock.advance(1)
      const outcome = await sending
      expect(outcome.ok ? null : outcome.error).toEqual({
        kind: 'timeout',
        reason: 'no response head within 700000 ms',
        isSent: true,
      })
      expect((await (await fake.request(0)).ended).kind).toBe('aborted')
      expect(clock.pending()).toBe(0)
      timed.close?.()
    })

    test('leaves no timer behind, whatever the outcome', async () => {
      const clock = createTestClock()
      const timed = make(clock)
      fake.respond(() => json({}))
      const answered = await timed.send(anAsk(fake.url))
      expect(answered.ok).toBe(true)
      await timed.send(anAsk(await refusingUrl()))
      expect(clock.pending()).toBe(0)
      timed.close?.()
    })

    test('has no limit on a body that comes slowly', async () => {
      const clock = createTestClock()
      const timed = make(clock)
      fake.respond(() => sse([{ data: 1 }, { delayMs: 10 }, { data: 2 }]))
      const outcome = await timed.send(anAsk(fake.url, { firstByteTimeoutMs: 100 }))
      clock.advance(1_000_000)
      expect(outcome.ok && (await readText(outcome.value.body!))).toBe('data: 1\n\ndata: 2\n\n')
      timed.close?.()
    })

    test('uses a connection again', async () => {
      fake.respond(() => json({}))
      await ((await upstream.send(anAsk(fake.url))) as { value: { bytes(): Promise<Uint8Array> } }).value.bytes()
      const before = fake.connections()
      for (let i = 0; i < 5; i += 1) {
        const outcome = await upstream.send(anAsk(fake.url))
        if (outcome.ok) await outcome.value.bytes()
      }
      expect(fake.connections() - before).toBeLessThanOrEqual(1)
    })
  })
}

describe('the upstream on fetch of a runtime that decodes', () => {
  test('says so', async () => {
    fake.respond(() =>
      plan({ headers: [['Content-Encoding', 'gzip']], chunks: [new Uint8Array(zlib.gzipSync(bytes('plain')))] }),
    )
    const outcome = await createFetchUpstream({ clock: systemClock, keepsEncoding: false }).send(anAsk(fake.url))
    expect(outcome.ok && [outcome.value.isDecoded, await readText(outcome.value.body!)]).toEqual([true, 'plain'])
  })

  test('names the innermost cause of a failure, without its URL', async () => {
    const original = globalThis.fetch
    const outer = new TypeError('fetch failed', {
      cause: Object.assign(new Error('connect to https://x.example/?key=secret failed'), { code: 'ECONNRESET' }),
    })
    try {
      for (const [thrown, reason] of [
        [outer, 'ECONNRESET: connect to (url) failed'],
        [new TypeError('plain'), 'TypeError: plain'],
        ['a text', 'fetch failed'],
        [new Error('x'.repeat(500)), `Error: ${'x'.repeat(193)}`],
      ] as const) {
        globalThis.fetch = (() => Promise.reject(thrown)) as unknown as typeof fetch
        const outcome = await createFetchUpstream({ clock: systemClock, keepsEncoding: false }).send(
          anAsk('http://127.0.0.1:9'),
        )
        expect(outcome.ok ? null : outcome.error).toEqual({ kind: 'unreachable', reason, isSent: true })
      }
    } finally {
      globalThis.fetch = original
    }
  })
})

describe('the upstream on node:http', () => {
  test.each([
    ['GET', 2, 'ok'],
    // It may have been taken: nobody can tell, and asking again could pay twice.
    ['POST', 1, 'unreachable'],
  ] as const)('a %s on a reused connection that had just been closed: %d connections, %s', async (method, expected, second) => {
    // Answers one request a connection, then closes it without a word.
    let connections = 0
    const server = net.createServer((socket) => {
      connections += 1
      const isFirst = connections === 1
      let requests = 0
      socket.on('error', () => undefined)
      socket.on('data', () => {
        requests += 1
        if (isFirst && requests > 1) return socket.resetAndDestroy()
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
      })
    })
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    const url = `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`
    const upstream = createNodeUpstream(systemClock)
    for (const told of ['ok', second]) {
      const outcome = await upstream.send(anAsk(url, { method, body: null }))
      expect(outcome.ok ? new TextDecoder().decode(await outcome.value.bytes()) : outcome.error.kind).toBe(told)
    }
    expect(connections).toBe(expected)
    upstream.close()
    server.close()
  })
})
