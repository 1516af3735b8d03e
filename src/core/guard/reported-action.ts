/**
 * Judges an action that an agent reports of itself: what it did, and what came of it. It has happened, so a finding is told at most; but
 * what the policy takes out of texts is not kept of it either.
 */
import type { Finding } from '../domain/finding.ts'
import type { GuardPolicy } from '../domain/guard-policy.ts'
import { asRecord, asString, parseJson } from '../domain/json.ts'
import type { ReportedAction } from '../domain/query.ts'
import type { Segment } from '../domain/segment.ts'
import { analyseAction } from './actions/analyse-action.ts'
import { decide } from './decide/decide.ts'
import { isPrivate, tagOf, toFinding, wholeOf, type Guard } from './guard.ts'
import type { Judged, Place } from './match.ts'
import { redactSegments, type SegmentRedaction } from './redact/redact-segments.ts'
import type { RangeEdit } from './redact/replace-strings.ts'

export type ReportAsk = {
  readonly action: ReportedAction
  readonly policy: GuardPolicy
  readonly findingId: () => string
}

export type JudgedReport = {
  readonly findings: readonly Finding[]
  /** As it may be kept. */
  readonly action: ReportedAction
}

export function judgeReported(guard: Guard, { action, policy, findingId }: ReportAsk): JudgedReport {
  const findings: Finding[] = []
  const redactions: SegmentRedaction[] = []

  function tell(judged: readonly Judged[], place: Place, pointer: string, text: string): void {
    const ranges: RangeEdit[] = []
    for (const one of judged) {
      const told = one.action === 'pass' ? 'pass' : 'flag'
      const matched = one.range === null ? text : text.slice(one.range.startUtf16, one.range.endUtf16)
      const site = { origin: place.origin, pointer, matched }
      findings.push(toFinding(findingId(), { ...one, action: told }, site, place.direction))
      if (isPrivate(one)) ranges.push({ ...(one.range ?? wholeOf(text)), replacement: tagOf(one) })
    }
    const segment: Segment = { origin: place.origin, pointer, kind: 'text', text, name: action.name }
    if (ranges.length > 0) redactions.push({ segment, ranges })
  }

  const asked = action.arguments ?? ''
  const call: Place = { direction: 'output', origin: 'tool_call', toolName: action.name }
  const about = guard.judgeText(asked, call, policy, []).judged.filter(({ category }) => category !== 'action')
  // The reporter knows what kind of action it was; a name only hints at it.
  const done = analyseAction(action).flatMap((match) => decide(match, call, asked, policy) ?? [])
  tell([...about, ...done], call, '/arguments', asked)
  if (action.result !== null) {
    const result: Place = { direction: 'input', origin: 'tool_result', toolName: action.name }
    tell(guard.judgeText(action.result, result, policy, []).judged, result, '/result', action.result)
  }
  return { findings, action: redactions.length === 0 ? action : redacted(action, redactions) }
}

/** What cannot be taken out of a text takes the text with it. */
function redacted(action: ReportedAction, redactions: readonly SegmentRedaction[]): ReportedAction {
  const texts = { arguments: action.arguments, result: action.result }
  const { text, unredacted } = redactSegments(JSON.stringify(texts), redactions)
  const kept = asRecord(parseJson(text)) ?? {}
  const lost = new Set(unredacted.map(({ segment }) => segment.pointer))
  return {
    ...action,
    arguments: lost.has('/arguments') ? null : asString(kept['arguments']),
    result: lost.has('/result') ? null : asString(kept['result']),
  }
}
