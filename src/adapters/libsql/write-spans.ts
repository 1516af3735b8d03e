/**
 * The statements that store spans, as one batch. Plain SQL with many rows a statement: a query builder would cost more than SQLite
 * itself. What a statement binds is what a write costs, so a value is bound once and rows are joined by the span's id.
 */
import type { InArgs, InStatement } from '@libsql/client/http'
import type { Envelope } from '../../core/domain/envelope.ts'
import type { TraceSpan } from '../../core/domain/span.ts'
import { nextSeq, slotTime } from './seq.ts'
import { wordsOf } from './search-text.ts'
import { SPAN_COLUMNS, spanValues } from './span-row.ts'

/** Rows of one statement. 29 values a row keep it far below SQLite's 32,766 variables. */
const STATEMENT_ROWS_MAX = 200

type Value = string | number | null

/** To be run in one write transaction. Of two envelopes with the same span the later one counts. */
export function writeStatements(envelopes: readonly Envelope[]): InStatement[] {
  const spans = [...new Map(envelopes.map(({ span }) => [`${span.tenantId} ${span.spanId}`, span])).values()]
  const statements: InStatement[] = []
  for (let i = 0; i < spans.length; i += STATEMENT_ROWS_MAX) {
    statements.push(...chunkStatements(spans.slice(i, i + STATEMENT_ROWS_MAX)))
  }
  return statements
}

function chunkStatements(chunk: readonly TraceSpan[]): InStatement[] {
  const withTexts = chunk.filter((span) => span.input.segments.length > 0 || span.output.segments.length > 0)
  return [
    // The trigger `spans_cascade` takes what belongs to them.
    statement(
      (rows) => `DELETE FROM spans WHERE (tenant_id, span_id) IN (VALUES ${rows})`,
      chunk.map((span) => [span.tenantId, span.spanId]),
    ),
    insertSpans(chunk),
    belonging(
      'span_texts (seq, input, output) SELECT s.seq, column3, column4',
      withTexts.map((span) => [
        span.tenantId,
        span.spanId,
        JSON.stringify(span.input.segments),
        JSON.stringify(span.output.segments),
      ]),
    ),
    belonging(
      'spans_fts (rowid, words) SELECT s.seq, column3',
      withTexts.map((span) => [span.tenantId, span.spanId, wordsOf(span.tenantId, span.input.segments, span.output.segments)]),
    ),
    ...chunked(
      'span_tags (seq, tenant_id, key, value) SELECT s.seq, column1, column3, column4',
      chunk.flatMap((span) => Object.entries(span.tags).map(([key, value]) => [span.tenantId, span.spanId, key, value])),
    ),
    ...chunked(
      'actions (seq, tenant_id, position, action_type, name, data) SELECT s.seq, column1, column3, column4, column5, column6',
      chunk.flatMap((span) =>
        span.actions.map((action, i) => [
          span.tenantId,
          span.spanId,
          i,
          action.actionType,
          action.name,
          JSON.stringify(action),
        ]),
      ),
    ),
    ...chunked(
      'findings (seq, tenant_id, position, finding_type, severity, data) SELECT s.seq, column1, column3, column4, column5, column6',
      chunk.flatMap((span) =>
        span.findings.map((finding, i) => [
          span.tenantId,
          span.spanId,
          i,
          finding.findingType,
          finding.severity,
          JSON.stringify(finding),
        ]),
      ),
    ),
  ].filter((made) => made !== null)
}

function insertSpans(chunk: readonly TraceSpan[]): InStatement {
  const values = SPAN_COLUMNS.map((_, i) => `column${i + 3}`)
  const time = `column${SPAN_COLUMNS.indexOf('start_time') + 3}`
  const marks = `${'?,'.repeat(SPAN_COLUMNS.length - 1)}?`
  const slots = new Map<number, number>()
  const args: Value[] = []
  const rows = chunk.map((span, row) => {
    args.push(...spanValues(span))
    const millisecond = slotTime(span.startTime)
    const slot = slots.get(millisecond) ?? 0
    slots.set(millisecond, slot + 1)
    return `(${slot},${row},${marks})`
  })
  return {
    sql: `INSERT INTO spans (seq, ${SPAN_COLUMNS.join(', ')})
      SELECT ${nextSeq(time, 'column1', 'column2')}, ${values.join(', ')} FROM (VALUES ${rows.join(',')})`,
    args,
  }
}

/** Rows that begin with the tenant and the id of the span they belong to. CROSS JOIN: in the order of `rows`, which the index likes. */
function belonging(insert: string, rows: readonly (readonly Value[])[]): InStatement | null {
  if (rows.length === 0) return null
  return statement(
    (values) =>
      `INSERT INTO ${insert} FROM (VALUES ${values}) CROSS JOIN spans s ON s.tenant_id = column1 AND s.span_id = column2`,
    rows,
  )
}

function chunked(insert: string, rows: readonly (readonly Value[])[]): (InStatement | null)[] {
  const statements: (InStatement | null)[] = []
  for (let i = 0; i < rows.length; i += STATEMENT_ROWS_MAX) {
    statements.push(belonging(insert, rows.slice(i, i + STATEMENT_ROWS_MAX)))
  }
  return statements
}

function statement(sql: (rows: string) => string, rows: readonly (readonly Value[])[]): InStatement {
  const one = `(${'?,'.repeat((rows[0]?.length ?? 1) - 1)}?)`
  const args: Value[] = []
  for (const row of rows) args.push(...row)
  return { sql: sql(`${one},`.repeat(rows.length - 1) + one), args: args satisfies InArgs }
}
