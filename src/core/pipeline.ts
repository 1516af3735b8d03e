/**
 * The way of a call, as in the design's table: identify, inspect, guard beside reserve, forward, capture, settle, ship. A stage's
 * output is the next one's input, so none can be skipped. Only this file joins stages.
 */
import { refusedSpan, type CallFacts } from './capture/capture.ts'
import { createHandOn } from './capture/hand-on.ts'
import type { TapEnd } from './capture/tap.ts'
import type { Dialect, RequestTarget } from './dialects/dialect.ts'
import { dialectOfPath } from './dialects/registry.ts'
import { appError, type AppError } from './domain/errors.ts'
import type { Finding } from './domain/finding.ts'
import type { GatewayConfig } from './domain/gateway.ts'
import { NO_LIMITS } from './domain/limit-policy.ts'
import { DEFAULT_TENANT } from './domain/ids.ts'
import type { Policy } from './domain/policy.ts'
import type { Result } from './domain/result.ts'
import type { Operation, TraceSpan } from './domain/span.ts'
import type { Caller } from './domain/tenant.ts'
import type { BreakerState } from './forward/breaker.ts'
import { createForward, type ForwardDeps, type Unanswered } from './forward/forward.ts'
import { answerHeaders } from './forward/headers.ts'
import { createRouter, type Route } from './forward/route.ts'
import { mayChange } from './guard/decide/decide.ts'
import { createGuardedAnswer, type GuardedAnswer } from './guard/answer.ts'
import type { Guard, Judgement } from './guard/guard.ts'
import { createSessionWatch } from './guard/session-watch.ts'
import { redactBytes } from './guard/redact/redact-bytes.ts'
import { identify, type Identified } from './identify/identify.ts'
import { EMPTY_INSPECTION } from './domain/segment.ts'
import { inspect, type Inspected } from './inspect/inspect.ts'
import {
  PortError,
  type Background,
  type Clock,
  type Decompress,
  type IdSource,
  type KeyStore,
  type Ledger,
  type Log,
  type Metrics,
  type PolicyStore,
  type PriceBook,
  type SessionMemory,
  type TraceQueue,
  type Upstream,
  type UpstreamResponse,
} from './ports.ts'
import { ship } from './ship/ship.ts'
import { boundOf } from './spend/bound.ts'
import { createSpend, type SpendAsk, type Spending } from './spend/spend.ts'

/** Findings that a header names. */
const TOLD_MAX = 20

export type PipelineDeps = {
  readonly config: GatewayConfig
  readonly upstream: Upstream
  readonly sign: ForwardDeps['sign']
  readonly decompress: Decompress
  readonly keys: KeyStore
  readonly policies: PolicyStore
  readonly guard: Guard
  /** Null: the runtime keeps nothing between calls, so sessions are not watched. */
  readonly sessions: SessionMemory | null
  readonly ledger: Ledger
  readonly prices: PriceBook
  readonly queue: TraceQueue
  readonly metrics: Metrics
  readonly clock: Clock
  readonly ids: IdSource
  readonly log: Log
}

export type Call = {
  readonly method: string
  readonly target: RequestTarget
  readonly headers: Headers
  /** Reads the body once, as bytes; fails with `request.too_large` beyond the limit. Null where there is none. */
  readonly readBody: (bytesMax: number) => Promise<Result<Uint8Array | null, AppError>>
  /** Fires when the caller leaves (never on workerd). */
  readonly signal: AbortSignal | null
  readonly background: Background
}

/** A body of bytes is an answer of our own; a stream is the upstream's. */
export type Answer = {
  readonly status: number
  readonly headers: Headers
  readonly body: ReadableStream<Uint8Array> | Uint8Array | string | null
}

export type Pipeline = {
  handle(call: Call): Promise<Answer>
  /** Ends every answer under way as if its caller had left; their spans follow as background work. For the end of a process. */
  abandon(): void
  breakers(): ReadonlyMap<string, BreakerState>
}

export function createPipeline(deps: PipelineDeps): Pipeline {
  const { config, clock, ids, metrics } = deps
  const forward = createForward(deps)
  const capture = createHandOn({ ...deps, idleTimeoutMs: config.upstream.idleTimeoutMs })
  const routeOf = createRouter(config)
  const sessions =
    deps.sessions === null
      ? null
      : createSessionWatch(deps.sessions, (error) => deps.log.write('error', 'sessions.failed', { error }))
  const spend = createSpend(deps)
  const defaultPolicy: Policy = { version: 0, capture: config.capture, guard: config.guard, limits: config.limits }

  async function handle(call: Call): Promise<Answer> {
    const facts: Facts = { call, startTime: clock.now(), start: clock.monotonic(), spanId: ids.spanId() }
    metrics.callStarted()
    try {
      return await answerTo(facts)
    } catch (error) {
      // Also what should never happen ends as one span and one answer.
      deps.log.write('error', 'call.failed', { span_id: facts.spanId, error })
      return refuse(facts, stranger(ids), defaultPolicy, null, null, failed(error))
    }
  }

  async function answerTo(facts: Facts): Promise<Answer> {
    const { call } = facts
    const route = routeOf(call.target, call.headers.get('x-llmtrace-provider'))
    const who = await identify(call.headers, { auth: config.auth, keys: deps.keys, clock, ids })
    if (!who.ok) return refuse(facts, stranger(ids), defaultPolicy, route.ok ? route.value : null, null, who.error)
    const { caller } = who.value
    const policy = await policyOf(caller)
    if (caller.role === 'viewer') {
      const error = appError('auth.denied', 'this key may not do that', { reason: 'a viewer asks, and sends no traffic' })
      return refuse(facts, caller, policy, route.ok ? route.value : null, null, error)
    }
    if (!route.ok) return refuse(facts, caller, policy, null, null, route.error)

    const body = await call.readBody(config.requestBytesMax)
    if (!body.ok) return refuse(facts, caller, policy, route.value, null, body.error, call.signal?.aborted === true)
    const inspected = inspect(body.value, call.headers, route.value.dialect, route.value.target)
    // The ledger is asked while the guard judges.
    const asked = spend(spendAsk(facts, caller, policy, route.value, inspected, body.value))
    const screened = screen(facts, body.value, inspected, route.value, policy)
    const { verdict } = screened
    const reserved = asked instanceof Promise ? await asked : asked
    const request: RequestFacts = {
      inspected: screened.inspected,
      bytes: body.value?.byteLength ?? 0,
      verdict,
      limitNotes: reserved.ok ? reserved.value.notes : [],
    }
    const turnAway = async (error: AppError, isCancelled = false): Promise<Answer> => {
      if (reserved.ok) await reserved.value.giveBack()
      return refuse(facts, caller, policy, route.value, request, error, isCancelled)
    }
    if (sessions !== null && (await sessions.isSpent(caller, policy.guard))) {
      return turnAway(appError('guard.blocked', 'this session has made as many tool calls as the policy allows'))
    }
    if (verdict.action === 'block') return turnAway(blocked(verdict.findings))
    if (!reserved.ok) return turnAway(reserved.error)
    const spending = reserved.value

    const abort = new AbortController()
    const leave = (): void => abort.abort()
    if (call.signal?.aborted === true) leave()
    call.signal?.addEventListener('abort', leave, { once: true })
    const sent = clock.monotonic()
    const answer = await forward.send({
      caller,
      verdict,
      hold: spending.hold,
      route: route.value,
      method: call.method,
      headers: mayChange(policy.guard) ? readable(call.headers) : call.headers,
      body: screened.body,
      gatewayKeyHeader: who.value.gatewayKeyHeader,
      signal: abort.signal,
    })
    if (!answer.ok) {
      call.signal?.removeEventListener('abort', leave)
      return unanswered(facts, caller, policy, route.value, request, spending, answer.error, abort.signal.aborted)
    }

    if (answer.value.status < 200 || answer.value.status > 599) {
      // No response of ours can carry it (101 asks for another protocol, the rest are no HTTP statuses).
      leave()
      call.signal?.removeEventListener('abort', leave)
      const error = appError(
        'upstream.unreachable',
        `the provider answered with status ${answer.value.status}, which cannot be passed on`,
      )
      return unanswered(facts, caller, policy, route.value, request, spending, { ...error, isSent: true }, false)
    }
    const upstreamMs = clock.monotonic() - sent
    const known = callFacts(facts, who.value, policy, route.value, request)
    const guarded = guardedAnswer(facts, policy, route.value, screened.inspected)
    const done = async (span: TraceSpan): Promise<void> => {
      call.signal?.removeEventListener('abort', leave)
      const isWatched = sessions !== null && span.sessionId !== null
      const watched = isWatched ? await sessions.watch(span, screened.inspected.inspection(), policy.guard) : span
      finished(watched, policy, call.background)
      return spending.settle(span)
    }
    return captured(facts, known, guarded, answer.value, upstreamMs, leave, done, spending.headers)
  }

  /** No answer came. What was sent may be billed all the same. */
  async function unanswered(
    facts: Facts,
    caller: Caller,
    policy: Policy,
    route: Route,
    request: RequestFacts,
    spending: Spending,
    error: Unanswered,
    isCancelled: boolean,
  ): Promise<Answer> {
    const known = factsOf(facts, caller, policy, route.provider.name, route.dialect, request)
    const span = refusedSpan(known, error, clock.monotonic() - facts.start, isCancelled)
    if (error.isSent) await spending.settle({ ...span, status: 'incomplete' })
    else await spending.giveBack()
    finished(span, policy, facts.call.background)
    return rendered(route.dialect, error, known)
  }

  function guardedAnswer(facts: Facts, policy: Policy, route: Route, inspected: Inspected): GuardedAnswer {
    return createGuardedAnswer(deps.guard, {
      spanId: facts.spanId,
      policy: policy.guard,
      dialect: route.dialect,
      request: inspected.inspection(),
      onJudged: (tookMs, notes) => metrics.guarded('output', tookMs, notes),
    })
  }

  /** The body as it may go on. What cannot be taken out of it must not pass. */
  function screen(facts: Facts, body: Uint8Array | null, inspected: Inspected, route: Route, policy: Policy): Screened {
    const { headers } = facts.call
    const verdict = deps.guard.judge({
      spanId: facts.spanId,
      direction: 'input',
      policy: policy.guard,
      inspection: inspected.inspection(),
      // Uploads and the like are not read by anyone.
      unread: route.dialect.name === 'opaque' ? null : inspected.unread,
      more: [],
    })
    metrics.guarded('input', verdict.tookMs, verdict.notes)
    const { action, redactions } = verdict
    const isRedacted = (action === 'redact' || action === 'block') && redactions.length > 0
    if (!isRedacted || body === null) return { inspected, verdict, body }
    // What is refused is not kept with it either.
    const redacted = redactBytes(body, redactions)
    if (redacted !== null)
      return { inspected: inspect(redacted, headers, route.dialect, route.target), verdict, body: redacted }
    return { inspected: { ...inspected, inspection: () => EMPTY_INSPECTION }, verdict: { ...verdict, action: 'block' }, body }
  }

  /** A policy that cannot be read must not keep texts that it may forbid. */
  async function policyOf(caller: Caller): Promise<Policy> {
    try {
      return (await deps.policies.policy(caller.tenantId)) ?? defaultPolicy
    } catch (error) {
      if (!(error instanceof PortError)) throw error
      deps.log.write('error', 'policy.unreadable', { tenant_id: caller.tenantId, error })
      return { ...defaultPolicy, capture: { ...config.capture, text: 'metadata' } }
    }
  }

  /** The answer to the caller, and its span once it has ended. */
  async function captured(
    facts: Facts,
    known: CallFacts,
    guarded: GuardedAnswer,
    answer: UpstreamResponse,
    upstreamMs: number,
    abort: () => void,
    onSpan: (span: TraceSpan) => Promise<void>,
    told: Spending['headers'],
  ): Promise<Answer> {
    const { call, start } = facts
    const handed = await capture.handOn({
      call: known,
      answer,
      start,
      upstreamMs,
      hasCallerLeft: () => call.signal?.aborted === true,
      background: call.background,
      abort,
      guard: guarded,
      onSpan,
    })
    if (handed.kind === 'brokenOff') return rendered(known.dialect, brokenOff(handed.end), known)
    const all: CallFacts = { ...known, findings: [...known.findings, ...guarded.findings()] }
    if (handed.kind === 'blocked') return rendered(known.dialect, blocked(guarded.findings()), all)
    const headers = answerHeaders(answer.headers, answer.isDecoded)
    if (handed.isChanged) headers.delete('content-length')
    mark(headers, all)
    for (const [name, value] of told) headers.set(name, value)
    if (config.serverTiming) headers.append('server-timing', `up;dur=${upstreamMs.toFixed(1)}`)
    return { status: answer.status, headers, body: handed.body }
  }

  function refuse(
    facts: Facts,
    caller: Caller,
    policy: Policy,
    route: Route | null,
    request: RequestFacts | null,
    error: AppError,
    isCancelled = false,
  ): Answer {
    const dialect = route?.dialect ?? dialectOfPath(facts.call.target).dialect
    const provider = route?.provider.name ?? 'none'
    const known = factsOf(facts, caller, policy, provider, dialect, request)
    finished(refusedSpan(known, error, clock.monotonic() - facts.start, isCancelled), policy, facts.call.background)
    return rendered(dialect, error, known)
  }

  function finished(span: TraceSpan, policy: Policy, background: Background): void {
    metrics.callFinished(span, span.cost.amount)
    ship(span, policy.capture.text !== 'none', deps.queue, background)
  }

  return { handle, abandon: capture.abandon, breakers: forward.breakers }
}

type Facts = {
  readonly call: Call
  readonly startTime: number
  readonly start: number
  readonly spanId: CallFacts['spanId']
}

type Screened = { readonly inspected: Inspected; readonly verdict: Judgement; readonly body: Uint8Array | null }

type RequestFacts = {
  readonly inspected: Inspected
  readonly bytes: number
  readonly verdict: Judgement
  readonly limitNotes: readonly string[]
}

/** Operations that no provider bills. */
const FREE: ReadonlySet<Operation> = new Set(['count_tokens', 'moderation'])
const ID_CHARS_MAX = 128

/** What the ledger must know of a call. */
function spendAsk(
  facts: Facts,
  caller: Caller,
  policy: Policy,
  route: Route,
  inspected: Inspected,
  body: Uint8Array | null,
): SpendAsk {
  const { view } = inspected
  const isGenerating = body !== null && body.byteLength > 0 && !FREE.has(view.operation) && !isReading(facts.call.method)
  const isCounted = isGenerating && policy.limits !== NO_LIMITS
  const bound = isCounted
    ? boundOf({
        view,
        inspection: inspected.inspection(),
        bodyBytes: body.byteLength,
        isCapWhole: route.dialect.name !== 'gemini',
      })
    : null
  return {
    caller: caller.userId === null && view.userId !== null ? { ...caller, userId: view.userId.slice(0, ID_CHARS_MAX) } : caller,
    spanId: facts.spanId,
    policy: policy.limits,
    provider: route.provider.name,
    model: view.model,
    isStreaming: view.isStreaming,
    bound,
    outputCap: view.maxOutputTokens === null ? null : view.maxOutputTokens * Math.max(1, view.choiceCount),
    now: facts.startTime,
  }
}

function isReading(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'DELETE' || method === 'OPTIONS'
}

function callFacts(facts: Facts, who: Identified, policy: Policy, route: Route, request: RequestFacts): CallFacts {
  return factsOf(facts, who.caller, policy, route.provider.name, route.dialect, request)
}

function factsOf(
  facts: Facts,
  caller: Caller,
  policy: Policy,
  provider: string,
  dialect: Dialect,
  request: RequestFacts | null,
): CallFacts {
  return {
    spanId: facts.spanId,
    caller,
    provider,
    dialect,
    method: facts.call.method,
    path: facts.call.target.path,
    startTime: facts.startTime,
    policy: policy.capture,
    request: request === null ? null : { ...request.inspected, bytes: request.bytes },
    findings: request?.verdict.findings ?? [],
    guardNotes: request === null ? [] : [...request.verdict.notes, ...request.limitNotes],
  }
}

/** Someone whose key was refused: the span is kept under the default tenant, with nothing they claimed about themselves. */
function stranger(ids: IdSource): Caller {
  return {
    tenantId: DEFAULT_TENANT,
    projectId: null,
    keyId: null,
    role: 'proxy',
    agentId: null,
    userId: null,
    sessionId: null,
    tags: {},
    traceId: ids.traceId(),
    parentSpanId: null,
  }
}

/** An answer that must be judged before it leaves is asked for without compression. */
function readable(headers: Headers): Headers {
  const asked = new Headers(headers)
  asked.set('accept-encoding', 'identity')
  return asked
}

/** What was found, never the text that matched. */
function blocked(findings: readonly Finding[]): AppError {
  const shown = findings.map(({ findingType, severity, confidence }) => ({ type: findingType, severity, confidence }))
  return appError('guard.blocked', 'the call was blocked by a security policy', { extra: { findings: shown } })
}

function failed(error: unknown): AppError {
  if (!(error instanceof PortError)) return appError('gateway.bug', 'something went wrong inside the gateway')
  return appError('gateway.unavailable', 'the gateway cannot answer right now', { reason: `${error.dependency} down` })
}

function rendered(dialect: Dialect, error: AppError, known: CallFacts): Answer {
  const headers = new Headers({ 'content-type': 'application/json' })
  mark(headers, known)
  if (error.retryAfterSeconds !== null) headers.set('retry-after', String(error.retryAfterSeconds))
  return { status: error.status, headers, body: JSON.stringify(dialect.renderError(error, known.spanId)) }
}

/** Nothing was sent to the caller yet, so it gets an error in its own dialect instead of a broken connection. */
function brokenOff(end: TapEnd): AppError {
  const code = end === 'idle' ? 'upstream.timeout' : 'upstream.unreachable'
  return appError(code, 'the provider broke off in mid-answer', { reason: `response.${end}` })
}

function mark(headers: Headers, known: CallFacts): void {
  headers.set('x-llmtrace-trace-id', known.caller.traceId)
  headers.set('x-llmtrace-span-id', known.spanId)
  const told = known.findings.filter(({ action }) => action !== 'pass')
  if (told.length === 0) return
  headers.set('x-llmtrace-flagged', 'true')
  headers.set(
    'x-llmtrace-findings',
    told
      .slice(0, TOLD_MAX)
      .map(({ findingType, confidence }) => `${findingType}:${confidence.toFixed(2)}`)
      .join(','),
  )
}
