/**
 * Harmless texts that look dangerous (`test/fixtures/benign.jsonl`, all of them written for this project): none may be blocked. At the
 * balanced operating point that takes a match of at least high severity and at least 0.8 confidence. All rule tables are tried, those
 * that are off by default too, each text where it stands, in all its forms (decoded, look-alike letters).
 */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'bun:test'
import { ORIGINS, type Origin } from '../../../src/core/domain/segment.ts'
import type { Match, Place } from '../../../src/core/guard/match.ts'
import { normalize } from '../../../src/core/guard/normalize/normalize.ts'
import { createRuleScanner } from '../../../src/core/guard/rules/input-rules.ts'
import type { Rule } from '../../../src/core/guard/rules/rule.ts'

type Benign = {
  readonly id: string
  readonly kind: string
  readonly language: string
  readonly origin: Origin
  readonly text: string
}

const TABLES = new URL('../../../src/core/guard/rules/tables/', import.meta.url)
const TEXTS: readonly Benign[] = readFileSync(new URL('../../fixtures/benign.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line))

function isRules(value: unknown): value is readonly Rule[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((entry) => typeof entry === 'object' && 'pattern' in entry && 'words' in entry)
  )
}

/** Every table of rules that a file in `rules/tables` exports. Tables that are made of others repeat them. */
async function allRules(): Promise<readonly Rule[]> {
  const rules = new Map<string, Rule>()
  for (const file of readdirSync(TABLES).filter((name) => name.endsWith('.ts'))) {
    const exported: Record<string, unknown> = await import(new URL(file, TABLES).href)
    for (const rule of Object.values(exported).filter(isRules).flat()) rules.set(rule.id, rule)
  }
  return [...rules.values()]
}

const RULES = await allRules()
const scan = createRuleScanner(RULES)

function placeOf(origin: Origin): Place {
  return { direction: origin === 'assistant' ? 'output' : 'input', origin, toolName: null }
}

function isBlocked({ severity, confidence }: Match): boolean {
  return (severity === 'high' || severity === 'critical') && confidence >= 0.8
}

describe('harmless texts that look dangerous', () => {
  test('there are over 200 of them, in at least ten languages, no two alike', () => {
    expect(TEXTS.length).toBeGreaterThan(200)
    expect(new Set(TEXTS.map(({ language }) => language)).size).toBeGreaterThanOrEqual(10)
    expect(new Set(TEXTS.map(({ text }) => text)).size).toBe(TEXTS.length)
    expect(new Set(TEXTS.map(({ id }) => id)).size).toBe(TEXTS.length)
    expect(TEXTS.filter(({ origin }) => !ORIGINS.includes(origin))).toEqual([])
  })

  test('all rule tables are tried on them', () => {
    const tables = readdirSync(TABLES).filter((name) => name.endsWith('.ts'))
    expect(tables.length).toBeGreaterThanOrEqual(6)
    expect(RULES.length).toBeGreaterThan(100)
  })

  test.each(TEXTS.map((entry) => [entry.id, entry] as const))('%s is not blocked', (_id, { text, origin }) => {
    const blocking = scan(normalize(text), placeOf(origin)).filter(isBlocked)
    expect(blocking.map(({ ruleId }) => ruleId)).toEqual([])
  })

  test('none is blocked for exfiltration, commands or tools, though a tool brought it', () => {
    const scanResult = createRuleScanner(
      RULES.filter(({ category }) => ['exfiltration', 'shell', 'mcp', 'unsafe_code'].includes(category)),
    )
    const blocked = TEXTS.filter(({ text }) => scanResult(normalize(text), placeOf('tool_result')).some(isBlocked))
    expect(blocked.map(({ id }) => id)).toEqual([])
  })
})
