/** Decoded pieces of a text, put together to one text: a line for each, so that one encoding is one form however often it occurs. */
import type { Decoding } from '../match.ts'
import { createOffsetMap, WHOLE, type RangeOf } from './offsets.ts'

/** Decoded characters of one text over all its forms; what comes beyond is not decoded. */
export const DECODED_CHARS_MAX = 1024 * 1024

/** What may still be decoded. Shared by all decoders of one text. */
export type Allowance = { chars: number; forms: number }

export type Decoded = { readonly decoding: Decoding; readonly text: string; readonly toSource: RangeOf }

export type PieceWriter = {
  /**
   * Appends decoded text that comes from a range of the source, unit for unit (`SAME`, `REVERSED`) or as a whole. False: no more room; of a whole
   * piece, as much as there is room for is kept.
   */
  write(decoded: string, sourceStart: number, sourceEnd: number, mode: 0 | 1 | 2): boolean
  hasRoom(): boolean
  /** Puts in text that comes from nowhere: spaces between words. */
  insert(text: string): void
  /** Ends a piece: what follows stands on a line of its own. */
  endPiece(): void
  /** Null where nothing was written. */
  finish(decoding: Decoding): Decoded | null
}

export function createPieceWriter(allowance: Allowance): PieceWriter {
  const map = createOffsetMap()
  const parts: string[] = []
  let length = 0
  let needsBreak = false

  const insert = (text: string) => {
    if (length === 0) return
    parts.push(text)
    length += text.length
  }
  return {
    write: (decoded, sourceStart, sourceEnd, mode) => {
      const hasRoom = decoded.length <= allowance.chars
      if (!hasRoom && (mode !== WHOLE || allowance.chars === 0)) {
        allowance.chars = 0
        return false
      }
      if (needsBreak) insert('\n')
      needsBreak = false
      const kept = hasRoom ? decoded : decoded.slice(0, allowance.chars)
      allowance.chars -= kept.length
      map.add(length, sourceStart, sourceEnd, mode)
      parts.push(kept)
      length += kept.length
      return hasRoom
    },
    hasRoom: () => allowance.chars > 0,
    insert,
    endPiece: () => {
      needsBreak = length > 0
    },
    finish: (decoding) => (length === 0 ? null : { decoding, text: parts.join(''), toSource: map.close(length) }),
  }
}
