import { describe, expect, test } from 'bun:test'
import { assert, integer, property } from 'fast-check'
import { createSseReader } from '../../../../src/core/dialects/framing/sse.ts'
import { cut } from '../../../support/recorded.ts'

type Seen = readonly [kind: 'event' | 'end' | 'unread', event?: string | null, data?: unknown]

function read(pieces: readonly (Uint8Array | string)[]): readonly Seen[] {
  const seen: Seen[] = []
  const reader = createSseReader({
    onEvent: ({ event, data }) => seen.push(['event', event, data]),
    onEnd: () => seen.push(['end']),
    onUnread: () => seen.push(['unread']),
  })
  for (const piece of pieces) reader.push(typeof piece === 'string' ? new TextEncoder().encode(piece) : piece)
  reader.end()
  return seen
}

describe('server-sent events', () => {
  test.each<readonly [string, string, readonly Seen[]]>([
    ['one event', 'data: {"a":1}\n\n', [['event', null, { a: 1 }]]],
    ['with a name', 'event: ping\ndata: 5\n\n', [['event', 'ping', 5]]],
    [
      'a name holds for one event',
      'event: a\ndata: 1\n\ndata: 2\n\n',
      [
        ['event', 'a', 1],
        ['event', null, 2],
      ],
    ],
    ['null is data', 'data: null\n\n', [['event', null, null]]],
    ['no space after the colon', 'data:"x"\n\n', [['event', null, 'x']]],
    ['data over several lines', 'data: {"a":\ndata: 1}\n\n', [['event', null, { a: 1 }]]],
    [
      'carriage returns',
      'data: 1\r\rdata: 2\r\r',
      [
        ['event', null, 1],
        ['event', null, 2],
      ],
    ],
    ['both line ends', 'event: e\r\ndata: 1\r\n\r\n', [['event', 'e', 1]]],
    [
      'comments, ids, retries and unknown fields are no data',
      ': hi\n\nid: 7\nretry: 10\nretry: x\nfoo: bar\n\ndata: 1\n\n',
      [['event', null, 1]],
    ],
    ['a byte order mark', '\uFEFFdata: 1\n\n', [['event', null, 1]]],
    ['the end mark', 'data: 1\n\ndata: [DONE]\n\n', [['event', null, 1], ['end']]],
    ['the end mark with a space after it', 'data: [DONE] \n\n', [['end']]],
    [
      'data that is not JSON is counted, and the next event read',
      'data: oops\n\ndata: 1\n\n',
      [['unread'], ['event', null, 1]],
    ],
    ['empty data is not JSON', 'data:\n\n', [['unread']]],
    [
      'a last event without its blank line',
      'data: 1\n\ndata: 2',
      [
        ['event', null, 1],
        ['event', null, 2],
      ],
    ],
    ['a last event with one line end', 'data: 2\n', [['event', null, 2]]],
    ['a last event with a carriage return', 'data: 2\r', [['event', null, 2]]],
    ['a last event that broke off', 'data: {"a', [['unread']]],
    ['nothing', '', []],
    ['blank lines', '\n\n\n\n', []],
    ['no events at all', '<html>\n<body>no</body>', []],
  ])('%s', (_what, text, seen) => {
    expect(read([text])).toEqual(seen)
  })

  const MIXED = [
    ': comment ünï\r\n\r\n',
    'event: a\r\ndata: {"t":"äöü€𝄞"}\r\n\r\n',
    'data: {"t":\ndata: "two"}\n\n',
    'event: b\rdata: "cr"\r\r',
    'data: broken {\n\n',
    'data: "\\ud834\\udd1e"\n\n',
    'data: [DONE]\n\n',
    'data: {"tail":true}',
  ].join('')

  test('any cut gives the same events, also within a character or a line end', () => {
    const bytes = new TextEncoder().encode(MIXED)
    const whole = read([bytes])
    expect(whole).toEqual([
      ['event', 'a', { t: 'äöü€𝄞' }],
      ['event', null, { t: 'two' }],
      ['event', 'b', 'cr'],
      ['unread'],
      ['event', null, '𝄞'],
      ['end'],
      ['event', null, { tail: true }],
    ])
    assert(property(integer(), integer({ min: 1, max: 60 }), (seed, n) => expect(read(cut(bytes, seed, n))).toEqual(whole)))
    expect(read([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(whole)
  })

  test('an event is handed over with the byte that ends it, not before', () => {
    const seen: unknown[] = []
    const reader = createSseReader({
      onEvent: ({ data }) => seen.push(data),
      onEnd: () => undefined,
      onUnread: () => undefined,
    })
    reader.push(new TextEncoder().encode('data: 1\n'))
    expect(seen).toEqual([])
    reader.push(new TextEncoder().encode('\n'))
    expect(seen).toEqual([1])
  })

  test('a last event that breaks off within a character is not JSON', () => {
    expect(read(['data: 1', Uint8Array.of(0xc3)])).toEqual([['unread']])
  })

  test('bytes that are no UTF-8 do not stop the reading', () => {
    expect(read([Uint8Array.of(0x64, 0x61, 0x74, 0x61, 0x3a, 0xff, 0xfe, 0x0a, 0x0a), 'data: 1\n\n'])).toEqual([
      ['unread'],
      ['event', null, 1],
    ])
  })
})

describe('an event over the bound', () => {
  const MIB = 'x'.repeat(1024 * 1024)

  test('is given up once, and the next one is read', () => {
    const pieces = ['data: "', ...Array.from({ length: 9 }, () => MIB), '"\n\n', 'data: 1\n\n']
    expect(read(pieces)).toEqual([['unread'], ['event', null, 1]])
  })

  test('is given up again when another comes', () => {
    const large = ['data: "', ...Array.from({ length: 9 }, () => MIB), '"\n\n']
    expect(read([...large, 'data: 1\n\n', ...large, 'data: 2\n\n'])).toEqual([
      ['unread'],
      ['event', null, 1],
      ['unread'],
      ['event', null, 2],
    ])
  })

  test('is not held when it never ends', () => {
    expect(read(['data: "', ...Array.from({ length: 20 }, () => MIB)])).toEqual([['unread']])
  })

  test('the rest of its line is not taken for an event', () => {
    // The bound falls within the eighth piece, so that what comes next begins like a line of its own.
    const pieces = ['data: "', ...Array.from({ length: 8 }, () => MIB), 'data: 666\n\n', 'data: 1\n\n']
    expect(read(pieces)).toEqual([['unread'], ['event', null, 1]])
  })

  test('one just below is read', () => {
    const [first] = read(['data: "', ...Array.from({ length: 7 }, () => MIB), '"\n\n'])
    expect([first?.[0], String(first?.[2]).length]).toEqual(['event', 7 * 1024 * 1024])
  })
})
