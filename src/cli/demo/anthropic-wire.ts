/** Anthropic Messages as the demo provider speaks it. Format: https://docs.claude.com/en/api/messages */
import { asArray, asNumber, asRecord, asString, type Json, type JsonRecord } from '../../core/domain/json.ts'
import { asAsked, countsOf, isCut, piecesOf, textOf, type Ask, type Counts, type Reply } from './reply.ts'
import { answeringModel, freshId, sseFrame, type Frame, type Wire } from './wire.ts'

/** Stands where a real signature would: clients send it back, and the demo provider takes it. */
const SIGNATURE = 'ZGVtby1zaWduYXR1cmU='

export const anthropicWire: Wire = {
  streamType: 'text/event-stream; charset=utf-8',
  readAsk,
  answer: (ask, reply) => ({
    ...headOf(ask),
    content: blocksOf(ask, reply),
    stop_reason: stopOf(ask, reply),
    stop_sequence: null,
    usage: usageOf(countsOf(ask, asAsked(ask, reply))),
  }),
  stream,
  error: (status, message) => ({
    type: 'error',
    error: { type: ERROR_TYPES[status] ?? 'api_error', message },
    request_id: freshId('req_'),
  }),
}

const ERROR_TYPES: { readonly [status: number]: string } = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
  529: 'overloaded_error',
}

/** Also for `count_tokens`, whose request is the same. */
export function readAsk(body: JsonRecord): Ask {
  const messages = asArray(body['messages']).map((message) => asRecord(message) ?? {})
  const texts = messages.map((message) => textOfContent(message['content']))
  const last = asArray(messages.at(-1)?.['content'])
  return {
    model: asString(body['model']) ?? 'claude-sonnet-5',
    isStreaming: body['stream'] === true,
    promptText: [
      textOfContent(body['system']),
      ...texts,
      body['tools'] === undefined ? '' : JSON.stringify(body['tools']),
    ].join('\n'),
    imageCount: messages.reduce((count, message) => count + imagesIn(message['content']), 0),
    lastText: texts.at(-1) ?? '',
    isToolResult: last.some((block) => asRecord(block)?.['type'] === 'tool_result'),
    tools: asArray(body['tools']).flatMap((value) => {
      const tool = asRecord(value)
      const name = asString(tool?.['name'])
      return name === null ? [] : [{ name, schema: asRecord(tool?.['input_schema']) ?? {} }]
    }),
    answerSchema: null,
    maxTokens: asNumber(body['max_tokens']),
    wantsThinking: ['enabled', 'adaptive'].includes(asString(asRecord(body['thinking'])?.['type']) ?? ''),
  }
}

function textOfContent(content: Json): string {
  if (typeof content === 'string') return content
  return asArray(content)
    .map((value) => {
      const block = asRecord(value)
      return asString(block?.['text']) ?? (block?.['content'] === undefined ? '' : textOfContent(block['content']))
    })
    .join('\n')
}

function imagesIn(content: Json): number {
  return asArray(content).filter((block) => asRecord(block)?.['type'] === 'image').length
}

function headOf(ask: Ask): JsonRecord {
  return { id: freshId('msg_01'), type: 'message', role: 'assistant', model: answeringModel(ask.model) }
}

type Block = JsonRecord & { readonly type: 'thinking' | 'text' | 'tool_use' }

function blocksOf(ask: Ask, reply: Reply): readonly Block[] {
  const text = textOf(ask, reply)
  const blocks: Block[] = []
  if (ask.wantsThinking && reply.reasoning !== '') {
    blocks.push({ type: 'thinking', thinking: reply.reasoning, signature: SIGNATURE })
  }
  if (text !== '') blocks.push({ type: 'text', text })
  for (const call of reply.toolCalls) blocks.push({ type: 'tool_use', id: call.id, name: call.name, input: call.arguments })
  return blocks
}

function stopOf(ask: Ask, reply: Reply): string {
  if (isCut(ask, reply)) return 'max_tokens'
  return reply.toolCalls.length > 0 ? 'tool_use' : 'end_turn'
}

/** `input_tokens` leaves the cached ones out, unlike OpenAI's count. */
function usageOf(counts: Counts): JsonRecord {
  return {
    input_tokens: counts.prompt - counts.cacheRead - counts.cacheWrite,
    cache_creation_input_tokens: counts.cacheWrite,
    cache_read_input_tokens: counts.cacheRead,
    cache_creation: { ephemeral_5m_input_tokens: counts.cacheWrite, ephemeral_1h_input_tokens: 0 },
    output_tokens: counts.output + counts.reasoning,
    output_tokens_details: { thinking_tokens: counts.reasoning },
    service_tier: 'standard',
  }
}

function* stream(ask: Ask, reply: Reply): Generator<Frame> {
  const counts = countsOf(ask, asAsked(ask, reply))
  const opening = {
    ...headOf(ask),
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { ...usageOf(counts), output_tokens: 1 },
  }
  yield event('message_start', { message: opening })
  for (const [index, block] of blocksOf(ask, reply).entries()) {
    if (block.type === 'thinking') {
      yield event('content_block_start', { index, content_block: { type: 'thinking', thinking: '', signature: '' } })
      for (const piece of piecesOf(asString(block['thinking']) ?? '')) {
        yield event('content_block_delta', { index, delta: { type: 'thinking_delta', thinking: piece } }, 1)
      }
      yield event('content_block_delta', { index, delta: { type: 'signature_delta', signature: SIGNATURE } })
    } else if (block.type === 'text') {
      yield event('content_block_start', { index, content_block: { type: 'text', text: '' } })
      if (index === 0) yield event('ping', {})
      for (const piece of piecesOf(asString(block['text']) ?? '')) {
        yield event('content_block_delta', { index, delta: { type: 'text_delta', text: piece } }, 1)
      }
    } else {
      yield event('content_block_start', { index, content_block: { ...block, input: {} } })
      for (const piece of ['', ...piecesOf(JSON.stringify(block['input']))]) {
        yield event('content_block_delta', { index, delta: { type: 'input_json_delta', partial_json: piece } }, 1)
      }
    }
    yield event('content_block_stop', { index })
  }
  const { service_tier: _, cache_creation: __, ...usage } = usageOf(counts)
  yield event('message_delta', { delta: { stop_reason: stopOf(ask, reply), stop_sequence: null }, usage })
  yield event('message_stop', {})
}

function event(type: string, fields: JsonRecord, tokens = 0): Frame {
  return sseFrame({ type, ...fields }, type, tokens)
}
