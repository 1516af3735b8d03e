import { expect, test } from 'bun:test'
import type { Scope } from '../../../src/core/domain/budget.ts'
import { appError } from '../../../src/core/domain/errors.ts'
import type { TenantId } from '../../../src/core/domain/ids.ts'
import { reserve, settle } from '../../../src/core/spend/reserve.ts'
import { aCaller, createFakeLedger } from '../../support/fakes.ts'
import { spanIdOf } from '../../support/ids.ts'

const SCOPE: Scope = { id: 'tenant:acme:money', unit: 'nano_usd', window: 'daily', limit: 100 }
const CALLER = aCaller({ tenantId: 'acme' as TenantId })

test('a call that touches no limit asks no ledger, and holds nothing', async () => {
  const ledger = createFakeLedger(appError('limit.budget_exhausted', 'no'))
  const hold = await reserve(ledger, CALLER, spanIdOf(1), [], 5)
  expect(hold).toEqual({ ok: true, value: { spanId: spanIdOf(1), amounts: [] } })
  if (hold.ok) await settle(ledger, CALLER.tenantId, hold.value, [])
  expect(ledger.settled).toEqual([])
})

test('what a call asks for is held for its tenant until the given time, and settled once', async () => {
  const ledger = createFakeLedger()
  const amounts = [{ scope: SCOPE, amount: 7 }]
  const hold = await reserve(ledger, CALLER, spanIdOf(2), amounts, 900)
  expect(hold).toEqual({ ok: true, value: { spanId: spanIdOf(2), amounts } })
  expect([...ledger.held.values()]).toEqual([{ tenantId: 'acme' as TenantId, spanId: spanIdOf(2), amounts, expiresAt: 900 }])
  if (hold.ok) await settle(ledger, CALLER.tenantId, hold.value, [{ scopeId: SCOPE.id, amount: 3 }])
  expect([...ledger.held]).toEqual([])
  expect(ledger.settled).toEqual([
    { tenantId: 'acme' as TenantId, spanId: spanIdOf(2), amounts: [{ scopeId: SCOPE.id, amount: 3 }] },
  ])
})

test('a refusal is the ledger’s own', async () => {
  const refusal = appError('limit.budget_exhausted', 'the daily budget is spent', { retryAfterSeconds: 60 })
  const hold = await reserve(createFakeLedger(refusal), CALLER, spanIdOf(3), [{ scope: SCOPE, amount: 7 }], 900)
  expect(hold).toEqual({ ok: false, error: refusal })
})
