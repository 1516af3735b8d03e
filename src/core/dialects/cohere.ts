/**
 * Cohere: `/v2/chat`, `/v2/embed`, `/v2/rerank` and their v1 forms. Bodies are told apart by their fields and not by the version in
 * the path, since Bedrock and others serve the same bodies elsewhere.
 * Format: https://docs.cohere.com/reference/chat and https://docs.cohere.com/v1/reference/chat
 */
import type { AppError } from '../domain/errors.ts'
import { asRecord, asString, type Json, type JsonRecord } from '../domain/json.ts'
import { EMPTY_INSPECTION, type Origin } from '../domain/segment.ts'
import type { Operation } from '../domain/span.ts'
import { assembleCohere } from './cohere-stream.ts'
import { createCollector, errorOf, parametersOf, type Collector } from './collector.ts'
import type { AnswerView, Dialect, RequestTarget, RequestView, ToolCall } from './dialect.ts'
import { addJsonValue, addTextOrJson, answerCount, eachElement, inspectBody, tokenCap } from './fields.ts'
import { addStructured, itemsOf, reasonOfKey } from './structured-text.ts'

const OMIT: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'message',
  'chat_history',
  'preamble',
  'prompt',
  'documents',
  'tools',
  'tool_results',
  'texts',
  'inputs',
  'images',
  'query',
  'stream',
  // Their definitions carry the caller's access tokens.
  'connectors',
])

const OPERATION_OF_PATH: ReadonlyMap<string, Operation> = new Map([
  ['chat', 'chat'],
  ['generate', 'text_completion'],
  ['embed', 'embeddings'],
  ['rerank', 'rerank'],
])

const ORIGIN_OF_ROLE: ReadonlyMap<string, Origin> = new Map([
  ['system', 'system'],
  ['developer', 'system'],
  ['user', 'user'],
  ['assistant', 'assistant'],
  ['chatbot', 'assistant'],
  ['tool', 'tool_result'],
])

export const cohere: Dialect = {
  name: 'cohere',
  readRequest: readCohereRequest,
  readAnswer: readCohereAnswer,
  assemble: assembleCohere,
  renderError: renderCohereError,
}

function readCohereRequest(json: Json | undefined, target: RequestTarget): RequestView {
  const body = asRecord(json) ?? {}
  const operation = OPERATION_OF_PATH.get(/\/([a-z]+)$/.exec(target.path)?.[1] ?? '') ?? 'other'
  return {
    operation,
    model: asString(body['model']),
    isStreaming: body['stream'] === true,
    maxOutputTokens: tokenCap(body['max_tokens']),
    choiceCount: answerCount(body['num_generations']),
    userId: null,
    parameters: parametersOf(body, OMIT),
    inspect: () => (operation === 'other' && json === undefined ? EMPTY_INSPECTION : inspectBody(json, inspectRequest)),
  }
}

/** Every known field whatever the path, so that no endpoint is a way round. */
function inspectRequest(collector: Collector, body: JsonRecord): void {
  addTextOrJson(collector, 'system', '/preamble', body['preamble'], null)
  eachElement(collector, body['messages'], '/messages', (message, at) => readMessage(collector, message, at, 'user', null))
  eachElement(collector, body['chat_history'], '/chat_history', (turn, at) => readTurn(collector, turn, at))
  for (const key of ['message', 'prompt', 'query']) addTextOrJson(collector, 'user', `/${key}`, body[key], null)
  for (const [text, at] of itemsOf(body['texts'], '/texts')) addTextOrJson(collector, 'user', at, text, null)
  eachElement(collector, body['inputs'], '/inputs', (input, at) => {
    const content = asRecord(input)?.['content']
    if (content === undefined) collector.skip(at, 'unknown input')
    else readContent(collector, 'user', content, `${at}/content`)
  })
  for (const [image, at] of itemsOf(body['images'], '/images')) if (image !== null) collector.skip(at, 'image')
  // Found texts and rows to rank are the words of third parties, like a tool's result.
  for (const [document, at] of itemsOf(body['documents'], '/documents')) readDocument(collector, document, at)
  eachElement(collector, body['tool_results'], '/tool_results', (result, at) => readToolResult(collector, result, at))
  eachElement(collector, body['tools'], '/tools', (tool, at) => readTool(collector, tool, at))
}

/** v2: `{role, content, tool_plan, tool_calls}`. In a request, a role of the future is treated as the least trusted one. */
function readMessage(collector: Collector, value: Json, at: string, unknown: Origin, calls: ToolCall[] | null): void {
  const message = asRecord(value)
  if (message === null) return collector.skip(at, 'not an object')
  const origin = ORIGIN_OF_ROLE.get((asString(message['role']) ?? '').toLowerCase()) ?? unknown
  const plan = message['tool_plan']
  if (typeof plan === 'string') collector.add(origin, `${at}/tool_plan`, plan, { kind: 'reasoning' })
  readContent(collector, origin, message['content'], `${at}/content`)
  eachElement(collector, message['tool_calls'], `${at}/tool_calls`, (call, pointer) => {
    const read = readToolCall(collector, call, pointer)
    if (read !== null) calls?.push(read)
  })
}

/** A text, or parts of text, thinking, images and documents. */
function readContent(collector: Collector, origin: Origin, value: Json, pointer: string): void {
  for (const [item, at] of itemsOf(value, pointer)) {
    const part = asRecord(item)
    if (typeof item === 'string') collector.add(origin, at, item)
    else if (part === null) collector.skip(at, 'unknown part')
    else readPart(collector, origin, part, at)
  }
}

function readPart(collector: Collector, origin: Origin, part: JsonRecord, at: string): void {
  const { text, thinking, document } = part
  if (typeof text === 'string') collector.add(origin, `${at}/text`, text)
  if (typeof thinking === 'string') collector.add(origin, `${at}/thinking`, thinking, { kind: 'reasoning' })
  readDocument(collector, document, `${at}/document`)
  if (typeof text === 'string' || typeof thinking === 'string' || (document !== undefined && document !== null)) return
  collector.skip(at, reasonOfKey(asString(part['type'])))
}

/** A text, `{id, data}` with a text or a record as its data, or (v1, rerank) a record of fields. */
function readDocument(collector: Collector, value: Json, at: string): void {
  const record = asRecord(value)
  if (record === null) return void addTextOrJson(collector, 'tool_result', at, value, null)
  const { data, ...fields } = record
  addStructured(collector, 'tool_result', at, fields, null)
  addStructured(collector, 'tool_result', `${at}/data`, data, null)
}

function readToolCall(collector: Collector, value: Json, at: string): ToolCall | null {
  const call = asRecord(value)
  const target = asRecord(call?.['function'])
  if (target !== null) {
    const name = asString(target['name']) ?? ''
    const text = addTextOrJson(collector, 'tool_call', `${at}/function/arguments`, target['arguments'], name)
    return { id: asString(call?.['id']), name, arguments: text, isServerSide: false }
  }
  if (call === null || typeof call['name'] !== 'string') {
    collector.skip(at, 'unknown tool call')
    return null
  }
  // v1
  const text = addTextOrJson(collector, 'tool_call', `${at}/parameters`, call['parameters'], call['name'])
  return { id: null, name: call['name'], arguments: text, isServerSide: false }
}

/** v1: `{role, message, tool_calls, tool_results}`. */
function readTurn(collector: Collector, value: Json, at: string): void {
  const turn = asRecord(value)
  if (turn === null) return collector.skip(at, 'not an object')
  const origin = ORIGIN_OF_ROLE.get((asString(turn['role']) ?? '').toLowerCase()) ?? 'user'
  addTextOrJson(collector, origin, `${at}/message`, turn['message'], null)
  eachElement(collector, turn['tool_calls'], `${at}/tool_calls`, (call, pointer) => readToolCall(collector, call, pointer))
  eachElement(collector, turn['tool_results'], `${at}/tool_results`, (result, pointer) => {
    readToolResult(collector, result, pointer)
  })
}

/** v1: `{call: {name, parameters}, outputs: [{…}]}`. */
function readToolResult(collector: Collector, value: Json, at: string): void {
  const result = asRecord(value)
  if (result === null) return collector.skip(at, 'not an object')
  const call = asRecord(result['call'])
  const name = asString(call?.['name'])
  if (call !== null) addTextOrJson(collector, 'tool_call', `${at}/call/parameters`, call['parameters'], name)
  for (const [output, pointer] of itemsOf(result['outputs'], `${at}/outputs`)) {
    addStructured(collector, 'tool_result', pointer, output, name)
  }
}

function readTool(collector: Collector, value: Json, at: string): void {
  const target = asRecord(asRecord(value)?.['function'])
  if (target !== null) addJsonValue(collector, 'tool_definition', `${at}/function`, target, asString(target['name']))
  else addJsonValue(collector, 'tool_definition', at, value, asString(asRecord(value)?.['name']))
}

function readCohereAnswer(body: JsonRecord): AnswerView {
  const collector = createCollector()
  const toolCalls: ToolCall[] = []
  let finishReason = asString(body['finish_reason'])
  const message = asRecord(body['message'])
  if (message !== null) readMessage(collector, message, '/message', 'assistant', toolCalls)
  // v1: chat, and the older generate.
  if (typeof body['text'] === 'string') collector.add('assistant', '/text', body['text'])
  eachElement(collector, body['tool_calls'], '/tool_calls', (call, at) => {
    const read = readToolCall(collector, call, at)
    if (read !== null) toolCalls.push(read)
  })
  eachElement(collector, body['generations'], '/generations', (value, at) => {
    const generation = asRecord(value)
    const text = asString(generation?.['text'])
    if (text !== null) collector.add('assistant', `${at}/text`, text)
    finishReason ??= asString(generation?.['finish_reason'])
  })
  return {
    model: asString(body['model']),
    segments: collector.done().segments,
    toolCalls,
    finishReason,
    error: errorOf(body) ?? failureOf(body),
  }
}

/** Errors come as `{message: "text"}`; an answer's `message` is an object. */
function failureOf(body: JsonRecord): AnswerView['error'] {
  const message = asString(body['message'])
  return message === null ? null : { type: asString(body['type']), message }
}

/** Cohere's clients choose their error by the status and show `message`. */
function renderCohereError(error: AppError, requestId: string): JsonRecord {
  return { message: error.message, type: error.type, code: error.code, request_id: requestId, ...error.extra }
}
