/**
 * The dearest rates at which a model's tokens can be billed, and how many it can give. Read off the price list once a model and day;
 * tiers and hours count with their dearest, so that a bound never depends on how long a prompt turns out.
 */
import { calcPrice, type Provider } from '@pydantic/genai-prices'

/** USD per million tokens, and USD a call. */
export type BoundRates = {
  readonly input: number
  /** With images, audio and documents in the prompt. */
  readonly inputWithMedia: number
  readonly output: number
  /** Flat fees of a call; `withSearches` where the provider may search by itself. */
  readonly fee: number
  readonly feeWithSearches: number
  readonly contextTokens: number
}

/** Searches of one call that a provider bills: more than any of them makes. */
const SEARCHES_MAX = 50
/** Where the price list names no context: the largest that is common. */
export const CONTEXT_TOKENS = 1_048_576
/** Where no family below fits. */
const OUTPUT_TOKENS = 131_072

/**
 * Longest answers, hidden reasoning included, by how a model's name begins once its maker is cut off; the first that fits. From the
 * makers' model pages, 2026-11. A model that is not here gets the default, which is at least as much.
 */
const OUTPUT_TOKENS_MAX: readonly (readonly [RegExp, number])[] = [
  [/^(chatgpt-4o|gpt-4o)/, 16_384],
  [/^gpt-4\.1/, 32_768],
  [/^gpt-4\.5/, 16_384],
  [/^gpt-4-(turbo|1106|0125|vision)/, 4_096],
  [/^gpt-4(-|$)/, 8_192],
  [/^gpt-3\.5/, 16_384],
  [/^o[134](-|$)/, 100_000],
  [/^claude-3-5/, 8_192],
  [/^claude-3-(opus|sonnet|haiku)/, 4_096],
  [/^gemini-(1\.5|2\.0)/, 8_192],
  [/^gemini-2\.5/, 65_536],
]

export function outputTokensMax(model: string): number {
  const name = model.toLowerCase().replace(/^.*[/:](?=[a-z])/, '')
  return OUTPUT_TOKENS_MAX.find(([family]) => family.test(name))?.[1] ?? OUTPUT_TOKENS
}

/** Null for an unknown model. */
export function boundRates(provider: Provider, model: string, time: number): BoundRates | null {
  try {
    const price = calcPrice({ input_tokens: 0 }, model, { provider, timestamp: new Date(time) })
    if (price === null) return null
    const lists = Array.isArray(price.model.prices) ? price.model.prices.map(({ prices }) => prices) : [price.model.prices]
    const rates = { input: 0, inputWithMedia: 0, output: 0, fee: 0, feeWithSearches: 0 }
    // Prices of an earlier day are in the list too: only what holds at some hour of this one counts.
    const now = price.model_price as Readonly<Record<string, unknown>>
    const hourly =
      Array.isArray(price.model.prices) && price.model.prices.some(({ constraint }) => constraint?.type === 'time_of_date')
    for (const list of hourly ? lists : [now])
      for (const [key, value] of Object.entries(list)) add(rates, key, dearest(value), model)
    return {
      ...rates,
      inputWithMedia: Math.max(rates.inputWithMedia, rates.input),
      feeWithSearches: rates.fee + rates.feeWithSearches * SEARCHES_MAX,
      contextTokens: price.model.context_window ?? CONTEXT_TOKENS,
    }
  } catch {
    // A model whose price cannot be read has no bound: it is unpriced.
    return null
  }
}

function add(
  rates: { input: number; inputWithMedia: number; output: number; fee: number; feeWithSearches: number },
  key: string,
  usd: number,
  model: string,
): void {
  if (key === 'requests_kcount') rates.fee += usd / 1000
  else if (key.endsWith('searches_kcount')) rates.feeWithSearches += usd / 1000
  else if (!key.endsWith('_mtok')) return
  else if (/^output_(audio|image|video)/.test(key)) {
    if (/audio|image|tts|realtime|live|video|omni/i.test(model)) rates.output = Math.max(rates.output, usd)
  } else if (key.startsWith('output')) rates.output = Math.max(rates.output, usd)
  else if (/audio|image|video/.test(key)) rates.inputWithMedia = Math.max(rates.inputWithMedia, usd)
  else rates.input = Math.max(rates.input, usd)
}

/** The highest number in a price: tiers are `{ base, tiers: [{ start, price }] }`. */
function dearest(value: unknown): number {
  if (typeof value === 'number') return value
  if (typeof value !== 'object' || value === null) return 0
  const { base, tiers } = value as { readonly base?: unknown; readonly tiers?: unknown }
  const of = Array.isArray(tiers) ? tiers.map((tier: { readonly price?: unknown }) => Number(tier.price)) : []
  return Math.max(0, Number(base) || 0, ...of.filter(Number.isFinite))
}
