/**
 * Frames of an AWS event stream: messages, whose changed payload gets new lengths and sums. After a message whose sums fail nothing can
 * be found any more: all that follows goes on unread.
 */
import type { StreamEvent } from '../../dialects/dialect.ts'
import {
  crc32,
  createEventStreamReader,
  decodeHeaders,
  fromBase64,
  MESSAGE_BYTES_MAX,
  toBase64,
} from '../../dialects/framing/event-stream.ts'
import { replaceStrings } from '../redact/replace-strings.ts'
import { createCarry, NO_BYTES, rawFrame, type Frame, type FrameSplitter } from './frames.ts'

const PRELUDE_BYTES = 12
const SUM_BYTES = 4

const decoder = new TextDecoder()
const encoder = new TextEncoder()

export function createEventStreamSplitter(): FrameSplitter {
  const carry = createCarry()
  let unread = 0
  let isBroken = false

  /** Length of the message that begins here; null where more bytes are needed to tell. */
  function lengthOf(bytes: Uint8Array): number | null {
    if (bytes.byteLength < PRELUDE_BYTES) return null
    const view = viewOf(bytes)
    const length = view.getUint32(0)
    const isSound =
      crc32(bytes.subarray(0, 8)) === view.getUint32(8) &&
      length >= PRELUDE_BYTES + SUM_BYTES &&
      length <= MESSAGE_BYTES_MAX &&
      view.getUint32(4) <= length - PRELUDE_BYTES - SUM_BYTES
    if (isSound) return length
    isBroken = true
    unread += 1
    return bytes.byteLength
  }

  // Bytes wanted before it is worth looking again; so that a long message is not copied once a chunk.
  let wanted = PRELUDE_BYTES

  return {
    push: (chunk) => {
      if (isBroken) return [rawFrame(chunk)]
      if (carry.bytes() + chunk.byteLength < wanted) {
        carry.add(chunk)
        return []
      }
      const bytes = carry.take(chunk)
      const frames: Frame[] = []
      let at = 0
      wanted = PRELUDE_BYTES
      while (at < bytes.byteLength) {
        const rest = at === 0 ? bytes : bytes.subarray(at)
        const length = lengthOf(rest)
        if (length === null || length > rest.byteLength) {
          wanted = length ?? PRELUDE_BYTES
          carry.add(rest)
          return frames
        }
        const raw = length === rest.byteLength ? rest : rest.subarray(0, length)
        const frame = isBroken ? rawFrame(raw) : readMessage(raw)
        if (frame === null) {
          isBroken = true
          unread += 1
          frames.push(rawFrame(rest))
          return frames
        }
        if (frame.event === null && !isBroken) unread += 1
        frames.push(frame)
        at += length
      }
      return frames
    },
    end: () => {
      if (carry.bytes() === 0) return []
      unread += 1
      return [rawFrame(carry.take(NO_BYTES))]
    },
    unread: () => unread,
  }
}

/** Null where its sum fails. */
function readMessage(raw: Uint8Array): Frame | null {
  const view = viewOf(raw)
  const end = raw.byteLength - SUM_BYTES
  if (crc32(raw.subarray(0, end)) !== view.getUint32(end)) return null
  const headersEnd = PRELUDE_BYTES + view.getUint32(4)
  const headers = raw.subarray(PRELUDE_BYTES, headersEnd)
  let event: StreamEvent | null = null
  const reader = createEventStreamReader({
    onEvent: (read) => {
      event = read
    },
    onEnd: () => undefined,
    onUnread: () => undefined,
  })
  reader.push(raw)
  if (event === null) return rawFrame(raw)
  const payload = decoder.decode(raw.subarray(headersEnd, end))
  const isChunk = decodeHeaders(headers)?.get(':event-type') === 'chunk'
  const inner = isChunk ? innerOf(payload) : null
  return {
    raw,
    event,
    json: inner ?? payload,
    isEnd: false,
    isKeepAlive: false,
    rebuild: (json) => encoded(headers, encoder.encode(inner === null ? json : withInner(payload, json))),
  }
}

/** What a model said when it was invoked: its own JSON, in base64. */
function innerOf(payload: string): string | null {
  const outer = JSON.parse(payload === '' ? '{}' : payload) as { readonly bytes?: unknown }
  const bytes = typeof outer.bytes === 'string' ? fromBase64(outer.bytes) : null
  return bytes === null ? null : decoder.decode(bytes)
}

function withInner(payload: string, json: string): string {
  return replaceStrings(payload, [{ pointer: '/bytes', json: JSON.stringify(toBase64(json)) }]).text
}

/** A message with the same headers, byte by byte. */
function encoded(headers: Uint8Array, payload: Uint8Array): Uint8Array {
  const message = new Uint8Array(PRELUDE_BYTES + headers.byteLength + payload.byteLength + SUM_BYTES)
  const view = viewOf(message)
  view.setUint32(0, message.byteLength)
  view.setUint32(4, headers.byteLength)
  view.setUint32(8, crc32(message.subarray(0, 8)))
  message.set(headers, PRELUDE_BYTES)
  message.set(payload, PRELUDE_BYTES + headers.byteLength)
  const end = message.byteLength - SUM_BYTES
  view.setUint32(end, crc32(message.subarray(0, end)))
  return message
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
