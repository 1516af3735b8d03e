/**
 * Answers of the providers as their documentation shows them, for tests with official SDKs. Written apart from the dialects in `src`,
 * so that a mistake there does not meet its twin here. Every stream is a plan's list of events, ready for delays between them.
 */
import type { SseEvent } from '../support/fake-upstream.ts'

export type FormatCall = {
  readonly id: string
  readonly name: string
  readonly arguments: { readonly [name: string]: unknown }
}

type JsonObject = { readonly [key: string]: unknown }

// --- OpenAI Chat Completions ---------------------------------------------------------------------------------------------------

export const CHAT_USAGE: JsonObject = {
  prompt_tokens: 30,
  completion_tokens: 12,
  total_tokens: 42,
  prompt_tokens_details: { cached_tokens: 10, audio_tokens: 0 },
  completion_tokens_details: {
    reasoning_tokens: 4,
    audio_tokens: 0,
    accepted_prediction_tokens: 0,
    rejected_prediction_tokens: 0,
  },
}

const CHAT_HEAD: JsonObject = {
  id: 'chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT',
  created: 1_763_600_000,
  model: 'gpt-4o-mini-2024-07-18',
  service_tier: 'default',
  system_fingerprint: 'fp_44709d6fcb',
}

export function chatAnswer(said: { readonly text: string | null; readonly calls?: readonly FormatCall[] }): JsonObject {
  const calls = said.calls ?? []
  const message = {
    role: 'assistant',
    content: said.text,
    refusal: null,
    annotations: [],
    ...(calls.length === 0 ? {} : { tool_calls: calls.map((call) => chatCall(call)) }),
  }
  const finishReason = calls.length === 0 ? 'stop' : 'tool_calls'
  return {
    ...CHAT_HEAD,
    object: 'chat.completion',
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason }],
    usage: CHAT_USAGE,
  }
}

function chatCall({ id, name, arguments: given }: FormatCall): JsonObject {
  return { id, type: 'function', function: { name, arguments: JSON.stringify(given) } }
}

/** `usage` is sent as the API does under `include_usage`: null in every chunk, then a chunk of its own. */
export function chatStream(said: {
  readonly pieces: readonly string[]
  readonly calls?: readonly FormatCall[]
  readonly withUsage: boolean
}): readonly SseEvent[] {
  const calls = said.calls ?? []
  const usage = said.withUsage ? { usage: null } : {}
  const chunk = (delta: JsonObject, finishReason: string | null): SseEvent => ({
    data: {
      ...CHAT_HEAD,
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }],
      ...usage,
    },
  })
  return [
    chunk({ role: 'assistant', content: calls.length === 0 ? '' : null, refusal: null }, null),
    ...said.pieces.map((piece) => chunk({ content: piece }, null)),
    ...calls.flatMap(({ id, name, arguments: given }, index) => [
      chunk({ tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] }, null),
      ...halves(JSON.stringify(given)).map((half) => chunk({ tool_calls: [{ index, function: { arguments: half } }] }, null)),
    ]),
    chunk({}, calls.length === 0 ? 'stop' : 'tool_calls'),
    ...(said.withUsage ? [{ data: { ...CHAT_HEAD, object: 'chat.completion.chunk', choices: [], usage: CHAT_USAGE } }] : []),
    { data: '[DONE]' },
  ]
}

export function openaiError(message: string, type: string, code: string | null): JsonObject {
  return { error: { message, type, param: null, code } }
}

// --- OpenAI Responses and embeddings -------------------------------------------------------------------------------------------

export const RESPONSES_USAGE: JsonObject = {
  input_tokens: 30,
  input_tokens_details: { cached_tokens: 10 },
  output_tokens: 12,
  output_tokens_details: { reasoning_tokens: 4 },
  total_tokens: 42,
}

const RESPONSE_HEAD: JsonObject = {
  id: 'resp_67ccd2bed1ec8190b14f964abc0542670bb6a6b452d3795b',
  object: 'response',
  created_at: 1_763_600_000,
  error: null,
  incomplete_details: null,
  instructions: null,
  max_output_tokens: null,
  model: 'gpt-5-2025-08-07',
  parallel_tool_calls: true,
  previous_response_id: null,
  reasoning: { effort: 'medium', summary: null },
  store: true,
  temperature: 1,
  text: { format: { type: 'text' } },
  tool_choice: 'auto',
  tools: [],
  top_p: 1,
  truncation: 'disabled',
  user: null,
  metadata: {},
}

type Said = { readonly pieces: readonly string[]; readonly calls?: readonly FormatCall[] }

function responseItems(said: Said): readonly JsonObject[] {
  const text = said.pieces.join('')
  const part = { type: 'output_text', text, annotations: [], logprobs: [] }
  return [
    { id: 'rs_1', type: 'reasoning', summary: [] },
    ...(text === '' ? [] : [{ id: 'msg_1', type: 'message', status: 'completed', role: 'assistant', content: [part] }]),
    ...(said.calls ?? []).map((call, i) => ({
      id: `fc_${i}`,
      type: 'function_call',
      status: 'completed',
      call_id: call.id,
      name: call.name,
      arguments: JSON.stringify(call.arguments),
    })),
  ]
}

export function responsesAnswer(said: Said): JsonObject {
  return { ...RESPONSE_HEAD, status: 'completed', output: responseItems(said), usage: RESPONSES_USAGE }
}

export function responsesStream(said: Said): readonly SseEvent[] {
  const events: SseEvent[] = []
  const push = (type: string, fields: JsonObject) => {
    events.push({ event: type, data: { type, sequence_number: events.length, ...fields } })
  }
  const open = { ...RESPONSE_HEAD, status: 'in_progress', output: [], usage: null }
  push('response.created', { response: open })
  push('response.in_progress', { response: open })
  responseItems(said).forEach((item, index) => {
    const at = { item_id: item['id'], output_index: index }
    if (item['type'] === 'message') {
      const text = said.pieces.join('')
      const part = { type: 'output_text', text, annotations: [], logprobs: [] }
      push('response.output_item.added', { output_index: index, item: { ...item, status: 'in_progress', content: [] } })
      push('response.content_part.added', { ...at, content_index: 0, part: { ...part, text: '' } })
      for (const piece of said.pieces)
        push('response.output_text.delta', { ...at, content_index: 0, delta: piece, logprobs: [] })
      push('response.output_text.done', { ...at, content_index: 0, text, logprobs: [] })
      push('response.content_part.done', { ...at, content_index: 0, part })
    } else if (item['type'] === 'function_call') {
      const text = String(item['arguments'])
      push('response.output_item.added', { output_index: index, item: { ...item, status: 'in_progress', arguments: '' } })
      for (const half of halves(text)) push('response.function_call_arguments.delta', { ...at, delta: half })
      push('response.function_call_arguments.done', { ...at, arguments: text })
    } else push('response.output_item.added', { output_index: index, item })
    push('response.output_item.done', { output_index: index, item })
  })
  push('response.completed', { response: responsesAnswer(said) })
  return events
}

/** With `encoding: 'base64'` the vectors are little-endian floats, as the API sends them when asked so. */
export function embeddingsAnswer(vectors: readonly (readonly number[])[], encoding: 'float' | 'base64'): JsonObject {
  return {
    object: 'list',
    data: vectors.map((vector, index) => ({
      object: 'embedding',
      index,
      embedding: encoding === 'float' ? vector : Buffer.from(Float32Array.from(vector).buffer).toString('base64'),
    })),
    model: 'text-embedding-3-small',
    usage: { prompt_tokens: 8, total_tokens: 8 },
  }
}

// --- Anthropic Messages ----------------------------------------------------------------------------------------------------------

/** 30 prompt tokens in all: 16 plain, 10 read from and 4 written to the cache; 12 output tokens, 4 of them thinking. */
export const MESSAGE_USAGE: JsonObject = {
  input_tokens: 16,
  cache_creation_input_tokens: 4,
  cache_read_input_tokens: 10,
  cache_creation: { ephemeral_5m_input_tokens: 4, ephemeral_1h_input_tokens: 0 },
  output_tokens: 12,
  output_tokens_details: { thinking_tokens: 4 },
  server_tool_use: null,
  service_tier: 'standard',
}

const MESSAGE_HEAD: JsonObject = {
  id: 'msg_013Zva2CMHLNnXjNJJKqJ2EF',
  type: 'message',
  role: 'assistant',
  model: 'claude-sonnet-5',
}

type SaidByClaude = Said & { readonly thinking?: string }

function blocksOf(said: SaidByClaude): readonly JsonObject[] {
  return [
    ...(said.thinking === undefined ? [] : [{ type: 'thinking', thinking: said.thinking, signature: 'c2lnbmF0dXJl' }]),
    ...(said.pieces.length === 0 ? [] : [{ type: 'text', text: said.pieces.join(''), citations: null }]),
    ...(said.calls ?? []).map((call) => ({
      type: 'tool_use',
      id: call.id,
      name: call.name,
      input: call.arguments,
      caller: { type: 'direct' },
    })),
  ]
}

export function messageAnswer(said: SaidByClaude): JsonObject {
  const stopReason = (said.calls ?? []).length === 0 ? 'end_turn' : 'tool_use'
  return { ...MESSAGE_HEAD, content: blocksOf(said), stop_reason: stopReason, stop_sequence: null, usage: MESSAGE_USAGE }
}

export function messageStream(said: SaidByClaude): readonly SseEvent[] {
  const begin = {
    ...MESSAGE_HEAD,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { ...MESSAGE_USAGE, output_tokens: 1 },
  }
  return [
    event('message_start', { message: begin }),
    ...blocksOf(said).flatMap((block, index) => {
      const stop = event('content_block_stop', { index })
      if (block['type'] === 'thinking') {
        return [
          event('content_block_start', { index, content_block: { type: 'thinking', thinking: '', signature: '' } }),
          ...halves(said.thinking ?? '').map((half) => delta(index, { type: 'thinking_delta', thinking: half })),
          delta(index, { type: 'signature_delta', signature: 'c2lnbmF0dXJl' }),
          stop,
        ]
      }
      if (block['type'] === 'text') {
        return [
          event('content_block_start', { index, content_block: { type: 'text', text: '', citations: null } }),
          event('ping', {}),
          ...said.pieces.map((piece) => delta(index, { type: 'text_delta', text: piece })),
          stop,
        ]
      }
      return [
        event('content_block_start', { index, content_block: { ...block, input: {} } }),
        delta(index, { type: 'input_json_delta', partial_json: '' }),
        ...halves(JSON.stringify(block['input'])).map((half) => delta(index, { type: 'input_json_delta', partial_json: half })),
        stop,
      ]
    }),
    event('message_delta', {
      delta: { stop_reason: (said.calls ?? []).length === 0 ? 'end_turn' : 'tool_use', stop_sequence: null },
      usage: {
        input_tokens: 16,
        cache_creation_input_tokens: 4,
        cache_read_input_tokens: 10,
        output_tokens: 12,
        output_tokens_details: { thinking_tokens: 4 },
      },
    }),
    event('message_stop', {}),
  ]
}

function event(type: string, fields: JsonObject): SseEvent {
  return { event: type, data: { type, ...fields } }
}

function delta(index: number, fields: JsonObject): SseEvent {
  return event('content_block_delta', { index, delta: fields })
}

export function anthropicError(type: string, message: string): JsonObject {
  return { type: 'error', error: { type, message }, request_id: 'req_011CSHoEeqs5C35K2UUqR7Fy' }
}

// --- Gemini ------------------------------------------------------------------------------------------------------------------------

/** 30 prompt tokens, 10 of them cached; 8 of text and 4 of thought. */
export const GEMINI_USAGE: JsonObject = {
  promptTokenCount: 30,
  candidatesTokenCount: 8,
  totalTokenCount: 42,
  cachedContentTokenCount: 10,
  promptTokensDetails: [{ modality: 'TEXT', tokenCount: 30 }],
  thoughtsTokenCount: 4,
}

function geminiBody(parts: readonly JsonObject[], finishReason: string | null): JsonObject {
  const finish = finishReason === null ? {} : { finishReason }
  return {
    candidates: [{ content: { parts, role: 'model' }, ...finish, index: 0 }],
    usageMetadata: GEMINI_USAGE,
    modelVersion: 'gemini-2.5-flash',
    responseId: 'bcBZacT2I8-Dz7IP',
  }
}

function geminiCalls(said: Said): readonly JsonObject[] {
  return (said.calls ?? []).map((call) => ({ functionCall: { name: call.name, args: call.arguments } }))
}

export function geminiAnswer(said: Said): JsonObject {
  return geminiBody([...(said.pieces.length === 0 ? [] : [{ text: said.pieces.join('') }]), ...geminiCalls(said)], 'STOP')
}

export function geminiStream(said: Said): readonly SseEvent[] {
  const parts = [...said.pieces.map((piece) => ({ text: piece })), ...geminiCalls(said)]
  return parts.map((part, i) => ({ data: geminiBody([part], i === parts.length - 1 ? 'STOP' : null) }))
}

export function geminiError(code: number, status: string, message: string): JsonObject {
  return { error: { code, message, status } }
}

// --- Ollama ------------------------------------------------------------------------------------------------------------------------

const OLLAMA_HEAD: JsonObject = { model: 'llama3.2', created_at: '2026-11-20T08:00:00.000000Z' }

export const OLLAMA_END: JsonObject = {
  done: true,
  done_reason: 'stop',
  total_duration: 4_883_583_458,
  load_duration: 1_334_875,
  prompt_eval_count: 26,
  prompt_eval_duration: 342_546_000,
  eval_count: 12,
  eval_duration: 4_535_599_000,
}

export function ollamaChat(said: Said): JsonObject {
  return { ...OLLAMA_HEAD, message: { role: 'assistant', content: said.pieces.join(''), ...ollamaCalls(said) }, ...OLLAMA_END }
}

export function ollamaChatLines(said: Said): readonly JsonObject[] {
  return [
    ...said.pieces.map((piece) => ({ ...OLLAMA_HEAD, message: { role: 'assistant', content: piece }, done: false })),
    ...((said.calls ?? []).length === 0
      ? []
      : [{ ...OLLAMA_HEAD, message: { role: 'assistant', content: '', ...ollamaCalls(said) }, done: false }]),
    { ...OLLAMA_HEAD, message: { role: 'assistant', content: '' }, ...OLLAMA_END },
  ]
}

function ollamaCalls(said: Said): JsonObject {
  const calls = said.calls ?? []
  return calls.length === 0
    ? {}
    : { tool_calls: calls.map((call) => ({ function: { name: call.name, arguments: call.arguments } })) }
}

export function ollamaGenerate(text: string): JsonObject {
  return { ...OLLAMA_HEAD, response: text, ...OLLAMA_END, context: [1, 2, 3] }
}

export function ollamaEmbed(vectors: readonly (readonly number[])[]): JsonObject {
  return {
    model: 'all-minilm',
    embeddings: vectors,
    total_duration: 14_143_917,
    load_duration: 1_019_500,
    prompt_eval_count: 8,
  }
}

/** Two pieces of a text, cut in its middle: also in the middle of a word or a number. */
function halves(text: string): readonly string[] {
  const middle = Math.ceil(text.length / 2)
  return [text.slice(0, middle), text.slice(middle)]
}
