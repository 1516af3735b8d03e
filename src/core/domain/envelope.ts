/** What travels from the gateway to a writer: a span, its version and its writer's number. */
import type { TraceSpan } from './span.ts'

export const ENVELOPE_VERSION = 1

/** `writer` and `sequence` make a gap visible: every writer numbers its envelopes from 1. */
export type Envelope = {
  readonly version: typeof ENVELOPE_VERSION
  readonly writer: string
  readonly sequence: number
  readonly span: TraceSpan
}
