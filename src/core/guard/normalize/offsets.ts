/** From places in a derived text back to the text that it was derived from. */
import type { TextRange } from '../../domain/finding.ts'

/** From a half-open range of one text to the half-open range of another. */
export type RangeOf = (start: number, end: number) => TextRange

/** How a stretch of derived text came about. `same`: unit for unit. `reversed`: the same, from the end. `whole`: all of it from all. */
type Mode = 0 | 1 | 2
export const SAME: Mode = 0
export const WHOLE: Mode = 1
export const REVERSED: Mode = 2

/** Collects stretches in the order of the derived text; a stretch ends where the next begins. */
export type OffsetMap = {
  add(derivedStart: number, sourceStart: number, sourceEnd: number, mode: Mode): void
  /** Units between stretches (put in by us) belong to the one before. Closed by the derived text's length. */
  close(derivedLength: number): RangeOf
}

const FIELDS = 4

export function createOffsetMap(): OffsetMap {
  const cells: number[] = []
  return {
    add: (derivedStart, sourceStart, sourceEnd, mode) => {
      const last = cells.length - FIELDS
      if (last >= 0 && mode === SAME && cells[last + 3] === SAME && cells[last + 2] === sourceStart) {
        const length = sourceStart - (cells[last + 1] as number)
        if ((cells[last] as number) + length === derivedStart) {
          cells[last + 2] = sourceEnd
          return
        }
      }
      cells.push(derivedStart, sourceStart, sourceEnd, mode)
    },
    close: (derivedLength) => {
      const stretches = new Int32Array(cells)
      cells.length = 0
      return (start, end) => rangeIn(stretches, derivedLength, start, end)
    },
  }
}

function rangeIn(stretches: Int32Array, derivedLength: number, start: number, end: number): TextRange {
  const count = stretches.length / FIELDS
  if (count === 0) return { startUtf16: 0, endUtf16: 0 }
  const from = Math.max(0, Math.min(start, derivedLength))
  const to = Math.max(from, Math.min(end, derivedLength))
  let low = 0
  let high = count - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((stretches[middle * FIELDS] as number) <= from) low = middle
    else high = middle - 1
  }
  let startUtf16 = Number.MAX_SAFE_INTEGER
  let endUtf16 = 0
  for (let index = low; index < count; index++) {
    const at = index * FIELDS
    const derivedStart = stretches[at] as number
    if (index > low && derivedStart >= to) break
    const sourceStart = stretches[at + 1] as number
    const sourceEnd = stretches[at + 2] as number
    const mode = stretches[at + 3] as number
    const length = sourceEnd - sourceStart
    const first = Math.min(Math.max(from - derivedStart, 0), length)
    const last = Math.min(Math.max(to - derivedStart, 0), length)
    let left = sourceStart
    let right = sourceEnd
    if (mode === SAME) {
      left = sourceStart + first
      right = sourceStart + last
    } else if (mode === REVERSED) {
      left = sourceEnd - last
      right = sourceEnd - first
    } else if (from === to) {
      right = left
    }
    if (left < startUtf16) startUtf16 = left
    if (right > endUtf16) endUtf16 = right
  }
  return { startUtf16, endUtf16: Math.max(startUtf16, endUtf16) }
}

/** Widens a range so that it does not cut a surrogate pair of `text`. */
export function wholePairs(text: string, startUtf16: number, endUtf16: number): TextRange {
  return {
    startUtf16: cutsPair(text, startUtf16) ? startUtf16 - 1 : startUtf16,
    endUtf16: cutsPair(text, endUtf16) ? endUtf16 + 1 : endUtf16,
  }
}

function cutsPair(text: string, at: number): boolean {
  return (
    at > 0 && at < text.length && (text.charCodeAt(at) & 0xfc00) === 0xdc00 && (text.charCodeAt(at - 1) & 0xfc00) === 0xd800
  )
}
