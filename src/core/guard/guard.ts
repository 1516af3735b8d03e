/**
 * The guard stage: the texts of a call and a policy to a verdict, with what has to be taken out where the policy says so. It never
 * throws and never waits; what it could not judge is told in its notes and handled as the policy says.
 */
import type { Category, Direction, Finding, TextRange, Verdict, VerdictAction } from '../domain/finding.ts'
import type { GuardPolicy } from '../domain/guard-policy.ts'
import type { SpanId } from '../domain/ids.ts'
import type { Inspection, Origin, Segment } from '../domain/segment.ts'
import type { Clock } from '../ports.ts'
import { isOpenToAll, scanToolCalls } from './actions/scan-tool-calls.ts'
import { scanCustomRules } from './custom-rules.ts'
import { actionOnFailure, decide, stricter } from './decide/decide.ts'
import type { Engine, NamedScanner } from './engine.ts'
import { excerptOf } from './excerpt.ts'
import type { Judge, Judged, Place } from './match.ts'
import { compileRules } from './rules/engine.ts'
import { TOXICITY_RULES } from './rules/tables/toxicity.ts'
import type { SegmentRedaction } from './redact/redact-segments.ts'
import type { RangeEdit } from './redact/replace-strings.ts'

/** Findings kept of one call, the gravest first: what comes after them changes no decision. */
export const FINDINGS_MAX = 100
/** A match that is less sure says nothing, whatever a policy asks for. */
const CONFIDENCE_MIN = 0.3

export type Judgement = Verdict & {
  /** What has to be taken out before it may pass, or be kept. */
  readonly redactions: readonly SegmentRedaction[]
  /** What could not be judged: `guard.deadline`, `guard.failed:pii`. */
  readonly notes: readonly string[]
  readonly tookMs: number
}

export type GuardAsk = {
  readonly spanId: SpanId
  readonly direction: Direction
  readonly policy: GuardPolicy
  readonly inspection: Inspection
  /** Why the body could not be read; null where it could. */
  readonly unread: string | null
  /** Scanners of this call only. */
  readonly more: readonly NamedScanner[]
}

export type Guard = {
  judge(ask: GuardAsk): Judgement
  /** Matches in one text with what the policy makes of them. */
  judgeText(text: string, place: Place, policy: GuardPolicy, more: readonly NamedScanner[]): TextJudgement
  /** Scanners for the answer to this request. */
  scannersFor(request: Inspection): readonly NamedScanner[]
  readonly openFrom: Judge['openFrom']
  timed<T>(work: () => T): { readonly result: T; readonly tookMs: number }
}

export type GuardDeps = {
  readonly engine: Engine
  readonly clock: Pick<Clock, 'monotonic'>
  readonly openFrom: Judge['openFrom']
  readonly scannersFor: Guard['scannersFor']
}

export type TextJudgement = { readonly judged: readonly Judged[]; readonly failed: readonly string[] }

export function createGuard({ engine, clock, openFrom, scannersFor }: GuardDeps): Guard {
  // A policy is one object as long as it does not change.
  const ownRules = new WeakMap<GuardPolicy, readonly NamedScanner[]>()

  function scannersOf(policy: GuardPolicy): readonly NamedScanner[] {
    let known = ownRules.get(policy)
    if (known === undefined) {
      known = [
        ...(policy.customRules.length === 0 ? [] : [{ name: 'custom', scan: scanCustomRules(policy.customRules) }]),
        ...(asksForToxicity(policy) ? [{ name: 'toxicity', scan: compileRules(TOXICITY_RULES) }] : []),
        ...(isOpenToAll(policy.tools) ? [] : [{ name: 'tools', scan: scanToolCalls(policy.tools) }]),
      ]
      ownRules.set(policy, known)
    }
    return known
  }

  function judgeText(text: string, place: Place, policy: GuardPolicy, more: readonly NamedScanner[]): TextJudgement {
    const own = scannersOf(policy)
    const { matches, failed } = engine.scan(text, place, own.length === 0 ? more : [...own, ...more])
    const judged: Judged[] = []
    for (const match of matches) {
      if (match.confidence < CONFIDENCE_MIN) continue
      const one = decide(match, place, text, policy)
      if (one === null) continue
      // Whatever is to be taken out has a place and something that stands there instead.
      judged.push(one.action === 'redact' ? { ...one, range: one.range ?? wholeOf(text), tag: tagOf(one) } : one)
    }
    return { judged, failed }
  }

  function judge(ask: GuardAsk): Judgement {
    const { policy, direction, inspection } = ask
    const start = clock.monotonic()
    const found: Found[] = []
    const notes = new Set<string>()
    // The newest text first: it is the least known, and where time runs out the rest was judged before.
    for (let i = inspection.segments.length - 1; i >= 0; i -= 1) {
      const segment = inspection.segments[i] as Segment
      const place: Place = { direction, origin: segment.origin, toolName: segment.name }
      const { judged, failed } = judgeText(segment.text, place, policy, ask.more)
      for (const one of judged) found.push({ segment, judged: one })
      for (const name of failed) notes.add(`guard.failed:${name}`)
      if (i > 0 && clock.monotonic() - start > policy.timeoutMs) {
        notes.add('guard.deadline')
        break
      }
    }
    const unread = unreadOf(ask)
    const isUnsure = notes.size > 0 || unread !== null
    const failure = isUnsure ? actionOnFailure(policy) : 'pass'
    const kept = found.toSorted((a, b) => rankOf(b) - rankOf(a)).slice(0, FINDINGS_MAX)
    const findings = kept.map(({ segment, judged }, i) =>
      toFinding(`${ask.spanId}-${direction}-${i}`, judged, siteOf(segment, judged), direction),
    )
    if (unread !== null) findings.push(unreadFinding(`${ask.spanId}-${direction}-unread`, unread, direction, failure))
    let action: VerdictAction = failure
    for (const { judged } of found) action = stricter(action, judged.action)
    return { action, findings, redactions: redactionsOf(found), notes: [...notes], tookMs: clock.monotonic() - start }
  }

  return {
    judge,
    judgeText,
    scannersFor,
    openFrom,
    timed: (work) => {
      const start = clock.monotonic()
      const result = work()
      return { result, tookMs: clock.monotonic() - start }
    },
  }
}

type Found = { readonly segment: Segment; readonly judged: Judged }

const SEVERITY_RANK = { info: 0, low: 1, medium: 2, high: 3, critical: 4 } as const
const ACTION_RANK = { pass: 0, flag: 1, redact: 2, block: 3 } as const

function rankOf({ judged }: Found): number {
  return ACTION_RANK[judged.action] * 100 + SEVERITY_RANK[judged.severity] * 10 + judged.confidence
}

/** Where a finding stands; `matched` is what matched, and leaves a length and a hash only. */
type Site = { readonly origin: Origin; readonly pointer: string; readonly matched: string | null }

export function toFinding(id: string, judged: Judged, site: Site, direction: Direction): Finding {
  const { range } = judged
  return {
    id,
    findingType: judged.findingType,
    category: judged.category,
    severity: judged.severity,
    confidence: judged.confidence,
    description: judged.description,
    direction,
    origin: site.origin,
    pointer: site.pointer,
    range,
    ruleId: judged.ruleId,
    via: judged.via,
    excerpt: site.matched === null ? null : excerptOf(site.matched),
    action: judged.action,
    shadowAction: judged.shadowAction,
  }
}

function siteOf({ origin, pointer, text }: Segment, { range }: Judged): Site {
  return { origin, pointer, matched: range === null ? text : text.slice(range.startUtf16, range.endUtf16) }
}

/** A list of words is a weak judge of manners: it looks only where a policy says what is done with what it finds. */
function asksForToxicity({ categories }: GuardPolicy): boolean {
  return categories.some(
    ({ findingType: name }) => name === 'toxicity' || TOXICITY_RULES.some(({ findingType }) => findingType === name),
  )
}

function unreadOf({ unread, inspection }: GuardAsk): string | null {
  return unread ?? inspection.uninspected.find(({ reason }) => reason === 'reader failed')?.reason ?? null
}

function unreadFinding(id: string, reason: string, direction: Direction, action: VerdictAction): Finding {
  return {
    id,
    findingType: 'unread_body',
    category: 'unread',
    severity: 'medium',
    confidence: 1,
    description: `the body could not be judged: ${reason}`,
    direction,
    origin: null,
    pointer: null,
    range: null,
    ruleId: null,
    via: [],
    excerpt: null,
    action,
    shadowAction: null,
  }
}

/** What a refused call is not kept with. An attack is: someone has to look at it. */
const PRIVATE: readonly Category[] = ['pii', 'secret', 'custom']

/** True for what the policy takes out, also of what is only kept. */
export function isPrivate({ action, category }: Pick<Judged, 'action' | 'category'>): boolean {
  return action === 'redact' || (action === 'block' && PRIVATE.includes(category))
}

function redactionsOf(found: readonly Found[]): readonly SegmentRedaction[] {
  const bySegment = new Map<Segment, RangeEdit[]>()
  for (const { segment, judged } of found) {
    if (!isPrivate(judged)) continue
    const edit = { ...(judged.range ?? wholeOf(segment.text)), replacement: tagOf(judged) }
    const known = bySegment.get(segment)
    if (known === undefined) bySegment.set(segment, [edit])
    else known.push(edit)
  }
  return [...bySegment].map(([segment, ranges]) => ({ segment, ranges }))
}

export function wholeOf(text: string): TextRange {
  return { startUtf16: 0, endUtf16: text.length }
}

/** What stands where a match was. */
export function tagOf(judged: Pick<Judged, 'tag' | 'findingType'>): string {
  return judged.tag ?? `[REMOVED:${judged.findingType.toUpperCase()}]`
}
