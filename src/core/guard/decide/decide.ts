/**
 * What a policy makes of a match. Of several words on it the most specific one counts: the allow-list, an entry for its category,
 * what is said about personal data, the least severity and confidence, the mode.
 */
import { SEVERITIES, type Severity, type VerdictAction } from '../../domain/finding.ts'
import type { AllowEntry, CategoryRule, GuardMode, GuardPolicy } from '../../domain/guard-policy.ts'
import type { Judged, Match, Place } from '../match.ts'

/** Rules of the tool firewall. */
const FIREWALL = 'action.tool.'

const RANK: { readonly [action in VerdictAction]: number } = { pass: 0, flag: 1, redact: 2, block: 3 }

/** Null where the allow-list drops it. `text` is the whole text in which it matched. */
export function decide(match: Match, place: Place, text: string, policy: GuardPolicy): Judged | null {
  if (policy.allow.some((entry) => isAllowed(entry, match, text))) return null
  const { action, isShadow } = actionOn(match, place, policy)
  return isShadow && action !== 'pass'
    ? { ...match, action: 'pass', shadowAction: action }
    : { ...match, action, shadowAction: null }
}

export function stricter(a: VerdictAction, b: VerdictAction): VerdictAction {
  return RANK[a] >= RANK[b] ? a : b
}

/** What a policy does where it cannot judge: nothing, or what stops a call. A policy that only watches stops none. */
export function actionOnFailure(policy: GuardPolicy): VerdictAction {
  const redactsPii = policy.pii.action !== 'alert_only' && policy.pii.directions.length > 0
  if (policy.fail === 'open' || !(mayStop(policy) || redactsPii)) return policy.mode === 'log' ? 'pass' : 'flag'
  return policy.isShadow ? 'pass' : 'block'
}

/** True where some finding under this policy would change what anybody gets. */
export function mayStop(policy: GuardPolicy): boolean {
  const { tools, mode, categories } = policy
  if (stops(mode) || categories.some(({ action, isShadow }) => stops(action) && !isShadow)) return true
  return (
    tools.fallback === 'deny' ||
    tools.tools.some(({ decision, deniedArguments }) => decision === 'deny' || deniedArguments.length > 0)
  )
}

/** True where an answer has to be held back until it is judged, or where its bytes may change. */
export function mayChange(policy: GuardPolicy): boolean {
  if (policy.isShadow) return false
  return mayStop(policy) || (policy.pii.action !== 'alert_only' && policy.pii.directions.includes('output'))
}

function stops(mode: GuardMode): boolean {
  return mode === 'redact' || mode === 'block'
}

type Decision = { readonly action: VerdictAction; readonly isShadow: boolean }

function actionOn(match: Match, place: Place, policy: GuardPolicy): Decision {
  const { isShadow } = policy
  const entry = policy.categories.find((rule) => fits(rule, match, place))
  if (entry !== undefined) {
    const action = match.confidence >= entry.threshold ? actionOf(entry.action) : 'pass'
    return { action, isShadow: isShadow || entry.isShadow }
  }
  // What the policy says of a tool is no guess: it holds whatever the mode is.
  if (match.ruleId.startsWith(FIREWALL)) return { action: firewallAction(match, policy), isShadow }
  if (match.category === 'pii') {
    const { action, directions } = policy.pii
    if (action !== 'alert_only' && directions.includes(place.direction)) return { action: 'redact', isShadow }
    return { action: policy.mode === 'log' ? 'pass' : 'flag', isShadow }
  }
  if (isWeaker(match.severity, policy.severityMin) || match.confidence < policy.confidenceMin) {
    return { action: 'pass', isShadow }
  }
  return { action: actionOf(policy.mode), isShadow }
}

/** A call that a person would have to allow goes on and is told: nobody can be asked from here. */
function firewallAction({ findingType }: Match, { tools }: GuardPolicy): VerdictAction {
  if (findingType === 'tool_input_blocked') return 'block'
  return findingType === 'unregistered_tool' && tools.fallback === 'deny' ? 'block' : 'flag'
}

function fits(rule: CategoryRule, match: Match, place: Place): boolean {
  if (rule.findingType !== match.findingType && rule.findingType !== match.category) return false
  return rule.origins === null || rule.origins.includes(place.origin)
}

function isAllowed(entry: AllowEntry, match: Match, text: string): boolean {
  if (entry.findingType !== null && entry.findingType !== match.findingType && entry.findingType !== match.category)
    return false
  if (entry.ruleId !== null && entry.ruleId !== match.ruleId) return false
  if (entry.text === null) return true
  const matched = match.range === null ? text : text.slice(match.range.startUtf16, match.range.endUtf16)
  return matched === entry.text
}

function isWeaker(severity: Severity, least: Severity): boolean {
  return SEVERITIES.indexOf(severity) < SEVERITIES.indexOf(least)
}

function actionOf(mode: GuardMode): VerdictAction {
  return mode === 'log' ? 'pass' : mode
}
