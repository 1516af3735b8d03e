/**
 * Items of the OpenAI Responses API, which stand in a request's `input` as well as in an answer's `output`: messages, reasoning,
 * tool calls and their outputs. Types of the future are read by their ending (`_call`, `_output`) or named as uninspected.
 */
import { asRecord, asString, type Json, type JsonRecord } from '../domain/json.ts'
import type { Origin, SegmentKind } from '../domain/segment.ts'
import type { Collector } from './collector.ts'
import type { ToolCall } from './dialect.ts'
import { addJsonValue, addTextOrJson, eachElement, firstText, withoutCredentials } from './fields.ts'

/** What items of one body share: the collector, and the names of the calls that later outputs answer, by call id. */
export type ItemReader = {
  readonly collector: Collector
  readonly names: Map<Json, string>
}

const ORIGIN_OF_ROLE: ReadonlyMap<Json, Origin> = new Map([
  ['system', 'system'],
  ['developer', 'system'],
  ['user', 'user'],
  ['assistant', 'assistant'],
  ['tool', 'tool_result'],
])

const KIND_OF_PART: ReadonlyMap<string, SegmentKind> = new Map([
  ['reasoning_text', 'reasoning'],
  ['summary_text', 'reasoning'],
])

/** Items that bring tools: of an MCP server, found by a search, or added in mid-conversation. */
const TOOL_LISTS: ReadonlySet<string> = new Set(['mcp_list_tools', 'tool_search_output', 'additional_tools'])

/** Where the kinds of call keep what the model asked for; the first one that is there counts. */
const ARGUMENT_FIELDS = [
  'arguments',
  'input',
  'code',
  'action',
  'actions',
  'operation',
  'queries',
  'revised_prompt',
  'prompt',
] as const

/** Where a call that the provider ran keeps what came of it. */
const RESULT_FIELDS = ['output', 'outputs', 'results', 'error'] as const

/** Text fields of one result: search hits, interpreter logs, shell output. */
const RESULT_TEXTS = ['text', 'logs', 'stdout', 'stderr'] as const

/**
 * Reads one item; gives the tool call where it is one. `fallback` is the origin of a message without a known role: the least
 * trusted one in a request, the model in an answer.
 */
export function readItem(reader: ItemReader, value: Json, pointer: string, fallback: Origin): ToolCall | null {
  const { collector } = reader
  if (typeof value === 'string') {
    collector.add(fallback, pointer, value)
    return null
  }
  const item = asRecord(value)
  if (item === null) {
    collector.skip(pointer, 'not an object')
    return null
  }
  const type = asString(item['type']) ?? (item['content'] === undefined ? 'unknown item' : 'message')
  if (type === 'message') {
    const origin = ORIGIN_OF_ROLE.get(item['role']) ?? fallback
    readParts(collector, origin, item['content'], `${pointer}/content`)
  } else if (type === 'reasoning') readReasoning(collector, item, pointer)
  else if (TOOL_LISTS.has(type)) {
    eachElement(collector, item['tools'], `${pointer}/tools`, (tool, at) => readTool(collector, tool, at))
  } else if (type === 'mcp_approval_request') {
    // Only asked for: the call itself follows as an `mcp_call` once the caller has agreed.
    addTextOrJson(collector, 'tool_call', `${pointer}/arguments`, item['arguments'], asString(item['name']))
  } else if (type === 'mcp_approval_response') addTextOrJson(collector, 'user', `${pointer}/reason`, item['reason'], null)
  else if (type === 'program' || type.endsWith('_call')) return readCall(reader, item, type, pointer)
  else if (type.endsWith('_output')) {
    const name = reader.names.get(item['call_id']) ?? builtInName(type.replace(/_output$/, ''))
    readResult(collector, item['output'], `${pointer}/output`, name)
    readResult(collector, item['result'], `${pointer}/result`, name)
  } else collector.skip(pointer, type)
  return null
}

/** A tool definition: its JSON without credentials. */
export function readTool(collector: Collector, tool: Json, pointer: string): void {
  const record = asRecord(tool)
  const name = firstText(record?.['name'], record?.['server_label'], record?.['type'])
  addJsonValue(collector, 'tool_definition', pointer, withoutCredentials(tool), name)
}

/** `content`: null, a string, or an array of parts. */
export function readParts(collector: Collector, origin: Origin, content: Json, pointer: string): void {
  if (typeof content === 'string') return collector.add(origin, pointer, content)
  eachElement(collector, content, pointer, (value, at) => {
    if (typeof value === 'string') return collector.add(origin, at, value)
    const part = asRecord(value)
    const type = asString(part?.['type']) ?? 'unknown part'
    if (typeof part?.['text'] === 'string') {
      return collector.add(origin, `${at}/text`, part['text'], { kind: KIND_OF_PART.get(type) ?? 'text' })
    }
    if (typeof part?.['refusal'] === 'string')
      return collector.add(origin, `${at}/refusal`, part['refusal'], { kind: 'refusal' })
    if (typeof part?.['transcript'] === 'string') return collector.add(origin, `${at}/transcript`, part['transcript'])
    collector.skip(at, type)
  })
}

function readReasoning(collector: Collector, item: JsonRecord, pointer: string): void {
  for (const field of ['summary', 'content']) {
    eachElement(collector, item[field], `${pointer}/${field}`, (value, at) => {
      const text = asRecord(value)?.['text']
      if (typeof text === 'string') collector.add('assistant', `${at}/text`, text, { kind: 'reasoning' })
      else collector.skip(at, 'unknown part')
    })
  }
  if (firstText(item['encrypted_content']) !== null) collector.skip(`${pointer}/encrypted_content`, 'encrypted')
}

function readCall(reader: ItemReader, item: JsonRecord, type: string, pointer: string): ToolCall {
  const { collector, names } = reader
  const name = firstText(item['name']) ?? builtInName(type) ?? ''
  const callId = firstText(item['call_id'])
  if (callId !== null) names.set(callId, name)
  const field = ARGUMENT_FIELDS.find((candidate) => item[candidate] !== undefined && item[candidate] !== null)
  const text = field === undefined ? '' : addTextOrJson(collector, 'tool_call', `${pointer}/${field}`, item[field], name)
  for (const result of RESULT_FIELDS) readResult(collector, item[result], `${pointer}/${result}`, name)
  if (firstText(item['result']) !== null) collector.skip(`${pointer}/result`, 'image')
  return { id: callId ?? asString(item['id']), name, arguments: text, isServerSide: isServerSide(item, type, callId) }
}

/** `web_search_call` is a call of `web_search`; a function has the name that its caller gave it, or none. */
function builtInName(callType: string): string | null {
  return callType === 'function_call' || callType === 'custom_tool_call' ? null : callType.replace(/_call$/, '')
}

/**
 * Only a call that the caller has to answer needs a call id. Some have one and are run by the provider all the same: a shell in
 * the provider's container, a search over deferred tools, a program that calls tools.
 */
function isServerSide(item: JsonRecord, type: string, callId: string | null): boolean {
  if (type === 'function_call' || type === 'custom_tool_call') return false
  if (type === 'program' || item['execution'] === 'server') return true
  const environment = asString(asRecord(item['environment'])?.['type'])
  return callId === null || environment?.startsWith('container') === true
}

function readResult(collector: Collector, value: Json, pointer: string, name: string | null): void {
  if (value === undefined || value === null) return
  if (Array.isArray(value)) {
    return value.forEach((element: Json, i) => readResultPart(collector, element, `${pointer}/${i}`, name))
  }
  readResultPart(collector, value, pointer, name)
}

function readResultPart(collector: Collector, value: Json, pointer: string, name: string | null): void {
  if (typeof value === 'string') return collector.add('tool_result', pointer, value, { name })
  const part = asRecord(value)
  let isRead = false
  for (const field of RESULT_TEXTS) {
    const text = part?.[field]
    if (typeof text !== 'string') continue
    isRead = true
    collector.add('tool_result', `${pointer}/${field}`, text, { name })
  }
  // An error object has no fixed form; anything else without text is a file, an image, a screenshot.
  if (isRead) return
  if (pointer.endsWith('/error') && part !== null) addJsonValue(collector, 'tool_result', pointer, part, name)
  else collector.skip(pointer, asString(part?.['type']) ?? 'unknown part')
}
