/** The ledger of an instance without limits: it is never asked, and grants whatever it is asked all the same. */
import { ok } from '../../core/domain/result.ts'
import type { Ledger } from '../../core/ports.ts'

const NOTHING = { spent: 0, held: 0 }

export const unlimitedLedger: Ledger = {
  reserve: async ({ spanId, asks }) =>
    ok({ spanId, entries: asks.map(({ scope, limit, amount }) => ({ scope, limit, amount, balance: NOTHING })) }),
  settle: async () => ({ overHold: [], isLate: false }),
  read: async (_tenantId, scopes) => scopes.map(() => NOTHING),
}
