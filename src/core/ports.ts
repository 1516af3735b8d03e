/**
 * Every interface to the outside. Core knows no clock, no randomness, no fetch and no store but these; each has one contract suite
 * in `test/contracts` that all its implementations pass. Failures of a driver are caught in its adapter: a port rejects with
 * `PortError`, nothing else.
 */
import type { Envelope } from './domain/envelope.ts'
import type { Balance, Hold, Refusal, Reservation, Scope, Settled, Settlement } from './domain/budget.ts'
import type { Direction, Finding } from './domain/finding.ts'
import type { ProjectId, SpanId, TenantId, TraceId } from './domain/ids.ts'
import type { JsonRecord } from './domain/json.ts'
import type { NanoUsd } from './domain/money.ts'
import type { Policy } from './domain/policy.ts'
import type {
  ActionsSummary,
  FindingFilter,
  FindingRow,
  Page,
  PageRequest,
  ReportedAction,
  SpanFilter,
  Stats,
  StatsRequest,
  Trace,
  TraceRow,
} from './domain/query.ts'
import type { Result } from './domain/result.ts'
import type { Origin } from './domain/segment.ts'
import type { AgentAction, Cost, DialectName, TraceSpan } from './domain/span.ts'
import type { ApiKey, Project, Tenant } from './domain/tenant.ts'
import type { EpochMs } from './domain/time.ts'
import type { TokenBound } from './domain/token-bound.ts'
import type { Usage } from './domain/usage.ts'

/** A dependency failed. `dependency` names it for the operator; callers of the gateway see a generic text. */
export class PortError extends Error {
  readonly dependency: string
  constructor(dependency: string, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'PortError'
    this.dependency = dependency
  }
}

// --- time, ids, log, work after the answer -------------------------------------------------------------------------------------

export interface Clock {
  now(): EpochMs
  /** Milliseconds from an arbitrary start, never going back; for durations. On Workers it only moves with I/O. */
  monotonic(): number
  /** Calls `run` once after `delayMs`; the returned function cancels. The timer does not keep a process alive. */
  after(delayMs: number, run: () => void): () => void
}

export interface IdSource {
  /** A UUIDv7. */
  traceId(): TraceId
  spanId(): SpanId
  /** A UUIDv7 for anything else. */
  uuid(): string
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Structured lines. Never prompt or answer text; secrets are masked by key and by shape before a line is written. */
export interface Log {
  isEnabled(level: LogLevel): boolean
  write(level: LogLevel, event: string, fields?: { readonly [key: string]: unknown }): void
}

/** Work that outlives the answer. A rejection is logged and counted under `name`, never thrown. */
export type Background = (name: string, work: Promise<unknown>) => void

// --- upstream --------------------------------------------------------------------------------------------------------------------

export type UpstreamRequest = {
  readonly method: string
  readonly url: string
  readonly headers: Headers
  readonly body: Uint8Array | null
  /** Aborting it ends the exchange, also in mid-body. */
  readonly signal: AbortSignal
  readonly connectTimeoutMs: number
  readonly firstByteTimeoutMs: number
}

/**
 * The body is as the upstream sent it (still compressed) unless `isDecoded`: workerd decodes and cannot be told not to. It is read
 * through `body` or through `bytes`, never both.
 */
export type UpstreamResponse = {
  readonly status: number
  readonly headers: Headers
  readonly body: ReadableStream<Uint8Array> | null
  /** The whole body, for one known to be small. Rejects where it breaks off. */
  bytes(): Promise<Uint8Array>
  readonly isDecoded: boolean
}

/** `unreachable`: no connection or a connection that died before a response head. `timeout`: no head in time. `aborted`: our signal. */
export type UpstreamFailure = {
  readonly kind: 'unreachable' | 'timeout' | 'aborted'
  readonly reason: string
  /** False only where it is certain that nothing of the request reached the provider: then nothing is billed. */
  readonly isSent: boolean
}

export interface Upstream {
  /** Never follows a redirect, never changes the body. Resolves at the response head. */
  send(request: UpstreamRequest): Promise<Result<UpstreamResponse, UpstreamFailure>>
}

/** Opens a decompressor for a captured copy; null where this runtime has none for the encoding. */
export type Decompress = (
  encoding: string,
) => { readable: ReadableStream<Uint8Array>; writable: WritableStream<BufferSource> } | null

// --- money -------------------------------------------------------------------------------------------------------------------------

export type PriceQuestion = {
  readonly provider: string
  readonly model: string
  readonly usage: Usage
  readonly time: EpochMs
}

export type BoundQuestion = {
  readonly provider: string
  readonly model: string
  readonly tokens: TokenBound
  readonly time: EpochMs
}

export type PriceBound = {
  readonly amount: NanoUsd
  /** The prompt alone, by estimate: what is spent as soon as the call is sent. Never more than `amount`. */
  readonly likely: NanoUsd
  /** With the model's own bounds filled in. */
  readonly promptTokens: number
  readonly completionTokens: number
}

export interface PriceBook {
  /** Reads usage out of an unstreamed answer body; null where it reports none. `dialect` chooses the field names. */
  extractUsage(provider: string, dialect: DialectName, body: JsonRecord): Usage | null
  /** Null amount and `unpriced` for an unknown model; never 0 for it. */
  price(question: PriceQuestion): Cost
  /** The most that a call can cost; null for an unknown model. Called for every call that a budget counts. */
  bound(question: BoundQuestion): PriceBound | null
}

/** Every limit of a call, decided in one atomic step. `core/spend/ledger.ts` says what each of them does. */
export interface Ledger {
  reserve(ask: Reservation): Promise<Result<Hold, Refusal>>
  settle(settlement: Settlement): Promise<Settled>
  /** In the order of the scopes. */
  read(tenantId: TenantId, scopes: readonly Scope[]): Promise<readonly Balance[]>
}

// --- accounts ----------------------------------------------------------------------------------------------------------------------

export interface KeyStore {
  /** Finds a key by its full secret; null for an unknown one. Expiry and revocation are the caller's to judge. */
  find(secret: string): Promise<ApiKey | null>
  tenant(id: TenantId): Promise<Tenant | null>
  /** Creates the tenant if it is not there yet. */
  ensureTenant(tenant: Tenant): Promise<void>
  project(id: ProjectId): Promise<Project | null>
}

export interface PolicyStore {
  /** The tenant's policy, or null where none is set (the configuration's defaults hold then). */
  policy(tenantId: TenantId): Promise<Policy | null>
}

/** Provider credentials, encrypted at rest, bound to the provider's base URL. */
export interface Vault {
  credential(ask: {
    readonly tenantId: TenantId
    readonly projectId: ProjectId | null
    readonly provider: string
    readonly baseUrl: string
  }): Promise<string | null>
}

export interface Audit {
  record(event: {
    readonly tenantId: TenantId
    readonly eventType: string
    readonly actor: string
    readonly resource: string
    readonly time: EpochMs
    readonly data: JsonRecord
  }): Promise<void>
}

// --- traces --------------------------------------------------------------------------------------------------------------------------

/** How many envelopes came in and what became of them. */
export type Delivery = {
  readonly accepted: number
  readonly queued: number
  readonly stored: number
  /** Lost on purpose, by reason. */
  readonly shed: { readonly [reason: string]: number }
}

export interface TraceQueue {
  /** Takes a span for delivery; never throws and never waits for a store. The promise (where there is one) is background work. */
  send(span: TraceSpan): Promise<void> | null
  /** Resolves when all that was accepted is stored or shed. */
  flush(): Promise<void>
  delivery(): Delivery
}

/** Texts too large for an envelope. */
export interface ContentStore {
  put(tenantId: TenantId, key: string, content: Uint8Array): Promise<void>
  get(tenantId: TenantId, key: string): Promise<Uint8Array | null>
}

export interface TraceStore {
  /** All or nothing; writing the same span id again replaces the row. */
  write(envelopes: readonly Envelope[]): Promise<void>
  traces(filter: SpanFilter, page: PageRequest): Promise<Page<TraceRow>>
  trace(tenantId: TenantId, traceId: TraceId): Promise<Trace | null>
  /** False where there was none. */
  deleteTrace(tenantId: TenantId, traceId: TraceId): Promise<boolean>
  /** Spans of a list carry no texts; `span` gives them. */
  spans(filter: SpanFilter, page: PageRequest): Promise<Page<TraceSpan>>
  span(tenantId: TenantId, spanId: SpanId): Promise<TraceSpan | null>
  /** In the order of their spans' times; those of one span in their order there, reversed for `desc`. */
  findings(filter: FindingFilter, page: PageRequest): Promise<Page<FindingRow>>
  /** `tenantId: null` is over all tenants (root). */
  stats(request: StatsRequest & { readonly acrossTenants: boolean }): Promise<Stats>
  actionsSummary(filter: SpanFilter): Promise<ActionsSummary>
  /** Adds a reported action and what was found in it to the trace's root span; null where the trace is not there. */
  addAction(
    tenantId: TenantId,
    traceId: TraceId,
    action: ReportedAction,
    findings: readonly Finding[],
  ): Promise<AgentAction | null>
  /** Resolves when the store answers; rejects when it does not. */
  ping(): Promise<void>
  close(): Promise<void>
}

// --- detection, alerts, caches -------------------------------------------------------------------------------------------------------

export interface Classifier {
  classify(
    texts: readonly { readonly text: string; readonly origin: Origin }[],
    deadline: EpochMs,
  ): Promise<readonly { readonly label: string; readonly score: number }[]>
}

export interface Notifier {
  notify(alert: {
    readonly tenantId: TenantId
    readonly traceId: TraceId
    readonly findings: readonly Finding[]
  }): Promise<void>
}

/** What earlier turns of a session left behind, for multi-turn detection. */
export interface SessionMemory {
  read(tenantId: TenantId, sessionId: string): Promise<JsonRecord | null>
  write(tenantId: TenantId, sessionId: string, memory: JsonRecord, ttlSeconds: number): Promise<void>
}

export interface Cache {
  get(key: string): Promise<Uint8Array | null>
  set(key: string, value: Uint8Array, ttlSeconds: number): Promise<void>
  delete(key: string): Promise<void>
}

// --- metrics ---------------------------------------------------------------------------------------------------------------------------

/**
 * `over_hold`: a call cost more than its upper bound. `lost`: a hold expired. `late`: a lost one was settled after all. `unavailable`: the
 * ledger could not be asked. `settle_failed`: a cost could not be booked. `warning`: a budget passed its soft limit.
 */
export type LedgerEvent = 'over_hold' | 'lost' | 'late' | 'unavailable' | 'settle_failed' | 'warning'

/** Counters and histograms over finished calls. Label sets are bounded by the implementation. */
export interface Metrics {
  callStarted(): void
  /** Called once for every call, also a refused one. `amount` is null where the call is unpriced. */
  callFinished(span: TraceSpan, amount: NanoUsd | null): void
  breaker(provider: string, state: 'closed' | 'open' | 'half_open'): void
  /** Something the ledger's owner should know of; `over_hold` is the only way past a limit. */
  ledger(event: LedgerEvent): void
  /** Called once for every text side of a call that was judged; `notes` tell what could not be. */
  guarded(direction: Direction, tookMs: number, notes: readonly string[]): void
}
