/** Judges a text that belongs to no call, as the data plane would judge it in one. For the scan API; keeps nothing of it. */
import type { Category, Direction, Finding, VerdictAction } from '../domain/finding.ts'
import type { GuardPolicy } from '../domain/guard-policy.ts'
import type { SpanId } from '../domain/ids.ts'
import type { Origin } from '../domain/segment.ts'
import type { Guard } from './guard.ts'

/** Whose findings are an attack. Secrets, personal data and bad manners are findings too, but nobody attacks with them. */
export const ATTACK_CATEGORIES: readonly Category[] = [
  'injection',
  'jailbreak',
  'extraction',
  'exfiltration',
  'encoding',
  'shell',
  'mcp',
  'flooding',
  'action',
]

export type ScanAsk = {
  /** Only for the ids of findings. */
  readonly spanId: SpanId
  readonly policy: GuardPolicy
  readonly text: string
  readonly origin: Origin
  /** Where the text stands in what was asked. */
  readonly pointer: string
}

/** Each tier's own score, 0 to 100; null where the tier did not judge. */
export type TierScores = { readonly rules: number; readonly fast: number | null; readonly full: number | null }

export type TextScan = {
  /** The surest finding of an attack, 0 to 100; 0 without one. */
  readonly score: number
  readonly verdict: VerdictAction
  readonly findings: readonly Finding[]
  readonly tiers: TierScores
  /** What could not be judged: `guard.failed:pii`. */
  readonly notes: readonly string[]
}

/** Rules only: there is no other tier yet, whatever depth the policy asks for. */
export function scanText(guard: Guard, { spanId, policy, text, origin, pointer }: ScanAsk): TextScan {
  const inspection = { segments: [{ origin, pointer, kind: 'text', text, name: null }], uninspected: [] } as const
  const direction = directionOf(origin)
  const { action, findings, notes } = guard.judge({ spanId, direction, policy, inspection, unread: null, more: [] })
  const score = scoreOfAttack(findings)
  return { score, verdict: action, findings, tiers: { rules: score, fast: null, full: null }, notes }
}

/** What a model writes is judged as an answer, all else as a part of a request. */
function directionOf(origin: Origin): Direction {
  return origin === 'assistant' || origin === 'tool_call' ? 'output' : 'input'
}

function scoreOfAttack(findings: readonly Finding[]): number {
  const surest = findings.reduce(
    (most, { category, confidence }) => (ATTACK_CATEGORIES.includes(category) ? Math.max(most, confidence) : most),
    0,
  )
  // One digit after the point: 100 times 0.57 is 56.99999999999999.
  return Math.round(surest * 1000) / 10
}
