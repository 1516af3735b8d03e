/** Takes what a policy does not let pass out of a request's JSON body; every other byte stays. */
import { redactSegments, type SegmentRedaction } from './redact-segments.ts'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

/** Null where something cannot be taken out: its text is no string of the body, or the body is no UTF-8. */
export function redactBytes(body: Uint8Array, redactions: readonly SegmentRedaction[]): Uint8Array | null {
  try {
    const { text, unredacted } = redactSegments(decoder.decode(body), redactions)
    return unredacted.length > 0 ? null : encoder.encode(text)
  } catch {
    return null
  }
}
