/** The canonical view of what a call carries: texts with their origin and their place in the body. */

export const ORIGINS = ['system', 'user', 'assistant', 'tool_definition', 'tool_call', 'tool_result'] as const
export type Origin = (typeof ORIGINS)[number]

export type SegmentKind = 'text' | 'reasoning' | 'refusal' | 'json'

/** One piece of text of a request or an answer. */
export type Segment = {
  readonly origin: Origin
  /** RFC 6901 pointer into the body (for a stream: into the body of the unstreamed answer). */
  readonly pointer: string
  readonly kind: SegmentKind
  readonly text: string
  /** Tool name for tool definitions, calls and results, where the dialect gives it. */
  readonly name: string | null
}

/** A part that is there but cannot be read as text: an image, audio, a file, an unknown type. */
export type Uninspected = {
  readonly pointer: string
  readonly reason: string
}

/** All messages and parts of a request. What cannot be read is named, never dropped silently. */
export type Inspection = {
  readonly segments: readonly Segment[]
  readonly uninspected: readonly Uninspected[]
}

export const EMPTY_INSPECTION: Inspection = { segments: [], uninspected: [] }

/** Visible answer text: assistant text and refusals, without reasoning and tool calls. */
export function visibleText(segments: readonly Segment[]): string {
  let text = ''
  for (const segment of segments) {
    if (segment.origin === 'assistant' && segment.kind !== 'reasoning') text += segment.text
  }
  return text
}
