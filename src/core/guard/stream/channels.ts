/** All the texts of one streamed answer: which events carry which of them, when one ends, and what was found in them. */
import type { EventTexts, StreamText, StreamTexts } from '../../dialects/stream-texts/stream-texts.ts'
import type { Judge, Judged, Place } from '../match.ts'
import { innerStrings } from '../redact/inner-strings.ts'
import { fittingRanges } from '../redact/redact-segments.ts'
import type { JsonEdit, RangeEdit } from '../redact/replace-strings.ts'
import { createChannel, type Channel, type ChannelFound, type Reaction, type Redaction } from './channel.ts'
import type { Frame } from './frames.ts'
import { emptied, type Entry, type Piece } from './hold-queue.ts'
import type { StreamFinding } from './stream-guard.ts'

/** Texts told apart in one stream; the pieces of any more are judged each by itself. */
const CHANNELS_MAX = 4096
/** Characters kept to recognise a text that comes once more; beyond, it is judged once more. */
const KEPT_CHARS_MAX = 4 * 1024 * 1024

export type ChannelsOptions = {
  readonly judge: Judge
  readonly isHeld: boolean
  readonly texts: StreamTexts
  readonly windowChars: number
  readonly reactionTo: (judged: Judged) => Reaction
}

export type Taken = {
  /** Null where the event must not leave. */
  readonly entry: Entry | null
  readonly isStopped: boolean
}

/** The methods that judge give true where the stream has to stop. */
export type Channels = {
  take(frame: Frame): Taken
  /** Judges what came since. */
  look(): boolean
  /** The same for the end of everything. */
  close(): boolean
  /** The same for some, which others wait for. */
  closeFor(channels: readonly Channel[]): boolean
  /** What was found since the last call. */
  found(): readonly StreamFinding[]
}

/** In the order in which an answer tells them: what comes later ends what came before. */
const RANK = { reasoning: 0, text: 1, tool_call: 2 } as const

type Group = { rank: number; isMixed: boolean }
/** What was made of a text that stands for itself. */
type Verdict = { readonly ranges: readonly RangeEdit[]; readonly isStopped: boolean }

export function createChannels(options: ChannelsOptions): Channels {
  const { judge, texts, reactionTo } = options
  const channels = new Map<string, Channel>()
  const groups = new Map<string, Group>()
  const touched = new Set<Channel>()
  const verdicts = new Map<string, Verdict>()
  let findings: StreamFinding[] = []
  let keptChars = 0

  function mayKeep(chars: number): boolean {
    if (keptChars + chars > KEPT_CHARS_MAX) return false
    keptChars += chars
    return true
  }

  function channelOf(text: StreamText): Channel | null {
    const known = channels.get(text.channel)
    if (known !== undefined || channels.size >= CHANNELS_MAX) return known ?? null
    const { isHeld, windowChars } = options
    const isKept = texts.hasRepeats || text.kind === 'tool_call'
    const channel = createChannel(text, { judge, isHeld, windowChars, reactionTo, mayKeep: isKept ? mayKeep : () => false })
    channels.set(text.channel, channel)
    return channel
  }

  function tell(found: readonly ChannelFound[], channel: string, pointer: string, place: Place): boolean {
    for (const { judged, range, matched, reaction } of found) {
      findings.push({ ...judged, range, matched, reaction, channel, pointer, place })
    }
    return found.some(({ reaction }) => reaction === 'stop')
  }

  function lookAt(channel: Channel, isEnd: boolean): boolean {
    const found = channel.look(isEnd)
    return found.length > 0 && tell(found, channel.name, channel.bodyPointer, channel.place)
  }

  function lookAtAll(those: Iterable<Channel>, isEnd: boolean): boolean {
    let isStopped = false
    for (const channel of those) {
      isStopped = lookAt(channel, isEnd) || isStopped
      if (isEnd) touched.delete(channel)
    }
    return isStopped
  }

  /**
   * A word that the reasoning ends with would hold up all of the answer: the first piece of the answer ends the reasoning. Where the
   * two mix after that, nothing is ended early any more.
   */
  function endEarlier(text: StreamText): boolean {
    const rank = RANK[text.kind]
    const group = groups.get(text.group)
    if (group === undefined) {
      groups.set(text.group, { rank, isMixed: false })
      return false
    }
    if (rank === group.rank || group.isMixed) return false
    if (rank < group.rank) {
      group.isMixed = true
      return false
    }
    group.rank = rank
    const earlier = [...channels.values()].filter((channel) => channel.group === text.group && RANK[channel.kind] < rank)
    return lookAtAll(earlier, true)
  }

  function endGroups(ends: EventTexts['ends']): boolean {
    if (ends === 'all') return lookAtAll(channels.values(), true)
    if (ends.length === 0) return false
    const ended = [...channels.values()].filter(({ group }) => ends.some((end) => group === end || group.startsWith(`${end}/`)))
    return lookAtAll(ended, true)
  }

  /** What of a text that stands for itself has to go. The same text is judged once. */
  function verdictOf(text: StreamText): Verdict {
    const key = `${text.form === 'value' ? 'v' : 't'}${text.text}`
    const known = verdicts.get(key)
    if (known !== undefined) return known
    const place: Place = { direction: 'output', origin: text.origin, toolName: text.toolName }
    const matches = judge.judge(text.text, place)
    const wanted = new Map<RangeEdit, Judged>()
    for (const judged of matches) {
      const { range, tag } = judged
      if (range !== null && reactionTo(judged) === 'redact') wanted.set({ ...range, replacement: tag ?? '' }, judged)
    }
    const { inside: ranges, outside } = fitting(text, [...wanted.keys()])
    const misfits = new Set(outside.map((range) => wanted.get(range)))
    const found = matches.map((judged): ChannelFound => {
      const { range } = judged
      const matched = range === null ? null : text.text.slice(range.startUtf16, range.endUtf16)
      return { judged, range, matched, reaction: misfits.has(judged) ? 'stop' : reactionTo(judged) }
    })
    const isStopped = tell(found, text.channel, text.bodyPointer, place)
    const verdict: Verdict = { ranges, isStopped }
    if (texts.hasRepeats && mayKeep(text.text.length)) verdicts.set(key, verdict)
    return verdict
  }

  /** Null where the stream has to stop. */
  function editsOf(text: StreamText, data: unknown): readonly JsonEdit[] | null {
    const channel = text.form === 'repeat' ? channels.get(text.channel) : undefined
    if (channel !== undefined && channel.length() > 0) {
      if (lookAt(channel, true)) return null
      if (channel.whole() === text.text) return withTokens(text, channel.redactions().map(asRange), data)
    }
    const { ranges, isStopped } = verdictOf(text)
    if (isStopped) return null
    return withTokens(text, ranges, data)
  }

  return {
    take: (frame) => {
      const stopped: Taken = { entry: null, isStopped: true }
      if (frame.event === null) {
        const isStopped = frame.isEnd && lookAtAll(channels.values(), true)
        if (isStopped) return stopped
        return { entry: { frame, pieces: [], edits: [], isSplittable: false, isKeepAlive: frame.isKeepAlive }, isStopped }
      }
      const read = texts.read(frame.event)
      const pieces: Piece[] = []
      const others: StreamText[] = []
      let isStopped = false
      for (const text of read.texts) {
        const channel = text.form === 'piece' ? channelOf(text) : null
        if (channel === null) {
          others.push(text)
          continue
        }
        isStopped = endEarlier(text) || isStopped
        pieces.push({ channel, text, start: channel.push(text.text), left: 0 })
        touched.add(channel)
      }
      isStopped = endGroups(read.ends) || isStopped
      // What ends a text comes after it; only a piece of it may have a part that leaves.
      if (isStopped && pieces.length === 0) return stopped
      const edits: JsonEdit[] = []
      for (const text of others) {
        const made = editsOf(text, frame.event.data)
        if (made === null) return stopped
        edits.push(...made)
      }
      const isSplittable = read.isSplittable && others.length === 0
      return { entry: { frame, pieces, edits, isSplittable, isKeepAlive: read.isKeepAlive }, isStopped }
    },
    look: () => {
      const isStopped = lookAtAll(touched, false)
      touched.clear()
      return isStopped
    },
    close: () => lookAtAll(channels.values(), true),
    closeFor: (waiting) => lookAtAll(waiting, true),
    found: () => {
      const told = findings
      findings = []
      return told
    },
  }
}

function asRange({ start, end, tag }: Redaction): RangeEdit {
  return { startUtf16: start, endUtf16: end, replacement: tag }
}

/** JSON text has to stay valid: what is taken out of it lies inside of one string. */
function fitting(text: StreamText, ranges: readonly RangeEdit[]): ReturnType<typeof fittingRanges> {
  if (text.form !== 'value') return text.isJson ? fittingRanges(text.text, ranges) : { inside: ranges, outside: [] }
  const { outside } = innerStrings(text.text, '', ranges)
  return { inside: ranges, outside }
}

function withTokens(text: StreamText, ranges: readonly RangeEdit[], data: unknown): readonly JsonEdit[] {
  if (ranges.length === 0) return []
  const edits =
    text.form === 'value' ? innerStrings(text.text, text.pointer, ranges).edits : [{ pointer: text.pointer, ranges }]
  return [...edits, ...emptied(text.tokens, data)]
}
