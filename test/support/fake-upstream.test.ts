import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import net from 'node:net'
import { gunzipSync, brotliDecompressSync } from 'node:zlib'
import {
  brotli,
  bytesOf,
  dieBeforeHead,
  error,
  gzip,
  json,
  ndjson,
  neverAnswer,
  plan,
  raw,
  slowHead,
  sse,
  startFakeUpstream,
  type Plan,
} from './fake-upstream.ts'
import { refusingUrl } from './ports.ts'

const upstream = await startFakeUpstream()
afterAll(() => upstream.close())
beforeEach(() => upstream.reset())

/** The bytes on the wire until the server ends the connection. */
async function wire(request: string): Promise<string> {
  const socket = net.connect(upstream.port, '127.0.0.1')
  socket.write(request)
  let text = ''
  for await (const bytes of socket) text += (bytes as Buffer).toString('latin1')
  return text
}

const CLOSE = 'GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'

describe('what goes over the wire', () => {
  const body = [bytesOf('ab'), bytesOf('c')]
  const cases: readonly (readonly [name: string, plan: Plan, wire: string])[] = [
    ['a correct length', plan({ chunks: body }), 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc'],
    [
      'chunks as planned',
      plan({ chunks: body, framing: 'chunked' }),
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n',
    ],
    [
      'a length too large',
      plan({ chunks: body, framing: { contentLength: 9 } }),
      'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc',
    ],
    [
      'a length too small',
      plan({ chunks: body, framing: { contentLength: 1 } }),
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nabc',
    ],
    ['a body until close', plan({ chunks: body, framing: 'close' }), 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc'],
    [
      'headers in their order and case',
      plan({
        headers: [
          ['x-B', '2'],
          ['X-a', '1'],
          ['x-B', '3'],
        ],
      }),
      'HTTP/1.1 200 OK\r\nx-B: 2\r\nX-a: 1\r\nx-B: 3\r\nContent-Length: 0\r\n\r\n',
    ],
    ['no body with 204', plan({ status: 204, chunks: body }), 'HTTP/1.1 204 Status\r\n\r\n'],
    ['bytes that are no HTTP', raw(bytesOf('SSH-2.0\r\n')), 'SSH-2.0\r\n'],
    [
      'events',
      sse([{ event: 'a', data: { b: 1 } }, { data: '[DONE]' }], { framing: 'close', headers: [] }),
      'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nevent: a\ndata: {"b":1}\n\ndata: [DONE]\n\n',
    ],
    [
      'lines',
      ndjson([{ a: 1 }, { b: 2 }], { framing: 'close', headers: [] }),
      'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{"a":1}\n{"b":2}\n',
    ],
    [
      'an error',
      error(429, { e: 1 }),
      'HTTP/1.1 429 Status\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{"e":1}',
    ],
  ]
  for (const [name, answer, expected] of cases) {
    test(name, async () => {
      upstream.respond(() => answer)
      expect(await wire(CLOSE)).toBe(expected)
    })
  }
})

describe('what is recorded', () => {
  test('method, target, raw headers and the exact body', async () => {
    upstream.respond(() => json({ ok: true }))
    await wire(
      'POST /a?b=%20c HTTP/1.1\r\nHost: a\r\nX-One: 1\r\nx-one: 2\r\nConnection: close\r\nContent-Length: 4\r\n\r\n\x00\x01{}',
    )
    const request = await upstream.request(0)
    expect([request.method, request.path]).toEqual(['POST', '/a?b=%20c'])
    expect(request.headers.slice(1, 3)).toEqual([
      ['X-One', '1'],
      ['x-one', '2'],
    ])
    expect(request.header('X-ONE')).toBe('1, 2')
    expect(request.body).toEqual(new Uint8Array([0, 1, 0x7b, 0x7d]))
    expect((await request.ended).kind).toBe('answered')
  })

  test('a chunked request body arrives whole, also in many pieces', async () => {
    upstream.respond((request) => json({ bytes: request.body.length }))
    let left = 300
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        if (left-- === 0) controller.close()
        else controller.enqueue(new Uint8Array(10_000).fill(48))
      },
    })
    const response = await fetch(upstream.url, { method: 'POST', body, duplex: 'half' } as RequestInit)
    expect(await response.json()).toEqual({ bytes: 3_000_000 })
  })

  test('a client that expects 100 gets it before its body', async () => {
    upstream.respond(() => plan())
    const socket = net.connect(upstream.port, '127.0.0.1')
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: 2\r\n\r\n')
    const received: string[] = []
    for await (const bytes of socket) {
      received.push((bytes as Buffer).toString('latin1'))
      if (received.length === 1) socket.write('hi')
    }
    expect(received[0]).toBe('HTTP/1.1 100 Continue\r\n\r\n')
    expect((await upstream.request(0)).text()).toBe('hi')
  })

  test('two calls one after the other share a connection', async () => {
    const before = upstream.connections()
    upstream.respond(() => json({ ok: true }))
    for (const path of ['/1', '/2']) await (await fetch(`${upstream.url}${path}`)).text()
    expect(upstream.requests.map((request) => request.path)).toEqual(['/1', '/2'])
    expect(upstream.connections() - before).toBeLessThanOrEqual(1)
  })

  test('without a plan the answer is 404', async () => {
    expect((await fetch(upstream.url)).status).toBe(404)
  })
})

describe('misbehaviour', () => {
  test('a peer that leaves in mid-stream is noticed at once, with the time', async () => {
    upstream.respond(() => sse([{ data: 'one' }, 'stall']))
    const leave = new AbortController()
    const response = await fetch(upstream.url, { signal: leave.signal })
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    await reader.read()
    const leftAt = performance.now()
    leave.abort()
    const outcome = await (await upstream.request(0)).ended
    expect(outcome.kind).toBe('aborted')
    expect(outcome.at - leftAt).toBeLessThan(500)
  })

  test('a peer that leaves before the head is noticed', async () => {
    upstream.respond(neverAnswer)
    const leave = new AbortController()
    const call = fetch(upstream.url, { signal: leave.signal }).catch((reason: unknown) => reason)
    const request = await upstream.request(0)
    expect(request.outcome()).toBeNull()
    leave.abort()
    expect((await request.ended).kind).toBe('aborted')
    await call
  })

  test('a body that dies reaches the client as an error after its first bytes', async () => {
    upstream.respond(() => plan({ chunks: [bytesOf('half'), { delayMs: 20 }, 'die'], framing: 'chunked' }))
    const response = await fetch(upstream.url)
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    const first = await reader.read()
    expect(new TextDecoder().decode(first.value)).toBe('half')
    await expect(reader.read()).rejects.toThrow()
    expect((await (await upstream.request(0)).ended).kind).toBe('died')
  })

  test('a connection that dies before the head, and a port where nobody listens, are failed calls', async () => {
    upstream.respond(dieBeforeHead)
    await expect(fetch(upstream.url)).rejects.toThrow()
    await expect(fetch(await refusingUrl())).rejects.toThrow()
  })

  test('a slow head waits before its first byte', async () => {
    upstream.respond(() => slowHead(60, json({ late: true })))
    const start = performance.now()
    expect(await (await fetch(upstream.url)).json()).toEqual({ late: true })
    expect(performance.now() - start).toBeGreaterThanOrEqual(55)
  })

  test('closing ends what stalls', async () => {
    const other = await startFakeUpstream()
    other.respond(neverAnswer)
    const call = fetch(other.url).catch(() => 'failed')
    const request = await other.request(0)
    await other.close()
    expect((await request.ended).kind).toBe('died')
    expect(await call).toBe('failed')
  })
})

test('compressed plans decode to the same text and flush after every piece', async () => {
  const events = sse([{ data: { text: 'häh' } }, { delayMs: 1 }, { data: '[DONE]' }])
  for (const [compress, decode] of [
    [gzip, gunzipSync],
    [brotli, brotliDecompressSync],
  ] as const) {
    const packed = await compress(events)
    const bytes = packed.chunks.filter((piece) => piece instanceof Uint8Array)
    expect(decode(Buffer.concat(bytes)).toString()).toBe('data: {"text":"häh"}\n\ndata: [DONE]\n\n')
    expect(packed.chunks.findIndex((piece) => typeof piece === 'object' && 'delayMs' in piece)).toBe(1)
    upstream.respond(() => packed)
    expect(await (await fetch(upstream.url)).text()).toBe('data: {"text":"häh"}\n\ndata: [DONE]\n\n')
  }
})
