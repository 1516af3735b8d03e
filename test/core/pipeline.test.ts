import { unlimitedLedger } from '../../src/adapters/memory/unlimited-ledger.ts'
import { describe, expect, test } from 'bun:test'
import zlib from 'node:zlib'
import { createSessionMemory } from '../../src/adapters/memory/session-memory.ts'
import { createPriceBook } from '../../src/adapters/prices/price-book.ts'
import { nodeDecompress } from '../../src/adapters/selfhost/decompress.ts'
import { appError } from '../../src/core/domain/errors.ts'
import type { GatewayConfig } from '../../src/core/domain/gateway.ts'
import { NO_LIMITS } from '../../src/core/domain/limit-policy.ts'
import type { TenantId } from '../../src/core/domain/ids.ts'
import type { Policy } from '../../src/core/domain/policy.ts'
import { err, ok } from '../../src/core/domain/result.ts'
import type { TraceSpan } from '../../src/core/domain/span.ts'
import type { GuardMode, GuardPolicy } from '../../src/core/domain/guard-policy.ts'
import type { Guard } from '../../src/core/guard/guard.ts'
import { createPipeline, type Answer, type Call, type Pipeline } from '../../src/core/pipeline.ts'
import { PortError, type KeyStore, type PolicyStore, type UpstreamRequest } from '../../src/core/ports.ts'
import { aGuard, aPolicy, wordScanner } from '../support/guard.ts'
import { createTestClock, TEST_TIME, turn, type TestClock } from '../support/clock.ts'
import {
  aConfig,
  aFailure,
  aKey,
  anAnswer,
  aProvider,
  bytes,
  createFakeBackground,
  createFakeMetrics,
  createFakeQueue,
  createFakeUpstream,
  createLog,
  createSource,
  keyStoreOf,
  policyStoreOf,
  providersOf,
  readText,
  streamOf,
  type FakeMetrics,
  type LogLine,
  type UpstreamAnswer,
} from '../support/fakes.ts'
import { createCountedIds, spanIdOf, traceIdOf } from '../support/ids.ts'

const ASKED = '{"model":"gpt-4o","messages":[{"role":"user","content":"question"}]}'
const ASKED_STREAM = ASKED.replace('{', '{"stream":true,')
const ANSWERED =
  '{"model":"gpt-4o","choices":[{"index":0,"message":{"role":"assistant","content":"answer"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":5}}'
const EVENTS: readonly string[] = [
  'data: {"model":"gpt-4o","choices":[{"index":0,"delta":{"role":"assistant"}}]}\n\n',
  'data: {"choices":[{"index":0,"delta":{"content":"ans"}}]}\n\n',
  'data: {"choices":[{"index":0,"delta":{"content":"wer"},"finish_reason":"stop"}]}\n\n',
  'data: {"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5}}\n\ndata: [DONE]\n\n',
]
const SSE = { 'content-type': 'text/event-stream', 'x-request-id': 'req_1' }

type Setup = {
  readonly config?: Partial<GatewayConfig>
  readonly keys?: KeyStore
  readonly policies?: PolicyStore
  readonly guard?: Guard
}

type Bench = {
  readonly pipeline: Pipeline
  readonly clock: TestClock
  readonly metrics: FakeMetrics
  readonly log: { readonly lines: readonly LogLine[] }
  readonly requests: readonly UpstreamRequest[]
  readonly spans: readonly TraceSpan[]
  /** Waits for the background work and gives the only span. */
  span(): Promise<TraceSpan>
  call(more?: CallMore): Promise<Answer>
}

type CallMore = Partial<Omit<Call, 'headers' | 'target'>> & {
  readonly path?: string
  readonly headers?: { readonly [name: string]: string }
  readonly body?: string | null
}

function bench(
  answer: (request: UpstreamRequest, n: number, clock: TestClock) => UpstreamAnswer | Promise<UpstreamAnswer>,
  setup: Setup = {},
): Bench {
  const clock = createTestClock()
  const metrics = createFakeMetrics()
  const queue = createFakeQueue()
  const background = createFakeBackground()
  const log = createLog()
  const upstream = createFakeUpstream((request, n) => answer(request, n, clock))
  const pipeline = createPipeline({
    config: aConfig(setup.config),
    upstream,
    sign: async (_provider, { headers }) => headers,
    decompress: nodeDecompress,
    keys: setup.keys ?? keyStoreOf({ llmt_good: aKey() }),
    policies: setup.policies ?? policyStoreOf({}),
    guard: setup.guard ?? aGuard(),
    sessions: createSessionMemory(clock),
    ledger: unlimitedLedger,
    prices: createPriceBook({ custom: () => new Map() }),
    queue,
    metrics,
    clock,
    ids: createCountedIds(),
    log,
  })
  return {
    pipeline,
    clock,
    metrics,
    log,
    requests: upstream.requests,
    spans: queue.spans,
    span: async () => {
      expect(await background.idle()).toEqual([])
      expect(queue.spans).toHaveLength(1)
      expect([metrics.finished.length, metrics.active()]).toEqual([1, 0])
      return queue.spans[0] as TraceSpan
    },
    call: ({ path, headers, body, ...more } = {}) =>
      pipeline.handle({
        method: 'POST',
        target: { path: path ?? '/v1/chat/completions', search: '' },
        headers: new Headers(headers),
        readBody: async () => ok(body === null ? null : bytes(body ?? ASKED)),
        signal: null,
        background: background.run,
        ...more,
      }),
  }
}

async function textOf(answer: Answer): Promise<string> {
  if (answer.body === null) return ''
  if (answer.body instanceof ReadableStream) return readText(answer.body)
  return typeof answer.body === 'string' ? answer.body : new TextDecoder().decode(answer.body)
}

describe('an answered call', () => {
  test('comes back as the upstream’s own, with its ids, and ends as one priced span', async () => {
    const b = bench(() =>
      anAnswer(ANSWERED, { headers: { 'content-type': 'application/json', 'x-request-id': 'req_1', connection: 'close' } }),
    )
    const answer = await b.call()
    expect([answer.status, Object.fromEntries(answer.headers)]).toEqual([
      200,
      {
        'content-type': 'application/json',
        'x-request-id': 'req_1',
        'x-llmtrace-trace-id': traceIdOf(1),
        'x-llmtrace-span-id': spanIdOf(1),
      },
    ])
    expect(await textOf(answer)).toBe(ANSWERED)
    expect(await b.span()).toMatchObject({
      traceId: traceIdOf(1),
      spanId: spanIdOf(1),
      startTime: TEST_TIME,
      status: 'ok',
      statusCode: 200,
      provider: 'openai',
      dialect: 'openai-chat',
      path: '/v1/chat/completions',
      requestBytes: ASKED.length,
      responseBytes: ANSWERED.length,
      ttftMs: null,
      upstreamRequestId: 'req_1',
      cost: { status: 'priced', amount: 75_000 as never },
      findings: [],
      notes: [],
    })
    expect(b.metrics.finished[0]?.amount as number | null).toBe(75_000)
    expect(b.requests.map(({ url, body }) => [url, new TextDecoder().decode(body ?? undefined)])).toEqual([
      ['https://api.openai.com/v1/chat/completions', ASKED],
    ])
  })

  test('is timed: upstream from its own start, first content and end from the caller’s', async () => {
    const source = createSource()
    const b = bench((_request, _n, clock) => {
      clock.advance(40)
      return anAnswer(source.stream, { headers: SSE })
    })
    const answering = b.call({
      body: ASKED_STREAM,
      readBody: async () => {
        b.clock.advance(7)
        return ok(bytes(ASKED_STREAM))
      },
    })
    const reader = ((await answering).body as ReadableStream<Uint8Array>).getReader()
    for (const [i, event] of EVENTS.entries()) {
      const reading = reader.read()
      await turn()
      b.clock.advance(100)
      source.push(event)
      expect((await reading).value).toEqual(bytes(EVENTS[i] ?? ''))
    }
    source.close()
    expect((await reader.read()).done).toBe(true)
    // 7 to read the body, 40 to the head, 100 to the role, 100 to the first text.
    expect(await b.span()).toMatchObject({ upstreamMs: 40, ttftMs: 247, durationMs: 447, status: 'ok', isStreaming: true })
  })

  test('that is compressed reaches the caller compressed, and its copy is read', async () => {
    const packed = zlib.gzipSync(bytes(ANSWERED))
    const b = bench(() =>
      anAnswer(streamOf([packed]), {
        headers: {
          'content-type': 'application/json',
          'content-encoding': 'gzip',
          'content-length': String(packed.byteLength),
        },
      }),
    )
    const answer = await b.call()
    expect(answer.headers.get('content-encoding')).toBe('gzip')
    const chunks = await new Response(answer.body as ReadableStream<Uint8Array>).arrayBuffer()
    expect(Buffer.from(chunks).equals(packed)).toBe(true)
    expect(await b.span()).toMatchObject({ usage: { input: 10 }, responseBytes: packed.byteLength, notes: [] })
  })

  test('that the runtime decoded loses encoding and length, and neither is held against it', async () => {
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip', 'content-length': '9999' }
    const b = bench(() => anAnswer(ANSWERED, { headers, isDecoded: true }))
    const answer = await b.call()
    expect([answer.headers.get('content-encoding'), answer.headers.get('content-length'), await textOf(answer)]).toEqual([
      null,
      null,
      ANSWERED,
    ])
    expect(await b.span()).toMatchObject({ status: 'ok', usage: { input: 10 } })
  })

  test('without a body ends at once, whatever the upstream sends behind the head', async () => {
    for (const [method, status, body] of [
      ['POST', 204, null],
      ['GET', 304, null],
      ['HEAD', 200, null],
      ['POST', 204, createSource()],
      ['POST', 205, createSource()],
      ['GET', 304, createSource()],
      ['HEAD', 200, createSource()],
    ] as const) {
      const b = bench(() => anAnswer(body?.stream ?? null, { status, headers: { 'content-length': '5' } }))
      const answer = await b.call({ method, body: null })
      expect([answer.status, answer.body, answer.headers.get('content-length')]).toEqual([status, null, '5'])
      expect(await b.span()).toMatchObject({ status: 'ok', responseBytes: 0, method })
      if (body !== null) expect(body.isCancelled()).toBe(true)
      expect(b.clock.pending()).toBe(0)
    }
  })

  test('without a body and without a word on its length ends at once too', async () => {
    const b = bench(() => anAnswer(null))
    expect((await b.call()).body).toBeNull()
    expect(await b.span()).toMatchObject({ status: 'ok', responseBytes: 0, usage: null })
  })

  test('says how long the upstream took, where that is switched on', async () => {
    const b = bench(
      (_request, _n, clock) => {
        clock.advance(12.34)
        return anAnswer()
      },
      { config: { serverTiming: true } },
    )
    expect((await b.call()).headers.get('server-timing')).toBe('up;dur=12.3')
    const off = bench(() => anAnswer())
    expect((await off.call()).headers.has('server-timing')).toBe(false)
  })

  test('with an error of the upstream’s passes it through untouched', async () => {
    const body = '{"error":{"message":"slow down","type":"rate_limit"}}'
    const b = bench(() => anAnswer(body, { status: 429, headers: { 'content-type': 'application/json', 'retry-after': '7' } }))
    const answer = await b.call()
    expect([answer.status, answer.headers.get('retry-after'), await textOf(answer)]).toEqual([429, '7', body])
    expect(await b.span()).toMatchObject({
      status: 'error',
      statusCode: 429,
      errorMessage: 'slow down',
      errorCode: null,
      cost: { status: 'unpriced' },
    })
  })
})

describe('an answer that does not end well', () => {
  const streaming = (b: Bench): Promise<Answer> => b.call({ body: ASKED_STREAM })

  test('because the caller leaves: upstream is cancelled, and the span says who left', async () => {
    const source = createSource()
    const b = bench(() => anAnswer(source.stream, { headers: SSE }))
    const reader = ((await streaming(b)).body as ReadableStream<Uint8Array>).getReader()
    const reading = reader.read()
    await turn()
    source.push(EVENTS[1] ?? '')
    await reading
    await reader.cancel()
    expect([b.requests[0]?.signal.aborted, source.isCancelled()]).toEqual([true, true])
    expect(await b.span()).toMatchObject({
      status: 'cancelled',
      errorCode: null,
      notes: ['usage.estimated', 'response.cancelled'],
      cost: { status: 'estimated' },
    })
  })

  test('because the caller leaves, told by the signal first: the broken upstream is not blamed', async () => {
    const gone = new AbortController()
    const source = createSource()
    const b = bench((request) => {
      request.signal.addEventListener('abort', () => source.fail(new Error('aborted')))
      return anAnswer(source.stream, { headers: SSE })
    })
    const reader = ((await b.call({ body: ASKED_STREAM, signal: gone.signal })).body as ReadableStream<Uint8Array>).getReader()
    const reading = reader.read().catch(() => 'broken')
    await turn()
    gone.abort()
    expect(await reading).toBe('broken')
    expect(await b.span()).toMatchObject({ status: 'cancelled', errorCode: null })
  })

  test('because the caller leaves after the end mark: nothing is missing', async () => {
    const source = createSource()
    const b = bench(() => anAnswer(source.stream, { headers: SSE }))
    const reader = ((await streaming(b)).body as ReadableStream<Uint8Array>).getReader()
    const reading = reader.read()
    await turn()
    source.push(EVENTS.join(''))
    await reading
    await reader.cancel()
    expect(await b.span()).toMatchObject({ status: 'ok', errorMessage: null, cost: { status: 'priced' } })
  })

  test('because the connection dies', async () => {
    const b = bench(() => anAnswer(streamOf([EVENTS[1] ?? '', new Error('ECONNRESET')]), { headers: SSE }))
    await expect(textOf(await streaming(b))).rejects.toThrow('the upstream broke off')
    expect(await b.span()).toMatchObject({
      status: 'incomplete',
      errorCode: 'upstream.unreachable',
      notes: ['usage.estimated', 'response.died'],
    })
  })

  test('because bytes are missing of a long one: the caller sees its stream break', async () => {
    const headers = { 'content-type': 'application/json', 'content-length': '1048577' }
    const b = bench(() => anAnswer(ANSWERED, { headers }))
    const answer = await b.call()
    expect([answer.status, answer.headers.get('content-length')]).toEqual([200, '1048577'])
    await expect(textOf(answer)).rejects.toThrow('announced 1048577')
    expect(await b.span()).toMatchObject({ status: 'incomplete', notes: ['response.short'] })
  })

  test('but an odd content-length is no promise', async () => {
    for (const length of ['abc', '-1', '1e99', '']) {
      const b = bench(() => anAnswer(ANSWERED, { headers: { 'content-type': 'application/json', 'content-length': length } }))
      expect(await textOf(await b.call())).toBe(ANSWERED)
      expect(await b.span()).toMatchObject({ status: 'ok' })
    }
  })

  test('because the upstream falls silent', async () => {
    const source = createSource()
    const b = bench(() => anAnswer(source.stream, { headers: SSE }))
    const reading = textOf(await streaming(b)).catch((error: Error) => error.message)
    await turn()
    b.clock.advance(3_000)
    expect(await reading).toBe('the upstream fell silent')
    expect(b.requests[0]?.signal.aborted).toBe(true)
    expect(await b.span()).toMatchObject({ status: 'incomplete', errorCode: 'upstream.timeout', notes: ['response.idle'] })
  })
})

describe('the end of the process', () => {
  test('gives up the streams that are underway, and their spans say so', async () => {
    const source = createSource()
    const b = bench(() => anAnswer(source.stream, { headers: SSE }))
    const reading = textOf(await b.call({ body: ASKED_STREAM })).catch(() => 'broken')
    await turn()
    b.pipeline.abandon()
    expect(await b.span()).toMatchObject({ status: 'cancelled' })
    expect(b.requests[0]?.signal.aborted).toBe(true)
    source.fail(new Error('aborted'))
    expect(await reading).toBe('broken')
  })

  test('changes nothing of a stream that has ended', async () => {
    const b = bench(() => anAnswer(streamOf(EVENTS), { headers: SSE }))
    await textOf(await b.call({ body: ASKED_STREAM }))
    expect(await b.span()).toMatchObject({ status: 'ok' })
    b.pipeline.abandon()
    expect([b.requests[0]?.signal.aborted, b.spans.length]).toEqual([false, 1])
  })
})

test('a status that no response can carry is an upstream that cannot be understood', async () => {
  for (const status of [101, 600, 999]) {
    const b = bench(() => anAnswer(null, { status }))
    const answer = await b.call()
    expect([answer.status, b.requests[0]?.signal.aborted]).toEqual([502, true])
    const { errorMessage } = await b.span()
    expect(errorMessage).toBe(`the provider answered with status ${status}, which cannot be passed on`)
  }
})

describe('a small answer of known length', () => {
  const headers = { 'content-type': 'application/json', 'content-length': String(ANSWERED.length) }
  const codeOf = async (answer: Answer): Promise<string> =>
    (JSON.parse(await textOf(answer)) as { error: { code: string } }).error.code

  test('is handed on as a whole, with its length', async () => {
    const b = bench(() => anAnswer(ANSWERED, { headers }))
    const answer = await b.call()
    expect([answer.body instanceof Uint8Array, answer.headers.get('content-length'), await textOf(answer)]).toEqual([
      true,
      headers['content-length'],
      ANSWERED,
    ])
    expect(await b.span()).toMatchObject({ status: 'ok', responseBytes: ANSWERED.length, usage: { input: 10 } })
    expect(b.clock.pending()).toBe(0)
  })

  test('may be empty, and up to the limit', async () => {
    const empty = bench(() => anAnswer('', { headers: { 'content-length': '0' } }))
    expect((await empty.call()).body).toEqual(new Uint8Array(0))
    expect(await empty.span()).toMatchObject({ status: 'ok', responseBytes: 0 })
    const edge = 'x'.repeat(1_048_576)
    const atLimit = bench(() => anAnswer(edge, { headers: { 'content-length': '1048576' } }))
    expect((await atLimit.call()).body).toBeInstanceOf(Uint8Array)
    const beyond = bench(() => anAnswer(`${edge}x`, { headers: { 'content-length': '1048577' } }))
    expect((await beyond.call()).body).toBeInstanceOf(ReadableStream)
  })

  test('that breaks off is an error in the caller’s dialect: nothing was sent yet', async () => {
    for (const [pieces, note] of [
      [[ANSWERED.slice(0, 9)], 'response.short'],
      [[ANSWERED.slice(0, 9), new Error('ECONNRESET')], 'response.died'],
    ] as const) {
      const b = bench(() => anAnswer(streamOf(pieces), { headers }))
      const answer = await b.call()
      expect([answer.status, answer.headers.get('content-length'), await codeOf(answer)]).toEqual([
        502,
        null,
        'upstream.unreachable',
      ])
      const span = await b.span()
      expect([span.status, span.statusCode, span.errorCode, span.notes[0]]).toEqual([
        'incomplete',
        200,
        'upstream.unreachable',
        note,
      ])
    }
  })

  test('that falls silent is 504, and upstream is told', async () => {
    const source = createSource()
    const b = bench((request) => {
      request.signal.addEventListener('abort', () => source.fail(new Error('aborted')))
      return anAnswer(source.stream, { headers })
    })
    const answering = b.call()
    await turn()
    b.clock.advance(2_999)
    expect(b.requests[0]?.signal.aborted).toBe(false)
    b.clock.advance(1)
    const answer = await answering
    expect([answer.status, await codeOf(answer)]).toEqual([504, 'upstream.timeout'])
    expect(await b.span()).toMatchObject({ status: 'incomplete', errorCode: 'upstream.timeout' })
  })

  test('that its caller does not wait for is nobody’s fault', async () => {
    const gone = new AbortController()
    const source = createSource()
    const b = bench((request) => {
      request.signal.addEventListener('abort', () => source.fail(new Error('aborted')))
      return anAnswer(source.stream, { headers })
    })
    const answering = b.call({ signal: gone.signal })
    await turn()
    gone.abort()
    await answering
    expect(await b.span()).toMatchObject({ status: 'cancelled', errorCode: null })
    expect(b.clock.pending()).toBe(0)
  })

  test('that was decoded on the way has no known length', async () => {
    const b = bench(() =>
      anAnswer(ANSWERED, { headers: { ...headers, 'content-encoding': 'gzip', 'content-length': '9' }, isDecoded: true }),
    )
    expect(await textOf(await b.call())).toBe(ANSWERED)
    expect(await b.span()).toMatchObject({ status: 'ok' })
    const plain = bench(() => anAnswer(ANSWERED, { headers, isDecoded: true }))
    expect((await plain.call()).body).toBeInstanceOf(Uint8Array)
  })
})

describe('a refused call', () => {
  type Row = readonly [why: string, setup: Setup, call: CallMore, status: number, code: string, span: Partial<TraceSpan>]
  const required: Setup = { config: { auth: { mode: 'required', adminKey: null } } }
  const ROWS: readonly Row[] = [
    [
      'without a key',
      required,
      {},
      401,
      'auth.required',
      { provider: 'openai', tenantId: 'default' as TenantId, requestModel: null, requestBytes: 0 },
    ],
    [
      'with a wrong tenant',
      {},
      { headers: { 'x-api-key': 'llmt_good', 'x-llmtrace-tenant-id': 'other' } },
      403,
      'auth.denied',
      {},
    ],
    [
      'to a provider that is not there',
      {},
      { path: '/p/nobody/v1/chat/completions' },
      400,
      'request.provider_unknown',
      { provider: 'none', dialect: 'openai-chat' },
    ],
    ['with a bad attribute', {}, { headers: { 'x-llmtrace-user-id': '' } }, 400, 'request.malformed', { userId: null }],
    [
      'with too large a body',
      {},
      { readBody: async (max) => err(appError('request.too_large', `over ${max}`)) },
      413,
      'request.too_large',
      { errorMessage: 'over 1000000', requestModel: null },
    ],
  ]
  for (const [why, setup, call, status, code, span] of ROWS) {
    test(`${why} reaches no upstream, and leaves a span, a metric and an answer in the caller’s dialect`, async () => {
      const b = bench(() => anAnswer(), setup)
      const answer = await b.call(call)
      const body = JSON.parse(await textOf(answer)) as { error: { code: string; request_id: string } }
      expect([answer.status, body.error.code, body.error.request_id]).toEqual([status, code, spanIdOf(1)])
      expect(answer.headers.get('content-type')).toBe('application/json')
      expect(answer.headers.get('x-llmtrace-span-id')).toBe(spanIdOf(1))
      expect(b.requests).toEqual([])
      expect(await b.span()).toMatchObject({ status: 'refused', statusCode: status, errorCode: code as never, ...span })
    })
  }

  test('is answered in Anthropic’s words to whoever speaks them', async () => {
    const b = bench(() => anAnswer(), {
      config: { auth: { mode: 'required', adminKey: null }, providers: providersOf(aProvider({ name: 'anthropic' })) },
    })
    expect(JSON.parse(await textOf(await b.call({ path: '/v1/messages' })))).toMatchObject({
      type: 'error',
      error: { type: 'authentication_error' },
    })
  })

  test('is told nothing of what it claimed about itself, when its key was wrong', async () => {
    const headers = {
      'x-llmtrace-key': 'llmt_bad',
      'x-llmtrace-tenant-id': 'acme',
      'x-llmtrace-user-id': 'eve',
      'x-llmtrace-tags': 'a=b',
    }
    const b = bench(() => anAnswer())
    await b.call({ headers })
    const span = await b.span()
    expect([span.tenantId, span.userId, span.tags] as unknown).toEqual(['default', null, {}])
    expect(JSON.stringify([span, b.log.lines])).not.toContain('llmt_bad')
  })
})

describe('a failing upstream', () => {
  test('that cannot be reached is 502, one that is late 504', async () => {
    for (const [kind, status, code] of [
      ['unreachable', 502, 'upstream.unreachable'],
      ['timeout', 504, 'upstream.timeout'],
    ] as const) {
      const b = bench(() => aFailure(kind, 'why'))
      const answer = await b.call()
      expect([answer.status, (JSON.parse(await textOf(answer)) as { error: { code: string } }).error.code]).toEqual([
        status,
        code,
      ])
      expect(await b.span()).toMatchObject({
        status: 'error',
        errorCode: code,
        requestModel: 'gpt-4o',
        errorMessage: expect.stringContaining('why') as never,
      })
    }
  })

  test('that failed repeatedly is left alone for a while', async () => {
    const b = bench(() => aFailure('unreachable'))
    for (let i = 0; i < 3; i += 1) await b.call()
    const answer = await b.call()
    expect([answer.status, answer.headers.get('retry-after'), b.requests.length]).toEqual([503, '10', 3])
    expect([...b.pipeline.breakers()]).toEqual([['openai', 'open']])
    expect(b.spans.at(-1)).toMatchObject({ status: 'refused', errorCode: 'upstream.refused' })
  })

  test('is not blamed when the caller left before its head came', async () => {
    const gone = new AbortController()
    const b = bench(
      (request) =>
        new Promise((resolve) => {
          request.signal.addEventListener('abort', () => resolve(aFailure('aborted', 'the caller left')))
        }),
    )
    const answering = b.call({ signal: gone.signal })
    await turn()
    gone.abort()
    await answering
    expect(await b.span()).toMatchObject({ status: 'cancelled', statusCode: null, errorCode: null })
  })

  test('is not asked in vain for a caller who left before', async () => {
    const gone = new AbortController()
    gone.abort()
    const b = bench((request) => (request.signal.aborted ? aFailure('aborted') : anAnswer()))
    await b.call({ signal: gone.signal })
    expect(await b.span()).toMatchObject({ status: 'cancelled' })
  })
})

describe('a key of ours', () => {
  test('makes the caller, and goes nowhere', async () => {
    for (const headers of [
      { 'x-llmtrace-key': 'llmt_good', authorization: 'Bearer llmt_good' },
      { authorization: 'Bearer llmt_good' },
      { 'x-api-key': 'llmt_good' },
    ] as const) {
      const b = bench(() => anAnswer(ANSWERED))
      const answer = await b.call({ headers: { ...headers } })
      await textOf(answer)
      const span = await b.span()
      expect([span.tenantId, span.keyId] as unknown).toEqual(['acme', 'key-1'])
      const everything = JSON.stringify([
        span,
        [...answer.headers],
        b.requests.map((request) => [request.url, [...request.headers]]),
        b.log.lines,
      ])
      expect(everything).not.toContain('llmt_good')
    }
  })

  test('is replaced by the provider’s stored credential, which no span shows', async () => {
    const providers = providersOf(aProvider({ credential: 'sk-stored' }))
    const b = bench(() => anAnswer(ANSWERED), { config: { providers } })
    await textOf(await b.call({ headers: { authorization: 'Bearer llmt_good' } }))
    expect(b.requests[0]?.headers.get('authorization')).toBe('Bearer sk-stored')
    expect(JSON.stringify(await b.span())).not.toContain('sk-stored')
  })
})

describe('a policy', () => {
  const policyOf = (text: Policy['capture']['text']): PolicyStore =>
    policyStoreOf({ acme: { version: 1, capture: { text, textBytesMax: 100 }, guard: aConfig().guard, limits: NO_LIMITS } })
  const headers = { authorization: 'Bearer llmt_good' }

  test('of the tenant decides what is kept', async () => {
    const full = bench(() => anAnswer(ANSWERED), { policies: policyOf('full') })
    await textOf(await full.call({ headers }))
    expect((await full.span()).input.segments).toHaveLength(1)
    const metadata = bench(() => anAnswer(ANSWERED), { policies: policyOf('metadata') })
    await textOf(await metadata.call({ headers }))
    expect((await metadata.span()).input.segments).toHaveLength(0)
  })

  test('of none keeps no span and still counts', async () => {
    const b = bench(() => anAnswer(ANSWERED), { policies: policyOf('none') })
    await textOf(await b.call({ headers }))
    await turn()
    expect([b.spans.length, b.metrics.finished.length, b.metrics.finished[0]?.amount as number | null]).toEqual([0, 1, 75_000])
  })

  test('that cannot be read keeps no texts', async () => {
    const policies: PolicyStore = {
      policy: async () => {
        throw new PortError('policies', 'down')
      },
    }
    const b = bench(() => anAnswer(ANSWERED), { policies })
    expect((await b.call({ headers })).status).toBe(200)
    await turn()
    expect(b.log.lines.map(({ event }) => event)).toEqual(['policy.unreadable'])
  })
})

describe('a verdict', () => {
  const found = { name: 'word', scan: wordScanner('question') }
  const setup = (mode: GuardMode): Setup => ({
    guard: aGuard([found]),
    policies: policyStoreOf({
      default: { version: 1, capture: aConfig().capture, guard: aPolicy({ mode }), limits: NO_LIMITS },
    }),
  })

  test('that blocks reaches no upstream, shows kinds and no text, and leaves its findings in the span', async () => {
    const b = bench(() => anAnswer(), setup('block'))
    const answer = await b.call()
    const body = await textOf(answer)
    expect([answer.status, JSON.parse(body)]).toMatchObject([
      403,
      {
        error: {
          code: 'guard.blocked',
          type: 'security_enforcement_blocked',
          findings: [{ type: 'prompt_injection', severity: 'high', confidence: 0.9 }],
        },
      },
    ])
    expect(body).not.toContain('question')
    expect(b.requests).toEqual([])
    expect(await b.span()).toMatchObject({
      status: 'refused',
      errorCode: 'guard.blocked',
      findings: [{ findingType: 'prompt_injection', action: 'block' }],
    })
  })

  test('that blocks keeps the attack to look at, and not what the policy takes out', async () => {
    const secret = { category: 'secret', findingType: 'secret_leakage', tag: '[KEY]' } as const
    const policy = aPolicy({
      mode: 'block',
      categories: [{ findingType: 'pii', origins: null, action: 'redact', threshold: 0.5, isShadow: false }],
    })
    const b = bench(() => anAnswer(), {
      guard: aGuard([
        found,
        { name: 'key', scan: wordScanner('sec_[a-z]+', secret) },
        { name: 'mail', scan: wordScanner('[a-z]+@[a-z]+', { category: 'pii', findingType: 'pii_detected', tag: '[MAIL]' }) },
      ]),
      policies: policyStoreOf({ default: { version: 1, capture: aConfig().capture, guard: policy, limits: NO_LIMITS } }),
    })
    const answer = await b.call({ body: ASKED.replace('question', 'question of a@b about sec_abc') })
    expect(answer.status).toBe(403)
    expect((await b.span()).input.segments).toMatchObject([{ text: 'question of [MAIL] about [KEY]' }])
  })

  test('that flags lets the call go on, and says so in headers and span', async () => {
    const b = bench(() => anAnswer(ANSWERED), setup('flag'))
    const answer = await b.call()
    expect([answer.headers.get('x-llmtrace-flagged'), answer.headers.get('x-llmtrace-findings')]).toEqual([
      'true',
      'prompt_injection:0.90',
    ])
    expect(await textOf(answer)).toBe(ANSWERED)
    expect(await b.span()).toMatchObject({ status: 'ok', findings: [{ findingType: 'prompt_injection', action: 'flag' }] })
  })

  test('that redacts takes the words out of what goes on and of what is kept, and nothing else', async () => {
    const b = bench(() => anAnswer(ANSWERED), setup('redact'))
    await textOf(await b.call())
    const sent = new TextDecoder().decode(b.requests[0]?.body ?? undefined)
    expect(sent).not.toContain('question')
    expect(sent).toContain('[REMOVED:PROMPT_INJECTION]')
    const span = await b.span()
    expect(JSON.stringify(span.input.segments)).not.toContain('question')
    expect(span.findings).toMatchObject([{ action: 'redact' }])
  })

  test('that only logs changes nothing, and tells the span alone', async () => {
    const b = bench(() => anAnswer(ANSWERED), setup('log'))
    const answer = await b.call()
    expect(answer.headers.get('x-llmtrace-flagged')).toBeNull()
    await textOf(answer)
    expect(await b.span()).toMatchObject({ status: 'ok', findings: [{ action: 'pass' }] })
  })
})

describe('an answer', () => {
  const found = {
    name: 'word',
    scan: wordScanner('sec_[a-z]+', { category: 'secret', findingType: 'secret_leakage', tag: '[KEY]' }),
  }
  const LEAK = ANSWERED.replace('answer', 'the key is sec_abc and more')
  const setup = (more: Partial<GuardPolicy>): Setup => ({
    guard: aGuard([found]),
    policies: policyStoreOf({ default: { version: 1, capture: aConfig().capture, guard: aPolicy(more), limits: NO_LIMITS } }),
  })
  const streamed = (...texts: readonly string[]): string =>
    [
      ...texts.map((content) => `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`),
      'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n',
      'data: [DONE]\n\n',
    ].join('')
  const sse = (body: string): ReturnType<typeof anAnswer> =>
    anAnswer(body, { headers: { 'content-type': 'text/event-stream' } })
  const json = (body: string): ReturnType<typeof anAnswer> =>
    anAnswer(body, { headers: { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) } })

  test('that may not change is judged when it has ended', async () => {
    for (const answer of [json(LEAK), sse(streamed('key sec_', 'abc'))]) {
      const b = bench(() => answer, setup({ mode: 'flag' }))
      expect(await textOf(await b.call())).toContain('sec_')
      expect((await b.span()).findings).toMatchObject([{ direction: 'output', findingType: 'secret_leakage', action: 'flag' }])
    }
  })

  test('is redacted as a whole, under its new length, and kept so', async () => {
    const b = bench(() => json(LEAK), setup({ mode: 'redact' }))
    const answer = await b.call()
    expect([answer.status, answer.headers.get('content-length'), answer.headers.get('x-llmtrace-flagged')]).toEqual([
      200,
      null,
      'true',
    ])
    expect(await textOf(answer)).toBe(LEAK.replace('sec_abc', '[KEY]'))
    expect(b.requests[0]?.headers.get('accept-encoding')).toBe('identity')
    const span = await b.span()
    expect(JSON.stringify(span.output)).not.toContain('sec_')
    expect(span).toMatchObject({ status: 'ok', findings: [{ action: 'redact' }] })
  })

  test('is refused as a whole: its tokens are paid for, and its text is not kept', async () => {
    const b = bench(() => json(LEAK), setup({ mode: 'block' }))
    const answer = await b.call()
    const body = await textOf(answer)
    expect([answer.status, JSON.parse(body)]).toMatchObject([
      403,
      { error: { code: 'guard.blocked', findings: [{ type: 'secret_leakage' }] } },
    ])
    expect(body).not.toContain('sec_')
    const span = await b.span()
    expect(JSON.stringify(span.output)).not.toContain('sec_')
    expect([span.status, span.errorCode, span.cost.status]).toEqual(['refused', 'guard.blocked', 'priced'])
  })

  test('that streams is redacted on its way where it is held', async () => {
    const streaming = { mode: 'hold', windowChars: 256, onFinding: 'redact' } as const
    const b = bench(() => sse(streamed('the key is sec', '_a', 'bc and more')), setup({ mode: 'redact', streaming }))
    const body = await textOf(await b.call())
    expect(body).not.toMatch(/sec|_a|bc/)
    expect(body).toContain('[KEY]')
    expect(await b.span()).toMatchObject({ status: 'ok', findings: [{ action: 'redact', findingType: 'secret_leakage' }] })
  })

  test('that streams is stopped in its own dialect', async () => {
    const streaming = { mode: 'hold', windowChars: 256, onFinding: 'stop' } as const
    const b = bench(() => sse(streamed('the key is sec', '_a', 'bc and more', ' never')), setup({ mode: 'block', streaming }))
    const body = await textOf(await b.call())
    expect(body).toContain('"finish_reason":"content_filter"')
    expect(body).toEndWith('data: [DONE]\n\n')
    expect(body).not.toMatch(/sec|never/)
    expect(await b.span()).toMatchObject({ status: 'refused', errorCode: 'guard.blocked', findings: [{ action: 'block' }] })
  })

  test('of Gemini that streams an array of chunks is redacted too', async () => {
    const chunks = ['the key is sec', '_a', 'bc and more'].map((text) => ({
      candidates: [{ content: { role: 'model', parts: [{ text }] } }],
    }))
    const b = bench(() => anAnswer(JSON.stringify(chunks)), {
      ...setup({ mode: 'redact' }),
      config: { upstreamUrl: 'http://127.0.0.1:1' },
    })
    const path = '/v1beta/models/gemini-2.5-flash:streamGenerateContent'
    const answer = await b.call({ path, body: '{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}' })
    const body = await textOf(answer)
    expect(JSON.parse(body)).toBeArray()
    expect(body).toContain('[KEY]')
    expect(body).not.toMatch(/sec|_a|bc/)
  })

  test('with an event that cannot be read is stopped before it where the policy fails closed, and noted where it fails open', async () => {
    const deep = `{"choices":[{"index":0,"delta":{"content":"sec_abc"}}],"x":${'['.repeat(20_000)}${']'.repeat(20_000)}}`
    const body = `${streamed('fine. ').split('data: {"choices":[{"index":0,"delta":{},')[0]}data: ${deep}\n\ndata: [DONE]\n\n`
    const streaming = { mode: 'hold', windowChars: 256, onFinding: 'redact' } as const
    const closed = bench(() => sse(body), setup({ mode: 'block', fail: 'closed', streaming }))
    const told = await textOf(await closed.call())
    expect(told).not.toContain('sec_abc')
    expect(told).toContain('content_filter')
    expect(await closed.span()).toMatchObject({
      status: 'refused',
      notes: expect.arrayContaining(['guard.unread_events']) as unknown,
    })
    const usual = bench(() => sse(streamed('fine. ', 'all is ', 'well')), setup({ mode: 'block', fail: 'closed', streaming }))
    expect(await textOf(await usual.call())).toBe(streamed('fine. ', 'all is ', 'well'))
    const open = bench(() => sse(body), setup({ mode: 'block', fail: 'open', streaming }))
    expect(await textOf(await open.call())).toContain('sec_abc')
    expect((await open.span()).notes).toContain('guard.unread_events')
  })

  test('of an array of chunks that is nested too deeply is refused where the policy fails closed', async () => {
    const body = `[{"candidates":[{"content":{"parts":[{"text":"sec_abc"}]}}],"x":${'['.repeat(20_000)}${']'.repeat(20_000)}}]`
    const b = bench(() => anAnswer(body), {
      ...setup({ mode: 'block', fail: 'closed' }),
      config: { upstreamUrl: 'http://127.0.0.1:1' },
    })
    const path = '/v1beta/models/gemini-2.5-flash:streamGenerateContent'
    const answer = await b.call({ path, body: '{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}' })
    expect(answer.status).toBe(403)
  })

  test('that is compressed although nothing may be is refused where the policy fails closed', async () => {
    const packed = zlib.gzipSync(LEAK)
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
    const closed = bench(() => anAnswer(streamOf([packed]), { headers }), setup({ mode: 'block', fail: 'closed' }))
    expect((await closed.call()).status).toBe(403)
    const open = bench(() => anAnswer(streamOf([packed]), { headers }), setup({ mode: 'block', fail: 'open' }))
    expect((await open.call()).status).toBe(200)
  })

  test.each(['application/json', 'text/event-stream'])('that passes compressed is judged afterwards: %s', async (type) => {
    const packed = zlib.gzipSync(type === 'application/json' ? LEAK : streamed('the key is sec_', 'abc'))
    const headers = { 'content-type': type, 'content-encoding': 'gzip' }
    const b = bench(() => anAnswer(streamOf([packed]), { headers }), setup({ mode: 'block', fail: 'open' }))
    await textOf(await b.call({ body: type === 'application/json' ? ASKED : ASKED_STREAM }))
    expect((await b.span()).findings).toMatchObject([
      { findingType: 'unread_body', action: 'flag' },
      { findingType: 'secret_leakage', action: 'flag' },
    ])
  })

  test.each([[''], ['text/plain'], ['text/json; charset=utf-8']])(
    'is judged whatever its type is said to be: "%s"',
    async (type) => {
      const headers = type === '' ? {} : { 'content-type': type }
      const b = bench(() => anAnswer(LEAK, { headers }), setup({ mode: 'redact' }))
      expect(await textOf(await b.call())).toBe(LEAK.replace('sec_abc', '[KEY]'))
      const closed = bench(() => anAnswer('no JSON', { headers }), setup({ mode: 'redact', fail: 'closed' }))
      expect((await closed.call()).status).toBe(403)
    },
  )

  test('of an error is redacted too, in its body and in what is kept of it', async () => {
    const error = { error: { type: 'invalid_request_error', message: 'no such key: sec_abc, and more' } }
    for (const [body, type] of [
      [JSON.stringify(error), 'application/json'],
      [`data: ${JSON.stringify(error)}\n\n`, 'text/event-stream'],
    ] as const) {
      const status = type === 'application/json' ? 401 : 200
      const streaming = { mode: 'hold', windowChars: 256, onFinding: 'redact' } as const
      const b = bench(() => anAnswer(body, { status, headers: { 'content-type': type } }), setup({ mode: 'redact', streaming }))
      const answer = await b.call({ body: status === 200 ? ASKED_STREAM : ASKED })
      expect([answer.status, await textOf(answer)]).toEqual([status, body.replace('sec_abc', '[KEY]')])
      expect(await b.span()).toMatchObject({ status: 'error', errorMessage: 'no such key: [KEY], and more' })
    }
  })

  test('without a byte, and a page of an error that is no JSON, need no judging', async () => {
    for (const [body, status, type] of [
      ['', 202, 'application/json'],
      ['<h1>Bad Gateway</h1>', 502, 'text/html'],
    ] as const) {
      const b = bench(
        () => anAnswer(body, { status, headers: { 'content-type': type } }),
        setup({ mode: 'block', fail: 'closed' }),
      )
      expect((await b.call()).status).toBe(status)
    }
  })

  test('that is too long to be judged passes as it is, or is refused where the policy fails closed', async () => {
    const piece = new Uint8Array(1024 * 1024).fill(0x20)
    const pieces = Array<Uint8Array>(17).fill(piece)
    const headers = { 'content-type': 'application/json' }
    const open = bench(() => anAnswer(streamOf(pieces), { headers }), setup({ mode: 'block', fail: 'open' }))
    const passed = await open.call()
    expect([passed.status, (await textOf(passed)).length]).toEqual([200, 17 * piece.length])
    expect(await open.span()).toMatchObject({ status: 'ok', findings: [{ findingType: 'unread_body', action: 'flag' }] })
    const closed = bench(() => anAnswer(streamOf(pieces), { headers }), setup({ mode: 'block', fail: 'closed' }))
    expect((await closed.call()).status).toBe(403)
  })
})

test('a viewer asks, and sends no traffic', async () => {
  const b = bench(() => anAnswer(ANSWERED), { keys: keyStoreOf({ llmt_good: aKey({ role: 'viewer' }) }) })
  const answer = await b.call({ headers: { authorization: 'Bearer llmt_good' } })
  expect([answer.status, (JSON.parse(await textOf(answer)) as { error: { code: string } }).error.code]).toEqual([
    403,
    'auth.denied',
  ])
  expect(b.requests).toEqual([])
  expect(await b.span()).toMatchObject({ tenantId: 'acme', status: 'refused', errorCode: 'auth.denied' })
})

describe('what should never happen', () => {
  const broken = (error: Error): KeyStore => ({
    ...keyStoreOf({}),
    find: async () => {
      throw error
    },
  })
  const headers = { authorization: 'Bearer llmt_good' }

  test('ends as one answer, one span and one line of log all the same', async () => {
    const b = bench(() => anAnswer(), { keys: broken(new TypeError('llmt_good is undefined')) })
    const answer = await b.call({ headers })
    const body = await textOf(answer)
    expect([answer.status, (JSON.parse(body) as { error: { code: string } }).error.code]).toEqual([500, 'gateway.bug'])
    expect(body).not.toContain('undefined')
    expect((await b.span()).errorCode).toBe('gateway.bug')
    expect(b.log.lines.map(({ level, event }) => [level, event])).toEqual([['error', 'call.failed']])
  })

  test('in an upstream adapter too, and a dependency that is down is told apart', async () => {
    const bug = bench(() => new Error('bug'))
    expect((await bug.call()).status).toBe(500)
    const down = bench(() => new PortError('vault', 'no answer'))
    const answer = await down.call()
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5'])
    expect(await down.span()).toMatchObject({
      errorCode: 'gateway.unavailable',
      errorMessage: 'the gateway cannot answer right now: vault down',
    })
  })

  test('in the guard fails the call, and not open', async () => {
    const b = bench(() => anAnswer(), {
      guard: {
        ...aGuard(),
        judge: () => {
          throw new Error('bug')
        },
      },
    })
    expect((await b.call()).status).toBe(500)
    expect(b.requests).toEqual([])
  })
})
