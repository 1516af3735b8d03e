/**
 * Text written in characters that show nothing: tag characters (U+E0020 to U+E007E, one for each ASCII character) and variation selectors
 * (256 of them, one for each byte). A flag of a region (a black flag and a few tags) says nothing and is left out.
 */
import { WHOLE } from './offsets.ts'
import { createPieceWriter, type Allowance, type Decoded } from './piece.ts'

const FLAG_TAGS_MAX = 7
/** Shorter rows of selectors are those of emoji. */
const SELECTORS_MIN = 4

const HIDDEN = /(?:\udb40[\udc20-\udc7f])+|(?:[\ufe00-\ufe0f]|\udb40[\udd00-\uddef])+/g
const MAY_HIDE = /\udb40|[\ufe00-\ufe0f]{4}/

/** Takes the text as it came: a visible form holds none of these. */
export function decodeHidden(text: string, allowance: Allowance): Decoded | null {
  if (!MAY_HIDE.test(text)) return null
  const writer = createPieceWriter(allowance)
  for (const found of text.matchAll(HIDDEN)) {
    const row = found[0]
    const first = row.codePointAt(0) ?? 0
    let hidden: string
    if (first >= 0xe0020 && first <= 0xe007f) {
      if (row.length / 2 <= FLAG_TAGS_MAX && text.codePointAt(found.index - 2) === 0x1f3f4) continue
      hidden = [...row]
        .map((char) => String.fromCharCode((char.codePointAt(0) ?? 0) - 0xe0000))
        .join('')
        .replaceAll('\u007f', '')
    } else {
      const selectors = [...row]
      if (selectors.length < SELECTORS_MIN) continue
      hidden = new TextDecoder().decode(Uint8Array.from(selectors, (char) => selectorByte(char.codePointAt(0) ?? 0)))
    }
    if (!/[a-z0-9]/i.test(hidden)) continue
    if (!writer.write(hidden, found.index, found.index + row.length, WHOLE)) break
    // Rows may be cut up by visible letters: they are one text.
  }
  return writer.finish('tag_characters')
}

function selectorByte(codePoint: number): number {
  return codePoint <= 0xfe0f ? codePoint - 0xfe00 : codePoint - 0xe0100 + 16
}
