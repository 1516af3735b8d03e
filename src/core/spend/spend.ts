/**
 * The reserve and settle stages: before a call, its upper bound is held in every scope that it touches, in one step; after it, what it
 * really took is booked. A call that touches no limit asks no ledger.
 */
import { FINAL_REVISION, type Ask, type Hold, type Settlement } from '../domain/budget.ts'
import { appError, type AppError } from '../domain/errors.ts'
import type { SpanId } from '../domain/ids.ts'
import type { LimitPolicy } from '../domain/limit-policy.ts'
import { ZERO_USD, type NanoUsd } from '../domain/money.ts'
import { err, ok, type Result } from '../domain/result.ts'
import type { TraceSpan } from '../domain/span.ts'
import type { Caller } from '../domain/tenant.ts'
import type { TokenBound } from '../domain/token-bound.ts'
import type { EpochMs } from '../domain/time.ts'
import { PortError, type Clock, type Ledger, type Log, type Metrics, type PriceBook } from '../ports.ts'
import { chargeOf, type HeldFor } from './charge.ts'
import { createLimits, type Limit } from './limits.ts'
import { lostNote } from './lost.ts'
import { refusalError, tokenCapError } from './refusal.ts'
import { limitHeaders } from './tell.ts'

/** A settle that fails is tried again after these pauses; then its cost is not booked, which is counted. */
const SETTLE_PAUSES_MS: readonly number[] = [200, 1_000, 5_000, 20_000]
/** A hold is renewed when this part of its time is over. */
const RENEWED_AFTER = 1 / 3
/** Scopes whose warning was told once. Beyond it all are forgotten, and told again. */
const WARNED_MAX = 10_000

export type SpendDeps = {
  readonly ledger: Ledger
  readonly prices: PriceBook
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
}

export type SpendAsk = {
  readonly caller: Caller
  readonly spanId: SpanId
  readonly policy: LimitPolicy
  readonly provider: string
  readonly model: string | null
  readonly isStreaming: boolean
  /** Null for a call that generates nothing: it costs nothing, and counts as a request. */
  readonly bound: TokenBound | null
  /** The caller's own cap on the answer's tokens, all answers together; null where it set none. */
  readonly outputCap: number | null
  readonly now: EpochMs
}

/** A call's place in the ledger. Exactly one of `settle` and `giveBack` is called, once. */
export type Spending = {
  readonly hold: Hold
  /** For the span. */
  readonly notes: readonly string[]
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** Books what the call took. Never rejects. */
  settle(span: TraceSpan): Promise<void>
  /** For a call that never reached a provider: it counts as a request, and costs nothing. Never rejects. */
  giveBack(): Promise<void>
}

export type Spend = (ask: SpendAsk) => Promise<Result<Spending, AppError>> | Result<Spending, AppError>

export function createSpend(deps: SpendDeps): Spend {
  const limitsOf = createLimits()
  const warned = new Set<string>()

  function warn(limits: readonly Limit[], hold: Hold, caller: Caller): boolean {
    let isPast = false
    for (const [i, { balance }] of hold.entries.entries()) {
      const limit = limits[i]
      if (limit === undefined || limit.warnFrom === null || balance.spent < limit.warnFrom) continue
      isPast = true
      const key = `${caller.tenantId}\n${limit.scope.id}`
      if (warned.has(key)) continue
      if (warned.size >= WARNED_MAX) warned.clear()
      warned.add(key)
      deps.metrics.ledger('warning')
      const { subject, subjectId, window } = limit
      const of = { tenant_id: caller.tenantId, subject, subject_id: subjectId, window }
      deps.log.write('warn', 'budget.warning', { ...of, spent_nano_usd: balance.spent, limit_nano_usd: limit.limit })
    }
    return isPast
  }

  /** The ledger cannot be asked: the policy says whether calls pass meanwhile. Budgets are asked first, since they are money. */
  function unasked(error: unknown, ask: SpendAsk, limits: readonly Limit[], held: HeldFor): Result<Spending, AppError> {
    if (!(error instanceof PortError)) throw error
    deps.metrics.ledger('unavailable')
    deps.log.write('error', 'ledger.unavailable', { tenant_id: ask.caller.tenantId, error })
    const hasBudget = limits.some(({ scope }) => scope.unit === 'nano_usd')
    const fail = hasBudget ? ask.policy.budgets?.fail : ask.policy.rates?.fail
    if (fail !== 'open') {
      const reason = `${error.dependency} down`
      return err(appError('gateway.unavailable', 'the gateway cannot answer right now', { reason }))
    }
    return ok(spendingOf(ask, limits, held, { spanId: ask.spanId, entries: [] }, ['limit.ledger_unavailable'], []))
  }

  function spendingOf(
    ask: SpendAsk,
    limits: readonly Limit[],
    held: HeldFor,
    hold: Hold,
    notes: readonly string[],
    headers: Spending['headers'],
  ): Spending {
    const { tenantId } = ask.caller
    const ttlMs = ask.policy.budgets?.holdTtlMs ?? DEFAULT_TTL_MS
    let revision = 0
    let stopTimer: (() => void) | null = null

    function renewLater(): void {
      stopTimer = deps.clock.after(ttlMs * RENEWED_AFTER, () => {
        revision += 1
        const entries = hold.entries.map(({ scope, amount }) => ({ scope, spent: 0, held: amount }))
        const renewal = { tenantId, spanId: ask.spanId, revision, entries, expiresAt: deps.clock.now() + ttlMs }
        // One that fails is made up for by the next: there are two before the hold is lost.
        deps.ledger.settle(renewal).catch(() => deps.metrics.ledger('unavailable'))
        renewLater()
      })
    }
    if (hold.entries.length > 0) renewLater()

    async function book(nanoUsd: NanoUsd, tokens: number): Promise<void> {
      stopTimer?.()
      if (limits.length === 0) return
      const amounts = { nano_usd: nanoUsd, tokens, requests: 1, streams: 0, key_uses: 1 }
      const entries = limits.map(({ scope }) => ({ scope, spent: amounts[scope.unit], held: 0 }))
      await settled({ tenantId, spanId: ask.spanId, revision: FINAL_REVISION, entries, expiresAt: 0 })
    }

    return {
      hold,
      notes,
      headers,
      settle: (span) => {
        const charge = chargeOf(span, held)
        return book(charge.nanoUsd, charge.tokens)
      },
      giveBack: () => book(ZERO_USD, 0),
    }
  }

  async function settled(settlement: Settlement): Promise<void> {
    for (let tries = 0; ; tries += 1) {
      try {
        const { overHold, isLate } = await deps.ledger.settle(settlement)
        if (overHold.length > 0) {
          deps.metrics.ledger('over_hold')
          deps.log.write('warn', 'ledger.over_hold', { span_id: settlement.spanId, scopes: overHold })
        }
        if (isLate) deps.metrics.ledger('late')
        return
      } catch (error) {
        const pauseMs = SETTLE_PAUSES_MS[tries]
        if (pauseMs === undefined) {
          deps.metrics.ledger('settle_failed')
          deps.log.write('error', 'ledger.settle_failed', { span_id: settlement.spanId, error })
          return
        }
        await new Promise<void>((resolve) => deps.clock.after(pauseMs, resolve))
      }
    }
  }

  return (ask) => {
    const { policy, caller, now } = ask
    const limits = limitsOf(policy, caller, now)
    if (limits.length === 0 && policy.budgets === null) return ok(UNLIMITED)
    const price = ask.bound === null ? null : priceOf(ask, ask.bound, deps.prices)
    const capped = ask.bound === null ? null : tokenCapError(policy, caller, ask.bound, ask.outputCap, price)
    if (capped !== null) return err(capped)

    const hasBudget = limits.some(({ scope }) => scope.unit === 'nano_usd')
    const isUnpriced = hasBudget && ask.bound !== null && price === null
    const unpriced = policy.budgets?.unpriced ?? 'block'
    if (isUnpriced && unpriced === 'block') {
      const model = ask.model ?? 'unknown'
      return err(
        appError('limit.model_unpriced', `no price is known for model "${model}", and a budget counts what it costs`, {
          extra: { model },
        }),
      )
    }
    const flat = isUnpriced && unpriced === 'reserve_default' ? (policy.budgets?.reserveDefault ?? ZERO_USD) : ZERO_USD
    const held: HeldFor = {
      amount: price?.amount ?? flat,
      likely: price?.likely ?? flat,
      likelyTokens: ask.bound?.likelyPromptTokens ?? 0,
    }
    const notes = isUnpriced ? ['limit.unpriced'] : []
    if (limits.length === 0) return ok({ ...UNLIMITED, notes })

    const isShrinking = policy.budgets?.whenTight === 'shrink'
    const asks = limits.map((limit) => askOf(limit, ask, held, isShrinking))
    const reservation = {
      tenantId: caller.tenantId,
      spanId: ask.spanId,
      asks,
      expiresAt: now + (policy.budgets?.holdTtlMs ?? DEFAULT_TTL_MS),
      share: 1,
      note: lostNote(ask, held),
    }
    return deps.ledger.reserve(reservation).then(
      (answer) => {
        if (!answer.ok) return err(refusalError(limits, answer.error, asks, now))
        const isPast = warn(limits, answer.value, caller)
        return ok(spendingOf(ask, limits, held, answer.value, notes, limitHeaders(limits, answer.value, isPast)))
      },
      (error: unknown) => unasked(error, ask, limits, held),
    )
  }
}

/** Where only rates hold. */
const DEFAULT_TTL_MS = 900_000

const UNLIMITED: Spending = {
  hold: { spanId: '' as SpanId, entries: [] },
  notes: [],
  headers: [],
  settle: async () => {},
  giveBack: async () => {},
}

function priceOf({ provider, model, now }: SpendAsk, tokens: TokenBound, prices: PriceBook): ReturnType<PriceBook['bound']> {
  return model === null ? null : prices.bound({ provider, model, tokens, time: now })
}

/**
 * Tokens a minute are held by estimate: with the upper bound a few calls would take the whole minute. What a call takes beyond it is
 * carried over, so that the rate holds over time. A call larger than the whole rate waits for an empty bucket instead of for ever.
 */
function askOf({ scope, limit }: Limit, ask: SpendAsk, held: HeldFor, isShrinking: boolean): Ask {
  switch (scope.unit) {
    case 'nano_usd':
      return { scope, limit, amount: held.amount, least: isShrinking ? held.likely : held.amount, lost: held.likely }
    case 'tokens': {
      const amount = Math.min(limit, held.likelyTokens + (ask.bound === null ? 0 : (ask.outputCap ?? 0)))
      return { scope, limit, amount, least: amount, lost: held.likelyTokens }
    }
    case 'streams': {
      const amount = ask.isStreaming ? 1 : 0
      return { scope, limit, amount, least: amount, lost: 0 }
    }
    case 'requests':
    case 'key_uses':
      return { scope, limit, amount: 1, least: 1, lost: 1 }
  }
}
