/** Stats of spans without SQL, as plainly as can be: what the stores' answers are compared with. */
import type { TenantId } from '../../src/core/domain/ids.ts'
import type { Percentiles, Stats, StatsGroup, StatsRow } from '../../src/core/domain/query.ts'
import type { TraceSpan } from '../../src/core/domain/span.ts'
import { modelOf, UNPRICED } from '../../src/core/domain/span.ts'
import { usageOf } from '../../src/core/domain/usage.ts'
import { randomOf } from '../support/recorded.ts'
import { aFinding, aSpan, nano, START, traceIdOf } from '../support/spans.ts'

type Asked = { readonly groupBy: StatsGroup | null; readonly timeZone: string; readonly acrossTenants: boolean }

const MINUTE_MS = 60_000

/** Spans over some days, with everything that stats look at. The same seed gives the same spans. */
export function randomSpans(tenantId: TenantId, count: number, seed = 1): readonly TraceSpan[] {
  const random = randomOf(seed)
  const pick = <T>(...values: readonly T[]): T => values[Math.floor(random() * values.length)] as T
  return Array.from({ length: count }, (_, i) => {
    const isPriced = random() < 0.8
    return aSpan(
      {
        tenantId,
        traceId: traceIdOf(1 + Math.floor(random() * (count / 2))),
        startTime: START + Math.floor(random() * 6 * 86_400_000),
        durationMs: pick(Math.floor(random() * 5000), random() * 5000, 17),
        ttftMs: random() < 0.3 ? null : pick(Math.floor(random() * 500), 3),
        status: pick('ok', 'ok', 'ok', 'error', 'refused', 'cancelled', 'incomplete'),
        provider: pick('openai', 'anthropic', 'google'),
        responseModel: pick(null, 'model-a', 'model-b'),
        requestModel: pick(null, 'model-c', 'Ω-model'),
        agentId: pick(null, 'agent-1', 'agent-2'),
        userId: pick(null, 'user-1', 'user-2', 'user-10'),
        tags: pick({}, { env: 'prod' }, { env: 'test', team: 'blue' }, { team: 'red' }),
        usage:
          random() < 0.2
            ? null
            : usageOf({
                input_tokens: Math.floor(random() * 3000),
                cache_read_tokens: Math.floor(random() * 500),
                cache_write_tokens: Math.floor(random() * 100),
                output_tokens: Math.floor(random() * 1000),
                output_reasoning_tokens: Math.floor(random() * 300),
              }),
        cost: isPriced
          ? {
              status: pick('priced', 'estimated'),
              amount: nano(Math.floor(random() * 1e9)),
              priceId: null,
              effectiveDate: null,
            }
          : UNPRICED,
        findings: pick(
          [],
          [],
          [aFinding()],
          [
            aFinding({ severity: 'low', findingType: 'pii_email' }),
            aFinding({ severity: 'low' }),
            aFinding({ severity: 'critical' }),
          ],
        ),
      },
      i + 1,
    )
  })
}

export function statsByHand(spans: readonly TraceSpan[], asked: Asked): Stats {
  const times = spans.map((span) => span.startTime)
  return {
    total: rowByHand(null, spans),
    groups: asked.groupBy === null ? [] : groupsByHand(spans, asked.groupBy, asked.timeZone),
    traces: new Set(spans.map((span) => `${span.tenantId} ${span.traceId}`)).size,
    oldest: times.length === 0 ? null : Math.min(...times),
    newest: times.length === 0 ? null : Math.max(...times),
  }
}

/** Hours and days in the order of time; others by requests, most first, then by key, "none" before all. */
function groupsByHand(spans: readonly TraceSpan[], groupBy: StatsGroup, timeZone: string): readonly StatsRow[] {
  const members = new Map<string | null, TraceSpan[]>()
  for (const span of spans) {
    for (const key of keysOf(span, groupBy, timeZone)) members.set(key, [...(members.get(key) ?? []), span])
  }
  const rows = [...members].map(([key, group]) => rowByHand(key, group))
  const byKey = (a: StatsRow, b: StatsRow): number => Buffer.compare(Buffer.from(a.key ?? ''), Buffer.from(b.key ?? ''))
  if (groupBy === 'hour' || groupBy === 'day') return rows.toSorted(byKey)
  return rows.toSorted((a, b) => b.requests - a.requests || byKey(a, b))
}

function keysOf(span: TraceSpan, groupBy: StatsGroup, timeZone: string): readonly (string | null)[] {
  switch (groupBy) {
    case 'hour':
    case 'day':
      return [startByHand(span.startTime, groupBy, timeZone)]
    case 'model':
      return [modelOf(span)]
    case 'provider':
      return [span.provider]
    case 'agent':
      return [span.agentId]
    case 'user':
      return [span.userId]
    case 'tag': {
      const tags = Object.entries(span.tags).map(([key, value]) => `${key}=${value}`)
      return tags.length === 0 ? [null] : tags
    }
  }
}

/** Goes back minute by minute until the zone's clock shows another hour or day. */
function startByHand(time: number, unit: 'hour' | 'day', timeZone: string): string {
  const clock = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    // With its offset, since an hour may come twice.
    ...(unit === 'hour' ? { hour: '2-digit', timeZoneName: 'longOffset' } : {}),
  })
  const label = (at: number): string => clock.format(at)
  let start = Math.floor(time / MINUTE_MS) * MINUTE_MS
  while (label(start - MINUTE_MS) === label(time)) start -= MINUTE_MS
  return new Date(start).toISOString()
}

function rowByHand(key: string | null, spans: readonly TraceSpan[]): StatsRow {
  const sum = (of: (span: TraceSpan) => number): number => spans.reduce((total, span) => total + of(span), 0)
  const findings: { [severity: string]: number } = {}
  for (const { severity } of spans.flatMap((span) => span.findings)) findings[severity] = (findings[severity] ?? 0) + 1
  const tokens = {
    input: sum((span) => span.usage?.input ?? 0),
    cacheRead: sum((span) => span.usage?.cacheRead ?? 0),
    cacheWrite: sum((span) => span.usage?.cacheWrite ?? 0),
    output: sum((span) => span.usage?.output ?? 0),
    reasoning: sum((span) => span.usage?.reasoning ?? 0),
  }
  return {
    key,
    requests: spans.length,
    errors: spans.filter((span) => span.status !== 'ok').length,
    tokens: { ...tokens, total: Object.values(tokens).reduce((total, count) => total + count, 0) },
    cost: nano(sum((span) => span.cost.amount ?? 0)),
    unpricedRequests: spans.filter((span) => span.cost.status === 'unpriced').length,
    findings,
    latencyMs: percentilesByHand(spans.map((span) => span.durationMs)),
    ttftMs: percentilesByHand(spans.flatMap((span) => (span.ttftMs === null ? [] : [span.ttftMs]))),
  }
}

/** Nearest rank: the least value that at least p % of all do not exceed. */
function percentilesByHand(values: readonly number[]): Percentiles {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (percent: number): number | null =>
    sorted.find((value) => sorted.filter((other) => other <= value).length * 100 >= percent * sorted.length) ?? null
  return { p50: at(50), p95: at(95), p99: at(99) }
}
