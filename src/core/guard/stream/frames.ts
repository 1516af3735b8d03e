/** A streamed body as its frames: an event each, with the bytes that it came in. What is no event keeps its place and its bytes. */
import type { StreamEvent } from '../../dialects/dialect.ts'

export type Frame = {
  /** As they came; a view of the chunk where the frame came in one piece. */
  readonly raw: Uint8Array
  /** Null for a comment, a blank line, an end mark, and what cannot be read. */
  readonly event: StreamEvent | null
  /** JSON text of the event's data. */
  readonly json: string
  /** The framing's own end mark (`[DONE]`). */
  readonly isEnd: boolean
  /** Says nothing: a comment or a blank line, which may overtake what waits. */
  readonly isKeepAlive: boolean
  /** The same frame with other data. */
  rebuild(json: string): Uint8Array
}

export type FrameSplitter = {
  /** The frames that end in this chunk, in order. */
  push(chunk: Uint8Array): readonly Frame[]
  /** What is left at the end of the body. */
  end(): readonly Frame[]
  /** Frames with data that could not be read. */
  unread(): number
}

/** Bytes of one frame. A longer one is handed on in pieces as they come, unread and counted. */
export const FRAME_BYTES_MAX = 8 * 1024 * 1024

export const NO_BYTES = new Uint8Array(0)

/** A frame that goes on as it is. */
export function rawFrame(raw: Uint8Array, kind: { readonly isEnd?: boolean; readonly isKeepAlive?: boolean } = {}): Frame {
  return {
    raw,
    event: null,
    json: '',
    isEnd: kind.isEnd === true,
    isKeepAlive: kind.isKeepAlive === true,
    rebuild: () => raw,
  }
}

/** Gathers the bytes of a frame that comes in several chunks. */
export type Carry = {
  add(bytes: Uint8Array): void
  bytes(): number
  /** All of it with `last` behind, and empties. One view, where nothing was carried. */
  take(last: Uint8Array): Uint8Array
}

export function createCarry(): Carry {
  let pieces: Uint8Array[] = []
  let length = 0
  return {
    add: (bytes) => {
      if (bytes.byteLength === 0) return
      pieces.push(bytes)
      length += bytes.byteLength
    },
    bytes: () => length,
    take: (last) => {
      if (length === 0) return last
      const all = new Uint8Array(length + last.byteLength)
      let at = 0
      for (const piece of [...pieces, last]) {
        all.set(piece, at)
        at += piece.byteLength
      }
      pieces = []
      length = 0
      return all
    },
  }
}
