/** The questions of the query API and the answers that are not traces: parameters into filters, bodies into actions, stats into JSON. */
import { z } from '@hono/zod-openapi'
import { cutUtf8 } from '../core/capture/kept-text.ts'
import { SEVERITIES } from '../core/domain/finding.ts'
import type { TenantId } from '../core/domain/ids.ts'
import { nanoUsd, type NanoUsd } from '../core/domain/money.ts'
import {
  PAGE_LIMIT_DEFAULT,
  PAGE_LIMIT_MAX,
  type ActionsSummary,
  type PageRequest,
  type ReportedAction,
  type SpanFilter,
  type Stats,
  type StatsGroup,
  type StatsRow,
} from '../core/domain/query.ts'
import { err, ok, type Result } from '../core/domain/result.ts'
import { rfc3339, type EpochMs } from '../core/domain/time.ts'
import {
  countSchema,
  oneOf,
  parameter,
  readBoolean,
  readInteger,
  readLine,
  readNumber,
  strictObject,
  timeParameter,
  timeSchema,
  traceIdSchema,
  usdSchema,
  type Problem,
} from './common.ts'
import { ACTION_TYPES, OPERATIONS, STATUSES, actionSchema, findingSchema, toWireUsage, usageSchema, usdOf } from './trace.ts'

const VALUE_CHARS_MAX = 256
const SEARCH_CHARS_MAX = 512
const CURSOR_CHARS_MAX = 1024
const DAY_MS = 86_400_000

export const CURSOR_RULE = 'must be the next_cursor of an earlier answer'

/** Bytes of UTF-8 kept of an action's result. */
export const RESULT_BYTES_MAX = 4096
const ARGUMENTS_BYTES_MAX = 8192
/** Bytes of a reported action's body. */
export const ACTION_BODY_BYTES_MAX = 65_536
const METADATA_ENTRIES_MAX = 32

export const STATS_GROUPS = [
  'hour',
  'day',
  'model',
  'provider',
  'agent',
  'user',
  'tag',
] as const satisfies readonly StatsGroup[]

// --- parameters -----------------------------------------------------------------------------------------------------------------

/** A text of one line, as most columns hold it. */
export const lineParameter = (description: string, example?: string) => line(description, VALUE_CHARS_MAX, example)

const line = (description: string, charsMax = VALUE_CHARS_MAX, example?: string) =>
  parameter(description, `must be 1 to ${charsMax} characters without control characters`, (text) => readLine(text, charsMax), {
    type: 'string',
    minLength: 1,
    maxLength: charsMax,
    ...(example === undefined ? {} : { example }),
  })

const flag = (description: string) => parameter(description, 'must be true or false', readBoolean, { type: 'boolean' })

const score = (description: string) =>
  parameter(description, 'must be a number from 0 to 100', (text) => readNumber(text, 0, 100), {
    type: 'number',
    minimum: 0,
    maximum: 100,
  })

/** `key=value` is exact, since a key holds no `=`; `key:value` is LLMTrace's form. */
function readTag(text: string): { readonly key: string; readonly value: string | null } | undefined {
  if (readLine(text, VALUE_CHARS_MAX) === undefined) return undefined
  const at = text.includes('=') ? text.indexOf('=') : text.indexOf(':')
  if (at === -1) return { key: text, value: null }
  return at === 0 ? undefined : { key: text.slice(0, at), value: text.slice(at + 1) }
}

function readUsd(text: string): NanoUsd | undefined {
  const usd = readNumber(text, 0, 9_000_000)
  return usd === undefined ? undefined : (nanoUsd(usd) ?? undefined)
}

function readZone(text: string): string | undefined {
  // An offset is no zone: it knows no daylight saving.
  if (!/^[A-Za-z][A-Za-z0-9_+\-/]{0,63}$/.test(text)) return undefined
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone === '' ? undefined : text
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

export const filterShape = {
  start_time: timeParameter('Spans that started at this time or later. Any offset is read.'),
  end_time: timeParameter('Spans that started before this time.'),
  provider: parameter(
    'Provider, by its name in lower case.',
    `must be 1 to ${VALUE_CHARS_MAX} characters without control characters`,
    (text) => readLine(text, VALUE_CHARS_MAX)?.toLowerCase(),
    { type: 'string', minLength: 1, maxLength: VALUE_CHARS_MAX, example: 'openai' },
  ),
  model: line('Model, by its whole name.', VALUE_CHARS_MAX, 'gpt-4.1-mini'),
  agent_id: line('As sent in `X-LLMTrace-Agent-ID`.'),
  user_id: line('As sent in `X-LLMTrace-User-ID`, or in the request itself.'),
  session_id: line('As sent in `X-LLMTrace-Session-ID`.'),
  tag: parameter(
    'A tag: `key`, `key=value` or `key:value`.',
    `must be key, key=value or key:value, of at most ${VALUE_CHARS_MAX} characters`,
    readTag,
    { type: 'string', minLength: 1, maxLength: VALUE_CHARS_MAX, example: 'env=prod' },
  ),
  status: oneOf('How the call ended.', STATUSES),
  min_score: score('Security score of at least this.'),
  finding_type: line('Spans with a finding of this type.', VALUE_CHARS_MAX, 'prompt_injection'),
  min_cost_usd: parameter(
    'Priced at no less than this, in US dollars.',
    'must be a number of US dollars from 0 to 9000000, such as 0.05',
    readUsd,
    { type: 'number', minimum: 0, maximum: 9_000_000 },
  ),
  min_duration_ms: parameter(
    'Took no less than this, in milliseconds.',
    'must be a number of milliseconds from 0',
    (text) => readNumber(text, 0, Number.MAX_SAFE_INTEGER),
    { type: 'number', minimum: 0 },
  ),
  has_tool_calls: flag('With or without any agent action.'),
  has_web_access: flag('With or without an action of type `web_access`.'),
  has_commands: flag('With or without an action of type `command_execution`.'),
  action_name: line('With an action of this name.', VALUE_CHARS_MAX, 'get_weather'),
  q: line('Words that must all occur in the prompt or the answer.', SEARCH_CHARS_MAX, 'refund policy'),
}

const spanFilterShape = {
  ...filterShape,
  operation_name: oneOf('What the call asked for.', OPERATIONS),
  security_score_min: score('Security score of at least this.'),
  security_score_max: score('Security score of at most this; spans without findings have none.'),
}

export const pageShape = {
  limit: parameter(
    `Rows a page, at least 1. More than ${PAGE_LIMIT_MAX} is read as ${PAGE_LIMIT_MAX}.`,
    'must be a whole number from 1',
    (text) => readInteger(text, 1, Number.MAX_SAFE_INTEGER),
    { type: 'integer', minimum: 1, default: PAGE_LIMIT_DEFAULT },
  ),
  offset: parameter(
    'Rows to pass over. Far into a list, `cursor` is the cheaper way.',
    'must be a whole number from 0',
    (text) => readInteger(text, 0, Number.MAX_SAFE_INTEGER),
    { type: 'integer', minimum: 0, default: 0 },
  ),
  cursor: parameter(
    '`next_cursor` of the page before, with the same filters and order. It wins over `offset`.',
    CURSOR_RULE,
    (text) => (/^[\w.~+/=-]+$/.test(text) ? readLine(text, CURSOR_CHARS_MAX) : undefined),
    { type: 'string' },
  ),
  order: oneOf('By start time: the newest first, or the oldest.', ['desc', 'asc'], 'desc'),
}

const statsShape = {
  group_by: oneOf('Adds one row a group. With `tag` a call counts under each of its tags.', STATS_GROUPS),
  tz: parameter('Zone in which hours and days begin.', 'must be an IANA time zone, such as Europe/Berlin', readZone, {
    type: 'string',
    default: 'UTC',
    example: 'Europe/Berlin',
  }),
}

export const traceListQuery = strictObject('parameter', { ...filterShape, ...pageShape })
export const spanListQuery = strictObject('parameter', { ...spanFilterShape, ...pageShape })
export const actionsSummaryQuery = strictObject('parameter', spanFilterShape)
export const statsQuery = strictObject('parameter', { ...spanFilterShape, ...statsShape })
export const noQuery = strictObject('parameter', {})

type FilterQuery = Partial<z.infer<typeof actionsSummaryQuery>>

/** Fails where the range ends before it begins. */
export function readRange({
  start_time: startTime = null,
  end_time: endTime = null,
}: {
  readonly start_time?: EpochMs | null | undefined
  readonly end_time?: EpochMs | null | undefined
}): Result<Pick<SpanFilter, 'startTime' | 'endTime'>, Problem> {
  if (startTime !== null && endTime !== null && endTime <= startTime) {
    return err({ message: 'parameter end_time must be later than start_time', param: 'end_time' })
  }
  return ok({ startTime, endTime })
}

/** As `readRange`. */
export function toFilter(query: FilterQuery, tenantId: TenantId): Result<SpanFilter, Problem> {
  const range = readRange(query)
  if (!range.ok) return range
  const scores = [query.min_score, query.security_score_min].filter((value) => value !== undefined)
  return ok({
    tenantId,
    ...range.value,
    provider: query.provider ?? null,
    model: query.model ?? null,
    operation: query.operation_name ?? null,
    agentId: query.agent_id ?? null,
    userId: query.user_id ?? null,
    sessionId: query.session_id ?? null,
    tag: query.tag ?? null,
    status: query.status ?? null,
    scoreMin: scores.length === 0 ? null : Math.max(...scores),
    scoreMax: query.security_score_max ?? null,
    findingType: query.finding_type ?? null,
    costMin: query.min_cost_usd ?? null,
    durationMsMin: query.min_duration_ms ?? null,
    hasToolCalls: query.has_tool_calls ?? null,
    hasWebAccess: query.has_web_access ?? null,
    hasCommands: query.has_commands ?? null,
    actionName: query.action_name ?? null,
    text: query.q ?? null,
  })
}

/** The range of stats: what is missing is filled so that it ends now and spans a day. */
export function withStatsRange(query: z.infer<typeof statsQuery>, now: EpochMs): z.infer<typeof statsQuery> & StatsRange {
  const end_time = query.end_time ?? now
  return { ...query, start_time: query.start_time ?? end_time - DAY_MS, end_time }
}

type StatsRange = { readonly start_time: EpochMs; readonly end_time: EpochMs }

export function toPage(query: Partial<z.infer<typeof traceListQuery>>): PageRequest {
  return {
    limit: Math.min(query.limit ?? PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX),
    offset: query.offset ?? 0,
    cursor: query.cursor ?? null,
    order: query.order ?? 'desc',
  }
}

// --- stats ----------------------------------------------------------------------------------------------------------------------

const percentilesSchema = z
  .object({ p50: z.number().nullable(), p95: z.number().nullable(), p99: z.number().nullable() })
  .openapi('Percentiles', { description: 'Milliseconds; null where nothing was measured.' })

const statsRowShape = {
  requests: countSchema,
  errors: countSchema.openapi({ description: 'Calls whose status is not `ok`.' }),
  total_tokens: countSchema,
  usage: usageSchema,
  cost_usd: usdSchema.nullable().openapi({
    description: 'US dollars, priced and estimated calls together; null where there are calls and none has a price.',
  }),
  unpriced_requests: countSchema.openapi({ description: 'Calls that `cost_usd` leaves out.' }),
  findings: z.object({ info: countSchema, low: countSchema, medium: countSchema, high: countSchema, critical: countSchema }),
  latency_ms: percentilesSchema,
  time_to_first_token_ms: percentilesSchema,
}

const statsTotalSchema = z.object(statsRowShape).openapi('StatsTotal')

const statsGroupSchema = z
  .object({
    key: z.string().nullable().openapi({
      description: 'The group: RFC 3339 start of the hour or day, model, provider, agent, user, `key=value`; null for "none".',
    }),
    ...statsRowShape,
  })
  .openapi('StatsGroup')

export const statsSchema = z
  .object({
    start_time: timeSchema.openapi({ description: 'The range that was used: from here …' }),
    end_time: timeSchema.openapi({ description: '… up to but not including here.' }),
    group_by: z.enum(STATS_GROUPS).nullable(),
    tz: z.string(),
    total_traces: countSchema,
    total_spans: countSchema,
    oldest_trace: timeSchema.nullable(),
    newest_trace: timeSchema.nullable(),
    total: statsTotalSchema,
    groups: z.array(statsGroupSchema).openapi({
      description:
        'Empty without `group_by`; else at most 1000 groups, those with the most requests, or the newest 10000 hours or days.',
    }),
  })
  .openapi('Stats')

export function toWireStats(
  stats: Stats,
  asked: StatsRange & { readonly groupBy: StatsGroup | null; readonly timeZone: string },
): z.infer<typeof statsSchema> {
  return {
    start_time: rfc3339(asked.start_time),
    end_time: rfc3339(asked.end_time),
    group_by: asked.groupBy,
    tz: asked.timeZone,
    total_traces: stats.traces,
    total_spans: stats.total.requests,
    oldest_trace: stats.oldest === null ? null : rfc3339(stats.oldest),
    newest_trace: stats.newest === null ? null : rfc3339(stats.newest),
    total: toWireStatsRow(stats.total),
    groups: stats.groups.map((row) => ({ key: row.key, ...toWireStatsRow(row) })),
  }
}

function toWireStatsRow(row: StatsRow): z.infer<typeof statsTotalSchema> {
  const isPriceless = row.requests > 0 && row.unpricedRequests === row.requests
  const [info = 0, low = 0, medium = 0, high = 0, critical = 0] = SEVERITIES.map((severity) => row.findings[severity])
  return {
    requests: row.requests,
    errors: row.errors,
    total_tokens: row.tokens.total,
    usage: toWireUsage(row.tokens),
    cost_usd: isPriceless ? null : usdOf(row.cost),
    unpriced_requests: row.unpricedRequests,
    findings: { info, low, medium, high, critical },
    latency_ms: { ...row.latencyMs },
    time_to_first_token_ms: { ...row.ttftMs },
  }
}

// --- actions --------------------------------------------------------------------------------------------------------------------

const bodyText = (charsMax: number) => {
  const rule = `must be a text of 1 to ${charsMax} characters`
  return z.string({ error: rule }).min(1, rule).max(charsMax, rule)
}

const bodyInteger = (min: number, max: number) => {
  const rule = `must be a whole number from ${min} to ${max}`
  return z.number({ error: rule }).int(rule).min(min, rule).max(max, rule).nullish()
}

/** A text that is cut, between two code points, rather than refused. */
const cutText = (bytesMax: number) =>
  z
    .string({ error: 'must be a text' })
    .transform((text) => cutUtf8(text, bytesMax))
    .nullish()
    .openapi({ type: ['string', 'null'], description: `Cut after ${bytesMax} bytes of UTF-8.` })

export const reportedActionSchema = strictObject('field', {
  action_type: z.enum(ACTION_TYPES, { error: `must be one of ${ACTION_TYPES.join(', ')}` }),
  name: bodyText(VALUE_CHARS_MAX).openapi({ example: 'run_tests' }),
  arguments: cutText(ARGUMENTS_BYTES_MAX),
  result: cutText(RESULT_BYTES_MAX),
  duration_ms: z
    .number({ error: 'must be a number of milliseconds from 0' })
    .min(0, 'must be a number of milliseconds from 0')
    .nullish()
    .openapi({ description: 'Milliseconds.' }),
  success: z.boolean({ error: 'must be true or false' }).optional().openapi({ default: true }),
  exit_code: bodyInteger(-2_147_483_648, 4_294_967_295),
  http_method: bodyText(16).nullish().openapi({ example: 'GET' }),
  http_status: bodyInteger(100, 599),
  file_operation: bodyText(64).nullish().openapi({ example: 'read' }),
  metadata: z
    .record(bodyText(128), z.string({ error: 'must be a text' }).max(1024, 'must be a text of at most 1024 characters'), {
      error: 'must be an object of texts',
    })
    .refine(
      (entries) => Object.keys(entries).length <= METADATA_ENTRIES_MAX,
      `must have at most ${METADATA_ENTRIES_MAX} entries`,
    )
    .optional(),
}).openapi('ReportedAction')

export const actionAddedSchema = z
  .object({
    status: z.literal('ok'),
    action_id: z.string(),
    trace_id: traceIdSchema,
    action: actionSchema,
    security_findings: z.array(findingSchema).openapi({ description: 'What was found in the action; on the span too.' }),
  })
  .openapi('ActionAdded')

export function toReportedAction(body: z.infer<typeof reportedActionSchema>): ReportedAction {
  return {
    actionType: body.action_type,
    name: body.name,
    arguments: body.arguments ?? null,
    result: body.result ?? null,
    durationMs: body.duration_ms ?? null,
    isSuccess: body.success ?? true,
    exitCode: body.exit_code ?? null,
    httpMethod: body.http_method ?? null,
    httpStatus: body.http_status ?? null,
    fileOperation: body.file_operation ?? null,
    metadata: body.metadata ?? {},
  }
}

export const actionsSummarySchema = z
  .object({
    total_spans: countSchema,
    spans_with_tool_calls: countSchema,
    spans_with_web_access: countSchema,
    spans_with_commands: countSchema,
    action_counts: z.record(z.string(), countSchema).openapi({ example: { tool_call: 12, web_access: 3 } }),
    top_actions: z
      .array(z.object({ name: z.string(), action_type: z.enum(ACTION_TYPES), count: countSchema }))
      .openapi({ description: 'At most 20, the most frequent first.' }),
  })
  .openapi('ActionsSummary')

export function toWireActionsSummary(summary: ActionsSummary): z.infer<typeof actionsSummarySchema> {
  return {
    total_spans: summary.totalSpans,
    spans_with_tool_calls: summary.spansWithToolCalls,
    spans_with_web_access: summary.spansWithWebAccess,
    spans_with_commands: summary.spansWithCommands,
    action_counts: { ...summary.actionCounts },
    top_actions: summary.topActions.map(({ name, actionType, count }) => ({ name, action_type: actionType, count })),
  }
}
