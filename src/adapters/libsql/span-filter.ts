/**
 * Which spans a filter means, as SQL. The one place that says whose spans: everything that reads many spans goes through `matching`.
 * It also chooses where to begin, since without statistics SQLite cannot tell a session from a provider.
 */
import { and, eq, gte, lt, lte, ne, sql, type SQL } from 'drizzle-orm'
import type { TenantId } from '../../core/domain/ids.ts'
import type { SpanFilter } from '../../core/domain/query.ts'
import { matchOf } from './search-text.ts'
import { seqFrom } from './seq.ts'
import { ACTION_BITS } from './span-row.ts'
import { actions, findings, spans, spanTags } from './trace-schema.ts'

/** `FROM from WHERE where` gives each matching span once; `seq` is its row id there. */
export type Matching = { readonly from: SQL; readonly where: SQL | undefined; readonly seq: SQL }

export type MatchingSpans = {
  /** With the columns of `spans`. */
  readonly rows: Matching
  /** Without them where an index alone can tell: for counts and pages. */
  readonly ids: Matching
  /** True where every span of the tenant matches. */
  readonly isAll: boolean
}

type Relation = 'spans' | 'spans_fts' | 'findings' | 'actions' | 'span_tags'

/** The row id of a span in what is read first. */
const SEQ: { readonly [relation in Relation]: SQL } = {
  spans: sql`spans.seq`,
  spans_fts: sql`spans_fts.rowid`,
  findings: sql`found.seq`,
  actions: sql`found.seq`,
  span_tags: sql`span_tags.seq`,
}

/** `tenantId: null` is over all tenants. */
export function matching(filter: SpanFilter, tenantId: TenantId | null): MatchingSpans {
  const match = filter.text === null ? null : matchOf(tenantId, filter.text)
  const first = firstRelation(filter, match)
  const seq = SEQ[first]
  const own = ownConditions(filter)
  const ofTenant = tenantId === null ? undefined : eq(spans.tenantId, tenantId)
  const time = [
    filter.startTime === null ? undefined : sql`${seq} >= ${seqFrom(filter.startTime)}`,
    filter.endTime === null ? undefined : sql`${seq} < ${seqFrom(filter.endTime)}`,
  ]
  const others = [
    match === null
      ? undefined
      : first === 'spans_fts'
        ? sql`spans_fts MATCH ${match}`
        : sql`EXISTS (SELECT 1 FROM spans_fts WHERE spans_fts.rowid = ${seq} AND spans_fts MATCH ${match})`,
    filter.tag === null
      ? undefined
      : first === 'span_tags'
        ? and(tenantId === null ? undefined : eq(spanTags.tenantId, tenantId), tagCondition(filter.tag))
        : sql`EXISTS (SELECT 1 FROM span_tags WHERE span_tags.seq = ${seq} AND ${tagCondition(filter.tag)})`,
    filter.findingType === null || first === 'findings'
      ? undefined
      : sql`EXISTS (SELECT 1 FROM findings WHERE findings.seq = ${seq} AND ${eq(findings.findingType, filter.findingType)})`,
    filter.actionName === null || first === 'actions'
      ? undefined
      : sql`EXISTS (SELECT 1 FROM actions WHERE actions.seq = ${seq} AND ${eq(actions.name, filter.actionName)})`,
  ]
  const from = fromOf(first, filter, tenantId, own.hasIndex)
  const joined = first === 'spans' ? from : sql`${from} CROSS JOIN spans ON spans.seq = ${seq}`
  const rows = { from: joined, where: and(ofTenant, ...time, ...others, ...own.conditions), seq }
  // A full-text search names its tenant as a word, the other relations as a column.
  const isNarrow = first !== 'spans' && own.conditions.length === 0
  return {
    rows,
    ids: isNarrow ? { from, where: and(...time, ...others), seq } : rows,
    isAll: first === 'spans' && own.conditions.length === 0 && [...time, ...others].every((one) => one === undefined),
  }
}

/** The relation that probably leaves the fewest spans. */
function firstRelation(filter: SpanFilter, match: string | null): Relation {
  if (filter.sessionId !== null) return 'spans'
  if (match !== null) return 'spans_fts'
  if (filter.userId !== null || filter.agentId !== null) return 'spans'
  if (filter.findingType !== null) return 'findings'
  if (filter.actionName !== null) return 'actions'
  return filter.tag === null ? 'spans' : 'span_tags'
}

function fromOf(first: Relation, filter: SpanFilter, tenantId: TenantId | null, hasIndex: boolean): SQL {
  // A span may have several findings of one type, or actions of one name.
  if (first === 'findings') {
    return sql`(SELECT DISTINCT seq FROM findings WHERE ${tenantCondition(tenantId)} finding_type = ${filter.findingType}) AS found`
  }
  if (first === 'actions') {
    return sql`(SELECT DISTINCT seq FROM actions WHERE ${tenantCondition(tenantId)} name = ${filter.actionName}) AS found`
  }
  // Without a word from us SQLite may walk an index whose order is not that of time, and fetch the table's pages at random.
  if (first === 'spans' && !hasIndex && tenantId !== null) return sql`spans INDEXED BY spans_by_time`
  return sql.raw(first)
}

function tenantCondition(tenantId: TenantId | null): SQL | undefined {
  return tenantId === null ? sql`` : sql`tenant_id = ${tenantId} AND`
}

function tagCondition(tag: NonNullable<SpanFilter['tag']>): SQL | undefined {
  return and(eq(spanTags.key, tag.key), tag.value === null ? undefined : eq(spanTags.value, tag.value))
}

/** Conditions on columns of `spans`. Of those with an index the first one uses it; a `+` keeps SQLite from the others. */
function ownConditions(filter: SpanFilter): { readonly conditions: readonly SQL[]; readonly hasIndex: boolean } {
  const equalities = [
    { column: spans.sessionId, value: filter.sessionId },
    { column: spans.userId, value: filter.userId },
    { column: spans.agentId, value: filter.agentId },
    { column: spans.model, value: filter.model },
    { column: spans.provider, value: filter.provider },
  ].filter(({ value }) => value !== null)
  const conditions = [
    ...equalities.map(({ column, value }, i) => (i === 0 ? sql`${column} = ${value}` : sql`+${column} = ${value}`)),
    filter.operation === null ? undefined : sql`${spans.operationName} = ${filter.operation}`,
    filter.status === null ? undefined : eq(spans.status, filter.status),
    filter.scoreMin === null ? undefined : gte(spans.securityScore, filter.scoreMin),
    filter.scoreMax === null ? undefined : lte(spans.securityScore, filter.scoreMax),
    filter.costMin === null ? undefined : gte(spans.costNanoUsd, filter.costMin),
    filter.durationMsMin === null ? undefined : gte(spans.durationMs, filter.durationMsMin),
    filter.hasToolCalls === null ? undefined : filter.hasToolCalls ? ne(spans.actionTypes, 0) : eq(spans.actionTypes, 0),
    filter.hasWebAccess === null ? undefined : hasBit(ACTION_BITS.web_access, filter.hasWebAccess),
    filter.hasCommands === null ? undefined : hasBit(ACTION_BITS.command_execution, filter.hasCommands),
  ].filter((condition) => condition !== undefined)
  return { conditions, hasIndex: equalities.length > 0 }
}

function hasBit(bit: number, isSet: boolean): SQL {
  return isSet ? sql`${spans.actionTypes} & ${bit} <> 0` : sql`${spans.actionTypes} & ${bit} = 0`
}

/** For pages: rows after the cursor, in the order asked for. */
export function afterCursor(seq: SQL, cursor: bigint | null, order: 'asc' | 'desc'): SQL | undefined {
  if (cursor === null) return undefined
  return order === 'asc' ? sql`${seq} > ${cursor}` : lt(seq, cursor)
}
