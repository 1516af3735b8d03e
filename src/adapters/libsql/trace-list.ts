/** Pages of traces. A trace has the place of its first span, its root; it is listed when any of its spans matches. */
import { and, asc, count, desc, eq, inArray, sql, type SQL } from 'drizzle-orm'
import type { LibSQLDatabase } from 'drizzle-orm/libsql'
import type { TenantId } from '../../core/domain/ids.ts'
import type { Page, PageRequest, SpanFilter, TraceRow } from '../../core/domain/query.ts'
import { readCursor } from './cursor.ts'
import { readPageRequest, pageOf, SEQ_TEXT } from './lists.ts'
import { afterCursor, matching, type MatchingSpans } from './span-filter.ts'
import { SPAN_SELECTION, spanOf } from './span-row.ts'
import { COST_SUM, readCostSum, TOKENS_TOTAL } from './sums.ts'
import { spans } from './trace-schema.ts'

/** Matching spans looked at first for each trace of the page, and how many times more each further time. */
const SPANS_A_TRACE = 4
const GROWTH = 8

export async function listTraces(db: LibSQLDatabase, filter: SpanFilter, page: PageRequest): Promise<Page<TraceRow>> {
  const { limit, offset, cursor } = readPageRequest(page, readCursor)
  const { tenantId } = filter
  const found = matching(filter, tenantId)
  const wanted = { tenantId, order: page.order, limit: limit + 1, offset, cursor }
  const total = await countTraces(db, found, tenantId)
  const roots = found.isAll ? await rootsOfAll(db, wanted) : await rootsOfMatching(db, found, wanted)
  const rows = await readRows(db, wanted, roots)
  return pageOf(rows, limit, total, ({ trace }) => trace)
}

type Wanted = {
  readonly tenantId: TenantId
  readonly order: 'asc' | 'desc'
  /** One more than the page shows. */
  readonly limit: number
  readonly offset: number
  readonly cursor: bigint | null
}

async function countTraces(db: LibSQLDatabase, { rows, isAll }: MatchingSpans, tenantId: TenantId): Promise<number> {
  // By the index of traces they come in order, so that no set of ids has to be kept.
  const query = isAll
    ? db
        .select({ total: count() })
        .from(sql`(SELECT 1 FROM spans INDEXED BY spans_by_trace WHERE tenant_id = ${tenantId} GROUP BY trace_id)`)
    : db
        .select({ total: sql`count(DISTINCT spans.trace_id)`.mapWith(Number) })
        .from(rows.from)
        .where(rows.where)
  const [counted] = await query
  return Number(counted?.total ?? 0)
}

/** Without a filter: walks the spans in the order of time and keeps those that are the first of their trace. */
async function rootsOfAll(db: LibSQLDatabase, wanted: Wanted): Promise<readonly bigint[]> {
  const rows = await db
    .select({ seq: SEQ_TEXT })
    .from(sql`spans INDEXED BY spans_by_time`)
    .where(
      and(
        eq(spans.tenantId, wanted.tenantId),
        sql`NOT EXISTS (
          SELECT 1 FROM spans AS earlier
          WHERE earlier.tenant_id = spans.tenant_id AND earlier.trace_id = spans.trace_id AND earlier.seq < spans.seq
        )`,
        afterCursor(sql`spans.seq`, wanted.cursor, wanted.order),
      ),
    )
    .orderBy(ordered(sql`spans.seq`, wanted.order))
    .limit(wanted.limit)
    .offset(wanted.offset)
  return rows.map((row) => BigInt(row.seq))
}

/**
 * With a filter: the newest matching spans lead to their roots. A root is never later than its spans, so the page is certain as soon
 * as its last root is not before the last span looked at; until then more spans are looked at. Oldest first there is no such bound,
 * and all matching spans are.
 */
async function rootsOfMatching(db: LibSQLDatabase, { rows }: MatchingSpans, wanted: Wanted): Promise<readonly bigint[]> {
  const { tenantId, order, limit, offset, cursor } = wanted
  for (let looks = SPANS_A_TRACE * (limit + offset); ; looks *= GROWTH) {
    const looksMax = order === 'asc' ? -1 : looks
    const found = await db.all<{ seq: string | null; looked: unknown; is_certain: unknown }>(sql`
      WITH head AS MATERIALIZED (
        SELECT spans.seq AS seq, spans.trace_id AS trace_id
        FROM ${rows.from} WHERE ${rows.where ?? sql`TRUE`} ORDER BY ${rows.seq} DESC LIMIT ${looksMax}
      ), roots AS (
        SELECT DISTINCT (SELECT min(r.seq) FROM spans AS r WHERE r.tenant_id = ${tenantId} AND r.trace_id = head.trace_id) AS seq
        FROM head
      ), page AS (
        SELECT seq FROM roots WHERE ${afterCursor(sql`seq`, cursor, order) ?? sql`TRUE`}
        ORDER BY ${ordered(sql`seq`, order)} LIMIT ${limit} OFFSET ${offset}
      )
      SELECT CAST(page.seq AS TEXT) AS seq, looks.looked, page.seq >= looks.lowest AS is_certain
      FROM (SELECT count(*) AS looked, min(seq) AS lowest FROM head) AS looks LEFT JOIN page
      ORDER BY ${ordered(sql`page.seq`, order)}`)
    const roots = found.flatMap(({ seq }) => (seq === null ? [] : [BigInt(seq)]))
    const isCertain = roots.length === limit && Number(found.at(-1)?.is_certain) === 1
    if (isCertain || looksMax < 0 || Number(found[0]?.looked) < looksMax) return roots
  }
}

async function readRows(
  db: LibSQLDatabase,
  { tenantId, order }: Wanted,
  roots: readonly bigint[],
): Promise<readonly { readonly seq: string; readonly trace: TraceRow }[]> {
  if (roots.length === 0) return []
  const ofPage = inArray(
    spans.traceId,
    db
      .select({ traceId: spans.traceId })
      .from(spans)
      .where(sql`${spans.seq} IN (SELECT value FROM json_each(${`[${roots.join()}]`}))`),
  )
  // One batch: both see the same moment.
  const [rootRows, sums] = await db.batch([
    db
      .select({ span: SPAN_SELECTION, seq: SEQ_TEXT })
      .from(spans)
      .where(sql`${spans.seq} IN (SELECT value FROM json_each(${`[${roots.join()}]`}))`)
      .orderBy(ordered(sql`spans.seq`, order)),
    db
      .select({
        traceId: spans.traceId,
        spanCount: count(),
        endTime: sql`max(start_time + duration_ms)`.mapWith(Number),
        totalTokens: TOKENS_TOTAL,
        cost: COST_SUM,
        errorCount: sql`sum(status <> 'ok')`.mapWith(Number),
        findingCount: sql`sum((SELECT count(*) FROM findings WHERE findings.seq = spans.seq))`.mapWith(Number),
        scoreMax: sql<number | null>`max(security_score)`,
      })
      .from(spans)
      .where(and(eq(spans.tenantId, tenantId), ofPage))
      .groupBy(spans.traceId),
  ])
  const byTrace = new Map(sums.map((sum) => [sum.traceId, sum]))
  return rootRows.flatMap(({ seq, span }) => {
    const sum = byTrace.get(span.traceId)
    if (sum === undefined) return []
    const root = spanOf(span)
    const { endTime, totalTokens, errorCount, findingCount, scoreMax } = sum
    const trace: TraceRow = {
      traceId: root.traceId,
      startTime: root.startTime,
      endTime,
      root,
      spanCount: Number(sum.spanCount),
      totalTokens,
      cost: readCostSum(sum.cost),
      errorCount,
      findingCount,
      scoreMax,
    }
    return [{ seq, trace }]
  })
}

function ordered(value: SQL, order: 'asc' | 'desc'): SQL {
  return order === 'asc' ? asc(value) : desc(value)
}
