import { expect, test } from 'bun:test'
import { createCollector } from '../../../src/core/dialects/collector.ts'
import {
  addJsonValue,
  addTextOrJson,
  answerCount,
  eachElement,
  firstText,
  indexIn,
  inspectBody,
  jsonText,
  tokenCap,
  withoutCredentials,
} from '../../../src/core/dialects/fields.ts'
import type { Json } from '../../../src/core/domain/json.ts'
import { deeplyNested, segment } from '../../support/dialect.ts'

test.each<readonly [readonly Json[], string | null]>([
  [[], null],
  [[null, '', 5, 'a', 'b'], 'a'],
  [[undefined, {}], null],
])('the first text of %p is %p', (values, text) => {
  expect(firstText(...values)).toBe(text)
})

test.each<readonly [readonly Json[], number | null]>([
  [[], null],
  [[5], 5],
  [[0], 0],
  [[5, 9, 7], 9],
  [[0, -1], 0],
  [[-1, null, '5', Number.NaN, Number.POSITIVE_INFINITY], null],
])('the cap of %p is %p', (values, cap) => {
  expect(tokenCap(...values)).toBe(cap)
})

test.each<readonly [Json, number]>([
  [1, 1],
  [3, 3],
  [0, 1],
  [-3, 1],
  [1.5, 1],
  [1e300, 1],
  ['3', 1],
  [undefined, 1],
])('n = %p asks for %p answers', (value, count) => {
  expect(answerCount(value)).toBe(count)
})

test('JSON text of anything that a parser gives, or null where it nests too deeply', () => {
  expect([jsonText({ a: [1] }), jsonText(null), jsonText('x'), jsonText(undefined)]).toEqual(['{"a":[1]}', 'null', '"x"', null])
  expect(jsonText(deeplyNested())).toBeNull()
})

test.each<readonly [string, (inner: Json) => Json]>([
  ['lists', (inner) => [1, null, inner]],
  ['objects', (inner) => ({ a: null, b: inner })],
])('%s are written down to level 512, and not below, whatever stands beside', (_what, wrap) => {
  let value: Json = 'bottom'
  for (let level = 0; level < 512; level++) value = wrap(value)
  expect(jsonText(value) === JSON.stringify(value)).toBe(true)
  expect([wrap(value), [[], value], [value, []], { a: {}, b: value }, { a: value, b: {} }].map(jsonText)).toEqual([
    null,
    null,
    null,
    null,
    null,
  ])
})

test('a value is added as JSON; one that nests too deeply is named', () => {
  const collector = createCollector()
  expect(addJsonValue(collector, 'tool_call', '/a', { x: 1 }, 'f')).toBe('{"x":1}')
  expect(addJsonValue(collector, 'tool_call', '/b', deeplyNested(), 'f')).toBe('')
  expect(collector.done()).toEqual({
    segments: [segment('tool_call', '/a', '{"x":1}', { kind: 'json', name: 'f' })],
    uninspected: [{ pointer: '/b', reason: 'nested too deeply' }],
  })
})

test('arguments are added as text where they are text, as JSON where not, and not at all where there are none', () => {
  const collector = createCollector()
  const texts = ['{}', '', { a: 1 }, 0, false, null, undefined].map((value, i) =>
    addTextOrJson(collector, 'tool_call', `/${i}`, value, 'f'),
  )
  expect(texts).toEqual(['{}', '', '{"a":1}', '0', 'false', '', ''])
  expect(collector.done().uninspected).toEqual([])
  expect(collector.done().segments).toEqual([
    segment('tool_call', '/0', '{}', { name: 'f' }),
    segment('tool_call', '/2', '{"a":1}', { kind: 'json', name: 'f' }),
    segment('tool_call', '/3', '0', { kind: 'json', name: 'f' }),
    segment('tool_call', '/4', 'false', { kind: 'json', name: 'f' }),
  ])
})

test.each<readonly [Json, Json]>([
  [
    { name: 'a', authorization: 's', authorization_token: 's', headers: { k: 's' }, api_key: 's', url: 'u' },
    { name: 'a', url: 'u' },
  ],
  [{ name: 'a' }, { name: 'a' }],
  ['text', 'text'],
  [null, null],
  [['headers'], ['headers']],
])('%j without credentials', (value, expected) => {
  expect(withoutCredentials(value)).toEqual(expected)
})

test('elements are read in order; what is no list is named, what is missing is nothing', () => {
  const collector = createCollector()
  const seen: unknown[] = []
  const read = (element: Json, at: string): void => void seen.push([element, at])
  for (const value of [['a', null], undefined, null]) eachElement(collector, value, '/x', read)
  expect([seen, collector.done().uninspected]).toEqual([
    [
      ['a', '/x/0'],
      [null, '/x/1'],
    ],
    [],
  ])
  eachElement(collector, { length: 1 }, '/y', read)
  expect([seen.length, collector.done().uninspected]).toEqual([2, [{ pointer: '/y', reason: 'not an array' }]])
})

test.each([
  [undefined, 'body is not JSON'],
  [null, 'body is not an object'],
  [[{}], 'body is not an object'],
  ['text', 'body is not an object'],
])('the body %j is not inspected: %s', (body, reason) => {
  const inspection = inspectBody(body, () => expect('never').toBe('called'))
  expect(inspection).toEqual({ segments: [], uninspected: [{ pointer: '', reason }] })
})

test.each<readonly [Json, number | null]>([
  [0, 0],
  [4, 4],
  [5, null],
  [-1, null],
  [0.5, null],
  ['1', null],
  [null, null],
  [undefined, null],
])('%p as an index below 5 is %p', (value, index) => {
  expect(indexIn(value, 5)).toBe(index)
})

test('a body that is an object is inspected', () => {
  expect(inspectBody({ a: 'x' }, (collector, record) => collector.add('user', '/a', String(record['a'])))).toEqual({
    segments: [segment('user', '/a', 'x')],
    uninspected: [],
  })
})
