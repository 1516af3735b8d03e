import { describe, expect, test } from 'bun:test'
import * as fc from 'fast-check'
import type { StreamEvent } from '../../../../src/core/dialects/dialect.ts'
import { createNdjsonReader, LINE_CHARS_MAX } from '../../../../src/core/dialects/framing/ndjson.ts'
import { cut } from '../../../support/recorded.ts'

const bytesOf = (text: string) => new TextEncoder().encode(text)

/** What a reader made of these pieces: data in order, `unread` where something was given up. */
function read(pieces: readonly Uint8Array[], end = true): unknown[] {
  const seen: unknown[] = []
  const reader = createNdjsonReader({
    onEvent: ({ event, data }: StreamEvent) => {
      expect(event).toBeNull()
      seen.push(data)
    },
    onEnd: () => seen.push('end'),
    onUnread: () => seen.push('unread'),
  })
  for (const piece of pieces) reader.push(piece)
  if (end) reader.end()
  return seen
}

describe('NDJSON', () => {
  const cases: { why: string; text: string; seen: unknown[] }[] = [
    { why: 'one value a line', text: '{"a":1}\n[2]\n"x"\n', seen: [{ a: 1 }, [2], 'x'] },
    { why: 'null is a value', text: 'null\n', seen: [null] },
    { why: 'carriage returns before the line end', text: '{"a":1}\r\n{"b":2}\r\n', seen: [{ a: 1 }, { b: 2 }] },
    { why: 'a last line without its line end', text: '{"a":1}\n{"b":2}', seen: [{ a: 1 }, { b: 2 }] },
    { why: 'blank lines are nothing', text: '\n\r\n  \n{"a":1}\n\n', seen: [{ a: 1 }] },
    { why: 'a line that is not JSON is counted, and the next one read', text: '{"a":\n{"b":2}\n', seen: ['unread', { b: 2 }] },
    { why: 'a last line that broke off', text: '{"a":1}\n{"b"', seen: [{ a: 1 }, 'unread'] },
    { why: 'characters of several bytes', text: '{"a":"héllo 世界 🎉"}\n', seen: [{ a: 'héllo 世界 🎉' }] },
    { why: 'nothing', text: '', seen: [] },
  ]
  test.each(cases)('$why', ({ text, seen }) => {
    expect(read([bytesOf(text)])).toEqual(seen)
  })

  test('a character that broke off at the end spoils its line', () => {
    expect(read([Uint8Array.of(0x22, 0x61, 0x22, 0xc3)])).toEqual(['unread'])
  })

  test('a line is handed over as soon as it is complete, and the open one only at the end', () => {
    expect(read([bytesOf('{"a":1}\n{"b":2}')], false)).toEqual([{ a: 1 }])
  })

  test('any cut gives the same values, also within a character or a line end', () => {
    const text = '{"a":"héllo 世界 🎉"}\r\n\n{"b":[1,2,{"c":null}]}\nbroken\n{"d":"last"}'
    const whole = read([bytesOf(text)])
    expect(whole).toEqual([{ a: 'héllo 世界 🎉' }, { b: [1, 2, { c: null }] }, 'unread', { d: 'last' }])
    expect(read([...bytesOf(text)].map((byte) => Uint8Array.of(byte)))).toEqual(whole)
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 12 }), (seed, n) => {
        expect(read(cut(bytesOf(text), seed, n))).toEqual(whole)
      }),
    )
  })

  test('a line over the bound is given up once, and the next one read', () => {
    const piece = bytesOf('a'.repeat(1024 * 1024))
    const tooLong = Array.from({ length: 9 }, () => piece)
    expect(read([bytesOf('"'), ...tooLong, bytesOf('"\n{"a":1}\n')])).toEqual(['unread', { a: 1 }])
    expect(read([bytesOf('"'), ...tooLong])).toEqual(['unread'])
  })

  test('the bound is inclusive', () => {
    const longest = 'a'.repeat(LINE_CHARS_MAX - 2)
    expect(read([bytesOf(`"${longest}"\n`)])).toEqual([longest])
    expect(read([bytesOf(`"${longest}a"\n`)])).toEqual(['unread'])
  })
})
