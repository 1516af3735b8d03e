/** The record of one call: what the capture stage gives and every store keeps. */
import type { AppErrorCode } from './errors.ts'
import type { Finding } from './finding.ts'
import type { KeyId, ProjectId, SpanId, TenantId, TraceId } from './ids.ts'
import type { NanoUsd } from './money.ts'
import type { Segment } from './segment.ts'
import type { EpochMs } from './time.ts'
import type { Usage } from './usage.ts'

export type DialectName =
  | 'openai-chat'
  | 'openai-completions'
  | 'openai-responses'
  | 'openai-embeddings'
  | 'anthropic-messages'
  | 'gemini'
  | 'cohere'
  | 'ollama'
  | 'azure-openai'
  | 'bedrock'
  | 'opaque'

/** What the call asks for; the API's `operation_name`. Words of OpenTelemetry's `gen_ai.operation.name` where it has one. */
export type Operation =
  | 'chat'
  | 'text_completion'
  | 'embeddings'
  | 'rerank'
  | 'count_tokens'
  | 'moderation'
  | 'image'
  | 'audio'
  | 'other'

/**
 * How the call ended. `ok`: the upstream answered below 400 and its answer came to its end. `error`: it answered 400 or more, or
 * failed. `refused`: by this gateway, before anything was sent or in the midst of the answer. `cancelled`: the client left. `incomplete`: the answer broke off.
 */
export type SpanStatus = 'ok' | 'error' | 'refused' | 'cancelled' | 'incomplete'

export type ActionType = 'tool_call' | 'skill_invocation' | 'command_execution' | 'web_access' | 'file_access'

/** Something an agent did or asked for, read from the answer's tool calls or reported through the API. */
export type AgentAction = {
  readonly id: string
  readonly actionType: ActionType
  readonly name: string
  /** As the model wrote them: JSON text, possibly cut. */
  readonly arguments: string | null
  readonly result: string | null
  readonly durationMs: number | null
  readonly isSuccess: boolean
  readonly exitCode: number | null
  readonly httpMethod: string | null
  readonly httpStatus: number | null
  readonly fileOperation: string | null
  readonly time: EpochMs
  readonly metadata: { readonly [key: string]: string }
}

/**
 * `priced`: from reported usage and a known price. `estimated`: from an estimate of the usage. `unpriced`: the model or the usage
 * is unknown, and the amount is null, never 0.
 */
export type Cost = {
  readonly status: 'priced' | 'estimated' | 'unpriced'
  readonly amount: NanoUsd | null
  /** `provider/model` of the price, or `custom/model`. */
  readonly priceId: string | null
  /** Day (UTC) whose price was taken, as YYYY-MM-DD. */
  readonly effectiveDate: string | null
}

/** Texts kept of one side, within the capture policy. */
export type CapturedText = {
  readonly segments: readonly Segment[]
  /** UTF-8 bytes of all texts before the cut. */
  readonly textBytes: number
  readonly isTruncated: boolean
}

export type TraceSpan = {
  readonly traceId: TraceId
  readonly spanId: SpanId
  readonly parentSpanId: SpanId | null
  readonly tenantId: TenantId
  readonly projectId: ProjectId | null
  readonly keyId: KeyId | null
  readonly agentId: string | null
  readonly userId: string | null
  readonly sessionId: string | null
  readonly tags: { readonly [key: string]: string }

  readonly operation: Operation
  readonly dialect: DialectName
  readonly provider: string
  readonly requestModel: string | null
  readonly responseModel: string | null
  readonly isStreaming: boolean
  readonly method: string
  readonly path: string
  /** Request fields other than messages and tools (temperature, max_tokens …), as JSON; null where not kept. */
  readonly parameters: string | null

  readonly startTime: EpochMs
  readonly durationMs: number
  /** From the upstream request to its response head. */
  readonly upstreamMs: number | null
  /** From the start to the first content of the answer; null where there was none. */
  readonly ttftMs: number | null

  readonly status: SpanStatus
  readonly statusCode: number | null
  readonly errorCode: AppErrorCode | null
  readonly errorMessage: string | null
  readonly finishReason: string | null
  /** The provider's own id of the request, from its response headers. */
  readonly upstreamRequestId: string | null

  readonly usage: Usage | null
  readonly cost: Cost
  readonly input: CapturedText
  readonly output: CapturedText
  readonly requestBytes: number
  readonly responseBytes: number
  readonly actions: readonly AgentAction[]
  readonly findings: readonly Finding[]
  /** What could not be read, as stable words: `request.not_json`, `response.too_large`, `usage.estimated`, `uninspected:/messages/0/content/1 image` … */
  readonly notes: readonly string[]
}

export const NO_TEXT: CapturedText = { segments: [], textBytes: 0, isTruncated: false }
export const UNPRICED: Cost = { status: 'unpriced', amount: null, priceId: null, effectiveDate: null }

/** The model to show and to price by: the one that answered, else the one asked for. */
export function modelOf(span: Pick<TraceSpan, 'requestModel' | 'responseModel'>): string | null {
  return span.responseModel ?? span.requestModel
}
