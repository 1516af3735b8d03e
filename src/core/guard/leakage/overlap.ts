/**
 * Finds where a text repeats long stretches of other texts: five words in a row that both have count as shared, and shared words that
 * stand close together make a stretch, in whatever order they come. A changed word costs the five groups that it stands in, so a light
 * paraphrase is still found. Not caught: a translation, a summary, a paraphrase that leaves no five words together.
 */
import { readWords } from './words.ts'

const GRAM = 5
/** Words beyond are not looked for. */
const WORDS_MAX = 50_000
/** Words of its own that a stretch may hold between two shared ones. */
const GAP_MAX = 8

export type Stretch = {
  /** UTF-16 code units into what was pushed. */
  readonly start: number
  readonly end: number
  /** Different words of the indexed texts that it repeats; a character of a script without spaces is half a word. */
  readonly words: number
  /** The part of all the indexed words that it repeats, 0 to 1. */
  readonly share: number
  /** True where it holds the first words of the first text: what is repeated as a whole is repeated from its beginning. */
  readonly hasOpening: boolean
}

export type Index = {
  /** All words. */
  readonly words: number
  follow(onStretch: (stretch: Stretch, isOver: boolean) => void): Follower
}

export type Follower = {
  push(text: string): void
  end(): void
  /** Where the stretch begins that may still grow; all that was pushed where there is none. */
  openFrom(): number
}

/** Linear in the texts' length. Followers of one index are independent of each other, each with its own state. */
export function indexTexts(texts: readonly string[]): Index {
  const hashes: number[] = []
  const weights: number[] = []
  /** Where each text begins, so that no group of words reaches over two. */
  const begins: number[] = []
  for (const text of texts) {
    if (hashes.length >= WORDS_MAX) break
    begins.push(hashes.length)
    const reader = readWords((hash, weight) => {
      if (hashes.length >= WORDS_MAX) return
      hashes.push(hash)
      weights.push(weight)
    })
    // A code unit makes one word at most, so more of them than this are not needed for `WORDS_MAX` words of ordinary length.
    reader.push(text.length > WORDS_MAX * 16 ? text.slice(0, WORDS_MAX * 16) : text)
    reader.end()
  }
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const size = 2 ** Math.max(4, Math.ceil(Math.log2(hashes.length * 2 + 1)))
  const mask = size - 1
  const keys = new Int32Array(size)
  /** Position of a group's last word, plus one; 0 where the slot is free. */
  const places = new Int32Array(size)
  begins.forEach((begin, i) => {
    const end = begins[i + 1] ?? hashes.length
    for (let at = begin + GRAM - 1; at < end; at++) {
      let gram = 0
      for (let k = at - GRAM + 1; k <= at; k++) gram = joined(gram, hashes[k] as number)
      let slot = slotOf(gram) & mask
      while (places[slot] !== 0 && keys[slot] !== gram) slot = (slot + 1) & mask
      if (places[slot] !== 0) continue
      keys[slot] = gram
      places[slot] = at + 1
    }
  })

  const placeOf = (gram: number): number => {
    let slot = slotOf(gram) & mask
    while (places[slot] !== 0 && keys[slot] !== gram) slot = (slot + 1) & mask
    return (places[slot] as number) - 1
  }

  return {
    words: total / 2,
    follow: (onStretch) => {
      const lastHashes = new Int32Array(GRAM)
      const lastStarts = new Float64Array(GRAM)
      /** Number of the stretch that repeated a word last. */
      const stamps = new Int32Array(hashes.length)
      let count = 0
      let number = 0
      let isOpen = false
      let start = 0
      let end = 0
      let shared = 0
      let lastShared = 0
      let hasOpening = false
      const current = (): Stretch => ({ start, end, words: shared / 2, share: total === 0 ? 0 : shared / total, hasOpening })
      const close = () => {
        if (isOpen) onStretch(current(), true)
        isOpen = false
      }
      const reader = readWords((hash, _weight, wordStart, wordEnd) => {
        lastHashes[count % GRAM] = hash
        lastStarts[count % GRAM] = wordStart
        count++
        if (count < GRAM) return
        let gram = 0
        for (let k = 0; k < GRAM; k++) gram = joined(gram, lastHashes[(count + k) % GRAM] as number)
        const place = placeOf(gram)
        if (place < 0) {
          if (isOpen && count - lastShared > GAP_MAX + GRAM - 1) close()
          return
        }
        if (!isOpen) {
          isOpen = true
          number++
          start = lastStarts[count % GRAM] as number
          shared = 0
          hasOpening = false
        }
        for (let k = place - GRAM + 1; k <= place; k++) {
          if (stamps[k] === number) continue
          stamps[k] = number
          shared += weights[k] as number
        }
        if (place === GRAM - 1) hasOpening = true
        end = wordEnd
        lastShared = count
        onStretch(current(), false)
      })
      return {
        push: reader.push,
        end: () => {
          reader.end()
          close()
        },
        openFrom: () => (isOpen ? start : reader.openFrom()),
      }
    },
  }
}

function joined(gram: number, hash: number): number {
  return (Math.imul(gram, 0x01000193) ^ Math.imul(hash, 0x9e3779b1)) | 0
}

function slotOf(gram: number): number {
  return Math.imul(gram, 0x85ebca6b) >>> 7
}
