/** The generator of the look-alike table, on tables of its own, and the shipped table. */
import { describe, expect, test } from 'bun:test'
import { packLookalikes, readConfusables, reduceConfusables } from '../../../../src/cli/generate-lookalikes.ts'
import { LOOKALIKES_PACKED } from '../../../../src/core/guard/normalize/lookalikes.ts'

const UNICODE_FILE = [
  '# confusables.txt',
  '0430 ;\t0061 ;\tMA\t# CYRILLIC SMALL LETTER A',
  '0406 ;\t006C ;\tMA\t# CYRILLIC CAPITAL LETTER BYELORUSSIAN-UKRAINIAN I',
  '0456 ;\t0069 ;\tMA\t# CYRILLIC SMALL LETTER BYELORUSSIAN-UKRAINIAN I',
  '0142 ;\t006C 0338 ;\tMA\t# LATIN SMALL LETTER L WITH STROKE',
  '0181 ;\t0027 0042 ;\tMA\t# LATIN CAPITAL LETTER B WITH HOOK',
  '2502 ;\t006C ;\tMA\t# BOX DRAWINGS LIGHT VERTICAL',
  'FF41 ;\t0061 ;\tMA\t# FULLWIDTH LATIN SMALL LETTER A',
  '0271 ;\t0072 006E 0329 ;\tMA\t# LATIN SMALL LETTER M WITH HOOK',
  '00E6 ;\t0061 0065 ;\tMA\t# LATIN SMALL LETTER AE',
  '0030 ;\t004F ;\tMA\t# DIGIT ZERO',
].join('\n')

const RUST_TABLE = String.raw`pub mod confusable_detection {
    const CONFUSABLES: &'static [(char, &'static [char])] = &[
        ('\u{430}',  &['\u{61}']), ('\u{142}',
         &['\u{6c}',  '\u{338}']),
    ];
}`

describe('the generator', () => {
  test('keeps what ends in one ASCII letter, and leaves out what NFKC does, strokes and pairs of letters', () => {
    const reduced = reduceConfusables(readConfusables(UNICODE_FILE))
    expect(Object.fromEntries(reduced)).toEqual({ a: [0x430], b: [0x181], i: [0x406, 0x456], l: [0x142], m: [0x271] })
  })
  test('reads the table of the Rust crate, too', () => {
    expect([...readConfusables(RUST_TABLE)]).toEqual([
      [0x430, 'a'],
      [0x142, 'l\u0338'],
    ])
  })
  test('packs distances in base 36', () => {
    expect(
      packLookalikes(
        new Map([
          ['b', [36, 72]],
          ['a', [10]],
        ]),
      ),
    ).toBe('a a\nb 10 10')
  })
})

describe('the shipped table', () => {
  const rows = LOOKALIKES_PACKED.split('\n').map((line) => line.split(' '))
  test('has every letter and the digits that anything looks like, each once', () => {
    expect(rows.map(([letter]) => letter).join('')).toBe('23456789abcdefghijklmnopqrstuvwxyz')
  })
  test('holds each source once, none of them ASCII, none that NFKC changes', () => {
    const codes = rows.flatMap(([, ...steps]) => {
      let code = 0
      return steps.map((step) => (code += Number.parseInt(step, 36)))
    })
    expect(new Set(codes).size).toBe(codes.length)
    for (const code of codes) {
      expect(code).toBeGreaterThan(0x7f)
      expect(String.fromCodePoint(code).normalize('NFKC')).toBe(String.fromCodePoint(code))
    }
  })
})
