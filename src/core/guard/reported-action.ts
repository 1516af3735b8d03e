/** Judges an action that an agent reports of itself: what it did, and what came of it. It has happened, so a finding is told at most. */
import type { Finding } from '../domain/finding.ts'
import type { GuardPolicy } from '../domain/guard-policy.ts'
import type { ReportedAction } from '../domain/query.ts'
import { analyseAction } from './actions/analyse-action.ts'
import { decide } from './decide/decide.ts'
import { toFinding, type Guard } from './guard.ts'
import type { Judged, Place } from './match.ts'

export type ReportAsk = {
  readonly action: ReportedAction
  readonly policy: GuardPolicy
  readonly findingId: () => string
}

export function judgeReported(guard: Guard, { action, policy, findingId }: ReportAsk): readonly Finding[] {
  const findings: Finding[] = []

  function tell(judged: readonly Judged[], place: Place, pointer: string, text: string): void {
    for (const one of judged) {
      const told = one.action === 'pass' ? 'pass' : 'flag'
      const matched = one.range === null ? text : text.slice(one.range.startUtf16, one.range.endUtf16)
      findings.push(
        toFinding(findingId(), { ...one, action: told }, { origin: place.origin, pointer, matched }, place.direction),
      )
    }
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
  return findings
}
