/**
 * OpenAI Responses (`/v1/responses`), also as spoken by Azure, xAI and others.
 * Format: https://platform.openai.com/docs/api-reference/responses
 */
import { asArray, asRecord, asString, pointerToken, type Json, type JsonRecord } from '../domain/json.ts'
import { createCollector, errorOf, parametersOf, type Collector } from './collector.ts'
import type { AnswerView, Dialect, RequestView, ToolCall } from './dialect.ts'
import { eachElement, firstText, inspectBody, tokenCap } from './fields.ts'
import { renderOpenAiError } from './openai-error.ts'
import { readItem, readTool, type ItemReader } from './openai-responses-items.ts'
import { assembleResponse } from './openai-responses-stream.ts'

const OMIT: ReadonlySet<string> = new Set([
  'model',
  'input',
  'instructions',
  'prompt',
  'tools',
  'stream',
  'user',
  'safety_identifier',
])

const TERMINAL_STATUSES: ReadonlySet<Json> = new Set(['completed', 'incomplete', 'failed', 'cancelled'])

export const openaiResponses: Dialect = {
  name: 'openai-responses',
  readRequest: readResponsesRequest,
  readAnswer: readResponsesAnswer,
  assemble: assembleResponse,
  renderError: renderOpenAiError,
}

function readResponsesRequest(body: Json | undefined): RequestView {
  const record = asRecord(body) ?? {}
  return {
    operation: 'chat',
    model: asString(record['model']),
    isStreaming: record['stream'] === true,
    maxOutputTokens: tokenCap(record['max_output_tokens']),
    choiceCount: 1,
    userId: firstText(record['user'], record['safety_identifier']),
    parameters: parametersOf(record, OMIT),
    inspect: () => inspectBody(body, inspectRequest),
  }
}

function inspectRequest(collector: Collector, body: JsonRecord): void {
  const reader: ItemReader = { collector, names: new Map() }
  const instructions = body['instructions']
  if (typeof instructions === 'string') collector.add('system', '/instructions', instructions)
  else eachElement(collector, instructions, '/instructions', (item, at) => readItem(reader, item, at, 'system'))
  readPromptVariables(reader, asRecord(body['prompt'])?.['variables'])
  const input = body['input']
  if (typeof input === 'string') collector.add('user', '/input', input)
  else eachElement(collector, input, '/input', (item, at) => readItem(reader, item, at, 'user'))
  eachElement(collector, body['tools'], '/tools', (tool, at) => readTool(collector, tool, at))
}

/** A stored prompt's text is the provider's; what the caller fills in stands here. */
function readPromptVariables(reader: ItemReader, value: Json): void {
  for (const [key, variable] of Object.entries(asRecord(value) ?? {})) {
    const pointer = `/prompt/variables/${pointerToken(key)}`
    const part = asRecord(variable)
    if (typeof variable === 'string') reader.collector.add('user', pointer, variable)
    else if (typeof part?.['text'] === 'string') reader.collector.add('user', `${pointer}/text`, part['text'])
    else reader.collector.skip(pointer, asString(part?.['type']) ?? 'unknown part')
  }
}

function readResponsesAnswer(body: JsonRecord): AnswerView {
  const collector = createCollector()
  const reader: ItemReader = { collector, names: new Map() }
  const toolCalls: ToolCall[] = []
  asArray(body['output']).forEach((item, i) => {
    const call = readItem(reader, item, `/output/${i}`, 'assistant')
    if (call !== null) toolCalls.push(call)
  })
  return {
    model: asString(body['model']),
    segments: collector.done().segments,
    toolCalls,
    finishReason: finishReasonOf(body),
    error: readError(body),
  }
}

/** Null while the answer is not finished (a background response, a stream that broke off). */
function finishReasonOf(body: JsonRecord): string | null {
  const status = asString(body['status'])
  if (!TERMINAL_STATUSES.has(status)) return null
  return status === 'incomplete' ? (asString(asRecord(body['incomplete_details'])?.['reason']) ?? status) : status
}

/** A failed response names its error by `code`; an HTTP error has a `type` as well. */
function readError(body: JsonRecord): AnswerView['error'] {
  const error = errorOf(body)
  return error === null ? null : { ...error, type: error.type ?? asString(asRecord(body['error'])?.['code']) }
}
