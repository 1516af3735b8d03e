/**
 * Judges a text while it grows: every closed stretch once, with some of what stood before it, so that nothing that is cut between two
 * pieces is missed. Linear in the text: a candidate that stays open is looked at again only when it has grown by a quarter.
 */
import type { TextRange } from '../../domain/finding.ts'
import type { Judge, Judged, Place } from '../match.ts'

/** A match and where it stands in the whole text. */
export type Found = {
  readonly judged: Judged
  /** Null where the whole text is meant. */
  readonly range: TextRange | null
  /** What matched, for its length and hash only. */
  readonly matched: string | null
}

export type ScreenOptions = {
  readonly judge: Judge
  readonly place: Place
  /** Characters before the stretch that are judged along with it. */
  readonly contextChars: number
  /** Characters that gather before they are judged. */
  readonly batchChars: number
  /** Longest candidate that is waited for; then it is judged as it is. */
  readonly windowChars: number
  /** True where a match changes what is handed on: none of it may be closed before the whole. */
  readonly isKept: (judged: Judged) => boolean
}

export type Screen = {
  push(text: string): void
  /** Closes what can be closed, all of it at the end. Gives what was found in it. */
  look(isEnd: boolean): readonly Found[]
  /** All before it is judged. */
  closedTo(): number
  length(): number
  /** The text from `start` on; what was closed before the last `look` is no longer there. */
  slice(start: number, end: number): string
}

/** A candidate shorter than this is looked at with every piece. */
const EAGER_CHARS = 128
const GROWTH = 1.25
/** How far a cut is moved to a space, so that the context does not begin inside of a word. */
const SPACE_CHARS = 48

export function createScreen(options: ScreenOptions): Screen {
  const { judge, place, contextChars, batchChars, windowChars, isKept } = options
  /** The text from `base` on. */
  let held = ''
  let base = 0
  let length = 0
  let closedTo = 0
  let nextLook = batchChars
  /** Rules that meant the text as a whole are told once. */
  const told = new Set<string>()

  function trim(): void {
    let cut = closedTo - base - contextChars
    if (cut < contextChars) return
    const space = held.indexOf(' ', cut)
    if (space !== -1 && space < cut + SPACE_CHARS && space < closedTo - base) cut = space
    else if ((held.charCodeAt(cut) & 0xfc00) === 0xdc00) cut += 1
    held = held.slice(cut)
    base += cut
  }

  /** Where the text may be closed: not in the middle of a match that will be taken out. */
  function closable(matches: readonly Judged[], open: number): number {
    let to = open
    for (let isMoved = true; isMoved;) {
      isMoved = false
      for (const { range, ...judged } of matches) {
        if (range === null || !isKept({ range, ...judged }) || range.endUtf16 + base <= to) continue
        const start = Math.max(closedTo, range.startUtf16 + base)
        if (start >= to) continue
        to = start
        isMoved = true
      }
    }
    return to
  }

  function isNew({ ruleId, range }: Judged, to: number): boolean {
    if (range !== null) return range.endUtf16 + base > closedTo && range.endUtf16 + base <= to
    if (told.has(ruleId)) return false
    told.add(ruleId)
    return true
  }

  return {
    push: (text) => {
      trim()
      held += text
      length += text.length
    },
    look: (isEnd) => {
      const waiting = length - closedTo
      if (waiting === 0 || (!isEnd && waiting < nextLook)) return []
      const from = isEnd ? length : Math.min(length, base + judge.openFrom(held, place))
      const isForced = isEnd || length - Math.max(from, closedTo) > windowChars
      let open = isForced ? length : Math.max(from, closedTo)
      let found: readonly Found[] = []
      if (open > closedTo) {
        const matches = judge.judge(held, place)
        if (!isForced) open = closable(matches, open)
        const isLate = length - open > windowChars
        if (isLate) open = length
        const origin = base
        found = matches
          .filter((match) => isNew(match, open))
          .map((judged) => {
            const { range } = judged
            if (range === null) return { judged, range, matched: null }
            const { startUtf16, endUtf16 } = range
            const moved = { startUtf16: startUtf16 + origin, endUtf16: endUtf16 + origin }
            return { judged, range: moved, matched: held.slice(startUtf16, endUtf16) }
          })
        closedTo = open
      }
      const left = length - closedTo
      nextLook = Math.max(batchChars, left < EAGER_CHARS ? left + 1 : Math.ceil(left * GROWTH))
      return found
    },
    closedTo: () => closedTo,
    length: () => length,
    slice: (start, end) => held.slice(Math.max(0, start - base), Math.max(0, end - base)),
  }
}
