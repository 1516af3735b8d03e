/**
 * The `TraceStore` of one process: libSQL in two threads of its own, one that writes and one that reads, so that neither a long
 * question nor a large batch stops a stream, and no question holds up a write. A thread that dies is started again at the next call.
 */
import { Worker } from 'node:worker_threads'
import { PortError, type TraceStore } from '../../core/ports.ts'
import {
  errorData,
  portError,
  type StoreAnswer,
  type StoreCall,
  type StoreMethod,
  type StoreThreadData,
} from './store-thread-messages.ts'

export type ThreadedStoreOptions = {
  /** The database file; made where there is none. */
  readonly path: string
  /** Brings the database to this version when it is opened. */
  readonly autoMigrate: boolean
}

/** Calls that may wait for one thread; more are refused at once. */
const PENDING_MAX = 1000

/** Rejects with `PortError` where the file cannot be opened or migrated. `close` waits for the calls under way. */
export async function openThreadedTraceStore({ path, autoMigrate }: ThreadedStoreOptions): Promise<TraceStore> {
  const writer = createLane({ path, migrates: autoMigrate })
  const reader = createLane({ path, migrates: false })
  // The file is there and of this version before anyone reads it.
  await writer.call('ping', []).catch(async (error: unknown) => {
    await writer.close()
    throw error
  })
  return {
    write: (envelopes) => writer.call('write', [envelopes]),
    traces: (filter, page) => reader.call('traces', [filter, page]),
    trace: (tenantId, traceId) => reader.call('trace', [tenantId, traceId]),
    deleteTrace: (tenantId, traceId) => writer.call('deleteTrace', [tenantId, traceId]),
    spans: (filter, page) => reader.call('spans', [filter, page]),
    span: (tenantId, spanId) => reader.call('span', [tenantId, spanId]),
    findings: (filter, page) => reader.call('findings', [filter, page]),
    stats: (request) => reader.call('stats', [request]),
    actionsSummary: (filter) => reader.call('actionsSummary', [filter]),
    addAction: (...args) => writer.call('addAction', args),
    ping: () => writer.call('ping', []),
    close: async () => {
      await Promise.all([reader.close(), writer.close()])
    },
  }
}

type Pending = { readonly resolve: (value: never) => void; readonly reject: (error: PortError) => void }

type Lane = {
  call<Name extends StoreMethod>(method: Name, args: Parameters<TraceStore[Name]>): ReturnType<TraceStore[Name]>
  close(): Promise<void>
}

/** One thread and the calls that wait for its answer. */
function createLane(data: StoreThreadData): Lane {
  const pending = new Map<number, Pending>()
  let worker: Worker | null = null
  let ended: Promise<void> = Promise.resolve()
  let lastId = 0
  let isClosed = false
  let whenIdle: (() => void) | null = null

  function start(): Worker {
    const started = new Worker(new URL('./store-thread-worker.ts', import.meta.url), { workerData: data })
    started.on('message', (answer: StoreAnswer) => {
      if (answer.kind === 'unopened') {
        drop(started, portError(answer.error))
        // Only a thread that waits may be ended from here: in the midst of a native call that would end the process.
        void started.terminate()
        return
      }
      const call = pending.get(answer.id)
      pending.delete(answer.id)
      if (answer.kind === 'done') call?.resolve(answer.value as never)
      else call?.reject(portError(answer.error))
      if (pending.size === 0) whenIdle?.()
    })
    started.on('error', (error) => drop(started, portError(errorData(error))))
    ended = new Promise((resolve) => {
      started.once('exit', () => {
        drop(started, new PortError('trace_store', 'the store thread ended'))
        resolve()
      })
    })
    return started
  }

  /** Nothing that was asked of a thread that is gone will be answered. */
  function drop(gone: Worker, error: PortError): void {
    if (worker !== gone) return
    worker = null
    const lost = [...pending.values()]
    pending.clear()
    for (const { reject } of lost) reject(error)
    whenIdle?.()
  }

  function ask(method: StoreMethod, args: readonly unknown[]): Promise<never> {
    if (pending.size >= PENDING_MAX) return Promise.reject(new PortError('trace_store', 'too many calls wait for the store'))
    lastId += 1
    const id = lastId
    return new Promise((resolve, reject) => {
      worker ??= start()
      pending.set(id, { resolve, reject })
      try {
        worker.postMessage({ id, method, args } satisfies StoreCall, [])
      } catch (cause) {
        pending.delete(id)
        reject(new PortError('trace_store', 'a call cannot be sent to the store thread', { cause }))
      }
    })
  }

  async function close(): Promise<void> {
    if (isClosed) return
    isClosed = true
    if (pending.size > 0) {
      await new Promise<void>((resolve) => {
        whenIdle = resolve
      })
    }
    const last = worker
    if (last === null) return
    await ask('close', [])
    worker = null
    await last.terminate()
    await ended
  }

  return {
    call: (method, args) =>
      (isClosed ? Promise.reject(new PortError('trace_store', 'the store is closed')) : ask(method, args)) as never,
    close,
  }
}
