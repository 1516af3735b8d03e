/** A streamed Chat Completions answer (`chat.completion.chunk`), put together as the unstreamed one. */
import { asArray, asNumber, asRecord, asString, type Json, type JsonRecord } from '../domain/json.ts'
import { utf8, type Assembler, type Delta } from './dialect.ts'
import { firstText, indexIn, jsonText } from './fields.ts'

/** OpenRouter, Groq and vLLM say `reasoning`, DeepSeek, xAI and others `reasoning_content`; some send both. */
export const REASONING_FIELDS = ['reasoning_content', 'reasoning'] as const
type ReasoningField = (typeof REASONING_FIELDS)[number]

// An index is the upstream's word: without a bound, one odd number would fill the memory.
const CHOICES_MAX = 128
const TOOL_CALLS_MAX = 1024

type CallState = { id: string | null; type: string; name: string; arguments: string }
type ChoiceState = {
  role: string
  text: string
  hasText: boolean
  /** Only where the provider streams part arrays (Mistral): text and thinking in their order. */
  parts: { type: 'text' | 'thinking'; text: string }[] | null
  reasoning: string
  reasoningField: ReasoningField
  refusal: string
  audio: { id: string | null; transcript: string } | null
  calls: CallState[]
  /** Place in `calls` of the call that an index means now. */
  readonly callAt: Map<number, number>
  functionCall: { name: string; arguments: string } | null
  finishReason: Json
}

const HEAD_FIELDS = ['id', 'created', 'model', 'system_fingerprint'] as const

export function assembleChat(onDelta: ((delta: Delta) => void) | null): Assembler {
  const head: { [key: string]: Json } = {}
  const choices: ChoiceState[] = []
  let usage: Json = null
  let error: Json = null
  let seen = false
  let content = false

  function emit(kind: Delta['kind'], channel: string, text: string): void {
    if (text === '') return
    content = true
    onDelta?.({ kind, channel, text })
  }

  function choiceAt(index: number): ChoiceState {
    while (choices.length <= index) {
      choices.push({
        role: 'assistant',
        text: '',
        hasText: false,
        parts: null,
        reasoning: '',
        reasoningField: REASONING_FIELDS[0],
        refusal: '',
        audio: null,
        calls: [],
        callAt: new Map(),
        functionCall: null,
        finishReason: null,
      })
    }
    return choices[index] as ChoiceState
  }

  function pushContent(choice: ChoiceState, index: number, value: Json): void {
    if (typeof value === 'string') {
      choice.hasText = true
      return pushText(choice, index, value)
    }
    for (const item of asArray(value)) {
      const part = asRecord(item)
      choice.parts ??= choice.text === '' ? [] : [{ type: 'text', text: choice.text }]
      if (part?.['type'] === 'thinking') {
        const text = thinkingText(part['thinking'])
        appendPart(choice.parts, 'thinking', text)
        emit('reasoning', `${index}/reasoning`, text)
      } else pushText(choice, index, asString(part?.['text']) ?? '')
    }
  }

  function pushText(choice: ChoiceState, index: number, text: string): void {
    choice.text += text
    if (choice.parts !== null) appendPart(choice.parts, 'text', text)
    emit('text', `${index}/text`, text)
  }

  function pushReasoning(choice: ChoiceState, index: number, delta: JsonRecord): void {
    const field = REASONING_FIELDS.find((candidate) => firstText(delta[candidate]) !== null)
    if (field === undefined) return
    const text = asString(delta[field]) ?? ''
    choice.reasoningField = field
    choice.reasoning += text
    emit('reasoning', `${index}/reasoning`, text)
  }

  function pushToolCall(choice: ChoiceState, index: number, value: Json): void {
    const delta = asRecord(value)
    const target = asRecord(delta?.['function']) ?? asRecord(delta?.['custom'])
    if (delta === null || target === null) return
    const id = firstText(delta['id'])
    const name = asString(target['name']) ?? ''
    const at = callPlace(choice, asNumber(delta['index']), id, name)
    if (at === null) return
    const call = (choice.calls[at] ??= { id: null, type: 'function', name: '', arguments: '' })
    content = true
    if (asRecord(delta['custom']) !== null) call.type = 'custom'
    call.id ??= id
    // The name comes once; servers that repeat it in every chunk send the whole of it.
    if (call.name === '') call.name = name
    const text = argumentsText(target['arguments'] ?? target['input'])
    call.arguments += text
    emit('tool_call', `${index}/tool/${at}`, text)
  }

  function pushDelta(choice: ChoiceState, index: number, delta: JsonRecord): void {
    choice.role = firstText(delta['role']) ?? choice.role
    pushReasoning(choice, index, delta)
    pushContent(choice, index, delta['content'])
    const refusal = asString(delta['refusal']) ?? ''
    choice.refusal += refusal
    emit('text', `${index}/refusal`, refusal)
    const audio = asRecord(delta['audio'])
    if (audio !== null) {
      choice.audio ??= { id: null, transcript: '' }
      choice.audio.id ??= asString(audio['id'])
      const transcript = asString(audio['transcript']) ?? ''
      choice.audio.transcript += transcript
      emit('text', `${index}/audio`, transcript)
    }
    for (const call of asArray(delta['tool_calls'])) pushToolCall(choice, index, call)
    const legacy = asRecord(delta['function_call'])
    if (legacy !== null) {
      content = true
      choice.functionCall ??= { name: '', arguments: '' }
      choice.functionCall.name ||= asString(legacy['name']) ?? ''
      const text = argumentsText(legacy['arguments'])
      choice.functionCall.arguments += text
      emit('tool_call', `${index}/function`, text)
    }
  }

  function pushChoice(value: Json): void {
    const record = asRecord(value)
    const index = indexIn(record?.['index'] ?? 0, CHOICES_MAX)
    if (record === null || index === null) return
    const choice = choiceAt(index)
    const delta = asRecord(record['delta']) ?? asRecord(record['message'])
    if (delta !== null) pushDelta(choice, index, delta)
    choice.finishReason = record['finish_reason'] ?? choice.finishReason
    // Moonshot reports it here.
    usage = record['usage'] ?? usage
  }

  return {
    push: ({ data }) => {
      const record = asRecord(data)
      if (record === null) return
      seen = true
      // Azure's first chunk has an empty model.
      for (const field of HEAD_FIELDS) head[field] ||= record[field]
      // The tier may come late.
      if (record['service_tier']) head['service_tier'] = record['service_tier']
      asArray(record['choices']).forEach(pushChoice)
      usage = record['usage'] ?? asRecord(record['x_groq'])?.['usage'] ?? usage
      error = record['error'] ?? error
    },
    hasContent: () => content,
    isComplete: () => choices.length > 0 && choices.every((choice) => choice.finishReason !== null),
    body: () =>
      seen
        ? {
            ...head,
            object: 'chat.completion',
            choices: choices.map((choice, index) => ({
              index,
              message: messageOf(choice),
              finish_reason: choice.finishReason,
            })),
            ...(usage === null ? {} : { usage }),
            ...(error === null ? {} : { error }),
          }
        : null,
    stop: () => {
      const open = choices.flatMap((choice, index) => (choice.finishReason === null ? [index] : []))
      const chunk = {
        id: asString(head['id']) ?? '',
        object: 'chat.completion.chunk',
        created: asNumber(head['created']) ?? 0,
        model: asString(head['model']) ?? '',
        choices: (open.length > 0 ? open : [0]).map((index) => ({ index, delta: {}, finish_reason: 'content_filter' })),
      }
      return utf8(`data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`)
    },
  }
}

/**
 * Where a tool call of a chunk belongs. Without an index it is the call of its id, else the last one. With one it is that index's
 * call, unless a new id comes with a new name: some servers give index 0 to every parallel call. Null past the bound.
 */
function callPlace(choice: ChoiceState, index: number | null, id: string | null, name: string): number | null {
  const { calls, callAt } = choice
  if (index === null) {
    const known = id === null ? Math.max(0, calls.length - 1) : calls.findIndex((call) => call.id === id)
    return bounded(known === -1 ? calls.length : known)
  }
  const at = callAt.get(index) ?? -1
  const call = calls[at]
  const isNew = call === undefined || (call.id !== null && id !== null && id !== call.id && name !== '')
  if (!isNew) return at
  const place = bounded(calls.length)
  if (place !== null) callAt.set(index, place)
  return place
}

function bounded(place: number): number | null {
  return place < TOOL_CALLS_MAX ? place : null
}

/** Some servers send the arguments as an object instead of JSON text. */
function argumentsText(value: Json): string {
  if (typeof value === 'string') return value
  return value === null ? '' : (jsonText(value) ?? '')
}

/** Mistral: text parts. */
function thinkingText(value: Json): string {
  if (typeof value === 'string') return value
  return asArray(value)
    .map((part) => asString(asRecord(part)?.['text']) ?? '')
    .join('')
}

function appendPart(parts: { type: 'text' | 'thinking'; text: string }[], type: 'text' | 'thinking', text: string): void {
  const last = parts.at(-1)
  if (text === '') return
  if (last?.type === type) last.text += text
  else parts.push({ type, text })
}

function messageOf(choice: ChoiceState): JsonRecord {
  const message: { [key: string]: Json } = { role: choice.role, content: contentOf(choice) }
  if (choice.reasoning !== '') message[choice.reasoningField] = choice.reasoning
  if (choice.refusal !== '') message['refusal'] = choice.refusal
  if (choice.audio !== null) message['audio'] = choice.audio
  if (choice.functionCall !== null) message['function_call'] = choice.functionCall
  if (choice.calls.length > 0) {
    message['tool_calls'] = choice.calls.map((call) => ({
      id: call.id,
      type: call.type,
      ...(call.type === 'custom'
        ? { custom: { name: call.name, input: call.arguments } }
        : { function: { name: call.name, arguments: call.arguments } }),
    }))
  }
  return message
}

function contentOf(choice: ChoiceState): Json {
  if (choice.parts === null) return choice.hasText ? choice.text : null
  return choice.parts.map((part) =>
    part.type === 'text'
      ? { type: 'text', text: part.text }
      : { type: 'thinking', thinking: [{ type: 'text', text: part.text }] },
  )
}
