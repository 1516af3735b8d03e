import { describe, expect, test } from 'bun:test'
import { migrate, type Migration } from '../../src/adapters/libsql/migrate.ts'
import { accountMigrations, traceMigrations } from '../../src/adapters/libsql/migrations-node.ts'
import { openLibsqlFile, openLibsqlServer } from '../../src/adapters/libsql/open.ts'
import { PortError } from '../../src/core/ports.ts'
import { onRuntime, startProcess } from '../support/process.ts'
import { hasSqld, startSqld } from './sqld.ts'
import { temporaryFolder } from './temporary.ts'

const at = temporaryFolder()
const all = (): readonly Migration[] => [...traceMigrations(), ...accountMigrations()]
const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no failure',
    (error: unknown) => error,
  )

describe('migrate', () => {
  test('applies each file once, both schemas in one database if need be', async () => {
    const client = await openLibsqlFile(at('once.db'))
    expect(await migrate(client, all())).toEqual(all().map(({ name }) => name))
    expect(await migrate(client, all())).toEqual([])
    const { rows } = await client.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name IN ('spans', 'keys')")
    expect(rows).toHaveLength(2)
    client.close()
  })

  test.skipIf(!hasSqld)('does the same on a server', async () => {
    const server = await startSqld()
    const client = openLibsqlServer(server.url, null)
    expect(await migrate(client, all())).toHaveLength(all().length)
    expect(await migrate(client, all())).toEqual([])
    client.close()
    await server.stop()
  })

  test('refuses a database in which an applied file was another one, but not for its line ends', async () => {
    const client = await openLibsqlFile(':memory:')
    const first = { name: '0000_a.sql', sql: 'CREATE TABLE a (x text);\n--> statement-breakpoint\nCREATE TABLE b (x text);\n' }
    await migrate(client, [first])
    expect(await migrate(client, [{ ...first, sql: first.sql.replaceAll('\n', '\r\n') }])).toEqual([])
    const failure = await failureOf(migrate(client, [{ ...first, sql: 'CREATE TABLE a (y text);' }]))
    expect(failure).toBeInstanceOf(PortError)
    expect(String(failure)).toContain('0000_a.sql')
  })

  test('leaves nothing of a file that fails, and all of those before it', async () => {
    const client = await openLibsqlFile(':memory:')
    const good = { name: '0000_good.sql', sql: 'CREATE TABLE good (x text)' }
    const bad = {
      name: '0001_bad.sql',
      sql: 'CREATE TABLE half (x text);\n--> statement-breakpoint\nCREATE TABLE good (x text);',
    }
    expect(await failureOf(migrate(client, [good, bad]))).toBeInstanceOf(PortError)
    const { rows } = await client.execute("SELECT name FROM sqlite_master WHERE name IN ('good', 'half')")
    expect(rows.map((row) => row['name'])).toEqual(['good'])
    expect(await migrate(client, [good, { ...bad, sql: 'CREATE TABLE half (x text)' }])).toEqual(['0001_bad.sql'])
  })

  test('is done once by several processes that start at the same time', async () => {
    const path = at('several.db')
    const programs = [1, 2, 3, 4].map(() => startProcess(onRuntime('bun', 'test/stores/programs/migrate-file.ts', [path])))
    const exits = await Promise.all(programs.map((program) => program.exited))
    expect(exits.map(({ code }) => code)).toEqual([0, 0, 0, 0])
    const applied = programs.map((program) => Number(/applied (\d+)/.exec(program.output())?.[1]))
    expect(applied.reduce((sum, count) => sum + count, 0)).toBe(traceMigrations().length)
  })
})

test('the bundled migrations are those of the folders, in their order', async () => {
  const built = await Bun.build({
    entrypoints: ['src/adapters/libsql/migrations-bundled.ts'],
    loader: { '.sql': 'text' },
    outdir: at('bundle'),
    target: 'bun',
  })
  const bundled = (await import(built.outputs[0]?.path ?? '')) as { traceMigrations: unknown; accountMigrations: unknown }
  expect(bundled.traceMigrations).toEqual(traceMigrations())
  expect(bundled.accountMigrations).toEqual(accountMigrations())
})
