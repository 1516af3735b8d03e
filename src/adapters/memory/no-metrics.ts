/** Metrics of a runtime that has no process to count in: an isolate lives for a moment, so its counters would mean nothing. */
import type { Metrics } from '../../core/ports.ts'

export const noMetrics: Metrics = {
  callStarted: () => {},
  callFinished: () => {},
  breaker: () => {},
  ledger: () => {},
  guarded: () => {},
}
