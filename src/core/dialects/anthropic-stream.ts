/** A streamed Messages answer, put together as the unstreamed one: content blocks from their deltas, usage from both its events. */
import { asArray, asNumber, asRecord, asString, parseJson, type Json, type JsonRecord } from '../domain/json.ts'
import { utf8, type Assembler, type Delta } from './dialect.ts'
import { indexIn, jsonText } from './fields.ts'

// An index is the upstream's word: without a bound, one odd number would fill the memory.
const BLOCKS_MAX = 4096

type BlockState = {
  /** As announced by `content_block_start`. */
  readonly start: JsonRecord
  /** What deltas added to the texts of the block, by field. */
  readonly texts: Map<'text' | 'thinking' | 'content', string>
  readonly citations: Json[]
  signature: string | null
  /** Pieces of the JSON of a tool's input. */
  input: string
  isOpen: boolean
}

export function assembleMessage(onDelta: ((delta: Delta) => void) | null): Assembler {
  const blocks = new Map<number, BlockState>()
  let message: JsonRecord | null = null
  let usage: JsonRecord | null = null
  let error: Json = null
  let content = false
  let finished = false

  function emit(kind: Delta['kind'], channel: string, text: string): void {
    if (text === '') return
    content = true
    onDelta?.({ kind, channel, text })
  }

  function startBlock(index: number, start: JsonRecord): BlockState {
    const known = blocks.get(index)
    if (known !== undefined) return known
    const state: BlockState = { start, texts: new Map(), citations: [], signature: null, input: '', isOpen: true }
    blocks.set(index, state)
    // Another model took over: the unstreamed answer names that one.
    const model = start['type'] === 'fallback' ? asString(asRecord(start['to'])?.['model']) : null
    if (model !== null) message = { ...(message ?? EMPTY_MESSAGE), model }
    if (asString(start['type'])?.endsWith('tool_use') === true) {
      content = true
      const input = asRecord(start['input'])
      if (input !== null && Object.keys(input).length > 0) emit('tool_call', `${index}/tool`, jsonText(input) ?? '')
    }
    emit('text', `${index}/text`, asString(start['text']) ?? '')
    emit('reasoning', `${index}/reasoning`, asString(start['thinking']) ?? '')
    return state
  }

  function pushDelta(index: number, delta: JsonRecord): void {
    const type = asString(delta['type'])
    if (type === 'text_delta') grow(index, 'text', 'text', delta['text'], { type: 'text', text: '' })
    else if (type === 'thinking_delta')
      grow(index, 'thinking', 'reasoning', delta['thinking'], { type: 'thinking', thinking: '' })
    else if (type === 'compaction_delta')
      grow(index, 'content', 'reasoning', delta['content'], { type: 'compaction', content: '' })
    else if (type === 'input_json_delta') {
      const text = asString(delta['partial_json']) ?? ''
      startBlock(index, { type: 'tool_use', id: null, name: '', input: {} }).input += text
      emit('tool_call', `${index}/tool`, text)
    } else if (type === 'signature_delta') {
      const state = blocks.get(index)
      if (state !== undefined) state.signature = asString(delta['signature'])
    } else if (type === 'citations_delta' && delta['citation'] !== undefined)
      blocks.get(index)?.citations.push(delta['citation'])
  }

  function grow(
    index: number,
    field: 'text' | 'thinking' | 'content',
    kind: Delta['kind'],
    value: Json,
    start: JsonRecord,
  ): void {
    const text = asString(value)
    if (text === null) return
    const { texts } = startBlock(index, start)
    texts.set(field, (texts.get(field) ?? '') + text)
    emit(kind, `${index}/${kind}`, text)
  }

  return {
    push: ({ event, data: value }) => {
      const data = asRecord(value)
      if (data === null) return
      const index = indexIn(data['index'], BLOCKS_MAX)
      switch (asString(data['type']) ?? event) {
        case 'message_start': {
          // Some servers send it twice: what came between stays.
          const started = asRecord(data['message'])
          if (started === null) return
          message = { ...message, ...started }
          usage = mergeUsage(usage, started['usage'])
          return
        }
        case 'content_block_start': {
          const block = asRecord(data['content_block'])
          if (block !== null && index !== null) startBlock(index, block)
          return
        }
        case 'content_block_delta': {
          const delta = asRecord(data['delta'])
          if (delta !== null && index !== null) pushDelta(index, delta)
          return
        }
        case 'content_block_stop': {
          const state = index === null ? undefined : blocks.get(index)
          if (state !== undefined) state.isOpen = false
          return
        }
        case 'message_delta': {
          const { type: _type, delta, usage: more, ...rest } = data
          message = { ...(message ?? EMPTY_MESSAGE), ...asRecord(delta), ...rest }
          usage = mergeUsage(usage, more)
          return
        }
        case 'message_stop':
          finished = true
          return
        case 'error':
          error = data['error'] ?? { type: 'error', message: null }
          return
        default:
      }
    },
    hasContent: () => content,
    isComplete: () => finished,
    body: () => {
      if (message === null && blocks.size === 0) return error === null ? null : { type: 'error', error }
      return {
        ...(message ?? EMPTY_MESSAGE),
        content: [...blocks].sort(([a], [b]) => a - b).map(([, state]) => blockOf(state)),
        ...(usage === null ? {} : { usage }),
        ...(error === null ? {} : { error }),
      }
    },
    stop: () => {
      const events: JsonRecord[] = []
      // Clients refuse an end without a beginning.
      if (message === null) events.push({ type: 'message_start', message: { ...EMPTY_MESSAGE, content: [], usage: NO_USAGE } })
      for (const [index, state] of blocks) if (state.isOpen) events.push({ type: 'content_block_stop', index })
      events.push({
        type: 'message_delta',
        delta: { stop_reason: 'refusal', stop_sequence: null },
        usage: { output_tokens: asNumber(usage?.['output_tokens']) ?? 0 },
      })
      events.push({ type: 'message_stop' })
      return utf8(events.map((event) => `event: ${String(event['type'])}\ndata: ${JSON.stringify(event)}\n\n`).join(''))
    },
  }
}

const EMPTY_MESSAGE: JsonRecord = {
  id: '',
  type: 'message',
  role: 'assistant',
  model: '',
  stop_reason: null,
  stop_sequence: null,
}
const NO_USAGE: JsonRecord = { input_tokens: 0, output_tokens: 0 }

/** The block as the unstreamed answer has it. */
function blockOf(state: BlockState): JsonRecord {
  const block: { [key: string]: Json } = { ...state.start }
  for (const [field, text] of state.texts) block[field] = (asString(block[field]) ?? '') + text
  if (state.signature !== null) block['signature'] = state.signature
  if (state.citations.length > 0) block['citations'] = [...asArray(block['citations']), ...state.citations]
  // A stream that broke off leaves half an object: then the text of it is shown as it is.
  if (state.input !== '') block['input'] = parseJson(state.input) ?? state.input
  return block
}

/** Counts of a later event are cumulative: they replace those before, and fields it leaves out stay. */
function mergeUsage(usage: JsonRecord | null, value: Json): JsonRecord | null {
  const more = asRecord(value)
  if (more === null) return usage
  const merged: { [key: string]: Json } = { ...usage }
  for (const [key, count] of Object.entries(more)) if (count !== null) merged[key] = count
  const detail = asRecord(merged['cache_creation'])
  if (detail !== null && asRecord(more['cache_creation']) === null) {
    merged['cache_creation'] = raiseDetail(detail, asNumber(merged['cache_creation_input_tokens']))
  }
  return merged
}

/**
 * The last event raises the total of written cache tokens without their split by lifetime. Where all went into one class so far,
 * the rest did too; else the split stays as it was reported.
 */
function raiseDetail(detail: JsonRecord, total: number | null): JsonRecord {
  const used = Object.keys(detail).filter((key) => (asNumber(detail[key]) ?? 0) > 0)
  const [only] = used
  return total === null || only === undefined || used.length > 1 ? detail : { ...detail, [only]: total }
}
