/**
 * Real usage blocks of `../shared/data/usage` with the tokens and prices that are right for them, and for each the calls of ours that
 * must come to the same: provider, dialect, and the stream that would have carried the block.
 */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { JsonRecord } from '../../src/core/domain/json.ts'
import type { DialectName } from '../../src/core/domain/span.ts'
import { chunkMessage, eventMessage, join } from './event-stream.ts'
import { sseBytes } from './recorded.ts'

const FILE = fileURLToPath(new URL('../../../shared/data/usage/usages.jsonl', import.meta.url))

export type UsageRow = {
  readonly body: JsonRecord
  readonly model: string | null
  readonly extracted: readonly {
    readonly usage: { readonly [unit: string]: number }
    readonly extractors: readonly {
      readonly provider_id: string
      readonly api_flavor: string
      /** Decimal USD; absent where that provider has no price for the model. */
      readonly input_price?: string
      readonly output_price?: string
      readonly total_price?: string
    }[]
  }[]
}

/** Empty where the data is absent. */
export function usageRows(): readonly UsageRow[] {
  if (!existsSync(FILE)) return []
  return readFileSync(FILE, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const row = JSON.parse(line) as UsageRow
      const model = row.model ?? row.body['model'] ?? row.body['modelVersion']
      return { ...row, model: typeof model === 'string' ? model : null }
    })
}

/** Our dialects for an extractor of the package; empty for what no call of ours would use. */
export function dialectsOf(providerId: string, flavor: string): readonly DialectName[] {
  return BY_EXTRACTOR[`${providerId}/${flavor}`] ?? BY_FLAVOR[flavor] ?? []
}

const BY_FLAVOR: { readonly [flavor: string]: readonly DialectName[] } = {
  chat: ['openai-chat'],
  responses: ['openai-responses'],
  embeddings: ['openai-embeddings'],
  anthropic: ['anthropic-messages'],
}

const BY_EXTRACTOR: { readonly [extractor: string]: readonly DialectName[] } = {
  'anthropic/default': ['anthropic-messages'],
  'aws/anthropic': ['anthropic-messages', 'bedrock'],
  'aws/default': ['bedrock'],
  'azure/chat': ['openai-chat', 'azure-openai'],
  'azure/responses': ['openai-responses', 'azure-openai'],
  // Blocks of chats: an embedding's has no output, and then it is this extractor that answers.
  'azure/embeddings': ['openai-embeddings'],
  'cohere/default': ['cohere'],
  'cohere/embeddings': ['cohere'],
  'google/default': ['gemini'],
  'groq/default': ['openai-chat'],
  'minimax/default': ['anthropic-messages'],
  'mistral/default': ['openai-chat'],
  'openai/chat': ['openai-chat', 'openai-completions'],
  'perplexity/default': ['openai-chat'],
  // xAI's older form, which counts no reasoning; `x-ai/chat` is what its API sends now.
  'x-ai/default': [],
}

/** Our name of a provider of the package. */
export function ourName(providerId: string): string {
  return { aws: 'bedrock', 'x-ai': 'xai' }[providerId] ?? providerId
}

export type Streamed = {
  readonly contentType: string
  readonly bytes: Uint8Array
  /** For dialects that are told by their path. */
  readonly path: string
}

/** The streams of a dialect that end in this usage block; none for what is never streamed. */
export function streamsOf(dialect: DialectName, body: JsonRecord): readonly Streamed[] {
  const { model, modelVersion, usage, usageMetadata, file: _file, ...rest } = body
  switch (dialect) {
    case 'openai-chat':
    case 'azure-openai': {
      if (typeof usage !== 'object' || usage === null || !('prompt_tokens' in usage))
        return dialect === 'azure-openai' ? streamsOf('openai-responses', body) : []
      const head = { id: 'c', object: 'chat.completion.chunk', model }
      const text = { ...head, choices: [{ index: 0, delta: { role: 'assistant', content: 'x' }, finish_reason: null }] }
      const end = { ...head, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }
      return [
        sse([text, end, { ...head, choices: [], usage }], { withDone: true }),
        sse(
          [
            { ...text, usage: null },
            { ...end, usage },
          ],
          { withDone: true },
        ),
        // Groq.
        sse([text, { ...end, x_groq: { id: 'g', usage } }], { withDone: true }),
      ].map((stream) => ({ ...stream, path: '/openai/deployments/d/chat/completions' }))
    }
    case 'openai-completions': {
      const head = { id: 'c', object: 'text_completion', model }
      const text = { ...head, choices: [{ index: 0, text: 'x', finish_reason: 'stop' }] }
      return [sse([text, { ...head, choices: [], usage }], { withDone: true })]
    }
    case 'openai-responses': {
      const response = { id: 'r', object: 'response', model, output: [] }
      const created = { type: 'response.created', response: { ...response, status: 'in_progress', usage: null } }
      const completed = { type: 'response.completed', response: { ...response, status: 'completed', usage } }
      return [{ ...sse([created, completed], { withEvent: true }), path: '/openai/responses' }]
    }
    case 'anthropic-messages':
      return anthropicEvents(body).map((events) => sse(events, { withEvent: true }))
    case 'gemini': {
      const chunk = { candidates: [{ content: { role: 'model', parts: [{ text: 'x' }] }, index: 0 }], modelVersion }
      const last = { ...chunk, candidates: [{ ...chunk.candidates[0], finishReason: 'STOP' }], usageMetadata }
      return [
        sse([chunk, last]),
        // A count of the first chunks is no sum: each says what there is so far.
        sse([{ ...chunk, usageMetadata: { promptTokenCount: 1, totalTokenCount: 1 } }, last]),
        { contentType: 'application/json', bytes: new TextEncoder().encode(JSON.stringify([chunk, last])), path: '/' },
      ]
    }
    case 'bedrock': {
      if (typeof usage === 'object' && usage !== null && 'inputTokens' in usage) {
        const events = [
          eventMessage('messageStart', { role: 'assistant' }),
          eventMessage('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'x' } }),
          eventMessage('contentBlockStop', { contentBlockIndex: 0 }),
          eventMessage('messageStop', { stopReason: 'end_turn' }),
          eventMessage('metadata', { usage, metrics: { latencyMs: 1 } }),
        ]
        return [{ contentType: 'application/vnd.amazon.eventstream', bytes: join(events), path: '/model/m/converse-stream' }]
      }
      return anthropicEvents(body).map((events) => ({
        contentType: 'application/vnd.amazon.eventstream',
        bytes: join(events.map(chunkMessage)),
        path: '/model/anthropic.claude/invoke-with-response-stream',
      }))
    }
    case 'cohere': {
      if (usage === undefined) return []
      const start = { type: 'message-start', id: 'm', delta: { message: { role: 'assistant' } } }
      const text = { type: 'content-delta', index: 0, delta: { message: { content: { text: 'x' } } } }
      return [
        sse([start, text, { type: 'message-end', delta: { finish_reason: 'COMPLETE', usage, ...rest } }], { withEvent: true }),
      ]
    }
    default:
      return []
  }
}

/** As of old, the prompt at the start and the answer at the end; as of now, all of it again at the end. */
function anthropicEvents(body: JsonRecord): readonly (readonly JsonRecord[])[] {
  const usage = body['usage'] as JsonRecord
  const { output_tokens, server_tool_use, ...prompt } = usage
  const late = { output_tokens, ...(server_tool_use === undefined ? {} : { server_tool_use }) }
  const message = { id: 'm', type: 'message', role: 'assistant', model: body['model'], content: [], stop_reason: null }
  return [late, usage].map((last) => [
    { type: 'message_start', message: { ...message, usage: { ...prompt, output_tokens: 1 } } },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'x' } },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: last },
    { type: 'message_stop' },
  ])
}

function sse(
  payloads: readonly unknown[],
  options: { readonly withEvent?: boolean; readonly withDone?: boolean } = {},
): Streamed {
  return {
    contentType: 'text/event-stream',
    bytes: sseBytes(
      payloads.map((payload) => JSON.stringify(payload)),
      options,
    ),
    path: '/',
  }
}
