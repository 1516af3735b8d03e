import { describe, expect, test } from 'bun:test'
import { DEFAULT_GUARD_POLICY, GUARD } from '../../src/contract/config/guard.ts'

function problemsOf(value: unknown): readonly string[] {
  const parsed = GUARD.safeParse(value)
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
}

describe('a pattern of the tenant', () => {
  const RULE = { id: 'a', pattern: 'a+' }

  test.each([
    ['no RE2', '(?=a)', 'must be a pattern in RE2 syntax: '],
    ['no pattern', '[', 'must be a pattern in RE2 syntax: '],
    ['that matches nothing at all', 'a*', 'it matches the empty text'],
    ['that takes a step for each repeat', '.{0,1000}.{0,1000}x', 'at most 512 are allowed'],
    ['that nests its repeats', '(?:(?:.?){30}){30}x', 'at most 512 are allowed'],
  ])('is refused when it is saved: %s', (_why, pattern, message) => {
    const problems = problemsOf({ custom_rules: [RULE, { id: 'b', pattern }] })
    expect(problems).toHaveLength(1)
    expect(problems[0]).toStartWith('custom_rules.1.pattern: ')
    expect(problems[0]).toContain(message)
  })

  test.each(['(a+)+$', '\\bproject[ -]bluebird\\b', '[A-Z]{3}-\\d{4,8}', '\\p{L}{1,64}@\\p{L}{1,64}'])(
    'may be %s',
    (pattern) => {
      expect(problemsOf({ custom_rules: [{ ...RULE, pattern }] })).toEqual([])
    },
  )

  test('must find its examples and not its counter-examples', () => {
    expect(problemsOf({ custom_rules: [{ ...RULE, examples: ['b'], counter_examples: ['x', 'cat'] }] })).toEqual([
      'custom_rules.0.examples.0: must be found by the pattern',
      'custom_rules.0.counter_examples.1: must not be found by the pattern',
    ])
  })
})

test('a policy of nothing is the default one', () => {
  expect(GUARD.parse({}).enforcement.mode).toBe(DEFAULT_GUARD_POLICY.mode)
})
