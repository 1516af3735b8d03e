/** A span as a row and back. A field that is neither a column nor in `SpanDetails` would be lost: the contract suite's round trip tells. */
import { sql } from 'drizzle-orm'
import type { SelectResultFields } from 'drizzle-orm/query-builders/select.types'
import { scoreOf, type Finding } from '../../core/domain/finding.ts'
import type { Segment } from '../../core/domain/segment.ts'
import { modelOf, type ActionType, type AgentAction, type TraceSpan } from '../../core/domain/span.ts'
import { spans, type SpanDetails } from './trace-schema.ts'

/** Bits of `spans.action_types`. Stored: never renumbered. */
export const ACTION_BITS: { readonly [type in ActionType]: number } = {
  tool_call: 1,
  skill_invocation: 2,
  command_execution: 4,
  web_access: 8,
  file_access: 16,
}

type Value = string | number | null

/** Columns that `spanValues` fills, in its order. */
export const SPAN_COLUMNS = [
  spans.tenantId,
  spans.traceId,
  spans.spanId,
  spans.parentSpanId,
  spans.projectId,
  spans.keyId,
  spans.agentId,
  spans.userId,
  spans.sessionId,
  spans.operationName,
  spans.provider,
  spans.model,
  spans.startTime,
  spans.durationMs,
  spans.ttftMs,
  spans.status,
  spans.statusCode,
  spans.errorCode,
  spans.inputTokens,
  spans.cacheReadTokens,
  spans.cacheWriteTokens,
  spans.outputTokens,
  spans.reasoningTokens,
  spans.costStatus,
  spans.costNanoUsd,
  spans.securityScore,
  spans.actionTypes,
  spans.details,
].map((column) => column.name)

export function spanValues(span: TraceSpan): Value[] {
  const { usage, cost } = span
  return [
    span.tenantId,
    span.traceId,
    span.spanId,
    span.parentSpanId,
    span.projectId,
    span.keyId,
    span.agentId,
    span.userId,
    span.sessionId,
    span.operation,
    span.provider,
    modelOf(span),
    span.startTime,
    span.durationMs,
    span.ttftMs,
    span.status,
    span.statusCode,
    span.errorCode,
    usage?.input ?? null,
    usage?.cacheRead ?? null,
    usage?.cacheWrite ?? null,
    usage?.output ?? null,
    usage?.reasoning ?? null,
    cost.status,
    cost.amount,
    scoreOf(span.findings),
    span.actions.reduce((bits, action) => bits | ACTION_BITS[action.actionType], 0),
    JSON.stringify(detailsOf(span)),
  ]
}

function detailsOf(span: TraceSpan): SpanDetails {
  return {
    dialect: span.dialect,
    requestModel: span.requestModel,
    responseModel: span.responseModel,
    isStreaming: span.isStreaming,
    method: span.method,
    path: span.path,
    parameters: span.parameters,
    upstreamMs: span.upstreamMs,
    errorMessage: span.errorMessage,
    finishReason: span.finishReason,
    upstreamRequestId: span.upstreamRequestId,
    requestBytes: span.requestBytes,
    responseBytes: span.responseBytes,
    notes: span.notes,
    reported: span.usage?.reported ?? null,
    priceId: span.cost.priceId,
    effectiveDate: span.cost.effectiveDate,
    input: { textBytes: span.input.textBytes, isTruncated: span.input.isTruncated },
    output: { textBytes: span.output.textBytes, isTruncated: span.output.isTruncated },
  }
}

/** A decoder for JSON that this module wrote. */
const json =
  <T>() =>
  (text: string): T =>
    JSON.parse(text)

/**
 * What a question for spans selects. The JSON of other tables was written here, since SQLite itself writes a REAL with 15 digits only.
 * Their columns stand as plain SQL: where a query reads one table the builder takes the tables' names off its own columns.
 */
export const SPAN_SELECTION = {
  tenantId: spans.tenantId,
  traceId: spans.traceId,
  spanId: spans.spanId,
  parentSpanId: spans.parentSpanId,
  projectId: spans.projectId,
  keyId: spans.keyId,
  agentId: spans.agentId,
  userId: spans.userId,
  sessionId: spans.sessionId,
  operation: spans.operationName,
  provider: spans.provider,
  startTime: spans.startTime,
  durationMs: spans.durationMs,
  ttftMs: spans.ttftMs,
  status: spans.status,
  statusCode: spans.statusCode,
  errorCode: spans.errorCode,
  inputTokens: spans.inputTokens,
  cacheReadTokens: spans.cacheReadTokens,
  cacheWriteTokens: spans.cacheWriteTokens,
  outputTokens: spans.outputTokens,
  reasoningTokens: spans.reasoningTokens,
  costStatus: spans.costStatus,
  costNanoUsd: spans.costNanoUsd,
  details: spans.details,
  tags: sql`(SELECT json_group_object(key, value) FROM span_tags AS t WHERE t.seq = spans.seq)`.mapWith(
    json<TraceSpan['tags']>(),
  ),
  actions:
    sql`(SELECT json_group_array(json(data)) FROM (SELECT data FROM actions AS a WHERE a.seq = spans.seq ORDER BY position))`.mapWith(
      json<readonly AgentAction[]>(),
    ),
  findings:
    sql`(SELECT json_group_array(json(data)) FROM (SELECT data FROM findings AS f WHERE f.seq = spans.seq ORDER BY position))`.mapWith(
      json<readonly Finding[]>(),
    ),
}

export type SpanRow = SelectResultFields<typeof SPAN_SELECTION>
export type TextRow = { readonly input: readonly Segment[] | null; readonly output: readonly Segment[] | null }

/** Without `texts` both sides are empty, but say how much text there was. */
export function spanOf(row: SpanRow, texts: TextRow = { input: null, output: null }): TraceSpan {
  const {
    details,
    inputTokens,
    cacheReadTokens,
    cacheWriteTokens,
    outputTokens,
    reasoningTokens,
    costStatus,
    costNanoUsd,
    ...same
  } = row
  const { reported, priceId, effectiveDate, input, output, ...shown } = details
  return {
    ...same,
    ...shown,
    usage:
      reported === null
        ? null
        : {
            input: inputTokens ?? 0,
            cacheRead: cacheReadTokens ?? 0,
            cacheWrite: cacheWriteTokens ?? 0,
            output: outputTokens ?? 0,
            reasoning: reasoningTokens ?? 0,
            reported,
          },
    cost: { status: costStatus, amount: costNanoUsd, priceId, effectiveDate },
    input: { segments: texts.input ?? [], ...input },
    output: { segments: texts.output ?? [], ...output },
  }
}
