/** The forms in which the bench judges a text: those that the guard judges. */
import type { Form } from '../../src/core/guard/match.ts'

export function formsOf(text: string): readonly Form[] {
  return [{ via: [], text, folded: text.toLowerCase(), rangeOf: (start, end) => ({ startUtf16: start, endUtf16: end }) }]
}
