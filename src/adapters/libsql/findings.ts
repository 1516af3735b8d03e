/**
 * Pages of findings over all spans of a tenant. The findings lead and the spans follow: there are fewer findings than spans, and both
 * lie in the order of time.
 */
import { and, asc, count, desc, eq, gte, sql, type SQL } from 'drizzle-orm'
import type { LibSQLDatabase } from 'drizzle-orm/libsql'
import type { Finding } from '../../core/domain/finding.ts'
import type { FindingFilter, FindingRow, Page, PageRequest } from '../../core/domain/query.ts'
import { readPlaceCursor } from './cursor.ts'
import { pageOf, readPageRequest } from './lists.ts'
import { seqFrom } from './seq.ts'
import { findings } from './trace-schema.ts'

export async function listFindings(db: LibSQLDatabase, filter: FindingFilter, page: PageRequest): Promise<Page<FindingRow>> {
  const { limit, offset, cursor } = readPageRequest(page, readPlaceCursor)
  const { from, where } = matchingFindings(filter)
  const isAsc = page.order === 'asc'
  const order = isAsc ? asc : desc
  const after =
    cursor === null
      ? undefined
      : sql`(findings.seq, findings.position) ${sql.raw(isAsc ? '>' : '<')} (${cursor.seq}, ${cursor.position})`
  // Only the places first: what is passed over by `offset` costs no row of either table.
  const wanted = sql`(
    SELECT findings.seq, findings.position FROM ${from} WHERE ${and(where, after)}
    ORDER BY ${order(sql`findings.seq`)}, ${order(sql`findings.position`)} LIMIT ${limit + 1} OFFSET ${offset}
  ) AS wanted`
  // One batch: both see the same moment.
  const [rows, totals] = await db.batch([
    db
      .select({
        seq: sql<string>`CAST(wanted.seq AS TEXT) || '.' || CAST(wanted.position AS INTEGER)`,
        row: {
          finding: sql`findings.data`.mapWith((text: string): Finding => JSON.parse(text)),
          traceId: sql<FindingRow['traceId']>`spans.trace_id`,
          spanId: sql<FindingRow['spanId']>`spans.span_id`,
          startTime: sql<number>`spans.start_time`,
          provider: sql<string>`spans.provider`,
          model: sql<string | null>`spans.model`,
          agentId: sql<string | null>`spans.agent_id`,
        },
      })
      .from(
        sql`${wanted} CROSS JOIN findings ON findings.seq = wanted.seq AND findings.position = wanted.position
          CROSS JOIN spans ON spans.seq = wanted.seq`,
      )
      .orderBy(order(sql`wanted.seq`), order(sql`wanted.position`)),
    db.select({ total: count() }).from(from).where(where),
  ])
  return pageOf(rows, limit, Number(totals[0]?.total ?? 0), ({ row }) => row)
}

/** Without a word from us SQLite would sort all findings of a type, or walk them in another order than that of time. */
function matchingFindings(filter: FindingFilter): { readonly from: SQL; readonly where: SQL | undefined } {
  const index = filter.findingType === null ? sql`findings_by_time` : sql`findings_by_type`
  const indexed = sql`findings INDEXED BY ${index}`
  const ofSpan = [
    filter.model === null ? undefined : sql`spans.model = ${filter.model}`,
    filter.agentId === null ? undefined : sql`spans.agent_id = ${filter.agentId}`,
  ].filter((condition) => condition !== undefined)
  return {
    from: ofSpan.length === 0 ? indexed : sql`${indexed} CROSS JOIN spans ON spans.seq = findings.seq`,
    where: and(
      eq(findings.tenantId, filter.tenantId),
      filter.findingType === null ? undefined : eq(findings.findingType, filter.findingType),
      filter.startTime === null ? undefined : sql`findings.seq >= ${seqFrom(filter.startTime)}`,
      filter.endTime === null ? undefined : sql`findings.seq < ${seqFrom(filter.endTime)}`,
      filter.severity === null ? undefined : eq(findings.severity, filter.severity),
      filter.category === null ? undefined : eq(findings.category, filter.category),
      filter.confidenceMin === null ? undefined : gte(findings.confidence, filter.confidenceMin),
      ...ofSpan,
    ),
  }
}
