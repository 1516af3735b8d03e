import { describe, expect, test } from 'bun:test'
import { EventStreamCodec, Int64 } from '@smithy/eventstream-codec'
import * as fc from 'fast-check'
import { crc32 as zlibCrc32 } from 'node:zlib'
import type { StreamEvent } from '../../../../src/core/dialects/dialect.ts'
import {
  crc32,
  createEventStreamReader,
  decodeHeaders,
  encodeEventStreamMessage,
  fromBase64,
  fromBase64ByAtob,
  MESSAGE_BYTES_MAX,
  toBase64,
  type HeaderValue,
} from '../../../../src/core/dialects/framing/event-stream.ts'
import { cut } from '../../../support/recorded.ts'
import {
  chunkMessage,
  eventMessage,
  eventStreamMessage,
  exceptionMessage,
  join,
  text,
  withSums,
  type Header,
  type Headers,
} from '../../../support/event-stream.ts'

const bytesOf = (value: string) => new TextEncoder().encode(value)
const codec = new EventStreamCodec((bytes) => new TextDecoder().decode(bytes as Uint8Array), bytesOf)

/** The header bytes of a message. */
function headersOf(message: Uint8Array): Uint8Array {
  return message.subarray(12, 12 + new DataView(message.buffer).getUint32(4))
}

function read(pieces: readonly Uint8Array[], end = true): (StreamEvent | string)[] {
  const seen: (StreamEvent | string)[] = []
  const reader = createEventStreamReader({
    onEvent: (event) => seen.push(event),
    onEnd: () => seen.push('end'),
    onUnread: () => seen.push('unread'),
  })
  for (const piece of pieces) reader.push(piece)
  if (end) reader.end()
  return seen
}

/** A copy with one byte changed. */
function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice()
  copy[at] = (copy[at] as number) ^ 0x01
  return copy
}

const EVENTS = [
  eventMessage('messageStart', { role: 'assistant' }),
  eventMessage('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'héllo 世界 🎉' } }),
  chunkMessage({ type: 'message_start', text: 'größer' }),
  exceptionMessage('throttlingException', { message: 'Too many requests' }),
  eventMessage('messageStop', { stopReason: 'end_turn' }),
]
const SEEN: StreamEvent[] = [
  { event: 'messageStart', data: { role: 'assistant' } },
  { event: 'contentBlockDelta', data: { contentBlockIndex: 0, delta: { text: 'héllo 世界 🎉' } } },
  { event: 'chunk', data: { type: 'message_start', text: 'größer' } },
  { event: 'throttlingException', data: { error: { type: 'throttlingException', message: 'Too many requests' } } },
  { event: 'messageStop', data: { stopReason: 'end_turn' } },
]

describe('reading', () => {
  test('events, base64 chunks and exceptions, in order', () => {
    expect(read([join(EVENTS)])).toEqual(SEEN)
  })

  test('any cut gives the same events, down to single bytes', () => {
    const whole = join(EVENTS)
    expect(read([...whole].map((byte) => Uint8Array.of(byte)))).toEqual(SEEN)
    expect(read(EVENTS)).toEqual(SEEN)
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 40 }), (seed, n) => {
        expect(read(cut(whole, seed, n))).toEqual(SEEN)
      }),
    )
  })

  test('a message is handed over with its last byte, not before', () => {
    const message = eventMessage('messageStart', {})
    expect(read([message.subarray(0, -1)], false)).toEqual([])
    expect(read([message.subarray(0, -1), message.subarray(-1)], false)).toEqual([{ event: 'messageStart', data: {} }])
  })

  test('the bytes may be a view into a larger buffer', () => {
    const message = eventMessage('messageStart', { role: 'assistant' })
    const padded = join([Uint8Array.of(1, 2, 3), message, Uint8Array.of(4)])
    expect(read([padded.subarray(3, -1)])).toEqual([{ event: 'messageStart', data: { role: 'assistant' } }])
  })

  test('bytes handed over are not kept: the caller may use its buffer again', () => {
    const message = eventMessage('messageStart', { role: 'assistant' })
    const buffer = message.slice(0, 30)
    const seen: StreamEvent[] = []
    const reader = createEventStreamReader({ onEvent: (e) => seen.push(e), onEnd: () => {}, onUnread: () => {} })
    reader.push(buffer)
    buffer.fill(0)
    reader.push(message.slice(30))
    expect(seen).toEqual([{ event: 'messageStart', data: { role: 'assistant' } }])
  })

  const kinds: { why: string; message: Uint8Array; seen: (StreamEvent | string)[] }[] = [
    {
      why: 'a message without a type is an event',
      message: eventStreamMessage({ ':event-type': text('x') }, '[1]'),
      seen: [{ event: 'x', data: [1] }],
    },
    { why: 'an event without a name', message: eventStreamMessage({}, '{"a":1}'), seen: [{ event: null, data: { a: 1 } }] },
    {
      why: 'an empty payload is an empty structure',
      message: eventStreamMessage({ ':event-type': text('x') }, ''),
      seen: [{ event: 'x', data: {} }],
    },
    {
      why: 'an error without a model',
      message: eventStreamMessage(
        { ':message-type': text('error'), ':error-code': text('InternalError'), ':error-message': text('went wrong') },
        '',
      ),
      seen: [{ event: 'InternalError', data: { error: { type: 'InternalError', message: 'went wrong' } } }],
    },
    {
      why: 'an exception with a capital field',
      message: exceptionMessage('AccessDenied', { Message: 'no' }),
      seen: [{ event: 'AccessDenied', data: { error: { type: 'AccessDenied', message: 'no' } } }],
    },
    {
      why: 'an exception whose payload is not JSON',
      message: eventStreamMessage({ ':message-type': text('exception'), ':exception-type': text('x') }, '<html>'),
      seen: [{ event: 'x', data: { error: { type: 'x', message: null } } }],
    },
    { why: 'a payload that is not JSON', message: eventStreamMessage({ ':event-type': text('x') }, '{'), seen: ['unread'] },
    {
      why: 'a kind of message that is unknown',
      message: eventStreamMessage({ ':message-type': text('later') }, '{}'),
      seen: ['unread'],
    },
    {
      why: 'a chunk that is not base64',
      message: eventMessage('chunk', { bytes: '*' }),
      seen: ['unread'],
    },
    {
      why: 'a chunk whose bytes are not JSON',
      message: eventMessage('chunk', { bytes: toBase64('{') }),
      seen: ['unread'],
    },
    {
      why: 'a chunk without bytes is taken as it is',
      message: eventMessage('chunk', { p: 'ab' }),
      seen: [{ event: 'chunk', data: { p: 'ab' } }],
    },
    {
      why: 'a chunk that is no object',
      message: eventMessage('chunk', [1]),
      seen: [{ event: 'chunk', data: [1] }],
    },
    {
      why: 'bytes of another event are its own matter',
      message: eventMessage('other', { bytes: 'e30=' }),
      seen: [{ event: 'other', data: { bytes: 'e30=' } }],
    },
    { why: 'headers cut short', message: withSums(Uint8Array.of(3, 97), bytesOf('{}')), seen: ['unread'] },
  ]
  test.each(kinds)('$why; the next message is read', ({ message, seen }) => {
    const next = eventMessage('next', {})
    expect(read([join([message, next])])).toEqual([...seen, { event: 'next', data: {} }])
  })
})

describe('what is not trusted', () => {
  const message = eventMessage('messageStart', { role: 'assistant' })

  test('every single changed byte is noticed, and reading stops there', () => {
    const next = eventMessage('next', {})
    for (let at = 0; at < message.length; at++) {
      expect(read([join([flipped(message, at), next])])).toEqual(['unread'])
      expect(read(cut(join([flipped(message, at), next]), at, 6))).toEqual(['unread'])
    }
  })

  test('what came before a broken message stays', () => {
    expect(read([join([message, flipped(message, 20), message])])).toEqual([
      { event: 'messageStart', data: { role: 'assistant' } },
      'unread',
    ])
  })

  test('a body that ends inside a message is counted once', () => {
    for (const length of [1, 11, 12, 13, message.length - 1]) expect(read([message.slice(0, length)])).toEqual(['unread'])
    expect(read([message])).toHaveLength(1)
    expect(read([])).toEqual([])
  })

  const lengths: { why: string; total: number; headers: number }[] = [
    { why: 'shorter than its own frame', total: 15, headers: 0 },
    { why: 'more headers than message', total: 20, headers: 5 },
    { why: 'nothing', total: 0, headers: 0 },
  ]
  test.each(lengths)('a prelude with right sum and impossible lengths: $why', ({ total, headers }) => {
    const prelude = new Uint8Array(12)
    const view = new DataView(prelude.buffer)
    view.setUint32(0, total)
    view.setUint32(4, headers)
    view.setUint32(8, crc32(prelude.subarray(0, 8)))
    expect(read([join([prelude, message])])).toEqual(['unread'])
  })

  test('more headers than message, where all sums are right', () => {
    const wrong = eventMessage('x', {})
    const view = new DataView(wrong.buffer)
    view.setUint32(4, wrong.length - 15)
    view.setUint32(8, crc32(wrong.subarray(0, 8)))
    view.setUint32(wrong.length - 4, crc32(wrong.subarray(0, -4)))
    expect(read([join([wrong, message])])).toEqual(['unread'])
  })

  test('a prelude is judged before its message is waited for', () => {
    const prelude = message.slice(0, 12)
    prelude[1] = 0x7f
    expect(read([prelude], false)).toEqual(['unread'])
    expect(read([prelude.subarray(0, 7), prelude.subarray(7)], false)).toEqual(['unread'])
  })

  test('the shortest message has sixteen bytes', () => {
    const shortest = withSums(new Uint8Array(0), new Uint8Array(0))
    expect(shortest).toHaveLength(16)
    expect(read([shortest])).toEqual([{ event: null, data: {} }])
  })

  test('a message over the bound is passed over unheld, and the next one read', () => {
    const prelude = new Uint8Array(12)
    const view = new DataView(prelude.buffer)
    view.setUint32(0, MESSAGE_BYTES_MAX + 1)
    view.setUint32(8, crc32(prelude.subarray(0, 8)))
    const rest = new Uint8Array(MESSAGE_BYTES_MAX + 1 - prelude.length)
    const half = rest.subarray(0, rest.length / 2)
    // The last piece holds the end of the long message and the start of the next.
    const tail = join([rest.subarray(rest.length / 2), message])
    const seen = ['unread', { event: 'messageStart', data: { role: 'assistant' } }]
    expect(read([prelude, half, tail])).toEqual(seen)
    expect(read([join([prelude, rest, message])])).toEqual(seen)
    expect(read([prelude.subarray(0, 5), prelude.subarray(5), half, tail])).toEqual(seen)
    expect(read([prelude, half])).toEqual(['unread'])
  })

  test('a message of exactly the bound is read', () => {
    const fill = 'a'.repeat(MESSAGE_BYTES_MAX - 16 - 2)
    const longest = withSums(new Uint8Array(0), bytesOf(`"${fill}"`))
    expect(longest).toHaveLength(MESSAGE_BYTES_MAX)
    expect(read(cut(longest, 1, 20))).toEqual([{ event: null, data: fill }])
  })

  test('many small pieces of a large message cost time in proportion to its length', () => {
    const large = withSums(new Uint8Array(0), bytesOf(JSON.stringify('a'.repeat(4_000_000))))
    const started = performance.now()
    const pieces: Uint8Array[] = []
    for (let at = 0; at < large.length; at += 16) pieces.push(large.subarray(at, at + 16))
    expect(read(pieces)).toHaveLength(1)
    // Copying all that is held for each piece would be 250,000 copies of 2 MB: minutes.
    expect(performance.now() - started).toBeLessThan(5000)
  })
})

describe('headers', () => {
  const uuid = '01234567-89ab-cdef-0123-456789abcdef'
  const cases: { why: string; header: Header; value: HeaderValue }[] = [
    { why: 'true', header: { type: 'boolean', value: true }, value: true },
    { why: 'false', header: { type: 'boolean', value: false }, value: false },
    { why: 'byte', header: { type: 'byte', value: -5 }, value: -5 },
    { why: 'short', header: { type: 'short', value: -300 }, value: -300 },
    { why: 'integer', header: { type: 'integer', value: -70000 }, value: -70000 },
    { why: 'long', header: { type: 'long', value: -5_000_000_000n }, value: -5_000_000_000n },
    { why: 'bytes', header: { type: 'binary', value: Uint8Array.of(0, 255, 7) }, value: Uint8Array.of(0, 255, 7) },
    { why: 'text', header: { type: 'string', value: 'größe 🎉' }, value: 'größe 🎉' },
    { why: 'empty text', header: { type: 'string', value: '' }, value: '' },
    { why: 'timestamp', header: { type: 'timestamp', value: 1_790_000_000_123 }, value: 1_790_000_000_123 },
    { why: 'uuid', header: { type: 'uuid', value: uuid }, value: uuid },
  ]
  const all: Headers = Object.fromEntries(cases.map(({ why, header }) => [why, header]))

  test.each(cases)('$why is read, alone and before another', ({ header, value }) => {
    const bytes = headersOf(eventStreamMessage({ x: header, after: text('end') }, ''))
    expect(decodeHeaders(bytes)).toEqual(
      new Map<string, HeaderValue>([
        ['x', value],
        ['after', 'end'],
      ]),
    )
  })

  test('headers cut at any place within a header are refused, never misread', () => {
    const bytes = headersOf(eventStreamMessage(all, ''))
    const ends = new Set<number>([0])
    for (let n = 1; n <= cases.length; n++) {
      const some = Object.fromEntries(Object.entries(all).slice(0, n))
      ends.add(headersOf(eventStreamMessage(some, '')).length)
    }
    for (let length = 0; length <= bytes.length; length++) {
      const headers = decodeHeaders(bytes.subarray(0, length))
      if (ends.has(length)) expect(headers?.size).toBe([...ends].indexOf(length))
      else expect(headers).toBeNull()
    }
  })

  test('bytes are copied out of the message', () => {
    const bytes = headersOf(eventStreamMessage({ x: { type: 'binary', value: Uint8Array.of(1, 2) } }, ''))
    const headers = decodeHeaders(bytes)
    bytes.fill(0)
    expect(headers?.get('x')).toEqual(Uint8Array.of(1, 2))
  })

  test('an unknown type is refused', () => {
    expect(decodeHeaders(Uint8Array.of(1, 97, 10))).toBeNull()
    expect(decodeHeaders(Uint8Array.of(1, 97, 255))).toBeNull()
  })

  test('the reference codec reads what the test encoder writes', () => {
    const { headers, body } = codec.decode(eventStreamMessage(all, 'payload'))
    expect(new TextDecoder().decode(body)).toBe('payload')
    expect(headers['true']).toEqual({ type: 'boolean', value: true })
    expect(headers['false']).toEqual({ type: 'boolean', value: false })
    expect(headers['byte']).toEqual({ type: 'byte', value: -5 })
    expect(headers['short']).toEqual({ type: 'short', value: -300 })
    expect(headers['integer']).toEqual({ type: 'integer', value: -70000 })
    expect(headers['long']?.value.valueOf()).toBe(-5_000_000_000)
    expect(headers['bytes']).toEqual({ type: 'binary', value: Uint8Array.of(0, 255, 7) })
    expect(headers['text']).toEqual({ type: 'string', value: 'größe 🎉' })
    expect(headers['timestamp']).toEqual({ type: 'timestamp', value: new Date(1_790_000_000_123) })
    expect(headers['uuid']).toEqual({ type: 'uuid', value: uuid })
  })

  test('this decoder reads what the reference codec writes', () => {
    const message = codec.encode({
      headers: {
        true: { type: 'boolean', value: true },
        false: { type: 'boolean', value: false },
        byte: { type: 'byte', value: -5 },
        short: { type: 'short', value: -300 },
        integer: { type: 'integer', value: -70000 },
        long: { type: 'long', value: Int64.fromNumber(-5_000_000_000) },
        bytes: { type: 'binary', value: Uint8Array.of(0, 255, 7) },
        text: { type: 'string', value: 'größe 🎉' },
        'empty text': { type: 'string', value: '' },
        timestamp: { type: 'timestamp', value: new Date(1_790_000_000_123) },
        uuid: { type: 'uuid', value: uuid },
      },
      body: bytesOf('{"a":1}'),
    })
    expect(decodeHeaders(headersOf(message))).toEqual(new Map(cases.map(({ why, value }) => [why, value])))
    expect(read([message])).toEqual([{ event: null, data: { a: 1 } }])
  })

  test('any headers and payload of the reference codec arrive whole', () => {
    const name = fc.string({ minLength: 1, maxLength: 40 }).filter((key) => key !== '__proto__')
    fc.assert(
      fc.property(fc.dictionary(name, fc.string({ maxLength: 60 })), fc.json(), (fields, payload) => {
        const headers = Object.fromEntries(
          Object.entries(fields).map(([key, value]) => [key, { type: 'string' as const, value }]),
        )
        const message = codec.encode({ headers, body: bytesOf(payload) })
        const decoded = decodeHeaders(headersOf(message))
        for (const [key, value] of Object.entries(fields))
          expect(decoded?.get(key)).toBe(new TextDecoder().decode(bytesOf(value)))
        expect(decoded?.size).toBe(Object.keys(fields).length)
      }),
    )
  })
})

describe('writing', () => {
  test('the reference codec reads what is written, whatever the texts', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string({ minLength: 1, maxLength: 60 }).filter((key) => key !== '__proto__'),
          fc.string({ maxLength: 100 }),
        ),
        fc.uint8Array(),
        (headers, payload) => {
          const { headers: decoded, body } = codec.decode(encodeEventStreamMessage(headers, payload))
          expect(body).toEqual(payload)
          expect(decoded).toEqual(
            Object.fromEntries(
              Object.entries(headers).map(([key, value]) => [
                key,
                { type: 'string', value: new TextDecoder().decode(bytesOf(value)) },
              ]),
            ),
          )
        },
      ),
    )
  })

  test('a written message is byte for byte that of the reference codec', () => {
    const written = encodeEventStreamMessage({ ':event-type': 'messageStop', ':message-type': 'event' }, bytesOf('{"a":"ü"}'))
    expect(written).toEqual(
      codec.encode({
        headers: { ':event-type': text('messageStop'), ':message-type': text('event') } as never,
        body: bytesOf('{"a":"ü"}'),
      }),
    )
  })
})

describe('base64 and sums', () => {
  test('both decoders give the same bytes, and null for what is not base64', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const encoded = toBase64(value)
        expect(encoded).toBe(Buffer.from(value).toString('base64'))
        expect(fromBase64(encoded)).toEqual(bytesOf(value))
        expect(fromBase64(encoded, fromBase64ByAtob)).toEqual(bytesOf(value))
      }),
    )
    expect(fromBase64('*')).toBeNull()
    expect(fromBase64('*', fromBase64ByAtob)).toBeNull()
  })

  test('the check value of CRC-32', () => {
    expect(crc32(bytesOf('123456789'))).toBe(0xcbf43926)
    expect(crc32(new Uint8Array(0))).toBe(0)
  })

  test('sums of any bytes, of any length and place in a buffer, are those of zlib', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(3), (bytes, skipped) => {
        expect(crc32(bytes.subarray(skipped))).toBe(zlibCrc32(bytes.subarray(skipped)))
      }),
    )
  })
})
