import type { Worker } from 'node:worker_threads'
import { describe, expect, test } from 'bun:test'
import { openLibsqlFile } from '../../src/adapters/libsql/open.ts'
import { openThreadedTraceStore } from '../../src/adapters/selfhost/store-thread.ts'
import { PortError, type TraceStore } from '../../src/core/ports.ts'
import { onRuntime, startProcess } from '../support/process.ts'
import { aSpan, envelopesOf, tenantOf } from '../support/spans.ts'
import { everything, FIRST_PAGE } from './filters.ts'
import { temporaryFolder } from './temporary.ts'

const at = temporaryFolder()
const tenantId = tenantOf('acme')
const total = async (store: TraceStore): Promise<number> => (await store.spans(everything(tenantId), FIRST_PAGE)).total
const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no failure',
    (error: unknown) => error,
  )

describe('the trace store in threads', () => {
  test.each(['bun', 'node', 'deno'] as const)('works on %s', async (runtime) => {
    const program = startProcess(onRuntime(runtime, 'test/stores/programs/use-threads.ts', [at(`${runtime}.db`)]))
    const { code } = await program.exited
    expect({ code, output: program.output() }).toMatchObject({ code: 0, output: expect.stringMatching(/^all good/m) })
  })

  test('starts a thread that died again, and tells the calls it took along', async () => {
    const threads: Worker[] = []
    const notice = (thread: Worker): void => void threads.push(thread)
    process.on('worker', notice)
    const store = await openThreadedTraceStore({ path: at('crash.db'), autoMigrate: true })
    await store.write(envelopesOf([aSpan({}, 1)]))
    expect(await total(store)).toBe(1)
    process.off('worker', notice)
    expect(threads).toHaveLength(2)

    // A message that no thread expects: an exception that nobody catches.
    for (const thread of threads) thread.postMessage(null, [])
    const lost = await Promise.all([store.write(envelopesOf([aSpan({}, 2)])), total(store)].map(failureOf))
    for (const failure of lost) expect(failure).toBeInstanceOf(PortError)
    await store.write(envelopesOf([aSpan({}, 2), aSpan({}, 3)]))
    expect(await total(store)).toBe(3)
    await store.close()
  })

  test('gives the reason of a failed call, down to the driver', async () => {
    const store = await openThreadedTraceStore({ path: at('reason.db'), autoMigrate: true })
    const failure = await failureOf(store.write(envelopesOf([aSpan({ provider: null as unknown as string })])))
    expect(failure).toBeInstanceOf(PortError)
    expect(failure).toMatchObject({ dependency: 'trace_store', cause: { code: 'SQLITE_CONSTRAINT_NOTNULL' } })
    const unsendable = await failureOf(store.write(envelopesOf([aSpan({ path: (() => '') as unknown as string })])))
    expect(unsendable).toBeInstanceOf(PortError)
    expect(await total(store)).toBe(0)
    await store.close()
  })

  test('finishes the calls under way before it closes, and takes none after', async () => {
    const path = at('close.db')
    const store = await openThreadedTraceStore({ path, autoMigrate: true })
    const writes = Array.from({ length: 20 }, (_, i) => store.write(envelopesOf([aSpan({}, i + 1)])))
    const closing = store.close()
    expect(await failureOf(store.ping())).toBeInstanceOf(PortError)
    await closing
    await store.close()
    expect(await Promise.all(writes)).toHaveLength(20)
    const again = await openThreadedTraceStore({ path, autoMigrate: false })
    expect(await total(again)).toBe(20)
    await again.close()
  })

  test('says at once when the file cannot be opened', async () => {
    const failure = await failureOf(openThreadedTraceStore({ path: at('no/such/folder/x.db'), autoMigrate: true }))
    expect(failure).toMatchObject({ name: 'PortError', message: 'the database file cannot be opened' })
  })

  test('answers a question while a large batch is written', async () => {
    const store = await openThreadedTraceStore({ path: at('both.db'), autoMigrate: true })
    await store.write(envelopesOf([aSpan({}, 1)]))
    let isWritten = false
    const writing = store
      .write(envelopesOf(Array.from({ length: 20_000 }, (_, i) => aSpan({}, i + 2))))
      .then(() => (isWritten = true))
    // The reading thread is started by the first question.
    expect(await total(store)).toBe(1)
    expect(isWritten).toBe(false)
    await writing
    expect(await total(store)).toBe(20_001)
    await store.close()
  })

  test('a kill in the midst of writing leaves a sound file with every batch that was acknowledged, whole', async () => {
    const path = at('killed.db')
    const program = startProcess(onRuntime('bun', 'test/stores/programs/write-for-ever.ts', [path]))
    await program.waitForLine(/stored 100$/)
    process.kill(program.pid, 'SIGKILL')
    expect((await program.exited).signal).toBe('SIGKILL')
    const acknowledged = Number([...program.output().matchAll(/stored (\d+)\n/g)].at(-1)?.[1])

    const client = await openLibsqlFile(path)
    const count = async (sql: string): Promise<number> => Number((await client.execute(sql)).rows[0]?.[0])
    expect((await client.execute('PRAGMA integrity_check')).rows.map((row) => row[0])).toEqual(['ok'])
    const stored = await count('SELECT count(*) FROM spans')
    expect(stored).toBeGreaterThanOrEqual(acknowledged)
    expect(stored % 10).toBe(0)
    for (const table of ['span_texts', 'span_tags', 'actions', 'findings', 'spans_fts']) {
      expect([table, await count(`SELECT count(*) FROM ${table}`)]).toEqual([table, stored])
    }
    client.close()
    const store = await openThreadedTraceStore({ path, autoMigrate: true })
    expect((await store.spans({ ...everything(tenantId), text: 'squared' }, FIRST_PAGE)).total).toBe(stored)
    await store.write(envelopesOf([aSpan({}, stored + 1)]))
    await store.close()
  })
})
