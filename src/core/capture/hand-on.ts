/**
 * Hands an upstream's answer on to the caller while the capture stage listens: a small body of known length as a whole, everything else
 * through the tap. Where a policy may change the answer, a JSON body is judged as a whole and a stream passes its filter. However the
 * answer ends, it ends as one span.
 */
import type { Segment } from '../domain/segment.ts'
import type { TraceSpan } from '../domain/span.ts'
import type { Background, Clock, Decompress, PriceBook, UpstreamResponse } from '../ports.ts'
import { createAnswerReader } from './answer-reader.ts'
import { answeredSpan, type CallFacts, type Concluded } from './capture.ts'
import { tap, type TapEnd, type TapFilter } from './tap.ts'

/** Answers that have no body, whatever the upstream sends behind their head. */
const BODILESS: readonly number[] = [204, 205, 304]

/** A body that announces no more than this is handed on as a whole, a longer one as a stream. */
const WHOLE_BYTES_MAX = 1024 * 1024
/** A JSON body that has to be judged is read up to here; a longer one cannot be judged. */
const SCREENED_BYTES_MAX = 16 * 1024 * 1024
const NO_BYTES = new Uint8Array(0)

/** Judges one answer; the guard stage makes it. */
export type AnswerGuard = {
  /** Null: whatever it finds, the answer stays as it is. */
  readonly screen: AnswerScreen | null
  /** What was found, once the answer has ended. `segments`: its texts as they were kept; null where it could not be read. */
  conclude(segments: readonly Segment[] | null): Concluded
}

export type AnswerScreen = {
  /** For a stream; null where streams of this type cannot be judged and pass all the same. */
  filter(contentType: string): TapFilter | null
  /** For a whole body. `kept` is what may be kept of one that is blocked: without what it is blocked for. */
  whole(body: Uint8Array): { readonly bytes: Uint8Array; readonly isBlocked: boolean; readonly kept: Uint8Array }
  /** True where the policy refuses an answer that cannot be judged. */
  refusesUnread(reason: string): boolean
}

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
  readonly guard: AnswerGuard
  /** Called once, when the answer has ended. */
  readonly onSpan: (span: TraceSpan) => Promise<void>
}

/**
 * `brokenOff` tells that nothing can be handed on: the upstream broke off before the first byte went to the caller. `blocked`: a policy
 * refuses the answer.
 */
export type HandedOn =
  | {
      readonly kind: 'body'
      readonly body: ReadableStream<Uint8Array> | Uint8Array | null
      /** Its length is not what the upstream announced. */
      readonly isChanged: boolean
    }
  | { readonly kind: 'brokenOff'; readonly end: TapEnd }
  | { readonly kind: 'blocked' }

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
      const { conclude } = ask.guard
      await ask.onSpan(
        answeredSpan(call, { status, headers, upstreamMs, ttftMs, durationMs, responseBytes, end, read, conclude }, prices),
      )
    }
    const blocked = (kept: Uint8Array): HandedOn => {
      responseBytes = kept.byteLength
      reader.push(kept)
      background('capture', finish('stopped'))
      return { kind: 'blocked' }
    }

    if (call.method === 'HEAD' || BODILESS.includes(status)) {
      background('capture', Promise.all([finish('complete'), answer.body?.cancel()]))
      return handed(null)
    }
    const announcedBytes = answer.isDecoded && headers.has('content-encoding') ? null : announced(headers)
    const type = headers.get('content-type') ?? ''
    const isStream = isEventual(type)
    const { screen } = ask.guard
    if (screen !== null && encoding !== null && encoding !== 'identity' && screen.refusesUnread('response.encoded')) {
      abort()
      return blocked(NO_BYTES)
    }
    const isScreened = screen !== null && !isStream && isJson(type) && (encoding === null || encoding === 'identity')
    if (!isStream && (isScreened || (announcedBytes !== null && announcedBytes <= WHOLE_BYTES_MAX))) {
      const whole = await wholeBody(answer, announcedBytes ?? 0, isScreened ? SCREENED_BYTES_MAX : Infinity, abort)
      if (whole.end !== 'complete') {
        responseBytes = whole.bytes.byteLength
        reader.push(whole.bytes)
        const end = ask.hasCallerLeft() ? 'cancelled' : whole.end
        background('capture', finish(end))
        return { kind: 'brokenOff', end }
      }
      const judged = isScreened ? screen.whole(whole.bytes) : null
      if (judged?.isBlocked === true) return blocked(judged.kept)
      const bytes = judged?.bytes ?? whole.bytes
      responseBytes = whole.bytes.byteLength
      reader.push(bytes)
      background('capture', finish('complete'))
      return handed(bytes, bytes !== whole.bytes)
    }
    const stream = answer.body
    if (stream === null) {
      background('capture', finish('complete'))
      return handed(null)
    }
    const filter = screen !== null && isStream ? screen.filter(type) : null
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
      { clock, idleTimeoutMs, announcedBytes, abort, filter },
    )
    return handed(body, filter !== null)
  }

  /** It costs one read instead of a stream, and its length can be announced again. */
  async function wholeBody(
    answer: UpstreamResponse,
    announcedBytes: number,
    bytesMax: number,
    abort: () => void,
  ): Promise<{ readonly bytes: Uint8Array; readonly end: TapEnd }> {
    let isIdle = false
    const stopTimer = clock.after(idleTimeoutMs, () => {
      isIdle = true
      abort()
    })
    try {
      const bytes = announcedBytes > 0 && announcedBytes <= bytesMax ? await answer.bytes() : await bounded(answer, bytesMax)
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

function handed(body: ReadableStream<Uint8Array> | Uint8Array | null, isChanged = false): HandedOn {
  return { kind: 'body', body, isChanged }
}

/** Rejects beyond the bound. */
async function bounded(answer: UpstreamResponse, bytesMax: number): Promise<Uint8Array> {
  if (answer.body === null) return NO_BYTES
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of answer.body) {
    length += chunk.byteLength
    if (length > bytesMax) throw new Error('the body is too large to be judged')
    chunks.push(chunk)
  }
  const bytes = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.byteLength
  }
  return bytes
}

function isJson(contentType: string): boolean {
  return /^\s*application\/([\w.+-]*\+)?json\b/i.test(contentType)
}

/** A body whose parts mean something before its end must not wait for it. */
function isEventual(contentType: string): boolean {
  return /^\s*(text\/event-stream|application\/([\w.+-]*ndjson|jsonl|stream\+json|vnd\.amazon\.eventstream))/i.test(contentType)
}

function announced(headers: Headers): number | null {
  const value = headers.get('content-length')
  if (value === null) return null
  const bytes = Number(value)
  return Number.isSafeInteger(bytes) && bytes >= 0 ? bytes : null
}
