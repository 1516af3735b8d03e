/** Opens libSQL databases with the settings that this program relies on. Not for workerd, which has no files. */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createClient as createFileClient } from '@libsql/client/sqlite3'
import { createClient as createServerClient, type Client } from '@libsql/client/web'

/** How long a write waits for another connection's write. The driver's own default is not to wait at all. */
const BUSY_TIMEOUT_MS = 5000
const CACHE_KIB = 32 * 1024
const WAL_BYTES_MAX = 64 * 1024 * 1024

/**
 * A database file, made where there is none, or `:memory:`. Rejects with the driver's error. One connection: calls are synchronous, so
 * that more would only wait for one another, and the settings below hold for one connection each.
 */
export async function openLibsqlFile(path: string): Promise<Client> {
  const url = path === ':memory:' ? path : pathToFileURL(resolve(path)).href
  const client = createFileClient({ url, timeout: BUSY_TIMEOUT_MS, concurrency: 1, intMode: 'bigint' })
  try {
    await client.execute('PRAGMA journal_mode = WAL')
    // A commit survives the end of the process at once; that of the machine may take the last commits, never the file.
    await client.execute('PRAGMA synchronous = NORMAL')
    await client.execute(`PRAGMA cache_size = -${CACHE_KIB}`)
    await client.execute(`PRAGMA journal_size_limit = ${WAL_BYTES_MAX}`)
    return client
  } catch (cause) {
    client.close()
    throw cause
  }
}

/** A libSQL server: `libsql:`, `https:` or `http:`. Nothing is sent yet. */
export function openLibsqlServer(url: string, token: string | null): Client {
  return createServerClient({ url, intMode: 'bigint', ...(token === null ? {} : { authToken: token }) })
}
