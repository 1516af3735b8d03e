/** What a tenant may take: rates, budgets, caps of a single call. Data, from the configuration or the store; `core/spend` reads it. */
import type { NanoUsd } from './money.ts'

/** Calendar windows in the policy's time zone; weeks begin on Monday. */
export const BUDGET_WINDOWS = ['hourly', 'daily', 'weekly', 'monthly'] as const
export type BudgetWindow = (typeof BUDGET_WINDOWS)[number]

export type BudgetCap = {
  readonly window: BudgetWindow
  readonly hardLimit: NanoUsd
  /** From here on answers carry a warning; null: from 80 % of the hard limit. */
  readonly softLimit: NanoUsd | null
}

/** What one call may ask for, in tokens; null: no cap. */
export type TokenCap = {
  readonly promptMax: number | null
  readonly completionMax: number | null
  readonly totalMax: number | null
}

/** Of a tenant as a whole. Null: no limit. */
export type RateLimits = {
  readonly requestsPerSecond: number | null
  /** Requests that may come at once. */
  readonly burst: number
  readonly tokensPerMinute: number | null
  readonly concurrentStreams: number | null
  /** What becomes of a call while the ledger cannot be asked, where no budget says otherwise. */
  readonly fail: 'open' | 'closed'
}

/** Whose money a cap counts: the tenant's as a whole, or that of each project, key, agent or user by itself. */
export const BUDGET_SUBJECTS = ['tenant', 'project', 'key', 'agent', 'user'] as const
export type BudgetSubject = (typeof BUDGET_SUBJECTS)[number]

export type AgentLimits = {
  /** In place of the caps that each agent has; null: the same. */
  readonly caps: readonly BudgetCap[] | null
  readonly tokenCap: TokenCap | null
}

export type Budgets = {
  /** IANA name. */
  readonly timeZone: string
  readonly caps: { readonly [subject in BudgetSubject]: readonly BudgetCap[] }
  /** By agent id. */
  readonly agents: ReadonlyMap<string, AgentLimits>
  readonly tokenCap: TokenCap | null
  /** What becomes of a call whose price nobody knows. */
  readonly unpriced: 'block' | 'reserve_default' | 'allow_flagged'
  readonly reserveDefault: NanoUsd
  /** Where the most that a call can cost is more than what is left: `refuse` it, or `shrink` its hold to what is left. */
  readonly whenTight: 'refuse' | 'shrink'
  /** A hold that nobody renews is given up after it. */
  readonly holdTtlMs: number
  readonly fail: 'open' | 'closed'
}

/** Null: no limits of that kind. */
export type LimitPolicy = { readonly rates: RateLimits | null; readonly budgets: Budgets | null }

export const NO_LIMITS: LimitPolicy = { rates: null, budgets: null }
