/**
 * Amazon Bedrock: `/model/{id}/converse`, `/converse-stream`, `/invoke`, `/invoke-with-response-stream`, `/count-tokens`, and the
 * agent runtime's `/rerank`. The model stands in the path, escaped, as an id or an ARN; it is shown as it was asked for.
 * Format: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Amazon_Bedrock_Runtime.html
 */
import type { AppError } from '../domain/errors.ts'
import { asNumber, asRecord, asString, type Json, type JsonRecord } from '../domain/json.ts'
import { EMPTY_INSPECTION } from '../domain/segment.ts'
import { assembleConverse, readConverseRequest } from './bedrock-converse.ts'
import { assemblerFor, assemblerOfModel, readInvokeAnswer, readInvokeRequest } from './bedrock-invoke.ts'
import { parametersOf, type Collector } from './collector.ts'
import type { AnswerView, Assembler, Delta, Dialect, RequestTarget, RequestView } from './dialect.ts'
import { eachElement, inspectBody, tokenCap } from './fields.ts'
import { renderOpenAiError } from './openai-error.ts'
import { addStructured } from './structured-text.ts'
import { unescaped } from './unescaped.ts'

const OMIT: ReadonlySet<string> = new Set([
  'messages',
  'system',
  'toolConfig',
  'promptVariables',
  'input',
  'queries',
  'sources',
])

/** https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html */
const NAME_OF_STATUS: ReadonlyMap<number, string> = new Map([
  [400, 'ValidationException'],
  [401, 'UnrecognizedClientException'],
  [403, 'AccessDeniedException'],
  [404, 'ResourceNotFoundException'],
  [413, 'ValidationException'],
  [429, 'ThrottlingException'],
  [500, 'InternalServerException'],
  [502, 'ServiceUnavailableException'],
  [503, 'ServiceUnavailableException'],
  [504, 'ModelTimeoutException'],
])

/** The dialect of one Bedrock path. */
export function bedrock(target: RequestTarget): Dialect {
  const { model, action } = pathOf(target.path)
  return {
    name: 'bedrock',
    readRequest: (body) => readBedrockRequest(body, target, model, action),
    readAnswer: readBedrockAnswer,
    assemble: (onDelta) => assembleBedrock(onDelta, model, action),
    renderError: renderAwsError,
  }
}

/** An ARN has slashes; some clients leave them unescaped. */
function pathOf(path: string): { readonly model: string | null; readonly action: string } {
  const match = /\/model\/(.+)\/([a-z-]+)$/.exec(path)
  if (match?.[1] === undefined) return { model: null, action: path.endsWith('/rerank') ? 'rerank' : '' }
  return { model: unescaped(match[1]), action: match[2] ?? '' }
}

function readBedrockRequest(json: Json | undefined, target: RequestTarget, model: string | null, action: string): RequestView {
  if (action === 'invoke' || action === 'invoke-with-response-stream') return readInvokeRequest(json, target, model)
  const body = asRecord(json) ?? {}
  const isConverse = action === 'converse' || action === 'converse-stream'
  const view = {
    model: model ?? rerankModelOf(body),
    isStreaming: action === 'converse-stream',
    maxOutputTokens: tokenCap(asRecord(body['inferenceConfig'])?.['maxTokens']),
    choiceCount: 1,
    userId: null,
    parameters: parametersOf(body, OMIT),
  }
  if (isConverse) {
    const read = (collector: Collector): void => readConverseRequest(collector, body, '')
    return { ...view, operation: 'chat', inspect: () => inspectBody(json, read) }
  }
  if (action === 'count-tokens') {
    return { ...view, operation: 'count_tokens', inspect: () => inspectBody(json, (collector) => readCounted(collector, body)) }
  }
  if (action === 'rerank') {
    return { ...view, operation: 'rerank', inspect: () => inspectBody(json, (collector) => readRerank(collector, body)) }
  }
  return {
    ...view,
    operation: 'other',
    inspect: () =>
      json === undefined ? EMPTY_INSPECTION : inspectBody(json, (collector) => collector.skip('', 'unknown body')),
  }
}

/** `{input: {converse: {…}}}`, or a whole `invoke` body in base64. */
function readCounted(collector: Collector, body: JsonRecord): void {
  const input = asRecord(body['input'])
  const inner = asRecord(input?.['converse'])
  if (inner !== null) readConverseRequest(collector, inner, '/input/converse')
  if (input !== null && 'invokeModel' in input) collector.skip('/input/invokeModel', 'encoded body')
  else if (inner === null) collector.skip('', 'unknown body')
}

/** The agent runtime's `/rerank` has its model in the body. */
function rerankModelOf(body: JsonRecord): string | null {
  const configuration = asRecord(asRecord(body['rerankingConfiguration'])?.['bedrockRerankingConfiguration'])
  return asString(asRecord(configuration?.['modelConfiguration'])?.['modelArn'])
}

/** What is to be ranked is the words of third parties, like a tool's result. */
function readRerank(collector: Collector, body: JsonRecord): void {
  eachElement(collector, body['queries'], '/queries', (value, at) => {
    const query = asRecord(value)?.['textQuery']
    if (query === undefined) collector.skip(at, 'unknown query')
    else addStructured(collector, 'user', `${at}/textQuery`, query, null)
  })
  eachElement(collector, body['sources'], '/sources', (value, at) => {
    const inline = asRecord(asRecord(value)?.['inlineDocumentSource'])
    if (inline?.['textDocument'] === undefined && inline?.['jsonDocument'] === undefined) collector.skip(at, 'unknown source')
    for (const key of ['textDocument', 'jsonDocument']) {
      addStructured(collector, 'tool_result', `${at}/inlineDocumentSource/${key}`, inline?.[key], null)
    }
  })
}

function readBedrockAnswer(body: JsonRecord): AnswerView {
  const view = readInvokeAnswer(body)
  // An answer has no text of this name; an error has little else.
  const message = asString(body['message']) ?? asString(body['Message'])
  if (view.error !== null || message === null) return view
  return { ...view, error: { type: asString(body['__type']), message } }
}

/** Finds out what format flows, and adds what Bedrock itself says: failures, and the counts that an answer has in its headers. */
function assembleBedrock(onDelta: ((delta: Delta) => void) | null, model: string | null, action: string): Assembler {
  let inner: Assembler | null = null
  let usage: JsonRecord | null = null
  let error: Json = null
  return {
    push: (event) => {
      const data = asRecord(event.data)
      if (data === null) return
      error = data['error'] ?? error
      usage = countsOf(asRecord(data['amazon-bedrock-invocationMetrics'])) ?? usage
      inner ??= assemblerFor(event, onDelta)
      inner?.push(event)
    },
    hasContent: () => inner?.hasContent() ?? false,
    isComplete: () => inner?.isComplete() ?? false,
    body: () => {
      const body = inner?.body() ?? null
      if (body === null && error === null && usage === null) return null
      return {
        ...body,
        ...(usage === null || asRecord(body?.['usage']) !== null ? {} : { usage }),
        ...(error === null ? {} : { error }),
      }
    },
    stop: () => {
      const fallback = action.startsWith('invoke') ? assemblerOfModel(model) : assembleConverse(null)
      return (inner ?? fallback).stop()
    },
  }
}

const COUNTS: readonly (readonly [metric: string, unit: string])[] = [
  ['inputTokenCount', 'inputTokens'],
  ['outputTokenCount', 'outputTokens'],
  ['cacheReadInputTokenCount', 'cacheReadInputTokens'],
  ['cacheWriteInputTokenCount', 'cacheWriteInputTokens'],
]

/** The last chunk of an invoked stream, in the words of Converse. */
function countsOf(metrics: JsonRecord | null): JsonRecord | null {
  const counts = COUNTS.flatMap(([metric, unit]) => {
    const count = asNumber(metrics?.[metric])
    return count === null ? [] : [[unit, count] as const]
  })
  return counts.length === 0 ? null : Object.fromEntries(counts)
}

/** AWS clients choose their error by `code` or `__type` and show `message`; our own code stands in `error`. */
function renderAwsError(error: AppError, requestId: string): JsonRecord {
  const name = NAME_OF_STATUS.get(error.status) ?? 'InternalServerException'
  return { __type: name, code: name, message: error.message, ...renderOpenAiError(error, requestId) }
}
