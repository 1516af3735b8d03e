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

/** Stored and told to the outside: never renamed. LLMTrace's names where it has one. */
export const FINDING_TYPES = [
  'prompt_injection',
  'role_injection',
  'header_injection',
  'p2sql_injection',
  'synonym_injection',
  'hidden_text',
  'is_covert',
  'is_hypothetical',
  'is_immoral',
  'is_incentive',
  'is_systemic',
  'is_urgent',
  'jailbreak',
  'prompt_extraction',
  'encoding_attack',
  'data_exfiltration',
  'shell_injection',
  'mcp_cross_server',
  'mcp_description_length',
  'mcp_response_injection',
  'mcp_tool_poisoning',
  'mcp_tool_shadowing',
  'context_flooding',
  'is_repeated_token',
  'is_shot_attack',
  'secret_leakage',
  'pii_detected',
  'system_prompt_leakage',
  'canary_token_leakage',
  'data_leakage',
  'insecure_code',
  'output_toxicity',
  'unsafe_crime',
  'unsafe_drugs',
  'unsafe_extremism',
  'unsafe_self_harm',
  'unsafe_sexual_content',
  'unsafe_weapons',
  'dangerous_command',
  'suspicious_url',
  'sensitive_file_access',
  'action_loop',
  'action_rate_limit_exceeded',
  'exfiltration_sequence',
  'policy_session_limit_exceeded',
  'privilege_escalation_sequence',
  'rapid_action_alert',
  'spend_slope',
  'tainted_action',
  'tool_input_blocked',
  'tool_requires_approval',
  'unregistered_tool',
  'custom_rule',
  'unread_body',
] as const
export type FindingType = (typeof FINDING_TYPES)[number]

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
