/** The `TraceStore` on libSQL: a file, a server (sqld, Turso) or memory, as the client is. Its database must be migrated. */
import type { Client } from '@libsql/client/http'
import { and, eq, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/libsql/http'
import type { TraceStore } from '../../core/ports.ts'
import { addActionStatements, summarizeActions } from './actions.ts'
import { listFindings } from './findings.ts'
import { listSpans, readSpan, readTrace } from './lists.ts'
import type { BatchWriter } from './open.ts'
import { portErrors } from './port-errors.ts'
import { readStats } from './stats.ts'
import { listTraces } from './trace-list.ts'
import { spans } from './trace-schema.ts'
import { writeStatements } from './write-spans.ts'

/**
 * Takes the client over: `close` closes it, and the `writer`, a faster way into the same database where there is one. No method opens
 * an interactive transaction, since in one process that would block.
 */
export function createLibsqlTraceStore(client: Client, writer: BatchWriter = clientWriter(client)): TraceStore {
  const db = drizzle(client)
  const attempt = portErrors('trace_store')
  return {
    write: (envelopes) =>
      attempt('writing spans', async () => {
        if (envelopes.length > 0) await writer.write(writeStatements(envelopes))
      }),
    traces: (filter, page) => attempt('listing traces', () => listTraces(db, filter, page)),
    trace: (tenantId, traceId) => attempt('reading a trace', () => readTrace(db, tenantId, traceId)),
    deleteTrace: (tenantId, traceId) =>
      attempt('deleting a trace', async () => {
        const deleted = await db.delete(spans).where(and(eq(spans.tenantId, tenantId), eq(spans.traceId, traceId)))
        return deleted.rowsAffected > 0
      }),
    spans: (filter, page) => attempt('listing spans', () => listSpans(db, filter, page)),
    span: (tenantId, spanId) => attempt('reading a span', () => readSpan(db, tenantId, spanId)),
    findings: (filter, page) => attempt('listing findings', () => listFindings(db, filter, page)),
    stats: (request) => attempt('reading stats', () => readStats(db, request)),
    actionsSummary: (filter) => attempt('summing up actions', () => summarizeActions(db, filter)),
    addAction: (tenantId, traceId, reported, findings) =>
      attempt('adding an action', async () => {
        const action = { ...reported, id: crypto.randomUUID(), time: Date.now() }
        const [added] = await client.batch(addActionStatements(tenantId, traceId, action, findings), 'write')
        return added !== undefined && added.rowsAffected > 0 ? action : null
      }),
    ping: () =>
      attempt('a ping', async () => {
        await db.get(sql`SELECT 1`)
      }),
    close: () =>
      attempt('closing', async () => {
        writer.close()
        client.close()
      }),
  }
}

function clientWriter(client: Client): BatchWriter {
  return { write: (statements) => client.batch([...statements], 'write'), close: () => {} }
}
