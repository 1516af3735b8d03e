import { describe, expect, test } from 'bun:test'
import { array, assert, constantFrom, integer, property, uint8Array } from 'fast-check'
import type { StreamEvent } from '../../../../src/core/dialects/dialect.ts'
import { createEventStreamReader } from '../../../../src/core/dialects/framing/event-stream.ts'
import type { FrameReader, FrameSink } from '../../../../src/core/dialects/framing/frame-reader.ts'
import { createNdjsonReader } from '../../../../src/core/dialects/framing/ndjson.ts'
import { createSseReader } from '../../../../src/core/dialects/framing/sse.ts'
import { FRAME_BYTES_MAX, type Frame } from '../../../../src/core/guard/stream/frames.ts'
import { framingOf, splitterOf, type FramingName } from '../../../../src/core/guard/stream/frames-of.ts'
import { chunkMessage, eventMessage, exceptionMessage, join } from '../../../support/event-stream.ts'
import { cut } from '../../../support/recorded.ts'

const encoder = new TextEncoder()
const FRAMINGS: readonly FramingName[] = ['sse', 'ndjson', 'event-stream', 'json-array']

const PIECES: { readonly [name in FramingName]: readonly (string | Uint8Array)[] } = {
  sse: [
    'data: {"a":"é"}',
    'data:{"b":1}',
    'data: x',
    'data',
    'event: e',
    'event:',
    'id: 1',
    ': note',
    '\n',
    '\r',
    '\r\n',
    '\n\n',
    'data: [DONE]',
    '\ufeff',
    'x',
  ],
  ndjson: ['{"a":"é"}', '{', '\n', '\r\n', ' ', '1'],
  'event-stream': [
    eventMessage('contentBlockDelta', { delta: { text: 'é' } }),
    chunkMessage({ a: 'é' }),
    exceptionMessage('throttlingException', { message: 'x' }),
    eventMessage('odd', 'x').slice(0, 20),
  ],
  'json-array': ['[', '{"a":"]},é"}', ',', '\r\n', ' ', ']', '{"b":[1,{}]}', 'x'],
}

const READERS: { readonly [name in FramingName]?: (sink: FrameSink) => FrameReader } = {
  sse: createSseReader,
  ndjson: createNdjsonReader,
  'event-stream': createEventStreamReader,
}

function framesOf(framing: FramingName, chunks: readonly Uint8Array[]): readonly Frame[] {
  const splitter = splitterOf(framing)
  return [...chunks.flatMap((chunk) => splitter.push(chunk)), ...splitter.end()]
}

function bytesFrom(framing: FramingName, picks: readonly number[]): Uint8Array {
  const pieces = PIECES[framing]
  return join(
    picks.map((pick) => {
      const piece = pieces[pick % pieces.length] ?? ''
      return typeof piece === 'string' ? encoder.encode(piece) : piece
    }),
  )
}

describe.each(FRAMINGS)('%s', (framing) => {
  test('frames are all of the bytes, in order, however they are cut', () => {
    assert(
      property(array(integer({ min: 0, max: 99 }), { maxLength: 30 }), integer(), (picks, seed) => {
        const bytes = bytesFrom(framing, picks)
        expect(join(framesOf(framing, cut(bytes, seed, 9)).map(({ raw }) => raw))).toEqual(bytes)
      }),
    )
  })

  test('so are those of any bytes', () => {
    assert(
      property(uint8Array({ maxLength: 200 }), integer(), (bytes, seed) => {
        expect(join(framesOf(framing, cut(bytes, seed, 5)).map(({ raw }) => raw))).toEqual(bytes)
      }),
    )
  })

  test('a frame with the JSON that it has says the same', () => {
    assert(
      property(array(integer({ min: 0, max: 99 }), { maxLength: 30 }), (picks) => {
        for (const { event, json, rebuild } of framesOf(framing, [bytesFrom(framing, picks)])) {
          if (event === null || json === '') continue
          const again = framesOf(framing, [
            framing === 'json-array' ? join([encoder.encode('['), encoder.encode(json)]) : rebuild(json),
          ])
          expect(again.find((frame) => frame.event !== null)?.event).toEqual(event)
        }
      }),
    )
  })

  const create = READERS[framing]
  // The capture stage reads no streamed arrays: those are assembled from the whole body.
  if (create === undefined) return
  test('events are those that the capture stage reads', () => {
    assert(
      property(array(integer({ min: 0, max: 99 }), { maxLength: 30 }), integer(), (picks, seed) => {
        const bytes = bytesFrom(framing, picks)
        const read: StreamEvent[] = []
        const reader = create({ onEvent: (event) => read.push(event), onEnd: () => undefined, onUnread: () => undefined })
        reader.push(bytes)
        reader.end()
        const split = framesOf(framing, cut(bytes, seed, 7)).flatMap(({ event }) => (event === null ? [] : [event]))
        expect(split).toEqual(read)
      }),
      { numRuns: 300 },
    )
  })
})

test('a frame that is too long goes on in pieces, unread and counted once', () => {
  const splitter = splitterOf('sse')
  const piece = encoder.encode(`data: ${'x'.repeat(1024 * 1024 - 6)}`)
  let left = 0
  for (let i = 0; i < 10; i += 1) for (const { raw } of splitter.push(piece)) left += raw.byteLength
  expect(left).toBeGreaterThanOrEqual(FRAME_BYTES_MAX)
  const [rest, next] = splitter.push(encoder.encode('\n\ndata: {}\n\n'))
  expect([rest?.event, next?.event]).toEqual([null, { event: null, data: {} }])
  expect(splitter.unread()).toBe(1)
})

test('after a message whose sum fails all goes on unread', () => {
  const good = eventMessage('a', {})
  for (const place of [0, 9, 20, good.length - 1]) {
    const bad = good.slice()
    bad[place] = (bad[place] ?? 0) ^ 1
    const splitter = splitterOf('event-stream')
    const frames = [...splitter.push(join([good, bad, good])), ...splitter.push(good)]
    expect(frames.map(({ event }) => event !== null)[0]).toBe(true)
    expect(frames.slice(1).every(({ event }) => event === null)).toBe(true)
    expect(join(frames.map(({ raw }) => raw))).toEqual(join([good, bad, good, good]))
    expect(splitter.unread()).toBe(1)
  }
})

test.each([
  ['text/event-stream', 'sse'],
  ['Text/Event-Stream; charset=utf-8', 'sse'],
  ['application/stream+json', 'ndjson'],
  ['application/vnd.amazon.eventstream', 'event-stream'],
  ['text/plain', null],
  ['', null],
] as const)('the framing of %s is %p', (contentType, framing) => {
  expect(framingOf(contentType)).toBe(framing)
})

test('what a chunk holds in whole frames is not copied', () => {
  const chunk = encoder.encode('data: 1\n\ndata: 2\n\n')
  for (const { raw } of splitterOf('sse').push(chunk)) expect(raw.buffer).toBe(chunk.buffer)
  const only = encoder.encode('data: 1\n\n')
  expect(splitterOf('sse').push(only)[0]?.raw).toBe(only)
  assert(property(constantFrom(...FRAMINGS), (framing) => expect(splitterOf(framing).end()).toEqual([])))
})
