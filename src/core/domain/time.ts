/** Times are epoch milliseconds inside and RFC 3339 UTC outside. */

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = number

/** RFC 3339 in UTC with milliseconds. */
export function rfc3339(time: EpochMs): string {
  return new Date(time).toISOString()
}
