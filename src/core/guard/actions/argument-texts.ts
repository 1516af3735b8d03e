/**
 * The texts in a tool call's arguments with the keys that they stand under. It reads JSON that is cut anywhere, repeated keys and all,
 * and takes what is no JSON as one text. One pass, no recursion, bounded in the number of texts.
 */

/** Texts of one call's arguments. */
export const TEXTS_MAX = 2048
/** Arguments deeper than this keep being read, under the key of that level. */
const KEYS_DEEP_MAX = 64

export type ArgumentText = {
  /** The nearest key, in lower case; null for a text without one. Elements of a list have the list's key. */
  readonly key: string | null
  readonly value: string
  /** Elements of the same list have the same number; null outside of lists. */
  readonly list: number | null
  /** The JSON ended before the text did. */
  readonly isCut: boolean
  /** In the JSON text, quotes included. UTF-16 code units. */
  readonly startUtf16: number
  readonly endUtf16: number
}

type Level = { readonly isList: boolean; readonly key: string | null; readonly list: number | null }

/** Every string value in `text`, in its order. Numbers and words of JSON are passed over. */
export function argumentTexts(text: string): readonly ArgumentText[] {
  const first = /\S/.exec(text)?.[0]
  if (first !== '{' && first !== '[' && first !== '"') {
    return first === undefined
      ? []
      : [{ key: null, value: text, list: null, isCut: false, startUtf16: 0, endUtf16: text.length }]
  }
  const found: ArgumentText[] = []
  const levels: Level[] = []
  let overflow = 0
  let lists = 0
  let key: string | null = null
  let isKeyNext = false
  for (let i = 0; i < text.length && found.length < TEXTS_MAX; i += 1) {
    const c = text[i]
    if (c === '{' || c === '[') {
      if (levels.length >= KEYS_DEEP_MAX) {
        overflow += 1
        continue
      }
      lists += 1
      const outer = levels.at(-1)
      levels.push({ isList: c === '[', key: outer?.isList === true ? outer.key : key, list: c === '[' ? lists : null })
      isKeyNext = c === '{'
    } else if (c === '}' || c === ']') {
      if (overflow > 0) overflow -= 1
      else levels.pop()
      isKeyNext = false
    } else if (c === ',') {
      const level = levels.at(-1)
      isKeyNext = level !== undefined && !level.isList
    } else if (c === ':') {
      isKeyNext = false
    } else if (c === '"') {
      const { value, end, isCut } = stringAt(text, i)
      const level = levels.at(-1)
      if (isKeyNext) key = value.toLowerCase()
      else {
        const isElement = level?.isList === true
        found.push({
          key: isElement ? level.key : key,
          value,
          list: isElement ? level.list : null,
          isCut,
          startUtf16: i,
          endUtf16: end,
        })
      }
      isKeyNext = false
      i = end - 1
    }
  }
  return found
}

const SHORT: { readonly [letter: string]: string } = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' }

/** The JSON string that begins at `from`. */
function stringAt(text: string, from: number): { readonly value: string; readonly end: number; readonly isCut: boolean } {
  let value = ''
  let start = from + 1
  let i = start
  while (i < text.length) {
    const c = text[i]
    if (c === '"') return { value: value + text.slice(start, i), end: i + 1, isCut: false }
    if (c !== '\\') {
      i += 1
      continue
    }
    value += text.slice(start, i)
    const letter = text[i + 1] ?? ''
    const hex = letter === 'u' ? text.slice(i + 2, i + 6) : ''
    if (/^[0-9a-fA-F]{4}$/.test(hex)) {
      value += String.fromCharCode(Number.parseInt(hex, 16))
      i += 6
    } else {
      value += SHORT[letter] ?? letter
      i += 2
    }
    start = i
  }
  return { value: value + text.slice(start, text.length), end: text.length, isCut: true }
}
