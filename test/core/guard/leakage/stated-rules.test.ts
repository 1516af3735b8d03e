import { describe, expect, test } from 'bun:test'
import { STATED_RULES } from '../../../../src/core/guard/leakage/stated-rules.ts'
import type { Form, Place } from '../../../../src/core/guard/match.ts'
import { compileRules } from '../../../../src/core/guard/rules/engine.ts'

const PLACE: Place = { direction: 'output', origin: 'assistant', toolName: null }

function plain(text: string): readonly Form[] {
  return [{ via: [], text, folded: text.toLowerCase(), rangeOf: (start, end) => ({ startUtf16: start, endUtf16: end }) }]
}

describe.each(STATED_RULES.map((rule) => [rule.id, rule] as const))('%s', (_, rule) => {
  const scan = compileRules([rule])
  test.each(rule.examples)('is found in %j', (example) => {
    expect(scan(plain(example), PLACE)).not.toEqual([])
  })
  test.each(rule.counterExamples)('is absent from %j', (counterExample) => {
    expect(scan(plain(counterExample), PLACE)).toEqual([])
  })
})

test('what a user tells about his own password is no leakage of the model', () => {
  expect(
    compileRules(STATED_RULES)(plain('My password is Xk9#mQ2!vb.'), { direction: 'input', origin: 'user', toolName: null }),
  ).toEqual([])
})
