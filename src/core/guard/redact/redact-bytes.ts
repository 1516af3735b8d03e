/** Takes what a policy does not let pass out of a JSON body; every other byte stays. */
import { replaceStrings, type JsonEdit } from './replace-strings.ts'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

/** Null where an edit cannot be made: its text is no string of the body, or the body is no UTF-8. */
export function redactBytes(body: Uint8Array, edits: readonly JsonEdit[]): Uint8Array | null {
  try {
    const { text, unredacted } = replaceStrings(decoder.decode(body), edits)
    return unredacted.length > 0 ? null : encoder.encode(text)
  } catch {
    return null
  }
}
