/**
 * The ship stage: a span leaves for a store. It never fails a call and never waits for a store; what cannot be kept is counted.
 */
import type { TraceSpan } from '../domain/span.ts'
import type { Background, TraceQueue } from '../ports.ts'

/** A policy of `capture: none` keeps no span; counters were fed before. */
export function ship(span: TraceSpan, isKept: boolean, queue: TraceQueue, background: Background): void {
  if (!isKept) return
  const work = queue.send(span)
  if (work !== null) background('ship', work)
}
