/** OpenAI Chat Completions as the demo provider speaks it. Format: https://platform.openai.com/docs/api-reference/chat */
import { asArray, asNumber, asRecord, asString, type Json, type JsonRecord } from '../../core/domain/json.ts'
import { countsOf, isCut, piecesOf, textOf, type Ask, type Counts, type Reply } from './reply.ts'
import { answeringModel, freshId, nowSeconds, sseFrame, type Frame, type Wire } from './wire.ts'

export const openaiChatWire: Wire & { readAsk(body: JsonRecord): ChatAsk } = {
  streamType: 'text/event-stream; charset=utf-8',
  readAsk,
  answer: (ask, reply) => ({
    ...headOf('chat.completion', freshId('chatcmpl-'), nowSeconds(), ask),
    choices: [{ index: 0, message: messageOf(ask, reply), logprobs: null, finish_reason: finishOf(ask, reply) }],
    usage: usageOf(countsOf(ask, reply)),
  }),
  stream,
  error: openaiError,
}

type ChatAsk = Ask & { readonly includesUsage: boolean }

function readAsk(body: JsonRecord): ChatAsk {
  const messages = asArray(body['messages']).map((message) => asRecord(message) ?? {})
  const texts = messages.map((message) => textOfContent(message['content']))
  const format = asRecord(body['response_format'])
  return {
    model: asString(body['model']) ?? 'gpt-4o-mini',
    isStreaming: body['stream'] === true,
    includesUsage: asRecord(body['stream_options'])?.['include_usage'] === true,
    promptText: `${texts.join('\n')}${body['tools'] === undefined ? '' : JSON.stringify(body['tools'])}`,
    imageCount: messages.reduce((count, message) => count + imagesIn(message['content']), 0),
    lastText: texts.at(-1) ?? '',
    isToolResult: messages.at(-1)?.['role'] === 'tool',
    tools: asArray(body['tools']).flatMap((tool) => {
      const target = asRecord(asRecord(tool)?.['function'])
      const name = asString(target?.['name'])
      return name === null ? [] : [{ name, schema: asRecord(target?.['parameters']) ?? {} }]
    }),
    answerSchema: asRecord(asRecord(format?.['json_schema'])?.['schema']),
    maxTokens: asNumber(body['max_completion_tokens']) ?? asNumber(body['max_tokens']),
    wantsThinking: false,
  }
}

/** Text of a content field: a string or parts. */
export function textOfContent(content: Json): string {
  if (typeof content === 'string') return content
  return asArray(content)
    .map((part) => asString(asRecord(part)?.['text']) ?? '')
    .join('\n')
}

function imagesIn(content: Json): number {
  return asArray(content).filter((part) => asRecord(part)?.['type'] === 'image_url').length
}

function headOf(object: string, id: string, created: number, ask: Ask): JsonRecord {
  return { id, object, created, model: answeringModel(ask.model), service_tier: 'default', system_fingerprint: 'fp_demo' }
}

function messageOf(ask: Ask, reply: Reply): JsonRecord {
  const text = textOf(ask, reply)
  return {
    role: 'assistant',
    content: text === '' && reply.toolCalls.length > 0 ? null : text,
    refusal: null,
    annotations: [],
    ...(reply.toolCalls.length === 0
      ? {}
      : {
          tool_calls: reply.toolCalls.map(({ id, name, arguments: given }) => ({
            id,
            type: 'function',
            function: { name, arguments: JSON.stringify(given) },
          })),
        }),
  }
}

function finishOf(ask: Ask, reply: Reply): string {
  if (isCut(ask, reply)) return 'length'
  return reply.toolCalls.length > 0 ? 'tool_calls' : 'stop'
}

function usageOf(counts: Counts): JsonRecord {
  const completion = counts.output + counts.reasoning
  return {
    prompt_tokens: counts.prompt,
    completion_tokens: completion,
    total_tokens: counts.prompt + completion,
    prompt_tokens_details: { cached_tokens: counts.cacheRead, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: counts.reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }
}

function* stream(ask: Ask & { readonly includesUsage?: boolean }, reply: Reply): Generator<Frame> {
  const head = headOf('chat.completion.chunk', freshId('chatcmpl-'), nowSeconds(), ask)
  // With include_usage every chunk has the field, null in all but the last.
  const usage = ask.includesUsage === true ? { usage: null } : {}
  const chunk = (delta: JsonRecord, finishReason: string | null, tokens: number) =>
    sseFrame({ ...head, choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }], ...usage }, null, tokens)

  const counts = countsOf(ask, reply)
  const text = textOf(ask, reply)
  yield chunk(
    { role: 'assistant', content: text === '' && reply.toolCalls.length > 0 ? null : '', refusal: null },
    null,
    counts.reasoning,
  )
  for (const piece of piecesOf(text)) yield chunk({ content: piece }, null, 1)
  for (const [index, call] of reply.toolCalls.entries()) {
    const begin = { index, id: call.id, type: 'function', function: { name: call.name, arguments: '' } }
    yield chunk({ tool_calls: [begin] }, null, 1)
    for (const piece of piecesOf(JSON.stringify(call.arguments))) {
      yield chunk({ tool_calls: [{ index, function: { arguments: piece } }] }, null, 1)
    }
  }
  yield chunk({}, finishOf(ask, reply), 0)
  if (ask.includesUsage === true) yield sseFrame({ ...head, choices: [], usage: usageOf(counts) }, null, 0)
  yield sseFrame('[DONE]', null, 0)
}

export function openaiError(status: number, message: string): JsonRecord {
  const kinds: { readonly [status: number]: readonly [type: string, code: string | null] } = {
    400: ['invalid_request_error', null],
    401: ['invalid_request_error', 'invalid_api_key'],
    404: ['invalid_request_error', 'not_found'],
    429: ['requests', 'rate_limit_exceeded'],
  }
  const [type, code] = kinds[status] ?? ['server_error', null]
  return { error: { message, type, param: null, code } }
}
