/**
 * Canary tokens: a word that stands in the system prompt and nowhere else, so that an answer that has it has read from the prompt. Found as
 * it is, in part, spelt with other signs between its letters, reversed, rot13, hex and base64. Not caught: a token that the model leaves
 * out or translates into something else, and one that is spread over more than `CARRY_UTF16` characters of a stream.
 */
import type { TextRange } from '../../domain/finding.ts'
import type { Decoding } from '../match.ts'

const PREFIX = 'CANARY-'
/** Consonants only: no word of a language holds eight of them in a row, no decoder takes them for digits. */
const LETTERS = 'bcdfghjkmnpqrstv'
/** Letters in a row that count as a part of a token. */
const PART = 8
/** Every run of `PART` letters holds one of a token's blocks of this length. */
const BLOCK = 4
/** Slots of the filter that passes most texts by. */
const BLOCKS = 2 ** 16
const CANARIES_MAX = 16
const HITS_MAX = 16
/** How much of a stream is remembered for a token that is cut. */
export const CARRY_UTF16 = 512

export type CanaryHit = {
  readonly range: TextRange
  readonly via: readonly Decoding[]
  /** False where only a part of the token is there. */
  readonly isWhole: boolean
}

/** `id`: something that nobody can guess, such as an id of the `IdSource`. The same id always makes the same token. */
export function plantCanary(id: string): string {
  let letters = ''
  for (const seed of [0x2545f491, 0x9e3779b9]) {
    let hash = seed
    for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x5bd1e995) ^ (hash >>> 15)
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
    hash ^= hash >>> 16
    for (let bits = 0; bits < 32; bits += 4) letters += LETTERS.charAt((hash >>> bits) & 15)
  }
  return PREFIX + letters
}

type Needle = {
  readonly body: string
  readonly via: readonly Decoding[]
  readonly isCased: boolean
  readonly canBePart: boolean
}

/** Tells cheaply whether a token may be about to appear: true from its first block on, for as long as a token may last. */
export type Watch = { sees(folded: string): boolean; isHot(): boolean }

export type CanaryFinder = {
  watch(): Watch
  /** Ranges into `text`. `folded` has the same length, in lower case. Linear. */
  find(text: string, folded: string): readonly CanaryHit[]
  /** Where a token begins that the end of the text may have cut; its length where there is none. */
  openFrom(text: string): number
}

/** Tokens with fewer than eight letters and digits are passed over, as are those beyond the sixteenth. */
export function findCanaries(canaries: readonly string[]): CanaryFinder {
  const bodies = canaries
    .slice(0, CANARIES_MAX)
    .map((token) => bare(token.toLowerCase().replace(/^canary[-_ ]/u, '')))
    .filter((body) => body.length >= PART)
  const needles = bodies.flatMap(needlesOf)
  const blocks = new Uint8Array(BLOCKS)
  for (const { body, canBePart } of needles) {
    for (let block = 0; block + BLOCK <= (canBePart ? body.length : BLOCK); block += BLOCK) {
      let packed = 0
      for (let i = block; i < block + BLOCK; i++) packed = (packed << 8) | body.toLowerCase().charCodeAt(i)
      blocks[slotOf(packed)] = 1
    }
  }
  const hotLength = Math.max(0, ...needles.map(({ body }) => body.length))
  const longest = Math.max(0, ...bodies.map(({ length }) => length))
  const watch = (): Watch => {
    let last = 0
    /** Letters and digits until it is cold again. */
    let left = 0
    return {
      sees: (folded) => {
        let packed = last
        let hasSeen = left > 0
        for (let i = 0; i < folded.length; i++) {
          let code = folded.charCodeAt(i)
          if (code >= 0x41 && code <= 0x5a) code += 0x20
          if (!((code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39))) continue
          packed = (packed << 8) | code
          if (left > 0) left--
          if (blocks[slotOf(packed)] === 1) {
            left = hotLength
            hasSeen = true
          }
        }
        last = packed
        return hasSeen
      },
      isHot: () => left > 0,
    }
  }
  return {
    watch,
    find: (text, folded) => {
      if (needles.length === 0 || !watch().sees(folded)) return []
      const lower = bare(folded)
      const cased = text === folded ? lower : bare(text)
      const hits: CanaryHit[] = []
      for (const needle of needles) {
        const source = needle.isCased ? text : folded
        const stripped = needle.isCased ? cased : lower
        for (const { start, end } of occurrences(stripped, needle)) {
          if (hits.length >= HITS_MAX) return hits
          const range = { startUtf16: rawOffset(source, start), endUtf16: rawOffset(source, end - 1) + 1 }
          if (hits.some((other) => other.range.startUtf16 < range.endUtf16 && range.startUtf16 < other.range.endUtf16)) continue
          hits.push({ range, via: needle.via, isWhole: end - start === needle.body.length })
        }
      }
      return hits
    },
    openFrom: (text) => {
      const end = lastLetters(text, longest - 1)
      for (const body of bodies) {
        for (let length = Math.min(body.length - 1, end.letters.length); length >= BLOCK; length--) {
          const from = end.letters.length - length
          if (end.letters.startsWith(body.slice(0, length), from)) return end.offsets[from] ?? text.length
        }
      }
      return text.length
    },
  }
}

/** The last letters and digits of a text, in lower case, and where they stand. Looks back by `CARRY_UTF16` at most. */
function lastLetters(text: string, count: number): { readonly letters: string; readonly offsets: readonly number[] } {
  const letters: string[] = []
  const offsets: number[] = []
  for (let i = text.length - 1; i >= 0 && i >= text.length - CARRY_UTF16 && letters.length < count; i--) {
    if (!isKept(text.charCodeAt(i))) continue
    letters.push(text.charAt(i).toLowerCase())
    offsets.push(i)
  }
  return { letters: letters.toReversed().join(''), offsets: offsets.toReversed() }
}

function needlesOf(body: string): readonly Needle[] {
  const rot13 = body.replace(/[a-z]/gu, (letter) => String.fromCharCode(((letter.charCodeAt(0) - 97 + 13) % 26) + 97))
  const reversed = [...body].toReversed().join('')
  const hex = [...body].map((letter) => letter.charCodeAt(0).toString(16)).join('')
  return [
    { body, via: [], isCased: false, canBePart: true },
    { body: reversed, via: ['reversed'], isCased: false, canBePart: true },
    { body: rot13, via: ['rot13'], isCased: false, canBePart: true },
    { body: hex, via: ['hex'], isCased: false, canBePart: false },
    ...[0, 1, 2].flatMap((lead) => {
      // What the body becomes wherever it begins within a group of three bytes; the characters at the edges depend on its neighbours.
      const encoded = btoa('x'.repeat(lead) + body).slice(Math.ceil((lead * 8) / 6), Math.floor(((lead + body.length) * 8) / 6))
      const needle: Needle = { body: bare(encoded), via: ['base64'], isCased: true, canBePart: false }
      return [needle]
    }),
  ]
}

function slotOf(packed: number): number {
  return Math.imul(packed, 0x9e3779b1) >>> 16
}

/** ASCII letters and digits only: what stands between them makes no difference. */
function bare(text: string): string {
  let kept = ''
  let from = -1
  for (let i = 0; i <= text.length; i++) {
    if (i < text.length && isKept(text.charCodeAt(i))) {
      if (from < 0) from = i
    } else if (from >= 0) {
      kept += text.slice(from, i)
      from = -1
    }
  }
  return kept
}

function isKept(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || (code >= 0x30 && code <= 0x39)
}

/** Runs of at least `PART` characters of the needle, each once. */
function occurrences(text: string, { body, canBePart }: Needle): readonly { readonly start: number; readonly end: number }[] {
  const found: { readonly start: number; readonly end: number }[] = []
  if (!canBePart) {
    for (let at = text.indexOf(body); at >= 0 && found.length < HITS_MAX; at = text.indexOf(body, at + body.length)) {
      found.push({ start: at, end: at + body.length })
    }
    return found
  }
  for (let block = 0; block + BLOCK <= body.length; block += BLOCK) {
    const part = body.slice(block, block + BLOCK)
    // A text made of one block over and over is looked at no more often than it has room for.
    for (let at = text.indexOf(part); at >= 0 && found.length < HITS_MAX; at = text.indexOf(part, at + BLOCK)) {
      let before = 0
      while (before < block && text[at - before - 1] === body[block - before - 1]) before++
      let after = BLOCK
      while (block + after < body.length && text[at + after] === body[block + after]) after++
      if (before + after < PART) continue
      const start = at - before
      const end = at + after
      if (!found.some((other) => other.start < end && start < other.end)) found.push({ start, end })
    }
  }
  return found
}

/** Offset of the letter or digit with this number. */
function rawOffset(text: string, number: number): number {
  let left = number
  for (let i = 0; i < text.length; i++) {
    if (isKept(text.charCodeAt(i)) && left-- === 0) return i
  }
  return text.length
}
