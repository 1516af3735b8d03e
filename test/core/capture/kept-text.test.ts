import { describe, expect, test } from 'bun:test'
import { array, assert, constantFrom, nat, property, record, string } from 'fast-check'
import { clipText, cutUtf8, keepText, SEGMENTS_MAX, utf8Length } from '../../../src/core/capture/kept-text.ts'
import type { Origin, Segment } from '../../../src/core/domain/segment.ts'
import { aSegment } from '../../support/fakes.ts'

const encoder = new TextEncoder()
/** Readable in a failure, also where it is no well-formed text. */
const escape = (text: string): string => JSON.stringify(text)
const lengthOf = (text: string): number => encoder.encode(text).length

/** Texts of one, two, three and four bytes a code point, and lone halves of a pair. */
const odd = string({ unit: constantFrom('a', 'é', '€', '𝄞', '\ud834', '\udd1e', '\0', '\n'), maxLength: 40 })

describe('UTF-8', () => {
  test('length is that of the encoded text, for short and for long ones', () => {
    assert(
      property(odd, nat({ max: 600 }), (text, times) => {
        expect(utf8Length(text)).toBe(lengthOf(text))
        expect(utf8Length(text.repeat(times))).toBe(lengthOf(text.repeat(times)))
      }),
    )
    for (const units of [4_095, 4_096, 4_097, 100_000]) {
      for (const text of ['a', '€', '𝄞', '\ud834', '\udd1e\ud834'])
        expect(utf8Length(text.repeat(units))).toBe(lengthOf(text.repeat(units)))
    }
  })

  const UNITS = [
    '\0',
    '\x7f',
    '\x80',
    '\u07ff',
    '\u0800',
    '\ud7ff',
    '\ue000',
    '\uffff',
    '\ud800\udc00',
    '\udbff\udfff',
    '\ud800',
    '\udbff',
    '\udc00',
    '\udfff',
  ]
  test('length is right for every first and last code point of its kind, alone and beside any other', () => {
    for (const first of UNITS) {
      for (const second of ['', ...UNITS]) {
        const text = first + second
        expect([escape(text), utf8Length(text)]).toEqual([escape(text), lengthOf(text)])
        expect([escape(text), utf8Length(text.repeat(3_000))]).toEqual([escape(text), lengthOf(text.repeat(3_000))])
      }
    }
  })

  const CUTS: readonly (readonly [text: string, max: number, cut: string])[] = [
    ['abc', 3, 'abc'],
    ['abc', 2, 'ab'],
    ['abc', 0, ''],
    ['é', 1, ''],
    ['é', 2, 'é'],
    ['a€b', 3, 'a'],
    ['a€b', 4, 'a€'],
    ['𝄞x', 3, ''],
    ['𝄞x', 4, '𝄞'],
    ['𝄞x', 5, '𝄞x'],
    ['\ud834', 2, ''],
    ['\ud834', 3, '\ud834'],
  ]
  for (const [text, max, cut] of CUTS)
    test(`${JSON.stringify(text)} in ${max} bytes`, () => expect(cutUtf8(text, max)).toBe(cut))

  test('a cut is the longest beginning that fits, on a code point', () => {
    assert(
      property(odd, nat({ max: 80 }), (text, max) => {
        const cut = cutUtf8(text, max)
        expect(text.startsWith(cut)).toBe(true)
        expect(lengthOf(cut)).toBeLessThanOrEqual(max)
        const next = text.slice(cut.length)[Symbol.iterator]().next()
        if (!next.done) expect(lengthOf(cut) + lengthOf(next.value)).toBeGreaterThan(max)
      }),
    )
  })
})

describe('a clipped text', () => {
  test('has at most as many units as told, and no half of a pair that was whole', () => {
    expect([
      clipText('abc', 3),
      clipText('abc', 2),
      clipText('a𝄞', 2),
      clipText('a𝄞', 3),
      clipText('𝄞', 1),
      clipText('a\ud834b', 2),
    ]).toEqual(['abc', 'ab', 'a', 'a𝄞', '', 'a'])
    for (const pair of ['\ud800\udc00', '\udbff\udfff']) {
      expect([clipText(`a${pair}`, 2), clipText(`a${pair}b`, 3), clipText(`${pair}${pair}`, 3)]).toEqual([
        'a',
        `a${pair}`,
        pair,
      ])
    }
    for (const neighbour of ['\ud7ff', '\udc00', '\ue000']) expect(clipText(`a${neighbour}b`, 2)).toBe(`a${neighbour}`)
    assert(
      property(string({ unit: 'binary' }), nat({ max: 30 }), (text, max) => {
        const clipped = clipText(text, max + 1)
        expect(text.startsWith(clipped) && clipped.length <= max + 1 && clipped.length >= Math.min(text.length, max)).toBe(true)
        expect(clipped.isWellFormed()).toBe(true)
      }),
    )
  })
})

function texts(segments: readonly Segment[]): readonly string[] {
  return segments.map((segment) => segment.text)
}

describe('kept texts', () => {
  const tool = (text: string): Segment => aSegment(text, { origin: 'tool_definition' })
  const ROWS: readonly (readonly [
    why: string,
    segments: readonly Segment[],
    max: number,
    kept: readonly string[],
    bytes: number,
    isTruncated: boolean,
  ])[] = [
    ['nothing is kept of nothing', [], 10, [], 0, false],
    ['all within the limit', [aSegment('ab'), aSegment('cd')], 4, ['ab', 'cd'], 4, false],
    ['the last message wins', [aSegment('abcd'), aSegment('efgh')], 4, ['efgh'], 8, true],
    ['the first one is cut at its end', [aSegment('abcd'), aSegment('efgh')], 6, ['ab', 'efgh'], 8, true],
    ['the last one is cut too, where it is too long alone', [aSegment('a'), aSegment('efgh')], 3, ['efg'], 5, true],
    ['bytes count, not characters', [aSegment('€€'), aSegment('€')], 6, ['€', '€'], 9, true],
    ['a code point that does not fit is left out', [aSegment('€'), aSegment('ab')], 4, ['ab'], 5, true],
    ['tool definitions come last', [tool('tool'), aSegment('ab'), aSegment('cd')], 5, ['t', 'ab', 'cd'], 8, true],
    ['also behind messages', [aSegment('ab'), tool('tool')], 3, ['ab', 't'], 6, true],
    ['of the tools, the last ones', [tool('aa'), tool('bb'), aSegment('c')], 3, ['bb', 'c'], 5, true],
    ['nothing where nothing may be kept', [aSegment('a')], 0, [], 1, true],
    ['empty texts cost nothing', [aSegment(''), aSegment('a')], 1, ['', 'a'], 1, false],
  ]
  for (const [why, segments, max, kept, bytes, isTruncated] of ROWS) {
    test(why, () => {
      const outcome = keepText(segments, max)
      expect([texts(outcome.segments), outcome.textBytes, outcome.isTruncated]).toEqual([kept, bytes, isTruncated])
    })
  }

  test('keep everything else of their segment', () => {
    const segment = aSegment('abc', { origin: 'tool_result', pointer: '/x/1', kind: 'json', name: 'n' })
    expect(keepText([segment], 2).segments).toEqual([{ ...segment, text: 'ab' }])
    expect(keepText([segment], 3).segments[0]).toBe(segment)
    expect(keepText([aSegment('cut'), segment], 4).segments[1]).toBe(segment)
  })

  test('are bounded, in order, and the latest win, for any texts', () => {
    const origins = constantFrom<Origin>('system', 'user', 'assistant', 'tool_definition')
    assert(
      property(array(record({ text: odd, origin: origins }), { maxLength: 12 }), nat({ max: 150 }), (parts, max) => {
        const segments = parts.map((part, i) => aSegment(part.text, { origin: part.origin, pointer: `/${i}` }))
        const { segments: kept, textBytes, isTruncated } = keepText(segments, max)
        const sizeOf = (list: readonly Segment[]): number => list.reduce((sum, { text }) => sum + lengthOf(text), 0)
        expect(textBytes).toBe(sizeOf(segments))
        expect(isTruncated).toBe(textBytes > max)
        expect(sizeOf(kept)).toBeLessThanOrEqual(max)
        const places = kept.map(({ pointer }) => Number(pointer.slice(1)))
        expect(places).toEqual(places.toSorted((a, b) => a - b))
        for (const part of kept) expect(segments[Number(part.pointer.slice(1))]?.text.startsWith(part.text)).toBe(true)
        // Before the last message that was cut or left out, none is kept.
        const messages = segments.filter(({ origin, text }) => origin !== 'tool_definition' && text !== '')
        const keptOf = (segment: Segment): Segment | undefined => kept.find(({ pointer }) => pointer === segment.pointer)
        const lost = messages.findLastIndex((segment) => keptOf(segment)?.text !== segment.text)
        expect(messages.slice(0, Math.max(0, lost)).filter((segment) => keptOf(segment) !== undefined)).toEqual([])
        // And tools only where all messages are whole.
        if (lost !== -1) expect(kept.filter(({ origin, text }) => origin === 'tool_definition' && text !== '')).toEqual([])
      }),
      { numRuns: 500 },
    )
  })

  test('are at most a number of segments, the latest', () => {
    const many = Array.from({ length: SEGMENTS_MAX + 10 }, (_, i) => aSegment('a', { pointer: `/${i}` }))
    const { segments, isTruncated, textBytes } = keepText(many, 1_000_000)
    expect([segments.length, segments[0]?.pointer, segments.at(-1)?.pointer]).toEqual([
      SEGMENTS_MAX,
      '/10',
      `/${SEGMENTS_MAX + 9}`,
    ])
    expect([isTruncated, textBytes]).toEqual([true, SEGMENTS_MAX + 10])
    expect(keepText(many.slice(10), 1_000_000)).toMatchObject({ isTruncated: false })
  })

  test('have names and pointers within bounds, whether cut or not', () => {
    const long = aSegment('text', { name: 'n'.repeat(300), pointer: `/${'p'.repeat(2_000)}` })
    for (const max of [2, 100]) {
      const [kept] = keepText([long], max).segments
      expect([kept?.name?.length, kept?.pointer.length, kept?.text]).toEqual([256, 1024, 'text'.slice(0, max)])
    }
    const edge = aSegment('text', { name: 'n'.repeat(256), pointer: 'p'.repeat(1024) })
    expect(keepText([edge], 100).segments[0]).toBe(edge)
    const named = aSegment('text', { name: 'n'.repeat(257) })
    expect(keepText([named], 100).segments[0]).toEqual({ ...named, name: 'n'.repeat(256) })
    const nameless = aSegment('text', { pointer: 'p'.repeat(1025) })
    expect(keepText([nameless], 100).segments[0]).toEqual({ ...nameless, pointer: 'p'.repeat(1024) })
  })
})
