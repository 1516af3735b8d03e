import { describe, expect, test } from 'bun:test'
import type { GuardPolicy } from '../../../src/core/domain/guard-policy.ts'
import type { SpanId } from '../../../src/core/domain/ids.ts'
import type { Segment } from '../../../src/core/domain/segment.ts'
import type { NamedScanner } from '../../../src/core/guard/engine.ts'
import type { GuardAsk, Judgement } from '../../../src/core/guard/guard.ts'
import { TOXICITY_RULES } from '../../../src/core/guard/rules/tables/toxicity.ts'
import { aGuard, aPolicy, wordScanner } from '../../support/guard.ts'

const WORD: NamedScanner = { name: 'word', scan: wordScanner('attack') }
const BROKEN: NamedScanner = {
  name: 'broken',
  scan: () => {
    throw new Error('bug')
  },
}

function segment(text: string, more: Partial<Segment> = {}): Segment {
  return { origin: 'user', pointer: '/messages/0/content', kind: 'text', text, name: null, ...more }
}

function judge(
  texts: readonly (string | Segment)[],
  policy: Partial<GuardPolicy>,
  { scanners = [WORD], ...more }: Partial<GuardAsk> & { scanners?: readonly NamedScanner[] } = {},
): Judgement {
  return aGuard(scanners).judge({
    spanId: 's1' as SpanId,
    direction: 'input',
    policy: aPolicy(policy),
    inspection: { segments: texts.map((text) => (typeof text === 'string' ? segment(text) : text)), uninspected: [] },
    unread: null,
    more: [],
    ...more,
  })
}

describe('the mode decides what becomes of a finding', () => {
  for (const [mode, action] of [
    ['log', 'pass'],
    ['flag', 'flag'],
    ['redact', 'redact'],
    ['block', 'block'],
  ] as const) {
    test(`${mode}: ${action}`, () => {
      const judged = judge(['an attack'], { mode })
      expect([judged.action, judged.findings.map((finding) => finding.action)]).toEqual([action, [action]])
    })
  }

  test('and nothing found passes in all of them', () => {
    expect(judge(['peace'], { mode: 'block' })).toMatchObject({ action: 'pass', findings: [], redactions: [], notes: [] })
  })
})

describe('a finding', () => {
  test('says where it is and what kind, never the text', () => {
    const judged = judge([segment('a secret attack', { pointer: '/messages/3/content', origin: 'tool_result' })], {
      mode: 'flag',
    })
    expect(judged.findings).toMatchObject([
      {
        id: 's1-input-0',
        findingType: 'prompt_injection',
        origin: 'tool_result',
        pointer: '/messages/3/content',
        range: { startUtf16: 9, endUtf16: 15 },
        ruleId: 'test.word',
      },
    ])
    expect(JSON.stringify(judged.findings)).not.toContain('attack')
    expect(judged.findings[0]?.excerpt).toMatch(/^6 chars, #[0-9a-f]{4}$/)
  })

  test('is an edit where it is redacted', () => {
    expect(judge(['an attack'], { mode: 'redact' }).redactions).toMatchObject([
      {
        segment: { pointer: '/messages/0/content' },
        ranges: [{ startUtf16: 3, endUtf16: 9, replacement: '[REMOVED:PROMPT_INJECTION]' }],
      },
    ])
  })

  test('of the gravest comes first, and a hundred are kept', () => {
    const weak: NamedScanner = { name: 'weak', scan: wordScanner('x', { severity: 'low' }) }
    const judged = judge(['attack', 'x'.repeat(300)], { mode: 'block' }, { scanners: [weak, WORD] })
    expect([judged.findings.length, judged.findings[0]?.severity, judged.action]).toEqual([100, 'high', 'block'])
  })

  test('of hundreds are all taken out, and what lies beyond all bounds is no silent rest', () => {
    const edits = (times: number): Judgement => judge(['attack '.repeat(times)], { mode: 'redact', fail: 'closed' })
    expect(edits(1000).redactions[0]?.ranges).toHaveLength(1000)
    expect([edits(20_000).action, edits(20_000).notes]).toEqual(['block', ['guard.failed:word:too_many']])
  })

  test('that is hardly sure is none', () => {
    const unsure: NamedScanner = { name: 'unsure', scan: wordScanner('attack', { confidence: 0.2 }) }
    expect(judge(['attack'], { mode: 'block' }, { scanners: [unsure] }).findings).toEqual([])
  })
})

describe('what cannot be judged', () => {
  const CASES: readonly (readonly [Partial<GuardPolicy>, string])[] = [
    [{ mode: 'log', fail: 'closed' }, 'pass'],
    [{ mode: 'flag', fail: 'closed' }, 'flag'],
    [{ mode: 'block', fail: 'open' }, 'flag'],
    [{ mode: 'block', fail: 'closed' }, 'block'],
    [{ mode: 'redact', fail: 'closed' }, 'block'],
    [{ mode: 'block', fail: 'closed', isShadow: true }, 'pass'],
    // Personal data is taken out whatever the mode is.
    [{ mode: 'flag', fail: 'closed', pii: { action: 'redact_silent', directions: ['input'] } }, 'block'],
  ]
  for (const [policy, action] of CASES) {
    const { mode, fail, isShadow = false, pii } = policy
    const named = `${mode}, fail ${fail}${isShadow ? ', shadow' : ''}${pii === undefined ? '' : ', PII redacted'}: ${action}`
    test(`because a detector throws (${named})`, () => {
      const judged = judge(['peace'], policy, { scanners: [BROKEN] })
      expect([judged.action, judged.notes]).toEqual([action, ['guard.failed:broken']] as never)
    })
    test(`because the body could not be read (${named})`, () => {
      const judged = judge([], policy, { unread: 'request.encoded' })
      expect([judged.action, judged.findings.map((finding) => finding.findingType)]).toEqual([action, ['unread_body']] as never)
    })
  }

  test('a detector that throws does not silence the others', () => {
    expect(judge(['attack'], { mode: 'block' }, { scanners: [BROKEN, WORD] }).findings).toHaveLength(1)
  })

  test('because the time is over: the newest texts were judged, and the notes say it', () => {
    let now = 0
    const guard = aGuard([{ name: 'slow', scan: (forms, place) => ((now += 40), WORD.scan(forms, place)) }], {
      monotonic: () => now,
    })
    const judged = guard.judge({
      spanId: 's1' as SpanId,
      direction: 'input',
      policy: aPolicy({ mode: 'block', timeoutMs: 50 }),
      inspection: { segments: ['attack', 'peace', 'peace'].map((text) => segment(text)), uninspected: [] },
      unread: null,
      more: [],
    })
    expect([judged.findings, judged.notes, judged.action, judged.tookMs]).toEqual([[], ['guard.deadline'], 'flag', 80])
  })
})

describe('a policy', () => {
  const pii: NamedScanner = {
    name: 'pii',
    scan: wordScanner('mail', { findingType: 'pii_detected', category: 'pii', severity: 'medium' }),
  }

  test('speaks about one category, of one origin', () => {
    const categories = [
      { findingType: 'injection', origins: ['tool_result'], action: 'block', threshold: 0.8, isShadow: false },
    ] as const
    expect(judge(['attack'], { categories }).action).toBe('pass')
    expect(judge([segment('attack', { origin: 'tool_result' })], { categories }).action).toBe('block')
  })

  test('has a threshold for it', () => {
    const categories = [
      { findingType: 'prompt_injection', origins: null, action: 'block', threshold: 0.95, isShadow: false },
    ] as const
    expect(judge(['attack'], { categories, mode: 'block' }).action).toBe('pass')
  })

  test('in shadow mode says what it would have done, and does nothing', () => {
    const judged = judge(['attack'], { mode: 'block', isShadow: true })
    expect([judged.action, judged.findings[0]?.action, judged.findings[0]?.shadowAction]).toEqual(['pass', 'pass', 'block'])
  })

  test('takes personal data out in the directions that it names, whatever the mode', () => {
    const policy = { pii: { action: 'alert_and_redact', directions: ['output'] } } as const
    expect(judge(['mail'], policy, { scanners: [pii] }).action).toBe('pass')
    expect(judge(['mail'], policy, { scanners: [pii], direction: 'output' }).action).toBe('redact')
    expect(judge(['mail'], { mode: 'block' }, { scanners: [pii] }).action).toBe('flag')
  })

  test('leaves what is weaker than its bounds alone', () => {
    expect(judge(['attack'], { mode: 'block', severityMin: 'critical' }).action).toBe('pass')
    expect(judge(['attack'], { mode: 'block', confidenceMin: 0.95 }).action).toBe('pass')
  })

  test('drops what it allows', () => {
    const entry = { findingType: null, ruleId: null, text: null }
    for (const allowed of [{ findingType: 'injection' }, { ruleId: 'test.word' }, { text: 'attack' }]) {
      expect(judge(['attack'], { mode: 'block', allow: [{ ...entry, ...allowed }] }).findings).toEqual([])
    }
    expect(judge(['attack'], { mode: 'block', allow: [{ ...entry, text: 'an attack' }] }).action).toBe('block')
  })

  test('that names toxicity has words looked for; none else has', () => {
    const [rule] = TOXICITY_RULES
    const text = rule?.examples[0] ?? ''
    const origins = rule?.origins ?? []
    const asked = { findingType: 'toxicity', origins: null, action: 'flag', threshold: 0, isShadow: false } as const
    const direction = rule?.directions[0] ?? 'input'
    const spoken = segment(text, { origin: origins[0] ?? 'user' })
    expect(judge([spoken], {}, { direction }).findings).toEqual([])
    expect(judge([spoken], { categories: [asked] }, { direction }).findings.length).toBeGreaterThan(0)
  })

  test('has rules of its own, for the directions and origins that they name', () => {
    const rule = {
      id: 'bird',
      pattern: 'blue\\s?bird',
      isCaseSensitive: false,
      severity: 'high',
      confidence: 0.9,
      directions: ['input'],
      origins: ['user'],
      description: 'a project',
    } as const
    const policy = { mode: 'block', customRules: [rule] } as const
    const judged = judge(['Our Blue Bird flies'], policy)
    expect(judged.findings).toMatchObject([
      { ruleId: 'custom.bird', category: 'custom', range: { startUtf16: 4, endUtf16: 13 } },
    ])
    expect(judge(['bluebird'], policy, { direction: 'output' }).findings).toEqual([])
    expect(judge([segment('bluebird', { origin: 'system' })], policy).findings).toEqual([])
  })
})

test('a text that comes again is judged as before, for any policy', () => {
  let scans = 0
  const guard = aGuard([{ name: 'counted', scan: (forms, place) => ((scans += 1), WORD.scan(forms, place)) }])
  const text = `${'a long history '.repeat(10)} with an attack`
  const ask = (policy: GuardPolicy, more: Partial<GuardAsk> = {}): Judgement =>
    guard.judge({
      spanId: 's1' as SpanId,
      direction: 'input',
      policy,
      inspection: { segments: [segment(text)], uninspected: [] },
      unread: null,
      more: [],
      ...more,
    })
  expect(ask(aPolicy({ mode: 'block' })).action).toBe('block')
  expect(ask(aPolicy({ mode: 'flag' })).action).toBe('flag')
  expect(scans).toBe(1)
  ask(aPolicy(), { direction: 'output' })
  expect(scans).toBe(2)
})
