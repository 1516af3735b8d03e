#!/usr/bin/env bun
/**
 * The composition root of one process on Bun, Node or Deno: reads the configuration, builds the ports, serves until it is told to
 * stop. Its twin for Workers is `worker.ts`; the two differ in adapters only. Nothing else in the program ends the process.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import manifest from '../package.json' with { type: 'json' }
import { createLibsqlKeyStore } from './adapters/libsql/key-store.ts'
import { migrate } from './adapters/libsql/migrate.ts'
import { accountMigrations, traceMigrations } from './adapters/libsql/migrations-node.ts'
import { openLibsqlFile, openLibsqlServer } from './adapters/libsql/open.ts'
import { createLibsqlTraceStore } from './adapters/libsql/trace-store.ts'
import { createConfigPolicies } from './adapters/memory/config-policies.ts'
import { openMemoryTraceStore } from './adapters/memory/trace-store.ts'
import { unlimitedLedger } from './adapters/memory/unlimited-ledger.ts'
import { createPriceBook } from './adapters/prices/price-book.ts'
import { loadConfig, type LoadedConfig } from './adapters/selfhost/config-file.ts'
import { openDataDir, rootKeyIn } from './adapters/selfhost/data-dir.ts'
import { createSessionMemory } from './adapters/memory/session-memory.ts'
import { nodeDecompress } from './adapters/selfhost/decompress.ts'
import { createDocsAssets } from './adapters/selfhost/docs-assets.ts'
import { createMetrics } from './adapters/selfhost/metrics.ts'
import { openFileLedger, type FileLedger } from './adapters/selfhost/ledger.ts'
import { openPriceFile } from './adapters/selfhost/price-file.ts'
import { runtimeName, serve } from './adapters/selfhost/serve.ts'
import { openThreadedTraceStore } from './adapters/selfhost/store-thread.ts'
import { createNodeUpstream } from './adapters/selfhost/upstream-node.ts'
import { createWriteBehind } from './adapters/selfhost/write-behind.ts'
import { createBackground, createOpenWork } from './adapters/web/background.ts'
import { systemClock as clock } from './adapters/web/clock.ts'
import { createIdSource } from './adapters/web/ids.ts'
import { createLog } from './adapters/web/log.ts'
import { createSigner } from './adapters/web/sign.ts'
import { createFetchUpstream } from './adapters/web/upstream-fetch.ts'
import { createApp } from './app.ts'
import { runBacktest } from './cli/backtest.ts'
import { startDemo } from './cli/demo/demo.ts'
import { parseCommand, runText, type Command } from './cli/main.ts'
import { runScan } from './cli/scan.ts'
import {
  customPricesOf,
  hasLimits,
  parseListenAddr,
  policyOverridesOf,
  readPriceTable,
  type Config,
} from './contract/config.ts'
import { err, ok, type Result } from './core/domain/result.ts'
import { createDefaultGuard } from './core/guard/scanners.ts'
import { createPipeline } from './core/pipeline.ts'
import type { KeyStore, Log, Metrics, TraceQueue, TraceStore } from './core/ports.ts'
import { lostSpan } from './core/spend/lost.ts'
import type { LostHold } from './core/domain/budget.ts'
import type { Phase } from './routes/health.ts'

/** Spans of one write to the store. */
const BATCH_SPANS_MAX = 100
/** Characters of one write: what the store's thread gets is copied, and is garbage there afterwards. */
const BATCH_CHARS_MAX = 256 * 1024
/** Characters that may wait for the store with their texts: a store that is slower than the traffic must not fill the memory. */
const TEXT_CHARS_MAX = 8 * 1024 * 1024
/** Characters that may wait at all: then spans are shed. */
const QUEUED_CHARS_MAX = 64 * 1024 * 1024

/** How long the last answers may take to become spans once the server has stopped. */
const CAPTURE_DRAIN_MS = 5_000

type Running = { readonly url: string; readonly log: Log; stop(): Promise<void> }

/** A start that cannot go on. The message is one line that names the key to change. */
class StartError extends Error {}

async function start(loaded: LoadedConfig): Promise<Running> {
  const { config } = loaded
  const log = createLog(config.logging)
  const ids = createIdSource(clock.now)
  await naming('data_dir', `cannot write to ${config.data_dir}`, openDataDir(config.data_dir))
  const root = config.auth.mode === 'required' && config.auth.admin_key === null ? await rootKeyIn(config.data_dir) : null
  const gateway = root === null ? loaded.gateway : { ...loaded.gateway, auth: { ...loaded.gateway.auth, adminKey: root.key } }

  const store = await naming('storage', 'the trace store cannot be opened', openTraceStore(config))
  const keys = await naming('storage', 'the account store cannot be opened', openKeyStore(config))
  const queue = createWriteBehind({
    store,
    clock,
    log,
    writer: ids.uuid(),
    windowMs: config.capture.window_ms,
    batchMax: BATCH_SPANS_MAX,
    batchCharsMax: BATCH_CHARS_MAX,
    textCharsMax: TEXT_CHARS_MAX,
    queuedCharsMax: QUEUED_CHARS_MAX,
  })
  const metrics = createMetrics(queue.delivery)
  const prices = await openPrices(config, log)
  const upstream = runtimeName() === 'bun' ? createFetchUpstream({ clock, keepsEncoding: true }) : createNodeUpstream(clock)
  const policies = createConfigPolicies(gateway, policyOverridesOf(config))
  const guard = createDefaultGuard(clock)
  const ledger = hasLimits(config)
    ? await naming('data_dir', 'the ledger cannot be opened', openLedger(config, { log, store, queue, metrics }))
    : null
  const pipeline = createPipeline({
    config: gateway,
    upstream,
    sign: createSigner(),
    decompress: nodeDecompress,
    keys,
    policies,
    guard,
    sessions: createSessionMemory(clock),
    ledger: ledger ?? unlimitedLedger,
    prices: createPriceBook({ custom: prices.current, baseUrlOf: (name) => gateway.providers.get(name)?.baseUrl ?? null }),
    queue,
    metrics,
    clock,
    ids,
    log,
  })

  let phase: Phase = 'starting'
  const work = createOpenWork()
  const background = createBackground(log, work.add)
  const address = parseListenAddr(config.listen_addr)
  if (address === null) throw new StartError(`listen_addr: ${config.listen_addr} is not HOST:PORT`)
  const app = createApp({
    pipeline,
    query: {
      store,
      auth: gateway.auth,
      keys,
      guard,
      policies,
      guardPolicy: gateway.guard,
      limitPolicy: gateway.limits,
      ledger: ledger ?? unlimitedLedger,
      clock,
      ids,
      log,
      version: manifest.version,
    },
    health: {
      version: manifest.version,
      phase: () => phase,
      pingStore: store.ping,
      isQueueDegraded: queue.isDegraded,
      delivery: queue.delivery,
      breakers: pipeline.breakers,
    },
    metrics,
    docs: createDocsAssets(),
    backgroundOf: () => background,
    isLoopbackOnly: config.auth.mode === 'open' && process.env['LLMTRACE_ALLOW_OPEN'] !== '1',
    log,
  })
  const server = await naming(
    'listen_addr',
    `cannot listen on ${config.listen_addr}`,
    serve({ hostname: address.host, port: address.port, fetch: app.fetch }),
  )
  phase = 'running'
  if (root?.isNew === true) {
    process.stdout.write(`root key (shown once, kept in ${join(config.data_dir, 'root.key')}): ${root.key}\n`)
  }

  return {
    url: server.url,
    log,
    stop: async () => {
      phase = 'draining'
      await server.stop(config.shutdown.timeout_seconds * 1000)
      // What the deadline cut leaves a span too; a compressed copy needs a moment to be read.
      pipeline.abandon()
      await inTime(work.settled(), CAPTURE_DRAIN_MS)
      ledger?.close()
      await queue.close(config.shutdown.timeout_seconds * 1000)
      prices.close()
      await store.close()
    },
  }
}

type LedgerDeps = {
  readonly log: Log
  readonly store: Pick<TraceStore, 'span'>
  readonly queue: Pick<TraceQueue, 'send'>
  readonly metrics: Pick<Metrics, 'ledger'>
}

/** A call whose hold is lost gets a span, unless its own was stored before the process went away. */
async function openLedger(config: Config, { log, store, queue, metrics }: LedgerDeps): Promise<FileLedger> {
  const tell = async (lost: LostHold): Promise<void> => {
    metrics.ledger('lost')
    log.write('warn', 'ledger.lost', { tenant_id: lost.tenantId, span_id: lost.spanId })
    const span = lostSpan(lost, clock.now())
    if (span !== null && (await store.span(lost.tenantId, lost.spanId)) === null) await queue.send(span)
  }
  return openFileLedger({
    path: config.storage.profile === 'memory' ? ':memory:' : join(config.data_dir, 'ledger.db'),
    clock,
    log,
    onLost: (lost) => {
      tell(lost).catch((error: unknown) => log.write('error', 'ledger.lost_span_failed', { error }))
    },
  })
}

async function openTraceStore(config: Config): Promise<TraceStore> {
  const { profile, libsql_url: url, libsql_token: token, auto_migrate: isAuto } = config.storage
  if (profile === 'memory') return openMemoryTraceStore()
  if (url === null) return openThreadedTraceStore({ path: tracesPath(config), autoMigrate: isAuto })
  const client = openLibsqlServer(url, token)
  if (isAuto) await migrate(client, traceMigrations())
  return createLibsqlTraceStore(client)
}

/** What is stored, for reading: nothing is made and nothing migrated. */
async function openStored(config: Config): Promise<Result<TraceStore, string>> {
  const { profile, libsql_url: url } = config.storage
  if (profile === 'memory') return err('storage.profile: memory keeps nothing that another process could read')
  const path = tracesPath(config)
  if (url === null && !existsSync(path)) return err(`${path}: no such database; data_dir and storage say where it is`)
  return ok(await openTraceStore({ ...config, storage: { ...config.storage, auto_migrate: false } }))
}

async function openKeyStore(config: Config): Promise<KeyStore> {
  const { profile, libsql_url: url, libsql_token: token, auto_migrate: isAuto } = config.storage
  const client =
    profile === 'memory'
      ? await openLibsqlFile(':memory:')
      : url === null
        ? await openLibsqlFile(join(config.data_dir, 'accounts.db'))
        : openLibsqlServer(url, token)
  if (isAuto || profile === 'memory') await migrate(client, accountMigrations())
  return createLibsqlKeyStore(client)
}

function tracesPath(config: Config): string {
  return config.storage.database_path ?? join(config.data_dir, 'traces.db')
}

/** Prices of the file win over those of the configuration, since they are the newer word. */
async function openPrices(
  config: Config,
  log: Log,
): Promise<{ current: () => ReturnType<typeof customPricesOf>; close: () => void }> {
  const own = customPricesOf(config)
  if (config.pricing.file === null) return { current: () => own, close: () => {} }
  const file = await naming(
    'pricing.file',
    `${config.pricing.file} cannot be used`,
    openPriceFile(config.pricing.file, readPriceTable, clock, log),
  )
  let seen = file.current()
  let merged = new Map([...own, ...seen])
  return {
    current: () => {
      if (file.current() !== seen) {
        seen = file.current()
        merged = new Map([...own, ...seen])
      }
      return merged
    },
    close: file.close,
  }
}

async function inTime(work: Promise<void>, limitMs: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs)
  })
  await Promise.race([work, late])
  clearTimeout(timer)
}

/** Says which key a failed start is about. */
async function naming<T>(key: string, what: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (cause) {
    throw new StartError(`${key}: ${what}: ${reasonOf(cause)}`, { cause })
  }
}

const REASONS: { readonly [code: string]: string } = {
  EADDRINUSE: 'another program uses that port',
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES: 'no permission',
  EPERM: 'no permission',
  EROFS: 'the disk is read-only',
  ENOTDIR: 'a part of the path is not a folder',
  EEXIST: 'a file of that name is in the way',
  ENOENT: 'there is no such file',
  ENOSPC: 'the disk is full',
}

function reasonOf(error: unknown): string {
  let cause: unknown = error
  while (cause instanceof Error && !('code' in cause) && cause.cause !== undefined) cause = cause.cause
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  return REASONS[code] ?? (cause instanceof Error ? `${code} ${cause.message}`.trim().replaceAll('\n', ' ') : String(cause))
}

async function runServe(command: Command): Promise<void> {
  const demo = command.name === 'demo' ? await startDemo() : null
  const loaded = await loadConfig(demo === null ? command : { ...command, flags: { ...demo.flags, ...command.flags } })
  if (!loaded.ok) return fail(loaded.error)
  const gateway = await start(loaded.value)
  process.stdout.write(bannerOf(gateway.url, demo !== null))
  const traffic = demo?.run(gateway.url) ?? null

  const signal = await new Promise<string>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => resolve(name))
  })
  // A second signal means now.
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => process.exit(1))
  gateway.log.write('info', 'stopping', { signal })
  await traffic?.stop()
  await gateway.stop()
  await demo?.close()
  process.exit(0)
}

function bannerOf(url: string, isDemo: boolean): string {
  const lines = [
    '',
    `  LLMTrace ${manifest.version} on ${runtimeName()}`,
    '',
    `  base URL   ${url}/v1   (OpenAI)`,
    `             ${url}      (Anthropic, Gemini, Ollama, Cohere, Azure, Bedrock)`,
    `  traces     ${url}/api/v1/traces`,
    `  API        ${url}/docs`,
    '',
    isDemo ? '  Sample traffic is running. Look:' : '  Try:',
    isDemo
      ? `    curl '${url}/api/v1/stats?group_by=model'`
      : `    curl ${url}/v1/chat/completions -H "Authorization: Bearer $OPENAI_API_KEY" -H 'content-type: application/json' -d '{"model":"gpt-4o-mini","messages":[{"role":"user","content":"hello"}]}'`,
    '',
    '',
  ]
  return lines.join('\n')
}

/** `llmtrace migrate`: brings both databases to this version and says what was applied. */
async function runMigrate(command: Command): Promise<void> {
  const loaded = await loadConfig(command)
  if (!loaded.ok) return fail(loaded.error)
  const { config } = loaded.value
  await naming('data_dir', `cannot write to ${config.data_dir}`, openDataDir(config.data_dir))
  const { libsql_url: url, libsql_token: token } = config.storage
  for (const [name, path, migrations] of [
    ['traces', tracesPath(config), traceMigrations()],
    ['accounts', join(config.data_dir, 'accounts.db'), accountMigrations()],
  ] as const) {
    const client = url === null ? await openLibsqlFile(path) : openLibsqlServer(url, token)
    const applied = await naming('storage', `${name} cannot be migrated`, migrate(client, migrations))
    client.close()
    process.stdout.write(applied.length === 0 ? `${name}: up to date\n` : `${name}: applied ${applied.join(', ')}\n`)
  }
}

function fail(lines: readonly string[]): void {
  process.stderr.write(`${lines.join('\n')}\n`)
  process.exitCode = 1
}

async function main(): Promise<void> {
  const command = parseCommand(process.argv.slice(2))
  if (!command.ok) {
    process.stderr.write(`${command.error}\n`)
    process.exitCode = 2
    return
  }
  try {
    if (command.value.name === 'serve' || command.value.name === 'demo') await runServe(command.value)
    else if (command.value.name === 'migrate') await runMigrate(command.value)
    else if (command.value.name === 'backtest') {
      process.exitCode = await runBacktest(command.value, { guard: createDefaultGuard(clock), openStore: openStored })
    } else if (command.value.name === 'scan') process.exitCode = await runScan(command.value, createDefaultGuard(clock))
    else process.exitCode = await runText(command.value)
  } catch (error) {
    if (!(error instanceof StartError)) throw error
    fail([error.message])
    // The store's thread would keep the process alive.
    process.exit(1)
  }
}

await main()
