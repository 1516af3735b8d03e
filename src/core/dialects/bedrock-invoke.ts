/**
 * Bedrock's `invoke`: the body is the model's own format. Anthropic's, OpenAI's, Cohere's and Converse bodies go to their own
 * readers; of the rest (Titan, Llama, Mistral, Jurassic …) the fields that carry text are read. Told apart by form more than by the
 * model's id, since an inference profile's id may say nothing.
 * Format: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html
 */
import { asArray, asRecord, asString, parseJson, type Json, type JsonRecord } from '../domain/json.ts'
import type { Inspection } from '../domain/segment.ts'
import type { Operation } from '../domain/span.ts'
import { anthropicMessages } from './anthropic-messages.ts'
import { assembleConverse, eventStream, isConverseEvent, readConverseAnswer, readConverseRequest } from './bedrock-converse.ts'
import { cohere } from './cohere.ts'
import { createCollector, errorOf, parametersOf, type Collector } from './collector.ts'
import type { AnswerView, Assembler, Delta, Dialect, RequestTarget, RequestView, StreamEvent } from './dialect.ts'
import { addTextOrJson, answerCount, inspectBody, tokenCap } from './fields.ts'
import { toBase64 } from './framing/event-stream.ts'
import { openaiChat } from './openai-chat.ts'
import { addStructured, itemsOf } from './structured-text.ts'

/** Fields that carry text in one model's format or another, in the order of reading. */
const TEXT_FIELDS = ['system_prompt', 'inputText', 'prompt', 'text', 'input', 'query', 'suffix'] as const
const RECORD_FIELDS = ['textToImageParams', 'inPaintingParams', 'outPaintingParams', 'imageVariationParams'] as const
const IMAGE_FIELDS = ['inputImage', 'image', 'images', 'init_image', 'mask_image'] as const

const OMIT: ReadonlySet<string> = new Set([
  ...TEXT_FIELDS,
  ...RECORD_FIELDS,
  ...IMAGE_FIELDS,
  'messages',
  'system',
  'toolConfig',
  'promptVariables',
  'text_prompts',
])

export function readInvokeRequest(json: Json | undefined, target: RequestTarget, model: string | null): RequestView {
  const body = asRecord(json) ?? {}
  const id = (model ?? '').toLowerCase()
  const dialect = requestDialect(id, body)
  const settings: Omit<RequestView, 'parameters' | 'inspect' | 'userId'> = {
    operation: operationOf(id, body),
    model,
    isStreaming: target.path.endsWith('-stream'),
    maxOutputTokens: capOf(body),
    choiceCount: Math.max(...['n', 'num_generations', 'numResults'].map((key) => answerCount(body[key]))),
  }
  if (dialect !== null) {
    const view = dialect.readRequest(json, target)
    return {
      ...view,
      ...settings,
      inspect: () => withDocuments(view.inspect(), dialect === cohere ? undefined : body['documents']),
    }
  }
  return {
    ...settings,
    userId: null,
    parameters: parametersOf(body, OMIT),
    inspect: () =>
      inspectBody(json, (collector) => {
        if (isConverse(id, body)) readConverseRequest(collector, body, '')
        readLoosely(collector, body)
      }),
  }
}

function requestDialect(id: string, body: JsonRecord): Dialect | null {
  if (Array.isArray(body['messages'])) {
    if (id.includes('anthropic.') || 'anthropic_version' in body) return anthropicMessages
    return isConverse(id, body) ? null : openaiChat
  }
  const isCohere = id.includes('cohere.') || ['message', 'chat_history', 'texts', 'documents'].some((key) => key in body)
  return isCohere ? cohere : null
}

/** Amazon's own models take Converse's fields. */
function isConverse(id: string, body: JsonRecord): boolean {
  return id.includes('amazon.nova') || ['schemaVersion', 'inferenceConfig', 'system', 'toolConfig'].some((key) => key in body)
}

/** Jamba takes OpenAI's messages and documents beside them. */
function withDocuments(inspection: Inspection, documents: Json): Inspection {
  const collector = createCollector()
  for (const [value, at] of itemsOf(documents, '/documents')) addStructured(collector, 'tool_result', at, value, null)
  return { ...inspection, segments: [...inspection.segments, ...collector.done().segments] }
}

function operationOf(id: string, body: JsonRecord): Operation {
  if (id.includes('embed')) return 'embeddings'
  if (id.includes('rerank')) return 'rerank'
  if (id.includes('stability.') || id.includes('image') || id.includes('canvas')) return 'image'
  return 'messages' in body || 'message' in body ? 'chat' : 'text_completion'
}

function capOf(body: JsonRecord): number | null {
  const { max_tokens, max_completion_tokens, max_tokens_to_sample, max_gen_len, max_new_tokens, maxTokens } = body
  const titan = asRecord(body['textGenerationConfig'])
  const nova = asRecord(body['inferenceConfig'])
  const own = [max_tokens, max_completion_tokens, max_tokens_to_sample, max_gen_len, max_new_tokens, maxTokens]
  return tokenCap(...own, titan?.['maxTokenCount'], nova?.['maxTokens'], nova?.['max_new_tokens'])
}

function readLoosely(collector: Collector, body: JsonRecord): void {
  for (const key of TEXT_FIELDS)
    addTextOrJson(collector, key === 'system_prompt' ? 'system' : 'user', `/${key}`, body[key], null)
  for (const [value, at] of itemsOf(body['text_prompts'], '/text_prompts')) addStructured(collector, 'user', at, value, null)
  for (const key of RECORD_FIELDS) addStructured(collector, 'user', `/${key}`, body[key], null)
  for (const key of IMAGE_FIELDS) {
    for (const [image, at] of itemsOf(body[key], `/${key}`)) if (image !== null) collector.skip(at, 'image')
  }
  const { segments, uninspected } = collector.done()
  if (segments.length === 0 && uninspected.length === 0) collector.skip('', 'unknown body')
}

export function readInvokeAnswer(body: JsonRecord): AnswerView {
  if (body['type'] === 'message' || Array.isArray(body['content'])) return anthropicMessages.readAnswer(body)
  if (asRecord(asRecord(body['output'])?.['message']) !== null) return readConverseAnswer(body)
  const first = asRecord(asArray(body['choices'])[0])
  if (asRecord(first?.['message']) !== null) {
    const view = openaiChat.readAnswer(body)
    return { ...view, finishReason: view.finishReason ?? asString(first?.['stop_reason']) }
  }
  if (typeof body['text'] === 'string' || Array.isArray(body['generations']) || asRecord(body['message']) !== null) {
    return cohere.readAnswer(body)
  }
  return readLooseAnswer(body)
}

/** Where the formats keep their texts: a list of answers, and the field of each. */
const ANSWER_LISTS: readonly (readonly [list: string, text: string])[] = [
  ['results', 'outputText'],
  ['outputs', 'text'],
  ['choices', 'text'],
]
const ANSWER_TEXTS = ['generation', 'completion', 'outputText'] as const
const REASONS = ['stop_reason', 'completionReason', 'finish_reason', 'stopReason'] as const

function readLooseAnswer(body: JsonRecord): AnswerView {
  const collector = createCollector()
  let finishReason = reasonOf(body)
  for (const key of ANSWER_TEXTS) {
    const text = asString(body[key])
    if (text !== null) collector.add('assistant', `/${key}`, text)
  }
  for (const [list, field] of ANSWER_LISTS) {
    asArray(body[list]).forEach((value, i) => {
      const item = asRecord(value)
      const text = asString(item?.[field])
      if (text !== null) collector.add('assistant', `/${list}/${i}/${field}`, text)
      finishReason ??= reasonOf(item)
    })
  }
  // Jurassic.
  asArray(body['completions']).forEach((value, i) => {
    const text = asString(asRecord(asRecord(value)?.['data'])?.['text'])
    if (text !== null) collector.add('assistant', `/completions/${i}/data/text`, text)
    finishReason ??= asString(asRecord(asRecord(value)?.['finishReason'])?.['reason'])
  })
  return {
    model: asString(body['model']),
    segments: collector.done().segments,
    toolCalls: [],
    finishReason,
    error: errorOf(body),
  }
}

function reasonOf(record: JsonRecord | null): string | null {
  for (const key of REASONS) {
    const reason = asString(record?.[key])
    if (reason !== null) return reason
  }
  return null
}

/** The assembler for a stream that begins with `event`; null where that says nothing. */
export function assemblerFor(event: StreamEvent, onDelta: ((delta: Delta) => void) | null): Assembler | null {
  if (isConverseEvent(event)) return assembleConverse(onDelta, event.event === 'chunk' ? eventChunks : undefined)
  const data = asRecord(event.data)
  if (data === null) return null
  const type = asString(data['type'])
  if (type !== null && /^(message_|content_block_|ping$)/.test(type)) return asChunks(anthropicMessages.assemble(onDelta))
  const first = asRecord(asArray(data['choices'])[0])
  if (first !== null && ('delta' in first || 'message' in first)) return asChunks(assembleChoices(onDelta))
  const isCohere = 'event_type' in data || 'is_finished' in data || (type !== null && /^(message|content|tool)-/.test(type))
  if (isCohere) return asChunks(cohere.assemble(onDelta))
  return LOOSE_KEYS.some((key) => key in data) ? assembleLoosely(onDelta) : null
}

/** The assembler for an invoked stream that was stopped before it said anything. */
export function assemblerOfModel(model: string | null): Assembler {
  const id = model ?? ''
  if (id.includes('anthropic.')) return asChunks(anthropicMessages.assemble(null))
  return id.includes('amazon.nova') ? assembleConverse(null, eventChunks) : assembleLoosely(null)
}

/** The same, but its end is told in event-stream messages: each JSON of the dialect's own last bytes as one chunk. */
function asChunks(assembler: Assembler): Assembler {
  return {
    ...assembler,
    stop: () => {
      const lines = new TextDecoder().decode(assembler.stop()).split('\n')
      return chunks(lines.map((line) => asRecord(parseJson(line.replace(/^data: /, '')))).filter((data) => data !== null))
    },
  }
}

/** Events of a model that was invoked: each under its name in a chunk. */
function eventChunks(events: readonly (readonly [name: string, data: JsonRecord])[]): Uint8Array {
  return chunks(events.map(([name, data]) => ({ [name]: data })))
}

function chunks(items: readonly JsonRecord[]): Uint8Array {
  return eventStream(items.map((item) => ['chunk', { bytes: toBase64(JSON.stringify(item)) }]))
}

/** Mistral on Bedrock says `stop_reason` where OpenAI's format has `finish_reason`. */
function assembleChoices(onDelta: ((delta: Delta) => void) | null): Assembler {
  const inner = openaiChat.assemble(onDelta)
  return {
    ...inner,
    push: (event) => {
      const data = asRecord(event.data) ?? {}
      const choices = asArray(data['choices']).map((value) => {
        const choice = asRecord(value)
        return choice === null ? value : { ...choice, finish_reason: choice['finish_reason'] ?? choice['stop_reason'] ?? null }
      })
      inner.push({ event: event.event, data: { ...data, choices } })
    },
  }
}

const LOOSE_KEYS: readonly string[] = [
  ...ANSWER_TEXTS,
  ...ANSWER_LISTS.map(([list]) => list),
  'amazon-bedrock-invocationMetrics',
]

/** Texts of one field are joined, of everything else the last word holds. Titan's stream becomes `results`, as its answer has them. */
function assembleLoosely(onDelta: ((delta: Delta) => void) | null): Assembler {
  let fields: JsonRecord = {}
  let text = ''
  /** Where the text stands: a field of the body, or of the only item of a list. */
  let place: { readonly list: string | null; readonly field: string } | null = null
  let item: JsonRecord = {}
  let content = false
  let finished = false

  function add(list: string | null, field: string, value: string): void {
    place ??= { list, field }
    text += value
    if (value === '') return
    content = true
    onDelta?.({ kind: 'text', channel: 'text', text: value })
  }

  return {
    push: ({ data }) => {
      const record = asRecord(data)
      if (record === null) return
      const { outputText, totalOutputTextTokenCount, completionReason, index: _index, ...rest } = record
      if (typeof outputText === 'string') {
        add('results', 'outputText', outputText)
        const counted = totalOutputTextTokenCount ?? item['tokenCount']
        item = { ...(counted === undefined ? {} : { tokenCount: counted }), completionReason: completionReason ?? null }
      }
      for (const key of ['generation', 'completion'] as const) {
        const value = asString(rest[key])
        if (value !== null) add(null, key, value)
      }
      for (const [list, field] of ANSWER_LISTS) {
        const first = asRecord(asArray(rest[list])[0])
        if (first === null) continue
        item = { ...item, ...first }
        const value = asString(first[field])
        if (value !== null) add(list, field, value)
      }
      // A count stands in one of the events and is null in the others.
      const known = Object.entries(rest).filter(([key, value]) => value !== null || !(key in fields))
      fields = { ...fields, ...Object.fromEntries(known) }
      const isMeasured = asRecord(record['amazon-bedrock-invocationMetrics']) !== null
      finished ||= isMeasured || reasonOf(record) !== null || reasonOf(item) !== null
    },
    hasContent: () => content,
    isComplete: () => finished,
    body: () => {
      const { 'amazon-bedrock-invocationMetrics': _metrics, ...rest } = fields
      if (place === null) return rest
      if (place.list === null) return { ...rest, [place.field]: text }
      return { ...rest, [place.list]: [{ ...item, [place.field]: text }] }
    },
    stop: () => {
      if (place?.list === 'results') return chunks([{ outputText: '', index: 0, completionReason: 'CONTENT_FILTERED' }])
      if (place !== null && place.list !== null)
        return chunks([{ [place.list]: [{ [place.field]: '', stop_reason: 'content_filtered' }] }])
      return chunks([{ [place?.field ?? 'generation']: '', stop_reason: 'content_filtered' }])
    },
  }
}
