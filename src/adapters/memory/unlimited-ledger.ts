/** The ledger of an instance without limits: every reservation is granted, nothing is counted. */
import { ok } from '../../core/domain/result.ts'
import type { Ledger } from '../../core/ports.ts'

export const unlimitedLedger: Ledger = {
  reserve: async ({ spanId, amounts }) => ok({ spanId, amounts }),
  renew: async () => {},
  settle: async () => {},
  release: async () => {},
  read: async () => [],
}
