/**
 * Hands an upstream's answer on to the caller while the capture stage listens: a small body of known length as a whole, everything else
 * through the tap. Where a policy may change the answer, a JSON body is judged as a whole and a stream passes its filter. However the
 * answer ends, it ends as one span.
 */
import { joinBytes } from '../domain/bytes.ts'
import type { Segment } from '../domain/segment.ts'
import type { DialectName, TraceSpan } from '../domain/span.ts'
import type { Background, Clock, Decompress, PriceBook, UpstreamResponse } from '../ports.ts'
import { createAnswerReader } from './answer-reader.ts'
import { answeredSpan, type CallFacts, type Concluded } from './capture.ts'
import { tap, type TapEnd, type TapFilter } from './tap.ts'

/** Answers that have no body, whatever the upstream sends behind their head. */
const BODILESS: readonly number[] = [204, 205, 304]

/** A body that announces no more than this is handed on as a whole, a longer one as a stream. */
const WHOLE_BYTES_MAX = 1024 * 1024
/** A body that has to be judged is read up to here; a longer one cannot be judged, and passes or not as the policy says. */
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
    const refused = (reason: string): HandedOn | null => {
      if (screen?.refusesUnread(reason) !== true) return null
      abort()
      return blocked(NO_BYTES)
    }
    const isEncoded = encoding !== null && encoding !== '' && encoding !== 'identity'
    const refusal = isEncoded ? refused('response.encoded') : null
    if (refusal !== null) return refusal
    const isScreened = screen !== null && !isStream && !isEncoded && (isJson(type) || mayBeJson(type, call.dialect.name))
    let stream: ReadableStream<Uint8Array> | null = null
    if (!isStream && (isScreened || (announcedBytes !== null && announcedBytes <= WHOLE_BYTES_MAX))) {
      const whole = await wholeBody(answer, announcedBytes ?? 0, isScreened ? SCREENED_BYTES_MAX : Infinity, abort)
      if (whole.end === 'too_large') {
        const tooLarge = refused('response.too_large_to_read')
        if (tooLarge !== null) {
          await whole.rest.cancel().catch(ignore)
          return tooLarge
        }
        stream = whole.rest
      } else if (whole.end !== 'complete') {
        responseBytes = whole.bytes.byteLength
        reader.push(whole.bytes)
        const end = ask.hasCallerLeft() ? 'cancelled' : whole.end
        background('capture', finish(end))
        return { kind: 'brokenOff', end }
      } else {
        // An error that a proxy on the way wrote is a page.
        const isJudged = isScreened && whole.bytes.byteLength > 0 && (isJson(type) || status < 400 || opensJson(whole.bytes))
        const judged = isJudged ? screen.whole(whole.bytes) : null
        if (judged?.isBlocked === true) return blocked(judged.kept)
        const bytes = judged?.bytes ?? whole.bytes
        responseBytes = whole.bytes.byteLength
        reader.push(bytes)
        background('capture', finish('complete'))
        return handed(bytes, bytes !== whole.bytes)
      }
    }
    stream ??= answer.body
    if (stream === null) {
      background('capture', finish('complete'))
      return handed(null)
    }
    const filter = screen !== null && isStream && !isEncoded ? screen.filter(type) : null
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
  ): Promise<Whole> {
    let isIdle = false
    const stopTimer = clock.after(idleTimeoutMs, () => {
      isIdle = true
      abort()
    })
    try {
      const whole = announcedBytes > 0 && announcedBytes <= bytesMax ? await answer.bytes() : await bounded(answer, bytesMax)
      if (!(whole instanceof Uint8Array)) return { end: 'too_large', rest: whole }
      return { bytes: whole, end: whole.byteLength < announcedBytes ? 'short' : 'complete' }
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

type Whole =
  | { readonly end: TapEnd; readonly bytes: Uint8Array }
  /** Longer than the bound; `rest` is all of it. */
  | { readonly end: 'too_large'; readonly rest: ReadableStream<Uint8Array> }

/** All of the body, or all of it as a stream where it is longer than the bound. */
async function bounded(answer: UpstreamResponse, bytesMax: number): Promise<Uint8Array | ReadableStream<Uint8Array>> {
  if (answer.body === null) return NO_BYTES
  const reader = answer.body.getReader()
  const chunks: Uint8Array[] = []
  let length = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    length += value.byteLength
    chunks.push(value)
    if (length > bytesMax) return resumed(chunks, reader)
  }
  return joinBytes(chunks, length)
}

/** What was read already, then what is still to come. */
function resumed(chunks: readonly Uint8Array[], reader: ReadableStreamDefaultReader<Uint8Array>): ReadableStream<Uint8Array> {
  const read = chunks[Symbol.iterator]()
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const known = read.next()
        if (known.done !== true) return controller.enqueue(known.value)
        const { done, value } = await reader.read()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}

/** The upstream is gone already; there is nobody left to tell. */
function ignore(): void {}

function isJson(contentType: string): boolean {
  return /^\s*application\/([\w.+-]*\+)?json\b/i.test(contentType)
}

/** Servers that say nothing of the type, or that it is text, send JSON all the same; what nobody reads may be any file. */
function mayBeJson(contentType: string, dialect: DialectName): boolean {
  return dialect !== 'opaque' && /^\s*($|text\/(?!event-stream))/i.test(contentType)
}

/** The first byte that is not white space opens an object or an array. */
function opensJson(bytes: Uint8Array): boolean {
  const first = bytes.find((byte) => byte > 0x20)
  return first === 0x7b || first === 0x5b
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
