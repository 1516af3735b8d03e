/** Small hashes of texts, for what a session remembers without keeping a word of it. Not for secrets and not against forgery. */

/** Words that make one shingle: five in a row are rarely the same by chance. */
export const SHINGLE_WORDS = 5
/** Characters of a text that are hashed. */
export const HASHED_CHARS_MAX = 64 * 1024
/** A word that names something: an address, a host, a path, an id. */
const NAME_CHARS_MIN = 10

/** A 53-bit integer (two multiplicative hashes of 32 bits, mixed): it stays exact as JSON. */
export function hashText(text: string): number {
  let a = 0xdeadbeef
  let b = 0x41c6ce57
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i)
    a = Math.imul(a ^ unit, 2654435761)
    b = Math.imul(b ^ unit, 1597334677)
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909)
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909)
  return 4294967296 * (2097151 & b) + (a >>> 0)
}

export type TextHashes = {
  /** Of every five words in a row. */
  readonly shingles: readonly number[]
  /** Of words that name something. */
  readonly names: readonly number[]
}

/** Letters and digits of any script are words; everything between them, quotes and escapes of JSON too, is passed over. */
export function hashesOf(text: string, hashesMax: number): TextHashes {
  const kept = text
    .slice(0, HASHED_CHARS_MAX)
    .replace(/\\[nrt"\\/]/g, ' ')
    .toLowerCase()
  const shingles = new Set<number>()
  const names = new Set<number>()
  const recent: string[] = []
  for (const match of kept.matchAll(/[\p{L}\p{N}]{1,256}/gu)) {
    recent.push(match[0])
    if (recent.length > SHINGLE_WORDS) recent.shift()
    if (recent.length === SHINGLE_WORDS && shingles.size < hashesMax) shingles.add(hashText(recent.join(' ')))
    if (shingles.size >= hashesMax) break
  }
  for (const match of kept.matchAll(/[a-z0-9][a-z0-9._%+@-]{0,255}/g)) {
    const name = match[0].replace(/[._%+@-]+$/, '')
    if (name.length < NAME_CHARS_MIN || !/@|\d|\..*\./.test(name) || !/[.@-]/.test(name)) continue
    names.add(hashText(name))
    if (names.size >= hashesMax) break
  }
  return { shingles: [...shingles], names: [...names] }
}
