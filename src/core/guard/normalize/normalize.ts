/**
 * A text in the forms in which it is judged: as a reader sees it, and every decoded part of it.
 *
 * Each encoding gives at most one form, with a line for each piece that was found, so that no number of harmless pieces can keep a later
 * one from being read. Two encodings deep. Bounds of one call: 24 forms, 1 MiB of decoded characters in all; what is encoded beyond that
 * stays undecoded (the text itself is judged whole in any case). Time is linear in the text.
 *
 * What it does not see: text within the bytes of an image or an archive, base64 or hexadecimal of fewer than 16 characters, ciphers other
 * than rot13, disguised words of which none is in `attack-words.ts`.
 */
import type { Decoding, Form } from '../match.ts'
import { decodeBytes } from './bytes-in-text.ts'
import { decodeDisguises } from './disguised.ts'
import { decodeEscapes } from './escapes.ts'
import { decodeHidden } from './hidden.ts'
import type { RangeOf } from './offsets.ts'
import { DECODED_CHARS_MAX, type Allowance, type Decoded } from './piece.ts'
import { visibleForm } from './visible.ts'

export { foldText } from './fold.ts'

/** Encodings on top of one another that are taken off. */
const DEPTH_MAX = 2
export const FORMS_MAX = 24

/** The first form is the text itself. `decode: false` gives it alone. Never throws, whatever the text holds. */
export function normalize(text: string, options?: { readonly decode?: boolean }): readonly Form[] {
  const first = visibleForm(text, [], null)
  if (options?.decode === false) return [first]
  const allowance: Allowance = { chars: DECODED_CHARS_MAX, forms: FORMS_MAX - 1 }
  const forms: Form[] = [first]
  let layer: readonly Form[] = [first]
  const hidden = first.text === text ? null : decodeHidden(text, allowance)
  const fromHidden = hidden === null ? [] : take([], hidden, (start, end) => ({ startUtf16: start, endUtf16: end }), allowance)
  for (let depth = 1; depth <= DEPTH_MAX; depth++) {
    const next: Form[] = depth === 1 ? [...fromHidden] : []
    for (const form of layer) {
      for (const decoded of decodeForm(form, allowance)) next.push(...take(form.via, decoded, form.rangeOf, allowance))
    }
    forms.push(...next)
    layer = next
  }
  return forms
}

function decodeForm(form: Form, allowance: Allowance): readonly Decoded[] {
  return [
    ...decodeBytes(form.text, allowance),
    ...decodeEscapes(form.text, allowance),
    ...decodeDisguises(form.text, form.folded, form.via, allowance),
  ]
}

function take(via: readonly Decoding[], decoded: Decoded, outer: RangeOf, allowance: Allowance): readonly Form[] {
  if (allowance.forms === 0) return []
  allowance.forms--
  return [
    visibleForm(decoded.text, [...via, decoded.decoding], (start, end) => {
      const { startUtf16, endUtf16 } = decoded.toSource(start, end)
      return outer(startUtf16, endUtf16)
    }),
  ]
}
