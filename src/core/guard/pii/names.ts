/** Names of people where the text itself says that one follows: a field for it or a title. All others are a tagger's work. */

const NAME = String.raw`\p{Lu}[\p{L}'’.-]{0,30}(?: (?:(?:van|von|de|da|del|la|der|den|bin|al|el|di|le|du|dos) ){0,2}\p{Lu}[\p{L}'’.-]{0,30}){0,3}`
const FIELD = String.raw`(?:(?:[Ff]ull_)?[Nn]ame|[Nn]ombre|[Nn]om|[Nn]aam|[Pp]atient|[Ee]mployee|[Cc]laimant|[Cc]ustomer)["']?[:=] ?["']?`
const SAID = String.raw`[Mm]y name is |[Mm]r\.? |[Mm]rs\.? |Ms\.? |Dr\.? `

/** Longest mark and name together, in characters. */
export const NAMED_MAX = 180

const NAMED = new RegExp(String.raw`(?<![\p{L}\p{N}_])(?:${FIELD}|${SAID})(${NAME})`, 'dgu')
const OPEN = new RegExp(
  String.raw`(?<![\p{L}\p{N}_])(?:${FIELD}|${SAID})((?:${NAME})?(?: |(?: (?:van|von|de|da|del|la|der|den|bin|al|el|di|le|du|dos)){1,2} ?| \p{Ll}{1,3})?)$`,
  'du',
)

/** Every name in a text; the mark is not part of it. */
export function namesIn(text: string): readonly { readonly start: number; readonly end: number }[] {
  return Array.from(text.matchAll(NAMED), (match) => {
    const [start, end] = match.indices?.[1] ?? [0, 0]
    const name = text.slice(start, end)
    return { start, end: start + name.replace(/[.'’-]+$/, '').length }
  }).filter(({ start, end }) => end - start > 1)
}

/** Where a name that may go on begins in the end of a text; its length where there is none. */
export function nameOpenFrom(tail: string): number {
  return OPEN.exec(tail)?.indices?.[1]?.[0] ?? tail.length
}
