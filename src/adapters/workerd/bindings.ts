/** What the Worker is given, checked once: everything optional becomes null, and only here is the raw `env` read. */

import type { LedgerNamespace } from './ledger.ts'

/** As the runtime gives it: string vars and secrets beside bindings. */
export type UncheckedBindings = { readonly [name: string]: unknown }

export type Bindings = {
  /** Vars and secrets: configuration in its environment form. */
  readonly vars: { readonly [name: string]: string }
  /** Static files (the API documentation's UI); null where none were deployed. */
  readonly assets: { fetch(request: Request | string): Promise<Response> } | null
  /** A Durable Object for each tenant's limits. */
  readonly ledgers: LedgerNamespace | null
}

export function checkBindings(env: UncheckedBindings): Bindings {
  const vars: { [name: string]: string } = {}
  for (const [name, value] of Object.entries(env)) {
    if (typeof value === 'string') vars[name] = value
    else if (typeof value === 'number' || typeof value === 'boolean') vars[name] = String(value)
    // `vars` of wrangler.toml may hold tables; their environment form is JSON.
    else if (name.startsWith('LLMTRACE_') && typeof value === 'object' && value !== null) vars[name] = JSON.stringify(value)
  }
  const assets = env['ASSETS']
  const ledgers = env['LEDGER']
  return { vars, assets: isFetcher(assets) ? assets : null, ledgers: isNamespace(ledgers) ? ledgers : null }
}

function isFetcher(value: unknown): value is { fetch(request: Request | string): Promise<Response> } {
  return typeof value === 'object' && value !== null && 'fetch' in value && typeof value.fetch === 'function'
}

function isNamespace(value: unknown): value is LedgerNamespace {
  return typeof value === 'object' && value !== null && 'getByName' in value && typeof value.getByName === 'function'
}
