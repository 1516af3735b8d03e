/**
 * The statements that store spans: row by row, the same few texts of SQL with other values, so that a connection that keeps what it has
 * prepared does no more than bind and run (a statement with the rows of a whole batch takes three times as long).
 */
import type { InStatement } from '@libsql/client/http'
import type { Envelope } from '../../core/domain/envelope.ts'
import type { TraceSpan } from '../../core/domain/span.ts'
import { nextSeq, slotsOf } from './seq.ts'
import { wordsOf } from './search-text.ts'
import { SPAN_COLUMNS, spanValues } from './span-row.ts'

type Value = string | number | bigint | null
type Row = { readonly sql: string; readonly args: Value[] }

/** The trigger `spans_cascade` takes what belongs to the span. */
const DELETE = 'DELETE FROM spans WHERE tenant_id = ? AND span_id = ?'
const SPAN = `INSERT INTO spans (${SPAN_COLUMNS.join(', ')}, seq) VALUES (
  ${'?,'.repeat(SPAN_COLUMNS.length)}${nextSeq(`?${SPAN_COLUMNS.length + 1}`)})`
// What follows belongs to that row: an insertion into any of these tables leaves its id as the last one.
const TEXTS = 'INSERT INTO span_texts (seq, input, output) VALUES (last_insert_rowid(),?,?)'
const TAG = 'INSERT INTO span_tags (seq, tenant_id, key, value) VALUES (last_insert_rowid(),?,?,?)'
const ACTION = 'INSERT INTO actions (seq, tenant_id, position, action_type, name, data) VALUES (last_insert_rowid(),?,?,?,?,?)'
const FINDING =
  'INSERT INTO findings (seq, tenant_id, position, finding_type, severity, category, confidence, data) VALUES (last_insert_rowid(),?,?,?,?,?,?,?)'

const WORDS = 'INSERT INTO spans_fts (rowid, words) VALUES ((SELECT seq FROM spans WHERE tenant_id = ? AND span_id = ?),?)'

/** To be run in one write transaction on one connection. Of two envelopes with the same span the later one counts. */
export function writeStatements(envelopes: readonly Envelope[]): InStatement[] {
  const spans = [...new Map(envelopes.map(({ span }) => [`${span.tenantId} ${span.spanId}`, span])).values()]
  return [
    ...spans.flatMap(rowsOf),
    // At the end: every statement on another table makes the index write what it has gathered so far.
    ...spans.filter(hasTexts).map(({ tenantId, spanId, input, output }) => ({
      sql: WORDS,
      args: [tenantId, spanId, wordsOf(tenantId, input.segments, output.segments)],
    })),
  ]
}

function rowsOf(span: TraceSpan): InStatement[] {
  const { tenantId, input, output } = span
  const rows: Row[] = [
    { sql: DELETE, args: [tenantId, span.spanId] },
    { sql: SPAN, args: [...spanValues(span), slotsOf(span.startTime)] },
  ]
  if (hasTexts(span)) rows.push({ sql: TEXTS, args: [JSON.stringify(input.segments), JSON.stringify(output.segments)] })
  for (const [key, value] of Object.entries(span.tags)) rows.push({ sql: TAG, args: [tenantId, key, value] })
  for (const [i, action] of span.actions.entries()) {
    rows.push({ sql: ACTION, args: [tenantId, i, action.actionType, action.name, JSON.stringify(action)] })
  }
  for (const [i, finding] of span.findings.entries()) {
    const { findingType, severity, category, confidence } = finding
    const args = [tenantId, i, findingType, severity, category, confidence, JSON.stringify(finding)]
    rows.push({ sql: FINDING, args })
  }
  return rows
}

function hasTexts({ input, output }: TraceSpan): boolean {
  return input.segments.length > 0 || output.segments.length > 0
}
