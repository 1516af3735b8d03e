/** Exfiltration, shell, MCP, unsafe code, toxicity: every rule is found in its examples, absent from its counter-examples, complete. */
import { describe, expect, test } from 'bun:test'
import * as fc from 'fast-check'
import type { Form, Place } from '../../../../src/core/guard/match.ts'
import { normalize } from '../../../../src/core/guard/normalize/normalize.ts'
import { compileRules } from '../../../../src/core/guard/rules/engine.ts'
import type { Rule } from '../../../../src/core/guard/rules/rule.ts'
import { EXFILTRATION_RULES } from '../../../../src/core/guard/rules/tables/exfiltration.ts'
import { MCP_RULES } from '../../../../src/core/guard/rules/tables/mcp.ts'
import { SHELL_RULES } from '../../../../src/core/guard/rules/tables/shell.ts'
import { TOXICITY_RULES } from '../../../../src/core/guard/rules/tables/toxicity.ts'
import { UNSAFE_CODE_RULES } from '../../../../src/core/guard/rules/tables/unsafe-code.ts'

const RULES: readonly Rule[] = [...EXFILTRATION_RULES, ...SHELL_RULES, ...MCP_RULES, ...UNSAFE_CODE_RULES, ...TOXICITY_RULES]

function plain(text: string): readonly Form[] {
  return [{ via: [], text, folded: text.toLowerCase(), rangeOf: (start, end) => ({ startUtf16: start, endUtf16: end }) }]
}

function placesOf(rule: Rule): readonly Place[] {
  return rule.directions.flatMap((direction) => rule.origins.map((origin) => ({ direction, origin, toolName: null })))
}

describe.each(RULES.map((rule) => [rule.id, rule] as const))('%s', (_, rule) => {
  const scan = compileRules([rule])
  test('is found in each of its examples, wherever it holds', () => {
    expect(rule.examples.filter((text) => placesOf(rule).some((place) => scan(plain(text), place).length === 0))).toEqual([])
  })
  test('is found in its examples deep inside of a longer text', () => {
    const around = 'The quick brown fox jumps over the lazy dog. '.repeat(40)
    const place = placesOf(rule)[0] as Place
    expect(rule.examples.filter((text) => scan(plain(`${around}\n${text}\n${around}`), place).length === 0)).toEqual([])
  })
  test('is absent from its counter-examples', () => {
    const place = placesOf(rule)[0] as Place
    expect(rule.counterExamples.filter((text) => scan(plain(text), place).length > 0)).toEqual([])
  })
  test('is found in its example in other letters, and in base64', () => {
    const place = placesOf(rule)[0] as Place
    // The normaliser decodes what is mostly letters, and neither short nor very long.
    const text = rule.examples.find(
      (example) =>
        example.length >= 16 && example.length < 1_000 && example.replace(/[^a-z ]/giu, '').length > example.length * 0.6,
    )
    if (text === undefined) return
    const wide = text.replace(/[a-z]/giu, (letter) => String.fromCharCode(letter.charCodeAt(0) + 0xfee0))
    expect(scan(normalize(wide), place).map(({ ruleId }) => ruleId)).toContain(rule.id)
    expect(scan(normalize(`Note: ${btoa(text)} end.`), place).map(({ ruleId, via }) => [ruleId, via[0]])).toContainEqual([
      rule.id,
      'base64',
    ])
  })
  test('is complete: examples, counter-examples, a description, literals that its examples hold', () => {
    expect(rule.examples.length).toBeGreaterThan(0)
    expect(rule.counterExamples.length).toBeGreaterThan(0)
    expect(rule.description.length).toBeGreaterThan(10)
    expect(rule.version).toBeGreaterThanOrEqual(1)
    expect(rule.words.flat().filter((word) => word !== word.toLowerCase())).toEqual([])
  })
})

test('all tables compile together: no id is used twice', () => {
  expect(() => compileRules(RULES)).not.toThrow()
})

test('keywords and code in answers are too weak for a block at balanced', () => {
  const strong = [...TOXICITY_RULES, ...UNSAFE_CODE_RULES].filter(
    ({ severity, confidence }) => severity !== 'low' && severity !== 'medium' && confidence >= 0.8,
  )
  expect(strong).toEqual([])
  expect(TOXICITY_RULES.filter(({ description }) => !description.includes('weak'))).toEqual([])
})

test('what a user writes himself is too weak for a block at balanced in these tables', () => {
  const strong = [...EXFILTRATION_RULES, ...SHELL_RULES].filter(
    ({ origins, severity, confidence }) =>
      origins.includes('user') && ['high', 'critical'].includes(severity) && confidence >= 0.8,
  )
  expect(strong.map(({ id }) => id)).toEqual([])
})

test('texts of any kind neither throw nor give ranges outside of them, and no finding repeats the text', () => {
  const scan = compileRules(RULES)
  const places = RULES.flatMap(placesOf)
  const piece = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.constantFrom(...RULES.flatMap(({ words }) => words.flat())),
    fc.constantFrom(...RULES.flatMap(({ examples }) => examples).filter((text) => text.length < 400)),
    fc.constantFrom(
      '%',
      '%zz',
      '![x](https://a.example/?',
      'data=',
      '=',
      '&',
      ' ',
      '\n',
      '\ud83d',
      '\0',
      'aGVsbG8gd29ybGQgaGVsbG8gd29ybGQ',
    ),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), fc.constantFrom(...places), (parts, place) => {
      const text = parts.join('')
      for (const { range, description } of scan(plain(text), place)) {
        expect(range?.startUtf16).toBeGreaterThanOrEqual(0)
        expect(range?.endUtf16).toBeLessThanOrEqual(text.length)
        expect(range?.startUtf16).toBeLessThan(range?.endUtf16 ?? 0)
        expect(RULES.some((rule) => rule.description === description)).toBe(true)
      }
    }),
    { numRuns: 500 },
  )
})

test('gaps in patterns are bounded', () => {
  const unbounded = RULES.filter(
    ({ pattern }) => pattern instanceof RegExp && /[*+]|\{\d+,\}/u.test(withoutClasses(pattern.source)),
  )
  expect(unbounded.map(({ id }) => id)).toEqual([])
})

/** Signs in a class are no quantifiers. */
function withoutClasses(source: string): string {
  return source.replace(/\\./gu, 'e').replace(/\[[^\]]*\]/gu, 'c')
}
