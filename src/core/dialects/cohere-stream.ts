/** Puts a Cohere chat stream together: v2 events by their `type`, v1 lines by their `event_type`. */
import { asArray, asNumber, asRecord, asString, type Json, type JsonRecord } from '../domain/json.ts'
import { utf8, type Assembler, type Delta, type StreamEvent } from './dialect.ts'
import { jsonText } from './fields.ts'

// An index is the upstream's word: without a bound, one odd number would fill the memory.
const PARTS_MAX = 1024

type PartState = { type: string; field: 'text' | 'thinking'; text: string }
type CallState = { fields: JsonRecord; name: string; arguments: string }

export function assembleCohere(onDelta: ((delta: Delta) => void) | null): Assembler {
  const parts: PartState[] = []
  const calls: CallState[] = []
  const citations: Json[] = []
  let fields: JsonRecord = {}
  let role: Json = 'assistant'
  let plan = ''
  let older: OlderState | null = null
  let isNdjson = false
  let seen = false
  let content = false
  let finished = false

  function emit(kind: Delta['kind'], channel: string, text: string): void {
    if (text === '' && kind !== 'tool_call') return
    content = true
    if (text !== '') onDelta?.({ kind, channel, text })
  }

  function pushContent(index: number, value: JsonRecord): void {
    while (parts.length <= index) parts.push({ type: 'text', field: 'text', text: '' })
    const part = parts[index] as PartState
    const type = asString(value['type'])
    if (type !== null) {
      part.type = type
      part.field = type === 'thinking' ? 'thinking' : 'text'
    }
    const thought = asString(value['thinking'])
    const text = asString(value['text'])
    if (thought !== null && thought !== '') {
      // The start of the part was lost.
      if (part.text === '') Object.assign(part, { type: 'thinking', field: 'thinking' })
      part.text += thought
      emit('reasoning', `${index}/reasoning`, thought)
    }
    if (text !== null) {
      part.text += text
      emit('text', `${index}/text`, text)
    }
  }

  function pushCall(index: number, value: JsonRecord): void {
    while (calls.length <= index) calls.push({ fields: {}, name: '', arguments: '' })
    const call = calls[index] as CallState
    const { function: target, ...rest } = value
    call.fields = { ...call.fields, ...rest }
    const inner = asRecord(target)
    call.name ||= asString(inner?.['name']) ?? ''
    const text = asString(inner?.['arguments']) ?? ''
    call.arguments += text
    emit('tool_call', `tool/${index}`, text)
  }

  /** Any event may carry any part of a message: what is there is read, whatever its type. */
  function pushMessage(event: JsonRecord, message: JsonRecord): void {
    const index = asNumber(event['index']) ?? 0
    const isIndex = Number.isInteger(index) && index >= 0 && index < PARTS_MAX
    if (typeof message['role'] === 'string') role = message['role']
    const thought = asString(message['tool_plan'])
    if (thought !== null) {
      plan += thought
      emit('reasoning', 'plan', thought)
    }
    const part = asRecord(message['content'])
    if (part !== null && isIndex) pushContent(index, part)
    const call = asRecord(message['tool_calls'])
    if (call !== null && isIndex) pushCall(index, call)
    // The first event has empty arrays in these places.
    const citation = asRecord(message['citations'])
    if (citation !== null) citations.push(citation)
  }

  function pushEvent(event: JsonRecord): void {
    if (typeof event['id'] === 'string') fields = { ...fields, id: event['id'] }
    const delta = asRecord(event['delta'])
    const message = asRecord(delta?.['message'])
    if (message !== null) pushMessage(event, message)
    if (event['type'] === 'message-end') {
      finished = true
      const { message: _message, ...rest } = delta ?? {}
      fields = { ...fields, ...rest }
    }
    // A failure in mid-stream: `{"message": "…"}` alone, or an error object.
    if (event['error'] !== undefined) fields = { ...fields, error: event['error'] }
    else if (typeof event['message'] === 'string') fields = { ...fields, error: { message: event['message'] } }
  }

  return {
    push: ({ event, data }: StreamEvent) => {
      const record = asRecord(data)
      if (record === null) return
      seen = true
      const isOlder = typeof record['event_type'] === 'string' || typeof record['is_finished'] === 'boolean'
      if (!isOlder && older === null) return pushEvent(record)
      isNdjson = event === null
      older ??= { fields: {}, text: '', calls: [], hasPieces: false, whole: null }
      if (pushOlder(older, record, emit)) finished = true
    },
    hasContent: () => content,
    isComplete: () => finished,
    body: () => {
      if (!seen) return null
      if (older !== null) return olderBodyOf(older)
      const { id, ...rest } = fields
      const isEmpty = parts.length === 0 && calls.length === 0 && plan === ''
      const message = {
        role,
        ...(plan === '' ? {} : { tool_plan: plan }),
        ...(calls.length === 0 ? {} : { tool_calls: calls.map(callOf) }),
        ...(parts.length === 0 ? {} : { content: parts.map(({ type, field, text }) => ({ type, [field]: text })) }),
        ...(citations.length === 0 ? {} : { citations }),
      }
      return { ...(id === undefined ? {} : { id }), ...(isEmpty && !finished ? {} : { message }), ...rest }
    },
    stop: () => {
      if (older !== null) {
        const line = JSON.stringify({
          is_finished: true,
          event_type: 'stream-end',
          finish_reason: 'ERROR_TOXIC',
          response: { text: older.text, finish_reason: 'ERROR_TOXIC' },
        })
        return utf8(isNdjson ? `${line}\n` : `event: stream-end\ndata: ${line}\n\n`)
      }
      const end = { type: 'message-end', delta: { finish_reason: 'ERROR', error: 'stopped by policy' } }
      return utf8(`event: message-end\ndata: ${JSON.stringify(end)}\n\ndata: [DONE]\n\n`)
    },
  }
}

function callOf({ fields, name, arguments: text }: CallState): JsonRecord {
  return { ...fields, function: { name, arguments: text } }
}

type Emit = (kind: Delta['kind'], channel: string, text: string) => void
type OlderState = {
  fields: JsonRecord
  text: string
  calls: readonly Json[]
  hasPieces: boolean
  whole: JsonRecord | null
}

/** One line of a v1 stream. True at its end, whose `response` is the unstreamed body. */
function pushOlder(state: OlderState, record: JsonRecord, emit: Emit): boolean {
  const kind = record['event_type']
  for (const key of ['generation_id', 'response_id', 'finish_reason', 'error']) {
    if (record[key] !== undefined) state.fields = { ...state.fields, [key]: record[key] }
  }
  const text = asString(record['text'])
  // With the calls, the plan comes once more as a whole.
  if (text !== null && (kind !== 'tool-calls-generation' || state.text === '')) {
    state.text += text
    emit('text', 'text', text)
  }
  const piece = asRecord(record['tool_call_delta'])
  if (piece !== null) {
    state.hasPieces = true
    emit('tool_call', `tool/${asNumber(piece['index']) ?? 0}`, asString(piece['parameters']) ?? '')
  }
  const calls = asArray(record['tool_calls'])
  if (calls.length > 0) {
    state.calls = calls
    if (!state.hasPieces) {
      calls.forEach((call, i) => emit('tool_call', `tool/${i}`, jsonText(asRecord(call)?.['parameters']) ?? ''))
    }
  }
  state.whole = asRecord(record['response']) ?? state.whole
  return record['is_finished'] === true || kind === 'stream-end'
}

function olderBodyOf({ fields, text, calls, whole }: OlderState): JsonRecord {
  const isTold = whole !== null && (whole['text'] !== undefined || whole['generations'] !== undefined)
  return {
    ...fields,
    ...(isTold ? {} : { text }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
    ...whole,
  }
}
