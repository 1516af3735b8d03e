/** `*`, `?` and `[…]` of a shell, for names and paths. No `**`, no braces. */

/** Characters of a pattern; a longer one matches nothing. */
const PATTERN_CHARS_MAX = 256

/**
 * `*`, `?` and `[…]` against a text. Takes at most the product of both lengths.
 */
export function globMatches(pattern: string, text: string): boolean {
  if (pattern.length > PATTERN_CHARS_MAX) return false
  let p = 0
  let t = 0
  let star = -1
  let mark = 0
  while (t < text.length) {
    const step = p < pattern.length && pattern[p] !== '*' ? oneMatches(pattern, p, text[t] ?? '') : 0
    if (step > 0) {
      p += step
      t += 1
    } else if (pattern[p] === '*') {
      star = p
      mark = t
      p += 1
    } else if (star !== -1) {
      p = star + 1
      mark += 1
      t = mark
    } else return false
  }
  while (pattern[p] === '*') p += 1
  return p === pattern.length
}

/** Length of the pattern's element at `p` where it matches the one character, 0 where it does not. */
function oneMatches(pattern: string, p: number, c: string): number {
  if (pattern[p] === '?') return 1
  if (pattern[p] === '[') {
    const close = pattern.indexOf(']', p + 2)
    if (close !== -1) {
      const negated = pattern[p + 1] === '!' || pattern[p + 1] === '^'
      const set = pattern.slice(p + (negated ? 2 : 1), close)
      return inSet(set, c) === negated ? 0 : close - p + 1
    }
  }
  return pattern[p] === c ? 1 : 0
}

function inSet(set: string, c: string): boolean {
  for (let i = 0; i < set.length; i += 1) {
    if (set[i + 1] === '-' && i + 2 < set.length) {
      if (c >= (set[i] ?? '') && c <= (set[i + 2] ?? '')) return true
      i += 2
    } else if (set[i] === c) return true
  }
  return false
}
