/** The `limits` and `cost_caps` sections: what a tenant may take, and the policy that they stand for. */
import { z } from 'zod'
import { BUDGET_WINDOWS, NO_LIMITS, type BudgetCap, type LimitPolicy, type TokenCap } from '../../core/domain/limit-policy.ts'
import { parseTenantId } from '../../core/domain/ids.ts'
import { nanoUsd, type NanoUsd } from '../../core/domain/money.ts'
import { choice, flag, group, key, matching, named, satisfying, whole } from './values.ts'

const GIB = 1024 ** 3
/** Nano-USD are counted in 53 bits. */
const USD_MAX = 9_000_000
const AGENTS_MAX = 10_000
const RATE_MAX = 1_000_000

const TENANT_NAME = '1 to 64 letters, digits, dots, dashes and underscores'
const isTenantName = (name: string): boolean => parseTenantId(name) !== null

const usdError = `must be a number of USD from 0 to ${USD_MAX}, with at most nine decimals`
const usd = z
  .number({ error: usdError })
  .min(0, { error: usdError })
  .max(USD_MAX, { error: usdError })
  .refine((value) => Math.abs(value * 1e9 - Math.round(value * 1e9)) < 1e-2, { error: usdError })

const rateError = `must be a number above 0 and at most ${RATE_MAX}`
const ratePerSecond = z.number({ error: rateError }).gt(0, { error: rateError }).max(RATE_MAX, { error: rateError })

const same = <const T extends readonly string[]>(names: T): { readonly [name in T[number]]: name } =>
  Object.fromEntries(names.map((name) => [name, name])) as never

const FAIL = { open: 'open', closed: 'closed' } as const

const cap = group({
  window: key('Calendar window in the time zone; weeks begin on Monday.', choice(same(BUDGET_WINDOWS))),
  hard_limit_usd: key('Calls that could cost more than what is left are refused.', usd),
  soft_limit_usd: key('From here on answers carry a warning. null: from 80 % of the hard limit.', usd.nullable().default(null)),
}).superRefine((value, context) => {
  if (value.soft_limit_usd === null || value.soft_limit_usd <= value.hard_limit_usd) return
  context.addIssue({ code: 'custom', path: ['soft_limit_usd'], message: 'must not be more than hard_limit_usd' })
})

const caps = z
  .array(cap, { error: 'must be a list' })
  .readonly()
  .superRefine((list, context) => {
    for (const [i, { window }] of list.entries()) {
      if (list.findIndex((other) => other.window === window) === i) continue
      context.addIssue({ code: 'custom', path: [i, 'window'], message: `is given twice: ${window} has one cap` })
    }
  })

const tokens = whole('tokens', 1, 1_000_000_000)
const tokenCap = group({
  max_prompt_tokens: key('Of the prompt, estimated at four bytes a token.', tokens.nullable().default(null)),
  max_completion_tokens: key(
    'Of the answer: what max_tokens asks for, or all that the model can give.',
    tokens.nullable().default(null),
  ),
  max_total_tokens: key('Of both.', tokens.nullable().default(null)),
})

const agent = group({
  agent_id: key('As in X-LLMTrace-Agent-ID.', matching('1 to 128 printable characters', /^[\x20-\x7e]{1,128}$/)),
  budget_caps: key('In place of agent_budget_caps. null: the same.', caps.nullable().default(null)),
  token_cap: key('In place of default_token_cap. null: the same.', tokenCap.nullable().default(null)),
})

const agents = z
  .array(agent, { error: 'must be a list' })
  .max(AGENTS_MAX, { error: `must be a list of at most ${AGENTS_MAX}` })
  .readonly()
  .superRefine((list, context) => {
    const seen = new Set<string>()
    for (const [i, { agent_id: id }] of list.entries()) {
      if (seen.has(id)) context.addIssue({ code: 'custom', path: [i, 'agent_id'], message: 'is given twice' })
      seen.add(id)
    }
  })

const zone = satisfying('an IANA time zone, such as Europe/Berlin', isTimeZone)

const rateKeys = {
  requests_per_second: key(
    'Calls a second of a tenant, as a long-time rate. null: no limit.',
    ratePerSecond.nullable().default(null),
  ),
  burst_size: key('Calls that may come at once. null: twice the rate.', whole('calls', 1, RATE_MAX).nullable().default(null)),
  tokens_per_minute: key(
    'Tokens a minute of a tenant. null: no limit.',
    whole('tokens', 1, 1_000_000_000).nullable().default(null),
  ),
  concurrent_streams: key(
    'Streams of a tenant at once. null: no limit.',
    whole('streams', 0, RATE_MAX).nullable().default(null),
  ),
}

export const LIMITS = group({
  max_request_bytes: key('Largest request body, in bytes.', whole('bytes', 1024, GIB).default(52_428_800)),
  enabled: key('Whether the rates below hold.', flag().default(false)),
  ...rateKeys,
  tenant_overrides: key(
    'Rates of single tenants, by tenant id; null: as for all.',
    named(TENANT_NAME, isTenantName, group(rateKeys)).default({}),
    {
      example: {
        'team-search': { requests_per_second: 50, burst_size: 200, tokens_per_minute: null, concurrent_streams: null },
      },
    },
  ),
  fail: key('What becomes of calls while the ledger cannot be asked.', choice(FAIL).default('open')),
})

export const COST_CAPS = group({
  enabled: key('Whether the caps below hold.', flag().default(false)),
  timezone: key('Time zone of the windows.', zone.default('UTC')),
  default_budget_caps: key('Of each tenant as a whole.', caps.default([]), {
    example: [{ window: 'monthly', hard_limit_usd: 500, soft_limit_usd: 400 }],
  }),
  project_budget_caps: key('Of each project.', caps.default([]), {
    example: [{ window: 'monthly', hard_limit_usd: 100, soft_limit_usd: null }],
  }),
  key_budget_caps: key('Of each gateway key.', caps.default([]), {
    example: [{ window: 'weekly', hard_limit_usd: 50, soft_limit_usd: null }],
  }),
  agent_budget_caps: key('Of each agent (X-LLMTrace-Agent-ID).', caps.default([]), {
    example: [{ window: 'daily', hard_limit_usd: 5, soft_limit_usd: null }],
  }),
  user_budget_caps: key("Of each user (X-LLMTrace-User-ID, or the request's own user field).", caps.default([]), {
    example: [{ window: 'daily', hard_limit_usd: 1, soft_limit_usd: 0.5 }],
  }),
  agents: key('Single agents that have caps of their own.', agents.default([]), {
    example: [
      {
        agent_id: 'nightly-report',
        budget_caps: [{ window: 'daily', hard_limit_usd: 20, soft_limit_usd: null }],
        token_cap: null,
      },
    ],
  }),
  default_token_cap: key('What one call may ask for.', tokenCap.prefault({})),
  unpriced: key(
    'Calls to a model whose price is unknown. block: refused. reserve_default: counted with reserve_default_usd. allow_flagged: pass and cost nothing.',
    choice({ block: 'block', reserve_default: 'reserve_default', allow_flagged: 'allow_flagged' }).default('block'),
  ),
  reserve_default_usd: key('USD that such a call counts with.', usd.default(0.01)),
  when_tight: key(
    'A call that may cost more than what is left. refuse: it is refused. shrink: it passes where its prompt alone fits, and may pass the limit.',
    choice({ refuse: 'refuse', shrink: 'shrink' }).default('refuse'),
  ),
  hold_ttl_seconds: key(
    'Seconds after which the hold of a call that nobody tells of any more is given up; a running call renews it.',
    whole('seconds', 1, 86_400).default(900),
  ),
  tenant_overrides: key(
    'Tenants that have another time zone or other caps; null: as for all.',
    named(
      TENANT_NAME,
      isTenantName,
      group({
        timezone: key('Time zone of its windows.', zone.nullable().default(null)),
        default_budget_caps: key('Of the tenant as a whole.', caps.nullable().default(null)),
      }),
    ).default({}),
    { example: { 'team-tokyo': { timezone: 'Asia/Tokyo', default_budget_caps: null } } },
  ),
  fail: key('What becomes of calls while the ledger cannot be asked.', choice(FAIL).default('closed')),
})

type LimitSections = { readonly limits: z.output<typeof LIMITS>; readonly cost_caps: z.output<typeof COST_CAPS> }

/** Whether anything has to be counted at all. */
export function hasLimits({ limits, cost_caps: budgets }: LimitSections): boolean {
  return limits.enabled || budgets.enabled
}

/** Of one tenant, or of all that have nothing of their own (null). */
export function toLimitPolicy({ limits, cost_caps: budgets }: LimitSections, tenant: string | null = null): LimitPolicy {
  const rates = { ...limits, ...given(tenant === null ? undefined : limits.tenant_overrides[tenant]) }
  const own = tenant === null ? undefined : budgets.tenant_overrides[tenant]
  if (!hasLimits({ limits, cost_caps: budgets })) return NO_LIMITS
  return {
    rates: limits.enabled
      ? {
          requestsPerSecond: rates.requests_per_second,
          burst: rates.burst_size ?? Math.max(1, Math.ceil((rates.requests_per_second ?? 0) * 2)),
          tokensPerMinute: rates.tokens_per_minute,
          concurrentStreams: rates.concurrent_streams,
          fail: limits.fail,
        }
      : null,
    budgets: budgets.enabled
      ? {
          timeZone: own?.timezone ?? budgets.timezone,
          caps: {
            tenant: (own?.default_budget_caps ?? budgets.default_budget_caps).map(toCap),
            project: budgets.project_budget_caps.map(toCap),
            key: budgets.key_budget_caps.map(toCap),
            agent: budgets.agent_budget_caps.map(toCap),
            user: budgets.user_budget_caps.map(toCap),
          },
          agents: new Map(
            budgets.agents.map(({ agent_id: id, budget_caps: list, token_cap: ownCap }) => [
              id,
              { caps: list?.map(toCap) ?? null, tokenCap: ownCap === null ? null : toTokenCap(ownCap) },
            ]),
          ),
          tokenCap: toTokenCap(budgets.default_token_cap),
          unpriced: budgets.unpriced,
          reserveDefault: toNano(budgets.reserve_default_usd),
          whenTight: budgets.when_tight,
          holdTtlMs: budgets.hold_ttl_seconds * 1000,
          fail: budgets.fail,
        }
      : null,
  }
}

/** Tenants that have limits of their own. */
export function limitOverridesOf(sections: LimitSections): ReadonlyMap<string, LimitPolicy> {
  const tenants = [...Object.keys(sections.limits.tenant_overrides), ...Object.keys(sections.cost_caps.tenant_overrides)]
  return new Map(tenants.map((tenant) => [tenant, toLimitPolicy(sections, tenant)]))
}

/** What is not null. */
function given<T extends object>(values: T | undefined): { [name in keyof T]?: NonNullable<T[name]> } {
  return Object.fromEntries(Object.entries(values ?? {}).filter(([, value]) => value !== null)) as never
}

function toCap(value: z.output<typeof cap>): BudgetCap {
  return {
    window: value.window,
    hardLimit: toNano(value.hard_limit_usd),
    softLimit: value.soft_limit_usd === null ? null : toNano(value.soft_limit_usd),
  }
}

function toTokenCap(value: z.output<typeof tokenCap>): TokenCap | null {
  const { max_prompt_tokens: promptMax, max_completion_tokens: completionMax, max_total_tokens: totalMax } = value
  return promptMax === null && completionMax === null && totalMax === null ? null : { promptMax, completionMax, totalMax }
}

/** The schema has checked that it is a price. */
function toNano(value: number): NanoUsd {
  return nanoUsd(value) ?? (0 as NanoUsd)
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
