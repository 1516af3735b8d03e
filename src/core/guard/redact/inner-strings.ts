/**
 * Ranges of a JSON value's text as ranges of the strings in it: tool arguments that are an object are judged as their JSON text, and
 * changed where they stand.
 */
import { pointerToken } from '../../domain/json.ts'
import { skipSpace, skipString, unitEnd, type JsonEdit, type RangeEdit } from './replace-strings.ts'

export type InnerEdits = {
  readonly edits: readonly JsonEdit[]
  /** Of a key, a number, or more than one string: no redaction keeps these valid. */
  readonly outside: readonly RangeEdit[]
}

/** `json` is valid JSON, `pointer` where its value stands; ranges are into the JSON text. Linear; without recursion. */
export function innerStrings(json: string, pointer: string, ranges: readonly RangeEdit[]): InnerEdits {
  const edits: JsonEdit[] = []
  const outside: RangeEdit[] = []
  const sorted = [...ranges].sort((a, b) => a.startUtf16 - b.startUtf16)
  let next = 0
  /** The way to the value at hand: a key, or the index in an array. */
  const path: (string | number)[] = []
  const kinds: ('{' | '[')[] = []
  let isKey = false
  let at = skipSpace(json, 0)
  while (at < json.length && next < sorted.length) {
    const character = json[at]
    if (character === '"') {
      const end = skipString(json, at)
      if (isKey) {
        path[path.length - 1] = JSON.parse(json.slice(at, end)) as string
        isKey = false
      } else {
        const inside: RangeEdit[] = []
        for (; next < sorted.length && (sorted[next] as RangeEdit).startUtf16 < end; next += 1) {
          const range = sorted[next] as RangeEdit
          if (range.startUtf16 > at && range.endUtf16 < end) inside.push(range)
          else outside.push(range)
        }
        if (inside.length > 0) {
          edits.push({ pointer: pointer + pointerOf(path), ranges: decoded(json, at, inside) })
        }
      }
      at = end
      continue
    }
    if (character === '{' || character === '[') {
      kinds.push(character)
      path.push(character === '[' ? 0 : '')
      isKey = character === '{'
    } else if (character === '}' || character === ']') {
      kinds.pop()
      path.pop()
      isKey = false
    } else if (character === ',') {
      const last = path.at(-1)
      isKey = kinds.at(-1) === '{'
      if (typeof last === 'number') path[path.length - 1] = last + 1
    }
    at += 1
  }
  return { edits, outside: [...outside, ...sorted.slice(next)] }
}

function pointerOf(path: readonly (string | number)[]): string {
  return path.map((step) => `/${pointerToken(step)}`).join('')
}

/** An escape that a range cuts goes with it at its end and stays at its beginning: what matched begins after it. */
function decoded(json: string, quote: number, ranges: readonly RangeEdit[]): readonly RangeEdit[] {
  const marks = ranges.flatMap(({ startUtf16, endUtf16 }) => [startUtf16, endUtf16]).sort((a, b) => a - b)
  const offsets = new Map<number, number>()
  let place = quote + 1
  let offset = 0
  for (const mark of marks) {
    while (place < mark) {
      place = unitEnd(json, place)
      offset += 1
    }
    offsets.set(mark, offset)
  }
  return ranges.map(({ startUtf16, endUtf16, replacement }) => ({
    startUtf16: offsets.get(startUtf16) ?? 0,
    endUtf16: offsets.get(endUtf16) ?? 0,
    replacement,
  }))
}
