import { expect, test } from 'bun:test'
import * as fc from 'fast-check'
import { createPriceBook } from '../../../src/adapters/prices/price-book.ts'
import { usageOf } from '../../../src/core/domain/usage.ts'

const MODELS: readonly (readonly [provider: string, model: string])[] = [
  ['openai', 'gpt-4o'],
  ['openai', 'gpt-4.1-mini'],
  ['openai', 'o3'],
  ['anthropic', 'claude-sonnet-4-5'],
  ['anthropic', 'claude-3-5-haiku-latest'],
  ['google', 'gemini-2.5-pro'],
  ['google', 'gemini-2.0-flash'],
  ['mistral', 'mistral-large-latest'],
  ['deepseek', 'deepseek-chat'],
  ['groq', 'llama-3.3-70b-versatile'],
  ['openai', 'mine'],
]
const custom = new Map([
  ['mine', { inputPerMillion: 1, outputPerMillion: 2, cachedInputPerMillion: 0.1, cacheWritePerMillion: 1.25 }],
])
const prices = createPriceBook({ custom: () => custom })
const time = Date.UTC(2026, 10, 20, 12)
const count = fc.integer({ min: 0, max: 400_000 })

function boundOf(provider: string, model: string, promptTokens: number, completionTokens: number | null) {
  const tokens = {
    promptTokens,
    completionTokens,
    choices: 1,
    fillsContext: false,
    hasMedia: false,
    likelyPromptTokens: promptTokens,
  }
  return prices.bound({ provider, model, tokens, time })
}

test('no way of billing tokens costs more than the bound of as many', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...MODELS),
      count,
      count,
      count,
      count,
      count,
      ([provider, model], input, read, write, output, reasoning) => {
        const usage = usageOf({
          input_tokens: input + read + write,
          cache_read_tokens: read,
          cache_write_tokens: write,
          output_tokens: output + reasoning,
          output_reasoning_tokens: reasoning,
        })
        const { amount } = prices.price({ provider, model, usage, time })
        const bound = boundOf(provider, model, input + read + write, output + reasoning)
        if (amount === null) return
        expect(bound).not.toBeNull()
        expect(bound?.amount ?? -1).toBeGreaterThanOrEqual(amount)
      },
    ),
    { numRuns: 500, seed: 7 },
  )
})

test('an unknown model has no bound, and one without a cap is bound by what it can give', () => {
  expect(boundOf('openai', 'nobody-knows-this', 10, 10)).toBeNull()
  expect(boundOf('openai', 'gpt-4o', 0, null)?.completionTokens).toBe(16_384)
  expect(boundOf('openai', 'mine', 1_000_000, 1_000_000)?.amount as number).toBe(3_250_000_000)
})
