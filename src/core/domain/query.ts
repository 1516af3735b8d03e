/** Questions to a trace store and their answers. Every question names its tenant; every list is bounded. */
import type { Category, Finding, Severity } from './finding.ts'
import type { SpanId, TenantId, TraceId } from './ids.ts'
import type { NanoUsd } from './money.ts'
import type { AgentAction, ActionType, SpanStatus, TraceSpan } from './span.ts'
import type { EpochMs } from './time.ts'

export const PAGE_LIMIT_DEFAULT = 50
export const PAGE_LIMIT_MAX = 1000

/** Filters over spans. A trace matches when one of its spans does. Times are half-open: `start <= t < end`. */
export type SpanFilter = {
  readonly tenantId: TenantId
  readonly startTime: EpochMs | null
  readonly endTime: EpochMs | null
  readonly provider: string | null
  readonly model: string | null
  readonly operation: string | null
  readonly agentId: string | null
  readonly userId: string | null
  readonly sessionId: string | null
  readonly tag: { readonly key: string; readonly value: string | null } | null
  readonly status: SpanStatus | null
  readonly scoreMin: number | null
  readonly scoreMax: number | null
  readonly findingType: string | null
  readonly costMin: NanoUsd | null
  readonly durationMsMin: number | null
  readonly hasToolCalls: boolean | null
  readonly hasWebAccess: boolean | null
  readonly hasCommands: boolean | null
  readonly actionName: string | null
  /** Full-text search over prompts and answers: every word must occur. */
  readonly text: string | null
}

/** Filters over findings; null fits everything. Times, model and agent are those of the span, the times half-open. */
export type FindingFilter = Pick<SpanFilter, 'tenantId' | 'startTime' | 'endTime' | 'model' | 'agentId' | 'findingType'> & {
  readonly category: Category | null
  readonly severity: Severity | null
  /** 0 to 1. */
  readonly confidenceMin: number | null
}

/** `cursor` wins over `offset`; it is opaque to callers and stays valid while rows are added. */
export type PageRequest = {
  readonly limit: number
  readonly offset: number
  readonly cursor: string | null
  readonly order: 'asc' | 'desc'
}

export type Page<T> = {
  readonly data: readonly T[]
  /** All rows that match, not only this page's. */
  readonly total: number
  readonly nextCursor: string | null
}

/** One line of a trace list. */
export type TraceRow = {
  readonly traceId: TraceId
  readonly startTime: EpochMs
  /** End of the last span. */
  readonly endTime: EpochMs
  /** The earliest span, without texts. */
  readonly root: TraceSpan
  readonly spanCount: number
  readonly totalTokens: number
  /** Sum of the priced spans; null where none is priced. */
  readonly cost: NanoUsd | null
  readonly errorCount: number
  readonly findingCount: number
  readonly scoreMax: number | null
}

/** A finding and the span that it was found in. */
export type FindingRow = {
  readonly finding: Finding
  readonly traceId: TraceId
  readonly spanId: SpanId
  /** Start of the span. */
  readonly startTime: EpochMs
  readonly provider: string
  /** The model that answered, else the one asked for. */
  readonly model: string | null
  readonly agentId: string | null
}

export type Trace = {
  readonly traceId: TraceId
  readonly tenantId: TenantId
  readonly spans: readonly TraceSpan[]
}

export type StatsGroup = 'hour' | 'day' | 'model' | 'provider' | 'agent' | 'user' | 'tag'

export type StatsRequest = {
  readonly filter: SpanFilter
  readonly groupBy: StatsGroup | null
  /** IANA zone in which hours and days begin. */
  readonly timeZone: string
}

/** Latencies in milliseconds; null where nothing was measured. */
export type Percentiles = { readonly p50: number | null; readonly p95: number | null; readonly p99: number | null }

export type StatsRow = {
  /** The group's value (RFC 3339 start for hour and day, `key=value` for tags); null for the total and for "none". */
  readonly key: string | null
  readonly requests: number
  readonly errors: number
  readonly tokens: {
    readonly input: number
    readonly cacheRead: number
    readonly cacheWrite: number
    readonly output: number
    readonly reasoning: number
    readonly total: number
  }
  /** Sum of priced and estimated spans. */
  readonly cost: NanoUsd
  readonly unpricedRequests: number
  readonly findings: { readonly [severity: string]: number }
  readonly latencyMs: Percentiles
  readonly ttftMs: Percentiles
}

export type Stats = {
  readonly total: StatsRow
  readonly groups: readonly StatsRow[]
  readonly traces: number
  readonly oldest: EpochMs | null
  readonly newest: EpochMs | null
}

export type ActionsSummary = {
  readonly totalSpans: number
  readonly spansWithToolCalls: number
  readonly spansWithWebAccess: number
  readonly spansWithCommands: number
  readonly actionCounts: { readonly [type in ActionType]?: number }
  /** At most 20, most frequent first. */
  readonly topActions: readonly { readonly name: string; readonly actionType: ActionType; readonly count: number }[]
}

/** An action reported from outside, to be added to a stored trace. */
export type ReportedAction = Omit<AgentAction, 'id' | 'time'>
