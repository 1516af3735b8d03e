/**
 * Hours and days of a time zone. SQL adds the zone's offset, which is constant between two changes of it, and rounds down; so a day of
 * 23 or 25 hours is one day, the hour that a zone repeats in autumn is two, and offsets of half and quarter hours need nothing special.
 */
import { sql, type SQL } from 'drizzle-orm'
import { rfc3339, type EpochMs } from '../../core/domain/time.ts'
import { TIME_MS_MAX } from './seq.ts'

const DAY_MS = 86_400_000
const UNIT_MS = { hour: 3_600_000, day: DAY_MS }
/** No zone has changed its offset twice within this. */
const STEP_MS = 7 * DAY_MS

/** Local time is UTC plus `offsetMs`, from `start` up to the start of the next segment. */
export type ZoneSegment = { readonly start: EpochMs; readonly offsetMs: number }

/** Times outside 1970 to 2109 count to the first or the last hour of it. */
export function clampTime(time: EpochMs): EpochMs {
  return Math.min(Math.max(time, 0), TIME_MS_MAX)
}

/** The zone's offsets from two days before `from` up to `to`; the first reaches back without end. Throws `RangeError` for a zone that is not known. */
export function zoneSegments(timeZone: string, from: EpochMs, to: EpochMs): readonly ZoneSegment[] {
  const offsetAt = offsetsOf(timeZone)
  // The day of the first time may have begun under another offset.
  let time = Math.floor(from) - 2 * DAY_MS
  const segments: ZoneSegment[] = [{ start: time, offsetMs: offsetAt(time) }]
  while (time < to) {
    const next = Math.min(time + STEP_MS, to)
    const before = offsetAt(time)
    const after = offsetAt(next)
    if (before !== after) segments.push({ start: changeBetween(time, next, before, offsetAt), offsetMs: after })
    time = next
  }
  return segments
}

/** The first millisecond after `low` whose offset is no longer `before`. */
function changeBetween(low: EpochMs, high: EpochMs, before: number, offsetAt: (time: EpochMs) => number): EpochMs {
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (offsetAt(middle) === before) low = middle
    else high = middle
  }
  return high
}

function offsetsOf(timeZone: string): (time: EpochMs) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  return (time) => {
    const parts = new Map(format.formatToParts(time).map(({ type, value }) => [type, Number(value)]))
    const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0
    const local = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'))
    return local - Math.floor(time / 1000) * 1000
  }
}

/**
 * SQL for the group of `spans.start_time`: for an hour its start in UTC, since a local hour may come twice; for a day its start in
 * local time, since a day may have two offsets.
 */
export function timeKey(unit: 'hour' | 'day', segments: readonly ZoneSegment[]): SQL {
  const time = `CAST(min(max(spans.start_time, 0), ${TIME_MS_MAX}) AS INTEGER)`
  const keys = segments.map(({ start, offsetMs }, i) => {
    const local = `(${time} + ${offsetMs})`
    const unitMs = UNIT_MS[unit]
    const rounded = `(${local} - ((${local} % ${unitMs}) + ${unitMs}) % ${unitMs})`
    if (unit === 'day') return rounded
    // An hour that a change of half an hour cuts begins at the change.
    return i === 0 ? `${rounded} - ${offsetMs}` : `max(${start}, ${rounded} - ${offsetMs})`
  })
  const branches = keys.slice(0, -1).map((key, i) => `WHEN ${time} < ${segments[i + 1]?.start} THEN ${key}`)
  return sql.raw(branches.length === 0 ? `${keys[0]}` : `CASE ${branches.join(' ')} ELSE ${keys.at(-1)} END`)
}

/** RFC 3339 start of a group, in UTC. A day whose midnight a change left out begins with the change. */
export function startOf(unit: 'hour' | 'day', key: number, segments: readonly ZoneSegment[]): string {
  if (unit === 'hour') return rfc3339(key)
  const starts = segments.flatMap(({ start, offsetMs }, i) => {
    const first = i === 0 ? key - offsetMs : Math.max(start, key - offsetMs)
    const isInSegment = first < (segments[i + 1]?.start ?? Infinity)
    const isInDay = first + offsetMs >= key && first + offsetMs < key + DAY_MS
    return isInSegment && isInDay ? [first] : []
  })
  return rfc3339(starts[0] ?? key)
}
