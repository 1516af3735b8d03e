/**
 * OpenAI Chat Completions (`/v1/chat/completions`), also as spoken by Mistral, Groq, DeepSeek, xAI, OpenRouter, vLLM and others:
 * their additions (`reasoning_content`, content part arrays, `x_groq.usage`) are read too.
 * Format: https://platform.openai.com/docs/api-reference/chat
 */
import { asArray, asNumber, asRecord, asString, pointerToken, type Json, type JsonRecord } from '../domain/json.ts'
import type { Origin } from '../domain/segment.ts'
import { createCollector, errorOf, parametersOf, type Collector } from './collector.ts'
import { utf8, type AnswerView, type Assembler, type Delta, type Dialect, type RequestView, type ToolCall } from './dialect.ts'
import { renderOpenAiError } from './openai-error.ts'

const OMIT: ReadonlySet<string> = new Set(['model', 'messages', 'tools', 'functions', 'stream', 'user'])

// An index is the upstream's word: without a bound, one odd number would fill the memory.
const CHOICES_MAX = 128
const TOOL_CALLS_MAX = 1024

const ORIGIN_OF_ROLE: { readonly [role: string]: Origin } = {
  system: 'system',
  developer: 'system',
  user: 'user',
  assistant: 'assistant',
  tool: 'tool_result',
  function: 'tool_result',
}

export const openaiChat: Dialect = {
  name: 'openai-chat',
  readRequest: (body) => readChatRequest(asRecord(body) ?? {}),
  readAnswer: readChatAnswer,
  assemble: assembleChat,
  renderError: renderOpenAiError,
}

/** Also serves Azure OpenAI, whose model stands in the path. */
export function readChatRequest(body: JsonRecord): RequestView {
  return {
    operation: 'chat',
    model: asString(body['model']),
    isStreaming: body['stream'] === true,
    maxOutputTokens: asNumber(body['max_completion_tokens']) ?? asNumber(body['max_tokens']),
    choiceCount: asNumber(body['n']) ?? 1,
    userId: asString(body['user']),
    parameters: parametersOf(body, OMIT),
    inspect: () => {
      const collector = createCollector()
      asArray(body['messages']).forEach((message, i) => readMessage(collector, message, `/messages/${i}`))
      readTools(collector, body)
      return collector.done()
    },
  }
}

function readMessage(collector: Collector, value: Json, pointer: string): void {
  const message = asRecord(value)
  if (message === null) return collector.skip(pointer, 'not an object')
  const role = asString(message['role'])
  // A role of the future is treated as the least trusted one.
  const origin = ORIGIN_OF_ROLE[role ?? ''] ?? 'user'
  readContent(collector, origin, message['content'], `${pointer}/content`, asString(message['name']))
  const reasoning = asString(message['reasoning_content'])
  if (reasoning !== null) collector.add(origin, `${pointer}/reasoning_content`, reasoning, { kind: 'reasoning' })
  const refusal = asString(message['refusal'])
  if (refusal !== null) collector.add(origin, `${pointer}/refusal`, refusal, { kind: 'refusal' })
  asArray(message['tool_calls']).forEach((call, i) => readToolCall(collector, call, `${pointer}/tool_calls/${i}`))
  const legacy = asRecord(message['function_call'])
  if (legacy !== null) {
    collector.add('tool_call', `${pointer}/function_call/arguments`, asString(legacy['arguments']) ?? '', {
      name: asString(legacy['name']),
    })
  }
}

/** `content`: null, a string, or an array of parts. */
function readContent(collector: Collector, origin: Origin, content: Json, pointer: string, name: string | null): void {
  if (typeof content === 'string') return collector.add(origin, pointer, content, { name })
  if (content === null || content === undefined) return
  if (!Array.isArray(content)) return collector.skip(pointer, 'unknown content')
  asArray(content).forEach((value, i) => {
    const at = `${pointer}/${i}`
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
  asArray(value).forEach((part, i) => {
    const text = asString(asRecord(part)?.['text'])
    if (text === null) collector.skip(`${pointer}/${i}`, 'unknown part')
    else collector.add(origin, `${pointer}/${i}/text`, text, { kind: 'reasoning' })
  })
}

function readToolCall(collector: Collector, value: Json, pointer: string): ToolCall | null {
  const call = asRecord(value)
  const target = asRecord(call?.['function'])
  const custom = asRecord(call?.['custom'])
  const body = target ?? custom
  if (body === null) {
    collector.skip(pointer, 'unknown tool call')
    return null
  }
  const name = asString(body['name']) ?? ''
  const field = target !== null ? 'arguments' : 'input'
  const text = argumentsText(body[field])
  collector.add('tool_call', `${pointer}/${target !== null ? 'function' : 'custom'}/${field}`, text, { name })
  return { id: asString(call?.['id']), name, arguments: text, isServerSide: false }
}

/** Some servers send the arguments as an object instead of JSON text. */
function argumentsText(value: Json): string {
  if (typeof value === 'string') return value
  return value === undefined || value === null ? '' : JSON.stringify(value)
}

function readTools(collector: Collector, body: JsonRecord): void {
  asArray(body['tools']).forEach((value, i) => {
    const tool = asRecord(value)
    const kind = asString(tool?.['type']) ?? 'function'
    const definition = tool?.[kind] ?? value
    const pointer = tool?.[kind] === undefined ? `/tools/${i}` : `/tools/${i}/${pointerToken(kind)}`
    collector.addJson('tool_definition', pointer, definition, asString(asRecord(definition)?.['name']))
  })
  asArray(body['functions']).forEach((value, i) => {
    collector.addJson('tool_definition', `/functions/${i}`, value, asString(asRecord(value)?.['name']))
  })
}

export function readChatAnswer(body: JsonRecord): AnswerView {
  const collector = createCollector()
  const toolCalls: ToolCall[] = []
  let finishReason: string | null = null
  asArray(body['choices']).forEach((value, i) => {
    const choice = asRecord(value)
    const message = asRecord(choice?.['message'])
    const pointer = `/choices/${i}/message`
    finishReason ??= asString(choice?.['finish_reason'])
    if (message === null) return
    const reasoning = asString(message['reasoning_content']) ?? asString(message['reasoning'])
    if (reasoning !== null) {
      const field = typeof message['reasoning_content'] === 'string' ? 'reasoning_content' : 'reasoning'
      collector.add('assistant', `${pointer}/${field}`, reasoning, { kind: 'reasoning' })
    }
    readContent(collector, 'assistant', message['content'], `${pointer}/content`, null)
    const refusal = asString(message['refusal'])
    if (refusal !== null) collector.add('assistant', `${pointer}/refusal`, refusal, { kind: 'refusal' })
    asArray(message['tool_calls']).forEach((call, c) => {
      const read = readToolCall(collector, call, `${pointer}/tool_calls/${c}`)
      if (read !== null) toolCalls.push(read)
    })
    const legacy = asRecord(message['function_call'])
    if (legacy !== null) {
      const name = asString(legacy['name']) ?? ''
      const text = argumentsText(legacy['arguments'])
      collector.add('tool_call', `${pointer}/function_call/arguments`, text, { name })
      toolCalls.push({ id: null, name, arguments: text, isServerSide: false })
    }
  })
  return {
    model: asString(body['model']),
    segments: collector.done().segments,
    toolCalls,
    finishReason,
    error: errorOf(body),
  }
}

type CallState = { id: string | null; type: string; name: string; arguments: string }
type ChoiceState = {
  role: string
  text: string
  hasText: boolean
  /** Only where the provider streams part arrays (Mistral): text and thinking in their order. */
  parts: { type: 'text' | 'thinking'; text: string }[] | null
  reasoning: string
  refusal: string
  calls: CallState[]
  functionCall: { name: string; arguments: string } | null
  finishReason: Json
}

function assembleChat(onDelta: ((delta: Delta) => void) | null): Assembler {
  const head: { [key: string]: Json } = {}
  const choices: ChoiceState[] = []
  let usage: Json = null
  let error: Json = null
  let seen = false
  let content = false
  let finished = false

  function emit(kind: Delta['kind'], channel: string, text: string): void {
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
        refusal: '',
        calls: [],
        functionCall: null,
        finishReason: null,
      })
    }
    return choices[index] as ChoiceState
  }

  function pushContent(choice: ChoiceState, index: number, value: Json): void {
    if (typeof value === 'string') {
      choice.hasText = true
      if (value === '') return
      choice.text += value
      if (choice.parts !== null) appendPart(choice.parts, 'text', value)
      return emit('text', `${index}/text`, value)
    }
    for (const item of asArray(value)) {
      const part = asRecord(item)
      choice.parts ??= choice.text === '' ? [] : [{ type: 'text', text: choice.text }]
      if (part?.['type'] === 'thinking') {
        const text = asArray(part['thinking'])
          .map((inner) => asString(asRecord(inner)?.['text']) ?? '')
          .join('')
        appendPart(choice.parts, 'thinking', text)
        emit('reasoning', `${index}/reasoning`, text)
      } else {
        const text = asString(part?.['text']) ?? ''
        choice.text += text
        appendPart(choice.parts, 'text', text)
        emit('text', `${index}/text`, text)
      }
    }
  }

  function pushToolCall(choice: ChoiceState, index: number, value: Json): void {
    const delta = asRecord(value)
    if (delta === null) return
    const id = asString(delta['id'])
    const at = asNumber(delta['index']) ?? positionOf(choice.calls, id)
    if (!Number.isInteger(at) || at < 0 || at >= TOOL_CALLS_MAX) return
    while (choice.calls.length <= at) choice.calls.push({ id: null, type: 'function', name: '', arguments: '' })
    const call = choice.calls[at] as CallState
    const target = asRecord(delta['function']) ?? asRecord(delta['custom'])
    if (delta['custom'] !== undefined) call.type = 'custom'
    call.id ??= id
    // The name comes once; servers that repeat it in every chunk send the whole of it.
    if (call.name === '') call.name = asString(target?.['name']) ?? ''
    const text = argumentsText(target?.['arguments'] ?? target?.['input'])
    call.arguments += text
    emit('tool_call', `${index}/tool/${at}`, text)
  }

  function pushChoice(value: Json): void {
    const record = asRecord(value)
    if (record === null) return
    const index = asNumber(record['index']) ?? 0
    if (!Number.isInteger(index) || index < 0 || index >= CHOICES_MAX) return
    const choice = choiceAt(index)
    const delta = asRecord(record['delta']) ?? asRecord(record['message'])
    if (delta !== null) {
      const role = delta['role']
      if (typeof role === 'string' && role !== '') choice.role = role
      const text = delta['content']
      if (text !== undefined && text !== null) pushContent(choice, index, text)
      const reasoning = delta['reasoning_content'] ?? delta['reasoning']
      if (typeof reasoning === 'string' && reasoning !== '') {
        choice.reasoning += reasoning
        emit('reasoning', `${index}/reasoning`, reasoning)
      }
      const refusal = delta['refusal']
      if (typeof refusal === 'string' && refusal !== '') {
        choice.refusal += refusal
        emit('text', `${index}/refusal`, refusal)
      }
      const calls = delta['tool_calls']
      if (Array.isArray(calls)) for (const call of calls) pushToolCall(choice, index, call)
      const legacy = asRecord(delta['function_call'])
      if (legacy !== null) {
        choice.functionCall ??= { name: '', arguments: '' }
        choice.functionCall.name ||= asString(legacy['name']) ?? ''
        const text = argumentsText(legacy['arguments'])
        choice.functionCall.arguments += text
        emit('tool_call', `${index}/function`, text)
      }
    }
    const reason = record['finish_reason']
    if (reason !== undefined && reason !== null) {
      choice.finishReason = reason
      finished = true
    }
  }

  return {
    push: ({ data }) => {
      const record = asRecord(data)
      if (record === null) return
      if (!seen) {
        seen = true
        for (const key of ['id', 'created', 'model', 'system_fingerprint']) {
          if (record[key] !== undefined) head[key] = record[key]
        }
      }
      // Azure's first chunk has an empty model; the tier may come late.
      if (!head['model'] && record['model']) head['model'] = record['model']
      if (record['service_tier']) head['service_tier'] = record['service_tier']
      const values = record['choices']
      if (Array.isArray(values)) for (const value of values) pushChoice(value)
      usage = record['usage'] ?? asRecord(record['x_groq'])?.['usage'] ?? usage
      if (record['error']) error = record['error']
    },
    hasContent: () => content,
    isComplete: () => finished,
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
      const chunk = {
        id: head['id'] ?? '',
        object: 'chat.completion.chunk',
        created: head['created'] ?? 0,
        model: head['model'] ?? '',
        choices: [{ index: 0, delta: {}, finish_reason: 'content_filter' }],
      }
      return utf8(`data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`)
    },
  }
}

function appendPart(parts: { type: 'text' | 'thinking'; text: string }[], type: 'text' | 'thinking', text: string): void {
  const last = parts.at(-1)
  if (last?.type === type) last.text += text
  else parts.push({ type, text })
}

/** A tool call without an index belongs to the call of its id, else it is the next one. */
function positionOf(calls: readonly CallState[], id: string | null): number {
  if (id === null) return Math.max(0, calls.length - 1)
  const known = calls.findIndex((call) => call.id === id)
  return known === -1 ? calls.length : known
}

function messageOf(choice: ChoiceState): JsonRecord {
  const message: { [key: string]: Json } = { role: choice.role, content: contentOf(choice) }
  if (choice.reasoning !== '') message['reasoning_content'] = choice.reasoning
  if (choice.refusal !== '') message['refusal'] = choice.refusal
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
