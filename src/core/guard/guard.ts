/**
 * The guard stage: segments and policy to a verdict. Detectors are joined here by the guard's own issue; until a policy names one,
 * every call passes, and the span says so by having no findings.
 */
import { PASS, type Verdict } from '../domain/finding.ts'
import type { Policy } from '../domain/policy.ts'
import type { Inspection } from '../domain/segment.ts'

export type Detector = (inspection: Inspection, policy: Policy) => Verdict

const RANK = { pass: 0, flag: 1, redact: 2, block: 3 } as const

/** The strictest verdict of all detectors, with all their findings. Segments are read only when there is a detector. */
export function guard(inspection: () => Inspection, policy: Policy, detectors: readonly Detector[]): Verdict {
  let verdict = PASS
  for (const detect of detectors) {
    const next = detect(inspection(), policy)
    verdict = {
      action: RANK[next.action] > RANK[verdict.action] ? next.action : verdict.action,
      findings: [...verdict.findings, ...next.findings],
    }
  }
  return verdict
}
