/**
 * The `TraceQueue` of one process: spans wait at most `windowMs` in memory and go to the store in batches. A store that fails is tried
 * again; meanwhile spans are kept up to a bound, then the newest are shed and counted. No call ever waits for it.
 */
import { ENVELOPE_VERSION, type Envelope } from '../../core/domain/envelope.ts'
import type { TraceSpan } from '../../core/domain/span.ts'
import type { Clock, Delivery, Log, TraceQueue, TraceStore } from '../../core/ports.ts'

export type WriteBehindOptions = {
  readonly store: Pick<TraceStore, 'write'>
  readonly clock: Clock
  readonly log: Log
  readonly writer: string
  readonly windowMs: number
  /** Spans of one batch. */
  readonly batchMax: number
  /** Characters of text that may wait; beyond it new spans are shed. */
  readonly queuedCharsMax: number
}

const RETRY_MS_FIRST = 100
const RETRY_MS_MAX = 5_000

export function createWriteBehind(
  options: WriteBehindOptions,
): TraceQueue & { isDegraded(): boolean; close(deadlineMs: number): Promise<void> } {
  const { store, clock, log } = options
  let waiting: Envelope[] = []
  let waitingChars = 0
  let sequence = 0
  let stored = 0
  let accepted = 0
  const shed: { [reason: string]: number } = {}
  let stopTimer: (() => void) | null = null
  let writing: Promise<void> | null = null
  let retryMs = 0

  function send(span: TraceSpan): null {
    accepted += 1
    const chars = charsOf(span)
    if (waitingChars + chars > options.queuedCharsMax) {
      shed['queue_full'] = (shed['queue_full'] ?? 0) + 1
      return null
    }
    sequence += 1
    waiting.push({ version: ENVELOPE_VERSION, writer: options.writer, sequence, span })
    waitingChars += chars
    if (waiting.length >= options.batchMax && retryMs === 0) start()
    else stopTimer ??= clock.after(Math.max(options.windowMs, retryMs), start)
    return null
  }

  function start(): void {
    stopTimer?.()
    stopTimer = null
    writing ??= drain().finally(() => {
      writing = null
      if (waiting.length > 0) stopTimer ??= clock.after(Math.max(options.windowMs, retryMs), start)
    })
  }

  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, options.batchMax)
      try {
        await store.write(batch)
      } catch (error) {
        retryMs = retryMs === 0 ? RETRY_MS_FIRST : Math.min(retryMs * 2, RETRY_MS_MAX)
        log.write('error', 'store.write_failed', { spans: batch.length, waiting: waiting.length, retry_ms: retryMs, error })
        return
      }
      if (retryMs > 0) log.write('info', 'store.recovered', { waiting: waiting.length })
      retryMs = 0
      stored += batch.length
      waiting = waiting.slice(batch.length)
      for (const envelope of batch) waitingChars -= charsOf(envelope.span)
    }
  }

  async function flush(): Promise<void> {
    while (waiting.length > 0 && (retryMs === 0 || writing !== null)) {
      start()
      await writing
    }
  }

  return {
    send,
    flush,
    delivery: (): Delivery => ({ accepted, queued: waiting.length, stored, shed: { ...shed } }),
    isDegraded: () => retryMs > 0,
    /** Tries until all is stored or `deadlineMs` has passed; what is left then is counted as shed and said. */
    close: async (deadlineMs) => {
      const end = clock.monotonic() + deadlineMs
      for (;;) {
        stopTimer?.()
        start()
        await writing
        if (waiting.length === 0) return
        if (clock.monotonic() >= end) break
        await new Promise<void>((resolve) => {
          setTimeout(resolve, Math.min(retryMs, 250))
        })
      }
      shed['shutdown'] = (shed['shutdown'] ?? 0) + waiting.length
      log.write('error', 'store.spans_lost', { spans: waiting.length, reason: 'the store did not answer before the end' })
    },
  }
}

/** A cheap measure of what a span weighs in memory: the characters of its texts, plus its fixed fields. */
function charsOf(span: TraceSpan): number {
  let chars = 1024
  for (const segment of span.input.segments) chars += segment.text.length
  for (const segment of span.output.segments) chars += segment.text.length
  return chars
}
