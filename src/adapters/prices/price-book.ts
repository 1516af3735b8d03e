/**
 * Prices and usage from `@pydantic/genai-prices`, with the operator's own prices on top. A model that nobody knows is `unpriced`,
 * never free. The package's model lookup is the dear part (30 to 55 µs), so its outcome is kept per provider, model and day.
 */
import { calcPrice, extractUsage, findProvider, type Provider } from '@pydantic/genai-prices'
import type { JsonRecord } from '../../core/domain/json.ts'
import { nanoUsd, type NanoUsd } from '../../core/domain/money.ts'
import { UNPRICED, type Cost, type DialectName } from '../../core/domain/span.ts'
import { completionTokens, usageOf, type Usage } from '../../core/domain/usage.ts'
import type { PriceBook } from '../../core/ports.ts'

/** Negotiated or missing prices, in USD per million tokens; they win over the package's. */
export type CustomPrice = {
  readonly inputPerMillion: number
  readonly outputPerMillion: number
  readonly cachedInputPerMillion: number | null
  readonly cacheWritePerMillion: number | null
}

/** Lookups kept; the oldest goes first. Model names come from callers, so the number is bounded. */
const LOOKUPS_MAX = 2048

/** Our provider names where the package has another one. */
const PACKAGE_ID: { readonly [provider: string]: string } = { bedrock: 'aws', xai: 'x-ai' }

/** Extractors to try in turn: the first that finds usage wins. Names are the package's `api_flavor`s. */
const FLAVORS: { readonly [name in DialectName]: readonly (readonly [provider: string | null, flavor: string])[] } = {
  'openai-chat': [
    [null, 'chat'],
    [null, 'default'],
    ['openai', 'chat'],
  ],
  'openai-completions': [
    [null, 'chat'],
    ['openai', 'chat'],
  ],
  'openai-responses': [
    [null, 'responses'],
    ['openai', 'responses'],
  ],
  'openai-embeddings': [
    [null, 'embeddings'],
    ['openai', 'embeddings'],
  ],
  'anthropic-messages': [
    [null, 'anthropic'],
    ['anthropic', 'default'],
  ],
  gemini: [['google', 'default']],
  cohere: [
    ['cohere', 'tokens'],
    ['cohere', 'default'],
    ['cohere', 'embeddings'],
  ],
  ollama: [],
  'azure-openai': [
    ['azure', 'chat'],
    ['azure', 'responses'],
    ['azure', 'embeddings'],
  ],
  bedrock: [
    ['aws', 'default'],
    ['aws', 'anthropic'],
  ],
  opaque: [
    [null, 'images'],
    ['openai', 'images'],
    ['openai', 'responses'],
    ['openai', 'chat'],
  ],
}

type Lookup = { readonly provider: Provider; readonly priceId: string; readonly day: string }

export type PriceBookOptions = {
  /** Read at every call, so that a price file can be read again without a restart. */
  readonly custom: () => ReadonlyMap<string, CustomPrice>
}

export function createPriceBook(options: PriceBookOptions): PriceBook {
  const lookups = new Map<string, Lookup | null>()
  const extractors = new Map<string, Provider | null>()

  function lookup(provider: string, model: string, day: string, time: number): Lookup | null {
    const key = `${provider}\n${model}\n${day}`
    const known = lookups.get(key)
    if (known !== undefined) return known
    const found = findLookup(provider, model, day, time)
    if (lookups.size >= LOOKUPS_MAX) lookups.delete(lookups.keys().next().value ?? '')
    lookups.set(key, found)
    return found
  }

  function extractor(providerId: string, flavor: string): Provider | null {
    const key = `${providerId}\n${flavor}`
    let found = extractors.get(key)
    if (found === undefined) {
      found = extractorOf(providerId, flavor)
      if (extractors.size < LOOKUPS_MAX) extractors.set(key, found)
    }
    return found
  }

  return {
    extractUsage: (provider, dialect, body) => {
      if (dialect === 'ollama') return ollamaUsage(body)
      for (const [named, flavor] of FLAVORS[dialect]) {
        const from = extractor(named ?? packageId(provider), flavor)
        const reported = from === null ? null : tryExtract(from, flavor, body)
        if (reported !== null) return usageOf(reported)
      }
      return null
    },
    price: ({ provider, model, usage, time }) => {
      const day = new Date(time).toISOString().slice(0, 10)
      const custom = customPrice(options.custom(), provider, model)
      if (custom !== null) return costOf(customAmount(custom, usage), `custom/${model}`, day)
      const found = lookup(provider, model, day, time)
      if (found === null) return UNPRICED
      return packageCost(found, model, usage, time)
    },
  }
}

function packageId(provider: string): string {
  return PACKAGE_ID[provider] ?? provider
}

function findLookup(provider: string, model: string, day: string, time: number): Lookup | null {
  // A self-hosted server has no price of its own; taking the hosted one for it would be wrong.
  const known = findProvider({ providerId: packageId(provider) })
  if (known === undefined) return null
  const price = calcPrice({ input_tokens: 0 }, model, { provider: known, timestamp: new Date(time) })
  if (price === null) return null
  return {
    // The same provider with this one model: asking again costs a single comparison.
    provider: { ...known, models: [price.model] },
    priceId: `${price.provider.id}/${price.model.id}`,
    day,
  }
}

function costOf(amount: NanoUsd | null, priceId: string, day: string): Cost {
  return amount === null ? UNPRICED : { status: 'priced', amount, priceId, effectiveDate: day }
}

function packageCost(found: Lookup, model: string, usage: Usage, time: number): Cost {
  try {
    const price = calcPrice({ ...usage.reported }, model, { provider: found.provider, timestamp: new Date(time) })
    return costOf(price === null ? null : nanoUsd(price.total_price), found.priceId, found.day)
  } catch {
    // The package refuses usage it has no unit for; an amount made up from the rest would be wrong.
    return UNPRICED
  }
}

/** A provider with the one extractor, since the package looks through all of them at every call; null where it has none. */
function extractorOf(providerId: string, flavor: string): Provider | null {
  const provider = findProvider({ providerId })
  const extractor = provider?.extractors?.find((candidate) => candidate.api_flavor === flavor)
  return provider === undefined || extractor === undefined ? null : { ...provider, extractors: [extractor], models: [] }
}

function tryExtract(provider: Provider, flavor: string, body: JsonRecord): { readonly [unit: string]: number } | null {
  try {
    const { usage } = extractUsage(provider, body, flavor)
    const reported: { [unit: string]: number } = {}
    for (const [unit, count] of Object.entries(usage)) if (count !== undefined) reported[unit] = count
    return Object.keys(reported).length === 0 ? null : reported
  } catch {
    // The extractor throws where the body is not of its flavour: the next one is tried.
    return null
  }
}

/** The package has no extractor for Ollama: `prompt_eval_count` and `eval_count` stand at the top of the body. */
function ollamaUsage(body: JsonRecord): Usage | null {
  const input = body['prompt_eval_count']
  const output = body['eval_count']
  if (typeof input !== 'number' && typeof output !== 'number') return null
  return usageOf({
    input_tokens: typeof input === 'number' ? input : 0,
    output_tokens: typeof output === 'number' ? output : 0,
  })
}

/** `provider/model` wins over `model`; a name ending in `*` stands for every model that begins so, the longest first. */
function customPrice(custom: ReadonlyMap<string, CustomPrice>, provider: string, model: string): CustomPrice | null {
  if (custom.size === 0) return null
  const exact = custom.get(`${provider}/${model}`) ?? custom.get(model)
  if (exact !== undefined) return exact
  let best: CustomPrice | null = null
  let bestLength = -1
  for (const [name, price] of custom) {
    if (!name.endsWith('*') || name.length <= bestLength) continue
    const start = name.slice(0, -1)
    if (model.startsWith(start) || `${provider}/${model}`.startsWith(start)) {
      best = price
      bestLength = name.length
    }
  }
  return best
}

function customAmount(price: CustomPrice, usage: Usage): NanoUsd | null {
  const usd =
    usage.input * price.inputPerMillion +
    usage.cacheRead * (price.cachedInputPerMillion ?? price.inputPerMillion) +
    usage.cacheWrite * (price.cacheWritePerMillion ?? price.inputPerMillion) +
    completionTokens(usage) * price.outputPerMillion
  return nanoUsd(usd / 1e6)
}
