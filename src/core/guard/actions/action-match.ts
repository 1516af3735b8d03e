/** What the rules for agent actions have in common: an entry of a table and the match that it gives. Judges nothing itself. */
import type { Severity, TextRange } from '../../domain/finding.ts'
import type { Match } from '../match.ts'

export type ActionFindingType =
  | 'dangerous_command'
  | 'suspicious_url'
  | 'sensitive_file_access'
  | 'action_loop'
  | 'action_rate_limit_exceeded'
  | 'exfiltration_sequence'
  | 'policy_session_limit_exceeded'
  | 'privilege_escalation_sequence'
  | 'rapid_action_alert'
  | 'spend_slope'
  | 'tainted_action'
  | 'tool_input_blocked'
  | 'tool_requires_approval'
  | 'unregistered_tool'

export type ActionRule = {
  /** Stable: `action.command.rm-root`. */
  readonly id: string
  /** Counts up with each change of what it matches. */
  readonly version: number
  /** The release that brought it. */
  readonly since: string
  readonly findingType: ActionFindingType
  /** `high` and 0.8 or more only where stopping the call is right for most: what developers do every day stays below. */
  readonly severity: Severity
  /** 0 to 1. */
  readonly confidence: number
  /** For people; never a part of the text. */
  readonly description: string
}

/** A rule about one text, which can be shown by one. */
export type TextRule = ActionRule & {
  readonly example: string
  /** Harmless, and looks like it. */
  readonly counterExample: string
}

export const SINCE = '0.1.0'
/** Matches of one text. Past it nothing new would be learned. */
export const MATCHES_MAX = 64

export function matchOf(
  rule: ActionRule,
  range: TextRange | null,
  change: { readonly severity?: Severity; readonly confidence?: number } = {},
): Match {
  return {
    ruleId: rule.id,
    findingType: rule.findingType,
    category: 'action',
    severity: change.severity ?? rule.severity,
    confidence: change.confidence ?? rule.confidence,
    description: rule.description,
    range,
    via: [],
    // A call without the word that made it dangerous would be another call, not a harmless one.
    tag: null,
  }
}

/** Collects matches: one for each rule and range, the surest of them, `MATCHES_MAX` at most. */
export function createMatches() {
  const byKey = new Map<string, Match>()
  return {
    add(match: Match): void {
      const key = `${match.ruleId} ${match.range?.startUtf16 ?? ''} ${match.range?.endUtf16 ?? ''}`
      const known = byKey.get(key)
      if (known === undefined ? byKey.size < MATCHES_MAX : known.confidence < match.confidence) byKey.set(key, match)
    },
    list: (): readonly Match[] => [...byKey.values()],
  }
}
export type Matches = ReturnType<typeof createMatches>
