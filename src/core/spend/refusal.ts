/** Refusals of the limits as the caller sees them: what holds, how much of it is used, when to come again. */
import type { Ask, Refusal } from '../domain/budget.ts'
import { appError, type AppError } from '../domain/errors.ts'
import type { LimitPolicy, TokenCap } from '../domain/limit-policy.ts'
import { toUsd, type NanoUsd } from '../domain/money.ts'
import { invariant } from '../domain/result.ts'
import type { Caller } from '../domain/tenant.ts'
import { rfc3339, type EpochMs } from '../domain/time.ts'
import type { TokenBound } from '../domain/token-bound.ts'
import type { PriceBound } from '../ports.ts'
import type { Limit } from './limits.ts'

export function refusalError(limits: readonly Limit[], refusal: Refusal, asks: readonly Ask[], now: EpochMs): AppError {
  const i = limits.findIndex(({ scope }) => scope.id === refusal.scopeId)
  const limit = limits[i]
  const ask = asks[i]
  invariant(limit !== undefined && ask !== undefined, 'a ledger refuses for a scope that it was asked for')
  const retryAfterSeconds = refusal.retryAt === null ? null : Math.max(1, Math.ceil((refusal.retryAt - now) / 1000))
  return limit.scope.unit === 'nano_usd'
    ? budgetError(limit, refusal, ask, retryAfterSeconds)
    : rateError(limit, retryAfterSeconds)
}

function budgetError(limit: Limit, { balance, retryAt }: Refusal, ask: Ask, retryAfterSeconds: number | null): AppError {
  const whose = limit.subjectId === null ? limit.subject : `${limit.subject} "${limit.subjectId}"`
  const left = Math.max(0, limit.limit - balance.spent - balance.held)
  const message =
    left === 0
      ? `the ${limit.window} budget of this ${whose} is used up`
      : `this call may cost up to ${usd(ask.least)} USD; the ${limit.window} budget of this ${whose} has ${usd(left)} USD left`
  return appError('limit.budget_exhausted', message, {
    retryAfterSeconds,
    extra: {
      scope: limit.subject,
      scope_id: limit.subjectId,
      window: limit.window,
      limit_usd: usd(limit.limit),
      spent_usd: usd(balance.spent),
      reserved_usd: usd(balance.held),
      resets_at: retryAt === null ? null : rfc3339(retryAt),
      retry_after_secs: retryAfterSeconds,
    },
  })
}

/** Amounts of such a scope are nano-USD. */
function usd(amount: number): number {
  return toUsd(amount as NanoUsd)
}

const RATE_NAMES: { readonly [window in Limit['window']]?: string } = {
  per_second: 'requests per second',
  per_minute: 'tokens per minute',
  at_once: 'streams at once',
}

function rateError(limit: Limit, retryAfterSeconds: number | null): AppError {
  const name = RATE_NAMES[limit.window] ?? limit.scope.unit
  const { meter } = limit.scope
  const rate = meter.kind === 'bucket' ? meter.perSecond * (limit.window === 'per_minute' ? 60 : 1) : limit.limit
  return appError('limit.rate_exceeded', `the limit of ${rate} ${name} is reached`, {
    retryAfterSeconds,
    extra: { limit: rate, limit_name: name.replaceAll(' ', '_'), retry_after_secs: retryAfterSeconds },
  })
}

/**
 * Null where the call is within its caps. A prompt is counted by estimate (four bytes a token), since no tokenizer is at hand; an
 * answer by what the caller allows the model to write, or the model's own maximum where it says nothing.
 */
export function tokenCapError(
  { budgets }: LimitPolicy,
  { agentId }: Pick<Caller, 'agentId'>,
  bound: TokenBound,
  outputCap: number | null,
  price: PriceBound | null,
): AppError | null {
  if (budgets === null) return null
  const cap: TokenCap | null = (agentId === null ? null : budgets.agents.get(agentId)?.tokenCap) ?? budgets.tokenCap
  if (cap === null) return null
  const prompt = bound.likelyPromptTokens
  const completion = outputCap ?? bound.completionTokens ?? price?.completionTokens ?? Infinity
  const asked: readonly (readonly [string, number | null, number])[] = [
    ['max_prompt_tokens', cap.promptMax, prompt],
    ['max_completion_tokens', cap.completionMax, completion],
    ['max_total_tokens', cap.totalMax, prompt + completion],
  ]
  for (const [name, allowed, tokens] of asked) {
    if (allowed === null || tokens <= allowed) continue
    const isOpen = outputCap === null && name !== 'max_prompt_tokens' && bound.completionTokens === null
    const hint = isOpen ? '; the call sets no limit to its answer: set max_tokens' : ''
    return appError('limit.tokens_exceeded', `${name} allows ${allowed} tokens${hint}`, {
      extra: { cap: name, allowed, asked: Number.isFinite(tokens) ? tokens : null },
    })
  }
  return null
}
