import { calcPrice, findProvider } from '@pydantic/genai-prices'
import { describe, expect, test } from 'bun:test'
import { createPriceBook, type CustomPrice } from '../../../src/adapters/prices/price-book.ts'
import type { JsonRecord } from '../../../src/core/domain/json.ts'
import type { DialectName } from '../../../src/core/domain/span.ts'
import { usageOf } from '../../../src/core/domain/usage.ts'
import type { PriceBook } from '../../../src/core/ports.ts'
import { TEST_TIME } from '../../support/clock.ts'

const MILLION = usageOf({ input_tokens: 1_000_000, output_tokens: 1_000_000 })

function bookOf(
  custom: { readonly [name: string]: CustomPrice } = {},
  baseUrls: { readonly [provider: string]: string } = {},
): PriceBook {
  const prices = new Map(Object.entries(custom))
  return createPriceBook({ custom: () => prices, baseUrlOf: (provider) => baseUrls[provider] ?? null })
}

function flat(usd: number): CustomPrice {
  return { inputPerMillion: usd, outputPerMillion: 0, cachedInputPerMillion: null, cacheWritePerMillion: null }
}

const UNPRICED = { status: 'unpriced', amount: null, priceId: null, effectiveDate: null } as const

describe('a price', () => {
  test('is exact to the nano-USD, and says whose it is and of which day', () => {
    const usage = usageOf({ input_tokens: 1, output_tokens: 1 })
    expect(bookOf().price({ provider: 'openai', model: 'gpt-4o-mini', usage, time: TEST_TIME })).toEqual({
      status: 'priced',
      amount: 750 as never,
      priceId: 'openai/gpt-4o-mini',
      effectiveDate: '2026-11-20',
    })
  })

  test('of nothing is zero, which is not unknown', () => {
    const cost = bookOf().price({ provider: 'openai', model: 'gpt-4o', usage: usageOf({}), time: TEST_TIME })
    expect([cost.status, cost.amount as number | null]).toEqual(['priced', 0])
  })

  test('of a dated snapshot is its model’s', () => {
    const ask = { provider: 'openai', usage: MILLION, time: TEST_TIME }
    expect(bookOf().price({ ...ask, model: 'gpt-4o-2024-08-06' }).amount as number | null).toBe(12_500_000_000)
    expect(bookOf().price({ ...ask, model: 'gpt-4o-mini' }).amount as number | null).toBe(750_000_000)
  })

  const UNKNOWN: readonly (readonly [why: string, provider: string, model: string])[] = [
    ['a model that nobody knows', 'openai', 'no-such-model'],
    ['an empty model', 'openai', ''],
    ['a provider that nobody knows', 'nobody', 'gpt-4o'],
    ['no provider', 'none', 'gpt-4o'],
    ['an empty provider', '', 'gpt-4o'],
    ['Ollama', 'ollama', 'gpt-4o'],
    ['vLLM', 'vllm', 'gpt-4o'],
    ['SGLang', 'sglang', 'llama-3.1-8b-instruct'],
    ['TGI', 'tgi', 'mistral-large-latest'],
    ['LM Studio', 'lmstudio', 'gpt-4o'],
    ['a server of one’s own that is named like OpenAI', 'my-openai', 'gpt-4o'],
    ['a proxy that is named like OpenAI', 'openai-proxy', 'gpt-4o'],
    ['a name that every object has', 'constructor', 'gpt-4o'],
    ['litellm', 'litellm', 'openai/gpt-4o'],
  ]
  for (const [why, provider, model] of UNKNOWN) {
    test(`is unknown, and not zero: ${why}`, () => {
      expect(bookOf().price({ provider, model, usage: MILLION, time: TEST_TIME })).toEqual(UNPRICED)
    })
  }

  test('is unknown for usage that contradicts itself', () => {
    const usage = usageOf({ input_tokens: 5, cache_read_tokens: 10, output_tokens: 1 })
    expect(bookOf().price({ provider: 'openai', model: 'gpt-4o', usage, time: TEST_TIME })).toEqual(UNPRICED)
  })

  const NAMES: readonly (readonly [ours: string, theirs: string, model: string])[] = [
    ['bedrock', 'aws', 'anthropic.claude-3-5-sonnet-20241022-v2:0'],
    ['aws-bedrock', 'aws', 'anthropic.claude-3-5-sonnet-20241022-v2:0'],
    ['xai', 'x-ai', 'grok-4-0709'],
    ['gemini', 'google', 'gemini-2.5-flash'],
    ['vertex', 'google', 'gemini-2.5-flash'],
    ['google', 'google', 'gemini-2.5-flash'],
    ['mistralai', 'mistral', 'mistral-large-latest'],
    ['moonshot', 'moonshotai', 'kimi-k2-0905-preview'],
    ['together-ai', 'together', 'meta-llama/Llama-3.3-70B-Instruct-Turbo'],
    ['azure', 'azure', 'gpt-4o'],
    ['groq', 'groq', 'llama-3.1-8b-instant'],
    ['deepseek', 'deepseek', 'deepseek-chat'],
    ['openrouter', 'openrouter', 'openai/gpt-4o'],
    ['cohere', 'cohere', 'command-r'],
    ['anthropic', 'anthropic', 'claude-sonnet-4-5'],
  ]
  for (const [ours, theirs, model] of NAMES) {
    test(`of ${ours} is the package’s of ${theirs}`, () => {
      const stated = calcPrice({ ...MILLION.reported }, model, { providerId: theirs, timestamp: new Date(TEST_TIME) })
      const cost = bookOf().price({ provider: ours, model, usage: MILLION, time: TEST_TIME })
      expect(cost.amount as number | null).toBe(Math.round((stated?.total_price ?? Number.NaN) * 1e9))
      expect(cost.priceId).toStartWith(`${theirs}/`)
    })
  }

  test('of a provider under a name of its own is found by its address', () => {
    const book = bookOf(
      {},
      { 'openai-eu': 'https://api.openai.com', mine: 'http://127.0.0.1:8000', claude: 'https://api.anthropic.com' },
    )
    const ask = { usage: MILLION, time: TEST_TIME }
    expect(book.price({ ...ask, provider: 'openai-eu', model: 'gpt-4o' }).priceId).toBe('openai/gpt-4o')
    expect(book.price({ ...ask, provider: 'claude', model: 'claude-sonnet-4-5' }).priceId).toBe('anthropic/claude-sonnet-4-5')
    expect(book.price({ ...ask, provider: 'mine', model: 'gpt-4o' })).toEqual(UNPRICED)
  })
})

describe('a price changes', () => {
  const O3 = { provider: 'openai', model: 'o3', usage: usageOf({ input_tokens: 1_000_000, output_tokens: 0 }) }

  test('with the day, and says of which day it is', () => {
    const book = bookOf()
    const at = (time: number): readonly [number | null, string | null] => {
      const cost = book.price({ ...O3, time })
      return [cost.amount, cost.effectiveDate]
    }
    const before = Date.UTC(2025, 5, 9, 23, 59, 59, 999)
    for (let round = 0; round < 2; round += 1) {
      expect(at(before)).toEqual([10_000_000_000, '2025-06-09'])
      expect(at(before + 1)).toEqual([2_000_000_000, '2025-06-10'])
    }
  })

  test('with the hour of the day (UTC), also for a model that was looked up before', () => {
    const book = bookOf()
    const at = (hours: number, minutes: number): number | null =>
      book.price({ provider: 'deepseek', model: 'deepseek-chat', usage: MILLION, time: Date.UTC(2026, 0, 5, hours, minutes) })
        .amount
    expect([at(0, 29), at(0, 30), at(16, 29), at(16, 30), at(0, 29)]).toEqual([
      685_000_000, 1_370_000_000, 1_370_000_000, 685_000_000, 685_000_000,
    ])
  })

  test('with the size of the prompt', () => {
    const at = (tokens: number): number | null =>
      bookOf().price({
        provider: 'openai',
        model: 'gpt-5.6-sol',
        usage: usageOf({ input_tokens: tokens, output_tokens: 0 }),
        time: Date.UTC(2026, 6, 1),
      }).amount
    expect([at(271_999), at(272_000)]).toEqual([271_999 * 5_000, 272_000 * 10_000])
  })
})

describe('a model is looked up once', () => {
  /** How often the package's list of a provider's models was read while `run` ran. */
  function scansOf(providerId: string, run: () => void): number {
    const provider = findProvider({ providerId })
    if (provider === undefined) throw new Error('no such provider')
    const { models } = provider
    let scans = 0
    Object.defineProperty(provider, 'models', {
      configurable: true,
      enumerable: true,
      get: () => {
        scans += 1
        return models
      },
    })
    try {
      run()
    } finally {
      Object.defineProperty(provider, 'models', { configurable: true, enumerable: true, writable: true, value: models })
    }
    return scans
  }

  test('per provider and model, over all days', () => {
    const book = bookOf()
    const ask = { provider: 'groq', usage: MILLION, time: TEST_TIME }
    const first = scansOf('groq', () => book.price({ ...ask, model: 'llama-3.1-8b-instant' }))
    expect(first).toBeGreaterThan(0)
    const again = scansOf('groq', () => {
      for (let day = 0; day < 50; day += 1)
        book.price({ ...ask, model: 'llama-3.1-8b-instant', time: TEST_TIME + day * 86_400_000 })
    })
    expect(again).toBe(0)
    expect(scansOf('groq', () => book.price({ ...ask, model: 'llama-3.3-70b-versatile' }))).toBe(first)
  })

  test('also a model that nobody knows', () => {
    const book = bookOf()
    const ask = { provider: 'groq', model: 'nobody', usage: MILLION, time: TEST_TIME }
    expect(scansOf('groq', () => book.price(ask))).toBeGreaterThan(0)
    expect(scansOf('groq', () => expect(book.price(ask)).toEqual(UNPRICED))).toBe(0)
  })

  test('and forgotten only when very many others came after it: names come from callers', () => {
    const book = bookOf()
    const ask = { provider: 'groq', usage: MILLION, time: TEST_TIME }
    book.price({ ...ask, model: 'first' })
    for (let i = 0; i < 2_047; i += 1) book.price({ ...ask, model: `other-${i}` })
    expect(scansOf('groq', () => book.price({ ...ask, model: 'first' }))).toBe(0)
    book.price({ ...ask, model: 'one-too-many' })
    expect(scansOf('groq', () => book.price({ ...ask, model: 'first' }))).toBeGreaterThan(0)
  }, 20_000)
})

describe('a price of the operator’s own', () => {
  const ask = { usage: MILLION, time: TEST_TIME }

  test('wins over the package’s', () => {
    const cost = bookOf({ 'gpt-4o': flat(1) }).price({ ...ask, provider: 'openai', model: 'gpt-4o' })
    expect(cost).toEqual({
      status: 'priced',
      amount: 1_000_000_000 as never,
      priceId: 'custom/gpt-4o',
      effectiveDate: '2026-11-20',
    })
  })

  test('prices what is run on one’s own server', () => {
    expect(
      bookOf({ 'ollama/*': flat(0.1) }).price({ ...ask, provider: 'ollama', model: 'llama3' }).amount as number | null,
    ).toBe(100_000_000)
    const free = bookOf({ 'ollama/*': flat(0) }).price({ ...ask, provider: 'ollama', model: 'llama3' })
    expect([free.status, free.amount as number | null]).toEqual(['priced', 0])
  })

  const ALL: { readonly [name: string]: CustomPrice } = {
    '*': flat(1),
    'gpt-*': flat(2),
    'gpt-4*': flat(3),
    'openai/*': flat(4),
    'openai/gpt-4*': flat(5),
    'gpt-4o': flat(6),
    'openai/gpt-4o': flat(7),
  }
  const ROWS: readonly (readonly [why: string, provider: string, model: string, usd: number])[] = [
    ['provider and model', 'openai', 'gpt-4o', 7],
    ['the model alone', 'azure', 'gpt-4o', 6],
    ['the longest beginning, with the provider', 'openai', 'gpt-4.1', 5],
    ['a beginning of the provider', 'openai', 'o3', 4],
    ['a beginning of the model', 'azure', 'gpt-4.1', 3],
    ['a shorter beginning of the model', 'azure', 'gpt-5', 2],
    ['the star', 'azure', 'claude', 1],
  ]
  for (const [why, provider, model, usd] of ROWS) {
    test(`is told by ${why}`, () => {
      expect(bookOf(ALL).price({ ...ask, provider, model }).amount as number | null).toBe(usd * 1e9)
      const reversed = Object.fromEntries(Object.entries(ALL).toReversed())
      expect(bookOf(reversed).price({ ...ask, provider, model }).amount as number | null).toBe(usd * 1e9)
    })
  }

  test('that fits nothing leaves the package’s', () => {
    expect(bookOf({ 'other*': flat(1), gpt: flat(1) }).price({ ...ask, provider: 'openai', model: 'gpt-4o' }).priceId).toBe(
      'openai/gpt-4o',
    )
  })

  test('counts each class of tokens by its own price', () => {
    const usage = usageOf({
      input_tokens: 1_000_000,
      cache_read_tokens: 200_000,
      cache_write_tokens: 300_000,
      output_tokens: 400_000,
      output_reasoning_tokens: 100_000,
    })
    const price = { inputPerMillion: 10, outputPerMillion: 100, cachedInputPerMillion: 1, cacheWritePerMillion: 20 }
    const cost = (more: Partial<CustomPrice>): number | null =>
      bookOf({ m: { ...price, ...more } }).price({ provider: 'p', model: 'm', usage, time: TEST_TIME }).amount
    expect(cost({})).toBe((5 + 0.2 + 6 + 40) * 1e9)
    expect(cost({ cachedInputPerMillion: null })).toBe((5 + 2 + 6 + 40) * 1e9)
    expect(cost({ cacheWritePerMillion: null })).toBe((5 + 0.2 + 3 + 40) * 1e9)
    expect(cost({ cachedInputPerMillion: 0 })).toBe((5 + 6 + 40) * 1e9)
  })

  test('that is no number leaves the call unpriced', () => {
    for (const usd of [Number.NaN, Infinity, -1]) {
      expect(bookOf({ m: flat(usd) }).price({ ...ask, provider: 'p', model: 'm' })).toEqual(UNPRICED)
    }
  })

  test('is read at every call', () => {
    let prices: ReadonlyMap<string, CustomPrice> = new Map()
    const book = createPriceBook({ custom: () => prices })
    const asked = { ...ask, provider: 'nobody', model: 'm' }
    expect(book.price(asked)).toEqual(UNPRICED)
    prices = new Map([['m', flat(1)]])
    expect(book.price(asked).amount as number | null).toBe(1_000_000_000)
    prices = new Map()
    expect(book.price(asked)).toEqual(UNPRICED)
  })
})

describe('usage', () => {
  type Row = readonly [
    why: string,
    provider: string,
    dialect: DialectName,
    body: JsonRecord,
    reported: { readonly [unit: string]: number } | null,
  ]
  const chat = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 }
  const ROWS: readonly Row[] = [
    ['of chat', 'openai', 'openai-chat', { usage: chat }, { input_tokens: 10, output_tokens: 5 }],
    ['of chat by a provider that nobody knows', 'mine', 'openai-chat', { usage: chat }, { input_tokens: 10, output_tokens: 5 }],
    ['of chat by Ollama', 'ollama', 'openai-chat', { usage: chat }, { input_tokens: 10, output_tokens: 5 }],
    ['of chat by Groq', 'groq', 'openai-chat', { usage: chat }, { input_tokens: 10, output_tokens: 5 }],
    [
      'of chat by xAI, whose answer counts no reasoning',
      'xai',
      'openai-chat',
      { usage: { ...chat, completion_tokens_details: { reasoning_tokens: 7 } } },
      { input_tokens: 10, output_tokens: 12, output_reasoning_tokens: 7 },
    ],
    ['of a body without any', 'openai', 'openai-chat', {}, null],
    ['of a body whose usage is null', 'openai', 'openai-chat', { usage: null }, null],
    ['of a body whose usage is odd', 'openai', 'openai-chat', { usage: { prompt_tokens: 'ten', completion_tokens: {} } }, null],
    [
      'of embeddings, which have no output',
      'openai',
      'openai-embeddings',
      { usage: { prompt_tokens: 8, total_tokens: 8 } },
      { input_tokens: 8 },
    ],
    ['of embeddings on Azure', 'azure', 'azure-openai', { usage: { prompt_tokens: 8, total_tokens: 8 } }, { input_tokens: 8 }],
    [
      'of an image',
      'openai',
      'opaque',
      {
        usage: {
          input_tokens: 9,
          output_tokens: 4,
          total_tokens: 13,
          input_tokens_details: { text_tokens: 4, image_tokens: 5 },
        },
      },
      { input_tokens: 9, input_text_tokens: 4, input_image_tokens: 5, output_tokens: 4 },
    ],
    ['of Ollama', 'ollama', 'ollama', { prompt_eval_count: 26, eval_count: 298 }, { input_tokens: 26, output_tokens: 298 }],
    ['of Ollama, whose prompt was cached', 'ollama', 'ollama', { eval_count: 298 }, { input_tokens: 0, output_tokens: 298 }],
    ['of Ollama embeddings', 'ollama', 'ollama', { prompt_eval_count: 8 }, { input_tokens: 8, output_tokens: 0 }],
    ['of Ollama without any', 'ollama', 'ollama', { done: true }, null],
    [
      'of Ollama with odd counts',
      'ollama',
      'ollama',
      { prompt_eval_count: -1, eval_count: '5' },
      { input_tokens: 0, output_tokens: 0 },
    ],
    [
      'of Cohere is what is billed',
      'cohere',
      'cohere',
      { usage: { billed_units: { input_tokens: 4, output_tokens: 2 }, tokens: { input_tokens: 70, output_tokens: 2 } } },
      { input_tokens: 4, output_tokens: 2 },
    ],
    [
      'of Cohere that says only what was counted',
      'cohere',
      'cohere',
      { usage: { tokens: { input_tokens: 70, output_tokens: 2 } } },
      { input_tokens: 70, output_tokens: 2 },
    ],
    [
      'of Cohere v1',
      'cohere',
      'cohere',
      { meta: { billed_units: { input_tokens: 4, output_tokens: 2 }, tokens: { input_tokens: 70, output_tokens: 2 } } },
      { input_tokens: 4, output_tokens: 2 },
    ],
    ['of Cohere embeddings', 'cohere', 'cohere', { meta: { billed_units: { input_tokens: 4 } } }, { input_tokens: 4 }],
    [
      'of Llama on Bedrock',
      'bedrock',
      'bedrock',
      { generation: 'x', prompt_token_count: 3, generation_token_count: 2 },
      { input_tokens: 3, output_tokens: 2 },
    ],
    [
      'of Titan on Bedrock',
      'bedrock',
      'bedrock',
      { inputTextTokenCount: 3, results: [{ tokenCount: 2 }, { tokenCount: 4 }, { tokenCount: null }] },
      { input_tokens: 3, output_tokens: 6 },
    ],
    [
      'of Titan embeddings',
      'bedrock',
      'bedrock',
      { embedding: [0.1], inputTextTokenCount: 3 },
      { input_tokens: 3, output_tokens: 0 },
    ],
    ['of OpenAI’s models on Bedrock', 'bedrock', 'bedrock', { usage: chat }, { input_tokens: 10, output_tokens: 5 }],
    ['of an unknown model on Bedrock', 'bedrock', 'bedrock', { outputs: [{ text: 'x' }] }, null],
  ]
  for (const [why, provider, dialect, body, reported] of ROWS) {
    test(why, () => {
      const usage = bookOf().extractUsage(provider, dialect, body)
      if (reported === null) return expect(usage).toBeNull()
      const zero = Object.fromEntries(Object.keys(usage?.reported ?? {}).map((unit) => [unit, 0]))
      expect(usage).toEqual(usageOf({ ...zero, ...reported, ...onlyZeros(usage?.reported ?? {}, reported) }))
    })
  }

  test('is read by the extractor of a provider under a name of its own, found by its address', () => {
    const body = { usage: { ...chat, completion_tokens_details: { reasoning_tokens: 7 } } }
    const book = bookOf({}, { 'grok-eu': 'https://api.x.ai' })
    expect(book.extractUsage('grok-eu', 'openai-chat', body)?.reported['output_tokens']).toBe(12)
    expect(book.extractUsage('grok-us', 'openai-chat', body)?.reported['output_tokens']).toBe(5)
  })
})

/** A count that is reported as zero says the same as none. */
function onlyZeros(
  got: { readonly [unit: string]: number },
  wanted: { readonly [unit: string]: number },
): { readonly [unit: string]: number } {
  return Object.fromEntries(Object.entries(got).filter(([unit, count]) => count === 0 && wanted[unit] === undefined))
}
