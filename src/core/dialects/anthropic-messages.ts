/**
 * Anthropic Messages (`/v1/messages`, `/v1/messages/count_tokens`), also as served by Bedrock, Vertex and compatible servers.
 * Format: https://docs.anthropic.com/en/api/messages
 */
import type { AppError } from '../domain/errors.ts'
import { asArray, asRecord, asString, type Json, type JsonRecord } from '../domain/json.ts'
import type { Origin } from '../domain/segment.ts'
import { readContent, readTool, type BlockReader } from './anthropic-blocks.ts'
import { assembleMessage } from './anthropic-stream.ts'
import { createCollector, errorOf, parametersOf, type Collector } from './collector.ts'
import type { AnswerView, Dialect, RequestTarget, RequestView } from './dialect.ts'
import { eachElement, firstText, inspectBody, tokenCap } from './fields.ts'

/** Texts and tools, what is shown elsewhere, and what carries a secret (`mcp_servers`, `fallback_credit_token`). */
const OMIT: ReadonlySet<string> = new Set([
  'model',
  'system',
  'messages',
  'tools',
  'stream',
  'metadata',
  'compaction',
  'context_management',
  'mcp_servers',
  'fallback_credit_token',
])

const ORIGIN_OF_ROLE: ReadonlyMap<Json, Origin> = new Map([
  ['system', 'system'],
  ['user', 'user'],
  ['assistant', 'assistant'],
  ['tool', 'tool_result'],
])

/** Anthropic's own words, which its SDKs and Claude Code look for. */
const TYPE_OF_STATUS: ReadonlyMap<number, string> = new Map([
  [400, 'invalid_request_error'],
  [401, 'authentication_error'],
  [403, 'permission_error'],
  [404, 'not_found_error'],
  [413, 'request_too_large'],
  [429, 'rate_limit_error'],
  [500, 'api_error'],
  [502, 'api_error'],
  [503, 'overloaded_error'],
  [504, 'timeout_error'],
  [529, 'overloaded_error'],
])

export const anthropicMessages: Dialect = {
  name: 'anthropic-messages',
  readRequest: readMessagesRequest,
  readAnswer: readMessagesAnswer,
  assemble: assembleMessage,
  renderError: renderAnthropicError,
}

function readMessagesRequest(body: Json | undefined, target: RequestTarget): RequestView {
  const record = asRecord(body) ?? {}
  return {
    operation: target.path.endsWith('/count_tokens') ? 'count_tokens' : 'chat',
    model: asString(record['model']),
    isStreaming: record['stream'] === true,
    maxOutputTokens: tokenCap(record['max_tokens']),
    choiceCount: 1,
    userId: firstText(asRecord(record['metadata'])?.['user_id']),
    parameters: parametersOf(record, OMIT),
    inspect: () => inspectBody(body, inspectRequest),
  }
}

function inspectRequest(collector: Collector, body: JsonRecord): void {
  const reader: BlockReader = { collector, names: new Map() }
  readContent(reader, 'system', body['system'], '/system')
  eachElement(collector, body['messages'], '/messages', (value, at) => {
    const message = asRecord(value)
    if (message === null) return collector.skip(at, 'not an object')
    // A role of the future is treated as the least trusted one.
    const origin = ORIGIN_OF_ROLE.get(message['role']) ?? 'user'
    readContent(reader, origin, message['content'], `${at}/content`)
  })
  eachElement(collector, body['tools'], '/tools', (tool, at) => readTool(collector, tool, at))
  readInstructions(collector, body['compaction'], '/compaction')
  asArray(asRecord(body['context_management'])?.['edits']).forEach((edit, i) => {
    readInstructions(collector, edit, `/context_management/edits/${i}`)
  })
}

/** How to summarise what is compacted: the caller's words to the model. */
function readInstructions(collector: Collector, value: Json, pointer: string): void {
  const text = asRecord(value)?.['instructions']
  if (typeof text === 'string') collector.add('system', `${pointer}/instructions`, text)
}

function readMessagesAnswer(body: JsonRecord): AnswerView {
  const collector = createCollector()
  const toolCalls = readContent({ collector, names: new Map() }, 'assistant', body['content'], '/content')
  return {
    model: asString(body['model']),
    segments: collector.done().segments,
    toolCalls,
    finishReason: asString(body['stop_reason']),
    error: errorOf(body),
  }
}

/** Own words (`cost_cap_exceeded`, `security_enforcement_blocked` …) stay; all else is said in Anthropic's. */
function renderAnthropicError(error: AppError, requestId: string): JsonRecord {
  const isOwn = error.code === 'guard.blocked' || error.code.startsWith('limit.')
  return {
    type: 'error',
    error: {
      type: isOwn ? error.type : (TYPE_OF_STATUS.get(error.status) ?? error.type),
      message: error.message,
      code: error.code,
      ...error.extra,
    },
    request_id: requestId,
  }
}
