/** Pages of spans, single spans and single traces. */
import { and, asc, count, desc, eq, inArray, sql } from 'drizzle-orm'
import type { LibSQLDatabase } from 'drizzle-orm/libsql'
import type { SpanId, TenantId, TraceId } from '../../core/domain/ids.ts'
import { PAGE_LIMIT_MAX, type Page, type PageRequest, type SpanFilter, type Trace } from '../../core/domain/query.ts'
import type { Segment } from '../../core/domain/segment.ts'
import type { TraceSpan } from '../../core/domain/span.ts'
import { cursorOf, readCursor } from './cursor.ts'
import { afterCursor, matching } from './span-filter.ts'
import { SPAN_SELECTION, spanOf } from './span-row.ts'
import { spans } from './trace-schema.ts'

/** Spans of one trace that are given, the earliest first. */
export const TRACE_SPANS_MAX = 1000
/** Characters of texts, as stored, that come with one trace; the spans after them come without texts. */
export const TRACE_TEXT_CHARS_MAX = 16 * 1024 * 1024

export const SEQ_TEXT = sql<string>`CAST(spans.seq AS TEXT)`

/** What a page may ask for: at least one row and at most `PAGE_LIMIT_MAX`. */
export function readPageRequest<Cursor>(
  page: PageRequest,
  read: (cursor: string | null) => Cursor | null,
): { readonly limit: number; readonly offset: number; readonly cursor: Cursor | null } {
  const cursor = read(page.cursor)
  const limit = Math.min(Math.max(Math.trunc(page.limit), 1), PAGE_LIMIT_MAX)
  return { limit, cursor, offset: cursor === null ? Math.max(Math.trunc(page.offset), 0) : 0 }
}

/** The page's rows out of one more than it shows, and the cursor to what follows. */
export function pageOf<Row extends { readonly seq: string }, T>(
  found: readonly Row[],
  limit: number,
  total: number,
  show: (row: Row) => T,
): Page<T> {
  const rows = found.slice(0, limit)
  const last = rows.at(-1)
  return {
    data: rows.map(show),
    total,
    nextCursor: found.length > limit && last !== undefined ? cursorOf(last.seq) : null,
  }
}

export async function listSpans(db: LibSQLDatabase, filter: SpanFilter, page: PageRequest): Promise<Page<TraceSpan>> {
  const { limit, offset, cursor } = readPageRequest(page, readCursor)
  const { ids } = matching(filter, filter.tenantId)
  const order = page.order === 'asc' ? asc : desc
  const wanted = db
    .select({ seq: ids.seq })
    .from(ids.from)
    .where(and(ids.where, afterCursor(ids.seq, cursor, page.order)))
    .orderBy(order(ids.seq))
    .limit(limit + 1)
    .offset(offset)
  // One batch: both see the same moment.
  const [rows, totals] = await db.batch([
    db.select({ span: SPAN_SELECTION, seq: SEQ_TEXT }).from(spans).where(inArray(spans.seq, wanted)).orderBy(order(spans.seq)),
    db.select({ total: count() }).from(ids.from).where(ids.where),
  ])
  return pageOf(rows, limit, Number(totals[0]?.total ?? 0), ({ span }) => spanOf(span))
}

const json = (text: string): readonly Segment[] => JSON.parse(text)

/** With texts. */
export async function readSpan(db: LibSQLDatabase, tenantId: TenantId, spanId: SpanId): Promise<TraceSpan | null> {
  const [row] = await db
    .select({
      span: SPAN_SELECTION,
      texts: {
        input: sql`(SELECT input FROM span_texts WHERE span_texts.seq = spans.seq)`.mapWith(json),
        output: sql`(SELECT output FROM span_texts WHERE span_texts.seq = spans.seq)`.mapWith(json),
      },
    })
    .from(spans)
    .where(and(eq(spans.tenantId, tenantId), eq(spans.spanId, spanId)))
  if (row === undefined) return null
  return spanOf(row.span, row.texts)
}

/** With texts, within `TRACE_SPANS_MAX` and `TRACE_TEXT_CHARS_MAX`. */
export async function readTrace(db: LibSQLDatabase, tenantId: TenantId, traceId: TraceId): Promise<Trace | null> {
  const texts = sql`(
    SELECT x.seq, x.input, x.output, sum(length(x.input) + length(x.output)) OVER (ORDER BY x.seq) AS chars
    FROM spans AS s JOIN span_texts AS x ON x.seq = s.seq
    WHERE s.tenant_id = ${tenantId} AND s.trace_id = ${traceId}
    ORDER BY x.seq LIMIT ${TRACE_SPANS_MAX}
  ) AS texts`
  const rows = await db
    .select({
      span: SPAN_SELECTION,
      texts: { input: sql`texts.input`.mapWith(json), output: sql`texts.output`.mapWith(json) },
    })
    .from(spans)
    .leftJoin(texts, sql`texts.seq = ${spans.seq} AND texts.chars <= ${TRACE_TEXT_CHARS_MAX}`)
    .where(and(eq(spans.tenantId, tenantId), eq(spans.traceId, traceId)))
    .orderBy(asc(sql`spans.seq`))
    .limit(TRACE_SPANS_MAX)
  if (rows.length === 0) return null
  return { traceId, tenantId, spans: rows.map(({ span, texts }) => spanOf(span, texts)) }
}
