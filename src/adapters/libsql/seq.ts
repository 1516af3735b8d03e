/**
 * The row id of a span: its start time in milliseconds, then a counter within that millisecond. The table, the full-text index and
 * every secondary index so lie in the order of time without holding it again, and a time range is a range of row ids.
 *
 * A row id has 63 bits and is above 2^53: it is a bigint on the way in and text on the way out.
 */
import type { EpochMs } from '../../core/domain/time.ts'

/** Slots of one millisecond: 2^20. */
const SLOT_BITS = 20n
const SLOT_LAST = (1n << SLOT_BITS) - 1n

/** 2^42 - 1, in the year 2109. Later times lie at the end of this range, times before 1970 at its beginning. */
export const TIME_MS_MAX = 2 ** 42 - 1

/** Rows of milliseconds that are full lie here, after all others, in the order of their arrival. */
const OVERFLOW = 1n << 62n

/** The first row id of the millisecond in which a span starts. */
export function slotsOf(time: EpochMs): bigint {
  return BigInt(Math.trunc(Math.min(Math.max(time, 0), TIME_MS_MAX))) << SLOT_BITS
}

/** The first row id of a millisecond: spans from `time` on have this or more, spans before it have less. */
export function seqFrom(time: EpochMs): bigint {
  return BigInt(Math.ceil(Math.min(Math.max(time, 0), TIME_MS_MAX))) << SLOT_BITS
}

/**
 * SQL for a free row id of the millisecond whose first one `first` stands for, a placeholder that is bound to `slotsOf`. Holds within a
 * write transaction only.
 */
export function nextSeq(first: string): string {
  return `(SELECT CASE
      WHEN last IS NULL THEN ${first}
      WHEN last < ${first} + ${SLOT_LAST} THEN last + 1
      ELSE coalesce((SELECT max(seq) FROM spans WHERE seq >= ${OVERFLOW}), ${OVERFLOW}) + 1 END
    FROM (SELECT max(seq) AS last FROM spans WHERE seq BETWEEN ${first} AND ${first} + ${SLOT_LAST}))`
}
