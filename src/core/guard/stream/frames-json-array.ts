/**
 * Frames of a JSON array that is written element by element: Gemini's stream where the caller did not ask for server-sent events. A
 * frame is an element with the bracket or comma before it. A body that is no array goes on unread.
 */
import { parseJson } from '../../domain/json.ts'
import { isNestedTooDeeply } from '../../domain/nesting.ts'
import { createCarry, FRAME_BYTES_MAX, NO_BYTES, rawFrame, type Frame, type FrameSplitter } from './frames.ts'

const decoder = new TextDecoder()
const encoder = new TextEncoder()
const COMMA = encoder.encode(',')

export function createJsonArraySplitter(): FrameSplitter {
  const carry = createCarry()
  /** Null before the first byte that is no space. */
  let isArray: boolean | null = null
  let depth = 0
  let isInString = false
  let isEscaped = false
  let unread = 0

  /** Follows one byte; true where it ends an element that is an object or array. */
  function step(byte: number): boolean {
    if (isInString) {
      if (isEscaped) isEscaped = false
      else if (byte === 0x5c) isEscaped = true
      else if (byte === 0x22) isInString = false
      return false
    }
    if (byte === 0x22) isInString = true
    else if (byte === 0x7b || byte === 0x5b) depth += 1
    else if (byte === 0x7d || byte === 0x5d) {
      depth -= 1
      return depth === 1
    }
    return false
  }

  function read(raw: Uint8Array): Frame {
    const start = raw.indexOf(0x7b)
    const json = start === -1 ? '' : decoder.decode(raw.subarray(start))
    const data = start === -1 || isNestedTooDeeply(raw) ? undefined : parseJson(json)
    if (data === undefined) {
      unread += 1
      return rawFrame(raw)
    }
    let isToldOnce = false
    const rebuild = (changed: string): Uint8Array => {
      // The rest of an element that is sent in two parts is an element of its own.
      const before = isToldOnce ? COMMA : raw.subarray(0, start)
      isToldOnce = true
      const body = encoder.encode(changed)
      const frame = new Uint8Array(before.byteLength + body.byteLength)
      frame.set(before)
      frame.set(body, before.byteLength)
      return frame
    }
    return { raw, event: { event: null, data }, json, isEnd: false, isKeepAlive: false, rebuild }
  }

  return {
    push: (chunk) => {
      const frames: Frame[] = []
      let start = 0
      for (let at = 0; at < chunk.byteLength; at += 1) {
        const byte = chunk[at] as number
        if (isArray === null && byte > 0x20) isArray = byte === 0x5b
        if (isArray === false) {
          unread += unread === 0 ? 1 : 0
          return [...frames, rawFrame(carry.take(chunk.subarray(start)))]
        }
        const isElement = step(byte)
        // Behind the last bracket nothing is said.
        if (isArray === true && depth <= 0) return [...frames, rawFrame(carry.take(chunk.subarray(start)))]
        if (!isElement) continue
        frames.push(read(carry.take(chunk.subarray(start, at + 1))))
        start = at + 1
      }
      carry.add(chunk.subarray(start))
      if (carry.bytes() > FRAME_BYTES_MAX) {
        isArray = false
        frames.push(rawFrame(carry.take(NO_BYTES)))
      }
      return frames
    },
    end: () => (carry.bytes() === 0 ? [] : [rawFrame(carry.take(NO_BYTES))]),
    unread: () => unread,
  }
}
