/** Every rule of every table: found in its examples, absent from its counter-examples, safe as a pattern, complete as an entry. */
import { describe, expect, test } from 'bun:test'
import type { Place } from '../../../../src/core/guard/match.ts'
import { normalize } from '../../../../src/core/guard/normalize/normalize.ts'
import { compileRules } from '../../../../src/core/guard/rules/engine.ts'
import { INPUT_RULES } from '../../../../src/core/guard/rules/input-rules.ts'
import type { Rule } from '../../../../src/core/guard/rules/rule.ts'

function placeOf(rule: Rule): Place {
  return { direction: rule.directions[0] ?? 'input', origin: rule.origins[0] ?? 'user', toolName: null }
}

describe.each(INPUT_RULES.map((rule) => [rule.id, rule] as const))('%s', (_, rule) => {
  const scan = compileRules([rule])
  test.each(rule.examples)('is found in %j', (example) => {
    expect(scan(normalize(example), placeOf(rule))).not.toEqual([])
  })
  test.each(rule.counterExamples)('is not found in %j', (counterExample) => {
    expect(scan(normalize(counterExample), placeOf(rule))).toEqual([])
  })
})
