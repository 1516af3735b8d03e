/**
 * OpenAI Chat Completions (`/v1/chat/completions`), also as spoken by Mistral, Groq, DeepSeek, xAI, OpenRouter, vLLM and others:
 * their additions (`reasoning_content`, content part arrays, `x_groq.usage`) are read too.
 * Format: https://platform.openai.com/docs/api-reference/chat
 */
import { asArray, asRecord, asString, pointerToken, type Json, type JsonRecord } from '../domain/json.ts'
import type { Origin } from '../domain/segment.ts'
import { createCollector, errorOf, parametersOf, type Collector } from './collector.ts'
import type { AnswerView, Dialect, RequestView, ToolCall } from './dialect.ts'
import {
  addJsonValue,
  addTextOrJson,
  answerCount,
  eachElement,
  firstText,
  inspectBody,
  tokenCap,
  withoutCredentials,
} from './fields.ts'
import { assembleChat, REASONING_FIELDS } from './openai-chat-stream.ts'
import { renderOpenAiError } from './openai-error.ts'

const OMIT: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'prediction',
  'tools',
  'functions',
  'stream',
  'user',
  'safety_identifier',
])

const ORIGIN_OF_ROLE: ReadonlyMap<Json, Origin> = new Map([
  ['system', 'system'],
  ['developer', 'system'],
  ['user', 'user'],
  ['assistant', 'assistant'],
  ['tool', 'tool_result'],
  ['function', 'tool_result'],
])

export const openaiChat: Dialect = {
  name: 'openai-chat',
  readRequest: readChatRequest,
  readAnswer: readChatAnswer,
  assemble: assembleChat,
  renderError: renderOpenAiError,
}

function readChatRequest(body: Json | undefined): RequestView {
  const record = asRecord(body) ?? {}
  return {
    operation: 'chat',
    model: asString(record['model']),
    isStreaming: record['stream'] === true,
    maxOutputTokens: tokenCap(record['max_completion_tokens'], record['max_tokens']),
    choiceCount: answerCount(record['n']),
    userId: firstText(record['user'], record['safety_identifier']),
    parameters: parametersOf(record, OMIT),
    inspect: () => inspectBody(body, inspectRequest),
  }
}

function inspectRequest(collector: Collector, body: JsonRecord): void {
  // Results name their call by its id only; the name stands in an earlier message.
  const names = new Map<Json, string>()
  eachElement(collector, body['messages'], '/messages', (message, at) => readRequestMessage(collector, message, at, names))
  const prediction = asRecord(body['prediction'])
  if (prediction !== null) readContent(collector, 'user', prediction['content'], '/prediction/content', null)
  eachElement(collector, body['tools'], '/tools', (tool, at) => readTool(collector, tool, at))
  eachElement(collector, body['functions'], '/functions', (definition, at) => {
    addJsonValue(collector, 'tool_definition', at, definition, asString(asRecord(definition)?.['name']))
  })
}

function readRequestMessage(collector: Collector, value: Json, pointer: string, names: Map<Json, string>): void {
  const message = asRecord(value)
  if (message === null) return collector.skip(pointer, 'not an object')
  // A role of the future is treated as the least trusted one.
  const origin = ORIGIN_OF_ROLE.get(message['role']) ?? 'user'
  const known = names.get(message['tool_call_id']) ?? null
  // Elsewhere `name` is that of a participant, not of a tool.
  const name = origin === 'tool_result' ? (firstText(message['name']) ?? known) : null
  for (const call of readMessage(collector, message, origin, pointer, name)) {
    if (call.id !== null) names.set(call.id, call.name)
  }
}

/** Reads what a message says, in a request as well as in an answer; gives its tool calls. */
function readMessage(
  collector: Collector,
  message: JsonRecord,
  origin: Origin,
  pointer: string,
  name: string | null,
): readonly ToolCall[] {
  const toolCalls: ToolCall[] = []
  const [first] = REASONING_FIELDS
  for (const field of REASONING_FIELDS) {
    const text = asString(message[field]) ?? ''
    // Sent under both names, it is the same text once.
    const isRepeated = field !== first && text === message[first]
    if (!isRepeated) collector.add(origin, `${pointer}/${field}`, text, { kind: 'reasoning' })
  }
  readContent(collector, origin, message['content'], `${pointer}/content`, name)
  const refusal = asString(message['refusal'])
  if (refusal !== null) collector.add(origin, `${pointer}/refusal`, refusal, { kind: 'refusal' })
  const audio = asRecord(message['audio'])
  if (typeof audio?.['transcript'] === 'string') collector.add(origin, `${pointer}/audio/transcript`, audio['transcript'])
  else if (audio !== null) collector.skip(`${pointer}/audio`, 'audio')
  eachElement(collector, message['tool_calls'], `${pointer}/tool_calls`, (value, at) => {
    const call = readToolCall(collector, value, at)
    if (call !== null) toolCalls.push(call)
  })
  const legacy = asRecord(message['function_call'])
  if (legacy !== null) {
    const called = asString(legacy['name']) ?? ''
    const text = addTextOrJson(collector, 'tool_call', `${pointer}/function_call/arguments`, legacy['arguments'], called)
    toolCalls.push({ id: null, name: called, arguments: text, isServerSide: false })
  }
  return toolCalls
}

/** `content`: null, a string, or an array of parts. */
function readContent(collector: Collector, origin: Origin, content: Json, pointer: string, name: string | null): void {
  if (typeof content === 'string') return collector.add(origin, pointer, content, { name })
  eachElement(collector, content, pointer, (value, at) => {
    const part = asRecord(value)
    const type = asString(part?.['type'])
    if (typeof value === 'string') collector.add(origin, at, value, { name })
    else if (type === 'thinking') readThinking(collector, origin, part?.['thinking'], `${at}/thinking`)
    else if (typeof part?.['text'] === 'string') collector.add(origin, `${at}/text`, part['text'], { name })
    else if (typeof part?.['refusal'] === 'string') {
      collector.add(origin, `${at}/refusal`, part['refusal'], { kind: 'refusal' })
    } else collector.skip(at, type ?? 'unknown part')
  })
}

/** Mistral: `thinking` is an array of text parts. */
function readThinking(collector: Collector, origin: Origin, value: Json, pointer: string): void {
  if (typeof value === 'string') return collector.add(origin, pointer, value, { kind: 'reasoning' })
  eachElement(collector, value, pointer, (part, at) => {
    const text = asString(asRecord(part)?.['text'])
    if (text === null) collector.skip(at, 'unknown part')
    else collector.add(origin, `${at}/text`, text, { kind: 'reasoning' })
  })
}

function readToolCall(collector: Collector, value: Json, pointer: string): ToolCall | null {
  const call = asRecord(value)
  const kind = asRecord(call?.['function']) === null ? 'custom' : 'function'
  const target = asRecord(call?.[kind])
  if (target === null) {
    collector.skip(pointer, 'unknown tool call')
    return null
  }
  const name = asString(target['name']) ?? ''
  const field = kind === 'function' ? 'arguments' : 'input'
  // Some servers send the arguments as an object instead of JSON text.
  const text = addTextOrJson(collector, 'tool_call', `${pointer}/${kind}/${field}`, target[field], name)
  return { id: asString(call?.['id']), name, arguments: text, isServerSide: false }
}

/** `{type: "function", function: {…}}`; what has no such inner definition is shown whole. */
function readTool(collector: Collector, value: Json, pointer: string): void {
  const tool = asRecord(value)
  const kind = asString(tool?.['type']) ?? 'function'
  // Own fields only: a type like `__proto__` would find a definition where there is none.
  const inner = tool !== null && Object.hasOwn(tool, kind) ? asRecord(tool[kind]) : null
  const at = inner === null ? pointer : `${pointer}/${pointerToken(kind)}`
  addJsonValue(collector, 'tool_definition', at, withoutCredentials(inner ?? value), asString((inner ?? tool)?.['name']))
}

function readChatAnswer(body: JsonRecord): AnswerView {
  const collector = createCollector()
  const toolCalls: ToolCall[] = []
  let finishReason: string | null = null
  asArray(body['choices']).forEach((value, i) => {
    const choice = asRecord(value)
    const message = asRecord(choice?.['message'])
    finishReason ??= asString(choice?.['finish_reason'])
    if (message !== null) toolCalls.push(...readMessage(collector, message, 'assistant', `/choices/${i}/message`, null))
  })
  return {
    model: asString(body['model']),
    segments: collector.done().segments,
    toolCalls,
    finishReason,
    error: errorOf(body),
  }
}
