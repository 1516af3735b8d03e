/**
 * One suite for every ledger: the same commands give the same answers as the state machine on rows in memory, and what was promised of
 * budgets holds under any order of reserves, settles, duplicates, losses, late settles and clocks that jump.
 */
import { describe, expect, test } from 'bun:test'
import * as fc from 'fast-check'
import { memoryRows } from '../../src/adapters/memory/ledger-rows.ts'
import {
  FINAL_REVISION,
  type Balance,
  type Hold,
  type Refusal,
  type Reservation,
  type Scope,
  type Settled,
  type Settlement,
} from '../../src/core/domain/budget.ts'
import type { SpanId, TenantId } from '../../src/core/domain/ids.ts'
import type { Result } from '../../src/core/domain/result.ts'
import { expire, read, reserve, settle } from '../../src/core/spend/ledger.ts'
import { spanIdOf } from '../support/ids.ts'

/** A ledger under test, with a clock that the test sets. */
export type TestedLedger = {
  setTime(now: number): void
  reserve(ask: Reservation): Promise<Result<Hold, Refusal>>
  settle(settlement: Settlement): Promise<Settled>
  read(tenantId: TenantId, scopes: readonly Scope[]): Promise<readonly Balance[]>
  /** Gives up what is due. */
  expire(): Promise<void>
  dispose(): Promise<void>
}

const START = 1_790_000_000_000
const TENANT = 'acme' as TenantId
const TTL_MS = 60_000
const SCOPES: readonly { readonly scope: Scope; readonly limit: number }[] = [
  { scope: { id: 'tenant:usd', unit: 'nano_usd', meter: { kind: 'window', endsAt: START + 3_600_000 } }, limit: 1000 },
  { scope: { id: 'agent=a:usd', unit: 'nano_usd', meter: { kind: 'window', endsAt: null } }, limit: 400 },
  { scope: { id: 'tenant:requests', unit: 'requests', meter: { kind: 'bucket', perSecond: 2.5 } }, limit: 300 },
  { scope: { id: 'tenant:streams', unit: 'streams', meter: { kind: 'gauge' } }, limit: 500 },
]

type Command =
  | {
      readonly kind: 'reserve'
      readonly span: number
      readonly mask: number
      readonly amount: number
      readonly least: number
      readonly share: number
    }
  | { readonly kind: 'settle'; readonly span: number; readonly part: number; readonly isFinal: boolean }
  | { readonly kind: 'time'; readonly ms: number }
  | { readonly kind: 'expire' }

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('reserve' as const),
      span: fc.integer({ min: 1, max: 12 }),
      mask: fc.integer({ min: 1, max: 15 }),
      amount: fc.integer({ min: 0, max: 300 }),
      least: fc.integer({ min: 0, max: 300 }),
      share: fc.constantFrom(1, 0.125),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('settle' as const),
      span: fc.integer({ min: 1, max: 14 }),
      part: fc.constantFrom(0, 0.5, 1, 1.5),
      isFinal: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('time' as const),
      ms: fc.constantFrom(1, 500, 20_000, 61_000, -3_000, 3_600_000, -3_600_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('expire' as const) }) },
)

function reservation({ span, mask, amount, least, share }: Command & { kind: 'reserve' }, now: number): Reservation {
  const chosen = SCOPES.filter((_, i) => (mask & (1 << i)) !== 0)
  const asks = chosen.map(({ scope, limit }) => ({
    scope,
    limit,
    amount,
    least: Math.min(least, amount),
    lost: Math.floor(amount / 4),
  }))
  return { tenantId: TENANT, spanId: spanIdOf(span), asks, expiresAt: now + TTL_MS, share, note: `call ${span}` }
}

/** `runs` is the number of sequences; engines over HTTP get fewer. */
export function describeLedger(name: string, make: () => Promise<TestedLedger>, runs = 100): void {
  describe(`ledger: ${name}`, () => {
    test('the same commands give the same answers as on rows in memory, and budgets hold', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 40 }), async (commands) => {
          const ledger = await make()
          try {
            await follow(commands, ledger)
          } finally {
            await ledger.dispose()
          }
        }),
        { numRuns: runs, seed: 20_261_130 },
      )
    })

    test('of 256 reserves at once as many pass as there is room for', async () => {
      const ledger = await make()
      ledger.setTime(START)
      const [money] = SCOPES
      const asks = [{ scope: (money as (typeof SCOPES)[number]).scope, limit: 1000, amount: 25, least: 25, lost: 1 }]
      const answers = await Promise.all(
        Array.from({ length: 256 }, (_, i) =>
          ledger.reserve({ tenantId: TENANT, spanId: spanIdOf(i + 1), asks, expiresAt: START + TTL_MS, share: 1, note: '' }),
        ),
      )
      expect(answers.filter(({ ok }) => ok).length).toBe(40)
      await ledger.dispose()
    })
  })
}

async function follow(commands: readonly Command[], ledger: TestedLedger): Promise<void> {
  const rows = memoryRows()
  const scopes = SCOPES.map(({ scope }) => scope)
  const revisions = new Map<SpanId, number>()
  /** Scopes in which more was booked than was held: the one way past a limit. */
  const passed = new Set<string>()
  let now = START
  ledger.setTime(now)
  for (const step of commands) {
    if (step.kind === 'time') {
      now += step.ms
      ledger.setTime(now)
    } else if (step.kind === 'expire') {
      for (const lost of expire(rows, now, 20)) void lost
      await ledger.expire()
    } else if (step.kind === 'reserve') {
      const ask = reservation(step, now)
      const wanted = reserve(rows, ask, now)
      expect(await ledger.reserve(ask)).toEqual(wanted)
    } else {
      const spanId = spanIdOf(step.span)
      const hold = rows.hold(TENANT, spanId)
      const entries = SCOPES.filter(
        ({ scope }) => hold === null || hold.entries.some(({ scopeId }) => scopeId === scope.id),
      ).map(({ scope }) => {
        const granted = hold?.entries.find(({ scopeId }) => scopeId === scope.id)?.granted ?? 20
        const spent = Math.floor(granted * step.part)
        return { scope, spent, held: step.isFinal ? 0 : Math.max(0, granted - spent) }
      })
      const revision = step.isFinal ? FINAL_REVISION : (revisions.get(spanId) ?? 0) + 1
      revisions.set(spanId, revision)
      const settlement = { tenantId: TENANT, spanId, revision, entries, expiresAt: now + TTL_MS }
      const wanted = settle(rows, settlement, now)
      expect(await ledger.settle(settlement)).toEqual(wanted)
      if (hold === null || wanted.isLate || hold.state === 'lost') for (const { id } of scopes) passed.add(id)
      for (const id of wanted.overHold) passed.add(id)
    }
    const balances = read(rows, TENANT, scopes, now)
    expect(await ledger.read(TENANT, scopes)).toEqual(balances)
    for (const [i, { scope, limit }] of SCOPES.entries()) {
      const { spent, held } = balances[i] as Balance
      expect(spent).toBeGreaterThanOrEqual(0)
      expect(held).toBeGreaterThanOrEqual(0)
      if (scope.meter.kind !== 'bucket' && !passed.has(scope.id)) expect(spent + held).toBeLessThanOrEqual(limit)
    }
  }
  // In the end all that was settled is what the settles said, and nothing is held.
  for (let span = 1; span <= 14; span += 1) {
    const hold = rows.hold(TENANT, spanIdOf(span))
    if (hold === null || hold.state === 'settled') continue
    const entries = hold.entries.map(({ scopeId, meter }) => ({
      scope: { id: scopeId, unit: 'nano_usd' as const, meter },
      spent: 3,
      held: 0,
    }))
    const settlement = { tenantId: TENANT, spanId: hold.spanId, revision: FINAL_REVISION, entries, expiresAt: 0 }
    expect(await ledger.settle(settlement)).toEqual(settle(rows, settlement, now))
  }
  const balances = await ledger.read(TENANT, scopes)
  expect(balances).toEqual(read(rows, TENANT, scopes, now))
  for (const { held } of balances) expect(held).toBe(0)
}
