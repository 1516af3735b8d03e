/** Money is integer nano-USD (1 USD = 1e9): exact up to about 9 million USD per value, and sums stay exact. */
import type { Brand } from './brand.ts'

export type NanoUsd = Brand<number, 'NanoUsd'>

export const ZERO_USD = 0 as NanoUsd

/** Rounds half up to the nearest nano-USD. Not finite or negative becomes null: an unknown price is never zero. */
export function nanoUsd(usd: number): NanoUsd | null {
  return Number.isFinite(usd) && usd >= 0 ? (Math.round(usd * 1e9) as NanoUsd) : null
}

/** USD as a plain number, for answers; never added up in this form. */
export function toUsd(amount: NanoUsd): number {
  return amount / 1e9
}
