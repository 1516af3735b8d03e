/**
 * Finds in one pass which literals of a fixed list occur in a text, and where. A literal is found where a word begins; signs, digits and
 * scripts that write without spaces have no word beginnings, there it is found anywhere.
 */

/**
 * Writes for each literal that it finds its number (its place in the list) and where it begins, in ascending order, over what `hits` held.
 * Gives the count of numbers written; what is behind them in `hits` is of an earlier text. No callback: this runs over every text.
 */
export type WordIndex = (text: string, hits: number[]) => number

const STATES_MAX = 32_767

/** Linear in the text's length times the longest literal at worst; ordinary text is left after a letter or two of each word. */
export function createWordIndex(words: readonly string[]): WordIndex {
  // A trie. The first step is a table by character, the others are in one hash table by (state, character).
  const edges = new Map<number, number>()
  const root = new Uint16Array(65_536)
  const wordsAt: number[][] = [[]]
  const step = (state: number, code: number) => (state === 0 ? (root[code] ?? 0) : (edges.get(state * 65_536 + code) ?? 0))
  words.forEach((word, number) => {
    let state = 0
    for (let i = 0; i < word.length; i++) {
      const code = word.charCodeAt(i)
      let next = step(state, code)
      if (next === 0) {
        next = wordsAt.length
        if (next > STATES_MAX) throw new RangeError('too many literals')
        wordsAt.push([])
        if (state === 0) root[code] = next
        else edges.set(state * 65_536 + code, next)
      }
      state = next
    }
    wordsAt[state]?.push(number)
  })
  const sizeBits = Math.max(4, Math.ceil(Math.log2(edges.size * 2 + 1)))
  const mask = 2 ** sizeBits - 1
  const keys = new Int32Array(mask + 1).fill(-1)
  const targets = new Uint16Array(mask + 1)
  for (const [key, target] of edges) {
    let slot = slotOf(key) & mask
    while (keys[slot] !== -1) slot = (slot + 1) & mask
    keys[slot] = key
    targets[slot] = target
  }
  const isEnd = Uint8Array.from(wordsAt, (numbers) => (numbers.length > 0 ? 1 : 0))

  // Most words are told apart by their first two letters: one look-up where both are ASCII.
  const pairs = new Uint16Array(128 * 128)
  for (let first = 0; first < 128; first++) {
    for (let second = 0; second < 128; second++) {
      const state = root[first] as number
      if (state !== 0) pairs[first * 128 + second] = edges.get(state * 65_536 + (isWhiteSpace(second) ? 0x20 : second)) ?? 0
    }
  }

  return (text, hits) => {
    const length = text.length
    let count = 0
    let isInWord = false
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i)
      if (code < 0x80 ? IS_WORD_LETTER[code] === 1 : isWordLetter(code)) {
        if (isInWord) continue
        isInWord = true
      } else isInWord = false
      let state = root[code] as number
      if (state === 0) continue
      if (isEnd[state] === 1) count = write(hits, count, wordsAt[state] as number[], i)
      let at = i + 1
      let wasSpace = false
      while (at < length) {
        let next = text.charCodeAt(at)
        if (wasSpace && isWhiteSpace(next)) {
          at++
          continue
        }
        if (at === i + 1 && code < 0x80 && next < 0x80) state = pairs[code * 128 + next] as number
        else {
          if (isWhiteSpace(next)) next = 0x20
          const key = state * 65_536 + next
          let slot = slotOf(key) & mask
          while (keys[slot] !== key && keys[slot] !== -1) slot = (slot + 1) & mask
          state = keys[slot] === key ? (targets[slot] as number) : 0
        }
        if (state === 0) break
        if (isEnd[state] === 1) count = write(hits, count, wordsAt[state] as number[], i)
        // Any white space is one space, as in `phrase`. Each run of it is walked once: from the word before.
        wasSpace = isWhiteSpace(next)
        at++
      }
    }
    return count
  }
}

function write(hits: number[], count: number, words: readonly number[], start: number): number {
  let end = count
  for (let i = 0; i < words.length; i++) {
    hits[end++] = words[i] as number
    hits[end++] = start
  }
  return end
}

function isWhiteSpace(code: number): boolean {
  return code <= 0x20 || code === 0xa0 || code === 0x3000
}

function slotOf(key: number): number {
  return Math.imul(key, 0x9e3779b1) >>> 12
}

/** Letters of scripts that set words apart by spaces and put nothing before a word's stem. */
function isWordLetter(code: number): boolean {
  if (code < 0x80) return code >= 0x61 ? code <= 0x7a : code >= 0x41 && code <= 0x5a
  // Latin, Greek, Cyrillic, Armenian; Devanagari and its neighbours. Hebrew and Arabic write articles and prepositions onto the word.
  return (code >= 0xc0 && code < 0x590) || (code >= 0x900 && code < 0xe00) || (code >= 0x1e00 && code < 0x2000)
}

const IS_WORD_LETTER = Uint8Array.from({ length: 128 }, (_, code) => (isWordLetter(code) ? 1 : 0))
