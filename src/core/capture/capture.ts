/**
 * The capture stage: what was seen of a call becomes its span. Nothing here waits: it listens to the tap, and builds the span once
 * the answer has ended, whatever way it ended.
 */
import { emptyCalls, type AnswerView, type Dialect, type RequestView } from '../dialects/dialect.ts'
import { jsonText } from '../dialects/fields.ts'
import type { AppError, AppErrorCode } from '../domain/errors.ts'
import type { Finding } from '../domain/finding.ts'
import type { SpanId } from '../domain/ids.ts'
import type { JsonRecord } from '../domain/json.ts'
import type { CapturePolicy } from '../domain/policy.ts'
import type { Inspection, Segment } from '../domain/segment.ts'
import { modelOf, NO_TEXT, UNPRICED, type CapturedText, type Cost, type SpanStatus, type TraceSpan } from '../domain/span.ts'
import type { Caller } from '../domain/tenant.ts'
import type { EpochMs } from '../domain/time.ts'
import { completionTokens, usageOf, type Usage } from '../domain/usage.ts'
import type { PriceBook } from '../ports.ts'
import { actionsOf } from './actions.ts'
import type { AnswerRead } from './answer-reader.ts'
import { estimateUsage } from './estimate.ts'
import { clipText, keepText, utf8Length } from './kept-text.ts'
import type { TapEnd } from './tap.ts'

const NOTES_MAX = 32
const NOTE_CHARS_MAX = 256
const MESSAGE_CHARS_MAX = 1024
const PARAMETERS_CHARS_MAX = 4096
const PARAMETER_CHARS_MAX = 512
/** Characters kept of words that a caller or an upstream chose: a model, a finish reason, an id. */
const MODEL_CHARS_MAX = 256
const WORD_CHARS_MAX = 128
const PATH_CHARS_MAX = 512

/** Response headers in which providers name their own id of a request. */
const REQUEST_ID_HEADERS: readonly string[] = [
  'x-request-id',
  'request-id',
  'x-amzn-requestid',
  'apim-request-id',
  'x-goog-request-id',
]

/** What is known of a call before it is sent. */
export type CallFacts = {
  readonly spanId: SpanId
  readonly caller: Caller
  readonly provider: string
  readonly dialect: Dialect
  readonly method: string
  readonly path: string
  readonly startTime: EpochMs
  readonly policy: CapturePolicy
  /** Null for a call that was refused before its body was read. */
  readonly request: {
    readonly view: RequestView
    readonly inspection: () => Inspection
    readonly unread: string | null
    readonly bytes: number
  } | null
  readonly findings: readonly Finding[]
  /** What the guard could not judge. */
  readonly guardNotes: readonly string[]
}

/** What is known once the answer has ended. Times are milliseconds, from the start of the call but for `upstreamMs`. */
export type AnswerFacts = {
  readonly status: number
  readonly headers: Headers
  /** From the upstream request to its response head. */
  readonly upstreamMs: number
  readonly ttftMs: number | null
  readonly durationMs: number
  readonly responseBytes: number
  readonly end: TapEnd
  readonly read: AnswerRead
  /** What the guard found in the answer. */
  readonly conclude: (segments: readonly Segment[] | null) => Concluded
}

export type Concluded = { readonly findings: readonly Finding[]; readonly notes: readonly string[] }

/** The span of a call that this gateway refused, or whose upstream gave no answer at all. */
export function refusedSpan(call: CallFacts, error: AppError, durationMs: number, isCancelled: boolean): TraceSpan {
  const isUpstreams = error.code === 'upstream.unreachable' || error.code === 'upstream.timeout'
  const status: SpanStatus = isCancelled ? 'cancelled' : isUpstreams ? 'error' : 'refused'
  return {
    ...commonFields(call, []),
    durationMs: toMicroseconds(durationMs),
    upstreamMs: null,
    ttftMs: null,
    status,
    statusCode: isCancelled ? null : error.status,
    // A caller who left is no failure of anyone's.
    errorCode: isCancelled ? null : error.code,
    errorMessage: clip(error.reason === null ? error.message : `${error.message}: ${error.reason}`),
    finishReason: null,
    upstreamRequestId: null,
    responseModel: null,
    usage: null,
    cost: UNPRICED,
    output: NO_TEXT,
    responseBytes: 0,
    actions: [],
  }
}

/** The span of a call that the upstream answered. */
export function answeredSpan(call: CallFacts, answer: AnswerFacts, prices: PriceBook): TraceSpan {
  const { read, end } = answer
  const view = viewOf(call.dialect, read.body)
  const isFull = call.policy.text === 'full'
  const hasFailed = view === null && read.body !== null
  const guarded = answer.conclude(view === null ? null : [...view.segments, ...emptyCalls(view)])
  const common = commonFields(call, [
    ...guarded.notes,
    ...(end === 'complete' ? [] : [`response.${end}`]),
    ...(hasFailed ? ['response.reader_failed'] : []),
    ...read.notes,
  ])
  const responseModel = view === null ? null : clipOrNull(view.model, MODEL_CHARS_MAX)
  const { usage, cost, isEstimate } = priced(call, answer, view, { ...common, responseModel }, prices)
  const ending = endingOf(answer, view, call.request?.view.isStreaming ?? false, isFull)
  return {
    ...common,
    findings: guarded.findings.length === 0 ? common.findings : [...common.findings, ...guarded.findings],
    notes: isEstimate ? ['usage.estimated', ...common.notes] : common.notes,
    durationMs: toMicroseconds(answer.durationMs),
    upstreamMs: toMicroseconds(answer.upstreamMs),
    ttftMs: answer.ttftMs === null ? null : toMicroseconds(answer.ttftMs),
    status: ending.status,
    statusCode: answer.status,
    errorCode: ending.code,
    errorMessage: ending.message === null ? null : clip(ending.message),
    finishReason: view === null ? null : clipOrNull(view.finishReason, WORD_CHARS_MAX),
    upstreamRequestId: requestIdOf(answer.headers),
    responseModel,
    usage,
    cost,
    output: isFull && view !== null ? keepText(view.segments, call.policy.textBytesMax) : NO_TEXT,
    responseBytes: answer.responseBytes,
    actions: view === null ? [] : actionsOf(view.toolCalls, call.spanId, call.startTime, isFull ? call.policy.textBytesMax : 0),
  }
}

/** Milliseconds with three decimals: what a clock gives beyond them is noise. */
function toMicroseconds(ms: number): number {
  return Math.round(ms * 1000) / 1000
}

/** Null where there is no body, and where a bug in the dialect keeps it from being read: the call is recorded all the same. */
function viewOf(dialect: Dialect, body: JsonRecord | null): AnswerView | null {
  if (body === null) return null
  try {
    return dialect.readAnswer(body)
  } catch {
    return null
  }
}

type CommonFields = Pick<
  TraceSpan,
  | 'traceId'
  | 'spanId'
  | 'parentSpanId'
  | 'tenantId'
  | 'projectId'
  | 'keyId'
  | 'agentId'
  | 'userId'
  | 'sessionId'
  | 'tags'
  | 'operation'
  | 'dialect'
  | 'provider'
  | 'requestModel'
  | 'isStreaming'
  | 'method'
  | 'path'
  | 'parameters'
  | 'startTime'
  | 'input'
  | 'requestBytes'
  | 'findings'
  | 'notes'
>

function commonFields(call: CallFacts, notes: readonly string[]): CommonFields {
  const { caller, request } = call
  const isFull = call.policy.text === 'full'
  const inspection = request !== null && isFull ? request.inspection() : null
  const uninspected =
    inspection?.uninspected.slice(0, NOTES_MAX).map((part) => `uninspected:${part.pointer} ${part.reason}`) ?? []
  const unread = request?.unread ?? null
  return {
    traceId: caller.traceId,
    spanId: call.spanId,
    parentSpanId: caller.parentSpanId,
    tenantId: caller.tenantId,
    projectId: caller.projectId,
    keyId: caller.keyId,
    agentId: caller.agentId,
    userId: caller.userId ?? clipOrNull(request?.view.userId, WORD_CHARS_MAX),
    sessionId: caller.sessionId,
    tags: caller.tags,
    operation: request?.view.operation ?? 'other',
    dialect: call.dialect.name,
    provider: call.provider,
    requestModel: clipOrNull(request?.view.model, MODEL_CHARS_MAX),
    isStreaming: request?.view.isStreaming ?? false,
    method: call.method,
    path: clipText(call.path, PATH_CHARS_MAX),
    parameters: request !== null && isFull ? parametersText(request.view.parameters) : null,
    startTime: call.startTime,
    input: inspection === null ? NO_TEXT : keepText(inspection.segments, call.policy.textBytesMax),
    requestBytes: request?.bytes ?? 0,
    findings: call.findings,
    notes: [...(unread === null ? [] : [unread]), ...call.guardNotes, ...notes, ...uninspected]
      .slice(0, NOTES_MAX)
      .map((note) => clipText(note, NOTE_CHARS_MAX)),
  }
}

function priced(
  call: CallFacts,
  answer: AnswerFacts,
  view: AnswerView | null,
  known: Pick<TraceSpan, 'requestModel' | 'responseModel' | 'input'>,
  prices: PriceBook,
): { readonly usage: Usage | null; readonly cost: Cost; readonly isEstimate: boolean } {
  const { body } = answer.read
  if (body === null || view === null || answer.status >= 400) return { usage: null, cost: UNPRICED, isEstimate: false }
  const reported = prices.extractUsage(call.provider, call.dialect.name, body)
  const usage = usageFrom(reported, answer, view, () => estimateOf(call, view, known.input))
  const model = modelOf(known)
  const isEstimate = usage !== reported
  if (usage === null || model === null) return { usage, cost: UNPRICED, isEstimate }
  const question = { provider: call.provider, usage, time: call.startTime }
  let cost = prices.price({ ...question, model })
  // The answer may name a snapshot or a deployment that no price list knows, where the asked model is known.
  const asked = known.requestModel
  if (cost.amount === null && asked !== null && asked !== model) cost = prices.price({ ...question, model: asked })
  return { usage, cost: isEstimate && cost.amount !== null ? { ...cost, status: 'estimated' } : cost, isEstimate }
}

/**
 * What was reported, where there is a report of the whole answer. An answer that broke off may carry a report from its beginning
 * (Anthropic counts the prompt and one token then): its prompt is right, its answer is at least what was seen.
 */
function usageFrom(reported: Usage | null, answer: AnswerFacts, view: AnswerView, estimate: () => Usage | null): Usage | null {
  if (reported === null) return estimate()
  const isWhole = answer.read.isComplete || view.finishReason !== null
  const seen = isWhole ? null : estimate()
  if (seen === null || completionTokens(seen) <= completionTokens(reported)) return reported
  return usageOf({ ...reported.reported, output_tokens: completionTokens(seen) })
}

/** Null where the call generates no text, or gave none. */
function estimateOf(call: CallFacts, view: AnswerView, input: CapturedText): Usage | null {
  const operation = call.request?.view.operation
  if ((operation !== 'chat' && operation !== 'text_completion') || view.segments.length === 0) return null
  const outputBytes = view.segments.reduce((sum, segment) => sum + utf8Length(segment.text), 0)
  return estimateUsage(input.textBytes > 0 ? input.textBytes : (call.request?.bytes ?? 0), outputBytes)
}

function endingOf(
  answer: AnswerFacts,
  view: AnswerView | null,
  isStreaming: boolean,
  isFull: boolean,
): { readonly status: SpanStatus; readonly code: AppErrorCode | null; readonly message: string | null } {
  // Providers quote the prompt in their messages: where no texts are kept, the kind of the error must do.
  const upstreamMessage = (isFull ? view?.error?.message : null) ?? view?.error?.type ?? null
  switch (answer.end) {
    case 'cancelled':
      // Clients hang up at the end mark; what they leave then is nothing.
      if (isStreaming && view !== null && answer.read.isComplete && answer.status < 400)
        return { status: 'ok', code: null, message: null }
      return { status: 'cancelled', code: null, message: 'the caller left before the end of the answer' }
    case 'stopped':
      return { status: 'refused', code: 'guard.blocked', message: 'the answer was stopped by a security policy' }
    case 'died':
      return { status: 'incomplete', code: 'upstream.unreachable', message: 'the upstream closed the connection in mid-answer' }
    case 'short':
      return { status: 'incomplete', code: 'upstream.unreachable', message: 'the upstream sent fewer bytes than it announced' }
    case 'idle':
      return { status: 'incomplete', code: 'upstream.timeout', message: 'the upstream fell silent in mid-answer' }
    case 'complete':
      if (answer.status >= 400)
        return { status: 'error', code: null, message: upstreamMessage ?? `the upstream answered ${answer.status}` }
      if (view?.error != null) return { status: 'error', code: null, message: upstreamMessage ?? 'the answer carries an error' }
      if (isStreaming && !answer.read.isComplete) {
        return { status: 'incomplete', code: null, message: 'the stream ended without its end mark' }
      }
      return { status: 'ok', code: null, message: null }
  }
}

function requestIdOf(headers: Headers): string | null {
  for (const name of REQUEST_ID_HEADERS) {
    const value = headers.get(name)
    if (value !== null) return clipText(value, WORD_CHARS_MAX)
  }
  return null
}

function parametersText(parameters: JsonRecord): string {
  const text = jsonText(parameters)
  if (text !== null && text.length <= PARAMETERS_CHARS_MAX) return text
  // Large ones are schemas; the small settings are what people look for. What is kept stays JSON.
  const entries: string[] = []
  let chars = 2
  for (const [key, value] of Object.entries(parameters)) {
    if (typeof value === 'object') continue
    const entry = `${JSON.stringify(key)}:${JSON.stringify(value)}`
    if (entry.length > PARAMETER_CHARS_MAX || chars + entry.length + 1 > PARAMETERS_CHARS_MAX) continue
    entries.push(entry)
    chars += entry.length + 1
  }
  return `{${entries.join(',')}}`
}

/** An empty word says as little as none (Azure's first chunk has an empty model). */
function clipOrNull(text: string | null | undefined, charsMax: number): string | null {
  return text === null || text === undefined || text === '' ? null : clipText(text, charsMax)
}

function clip(text: string): string {
  return text.length <= MESSAGE_CHARS_MAX ? text : `${clipText(text, MESSAGE_CHARS_MAX - 1)}…`
}
