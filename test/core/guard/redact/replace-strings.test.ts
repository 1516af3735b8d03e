import { describe, expect, test } from 'bun:test'
import { array, assert, constantFrom, integer, jsonValue, property, record, string, tuple } from 'fast-check'
import { pointerToken, type Json } from '../../../../src/core/domain/json.ts'
import { innerStrings } from '../../../../src/core/guard/redact/inner-strings.ts'
import { replaceStrings } from '../../../../src/core/guard/redact/replace-strings.ts'

function range(startUtf16: number, endUtf16: number, replacement = 'X') {
  return { startUtf16, endUtf16, replacement }
}

describe('replaceStrings', () => {
  const cases: readonly [
    why: string,
    json: string,
    pointer: string,
    ranges: readonly ReturnType<typeof range>[],
    result: string,
  ][] = [
    ['numbers, order and space stay', '{ "b" : 1.0e2, "a":"secret x" }', '/a', [range(0, 6)], '{ "b" : 1.0e2, "a":"X x" }'],
    ['into an array', '[0,{"t":["a","bcd"]}]', '/1/t/1', [range(1, 2)], '[0,{"t":["a","bXd"]}]'],
    [
      'escapes that stay keep their form',
      String.raw`{"a":"\u0041\/b\ncd"}`,
      '/a',
      [range(4, 5)],
      String.raw`{"a":"\u0041\/b\nXd"}`,
    ],
    ['an escape is one unit', String.raw`"\\\"ab"`, '', [range(2, 3)], String.raw`"\\\"Xb"`],
    ['a replacement is escaped', '"abc"', '', [range(1, 2, '"\n')], String.raw`"a\"\nc"`],
    ['several ranges in any order', '"abcdef"', '', [range(4, 5, 'Z'), range(0, 2, 'Y')], '"YcdZf"'],
    ['overlapping ranges are one', '"abcdef"', '', [range(1, 3, 'Y'), range(2, 5, 'Z')], '"aYf"'],
    ['an inner range goes with the outer one', '"abcdef"', '', [range(1, 5, 'Y'), range(2, 3, 'Z')], '"aYf"'],
    ['a cut pair goes whole', '"a😀b"', '', [range(2, 4)], '"aX"'],
    ['a cut pair goes whole, at its end', '"a😀b"', '', [range(0, 2)], '"Xb"'],
    ['a cut pair in escapes', String.raw`"a\ud83d\ude00b"`, '', [range(0, 2)], '"Xb"'],
    ['of a key told twice the last is meant', '{"a":"one","a":"two"}', '/a', [range(0, 1)], '{"a":"one","a":"Xwo"}'],
    ['also above', '{"a":{"b":"one"},"a":{"b":"two"}}', '/a/b', [range(0, 1)], '{"a":{"b":"one"},"a":{"b":"Xwo"}}'],
    ['keys in escapes', String.raw`{"\u0061":"b"}`, '/a', [range(0, 1)], String.raw`{"\u0061":"X"}`],
    ['keys with a slash and a tilde', '{"a/b~c":"d"}', '/a~1b~0c', [range(0, 1)], '{"a/b~c":"X"}'],
    ['a key of an object by birth', '{"__proto__":{"a":"b"}}', '/__proto__/a', [range(0, 1)], '{"__proto__":{"a":"X"}}'],
    ['a brace in a text is none', '{"x":"}]{\\"","a":"b"}', '/a', [range(0, 1)], '{"x":"}]{\\"","a":"X"}'],
    [
      'past a value that is nested deeply',
      `{"x":${'['.repeat(99999)}${']'.repeat(99999)},"a":"b"}`,
      '/a',
      [range(0, 1)],
      `{"x":${'['.repeat(99999)}${']'.repeat(99999)},"a":"X"}`,
    ],
    ['beyond the end', '"abc"', '', [range(2, 9)], '"abX"'],
    ['behind a byte order mark', '\ufeff"abc"', '', [range(0, 1)], '\ufeff"Xbc"'],
  ]
  test.each(cases)('%s', (_why, json, pointer, ranges, result) => {
    const replaced = replaceStrings(json, [{ pointer, ranges }])
    expect(replaced.text).toBe(result)
    expect(replaced.unredacted).toEqual([])
  })

  test('a whole value is replaced, with all edits inside of it', () => {
    const edits = [
      { pointer: '/a', json: 'null' },
      { pointer: '/a/b', ranges: [range(0, 1)] },
    ]
    expect(replaceStrings('{"a":{"b":"c"},"d":1}', edits).text).toBe('{"a":null,"d":1}')
  })

  test.each([
    ['a number', '{"a":1}', '/a'],
    ['an object', '{"a":{}}', '/a'],
    ['nothing', '{"a":1}', '/b'],
    ['a key that a later one of its name hides', '{"a":{"b":"c"},"a":1}', '/a/b'],
    ['into a text', '{"a":"b"}', '/a/b'],
    ['no pointer', '{"a":"b"}', 'a'],
    ['endless', '{"a":"b"}', '/a'.repeat(5000)],
  ])('what leads to no text is told: %s', (_why, json, pointer) => {
    const edit = { pointer, ranges: [range(0, 1)] }
    expect(replaceStrings(json, [edit])).toEqual({ text: json, unredacted: [edit] })
  })

  test('whatever is no JSON comes to an end', () => {
    assert(
      property(string({ unit: constantFrom(...'{}[]",:\\a1 ') }), (json) => {
        replaceStrings(json, [{ pointer: '/a/0', ranges: [range(0, 1)] }])
      }),
    )
  })

  test('any string of any JSON, in any form of writing it', () => {
    assert(
      property(
        jsonValue(),
        integer({ min: 0, max: 999 }),
        tuple(integer({ min: 0, max: 9 }), integer({ min: 0, max: 9 })),
        constantFrom(0, 2),
        (value, pick, [a, b], space) => {
          const strings = stringsOf(value, '')
          if (strings.length === 0) return
          const [pointer, text] = strings[pick % strings.length] as readonly [string, string]
          const start = onBoundary(text, Math.min(a, b))
          const end = onBoundary(text, Math.max(a, b))
          const json = escapedAtRandom(JSON.stringify(value, null, space), pick)
          const replaced = replaceStrings(json, [{ pointer, ranges: [range(start, end, '[é"]')] }])
          expect(replaced.unredacted).toEqual([])
          const wanted = changedAt(value, pointer.split('/').slice(1), `${text.slice(0, start)}[é"]${text.slice(end)}`)
          expect(JSON.parse(replaced.text)).toEqual(JSON.parse(JSON.stringify(wanted)))
          // What is outside of that string has not changed by a character.
          const { text: emptied } = replaceStrings(json, [{ pointer, json: '""' }])
          expect(replaceStrings(replaced.text, [{ pointer, json: '""' }]).text).toBe(emptied)
        },
      ),
    )
  })
})

describe('innerStrings', () => {
  const json = '{"to":"a@b.io","n":[1,"x\\na@b.io"],"a@b.io":12}'
  function at(text: string, from = 0): ReturnType<typeof range> {
    const start = json.indexOf(text, from)
    return range(start, start + text.length)
  }

  test('a range of the JSON text as a range of the string that it lies in', () => {
    expect(innerStrings(json, '/p', [at('a@b.io'), at('a@b.io', 20)])).toEqual({
      edits: [
        { pointer: '/p/to', ranges: [range(0, 6)] },
        { pointer: '/p/n/1', ranges: [range(2, 8)] },
      ],
      outside: [],
    })
  })

  test('an escape that is cut stays where a range begins and goes where it ends', () => {
    expect(innerStrings('"x\\na@b\\u0041c"', '', [range(3, 9)]).edits).toEqual([{ pointer: '', ranges: [range(2, 6)] }])
  })

  test.each([
    ['a key', at('a@b.io', 36)],
    ['a number', at('12')],
    ['two strings', range(7, 30)],
  ])('what is inside of no string is told: %s', (_why, outside) => {
    expect(innerStrings(json, '', [outside])).toEqual({ edits: [], outside: [outside] })
  })

  test('edits lead to the texts that were meant', () => {
    const word = constantFrom('S3', 'a', '"', '\\', '\n', 'é')
    const value = record({
      a: array(word),
      b: array(record({ c: array(word).map((words) => words.join('')) })),
      'k/~': string(),
    })
    assert(
      property(value, (value) => {
        const told = JSON.stringify(value)
        const ranges = [...told.matchAll(/S3/g)].map(({ index }) => range(index, index + 2, ''))
        const { edits, outside } = innerStrings(told, '', ranges)
        expect(outside).toEqual([])
        expect(replaceStrings(told, edits).text).toBe(told.replaceAll('S3', ''))
      }),
    )
  })
})

function stringsOf(value: Json, pointer: string): readonly (readonly [pointer: string, text: string])[] {
  if (typeof value === 'string') return [[pointer, value]]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => stringsOf(inner, `${pointer}/${pointerToken(key)}`))
}

function onBoundary(text: string, offset: number): number {
  const at = Math.min(offset, text.length)
  const isPair = (text.charCodeAt(at - 1) & 0xfc00) === 0xd800 && (text.charCodeAt(at) & 0xfc00) === 0xdc00
  return isPair ? at - 1 : at
}

function changedAt(value: Json, path: readonly string[], text: string): Json {
  const [token, ...rest] = path
  if (token === undefined) return text
  const key = token.replaceAll('~1', '/').replaceAll('~0', '~')
  if (Array.isArray(value)) return value.map((inner: Json, i) => (String(i) === key ? changedAt(inner, rest, text) : inner))
  return Object.fromEntries(
    Object.entries(value as object).map(([name, inner]: [string, Json]) => [
      name,
      name === key ? changedAt(inner, rest, text) : inner,
    ]),
  )
}

/** Some letters and all that is not ASCII as escapes. */
function escapedAtRandom(json: string, seed: number): string {
  let isAfterSlash = false
  return [...json]
    .map((character, i) => {
      const isEscaped = isAfterSlash
      isAfterSlash = character === '\\' && !isEscaped
      if (isEscaped || isAfterSlash || character < '\u0080' || (i + seed) % 3 !== 0) return character
      return Array.from(character.split(''), (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')
    })
    .join('')
}
