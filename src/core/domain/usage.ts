/** Tokens of one call, in disjoint classes whose sum is the total. */

export type Usage = {
  /** Prompt tokens that no cache served or stored. */
  readonly input: number
  /** Prompt tokens read from the provider's cache. */
  readonly cacheRead: number
  /** Prompt tokens written to the provider's cache. */
  readonly cacheWrite: number
  /** Visible answer tokens. */
  readonly output: number
  /** Hidden reasoning tokens, billed as output. */
  readonly reasoning: number
  /** What the provider reported, in `@pydantic/genai-prices` names (inclusive counts, audio, images, searches). Priced from. */
  readonly reported: { readonly [unit: string]: number }
}

export function promptTokens(usage: Usage): number {
  return usage.input + usage.cacheRead + usage.cacheWrite
}

export function completionTokens(usage: Usage): number {
  return usage.output + usage.reasoning
}

export function totalTokens(usage: Usage): number {
  return promptTokens(usage) + completionTokens(usage)
}

/**
 * Splits inclusive counts (input includes cache, output includes reasoning) into disjoint classes.
 * A detail larger than its total is cut to it, so that no class is negative and the sum holds.
 */
export function usageOf(reported: { readonly [unit: string]: number }): Usage {
  const inputTotal = count(reported['input_tokens'])
  const outputTotal = count(reported['output_tokens'])
  const cacheRead = Math.min(count(reported['cache_read_tokens']), inputTotal)
  const cacheWrite = Math.min(cacheWriteTokens(reported), inputTotal - cacheRead)
  const reasoning = Math.min(count(reported['output_reasoning_tokens']), outputTotal)
  return {
    input: inputTotal - cacheRead - cacheWrite,
    cacheRead,
    cacheWrite,
    output: outputTotal - reasoning,
    reasoning,
    reported,
  }
}

function cacheWriteTokens(reported: { readonly [unit: string]: number }): number {
  const total = reported['cache_write_tokens']
  if (total !== undefined) return count(total)
  return count(reported['cache_write_5m_tokens']) + count(reported['cache_write_1h_tokens'])
}

function count(value: number | undefined): number {
  return value !== undefined && Number.isFinite(value) && value > 0 ? value : 0
}
