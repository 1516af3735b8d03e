/** Byte chunks of a body, put together. */

/** The chunk itself where it is the only one. `length` is the sum of theirs, where the caller knows it. */
export function joinBytes(
  chunks: readonly Uint8Array[],
  length = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0),
): Uint8Array {
  const [first] = chunks
  if (first?.byteLength === length) return first
  const joined = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    joined.set(chunk, at)
    at += chunk.byteLength
  }
  return joined
}
