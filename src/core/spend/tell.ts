/** What an answer tells of the limits that it was under, as headers. */
import type { Hold } from '../domain/budget.ts'
import type { Limit } from './limits.ts'

export function limitHeaders(
  limits: readonly Limit[],
  hold: Hold,
  isPastWarning: boolean,
): readonly (readonly [name: string, value: string])[] {
  const headers: (readonly [string, string])[] = []
  const i = limits.findIndex(({ scope }) => scope.unit === 'requests')
  const limit = limits[i]
  const balance = hold.entries[i]?.balance
  if (limit !== undefined && balance !== undefined && limit.scope.meter.kind === 'bucket') {
    headers.push(
      ['x-ratelimit-limit', String(limit.limit)],
      ['x-ratelimit-remaining', String(Math.max(0, Math.floor(limit.limit - balance.spent)))],
      // Seconds until all of the burst is there again.
      ['x-ratelimit-reset', String(Math.ceil(balance.spent / limit.scope.meter.perSecond))],
    )
  }
  if (isPastWarning) headers.push(['x-llmtrace-budget', 'warning'])
  return headers
}
