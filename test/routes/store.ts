/** The real trace store in memory, with spans in it: each caller gets its own. */
import { createLibsqlTraceStore } from '../../src/adapters/libsql/trace-store.ts'
import { migrate } from '../../src/adapters/libsql/migrate.ts'
import { traceMigrations } from '../../src/adapters/libsql/migrations-node.ts'
import { openLibsqlFile } from '../../src/adapters/libsql/open.ts'
import { ENVELOPE_VERSION } from '../../src/core/domain/envelope.ts'
import type { TraceSpan } from '../../src/core/domain/span.ts'
import type { TraceStore } from '../../src/core/ports.ts'

export async function storeOf(spans: readonly TraceSpan[]): Promise<TraceStore> {
  const client = await openLibsqlFile(':memory:')
  await migrate(client, traceMigrations())
  const store = createLibsqlTraceStore(client)
  await store.write(spans.map((span, i) => ({ version: ENVELOPE_VERSION, writer: 'test', sequence: i + 1, span })))
  return store
}
