/**
 * What another policy would have done to calls that were stored: each one's texts are judged again by the same guard, and the outcome is
 * held against what was done then. Nothing changes. It sees what was kept: a text that was cut or not kept is not judged, and what was
 * taken out of a text is decided anew from its record.
 */
import {
  CATEGORIES,
  type Category,
  type Direction,
  type Finding,
  type FindingType,
  type VerdictAction,
} from '../domain/finding.ts'
import type { GuardPolicy } from '../domain/guard-policy.ts'
import type { SpanId, TraceId } from '../domain/ids.ts'
import type { CapturedText, TraceSpan } from '../domain/span.ts'
import { modelOf } from '../domain/span.ts'
import type { EpochMs } from '../domain/time.ts'
import { actionOnFailure, decide, stricter } from './decide/decide.ts'
import type { Guard } from './guard.ts'
import type { Judged } from './match.ts'

/** Span ids that stand for a row. */
export const EXAMPLES_MAX = 5
/** Newly blocked calls that are listed; the rest is counted. */
export const LISTED_MAX = 100

/** Only what changes something, or is told: `pass` is not counted. */
export const TOLD_ACTIONS = ['block', 'redact', 'flag'] as const satisfies readonly VerdictAction[]
export type ToldAction = (typeof TOLD_ACTIONS)[number]

/** Calls of one category whose strictest finding had this action. */
export type BacktestRow = {
  readonly category: Category
  readonly action: ToldAction
  readonly before: number
  readonly after: number
  readonly beforeExamples: readonly SpanId[]
  readonly afterExamples: readonly SpanId[]
}

export type ChangedCall = {
  readonly spanId: SpanId
  readonly traceId: TraceId
  readonly startTime: EpochMs
  readonly model: string | null
  readonly before: VerdictAction
  /** Types of the findings that block it, without repeats. */
  readonly findingTypes: readonly string[]
}

export type BacktestReport = {
  readonly calls: number
  /** Calls of which at least one side was judged. */
  readonly judged: number
  /** By reason; a call of which only one side was judged counts here too. */
  readonly notJudged: { readonly withoutTexts: number; readonly truncated: number; readonly failed: number }
  /** Judged calls by their strictest action. */
  readonly verdicts: { readonly [action in VerdictAction]: { readonly before: number; readonly after: number } }
  /** Rows in the order of the categories, the strictest action first; without those that are zero then and now. */
  readonly rows: readonly BacktestRow[]
  /** At most `LISTED_MAX`, in the order in which they were given. */
  readonly newlyBlocked: readonly ChangedCall[]
  readonly newlyBlockedCount: number
  readonly noLongerBlocked: number
}

export type Backtest = {
  /** A span with its texts. */
  add(span: TraceSpan): void
  report(): BacktestReport
}

/** `policy` is tried as if its shadow mode were off: a shadow's decisions are what one asks for. */
export function createBacktest(guard: Guard, policy: GuardPolicy): Backtest {
  const cells = new Map<string, Cell>()
  const verdicts = { pass: both(), flag: both(), redact: both(), block: both() }
  const counts = { calls: 0, judged: 0, withoutTexts: 0, truncated: 0, failed: 0, newlyBlocked: 0, noLongerBlocked: 0 }
  const newlyBlocked: ChangedCall[] = []

  function add(span: TraceSpan): void {
    counts.calls += 1
    const sides = (['input', 'output'] as const).map((direction) => judgeSide(guard, policy, span, direction))
    if (sides.some((side) => side.kind === 'truncated')) counts.truncated += 1
    if (sides.some((side) => side.kind === 'failed')) counts.failed += 1
    const judged = sides.flatMap((side) => (side.kind === 'judged' ? [side] : []))
    if (judged.length === 0) {
      if (sides.every((side) => side.kind === 'empty')) counts.withoutTexts += 1
      return
    }
    counts.judged += 1
    // Only what was judged on both occasions can be compared.
    const before = judged.flatMap((side) => side.before)
    const after = judged.flatMap((side) => side.after)
    for (const [when, found] of [
      ['before', before],
      ['after', after],
    ] as const) {
      verdicts[strictestOf(found)][when] += 1
      for (const category of new Set(found.map((one) => one.category))) {
        const action = strictestOf(found.filter((one) => one.category === category))
        if (action !== 'pass') cellOf(category, action)[when].add(span.spanId)
      }
    }
    compare(span, strictestOf(before), after)
  }

  function compare(span: TraceSpan, before: VerdictAction, after: readonly Outcome[]): void {
    const isBlocked = strictestOf(after) === 'block'
    if (before === 'block' && !isBlocked) counts.noLongerBlocked += 1
    if (before === 'block' || !isBlocked) return
    counts.newlyBlocked += 1
    if (newlyBlocked.length >= LISTED_MAX) return
    const blocking = after.filter(({ action }) => action === 'block')
    newlyBlocked.push({
      spanId: span.spanId,
      traceId: span.traceId,
      startTime: span.startTime,
      model: modelOf(span),
      before,
      findingTypes: [...new Set(blocking.map(({ findingType }) => findingType))],
    })
  }

  function cellOf(category: Category, action: ToldAction): Cell {
    const key = `${category} ${action}`
    let cell = cells.get(key)
    if (cell === undefined) cells.set(key, (cell = { before: createExamples(), after: createExamples() }))
    return cell
  }

  function report(): BacktestReport {
    const rows = CATEGORIES.flatMap((category) =>
      TOLD_ACTIONS.flatMap((action): BacktestRow[] => {
        const cell = cells.get(`${category} ${action}`)
        if (cell === undefined) return []
        const { before, after } = cell
        const examples = { beforeExamples: before.spanIds(), afterExamples: after.spanIds() }
        return [{ category, action, before: before.count(), after: after.count(), ...examples }]
      }),
    )
    return {
      calls: counts.calls,
      judged: counts.judged,
      notJudged: { withoutTexts: counts.withoutTexts, truncated: counts.truncated, failed: counts.failed },
      verdicts: {
        pass: { ...verdicts.pass },
        flag: { ...verdicts.flag },
        redact: { ...verdicts.redact },
        block: { ...verdicts.block },
      },
      rows,
      newlyBlocked: [...newlyBlocked],
      newlyBlockedCount: counts.newlyBlocked,
      noLongerBlocked: counts.noLongerBlocked,
    }
  }

  return { add, report }
}

type Outcome = { readonly category: Category; readonly findingType: string; readonly action: VerdictAction }

type Side =
  | { readonly kind: 'judged'; readonly before: readonly Outcome[]; readonly after: readonly Outcome[] }
  | { readonly kind: 'empty' | 'truncated' | 'failed' }

function judgeSide(guard: Guard, policy: GuardPolicy, span: TraceSpan, direction: Direction): Side {
  const text: CapturedText = direction === 'input' ? span.input : span.output
  const recorded = span.findings.filter((finding) => finding.direction === direction)
  const isGone = isTakenOut(recorded, direction)
  if (text.isTruncated) return { kind: 'truncated' }
  if (text.segments.length === 0 && !isGone) return { kind: 'empty' }
  const request = { segments: span.input.segments, uninspected: [] }
  const more = direction === 'output' ? guard.scannersFor(request) : []
  const found: Outcome[] = []
  for (const segment of text.segments) {
    const place = { direction, origin: segment.origin, toolName: segment.name }
    const { judged, failed } = guard.judgeText(segment.text, place, policy, more)
    if (failed.length > 0) return { kind: 'failed' }
    for (const one of judged) found.push(outcomeOf(one, span, direction, policy))
  }
  for (const finding of recorded) {
    const again = isGone || isNotOfText(finding) ? decideAgain(finding, policy) : null
    if (again !== null) found.push(outcomeOf(again, span, direction, policy))
  }
  return { kind: 'judged', before: recorded, after: found }
}

/** A request that was refused was kept as it came; what was redacted, and an answer that was refused, is not there any more. */
function isTakenOut(recorded: readonly Finding[], direction: Direction): boolean {
  const isBlocked = recorded.some(({ action }) => action === 'block')
  return isBlocked ? direction === 'output' : recorded.some(({ action }) => action === 'redact')
}

/** What is known of a session or of the body as a whole is not in the texts of one call. */
function isNotOfText({ category, pointer }: Finding): boolean {
  return category === 'unread' || pointer === null
}

type Decided = Pick<Judged, 'category' | 'action' | 'shadowAction'> & { readonly findingType: string }

/** What the policy makes of a finding whose text is not there. An allowed text cannot be told any more. */
function decideAgain(finding: Finding, policy: GuardPolicy): Decided | null {
  if (finding.category === 'unread') return { ...finding, action: actionOnFailure(policy), shadowAction: null }
  const place = { direction: finding.direction, origin: finding.origin ?? 'user', toolName: null } as const
  // What is stored has a type that some version knew: types are never renamed.
  const findingType = finding.findingType as FindingType
  const match = { ...finding, findingType, ruleId: finding.ruleId ?? findingType, range: null, via: [], tag: null }
  return decide(match, place, '', policy)
}

function outcomeOf(judged: Decided, span: TraceSpan, direction: Direction, policy: GuardPolicy): Outcome {
  const action = judged.shadowAction ?? judged.action
  const isStop = action === 'redact' && direction === 'output' && span.isStreaming && policy.streaming.onFinding === 'stop'
  return { category: judged.category, findingType: judged.findingType, action: isStop ? 'block' : action }
}

function strictestOf(found: readonly Outcome[]): VerdictAction {
  return found.reduce<VerdictAction>((strictest, { action }) => stricter(strictest, action), 'pass')
}

type Examples = { add(spanId: SpanId): void; count(): number; spanIds(): readonly SpanId[] }
type Cell = { readonly before: Examples; readonly after: Examples }

function createExamples(): Examples {
  const first: SpanId[] = []
  let count = 0
  return {
    add: (spanId) => {
      count += 1
      if (first.length < EXAMPLES_MAX) first.push(spanId)
    },
    count: () => count,
    spanIds: () => [...first],
  }
}

function both(): { before: number; after: number } {
  return { before: 0, after: 0 }
}
