/**
 * A text as a reader sees it: NFKC, without the characters that show nothing (zero-width, bidi and other controls, tags, variation
 * selectors, soft hyphens) and without loose diacritics. What was taken out still counts in the ranges around it.
 *
 * It does not touch single characters that NFKC would make more than four of, so that no text grows beyond that.
 */
import type { TextRange } from '../../domain/finding.ts'
import type { Decoding, Form } from '../match.ts'
import { astralLookalike, everyUnit, foldAlone, foldsAlone, foldText, isLatin } from './fold.ts'
import { createOffsetMap, SAME, WHOLE, wholePairs, type RangeOf } from './offsets.ts'

/** Marks on one letter that are normalised together. Unicode's stream-safe format has the same bound. */
const CLUSTER_MARKS_MAX = 30
const GROWTH_MAX = 4

/** Of a text that is folded sign by sign, at most one character in so many is not ASCII. */
const SIMPLE_SHARE = 12
/** The single characters stand as they are, unless a mark follows. */
const AS_IS = 0
const INVISIBLE = 1
/** Joins what is before it: marks, vowels and finals of Hangul, halfwidth voicing marks. */
const JOINS = 2
const SURROGATE = 3
/** NFKC makes something else of it. */
const CHANGES = 4
/** A mark that never composes: a vowel sign where it belongs, noise on a Latin letter. */
const QUIET = 5

const PLAIN_ASCII = /^[\t-\r -~]*$/
const INVISIBLE_UNIT = /[\p{Default_Ignorable_Code_Point}\ufff9-\ufffb]|(?![\t-\r\u0085])\p{Cc}/gu
/** What NFC may join to the character before, beside the optional marks: `NFC_Quick_Check=Maybe`, and their halfwidth forms. */
const COMPOSING_UNIT = new RegExp(
  String.raw`[\u093c\u09be\u09d7\u0b3e\u0b56\u0b57\u0bbe\u0bd7\u0c56\u0cc2\u0cd5\u0cd6\u0d3e\u0d57\u0dca\u0dcf\u0ddf\u102e\u1160-\u11ff\u1b35\u3099\u309a\ud7b0-\ud7fb\uff9e\uff9f\uffa1-\uffdc]`,
  'gu',
)
/** Diacritics of any script that writes them optionally: nothing is lost for a reader who knows the word. */
const OPTIONAL_MARK = new RegExp(
  String.raw`[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]`,
  'gu',
)
const MARK = /\p{M}/gu

/** What NFKC makes of single characters, where that is something else. */
const CHANGED = new Map<number, string>()
const CLASS = buildClasses()

/** By code unit: it is seen as it is, and folded without a look at what is around it. */
const IS_SIMPLE = Uint8Array.from(CLASS, (kind, code) => (kind === AS_IS && foldsAlone(code) ? 1 : 0))

function buildClasses(): Uint8Array {
  const classes = new Uint8Array(65_536).fill(AS_IS)
  const all = everyUnit()
  for (const found of all.matchAll(MARK)) classes[found[0].charCodeAt(0)] = QUIET
  for (const found of all.matchAll(OPTIONAL_MARK)) classes[found[0].charCodeAt(0)] = JOINS
  for (const found of all.matchAll(COMPOSING_UNIT)) classes[found[0].charCodeAt(0)] = JOINS
  for (const found of all.matchAll(INVISIBLE_UNIT)) classes[found[0].charCodeAt(0)] = INVISIBLE
  for (let code = 0; code < 0x80; code++) if (code < 9 || (code > 13 && code < 32) || code === 0x7f) classes[code] = INVISIBLE
  classes.fill(SURROGATE, 0xd800, 0xe000)
  for (let at = 0; at < all.length; at += 32) {
    const block = Array.from(all.slice(at, at + 32)).filter((unit) => classes[unit.charCodeAt(0)] === AS_IS)
    const joined = block.join('')
    if (joined.normalize('NFKC') === joined) continue
    for (const unit of block) {
      const normal = unit.normalize('NFKC')
      if (normal === unit || normal.length > GROWTH_MAX) continue
      classes[unit.charCodeAt(0)] = CHANGES
      CHANGED.set(unit.charCodeAt(0), withoutLooseMarks(normal))
    }
  }
  for (let codePoint = 0x1d400; codePoint < 0x1d800; codePoint++) {
    const normal = String.fromCodePoint(codePoint).normalize('NFKC')
    if (normal.length === 1) CHANGED.set(codePoint, normal)
  }
  return classes
}

/** A form of the text itself, or of a decoded text whose ranges `outer` leads on. */
export function visibleForm(source: string, via: readonly Decoding[], outer: RangeOf | null): Form {
  if (PLAIN_ASCII.test(source)) {
    const rangeOf = outer ?? ((start, end) => within(source.length, start, end))
    return { via, text: source, folded: source.toLowerCase(), rangeOf }
  }
  if (isSimple(source)) {
    const rangeOf = outer ?? ((start, end) => within(source.length, start, end))
    return { via, text: source, folded: foldAlone(source), rangeOf }
  }
  const { text, toSource } = makeVisible(source)
  const rangeOf: RangeOf = (start, end) => {
    const inner = toSource(start, end)
    const whole = wholePairs(source, inner.startUtf16, inner.endUtf16)
    return outer === null ? whole : outer(whole.startUtf16, whole.endUtf16)
  }
  return { via, text, folded: isSimple(text) ? foldAlone(text) : foldText(text), rangeOf }
}

/** Text in Latin letters with the signs of typography, few of them beyond ASCII. */
function isSimple(source: string): boolean {
  let others = 0
  for (let i = 0; i < source.length; i++) {
    const code = source.charCodeAt(i)
    if (code < 0x80 && IS_SIMPLE[code] === 1) continue
    others++
    if (IS_SIMPLE[code] === 0 || others * SIMPLE_SHARE > source.length) return false
  }
  return true
}

function within(length: number, start: number, end: number): TextRange {
  const startUtf16 = Math.max(0, Math.min(start, length))
  return { startUtf16, endUtf16: Math.max(startUtf16, Math.min(end, length)) }
}

function makeVisible(source: string): { readonly text: string; readonly toSource: RangeOf } {
  const length = source.length
  const map = createOffsetMap()
  let text = ''
  /** Where the stretch begins that is taken over unchanged once it ends. */
  let kept = 0
  let i = 0

  const keepUntil = (end: number) => {
    if (end > kept) {
      map.add(text.length, kept, end, SAME)
      text += source.slice(kept, end)
    }
  }

  /** Puts the character at `start` and all that joins it in its normal form; what shows nothing in between goes. */
  const normaliseFrom = (start: number): number => {
    keepUntil(start)
    let at = start
    let cluster = ''
    let end = start
    let marks = 0
    while (at < length) {
      const code = source.charCodeAt(at)
      const width = pairAt(source, at) ? 2 : 1
      const kind = width === 2 ? astralClass(source.codePointAt(at) as number) : (CLASS[code] as number)
      if (kind === INVISIBLE) {
        at += width
        continue
      }
      const isMark = kind === JOINS || kind === QUIET
      if (at > start && (!isMark || marks === CLUSTER_MARKS_MAX)) break
      if (isMark) marks++
      cluster += source.slice(at, at + width)
      at += width
      end = at
    }
    const normal = cluster.normalize('NFKC')
    const seen = withoutLooseMarks(normal.length > GROWTH_MAX * cluster.length ? cluster : normal)
    if (seen !== '') {
      if (seen === cluster && end - start === cluster.length) map.add(text.length, start, end, SAME)
      else map.add(text.length, start, end, WHOLE)
      text += seen
    }
    kept = end
    return end
  }

  while (i < length) {
    const code = source.charCodeAt(i)
    let kind = CLASS[code] as number
    if (kind === AS_IS) {
      i++
      continue
    }
    let width = 1
    if (kind === SURROGATE) {
      if (!pairAt(source, i)) {
        i++
        continue
      }
      width = 2
      const codePoint = source.codePointAt(i) as number
      kind = astralClass(codePoint)
      const letter = kind === INVISIBLE ? null : emblemLetter(source, i, codePoint)
      if (letter !== null) {
        keepUntil(i)
        const end = skipMarks(source, i + 2)
        map.add(text.length, i, end, WHOLE)
        text += letter
        i = end
        kept = end
        continue
      }
    }
    if (kind === AS_IS) i += width
    else if (kind === JOINS) i = normaliseFrom(baseOf(source, kept, i))
    else if (kind === CHANGES) {
      const changed = CHANGED.get(width === 2 ? (source.codePointAt(i) as number) : code)
      const next = i + width < length ? classAt(source, i + width) : AS_IS
      if (changed === undefined || (next !== AS_IS && next !== CHANGES)) i = normaliseFrom(i)
      else {
        keepUntil(i)
        map.add(text.length, i, i + width, changed.length === width ? SAME : WHOLE)
        text += changed
        i += width
        kept = i
      }
    } else if (kind === QUIET) {
      if (i > 0 && isPlain(source.charCodeAt(i - 1))) i = normaliseFrom(baseOf(source, kept, i))
      else i += width
    } else {
      const next = skipInvisible(source, i + width)
      const joining = next < length ? classAt(source, next) : AS_IS
      if (joining === JOINS || (joining === QUIET && i > 0 && isPlain(source.charCodeAt(i - 1)))) {
        // The mark joins the letter before, as it does on the screen.
        i = normaliseFrom(baseOf(source, kept, i))
      } else {
        keepUntil(i)
        i = next
        kept = next
      }
    }
  }
  keepUntil(length)
  return { text, toSource: map.close(text.length) }
}

/** Where the character before `at` begins, if it is still in the stretch that is taken over unchanged. */
function baseOf(source: string, kept: number, at: number): number {
  if (at <= kept) return at
  return at - 2 >= kept && pairAt(source, at - 2) ? at - 2 : at - 1
}

function skipInvisible(source: string, from: number): number {
  let at = from
  while (at < source.length && classAt(source, at) === INVISIBLE) at += pairAt(source, at) ? 2 : 1
  return at
}

/** Where the marks on a Latin letter end: none of them is kept. */
function skipMarks(source: string, from: number): number {
  let end = from
  for (let at = from; at < source.length;) {
    const kind = classAt(source, at)
    at += pairAt(source, at) ? 2 : 1
    if (kind === JOINS || kind === QUIET) end = at
    else if (kind !== INVISIBLE) break
  }
  return end
}

function classAt(source: string, at: number): number {
  const kind = CLASS[source.charCodeAt(at)] as number
  if (kind !== SURROGATE) return kind
  return pairAt(source, at) ? astralClass(source.codePointAt(at) as number) : AS_IS
}

function pairAt(source: string, at: number): boolean {
  return at >= 0 && (source.charCodeAt(at) & 0xfc00) === 0xd800 && (source.charCodeAt(at + 1) & 0xfc00) === 0xdc00
}

function withoutLooseMarks(cluster: string): string {
  const first = cluster.charCodeAt(0)
  // A Latin letter with its mark: the commonest by far.
  if (cluster.length === 1 && (first < 0x300 || (first >= 0x1e00 && first < 0x2000))) return cluster
  return cluster.replace(isPlain(first) ? MARK : OPTIONAL_MARK, '')
}

/** A Latin letter, an ASCII digit or sign. */
function isPlain(code: number): boolean {
  return isLatin(code) || (code >= 0x20 && code < 0x41)
}

/** Ranges of code points, ascending, each with what they are; what lies between stands as it is. */
const ASTRAL_RANGES = [
  [0x10781, 0x107ba, CHANGES],
  [0x1bca0, 0x1bca3, INVISIBLE],
  [0x1ccd6, 0x1ccf9, CHANGES],
  [0x1d15e, 0x1d164, CHANGES],
  [0x1d165, 0x1d169, JOINS],
  [0x1d16d, 0x1d172, JOINS],
  [0x1d173, 0x1d17a, INVISIBLE],
  [0x1d17b, 0x1d182, JOINS],
  [0x1d185, 0x1d18b, JOINS],
  [0x1d1aa, 0x1d1ad, JOINS],
  [0x1d1bb, 0x1d1c0, CHANGES],
  [0x1d400, 0x1d7ff, CHANGES],
  [0x1da00, 0x1da36, JOINS],
  [0x1e000, 0x1e02a, JOINS],
  [0x1e030, 0x1e06d, CHANGES],
  [0x1ee00, 0x1eeff, CHANGES],
  [0x1f100, 0x1f251, CHANGES],
  [0x1fbf0, 0x1fbf9, CHANGES],
  [0x2f800, 0x2fa1d, CHANGES],
  [0xe0000, 0xe0fff, INVISIBLE],
] as const

function astralClass(codePoint: number): number {
  // Most of what is met beyond the BMP are emoji.
  if (codePoint > 0x1fbf9 && codePoint < 0x2f800) return AS_IS
  if (codePoint > 0x1f251 && codePoint < 0x1fbf0) return AS_IS
  for (const [from, to, kind] of ASTRAL_RANGES) {
    if (codePoint < from) return AS_IS
    if (codePoint <= to) return kind
  }
  return AS_IS
}

/** The letter that an emblem or a look-alike shows. A pair of regional indicators is a flag; alone or in a row they spell. */
function emblemLetter(source: string, at: number, codePoint: number): string | null {
  if (!isRegional(codePoint)) return astralLookalike(codePoint)
  const before = isRegional(source.codePointAt(at - 2))
  const after = isRegional(source.codePointAt(at + 2))
  const isFlag =
    before !== after &&
    !(before && isRegional(source.codePointAt(at - 4))) &&
    !(after && isRegional(source.codePointAt(at + 4)))
  return isFlag ? null : String.fromCharCode(0x61 + codePoint - 0x1f1e6)
}

function isRegional(codePoint: number | undefined): boolean {
  return codePoint !== undefined && codePoint >= 0x1f1e6 && codePoint <= 0x1f1ff
}
