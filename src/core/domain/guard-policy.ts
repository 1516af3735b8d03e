/** What a tenant wants of the guard. Data, from the configuration or the store; `core/guard/decide` reads it. */
import type { Direction, Severity } from './finding.ts'
import type { Origin } from './segment.ts'

/** `log` records what was found and lets it pass; the caller sees nothing of it. */
export type GuardMode = 'log' | 'flag' | 'redact' | 'block'

/** How sure the guard must be: `high_precision` rather misses an attack, `high_recall` rather stops a harmless text. */
export type OperatingPoint = 'high_precision' | 'balanced' | 'high_recall'

/** What is done with findings of one kind. The first entry that fits wins, over everything else in the policy. */
export type CategoryRule = {
  /** A finding type or a category, e.g. `prompt_injection`, `pii`. */
  readonly findingType: string
  /** Null: of any origin. */
  readonly origins: readonly Origin[] | null
  readonly action: GuardMode
  /** Confidence from which on it holds, 0 to 1; below it findings are logged. */
  readonly threshold: number
  /** Decided and recorded, but nothing is done. */
  readonly isShadow: boolean
}

/** A pattern of the tenant's own. RE2 syntax, so that no text makes it slow. */
export type CustomRule = {
  readonly id: string
  readonly pattern: string
  readonly isCaseSensitive: boolean
  readonly severity: Severity
  /** 0 to 1. */
  readonly confidence: number
  readonly directions: readonly Direction[]
  /** Null: of any origin. */
  readonly origins: readonly Origin[] | null
  readonly description: string
}

/** A finding that fits is dropped. What is null fits everything. */
export type AllowEntry = {
  readonly findingType: string | null
  readonly ruleId: string | null
  /** The exact text that matched. */
  readonly text: string | null
}

export type ToolDecision = 'allow' | 'ask' | 'deny'

/** What an agent may do. Names may hold `*`. */
export type ToolPolicy = {
  readonly tools: readonly {
    readonly name: string
    readonly decision: ToolDecision
    readonly deniedArguments: readonly string[]
  }[]
  /** For tools that no entry names. */
  readonly fallback: ToolDecision
  /** Tool calls of one session; null: no limit. */
  readonly sessionCallsMax: number | null
  /** The same call, so often in a session, is a loop. */
  readonly repeatsMax: number
}

export type GuardPolicy = {
  readonly mode: GuardMode
  readonly operatingPoint: OperatingPoint
  readonly depth: 'fast' | 'full'
  /** Weaker findings are logged only. */
  readonly severityMin: Severity
  readonly confidenceMin: number
  /** After it the decision is made with what has been judged so far. */
  readonly timeoutMs: number
  /** What becomes of a call that could not be judged. */
  readonly fail: 'open' | 'closed'
  readonly isShadow: boolean
  readonly categories: readonly CategoryRule[]
  readonly streaming: {
    /** `observe`: the answer is judged while it passes. `hold`: what may still become a finding waits until it is judged. */
    readonly mode: 'observe' | 'hold'
    /** Longest stretch that waits, in characters. */
    readonly windowChars: number
    readonly onFinding: 'redact' | 'stop'
  }
  readonly pii: {
    readonly action: 'alert_only' | 'alert_and_redact' | 'redact_silent'
    readonly directions: readonly Direction[]
  }
  readonly customRules: readonly CustomRule[]
  readonly allow: readonly AllowEntry[]
  readonly tools: ToolPolicy
}
