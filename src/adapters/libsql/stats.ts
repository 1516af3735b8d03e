/**
 * Figures over spans: sums in one pass, percentiles by rank. A percentile is a value that occurred: the least that at least p % of the
 * values do not exceed (nearest rank).
 */
import { and, sql, type SQL } from 'drizzle-orm'
import type { LibSQLDatabase } from 'drizzle-orm/libsql'
import { ZERO_USD } from '../../core/domain/money.ts'
import type { Percentiles, Stats, StatsGroup, StatsRequest, StatsRow } from '../../core/domain/query.ts'
import { invariant } from '../../core/domain/result.ts'
import type { EpochMs } from '../../core/domain/time.ts'
import { matching, type Matching } from './span-filter.ts'
import { COST_SUM, readCostSum } from './sums.ts'
import { clampTime, startOf, timeKey, zoneSegments } from './time-groups.ts'

/** Groups of one answer: those with the most requests, or the newest hours and days. */
export const NAMED_GROUPS_MAX = 1000
export const TIME_GROUPS_MAX = 10_000

const PERCENTS = [50, 95, 99] as const

/** How spans are put into groups: `key` is SQL for the group's value over `from`, null for one group of all. */
type Grouping = { readonly key: SQL | null; readonly from: SQL; readonly order: SQL; readonly groupsMax: number }
type Key = string | number | null
type Row = Omit<StatsRow, 'key'> & { readonly key: Key }

const UNMEASURED: Percentiles = { p50: null, p95: null, p99: null }

export async function readStats(
  db: LibSQLDatabase,
  { filter, groupBy, timeZone, acrossTenants }: StatsRequest & { readonly acrossTenants: boolean },
): Promise<Stats> {
  const { rows } = matching(filter, acrossTenants ? null : filter.tenantId)
  const traceId = acrossTenants ? sql`spans.tenant_id || ' ' || spans.trace_id` : sql`spans.trace_id`
  const [range] = await db
    .select({
      traces: sql`count(DISTINCT ${traceId})`.mapWith(Number),
      oldest: sql<EpochMs | null>`min(spans.start_time)`,
      newest: sql<EpochMs | null>`max(spans.start_time)`,
    })
    .from(rows.from)
    .where(rows.where)
  const { traces, oldest, newest } = range ?? { traces: 0, oldest: null, newest: null }
  const [all] = await readGroups(db, rows, { key: null, from: rows.from, order: sql`1`, groupsMax: 1 })
  invariant(all !== undefined, 'a total of no spans is a row of zeros')
  const total = { ...all, key: null }
  if (groupBy === null || oldest === null || newest === null) return { total, groups: [], traces, oldest, newest }
  if (groupBy !== 'hour' && groupBy !== 'day') {
    const groups = await readGroups(db, rows, namedGrouping(groupBy, rows))
    return {
      total,
      groups: groups.map((row) => ({ ...row, key: row.key === null ? null : String(row.key) })),
      traces,
      oldest,
      newest,
    }
  }
  const segments = zoneSegments(timeZone, clampTime(oldest), clampTime(newest))
  const key = timeKey(groupBy, segments)
  const groups = await readGroups(db, rows, { key, from: rows.from, order: sql`group_key DESC`, groupsMax: TIME_GROUPS_MAX })
  const timed = groups.map((row) => ({ ...row, key: startOf(groupBy, Number(row.key), segments) })).toReversed()
  return { total, groups: timed, traces, oldest, newest }
}

function namedGrouping(groupBy: Exclude<StatsGroup, 'hour' | 'day'>, { from }: Matching): Grouping {
  const shared = { order: sql`requests DESC, group_key`, groupsMax: NAMED_GROUPS_MAX }
  if (groupBy === 'tag') {
    const tagged = sql`${from} LEFT JOIN span_tags AS grouped ON grouped.seq = spans.seq`
    return { key: sql`grouped.key || '=' || grouped.value`, from: tagged, ...shared }
  }
  const keys = { model: sql`spans.model`, provider: sql`spans.provider`, agent: sql`spans.agent_id`, user: sql`spans.user_id` }
  return { key: keys[groupBy], from, ...shared }
}

type SumRow = {
  readonly group_key: unknown
  /** The group's place in the order of keys. */
  readonly place: unknown
  readonly requests: unknown
  readonly errors: unknown
  readonly input: number
  readonly cache_read: number
  readonly cache_write: number
  readonly output: number
  readonly reasoning: number
  readonly cost: string | null
  readonly unpriced: unknown
  readonly latencies: unknown
  readonly ttfts: unknown
}

async function readGroups(db: LibSQLDatabase, { where }: Matching, grouping: Grouping): Promise<readonly Row[]> {
  const { from, order, groupsMax } = grouping
  const key = grouping.key ?? sql`NULL`
  const groupBy = grouping.key === null ? sql`` : sql`GROUP BY 1`
  const sums = await db.all<SumRow>(sql`
    SELECT *, row_number() OVER (ORDER BY group_key) AS place FROM (
      SELECT ${key} AS group_key, count(*) AS requests, sum(spans.status <> 'ok') AS errors,
        total(spans.input_tokens) AS input, total(spans.cache_read_tokens) AS cache_read,
        total(spans.cache_write_tokens) AS cache_write, total(spans.output_tokens) AS output,
        total(spans.reasoning_tokens) AS reasoning, ${COST_SUM} AS cost, sum(spans.cost_status = 'unpriced') AS unpriced,
        count(spans.duration_ms) AS latencies, count(spans.ttft_ms) AS ttfts
      FROM ${from} WHERE ${where ?? sql`TRUE`} ${groupBy} ORDER BY ${order} LIMIT ${groupsMax}
    ) ORDER BY ${order}`)
  // Where groups were left out, the other figures leave them out as well.
  const isCut = grouping.key !== null && sums.length === groupsMax
  const kept = isCut
    ? isOneOf(
        key,
        sums.map((sum) => keyOf(sum.group_key)),
      )
    : undefined
  const matched = and(where, kept) ?? sql`TRUE`
  const severities = await db.all<{ group_key: unknown; severity: string; findings: unknown }>(sql`
    SELECT ${key} AS group_key, counted.severity AS severity, count(*) AS findings
    FROM ${from} JOIN findings AS counted ON counted.seq = spans.seq WHERE ${matched} GROUP BY 1, 2`)
  const measured = (column: SQL) =>
    sql`SELECT ${key} AS group_key, ${column} AS value FROM ${from} WHERE ${matched} AND ${column} IS NOT NULL`
  const places = sums.toSorted((a, b) => Number(a.place) - Number(b.place))
  const counted = (count: (sum: SumRow) => unknown) =>
    places.map((sum) => ({ key: keyOf(sum.group_key), count: Number(count(sum)) }))
  const latencies = await readPercentiles(
    db,
    counted((sum) => sum.latencies),
    measured(sql`spans.duration_ms`),
  )
  const ttfts = await readPercentiles(
    db,
    counted((sum) => sum.ttfts),
    measured(sql`spans.ttft_ms`),
  )
  return sums.map((sum) => {
    const { input, cache_read: cacheRead, cache_write: cacheWrite, output, reasoning } = sum
    const group = keyOf(sum.group_key)
    const found = severities.filter((row) => keyOf(row.group_key) === group)
    return {
      key: group,
      requests: Number(sum.requests),
      errors: Number(sum.errors),
      tokens: { input, cacheRead, cacheWrite, output, reasoning, total: input + cacheRead + cacheWrite + output + reasoning },
      cost: readCostSum(sum.cost) ?? ZERO_USD,
      unpricedRequests: Number(sum.unpriced),
      findings: Object.fromEntries(found.map(({ severity, findings }) => [severity, Number(findings)])),
      latencyMs: latencies.get(group) ?? UNMEASURED,
      ttftMs: ttfts.get(group) ?? UNMEASURED,
    }
  })
}

/** A key as the driver gives it: a time may come as a bigint. */
function keyOf(value: unknown): Key {
  if (value === null) return null
  return typeof value === 'string' ? value : Number(value)
}

function isOneOf(key: SQL, keys: readonly Key[]): SQL {
  const isListed = sql`${key} IN (SELECT value FROM json_each(${JSON.stringify(keys.filter((one) => one !== null))}))`
  return keys.includes(null) ? sql`(${isListed} OR ${key} IS NULL)` : isListed
}

/**
 * `groups` in the order of their keys, with how many values each has: so the rank of every percentile in one sorted list of all groups
 * is known beforehand, and one sort gives them all.
 */
async function readPercentiles(
  db: LibSQLDatabase,
  groups: readonly { readonly key: Key; readonly count: number }[],
  values: SQL,
): Promise<ReadonlyMap<Key, Percentiles>> {
  let before = 0
  const ranks = groups.flatMap(({ key, count }) => {
    const first = before
    before += count
    return count === 0 ? [] : [{ key, ranks: PERCENTS.map((percent) => first + Math.ceil((percent * count) / 100)) }]
  })
  const wanted = JSON.stringify([...new Set(ranks.flatMap((group) => group.ranks))])
  const found = await db.all<{ rank: unknown; value: number }>(sql`
    SELECT rank, value FROM (SELECT value, row_number() OVER (ORDER BY group_key, value) AS rank FROM (${values}))
    WHERE rank IN (SELECT value FROM json_each(${wanted}))`)
  const valueAt = new Map(found.map(({ rank, value }) => [Number(rank), value]))
  return new Map(
    ranks.map((group) => {
      const [p50 = null, p95 = null, p99 = null] = group.ranks.map((rank) => valueAt.get(rank) ?? null)
      return [group.key, { p50, p95, p99 }]
    }),
  )
}
