/**
 * Finds personal data. One pass over the characters looks for digits, `@` and `://`; rows are tried only there. A code fence hides
 * nothing; placeholders, versions, UUIDs and timestamps are passed over. Does not find names, addresses and organisations that only
 * their meaning gives away.
 */
import type { TextRange } from '../../domain/finding.ts'
import type { Form, Match, Scanner } from '../match.ts'
import { credentialsAt, emailAt, isStoreScheme } from './email.ts'
import { PII_KINDS, type Lead, type PiiKind } from './kinds.ts'
import { nameNear, type NameRange } from './names.ts'
import { isPlaceholder, surroundingsOf, type Surroundings } from './surroundings.ts'

/** Longest run of letters and digits in which a value begins. */
const RUN_MAX = 96
/** Longest IPv6 address before its last group. */
const HEX_MAX = 45
/** No value that needs a context word is shorter: most numbers in a text are. */
const NAMED_MIN = 5
/** How often the last group is taken off. */
const TRIMS_MAX = 4
/** Of a value that people type into tests and examples, such as 123-45-6789. */
const PLACEHOLDER_CONFIDENCE = 0.65
const TEST_CARD = /^(?:4111111111111111|4242424242424242|5555555555554444|378282246310005|4000000000000002|5105105105105100)$/

type Candidate = Pick<PiiKind, 'id' | 'tag' | 'severity'> & {
  readonly start: number
  readonly end: number
  readonly confidence: number
}

const OTHER = 0
const DIGIT = 1
const LETTER = 2
const AT = 3
const COLON = 4
const TITLE = 5
const CLASSES = Uint8Array.from({ length: 128 }, (_, code) => {
  const char = String.fromCharCode(code)
  if (/\d/.test(char)) return DIGIT
  if (char === 'M' || char === 'D') return TITLE
  if (/[A-Za-z_]/.test(char)) return LETTER
  if (char === '@') return AT
  return char === ':' || char === '=' ? COLON : OTHER
})
const classOf = (code: number): number => (code < 128 ? (CLASSES[code] ?? OTHER) : OTHER)

/** The rows that may begin with a run, by how it begins and how long it is. */
const BY_LEAD: { readonly [lead in Lead]: readonly (readonly PiiKind[])[] } = {
  digits: byLength('digits'),
  mixed: byLength('mixed'),
  plus: byLength('plus'),
  paren: byLength('paren'),
  word: byLength('word'),
  hex: byLength('hex'),
}

function byLength(lead: Lead): readonly (readonly PiiKind[])[] {
  return Array.from({ length: RUN_MAX + 1 }, (_, length) =>
    PII_KINDS.filter((kind) => {
      const bounds = kind.leads[lead]
      return bounds !== undefined && length >= bounds[0] && length <= bounds[1]
    }),
  )
}

/** Encodings under which people hide values; others turn words into numbers. */
const READ_VIA = new Set<string>([
  'base64',
  'hex',
  'percent',
  'html_entities',
  'unicode_escapes',
  'tag_characters',
  'split_letters',
])

export const scanPii: Scanner = (forms) => {
  const found: Match[] = []
  for (const form of forms) {
    if (!form.via.every((decoding) => READ_VIA.has(decoding))) continue
    for (const candidate of candidatesIn(form.text)) {
      const match = toMatch(form, candidate)
      if (
        form.via.length === 0 ||
        !found.some((other) => other.ruleId === match.ruleId && overlaps(other.range, match.range))
      ) {
        found.push(match)
      }
    }
  }
  return found
}

function overlaps(a: TextRange | null, b: TextRange | null): boolean {
  return a !== null && b !== null && a.startUtf16 < b.endUtf16 && b.startUtf16 < a.endUtf16
}

function toMatch(form: Form, { id, tag, severity, confidence, start, end }: Candidate): Match {
  return {
    ruleId: `pii.${id}`,
    findingType: 'pii_detected',
    category: 'pii',
    severity,
    confidence,
    description: `Personal data: ${id.replaceAll('_', ' ')}`,
    range: form.rangeOf(start, end),
    via: form.via,
    tag: `[PII:${tag}]`,
  }
}

/** What matches, from left to right and without overlaps: of two that overlap the surer stays, then the longer. */
function candidatesIn(text: string): readonly Candidate[] {
  const kept: Candidate[] = []
  const keep = (candidate: Candidate | null): void => {
    if (candidate === null) return
    while (kept.length > 0) {
      const last = kept[kept.length - 1]
      if (last === undefined || last.end <= candidate.start) break
      if (!isBetter(candidate, last)) return
      kept.pop()
    }
    kept.push(candidate)
  }

  const around = surroundingsOf(text)
  // Beforehand: V8 would lift an `indexOf` in this loop out of its branch, and search the rest of the text at every character.
  const sayings = placesOf(text, SAID)
  let nextSaying = 0
  let i = 0
  while (i < text.length) {
    const code = text.charCodeAt(i)
    const kind = classOf(code)
    if (i === sayings[nextSaying]) keep(nameOf(nameNear(text, i)))
    if (i >= (sayings[nextSaying] ?? Infinity)) nextSaying += 1
    if (kind === DIGIT) {
      let start = i
      while (start > 0 && i - start < RUN_MAX && isRunCode(text, start - 1)) start -= 1
      let end = i + 1
      while (end < text.length && isRunCode(text, end)) end += 1
      if (end - start <= RUN_MAX) tryRun(text, start, end, around, keep)
      i = end
      continue
    }
    if (kind === AT) {
      const email = emailAt(text, i)
      if (email !== null) keep({ id: 'email', tag: 'EMAIL', severity: 'medium', confidence: 0.95, ...email })
    } else if (kind === COLON) {
      if (code === 58 && text.charCodeAt(i + 1) === 47 && text.charCodeAt(i + 2) === 47) {
        const url = credentialsAt(text, i)
        if (url !== null && !isStoreScheme(url.scheme)) {
          keep({
            id: 'url_credentials',
            tag: 'URL_CREDENTIALS',
            severity: 'high',
            confidence: 0.97,
            start: url.start,
            end: url.end,
          })
        }
      } else if (isCapitalNear(text, i + 1)) keep(nameOf(nameNear(text, i)))
    } else if (kind === TITLE) {
      const next = text.charCodeAt(i + 1)
      // r, s
      if (next === 114 || next === 115) keep(nameOf(nameNear(text, i)))
    }
    i += 1
  }
  return kept
}

/** Whether a capital follows, after a space or a quote at most: most fields hold no name. */
function isCapitalNear(text: string, at: number): boolean {
  for (let i = at; i < at + 3; i += 1) {
    const code = text.charCodeAt(i)
    if ((code >= 65 && code <= 90) || code >= 0xc0) return true
    if (code !== 32 && code !== 34 && code !== 39) return false
  }
  return false
}

function placesOf(text: string, wanted: string): readonly number[] {
  const places: number[] = []
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + 1)) places.push(at)
  return places
}

/** "My name is", as far as it is the same at the beginning of a sentence. */
const SAID = 'y name is '

function nameOf(range: NameRange | null): Candidate | null {
  return range === null ? null : { id: 'person_name', tag: 'PERSON_NAME', severity: 'low', confidence: 0.6, ...range }
}

function isBetter(a: Candidate, b: Candidate): boolean {
  return a.confidence !== b.confidence ? a.confidence > b.confidence : a.end - a.start > b.end - b.start
}

const isRunCode = (text: string, at: number): boolean => {
  const kind = classOf(text.charCodeAt(at))
  return kind === DIGIT || kind === LETTER || kind === TITLE
}

/** Tries the rows that may begin with the run of letters and digits in `[start, end)`. */
function tryRun(
  text: string,
  start: number,
  end: number,
  around: Surroundings,
  keep: (candidate: Candidate | null) => void,
): void {
  const length = end - start
  let isDigits = true
  for (let i = start; i < end; i += 1) if (classOf(text.charCodeAt(i)) !== DIGIT) isDigits = false
  const before = text[start - 1] ?? ''
  const isInside = isInsideToken(text, start)
  if (!isInside) {
    for (const kind of (isDigits ? BY_LEAD.digits : BY_LEAD.mixed)[length] ?? []) keep(candidateAt(text, start, kind, around))
  }
  if (isDigits) {
    if (before === '+') {
      const at = text[start - 2] === '(' ? start - 2 : start - 1
      for (const kind of BY_LEAD.plus[Math.min(length, RUN_MAX)] ?? []) keep(candidateAt(text, at, kind, around))
    } else if (before === '(') {
      for (const kind of BY_LEAD.paren[length] ?? []) keep(candidateAt(text, start - 1, kind, around))
    }
  }
  if (before === ' ' || before === '-') {
    let word = start - 1
    while (word > 0 && start - word < 16 && /\p{L}/u.test(text[word - 1] ?? '')) word -= 1
    if (word < start - 1 && !isRunCode(text, word - 1)) {
      for (const kind of BY_LEAD.word[length] ?? []) keep(candidateAt(text, word, kind, around))
    }
  }
  const after = text[end] ?? ''
  if (
    before === ':' ||
    after === ':' ||
    ((before === '-' || after === '-') && length === 2) ||
    (after === '.' && length === 4)
  ) {
    let hex = start
    while (hex > 0 && start - hex < HEX_MAX && /[0-9A-Fa-f:-]/.test(text[hex - 1] ?? '')) hex -= 1
    if (!isRunCode(text, hex - 1))
      for (const kind of BY_LEAD.hex[Math.min(length, HEX_MAX)] ?? []) keep(candidateAt(text, hex, kind, around))
  }
}

/** A part of a longer number, a decimal, an amount, a UUID or a hash with hyphens. */
function isInsideToken(text: string, start: number): boolean {
  const before = text.charCodeAt(start - 1)
  // $ % £ €
  if (before === 36 || before === 37 || before === 163 || before === 0x20ac) return true
  // - . / :
  if (before !== 45 && before !== 46 && before !== 47 && before !== 58) return false
  if (classOf(text.charCodeAt(start - 2)) === DIGIT) return true
  return (
    before === 45 &&
    /(?<![0-9A-Za-z])(?=[0-9a-f]*\d)(?:[0-9a-f]{4}|[0-9a-f]{8})-$/.test(text.slice(Math.max(0, start - 10), start))
  )
}

const LAST_GROUP = /[\s\u00a0\u202f.\-/\u2010\u2011\u2013]+[^\s\u00a0\u202f.\-/\u2010\u2011\u2013]*$/
const SEPARATORS = /[\s\u00a0\u202f.\-/\u2010\u2011\u2013]/g

function candidateAt(text: string, start: number, kind: PiiKind, around: Surroundings): Candidate | null {
  kind.pattern.lastIndex = start
  const found = kind.pattern.exec(text)
  if (found === null) return null
  if (kind.alone === null && (found[0].length < NAMED_MIN || !around.hasWords(start))) return null
  // What no checksum lets pass needs no look at the words before it, which takes longer.
  const loose = validPart(found[0], kind, kind.isValidInContext ?? kind.isValid)
  if (loose === null) return null
  const isNamed = kind.context !== null && around.isNamed(kind.context, start)
  if (!isNamed && kind.alone === null) return null
  const value = isNamed || kind.isValidInContext === undefined ? loose : validPart(found[0], kind, kind.isValid)
  if (value === null) return null
  if (
    kind.id === 'ip_address' &&
    /(?<![A-Za-z])(?:v|ver|version|release|build|rev|oid)[ :="']{0,3}$/i.test(around.before(start))
  )
    return null
  const digits = value.replaceAll(/\D/g, '')
  const isMadeUp = (digits.length >= 6 && !/\p{L}/u.test(value) && isPlaceholder(digits)) || TEST_CARD.test(digits)
  if (isMadeUp && !isNamed && !TEST_CARD.test(digits)) return null
  const sure = isNamed ? kind.inContext : (kind.alone ?? 0)
  return {
    id: kind.id,
    tag: kind.tag,
    severity: kind.severity,
    start,
    end: start + value.length,
    confidence: isMadeUp ? Math.min(sure, PLACEHOLDER_CONFIDENCE) : sure,
  }
}

/** The value, or as much of it as is valid without the last groups; null where nothing is. */
function validPart(found: string, kind: PiiKind, isValid: PiiKind['isValid']): string | null {
  if (isValid === null) return found
  let value = found
  for (let trims = 0; trims <= TRIMS_MAX; trims += 1) {
    if (isValid(kind.isRaw === true ? value : value.replaceAll(SEPARATORS, '').toUpperCase())) return value
    const cut = kind.isTrimmed === true ? value.search(LAST_GROUP) : -1
    if (cut <= 0) return null
    value = value.slice(0, cut)
  }
  return null
}
