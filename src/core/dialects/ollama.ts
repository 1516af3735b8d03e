/**
 * Ollama (`/api/chat`, `/api/generate`, `/api/embed`, `/api/embeddings` and the rest of `/api/*`). Answers stream as one JSON object
 * a line unless the request says otherwise; tool arguments are objects.
 * Format: https://docs.ollama.com/api
 */
import type { AppError } from '../domain/errors.ts'
import { asArray, asRecord, asString, type Json, type JsonRecord } from '../domain/json.ts'
import { EMPTY_INSPECTION, type Origin } from '../domain/segment.ts'
import type { Operation } from '../domain/span.ts'
import { createCollector, errorOf, parametersOf, type Collector } from './collector.ts'
import {
  utf8,
  type AnswerView,
  type Assembler,
  type Delta,
  type Dialect,
  type RequestTarget,
  type RequestView,
  type ToolCall,
} from './dialect.ts'
import { addJsonValue, addTextOrJson, eachElement, inspectBody, jsonText, tokenCap } from './fields.ts'
import { itemsOf } from './structured-text.ts'

const OMIT: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'prompt',
  'suffix',
  'query',
  'system',
  'template',
  'modelfile',
  'context',
  'images',
  'input',
  'tools',
  'stream',
])

const OPERATION_OF_PATH: ReadonlyMap<string, Operation> = new Map([
  ['chat', 'chat'],
  ['generate', 'text_completion'],
  ['embed', 'embeddings'],
  ['embeddings', 'embeddings'],
])

/** Calls that stream unless `stream` is false; the last three report progress. */
const STREAMED: ReadonlySet<string> = new Set(['chat', 'generate', 'create', 'pull', 'push'])

const ORIGIN_OF_ROLE: ReadonlyMap<string, Origin> = new Map([
  ['system', 'system'],
  ['user', 'user'],
  ['assistant', 'assistant'],
  ['tool', 'tool_result'],
])

export const ollama: Dialect = {
  name: 'ollama',
  readRequest: readOllamaRequest,
  readAnswer: readOllamaAnswer,
  assemble: assembleOllama,
  renderError: renderOllamaError,
}

function readOllamaRequest(json: Json | undefined, target: RequestTarget): RequestView {
  const body = asRecord(json) ?? {}
  const call = /\/api\/([a-z]+)$/.exec(target.path)?.[1] ?? ''
  const operation = OPERATION_OF_PATH.get(call) ?? 'other'
  return {
    operation,
    // Older calls (`pull`, `show` …) say `name`.
    model: asString(body['model']) ?? (operation === 'other' ? asString(body['name']) : null),
    isStreaming: STREAMED.has(call) && body['stream'] !== false,
    // Negative numbers mean "no limit".
    maxOutputTokens: tokenCap(asRecord(body['options'])?.['num_predict']),
    choiceCount: 1,
    userId: null,
    parameters: parametersOf(body, OMIT),
    inspect: () => (operation === 'other' && json === undefined ? EMPTY_INSPECTION : inspectBody(json, inspectRequest)),
  }
}

/** Every known field whatever the path, so that no endpoint is a way round. */
function inspectRequest(collector: Collector, body: JsonRecord): void {
  for (const key of ['system', 'template', 'modelfile']) addTextOrJson(collector, 'system', `/${key}`, body[key], null)
  eachElement(collector, body['messages'], '/messages', (message, at) => readMessage(collector, message, at, 'user', null))
  for (const key of ['prompt', 'suffix', 'query']) addTextOrJson(collector, 'user', `/${key}`, body[key], null)
  for (const [text, at] of itemsOf(body['input'], '/input')) addTextOrJson(collector, 'user', at, text, null)
  skipImages(collector, body['images'], '/images')
  // The turns before, as the model's own token numbers.
  if (asArray(body['context']).length > 0) collector.skip('/context', 'token ids')
  eachElement(collector, body['tools'], '/tools', (tool, at) => readTool(collector, tool, at))
}

/** A role of the future is treated as `unknown`: in a request that is the least trusted one. */
function readMessage(collector: Collector, value: Json, at: string, unknown: Origin, calls: ToolCall[] | null): void {
  const message = asRecord(value)
  if (message === null) return collector.skip(at, 'not an object')
  const origin = ORIGIN_OF_ROLE.get(asString(message['role']) ?? '') ?? unknown
  const name = asString(message['tool_name']) ?? asString(message['name'])
  addTextOrJson(collector, origin, `${at}/content`, message['content'], name)
  addThinking(collector, origin, `${at}/thinking`, message['thinking'])
  skipImages(collector, message['images'], `${at}/images`)
  eachElement(collector, message['tool_calls'], `${at}/tool_calls`, (call, pointer) => {
    const read = readToolCall(collector, call, pointer)
    if (read !== null) calls?.push(read)
  })
}

function addThinking(collector: Collector, origin: Origin, pointer: string, value: Json): void {
  if (typeof value === 'string') collector.add(origin, pointer, value, { kind: 'reasoning' })
  else if (value !== undefined && value !== null) collector.skip(pointer, 'unknown thinking')
}

function skipImages(collector: Collector, value: Json, pointer: string): void {
  for (const [image, at] of itemsOf(value, pointer)) if (image !== null) collector.skip(at, 'image')
}

function readToolCall(collector: Collector, value: Json, at: string): ToolCall | null {
  const target = asRecord(asRecord(value)?.['function'])
  if (target === null) {
    collector.skip(at, 'unknown tool call')
    return null
  }
  const name = asString(target['name']) ?? ''
  const text = addTextOrJson(collector, 'tool_call', `${at}/function/arguments`, target['arguments'], name)
  return { id: asString(asRecord(value)?.['id']), name, arguments: text, isServerSide: false }
}

function readTool(collector: Collector, value: Json, at: string): void {
  const target = asRecord(asRecord(value)?.['function'])
  if (target === null) addJsonValue(collector, 'tool_definition', at, value, null)
  else addJsonValue(collector, 'tool_definition', `${at}/function`, target, asString(target['name']))
}

function readOllamaAnswer(body: JsonRecord): AnswerView {
  const collector = createCollector()
  const toolCalls: ToolCall[] = []
  const { message, response, thinking } = body
  if (asRecord(message) !== null) readMessage(collector, message, '/message', 'assistant', toolCalls)
  if (typeof response === 'string') collector.add('assistant', '/response', response)
  if (typeof thinking === 'string') collector.add('assistant', '/thinking', thinking, { kind: 'reasoning' })
  return {
    model: asString(body['model']),
    segments: collector.done().segments,
    toolCalls,
    finishReason: asString(body['done_reason']),
    error: errorOf(body),
  }
}

type MessageState = { fields: JsonRecord; content: string; thinking: string; calls: Json[] }

function assembleOllama(onDelta: ((delta: Delta) => void) | null): Assembler {
  let fields: JsonRecord = {}
  let message: MessageState | null = null
  let response: string | null = null
  let thinking: string | null = null
  const logprobs: Json[] = []
  let seen = false
  let content = false

  function emit(kind: Delta['kind'], channel: string, text: string): void {
    if (text === '' && kind !== 'tool_call') return
    content = true
    if (text !== '') onDelta?.({ kind, channel, text })
  }

  function pushMessage(state: MessageState, value: JsonRecord): void {
    const { content: text, thinking: thought, tool_calls: calls, ...rest } = value
    state.fields = { ...state.fields, ...rest }
    if (typeof thought === 'string') {
      state.thinking += thought
      emit('reasoning', 'reasoning', thought)
    }
    if (typeof text === 'string') {
      state.content += text
      emit('text', 'text', text)
    }
    for (const call of asArray(calls)) {
      // Calls come whole, each once.
      const given = asRecord(asRecord(call)?.['function'])?.['arguments']
      emit('tool_call', `tool/${state.calls.length}`, typeof given === 'string' ? given : (jsonText(given ?? {}) ?? ''))
      state.calls.push(call)
    }
  }

  return {
    push: ({ data }) => {
      const record = asRecord(data)
      if (record === null) return
      seen = true
      const { message: turn, response: text, thinking: thought, logprobs: probabilities, ...rest } = record
      // Of all else the last word holds: the last line has the counts.
      fields = { ...fields, ...rest }
      const inner = asRecord(turn)
      if (inner !== null) {
        message ??= { fields: {}, content: '', thinking: '', calls: [] }
        pushMessage(message, inner)
      }
      if (typeof thought === 'string') {
        thinking = (thinking ?? '') + thought
        emit('reasoning', 'reasoning', thought)
      }
      if (typeof text === 'string') {
        response = (response ?? '') + text
        emit('text', 'text', text)
      }
      for (const probability of asArray(probabilities)) logprobs.push(probability)
    },
    hasContent: () => content,
    isComplete: () => fields['done'] === true || fields['status'] === 'success',
    body: () =>
      seen
        ? {
            ...fields,
            ...(message === null ? {} : { message: messageOf(message) }),
            ...(response === null ? {} : { response }),
            ...(thinking === null ? {} : { thinking }),
            ...(logprobs.length === 0 ? {} : { logprobs }),
          }
        : null,
    stop: () => {
      const model = asString(fields['model'])
      const time = asString(fields['created_at'])
      const line = {
        ...(model === null ? {} : { model }),
        ...(time === null ? {} : { created_at: time }),
        ...(response === null || message !== null ? { message: { role: 'assistant', content: '' } } : {}),
        ...(message === null ? { response: '' } : {}),
        done: true,
        done_reason: 'content_filter',
      }
      return utf8(`${JSON.stringify(line)}\n`)
    },
  }
}

function messageOf({ fields, content, thinking, calls }: MessageState): JsonRecord {
  return {
    ...fields,
    content,
    ...(thinking === '' ? {} : { thinking }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  }
}

/** Ollama's clients show `error` as the message of their `ResponseError`. */
function renderOllamaError(error: AppError, requestId: string): JsonRecord {
  return { error: error.message, type: error.type, code: error.code, request_id: requestId, ...error.extra }
}
