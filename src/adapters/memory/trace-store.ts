/**
 * The `TraceStore` of the `memory` profile: the libSQL store on a database in memory, so that questions are answered by the same SQL as
 * on disk and there is no second implementation to keep equal. It is bounded: beyond `maxBytes` the oldest spans go.
 */
import type { TraceStore } from '../../core/ports.ts'
// oxlint-disable no-restricted-imports -- not another adapter's business but its engine, with memory in place of a file.
import { migrate } from '../libsql/migrate.ts'
import { traceMigrations } from '../libsql/migrations-node.ts'
import { openLibsqlFile } from '../libsql/open.ts'
import { createLibsqlTraceStore } from '../libsql/trace-store.ts'
// oxlint-enable no-restricted-imports

const BYTES_MAX = 256 * 1024 * 1024
/** Of all spans, this part goes at once when the bound is reached. */
const DROPPED_PART = 10

/** Loses everything at the end of the process. */
export async function openMemoryTraceStore({ maxBytes = BYTES_MAX } = {}): Promise<TraceStore> {
  const client = await openLibsqlFile(':memory:')
  await migrate(client, traceMigrations())
  const store = createLibsqlTraceStore(client)

  async function usedBytes(): Promise<number> {
    const { rows } = await client.execute(
      'SELECT (page_count - freelist_count) * page_size FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()',
    )
    return Number(rows[0]?.[0] ?? 0)
  }

  return {
    ...store,
    write: async (envelopes) => {
      await store.write(envelopes)
      while ((await usedBytes()) > maxBytes) {
        const { rowsAffected } = await client.execute(
          `DELETE FROM spans WHERE seq IN (SELECT seq FROM spans ORDER BY seq LIMIT (SELECT 1 + count(*) / ${DROPPED_PART} FROM spans))`,
        )
        if (rowsAffected === 0) return
      }
    },
  }
}
