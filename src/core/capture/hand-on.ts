/**
 * Hands an upstream's answer on to the caller while the capture stage listens: a small body of known length as a whole, everything else
 * through the tap. However the answer ends, it ends as one span.
 */
import type { TraceSpan } from '../domain/span.ts'
import type { Background, Clock, Decompress, PriceBook, UpstreamResponse } from '../ports.ts'
import { createAnswerReader } from './answer-reader.ts'
import { answeredSpan, type CallFacts } from './capture.ts'
import { tap, type TapEnd } from './tap.ts'

/** Answers that have no body, whatever the upstream sends behind their head. */
const BODILESS: readonly number[] = [204, 205, 304]

/** A body that announces no more than this is handed on as a whole, a longer one as a stream. */
const WHOLE_BYTES_MAX = 1024 * 1024
const NO_BYTES = new Uint8Array(0)

export type HandOnDeps = {
  readonly clock: Clock
  readonly prices: PriceBook
  readonly decompress: Decompress
  readonly idleTimeoutMs: number
}

export type HandOnAsk = {
  readonly call: CallFacts
  readonly answer: UpstreamResponse
  /** `Clock.monotonic` when the call came in. */
  readonly start: number
  /** From the upstream request to its response head. */
  readonly upstreamMs: number
  readonly hasCallerLeft: () => boolean
  readonly background: Background
  /** Ends the exchange with the upstream. */
  readonly abort: () => void
  /** Called once, when the answer has ended. */
  readonly onSpan: (span: TraceSpan) => Promise<void>
}

/** `brokenOff` tells that nothing can be handed on: the upstream broke off before the first byte went to the caller. */
export type HandedOn =
  | { readonly kind: 'body'; readonly body: ReadableStream<Uint8Array> | Uint8Array | null }
  | { readonly kind: 'brokenOff'; readonly end: TapEnd }

export type HandOn = {
  handOn(ask: HandOnAsk): Promise<HandedOn>
  /** Ends every stream under way as if its caller had left. */
  abandon(): void
}

export function createHandOn({ clock, prices, decompress, idleTimeoutMs }: HandOnDeps): HandOn {
  const underway = new Set<() => void>()

  async function handOn(ask: HandOnAsk): Promise<HandedOn> {
    const { call, answer, start, upstreamMs, background, abort } = ask
    const { status, headers } = answer
    const encoding = answer.isDecoded ? null : headers.get('content-encoding')
    const reader = createAnswerReader(call.dialect, headers.get('content-type') ?? '', encoding, decompress)
    let responseBytes = 0
    let ttftMs: number | null = null

    const finish = async (end: TapEnd): Promise<void> => {
      const durationMs = clock.monotonic() - start
      const finishing = reader.finish()
      const read = finishing instanceof Promise ? await finishing : finishing
      await ask.onSpan(
        answeredSpan(call, { status, headers, upstreamMs, ttftMs, durationMs, responseBytes, end, read }, prices),
      )
    }

    if (call.method === 'HEAD' || BODILESS.includes(status)) {
      background('capture', Promise.all([finish('complete'), answer.body?.cancel()]))
      return { kind: 'body', body: null }
    }
    const announcedBytes = answer.isDecoded && headers.has('content-encoding') ? null : announced(headers)
    if (announcedBytes !== null && announcedBytes <= WHOLE_BYTES_MAX && !isEventual(headers)) {
      const whole = await wholeBody(answer, announcedBytes, abort)
      responseBytes = whole.bytes.byteLength
      reader.push(whole.bytes)
      const end = whole.end !== 'complete' && ask.hasCallerLeft() ? 'cancelled' : whole.end
      background('capture', finish(end))
      return end === 'complete' ? { kind: 'body', body: whole.bytes } : { kind: 'brokenOff', end }
    }
    const stream = answer.body
    if (stream === null) {
      background('capture', finish('complete'))
      return { kind: 'body', body: null }
    }
    // On Workers an isolate lives as long as its background work: it is announced now and ends with the answer.
    const ended = Promise.withResolvers<TapEnd>()
    background('capture', ended.promise.then(finish))
    const giveUp = (): void => {
      ended.resolve('cancelled')
      abort()
    }
    underway.add(giveUp)
    const body = tap(
      stream,
      {
        onChunk: (chunk) => {
          responseBytes += chunk.byteLength
          reader.push(chunk)
          if (ttftMs === null && reader.hasContent()) ttftMs = clock.monotonic() - start
        },
        onEnd: (end) => {
          underway.delete(giveUp)
          // Where the runtime tells us first that the caller left, the upstream breaks because we broke it off.
          ended.resolve(end === 'died' && ask.hasCallerLeft() ? 'cancelled' : end)
        },
      },
      { clock, idleTimeoutMs, announcedBytes, abort },
    )
    return { kind: 'body', body }
  }

  /** It costs one read instead of a stream, and its length can be announced again. */
  async function wholeBody(
    answer: UpstreamResponse,
    announcedBytes: number,
    abort: () => void,
  ): Promise<{ readonly bytes: Uint8Array; readonly end: TapEnd }> {
    let isIdle = false
    const stopTimer = clock.after(idleTimeoutMs, () => {
      isIdle = true
      abort()
    })
    try {
      const bytes = await answer.bytes()
      return { bytes, end: bytes.byteLength < announcedBytes ? 'short' : 'complete' }
    } catch {
      return { bytes: NO_BYTES, end: isIdle ? 'idle' : 'died' }
    } finally {
      stopTimer()
    }
  }

  return {
    handOn,
    abandon: () => {
      for (const giveUp of underway) giveUp()
      underway.clear()
    },
  }
}

/** A body whose parts mean something before its end must not wait for it. */
function isEventual(headers: Headers): boolean {
  return /^\s*(text\/event-stream|application\/([\w.+-]*ndjson|jsonl|stream\+json|vnd\.amazon\.eventstream))/i.test(
    headers.get('content-type') ?? '',
  )
}

function announced(headers: Headers): number | null {
  const value = headers.get('content-length')
  if (value === null) return null
  const bytes = Number(value)
  return Number.isSafeInteger(bytes) && bytes >= 0 ? bytes : null
}
