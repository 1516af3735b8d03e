/**
 * A streamed Responses answer. Its last event carries the whole response; until that comes, the answer is what its items grew to,
 * so that a stream that breaks off still shows its text.
 */
import { asArray, asNumber, asRecord, asString, type Json, type JsonRecord } from '../domain/json.ts'
import type { Segment } from '../domain/segment.ts'
import { createCollector } from './collector.ts'
import { utf8, type Assembler, type Delta } from './dialect.ts'
import { firstText, indexIn, jsonText } from './fields.ts'
import { readItem } from './openai-responses-items.ts'

// Indexes are the upstream's word: without bounds, one odd number would fill the memory.
const ITEMS_MAX = 4096
const PARTS_MAX = 1024

/** Where the text of a growing event belongs. */
type Growth = {
  readonly kind: Delta['kind']
  /** Type of the item that it grows. */
  readonly item: string
  readonly place: 'content' | 'summary' | 'commands' | 'diff' | 'field'
  /** Type of the part, where the item has parts. */
  readonly part: string | null
  /** Name of the text in its part or item, and in the event that ends it. */
  readonly field: string
  /** The event's field that tells the texts of one item apart; null where it has but one. */
  readonly index: string | null
}

/** Events `NAME.delta` add to a text, `NAME.done` repeat all of it. */
const GROWTHS: ReadonlyMap<string, Growth> = new Map<string, Growth>([
  [
    'response.output_text',
    { kind: 'text', item: 'message', place: 'content', part: 'output_text', field: 'text', index: 'content_index' },
  ],
  [
    'response.refusal',
    { kind: 'text', item: 'message', place: 'content', part: 'refusal', field: 'refusal', index: 'content_index' },
  ],
  [
    'response.reasoning_text',
    { kind: 'reasoning', item: 'reasoning', place: 'content', part: 'reasoning_text', field: 'text', index: 'content_index' },
  ],
  [
    'response.reasoning_summary_text',
    { kind: 'reasoning', item: 'reasoning', place: 'summary', part: 'summary_text', field: 'text', index: 'summary_index' },
  ],
  ['response.function_call_arguments', call('function_call', 'arguments')],
  ['response.mcp_call_arguments', call('mcp_call', 'arguments')],
  ['response.custom_tool_call_input', call('custom_tool_call', 'input')],
  ['response.code_interpreter_call_code', call('code_interpreter_call', 'code')],
  ['response.shell_call_command', { ...call('shell_call', 'command'), place: 'commands', index: 'command_index' }],
  ['response.apply_patch_call_operation_diff', { ...call('apply_patch_call', 'diff'), place: 'diff' }],
])

function call(item: string, field: string): Growth {
  return { kind: 'tool_call', item, place: 'field', part: null, field, index: null }
}

type Grown = { readonly growth: Growth; readonly index: number; text: string }
type ItemState = {
  /** As last sent in full. */
  item: JsonRecord
  /** What deltas added since, by channel; empty once the item was sent complete. */
  readonly grown: Map<string, Grown>
  isJudged: boolean
}

export function assembleResponse(onDelta: ((delta: Delta) => void) | null): Assembler {
  const items = new Map<number, ItemState>()
  let head: JsonRecord | null = null
  let final: JsonRecord | null = null
  let error: Json = null
  let sequence = -1
  let content = false
  let finished = false

  function emit(kind: Delta['kind'], channel: string, text: string): void {
    if (text === '') return
    content = true
    onDelta?.({ kind, channel, text })
  }

  /** Shows texts that came only as a whole, without any delta. */
  function emitSegments(index: number, segments: readonly Segment[]): void {
    for (const { origin, kind, text } of segments) {
      if (origin === 'tool_call') emit('tool_call', `${index}/tool`, text)
      else if (origin === 'assistant') emit(kind === 'reasoning' ? 'reasoning' : 'text', `${index}/${kind}`, text)
    }
  }

  function emitItem(index: number, item: Json): void {
    const collector = createCollector()
    const call = readItem({ collector, names: new Map() }, item, '', 'assistant')
    if (call !== null) content = true
    emitSegments(index, collector.done().segments)
  }

  function addItem(index: number, item: JsonRecord): ItemState {
    const state: ItemState = { item, grown: new Map(), isJudged: false }
    items.set(index, state)
    return state
  }

  function pushGrowth(data: JsonRecord, growth: Growth, isWhole: boolean): void {
    const index = indexIn(data['output_index'] ?? 0, ITEMS_MAX)
    const part = growth.index === null ? 0 : indexIn(data[growth.index] ?? 0, PARTS_MAX)
    const text = asString(data[isWhole ? growth.field : 'delta'])
    if (index === null || part === null || text === null) return
    const state = items.get(index) ?? addItem(index, emptyItem(growth.item))
    const channel = growth.index === null ? `${index}/tool` : `${index}/${growth.part ?? 'tool'}/${part}`
    const grown = state.grown.get(channel)
    if (grown === undefined) state.grown.set(channel, { growth, index: part, text })
    else if (isWhole) grown.text = text
    else grown.text += text
    // The repetition at the end is new only where no delta came before.
    if (isWhole && grown !== undefined) return
    state.isJudged = true
    emit(growth.kind, channel, text)
  }

  function pushItem(data: JsonRecord, isDone: boolean): void {
    const index = indexIn(data['output_index'] ?? 0, ITEMS_MAX)
    const item = asRecord(data['item'])
    if (index === null || item === null) return
    const state = items.get(index) ?? addItem(index, item)
    state.item = item
    if (!isDone) {
      if (asString(item['type'])?.endsWith('_call') === true) content = true
      return
    }
    state.grown.clear()
    if (!state.isJudged) emitItem(index, item)
    state.isJudged = true
  }

  function pushFinal(response: JsonRecord | null): void {
    finished = true
    if (response === null) return
    final = response
    asArray(response['output']).forEach((item, index) => {
      if (items.get(index)?.isJudged !== true) emitItem(index, item)
    })
  }

  return {
    push: ({ event, data: value }) => {
      const data = asRecord(value)
      if (data === null) return
      const type = asString(data['type']) ?? event ?? ''
      sequence = asNumber(data['sequence_number']) ?? sequence
      const isWhole = type.endsWith('.done')
      const growth = isWhole || type.endsWith('.delta') ? GROWTHS.get(type.slice(0, type.lastIndexOf('.'))) : undefined
      if (growth !== undefined) return pushGrowth(data, growth, isWhole)
      switch (type) {
        case 'response.created':
        case 'response.queued':
        case 'response.in_progress':
          head = asRecord(data['response']) ?? head
          return
        case 'response.output_item.added':
          return pushItem(data, false)
        case 'response.output_item.done':
          return pushItem(data, true)
        case 'response.completed':
        case 'response.incomplete':
        case 'response.failed':
          return pushFinal(asRecord(data['response']))
        case 'error':
          error = asRecord(data['error']) ?? { code: data['code'], message: data['message'], param: data['param'] }
          return
        default:
      }
    },
    hasContent: () => content,
    isComplete: () => finished,
    body: () => {
      const base = final ?? head
      if (base === null && items.size === 0 && error === null) return null
      // Some servers end with an empty `output`, having sent all items before.
      const isWhole = final !== null && (asArray(final['output']).length > 0 || items.size === 0)
      return {
        ...(base ?? { object: 'response' }),
        ...(isWhole ? {} : { output: [...items].sort(([a], [b]) => a - b).map(([, state]) => itemOf(state)) }),
        ...(error === null ? {} : { error }),
      }
    },
    stop: () => {
      // Without output: what of it the caller has seen is known to the caller alone, and the rest was held back.
      const ending = { status: 'incomplete', incomplete_details: { reason: 'content_filter' }, output: [] }
      const bare = { id: firstText(head?.['id']) ?? '', object: 'response', created_at: 0, model: '', ...ending }
      const event = { type: 'response.incomplete', sequence_number: sequence + 1 }
      const data =
        jsonText({ ...event, response: { ...bare, ...head, ...ending } }) ?? JSON.stringify({ ...event, response: bare })
      return utf8(`event: response.incomplete\ndata: ${data}\n\n`)
    },
  }
}

/** What an item begins as, for a stream that adds to one it never announced. */
function emptyItem(type: string): JsonRecord {
  if (type === 'message') return { type, role: 'assistant', content: [] }
  return type === 'reasoning' ? { type, summary: [] } : { type }
}

/** The item with all that grew since it was sent. */
function itemOf(state: ItemState): JsonRecord {
  let item = state.item
  for (const grown of state.grown.values()) item = grow(item, grown)
  return item
}

function grow(item: JsonRecord, { growth, index, text }: Grown): JsonRecord {
  const { place, field, part: type } = growth
  if (place === 'field') return { ...item, [field]: text }
  if (place === 'diff') return { ...item, operation: { ...asRecord(item['operation']), diff: text } }
  if (place === 'commands') {
    const action = asRecord(item['action'])
    return { ...item, action: { ...action, commands: withElement(asArray(action?.['commands']), index, '', text) } }
  }
  const parts = asArray(item[place])
  const part = { ...(asRecord(parts[index]) ?? { type }), [field]: text }
  return { ...item, [place]: withElement(parts, index, { type, [field]: '' }, part) }
}

/** A copy with one element set; `filler` takes the places before it that nobody sent. */
function withElement(elements: readonly Json[], index: number, filler: Json, element: Json): readonly Json[] {
  return Array.from({ length: Math.max(elements.length, index + 1) }, (_, i) =>
    i === index ? element : (elements[i] ?? filler),
  )
}
