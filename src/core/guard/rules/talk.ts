/**
 * Words of an attack that a user only speaks about: quoted in a text that is about something else, or about a person's affairs ("ignore
 * the earlier instructions on how to pack the boxes"). Such a match stays, with less confidence. Only where the user wrote the text: what
 * a tool brought may be an attack however it is wrapped.
 */
import type { Form, Place } from '../match.ts'
import type { Rule } from './rule.ts'

/** Below what counts at the balanced operating point. */
export const CONFIDENCE_OF_TALK = 0.6

/** What `weakIn` sees behind a match. */
const BEHIND_MAX = 80
/** How far before and behind a match its quotation marks may stand. */
const OPENING_REACH = 160
const CLOSING_REACH = 240
/** Less around a quotation is no text about it. */
const BEFORE_QUOTE_MIN = 8
const AROUND_QUOTE_MIN = 30

const CLOSING: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ["'", "'"],
  ['“', '”“'],
  ['„', '”“'],
  ['«', '»'],
  ['»', '«'],
  ['‘', '’'],
  ['「', '」'],
  ['『', '』'],
])

const LETTER = /[\p{L}\p{N}]/u
/** What a word or sentence ends in: a straight mark behind it closes. */
const ENDS_WORD = /[\p{L}\p{N}.,!?;]/u

/** True where a match is weaker than its rule says. */
export function isTalk(rule: Rule, form: Form, place: Place, start: number, end: number): boolean {
  if (place.origin !== 'user' || form.via.length > 0) return false
  if (rule.weakIn?.test(form.folded.slice(start, end + BEHIND_MAX)) === true) return true
  return (
    (rule.category === 'injection' || rule.category === 'jailbreak' || rule.category === 'extraction') &&
    isQuoted(form.text, start, end)
  )
}

/** Within quotation marks on one line of a longer text. Strings of JSON and of code are no quotations. */
export function isQuoted(text: string, start: number, end: number): boolean {
  const first = Math.max(0, start - OPENING_REACH)
  for (let at = start - 1; at >= first; at--) {
    const mark = text.charAt(at)
    if (mark === '\n') return false
    const closing = CLOSING.get(mark)
    if (closing === undefined) continue
    if (mark === '"' || mark === "'") {
      const isBehindWord = ENDS_WORD.test(text.charAt(at - 1))
      if (isBehindWord && mark === "'") continue
      if (isBehindWord || text.charCodeAt(at + 1) <= 0x20 || isOfJson(text, at)) return false
    }
    const close = closeOf(text, end, closing)
    return close >= 0 && at >= BEFORE_QUOTE_MIN && at + text.length - close >= AROUND_QUOTE_MIN
  }
  return false
}

/** Where the quotation ends; -1 where it does not, on this line. */
function closeOf(text: string, from: number, closing: string): number {
  const last = Math.min(text.length, from + CLOSING_REACH)
  for (let at = from; at < last; at++) {
    const char = text.charAt(at)
    if (char === '\n') return -1
    if (!closing.includes(char)) continue
    const isApostrophe = (char === "'" || char === '’') && LETTER.test(text.charAt(at + 1))
    if (!isApostrophe) return at
  }
  return -1
}

/** A value; what stands behind a comma may as well be the next of several quotations. */
function isOfJson(text: string, mark: number): boolean {
  let at = mark - 1
  while (text.charCodeAt(at) === 0x20) at--
  const before = text.charAt(at)
  return before === '{' || before === '[' || before === '"' || (before === ':' && /["'}\]]/.test(text.charAt(at - 1)))
}
