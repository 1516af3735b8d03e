/**
 * Brings a database to this version: applies what is not there yet, each file in one transaction with its mark. Forward only. Several
 * programs may do so at once: one of them wins a file, the others see that it is applied.
 */
import type { Client, InStatement } from '@libsql/client/http'
import { PortError } from '../../core/ports.ts'

/** `name` orders and identifies a migration for ever; statements are parted by `--> statement-breakpoint`. */
export type Migration = { readonly name: string; readonly sql: string }

const MARKS = `CREATE TABLE IF NOT EXISTS _migrations (
  name text PRIMARY KEY NOT NULL,
  checksum text NOT NULL,
  applied_at real NOT NULL
)`

/**
 * The names that were applied now. Rejects with `PortError` where one fails (nothing of it stays) or where one that is applied has
 * another text than here.
 */
export async function migrate(client: Client, migrations: readonly Migration[]): Promise<readonly string[]> {
  const here = await Promise.all(
    migrations.map(async (migration) => ({ ...migration, checksum: await checksumOf(migration.sql) })),
  )
  const applied: string[] = []
  try {
    await client.execute(MARKS)
    let there = await readMarks(client)
    for (const migration of here) {
      if (!isApplied(migration, there)) {
        try {
          await client.batch(statementsOf(migration), 'write')
          applied.push(migration.name)
        } catch (cause) {
          // Another program may have been faster; its mark says so.
          there = await readMarks(client)
          if (!isApplied(migration, there)) throw cause
        }
      }
    }
    return applied
  } catch (error) {
    if (error instanceof PortError) throw error
    throw new PortError('database', 'the database could not be brought to this version', { cause: error })
  }
}

type Marked = Migration & { readonly checksum: string }

function isApplied({ name, checksum }: Marked, marks: ReadonlyMap<string, string>): boolean {
  const there = marks.get(name)
  if (there === undefined || there === checksum) return there !== undefined
  throw new PortError('database', `the migration ${name} was applied in another form than this program has it`)
}

async function readMarks(client: Client): Promise<ReadonlyMap<string, string>> {
  const { rows } = await client.execute('SELECT name, checksum FROM _migrations')
  return new Map(rows.map((row) => [String(row['name']), String(row['checksum'])]))
}

function statementsOf({ name, sql, checksum }: Marked): InStatement[] {
  const statements = sql
    .split('--> statement-breakpoint')
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '')
  // The mark comes first: where another program has set it, nothing else is tried.
  const mark = {
    sql: 'INSERT INTO _migrations (name, checksum, applied_at) VALUES (?, ?, ?)',
    args: [name, checksum, Date.now()],
  }
  return [mark, ...statements]
}

/** SHA-256 in hex, the same for either kind of line end. */
async function checksumOf(sql: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(sql.replaceAll('\r\n', '\n')))
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
