/** Bytes of AWS event streams as tests need them: every header type, and the shapes that Bedrock sends. */
import { crc32, toBase64 } from '../../src/core/dialects/framing/event-stream.ts'

export type Header =
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: 'byte' | 'short' | 'integer'; readonly value: number }
  | { readonly type: 'long'; readonly value: bigint }
  | { readonly type: 'binary'; readonly value: Uint8Array }
  | { readonly type: 'string' | 'uuid'; readonly value: string }
  /** Epoch milliseconds. */
  | { readonly type: 'timestamp'; readonly value: number }

export type Headers = { readonly [name: string]: Header }

/** One message with its sums. */
export function eventStreamMessage(headers: Headers, payload: Uint8Array | string): Uint8Array {
  const body = typeof payload === 'string' ? new TextEncoder().encode(payload) : payload
  const fields = Object.entries(headers).map(([name, header]) => join([nameBytes(name), headerBytes(header)]))
  return withSums(join(fields), body)
}

/** Any header bytes, also wrong ones, in a message whose sums are right. */
export function withSums(headers: Uint8Array, payload: Uint8Array): Uint8Array {
  const total = 16 + headers.length + payload.length
  const prelude = join([uint(total, 4), uint(headers.length, 4)])
  const start = join([prelude, uint(crc32(prelude), 4), headers, payload])
  return join([start, uint(crc32(start), 4)])
}

/** An event as Bedrock sends it: `:message-type` event, its name, JSON. */
export function eventMessage(event: string, data: unknown): Uint8Array {
  return eventStreamMessage(
    { ':event-type': text(event), ':content-type': text('application/json'), ':message-type': text('event') },
    JSON.stringify(data),
  )
}

/** One event of `invoke-with-response-stream`: the model's own JSON in base64. */
export function chunkMessage(data: unknown): Uint8Array {
  return eventMessage('chunk', { bytes: toBase64(JSON.stringify(data)), p: 'abcd' })
}

export function exceptionMessage(type: string, data: unknown): Uint8Array {
  return eventStreamMessage(
    { ':exception-type': text(type), ':content-type': text('application/json'), ':message-type': text('exception') },
    JSON.stringify(data),
  )
}

/** Recorded lines of the form `{"contentBlockDelta": {…}}` as the messages they came in. */
export function eventStreamBytes(chunks: readonly string[]): Uint8Array {
  const messages = chunks.flatMap((chunk) =>
    Object.entries(JSON.parse(chunk) as Record<string, unknown>).map(([event, data]) => eventMessage(event, data)),
  )
  return join(messages)
}

export function join(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

export function text(value: string): Header {
  return { type: 'string', value }
}

function nameBytes(name: string): Uint8Array {
  const bytes = new TextEncoder().encode(name)
  return join([uint(bytes.length, 1), bytes])
}

function headerBytes(header: Header): Uint8Array {
  switch (header.type) {
    case 'boolean':
      return uint(header.value ? 0 : 1, 1)
    case 'byte':
      return join([uint(2, 1), uint(header.value, 1)])
    case 'short':
      return join([uint(3, 1), uint(header.value, 2)])
    case 'integer':
      return join([uint(4, 1), uint(header.value, 4)])
    case 'long':
      return join([uint(5, 1), uint(header.value, 8)])
    case 'binary':
      return join([uint(6, 1), uint(header.value.length, 2), header.value])
    case 'string': {
      const bytes = new TextEncoder().encode(header.value)
      return join([uint(7, 1), uint(bytes.length, 2), bytes])
    }
    case 'timestamp':
      return join([uint(8, 1), uint(header.value, 8)])
    case 'uuid': {
      const pairs = header.value.replaceAll('-', '').match(/../g) ?? []
      return join([uint(9, 1), Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16))])
    }
  }
}

/** Big-endian, two's complement. */
function uint(value: number | bigint, size: 1 | 2 | 4 | 8): Uint8Array {
  const bytes = new Uint8Array(size)
  let rest = BigInt.asUintN(size * 8, BigInt(value))
  for (let i = size - 1; i >= 0; i--) {
    bytes[i] = Number(rest & 0xffn)
    rest >>= 8n
  }
  return bytes
}
