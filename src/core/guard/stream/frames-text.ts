/** Frames of server-sent events and of NDJSON: split on bytes, since no byte of a longer character is a line end. */
import { parseJson } from '../../domain/json.ts'
import { isNestedTooDeeply } from '../../domain/nesting.ts'
import { createCarry, FRAME_BYTES_MAX, NO_BYTES, rawFrame, type Frame, type FrameSplitter } from './frames.ts'

const LF = 0x0a
const CR = 0x0d

// Used for whole frames only, so it holds no state between two calls.
const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true })
const encoder = new TextEncoder()

type Read = (raw: Uint8Array, isFirst: boolean) => { readonly frame: Frame; readonly isUnread: boolean }

/** `findEnd` tells where the frame that goes on at `start` ends, or -1. */
function createSplitter(findEnd: (chunk: Uint8Array, start: number) => number, read: Read): FrameSplitter {
  const carry = createCarry()
  let unread = 0
  let isFirst = true
  /** The rest of a frame that was too long goes on unread. */
  let isTooLong = false

  function frameOf(raw: Uint8Array): Frame {
    if (isTooLong) {
      isTooLong = false
      return rawFrame(raw)
    }
    const { frame, isUnread } = read(raw, isFirst)
    isFirst = false
    if (isUnread) unread += 1
    return frame
  }

  return {
    push: (chunk) => {
      const frames: Frame[] = []
      let start = 0
      for (let end = findEnd(chunk, 0); end !== -1; end = findEnd(chunk, start)) {
        frames.push(frameOf(carry.take(start === 0 && end === chunk.byteLength ? chunk : chunk.subarray(start, end))))
        start = end
      }
      carry.add(start === 0 ? chunk : chunk.subarray(start))
      if (carry.bytes() > FRAME_BYTES_MAX) {
        if (!isTooLong) unread += 1
        frames.push(rawFrame(carry.take(NO_BYTES)))
        isTooLong = true
      }
      return frames
    },
    end: () => (carry.bytes() === 0 ? [] : [frameOf(carry.take(NO_BYTES))]),
    unread: () => unread,
  }
}

/** A frame of server-sent events ends with a blank line; line ends are LF, CRLF or CR, also mixed. */
export function createSseSplitter(): FrameSplitter {
  let isLineEmpty = true
  let wasCr = false
  function findEnd(chunk: Uint8Array, start: number): number {
    for (let at = start; at < chunk.byteLength; at += 1) {
      const byte = chunk[at]
      if (byte === LF && wasCr) {
        // The second half of a line end. Where it follows a blank line, it begins the next frame, which is harmless.
        wasCr = false
        continue
      }
      wasCr = byte === CR
      if (byte !== LF && byte !== CR) {
        isLineEmpty = false
        continue
      }
      if (isLineEmpty) {
        if (byte === CR && chunk[at + 1] === LF) {
          wasCr = false
          return at + 2
        }
        return at + 1
      }
      isLineEmpty = true
    }
    return -1
  }
  return createSplitter(findEnd, readSse)
}

const readSse: Read = (raw, isFirst) => {
  const all = decoder.decode(raw)
  const text = isFirst && all.startsWith('\ufeff') ? all.slice(1) : all
  const lines = linesOf(text)
  let event: string | null = null
  let json: string | null = null
  for (const line of lines) {
    const colon = line.text.indexOf(':')
    const field = colon === -1 ? line.text : line.text.slice(0, colon)
    if (field !== 'data' && field !== 'event') continue
    const value = colon === -1 ? '' : line.text.slice(line.text[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (field === 'event') event = value === '' ? null : value
    else json = json === null ? value : `${json}\n${value}`
  }
  if (json === null) return { frame: rawFrame(raw, { isKeepAlive: event === null }), isUnread: false }
  if (json.startsWith('[DONE]')) return { frame: rawFrame(raw, { isEnd: true }), isUnread: false }
  const data = isNestedTooDeeply(raw) ? undefined : parseJson(json)
  if (data === undefined) return { frame: rawFrame(raw), isUnread: true }
  const rebuild = (changed: string): Uint8Array => encoder.encode(withData(lines, changed))
  return { frame: { raw, event: { event, data }, json, isEnd: false, isKeepAlive: false, rebuild }, isUnread: false }
}

type Line = { readonly text: string; readonly ending: string }

function linesOf(text: string): readonly Line[] {
  const lines: Line[] = []
  let start = 0
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code !== LF && code !== CR) continue
    const end = code === CR && text.charCodeAt(at + 1) === LF ? at + 2 : at + 1
    lines.push({ text: text.slice(start, at), ending: text.slice(at, end) })
    start = end
    at = end - 1
  }
  if (start < text.length) lines.push({ text: text.slice(start), ending: '' })
  return lines
}

/** JSON has line breaks only between its tokens, so data of several lines may be told in several lines again. */
function withData(lines: readonly Line[], json: string): string {
  let text = ''
  let isTold = false
  for (const line of lines) {
    if (line.text !== 'data' && !line.text.startsWith('data:')) text += line.text + line.ending
    else if (!isTold) {
      isTold = true
      const ending = line.ending === '' ? '\n' : line.ending
      text +=
        json
          .split('\n')
          .map((piece) => `data: ${piece}`)
          .join(ending) + line.ending
    }
  }
  return text
}

export function createNdjsonSplitter(): FrameSplitter {
  return createSplitter((chunk, start) => {
    const at = chunk.indexOf(LF, start)
    return at === -1 ? -1 : at + 1
  }, readLine)
}

const readLine: Read = (raw) => {
  const text = decoder.decode(raw)
  const json = text.trim()
  if (json === '') return { frame: rawFrame(raw, { isKeepAlive: true }), isUnread: false }
  const data = isNestedTooDeeply(raw) ? undefined : parseJson(json)
  if (data === undefined) return { frame: rawFrame(raw), isUnread: true }
  const ending = text.slice(text.trimEnd().length)
  const rebuild = (changed: string): Uint8Array => encoder.encode(changed + (ending === '' ? '\n' : ending))
  return { frame: { raw, event: { event: null, data }, json, isEnd: false, isKeepAlive: false, rebuild }, isUnread: false }
}
