/**
 * The `TraceQueue` of a Worker without a queue binding: each span is written by its own request, after the answer. Nothing waits
 * between two requests, since an isolate may end there. A write that fails is tried again twice; then the span is shed and counted.
 */
import { ENVELOPE_VERSION } from '../../core/domain/envelope.ts'
import type { TraceSpan } from '../../core/domain/span.ts'
import type { Clock, Log, TraceQueue, TraceStore } from '../../core/ports.ts'

const PAUSES_MS: readonly number[] = [200, 1_000]

export type DirectQueueOptions = {
  readonly store: Pick<TraceStore, 'write'>
  readonly clock: Clock
  readonly log: Log
  readonly writer: string
}

export function createDirectQueue({ store, clock, log, writer }: DirectQueueOptions): TraceQueue & { isDegraded(): boolean } {
  const underway = new Set<Promise<void>>()
  let sequence = 0
  let stored = 0
  let shed = 0
  let isFailing = false

  async function write(span: TraceSpan): Promise<void> {
    sequence += 1
    const envelope = { version: ENVELOPE_VERSION, writer, sequence, span } as const
    for (let tries = 0; ; tries += 1) {
      try {
        await store.write([envelope])
        stored += 1
        isFailing = false
        return
      } catch (error) {
        isFailing = true
        const pauseMs = PAUSES_MS[tries]
        if (pauseMs === undefined) {
          shed += 1
          log.write('error', 'store.span_lost', { span_id: span.spanId, error })
          return
        }
        await new Promise<void>((resolve) => clock.after(pauseMs, resolve))
      }
    }
  }

  return {
    send: (span) => {
      const work = write(span).finally(() => underway.delete(work))
      underway.add(work)
      return work
    },
    flush: async () => {
      await Promise.all(underway)
    },
    delivery: () => ({
      accepted: sequence,
      queued: underway.size,
      stored,
      shed: shed === 0 ? {} : { store_failed: shed },
    }),
    isDegraded: () => isFailing,
  }
}
