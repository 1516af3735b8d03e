/** The query API over a store, with keys for every role of two tenants and a log that is kept. */
import { unlimitedLedger } from '../../src/adapters/memory/unlimited-ledger.ts'
import type { LimitPolicy } from '../../src/core/domain/limit-policy.ts'
import { createIdSource } from '../../src/adapters/web/ids.ts'
import type { KeyId } from '../../src/core/domain/ids.ts'
import type { GatewayConfig } from '../../src/core/domain/gateway.ts'
import type { ApiKey } from '../../src/core/domain/tenant.ts'
import type { Clock, KeyStore, LogLevel, PolicyStore, TraceStore } from '../../src/core/ports.ts'
import { BASE_PATH } from '../../src/routes/query/definitions.ts'
import { queryRoutes } from '../../src/routes/query/routes.ts'
import { Hono } from 'hono'
import { aGuard, aPolicy, wordScanner } from '../support/guard.ts'
import { NOW, tenant } from './spans.ts'

export const ADMIN_KEY = 'root-key-of-the-test'
export const ROLES = ['viewer', 'operator', 'admin', 'proxy'] as const

export type LogLine = { readonly level: LogLevel; readonly event: string; readonly fields: { readonly [key: string]: unknown } }

export type Answer = { readonly status: number; readonly headers: Headers; readonly text: string; readonly json: unknown }

export type Api = {
  readonly ask: (path: string, init?: RequestInit & { readonly key?: string | null }) => Promise<Answer>
  readonly log: readonly LogLine[]
}

const clock: Clock = {
  now: () => NOW,
  monotonic: () => 0,
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  },
}

/** `llmt_<tenant>_<role>`; beside them an expired and a revoked one of acme. */
export const keyOf = (tenantName: string, role: string): string => `llmt_${tenantName}_${role}`

const keys: KeyStore = {
  find: async (secret) => {
    const [, tenantName = '', role = ''] = /^llmt_(acme|globex)_(\w+)$/.exec(secret) ?? []
    const times: { readonly [name: string]: Partial<ApiKey> } = { expired: { expiresAt: NOW }, revoked: { revokedAt: NOW - 1 } }
    const known = ROLES.find((name) => name === role) ?? (role in times ? 'admin' : null)
    if (known === null) return null
    return {
      id: `key-${tenantName}-${role}` as KeyId,
      tenantId: tenant(tenantName),
      projectId: null,
      role: known,
      prefix: secret.slice(0, 8),
      expiresAt: null,
      revokedAt: null,
      ...times[role],
    }
  },
  tenant: async () => null,
  ensureTenant: async () => {},
  project: async () => null,
}

/** Finds injections, personal data and one scanner that fails. */
const guard = aGuard([
  { name: 'injection', scan: wordScanner('ignore', { confidence: 0.57 }) },
  { name: 'surer', scan: wordScanner('disregard', { confidence: 0.9 }) },
  {
    name: 'pii',
    scan: wordScanner('\\w+@\\w+', { findingType: 'pii_detected', category: 'pii', confidence: 0.99, tag: '[PII:EMAIL]' }),
  },
  {
    name: 'fragile',
    scan: (forms) => {
      if (forms.some(({ text }) => text === 'break')) throw new Error('broken on purpose')
      return []
    },
  },
])

const RATES: LimitPolicy = {
  rates: { requestsPerSecond: 1, burst: 2, tokensPerMinute: null, concurrentStreams: null, fail: 'open' },
  budgets: null,
}

/** Globex refuses what acme only records. */
const policies: PolicyStore = {
  policy: async (tenantId) =>
    tenantId === tenant('globex')
      ? {
          version: 1,
          capture: { text: 'full', textBytesMax: 1000 },
          guard: aPolicy({ mode: 'block', fail: 'closed' }),
          limits: RATES,
        }
      : null,
}

/** Asks with acme's admin key unless told otherwise; `key: null` sends none. */
export function createApi(
  store: TraceStore,
  auth: GatewayConfig['auth'] = { mode: 'required', adminKey: ADMIN_KEY },
  keyStore = keys,
  policyStore = policies,
): Api {
  const log: LogLine[] = []
  const query = queryRoutes({
    store,
    auth,
    keys: keyStore,
    guard,
    policies: policyStore,
    guardPolicy: aPolicy(),
    limitPolicy: RATES,
    ledger: unlimitedLedger,
    clock,
    ids: createIdSource(clock.now),
    log: { isEnabled: () => true, write: (level, event, fields = {}) => log.push({ level, event, fields }) },
    version: '0.0.0',
  })
  const app = new Hono()
  app.route(BASE_PATH, query.routes)
  app.onError((error, c) => c.json({ thrown: error.message }, 500))
  return {
    log,
    ask: async (path, { key = keyOf('acme', 'admin'), ...init } = {}) => {
      const headers = new Headers(init.headers)
      if (key !== null) headers.set('authorization', `Bearer ${key}`)
      const response = await app.request(`${BASE_PATH}${path}`, { ...init, headers })
      const text = await response.text()
      return {
        status: response.status,
        headers: response.headers,
        text,
        json: text === '' ? null : (JSON.parse(text) as unknown),
      }
    },
  }
}
