/**
 * Ledger rows of which one thread is the only writer: what it wrote last need not be read again. Counters are written together at the
 * end of a transaction, since a statement costs more than its rows.
 */
import type { PutScope } from './ledger-table.ts'
import type { LedgerRows, ScopeRow } from './ledger.ts'

/** Counters of which the value is known without reading. Beyond it all are forgotten: what is in use comes back at once. */
const SCOPES_CACHED_MAX = 10_000

export type CachedRows = LedgerRows & {
  /** Writes what was put. Called before the transaction is kept. */
  flush(): void
  /** Called where it was not kept. */
  forget(): void
}

export function cachedRows(rows: LedgerRows, write: (written: readonly PutScope[]) => void): CachedRows {
  let written: PutScope[] = []
  const scopes = new Map<string, ScopeRow | null>()
  const keep = (key: string, row: ScopeRow | null): void => {
    // What is not written yet is known nowhere else.
    if (scopes.size >= SCOPES_CACHED_MAX && written.length === 0) scopes.clear()
    scopes.set(key, row)
  }
  return {
    ...rows,
    scope: (tenantId, id) => {
      const key = `${tenantId}\n${id}`
      const known = scopes.get(key)
      if (known !== undefined) return known
      const row = rows.scope(tenantId, id)
      keep(key, row)
      return row
    },
    putScope: (tenantId, id, row, keptUntil) => {
      written.push([tenantId, id, row.spent, row.held, row.at, keptUntil])
      keep(`${tenantId}\n${id}`, row)
    },
    flush: () => {
      if (written.length > 0) write(written)
      written = []
    },
    forget: () => {
      written = []
      scopes.clear()
    },
  }
}
