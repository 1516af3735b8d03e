/**
 * Lower case, diacritics off, look-alike letters as the letters that they look like: one code unit for one code unit.
 *
 * Letters of Latin script become ASCII wherever they stand. A letter of another script does so only in a word that gives itself away:
 * one that mixes scripts, or one of which every letter looks Latin and that stands among no words of its own script. Words of Russian,
 * Greek or Hebrew stay as they are, so that rules can be written in these languages. It does not turn one letter into two (`æ`, `ß`) nor two into one (`rn`).
 */
import { LOOKALIKES_PACKED } from './lookalikes.ts'

/** What the table of Unicode leaves out, because it compares printed shapes only: small capitals, and shapes seen in real attacks. */
const MORE_LATIN = {
  b: 'ʙ',
  d: 'ᴅ',
  e: 'ᴇǝ',
  g: 'ɢ',
  h: 'ʜ',
  j: 'ᴊ',
  k: 'ᴋĸ',
  l: 'ʟ',
  m: 'ᴍ',
  n: 'ɴ',
  p: 'ᴘ',
  r: 'ʀ',
  t: 'ᴛ',
  a: 'ᴀ',
  f: 'ꜰ',
  q: 'ꞯ',
}
/** Taken for the letter only where the word holds Latin letters beside. */
const MORE_IN_MIXED = {
  a: 'λд',
  b: 'βв',
  e: 'εєэ',
  h: 'нԋ',
  k: 'κк',
  m: 'μм',
  n: 'пиπ',
  r: 'я',
  t: 'τт',
  u: 'ц',
  w: 'ω',
  x: 'χ',
}

/** Quotation marks and dashes as they are typed. */
const SIGNS = [
  ["'", '\u2018\u2019\u201a\u201b\u02bc\u2032\u00b4'],
  ['"', '\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb'],
  ['-', '\u2010\u2012\u2013\u2014\u2015\u2212'],
] as const

/** A whole word of another script needs this many letters to be taken for Latin by itself. */
const WHOLE_WORD_MIN = 3

const UNKNOWN = 0
const LATIN = 1
const NATIVE = 2

const IS_WORD = 1
const IS_LATIN = 2
const IN_MIXED_ONLY = 0x80

/** By code unit: what it is in lower case without its diacritics, and as a Latin letter where it is one. */
const PLAIN = new Uint16Array(65_536)
/** By code unit: the ASCII code that a letter of another script looks like, `IN_MIXED_ONLY` added; 0 where it looks like none. */
const LOOKS = new Uint8Array(65_536)
const KIND = new Uint8Array(65_536)
/** Beyond the BMP. */
const ASTRAL = new Map<number, string>()

buildTables()

function buildTables(): void {
  for (let code = 0; code < 65_536; code++) PLAIN[code] = code >= 0x41 && code <= 0x5a ? code | 32 : code
  const letters = everyUnit()
  // U+0130 is the only one that grows in lower case, and sigma depends on what stands around it.
  const lower = letters.replace('\u0130', 'i').replace('\u03a3', '\u03c3').toLowerCase()
  for (let i = 0; i < letters.length; i++) PLAIN[letters.charCodeAt(i)] = lower.charCodeAt(i)
  for (const found of letters.matchAll(/[\p{L}\p{M}\p{Nd}]+/gu)) {
    for (let i = 0; i < found[0].length; i++) KIND[found[0].charCodeAt(i)] = IS_WORD
  }
  for (const found of letters.matchAll(/\p{Script=Latin}+/gu)) {
    for (let i = 0; i < found[0].length; i++) KIND[found[0].charCodeAt(i)] = IS_WORD | IS_LATIN
  }
  // A digit is worth what it is worth, whatever it looks like.
  let zero = -1
  for (const found of letters.matchAll(/\p{Nd}/gu)) {
    const code = found[0].charCodeAt(0)
    if (code >= zero + 10 || zero < 0) zero = code
    PLAIN[code] = 0x30 + code - zero
  }
  for (const line of LOOKALIKES_PACKED.split('\n')) {
    const [letter = '', ...steps] = line.split(' ')
    let code = 0
    for (const step of steps) {
      code += Number.parseInt(step, 36)
      if (code > 0xffff) ASTRAL.set(code, letter)
      else if (KIND[code] === (IS_WORD | IS_LATIN)) PLAIN[code] = letter.charCodeAt(0)
      else LOOKS[code] = letter.charCodeAt(0)
    }
  }
  for (const [letter, sources] of Object.entries(MORE_LATIN)) {
    for (const source of sources) PLAIN[source.charCodeAt(0)] = letter.charCodeAt(0)
  }
  for (const [letter, sources] of Object.entries(MORE_IN_MIXED)) {
    for (const source of sources + sources.toUpperCase()) {
      const code = source.charCodeAt(0)
      if (LOOKS[code] === 0) LOOKS[code] = letter.charCodeAt(0) | IN_MIXED_ONLY
    }
  }
  // Scripts in which a mark on a letter is a diacritic: Latin, Greek, Cyrillic. Cyrillic short i is a letter of its own.
  for (const [from, to] of [
    [0xc0, 0x24f],
    [0x370, 0x52f],
    [0x1e00, 0x1fff],
  ] as const) {
    for (let code: number = from; code <= to; code++) {
      if (code === 0x419 || code === 0x439) continue
      const decomposed = String.fromCharCode(code).normalize('NFD')
      if (decomposed.length > 1 && /^.\p{M}+$/u.test(decomposed)) {
        const base = decomposed.charCodeAt(0)
        PLAIN[code] = PLAIN[base] as number
        LOOKS[code] = LOOKS[base] as number
      }
    }
  }
  for (const [sign, sources] of SIGNS) for (const source of sources) PLAIN[source.charCodeAt(0)] = sign.charCodeAt(0)
  // The small letter of a capital that looks Latin is taken for it where the word gives itself away: Cherokee, Coptic.
  for (let i = 0; i < letters.length; i++) {
    const capital = letters.charCodeAt(i)
    const small = PLAIN[capital] as number
    const looks = LOOKS[capital] as number
    if (small !== capital && looks !== 0 && LOOKS[small] === 0 && KIND[small] === IS_WORD) LOOKS[small] = looks | IN_MIXED_ONLY
  }
  // Letters of emblems: negative circled, negative squared.
  for (let i = 0; i < 26; i++) {
    ASTRAL.set(0x1f150 + i, String.fromCharCode(0x61 + i))
    ASTRAL.set(0x1f170 + i, String.fromCharCode(0x61 + i))
  }
}

/** The BMP without ASCII and without surrogates, as one string. */
export function everyUnit(): string {
  const units = new Uint16Array(65_536)
  let length = 0
  for (let code = 0x80; code < 65_536; code++) if (code < 0xd800 || code > 0xdfff) units[length++] = code
  return textOf(units, length)
}

/** The ASCII letter or digit that a character beyond the BMP looks like, null for none. */
export function astralLookalike(codePoint: number): string | null {
  return ASTRAL.get(codePoint) ?? null
}

/** True for a code unit of Latin script, ASCII among them. */
export function isLatin(code: number): boolean {
  if (code < 0x80) return (code | 32) >= 0x61 && (code | 32) <= 0x7a
  return ((KIND[code] as number) & IS_LATIN) !== 0
}

/** True for what stands for itself whatever is around it: signs, and letters of Latin script. */
export function foldsAlone(code: number): boolean {
  return LOOKS[code] === 0 && (KIND[code] === 0 || ((KIND[code] as number) & IS_LATIN) !== 0)
}

/** `foldText` for a text of which every unit `foldsAlone`. */
export function foldAlone(text: string): string {
  return text.replace(/[^\0-\x7f]/g, (unit) => String.fromCharCode(PLAIN[unit.charCodeAt(0)] as number)).toLowerCase()
}

/** Same length as `text`, which is taken to be NFKC. Linear; pure. Rules that are not in ASCII are to be written in what this gives. */
export function foldText(text: string): string {
  const length = text.length
  const out = new Uint16Array(length)
  /** The last word with letters. */
  let last = UNKNOWN
  /** Words that look Latin as a whole and wait for the word behind them: `copy` in Cyrillic, or Russian. */
  let waiting = -1
  let waitingEnd = -1
  const foldRange = (from: number, to: number) => {
    for (let at = from; at < to; at++) {
      const looks = LOOKS[text.charCodeAt(at)] as number
      if (looks !== 0) out[at] = looks & 0x7f
    }
  }
  let i = 0
  while (i < length) {
    let code = text.charCodeAt(i)
    if (!isWordUnit(code)) {
      out[i++] = code < 0x80 ? code : (PLAIN[code] as number)
      continue
    }
    const start = i
    let hasLatin = false
    let letters = 0
    let mapped = 0
    let firstScript = -1
    let isMixed = false
    let looksLatin = true
    for (; i < length; i++) {
      code = text.charCodeAt(i)
      if (code < 0x80) {
        const lower = code | 32
        if (lower >= 0x61 && lower <= 0x7a) {
          hasLatin = true
          out[i] = lower
          continue
        }
        if (code < 0x30 || code > 0x39) break
        out[i] = code
        continue
      }
      const looks = LOOKS[code] as number
      const kind = KIND[code] as number
      if (kind === 0 && looks === 0) break
      out[i] = PLAIN[code] as number
      letters++
      if ((kind & IS_LATIN) !== 0) hasLatin = true
      if (looks === 0) {
        looksLatin = false
        continue
      }
      mapped++
      const script = scriptOf(code)
      if (firstScript < 0) firstScript = script
      else if (script !== firstScript) isMixed = true
      if (looks >= IN_MIXED_ONLY || looks < 0x61 || !looksLatinInLowerCase(code)) looksLatin = false
    }
    if (letters === 0 && !hasLatin) continue
    if (hasLatin || isMixed) {
      if (mapped > 0) foldRange(start, i)
      if (waiting >= 0) foldRange(waiting, waitingEnd)
      waiting = -1
      last = LATIN
    } else if (!looksLatin) {
      waiting = -1
      last = NATIVE
    } else if (last === LATIN) foldRange(start, i)
    else if (last === UNKNOWN && letters >= WHOLE_WORD_MIN) {
      if (waiting < 0) waiting = start
      waitingEnd = i
    }
  }
  if (waiting >= 0) foldRange(waiting, waitingEnd)
  return textOf(out, length)
}

/** Letters, marks and digits, and what looks like one. */
function isWordUnit(code: number): boolean {
  if (code < 0x80) return (code >= 0x30 && code <= 0x39) || ((code | 32) >= 0x61 && (code | 32) <= 0x7a)
  return KIND[code] !== 0 || LOOKS[code] !== 0
}

/**
 * In scripts with two cases, a word is judged alike in both: Cyrillic capitals look Latin far more often than the small letters of the
 * same word do.
 */
function looksLatinInLowerCase(code: number): boolean {
  const lower = PLAIN[code] as number
  if (lower === code || code > 0x58f) return true
  const looks = LOOKS[lower] as number
  return lower < 0x80 || (looks !== 0 && looks < IN_MIXED_ONLY)
}

function scriptOf(code: number): number {
  if (code < 0x370) return 0
  if (code < 0x400) return 1
  if (code < 0x530) return 2
  if (code < 0x590) return 3
  if (code < 0x600) return 4
  if (code < 0x780) return 5
  if ((code >= 0x13a0 && code < 0x1400) || (code >= 0xab70 && code < 0xabc0)) return 6
  if (code >= 0x1f00 && code < 0x2000) return 1
  return 8 + (code >> 8)
}

/** Code units as text: `String.fromCharCode` takes only so many arguments. */
export function textOf(units: Uint16Array, length: number): string {
  let text = ''
  for (let at = 0; at < length; at += 4096) {
    text += String.fromCharCode.apply(null, units.subarray(at, Math.min(at + 4096, length)) as unknown as number[])
  }
  return text
}
