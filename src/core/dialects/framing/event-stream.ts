/**
 * AWS event stream (`application/vnd.amazon.eventstream`): length, headers, payload and two CRC-32 of each message. A message whose
 * sums fail is not guessed at: the lengths can no longer be trusted, so reading stops there and the rest of the body is unread.
 * Format: https://smithy.io/2.0/aws/amazon-eventstream.html
 */
import { asRecord, asString, parseJson, type Json } from '../../domain/json.ts'
import type { FrameReader, FrameSink } from './frame-reader.ts'

/** Bytes of one message, sums included; a longer one is passed over (and counted) without being held. */
export const MESSAGE_BYTES_MAX = 16 * 1024 * 1024

/** Total length, headers length, and the sum of these two. */
const PRELUDE_BYTES = 12
const SUM_BYTES = 4
const OVERHEAD_BYTES = PRELUDE_BYTES + SUM_BYTES

// Used for whole texts only, so it holds no state between two calls.
const decoder = new TextDecoder()

/** `long` is a bigint, `timestamp` epoch milliseconds, `uuid` its usual text. */
export type HeaderValue = boolean | number | bigint | string | Uint8Array

export function createEventStreamReader(sink: FrameSink): FrameReader {
  // A message that came in pieces. Grows by doubling and never past what was received twice over: a claimed length costs nothing.
  let held = new Uint8Array(0)
  let heldBytes = 0
  // Length of the message whose prelude was read; 0 between messages.
  let total = 0
  let passOver = 0
  let isBroken = false

  function fail(): void {
    isBroken = true
    held = new Uint8Array(0)
    heldBytes = 0
    sink.onUnread()
  }

  function hold(bytes: Uint8Array): void {
    const wanted = heldBytes + bytes.length
    if (wanted > held.length) {
      const grown = new Uint8Array(Math.max(wanted, held.length * 2))
      grown.set(held.subarray(0, heldBytes))
      held = grown
    }
    held.set(bytes, heldBytes)
    heldBytes = wanted
  }

  function readPrelude(bytes: Uint8Array): void {
    const view = viewOf(bytes)
    if (crc32(bytes.subarray(0, 8)) !== view.getUint32(8)) return fail()
    const length = view.getUint32(0)
    if (length < OVERHEAD_BYTES || view.getUint32(4) > length - OVERHEAD_BYTES) return fail()
    if (length <= MESSAGE_BYTES_MAX) {
      total = length
      return
    }
    // The prelude's sum holds, so the length is right and the next message can be found.
    sink.onUnread()
    passOver = length - heldBytes
    heldBytes = 0
  }

  function readMessage(message: Uint8Array): void {
    const view = viewOf(message)
    const end = message.length - SUM_BYTES
    if (crc32(message.subarray(0, end)) !== view.getUint32(end)) return fail()
    const headersEnd = PRELUDE_BYTES + view.getUint32(4)
    const headers = decodeHeaders(message.subarray(PRELUDE_BYTES, headersEnd))
    const event = headers === null ? null : eventOf(headers, message.subarray(headersEnd, end))
    if (event === null) sink.onUnread()
    else sink.onEvent(event)
  }

  return {
    push: (bytes) => {
      let at = 0
      while (at < bytes.length) {
        if (isBroken) return
        const rest = bytes.length - at
        if (passOver > 0) {
          const step = Math.min(passOver, rest)
          passOver -= step
          at += step
          continue
        }
        // The usual case: whole messages in one chunk are read where they are.
        if (heldBytes === 0 && total === 0 && rest >= PRELUDE_BYTES) {
          readPrelude(bytes.subarray(at, at + PRELUDE_BYTES))
          if (total === 0) continue
        }
        if (heldBytes === 0 && total !== 0 && rest >= total) {
          const message = bytes.subarray(at, at + total)
          at += total
          total = 0
          readMessage(message)
          continue
        }
        const needed = total === 0 ? PRELUDE_BYTES : total
        const step = Math.min(needed - heldBytes, rest)
        hold(bytes.subarray(at, at + step))
        at += step
        if (heldBytes < needed) continue
        if (total === 0) readPrelude(held.subarray(0, PRELUDE_BYTES))
        else {
          total = 0
          heldBytes = 0
          readMessage(held.subarray(0, needed))
        }
      }
    },
    end: () => {
      if (heldBytes > 0) fail()
    },
  }
}

/** One message with text headers only, e.g. to end a stream. A header's name has at most 255 bytes, its value at most 32767. */
export function encodeEventStreamMessage(headers: { readonly [name: string]: string }, payload: Uint8Array): Uint8Array {
  const encoder = new TextEncoder()
  const fields = Object.entries(headers).map(([name, value]) => [encoder.encode(name), encoder.encode(value)] as const)
  const headersLength = fields.reduce((length, [name, value]) => length + 4 + name.length + value.length, 0)
  const message = new Uint8Array(OVERHEAD_BYTES + headersLength + payload.length)
  const view = viewOf(message)
  view.setUint32(0, message.length)
  view.setUint32(4, headersLength)
  view.setUint32(8, crc32(message.subarray(0, 8)))
  let at = PRELUDE_BYTES
  for (const [name, value] of fields) {
    view.setUint8(at, name.length)
    message.set(name, at + 1)
    at += 1 + name.length
    view.setUint8(at, 7)
    view.setUint16(at + 1, value.length)
    message.set(value, at + 3)
    at += 3 + value.length
  }
  message.set(payload, at)
  view.setUint32(message.length - SUM_BYTES, crc32(message.subarray(0, message.length - SUM_BYTES)))
  return message
}

/** The headers of one message, all ten value types; null where they are cut short or of an unknown type. */
export function decodeHeaders(bytes: Uint8Array): ReadonlyMap<string, HeaderValue> | null {
  const headers = new Map<string, HeaderValue>()
  const view = viewOf(bytes)
  let at = 0
  while (at < bytes.length) {
    const nameEnd = at + 1 + view.getUint8(at)
    if (nameEnd >= bytes.length) return null
    const name = decoder.decode(bytes.subarray(at + 1, nameEnd))
    const type = view.getUint8(nameEnd)
    at = nameEnd + 1
    let size = FIXED_SIZE[type]
    if (type === 6 || type === 7) {
      if (at + 2 > bytes.length) return null
      size = view.getUint16(at)
      at += 2
    }
    if (size === undefined || at + size > bytes.length) return null
    headers.set(name, valueOf(type, view, bytes.subarray(at, at + size), at))
    at += size
  }
  return headers
}

/** By type: true, false, byte, short, integer, long; bytes and text carry their length; timestamp, uuid. */
const FIXED_SIZE: readonly (number | undefined)[] = [0, 0, 1, 2, 4, 8, undefined, undefined, 8, 16]

function valueOf(type: number, view: DataView, bytes: Uint8Array, at: number): HeaderValue {
  if (type === 7) return decoder.decode(bytes)
  if (type === 6) return bytes.slice()
  if (type === 5) return view.getBigInt64(at)
  if (type === 4) return view.getInt32(at)
  if (type === 3) return view.getInt16(at)
  if (type === 2) return view.getInt8(at)
  if (type === 8) return Number(view.getBigInt64(at))
  if (type === 9) return uuidOf(bytes)
  return type === 0
}

function uuidOf(bytes: Uint8Array): string {
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** An exception or error message becomes an event of its name with `{error: {type, message}}`; null for what is not JSON. */
function eventOf(headers: ReadonlyMap<string, HeaderValue>, payload: Uint8Array): { event: string | null; data: Json } | null {
  const kind = headers.get(':message-type') ?? 'event'
  if (kind === 'error') {
    const type = asString(headers.get(':error-code'))
    return { event: type, data: { error: { type, message: asString(headers.get(':error-message')) } } }
  }
  const text = decoder.decode(payload)
  const data = text === '' ? {} : parseJson(text)
  if (kind === 'exception') {
    const type = asString(headers.get(':exception-type'))
    // Services differ in the case of the field.
    const record = asRecord(data)
    return { event: type, data: { error: { type, message: asString(record?.['message']) ?? asString(record?.['Message']) } } }
  }
  if (kind !== 'event' || data === undefined) return null
  const event = asString(headers.get(':event-type'))
  const inner = event === 'chunk' ? asString(asRecord(data)?.['bytes']) : null
  if (inner === null) return { event, data }
  const bytes = fromBase64(inner)
  const chunk = bytes === null ? undefined : parseJson(decoder.decode(bytes))
  return chunk === undefined ? null : { event, data: chunk }
}

type Decode = (text: string) => Uint8Array

/** Base64 as bytes; null where it is none. `decode` is the runtime's own where it has one (three times as fast as `atob`). */
export function fromBase64(
  text: string,
  decode: Decode = (Uint8Array as { readonly fromBase64?: Decode }).fromBase64 ?? fromBase64ByAtob,
): Uint8Array | null {
  try {
    return decode(text)
  } catch {
    return null
  }
}

export function fromBase64ByAtob(text: string): Uint8Array {
  const binary = atob(text)
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i)
  return bytes
}

/** Base64 of a text's UTF-8 bytes. */
export function toBase64(text: string): string {
  let binary = ''
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte)
  return btoa(binary)
}

/** Four tables of 256, so that four bytes go in one step: five times as fast as byte by byte, and sums are half of the reading. */
const CRC_TABLES: Int32Array = (() => {
  const tables = new Int32Array(4 * 256)
  for (let byte = 0; byte < 256; byte++) {
    let sum = byte
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? 0xedb88320 ^ (sum >>> 1) : sum >>> 1
    tables[byte] = sum
  }
  for (let i = 256; i < tables.length; i++) {
    const before = tables[i - 256] as number
    tables[i] = (before >>> 8) ^ (tables[before & 0xff] as number)
  }
  return tables
})()

/** CRC-32 (ISO-HDLC), unsigned. */
export function crc32(bytes: Uint8Array): number {
  let sum = -1
  let at = 0
  for (; at + 4 <= bytes.length; at += 4) {
    sum ^=
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)
    sum =
      (CRC_TABLES[768 + (sum & 0xff)] as number) ^
      (CRC_TABLES[512 + ((sum >>> 8) & 0xff)] as number) ^
      (CRC_TABLES[256 + ((sum >>> 16) & 0xff)] as number) ^
      (CRC_TABLES[sum >>> 24] as number)
  }
  for (; at < bytes.length; at++) sum = (CRC_TABLES[(sum ^ (bytes[at] as number)) & 0xff] as number) ^ (sum >>> 8)
  return ~sum >>> 0
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
