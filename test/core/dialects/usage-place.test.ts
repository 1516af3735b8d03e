/** Assembled streams carry their usage where the price book's extractor looks for it. */
import { expect, test } from 'bun:test'
import { extractUsage, findProvider } from '@pydantic/genai-prices'
import { bedrock } from '../../../src/core/dialects/bedrock.ts'
import { cohere } from '../../../src/core/dialects/cohere.ts'
import type { Dialect } from '../../../src/core/dialects/dialect.ts'
import { gemini } from '../../../src/core/dialects/gemini.ts'
import type { JsonRecord } from '../../../src/core/domain/json.ts'
import { assembled, target } from '../../support/dialect-checks.ts'

const converse = bedrock(target('/model/amazon.nova-lite-v1%3A0/converse-stream'))
const invoked = bedrock(target('/model/x/invoke-with-response-stream'))

const cases: {
  why: string
  dialect: Dialect
  provider: string
  flavor: string
  events: JsonRecord[]
  usage: { [unit: string]: number }
}[] = [
  {
    why: 'Gemini, the last counts of each kind',
    dialect: gemini,
    provider: 'google',
    flavor: 'default',
    events: [
      {
        candidates: [{ content: { parts: [{ text: 'a' }] } }],
        usageMetadata: { promptTokenCount: 9, candidatesTokenCount: 1 },
        modelVersion: 'gemini-2.5-flash',
      },
      {
        candidates: [{ finishReason: 'STOP' }],
        usageMetadata: { candidatesTokenCount: 4, thoughtsTokenCount: 2, cachedContentTokenCount: 3 },
      },
    ],
    usage: { input_tokens: 9, output_tokens: 6, output_reasoning_tokens: 2, cache_read_tokens: 3 },
  },
  {
    why: 'Cohere, billed units',
    dialect: cohere,
    provider: 'cohere',
    flavor: 'default',
    events: [
      {
        type: 'message-end',
        delta: { finish_reason: 'COMPLETE', usage: { billed_units: { input_tokens: 5, output_tokens: 2 } } },
      },
    ],
    usage: { input_tokens: 5, output_tokens: 2 },
  },
  {
    why: 'Converse, with caches',
    dialect: converse,
    provider: 'aws',
    flavor: 'default',
    events: [
      { messageStop: { stopReason: 'end_turn' } },
      { metadata: { usage: { inputTokens: 9, outputTokens: 4, cacheReadInputTokens: 3, cacheWriteInputTokens: 2 } } },
    ],
    usage: { input_tokens: 14, output_tokens: 4, cache_read_tokens: 3, cache_write_tokens: 2 },
  },
  {
    why: 'an invoked Llama, by the counts of its last chunk',
    dialect: invoked,
    provider: 'aws',
    flavor: 'default',
    events: [
      { generation: 'a', stop_reason: 'stop', 'amazon-bedrock-invocationMetrics': { inputTokenCount: 9, outputTokenCount: 4 } },
    ],
    usage: { input_tokens: 9, output_tokens: 4 },
  },
  {
    why: 'an invoked Anthropic model, in its own words',
    dialect: invoked,
    provider: 'aws',
    flavor: 'anthropic',
    events: [
      {
        type: 'message_start',
        message: {
          id: 'm',
          role: 'assistant',
          model: 'c',
          content: [],
          usage: { input_tokens: 9, cache_read_input_tokens: 3, output_tokens: 1 },
        },
      },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 4 } },
    ],
    usage: { input_tokens: 12, output_tokens: 4, cache_read_tokens: 3 },
  },
]
test.each(cases)('$why', ({ dialect, provider, flavor, events, usage }) => {
  const prices = findProvider({ providerId: provider })
  if (prices === undefined) throw new Error(`no prices of ${provider}`)
  const found = extractUsage(prices, assembled(dialect, events).body, flavor)
  expect(Object.fromEntries(Object.entries(found.usage).filter(([, count]) => count !== undefined))).toEqual(usage)
})
