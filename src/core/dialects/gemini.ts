/**
 * Gemini (`…/models/{model}:generateContent` and its kin) as spoken by the Gemini API and by Vertex AI. Model and streaming stand in
 * the path; fields come in camelCase or snake_case, and both spellings are read, since the server takes both.
 * Format: https://ai.google.dev/api/generate-content
 */
import type { AppError } from '../domain/errors.ts'
import { asArray, asRecord, asString, pointerToken, type Json, type JsonRecord } from '../domain/json.ts'
import { EMPTY_INSPECTION, type Origin } from '../domain/segment.ts'
import type { Operation } from '../domain/span.ts'
import { createCollector, errorOf, parametersOf, type Collector } from './collector.ts'
import type { AnswerView, Dialect, RequestTarget, RequestView, ToolCall } from './dialect.ts'
import { addJsonValue, addTextOrJson, answerCount, inspectBody, tokenCap } from './fields.ts'
import { assembleGemini } from './gemini-stream.ts'
import { addStructured, itemsOf, reasonOfKey } from './structured-text.ts'
import { unescaped } from './unescaped.ts'

const OMIT: ReadonlySet<string> = new Set([
  'model',
  'content',
  'contents',
  'systemInstruction',
  'system_instruction',
  'tools',
  'requests',
  'instances',
  'generateContentRequest',
  'generate_content_request',
])

// Maps and not objects: the keys are the caller's words, also `constructor`.
const OPERATION_OF_METHOD: ReadonlyMap<string, Operation> = new Map([
  ['generateContent', 'chat'],
  ['streamGenerateContent', 'chat'],
  ['countTokens', 'count_tokens'],
  ['embedContent', 'embeddings'],
  ['batchEmbedContents', 'embeddings'],
  ['asyncBatchEmbedContent', 'embeddings'],
])

/** https://cloud.google.com/apis/design/errors */
const STATUS_WORDS: { readonly [status: number]: string } = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  413: 'INVALID_ARGUMENT',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
}

/**
 * A stream without `alt=sse` is one JSON array of chunks: push its elements into `assemble()`, whose body is the same as for SSE.
 */
export const gemini: Dialect = {
  name: 'gemini',
  readRequest: readGeminiRequest,
  readAnswer: readGeminiAnswer,
  assemble: assembleGemini,
  renderError: (error, requestId) => renderGoogleError(error, requestId),
}

function readGeminiRequest(json: Json | undefined, target: RequestTarget): RequestView {
  const body = asRecord(json) ?? {}
  const { model, method } = pathOf(target.path)
  const operation = OPERATION_OF_METHOD.get(method) ?? 'other'
  const configs = [asRecord(body['generationConfig']), asRecord(body['generation_config'])]
  return {
    operation,
    model: model ?? asString(body['model'])?.replace(/^models\//, '') ?? null,
    isStreaming: method === 'streamGenerateContent',
    maxOutputTokens: tokenCap(...valuesOf(configs, 'maxOutputTokens', 'max_output_tokens')),
    choiceCount: Math.max(...valuesOf(configs, 'candidateCount', 'candidate_count').map(answerCount)),
    userId: null,
    parameters: parametersOf(body, OMIT),
    inspect: () => {
      if (operation === 'other' && json === undefined) return EMPTY_INSPECTION
      return inspectBody(json, (collector) => readBody(collector, body, operation))
    },
  }
}

/** A setting in both its spellings: a server takes either. */
function valuesOf(records: readonly (JsonRecord | null)[], ...keys: readonly string[]): readonly Json[] {
  return records.flatMap((record) => keys.map((key) => record?.[key]))
}

function readBody(collector: Collector, body: JsonRecord, operation: Operation): void {
  readPrompt(collector, body, '')
  // countTokens may wrap the whole request; embeddings come one by one or in a batch.
  for (const key of ['generateContentRequest', 'generate_content_request', 'requests']) {
    for (const [value, pointer] of itemsOf(body[key], `/${key}`)) {
      const inner = asRecord(value)
      if (inner === null) collector.skip(pointer, 'not an object')
      else readPrompt(collector, inner, pointer)
    }
  }
  // Vertex AI's older `:predict` form: rows of the model's own fields.
  for (const [value, pointer] of itemsOf(body['instances'], '/instances')) {
    addStructured(collector, 'user', pointer, value, null)
  }
  // A method of the future, or a partner's own format behind Vertex AI's `:rawPredict`.
  if (operation !== 'other' || Object.keys(body).length === 0) return
  const { segments, uninspected } = collector.done()
  if (segments.length === 0 && uninspected.length === 0) collector.skip('', 'unknown body')
}

/** `models/{model}:{method}`, also of tuned models and of endpoints; some clients escape the colon. */
function pathOf(path: string): { readonly model: string | null; readonly method: string } {
  const match = /\/(?:models|tunedModels|endpoints)\/([^/:]+):([A-Za-z]+)$/.exec(path.replaceAll(/%3a/gi, ':'))
  return { model: match?.[1] === undefined ? null : unescaped(match[1]), method: match?.[2] ?? '' }
}

function readPrompt(collector: Collector, body: JsonRecord, at: string): void {
  for (const key of ['systemInstruction', 'system_instruction']) {
    for (const [value, pointer] of itemsOf(body[key], `${at}/${key}`)) readContent(collector, 'system', value, pointer)
  }
  for (const key of ['contents', 'content']) {
    for (const [value, pointer] of itemsOf(body[key], `${at}/${key}`)) readContent(collector, null, value, pointer)
  }
  for (const [value, pointer] of itemsOf(body['tools'], `${at}/tools`)) readTool(collector, value, pointer)
  for (const key of ['cachedContent', 'cached_content']) {
    if (typeof body[key] === 'string') collector.skip(`${at}/${key}`, 'cached content')
  }
}

/** One turn: `{role, parts}`. `origin` null: by its role; a role of the future is treated as the least trusted one. */
function readContent(collector: Collector, origin: Origin | null, value: Json, pointer: string): void {
  if (typeof value === 'string') return collector.add(origin ?? 'user', pointer, value)
  const content = asRecord(value)
  if (content === null) return collector.skip(pointer, 'not an object')
  const role = asString(content['role'])
  const from = origin ?? (role === 'model' ? 'assistant' : role === 'system' ? 'system' : 'user')
  for (const [part, at] of itemsOf(content['parts'], `${pointer}/parts`))
    readPart({ collector, calls: null, isInner: false }, from, part, at)
}

/** Fields of a part that say nothing by themselves. */
const PART_MARKS: ReadonlySet<string> = new Set([
  'text',
  'thought',
  'thoughtSignature',
  'thought_signature',
  'videoMetadata',
  'video_metadata',
  'mediaResolution',
  'media_resolution',
  'partMetadata',
  'part_metadata',
  'mediaProcessing',
  'media_processing',
  'speechMetadata',
  'speech_metadata',
])

/** `calls` gathers an answer's tool calls; `isInner`: a part of a function's result, which holds no such parts itself. */
type Reading = { readonly collector: Collector; readonly calls: ToolCall[] | null; readonly isInner: boolean }

/** A part holds one kind of data, but every field is read: what a server makes of two is not for us to guess. */
function readPart(reading: Reading, origin: Origin, value: Json, pointer: string): void {
  const { collector } = reading
  if (typeof value === 'string') return collector.add(origin, pointer, value)
  const part = asRecord(value)
  if (part === null) return collector.skip(pointer, 'not an object')
  const text = part['text']
  if (typeof text === 'string') {
    collector.add(origin, `${pointer}/text`, text, { kind: part['thought'] === true ? 'reasoning' : 'text' })
  } else if (text !== undefined && text !== null) collector.skip(`${pointer}/text`, 'unknown text')
  for (const key of Object.keys(part)) {
    if (PART_MARKS.has(key) || part[key] === null) continue
    const at = `${pointer}/${pointerToken(key)}`
    const inner = asRecord(part[key])
    const read = inner === null ? undefined : PART_READERS.get(key)
    if (inner === null || read === undefined) collector.skip(at, reasonOfKey(key))
    else read(reading, inner, at, origin)
  }
}

type PartReader = (reading: Reading, inner: JsonRecord, at: string, origin: Origin) => void

const readFunctionCall: PartReader = ({ collector, calls }, inner, at) => {
  const name = asString(inner['name']) ?? ''
  const text = addTextOrJson(collector, 'tool_call', `${at}/args`, inner['args'], name)
  calls?.push({ id: asString(inner['id']), name, arguments: text, isServerSide: false })
}

const readFunctionResponse: PartReader = ({ collector, isInner }, inner, at) => {
  const name = asString(inner['name'])
  addStructured(collector, 'tool_result', `${at}/response`, inner['response'], name)
  for (const [value, pointer] of itemsOf(inner['parts'], `${at}/parts`)) {
    // No such parts are known, and endless ones would exhaust the stack.
    if (isInner) collector.skip(pointer, 'nested too deeply')
    else readPart({ collector, calls: null, isInner: true }, 'tool_result', value, pointer)
  }
}

const readExecutableCode: PartReader = ({ collector, calls }, inner, at) => {
  const code = asString(inner['code']) ?? ''
  collector.add('tool_call', `${at}/code`, code, { name: 'code_execution' })
  calls?.push({ id: asString(inner['id']), name: 'code_execution', arguments: code, isServerSide: true })
}

const readExecutionResult: PartReader = ({ collector }, inner, at) => {
  collector.add('tool_result', `${at}/output`, asString(inner['output']) ?? '', { name: 'code_execution' })
}

/** A tool that Google runs: search, maps, files. */
const readServerCall: PartReader = ({ collector, calls }, inner, at) => {
  const name = asString(inner['toolType']) ?? asString(inner['tool_type']) ?? ''
  const text = addTextOrJson(collector, 'tool_call', `${at}/args`, inner['args'], name)
  calls?.push({ id: asString(inner['id']), name, arguments: text, isServerSide: true })
}

const readServerResponse: PartReader = ({ collector }, inner, at) => {
  const name = asString(inner['toolType']) ?? asString(inner['tool_type'])
  addStructured(collector, 'tool_result', `${at}/response`, inner['response'], name)
}

const readTranscription: PartReader = ({ collector }, inner, at, origin) => {
  collector.add(origin, `${at}/text`, asString(inner['text']) ?? '')
}

const PART_READERS: ReadonlyMap<string, PartReader> = new Map([
  ['functionCall', readFunctionCall],
  ['function_call', readFunctionCall],
  ['functionResponse', readFunctionResponse],
  ['function_response', readFunctionResponse],
  ['executableCode', readExecutableCode],
  ['executable_code', readExecutableCode],
  ['codeExecutionResult', readExecutionResult],
  ['code_execution_result', readExecutionResult],
  ['toolCall', readServerCall],
  ['tool_call', readServerCall],
  ['toolResponse', readServerResponse],
  ['tool_response', readServerResponse],
  ['audioTranscription', readTranscription],
  ['audio_transcription', readTranscription],
])

/** `{functionDeclarations: […]}`, or one of Google's own tools under its name. */
function readTool(collector: Collector, value: Json, pointer: string): void {
  const tool = asRecord(value)
  if (tool === null) return collector.skip(pointer, 'not an object')
  for (const key of Object.keys(tool)) {
    const at = `${pointer}/${pointerToken(key)}`
    if (key === 'functionDeclarations' || key === 'function_declarations') {
      for (const [declaration, inner] of itemsOf(tool[key], at)) {
        addJsonValue(collector, 'tool_definition', inner, declaration, asString(asRecord(declaration)?.['name']))
      }
    } else addJsonValue(collector, 'tool_definition', at, withoutSecrets(tool[key], 0), key)
  }
}

/** Headers and keys that a tool definition carries for its server: Google's to see, and not to be kept. */
const SECRET_KEY = /^(headers|authorization|auth_?config|api_?auth|api_?key.*|.*(token|secret|password))$/i
const DEFINITION_DEPTH_MAX = 16

function withoutSecrets(value: Json, depth: number): Json {
  if (depth > DEFINITION_DEPTH_MAX) return null
  if (Array.isArray(value)) return value.map((item: Json) => withoutSecrets(item, depth + 1))
  const record = asRecord(value)
  if (record === null) return value
  const kept = Object.entries(record).filter(([key]) => !SECRET_KEY.test(key))
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutSecrets(inner, depth + 1)]))
}

function readGeminiAnswer(body: JsonRecord): AnswerView {
  const collector = createCollector()
  const toolCalls: ToolCall[] = []
  let finishReason: string | null = null
  asArray(body['candidates']).forEach((value, i) => {
    const candidate = asRecord(value)
    finishReason ??= asString(candidate?.['finishReason'])
    const parts = asRecord(candidate?.['content'])?.['parts']
    for (const [part, pointer] of itemsOf(parts, `/candidates/${i}/content/parts`)) {
      readPart({ collector, calls: toolCalls, isInner: false }, 'assistant', part, pointer)
    }
  })
  return {
    model: asString(body['modelVersion']),
    segments: collector.done().segments,
    toolCalls,
    // A blocked prompt has no candidate; the reason stands where the answer would be judged.
    finishReason: finishReason ?? asString(asRecord(body['promptFeedback'])?.['blockReason']),
    error: errorOf(body),
  }
}

/** Google's error form. `error.code` is the HTTP status there; our own code stands as the reason of an `ErrorInfo`. */
function renderGoogleError(error: AppError, requestId: string): JsonRecord {
  return {
    error: {
      code: error.status,
      message: error.message,
      status: STATUS_WORDS[error.status] ?? 'UNKNOWN',
      type: error.type,
      request_id: requestId,
      ...error.extra,
      details: [
        {
          '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
          reason: error.code,
          domain: 'llmtrace',
          metadata: { request_id: requestId },
        },
      ],
    },
  }
}
