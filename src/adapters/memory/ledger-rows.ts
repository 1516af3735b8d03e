/** The ledger's rows in memory: nothing outlives the process, and it is what the other engines are held against. */
import type { HoldRow, LedgerRows, ScopeRow } from '../../core/spend/ledger.ts'
import type { EpochMs } from '../../core/domain/time.ts'

export type MemoryRows = LedgerRows & {
  /** Deletes rows whose time is over. */
  prune(now: EpochMs): void
}

export function memoryRows(): MemoryRows {
  const scopes = new Map<string, ScopeRow & { readonly keptUntil: EpochMs }>()
  const holds = new Map<string, HoldRow>()
  /** A small set beside the settled ones, so that looking for due holds does not walk over all of them. */
  const open = new Map<string, HoldRow>()

  return {
    scope: (tenantId, id) => scopes.get(keyOf(tenantId, id)) ?? null,
    putScope: (tenantId, id, row, keptUntil) => void scopes.set(keyOf(tenantId, id), { ...row, keptUntil }),
    hold: (tenantId, spanId) => holds.get(keyOf(tenantId, spanId)) ?? null,
    putHold: (row) => {
      const key = keyOf(row.tenantId, row.spanId)
      holds.set(key, row)
      if (row.state === 'open') open.set(key, row)
      else open.delete(key)
    },
    due: (now, max) =>
      [...open.values()]
        .filter(({ expiresAt }) => expiresAt <= now)
        .sort((one, other) => one.expiresAt - other.expiresAt)
        .slice(0, max),
    prune: (now) => {
      for (const [key, { keptUntil }] of holds) if (keptUntil !== null && keptUntil <= now) holds.delete(key)
      for (const [key, { keptUntil }] of scopes) if (keptUntil <= now) scopes.delete(key)
    },
  }
}

function keyOf(tenantId: string, id: string): string {
  return `${tenantId}\n${id}`
}
