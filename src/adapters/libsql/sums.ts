/** Sums over spans that stay exact, and that no stored value can make fail. For selections from `spans`. */
import { sql } from 'drizzle-orm'
import type { NanoUsd } from '../../core/domain/money.ts'

/** Tokens of all classes; a sum of REALs cannot overflow and is exact up to 2^53. */
export const TOKENS_TOTAL =
  sql`total(input_tokens) + total(cache_read_tokens) + total(cache_write_tokens) + total(output_tokens) + total(reasoning_tokens)`.mapWith(
    Number,
  )

/**
 * Nano-USD as text `high:low`, two sums of halves of 32 bits: one INTEGER sum would fail above 2^63, one of REALs is inexact above
 * 2^53. Null where no span has a price.
 */
export const COST_SUM = sql<
  string | null
>`sum(CAST(cost_nano_usd AS INTEGER) >> 32) || ':' || sum(CAST(cost_nano_usd AS INTEGER) & 4294967295)`

/** Exact up to 2^53 nano-USD (9 million USD), the nearest number above. */
export function readCostSum(text: string | null): NanoUsd | null {
  if (text === null) return null
  const [high = '0', low = '0'] = text.split(':')
  return Number((BigInt(high) << 32n) + BigInt(low)) as NanoUsd
}
