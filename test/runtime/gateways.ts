/**
 * A running gateway on each runtime, as a child process that tests speak to over HTTP only: Bun, Node and Deno run `src/node.ts`, workerd runs
 * `src/worker.ts` as wrangler bundles it, with a real sqld as its store.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startSqld } from '../stores/sqld.ts'
import { freePort } from '../support/ports.ts'
import { onRuntime, startProcess, type RuntimeName } from '../support/process.ts'
import { startWorker } from './workerd.ts'

export type Runtime = RuntimeName | 'workerd'

export type RunningGateway = {
  readonly runtime: Runtime
  /** Origin without a path. */
  readonly url: string
  readonly pid: number
  readonly output: () => string
  /** SIGTERM, then SIGKILL. Data of one process is kept until `dispose`. */
  stop(graceMs?: number): Promise<{ readonly code: number | null; readonly signal: string | null }>
  dispose(): Promise<void>
}

export type GatewaySettings = {
  /** Configuration in its environment form. */
  readonly env: { readonly [name: string]: string }
  /** A data folder of an earlier run. */
  readonly dataDir?: string
}

const READY_MS = 30_000
const ROOT_KEY = 'llmt_test-root-key-of-the-worker-0000000000000'

/** Workers have no open mode by default; tests that do not care for keys say so here. */
export async function startGateway(runtime: Runtime, settings: GatewaySettings): Promise<RunningGateway> {
  return runtime === 'workerd' ? startWorkerd(settings) : startProcessGateway(runtime, settings)
}

async function startProcessGateway(runtime: RuntimeName, settings: GatewaySettings): Promise<RunningGateway> {
  const dataDir = settings.dataDir ?? mkdtempSync(join(tmpdir(), 'llmtrace-'))
  const port = await freePort()
  const child = startProcess({
    ...onRuntime(runtime, 'src/node.ts', ['serve']),
    env: {
      LLMTRACE_LISTEN_ADDR: `127.0.0.1:${port}`,
      LLMTRACE_DATA_DIR: dataDir,
      LLMTRACE_CAPTURE_WINDOW_MS: '10',
      ...settings.env,
    },
  })
  const url = `http://127.0.0.1:${port}`
  await child.waitForHttp(`${url}/ready`, READY_MS)
  return {
    runtime,
    url,
    pid: child.pid,
    output: () => child.output(),
    stop: (graceMs) => child.stop(graceMs),
    dispose: async () => {
      await child.stop()
      if (settings.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

async function startWorkerd(settings: GatewaySettings): Promise<RunningGateway> {
  const kept = settings.dataDir === undefined ? {} : { dir: join(settings.dataDir, 'sqld') }
  const sqld = await startSqld(kept)
  const vars = {
    LLMTRACE_STORAGE_LIBSQL_URL: sqld.url,
    LLMTRACE_AUTH_MODE: 'open',
    LLMTRACE_AUTH_ADMIN_KEY: ROOT_KEY,
    LLMTRACE_ALLOW_OPEN: '1',
    ...settings.env,
  }
  const worker = await startWorker(vars, settings.dataDir)
  return {
    runtime: 'workerd',
    url: worker.url,
    pid: worker.process.pid,
    output: () => worker.process.output(),
    stop: (graceMs) => worker.process.stop(graceMs),
    dispose: async () => {
      await worker.dispose()
      await sqld.stop()
    },
  }
}
