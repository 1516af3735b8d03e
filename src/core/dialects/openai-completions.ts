/**
 * OpenAI's older text completions (`/v1/completions`), also as spoken by vLLM, DeepSeek (fill in the middle) and others.
 * Format: https://platform.openai.com/docs/api-reference/completions
 */
import { asArray, asNumber, asRecord, asString, type Json, type JsonRecord } from '../domain/json.ts'
import { createCollector, errorOf, parametersOf, type Collector } from './collector.ts'
import { utf8, type AnswerView, type Assembler, type Delta, type Dialect, type RequestView } from './dialect.ts'
import { answerCount, firstText, indexIn, inspectBody, tokenCap } from './fields.ts'
import { renderOpenAiError } from './openai-error.ts'

const OMIT: ReadonlySet<string> = new Set(['model', 'prompt', 'suffix', 'stream', 'user'])

// An index is the upstream's word: without a bound, one odd number would fill the memory. Choices count per prompt.
const CHOICES_MAX = 4096

export const openaiCompletions: Dialect = {
  name: 'openai-completions',
  readRequest: readCompletionsRequest,
  readAnswer: readCompletionsAnswer,
  assemble: assembleCompletions,
  renderError: renderOpenAiError,
}

function readCompletionsRequest(body: Json | undefined): RequestView {
  const record = asRecord(body) ?? {}
  return {
    operation: 'text_completion',
    model: asString(record['model']),
    isStreaming: record['stream'] === true,
    maxOutputTokens: tokenCap(record['max_tokens']),
    // `best_of` answers are written and billed, though only `n` come back; each prompt of a list has its own.
    choiceCount: promptCount(record['prompt']) * Math.max(answerCount(record['n']), answerCount(record['best_of'])),
    userId: firstText(record['user']),
    parameters: parametersOf(record, OMIT),
    inspect: () =>
      inspectBody(body, (collector, { prompt, suffix }) => {
        readTexts(collector, prompt, '/prompt')
        if (typeof suffix === 'string') collector.add('user', '/suffix', suffix)
      }),
  }
}

function promptCount(prompt: Json): number {
  const prompts = asArray(prompt)
  return isTokens(prompts) ? 1 : prompts.length
}

/** A list of numbers is one text as token ids (and so is an empty list). */
function isTokens(values: readonly Json[]): boolean {
  return values.every((value) => typeof value === 'number')
}

/** A text, a list of texts, or token ids in place of either; token ids are not read. */
export function readTexts(collector: Collector, value: Json, pointer: string): void {
  if (typeof value === 'string') return collector.add('user', pointer, value)
  if (value === undefined || value === null) return
  if (!Array.isArray(value)) return collector.skip(pointer, 'unknown content')
  const values = asArray(value)
  if (isTokens(values)) {
    if (values.length > 0) collector.skip(pointer, 'tokens')
    return
  }
  values.forEach((element, i) => {
    const at = `${pointer}/${i}`
    const part = asRecord(element)
    if (typeof element === 'string') collector.add('user', at, element)
    else if (Array.isArray(element)) collector.skip(at, 'tokens')
    else if (typeof part?.['text'] === 'string') collector.add('user', `${at}/text`, part['text'])
    else collector.skip(at, asString(part?.['type']) ?? 'unknown part')
  })
}

function readCompletionsAnswer(body: JsonRecord): AnswerView {
  const collector = createCollector()
  let finishReason: string | null = null
  asArray(body['choices']).forEach((value, i) => {
    const choice = asRecord(value)
    finishReason ??= asString(choice?.['finish_reason'])
    collector.add('assistant', `/choices/${i}/text`, asString(choice?.['text']) ?? '')
  })
  return {
    model: asString(body['model']),
    segments: collector.done().segments,
    toolCalls: [],
    finishReason,
    error: errorOf(body),
  }
}

type ChoiceState = { text: string; finishReason: Json }

function assembleCompletions(onDelta: ((delta: Delta) => void) | null): Assembler {
  const head: { [key: string]: Json } = {}
  const choices = new Map<number, ChoiceState>()
  let usage: Json = null
  let error: Json = null
  let seen = false
  let content = false

  function pushChoice(value: Json): void {
    const record = asRecord(value)
    const index = indexIn(record?.['index'] ?? 0, CHOICES_MAX)
    if (record === null || index === null) return
    const choice = choices.get(index) ?? { text: '', finishReason: null }
    choices.set(index, choice)
    const text = asString(record['text']) ?? ''
    choice.text += text
    choice.finishReason = record['finish_reason'] ?? choice.finishReason
    if (text === '') return
    content = true
    onDelta?.({ kind: 'text', channel: `${index}/text`, text })
  }

  return {
    push: ({ data }) => {
      const record = asRecord(data)
      if (record === null) return
      seen = true
      for (const key of ['id', 'created', 'model', 'system_fingerprint']) head[key] ??= record[key]
      asArray(record['choices']).forEach(pushChoice)
      usage = record['usage'] ?? usage
      error = record['error'] ?? error
    },
    hasContent: () => content,
    isComplete: () => choices.size > 0 && [...choices.values()].every((choice) => choice.finishReason !== null),
    body: () =>
      seen
        ? {
            ...head,
            object: 'text_completion',
            choices: [...choices]
              .sort(([a], [b]) => a - b)
              .map(([index, choice]) => ({ index, text: choice.text, finish_reason: choice.finishReason })),
            ...(usage === null ? {} : { usage }),
            ...(error === null ? {} : { error }),
          }
        : null,
    stop: () => {
      const open = [...choices].filter(([, choice]) => choice.finishReason === null).map(([index]) => index)
      const chunk = {
        id: asString(head['id']) ?? '',
        object: 'text_completion',
        created: asNumber(head['created']) ?? 0,
        model: asString(head['model']) ?? '',
        choices: (open.length > 0 ? open : [0]).map((index) => ({
          index,
          text: '',
          logprobs: null,
          finish_reason: 'content_filter',
        })),
      }
      return utf8(`data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`)
    },
  }
}
