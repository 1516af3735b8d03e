/**
 * Words in disguise: rotated by 13, turned around, spelled with digits, cut into letters. One cheap pass looks for words that attacks use;
 * only around those is anything taken apart, so that ordinary text is judged once. A disguised text without any such word is missed.
 */
import {
  ALL_WORDS,
  ATTACK_WORDS,
  mayHold,
  REVERSED_WORDS,
  rotated,
  ROTATED_WORDS,
  SPELLED_WORDS,
  stepHash,
  type WordSet,
} from './attack-words.ts'
import { SAME, REVERSED } from './offsets.ts'
import { createPieceWriter, type Allowance, type Decoded, type PieceWriter } from './piece.ts'

/** Letters of known words that must come out before a text is taken for disguised: one word of six, or two short ones. */
const KNOWN_LETTERS_MIN = 6
/** What is taken apart around a known word. */
const REACH = 300
/** The shortest row of single letters. */
const ROW_MIN = 5
/** Between two letters of a row. */
const GAP_MAX = 4
/** Quotation marks and brackets. */
const ENCLOSES = /["'`“”„«»‘’「」『』()[\]{}<>]/
/** Letters of a row that is kept for its shape alone, cut into words as it is. */
const ROW_OF_WORDS_MIN = 12
const SPELLED_LENGTH_MAX = 24

/** Places of what was found, as pairs of start and end, ascending. */
type Hits = { readonly places: number[]; letters: number }

type Disguises = { readonly rotated: Hits; readonly reversed: Hits; readonly spelled: Hits; readonly rows: number[] }

/** Up to four forms. `folded` is the text's folded form; what is decoded is taken from `text`. Linear. */
export function decodeDisguises(
  text: string,
  folded: string,
  known: readonly string[],
  allowance: Allowance,
): readonly Decoded[] {
  const found = lookFor(folded)
  const forms = [
    known.includes('rot13') ? null : turn(text, found.rotated, allowance, writeRotated)?.finish('rot13'),
    known.includes('reversed') ? null : turn(text, found.reversed, allowance, writeReversed)?.finish('reversed'),
    known.includes('leet') ? null : turn(text, found.spelled, allowance, writeSpelled)?.finish('leet'),
    known.includes('split_letters') ? null : joinRows(text, folded, found.rows, allowance),
  ]
  return forms.filter((form) => form !== null && form !== undefined)
}

const LETTER = 1
/** Stands for a letter. */
const SPELLS = 2
/** By code unit; what is beyond ASCII is a letter. */
const KIND = new Uint8Array(128)
/** The letter that a sign stands for; `1`, `!` and `|` also stand for `l`. */
const SPELLED = new Uint8Array(128)
for (let code = 0x61; code <= 0x7a; code++) {
  KIND[code] = LETTER
  KIND[code - 32] = LETTER
  SPELLED[code] = code
  SPELLED[code - 32] = code
}
for (const [sign, letter] of Object.entries({
  0: 'o',
  1: 'i',
  2: 'z',
  3: 'e',
  4: 'a',
  5: 's',
  6: 'g',
  7: 't',
  8: 'b',
  9: 'g',
  '@': 'a',
  $: 's',
  '!': 'i',
  '|': 'i',
  '+': 't',
})) {
  KIND[sign.charCodeAt(0)] = SPELLS
  SPELLED[sign.charCodeAt(0)] = letter.charCodeAt(0)
}
const LETTER_L = 0x6c

function isEither(code: number): boolean {
  return code === 0x31 || code === 0x21 || code === 0x7c
}

function lookFor(folded: string): Disguises {
  const rotatedHits: Hits = { places: [], letters: 0 }
  const reversedHits: Hits = { places: [], letters: 0 }
  const spelledHits: Hits = { places: [], letters: 0 }
  const rows: number[] = []
  const length = folded.length
  let rowStart = -1
  let rowLetters = 0
  let lastEnd = -1
  let i = 0
  while (i < length) {
    let code = folded.charCodeAt(i)
    let kind = code < 128 ? (KIND[code] as number) : LETTER
    if (kind === 0) {
      i++
      continue
    }
    const start = i
    let wordStart = i
    let hash = 0
    let hasSpelling = false
    let hasLetter = false
    for (;;) {
      // Words of plain letters are nearly all there is.
      while (kind === LETTER) {
        hash = (Math.imul(hash, 31) + code) | 0
        i++
        if (i === length) break
        code = folded.charCodeAt(i)
        kind = code < 128 ? (KIND[code] as number) : LETTER
      }
      if (i > wordStart) hasLetter = true
      if (i === length || kind === 0) break
      if (i - wordStart >= 4) lookUp(folded, wordStart, i, hash, rotatedHits, reversedHits)
      hasSpelling = true
      hash = 0
      wordStart = ++i
      if (i === length) break
      code = folded.charCodeAt(i)
      kind = code < 128 ? (KIND[code] as number) : LETTER
      if (kind === 0) break
    }
    if (i - wordStart >= 4) lookUp(folded, wordStart, i, hash, rotatedHits, reversedHits)
    if (hasSpelling && hasLetter && i - start >= 3 && i - start <= SPELLED_LENGTH_MAX) {
      const word = spelledWord(folded, start, i)
      if (word !== null) {
        spelledHits.places.push(start, i)
        spelledHits.letters += i - start
      }
    }
    // A row of single letters, each close behind the other.
    if (i - start === 1) {
      if (rowStart >= 0 && start - lastEnd <= GAP_MAX) rowLetters++
      else {
        if (rowLetters >= ROW_MIN) rows.push(rowStart, lastEnd)
        rowStart = start
        rowLetters = 1
      }
    } else if (rowStart >= 0) {
      if (rowLetters >= ROW_MIN) rows.push(rowStart, lastEnd)
      rowStart = -1
      rowLetters = 0
    }
    lastEnd = i
  }
  if (rowLetters >= ROW_MIN) rows.push(rowStart, lastEnd)
  return { rotated: rotatedHits, reversed: reversedHits, spelled: spelledHits, rows }
}

function lookUp(folded: string, start: number, end: number, hash: number, rotatedHits: Hits, reversedHits: Hits): void {
  if (mayHold(ROTATED_WORDS, hash)) add(ROTATED_WORDS, folded, start, end, rotatedHits)
  if (mayHold(REVERSED_WORDS, hash)) add(REVERSED_WORDS, folded, start, end, reversedHits)
}

function add(set: WordSet, folded: string, start: number, end: number, hits: Hits): void {
  if (!set.words.has(folded.slice(start, end))) return
  hits.places.push(start, end)
  hits.letters += end - start
}

/** The known word that a token spells with digits and signs; null for none. A sign at its end may be punctuation. */
function spelledWord(folded: string, start: number, end: number): string | null {
  for (const like of [0x69, LETTER_L]) {
    for (let until = end; until >= end - 1; until--) {
      let hash = 0
      for (let i = start; i < until; i++) hash = stepHash(hash, spelledLetter(folded.charCodeAt(i), like))
      if (mayHold(SPELLED_WORDS, hash)) {
        const word = spell(folded, start, until, like)
        if (SPELLED_WORDS.words.has(word)) return word
      }
      if (KIND[folded.charCodeAt(until - 1)] !== SPELLS) break
    }
  }
  return null
}

function spelledLetter(code: number, like: number): number {
  if (isEither(code)) return like
  return code < 128 && SPELLED[code] !== 0 ? (SPELLED[code] as number) : code
}

function spell(text: string, start: number, end: number, like: number): string {
  let word = ''
  for (let i = start; i < end; i++) word += String.fromCharCode(spelledLetter(text.charCodeAt(i), like))
  return word
}

/** Takes apart what stands around the hits; null where too little was found. */
function turn(
  text: string,
  hits: Hits,
  allowance: Allowance,
  write: (text: string, start: number, end: number, writer: PieceWriter) => boolean,
): PieceWriter | null {
  if (hits.letters < KNOWN_LETTERS_MIN) return null
  const writer = createPieceWriter(allowance)
  let start = -1
  let end = -1
  for (let at = 0; at < hits.places.length; at += 2) {
    const from = wordBreakBefore(text, hits.places[at] as number)
    const to = wordBreakAfter(text, hits.places[at + 1] as number)
    if (from <= end) end = Math.max(end, to)
    else {
      if (start >= 0 && !write(text, start, end, writer)) return writer
      start = from
      end = to
    }
  }
  write(text, start, end, writer)
  return writer
}

function wordBreakBefore(text: string, at: number): number {
  const from = Math.max(0, at - REACH)
  if (from === 0) return 0
  for (let i = from; i < at; i++) if (text.charCodeAt(i) <= 32) return i + 1
  return at
}

function wordBreakAfter(text: string, at: number): number {
  const to = Math.min(text.length, at + REACH)
  if (to === text.length) return to
  for (let i = to; i > at; i--) if (text.charCodeAt(i) <= 32) return i
  return at
}

function writeRotated(text: string, start: number, end: number, writer: PieceWriter): boolean {
  let plain = ''
  for (let i = start; i < end; i++) plain += String.fromCharCode(rotated(text.charCodeAt(i)))
  const hasRoom = writer.write(plain, start, end, SAME)
  writer.endPiece()
  return hasRoom
}

/** Twice: turned around as a whole, and word by word. */
function writeReversed(text: string, start: number, end: number, writer: PieceWriter): boolean {
  if (!writer.write(reverse(text, start, end), start, end, REVERSED)) return false
  writer.endPiece()
  let at = start
  while (at < end) {
    const isWord = text.charCodeAt(at) > 32
    let to = at + 1
    while (to < end && text.charCodeAt(to) > 32 === isWord) to++
    if (!writer.write(isWord ? reverse(text, at, to) : text.slice(at, to), at, to, isWord ? REVERSED : SAME)) return false
    at = to
  }
  writer.endPiece()
  return true
}

/** By code unit, pairs kept as they are. */
function reverse(text: string, start: number, end: number): string {
  let turned = ''
  for (let i = end - 1; i >= start; i--) {
    const isPair = i > start && (text.charCodeAt(i) & 0xfc00) === 0xdc00 && (text.charCodeAt(i - 1) & 0xfc00) === 0xd800
    if (isPair) i--
    turned += isPair ? text.slice(i, i + 2) : text.charAt(i)
  }
  return turned
}

function writeSpelled(text: string, start: number, end: number, writer: PieceWriter): boolean {
  let plain = ''
  let i = start
  while (i < end) {
    const from = i
    let hasLetter = false
    let hasSpelling = false
    for (; i < end; i++) {
      const code = text.charCodeAt(i)
      const kind = code < 128 ? (KIND[code] as number) : LETTER
      if (kind === 0) break
      if (kind === LETTER) hasLetter = true
      else hasSpelling = true
    }
    // An exclamation mark at the end is one.
    const until = hasLetter && text.charCodeAt(i - 1) === 0x21 ? i - 1 : i
    if (!hasLetter || !hasSpelling || until - from > SPELLED_LENGTH_MAX) plain += text.slice(from, i)
    else {
      const lower = text.slice(from, until).toLowerCase()
      const isL =
        spelledWord(lower, 0, lower.length) !== null && SPELLED_WORDS.words.has(spell(lower, 0, lower.length, LETTER_L))
      plain += spell(text, from, until, isL ? LETTER_L : 0x69) + text.slice(until, i)
    }
    if (i < end) plain += text.charAt(i++)
  }
  const hasRoom = writer.write(plain, start, end, SAME)
  writer.endPiece()
  return hasRoom
}

/** Rows of single letters, put together to words. */
function joinRows(text: string, folded: string, rows: readonly number[], allowance: Allowance): Decoded | null {
  const writer = createPieceWriter(allowance)
  for (let at = 0; at < rows.length; at += 2) {
    if (!joinRow(text, folded, rows[at] as number, rows[at + 1] as number, writer)) break
  }
  return writer.finish('split_letters')
}

/** False where there is no more room. */
function joinRow(text: string, folded: string, start: number, end: number, writer: PieceWriter): boolean {
  const letters: number[] = []
  const gaps = new Map<string, number>()
  for (let i = start; i < end; i++) {
    if (!isRowLetter(folded.charCodeAt(i))) continue
    const last = letters.at(-1)
    if (last !== undefined) {
      const gap = text.slice(last + 1, i)
      gaps.set(gap, (gaps.get(gap) ?? 0) + 1)
    }
    letters.push(i)
  }
  // The gap within words is the commonest; any other is one between words.
  let within = ''
  for (const [gap, count] of gaps) if (count > (gaps.get(within) ?? 0)) within = gap
  const breaks = letters.map((place, index) => index > 0 && text.slice((letters[index - 1] as number) + 1, place) !== within)
  // What stands before a quotation mark or a bracket is another text: `{"q":"i g n o r e"}`.
  const apart = breaks.map((isBreak, index) => {
    return isBreak && ENCLOSES.test(text.slice((letters[index - 1] as number) + 1, letters[index]))
  })
  if (apart.includes(true)) {
    let first = 0
    for (let i = 1; i <= letters.length; i++) {
      if (i < letters.length && apart[i] !== true) continue
      const isRow = i - first >= ROW_MIN
      if (isRow && !joinRow(text, folded, letters[first] as number, (letters[i - 1] as number) + 1, writer)) return false
      first = i
    }
    return true
  }
  const joined = letters.map((place) => folded.charAt(place)).join('')
  const words: readonly string[] = breaks.includes(true)
    ? cutAt(joined, breaks).flatMap((word) => (word.length > LONGEST_WORD ? cutByWords(word) : [word]))
    : cutByWords(joined)
  const knownLetters = words.reduce((sum, word) => (ATTACK_WORDS.words.has(word) ? sum + word.length : sum), 0)
  const isCut = breaks.includes(true) && joined.length >= ROW_OF_WORDS_MIN && /^\P{Nd}+$/u.test(joined)
  if (knownLetters < 4 && !(isCut && words.some((word) => word.length >= 4))) return true
  let index = 0
  for (const word of words) {
    if (index > 0) writer.insert(' ')
    for (const _ of word) {
      const place = letters[index++] as number
      if (!writer.write(text.charAt(place), place, place + 1, SAME)) return false
    }
  }
  writer.endPiece()
  return true
}

function isRowLetter(code: number): boolean {
  return code >= 128 || KIND[code] !== 0
}

function cutAt(joined: string, breaks: readonly boolean[]): readonly string[] {
  const words: string[] = []
  let start = 0
  for (let i = 1; i <= joined.length; i++) {
    if (i < joined.length && breaks[i] !== true) continue
    words.push(joined.slice(start, i))
    start = i
  }
  return words
}

/** Longest known word first; letters of no known word stay together. */
function cutByWords(joined: string): readonly string[] {
  const words: string[] = []
  let loose = ''
  for (let i = 0; i < joined.length;) {
    const longest = Math.min(LONGEST_WORD, joined.length - i)
    let hash = 0
    let length = 1
    for (let tried = 1; tried <= longest; tried++) {
      hash = stepHash(hash, joined.charCodeAt(i + tried - 1))
      if (tried > 1 && mayHold(ALL_WORDS, hash) && ALL_WORDS.words.has(joined.slice(i, i + tried))) length = tried
    }
    if (length > 1) {
      if (loose !== '') words.push(loose)
      loose = ''
      words.push(joined.slice(i, i + length))
    } else loose += joined.charAt(i)
    i += length
  }
  if (loose !== '') words.push(loose)
  return words
}

const LONGEST_WORD = [...ALL_WORDS.words].reduce((longest, word) => Math.max(longest, word.length), 0)
