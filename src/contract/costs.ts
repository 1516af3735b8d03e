/** What is spent, what is held, when it resets: the answer of `GET /costs/current`. */
import { z } from '@hono/zod-openapi'
import type { Balance } from '../core/domain/budget.ts'
import { BUDGET_SUBJECTS, BUDGET_WINDOWS } from '../core/domain/limit-policy.ts'
import { toUsd, type NanoUsd } from '../core/domain/money.ts'
import { rfc3339, type EpochMs } from '../core/domain/time.ts'
import type { Limit, Who } from '../core/spend/limits.ts'
import type { KeyId, ProjectId } from '../core/domain/ids.ts'
import { parameter, strictObject } from './common.ts'

const ID = /^[\x20-\x7e]{1,128}$/
const ID_RULE = 'must be 1 to 128 printable characters'

function id(whose: string) {
  return parameter(`Also the budgets of this ${whose}.`, ID_RULE, (text) => (ID.test(text) ? text : undefined), {
    type: 'string',
    maxLength: 128,
  })
}

export const costsQuery = strictObject('parameter', {
  agent_id: id('agent'),
  user_id: id('user'),
  project_id: id('project'),
  key_id: id('gateway key'),
})

const usd = z.number().openapi({ minimum: 0 })

const windowSchema = z
  .object({
    scope: z.enum(BUDGET_SUBJECTS).openapi({ description: 'Whose budget it is.' }),
    scope_id: z.string().nullable().openapi({ description: 'Null for the tenant.' }),
    window: z.enum(BUDGET_WINDOWS),
    hard_limit_usd: usd,
    soft_limit_usd: usd.nullable(),
    spent_usd: usd,
    reserved_usd: usd.openapi({ description: 'Held by calls under way, as the most that they can cost.' }),
    remaining_usd: usd,
    utilization_pct: z.number().openapi({ description: 'Spent, of the hard limit.' }),
    starts_at: z.string().openapi({ format: 'date-time' }),
    resets_at: z.string().openapi({ format: 'date-time' }),
  })
  .openapi('BudgetWindow')

const rateSchema = z
  .object({
    unit: z.enum(['requests', 'tokens', 'streams']),
    window: z.enum(['per_second', 'per_minute', 'at_once']),
    limit: z.number().openapi({ description: 'The burst of requests, the tokens of a minute, the streams at once.' }),
    used: z.number(),
  })
  .openapi('RateUse')

export const costsSchema = z
  .object({
    time: z.string().openapi({ format: 'date-time' }),
    timezone: z.string(),
    windows: z.array(windowSchema),
    rates: z.array(rateSchema),
  })
  .openapi('CurrentCosts')

export function toWho(query: z.output<typeof costsQuery>): Who {
  return {
    agentId: query.agent_id ?? null,
    userId: query.user_id ?? null,
    projectId: (query.project_id ?? null) as ProjectId | null,
    keyId: (query.key_id ?? null) as KeyId | null,
  }
}

export function toWireCosts(
  limits: readonly Limit[],
  balances: readonly Balance[],
  timezone: string,
  now: EpochMs,
): z.infer<typeof costsSchema> {
  const windows: z.infer<typeof windowSchema>[] = []
  const rates: z.infer<typeof rateSchema>[] = []
  for (const [i, limit] of limits.entries()) {
    const { spent, held } = balances[i] ?? { spent: 0, held: 0 }
    const { window, scope } = limit
    if (window === 'per_second' || window === 'per_minute' || window === 'at_once') {
      const unit = scope.unit as 'requests' | 'tokens' | 'streams'
      rates.push({ unit, window, limit: limit.limit, used: Math.ceil(spent + held) })
      continue
    }
    windows.push({
      scope: limit.subject,
      scope_id: limit.subjectId,
      window,
      hard_limit_usd: inUsd(limit.limit),
      soft_limit_usd: limit.softLimit === null ? null : inUsd(limit.softLimit),
      spent_usd: inUsd(spent),
      reserved_usd: inUsd(held),
      remaining_usd: inUsd(limit.limit - spent - held),
      utilization_pct: limit.limit === 0 ? 100 : Math.round((spent / limit.limit) * 10_000) / 100,
      starts_at: rfc3339(limit.startsAt ?? now),
      resets_at: rfc3339((scope.meter.kind === 'window' ? scope.meter.endsAt : null) ?? now),
    })
  }
  return { time: rfc3339(now), timezone, windows, rates }
}

/** An over-hold can leave less than nothing. */
function inUsd(amount: number): number {
  return toUsd(Math.max(0, amount) as NanoUsd)
}
