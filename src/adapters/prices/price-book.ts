/**
 * Prices and usage from `@pydantic/genai-prices`, with the operator's own prices on top. A model that nobody knows is `unpriced`,
 * never free. The package's model lookup is the dear part (30 to 55 µs), so its outcome is kept per provider and model.
 */
import { calcPrice, extractUsage, findProvider, type Provider } from '@pydantic/genai-prices'
import { asArray, asNumber, asRecord, type JsonRecord } from '../../core/domain/json.ts'
import { nanoUsd, type NanoUsd } from '../../core/domain/money.ts'
import { UNPRICED, type Cost, type DialectName } from '../../core/domain/span.ts'
import { completionTokens, usageOf, type Usage } from '../../core/domain/usage.ts'
import type { EpochMs } from '../../core/domain/time.ts'
import type { TokenBound } from '../../core/domain/token-bound.ts'
import type { PriceBook, PriceBound } from '../../core/ports.ts'
import { boundRates, CONTEXT_TOKENS, outputTokensMax, type BoundRates } from './bound-rates.ts'

/** Negotiated or missing prices, in USD per million tokens; they win over the package's. */
export type CustomPrice = {
  readonly inputPerMillion: number
  readonly outputPerMillion: number
  /** Null: as other input. */
  readonly cachedInputPerMillion: number | null
  readonly cacheWritePerMillion: number | null
}

const DAY_MS = 86_400_000
/** Lookups kept; the oldest goes first. Model names come from callers, so the number is bounded. */
const LOOKUPS_MAX = 2048

/** Our provider names, and common ones, where the package has another one. */
const PACKAGE_ID: ReadonlyMap<string, string> = new Map([
  ['aws-bedrock', 'aws'],
  ['bedrock', 'aws'],
  ['fireworks-ai', 'fireworks'],
  ['gemini', 'google'],
  ['mistralai', 'mistral'],
  ['moonshot', 'moonshotai'],
  ['together-ai', 'together'],
  ['vertex', 'google'],
  ['xai', 'x-ai'],
])

/** Extractors to try in turn: the first that finds usage wins. `null` is the call's own provider. Flavours are the package's. */
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
    [null, 'default'],
    ['anthropic', 'default'],
  ],
  gemini: [['google', 'default']],
  // What is billed comes before what was counted.
  cohere: [
    ['cohere', 'default'],
    ['cohere', 'tokens'],
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
    ['openai', 'chat'],
  ],
  opaque: [
    [null, 'images'],
    ['openai', 'images'],
    ['openai', 'responses'],
    ['openai', 'chat'],
  ],
}

type Lookup = { readonly provider: Provider; readonly priceId: string }

export type PriceBookOptions = {
  /** Read at every call, so that a price file can be read again without a restart. */
  readonly custom: () => ReadonlyMap<string, CustomPrice>
  /** Where a provider is found, for one that is configured under a name of its own; null where that is not known. */
  readonly baseUrlOf?: (provider: string) => string | null
}

export function createPriceBook(options: PriceBookOptions): PriceBook {
  const lookups = new Map<string, Lookup | null>()
  const extractors = new Map<string, Provider | null>()
  const ratesOfDay = new Map<string, Rates | null>()
  const boundsOfDay = new Map<string, BoundRates | null>()
  let lastDay = { number: Number.NaN, name: '' }

  /** YYYY-MM-DD in UTC; calls of one day follow one another. */
  function dayOf(time: EpochMs): string {
    const number = Math.floor(time / DAY_MS)
    if (number !== lastDay.number) lastDay = { number, name: new Date(time).toISOString().slice(0, 10) }
    return lastDay.name
  }

  function packageProvider(provider: string): Provider | null {
    return providerOf(provider, options.baseUrlOf?.(provider) ?? null)
  }

  return {
    extractUsage: (provider, dialect, body) => {
      const own = ownUsage(dialect, body)
      if (own !== null) return usageOf(own)
      for (const [named, flavor] of FLAVORS[dialect]) {
        const id = named ?? provider
        const from = kept(extractors, `${id}\n${flavor}`, () => extractorOf(packageProvider(id), flavor))
        const reported = from === null ? null : tryExtract(from, flavor, body)
        if (reported !== null) return usageOf(reported)
      }
      return null
    },
    price: ({ provider, model, usage, time }) => {
      const day = dayOf(time)
      const custom = customPrice(options.custom(), provider, model)
      if (custom !== null) return costOf(customAmount(custom, usage), `custom/${model}`, day)
      const found = kept(lookups, `${provider}\n${model}`, () => findLookup(packageProvider(provider), model, time))
      if (found === null) return UNPRICED
      const rates = kept(ratesOfDay, `${provider}\n${model}\n${day}`, () => ratesOf(found.provider, model, time))
      const amount =
        rates === null || !isPlain(usage.reported)
          ? packageAmount(found.provider, model, usage.reported, time)?.amount
          : amountOf(rates, usage)
      return costOf(amount ?? null, found.priceId, day)
    },
    bound: ({ provider, model, tokens, time }) => {
      const custom = customPrice(options.custom(), provider, model)
      const rates =
        custom !== null
          ? customBoundRates(custom)
          : kept(boundsOfDay, `${provider}\n${model}\n${dayOf(time)}`, () => {
              const of = packageProvider(provider)
              return of === null ? null : boundRates(of, model, time)
            })
      return rates === null ? null : boundOf(rates, model, tokens)
    },
  }
}

/** Rounded up: a bound is never a nano too low. */
function boundOf(rates: BoundRates, model: string, tokens: TokenBound): PriceBound {
  const promptTokens = tokens.fillsContext ? Math.max(tokens.promptTokens, rates.contextTokens) : tokens.promptTokens
  const completionTokens = tokens.completionTokens ?? outputTokensMax(model) * tokens.choices
  const input = tokens.hasMedia ? rates.inputWithMedia : rates.input
  const fee = tokens.fillsContext ? rates.feeWithSearches : rates.fee
  const likely = Math.min(tokens.likelyPromptTokens, promptTokens) * input
  return {
    amount: Math.ceil((promptTokens * input + completionTokens * rates.output) * 1e3 + fee * 1e9) as NanoUsd,
    likely: Math.ceil(likely * 1e3) as NanoUsd,
    promptTokens,
    completionTokens,
  }
}

function customBoundRates(price: CustomPrice): BoundRates {
  const input = Math.max(price.inputPerMillion, price.cachedInputPerMillion ?? 0, price.cacheWritePerMillion ?? 0)
  return {
    input,
    inputWithMedia: input,
    output: price.outputPerMillion,
    fee: 0,
    feeWithSearches: 0,
    contextTokens: CONTEXT_TOKENS,
  }
}

function kept<T>(known: Map<string, T>, key: string, find: () => T): T {
  const found = known.get(key)
  if (found !== undefined || known.has(key)) return found as T
  const value = find()
  if (known.size >= LOOKUPS_MAX) known.delete(known.keys().next().value ?? '')
  known.set(key, value)
  return value
}

/**
 * By its exact name, then by its address. The package would also take any name that has `openai` in it; but a self-hosted server
 * named so has no price of its own, and taking the hosted one for it would be wrong.
 */
function providerOf(name: string, baseUrl: string | null): Provider | null {
  const id = PACKAGE_ID.get(name) ?? name
  const named = findProvider({ providerId: id })
  if (named?.id === id) return named
  return baseUrl === null ? null : (findProvider({ providerApiUrl: baseUrl }) ?? null)
}

function findLookup(provider: Provider | null, model: string, time: number): Lookup | null {
  const found = provider === null ? null : packageAmount(provider, model, { input_tokens: 0 }, time)
  if (provider === null || found === null) return null
  return {
    // The same provider with this one model: asking again costs a single comparison.
    provider: { ...provider, models: [found.model] },
    priceId: `${provider.id}/${found.model.id}`,
  }
}

/** Null for an unknown model, and where the package refuses: usage that contradicts itself, or that it has no unit for. */
function packageAmount(
  provider: Provider,
  model: string,
  reported: Usage['reported'],
  time: number,
): { readonly amount: NanoUsd | null; readonly model: Provider['models'][number] } | null {
  try {
    const price = calcPrice({ ...reported }, model, { provider, timestamp: new Date(time) })
    return price === null ? null : { amount: nanoUsd(price.total_price), model: price.model }
  } catch {
    // It throws for both. An amount made up from the rest would be wrong: the call is unpriced, and its span shows the usage.
    return null
  }
}

/** USD per million tokens of each class. */
type Rates = { readonly input: number; readonly cacheRead: number; readonly cacheWrite: number; readonly output: number }

/** Usage of these units alone is a sum of five products; everything else is the package's to work out. */
const PLAIN_UNITS: ReadonlySet<string> = new Set([
  'input_tokens',
  'output_tokens',
  'cache_read_tokens',
  'cache_write_tokens',
  'output_reasoning_tokens',
])
/** Prices that would make more of a plain usage than that sum. */
const OTHER_PRICES: readonly string[] = ['requests_kcount', 'output_reasoning_mtok']
/** Odd numbers, so that no two ways of adding them up agree by chance. */
const PROBE: Usage = usageOf({
  input_tokens: 1_000_003,
  cache_read_tokens: 10_007,
  cache_write_tokens: 5_003,
  output_tokens: 20_011,
  output_reasoning_tokens: 997,
})

function isPlain(reported: Usage['reported']): boolean {
  for (const unit in reported) if (!PLAIN_UNITS.has(unit)) return false
  return (reported['cache_read_tokens'] ?? 0) + (reported['cache_write_tokens'] ?? 0) <= (reported['input_tokens'] ?? 0)
}

/**
 * The rates of a model for a day, for a call in the package costs about 17 µs. Null where a price has tiers or depends on the hour, and
 * wherever the sum does not give what the package gives for a probe: then it is asked each time.
 */
function ratesOf(provider: Provider, model: string, time: number): Rates | null {
  try {
    const price = calcPrice({ ...PROBE.reported }, model, { provider, timestamp: new Date(time) })
    const known = price?.model_price
    if (
      price === null ||
      known === undefined ||
      dependsOnHour(price.model.prices) ||
      OTHER_PRICES.some((key) => known[key] !== undefined)
    )
      return null
    const { input_mtok: input, output_mtok: output } = known
    const cacheRead = known['cache_read_mtok'] ?? input
    const cacheWrite = known['cache_write_mtok'] ?? input
    if (
      typeof input !== 'number' ||
      typeof output !== 'number' ||
      typeof cacheRead !== 'number' ||
      typeof cacheWrite !== 'number'
    )
      return null
    const rates = { input, output, cacheRead, cacheWrite }
    return amountOf(rates, PROBE) === nanoUsd(price.total_price) ? rates : null
  } catch {
    // A model whose prices do not fit this probe is priced by the package alone, call by call.
    return null
  }
}

function dependsOnHour(prices: Provider['models'][number]['prices']): boolean {
  return Array.isArray(prices) && prices.some(({ constraint }) => constraint?.type === 'time_of_date')
}

function amountOf(rates: Rates, usage: Usage): NanoUsd | null {
  const input = usage.input * rates.input + usage.cacheRead * rates.cacheRead + usage.cacheWrite * rates.cacheWrite
  return nanoUsd((input + (usage.output + usage.reasoning) * rates.output) / 1e6)
}

function costOf(amount: NanoUsd | null, priceId: string, day: string): Cost {
  return amount === null ? UNPRICED : { status: 'priced', amount, priceId, effectiveDate: day }
}

/** A provider with the one extractor, since the package looks through all of them at every call; null where it has none. */
function extractorOf(provider: Provider | null, flavor: string): Provider | null {
  const extractor = provider?.extractors?.find((candidate) => candidate.api_flavor === flavor)
  return provider === null || extractor === undefined ? null : { ...provider, extractors: [extractor], models: [] }
}

function tryExtract(provider: Provider, flavor: string, body: JsonRecord): Usage['reported'] | null {
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

/** Counts that the package has no extractor for; null where the body has none of them. */
function ownUsage(dialect: DialectName, body: JsonRecord): Usage['reported'] | null {
  switch (dialect) {
    case 'ollama':
      return counted(body['prompt_eval_count'], body['eval_count'])
    case 'cohere': {
      // v1 chat; the package reads `meta` for embeddings, which have no output.
      const billed = asRecord(asRecord(body['meta'])?.['billed_units'])
      return asNumber(billed?.['output_tokens']) === null ? null : counted(billed?.['input_tokens'], billed?.['output_tokens'])
    }
    case 'bedrock': {
      // Bodies in the format of the model's maker: Llama, then Titan.
      const outputs = asArray(body['results']).map((result) => asNumber(asRecord(result)?.['tokenCount']) ?? 0)
      return (
        counted(body['prompt_token_count'], body['generation_token_count']) ??
        counted(
          body['inputTextTokenCount'],
          outputs.length === 0 ? undefined : outputs.reduce((sum, tokens) => sum + tokens, 0),
        )
      )
    }
    default:
      return null
  }
}

function counted(input: unknown, output: unknown): Usage['reported'] | null {
  const tokens = [asNumber(input), asNumber(output)] as const
  if (tokens[0] === null && tokens[1] === null) return null
  return { input_tokens: Math.max(0, tokens[0] ?? 0), output_tokens: Math.max(0, tokens[1] ?? 0) }
}

/** `provider/model` wins over `model`; a name ending in `*` stands for every model that begins so, the longest first. */
function customPrice(custom: ReadonlyMap<string, CustomPrice>, provider: string, model: string): CustomPrice | null {
  if (custom.size === 0) return null
  const full = `${provider}/${model}`
  const exact = custom.get(full) ?? custom.get(model)
  if (exact !== undefined) return exact
  let best: CustomPrice | null = null
  let bestLength = -1
  for (const [name, price] of custom) {
    if (!name.endsWith('*') || name.length <= bestLength) continue
    const start = name.slice(0, -1)
    if (model.startsWith(start) || full.startsWith(start)) {
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
