/** Opens libSQL databases with the settings that this program relies on. Not for workerd, which has no files. */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createClient as createFileClient } from '@libsql/client/sqlite3'
import { createClient as createServerClient, type Client, type InStatement } from '@libsql/client/web'
import Database from 'libsql'
import { PortError } from '../../core/ports.ts'

/** How long a write waits for another connection's write. The driver's own default is not to wait at all. */
const BUSY_TIMEOUT_MS = 5000

const SETTINGS: readonly string[] = [
  'journal_mode = WAL',
  // A commit survives the end of the process at once; the end of the machine may take the last commits, never the file.
  'synchronous = NORMAL',
  // Negative: KiB.
  'cache_size = -8192',
  // Pages of the log before it is copied into the file: the hot pages of indexes are copied once for many batches. 16 MiB.
  'wal_autocheckpoint = 4000',
  // What the log is cut to after a checkpoint, in bytes.
  'journal_size_limit = 67108864',
]

/**
 * A database file, made where there is none, or `:memory:`. One connection: calls are synchronous, so that more would only wait for one
 * another, and the settings below hold for one connection each.
 */
export async function openLibsqlFile(path: string): Promise<Client> {
  const url = path === ':memory:' ? path : pathToFileURL(resolve(path)).href
  let client: Client | null = null
  try {
    client = createFileClient({ url, timeout: BUSY_TIMEOUT_MS, concurrency: 1, intMode: 'bigint' })
    for (const setting of SETTINGS) await client.execute(`PRAGMA ${setting}`)
    return client
  } catch (cause) {
    client?.close()
    throw new PortError('database', 'the database file cannot be opened', { cause })
  }
}

/** Runs statements in one write transaction: all of them or none. */
export type BatchWriter = {
  write(statements: readonly InStatement[]): Promise<unknown>
  close(): void
}

/**
 * Another connection to a database file, for batches of the same few statements: each is prepared once and kept, which the client above
 * does not (preparing takes longer than running).
 */
export function openFileWriter(path: string): BatchWriter {
  const database = new Database(resolve(path), { timeout: BUSY_TIMEOUT_MS })
  for (const setting of SETTINGS) database.exec(`PRAGMA ${setting}`)
  const prepared = new Map<string, Database.Statement>()

  function run(statement: InStatement): void {
    const { sql, args = [] } = typeof statement === 'string' ? { sql: statement } : statement
    let kept = prepared.get(sql)
    if (kept === undefined) prepared.set(sql, (kept = database.prepare(sql)))
    kept.run(args)
  }

  return {
    write: async (statements) => {
      database.exec('BEGIN IMMEDIATE')
      try {
        for (const statement of statements) run(statement)
        database.exec('COMMIT')
      } catch (error) {
        if (database.inTransaction) database.exec('ROLLBACK')
        throw error
      }
    },
    close: () => {
      database.close()
    },
  }
}

/** A libSQL server: `libsql:`, `https:` or `http:`. Nothing is sent yet. */
export function openLibsqlServer(url: string, token: string | null): Client {
  return createServerClient({ url, intMode: 'bigint', ...(token === null ? {} : { authToken: token }) })
}
