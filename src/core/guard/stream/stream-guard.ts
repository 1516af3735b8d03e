/**
 * Judges a streamed answer while it flows, in every dialect. `observe` hands on every byte at once and tells what it saw; `hold` keeps
 * back what may still become a finding (usually the current word) and takes out or stops what did. Events that need no change keep
 * their bytes, and no event of one text overtakes another.
 *
 * Not caught: what is told in pieces of different texts (half in the reasoning, half in the answer), in hold mode the part of a match
 * that left before anything could tell that it would become one, and what goes on in a text that seemed over (reasoning that resumes
 * in mid-word after the answer has begun): its second half alone is taken out, if that.
 */
import type { Dialect } from '../../dialects/dialect.ts'
import { streamTextsOf } from '../../dialects/stream-texts/registry.ts'
import type { TextRange } from '../../domain/finding.ts'
import type { Judge, Judged, Place } from '../match.ts'
import type { Reaction } from './channel.ts'
import { createChannels } from './channels.ts'
import { framingOf, splitterOf } from './frames-of.ts'
import { NO_BYTES, type Frame } from './frames.ts'
import { createHoldQueue } from './hold-queue.ts'
import { createStopEnding } from './stop-ending.ts'

/** What was found, and where: `range` is in the text of the channel. */
export type StreamFinding = Omit<Judged, 'range'> & {
  readonly range: TextRange | null
  readonly channel: string
  /** Into the body of the unstreamed answer, or to what holds the text there. */
  readonly pointer: string
  readonly place: Place
  /** What matched, for its length and hash only; null where the whole text is meant. */
  readonly matched: string | null
  /** What was done: `record` where it was told only, also where it came too late to be taken out. */
  readonly reaction: Reaction
}

export type StreamStep = {
  /** For the caller, now. The chunk itself where nothing of it changed and nothing waits. */
  readonly bytes: readonly Uint8Array[]
  readonly judged: readonly StreamFinding[]
  /** The stream ends here: its ending is in `bytes`, and the upstream is to be cancelled. */
  readonly stop: boolean
}

export type StreamGuard = {
  /** The next bytes of the decoded body, cut anywhere. Never throws where the judge does not. */
  push(chunk: Uint8Array): StreamStep
  /** The body came to its end: everything that waits is judged as it is. */
  end(): StreamStep
  /** Events that could not be read, and went on as they were. */
  unread(): number
}

export type StreamGuardOptions = {
  readonly dialect: Dialect
  readonly contentType: string
  readonly judge: Judge
  readonly mode: 'observe' | 'hold'
  /** Longest candidate that is waited for, in characters; at most `WINDOW_CHARS_MAX`. */
  readonly windowChars: number
  /** What becomes of a finding whose action is `redact`; `block` always stops. */
  readonly onFinding: 'redact' | 'stop'
}

export const WINDOW_CHARS_MAX = 8 * 1024

const NOTHING: StreamStep = { bytes: [], judged: [], stop: false }

/** A body of a content type without events goes on unread: `redactBody` is for those. */
export function createStreamGuard(options: StreamGuardOptions): StreamGuard {
  const framing = framingOf(options.contentType)
  if (framing === null) {
    return { push: (chunk) => ({ ...NOTHING, bytes: [chunk] }), end: () => NOTHING, unread: () => 0 }
  }
  const isHeld = options.mode === 'hold'
  const splitter = splitterOf(framing)
  const ending = createStopEnding(options.dialect, framing)
  const queue = createHoldQueue((event, hasText) => ending.tell(event, hasText))
  const channels = createChannels({
    judge: options.judge,
    isHeld,
    texts: streamTextsOf(options.dialect.name),
    windowChars: Math.max(1, Math.min(options.windowChars, WINDOW_CHARS_MAX)),
    reactionTo: (judged) => reactionTo(judged, isHeld, options.onFinding),
  })
  let isOver = false
  /** Bytes that came of the frame that is not complete. */
  let carried = 0

  function hold(
    frames: readonly Frame[],
    isEnd: boolean,
  ): { readonly bytes: readonly Uint8Array[]; readonly isStopped: boolean } {
    let isStopped = false
    for (const frame of frames) {
      const taken = channels.take(frame)
      isStopped = taken.isStopped
      if (taken.entry !== null) queue.add(taken.entry)
      if (isStopped) break
    }
    isStopped ||= isEnd ? channels.close() : channels.look()
    queue.pump()
    // Others wait behind a candidate of one text: that bound is the window; this one is for all that came meanwhile.
    while (!isStopped && queue.isOverfull()) {
      isStopped = channels.closeFor(queue.waitingFor())
      queue.pump()
    }
    return { bytes: queue.take(), isStopped }
  }

  /** All of the chunk, or (where it has to stop) nothing that begins in it: only a frame that was begun before is completed. */
  function observe(
    chunk: Uint8Array,
    frames: readonly Frame[],
    isEnd: boolean,
  ): { readonly bytes: readonly Uint8Array[]; readonly isStopped: boolean } {
    let isStopped = false
    let taken = 0
    for (const frame of frames) {
      isStopped = channels.take(frame).isStopped
      taken += 1
      if (isStopped) break
    }
    isStopped ||= isEnd ? channels.close() : channels.look()
    if (!isStopped) {
      for (const frame of frames) if (frame.event !== null) ending.tell(frame.event, true)
      const complete = frames.reduce((length, frame) => length + frame.raw.byteLength, 0)
      carried += chunk.byteLength - complete
      return { bytes: chunk.byteLength === 0 ? [] : [chunk], isStopped }
    }
    const [first] = frames
    if (carried === 0 || first === undefined || taken === 0) return { bytes: [], isStopped }
    if (first.event !== null) ending.tell(first.event, true)
    // At the end of the body there is nothing left to complete it with but its own mark.
    if (isEnd) return { bytes: [ending.frameEnd()], isStopped }
    return { bytes: [chunk.subarray(0, first.raw.byteLength - carried)], isStopped }
  }

  function step(chunk: Uint8Array, frames: readonly Frame[], isEnd: boolean): StreamStep {
    const { bytes, isStopped } = isHeld ? hold(frames, isEnd) : observe(chunk, frames, isEnd)
    const judged = channels.found()
    if (!isStopped) return { bytes: sameChunk(bytes, chunk), judged, stop: false }
    isOver = true
    return { bytes: [...bytes, ending.bytes()].filter((piece) => piece.byteLength > 0), judged, stop: true }
  }

  return {
    push: (chunk) => {
      if (isOver) return { ...NOTHING, stop: true }
      return step(chunk, splitter.push(chunk), false)
    },
    end: () => {
      if (isOver) return { ...NOTHING, stop: true }
      isOver = true
      return step(NO_BYTES, splitter.end(), true)
    },
    unread: () => splitter.unread(),
  }
}

function reactionTo({ action, range, tag }: Judged, isHeld: boolean, onFinding: 'redact' | 'stop'): Reaction {
  if (action === 'block' || (action === 'redact' && onFinding === 'stop')) return 'stop'
  return action === 'redact' && isHeld && range !== null && tag !== null ? 'redact' : 'record'
}

/** Pieces that lie side by side in one chunk as one, and the chunk itself where that is all of it. */
function sameChunk(bytes: readonly Uint8Array[], chunk: Uint8Array): readonly Uint8Array[] {
  const joined: Uint8Array[] = []
  for (const piece of bytes) {
    const last = joined.at(-1)
    if (last !== undefined && last.buffer === piece.buffer && last.byteOffset + last.byteLength === piece.byteOffset) {
      joined[joined.length - 1] = new Uint8Array(last.buffer, last.byteOffset, last.byteLength + piece.byteLength)
    } else if (piece.byteLength > 0) joined.push(piece)
  }
  const [only] = joined
  const isChunk =
    joined.length === 1 &&
    only !== undefined &&
    only.buffer === chunk.buffer &&
    only.byteOffset === chunk.byteOffset &&
    only.byteLength === chunk.byteLength
  return isChunk ? [chunk] : joined
}
