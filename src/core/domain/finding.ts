/** What a guard or a detector found, and what was decided. */

export type Severity = 'info' | 'low' | 'medium' | 'high' | 'critical'

/** Half-open range of a match. Offsets are UTF-16 code units into the segment's text, not bytes. */
export type TextRange = { readonly startUtf16: number; readonly endUtf16: number }

export type Finding = {
  readonly id: string
  readonly findingType: string
  readonly severity: Severity
  /** 0 to 1. */
  readonly confidence: number
  readonly description: string
  /** JSON pointer of the segment, null where the finding is about the call as a whole. */
  readonly pointer: string | null
  readonly range: TextRange | null
  readonly ruleId: string | null
}

export type VerdictAction = 'pass' | 'flag' | 'redact' | 'block'

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
