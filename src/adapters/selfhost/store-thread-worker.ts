/**
 * The store thread: a composition root of its own, which joins the libSQL store with the messages of `store-thread.ts`. SQLite's calls
 * block; here they block no stream.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { invariant } from '../../core/domain/result.ts'
import type { TraceStore } from '../../core/ports.ts'
// oxlint-disable no-restricted-imports -- a thread has its own root, and this file is it.
import { migrate } from '../libsql/migrate.ts'
import { traceMigrations } from '../libsql/migrations-node.ts'
import { openFileWriter, openLibsqlFile } from '../libsql/open.ts'
import { createLibsqlTraceStore } from '../libsql/trace-store.ts'
// oxlint-enable no-restricted-imports
import { errorData, type StoreAnswer, type StoreCall, type StoreThreadData } from './store-thread-messages.ts'

invariant(parentPort !== null, 'a store thread is started by store-thread.ts')
const port = parentPort
const { path, migrates }: StoreThreadData = workerData

async function open(): Promise<TraceStore> {
  const client = await openLibsqlFile(path)
  if (migrates) await migrate(client, traceMigrations())
  return createLibsqlTraceStore(client, openFileWriter(path))
}

async function answer({ id, method, args }: StoreCall, store: TraceStore): Promise<StoreAnswer> {
  try {
    const call: (...args: readonly unknown[]) => Promise<unknown> = store[method] as never
    return { kind: 'done', id, value: await call(...args) }
  } catch (error) {
    return { kind: 'refused', id, error: errorData(error) }
  }
}

const opening = open()
opening.catch((error: unknown) => port.postMessage({ kind: 'unopened', error: errorData(error) } satisfies StoreAnswer))

port.on('message', async (call: StoreCall) => {
  // The other side ends a thread whose store did not open, and knows why.
  const store = await opening.catch(() => null)
  if (store !== null) port.postMessage(await answer(call, store))
})
