/**
 * Anything that no other dialect reads: moderations, images, audio, files, batches … It knows a few fields by name and never
 * fails. What it does not know it passes over, and says so.
 */
import { asArray, asRecord, asString, type Json, type JsonRecord } from '../domain/json.ts'
import type { Operation } from '../domain/span.ts'
import { createCollector, errorOf, parametersOf } from './collector.ts'
import {
  utf8,
  type AnswerView,
  type Assembler,
  type Delta,
  type Dialect,
  type RequestTarget,
  type RequestView,
} from './dialect.ts'
import { answerCount, firstText, inspectBody } from './fields.ts'
import { readTexts } from './openai-completions.ts'
import { renderOpenAiError } from './openai-error.ts'

const OPERATIONS: readonly (readonly [path: RegExp, operation: Operation])[] = [
  [/\/moderations$/, 'moderation'],
  [/\/images\//, 'image'],
  [/\/audio\//, 'audio'],
]

const OMIT: ReadonlySet<string> = new Set(['model', 'stream', 'user', 'input', 'prompt', 'instructions'])

export const opaque: Dialect = {
  name: 'opaque',
  readRequest: readOpaqueRequest,
  readAnswer: readOpaqueAnswer,
  assemble: assembleOpaque,
  renderError: renderOpenAiError,
}

function readOpaqueRequest(body: Json | undefined, target: RequestTarget): RequestView {
  const record = asRecord(body) ?? {}
  const operation = OPERATIONS.find(([path]) => path.test(target.path))?.[1] ?? 'other'
  return {
    operation,
    model: asString(record['model']),
    isStreaming: record['stream'] === true,
    maxOutputTokens: null,
    choiceCount: answerCount(record['n']),
    userId: firstText(record['user']),
    // Of an unknown format, any field may hold a text or a secret.
    parameters: operation === 'other' ? {} : parametersOf(record, OMIT),
    inspect: () =>
      inspectBody(body, (collector, { instructions, prompt, input }) => {
        if (typeof instructions === 'string') collector.add('system', '/instructions', instructions)
        readTexts(collector, prompt, '/prompt')
        readTexts(collector, input, '/input')
        if (operation === 'other') collector.skip('', 'unknown format')
      }),
  }
}

/** A transcription's `text` and the prompts that an image model rewrote. */
function readOpaqueAnswer(body: JsonRecord): AnswerView {
  const collector = createCollector()
  collector.add('assistant', '/text', asString(body['text']) ?? '')
  asArray(body['data']).forEach((value, i) => {
    collector.add('assistant', `/data/${i}/revised_prompt`, asString(asRecord(value)?.['revised_prompt']) ?? '')
  })
  return {
    model: asString(body['model']),
    segments: collector.done().segments,
    toolCalls: [],
    finishReason: null,
    error: errorOf(body),
  }
}

/**
 * Of a stream in an unknown format, only what bills and explains it is kept: model, usage, error, and a transcription's text.
 * There is no end mark to miss, so it always counts as complete, and no way to end it in its own words.
 */
export function assembleOpaque(_onDelta: ((delta: Delta) => void) | null): Assembler {
  const kept: { [key: string]: Json } = {}
  let content = false
  return {
    push: ({ data }) => {
      const record = asRecord(data)
      if (record === null) return
      content = true
      for (const key of ['model', 'usage', 'error', 'text']) {
        const value = record[key]
        if (value !== undefined && value !== null) kept[key] = value
      }
    },
    hasContent: () => content,
    isComplete: () => true,
    body: () => (kept['usage'] === undefined && kept['error'] === undefined ? null : { ...kept }),
    stop: () => utf8(''),
  }
}
