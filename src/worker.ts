/**
 * The composition root of the Worker: checks the bindings, builds the ports once an isolate, hands every request to the same application
 * as `node.ts`. Configuration comes from vars and secrets in its environment form; traces go to libSQL over HTTP.
 */
import { createClient } from '@libsql/client/web'
import { Hono } from 'hono'
import manifest from '../package.json'
import { createLibsqlKeyStore } from './adapters/libsql/key-store.ts'
import { accountMigrations, traceMigrations } from './adapters/libsql/migrations-bundled.ts'
import { migrate } from './adapters/libsql/migrate.ts'
import { createLibsqlTraceStore } from './adapters/libsql/trace-store.ts'
import { createConfigPolicies } from './adapters/memory/config-policies.ts'
import { noMetrics } from './adapters/memory/no-metrics.ts'
import { unlimitedLedger } from './adapters/memory/unlimited-ledger.ts'
import { createPriceBook } from './adapters/prices/price-book.ts'
import { createBackground } from './adapters/web/background.ts'
import { systemClock } from './adapters/web/clock.ts'
import { webDecompress } from './adapters/web/decompress.ts'
import { createIdSource } from './adapters/web/ids.ts'
import { createLog } from './adapters/web/log.ts'
import { createSigner } from './adapters/web/sign.ts'
import { createFetchUpstream } from './adapters/web/upstream-fetch.ts'
import { checkBindings, type Bindings, type UncheckedBindings } from './adapters/workerd/bindings.ts'
import { createDirectQueue } from './adapters/workerd/direct-queue.ts'
import { createObjectLedger } from './adapters/workerd/ledger.ts'
import { ledgerObject } from './adapters/workerd/ledger-object.ts'
import { afterMigration, migratedOnce } from './adapters/workerd/after-migration.ts'
import { createApp } from './app.ts'
import {
  customPricesOf,
  hasLimits,
  policyOverridesOf,
  problemLines,
  readConfig,
  toGatewayConfig,
  type Config,
} from './contract/config.ts'
import type { GatewayConfig } from './core/domain/gateway.ts'
import type { LostHold } from './core/domain/budget.ts'
import { ENVELOPE_VERSION } from './core/domain/envelope.ts'
import { appError } from './core/domain/errors.ts'
import { err, ok, type Result } from './core/domain/result.ts'
import { createDefaultGuard } from './core/guard/scanners.ts'
import { createPipeline } from './core/pipeline.ts'
import { PortError, type KeyStore, type TraceStore } from './core/ports.ts'
import { lostSpan } from './core/spend/lost.ts'
import { renderError } from './routes/render-error.ts'

/** What a Worker has unless told otherwise: it is reachable by anyone, so it wants a key. */
const WORKER_DEFAULTS = { auth: { mode: 'required' } }

/** One application an isolate, built at its first request: Workers give no bindings and no randomness before. */
export function createWorker(): {
  fetch: (request: Request, env: UncheckedBindings, ctx: ExecutionContext) => Promise<Response>
} {
  let app: Hono | null = null
  return {
    fetch: async (request, env, ctx) => {
      app ??= build(checkBindings(env))
      return app.fetch(request, env, ctx)
    },
  }
}

/** The ledger of one tenant. Named in `wrangler.toml`: renaming it needs a migration there. */
export class LedgerObject extends ledgerObject((env: UncheckedBindings) => ({
  clock: systemClock,
  onLost: createTeller(checkBindings(env)),
})) {}

type Configured = { readonly config: Config; readonly gateway: GatewayConfig; readonly libsqlUrl: string }

function configured({ vars, ledgers }: Bindings): Result<Configured, readonly string[]> {
  const config = readConfig({ file: WORKER_DEFAULTS, env: vars, flags: {} })
  if (!config.ok) return err(problemLines(config.error))
  const gateway = toGatewayConfig(config.value, vars)
  if (!gateway.ok) return err(problemLines(gateway.error))
  const libsqlUrl = config.value.storage.libsql_url
  if (libsqlUrl === null) return err(['storage.libsql_url: a Worker needs a libSQL server: set LLMTRACE_STORAGE_LIBSQL_URL'])
  // A limit that is set and does not hold would be worse than none.
  if (hasLimits(config.value) && ledgers === null)
    return err(['limits, cost_caps: the Worker has no ledger: bind LEDGER to LedgerObject, as wrangler.toml does'])
  return ok({ config: config.value, gateway: gateway.value, libsqlUrl })
}

function build(bindings: Bindings): Hono {
  const read = configured(bindings)
  return read.ok ? assemble(read.value, bindings) : misconfigured(read.error)
}

function openStores({ config, libsqlUrl }: Configured): { readonly store: TraceStore; readonly keys: KeyStore } {
  const client = createClient({
    url: libsqlUrl,
    ...(config.storage.libsql_token === null ? {} : { authToken: config.storage.libsql_token }),
  })
  const migrated = migratedOnce(async () => {
    if (!config.storage.auto_migrate) return
    await migrate(client, [...traceMigrations, ...accountMigrations])
  })
  return {
    store: afterMigration(createLibsqlTraceStore(client), migrated),
    keys: afterMigration(createLibsqlKeyStore(client), migrated),
  }
}

/** Writes the spans of calls whose hold was lost, from within the ledger's object, unless their own were stored. */
function createTeller(bindings: Bindings): (lost: readonly LostHold[]) => Promise<void> {
  const clock = systemClock
  const writer = createIdSource(clock.now).uuid()
  let store: TraceStore | null = null
  let sequence = 0

  return async (lost) => {
    const read = configured(bindings)
    if (!read.ok) throw new PortError('trace_store', read.error.join('\n'))
    const log = createLog({ level: read.value.config.logging.level, format: 'json' })
    store ??= openStores(read.value).store
    try {
      for (const hold of lost) {
        log.write('warn', 'ledger.lost', { tenant_id: hold.tenantId, span_id: hold.spanId })
        const span = lostSpan(hold, clock.now())
        if (span === null || (await store.span(hold.tenantId, hold.spanId)) !== null) continue
        sequence += 1
        await store.write([{ version: ENVELOPE_VERSION, writer, sequence, span }])
      }
    } catch (error) {
      log.write('error', 'ledger.lost_span_failed', { error })
      throw error
    }
  }
}

function assemble(read: Configured, { assets, ledgers }: Bindings): Hono {
  const { config, gateway } = read
  const clock = systemClock
  const ids = createIdSource(clock.now)
  const log = createLog({ level: config.logging.level, format: 'json' })
  const { store, keys } = openStores(read)
  const ledger = ledgers === null || !hasLimits(config) ? unlimitedLedger : createObjectLedger(ledgers)
  const queue = createDirectQueue({ store, clock, log, writer: ids.uuid() })
  const custom = customPricesOf(config)
  const policies = createConfigPolicies(gateway, policyOverridesOf(config))
  const guard = createDefaultGuard(clock)
  const pipeline = createPipeline({
    config: gateway,
    upstream: createFetchUpstream({ clock, keepsEncoding: false }),
    sign: createSigner(),
    decompress: webDecompress,
    keys,
    policies,
    guard,
    sessions: null,
    ledger,
    prices: createPriceBook({ custom: () => custom, baseUrlOf: (name) => gateway.providers.get(name)?.baseUrl ?? null }),
    queue,
    metrics: noMetrics,
    clock,
    ids,
    log,
  })
  return createApp({
    pipeline,
    query: {
      store,
      auth: gateway.auth,
      keys,
      guard,
      policies,
      guardPolicy: gateway.guard,
      limitPolicy: gateway.limits,
      ledger,
      clock,
      ids,
      log,
      version: manifest.version,
    },
    health: {
      version: manifest.version,
      phase: () => 'running',
      pingStore: () => store.ping(),
      isQueueDegraded: queue.isDegraded,
      delivery: queue.delivery,
      breakers: pipeline.breakers,
    },
    metrics: null,
    docs: {
      read: async (name) => {
        const file = await assets?.fetch(`https://assets.local/docs/${name}`)
        return file?.ok === true ? new Uint8Array(await file.arrayBuffer()) : null
      },
    },
    backgroundOf: (c) => createBackground(log, (work) => c.executionCtx.waitUntil(work)),
    isLoopbackOnly: false,
    log,
  })
}

/** A Worker cannot refuse to start: it answers every request with what is wrong with its configuration. */
function misconfigured(lines: readonly string[]): Hono {
  const error = appError('gateway.unavailable', 'the gateway is not configured: see the Worker log', {
    reason: lines.join('\n'),
  })
  createLog({ level: 'error', format: 'json' }).write('error', 'config.invalid', { problems: lines })
  return new Hono().all('*', () => renderError(error))
}

export default createWorker()
