/**
 * Characters written as escapes within a text: percent, HTML entities, `\u0041`, `\x41`. What stands around them is kept, so that a word
 * of which one letter is escaped is whole again: a form holds these surroundings, not the rest of the text.
 */
import type { Decoding } from '../match.ts'
import { SAME, WHOLE } from './offsets.ts'
import { createPieceWriter, type Allowance, type Decoded } from './piece.ts'

/** Around an escape that hides a letter: the sentence matters. */
const REACH_OF_LETTER = 200
/** Around any other: the word or address that holds it. */
const REACH_OF_SIGN = 100

type Escapes = {
  readonly decoding: Decoding
  /** What must be in the text for the pattern to be tried. */
  readonly sign: string
  readonly pattern: RegExp
  /** Null where it is no escape after all. */
  decode(found: RegExpExecArray): string | null
}

/** The entities that are used in prose; others are signs that no word holds. */
const ENTITIES: { readonly [name: string]: string } = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  ensp: ' ',
  emsp: ' ',
  thinsp: ' ',
  tab: '\t',
  newline: '\n',
  excl: '!',
  num: '#',
  dollar: '$',
  percnt: '%',
  lpar: '(',
  rpar: ')',
  ast: '*',
  plus: '+',
  comma: ',',
  period: '.',
  sol: '/',
  colon: ':',
  semi: ';',
  equals: '=',
  quest: '?',
  commat: '@',
  lbrack: '[',
  lsqb: '[',
  bsol: '\\',
  rsqb: ']',
  rbrack: ']',
  hat: '^',
  lowbar: '_',
  grave: '`',
  lcub: '{',
  lbrace: '{',
  verbar: '|',
  vert: '|',
  rcub: '}',
  rbrace: '}',
  hyphen: '-',
  dash: '-',
  ndash: '-',
  mdash: '-',
  lsquo: "'",
  rsquo: "'",
  ldquo: '"',
  rdquo: '"',
  hellip: '...',
  shy: '',
  zwnj: '',
  zwj: '',
}

const KINDS: readonly Escapes[] = [
  {
    decoding: 'percent',
    sign: '%',
    // Consecutive ones are read together: they may be the bytes of one character.
    pattern: /(?:%[0-9a-f]{2})+/gi,
    decode: (found) => readPercent(found[0]),
  },
  {
    decoding: 'html_entities',
    sign: '&',
    pattern: /&(?:#x0{0,6}([0-9a-f]{1,6})|#0{0,6}([0-9]{1,7})|([a-z]{2,8}));?/gi,
    decode: (found) => {
      if (found[1] !== undefined) return character(Number.parseInt(found[1], 16))
      if (found[2] !== undefined) return character(Number.parseInt(found[2], 10))
      const name = (found[3] ?? '').toLowerCase()
      return found[0].endsWith(';') && Object.hasOwn(ENTITIES, name) ? (ENTITIES[name] ?? null) : null
    },
  },
  {
    decoding: 'unicode_escapes',
    sign: '\\u',
    pattern: /\\u(?:\{([0-9a-f]{1,6})\}|([0-9a-f]{4}))/gi,
    decode: (found) => character(Number.parseInt(found[1] ?? found[2] ?? '', 16)),
  },
  {
    decoding: 'unicode_escapes',
    sign: 'U+',
    pattern: /U\+([0-9a-f]{4,6})[ ,]?/gi,
    decode: (found) => character(Number.parseInt(found[1] ?? '', 16)),
  },
  {
    decoding: 'hex',
    sign: '\\x',
    pattern: /(?:\\x[0-9a-f]{2})+/gi,
    decode: (found) => utf8(found[0].split(/\\x/i).slice(1)),
  },
]

/** One form for each kind of escapes that occurs. Linear. */
export function decodeEscapes(text: string, allowance: Allowance): readonly Decoded[] {
  const decoded: Decoded[] = []
  for (const kind of KINDS) {
    if (!text.includes(kind.sign) || allowance.chars <= 0) continue
    const one = decodeKind(text, kind, allowance)
    if (one !== null) decoded.push(one)
  }
  return decoded
}

function decodeKind(text: string, kind: Escapes, allowance: Allowance): Decoded | null {
  const writer = createPieceWriter(allowance)
  /** Up to where the text is written; -1 before the first piece. */
  let written = -1
  /** How far the piece goes on after the last escape. */
  let reach = 0
  const keep = (end: number) => end <= written || writer.write(text.slice(written, end), written, end, SAME)

  for (const found of text.matchAll(kind.pattern)) {
    const plain = kind.decode(found)
    if (plain === null) continue
    const hidesLetter = /[a-z]/i.test(plain)
    const start = found.index
    const from = reachBack(text, start, hidesLetter)
    if (written < 0 || from > reach) {
      if (written >= 0) {
        if (!keep(reach)) break
        writer.endPiece()
      }
      written = Math.max(written, from)
    }
    const end = start + found[0].length
    if (!keep(start)) break
    if (plain !== '' && !writer.write(plain, start, end, WHOLE)) break
    written = end
    reach = Math.max(reach, reachOn(text, end, hidesLetter))
  }
  if (written < 0) return null
  keep(Math.max(reach, written))
  return writer.finish(kind.decoding)
}

function reachBack(text: string, start: number, hidesLetter: boolean): number {
  if (hidesLetter) return atPair(text, Math.max(0, start - REACH_OF_LETTER))
  let at = start
  while (at > 0 && start - at < REACH_OF_SIGN && !ends(text.charCodeAt(at - 1))) at--
  return atPair(text, at)
}

function reachOn(text: string, end: number, hidesLetter: boolean): number {
  if (hidesLetter) return atPair(text, Math.min(text.length, end + REACH_OF_LETTER))
  let at = end
  while (at < text.length && at - end < REACH_OF_SIGN && !ends(text.charCodeAt(at))) at++
  return atPair(text, at)
}

/** White space, quotation marks, angle brackets: no word or address goes on beyond. */
function ends(code: number): boolean {
  return code <= 32 || code === 0x22 || code === 0x27 || code === 0x3c || code === 0x3e
}

function atPair(text: string, at: number): number {
  return (text.charCodeAt(at) & 0xfc00) === 0xdc00 ? at + 1 : at
}

function readPercent(escapes: string): string | null {
  return utf8(escapes.split('%').slice(1))
}

/** Bytes that are no UTF-8 come out as the replacement character: what is readable around them counts. */
function utf8(bytes: readonly string[]): string {
  return new TextDecoder().decode(Uint8Array.from(bytes, (byte) => Number.parseInt(byte, 16)))
}

function character(codePoint: number): string | null {
  return codePoint > 0 && codePoint <= 0x10ffff ? String.fromCodePoint(codePoint) : null
}
