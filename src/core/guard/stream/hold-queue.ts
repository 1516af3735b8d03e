/** Events that wait until all of their text is judged, in the order in which they came. */
import type { StreamEvent } from '../../dialects/dialect.ts'
import type { StreamText } from '../../dialects/stream-texts/stream-texts.ts'
import { parseJson, type Json } from '../../domain/json.ts'
import { replaceStrings, type JsonEdit, type RangeEdit } from '../redact/replace-strings.ts'
import type { Channel } from './channel.ts'
import type { Frame } from './frames.ts'

/** A stretch of a channel's text that stands in an event. */
export type Piece = {
  readonly channel: Channel
  readonly text: StreamText
  /** In the channel's text. */
  readonly start: number
  /** What of it has left already, from its beginning. */
  left: number
}

export type Entry = {
  readonly frame: Frame
  readonly pieces: readonly Piece[]
  /** Changes that do not depend on what comes: of texts that stand for themselves. */
  readonly edits: readonly JsonEdit[]
  readonly isSplittable: boolean
  /** Says nothing of the answer, and may overtake what waits. */
  readonly isKeepAlive: boolean
}

/** Bytes of events that wait, over all channels; beyond, the first candidate is judged as it is. */
export const HELD_BYTES_MAX = 1024 * 1024

/** A part shorter than that (about a word) is not worth an event of its own. */
const SPLIT_CHARS_MIN = 8

export type HoldQueue = {
  add(entry: Entry): void
  /** Moves on what may leave. */
  pump(): void
  isOverfull(): boolean
  /** The channels that the first entry waits for. */
  waitingFor(): readonly Channel[]
  /** The bytes that left since the last call. */
  take(): readonly Uint8Array[]
}

/** `onLeft` is told every event that leaves, as it leaves. */
export function createHoldQueue(onLeft: (event: StreamEvent, hasText: boolean) => void): HoldQueue {
  let waiting: Entry[] = []
  let head = 0
  let heldBytes = 0
  let keepAlives = 0
  let bytes: Uint8Array[] = []

  /** Sends what of the entry's pieces is not before `left` and not after `to`. */
  function send({ frame, pieces, edits }: Entry, to: number | null): void {
    const changes = [...edits]
    for (const piece of pieces) changes.push(...changesOf(piece, to, frame))
    if (changes.length === 0) {
      bytes.push(frame.raw)
      if (frame.event !== null) onLeft(frame.event, pieces.length > 0)
      return
    }
    const { text } = replaceStrings(frame.json, changes)
    bytes.push(frame.rebuild(text))
    if (frame.event !== null) onLeft({ event: frame.event.event, data: parseJson(text) ?? null }, pieces.length > 0)
  }

  /** A long event leaves in two: what is judged of it now, the rest when it is. */
  function split(entry: Entry): void {
    const [piece, ...more] = entry.pieces
    if (piece === undefined || more.length > 0 || !entry.isSplittable) return
    let to = Math.min(piece.channel.closedTo() - piece.start, piece.text.text.length)
    if ((piece.text.text.charCodeAt(to) & 0xfc00) === 0xdc00) to -= 1
    if (to - piece.left < SPLIT_CHARS_MIN) return
    send(entry, to)
    piece.left = to
  }

  /** Sends what says nothing ahead of what waits. */
  function overtake(): void {
    if (keepAlives === 0) return
    const rest: Entry[] = []
    for (const entry of waiting.slice(head)) {
      if (!entry.isKeepAlive) {
        rest.push(entry)
        continue
      }
      heldBytes -= entry.frame.raw.byteLength
      send(entry, null)
    }
    keepAlives = 0
    waiting = rest
    head = 0
  }

  return {
    add: (entry) => {
      waiting.push(entry)
      heldBytes += entry.frame.raw.byteLength
      if (entry.isKeepAlive) keepAlives += 1
    },
    pump: () => {
      for (; head < waiting.length; head += 1) {
        const entry = waiting[head] as Entry
        if (!isReady(entry)) {
          split(entry)
          overtake()
          break
        }
        if (entry.isKeepAlive) keepAlives -= 1
        heldBytes -= entry.frame.raw.byteLength
        send(entry, null)
      }
      if (head === waiting.length) waiting = []
      else if (head > 1024 || head > waiting.length / 2) waiting = waiting.slice(head)
      else return
      head = 0
    },
    isOverfull: () => heldBytes > HELD_BYTES_MAX && head < waiting.length,
    waitingFor: () => (waiting[head]?.pieces ?? []).map(({ channel }) => channel),
    take: () => {
      const taken = bytes
      bytes = []
      return taken
    },
  }
}

function isReady({ pieces }: Entry): boolean {
  return pieces.every(({ channel, start, text }) => channel.closedTo() >= start + text.text.length)
}

function changesOf({ channel, text, start, left }: Piece, to: number | null, frame: Frame): readonly JsonEdit[] {
  const length = text.text.length
  const from = start + left
  const end = start + (to ?? length)
  const ranges: RangeEdit[] = []
  if (left > 0) ranges.push({ startUtf16: 0, endUtf16: left, replacement: '' })
  const redactions = channel.redactions()
  for (let i = firstAfter(redactions, from); i < redactions.length; i += 1) {
    const redaction = redactions[i]
    if (redaction === undefined || redaction.start >= end) break
    ranges.push({
      startUtf16: Math.max(redaction.start, from) - start,
      endUtf16: Math.min(redaction.end, end) - start,
      // The tag stands where the match began; the events after it lose their part of it.
      replacement: redaction.start >= from ? redaction.tag : '',
    })
  }
  if (to !== null && to < length) ranges.push({ startUtf16: to, endUtf16: length, replacement: '' })
  return ranges.length === 0 ? [] : [{ pointer: text.pointer, ranges }, ...emptied(text.tokens, frame.event?.data)]
}

/** The first redaction that ends after `place`. */
function firstAfter(redactions: readonly { readonly end: number }[], place: number): number {
  let low = 0
  let high = redactions.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((redactions[middle]?.end ?? 0) <= place) low = middle + 1
    else high = middle
  }
  return low
}

/** Tokens of a text that was changed are told no more: an empty list for a list, null for an object. */
export function emptied(pointers: readonly string[], data: Json): readonly JsonEdit[] {
  return pointers.map((pointer) => {
    let value: Json = data
    for (const step of pointer.split('/').slice(1)) {
      value = typeof value === 'object' && value !== null ? (value as { readonly [key: string]: Json })[step] : null
    }
    return { pointer, json: Array.isArray(value) ? '[]' : 'null' }
  })
}
