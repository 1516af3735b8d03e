/**
 * A programmable HTTP/1.1 upstream on bare sockets, so that it can do what no well-behaved server does: stall, reset a body half
 * way, lie about its length. It speaks no dialect itself; what it answers is the test's plan. No pipelining and no TLS.
 */
import net from 'node:net'
import { bytesOf, json, type Framing, type HeaderPair, type Piece, type Plan } from './fake-upstream-plan.ts'

export * from './fake-upstream-plan.ts'

const HEAD_BYTES_MAX = 64 * 1024
const BODY_BYTES_MAX = 128 * 1024 * 1024
const HEAD_END = bytesOf('\r\n\r\n')
const LINE_END = bytesOf('\r\n')
const BODY_END = bytesOf('0\r\n\r\n')
const REASONS: { readonly [status: number]: string } = {
  200: 'OK',
  400: 'Bad Request',
  404: 'Not Found',
  500: 'Internal Server Error',
}

/** How an exchange ended, and when (milliseconds of `performance.now()`). */
export type Outcome = {
  /** `answered`: all of the plan was written. `aborted`: the peer left first. `died`: the plan or `close` ended it. */
  readonly kind: 'answered' | 'aborted' | 'died'
  readonly at: number
}

export type RecordedRequest = {
  readonly method: string
  /** The request target as it was written, with its query. */
  readonly path: string
  /** Raw pairs in their order and case. */
  readonly headers: readonly HeaderPair[]
  readonly body: Uint8Array
  /** `performance.now()` when the body was complete. */
  readonly receivedAt: number
  /** All values of a header joined by `, `; null where there is none. */
  header(name: string): string | null
  text(): string
  /** The body as JSON; throws where it is not. */
  json(): unknown
  /** Null while the exchange runs. */
  outcome(): Outcome | null
  readonly ended: Promise<Outcome>
}

export type FakeUpstream = {
  /** `http://127.0.0.1:PORT`, without a path. */
  readonly url: string
  readonly port: number
  /** All complete requests, in order of arrival. */
  readonly requests: readonly RecordedRequest[]
  /** Connections accepted so far: tells whether a client reuses them. */
  connections(): number
  /** Decides the answers from now on. Without it every answer is 404. A rejection or exception resets the connection. */
  respond(answer: (request: RecordedRequest) => Plan | Promise<Plan>): void
  /** The n-th request (from 0), as soon as it is complete. */
  request(index: number): Promise<RecordedRequest>
  /** Forgets all requests and what `respond` said. Connections stay. */
  reset(): void
  /** Resets every connection and resolves when the port is free again. */
  close(): Promise<void>
}

function notFound(): Plan {
  return json({ error: { message: 'no plan for this request' } }, { status: 404 })
}

export async function startFakeUpstream(options: { readonly port?: number } = {}): Promise<FakeUpstream> {
  const sockets = new Set<net.Socket>()
  let requests: RecordedRequest[] = []
  let waiting: { readonly index: number; readonly resolve: (request: RecordedRequest) => void }[] = []
  let accepted = 0
  let isClosing = false
  let answer: (request: RecordedRequest) => Plan | Promise<Plan> = notFound

  const server = net.createServer({ noDelay: true }, (socket) => {
    accepted++
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    serve(socket, {
      take: (request) => {
        requests.push(request)
        waiting = waiting.filter(({ index, resolve }) => {
          const there = requests[index]
          if (there !== undefined) resolve(there)
          return there === undefined
        })
      },
      answer: async (request) => await answer(request),
      isClosing: () => isClosing,
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as net.AddressInfo

  return {
    url: `http://127.0.0.1:${port}`,
    port,
    get requests() {
      return requests
    },
    connections: () => accepted,
    respond: (next) => {
      answer = next
    },
    request: (index) => {
      const there = requests[index]
      if (there !== undefined) return Promise.resolve(there)
      return new Promise((resolve) => waiting.push({ index, resolve }))
    },
    reset: () => {
      requests = []
      answer = notFound
    },
    close: () =>
      new Promise((resolve) => {
        isClosing = true
        server.close(() => resolve())
        for (const socket of sockets) socket.resetAndDestroy()
      }),
  }
}

type Serving = {
  readonly take: (request: RecordedRequest) => void
  readonly answer: (request: RecordedRequest) => Promise<Plan>
  readonly isClosing: () => boolean
}

/** One connection: a request, its answer, the next request. */
function serve(socket: net.Socket, serving: Serving): void {
  const buffer = createBuffer()
  let isBusy = false
  let end: ((kind: Outcome['kind']) => void) | null = null
  let hasAskedToContinue = false

  const peerLeft = () => end?.(serving.isClosing() ? 'died' : 'aborted')
  socket.on('data', (bytes: Buffer) => {
    buffer.add(bytes)
    next()
  })
  // A client that half closes has no use for an answer either: fetch does so when it aborts.
  socket.once('end', peerLeft)
  socket.once('close', peerLeft)
  socket.on('error', peerLeft)

  function next(): void {
    if (isBusy) return
    const parsed = parseRequest(buffer.bytes())
    if (parsed.kind === 'bad') return void socket.resetAndDestroy()
    if (parsed.kind === 'partial') {
      if (parsed.expectsContinue && !hasAskedToContinue) {
        hasAskedToContinue = true
        socket.write('HTTP/1.1 100 Continue\r\n\r\n')
      }
      return
    }
    buffer.drop(parsed.bytes)
    hasAskedToContinue = false
    isBusy = true
    const exchange = recorded(parsed)
    end = exchange.end
    serving.take(exchange.request)
    void run(exchange.request, parsed.keepAlive)
  }

  async function run(request: RecordedRequest, keepAlive: boolean): Promise<void> {
    let staysOpen = false
    try {
      const plan = await serving.answer(request)
      staysOpen = (await play(socket, plan, request, end as (kind: Outcome['kind']) => void)) && keepAlive
    } catch (cause) {
      // A plan that throws is a mistake of the test: the reset makes it fail, the line says why.
      console.error('fake upstream: the plan failed', cause)
      end?.('died')
      socket.resetAndDestroy()
      return
    }
    isBusy = false
    if (request.outcome()?.kind !== 'answered') return
    if (staysOpen) next()
    else socket.end()
  }
}

/** Writes a plan; true where the connection can carry another request. */
async function play(
  socket: net.Socket,
  plan: Plan,
  request: RecordedRequest,
  end: (kind: Outcome['kind']) => void,
): Promise<boolean> {
  const isOver = () => request.outcome() !== null
  if (plan.headDelayMs > 0) await Promise.race([pause(plan.headDelayMs), request.ended])
  if (isOver()) return false
  if (plan.head === 'die') {
    end('died')
    socket.resetAndDestroy()
    return false
  }
  if (plan.head === 'never') {
    await request.ended
    return false
  }
  const hasBody = request.method !== 'HEAD' && plan.status !== 204 && plan.status !== 304
  if (plan.head === 'send') await write(socket, headOf(plan, hasBody), request)
  const isChunked = plan.head === 'send' && plan.framing === 'chunked'
  for (const piece of hasBody ? plan.chunks : []) {
    if (isOver()) return false
    if (piece === 'die') {
      end('died')
      socket.resetAndDestroy()
      return false
    }
    if (piece === 'stall') {
      await request.ended
      return false
    }
    if ('delayMs' in piece) await Promise.race([pause(piece.delayMs), request.ended])
    else if (piece.length > 0) await write(socket, isChunked ? chunkOf(piece) : piece, request)
  }
  if (isOver()) return false
  if (isChunked && hasBody) await write(socket, bytesOf('0\r\n\r\n'), request)
  if (isOver()) return false
  end('answered')
  return plan.framing === 'chunked' || plan.framing === 'length'
}

function headOf(plan: Plan, hasBody: boolean): Uint8Array {
  const lines = [`HTTP/1.1 ${plan.status} ${REASONS[plan.status] ?? 'Status'}`]
  for (const [name, value] of [...plan.headers, ...framingHeaders(plan.framing, plan.chunks, hasBody)])
    lines.push(`${name}: ${value}`)
  // Latin-1, as headers are on the wire: a test may send bytes that are no UTF-8.
  return Uint8Array.from(`${lines.join('\r\n')}\r\n\r\n`, (char) => char.charCodeAt(0) & 0xff)
}

function framingHeaders(framing: Framing, chunks: readonly Piece[], hasBody: boolean): readonly HeaderPair[] {
  if (!hasBody) return []
  if (framing === 'chunked') return [['Transfer-Encoding', 'chunked']]
  if (framing === 'close') return [['Connection', 'close']]
  if (framing !== 'length') return [['Content-Length', String(framing.contentLength)]]
  let bytes = 0
  for (const piece of chunks) if (piece instanceof Uint8Array) bytes += piece.length
  return [['Content-Length', String(bytes)]]
}

function chunkOf(bytes: Uint8Array): Uint8Array {
  return joined([bytesOf(`${bytes.length.toString(16)}\r\n`), bytes, LINE_END])
}

/** Waits while the peer reads slower than the plan writes, and no longer than it is there. */
async function write(socket: net.Socket, bytes: Uint8Array, request: RecordedRequest): Promise<void> {
  if (socket.destroyed || socket.write(bytes)) return
  await Promise.race([new Promise<void>((resolve) => socket.once('drain', () => resolve())), request.ended])
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs))
}

// --- requests ------------------------------------------------------------------------------------------------------------------

type Parsed = {
  readonly kind: 'whole'
  /** Bytes of the request in the buffer. */
  readonly bytes: number
  readonly method: string
  readonly path: string
  readonly headers: readonly HeaderPair[]
  readonly body: Uint8Array
  readonly keepAlive: boolean
}

/** Bytes not yet taken, in one array that doubles: a large body must not be copied anew for every piece of it. */
function createBuffer() {
  let space = new Uint8Array(4096)
  let length = 0
  return {
    add: (bytes: Uint8Array) => {
      if (length + bytes.length > space.length) {
        const larger = new Uint8Array(Math.max(space.length * 2, length + bytes.length))
        larger.set(space.subarray(0, length))
        space = larger
      }
      space.set(bytes, length)
      length += bytes.length
    },
    bytes: () => space.subarray(0, length),
    drop: (count: number) => {
      space = space.slice(count, Math.max(length, count + 4096))
      length -= count
    },
  }
}

function parseRequest(
  buffer: Uint8Array,
): Parsed | { readonly kind: 'partial'; readonly expectsContinue: boolean } | { readonly kind: 'bad' } {
  const headEnd = indexOf(buffer, HEAD_END, 0)
  if (headEnd === -1) return buffer.length > HEAD_BYTES_MAX ? { kind: 'bad' } : { kind: 'partial', expectsContinue: false }
  const [requestLine = '', ...lines] = latin1(buffer.subarray(0, headEnd)).split('\r\n')
  const [method, path, version] = requestLine.split(' ')
  if (method === undefined || path === undefined || version !== 'HTTP/1.1') return { kind: 'bad' }
  const headers: HeaderPair[] = []
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon < 1) return { kind: 'bad' }
    headers.push([line.slice(0, colon), line.slice(colon + 1).trim()])
  }
  const start = headEnd + HEAD_END.length
  const body = parseBody(buffer, start, headers)
  if (body === 'bad') return { kind: 'bad' }
  if (body === 'partial')
    return { kind: 'partial', expectsContinue: valueOf(headers, 'expect')?.toLowerCase() === '100-continue' }
  const keepAlive = valueOf(headers, 'connection')?.toLowerCase() !== 'close'
  return { kind: 'whole', bytes: body.end, method, path, headers, body: body.bytes, keepAlive }
}

function parseBody(
  buffer: Uint8Array,
  start: number,
  headers: readonly HeaderPair[],
): { readonly bytes: Uint8Array; readonly end: number } | 'partial' | 'bad' {
  if (valueOf(headers, 'transfer-encoding')?.toLowerCase() === 'chunked') return parseChunks(buffer, start)
  const length = Number(valueOf(headers, 'content-length') ?? '0')
  if (!Number.isSafeInteger(length) || length < 0 || length > BODY_BYTES_MAX) return 'bad'
  if (buffer.length < start + length) return 'partial'
  return { bytes: buffer.slice(start, start + length), end: start + length }
}

function parseChunks(
  buffer: Uint8Array,
  start: number,
): { readonly bytes: Uint8Array; readonly end: number } | 'partial' | 'bad' {
  // Without pipelining and trailers a complete body is where the bytes end; looking first spares a walk for every arriving piece.
  if (indexOf(buffer, BODY_END, Math.max(start, buffer.length - BODY_END.length)) === -1) return 'partial'
  const chunks: Uint8Array[] = []
  let at = start
  for (;;) {
    const lineEnd = indexOf(buffer, LINE_END, at)
    if (lineEnd === -1) return 'partial'
    const size = Number.parseInt(latin1(buffer.subarray(at, lineEnd)), 16)
    if (Number.isNaN(size) || size > BODY_BYTES_MAX) return 'bad'
    const from = lineEnd + LINE_END.length
    const to = from + size
    if (buffer.length < to + LINE_END.length) return 'partial'
    if (size === 0) return { bytes: joined(chunks), end: to + LINE_END.length }
    chunks.push(buffer.slice(from, to))
    at = to + LINE_END.length
  }
}

function recorded(parsed: Parsed): { readonly request: RecordedRequest; readonly end: (kind: Outcome['kind']) => void } {
  let outcome: Outcome | null = null
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  const text = () => new TextDecoder().decode(parsed.body)
  return {
    request: {
      method: parsed.method,
      path: parsed.path,
      headers: parsed.headers,
      body: parsed.body,
      receivedAt: performance.now(),
      header: (name) => valueOf(parsed.headers, name),
      text,
      json: () => JSON.parse(text()) as unknown,
      outcome: () => outcome,
      ended: promise,
    },
    end: (kind) => {
      if (outcome !== null) return
      outcome = { kind, at: performance.now() }
      resolve(outcome)
    },
  }
}

function valueOf(headers: readonly HeaderPair[], name: string): string | null {
  const values = headers.filter(([key]) => key.toLowerCase() === name.toLowerCase()).map(([, value]) => value)
  return values.length === 0 ? null : values.join(', ')
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

function indexOf(bytes: Uint8Array, pattern: Uint8Array, from: number): number {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(pattern, from)
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}
