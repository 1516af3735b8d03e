/** Takes what a policy does not let pass out of a request's JSON body; every other byte stays. */
import { redactSegments, type SegmentRedaction } from './redact-segments.ts'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

/** Null where something cannot be taken out: its text is no string of the body, or the body is no UTF-8. */
export function redactBytes(body: Uint8Array, redactions: readonly SegmentRedaction[]): Uint8Array | null {
  const json = decoded(body)
  if (json === null) return null
  const { text, unredacted } = redactSegments(json, redactions)
  return unredacted.length > 0 ? null : encoder.encode(text)
}

/** Null for bytes that are no UTF-8: what stands for them in the text would change the rest of the body. */
function decoded(body: Uint8Array): string | null {
  try {
    return decoder.decode(body)
  } catch (error) {
    if (error instanceof TypeError) return null
    throw error
  }
}
