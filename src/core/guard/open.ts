/**
 * Where the end of a text may still grow into personal data or a secret. It holds back by form alone, never by meaning: at least from
 * the beginning of every match that the scanners can come to find there, on prose not more than the word that is being written.
 */
import { nameOpenFrom, NAMED_MAX } from './pii/names.ts'

/** What is open longer than this is decided as it stands. */
export const OPEN_CHARS_MAX = 8 * 1024
/** The longest value of groups with spaces between them: an IBAN has 42 characters, a telephone number with its extension 48. */
const GROUPED_MAX = 64
/** A street address with its town. */
const ADDRESS_MAX = 200
/** A value in quotes after the name of a secret, and the name. */
const VALUE_MAX = 560

/** The index where the earliest thing begins that could still grow into a match; the text's length where there is none. */
export function openFrom(text: string): number {
  const tail = text.length > OPEN_CHARS_MAX ? text.slice(-OPEN_CHARS_MAX) : text
  const base = text.length - tail.length
  const open = Math.min(
    wordFrom(tail),
    groupsFrom(tail),
    privateKeyFrom(tail),
    valueFrom(tail),
    wordsFrom(tail, NAMED_MAX, nameOpenFrom),
    wordsFrom(tail, ADDRESS_MAX, addressOpenFrom),
  )
  return base + open
}

const BREAKS = new Set(Array.from('"`<>{}[],;|', (sign) => sign.charCodeAt(0)))

/**
 * Signs that stand in no token, address or number, and letters of scripts that are written without spaces. Invisible characters, full-width
 * and styled letters are no breaks: the normaliser makes plain ones of them.
 */
function isBreak(code: number): boolean {
  if (code < 128) return code <= 32 || BREAKS.has(code)
  if (code < 0x530)
    return (code < 0xc0 && code !== 0xad && code !== 0xaa && code !== 0xb5 && code !== 0xba) || code === 0xd7 || code === 0xf7
  return (
    (code >= 0x0e00 && code <= 0x109f) ||
    (code >= 0x1780 && code <= 0x17ff) ||
    (code >= 0x2014 && code <= 0x2029) ||
    (code >= 0x202f && code <= 0x205f) ||
    (code >= 0x2190 && code <= 0x245f) ||
    (code >= 0x2500 && code <= 0x2bff) ||
    (code >= 0x2e80 && code <= 0xd7af) ||
    (code >= 0xd83c && code <= 0xd83e) ||
    (code >= 0xf900 && code <= 0xfaff)
  )
}

/** The word that is being written: every match without a space in it. */
function wordFrom(tail: string): number {
  let start = tail.length
  while (start > 0 && (!isBreak(tail.charCodeAt(start - 1)) || isEntityEnd(tail, start))) start -= 1
  // Between the halves of an emoji.
  const code = tail.charCodeAt(start)
  return start > 0 && code >= 0xdc00 && code <= 0xdfff ? start + 1 : start
}

/** Whether an HTML entity ends before `end`: it may stand for an `@` in the middle of an address. */
function isEntityEnd(tail: string, end: number): boolean {
  return tail[end - 1] === ';' && /&#?[A-Za-z0-9]{1,8};$/.test(tail.slice(Math.max(0, end - 12), end))
}

/** How months begin, in the languages whose dates are read, and the words between the numbers of a date or before an extension. */
const MONTHS =
  /^(?:jan|ene|gen|f[eé][bv]|m[aä]r|a[pvb]r|ma[igy]|ju[nil]|giu|lug|a[ug][ugo]|aoû|se[pt]|o[cku]t|ott|nov|d[eéi][czs])\p{L}{0,9}\.?$/iu
const MONTH_STARTS = /^(?:j|ja|ju|e|en|g|ge|gi|f|f[eé]|m|m[aä]|a|a[pvbugo]|l|lu|s|se|o|o[ckut]|n|no|d|d[eéi])$/i
const LINKS = /^(?:o|of|d|de|e|ex|ext\.?|exte\w{0,5}|x)$/i
const SPACES = new Set([' ', '\u00a0', '\u202f'])
const GROUP_CHAR = /[\p{L}\p{N}\p{Cf}\uff00-\uff60+()./\-:#'’°\u2010\u2011\u2013_&]/u

/** Groups of digits and letters with one space between them that run to the end: numbers, accounts, dates. */
function groupsFrom(tail: string): number {
  const stop = Math.max(0, tail.length - GROUPED_MAX)
  let open = tail.length
  let at = tail.length
  let hasDigit = false
  if (SPACES.has(tail[at - 1] ?? '')) at -= 1
  if (tail[at - 1] === ',') at -= 1
  const isCut = at === tail.length
  for (let groups = 0; at > stop; groups += 1) {
    let start = at
    while (start > stop && !isBreak(tail.charCodeAt(start - 1)) && GROUP_CHAR.test(tail[start - 1] ?? '')) start -= 1
    const group = tail.slice(start, at)
    if (group === '' && groups > 0) break
    const isNumber = /\p{N}/u.test(group)
    const isCode = /^[A-Z]{1,4}$/.test(group)
    const isMonth = MONTHS.test(group)
    const isSigns = !/[\p{L}\p{N}]/u.test(group)
    const isUnfinished = groups === 0 && isCut && (MONTH_STARTS.test(group) || /^[A-Z]/.test(group))
    if (!isNumber && !isCode && !isMonth && !isSigns && !isUnfinished && !LINKS.test(group)) break
    hasDigit ||= isNumber
    // Letters need digits after them, if they are not the last word: then digits may be what comes next.
    if (hasDigit || (groups === 0 && !isCut && (isCode || isMonth))) open = start
    if (!SPACES.has(tail[start - 1] ?? '')) break
    // "March 12, 1984"
    at = start - (tail[start - 2] === ',' ? 2 : 1)
  }
  return open
}

const KEY_HEAD = /^-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----/
const KEY_HEAD_UNFINISHED = /^-----BEGIN [A-Z0-9 ]{0,48}-{0,4}$/
/** Heads that are looked at. */
const HEADS_MAX = 8

/** The first key between its head and its foot. */
function privateKeyFrom(tail: string): number {
  let open = tail.length
  let at = tail.length
  for (let heads = 0; heads < HEADS_MAX && at > 0; heads += 1) {
    at = tail.lastIndexOf('-----BEGIN ', at - 1)
    if (at < 0) break
    const head = KEY_HEAD.exec(tail.slice(at, at + 80))?.[0]
    if (
      head === undefined ? KEY_HEAD_UNFINISHED.test(tail.slice(at, at + 80)) : !tail.includes(head.replace('BEGIN', 'END'), at)
    ) {
      open = at
    }
  }
  return open
}

const VALUE_OPEN =
  /(?:pass|pwd|kennwort|contraseña|mot[_ ]de[_ ]passe|senha|wachtwoord|parola|密码|密碼|パスワード|secret|token|key|credential|authorization|auth|sid|identified by)[\p{L}\p{N}_.-]{0,24}\\?["'`\]]?[\t ]{0,4}(?:is |:?[:=]>?)?[\t ]{0,4}((?:(?:Bearer|Basic|Token|Bot) )?\\?["'`][^"'`\s\\]{0,512})$/iu

/** A value in quotes after the name of a secret: it may hold signs at which words end. */
function valueFrom(tail: string): number {
  const end = tail.slice(-VALUE_MAX)
  let quote = end.length
  while (quote > 0 && end.charCodeAt(quote - 1) > 32 && !/["'`]/.test(end[quote - 1] ?? '')) quote -= 1
  if (!/["'`]/.test(end[quote - 1] ?? '')) return tail.length
  const match = VALUE_OPEN.exec(end)
  return match === null ? tail.length : tail.length - (match[1] ?? '').length
}

function wordsFrom(tail: string, charsMax: number, find: (tail: string) => number): number {
  const end = tail.slice(-charsMax)
  return tail.length - end.length + find(end)
}

const ADDRESS_OPEN =
  /(?<![\p{L}\p{N}_])\d{1,5}[A-Z]?(?:,? (?:[\p{Lu}#][\p{L}\p{N}'’.-]{0,24}|\d[\dA-Z-]{0,9})(?=,? |,?$)){0,14},? ?$/u

function addressOpenFrom(end: string): number {
  const match = /\d/.test(end) ? ADDRESS_OPEN.exec(end) : null
  return match === null ? end.length : match.index
}
