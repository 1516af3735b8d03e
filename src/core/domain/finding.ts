/** What a guard or a detector found, and what was decided. */
import type { Origin } from './segment.ts'

/** From the weakest to the strongest. */
export const SEVERITIES = ['info', 'low', 'medium', 'high', 'critical'] as const
export type Severity = (typeof SEVERITIES)[number]

/** What a policy speaks about. A category holds several finding types. */
export const CATEGORIES = [
  'injection',
  'jailbreak',
  'extraction',
  'exfiltration',
  'encoding',
  'shell',
  'mcp',
  'flooding',
  'secret',
  'pii',
  'leakage',
  'unsafe_code',
  'toxicity',
  'action',
  'custom',
  'unread',
] as const
export type Category = (typeof CATEGORIES)[number]

/** `input`: what the caller sends. `output`: what the provider answers. */
export type Direction = 'input' | 'output'

/** Half-open range of a match. Offsets are UTF-16 code units into the segment's text, not bytes. */
export type TextRange = { readonly startUtf16: number; readonly endUtf16: number }

/** What a policy says to a finding. Only `redact` and `block` change what anybody gets. */
export const VERDICT_ACTIONS = ['pass', 'flag', 'redact', 'block'] as const
export type VerdictAction = (typeof VERDICT_ACTIONS)[number]

export type Finding = {
  readonly id: string
  readonly findingType: string
  readonly category: Category
  readonly severity: Severity
  /** 0 to 1. */
  readonly confidence: number
  readonly description: string
  readonly direction: Direction
  /** Null where the finding is about the call as a whole. */
  readonly origin: Origin | null
  /** JSON pointer of the segment, null where the finding is about the call as a whole. */
  readonly pointer: string | null
  readonly range: TextRange | null
  readonly ruleId: string | null
  /** Encodings that were taken off before it matched, the outer one first: `['base64', 'rot13']`. */
  readonly via: readonly string[]
  /** The length of what matched and the beginning of its hash, never the text: `23 chars, sha256:1f9c2ab4`. */
  readonly excerpt: string | null
  /** What the policy made of it. */
  readonly action: VerdictAction
  /** What it would have made of it: shadow mode decides and does nothing. Null outside of shadow mode. */
  readonly shadowAction: VerdictAction | null
}

/** The guard's decision. Only a `pass`, `flag` or `redact` verdict lets a call go on. */
export type Verdict = {
  readonly action: VerdictAction
  readonly findings: readonly Finding[]
}

export const PASS: Verdict = { action: 'pass', findings: [] }

const SCORE: { readonly [severity in Severity]: number } = { info: 10, low: 30, medium: 60, high: 80, critical: 95 }

/** The security score of a call, 0 to 100: that of its worst finding; null without findings. */
export function scoreOf(findings: readonly Finding[]): number | null {
  return findings.reduce<number | null>((worst, finding) => Math.max(worst ?? 0, SCORE[finding.severity]), null)
}
