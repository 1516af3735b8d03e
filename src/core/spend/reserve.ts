/**
 * The reserve and settle stages: a hold before the call, the real amounts after it. Which scopes a call touches comes with the
 * limits; a call that touches none asks no ledger.
 */
import type { Hold, Scope, Settlement } from '../domain/budget.ts'
import type { AppError } from '../domain/errors.ts'
import type { SpanId, TenantId } from '../domain/ids.ts'
import { ok, type Result } from '../domain/result.ts'
import type { Caller } from '../domain/tenant.ts'
import type { EpochMs } from '../domain/time.ts'
import type { Ledger } from '../ports.ts'

export type Ask = { readonly scope: Scope; readonly amount: number }

/** Holds every amount or none. Fails with the ledger's own refusal. */
export async function reserve(
  ledger: Ledger,
  caller: Caller,
  spanId: SpanId,
  amounts: readonly Ask[],
  expiresAt: EpochMs,
): Promise<Result<Hold, AppError>> {
  if (amounts.length === 0) return ok({ spanId, amounts })
  return ledger.reserve({ tenantId: caller.tenantId, spanId, amounts, expiresAt })
}

/** Books what the call really took, once per span id. */
export async function settle(ledger: Ledger, tenantId: TenantId, hold: Hold, amounts: Settlement['amounts']): Promise<void> {
  if (hold.amounts.length === 0) return
  await ledger.settle({ tenantId, spanId: hold.spanId, amounts })
}
