/**
 * Content blocks of Anthropic Messages, in requests as well as in answers: text, thinking, documents, tool uses and the results of
 * tools, whose own content nests. What is not text (images, files, encrypted parts) is named as uninspected.
 */
import { asRecord, asString, type Json, type JsonRecord } from '../domain/json.ts'
import type { Origin } from '../domain/segment.ts'
import type { Collector } from './collector.ts'
import type { ToolCall } from './dialect.ts'
import { addJsonValue, addTextOrJson, eachElement, firstText, withoutCredentials } from './fields.ts'

/** What blocks of one body share: the collector, and the names of the tool uses that later results answer, by id. */
export type BlockReader = {
  readonly collector: Collector
  readonly names: Map<Json, string>
}

/** Deeper than any documented form (message > tool result > fetched page > document > text); bounds our own recursion. */
const DEPTH_MAX = 8

/** Fields of a result that hold its text: search hits, fetched pages, shell output, viewed files, diffs. */
const RESULT_TEXTS = ['title', 'text', 'stdout', 'stderr', 'error_message'] as const
const RESULT_NESTED = ['content', 'lines'] as const

/** A result with one of these (or a `source` object) holds something that is not read, whatever else it says. */
const UNREAD_FIELDS = ['encrypted_content', 'file_id', 'data'] as const

/** Results that say nothing but what was done. */
const RESULTS_WITHOUT_TEXT: ReadonlySet<string> = new Set([
  'tool_reference',
  'tool_search_tool_search_result',
  'text_editor_code_execution_create_result',
])

/** `content`: null, a string, or an array of blocks. Gives the tool calls among them. */
export function readContent(reader: BlockReader, origin: Origin, content: Json, pointer: string): readonly ToolCall[] {
  const toolCalls: ToolCall[] = []
  if (typeof content === 'string') reader.collector.add(origin, pointer, content)
  else {
    eachElement(reader.collector, content, pointer, (block, at) => {
      const call = readBlock(reader, origin, block, at)
      if (call !== null) toolCalls.push(call)
    })
  }
  return toolCalls
}

function readBlock(reader: BlockReader, origin: Origin, value: Json, pointer: string): ToolCall | null {
  const { collector } = reader
  const block = asRecord(value)
  const type = asString(block?.['type']) ?? 'unknown block'
  if (block === null) {
    if (typeof value === 'string') collector.add(origin, pointer, value)
    else collector.skip(pointer, type)
  } else if (type.endsWith('tool_use')) return readToolUse(reader, block, type, pointer)
  else if (type.endsWith('tool_result')) {
    const name = reader.names.get(block['tool_use_id']) ?? builtInName(type)
    readResult(collector, block['content'], `${pointer}/content`, name, 1)
  } else if (type === 'search_result') readResult(collector, block, pointer, null, 1)
  else if (type === 'document') readDocument(collector, origin, block, pointer, null, 1)
  else if (type === 'thinking' && typeof block['thinking'] === 'string') {
    collector.add('assistant', `${pointer}/thinking`, block['thinking'], { kind: 'reasoning' })
  } else if (type === 'compaction') readCompaction(collector, block, pointer)
  else if (type === 'mcp_tool_listing') {
    eachElement(collector, block['tools'], `${pointer}/tools`, (tool, at) => readTool(collector, tool, at))
  } else if (type === 'tool_addition') {
    const definition = asRecord(block['tool'])?.['definition']
    if (definition !== undefined) readTool(collector, definition, `${pointer}/tool/definition`)
  } else if (typeof block['text'] === 'string') collector.add(origin, `${pointer}/text`, block['text'])
  else if (type !== 'fallback' && type !== 'tool_removal') collector.skip(pointer, type)
  return null
}

/** A tool definition: its JSON without credentials. */
export function readTool(collector: Collector, tool: Json, pointer: string): void {
  const record = asRecord(tool)
  const name = firstText(record?.['name'], record?.['mcp_server_name'], record?.['type'])
  addJsonValue(collector, 'tool_definition', pointer, withoutCredentials(tool), name)
}

function readToolUse(reader: BlockReader, block: JsonRecord, type: string, pointer: string): ToolCall {
  const name = asString(block['name']) ?? ''
  const id = asString(block['id'])
  if (id !== null) reader.names.set(id, name)
  const text = addTextOrJson(reader.collector, 'tool_call', `${pointer}/input`, block['input'], name)
  return { id, name, arguments: text, isServerSide: type !== 'tool_use' }
}

/** `web_search_tool_result` answers the provider's own `web_search`; a plain `tool_result` names no tool. */
function builtInName(type: string): string | null {
  return type === 'tool_result' ? null : type.replace(/_tool_result$/, '')
}

/** The model's own summary of what it compacted: not shown to a user, so it counts as reasoning. */
function readCompaction(collector: Collector, block: JsonRecord, pointer: string): void {
  const content = block['content']
  if (typeof content === 'string') collector.add('assistant', `${pointer}/content`, content, { kind: 'reasoning' })
  if (firstText(block['encrypted_content']) !== null) collector.skip(`${pointer}/encrypted_content`, 'encrypted')
}

/** Title, context and inline text; base64, URL and file sources are named. */
function readDocument(
  collector: Collector,
  origin: Origin,
  block: JsonRecord,
  pointer: string,
  name: string | null,
  depth: number,
): void {
  for (const field of ['title', 'context']) {
    const text = block[field]
    if (typeof text === 'string') collector.add(origin, `${pointer}/${field}`, text, { name })
  }
  const source = asRecord(block['source'])
  const at = `${pointer}/source`
  if (source?.['type'] === 'text' && typeof source['data'] === 'string') {
    return collector.add(origin, `${at}/data`, source['data'], { name })
  }
  if (source?.['type'] === 'content') return readNested(collector, origin, source['content'], `${at}/content`, name, depth + 1)
  collector.skip(at, 'document')
}

function readResult(collector: Collector, value: Json, pointer: string, name: string | null, depth: number): void {
  readNested(collector, 'tool_result', value, pointer, name, depth)
}

/** Any value inside a result or a document: its texts wherever the documented forms keep them. */
function readNested(
  collector: Collector,
  origin: Origin,
  value: Json,
  pointer: string,
  name: string | null,
  depth: number,
): void {
  if (value === undefined || value === null) return
  if (typeof value === 'string') return collector.add(origin, pointer, value, { name })
  if (depth > DEPTH_MAX) return collector.skip(pointer, 'nested too deeply')
  if (Array.isArray(value)) {
    return value.forEach((element: Json, i) => readNested(collector, origin, element, `${pointer}/${i}`, name, depth + 1))
  }
  const record = asRecord(value)
  if (record === null) return collector.skip(pointer, 'unknown block')
  if (record['type'] === 'document') return readDocument(collector, origin, record, pointer, name, depth)
  let isRead = false
  for (const field of RESULT_TEXTS) {
    const text = record[field]
    if (typeof text !== 'string') continue
    isRead = true
    collector.add(origin, `${pointer}/${field}`, text, { name })
  }
  for (const field of RESULT_NESTED) {
    const nested = record[field]
    if (nested === undefined || nested === null) continue
    isRead = true
    readNested(collector, origin, nested, `${pointer}/${field}`, name, depth + 1)
  }
  const type = asString(record['type']) ?? 'unknown block'
  const isUnread = asRecord(record['source']) !== null || firstText(...UNREAD_FIELDS.map((field) => record[field])) !== null
  const isEmpty = RESULTS_WITHOUT_TEXT.has(type) || type.endsWith('_error')
  if (isUnread || (!isRead && !isEmpty)) collector.skip(pointer, type)
}
