/** OpenAI Responses as the demo provider speaks it. Format: https://platform.openai.com/docs/api-reference/responses */
import { asArray, asNumber, asRecord, asString, type Json, type JsonRecord } from '../../core/domain/json.ts'
import { openaiError, textOfContent } from './openai-chat-wire.ts'
import { countsOf, isCut, piecesOf, textOf, type Ask, type Reply } from './reply.ts'
import { answeringModel, freshId, nowSeconds, sseFrame, type Frame, type Wire } from './wire.ts'

export const openaiResponsesWire: Wire = {
  streamType: 'text/event-stream; charset=utf-8',
  readAsk,
  answer: (ask, reply) => completed(headOf(ask), ask, reply, itemsOf(ask, reply)),
  stream,
  error: openaiError,
}

function readAsk(body: JsonRecord): Ask {
  const input = body['input']
  const items =
    typeof input === 'string' ? [{ role: 'user', content: input }] : asArray(input).map((item) => asRecord(item) ?? {})
  const texts = items.map((item) => asString(item['output']) ?? textOfContent(item['content']))
  const format = asRecord(asRecord(body['text'])?.['format'])
  return {
    model: asString(body['model']) ?? 'gpt-5',
    isStreaming: body['stream'] === true,
    promptText: [
      asString(body['instructions']) ?? '',
      ...texts,
      body['tools'] === undefined ? '' : JSON.stringify(body['tools']),
    ].join('\n'),
    imageCount: items.reduce((count, item) => count + imagesIn(item['content']), 0),
    lastText: texts.at(-1) ?? '',
    isToolResult: items.at(-1)?.['type'] === 'function_call_output',
    tools: asArray(body['tools']).flatMap((value) => {
      const tool = asRecord(value)
      const name = asString(tool?.['name'])
      return name === null || tool?.['type'] !== 'function' ? [] : [{ name, schema: asRecord(tool['parameters']) ?? {} }]
    }),
    answerSchema: format?.['type'] === 'json_schema' ? asRecord(format['schema']) : null,
    maxTokens: asNumber(body['max_output_tokens']),
    wantsThinking: false,
  }
}

function imagesIn(content: Json): number {
  return asArray(content).filter((part) => asRecord(part)?.['type'] === 'input_image').length
}

function headOf(ask: Ask): JsonRecord {
  return {
    id: freshId('resp_'),
    object: 'response',
    created_at: nowSeconds(),
    status: 'in_progress',
    error: null,
    incomplete_details: null,
    instructions: null,
    max_output_tokens: ask.maxTokens,
    model: answeringModel(ask.model),
    output: [],
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: 'medium', summary: null },
    store: false,
    temperature: 1,
    text: { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
    truncation: 'disabled',
    usage: null,
    metadata: {},
  }
}

type Item = JsonRecord & { readonly id: string; readonly type: 'reasoning' | 'message' | 'function_call' }

function itemsOf(ask: Ask, reply: Reply): readonly Item[] {
  const text = textOf(ask, reply)
  const items: Item[] = []
  // The reasoning itself stays with the provider; its item is there all the same.
  if (reply.reasoning !== '') items.push({ id: freshId('rs_'), type: 'reasoning', summary: [] })
  if (text !== '') {
    const content = [{ type: 'output_text', text, annotations: [], logprobs: [] }]
    items.push({ id: freshId('msg_'), type: 'message', status: 'completed', role: 'assistant', content })
  }
  for (const call of reply.toolCalls) {
    items.push({
      id: freshId('fc_'),
      type: 'function_call',
      status: 'completed',
      call_id: call.id,
      name: call.name,
      arguments: JSON.stringify(call.arguments),
    })
  }
  return items
}

function completed(head: JsonRecord, ask: Ask, reply: Reply, items: readonly Item[]): JsonRecord {
  const counts = countsOf(ask, reply)
  const output = counts.output + counts.reasoning
  const cut = isCut(ask, reply)
  return {
    ...head,
    status: cut ? 'incomplete' : 'completed',
    incomplete_details: cut ? { reason: 'max_output_tokens' } : null,
    output: items,
    usage: {
      input_tokens: counts.prompt,
      input_tokens_details: { cached_tokens: counts.cacheRead, cache_write_tokens: 0 },
      output_tokens: output,
      output_tokens_details: { reasoning_tokens: counts.reasoning },
      total_tokens: counts.prompt + output,
    },
  }
}

function* stream(ask: Ask, reply: Reply): Generator<Frame> {
  const head = headOf(ask)
  const items = itemsOf(ask, reply)
  let sequence = 0
  const event = (type: string, fields: JsonRecord, tokens = 0) =>
    sseFrame({ type, sequence_number: sequence++, ...fields }, type, tokens)

  yield event('response.created', { response: head })
  yield event('response.in_progress', { response: head })
  for (const [index, item] of items.entries()) {
    const at = { item_id: item.id, output_index: index }
    if (item.type === 'message') {
      const part = asRecord(asArray(item['content'])[0]) ?? {}
      const text = asString(part['text']) ?? ''
      yield event('response.output_item.added', { output_index: index, item: { ...item, status: 'in_progress', content: [] } })
      yield event('response.content_part.added', { ...at, content_index: 0, part: { ...part, text: '' } })
      for (const piece of piecesOf(text)) {
        yield event('response.output_text.delta', { ...at, content_index: 0, delta: piece, logprobs: [] }, 1)
      }
      yield event('response.output_text.done', { ...at, content_index: 0, text, logprobs: [] })
      yield event('response.content_part.done', { ...at, content_index: 0, part })
    } else if (item.type === 'function_call') {
      const text = asString(item['arguments']) ?? ''
      yield event('response.output_item.added', {
        output_index: index,
        item: { ...item, status: 'in_progress', arguments: '' },
      })
      for (const piece of piecesOf(text)) yield event('response.function_call_arguments.delta', { ...at, delta: piece }, 1)
      yield event('response.function_call_arguments.done', { ...at, name: item['name'], arguments: text })
    } else {
      yield event('response.output_item.added', { output_index: index, item }, countsOf(ask, reply).reasoning)
    }
    yield event('response.output_item.done', { output_index: index, item })
  }
  yield event(isCut(ask, reply) ? 'response.incomplete' : 'response.completed', {
    response: completed(head, ask, reply, items),
  })
}
