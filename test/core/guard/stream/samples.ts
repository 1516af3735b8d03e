/** One stream of each dialect and framing, with the given pieces as its text, reasoning or tool-call arguments, as frames. */
import { anthropicMessages } from '../../../../src/core/dialects/anthropic-messages.ts'
import { azureOpenai } from '../../../../src/core/dialects/azure-openai.ts'
import { bedrock } from '../../../../src/core/dialects/bedrock.ts'
import { cohere } from '../../../../src/core/dialects/cohere.ts'
import type { Dialect } from '../../../../src/core/dialects/dialect.ts'
import { gemini } from '../../../../src/core/dialects/gemini.ts'
import { ollama } from '../../../../src/core/dialects/ollama.ts'
import { openaiChat } from '../../../../src/core/dialects/openai-chat.ts'
import { openaiCompletions } from '../../../../src/core/dialects/openai-completions.ts'
import { openaiResponses } from '../../../../src/core/dialects/openai-responses.ts'
import type { JsonRecord } from '../../../../src/core/domain/json.ts'
import { createAnswerReader } from '../../../../src/core/capture/answer-reader.ts'
import { chunkMessage, eventMessage } from '../../../support/event-stream.ts'

export type Sample = {
  readonly name: string
  readonly dialect: Dialect
  readonly contentType: string
  /** What the pieces are. */
  readonly kind: 'text' | 'reasoning' | 'arguments'
  frames(pieces: readonly string[]): readonly Uint8Array[]
}

const SSE = 'text/event-stream; charset=utf-8'
const NDJSON = 'application/x-ndjson'
const EVENT_STREAM = 'application/vnd.amazon.eventstream'

const encoder = new TextEncoder()

function sse(
  payloads: readonly JsonRecord[],
  more: { readonly named?: boolean; readonly done?: boolean } = {},
): readonly Uint8Array[] {
  const texts = payloads.map((data) => {
    const event = more.named === true ? `event: ${String(data['type'])}\n` : ''
    return `${event}data: ${JSON.stringify(data)}\n\n`
  })
  return [...texts, ...(more.done === true ? ['data: [DONE]\n\n'] : [])].map((text) => encoder.encode(text))
}

function lines(payloads: readonly JsonRecord[]): readonly Uint8Array[] {
  return payloads.map((data) => encoder.encode(`${JSON.stringify(data)}\n`))
}

// --- Chat Completions ----------------------------------------------------------------------------------------------------------

const CHAT = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'm' }

function chat(deltas: readonly JsonRecord[], reason: string): readonly Uint8Array[] {
  const payloads = [
    { ...CHAT, choices: [{ index: 0, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null }] },
    ...deltas.map((delta) => ({ ...CHAT, choices: [{ index: 0, delta, logprobs: null, finish_reason: null }] })),
    { ...CHAT, choices: [{ index: 0, delta: {}, logprobs: null, finish_reason: reason }] },
    { ...CHAT, choices: [], usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } },
  ]
  return sse(payloads, { done: true })
}

function chatCall(pieces: readonly string[]): readonly Uint8Array[] {
  const head = { index: 0, id: 'call_1', type: 'function', function: { name: 'send', arguments: '' } }
  const calls = [head, ...pieces.map((text) => ({ index: 0, function: { arguments: text } }))]
  return chat(
    calls.map((call) => ({ tool_calls: [call] })),
    'tool_calls',
  )
}

function completions(pieces: readonly string[]): readonly Uint8Array[] {
  const head = { id: 'cmpl-1', object: 'text_completion', created: 1, model: 'm' }
  const payloads = [
    ...pieces.map((text) => ({ ...head, choices: [{ index: 0, text, logprobs: null, finish_reason: null }] })),
    { ...head, choices: [{ index: 0, text: '', logprobs: null, finish_reason: 'stop' }] },
  ]
  return sse(payloads, { done: true })
}

// --- Responses -----------------------------------------------------------------------------------------------------------------

const RESPONSE = { id: 'resp_1', object: 'response', created_at: 1, model: 'm', status: 'in_progress', output: [], usage: null }

function responses(events: readonly JsonRecord[], item: JsonRecord): readonly Uint8Array[] {
  const { content: _content, summary: _summary, arguments: _arguments, ...rest } = item
  const empty = {
    ...rest,
    ...(item['content'] === undefined ? {} : { content: [] }),
    ...(item['summary'] === undefined ? {} : { summary: [] }),
    ...(item['arguments'] === undefined ? {} : { arguments: '' }),
    status: 'in_progress',
  }
  const payloads = [
    { type: 'response.created', response: RESPONSE },
    { type: 'response.output_item.added', output_index: 0, item: empty },
    ...events,
    { type: 'response.output_item.done', output_index: 0, item },
    { type: 'response.completed', response: { ...RESPONSE, status: 'completed', output: [item] } },
  ].map((event, i) => ({ ...event, sequence_number: i }))
  return sse(payloads, { named: true })
}

function responsesText(pieces: readonly string[]): readonly Uint8Array[] {
  const text = pieces.join('')
  const part = { type: 'output_text', text, annotations: [], logprobs: [] }
  const place = { item_id: 'msg_1', output_index: 0, content_index: 0 }
  return responses(
    [
      { type: 'response.content_part.added', ...place, part: { ...part, text: '' } },
      ...pieces.map((delta) => ({ type: 'response.output_text.delta', ...place, delta, logprobs: [] })),
      { type: 'response.output_text.done', ...place, text, logprobs: [] },
      { type: 'response.content_part.done', ...place, part },
    ],
    { id: 'msg_1', type: 'message', role: 'assistant', status: 'completed', content: [part] },
  )
}

function responsesSummary(pieces: readonly string[]): readonly Uint8Array[] {
  const text = pieces.join('')
  const part = { type: 'summary_text', text }
  const place = { item_id: 'rs_1', output_index: 0, summary_index: 0 }
  return responses(
    [
      { type: 'response.reasoning_summary_part.added', ...place, part: { ...part, text: '' } },
      ...pieces.map((delta) => ({ type: 'response.reasoning_summary_text.delta', ...place, delta })),
      { type: 'response.reasoning_summary_text.done', ...place, text },
      { type: 'response.reasoning_summary_part.done', ...place, part },
    ],
    { id: 'rs_1', type: 'reasoning', summary: [part] },
  )
}

function responsesCall(pieces: readonly string[]): readonly Uint8Array[] {
  const text = pieces.join('')
  const place = { item_id: 'fc_1', output_index: 0 }
  return responses(
    [
      ...pieces.map((delta) => ({ type: 'response.function_call_arguments.delta', ...place, delta })),
      { type: 'response.function_call_arguments.done', ...place, name: 'send', arguments: text },
    ],
    { id: 'fc_1', type: 'function_call', status: 'completed', call_id: 'call_1', name: 'send', arguments: text },
  )
}

// --- Messages ------------------------------------------------------------------------------------------------------------------

function messageEvents(block: JsonRecord, deltas: readonly JsonRecord[], reason: string): readonly JsonRecord[] {
  return [
    {
      type: 'message_start',
      message: {
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        model: 'm',
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens: 1, output_tokens: 1 },
      },
    },
    { type: 'content_block_start', index: 0, content_block: block },
    { type: 'ping' },
    ...deltas.map((delta) => ({ type: 'content_block_delta', index: 0, delta })),
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: reason, stop_sequence: null }, usage: { output_tokens: 9 } },
    { type: 'message_stop' },
  ]
}

function messageText(pieces: readonly string[]): readonly JsonRecord[] {
  const deltas = pieces.map((text) => ({ type: 'text_delta', text }))
  return messageEvents({ type: 'text', text: '' }, deltas, 'end_turn')
}

function messageThinking(pieces: readonly string[]): readonly JsonRecord[] {
  const deltas = pieces.map((thinking) => ({ type: 'thinking_delta', thinking }))
  const signature = { type: 'signature_delta', signature: 'c2ln' }
  return messageEvents({ type: 'thinking', thinking: '', signature: '' }, [...deltas, signature], 'end_turn')
}

function messageCall(pieces: readonly string[]): readonly JsonRecord[] {
  const deltas = pieces.map((text) => ({ type: 'input_json_delta', partial_json: text }))
  return messageEvents({ type: 'tool_use', id: 'toolu_1', name: 'send', input: {} }, deltas, 'tool_use')
}

// --- Gemini --------------------------------------------------------------------------------------------------------------------

function geminiChunks(parts: readonly JsonRecord[]): readonly Uint8Array[] {
  const rest = { usageMetadata: { promptTokenCount: 1, totalTokenCount: 2 }, modelVersion: 'm', responseId: 'r' }
  return sse([
    ...parts.map((part) => ({ candidates: [{ content: { parts: [part], role: 'model' }, index: 0 }], ...rest })),
    { candidates: [{ content: { parts: [{ text: '' }], role: 'model' }, finishReason: 'STOP', index: 0 }], ...rest },
  ])
}

/** Vertex AI: the only argument in pieces. */
function geminiPieces(pieces: readonly string[]): readonly Uint8Array[] {
  // The pieces are those of a JSON text; here they are of a string.
  const values = pieces.map((text, i) => ({
    functionCall: {
      ...(i === 0 ? { name: 'send' } : {}),
      partialArgs: [{ jsonPath: '$.to', stringValue: text, willContinue: true }],
      willContinue: true,
    },
  }))
  return geminiChunks([...values, { functionCall: {} }])
}

// --- Cohere --------------------------------------------------------------------------------------------------------------------

function cohereEvents(events: readonly JsonRecord[]): readonly Uint8Array[] {
  const start = { role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] }
  return sse(
    [
      { id: 'c-1', type: 'message-start', delta: { message: start } },
      ...events,
      { type: 'message-end', delta: { finish_reason: 'COMPLETE', usage: { tokens: { input_tokens: 1, output_tokens: 2 } } } },
    ],
    { named: true, done: true },
  )
}

function cohereContent(type: 'text' | 'thinking', pieces: readonly string[]): readonly Uint8Array[] {
  return cohereEvents([
    { type: 'content-start', index: 0, delta: { message: { content: { type, [type]: '' } } } },
    ...pieces.map((text) => ({ type: 'content-delta', index: 0, delta: { message: { content: { [type]: text } } } })),
    { type: 'content-end', index: 0 },
  ])
}

function cohereCall(pieces: readonly string[]): readonly Uint8Array[] {
  const head = { id: 'call_1', type: 'function', function: { name: 'send', arguments: '' } }
  return cohereEvents([
    { type: 'tool-plan-delta', delta: { message: { tool_plan: 'I will send' } } },
    { type: 'tool-call-start', index: 0, delta: { message: { tool_calls: head } } },
    ...pieces.map((text) => ({
      type: 'tool-call-delta',
      index: 0,
      delta: { message: { tool_calls: { function: { arguments: text } } } },
    })),
    { type: 'tool-call-end', index: 0 },
  ])
}

function cohereOlder(pieces: readonly string[]): readonly JsonRecord[] {
  return [
    { is_finished: false, event_type: 'stream-start', generation_id: 'g' },
    ...pieces.map((text) => ({ is_finished: false, event_type: 'text-generation', text })),
    {
      is_finished: true,
      event_type: 'stream-end',
      finish_reason: 'COMPLETE',
      response: {
        text: pieces.join(''),
        chat_history: [{ role: 'CHATBOT', message: pieces.join('') }],
        finish_reason: 'COMPLETE',
      },
    },
  ]
}

// --- Ollama --------------------------------------------------------------------------------------------------------------------

const OLLAMA = { model: 'm', created_at: '2026-01-01T00:00:00Z' }
const OLLAMA_END = { ...OLLAMA, done: true, done_reason: 'stop', prompt_eval_count: 1, eval_count: 2 }

function ollamaChat(messages: readonly JsonRecord[]): readonly Uint8Array[] {
  return lines([
    ...messages.map((message) => ({ ...OLLAMA, message: { role: 'assistant', ...message }, done: false })),
    { ...OLLAMA_END, message: { role: 'assistant', content: '' } },
  ])
}

// --- Bedrock -------------------------------------------------------------------------------------------------------------------

function converse(start: JsonRecord | null, deltas: readonly JsonRecord[]): readonly (readonly [string, JsonRecord])[] {
  return [
    ['messageStart', { role: 'assistant', p: 'ab' }],
    ...(start === null ? [] : [['contentBlockStart', { contentBlockIndex: 0, start }] as const]),
    ...deltas.map((delta) => ['contentBlockDelta', { contentBlockIndex: 0, delta, p: 'abcd' }] as const),
    ['contentBlockStop', { contentBlockIndex: 0 }],
    ['messageStop', { stopReason: 'end_turn' }],
    ['metadata', { usage: { inputTokens: 1, outputTokens: 2, totalTokens: 3 } }],
  ]
}

function converseMessages(events: readonly (readonly [string, JsonRecord])[]): readonly Uint8Array[] {
  return events.map(([name, data]) => eventMessage(name, data))
}

const CONVERSE = bedrock({ path: '/model/m/converse-stream', search: '' })
const INVOKE = bedrock({ path: '/model/m/invoke-with-response-stream', search: '' })

function sample(name: string, dialect: Dialect, contentType: string, kind: Sample['kind'], frames: Sample['frames']): Sample {
  return { name, dialect, contentType, kind, frames }
}

export const SAMPLES: readonly Sample[] = [
  sample('chat text', openaiChat, SSE, 'text', (pieces) =>
    chat(
      pieces.map((content) => ({ content })),
      'stop',
    ),
  ),
  sample('chat reasoning', openaiChat, SSE, 'reasoning', (pieces) =>
    chat([...pieces.map((text) => ({ reasoning_content: text })), { content: 'done' }], 'stop'),
  ),
  sample('chat refusal', openaiChat, SSE, 'text', (pieces) =>
    chat(
      pieces.map((refusal) => ({ refusal })),
      'stop',
    ),
  ),
  sample('chat parts', openaiChat, SSE, 'text', (pieces) =>
    chat(
      pieces.map((text) => ({ content: [{ type: 'text', text }] })),
      'stop',
    ),
  ),
  sample('chat tool call', openaiChat, SSE, 'arguments', chatCall),
  sample(
    'azure chat text',
    azureOpenai({ path: '/openai/deployments/d/chat/completions', search: '' }),
    SSE,
    'text',
    (pieces) =>
      chat(
        pieces.map((content) => ({ content })),
        'stop',
      ),
  ),
  sample('azure response', azureOpenai({ path: '/openai/v1/responses', search: '' }), SSE, 'text', responsesText),
  sample('completions', openaiCompletions, SSE, 'text', completions),
  sample('responses text', openaiResponses, SSE, 'text', responsesText),
  sample('responses summary', openaiResponses, SSE, 'reasoning', responsesSummary),
  sample('responses tool call', openaiResponses, SSE, 'arguments', responsesCall),
  sample('messages text', anthropicMessages, SSE, 'text', (pieces) => sse(messageText(pieces), { named: true })),
  sample('messages thinking', anthropicMessages, SSE, 'reasoning', (pieces) => sse(messageThinking(pieces), { named: true })),
  sample('messages tool call', anthropicMessages, SSE, 'arguments', (pieces) => sse(messageCall(pieces), { named: true })),
  sample('gemini text', gemini, SSE, 'text', (pieces) => geminiChunks(pieces.map((text) => ({ text })))),
  sample('gemini thoughts', gemini, SSE, 'reasoning', (pieces) =>
    geminiChunks(pieces.map((text) => ({ text, thought: true }))),
  ),
  sample('gemini argument in pieces', gemini, SSE, 'arguments', geminiPieces),
  sample('gemini array', gemini, 'application/json', 'text', (pieces) => {
    const elements = geminiChunks(pieces.map((text) => ({ text }))).map((frame) => new TextDecoder().decode(frame).slice(6, -2))
    return [...elements.map((element, i) => `${i === 0 ? '[' : ',\r\n'}${element}`), '\n]\n'].map((text) =>
      encoder.encode(text),
    )
  }),
  sample('cohere text', cohere, SSE, 'text', (pieces) => cohereContent('text', pieces)),
  sample('cohere thinking', cohere, SSE, 'reasoning', (pieces) => cohereContent('thinking', pieces)),
  sample('cohere tool call', cohere, SSE, 'arguments', cohereCall),
  sample('cohere v1', cohere, NDJSON, 'text', (pieces) => lines(cohereOlder(pieces))),
  sample('ollama chat', ollama, NDJSON, 'text', (pieces) => ollamaChat(pieces.map((content) => ({ content })))),
  sample('ollama thinking', ollama, NDJSON, 'reasoning', (pieces) =>
    ollamaChat(pieces.map((thinking) => ({ content: '', thinking }))),
  ),
  sample('ollama generate', ollama, NDJSON, 'text', (pieces) =>
    lines([...pieces.map((response) => ({ ...OLLAMA, response, done: false })), { ...OLLAMA_END, response: '' }]),
  ),
  sample('converse text', CONVERSE, EVENT_STREAM, 'text', (pieces) =>
    converseMessages(
      converse(
        null,
        pieces.map((text) => ({ text })),
      ),
    ),
  ),
  sample('converse reasoning', CONVERSE, EVENT_STREAM, 'reasoning', (pieces) =>
    converseMessages(
      converse(
        null,
        pieces.map((text) => ({ reasoningContent: { text } })),
      ),
    ),
  ),
  sample('converse tool call', CONVERSE, EVENT_STREAM, 'arguments', (pieces) =>
    converseMessages(
      converse(
        { toolUse: { toolUseId: 't', name: 'send' } },
        pieces.map((input) => ({ toolUse: { input } })),
      ),
    ),
  ),
  sample('invoked messages', INVOKE, EVENT_STREAM, 'text', (pieces) => messageText(pieces).map(chunkMessage)),
  sample('invoked nova', INVOKE, EVENT_STREAM, 'text', (pieces) =>
    converse(
      null,
      pieces.map((text) => ({ text })),
    ).map(([name, data]) => chunkMessage({ [name]: data })),
  ),
  sample('invoked titan', INVOKE, EVENT_STREAM, 'text', (pieces) =>
    [...pieces.map((outputText) => ({ outputText, index: 0 })), { outputText: '', index: 0, completionReason: 'FINISH' }].map(
      chunkMessage,
    ),
  ),
]

/** Every text of the answer that these bytes tell, as the capture stage reads it, and whether it ended as its dialect ends. */
export async function answerOf(
  { dialect, contentType }: Pick<Sample, 'dialect' | 'contentType'>,
  bytes: Uint8Array,
): Promise<{
  readonly texts: readonly string[]
  readonly notes: readonly string[]
  readonly isComplete: boolean
  readonly reason: string | null
}> {
  const reader = createAnswerReader(dialect, contentType, null, () => null)
  reader.push(bytes)
  const { body, notes, isComplete } = await reader.finish()
  const view = body === null ? null : dialect.readAnswer(body)
  return {
    texts: view?.segments.map(({ text }) => text) ?? [],
    notes,
    isComplete,
    reason: view?.finishReason ?? null,
  }
}
