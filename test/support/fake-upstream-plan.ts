/** What a fake upstream answers, as data: a head, pieces of a body with pauses between them, and how the body is framed. */
import { constants, createBrotliCompress, createGzip } from 'node:zlib'

export type HeaderPair = readonly [name: string, value: string]

/**
 * One step of a body. Bytes are one write (and one chunk under chunked framing). `die` resets the connection at once. `stall` sends
 * nothing more and keeps the connection open until the peer leaves or the upstream is closed.
 */
export type Piece = Uint8Array | { readonly delayMs: number } | 'die' | 'stall'

/**
 * `length`: a correct content-length. `{contentLength}`: a lie; the connection closes after the pieces, whether too few bytes came
 * or too many. `close`: no length, the body ends with the connection.
 */
export type Framing = 'chunked' | 'length' | { readonly contentLength: number } | 'close'

/** `none` writes the pieces as they are, for a head that is no HTTP; `never` and `die` leave a request without any answer. */
export type HeadStep = 'send' | 'none' | 'never' | 'die'

export type Plan = {
  readonly status: number
  /** Written as they are, in this order and case; only the framing's own headers are added. */
  readonly headers: readonly HeaderPair[]
  readonly chunks: readonly Piece[]
  readonly framing: Framing
  readonly head: HeadStep
  /** Wait between the whole request and the head. */
  readonly headDelayMs: number
}

export type SseEvent = { readonly event?: string; readonly data: unknown }

const encoder = new TextEncoder()

export function bytesOf(text: string): Uint8Array {
  return encoder.encode(text)
}

/** The base of every plan: 200, no headers, an empty body of a correct length. */
export function plan(parts: Partial<Plan> = {}): Plan {
  return { status: 200, headers: [], chunks: [], framing: 'length', head: 'send', headDelayMs: 0, ...parts }
}

export function json(body: unknown, parts: Partial<Plan> = {}): Plan {
  const headers: readonly HeaderPair[] = [['Content-Type', 'application/json']]
  return plan({ headers, chunks: [bytesOf(JSON.stringify(body))], ...parts })
}

export function error(status: number, body: unknown, parts: Partial<Plan> = {}): Plan {
  return json(body, { status, ...parts })
}

/** One event a chunk. String data goes as it is (`[DONE]`), everything else as JSON; other pieces keep their place between events. */
export function sse(events: readonly (SseEvent | Piece)[], parts: Partial<Plan> = {}): Plan {
  const headers: readonly HeaderPair[] = [
    ['Content-Type', 'text/event-stream; charset=utf-8'],
    ['Cache-Control', 'no-cache'],
  ]
  return plan({
    headers,
    chunks: events.map((event) => (isEvent(event) ? bytesOf(sseText(event)) : event)),
    framing: 'chunked',
    ...parts,
  })
}

/** One JSON value a line and a chunk. */
export function ndjson(values: readonly unknown[], parts: Partial<Plan> = {}): Plan {
  const headers: readonly HeaderPair[] = [['Content-Type', 'application/x-ndjson']]
  return plan({ headers, chunks: values.map((value) => bytesOf(`${JSON.stringify(value)}\n`)), framing: 'chunked', ...parts })
}

export function slowHead(headDelayMs: number, then: Plan = plan()): Plan {
  return { ...then, headDelayMs }
}

/** Takes the request and says nothing, until the peer leaves. */
export function neverAnswer(): Plan {
  return plan({ head: 'never' })
}

/** Takes the request and resets the connection before a head. */
export function dieBeforeHead(): Plan {
  return plan({ head: 'die' })
}

/** Bytes in place of an HTTP answer, then the end of the connection. */
export function raw(bytes: Uint8Array): Plan {
  return plan({ head: 'none', framing: 'close', chunks: [bytes] })
}

/** The same body compressed, flushed after every piece, so that a stream still flows. Pieces other than bytes keep their place. */
export function gzip(of: Plan): Promise<Plan> {
  return compressed(of, 'gzip')
}

export function brotli(of: Plan): Promise<Plan> {
  return compressed(of, 'br')
}

async function compressed(of: Plan, encoding: 'gzip' | 'br'): Promise<Plan> {
  const stream = encoding === 'gzip' ? createGzip() : createBrotliCompress()
  const flushKind = encoding === 'gzip' ? constants.Z_SYNC_FLUSH : constants.BROTLI_OPERATION_FLUSH
  let made: Buffer[] = []
  stream.on('data', (bytes: Buffer) => made.push(bytes))
  const chunks: Piece[] = []
  const drain = () => {
    const bytes = new Uint8Array(Buffer.concat(made))
    if (bytes.length > 0) chunks.push(bytes)
    made = []
  }
  for (const piece of of.chunks) {
    if (!(piece instanceof Uint8Array)) {
      chunks.push(piece)
      continue
    }
    await new Promise<void>((done) => stream.write(piece, () => stream.flush(flushKind, done)))
    drain()
  }
  await new Promise<void>((done) => stream.once('end', done).end())
  drain()
  return { ...of, headers: [...of.headers, ['Content-Encoding', encoding]], chunks }
}

function isEvent(piece: SseEvent | Piece): piece is SseEvent {
  return typeof piece === 'object' && 'data' in piece
}

function sseText({ event, data }: SseEvent): string {
  const text = typeof data === 'string' ? data : JSON.stringify(data)
  return `${event === undefined ? '' : `event: ${event}\n`}data: ${text}\n\n`
}
