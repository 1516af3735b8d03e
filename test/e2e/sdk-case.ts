/**
 * The form of an SDK case and what all of them share. Plain assertions (`node:assert`) and no test runner, so that Bun and Node can
 * both drive them.
 */
import assert from 'node:assert/strict'
import type { DialectName, Operation, SpanStatus } from '../../src/core/domain/span.ts'
import { sse, type FakeUpstream, type Piece, type Plan, type SseEvent } from '../support/fake-upstream.ts'

/** Where a case runs: a gateway in front of `upstream`, or the upstream itself. */
export type Place = {
  /** Origin without a path: what the README calls the base URL. */
  readonly baseUrl: string
  readonly upstream: FakeUpstream
  /** Sent with every call, e.g. `X-LLMTrace-Session-ID`, to find the spans by. None of them may reach the upstream. */
  readonly headers: { readonly [name: string]: string }
}

/** Disjoint classes, as `Usage` has them. */
export type UsageFacts = {
  readonly input: number
  readonly cacheRead: number
  readonly cacheWrite: number
  readonly output: number
  readonly reasoning: number
}

export type SpanFacts = {
  readonly operation: Operation
  readonly dialect: DialectName
  readonly provider: string
  /** The one that answered, else the one asked for. */
  readonly model: string
  readonly isStreaming: boolean
  readonly status: SpanStatus
  readonly statusCode: number
  /** Visible text of the answer. */
  readonly text: string
  readonly toolCalls: readonly { readonly name: string; readonly arguments: unknown }[]
  /** `estimated`: the provider's count did not come, so it must be estimated from the texts. Null: nothing was used, nothing counted. */
  readonly usage: UsageFacts | 'estimated' | null
}

export type SdkCase = {
  /** `SDK: what it does`. */
  readonly name: string
  /** Rejects (with an AssertionError) where the SDK did not see what it must. */
  run(baseUrl: string, upstream: FakeUpstream, headers?: { readonly [name: string]: string }): Promise<void>
  /** One for each call, in order. */
  readonly spans: readonly SpanFacts[]
}

/** Texts that show whether bytes are kept: umlauts, an emoji of several code points, a script without spaces. */
export const PIECES: readonly string[] = ['Grüße ', 'aus ', 'Graz 👩‍🔬: ', '今日は', '晴れです。']
export const TEXT = PIECES.join('')

export const CALL = {
  id: 'call_abc123',
  name: 'get_weather',
  arguments: { city: 'Graz', note: 'with "quotes" and ü' },
} as const

export const WEATHER_SCHEMA = {
  type: 'object',
  properties: { city: { type: 'string' }, note: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
} as const

/** Between two events of a stream: long enough that a proxy which gathers them is found out. */
const PACE_MS = 15
/** Within this a client that leaves must be noticed upstream (wire.md section 2). */
const CANCEL_MS_MAX = 1000

export function sdkCase(name: string, spans: readonly SpanFacts[], run: (place: Place) => Promise<void>): SdkCase {
  return {
    name,
    spans,
    run: async (baseUrl, upstream, headers = {}) => {
      upstream.reset()
      await run({ baseUrl, upstream, headers })
      for (const request of upstream.requests) {
        const ours = request.headers.filter(([header]) => /llmtrace/i.test(header))
        assert.deepEqual(ours, [], 'a header of ours reached the upstream')
      }
      assert.equal(upstream.requests.length, spans.length, 'calls that reached the upstream')
    },
  }
}

/** Answers in turn; the last one again where more is asked. */
export function answerWith(upstream: FakeUpstream, ...plans: readonly Plan[]): void {
  let next = 0
  upstream.respond(() => plans[Math.min(next++, plans.length - 1)] as Plan)
}

export function paced(events: readonly (SseEvent | Piece)[]): Plan {
  return sse(spread(events))
}

export function spread<T>(events: readonly T[]): readonly (T | { readonly delayMs: number })[] {
  return events.flatMap((event) => [event, { delayMs: PACE_MS }])
}

/** Gathers the texts of a stream, and checks that the first of them came while the upstream was still writing. */
export async function gather(
  upstream: FakeUpstream,
  stream: AsyncIterable<unknown>,
  textOf: (event: never) => string | null | undefined,
): Promise<readonly string[]> {
  const pieces: string[] = []
  let wasLive = false
  for await (const event of stream) {
    const text = textOf(event as never)
    if (text === null || text === undefined || text === '') continue
    if (pieces.length === 0) wasLive = upstream.requests.at(-1)?.outcome() === null
    pieces.push(text)
  }
  assert.ok(wasLive, 'the first piece came only when the upstream had said everything')
  return pieces
}

/** The upstream must learn soon that the client has gone. Call it right after the abort. */
export async function assertCancelled(upstream: FakeUpstream): Promise<void> {
  const leftAt = performance.now()
  const request = await upstream.request(upstream.requests.length - 1)
  const outcome = await Promise.race([request.ended, new Promise<null>((resolve) => setTimeout(resolve, CANCEL_MS_MAX, null))])
  assert.equal(outcome?.kind, 'aborted', 'the upstream was not told that the client left')
  assert.ok(outcome.at - leftAt < CANCEL_MS_MAX)
}

/** What reached the upstream: path, the provider's own key where its SDK puts it, and fields of the body. */
export function assertRequest(
  upstream: FakeUpstream,
  index: number,
  expected: {
    readonly path: string
    readonly key?: readonly [header: string, value: string]
    readonly body?: { readonly [field: string]: unknown }
  },
): void {
  const request = upstream.requests[index]
  assert.ok(request !== undefined, `request ${index} did not arrive`)
  assert.equal(request.path, expected.path)
  if (expected.key !== undefined) assert.equal(request.header(expected.key[0]), expected.key[1])
  const body = request.json() as { readonly [field: string]: unknown }
  for (const [field, value] of Object.entries(expected.body ?? {})) assert.deepEqual(body[field], value, `body field ${field}`)
}

/** What a call was rejected with; fails where it was not. */
export async function failureOf(call: PromiseLike<unknown>): Promise<unknown> {
  try {
    await call
  } catch (error) {
    return error
  }
  assert.fail('the call did not fail')
}

export function assertInstance<T extends abstract new (...args: never[]) => unknown>(
  value: unknown,
  type: T,
): asserts value is InstanceType<T> {
  assert.ok(value instanceof type, `expected ${type.name}, got ${String(value)}`)
}
