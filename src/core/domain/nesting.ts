/**
 * Tells a body that is nested too deeply before it is parsed: a parser needs up to fifty times as long for `[[[[…` as for other JSON
 * of that size, whoever writes it again seconds (JavaScriptCore), and nothing else runs meanwhile.
 */

/** Levels of a body that is read; a tool's schema has some tens. */
export const NESTING_MAX = 512

/** A smaller body cannot be nested so deeply that it matters. */
const LOOKED_AT_BYTES_MIN = 16 * 1024

/** True where objects and arrays stand in each other more than `NESTING_MAX` deep. Brackets inside of texts do not count. */
export function isNestedTooDeeply(body: Uint8Array): boolean {
  if (body.byteLength < LOOKED_AT_BYTES_MIN) return false
  let depth = 0
  for (let i = 0; i < body.byteLength; i += 1) {
    const byte = body[i]
    if (byte === 0x22) i = endOfText(body, i)
    else if (byte === 0x7b || byte === 0x5b) {
      depth += 1
      if (depth > NESTING_MAX) return true
    } else if (byte === 0x7d || byte === 0x5d) depth -= 1
  }
  return false
}

/** Where the text that begins at `start` has its closing quote, or the body its end. */
function endOfText(body: Uint8Array, start: number): number {
  let at = start + 1
  while (at < body.byteLength && body[at] !== 0x22) at += body[at] === 0x5c ? 2 : 1
  return at
}
