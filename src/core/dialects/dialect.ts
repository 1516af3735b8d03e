/**
 * One wire format of LLM calls: how to read a request, an answer and a stream of it, and how to speak an error.
 * A dialect reads loosely (unknown fields are fine, odd ones are null) and never writes into a body it has read.
 */
import type { AppError } from '../domain/errors.ts'
import type { Json, JsonRecord } from '../domain/json.ts'
import type { Inspection, Segment } from '../domain/segment.ts'
import type { DialectName, Operation } from '../domain/span.ts'

/** Where a request went: the provider's own path, without `/p/{provider}` and without the query. */
export type RequestTarget = {
  readonly path: string
  /** With its leading `?`, or empty. */
  readonly search: string
}

export type RequestView = {
  readonly operation: Operation
  readonly model: string | null
  readonly isStreaming: boolean
  /** The caller's own cap on answer tokens; null where none is set. */
  readonly maxOutputTokens: number | null
  /** How many answers are asked for (`n`); 1 unless set. */
  readonly choiceCount: number
  /** The dialect's end-user field (`user`, `metadata.user_id`). */
  readonly userId: string | null
  /** Top-level request fields without messages, prompts and tools: small settings, to be shown beside the call. */
  readonly parameters: JsonRecord
  /** All messages and parts. Computed on demand, since a call without capture and guard never needs it. */
  inspect(): Inspection
}

export type ToolCall = {
  readonly id: string | null
  readonly name: string
  /** As the model wrote them: JSON text (or free text of a custom tool). */
  readonly arguments: string
  /** Run by the provider itself (web search, code execution …) rather than by the caller. */
  readonly isServerSide: boolean
}

export type AnswerView = {
  readonly model: string | null
  /** In the order of the body; pointers are into the unstreamed body. Tool calls are segments of origin `tool_call`. */
  readonly segments: readonly Segment[]
  readonly toolCalls: readonly ToolCall[]
  /** Of the first choice, in the provider's own word. */
  readonly finishReason: string | null
  readonly error: { readonly type: string | null; readonly message: string | null } | null
}

/** One event of a streamed answer: an SSE event, an NDJSON line or an event-stream message, with its JSON parsed. */
export type StreamEvent = {
  /** SSE `event:` or the event-stream `:event-type`; null where the framing has none. */
  readonly event: string | null
  readonly data: Json
}

/** What an event added, for those who judge text while it flows. `channel` tells parallel texts apart, e.g. `0/text`, `1/tool`. */
export type Delta = {
  readonly kind: 'text' | 'reasoning' | 'tool_call'
  readonly channel: string
  readonly text: string
}

/**
 * Puts a streamed answer together as the body that the same call would have had without streaming, so that one reader and one
 * usage extractor serve both. Tolerates repeated, missing and unknown events.
 */
export type Assembler = {
  push(event: StreamEvent): void
  /** True from the first event that carries text, reasoning or a tool call. */
  hasContent(): boolean
  /** True once the dialect's own end mark was seen. Without it a stream that closes has broken off. */
  isComplete(): boolean
  /** The body so far; null before anything readable came. */
  body(): JsonRecord | null
  /** Bytes that end the stream in its own dialect when a policy stops it. */
  stop(): Uint8Array
}

export type Dialect = {
  readonly name: DialectName
  /** `body` is the parsed JSON, or undefined where the body is empty, too large or not JSON. */
  readRequest(body: Json | undefined, target: RequestTarget): RequestView
  readAnswer(body: JsonRecord): AnswerView
  assemble(onDelta: ((delta: Delta) => void) | null): Assembler
  /** The error object that this dialect's SDKs turn into their own typed errors. */
  renderError(error: AppError, requestId: string): JsonRecord
}

/** Calls without arguments leave no text, but call their tool all the same: they are judged as empty texts of nowhere. */
export function emptyCalls({ toolCalls }: AnswerView): readonly Segment[] {
  return toolCalls.flatMap(({ name, arguments: text }): readonly Segment[] =>
    text === '' && name !== '' ? [{ origin: 'tool_call', pointer: '', kind: 'text', text, name }] : [],
  )
}

const encoder = new TextEncoder()

/** UTF-8 bytes of a text; for `Assembler.stop`. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}
