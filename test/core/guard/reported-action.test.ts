import { describe, expect, test } from 'bun:test'
import type { GuardPolicy } from '../../../src/core/domain/guard-policy.ts'
import type { ReportedAction } from '../../../src/core/domain/query.ts'
import { judgeReported, type JudgedReport } from '../../../src/core/guard/reported-action.ts'
import { aGuard, aPolicy, wordScanner } from '../../support/guard.ts'

const secret = { category: 'secret', findingType: 'secret_leakage', tag: '[KEY]' } as const
const guard = aGuard([{ name: 'key', scan: wordScanner('sec_[a-z]+', secret) }])
const ACTION: ReportedAction = {
  actionType: 'tool_call',
  name: 'send',
  arguments: '{"key":"sec_abc","n":1}',
  result: 'sent sec_abc',
  durationMs: null,
  isSuccess: true,
  exitCode: null,
  httpMethod: null,
  httpStatus: null,
  fileOperation: null,
  metadata: {},
}

function judge(policy: Partial<GuardPolicy>, action = ACTION): JudgedReport {
  return judgeReported(guard, { action, policy: aPolicy(policy), findingId: () => 'id' })
}

describe('a reported action', () => {
  test.each(['redact', 'block'] as const)('is told, and kept without what the policy takes out: %s', (mode) => {
    const { findings, action } = judge({ mode })
    expect(findings.map(({ pointer, action: told }) => [pointer, told])).toEqual([
      ['/arguments', 'flag'],
      ['/result', 'flag'],
    ])
    expect(action).toEqual({ ...ACTION, arguments: '{"key":"[KEY]","n":1}', result: 'sent [KEY]' })
  })

  test.each([{ mode: 'log' }, { mode: 'flag' }, { mode: 'block', isShadow: true }] as const)(
    'is kept as it is: %p',
    (policy) => {
      expect(judge(policy).action).toBe(ACTION)
    },
  )

  test('loses a text from which it cannot be taken out', () => {
    expect(judge({ mode: 'redact' }, { ...ACTION, arguments: '{"a":sec_abc}' }).action.arguments).toBeNull()
  })
})
