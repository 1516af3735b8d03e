/**
 * Bedrock's Converse format, also spoken by Amazon's own models (`nova`) when they are invoked: requests, answers and streams.
 * Format: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
 */
import { asNumber, asRecord, asString, parseJson, pointerToken, type Json, type JsonRecord } from '../domain/json.ts'
import type { Origin } from '../domain/segment.ts'
import { createCollector, errorOf, type Collector } from './collector.ts'
import type { AnswerView, Assembler, Delta, StreamEvent, ToolCall } from './dialect.ts'
import { addJsonValue, addTextOrJson, eachElement } from './fields.ts'
import { encodeEventStreamMessage } from './framing/event-stream.ts'
import { addStructured, itemsOf, reasonOfKey } from './structured-text.ts'

/** Messages, system, tools and prompt variables of a request whose fields stand under `at`. */
export function readConverseRequest(collector: Collector, body: JsonRecord, at: string): void {
  const reading: Reading = { collector, calls: null, depth: 0 }
  readBlocks(reading, 'system', body['system'], `${at}/system`)
  eachElement(collector, body['messages'], `${at}/messages`, (value, pointer) => {
    const message = asRecord(value)
    if (message === null) return collector.skip(pointer, 'not an object')
    // A role of the future is treated as the least trusted one.
    const role = message['role']
    const origin = role === 'assistant' || role === 'system' ? role : 'user'
    readBlocks(reading, origin, message['content'], `${pointer}/content`)
  })
  const variables = asRecord(body['promptVariables']) ?? {}
  for (const key of Object.keys(variables)) {
    addStructured(collector, 'user', `${at}/promptVariables/${pointerToken(key)}`, variables[key], null)
  }
  const tools = asRecord(body['toolConfig'])?.['tools']
  eachElement(collector, tools, `${at}/toolConfig/tools`, (value, pointer) => readTool(collector, value, pointer))
}

/** `{toolSpec: {name, …}}`, `{systemTool: {name}}`, or a mark. */
function readTool(collector: Collector, value: Json, pointer: string): void {
  const tool = asRecord(value)
  if (tool === null) return collector.skip(pointer, 'not an object')
  for (const key of Object.keys(tool)) {
    if (key === 'cachePoint') continue
    const name = asString(asRecord(tool[key])?.['name'])
    addJsonValue(collector, 'tool_definition', `${pointer}/${pointerToken(key)}`, tool[key], name)
  }
}

/** `calls` gathers an answer's tool calls; `depth` counts blocks within blocks. */
type Reading = { readonly collector: Collector; readonly calls: ToolCall[] | null; readonly depth: number }

/** A document in a tool's result has blocks of its own; more levels are not known, and endless ones would exhaust the stack. */
const DEPTH_MAX = 4

/** A text, or blocks of one key each: `{text}`, `{toolUse: {…}}` … Every key is read: what a server makes of two is not for us to guess. */
function readBlocks(outer: Reading, origin: Origin, value: Json, pointer: string): void {
  const reading = { ...outer, depth: outer.depth + 1 }
  const { collector } = reading
  if (reading.depth > DEPTH_MAX) {
    if (value !== undefined && value !== null) collector.skip(pointer, 'nested too deeply')
    return
  }
  for (const [item, at] of itemsOf(value, pointer)) {
    const block = asRecord(item)
    if (typeof item === 'string') collector.add(origin, at, item)
    else if (block === null) collector.skip(at, 'not an object')
    else for (const key of Object.keys(block)) readField(reading, origin, key, block[key], `${at}/${pointerToken(key)}`)
  }
}

function readField(reading: Reading, origin: Origin, key: string, value: Json, at: string): void {
  const { collector } = reading
  // `type` stands beside the text in some answers; a cache point is a mark.
  if (value === undefined || value === null || key === 'type' || key === 'cachePoint') return
  if (key === 'text' && typeof value === 'string') return collector.add(origin, at, value)
  const inner = asRecord(value)
  if (key === 'json') return addStructured(collector, origin, at, value, null)
  const read = inner === null ? undefined : BLOCK_READERS.get(key)
  if (inner === null || read === undefined) collector.skip(at, reasonOfKey(key))
  else read(reading, inner, at, origin)
}

type BlockReader = (reading: Reading, inner: JsonRecord, at: string, origin: Origin) => void

const readToolUse: BlockReader = ({ collector, calls }, inner, at) => {
  const name = asString(inner['name']) ?? ''
  const text = addTextOrJson(collector, 'tool_call', `${at}/input`, inner['input'], name)
  const isServerSide = inner['type'] === 'server_tool_use'
  calls?.push({ id: asString(inner['toolUseId']), name, arguments: text, isServerSide })
}

const readToolResult: BlockReader = (reading, inner, at) => {
  readBlocks(reading, 'tool_result', inner['content'], `${at}/content`)
}

const readReasoning: BlockReader = ({ collector }, inner, at, origin) => {
  const text = asString(asRecord(inner['reasoningText'])?.['text'])
  if (text !== null) collector.add(origin, `${at}/reasoningText/text`, text, { kind: 'reasoning' })
  else collector.skip(at, 'redacted reasoning')
}

/** Text that a guardrail is to judge, or an image. */
const readGuarded: BlockReader = ({ collector }, inner, at, origin) => {
  const text = asString(asRecord(inner['text'])?.['text'])
  if (text !== null) collector.add(origin, `${at}/text/text`, text)
  else collector.skip(at, 'guardContent')
}

/** AWS warns that a model sees a document's name as well. */
const readDocument: BlockReader = (reading, inner, at, origin) => {
  const { collector } = reading
  for (const key of ['name', 'context']) addTextOrJson(collector, origin, `${at}/${key}`, inner[key], null)
  const source = asRecord(inner['source'])
  const text = asString(source?.['text'])
  if (text !== null) collector.add(origin, `${at}/source/text`, text)
  else if (Array.isArray(source?.['content'])) readBlocks(reading, origin, source['content'], `${at}/source/content`)
  else collector.skip(at, 'document')
}

/** The model's text, with the places in the documents that it quotes. */
const readCitations: BlockReader = (reading, inner, at, origin) => {
  readBlocks(reading, origin, inner['content'], `${at}/content`)
  for (const [value, pointer] of itemsOf(inner['citations'], `${at}/citations`)) {
    const citation = asRecord(value)
    addTextOrJson(reading.collector, 'tool_result', `${pointer}/title`, citation?.['title'], null)
    readBlocks(reading, 'tool_result', citation?.['sourceContent'], `${pointer}/sourceContent`)
  }
}

const readSearchResult: BlockReader = (reading, inner, at) => {
  for (const key of ['source', 'title']) addTextOrJson(reading.collector, 'tool_result', `${at}/${key}`, inner[key], null)
  readBlocks(reading, 'tool_result', inner['content'], `${at}/content`)
}

// A map and not an object: the keys are the caller's words, also `constructor`.
const BLOCK_READERS: ReadonlyMap<string, BlockReader> = new Map([
  ['toolUse', readToolUse],
  ['toolResult', readToolResult],
  ['reasoningContent', readReasoning],
  ['guardContent', readGuarded],
  ['document', readDocument],
  ['citationsContent', readCitations],
  ['searchResult', readSearchResult],
])

/** The answer names no model. */
export function readConverseAnswer(body: JsonRecord): AnswerView {
  const collector = createCollector()
  const toolCalls: ToolCall[] = []
  const content = asRecord(asRecord(body['output'])?.['message'])?.['content']
  readBlocks({ collector, calls: toolCalls, depth: 0 }, 'assistant', content, '/output/message/content')
  return {
    model: null,
    segments: collector.done().segments,
    toolCalls,
    finishReason: asString(body['stopReason']),
    error: errorOf(body),
  }
}

const EVENTS = [
  'messageStart',
  'contentBlockStart',
  'contentBlockDelta',
  'contentBlockStop',
  'messageStop',
  'metadata',
] as const
type EventName = (typeof EVENTS)[number]

/** The events in one message: named by its header, or (as models send them when invoked) by its keys. */
function eventsIn({ event, data }: StreamEvent): readonly (readonly [EventName, JsonRecord])[] {
  const record = asRecord(data)
  if (record === null) return []
  const named = EVENTS.find((name) => name === event)
  if (named !== undefined) return [[named, record]]
  return EVENTS.flatMap((name) => {
    const inner = Object.hasOwn(record, name) ? asRecord(record[name]) : null
    return inner === null ? [] : [[name, inner] as const]
  })
}

export function isConverseEvent(event: StreamEvent): boolean {
  return eventsIn(event).length > 0
}

// An index is the upstream's word: without a bound, odd numbers would fill the memory.
const BLOCKS_MAX = 4096

type BlockState = {
  isOpen: boolean
  text: string | null
  tool: { fields: JsonRecord; input: string } | null
  reasoning: { text: string; signature: string; redacted: string } | null
  citations: Json[]
  result: { fields: JsonRecord; content: Json[] } | null
  other: JsonRecord
}

/** `write` puts the last events into the framing that the stream is in. */
export function assembleConverse(onDelta: ((delta: Delta) => void) | null, write: WriteEvents = eventStream): Assembler {
  const blocks = new Map<number, BlockState>()
  let fields: JsonRecord = {}
  let role: Json = 'assistant'
  let seen = false
  let started = false
  let content = false
  let finished = false

  function emit(kind: Delta['kind'], channel: string, text: string): void {
    content = true
    if (text !== '') onDelta?.({ kind, channel, text })
  }

  function blockAt(event: JsonRecord): readonly [number, BlockState] | null {
    const index = asNumber(event['contentBlockIndex']) ?? 0
    let block = blocks.get(index)
    if (block === undefined) {
      if (!Number.isInteger(index) || index < 0 || blocks.size >= BLOCKS_MAX) return null
      block = { isOpen: true, text: null, tool: null, reasoning: null, citations: [], result: null, other: {} }
      blocks.set(index, block)
    }
    return [index, block]
  }

  function start(index: number, block: BlockState, value: JsonRecord): void {
    const { toolUse, toolResult, ...rest } = value
    block.other = { ...block.other, ...rest }
    const tool = asRecord(toolUse)
    if (tool !== null) {
      block.tool ??= { fields: {}, input: '' }
      block.tool.fields = { ...block.tool.fields, ...tool }
      emit('tool_call', `${index}/tool`, '')
    }
    const result = asRecord(toolResult)
    if (result !== null) block.result = { fields: result, content: [] }
  }

  function add(index: number, block: BlockState, value: JsonRecord): void {
    const { text, toolUse, reasoningContent, citation, toolResult, ...rest } = value
    block.other = { ...block.other, ...rest }
    if (typeof text === 'string') {
      block.text = (block.text ?? '') + text
      if (text !== '') emit('text', `${index}/text`, text)
    }
    const input = asString(asRecord(toolUse)?.['input'])
    if (input !== null) {
      block.tool ??= { fields: {}, input: '' }
      block.tool.input += input
      emit('tool_call', `${index}/tool`, input)
    }
    const thought = asRecord(reasoningContent)
    if (thought !== null) {
      block.reasoning ??= { text: '', signature: '', redacted: '' }
      const said = asString(thought['text']) ?? ''
      block.reasoning.text += said
      block.reasoning.signature += asString(thought['signature']) ?? ''
      block.reasoning.redacted += asString(thought['redactedContent']) ?? ''
      if (said !== '') emit('reasoning', `${index}/reasoning`, said)
    }
    if (asRecord(citation) !== null) block.citations.push(citation)
    if (Array.isArray(toolResult)) {
      block.result ??= { fields: {}, content: [] }
      for (const item of toolResult) block.result.content.push(item)
    }
  }

  function pushEvent(name: EventName, event: JsonRecord): void {
    if (name === 'messageStart') {
      started = true
      if (typeof event['role'] === 'string') role = event['role']
    } else if (name === 'messageStop' || name === 'metadata') {
      if (name === 'messageStop') finished = true
      // `p` is padding against guessing by length.
      const { p: _padding, ...rest } = event
      fields = { ...fields, ...rest }
    } else {
      const found = blockAt(event)
      if (found === null) return
      const [index, block] = found
      if (name === 'contentBlockStop') block.isOpen = false
      else if (name === 'contentBlockStart') start(index, block, asRecord(event['start']) ?? {})
      else add(index, block, asRecord(event['delta']) ?? {})
    }
  }

  return {
    push: (event) => {
      for (const [name, data] of eventsIn(event)) {
        seen = true
        pushEvent(name, data)
      }
    },
    hasContent: () => content,
    isComplete: () => finished,
    body: () => {
      if (!seen) return null
      const ordered = [...blocks].sort(([a], [b]) => a - b)
      return { output: { message: { role, content: ordered.map(([, block]) => blockOf(block)) } }, ...fields }
    },
    stop: () => {
      const events: (readonly [string, JsonRecord])[] = []
      // Clients refuse an end without a beginning.
      if (!started) events.push(['messageStart', { role: 'assistant' }])
      for (const [index, { isOpen }] of blocks) if (isOpen) events.push(['contentBlockStop', { contentBlockIndex: index }])
      events.push(['messageStop', { stopReason: 'content_filtered' }])
      return write(events)
    },
  }
}

function blockOf({ text, tool, reasoning, citations, result, other }: BlockState): JsonRecord {
  return {
    ...other,
    ...(text === null ? {} : citations.length === 0 ? { text } : { citationsContent: { content: [{ text }], citations } }),
    ...(tool === null ? {} : { toolUse: { ...tool.fields, input: inputOf(tool.input) } }),
    ...(reasoning === null ? {} : { reasoningContent: reasoningOf(reasoning) }),
    ...(result === null ? {} : { toolResult: { ...result.fields, content: result.content } }),
  }
}

/** An unstreamed answer has the input as an object; what is no JSON (a stream that broke off) stays text. */
function inputOf(text: string): Json {
  return text === '' ? {} : (parseJson(text) ?? text)
}

function reasoningOf({ text, signature, redacted }: { text: string; signature: string; redacted: string }): JsonRecord {
  if (redacted !== '') return { redactedContent: redacted }
  return { reasoningText: { text, ...(signature === '' ? {} : { signature }) } }
}

const encoder = new TextEncoder()

type WriteEvents = (events: readonly (readonly [name: string, data: JsonRecord])[]) => Uint8Array

/** Events as the messages that Bedrock sends. */
export function eventStream(events: readonly (readonly [name: string, data: JsonRecord])[]): Uint8Array {
  const messages = events.map(([name, data]) =>
    encodeEventStreamMessage(
      { ':event-type': name, ':content-type': 'application/json', ':message-type': 'event' },
      encoder.encode(JSON.stringify(data)),
    ),
  )
  const bytes = new Uint8Array(messages.reduce((length, message) => length + message.length, 0))
  let at = 0
  for (const message of messages) {
    bytes.set(message, at)
    at += message.length
  }
  return bytes
}
