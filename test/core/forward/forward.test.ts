import { describe, expect, test } from 'bun:test'
import { openaiChat } from '../../../src/core/dialects/openai-chat.ts'
import { PASS } from '../../../src/core/domain/finding.ts'
import type { GatewayConfig, Provider } from '../../../src/core/domain/gateway.ts'
import { createForward, type Forward, type ForwardAsk, type Sign } from '../../../src/core/forward/forward.ts'
import { createTestClock, turn, type TestClock } from '../../support/clock.ts'
import {
  aCaller,
  aConfig,
  aFailure,
  anAnswer,
  aProvider,
  bytes,
  createFakeMetrics,
  createFakeUpstream,
  createSource,
  readText,
  streamOf,
  type FakeMetrics,
  type UpstreamAnswer,
} from '../../support/fakes.ts'
import { spanIdOf } from '../../support/ids.ts'

type Bench = {
  readonly forward: Forward
  readonly clock: TestClock
  readonly metrics: FakeMetrics
  readonly upstream: ReturnType<typeof createFakeUpstream>
  readonly config: GatewayConfig
}

const noSign: Sign = async (_provider, { headers }) => headers

function bench(
  answers: readonly UpstreamAnswer[] | ((n: number, signal: AbortSignal) => UpstreamAnswer | Promise<UpstreamAnswer>),
  more: { readonly retries?: number; readonly threshold?: number; readonly sign?: Sign; readonly adminKey?: string } = {},
): Bench {
  const clock = createTestClock()
  const metrics = createFakeMetrics()
  const upstream = createFakeUpstream((request, n) =>
    typeof answers === 'function' ? answers(n, request.signal) : (answers[Math.min(n, answers.length - 1)] as UpstreamAnswer),
  )
  const base = aConfig()
  const config = aConfig({
    upstream: { ...base.upstream, retries: more.retries ?? 0 },
    breaker: { ...base.breaker, failureThreshold: more.threshold ?? 3 },
    auth: { mode: 'open', adminKey: more.adminKey ?? null },
  })
  return {
    forward: createForward({ config, upstream, clock, metrics, sign: more.sign ?? noSign }),
    clock,
    metrics,
    upstream,
    config,
  }
}

function anAsk(more: Partial<ForwardAsk> = {}, provider: Provider = aProvider()): ForwardAsk {
  return {
    caller: aCaller(),
    verdict: PASS,
    hold: { spanId: spanIdOf(1), entries: [] },
    route: {
      provider,
      dialect: openaiChat,
      target: { path: '/v1/chat/completions', search: '' },
      url: 'https://api.openai.com/v1/chat/completions',
    },
    method: 'POST',
    headers: new Headers({ 'content-type': 'application/json', authorization: 'Bearer sk-own' }),
    body: bytes('{}'),
    gatewayKeyHeader: null,
    signal: new AbortController().signal,
    ...more,
  }
}

/** Sends, and lets pauses between tries pass. Gives the outcome in words. */
async function outcome({ forward, clock }: Bench, ask: ForwardAsk = anAsk()): Promise<string> {
  const sending = forward.send(ask)
  for (let i = 0; i < 50; i += 1) {
    await turn()
    clock.advance(10_000_000)
  }
  const answer = await sending
  return answer.ok ? `${answer.value.status}` : answer.error.code
}

describe('a call', () => {
  test('goes out once, with the original bytes and the limits of the configuration', async () => {
    const b = bench([anAnswer('{"a":1}')])
    const ask = anAsk({
      gatewayKeyHeader: 'x-api-key',
      headers: new Headers({ 'x-api-key': 'llmt_x', authorization: 'Bearer sk-own' }),
    })
    const answer = await b.forward.send(ask)
    expect(answer.ok && (await readText(answer.value.body!))).toBe('{"a":1}')
    expect(b.upstream.requests).toHaveLength(1)
    const [request] = b.upstream.requests
    expect(request!.body).toBe(ask.body)
    expect(request).toMatchObject({ method: 'POST', url: ask.route.url, connectTimeoutMs: 1_000, firstByteTimeoutMs: 2_000 })
    expect(request!.signal).toBe(ask.signal)
    expect([...request!.headers]).toEqual([['authorization', 'Bearer sk-own']])
  })

  test('carries no root key of ours', async () => {
    const b = bench([anAnswer()], { adminKey: 'root-secret' })
    await b.forward.send(anAsk({ headers: new Headers({ 'api-key': 'root-secret', 'x-other': '1' }) }))
    expect([...b.upstream.requests[0]!.headers]).toEqual([['x-other', '1']])
  })

  test('is signed only where the provider signs, over what is really sent', async () => {
    const seen: unknown[] = []
    const sign: Sign = async (provider, request) => {
      seen.push([provider.name, request.method, request.url, [...request.headers], request.body])
      return new Headers({ authorization: 'AWS4-HMAC-SHA256 x' })
    }
    const aws = { accessKeyId: 'a', secretAccessKey: 'b', sessionToken: null, region: 'c' }
    const b = bench([anAnswer()], { sign })
    await b.forward.send(anAsk())
    expect(seen).toEqual([])
    const ask = anAsk({}, aProvider({ name: 'bedrock', aws }))
    await b.forward.send(ask)
    expect(seen).toEqual([['bedrock', 'POST', ask.route.url, [['content-type', 'application/json']], ask.body]])
    expect(b.upstream.requests[1]!.headers.get('authorization')).toBe('AWS4-HMAC-SHA256 x')
  })

  test('passes every answer through, also refusals and redirects', async () => {
    for (const status of [200, 204, 301, 400, 401, 404, 429, 500, 501, 502, 503, 504, 529]) {
      expect(await outcome(bench([anAnswer('x', { status })]))).toBe(String(status))
    }
  })

  const FAILURES = [
    ['unreachable', 'upstream.unreachable', 502, 'provider "openai" cannot be reached'],
    ['timeout', 'upstream.timeout', 504, 'provider "openai" sent no answer in time'],
    ['aborted', 'upstream.unreachable', 502, 'the caller left before the answer'],
  ] as const
  for (const [kind, code, status, message] of FAILURES) {
    test(`that fails as ${kind} is ${code}`, async () => {
      const answer = await bench([aFailure(kind, 'the reason')]).forward.send(anAsk())
      expect(answer.ok ? null : answer.error).toMatchObject({
        code,
        status,
        message,
        reason: 'the reason',
        extra: { provider: 'openai' },
      })
    })
  }
})

function down(status: number): UpstreamAnswer {
  return anAnswer('down', { status })
}

describe('a second try', () => {
  type Row = readonly [why: string, retries: number, answers: readonly UpstreamAnswer[], outcome: string, tries: number]
  const ROWS: readonly Row[] = [
    ['is not made unless told', 0, [aFailure('unreachable')], 'upstream.unreachable', 1],
    ['is made after a failed connection', 1, [aFailure('unreachable'), anAnswer()], '200', 2],
    ['is made after 502', 1, [down(502), anAnswer()], '200', 2],
    ['is made after 503', 1, [down(503), anAnswer()], '200', 2],
    ['is made after 504', 1, [down(504), anAnswer()], '200', 2],
    ['is made after 529', 1, [down(529), anAnswer()], '200', 2],
    ['is not made after 500', 1, [down(500), anAnswer()], '500', 1],
    ['is not made after 429', 1, [down(429), anAnswer()], '429', 1],
    ['is not made after 400', 1, [down(400), anAnswer()], '400', 1],
    [
      'is not made after a timeout: the first may still be worked on',
      3,
      [aFailure('timeout'), anAnswer()],
      'upstream.timeout',
      1,
    ],
    ['is not made when the caller left', 3, [aFailure('aborted'), anAnswer()], 'upstream.unreachable', 1],
    [
      'is made as often as told, and the last answer stands',
      2,
      [aFailure('unreachable'), down(503), down(502), anAnswer()],
      '502',
      3,
    ],
    [
      'is made as often as told, and the last failure stands',
      2,
      [down(503), down(503), aFailure('unreachable')],
      'upstream.unreachable',
      3,
    ],
  ]
  for (const [why, retries, answers, expected, tries] of ROWS) {
    test(why, async () => {
      const b = bench(answers, { retries, threshold: 100 })
      expect([await outcome(b), b.upstream.requests.length]).toEqual([expected, tries])
    })
  }

  test('waits twice as long each time, up to a bound', async () => {
    const b = bench([aFailure('unreachable')], { retries: 9, threshold: 100 })
    const sending = b.forward.send(anAsk())
    const pauses: (number | null)[] = []
    for (let i = 0; i < 9; i += 1) {
      await turn()
      const next = b.clock.next()
      pauses.push(next)
      b.clock.advance((next ?? 1) - 1)
      await turn()
      expect(b.upstream.requests).toHaveLength(i + 1)
      b.clock.advance(1)
    }
    await sending
    expect(pauses).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000])
  })

  test('lets go of the answer that it replaces, also of one whose body is broken', async () => {
    const source = createSource()
    const b = bench([anAnswer(source.stream, { status: 503 }), anAnswer()], { retries: 1 })
    expect(await outcome(b)).toBe('200')
    expect(source.isCancelled()).toBe(true)

    const broken = new ReadableStream<Uint8Array>({ cancel: () => Promise.reject(new Error('gone')) })
    expect(await outcome(bench([anAnswer(broken, { status: 503 }), anAnswer()], { retries: 1 }))).toBe('200')
    expect(await outcome(bench([anAnswer(null, { status: 503 }), anAnswer()], { retries: 1 }))).toBe('200')
  })

  test('leaves the body of the answer that stands unread', async () => {
    const b = bench([anAnswer('kept', { status: 503 })], { retries: 0 })
    const answer = await b.forward.send(anAsk())
    expect(answer.ok && (await readText(answer.value.body!))).toBe('kept')
  })

  test('is not waited for when the caller leaves in between', async () => {
    const abort = new AbortController()
    const b = bench((n, signal) => (n === 0 ? aFailure('unreachable') : aFailure(signal.aborted ? 'aborted' : 'unreachable')), {
      retries: 5,
    })
    const sending = b.forward.send(anAsk({ signal: abort.signal }))
    await turn()
    expect(b.clock.pending()).toBe(1)
    abort.abort()
    const answer = await sending
    expect(answer.ok ? null : answer.error.message).toBe('the caller left before the answer')
    expect(b.clock.pending()).toBe(0)
  })

  test('is not waited for when the caller left while the first answer was let go', async () => {
    const abort = new AbortController()
    const leaving = new ReadableStream<Uint8Array>({ cancel: () => abort.abort() })
    const b = bench((n) => (n === 0 ? anAnswer(leaving, { status: 503 }) : aFailure('aborted')), { retries: 5 })
    const answer = await b.forward.send(anAsk({ signal: abort.signal }))
    expect(answer.ok ? null : answer.error.message).toBe('the caller left before the answer')
    expect(b.clock.pending()).toBe(0)
  })

  test('is not made once the caller has left', async () => {
    const abort = new AbortController()
    const b = bench(
      (n) => {
        abort.abort()
        return n === 0 ? aFailure('unreachable') : anAnswer()
      },
      { retries: 5 },
    )
    expect([await outcome(b, anAsk({ signal: abort.signal })), b.upstream.requests.length]).toEqual(['upstream.unreachable', 1])
  })

  test('is made on signatures of its own', async () => {
    let n = 0
    const sign: Sign = async () => new Headers({ 'x-signature': String((n += 1)) })
    const aws = { accessKeyId: 'a', secretAccessKey: 'b', sessionToken: null, region: 'c' }
    const b = bench([aFailure('unreachable'), anAnswer()], { retries: 1, sign })
    await outcome(b, anAsk({}, aProvider({ aws })))
    expect(b.upstream.requests.map(({ headers }) => headers.get('x-signature'))).toEqual(['1', '2'])
  })
})

describe('the breaker of a provider', () => {
  test('opens after failures in a row, refuses without asking upstream, and says when to come back', async () => {
    const b = bench([aFailure('unreachable')])
    for (let i = 0; i < 3; i += 1) await b.forward.send(anAsk())
    b.clock.advance(2_500)
    const answer = await b.forward.send(anAsk())
    expect(b.upstream.requests).toHaveLength(3)
    expect(answer.ok ? null : answer.error).toMatchObject({
      code: 'upstream.refused',
      status: 503,
      retryAfterSeconds: 8,
      message: 'provider "openai" failed repeatedly; calls are paused for 8 s',
      reason: 'circuit open',
      extra: { provider: 'openai' },
    })
    expect([...b.forward.breakers()]).toEqual([['openai', 'open']])
    expect(b.metrics.breakers).toEqual(['openai:open'])
  })

  test('closes after a probe that succeeds', async () => {
    const b = bench((n) => (n < 3 ? anAnswer('x', { status: 503 }) : anAnswer()))
    for (let i = 0; i < 3; i += 1) await b.forward.send(anAsk())
    b.clock.advance(10_000)
    expect(await outcome(b)).toBe('200')
    expect(b.metrics.breakers).toEqual(['openai:open', 'openai:half_open', 'openai:closed'])
  })

  test('asks to come back in a second at least', async () => {
    const b = bench((n) => (n < 3 ? aFailure('unreachable') : new Promise<never>(() => {})))
    for (let i = 0; i < 3; i += 1) await b.forward.send(anAsk())
    b.clock.advance(10_000)
    void b.forward.send(anAsk())
    void b.forward.send(anAsk())
    await turn()
    const answer = await b.forward.send(anAsk())
    expect(answer.ok ? null : answer.error.retryAfterSeconds).toBe(1)
  })

  test('counts timeouts, and not refusals or callers who left', async () => {
    const b = bench([anAnswer('x', { status: 500 }), anAnswer('x', { status: 429 }), aFailure('aborted'), aFailure('timeout')])
    for (let i = 0; i < 5; i += 1) await b.forward.send(anAsk())
    expect([...b.forward.breakers()]).toEqual([['openai', 'closed']])
    await b.forward.send(anAsk())
    expect([...b.forward.breakers()]).toEqual([['openai', 'open']])
  })

  test('that a failure opens leaves the caller that failure, not a refusal of the next try', async () => {
    const b = bench(() => anAnswer('the provider’s own words', { status: 503 }), { retries: 5, threshold: 2 })
    const sending = b.forward.send(anAsk())
    await turn()
    b.clock.advance(100)
    const answer = await sending
    expect(answer.ok && (await readText(answer.value.body!))).toBe('the provider’s own words')
    expect(b.upstream.requests).toHaveLength(2)
  })

  test('is each provider’s own', async () => {
    const b = bench([aFailure('unreachable')])
    for (let i = 0; i < 3; i += 1) await b.forward.send(anAsk())
    await b.forward.send(anAsk({}, aProvider({ name: 'groq' })))
    expect([...b.forward.breakers()]).toEqual([
      ['openai', 'open'],
      ['groq', 'closed'],
    ])
  })

  test('gets the place of a probe back when a bug ends it, and the bug is thrown', async () => {
    const b = bench((n) => (n < 3 ? aFailure('unreachable') : n < 6 ? new Error('bug') : anAnswer()))
    for (let i = 0; i < 3; i += 1) await b.forward.send(anAsk())
    b.clock.advance(10_000)
    for (let i = 0; i < 3; i += 1) await expect(b.forward.send(anAsk())).rejects.toThrow('bug')
    expect(await outcome(b)).toBe('200')
  })

  test('gets it back from a caller who left', async () => {
    const b = bench((n) => (n < 3 ? aFailure('unreachable') : n < 9 ? aFailure('aborted') : anAnswer()))
    for (let i = 0; i < 3; i += 1) await b.forward.send(anAsk())
    b.clock.advance(10_000)
    for (let i = 0; i < 6; i += 1) expect(await outcome(b)).toBe('upstream.unreachable')
    expect([...b.forward.breakers()]).toEqual([['openai', 'half_open']])
    expect(await outcome(b)).toBe('200')
  })

  test('gets it back from a signer that throws, too', async () => {
    const aws = { accessKeyId: 'a', secretAccessKey: 'b', sessionToken: null, region: 'c' }
    let isBroken = false
    const sign: Sign = async (_provider, { headers }) => {
      if (isBroken) throw new Error('no credentials')
      return headers
    }
    const b = bench((n) => (n < 3 ? aFailure('unreachable') : anAnswer()), { sign })
    const ask = anAsk({}, aProvider({ aws }))
    for (let i = 0; i < 3; i += 1) await b.forward.send(ask)
    b.clock.advance(10_000)
    isBroken = true
    for (let i = 0; i < 3; i += 1) await expect(b.forward.send(ask)).rejects.toThrow('no credentials')
    isBroken = false
    expect(await outcome(b, ask)).toBe('200')
  })

  test('is one of a bounded number: callers may name providers', async () => {
    const b = bench([anAnswer(streamOf([]))])
    for (let i = 0; i < 300; i += 1) await b.forward.send(anAsk({}, aProvider({ name: `p${i}` })))
    const names = [...b.forward.breakers().keys()]
    expect([names.length, names[0], names.at(-1)]).toEqual([256, 'p44', 'p299'])
  })
})
