/** The ledger's Durable Object in bare workerd, held to the suite of all ledgers. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'bun:test'
import { describeLedger, type TestedLedger } from '../contracts/ledger.ts'
import { freePort } from '../support/ports.ts'
import { startProcess, type RunningProcess } from '../support/process.ts'

const ENTRY = 'test/stores/programs/ledger-worker.workerd.ts'

const folder = mkdtempSync(join(tmpdir(), 'llmtrace-ledger-object-'))
let worker: RunningProcess | null = null
let url = ''
let objects = 0

beforeAll(async () => {
  const built = await Bun.build({ entrypoints: [ENTRY], outdir: folder, external: ['cloudflare:workers'], naming: 'worker.js' })
  if (!built.success) throw new AggregateError(built.logs, 'the Worker cannot be bundled')
  const port = await freePort()
  mkdirSync(join(folder, 'objects'))
  writeFileSync(join(folder, 'config.capnp'), configuration(port))
  worker = startProcess({ command: 'node_modules/workerd/bin/workerd', args: ['serve', join(folder, 'config.capnp')] })
  url = `http://127.0.0.1:${port}`
  await worker.waitForHttp(url)
})

afterAll(async () => {
  await worker?.stop()
  rmSync(folder, { recursive: true, force: true })
})

function configuration(port: number): string {
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "ledger", worker = .ledger),
    (name = "objects", disk = (path = ${JSON.stringify(join(folder, 'objects'))}, writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "ledger")],
);
const ledger :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "2026-10-01",
  bindings = [(name = "LEDGER", durableObjectNamespace = "LedgerObject")],
  durableObjectNamespaces = [(className = "LedgerObject", uniqueKey = "ledger", enableSql = true)],
  durableObjectStorage = (localDisk = "objects"),
);
`
}

async function openObject(): Promise<TestedLedger> {
  objects += 1
  const object = `object-${objects}`
  let now = 0
  async function call<T>(method: string, ...args: readonly unknown[]): Promise<T> {
    const response = await fetch(url, { method: 'POST', body: JSON.stringify({ object, now, method, args }) })
    if (!response.ok) throw new Error(await response.text())
    return ((await response.json()) as { readonly answer: T }).answer
  }
  return {
    setTime: (time) => {
      now = time
    },
    reserve: (ask) => call('reserve', ask),
    settle: (settlement) => call('settle', settlement),
    read: (tenantId, scopes) => call('read', tenantId, scopes),
    expire: () => call('expire'),
    dispose: async () => {},
  }
}

describeLedger('a Durable Object', openObject, 40)
