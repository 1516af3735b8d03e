import { describe, expect, test } from 'bun:test'
import type { Finding } from '../../../src/core/domain/finding.ts'
import type { GuardPolicy } from '../../../src/core/domain/guard-policy.ts'
import { NO_TEXT, type CapturedText, type TraceSpan } from '../../../src/core/domain/span.ts'
import { createBacktest, EXAMPLES_MAX, LISTED_MAX, type BacktestReport } from '../../../src/core/guard/backtest.ts'
import type { NamedScanner } from '../../../src/core/guard/engine.ts'
import { aSpan } from '../../support/a-span.ts'
import { aGuard, aPolicy, wordScanner } from '../../support/guard.ts'
import { spanIdOf } from '../../support/ids.ts'

const PII = { findingType: 'pii_detected', category: 'pii', ruleId: 'test.pii', severity: 'medium' } as const
const SCANNERS: readonly NamedScanner[] = [
  { name: 'attack', scan: wordScanner('attack') },
  { name: 'mail', scan: wordScanner('mail', PII) },
]

function kept(text: string, more: Partial<CapturedText> = {}): CapturedText {
  const segment = { origin: 'user', pointer: '/messages/0/content', kind: 'text', text, name: null } as const
  return { segments: [segment], textBytes: text.length, isTruncated: false, ...more }
}

function aFinding(more: Partial<Finding> = {}): Finding {
  return {
    id: 'f1',
    findingType: 'prompt_injection',
    category: 'injection',
    severity: 'high',
    confidence: 0.9,
    description: 'a word',
    direction: 'input',
    origin: 'user',
    pointer: '/messages/0/content',
    range: null,
    ruleId: 'test.word',
    via: [],
    excerpt: null,
    action: 'flag',
    shadowAction: null,
    ...more,
  }
}

function backtest(
  policy: Partial<GuardPolicy>,
  spans: readonly Partial<TraceSpan>[],
  scanners: readonly NamedScanner[] = SCANNERS,
): BacktestReport {
  const run = createBacktest(aGuard(scanners), aPolicy(policy))
  for (const [i, span] of spans.entries()) run.add(aSpan({ spanId: spanIdOf(i + 1), ...span }))
  return run.report()
}

const verdictsOf = (report: BacktestReport): unknown =>
  Object.fromEntries(
    Object.entries(report.verdicts).flatMap(([action, { before, after }]) =>
      before + after > 0 ? [[action, [before, after]]] : [],
    ),
  )

describe('what a policy would have done', () => {
  const flagged = { input: kept('an attack'), findings: [aFinding()] }
  const CASES: readonly (readonly [why: string, policy: Partial<GuardPolicy>, span: Partial<TraceSpan>, verdicts: object])[] = [
    ['nothing to a harmless call', { mode: 'block' }, { input: kept('peace') }, { pass: [1, 1] }],
    ['a flagged call is blocked', { mode: 'block' }, flagged, { flag: [1, 0], block: [0, 1] }],
    ['a flagged call is recorded only', { mode: 'log' }, flagged, { flag: [1, 0], pass: [0, 1] }],
    ['the same again', { mode: 'flag' }, flagged, { flag: [1, 1] }],
    ['what was not found then', { mode: 'block' }, { input: kept('an attack') }, { pass: [1, 0], block: [0, 1] }],
    [
      'a call that was blocked passes',
      { mode: 'log' },
      { input: kept('an attack'), findings: [aFinding({ action: 'block' })] },
      { block: [1, 0], pass: [0, 1] },
    ],
    ['its shadow decides as if it were none', { mode: 'block', isShadow: true }, flagged, { flag: [1, 0], block: [0, 1] }],
    [
      'what a shadow decided then was not done',
      { mode: 'flag' },
      { input: kept('an attack'), findings: [aFinding({ action: 'pass', shadowAction: 'block' })] },
      { pass: [1, 0], flag: [0, 1] },
    ],
    [
      'what was taken out of a request is decided by its record',
      { mode: 'block' },
      { input: kept('an [REMOVED]'), findings: [aFinding({ action: 'redact' })] },
      { redact: [1, 0], block: [0, 1] },
    ],
    [
      'an answer that was blocked and not kept is decided by its record',
      { mode: 'flag' },
      { output: NO_TEXT, findings: [aFinding({ action: 'block', direction: 'output' })] },
      { block: [1, 0], flag: [0, 1] },
    ],
    [
      'what is no longer found in a text that is there passes',
      { mode: 'block' },
      { input: kept('peace'), findings: [aFinding({ action: 'block' })] },
      { block: [1, 0], pass: [0, 1] },
    ],
    [
      'a finding in an answer counts as one in a request',
      { mode: 'flag' },
      { input: kept('peace'), output: kept('an attack') },
      { pass: [1, 0], flag: [0, 1] },
    ],
    [
      'a stream that would be stopped is blocked',
      { mode: 'redact', streaming: { mode: 'hold', windowChars: 256, onFinding: 'stop' } },
      { output: kept('an attack'), isStreaming: true },
      { pass: [1, 0], block: [0, 1] },
    ],
    [
      'a request with the same finding is redacted',
      { mode: 'redact', streaming: { mode: 'hold', windowChars: 256, onFinding: 'stop' } },
      { input: kept('an attack'), isStreaming: true },
      { pass: [1, 0], redact: [0, 1] },
    ],
    [
      'a body that could not be read is refused where the policy is closed',
      { mode: 'block', fail: 'closed' },
      {
        output: kept('peace'),
        findings: [aFinding({ category: 'unread', findingType: 'unread_body', pointer: null, direction: 'output' })],
      },
      { flag: [1, 0], block: [0, 1] },
    ],
  ]
  for (const [why, policy, span, verdicts] of CASES) {
    test(why, () => expect(verdictsOf(backtest(policy, [span]))).toEqual(verdicts))
  }

  test('is told by category, a call once in each, with its strictest action', () => {
    const spans = Array.from({ length: EXAMPLES_MAX + 2 }, () => ({ input: kept('an attack, a mail, an attack') }))
    const report = backtest({ mode: 'block', pii: { action: 'alert_and_redact', directions: ['input'] } }, [
      ...spans,
      { input: kept('a mail'), findings: [aFinding({ ...PII, action: 'flag' })] },
    ])
    const ids = spans.map((_, i) => spanIdOf(i + 1)).slice(0, EXAMPLES_MAX)
    expect(report.rows).toEqual([
      { category: 'injection', action: 'block', before: 0, after: 7, beforeExamples: [], afterExamples: ids },
      { category: 'pii', action: 'redact', before: 0, after: 8, beforeExamples: [], afterExamples: ids },
      { category: 'pii', action: 'flag', before: 1, after: 0, beforeExamples: [spanIdOf(8)], afterExamples: [] },
    ])
  })

  test('newly blocked calls are listed with why, up to a bound, and those no longer blocked are counted', () => {
    const spans = Array.from({ length: LISTED_MAX + 3 }, () => ({
      input: kept('an attack and a mail'),
      findings: [aFinding()],
    }))
    const report = backtest({ mode: 'block' }, [...spans, { input: kept('peace'), findings: [aFinding({ action: 'block' })] }])
    expect(report.newlyBlocked).toHaveLength(LISTED_MAX)
    expect(report.newlyBlocked[0]).toMatchObject({ spanId: spanIdOf(1), before: 'flag', findingTypes: ['prompt_injection'] })
    expect([report.newlyBlockedCount, report.noLongerBlocked]).toEqual([LISTED_MAX + 3, 1])
  })
})

describe('what cannot be judged is counted and changes no figure', () => {
  test('calls without texts, cut texts, detectors that fail', () => {
    const broken: NamedScanner = {
      name: 'broken',
      scan: ([form]) => {
        if (form?.text === 'boom') throw new Error('bug')
        return []
      },
    }
    const report = backtest(
      { mode: 'block' },
      [
        { findings: [aFinding()] },
        { input: kept('an attack', { isTruncated: true }), output: kept('an attack') },
        { input: kept('an attack', { isTruncated: true }), findings: [aFinding()] },
        { input: kept('boom') },
      ],
      [...SCANNERS, broken],
    )
    expect(report).toMatchObject({ calls: 4, judged: 1, notJudged: { withoutTexts: 1, truncated: 2, failed: 1 } })
    expect(verdictsOf(report)).toEqual({ pass: [1, 0], block: [0, 1] })
  })
})
