/** The `Ledger` of a Worker: each tenant's is a Durable Object of its own, and every call is one round trip to it. */
import type { Balance, Hold, Refusal, Reservation, Scope, Settled, Settlement } from '../../core/domain/budget.ts'
import type { TenantId } from '../../core/domain/ids.ts'
import type { Result } from '../../core/domain/result.ts'
import { PortError, type Ledger } from '../../core/ports.ts'

/** What the object answers to, over RPC. */
export type LedgerStub = {
  reserve(ask: Reservation): Promise<Result<Hold, Refusal>>
  settle(settlement: Settlement): Promise<Settled>
  read(tenantId: TenantId, scopes: readonly Scope[]): Promise<readonly Balance[]>
}

export type LedgerNamespace = { getByName(name: string): LedgerStub }

/** An object that moves to another machine, or is deployed anew, answers the next try. */
const TRIES = 3

export function createObjectLedger(namespace: LedgerNamespace): Ledger {
  /** Every method may be called twice with the same arguments and changes nothing the second time. */
  async function ask<T>(tenantId: TenantId, call: (stub: LedgerStub) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        // A stub that failed is of no more use.
        return await call(namespace.getByName(tenantId))
      } catch (cause) {
        if (tries < TRIES && isRetryable(cause)) continue
        throw new PortError('ledger', 'the tenant’s ledger object did not answer', { cause })
      }
    }
  }

  return {
    reserve: (reservation) => ask(reservation.tenantId, (stub) => stub.reserve(reservation)),
    settle: (settlement) => ask(settlement.tenantId, (stub) => stub.settle(settlement)),
    read: (tenantId, scopes) => ask(tenantId, (stub) => stub.read(tenantId, scopes)),
  }
}

/** The runtime marks what is worth another try; an overloaded object is not helped by one. */
function isRetryable(cause: unknown): boolean {
  if (typeof cause !== 'object' || cause === null) return false
  return 'retryable' in cause && cause.retryable === true && !('overloaded' in cause && cause.overloaded === true)
}
