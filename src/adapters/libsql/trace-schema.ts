/**
 * Tables of the trace database. `docs/storage.md` says why each column and index is there; the full-text index and the delete trigger
 * cannot be said here and stand in `migrations/libsql/traces/0001_search_and_cascade.sql`.
 *
 * Numbers are REAL: SQLite keeps whole ones as integers on disk, and every driver gives a REAL back as a JavaScript number, while an
 * INTEGER above 2^53 makes some throw.
 */
import { isNotNull } from 'drizzle-orm'
import { index, integer, primaryKey, real, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { AppErrorCode } from '../../core/domain/errors.ts'
import type { Category, Severity } from '../../core/domain/finding.ts'
import type { KeyId, ProjectId, SpanId, TenantId, TraceId } from '../../core/domain/ids.ts'
import type { NanoUsd } from '../../core/domain/money.ts'
import type { ActionType, CapturedText, Cost, Operation, SpanStatus, TraceSpan } from '../../core/domain/span.ts'
import type { Usage } from '../../core/domain/usage.ts'

/** What is shown of a span and never asked for, in the names of `TraceSpan`. */
export type SpanDetails = Pick<
  TraceSpan,
  | 'dialect'
  | 'requestModel'
  | 'responseModel'
  | 'isStreaming'
  | 'method'
  | 'path'
  | 'parameters'
  | 'upstreamMs'
  | 'errorMessage'
  | 'finishReason'
  | 'upstreamRequestId'
  | 'requestBytes'
  | 'responseBytes'
  | 'notes'
> & {
  /** Null where no usage was reported. */
  readonly reported: Usage['reported'] | null
  readonly priceId: Cost['priceId']
  readonly effectiveDate: Cost['effectiveDate']
  readonly input: Omit<CapturedText, 'segments'>
  readonly output: Omit<CapturedText, 'segments'>
}

/** One call. What is only shown lies in `details`; what is filtered, sorted or added up has a column. */
export const spans = sqliteTable(
  'spans',
  {
    /** Start time and a counter in one number (see `seq.ts`), so that rows lie in the order of time. Never read as a number. */
    seq: integer('seq').primaryKey(),
    tenantId: text('tenant_id').$type<TenantId>().notNull(),
    traceId: text('trace_id').$type<TraceId>().notNull(),
    spanId: text('span_id').$type<SpanId>().notNull(),
    parentSpanId: text('parent_span_id').$type<SpanId>(),
    projectId: text('project_id').$type<ProjectId>(),
    keyId: text('key_id').$type<KeyId>(),
    agentId: text('agent_id'),
    userId: text('user_id'),
    sessionId: text('session_id'),
    operationName: text('operation_name').$type<Operation>().notNull(),
    provider: text('provider').notNull(),
    /** The model that answered, else the one asked for. */
    model: text('model'),
    /** Epoch milliseconds. */
    startTime: real('start_time').notNull(),
    durationMs: real('duration_ms').notNull(),
    ttftMs: real('ttft_ms'),
    status: text('status').$type<SpanStatus>().notNull(),
    statusCode: real('status_code'),
    errorCode: text('error_code').$type<AppErrorCode>(),
    /** The token classes are null where no usage was reported. */
    inputTokens: real('input_tokens'),
    cacheReadTokens: real('cache_read_tokens'),
    cacheWriteTokens: real('cache_write_tokens'),
    outputTokens: real('output_tokens'),
    reasoningTokens: real('reasoning_tokens'),
    costStatus: text('cost_status').$type<Cost['status']>().notNull(),
    costNanoUsd: real('cost_nano_usd').$type<NanoUsd>(),
    /** That of the worst finding, 0 to 100; null without findings. */
    securityScore: real('security_score'),
    /** Bit set of `ACTION_BITS`. */
    actionTypes: real('action_types').notNull(),
    details: text('details', { mode: 'json' }).$type<SpanDetails>().notNull(),
  },
  (t) => [
    uniqueIndex('spans_by_span_id').on(t.tenantId, t.spanId),
    index('spans_by_trace').on(t.tenantId, t.traceId),
    // Every index ends in `seq`, the row id: its rows of one value lie in the order of time. This one holds each column that has no
    // index of its own, so that a rare value is looked for in a tenth of the table's pages.
    index('spans_by_time').on(
      t.tenantId,
      t.seq,
      t.traceId,
      t.status,
      t.operationName,
      t.durationMs,
      t.costNanoUsd,
      t.securityScore,
      t.actionTypes,
    ),
    index('spans_by_session').on(t.tenantId, t.sessionId).where(isNotNull(t.sessionId)),
    index('spans_by_user').on(t.tenantId, t.userId).where(isNotNull(t.userId)),
    index('spans_by_agent').on(t.tenantId, t.agentId).where(isNotNull(t.agentId)),
    index('spans_by_model').on(t.tenantId, t.model).where(isNotNull(t.model)),
    index('spans_by_provider').on(t.tenantId, t.provider),
  ],
)

/** Texts of a span: JSON arrays of segments. Apart from `spans`, so that a list or a sum never reads them. No row: none were kept. */
export const spanTexts = sqliteTable('span_texts', {
  seq: integer('seq').primaryKey(),
  input: text('input').notNull(),
  output: text('output').notNull(),
})

export const spanTags = sqliteTable(
  'span_tags',
  {
    seq: integer('seq').notNull(),
    tenantId: text('tenant_id').$type<TenantId>().notNull(),
    key: text('key').notNull(),
    value: text('value').notNull(),
  },
  (t) => [primaryKey({ columns: [t.seq, t.key] }), index('span_tags_by_value').on(t.tenantId, t.key, t.value, t.seq)],
)

/** Agent actions in their order. `data` is the whole action as JSON. */
export const actions = sqliteTable(
  'actions',
  {
    seq: integer('seq').notNull(),
    position: real('position').notNull(),
    tenantId: text('tenant_id').$type<TenantId>().notNull(),
    actionType: text('action_type').$type<ActionType>().notNull(),
    name: text('name').notNull(),
    data: text('data').notNull(),
  },
  (t) => [primaryKey({ columns: [t.seq, t.position] }), index('actions_by_name').on(t.tenantId, t.name, t.actionType, t.seq)],
)

/** Findings in their order. `data` is the whole finding as JSON. */
export const findings = sqliteTable(
  'findings',
  {
    seq: integer('seq').notNull(),
    position: real('position').notNull(),
    tenantId: text('tenant_id').$type<TenantId>().notNull(),
    findingType: text('finding_type').notNull(),
    severity: text('severity').$type<Severity>().notNull(),
    data: text('data').notNull(),
    /** These two are null only in rows of an older program that writes beside this one. */
    category: text('category').$type<Category>(),
    confidence: real('confidence'),
  },
  (t) => [
    primaryKey({ columns: [t.seq, t.position] }),
    index('findings_by_type').on(t.tenantId, t.findingType, t.seq, t.severity),
    // For the list of findings: in its order, and with all that it filters by.
    index('findings_by_time').on(t.tenantId, t.seq, t.position, t.severity, t.confidence, t.category),
  ],
)
