/**
 * The gateway Worker in bare workerd: bundled by `wrangler deploy --dry-run`, as it would be deployed, and served from a configuration file.
 * wrangler's own harness puts a proxy of Node's on both sides of the Worker, which follows redirects and keeps an upstream open that the
 * Worker has cancelled.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../support/ports.ts'
import { runtimePath, startProcess, type RunningProcess } from '../support/process.ts'

const BUNDLE_MS = 60_000
const READY_MS = 15_000

export type RunningWorker = { readonly url: string; readonly process: RunningProcess; dispose(): Promise<void> }

/** `vars` are the Worker's vars and secrets; `keptDir` keeps what its objects store. There is no assets binding. */
export async function startWorker(
  vars: { readonly [name: string]: string },
  keptDir: string | null = null,
): Promise<RunningWorker> {
  const folder = mkdtempSync(join(tmpdir(), 'llmtrace-worker-'))
  const bundle = startProcess({
    command: runtimePath('node'),
    args: ['node_modules/wrangler/bin/wrangler.js', 'deploy', '--dry-run', '--outdir', folder],
    env: { WRANGLER_SEND_METRICS: 'false', CLOUDFLARE_CF_FETCH_ENABLED: 'false' },
  })
  await bundle.waitForLine(/--dry-run: exiting now/, BUNDLE_MS)
  await bundle.exited
  const port = await freePort()
  const config = join(folder, 'config.capnp')
  const objectsDir = join(keptDir ?? folder, 'objects')
  mkdirSync(objectsDir, { recursive: true })
  writeFileSync(config, configuration(readdirSync(folder), vars, port, objectsDir))
  const worker = startProcess({ command: 'node_modules/workerd/bin/workerd', args: ['serve', '--verbose', config] })
  const url = `http://127.0.0.1:${port}`
  await worker.waitForHttp(`${url}/live`, READY_MS)
  return {
    url,
    process: worker,
    dispose: async () => {
      await worker.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** JSON strings are valid in Cap'n Proto's text format. */
function configuration(
  files: readonly string[],
  vars: { readonly [name: string]: string },
  port: number,
  objectsDir: string,
): string {
  const texts = files.filter((name) => name.endsWith('.sql'))
  const modules = [
    '(name = "worker.js", esModule = embed "worker.js")',
    ...texts.map((name) => `(name = ${JSON.stringify(name)}, text = embed ${JSON.stringify(name)})`),
  ]
  const bindings = Object.entries(vars).map(
    ([name, value]) => `(name = ${JSON.stringify(name)}, text = ${JSON.stringify(value)})`,
  )
  bindings.push('(name = "LEDGER", durableObjectNamespace = "LedgerObject")')
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "gateway", worker = .gateway),
    (name = "loopback", network = (allow = ["127.0.0.0/8"])),
    (name = "objects", disk = (path = ${JSON.stringify(objectsDir)}, writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "gateway")],
);
const gateway :Workerd.Worker = (
  modules = [${modules.join(', ')}],
  compatibilityDate = "2026-10-01",
  bindings = [${bindings.join(', ')}],
  durableObjectNamespaces = [(className = "LedgerObject", uniqueKey = "ledger", enableSql = true)],
  durableObjectStorage = (localDisk = "objects"),
  globalOutbound = "loopback",
);
`
}
