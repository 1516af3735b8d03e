/**
 * Base64 and hexadecimal pieces of a text that hold text. It does not find text in the middle of other bytes (an image), nor pieces of
 * fewer than 16 characters.
 */
import { WHOLE } from './offsets.ts'
import { createPieceWriter, type Allowance, type Decoded } from './piece.ts'

const ENCODED_MIN = 16
/** Bytes after which it is judged whether a piece holds text. */
const SAMPLE_BYTES = 96
/** Bytes of UTF-16 that must be ASCII: bytes of anything else would pass as Chinese. */
const WIDE_SAMPLE = 12
/** How far into a run, and how often, a sign between words is tried as the beginning. */
const SEPARATOR_REACH = 256
const SEPARATOR_TRIES = 8
/** Characters that text must hold to be looked at. */
const TEXT_MIN = 6
/** The white space at a line's end and the next line's beginning that a wrapped piece runs over. */
const WRAP_CHARS_MAX = 12
const LINE_MIN = 4

const NONE = 255
/** By code unit: the six bits of a base64 character, standard and URL-safe. */
const BASE64 = new Uint8Array(65_536).fill(NONE)
/** By code unit: the four bits of a hexadecimal digit. */
const HEX = new Uint8Array(65_536).fill(NONE)
'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'.split('').forEach((char, bits) => {
  BASE64[char.charCodeAt(0)] = bits
})
BASE64['-'.charCodeAt(0)] = 62
BASE64['_'.charCodeAt(0)] = 63
for (let bits = 0; bits < 16; bits++) {
  HEX[bits.toString(16).charCodeAt(0)] = bits
  HEX[bits.toString(16).toUpperCase().charCodeAt(0)] = bits
}

/** One or two forms: what was base64, what was hexadecimal. Linear. */
export function decodeBytes(text: string, allowance: Allowance): readonly Decoded[] {
  const length = text.length
  if (length < ENCODED_MIN) return []
  const base64 = createPieceWriter(allowance)
  const hex = createPieceWriter(allowance)
  const rows = createPairRows(text, hex)
  let i = 0
  while (i < length) {
    if (BASE64[text.charCodeAt(i)] === NONE) {
      i++
      continue
    }
    const start = i
    i = endOfRun(text, i + 1)
    // Nearly all there is: a word, and no line's end behind it.
    if (i - start < ENCODED_MIN && (i === length || i - start < LINE_MIN || !isLineEnd(text.charCodeAt(i)))) {
      if (i - start === 2) rows.pair(start)
      continue
    }
    let lineStart = start
    let chars = 0
    for (;;) {
      const lineChars = i - lineStart
      chars += lineChars
      if (lineChars < LINE_MIN || i === length) break
      const code = text.charCodeAt(i)
      // A run that goes on in the next line is one wrapped piece; a long one also where the line breaks became spaces.
      if (!isLineEnd(code) && (code !== 32 || lineChars < ENCODED_MIN)) break
      const next = skipWrap(text, i)
      if (next === length || BASE64[text.charCodeAt(next)] === NONE) break
      lineStart = next
      i = endOfRun(text, next + 1)
    }
    if (chars >= ENCODED_MIN && (hex.hasRoom() || base64.hasRoom())) {
      if (isDashed(text, start)) rows.dashed(start, i)
      else decodeRegion(text, start, i, base64, hex)
    }
  }
  rows.end()
  if (text.includes('0x') || text.includes('0X')) prefixedPairs(text, hex)
  return [base64.finish('base64'), hex.finish('hex')].filter((decoded) => decoded !== null)
}

type Writer = ReturnType<typeof createPieceWriter>

/** Where the characters of base64 from here on end. */
function endOfRun(text: string, from: number): number {
  let at = from
  while (at < text.length && BASE64[text.charCodeAt(at)] !== NONE) at++
  return at
}

function isLineEnd(code: number): boolean {
  return code === 10 || code === 13
}

function skipWrap(text: string, from: number): number {
  let at = from
  while (at < text.length && at - from <= WRAP_CHARS_MAX) {
    const code = text.charCodeAt(at)
    // Quoted mail puts `>` before each line.
    if (code !== 10 && code !== 13 && code !== 32 && code !== 9 && code !== 0x3e) break
    at++
  }
  return at
}

/**
 * What of a region holds text: from its beginning, or from that of any of its lines (wrapped base64 begins at any, and prose of one word
 * a line is none).
 */
function decodeRegion(text: string, start: number, end: number, base64: Writer, hex: Writer): void {
  let from = start
  while (end - from >= ENCODED_MIN) {
    const consumed = decodeAt(text, from, end, base64, hex)
    if (consumed > from) from = consumed
    else {
      while (from < end && BASE64[text.charCodeAt(from)] !== NONE) from++
      if (from === end) return
    }
    while (from < end && BASE64[text.charCodeAt(from)] === NONE) from++
  }
}

/** Where the text that begins here, or up to three characters later, ends; `start` where there is none. */
function decodeAt(text: string, start: number, end: number, base64: Writer, hex: Writer): number {
  if (isHex(text, start)) {
    for (let skip = 0; skip < 2; skip++) {
      const consumed = writeText(text, start + skip, end, hex, 4)
      if (consumed > 0) return consumed
    }
  }
  for (let skip = 0; skip < 4; skip++) {
    const consumed = writeText(text, start + skip, end, base64, 6)
    if (consumed > 0) return consumed
  }
  // `path/aGVsbG8...`: signs of base64 that separate words elsewhere.
  const until = Math.min(end - ENCODED_MIN, start + SEPARATOR_REACH)
  for (let at = start + 1, tries = 0; at < until && tries < SEPARATOR_TRIES; at++) {
    const code = text.charCodeAt(at)
    if (code !== 0x2f && code !== 0x2d && code !== 0x5f && code !== 0x2b) continue
    tries++
    const consumed = writeText(text, at + 1, end, base64, 6)
    if (consumed > 0) return consumed
  }
  return start
}

function isHex(text: string, start: number): boolean {
  for (let i = start; i < start + ENCODED_MIN; i++) {
    const code = text.charCodeAt(i)
    if (HEX[code] === NONE && !isSpace(code)) return false
  }
  return true
}

function isSpace(code: number): boolean {
  return code <= 32 || code === 0x3e
}

/** Writes the text that is encoded from `start` on, and tells where its encoding ends; 0 where there is no text. */
function writeText(text: string, start: number, end: number, writer: Writer, bits: 4 | 6): number {
  if (bits === 6 && !mayBeText(text, start)) return 0
  const found = readEncoded(text, start, end, bits, false) ?? readEncoded(text, start, end, bits, true)
  if (found === null) return 0
  let until = found.end
  while (text.charCodeAt(until) === 0x3d && until < found.end + 2) until++
  writer.write(found.text, start, until, WHOLE)
  writer.endPiece()
  return until
}

/** By the first six bytes, which cost no array: most runs of letters are words and paths. */
function mayBeText(text: string, start: number): boolean {
  const first = threeBytes(text, start)
  if (first < 0) return true
  if (!mayBegin(first >> 16) || !mayFollow((first >> 8) & 0xff) || !mayFollow(first & 0xff)) return false
  const next = threeBytes(text, start + 4)
  return next < 0 || (mayFollow(next >> 16) && mayFollow((next >> 8) & 0xff) && mayFollow(next & 0xff))
}

/** What four characters of base64 hold; -1 where the next four are not all of it. */
function threeBytes(text: string, start: number): number {
  const a = BASE64[text.charCodeAt(start)] as number
  const b = BASE64[text.charCodeAt(start + 1)] as number
  const c = BASE64[text.charCodeAt(start + 2)] as number
  const d = BASE64[text.charCodeAt(start + 3)] as number
  return a === NONE || b === NONE || c === NONE || d === NONE ? -1 : (a << 18) | (b << 12) | (c << 6) | d
}

function mayBegin(byte: number): boolean {
  return byte < 0x80 ? isPrintable(byte) : byte >= 0xc2 && byte < 0xf5
}

/** Also the zero of UTF-16. */
function mayFollow(byte: number): boolean {
  return byte >= 0x80 || byte === 0 || isPrintable(byte)
}

/**
 * The text that is encoded from `start` on, as far as it is text: it ends at the first byte that is none. Costs as much as it reads, so
 * that trying again elsewhere stays linear. `isWide`: UTF-16, little end first, as PowerShell takes it.
 */
function readEncoded(
  text: string,
  start: number,
  end: number,
  bits: 4 | 6,
  isWide: boolean,
): { readonly text: string; readonly end: number } | null {
  const alphabet = bits === 4 ? HEX : BASE64
  let bytes = new Uint8Array(SAMPLE_BYTES)
  let length = 0
  let held = 0
  let heldBits = 0
  /** Bytes of a character that are still to come. */
  let pending = 0
  let isBroken = false
  /** Behind the last character that completed a byte. */
  let readEnd = start
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i)
    const value = alphabet[code] as number
    if (value === NONE) {
      if (isSpace(code)) continue
      break
    }
    held = ((held << bits) | value) & 0xffff
    heldBits += bits
    if (heldBits < 8) continue
    heldBits -= 8
    const byte = (held >> heldBits) & 0xff
    if (isWide) {
      if (length % 2 === 1 ? byte > 0x20 && (byte & 0xf8) === 0xd8 : length < WIDE_SAMPLE && !isPrintable(byte)) isBroken = true
      if (length % 2 === 1 && length < WIDE_SAMPLE && byte !== 0) isBroken = true
    } else if (pending > 0) {
      if ((byte & 0xc0) !== 0x80) isBroken = true
      pending--
    } else if (byte < 0x80) {
      if (!isPrintable(byte)) isBroken = true
    } else if (byte < 0xc2 || byte > 0xf4) isBroken = true
    else pending = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1
    if (isBroken) break
    if (length === bytes.length) {
      if (length === SAMPLE_BYTES && !isPlausible(decode(bytes, isWide))) return null
      const larger = new Uint8Array(length * 4)
      larger.set(bytes)
      bytes = larger
    }
    bytes[length++] = byte
    readEnd = i + 1
  }
  if (length < (isBroken ? 2 * TEXT_MIN : TEXT_MIN)) return null
  const decoded = decode(bytes.subarray(0, length), isWide)
  return isPlausible(decoded) ? { text: decoded, end: readEnd } : null
}

function decode(bytes: Uint8Array, isWide: boolean): string {
  return new TextDecoder(isWide ? 'utf-16le' : 'utf-8').decode(bytes)
}

function isPrintable(code: number): boolean {
  return (code >= 32 && code < 127) || code === 9 || code === 10 || code === 13
}

/** Half of it letters, digits, spaces and the signs of escapes, by its first 512 characters: bytes that happen to be ASCII are not. */
function isPlausible(text: string): boolean {
  const sample = text.slice(0, 512)
  let counted = 0
  for (let i = 0; i < sample.length; i++) {
    const code = sample.charCodeAt(i)
    const isLetter = code >= 0xa0 || ((code | 32) >= 0x61 && (code | 32) <= 0x7a)
    if (isLetter || (code >= 0x30 && code <= 0x39) || ESCAPE_SIGNS.includes(sample.charAt(i))) counted++
  }
  return counted * 2 >= sample.length
}

const ESCAPE_SIGNS = ' \n%&#;\\=,:'

/** Fewer pairs are a time, a colour, an address of a network card. */
const PAIRS_MIN = 8
const PAIR_GAP_MAX = 3
const PREFIXED_PAIRS = /(?:0x[0-9a-f]{2}[\s,;]{0,3}){5,}/gi

/** Pairs of digits in a row: `69 67 6e`, `69:67:6e`, `69-67-6e`. */
function createPairRows(text: string, writer: Writer) {
  let rowStart = -1
  let rowEnd = -1
  let count = 0
  const end = () => {
    if (count >= PAIRS_MIN) writePairs(text.slice(rowStart, rowEnd), rowStart, writer)
    count = 0
  }
  return {
    /** A token of two characters. */
    pair: (start: number) => {
      if (HEX[text.charCodeAt(start)] === NONE || HEX[text.charCodeAt(start + 1)] === NONE) return end()
      if (count > 0 && !isPairGap(text, rowEnd, start)) end()
      if (count === 0) rowStart = start
      count++
      rowEnd = start + 2
    },
    dashed: (start: number, until: number) => writePairs(text.slice(start, until), start, writer),
    end,
  }
}

function isPairGap(text: string, from: number, to: number): boolean {
  if (to - from > PAIR_GAP_MAX) return false
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i)
    if (code !== 32 && code !== 10 && code !== 13 && code !== 0x2c && code !== 0x3a && code !== 0x3b) return false
  }
  return true
}

function isDashed(text: string, start: number): boolean {
  return text.charCodeAt(start + 2) === 0x2d && text.charCodeAt(start + 5) === 0x2d && text.charCodeAt(start + 8) === 0x2d
}

function prefixedPairs(text: string, writer: Writer): void {
  for (const found of text.matchAll(PREFIXED_PAIRS)) writePairs(found[0].replaceAll(/0x/gi, '  '), found.index, writer)
}

function writePairs(pairs: string, start: number, writer: Writer): void {
  const digits = pairs.replaceAll(/[^0-9a-f]/gi, '')
  const decoded = readEncoded(digits, 0, digits.length, 4, false)
  if (decoded === null) return
  writer.write(decoded.text, start, start + pairs.length, WHOLE)
  writer.endPiece()
}
