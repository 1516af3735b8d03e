import { expect, test } from 'bun:test'
import { assert, property, string } from 'fast-check'
import { constantTimeEqual } from '../../../src/core/domain/constant-time.ts'

const CASES: readonly (readonly [a: string, b: string, why: string])[] = [
  ['', '', 'nothing equals nothing'],
  ['a', '', 'one is empty'],
  ['', 'a', 'the other is empty'],
  ['abc', 'abd', 'the last character differs'],
  ['xbc', 'abc', 'the first character differs'],
  ['abc', 'abcabc', 'one is the other repeated'],
  ['abcabc', 'abc', 'the longer one first'],
  ['ab\0', 'ab', 'a trailing zero is a character'],
  ['ä', 'Ã¤', 'UTF-8 read as Latin-1 is another text'],
  ['Ā', '\0', 'characters that agree in their low byte'],
]

test('equality of secrets is equality of texts', () => {
  for (const [a, b] of CASES) expect([a, b, constantTimeEqual(a, b)]).toEqual([a, b, a === b])
  const text = string({ unit: 'binary', maxLength: 12 })
  assert(property(text, text, (a, b) => constantTimeEqual(a, b) === (a === b) && constantTimeEqual(a, a)))
})

test('as many characters are looked at where the first differs as where the last does', () => {
  const all = readsOf('secret-of-some-length')
  expect(all).toBe(21)
  expect(readsOf('Xecret-of-some-length')).toBe(all)
  expect(readsOf('secret-of-some-lengtX')).toBe(all)
  expect(readsOf('XXXXXXXXXXXXXXXXXXXXX')).toBe(all)
})

/** Time cannot be asserted; how often the secret is read can. */
function readsOf(text: string): number {
  let count = 0
  const secret = 'secret-of-some-length'
  const counting = {
    length: secret.length,
    charCodeAt: (index: number) => {
      count += 1
      return secret.charCodeAt(index)
    },
  }
  constantTimeEqual(text, counting as unknown as string)
  return count
}
