/**
 * Reads a pattern far enough to bound what it can do. A pattern whose longest match is bounded, and which repeats no group that repeats
 * something itself more than a few times over, takes bounded time at each place, so linear time over a text.
 */

export type PatternBounds = {
  /** Of the longest match, in characters; `Infinity` where something repeats without bound. */
  readonly lengthMax: number
  /** The greatest product of the bounds of quantifiers within one another. */
  readonly nestingMax: number
}

type Node = { readonly length: number; readonly nesting: number }

/** Throws on syntax that it does not know. */
export function boundsOf(source: string): PatternBounds {
  let at = 0

  const alternatives = (): Node => {
    let worst: Node = { length: 0, nesting: 1 }
    for (;;) {
      let length = 0
      let nesting = 1
      while (at < source.length && source[at] !== '|' && source[at] !== ')') {
        const node = quantified()
        length += node.length
        nesting = Math.max(nesting, node.nesting)
      }
      worst = { length: Math.max(worst.length, length), nesting: Math.max(worst.nesting, nesting) }
      if (source[at] !== '|') return worst
      at++
    }
  }

  const quantified = (): Node => {
    const node = atom()
    const found = /^(?:\*|\+|\?|\{(\d+)(,?)(\d*)\})\??/.exec(source.slice(at))
    if (found === null) return node
    at += found[0].length
    const sign = found[0][0]
    const counted = found[2] === ',' ? (found[3] === '' ? Infinity : Number(found[3])) : Number(found[1])
    const times = sign === '?' ? 1 : sign === '{' ? counted : Infinity
    return { length: node.length === 0 ? 0 : node.length * times, nesting: node.nesting * Math.max(1, times) }
  }

  const atom = (): Node => {
    const sign = source[at]
    if (sign === '(') {
      const head = /^\((?:\?(?:[:=!]|<[=!]|<\w+>))?/.exec(source.slice(at))?.[0] ?? '('
      at += head.length
      const inner = alternatives()
      if (source[at] !== ')') throw new SyntaxError(`no end of a group: ${source}`)
      at++
      return /[=!]$/.test(head) ? { length: 0, nesting: inner.nesting } : inner
    }
    if (sign === '[') {
      at++
      while (source[at] !== ']') {
        if (at >= source.length) throw new SyntaxError(`no end of a class: ${source}`)
        at += source[at] === '\\' ? 2 : 1
      }
      at++
      return { length: 1, nesting: 1 }
    }
    if (sign === '\\') {
      const escape =
        /^\\(?:[pP]\{[^}]*\}|u\{[^}]*\}|u[\da-fA-F]{4}|x[\da-fA-F]{2}|k<\w+>|[^])/.exec(source.slice(at))?.[0] ?? '\\'
      if (/^\\(?:[1-9]|k<)/.test(escape)) throw new SyntaxError(`a reference back: ${source}`)
      at += escape.length
      return { length: /^\\[bB]$/.test(escape) ? 0 : 1, nesting: 1 }
    }
    at++
    return { length: sign === '^' || sign === '$' ? 0 : 1, nesting: 1 }
  }

  const whole = alternatives()
  if (at < source.length) throw new SyntaxError(`a group ends that was not begun: ${source}`)
  return { lengthMax: whole.length, nestingMax: whole.nesting }
}
