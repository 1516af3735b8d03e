/**
 * Which scopes a call touches, read off the policy: the tenant's rates, and the budgets of the tenant and of each project, key, agent
 * and user. What a caller says of itself narrows what it may spend and never widens it: the tenant's own caps always hold.
 */
import type { Scope } from '../domain/budget.ts'
import type { BudgetCap, BudgetSubject, BudgetWindow, Budgets, LimitPolicy } from '../domain/limit-policy.ts'
import { BUDGET_SUBJECTS } from '../domain/limit-policy.ts'
import type { NanoUsd } from '../domain/money.ts'
import type { Caller } from '../domain/tenant.ts'
import type { EpochMs } from '../domain/time.ts'
import { createWindows, type Windows } from './windows.ts'

/** Part of a hard limit from which on a warning is given where no soft limit is set. */
const WARNING_PART = 0.8

/** A scope with what people call it. */
export type Limit = {
  readonly scope: Scope
  readonly limit: number
  readonly subject: BudgetSubject
  /** Null for the tenant itself. */
  readonly subjectId: string | null
  /** `per_second`, `per_minute` and `at_once` are rates. */
  readonly window: BudgetWindow | 'per_second' | 'per_minute' | 'at_once'
  /** From here on a warning is given; null: never. */
  readonly warnFrom: number | null
  readonly softLimit: NanoUsd | null
  readonly startsAt: EpochMs | null
}

export type Who = Pick<Caller, 'projectId' | 'keyId' | 'agentId' | 'userId'>

/** Zones are few and their tables dear, so they are made once; more than there are zones are never kept. */
export function createLimits(): (policy: LimitPolicy, who: Who, now: EpochMs) => readonly Limit[] {
  const windowsOf = new Map<string, Windows>()

  function windows(timeZone: string): Windows {
    let known = windowsOf.get(timeZone)
    if (known === undefined) windowsOf.set(timeZone, (known = createWindows(timeZone)))
    return known
  }

  return (policy, who, now) => {
    const rates = ratesOf(policy)
    return policy.budgets === null
      ? rates
      : [...rates, ...budgetsOf(policy.budgets, windows(policy.budgets.timeZone), who, now)]
  }
}

function ratesOf({ rates }: LimitPolicy): readonly Limit[] {
  if (rates === null) return []
  const limits: Limit[] = []
  if (rates.requestsPerSecond !== null) {
    const meter = { kind: 'bucket', perSecond: rates.requestsPerSecond } as const
    limits.push(rate({ id: 'tenant:requests', unit: 'requests', meter }, rates.burst, 'per_second'))
  }
  if (rates.tokensPerMinute !== null) {
    const meter = { kind: 'bucket', perSecond: rates.tokensPerMinute / 60 } as const
    limits.push(rate({ id: 'tenant:tokens', unit: 'tokens', meter }, rates.tokensPerMinute, 'per_minute'))
  }
  if (rates.concurrentStreams !== null) {
    limits.push(rate({ id: 'tenant:streams', unit: 'streams', meter: { kind: 'gauge' } }, rates.concurrentStreams, 'at_once'))
  }
  return limits
}

function rate(scope: Scope, limit: number, window: Limit['window']): Limit {
  return { scope, limit, subject: 'tenant', subjectId: null, window, warnFrom: null, softLimit: null, startsAt: null }
}

function budgetsOf(budgets: Budgets, windows: Windows, who: Who, now: EpochMs): readonly Limit[] {
  const limits: Limit[] = []
  for (const subject of BUDGET_SUBJECTS) {
    const subjectId = idOf(subject, who)
    if (subject !== 'tenant' && subjectId === null) continue
    for (const cap of capsOf(budgets, subject, subjectId)) limits.push(budget(cap, subject, subjectId, windows, now))
  }
  return limits
}

function budget(
  { window, hardLimit, softLimit }: BudgetCap,
  subject: BudgetSubject,
  subjectId: string | null,
  windows: Windows,
  now: EpochMs,
): Limit {
  const { startsAt, endsAt } = windows(window, now)
  return {
    scope: {
      id: `${subject}${subjectId === null ? '' : `=${subjectId}`}:usd:${window}:${startsAt}`,
      unit: 'nano_usd',
      meter: { kind: 'window', endsAt },
    },
    limit: hardLimit,
    subject,
    subjectId,
    window,
    warnFrom: Math.min(softLimit ?? Infinity, hardLimit * WARNING_PART),
    softLimit,
    startsAt,
  }
}

function capsOf(budgets: Budgets, subject: BudgetSubject, subjectId: string | null): readonly BudgetCap[] {
  const own = subject === 'agent' && subjectId !== null ? (budgets.agents.get(subjectId)?.caps ?? null) : null
  return own ?? budgets.caps[subject]
}

function idOf(subject: BudgetSubject, who: Who): string | null {
  switch (subject) {
    case 'tenant':
      return null
    case 'project':
      return who.projectId
    case 'key':
      return who.keyId
    case 'agent':
      return who.agentId
    case 'user':
      return who.userId
  }
}
