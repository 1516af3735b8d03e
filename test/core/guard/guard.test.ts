import { expect, test } from 'bun:test'
import { PASS, type Finding, type VerdictAction } from '../../../src/core/domain/finding.ts'
import { EMPTY_INSPECTION, type Inspection } from '../../../src/core/domain/segment.ts'
import { guard, type Detector } from '../../../src/core/guard/guard.ts'
import { aConfig, aSegment } from '../../support/fakes.ts'

const POLICY = { version: 3, capture: aConfig().capture, guard: aConfig().guard }

function finding(id: string): Finding {
  return {
    id,
    findingType: 'test',
    category: 'injection',
    direction: 'input',
    origin: 'user',
    via: [],
    excerpt: null,
    action: 'flag',
    shadowAction: null,
    severity: 'low',
    confidence: 0.5,
    description: '',
    pointer: null,
    range: null,
    ruleId: null,
  }
}

function detector(action: VerdictAction, ...ids: readonly string[]): Detector {
  return () => ({ action, findings: ids.map(finding) })
}

const ORDER: readonly VerdictAction[] = ['pass', 'flag', 'redact', 'block']

function unread(): Inspection {
  throw new Error('read')
}

test('without detectors every call passes, and its texts are not even read', () => {
  expect(guard(unread, POLICY, [])).toBe(PASS)
})

test('the strictest verdict holds, in whatever order detectors speak', () => {
  for (const first of ORDER) {
    for (const second of ORDER) {
      const strictest = ORDER[Math.max(ORDER.indexOf(first), ORDER.indexOf(second))]
      expect(guard(() => EMPTY_INSPECTION, POLICY, [detector(first), detector(second)]).action).toBe(strictest!)
    }
  }
})

test('findings of all detectors are kept, also of those that let the call pass', () => {
  const verdict = guard(() => EMPTY_INSPECTION, POLICY, [detector('block', 'a', 'b'), detector('pass', 'c'), detector('flag')])
  expect([verdict.action, verdict.findings.map(({ id }) => id)]).toEqual(['block', ['a', 'b', 'c']])
})

test('a detector sees the segments and the policy', () => {
  const inspection: Inspection = { segments: [aSegment('hi')], uninspected: [] }
  const seen: unknown[] = []
  guard(() => inspection, POLICY, [(given, policy) => (seen.push(given, policy), PASS)])
  expect(seen).toEqual([inspection, POLICY])
})
