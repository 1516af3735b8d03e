/** Names of people where the text itself says that one follows: a field for it or a title. All others are a tagger's work. */

const PARTICLE = 'van|von|de|da|del|la|der|den|bin|al|el|di|le|du|dos'
const NAME = String.raw`\p{Lu}[\p{L}'’.-]{0,30}(?: (?:(?:${PARTICLE}) ){0,2}\p{Lu}[\p{L}'’.-]{0,30}){0,3}`
const FIELD = String.raw`(?:(?:[Ff]ull_)?[Nn]ame|[Nn]ombre|[Nn]om|[Nn]aam|[Pp]atient|[Ee]mployee|[Cc]laimant|[Cc]ustomer)["']?[:=] ?["']?`
const SAID = String.raw`[Mm]y name is |Mrs?\.? |Ms\.? |Dr\.? `

/** Longest mark and name together, in characters. */
export const NAMED_MAX = 180
/** Of a mark. */
const MARK_MAX = 20

const NAMED = new RegExp(String.raw`(?<![\p{L}\p{N}_.])(?:${FIELD}|${SAID})(?=\p{Lu})`, 'gu')
const NAME_THERE = new RegExp(NAME, 'yu')
const OPEN = new RegExp(
  String.raw`(?<![\p{L}\p{N}_.])(?:${FIELD}|${SAID})((?:${NAME})?(?: (?:${PARTICLE})){0,2}(?: \p{Ll}{0,3})?)$`,
  'du',
)

export type NameRange = { readonly start: number; readonly end: number }

/** The name after the mark that ends with the sign at `at` or begins there; the mark is not part of it. Null where there is none. */
export function nameNear(text: string, at: number): NameRange | null {
  const from = Math.max(0, at - MARK_MAX)
  const near = text.slice(from, at + MARK_MAX)
  for (const mark of near.matchAll(NAMED)) {
    const start = from + mark.index + mark[0].length
    if (from + mark.index > at || start <= at) continue
    NAME_THERE.lastIndex = start
    const name = NAME_THERE.exec(text)?.[0].replace(/[.'’-]+$/, '') ?? ''
    return name.length > 1 ? { start, end: start + name.length } : null
  }
  return null
}

/** Where a name that may go on begins in the end of a text; its length where there is none. */
export function nameOpenFrom(tail: string): number {
  return OPEN.exec(tail)?.indices?.[1]?.[0] ?? tail.length
}
