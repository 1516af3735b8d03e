/**
 * Traces and spans as the API shows them, and how they are made from the domain's. Field names are LLMTrace's. What was not measured
 * is null, never 0. In lists the texts are null: a page of a thousand rows stays small.
 */
import { z } from '@hono/zod-openapi'
import { CATEGORIES, SEVERITIES, VERDICT_ACTIONS, scoreOf, type Finding } from '../core/domain/finding.ts'
import { asRecord, parseJson } from '../core/domain/json.ts'
import { toUsd, type NanoUsd } from '../core/domain/money.ts'
import type { Trace, TraceRow } from '../core/domain/query.ts'
import { ORIGINS, visibleText, type Segment } from '../core/domain/segment.ts'
import { modelOf, type AgentAction, type Cost, type TraceSpan } from '../core/domain/span.ts'
import { rfc3339 } from '../core/domain/time.ts'
import { completionTokens, promptTokens, totalTokens, type Usage } from '../core/domain/usage.ts'
import { countSchema, millisecondsSchema, pageSchema, spanIdSchema, timeSchema, traceIdSchema, usdSchema } from './common.ts'

export const STATUSES = ['ok', 'error', 'refused', 'cancelled', 'incomplete'] as const satisfies readonly TraceSpan['status'][]

export const OPERATIONS = [
  'chat',
  'text_completion',
  'embeddings',
  'rerank',
  'count_tokens',
  'moderation',
  'image',
  'audio',
  'other',
] as const satisfies readonly TraceSpan['operation'][]

export const ACTION_TYPES = [
  'tool_call',
  'skill_invocation',
  'command_execution',
  'web_access',
  'file_access',
] as const satisfies readonly AgentAction['actionType'][]

/** What a finding counts for on the scale from 0 to 100; a span's score is that of its worst finding. */
// --- shapes ---------------------------------------------------------------------------------------------------------------------

const text = (description: string) => z.string().nullable().openapi({ description })
const count = (description: string) => countSchema.nullable().openapi({ description })
const milliseconds = (description: string) =>
  millisecondsSchema.nullable().openapi({ description: `Milliseconds. ${description}` })
const scoreSchema = z.number().nullable().openapi({
  minimum: 0,
  maximum: 100,
  description: 'The worst finding: info 10, low 30, medium 60, high 80, critical 95. Null without findings.',
})

export const segmentSchema = z
  .object({
    origin: z.enum(['system', 'user', 'assistant', 'tool_definition', 'tool_call', 'tool_result']),
    pointer: z.string().openapi({
      description: 'JSON pointer (RFC 6901) into the body; for a stream, into the body of the unstreamed answer.',
      example: '/messages/0/content',
    }),
    kind: z.enum(['text', 'reasoning', 'refusal', 'json']),
    text: z.string(),
    name: text('The tool, for its definition, calls and results.'),
  })
  .openapi('Segment')

const segmentsSchema = z.array(segmentSchema).nullable()

export const usageSchema = z
  .object({
    input: countSchema.openapi({ description: 'Prompt tokens that no cache served or stored.' }),
    cache_read: countSchema,
    cache_write: countSchema,
    output: countSchema.openapi({ description: 'Visible answer tokens.' }),
    reasoning: countSchema.openapi({ description: 'Hidden reasoning tokens, billed as output.' }),
  })
  .openapi('Usage', { description: 'Tokens in disjoint classes: their sum is the total.' })

export const costSchema = z
  .object({
    usd: usdSchema.nullable().openapi({ description: 'US dollars; null where the call is unpriced.' }),
    status: z.enum(['priced', 'estimated', 'unpriced']).openapi({
      description:
        '`priced`: reported usage, known price. `estimated`: the usage is an estimate. `unpriced`: no price or no usage.',
    }),
    price_id: z.string().nullable().openapi({ example: 'openai/gpt-4.1-mini' }),
    effective_date: z.string().nullable().openapi({
      format: 'date',
      description: 'The day (UTC) whose price was taken.',
      example: '2026-11-20',
    }),
  })
  .openapi('Cost')

export const findingSchema = z
  .object({
    id: z.string(),
    finding_type: z.string().openapi({ example: 'prompt_injection' }),
    category: z.enum(CATEGORIES).openapi({ description: 'What a policy speaks about.' }),
    severity: z.enum(SEVERITIES),
    confidence_score: z.number().openapi({ minimum: 0, maximum: 1 }),
    description: z.string(),
    direction: z.enum(['input', 'output']),
    origin: z
      .enum(ORIGINS)
      .nullable()
      .openapi({ description: 'Whose text it is; null where the finding is about the call as a whole.' }),
    location: text('JSON pointer of the text; null where the finding is about the call as a whole.'),
    range: z
      .object({ start_utf16: countSchema, end_utf16: countSchema })
      .nullable()
      .openapi({ description: 'Half-open, in UTF-16 code units of that text.' }),
    rule_id: z.string().nullable(),
    via: z.array(z.string()).openapi({ description: 'Encodings that were taken off, the outer one first.' }),
    excerpt: text('Length and short hash of what matched, never the text itself.'),
    action: z.enum(VERDICT_ACTIONS).openapi({ description: 'What the policy made of it.' }),
    shadow_action: z
      .enum(VERDICT_ACTIONS)
      .nullable()
      .openapi({ description: 'What it would have made of it outside of shadow mode.' }),
  })
  .openapi('Finding')

export const actionSchema = z
  .object({
    id: z.string(),
    action_type: z.enum(ACTION_TYPES),
    name: z.string().openapi({ example: 'get_weather' }),
    arguments: text('As the model wrote them, possibly cut; null in lists.'),
    result: text('At most 4096 bytes of UTF-8; null in lists.'),
    duration_ms: milliseconds('As reported.'),
    success: z.boolean(),
    exit_code: z
      .number()
      .nullable()
      .openapi({ type: ['integer', 'null'] }),
    http_method: z.string().nullable(),
    http_status: z
      .number()
      .nullable()
      .openapi({ type: ['integer', 'null'] }),
    file_operation: z.string().nullable(),
    timestamp: timeSchema,
    metadata: z.record(z.string(), z.string()),
  })
  .openapi('AgentAction')

const eventSchema = z
  .object({
    id: z.string(),
    timestamp: timeSchema,
    event_type: z.string(),
    description: z.string(),
    data: z.record(z.string(), z.string()),
  })
  .openapi('SpanEvent')

export const spanSchema = z
  .object({
    trace_id: traceIdSchema,
    span_id: spanIdSchema,
    parent_span_id: spanIdSchema.nullable(),
    tenant_id: z.string(),
    project_id: z.string().nullable(),
    key_id: text('The gateway key that was used, by id.'),
    agent_id: z.string().nullable(),
    user_id: z.string().nullable(),
    session_id: z.string().nullable(),
    tags: z.record(z.string(), z.string()).openapi({ example: { env: 'prod' } }),

    operation_name: z.enum(OPERATIONS),
    dialect: z.string().openapi({ description: 'The format that the caller spoke.', example: 'openai-chat' }),
    provider: z.string().openapi({ example: 'openai' }),
    model_name: text('The model that answered, else the one asked for.'),
    request_model: text('The model asked for.'),
    is_streaming: z.boolean(),
    method: z.string().openapi({ example: 'POST' }),
    path: z.string().openapi({ example: '/v1/chat/completions' }),
    parameters: z
      .record(z.string(), z.unknown())
      .nullable()
      .openapi({ description: 'Request fields other than messages and tools; null in lists.', example: { temperature: 0.2 } }),

    start_time: timeSchema,
    end_time: timeSchema,
    duration_ms: millisecondsSchema,
    upstream_ms: milliseconds('From the upstream request to its response head.'),
    time_to_first_token_ms: milliseconds('From the start to the first content of the answer.'),

    status: z.enum(STATUSES).openapi({
      description:
        '`ok`: the answer came to its end below 400. `error`: 400 or more, or no answer. `refused`: by this gateway, before anything was sent. `cancelled`: the caller left. `incomplete`: the answer broke off.',
    }),
    status_code: z.int().nullable().openapi({ description: 'HTTP status that the caller saw.' }),
    error_code: z.string().nullable().openapi({ example: 'upstream.timeout' }),
    error_message: z.string().nullable(),
    finish_reason: text("In the provider's own words."),
    request_id: text("The provider's own id of the request."),

    prompt_tokens: count('Cached tokens included.'),
    completion_tokens: count('Reasoning included.'),
    total_tokens: count('All of them.'),
    // Not `.nullable()`: the document would make every usage nullable.
    usage: z.union([usageSchema, z.null()]),
    estimated_cost_usd: usdSchema.nullable(),
    cost: costSchema,

    prompt: text('The input as lines that begin with their origin, without tool definitions; null in lists.'),
    response: text('The visible text of the answer; null in lists.'),
    input: segmentsSchema.openapi({ description: 'Every text of the request that was kept; null in lists.' }),
    output: segmentsSchema.openapi({ description: 'Every text of the answer that was kept; null in lists.' }),
    prompt_bytes: countSchema.openapi({ description: 'Bytes of UTF-8 of all input texts, before any cut.' }),
    response_text_bytes: countSchema.openapi({ description: 'Bytes of UTF-8 of all answer texts, before any cut.' }),
    is_prompt_truncated: z.boolean(),
    is_response_truncated: z.boolean(),
    request_body_bytes: countSchema,
    response_body_bytes: countSchema,

    security_score: scoreSchema,
    security_findings: z.array(findingSchema),
    events: z.array(eventSchema).openapi({ description: "LLMTrace's field; this gateway records none." }),
    agent_actions: z.array(actionSchema),
    notes: z.array(z.string()).openapi({
      description: 'What could not be read, as stable words.',
      example: ['uninspected:/messages/0/content/1 image_url'],
    }),
  })
  .openapi('Span')

const traceTotals = {
  trace_id: traceIdSchema,
  tenant_id: z.string(),
  created_at: timeSchema.openapi({ description: 'Start of the first span.' }),
  start_time: timeSchema,
  end_time: timeSchema.openapi({ description: 'End of the last span.' }),
  duration_ms: millisecondsSchema,
  span_count: countSchema,
  total_tokens: countSchema,
  estimated_cost_usd: usdSchema.nullable().openapi({ description: 'Sum of the priced spans; null where none is.' }),
  error_count: countSchema.openapi({ description: 'Spans whose status is not `ok`.' }),
  finding_count: countSchema,
  security_score: scoreSchema,
}

export const traceRowSchema = z
  .object({ ...traceTotals, root_span: spanSchema })
  .openapi('TraceRow', { description: '`root_span` is the earliest span, without texts.' })

export const traceSchema = z
  .object({ ...traceTotals, spans: z.array(spanSchema).openapi({ description: 'All spans, the earliest first.' }) })
  .openapi('Trace')

export const tracePageSchema = pageSchema('TracePage', traceRowSchema)
export const spanPageSchema = pageSchema('SpanPage', spanSchema)

export type WireSpan = z.infer<typeof spanSchema>
export type WireTrace = z.infer<typeof traceSchema>
export type WireTraceRow = z.infer<typeof traceRowSchema>
export type WireAction = z.infer<typeof actionSchema>
export type WireFinding = z.infer<typeof findingSchema>

// --- from the domain --------------------------------------------------------------------------------------------------------------

/** `row`: of a list, without texts. `full`: with everything that was kept. */
export type Detail = 'row' | 'full'

export function toWireSpan(span: TraceSpan, detail: Detail): WireSpan {
  const isFull = detail === 'full'
  return {
    trace_id: span.traceId,
    span_id: span.spanId,
    parent_span_id: span.parentSpanId,
    tenant_id: span.tenantId,
    project_id: span.projectId,
    key_id: span.keyId,
    agent_id: span.agentId,
    user_id: span.userId,
    session_id: span.sessionId,
    tags: span.tags,
    operation_name: span.operation,
    dialect: span.dialect,
    provider: span.provider,
    model_name: modelOf(span),
    request_model: span.requestModel,
    is_streaming: span.isStreaming,
    method: span.method,
    path: span.path,
    parameters: isFull && span.parameters !== null ? asRecord(parseJson(span.parameters)) : null,
    start_time: rfc3339(span.startTime),
    end_time: rfc3339(endOf(span)),
    duration_ms: span.durationMs,
    upstream_ms: span.upstreamMs,
    time_to_first_token_ms: span.ttftMs,
    status: span.status,
    status_code: span.statusCode,
    error_code: span.errorCode,
    error_message: span.errorMessage,
    finish_reason: span.finishReason,
    request_id: span.upstreamRequestId,
    prompt_tokens: span.usage === null ? null : promptTokens(span.usage),
    completion_tokens: span.usage === null ? null : completionTokens(span.usage),
    total_tokens: span.usage === null ? null : totalTokens(span.usage),
    usage: span.usage === null ? null : toWireUsage(span.usage),
    estimated_cost_usd: usdOf(span.cost.amount),
    cost: toWireCost(span.cost),
    prompt: isFull ? promptOf(span.input.segments) : null,
    response: isFull ? responseOf(span.output.segments) : null,
    input: isFull ? span.input.segments.map(toWireSegment) : null,
    output: isFull ? span.output.segments.map(toWireSegment) : null,
    prompt_bytes: span.input.textBytes,
    response_text_bytes: span.output.textBytes,
    is_prompt_truncated: span.input.isTruncated,
    is_response_truncated: span.output.isTruncated,
    request_body_bytes: span.requestBytes,
    response_body_bytes: span.responseBytes,
    security_score: scoreOf(span.findings),
    security_findings: span.findings.map(toWireFinding),
    events: [],
    agent_actions: span.actions.map((action) => toWireAction(action, detail)),
    notes: [...span.notes],
  }
}

export function toWireTraceRow(row: TraceRow): WireTraceRow {
  return {
    trace_id: row.traceId,
    tenant_id: row.root.tenantId,
    created_at: rfc3339(row.startTime),
    start_time: rfc3339(row.startTime),
    end_time: rfc3339(row.endTime),
    duration_ms: row.endTime - row.startTime,
    span_count: row.spanCount,
    total_tokens: row.totalTokens,
    estimated_cost_usd: usdOf(row.cost),
    error_count: row.errorCount,
    finding_count: row.findingCount,
    security_score: row.scoreMax,
    root_span: toWireSpan(row.root, 'row'),
  }
}

/** A trace without spans has no times: a store gives null instead of one. */
export function toWireTrace(trace: Trace): WireTrace {
  const spans = trace.spans.toSorted((a, b) => a.startTime - b.startTime)
  const startTime = spans[0]?.startTime ?? 0
  const endTime = spans.reduce((latest, span) => Math.max(latest, endOf(span)), startTime)
  const amounts = spans.flatMap((span) => (span.cost.amount === null ? [] : [span.cost.amount]))
  const sum = amounts.reduce<number>((total, amount) => total + amount, 0)
  return {
    trace_id: trace.traceId,
    tenant_id: trace.tenantId,
    created_at: rfc3339(startTime),
    start_time: rfc3339(startTime),
    end_time: rfc3339(endTime),
    duration_ms: endTime - startTime,
    span_count: spans.length,
    total_tokens: spans.reduce((total, span) => total + (span.usage === null ? 0 : totalTokens(span.usage)), 0),
    estimated_cost_usd: amounts.length === 0 ? null : usdOf(sum as NanoUsd),
    error_count: spans.filter((span) => span.status !== 'ok').length,
    finding_count: spans.reduce((total, span) => total + span.findings.length, 0),
    security_score: scoreOf(spans.flatMap((span) => span.findings)),
    spans: spans.map((span) => toWireSpan(span, 'full')),
  }
}

export function toWireAction(action: AgentAction, detail: Detail): WireAction {
  return {
    id: action.id,
    action_type: action.actionType,
    name: action.name,
    arguments: detail === 'full' ? action.arguments : null,
    result: detail === 'full' ? action.result : null,
    duration_ms: action.durationMs,
    success: action.isSuccess,
    exit_code: action.exitCode,
    http_method: action.httpMethod,
    http_status: action.httpStatus,
    file_operation: action.fileOperation,
    timestamp: rfc3339(action.time),
    metadata: action.metadata,
  }
}

export function toWireFinding(finding: Finding): WireFinding {
  return {
    id: finding.id,
    finding_type: finding.findingType,
    category: finding.category,
    severity: finding.severity,
    confidence_score: finding.confidence,
    description: finding.description,
    direction: finding.direction,
    origin: finding.origin,
    location: finding.pointer,
    range: finding.range === null ? null : { start_utf16: finding.range.startUtf16, end_utf16: finding.range.endUtf16 },
    rule_id: finding.ruleId,
    via: [...finding.via],
    excerpt: finding.excerpt,
    action: finding.action,
    shadow_action: finding.shadowAction,
  }
}

export function toWireUsage(usage: Omit<Usage, 'reported'>): z.infer<typeof usageSchema> {
  return {
    input: usage.input,
    cache_read: usage.cacheRead,
    cache_write: usage.cacheWrite,
    output: usage.output,
    reasoning: usage.reasoning,
  }
}

/** `origin: text` a line; tool calls and results carry their name. Null where no text was kept. */
export function promptOf(segments: readonly Segment[]): string | null {
  const lines = segments
    .filter((segment) => segment.origin !== 'tool_definition')
    .map(({ origin, name, text }) => `${name !== null && origin.startsWith('tool_') ? `${origin} ${name}` : origin}: ${text}`)
  return lines.length === 0 ? null : lines.join('\n')
}

/** Null where nothing visible was kept: an answer of tool calls alone, or a capture policy without texts. */
export function responseOf(segments: readonly Segment[]): string | null {
  const isVisible = segments.some((segment) => segment.origin === 'assistant' && segment.kind !== 'reasoning')
  return isVisible ? visibleText(segments) : null
}

export function usdOf(amount: NanoUsd | null): number | null {
  return amount === null ? null : toUsd(amount)
}

function endOf(span: TraceSpan): number {
  return span.startTime + Math.round(span.durationMs)
}

function toWireSegment(segment: Segment): z.infer<typeof segmentSchema> {
  return { origin: segment.origin, pointer: segment.pointer, kind: segment.kind, text: segment.text, name: segment.name }
}

function toWireCost(cost: Cost): z.infer<typeof costSchema> {
  return { usd: usdOf(cost.amount), status: cost.status, price_id: cost.priceId, effective_date: cost.effectiveDate }
}
