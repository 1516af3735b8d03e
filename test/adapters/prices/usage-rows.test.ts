import { calcPrice, extractUsage, findProvider } from '@pydantic/genai-prices'
import { expect, test } from 'bun:test'
import { createPriceBook } from '../../../src/adapters/prices/price-book.ts'
import { createAnswerReader, type AnswerRead } from '../../../src/core/capture/answer-reader.ts'
import { dialectNamed } from '../../../src/core/dialects/registry.ts'
import type { JsonRecord } from '../../../src/core/domain/json.ts'
import type { DialectName } from '../../../src/core/domain/span.ts'
import { totalTokens, type Usage } from '../../../src/core/domain/usage.ts'
import { TEST_TIME } from '../../support/clock.ts'
import { describeWithData } from '../../support/recorded.ts'
import { dialectsOf, ourName, streamsOf, usageRows, type Streamed } from '../../support/usage-rows.ts'

type Counts = { readonly [unit: string]: number }

const prices = createPriceBook({ custom: () => new Map() })
const ROWS = usageRows()

/** Zero and absent are the same count. */
function isSame(a: Counts, b: Counts): boolean {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((unit) => (a[unit] ?? 0) === (b[unit] ?? 0))
}

/** Decimal USD to nano-USD without rounding, as a number. */
function nanoOf(usd: string): number {
  return Number(`${usd}e9`)
}

function packageUsage(providerId: string, flavor: string, body: JsonRecord): Counts | null {
  const provider = findProvider({ providerId })
  if (provider === undefined) return null
  const counts: { [unit: string]: number } = {}
  for (const [unit, count] of Object.entries(extractUsage(provider, body, flavor).usage)) counts[unit] = count ?? 0
  return counts
}

function packageNano(providerId: string, model: string, usage: Usage): number | null {
  const price = calcPrice({ ...usage.reported }, model, { providerId, timestamp: new Date(TEST_TIME) })
  return price === null ? null : price.total_price * 1e9
}

function isRounded(amount: number | null, exact: number | null): boolean {
  return amount === null || exact === null ? amount === exact : Math.abs(amount - exact) <= 0.5 + 1e-6
}

async function readStreamed(dialect: DialectName, stream: Streamed): Promise<AnswerRead> {
  const target = { path: stream.path, search: '' }
  const reader = createAnswerReader(dialectNamed(dialect, target), stream.contentType, null, () => null)
  reader.push(stream.bytes)
  return reader.finish()
}

describeWithData('usage rows', () => {
  test('give the tokens that they state, by every extractor that a call of ours uses', () => {
    let checked = 0
    const changed: string[] = []
    for (const { body, extracted } of ROWS) {
      for (const { usage: stated, extractors } of extracted) {
        for (const { provider_id: id, api_flavor: flavor } of extractors) {
          for (const dialect of dialectsOf(id, flavor)) {
            const usage = prices.extractUsage(ourName(id), dialect, body)
            const where = `${id}/${flavor} as ${dialect}: ${JSON.stringify(body)}`
            checked += 1
            if (usage === null) throw new Error(`no usage: ${where}`)
            expect(totalTokens(usage)).toBe((stated['input_tokens'] ?? 0) + (stated['output_tokens'] ?? 0))
            if (isSame(usage.reported, stated)) continue
            // The package has learnt a field since the rows were made: then it is the judge.
            expect([where, usage.reported as unknown]).toEqual([where, packageUsage(id, flavor, body)])
            changed.push(where)
          }
        }
      }
    }
    expect(checked).toBeGreaterThan(9_000)
    expect(changed.length).toBeLessThanOrEqual(12)
  })

  test('cost what they state, and where a price has changed since, what the package says', () => {
    const tally = { same: 0, changed: 0, unpriced: 0, newlyPriced: 0 }
    for (const { body, model, extracted } of ROWS) {
      if (model === null) continue
      for (const { extractors } of extracted) {
        for (const { provider_id: id, api_flavor: flavor, input_price, output_price, total_price } of extractors) {
          for (const dialect of dialectsOf(id, flavor)) {
            const provider = ourName(id)
            const usage = prices.extractUsage(provider, dialect, body)
            if (usage === null) throw new Error('no usage')
            const { amount, status, priceId } = prices.price({ provider, model, usage, time: TEST_TIME })
            const stated =
              input_price === undefined || output_price === undefined
                ? null
                : nanoOf(total_price ?? '0') || nanoOf(input_price) + nanoOf(output_price)
            const where = `${id}/${flavor} as ${dialect}, ${model}: ${JSON.stringify(usage.reported)} gave ${amount}, stated ${stated}`
            // Unpriced is never 0, and 0 never unpriced.
            expect([where, status, priceId === null]).toEqual([where, amount === null ? 'unpriced' : 'priced', amount === null])
            if (isRounded(amount, stated)) tally[amount === null ? 'unpriced' : 'same'] += 1
            else {
              expect([where, isRounded(amount, packageNano(id, model, usage))]).toEqual([where, true])
              tally[stated === null ? 'newlyPriced' : 'changed'] += 1
            }
          }
        }
      }
    }
    expect(tally.same).toBeGreaterThan(2_200)
    expect(tally.unpriced).toBeGreaterThan(8_000)
    expect(tally.changed).toBeLessThanOrEqual(80)
    expect(tally.newlyPriced).toBeLessThanOrEqual(30)
  })

  const STREAMED: readonly DialectName[] = [
    'openai-chat',
    'openai-completions',
    'openai-responses',
    'anthropic-messages',
    'gemini',
    'bedrock',
    'azure-openai',
    'cohere',
  ]
  for (const dialect of STREAMED) {
    test(`give the same tokens and the same cost streamed: ${dialect}`, async () => {
      let checked = 0
      for (const { body, model, extracted } of ROWS) {
        const extractors = extracted
          .flatMap((group) => group.extractors)
          .filter(({ provider_id, api_flavor }) => dialectsOf(provider_id, api_flavor).includes(dialect))
        if (extractors.length === 0) continue
        const providers = new Set(extractors.map(({ provider_id }) => ourName(provider_id)))
        for (const stream of streamsOf(dialect, body)) {
          const { body: assembled, isComplete, notes } = await readStreamed(dialect, stream)
          expect([isComplete, notes]).toEqual([true, []])
          for (const provider of providers) {
            const whole = prices.extractUsage(provider, dialect, body)
            const streamed = prices.extractUsage(provider, dialect, assembled ?? {})
            const where = `${provider}: ${JSON.stringify(body)}`
            expect([where, streamed]).toEqual([where, whole])
            if (whole === null || streamed === null) throw new Error(`no usage: ${where}`)
            const ask = { provider, model: model ?? 'claude-sonnet-4-5', time: TEST_TIME }
            expect(prices.price({ ...ask, usage: streamed })).toEqual(prices.price({ ...ask, usage: whole }))
            checked += 1
          }
        }
      }
      expect(checked).toBeGreaterThanOrEqual(dialect === 'cohere' ? 8 : 200)
    })
  }
})
