/**
 * One of the texts that an answer consists of (a choice's, a block's, a tool call's), while it comes: what of it is judged, what was
 * found, and what is taken out. Two looks at it: a close one that decides what may leave, and a wide one for what is longer. The
 * arguments of a tool call are judged as a whole as well, before the bracket that ends them may leave: what they make a tool do shows in
 * no part of them.
 */
import type { StreamText } from '../../dialects/stream-texts/stream-texts.ts'
import type { Judge, Judged, Place } from '../match.ts'
import { createJsonPlace } from '../redact/json-place.ts'
import { createScreen, type Found } from './screen.ts'

/** `stop`: the stream has to end. `redact`: it can be taken out. `record`: it is told, nothing more. */
export type Reaction = 'stop' | 'redact' | 'record'

/** Half-open, in UTF-16 code units of the channel's text. */
export type Redaction = { readonly start: number; readonly end: number; readonly tag: string }

export type ChannelFound = Found & { readonly reaction: Reaction }

export type Channel = {
  readonly name: string
  readonly group: string
  readonly kind: StreamText['kind']
  readonly place: Place
  readonly bodyPointer: string
  /** Adds a piece; gives its start. */
  push(text: string): number
  /** Judges what can be judged; at a reaction `stop`, `closedTo` stays before what has to be stopped. */
  look(isEnd: boolean): readonly ChannelFound[]
  /** All before it may leave. */
  closedTo(): number
  length(): number
  /** In order, without overlaps. */
  redactions(): readonly Redaction[]
  /** All of the text where it is kept, for its repeats. */
  whole(): string | null
}

export type ChannelOptions = {
  readonly judge: Judge
  readonly isHeld: boolean
  readonly windowChars: number
  readonly reactionTo: (judged: Judged) => Reaction
  /** Whether so many more characters may be kept; asked with every piece. */
  readonly mayKeep: (chars: number) => boolean
}

const CLOSE_CONTEXT_CHARS = 96
const WIDE_CONTEXT_CHARS = 512
const WIDE_BATCH_CHARS = 256
/** How far behind its last bracket a call is looked at for it. */
const BRACKET_CHARS = 16

export function createChannel(text: StreamText, options: ChannelOptions): Channel {
  const { judge, isHeld, windowChars, reactionTo, mayKeep } = options
  const place: Place = { direction: 'output', origin: text.origin, toolName: text.toolName }
  const shared = { judge, place, windowChars, isKept: (judged: Judged) => reactionTo(judged) !== 'record' }
  const wide = createScreen({ ...shared, contextChars: WIDE_CONTEXT_CHARS, batchChars: WIDE_BATCH_CHARS })
  const close = isHeld ? createScreen({ ...shared, contextChars: CLOSE_CONTEXT_CHARS, batchChars: 1 }) : null
  const json = text.isJson ? createJsonPlace() : null
  const redactions: Redaction[] = []
  /** What the close look has found of late, so that the wide one does not tell it again. */
  let recent: Found[] = []
  let whole: string | null = ''
  const isCall = text.kind === 'tool_call'
  /** A call without arguments is judged too. */
  let wholeJudgedTo = -1
  let closedTo = 0
  let trackedTo = 0
  /** Where the last piece begins. */
  let lastStart = 0

  function track(to: number): void {
    if (json === null || close === null || to <= trackedTo) return
    json.advance(close.slice(trackedTo, to))
    trackedTo = to
  }

  /** False where it cannot be taken out without breaking the JSON around it. */
  function redact(found: Found, tag: string): boolean {
    if (found.range === null || close === null) return false
    let start = Math.max(found.range.startUtf16, closedTo, json === null ? 0 : trackedTo)
    let end = found.range.endUtf16
    const last = redactions.at(-1)
    if (last !== undefined && start < last.end) {
      // Overlaps what is taken out already, under the tag of the earlier one.
      if (end <= last.end) return true
      if (json !== null) start = last.end
      else {
        redactions[redactions.length - 1] = { ...last, end }
        return true
      }
    }
    if (json !== null) {
      track(start)
      const within = json.within(close.slice(start, end), close.slice(end, end + 6))
      if (within === null) return false
      start += within.skip
      end += within.extra
      if (start >= end) return true
    }
    redactions.push({ start, end, tag })
    return true
  }

  function lookClose(isEnd: boolean): readonly ChannelFound[] {
    if (close === null) return []
    const found = [...close.look(isEnd)].sort((a, b) => (a.range?.startUtf16 ?? 0) - (b.range?.startUtf16 ?? 0))
    const reacted: ChannelFound[] = []
    let to = close.closedTo()
    for (const one of found) {
      let reaction = reactionTo(one.judged)
      const start = one.range?.startUtf16 ?? closedTo
      if (reaction === 'redact' && start < to && !redact(one, one.judged.tag ?? '')) reaction = 'stop'
      if (reaction === 'stop') to = Math.min(to, Math.max(closedTo, start))
      reacted.push({ ...one, reaction })
    }
    if (reacted.every(({ reaction }) => reaction !== 'stop')) {
      track(to)
      if (!isEnd && isCall && to === close.length()) to = beforeBracket(to)
    }
    // An escape that was taken out to its end closes with it.
    closedTo = Math.max(closedTo, to)
    recent.push(...found)
    return reacted
  }

  /** Arguments are of no use without their last bracket: the piece that may hold it waits for the next one or for the end. */
  function beforeBracket(to: number): number {
    const last = close?.slice(Math.max(lastStart, to - BRACKET_CHARS), to) ?? ''
    return /[}\]]\s*$/.test(last) ? Math.max(closedTo, Math.min(to, lastStart)) : to
  }

  function lookWhole(): readonly ChannelFound[] {
    if (!isCall || whole === null || whole.length === wholeJudgedTo) return []
    wholeJudgedTo = whole.length
    const told = whole
    const found = judge.judge(told, place).map((judged): Found => {
      const { range } = judged
      return { judged, range, matched: range === null ? null : told.slice(range.startUtf16, range.endUtf16) }
    })
    return late(found.filter((one) => !recent.some((known) => isSame(known, one))))
  }

  /** It may have left in part: it can no longer be taken out. */
  function late(found: readonly Found[]): readonly ChannelFound[] {
    recent.push(...found)
    return found.map((one) => {
      const reaction = reactionTo(one.judged)
      return { ...one, reaction: reaction === 'redact' ? 'record' : reaction }
    })
  }

  function lookWide(isEnd: boolean): readonly ChannelFound[] {
    const before = wide.closedTo()
    const found = wide.look(isEnd)
    const fresh = found.filter((one) => !recent.some((known) => isSame(known, one)))
    if (!isCall && wide.closedTo() > before) {
      recent = recent.filter(({ range }) => range === null || range.endUtf16 > wide.closedTo() - WIDE_CONTEXT_CHARS * 2)
    }
    return late(fresh)
  }

  return {
    name: text.channel,
    group: text.group,
    kind: text.kind,
    place,
    bodyPointer: text.bodyPointer,
    push: (piece) => {
      const start = wide.length()
      lastStart = start
      wide.push(piece)
      close?.push(piece)
      if (whole !== null) whole = mayKeep(piece.length) ? whole + piece : null
      return start
    },
    look: (isEnd) => {
      const before = closedTo
      const found = lookClose(isEnd)
      const more = [...lookWide(isEnd), ...(isEnd ? lookWhole() : [])]
      if (more.some(({ reaction }) => reaction === 'stop')) closedTo = before
      return more.length === 0 ? found : [...found, ...more]
    },
    closedTo: () => closedTo,
    length: () => wide.length(),
    redactions: () => redactions,
    whole: () => whole,
  }
}

/** The same rule at the same place; the two looks may differ in where it begins. */
function isSame(a: Found, b: Found): boolean {
  if (a.judged.ruleId !== b.judged.ruleId) return false
  if (a.range === null || b.range === null) return a.range === b.range
  return a.range.startUtf16 < b.range.endUtf16 && b.range.startUtf16 < a.range.endUtf16
}
