/**
 * The `TraceQueue` of one process: spans wait at most `windowMs` in memory and go to the store in batches. A store that fails is tried
 * again; meanwhile spans are kept up to a bound. Texts go first: beyond `textCharsMax` new spans wait without them, and only beyond
 * `queuedCharsMax` whole spans are shed; both are counted. A span that the store will not take holds up no other: it is shed too. No
 * call ever waits for it.
 */
import { ENVELOPE_VERSION, type Envelope } from '../../core/domain/envelope.ts'
import type { CapturedText, TraceSpan } from '../../core/domain/span.ts'
import type { Clock, Delivery, Log, TraceQueue, TraceStore } from '../../core/ports.ts'

export type WriteBehindOptions = {
  readonly store: Pick<TraceStore, 'write'>
  readonly clock: Clock
  readonly log: Log
  readonly writer: string
  readonly windowMs: number
  /** Spans of one batch. */
  readonly batchMax: number
  /** Characters of one batch; a span larger than that goes alone. */
  readonly batchCharsMax: number
  /** Characters that may wait with their texts; beyond it new spans lose theirs, which their notes tell (`text.shed`). */
  readonly textCharsMax: number
  /** Characters that may wait at all; beyond it new spans are shed. */
  readonly queuedCharsMax: number
}

/** What a span weighs without its texts. */
const SPAN_CHARS = 1024
/** What a segment or an action weighs besides its text. */
const SEGMENT_CHARS = 128
/** Actions that a span without texts keeps, by their names. */
const BARE_ACTIONS_MAX = 16
const RETRY_MS_FIRST = 100
const RETRY_MS_MAX = 5_000
/** While it closes, it tries more often. */
const CLOSING_RETRY_MS_MAX = 250
/** Failures in a row after which a batch is suspected of bad spans, and the first ones go one by one. */
const SUSPECT_AFTER = 3
const SIFTED_MAX = 32
/** How often a span must be refused beside others that are taken, before it is given up: an outage may end in mid-sifting. */
const REFUSALS_MAX = 3

export function createWriteBehind(
  options: WriteBehindOptions,
): TraceQueue & { isDegraded(): boolean; close(deadlineMs: number): Promise<void> } {
  const { store, clock, log } = options
  let waiting: Envelope[] = []
  let waitingChars = 0
  let sequence = 0
  /** Spans up to this number have waited their time. */
  let due = 0
  let stored = 0
  let accepted = 0
  const shed: { [reason: string]: number } = {}
  let stopTimer: (() => void) | null = null
  let writing: Promise<void> | null = null
  let failures = 0
  let retryMs = 0
  let isClosed = false
  const refusals = new WeakMap<Envelope, number>()
  let emptied: (() => void)[] = []

  function send(whole: TraceSpan): null {
    accepted += 1
    let span = whole
    let chars = charsOf(span)
    if (chars > SPAN_CHARS && waitingChars + chars > options.textCharsMax) {
      span = withoutTexts(span)
      chars = charsOf(span)
      lose('texts', 1)
    }
    if (isClosed || waitingChars + chars > options.queuedCharsMax) {
      lose(isClosed ? 'shutdown' : 'queue_full', 1)
      return null
    }
    sequence += 1
    waiting.push({ version: ENVELOPE_VERSION, writer: options.writer, sequence, span })
    waitingChars += chars
    if (isBatchFull() && retryMs === 0) write()
    else wait()
    return null
  }

  function isBatchFull(): boolean {
    return waiting.length >= options.batchMax || waitingChars >= options.batchCharsMax
  }

  function lose(what: string, count: number): void {
    if (count > 0) shed[what] = (shed[what] ?? 0) + count
  }

  function wait(): void {
    stopTimer ??= clock.after(Math.max(options.windowMs, retryMs), start)
  }

  /** All that waits now goes to the store. */
  function start(): void {
    due = sequence
    write()
  }

  function write(): void {
    stopTimer?.()
    stopTimer = null
    writing ??= drain().finally(() => {
      writing = null
      if (waiting.length > 0) return wait()
      for (const resolve of emptied) resolve()
      emptied = []
    })
  }

  /** What comes while it writes waits for a time of its own or for a full batch: the larger the batch, the less a span costs. */
  async function drain(): Promise<void> {
    while ((waiting[0]?.sequence ?? Infinity) <= due || isBatchFull()) {
      const error = await (failures < SUSPECT_AFTER ? writeBatch() : sift())
      if (isClosed) return
      if (error === null) continue
      failures += 1
      retryMs = retryMs === 0 ? RETRY_MS_FIRST : Math.min(retryMs * 2, RETRY_MS_MAX)
      log.write('error', 'store.write_failed', { waiting: waiting.length, retry_ms: retryMs, error })
      return
    }
  }

  async function writeBatch(): Promise<unknown> {
    const batch = nextBatch()
    const error = await tryBatch(batch)
    if (error === null && !isClosed) {
      remove(batch)
      stored += batch.length
      healthy()
    }
    return error
  }

  function nextBatch(): readonly Envelope[] {
    const batch: Envelope[] = []
    let chars = 0
    for (const envelope of waiting) {
      chars += charsOf(envelope.span)
      if (batch.length >= options.batchMax || (batch.length > 0 && chars > options.batchCharsMax)) break
      batch.push(envelope)
    }
    return batch
  }

  /** A span that is refused again and again, while others are taken, would hold up all that follow: it is given up. */
  async function sift(): Promise<unknown> {
    const taken: Envelope[] = []
    const refused: Envelope[] = []
    let last: unknown = null
    for (const envelope of waiting.slice(0, SIFTED_MAX)) {
      const error = await tryBatch([envelope])
      if (isClosed) return error
      if (error === null) taken.push(envelope)
      else {
        refused.push(envelope)
        last = error
      }
    }
    remove(taken)
    stored += taken.length
    if (taken.length > 0) for (const envelope of refused) refusals.set(envelope, (refusals.get(envelope) ?? 0) + 1)
    const givenUp = refused.filter((envelope) => (refusals.get(envelope) ?? 0) >= REFUSALS_MAX)
    remove(givenUp)
    lose('rejected', givenUp.length)
    for (const { span } of givenUp) log.write('error', 'store.span_rejected', { span_id: span.spanId, error: last })
    if (refused.length > givenUp.length) return last
    healthy()
    return null
  }

  /** Null where the store has the batch, else what it says. */
  async function tryBatch(batch: readonly Envelope[]): Promise<unknown> {
    try {
      await store.write(batch)
      return null
    } catch (error) {
      return error ?? 'rejected without a reason'
    }
  }

  /** They wait no longer. */
  function remove(envelopes: readonly Envelope[]): void {
    const gone = new Set(envelopes)
    waiting = waiting.filter((envelope) => !gone.has(envelope))
    for (const envelope of envelopes) waitingChars -= charsOf(envelope.span)
  }

  function healthy(): void {
    if (retryMs > 0) log.write('info', 'store.recovered', { waiting: waiting.length })
    failures = 0
    retryMs = 0
  }

  async function flush(): Promise<void> {
    if (waiting.length === 0) return
    await new Promise<void>((resolve) => {
      emptied.push(resolve)
      start()
    })
  }

  /** Tries until nothing waits. Its timers keep the process alive, as the clock's would not. */
  async function drained(isLate: () => boolean): Promise<void> {
    while (!isLate()) {
      start()
      await writing
      if (waiting.length === 0) return
      await new Promise<void>((resolve) => {
        setTimeout(resolve, Math.min(retryMs, CLOSING_RETRY_MS_MAX))
      })
    }
  }

  return {
    send,
    flush,
    delivery: (): Delivery => ({ accepted, queued: waiting.length, stored, shed: { ...shed } }),
    isDegraded: () => retryMs > 0,
    /** Tries until all is stored or `deadlineMs` has passed; what is left then is counted as shed and said. Later spans are shed. */
    close: async (deadlineMs) => {
      let isLate = false
      let timer: ReturnType<typeof setTimeout> | undefined
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(() => {
          isLate = true
          resolve()
        }, deadlineMs)
      })
      // A store that hangs does not hold up the end either.
      await Promise.race([drained(() => isLate), late])
      clearTimeout(timer)
      stopTimer?.()
      isClosed = true
      if (waiting.length === 0) return
      lose('shutdown', waiting.length)
      log.write('error', 'store.spans_lost', { spans: waiting.length, reason: 'the store did not answer before the end' })
      waiting = []
      waitingChars = 0
    },
  }
}

function cut({ textBytes }: CapturedText): CapturedText {
  return { segments: [], textBytes, isTruncated: textBytes > 0 }
}

/** A span without its texts: what was asked and answered is lost, what it cost and how it went is not. */
function withoutTexts(span: TraceSpan): TraceSpan {
  return {
    ...span,
    input: cut(span.input),
    output: cut(span.output),
    parameters: null,
    actions: span.actions.slice(0, BARE_ACTIONS_MAX).map((action) => ({ ...action, arguments: null })),
    notes: ['text.shed', ...span.notes],
  }
}

/** A cheap measure of what a span weighs in memory: the characters of its texts and of its actions, plus its fixed fields. */
function charsOf(span: TraceSpan): number {
  let chars = SPAN_CHARS + (span.parameters?.length ?? 0)
  for (const segment of span.input.segments) chars += segment.text.length + SEGMENT_CHARS
  for (const segment of span.output.segments) chars += segment.text.length + SEGMENT_CHARS
  for (const action of span.actions) chars += (action.arguments?.length ?? 0) + SEGMENT_CHARS
  return chars
}
