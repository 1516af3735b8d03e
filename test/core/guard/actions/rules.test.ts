import { expect, test } from 'bun:test'
import { COMMAND_RULES } from '../../../../src/core/guard/actions/command-rules.ts'
import { PATH_RULES } from '../../../../src/core/guard/actions/scan-path.ts'
import { URL_RULES } from '../../../../src/core/guard/actions/scan-url.ts'
import { SESSION_RULES } from '../../../../src/core/guard/actions/session.ts'

const RULES = [...COMMAND_RULES.values(), ...URL_RULES, ...PATH_RULES, ...SESSION_RULES]

test('ids of rules are unique and say where they belong', () => {
  const ids = RULES.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids.filter((id) => !/^action\.(command|url|path|session)\.[a-z0-9-]+$/.test(id))).toEqual([])
})

test('a rule is either strong and sure enough to block, or neither', () => {
  const odd = RULES.filter(({ severity, confidence }) => (severity === 'high' || severity === 'critical') !== confidence >= 0.8)
  expect(odd.map(({ id }) => id)).toEqual([])
})
