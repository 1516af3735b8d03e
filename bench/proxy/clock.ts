/** One clock for the mock and the load generator: microseconds, monotonic within a process and equal across processes to a microsecond. */

/** Not `process.hrtime()`: under Bun it counts from the start of the process, so two processes would not agree. */
export function nowUs(): number {
  return (performance.timeOrigin + performance.now()) * 1_000
}
