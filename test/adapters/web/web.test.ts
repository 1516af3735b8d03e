import { describe, expect, test } from 'bun:test'
import { createHash, createHmac } from 'node:crypto'
import zlib from 'node:zlib'
import { nodeDecompress } from '../../../src/adapters/selfhost/decompress.ts'
import { unlimitedLedger } from '../../../src/adapters/memory/unlimited-ledger.ts'
import { createBackground, createOpenWork } from '../../../src/adapters/web/background.ts'
import { systemClock } from '../../../src/adapters/web/clock.ts'
import { webDecompress } from '../../../src/adapters/web/decompress.ts'
import { createIdSource } from '../../../src/adapters/web/ids.ts'
import { createSigner } from '../../../src/adapters/web/sign.ts'
import { DEFAULT_TENANT, parseSpanId, parseTraceId } from '../../../src/core/domain/ids.ts'
import { TEST_TIME, turn } from '../../support/clock.ts'
import { aProvider, bytes, createLog } from '../../support/fakes.ts'
import { spanIdOf } from '../../support/ids.ts'

describe('the clock', () => {
  test('tells the time, and a time that never goes back', () => {
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1_000)
    const times = Array.from({ length: 1_000 }, () => systemClock.monotonic())
    expect(times).toEqual(times.toSorted((a, b) => a - b))
  })

  test('calls once, and not at all when it was stopped', async () => {
    let calls = 0
    const stop = systemClock.after(1, () => void (calls += 100))
    stop()
    stop()
    await new Promise<void>((resolve) => {
      systemClock.after(2, () => {
        calls += 1
        resolve()
      })
    })
    await turn(3)
    expect(calls).toBe(1)
  })

  test('keeps no process alive', async () => {
    const code = `import { systemClock } from './src/adapters/web/clock.ts'; systemClock.after(600_000, () => {})`
    const child = Bun.spawn([process.execPath, '-e', code], { stdout: 'ignore', stderr: 'pipe' })
    expect([await child.exited, await new Response(child.stderr).text()]).toEqual([0, ''])
  })
})

describe('fresh ids', () => {
  test('are UUIDv7 of the present time, and W3C span ids', () => {
    const ids = createIdSource(() => TEST_TIME)
    for (let i = 0; i < 5_000; i += 1) {
      const [trace, uuid, span] = [ids.traceId(), ids.uuid(), ids.spanId()]
      for (const id of [trace, uuid]) {
        expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
        expect(parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(TEST_TIME)
      }
      expect([parseTraceId(trace), parseSpanId(span)]).toEqual([trace, span])
    }
  })

  test('never come twice', () => {
    const ids = createIdSource(() => TEST_TIME)
    const seen = new Set<string>()
    for (let i = 0; i < 20_000; i += 1) seen.add(ids.traceId()).add(ids.spanId()).add(ids.uuid())
    expect(seen.size).toBe(60_000)
  })

  test('sort by time', () => {
    let now = 0
    const ids = createIdSource(() => now)
    const made = [0, 1, 255, 256, 1e6, TEST_TIME, 2 ** 47].map((time) => {
      now = time
      return ids.uuid()
    })
    expect(made).toEqual(made.toSorted())
  })

  test('use all their random bits', () => {
    const ids = createIdSource(() => TEST_TIME)
    const uuids = Array.from({ length: 300 }, () => ids.uuid().replaceAll('-', ''))
    for (let at = 0; at < 32; at += 1) {
      const digits = new Set(uuids.map((uuid) => uuid[at]))
      if (at <= 12) expect(digits.size).toBe(1)
      else if (at === 16) expect([...digits].toSorted()).toEqual(['8', '9', 'a', 'b'])
      else expect(digits.size).toBe(16)
    }
  })
})

describe('background work', () => {
  test('that fails is logged under its name, and goes no further', async () => {
    const log = createLog()
    const kept: Promise<unknown>[] = []
    const background = createBackground(log, (work) => kept.push(work))
    const error = new Error('store down')
    background('ship', Promise.reject(error))
    background('capture', Promise.resolve('done'))
    expect(await Promise.all(kept)).toEqual([undefined, 'done'])
    expect(log.lines).toEqual([{ level: 'error', event: 'background.failed', fields: { name: 'ship', error } }])
  })

  test('needs no one to wait for it', async () => {
    const log = createLog()
    createBackground(log, null)('ship', Promise.reject(new Error('x')))
    await turn()
    expect(log.lines).toHaveLength(1)
  })
})

test('open work is settled when the last of it has ended, also what came in meanwhile', async () => {
  const open = createOpenWork()
  await open.settled()
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  open.add(first.promise.then(() => open.add(second.promise)))
  let isSettled = false
  const settled = open.settled().then(() => (isSettled = true))
  first.resolve()
  await turn(3)
  expect(isSettled).toBe(false)
  second.resolve()
  await settled
})

describe('decompression', () => {
  async function unpacked(pair: NonNullable<ReturnType<typeof webDecompress>>, packed: Uint8Array): Promise<string> {
    const writer = pair.writable.getWriter()
    const writing = writer.write(packed as Uint8Array<ArrayBuffer>).then(() => writer.close())
    const text = await new Response(pair.readable).text()
    await writing
    return text
  }

  const plain = bytes('some text, some text, some text')
  const PACKED: { readonly [encoding: string]: Uint8Array } = {
    gzip: zlib.gzipSync(plain),
    'x-gzip': zlib.gzipSync(plain),
    deflate: zlib.deflateSync(plain),
    br: zlib.brotliCompressSync(plain),
    zstd: zlib.zstdCompressSync(plain),
  }
  for (const [encoding, packed] of Object.entries(PACKED)) {
    test(`of ${encoding}`, async () => {
      const byNode = nodeDecompress(encoding)
      expect(byNode === null ? null : await unpacked(byNode, packed)).toBe('some text, some text, some text')
      const byWeb = webDecompress(encoding)
      if (encoding === 'br' || encoding === 'zstd') expect(byWeb).toBeNull()
      else expect(byWeb === null ? null : await unpacked(byWeb, packed)).toBe('some text, some text, some text')
    })
  }

  test('of anything else is said not to be there', () => {
    for (const encoding of ['', 'identity', 'compress', 'gzip, br', 'constructor', '__proto__', 'toString']) {
      expect([encoding, webDecompress(encoding), nodeDecompress(encoding)]).toEqual([encoding, null, null])
    }
  })
})

describe('a signature for AWS', () => {
  const AWS = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret/example', sessionToken: null, region: 'eu-central-1' }
  const url =
    'https://bedrock-runtime.eu-central-1.amazonaws.com/model/anthropic.claude-3-5-sonnet-20241022-v2%3A0/converse?x=a%20b&a=1'
  const body = bytes('{"messages":[]}')

  /** SigV4 by the book (AWS General Reference), to hold the library's against. */
  function expected(
    method: string,
    headers: Headers,
    payload: Uint8Array,
    key: { readonly secret: string; readonly region: string },
  ): string {
    const authorization = headers.get('authorization') ?? ''
    const signedHeaders = /SignedHeaders=([^,]+)/.exec(authorization)?.[1] ?? ''
    const target = new URL(url)
    const path = target.pathname
      .split('/')
      .map((part) => encodeURIComponent(part))
      .join('/')
    const query = [...target.searchParams]
      .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
      .toSorted()
      .join('&')
    const lines = signedHeaders.split(';').map((name) => `${name}:${name === 'host' ? target.host : headers.get(name)}\n`)
    const hash = createHash('sha256').update(payload).digest('hex')
    const canonical = [method, path, query, lines.join(''), signedHeaders, hash].join('\n')
    const date = headers.get('x-amz-date') ?? ''
    const scope = `${date.slice(0, 8)}/${key.region}/bedrock/aws4_request`
    const toSign = ['AWS4-HMAC-SHA256', date, scope, createHash('sha256').update(canonical).digest('hex')].join('\n')
    const signing = [date.slice(0, 8), key.region, 'bedrock', 'aws4_request'].reduce<string | Buffer>(
      (secret, part) => createHmac('sha256', secret).update(part).digest(),
      `AWS4${key.secret}`,
    )
    const signature = createHmac('sha256', signing).update(toSign).digest('hex')
    return `AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`
  }

  test('is the one that AWS computes, over host, headers and body', async () => {
    const headers = new Headers({ 'content-type': 'application/json', 'x-amzn-bedrock-trace': 'ENABLED' })
    const signed = await createSigner()(aProvider({ name: 'bedrock', aws: AWS }), { method: 'POST', url, headers, body })
    expect(signed.get('authorization')).toBe(
      expected('POST', signed, body, { secret: AWS.secretAccessKey, region: AWS.region }),
    )
    expect(signed.get('authorization')).toContain('host;')
    expect([signed.get('content-type'), signed.has('host'), signed.has('x-amz-security-token')]).toEqual([
      'application/json',
      false,
      false,
    ])
  })

  test('takes the place of the caller’s own, which was made for this gateway', async () => {
    const old = {
      authorization: 'AWS4-HMAC-SHA256 Credential=CALLER/x',
      'x-amz-date': '20200101T000000Z',
      'x-amz-security-token': 'callers-token',
      'x-amz-content-sha256': 'callers-hash',
      'x-amzn-bedrock-trace': 'ENABLED',
    }
    const signed = await createSigner()(aProvider({ name: 'bedrock', aws: AWS }), {
      method: 'POST',
      url,
      headers: new Headers(old),
      body,
    })
    const all = JSON.stringify([...signed])
    for (const leftover of ['CALLER', '20200101T000000Z', 'callers-token', 'callers-hash']) expect(all).not.toContain(leftover)
    expect(signed.get('authorization')).toBe(
      expected('POST', signed, body, { secret: AWS.secretAccessKey, region: AWS.region }),
    )
  })

  test('carries the session’s token, and covers it', async () => {
    const aws = { ...AWS, sessionToken: 'session-token' }
    const signed = await createSigner()(aProvider({ name: 'bedrock', aws }), {
      method: 'GET',
      url,
      headers: new Headers(),
      body: null,
    })
    expect(signed.get('x-amz-security-token')).toBe('session-token')
    expect(signed.get('authorization')).toContain('x-amz-security-token')
    expect(signed.get('authorization')).toBe(
      expected('GET', signed, new Uint8Array(0), { secret: AWS.secretAccessKey, region: AWS.region }),
    )
  })

  test('is each provider’s own, also the second time', async () => {
    const sign = createSigner()
    const ask = { method: 'POST', url, headers: new Headers(), body }
    for (const region of ['eu-central-1', 'us-east-1', 'eu-central-1']) {
      const signed = await sign(aProvider({ name: region, aws: { ...AWS, region } }), ask)
      expect(signed.get('authorization')).toContain(`/${region}/bedrock/`)
    }
  })

  test('is made for no other provider, and changes nothing given', async () => {
    const headers = new Headers({ authorization: 'Bearer sk' })
    expect(await createSigner()(aProvider(), { method: 'POST', url, headers, body })).toBe(headers)
    await createSigner()(aProvider({ aws: AWS }), { method: 'POST', url, headers, body })
    expect([...headers]).toEqual([['authorization', 'Bearer sk']])
  })
})

test('a ledger without limits grants everything and counts nothing', async () => {
  const scope = { id: 'tenant:requests', unit: 'requests', meter: { kind: 'gauge' } } as const
  const asks = [{ scope, limit: 1, amount: 2, least: 2, lost: 2 }]
  const hold = await unlimitedLedger.reserve({
    tenantId: DEFAULT_TENANT,
    spanId: spanIdOf(1),
    asks,
    expiresAt: 1,
    share: 1,
    note: '',
  })
  const balance = { spent: 0, held: 0 }
  expect(hold).toEqual({ ok: true, value: { spanId: spanIdOf(1), entries: [{ scope, limit: 1, amount: 2, balance }] } })
  const entries = [{ scope, spent: 1, held: 0 }]
  const settlement = { tenantId: DEFAULT_TENANT, spanId: spanIdOf(1), revision: 1, entries, expiresAt: 0 }
  expect(await unlimitedLedger.settle(settlement)).toEqual({ overHold: [], isLate: false })
  expect(await unlimitedLedger.read(DEFAULT_TENANT, [scope])).toEqual([balance])
})
