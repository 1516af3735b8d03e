/**
 * Calls with hostile texts, bodies and answers through the whole pipeline with the guard as shipped. Every call is made from a number; the
 * same number makes the same call.
 */
import { unlimitedLedger } from '../../src/adapters/memory/unlimited-ledger.ts'
import zlib from 'node:zlib'
import { createSessionMemory } from '../../src/adapters/memory/session-memory.ts'
import { createPriceBook } from '../../src/adapters/prices/price-book.ts'
import { nodeDecompress } from '../../src/adapters/selfhost/decompress.ts'
import { createRandom, type Random } from '../../src/cli/demo/random.ts'
import type { GuardPolicy } from '../../src/core/domain/guard-policy.ts'
import type { Json } from '../../src/core/domain/json.ts'
import { ok } from '../../src/core/domain/result.ts'
import type { TraceSpan } from '../../src/core/domain/span.ts'
import { mayChange } from '../../src/core/guard/decide/decide.ts'
import { FINDINGS_MAX, type Guard } from '../../src/core/guard/guard.ts'
import { createDefaultGuard } from '../../src/core/guard/scanners.ts'
import { createPipeline } from '../../src/core/pipeline.ts'
import { createTestClock } from './clock.ts'
import {
  aConfig,
  anAnswer,
  aProvider,
  bytes,
  createFakeBackground,
  createFakeMetrics,
  createFakeQueue,
  createFakeUpstream,
  createLog,
  keyStoreOf,
  policyStoreOf,
  providersOf,
  readAll,
  streamOf,
} from './fakes.ts'
import { aPolicy, testClock } from './guard.ts'
import { hostileText } from './hostile-texts.ts'
import { createCountedIds } from './ids.ts'
import { ANTHROPIC_SAMPLE, CHAT_SAMPLE, PLAIN_SAMPLE, RESPONSES_SAMPLE, type Sample } from './sample-bodies.ts'

export type FuzzCall = {
  readonly path: string
  readonly request: Uint8Array
  readonly requestHeaders: { readonly [name: string]: string }
  readonly answer: readonly Uint8Array[]
  readonly answerHeaders: { readonly [name: string]: string }
  readonly policy: Partial<GuardPolicy>
}

export type FuzzOutcome = {
  /** Bytes that came out of decompressors. */
  readonly unpackedBytes: number
  readonly span: TraceSpan
  readonly status: number
  readonly body: Uint8Array
  readonly sent: Uint8Array | null
}

/** Bounds of one span, whatever was sent: both sides' findings and one for what could not be read. */
const SPAN_FINDINGS_MAX = 2 * FINDINGS_MAX + 2
const SPAN_NOTES_MAX = 32

let shared: Guard | null = null

/** The guard as shipped; one for all calls, as in a gateway. */
function guard(): Guard {
  return (shared ??= createDefaultGuard(testClock))
}

/** Makes the call. Throws where anything that must hold does not. */
export async function fuzz(call: FuzzCall): Promise<FuzzOutcome> {
  const metrics = createFakeMetrics()
  const queue = createFakeQueue()
  const background = createFakeBackground()
  const log = createLog()
  const policy = aPolicy(call.policy)
  const clock = createTestClock()
  let unpackedBytes = 0
  const upstream = createFakeUpstream(() => anAnswer(streamOf(call.answer), { headers: call.answerHeaders }))
  const pipeline = createPipeline({
    config: aConfig({
      guard: policy,
      providers: providersOf(...['openai', 'anthropic'].map((name) => aProvider({ name, baseUrl: `https://${name}.example` }))),
    }),
    upstream,
    sign: async (_provider, { headers }) => headers,
    decompress: (encoding) => {
      const opened = nodeDecompress(encoding)
      if (opened === null) return null
      const counter = new TransformStream<Uint8Array, Uint8Array>({
        transform: (chunk, controller) => {
          unpackedBytes += chunk.byteLength
          controller.enqueue(chunk)
        },
      })
      return { writable: opened.writable, readable: opened.readable.pipeThrough(counter) }
    },
    keys: keyStoreOf({}),
    policies: policyStoreOf({}),
    guard: guard(),
    sessions: createSessionMemory(clock),
    ledger: unlimitedLedger,
    prices: createPriceBook({ custom: () => new Map() }),
    queue,
    metrics,
    clock,
    ids: createCountedIds(),
    log,
  })
  const answer = await pipeline.handle({
    method: 'POST',
    target: { path: call.path, search: '' },
    headers: new Headers(call.requestHeaders),
    readBody: async () => ok(call.request),
    signal: null,
    background: background.run,
  })
  const body =
    answer.body instanceof ReadableStream
      ? await readAll(answer.body)
      : typeof answer.body === 'string'
        ? bytes(answer.body)
        : (answer.body ?? new Uint8Array(0))
  const failures = await background.idle()
  const sent = upstream.requests[0]?.body ?? null
  const [span] = queue.spans
  must(failures.length === 0, `background work failed: ${String(failures[0])}`)
  must(span !== undefined && queue.spans.length === 1, `${queue.spans.length} spans`)
  must(metrics.finished.length === 1 && metrics.active() === 0, 'a call was not counted once')
  const errors = log.lines.filter(({ level }) => level === 'error')
  must(errors.length === 0, `an error was logged: ${String(errors[0]?.event)} ${String(errors[0]?.fields['error'])}`)
  must(span.findings.length <= SPAN_FINDINGS_MAX, `${span.findings.length} findings`)
  must(span.notes.length <= SPAN_NOTES_MAX, `${span.notes.length} notes`)
  const failed = span.notes.find(
    (note) => note.startsWith('guard.failed') || note.includes('reader_failed') || note.includes('reader failed'),
  )
  must(failed === undefined, `a part failed: ${failed}`)
  for (const { range, confidence, ruleId } of span.findings) {
    must(range === null || (range.startUtf16 >= 0 && range.startUtf16 <= range.endUtf16), `range of ${ruleId}`)
    must(confidence >= 0 && confidence <= 1, `confidence of ${ruleId}`)
  }
  if (!mayChange(policy) && answer.status === 200) {
    const isRedacted = policy.pii.action !== 'alert_only' && policy.pii.directions.includes('input') && !policy.isShadow
    must(isRedacted || (sent !== null && same(sent, call.request)), 'the request was changed by a policy that changes nothing')
    must(same(body, concat(call.answer)), 'the answer was changed by a policy that changes nothing')
  }
  if (answer.headers.get('content-type') === 'application/json' && isJson(concat(call.answer))) {
    must(isJson(body), 'an answer that was JSON is none any more')
  }
  if (sent !== null && isJson(call.request)) must(isJson(sent), 'a request that was JSON is none any more')
  return { span, status: answer.status, body, sent, unpackedBytes }
}

function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what)
}

const DIALECTS: readonly (readonly [path: string, sample: Sample])[] = [
  ['/v1/chat/completions', CHAT_SAMPLE],
  ['/v1/responses', RESPONSES_SAMPLE],
  ['/v1/messages', ANTHROPIC_SAMPLE],
  ['/v1/completions', PLAIN_SAMPLE],
  ['/v1/embeddings', PLAIN_SAMPLE],
]

/** The call of a number. `charsMax` bounds one text of it. */
export function callOf(seed: number, charsMax: number): FuzzCall {
  const random = createRandom(seed)
  const [path, sample] = random.pick(DIALECTS)
  const request = damagedBytes(random, JSON.stringify(withTexts(sample.request, random, charsMax)))
  const isStream = random.chance(0.6)
  const plain = isStream
    ? streamBytes(random, sample, charsMax)
    : damagedBytes(random, JSON.stringify(withTexts(sample.answer, random, charsMax)))
  const isPacked = random.chance(0.1)
  const answer = isPacked ? new Uint8Array(zlib.gzipSync(plain)) : plain
  return {
    path,
    request,
    requestHeaders: {
      'content-type': 'application/json',
      ...(random.chance(0.5) ? { 'x-llmtrace-session-id': 's' } : {}),
      ...(random.chance(0.03) ? { 'content-encoding': 'gzip' } : {}),
    },
    answer: cutUp(random, answer),
    answerHeaders: {
      'content-type': isStream ? 'text/event-stream' : 'application/json',
      ...(isPacked ? { 'content-encoding': 'gzip' } : {}),
    },
    policy: policyOf(random),
  }
}

function policyOf(random: Random): Partial<GuardPolicy> {
  return {
    mode: random.pick(['log', 'flag', 'redact', 'block'] as const),
    severityMin: random.pick(['info', 'high'] as const),
    confidenceMin: random.pick([0, 0.8]),
    fail: random.pick(['open', 'closed'] as const),
    isShadow: random.chance(0.1),
    streaming: {
      mode: random.pick(['observe', 'hold'] as const),
      windowChars: random.pick([16, 256, 8192]),
      onFinding: random.pick(['redact', 'stop'] as const),
    },
    pii: {
      action: random.pick(['alert_only', 'alert_and_redact', 'redact_silent'] as const),
      directions: random.pick([['input'], ['output'], ['input', 'output']] as const),
    },
  }
}

/** The words by which a body is read; texts in their place would only make another body. */
const KEPT: ReadonlySet<string> = new Set(['type', 'role', 'model', 'id', 'call_id', 'tool_use_id', 'tool_call_id', 'status'])

function withTexts(value: Json, random: Random, charsMax: number, key = ''): Json {
  if (typeof value === 'string') {
    return KEPT.has(key) || random.chance(0.5) ? value : hostileText(random, charsMax)
  }
  if (Array.isArray(value)) return value.map((one: Json) => withTexts(one, random, charsMax))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withTexts(one, random, charsMax, name)]))
}

function streamBytes(random: Random, sample: Sample, charsMax: number): Uint8Array {
  const events = sample.stream.flatMap((event) =>
    Array.from({ length: random.between(1, 3) }, () => withTexts(event, random, charsMax)),
  )
  const text = events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')
  return damagedBytes(random, `${text}data: [DONE]\n\n`)
}

/** Most bodies stay whole; some are cut, some get bytes that are no UTF-8, some nest without end. */
function damagedBytes(random: Random, text: string): Uint8Array {
  const whole = bytes(text)
  switch (random.between(0, 15)) {
    case 0:
      return whole.slice(0, random.between(0, whole.byteLength))
    case 1: {
      const broken = Uint8Array.from(whole)
      for (let i = 0; i < 20; i += 1) broken[random.between(0, broken.byteLength - 1)] = random.between(0, 255)
      return broken
    }
    case 2:
      return bytes(`${text.slice(0, -1)},"deep":${nested(random.between(1, 10_000))}}`)
    case 3:
      return bytes(nested(10_000))
    case 4:
      return bytes(`\ufeff${text}`)
    default:
      return whole
  }
}

export function nested(depth: number): string {
  return `${'[{"a":'.repeat(depth / 2)}"x"${'}]'.repeat(depth / 2)}`
}

function cutUp(random: Random, whole: Uint8Array): readonly Uint8Array[] {
  const pieces: Uint8Array[] = []
  const longest = random.pick([3, 100, 5_000, 1_000_000])
  // At most some thousand pieces.
  const least = Math.ceil(whole.byteLength / 2_000)
  for (let at = 0; at < whole.byteLength;) {
    const end = Math.min(whole.byteLength, at + least + random.between(1, longest))
    pieces.push(whole.subarray(at, end))
    at = end
  }
  return pieces
}

function isJson(body: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder().decode(body))
    return true
  } catch {
    return false
  }
}

function concat(pieces: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(pieces))
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
