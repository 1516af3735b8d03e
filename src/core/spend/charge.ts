/** What the ledger books for a call that has ended: what the provider will bill, as far as it can be known. */
import type { NanoUsd } from '../domain/money.ts'
import { ZERO_USD } from '../domain/money.ts'
import type { TraceSpan } from '../domain/span.ts'
import { totalTokens } from '../domain/usage.ts'

/** What the call's hold was made of. */
export type HeldFor = {
  readonly amount: NanoUsd
  /** The price of its prompt alone, by estimate. */
  readonly likely: NanoUsd
  readonly likelyTokens: number
}

/**
 * `reported`: by the provider's own usage. `estimated`: from the texts. `input_estimate`: the answer never came, its prompt was sent.
 * `held`: answered, but nobody knows what it cost, so all that was held. `free`: the provider refused it.
 */
export type Charge = {
  readonly nanoUsd: NanoUsd
  readonly tokens: number
  readonly basis: 'reported' | 'estimated' | 'input_estimate' | 'held' | 'free'
}

export function chargeOf(span: Pick<TraceSpan, 'status' | 'statusCode' | 'usage' | 'cost'>, held: HeldFor): Charge {
  const { usage, cost } = span
  const tokens = usage === null ? null : totalTokens(usage)
  if (cost.amount !== null) {
    return { nanoUsd: cost.amount, tokens: tokens ?? 0, basis: cost.status === 'estimated' ? 'estimated' : 'reported' }
  }
  if (span.statusCode !== null && span.statusCode >= 400 && span.status === 'error')
    return { nanoUsd: ZERO_USD, tokens: tokens ?? 0, basis: 'free' }
  if (span.status === 'ok') return { nanoUsd: held.amount, tokens: tokens ?? held.likelyTokens, basis: 'held' }
  return { nanoUsd: held.likely, tokens: tokens ?? held.likelyTokens, basis: 'input_estimate' }
}
