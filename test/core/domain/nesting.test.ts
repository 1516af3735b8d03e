import { describe, expect, test } from 'bun:test'
import { assert, json, property } from 'fast-check'
import { isNestedTooDeeply, NESTING_MAX } from '../../../src/core/domain/nesting.ts'
import { bytes } from '../../support/fakes.ts'

/** Long enough to be looked at, without a bracket. */
const PADDING = `"${'x'.repeat(20_000)}"`

function nested(levels: number, open = '[', close = ']'): string {
  return open.repeat(levels) + PADDING + close.repeat(levels)
}

describe('a body is nested too deeply', () => {
  const ROWS: readonly (readonly [why: string, text: string, isToo: boolean])[] = [
    ['at one level more than the limit', nested(NESTING_MAX + 1), true],
    ['not at the limit', nested(NESTING_MAX), false],
    ['by objects as by arrays', `${'{"a":'.repeat(NESTING_MAX + 1)}${PADDING}${'}'.repeat(NESTING_MAX + 1)}`, true],
    ['by both in turn', `${'[{"a":'.repeat(300)}${PADDING}${'}]'.repeat(300)}`, true],
    ['not by many arrays beside each other', `[${PADDING},${'[],'.repeat(5_000)}1]`, false],
    ['not by brackets in a text', `["${'['.repeat(20_000)}"]`, false],
    ['not by brackets behind an escaped quote', `["\\"${'['.repeat(20_000)}"]`, false],
    ['by brackets behind a text that ends in a backslash', `["\\\\",${'['.repeat(600)}${PADDING}${']'.repeat(600)}]`, true],
    ['where its end is missing', '['.repeat(20_000), true],
    ['not where a text does not end', `["${'['.repeat(20_000)}`, false],
    ['not where a text ends in an escape', `["${'x'.repeat(20_000)}\\`, false],
    ['not where there is more closed than opened', `${']'.repeat(20_000)}${'['.repeat(NESTING_MAX)}`, false],
  ]
  for (const [why, text, isToo] of ROWS) test(why, () => expect(isNestedTooDeeply(bytes(text))).toBe(isToo))

  test('only where it is large enough to matter', () => {
    expect(isNestedTooDeeply(bytes('['.repeat(16 * 1024 - 1)))).toBe(false)
    expect(isNestedTooDeeply(bytes('['.repeat(16 * 1024)))).toBe(true)
  })

  test('never by what is flat, whatever its texts', () => {
    assert(property(json({ maxDepth: 5 }), (text) => !isNestedTooDeeply(bytes(`[${PADDING},${text}]`))))
  })
})
