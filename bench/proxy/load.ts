/**
 * The load generator: raw TCP under Bun, loopback only. A closed loop sends the next request when the last one is answered; an open loop
 * sends on schedule whatever the target does, so that a slow target cannot slow its own test down. An answer counts only if it is whole:
 * right status, right length (every 64th compared byte for byte), every delta of a stream and its end mark.
 */
import type { Socket } from 'bun'
import { nowUs } from './clock.ts'
import { floodWrites, MARK, MODELS, PATHS, planOf, shapeHeader, sinceStamp, STAMP_LETTERS, type Shape } from './frames.ts'
import { spreadOf, type Spread } from './statistics.ts'

export type LoadSpec = {
  readonly port: number
  readonly shape: Shape
  /** Text of the prompt. */
  readonly promptBytes: number
  readonly pace:
    | { readonly kind: 'closed'; readonly connections: number }
    | { readonly kind: 'open'; readonly perSecond: number; readonly connectionsMax: number }
  readonly seconds: number
  readonly requestsMax: number
}

export type LoadResult = {
  readonly issued: number
  readonly ok: number
  readonly errors: { readonly [reason: string]: number }
  readonly wallSeconds: number
  readonly perSecond: number
  /** From the scheduled time in an open loop, so waiting for a connection counts; ms. */
  readonly latencyMs: Spread
  /** From sending the request to the first delta. */
  readonly ttftMs: Spread
  /** From the mock's write to our read, each delta. */
  readonly transitMs: Spread
  /** How late the open loop itself was. */
  readonly lagMs: Spread
  /** Deltas that came in one read: above 1 they were merged on the way. */
  readonly deltasPerRead: number
}

const REQUEST_TIMEOUT_US = 20e6
const SWEEP_MS = 500
const COMPARE_EVERY = 64
const END_MARKS = ['data: [DONE]\n\n', '"message_stop"}\n\n']
const END_MARK_BYTES = 16

type Connection = {
  socket: Socket<Connection> | null
  /** Request bytes the kernel did not take yet. */
  unsent: Buffer | null
  state: 'idle' | 'head' | 'length' | 'chunked' | 'trailer'
  head: Buffer | null
  line: string
  left: number
  skip: number
  carry: Buffer | null
  tail: Buffer
  body: Buffer[] | null
  bodyBytes: number
  deltas: number
  dueAt: number
  sentAt: number
  firstAt: number
}

export async function load(spec: LoadSpec): Promise<LoadResult> {
  const { shape, pace } = spec
  const request = requestBytes(spec)
  const expected = planOf(shape)
  const isJson = shape.kind === 'json'
  const deltasExpected = shape.kind === 'stream' ? shape.chunks : 0
  const floodBytesMin = shape.kind === 'flood' ? floodWrites(shape) * (expected.deltas[0]?.bytes.length ?? 0) * 0.9 : 0
  const latency: number[] = []
  const ttft: number[] = []
  const transit: number[] = []
  const lag: number[] = []
  const errors: { [reason: string]: number } = {}
  const all: Connection[] = []
  const idle: Connection[] = []
  const waiting: number[] = []
  let issued = 0
  let inFlight = 0
  let reads = 0
  let isReleased = false
  const over = Promise.withResolvers<void>()
  const start = nowUs()
  const deadline = start + spec.seconds * 1e6

  const handlers = {
    data: (socket: Socket<Connection>, bytes: Buffer) => receive(socket.data, bytes),
    drain: (socket: Socket<Connection>) => flush(socket.data),
    close: (socket: Socket<Connection>) => fail(socket.data, socket, 'closed'),
    error: (socket: Socket<Connection>) => fail(socket.data, socket, 'socket'),
  }

  function add(): Connection {
    const connection: Connection = {
      socket: null,
      unsent: null,
      state: 'idle',
      head: null,
      line: '',
      left: 0,
      skip: 0,
      carry: null,
      tail: Buffer.alloc(0),
      body: null,
      bodyBytes: 0,
      deltas: 0,
      dueAt: 0,
      sentAt: 0,
      firstAt: 0,
    }
    all.push(connection)
    return connection
  }

  async function connect(connection: Connection): Promise<boolean> {
    try {
      connection.socket = await Bun.connect<Connection>({
        hostname: '127.0.0.1',
        port: spec.port,
        data: connection,
        socket: handlers,
      })
      connection.socket.setNoDelay(true)
      return true
    } catch {
      return false
    }
  }

  async function send(connection: Connection, dueAt: number): Promise<void> {
    issued++
    inFlight++
    connection.dueAt = dueAt
    connection.sentAt = nowUs()
    connection.state = 'head'
    connection.deltas = 0
    connection.bodyBytes = 0
    connection.firstAt = 0
    connection.body = isJson && issued % COMPARE_EVERY === 1 ? [] : null
    if (connection.socket === null) {
      if (!(await connect(connection))) return fail(connection, null, 'connect')
      connection.sentAt = nowUs()
    }
    connection.unsent = request
    flush(connection)
  }

  function flush(connection: Connection): void {
    const { unsent, socket } = connection
    if (unsent === null || socket === null) return
    const sent = Math.max(0, socket.write(unsent))
    connection.unsent = sent < unsent.length ? unsent.subarray(sent) : null
  }

  function receive(connection: Connection, bytes: Buffer): void {
    if (connection.state === 'idle') return
    const now = nowUs()
    reads++
    let rest = bytes
    if (connection.state === 'head') {
      const joined = connection.head === null ? bytes : Buffer.concat([connection.head, bytes])
      const end = joined.indexOf('\r\n\r\n')
      if (end === -1) {
        connection.head = Buffer.from(joined)
        return
      }
      connection.head = null
      const problem = begin(connection, joined.toString('latin1', 0, end))
      if (problem !== null) return fail(connection, connection.socket, problem)
      rest = joined.subarray(end + 4)
    }
    if (connection.state === 'length') {
      payload(connection, rest, now)
      connection.left -= rest.length
      if (connection.left <= 0) finish(connection, now)
    } else walk(connection, rest, now)
  }

  /** Null, or why the answer cannot be taken. */
  function begin(connection: Connection, head: string): string | null {
    const status = head.slice(9, 12)
    if (status !== '200') return `status ${status}`
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
    connection.state = length === undefined ? 'chunked' : 'length'
    connection.left = Number(length ?? 0)
    connection.skip = 0
    connection.line = ''
    connection.carry = null
    connection.tail = Buffer.alloc(0)
    return length !== undefined || /\r\ntransfer-encoding: *chunked/i.test(head) ? null : 'framing'
  }

  /** Takes HTTP chunks apart, since a gateway may cut them anew anywhere. */
  function walk(connection: Connection, bytes: Buffer, now: number): void {
    let at = 0
    while (at < bytes.length) {
      if (connection.left > 0) {
        const until = Math.min(bytes.length, at + connection.left)
        payload(connection, bytes.subarray(at, until), now)
        connection.left -= until - at
        if (connection.left === 0) connection.skip = 2
        at = until
      } else if (connection.skip > 0) {
        const step = Math.min(connection.skip, bytes.length - at)
        connection.skip -= step
        at += step
      } else {
        const end = bytes.indexOf(10, at)
        connection.line += bytes.toString('latin1', at, end === -1 ? bytes.length : end)
        if (end === -1) return
        at = end + 1
        const line = connection.line.trim()
        connection.line = ''
        if (connection.state === 'trailer') {
          if (line === '') return finish(connection, now)
          continue
        }
        const size = Number.parseInt(line, 16)
        if (!(size >= 0)) return fail(connection, connection.socket, 'chunk size')
        if (size === 0) connection.state = 'trailer'
        connection.left = size
      }
    }
  }

  function payload(connection: Connection, bytes: Buffer, now: number): void {
    connection.bodyBytes += bytes.length
    connection.body?.push(Buffer.from(bytes))
    if (isJson || bytes.length === 0) return
    const tail = bytes.length >= END_MARK_BYTES ? bytes : Buffer.concat([connection.tail, bytes])
    connection.tail = Buffer.from(tail.subarray(-END_MARK_BYTES))
    if (deltasExpected === 0) return
    const text = connection.carry === null ? bytes : Buffer.concat([connection.carry, bytes])
    connection.carry = null
    let at = text.indexOf(MARK)
    while (at !== -1) {
      const stampAt = at + MARK.length
      if (stampAt + STAMP_LETTERS > text.length) break
      if (connection.firstAt === 0) connection.firstAt = now
      connection.deltas++
      transit.push(sinceStamp(text, stampAt, now))
      at = text.indexOf(MARK, stampAt + STAMP_LETTERS)
    }
    // A stamp that is cut in two, or a mark of which only the beginning is here.
    if (at !== -1) connection.carry = Buffer.from(text.subarray(at))
    else if (text[text.length - 1] === 113) connection.carry = Buffer.from(text.subarray(-(MARK.length - 1)))
  }

  function finish(connection: Connection, now: number): void {
    const problem = judge(connection)
    if (problem !== null) return fail(connection, connection.socket, problem)
    connection.state = 'idle'
    inFlight--
    latency.push(now - connection.dueAt)
    if (connection.firstAt > 0) ttft.push(connection.firstAt - connection.sentAt)
    next(connection)
  }

  /** Null where the answer is what the mock sent. */
  function judge(connection: Connection): string | null {
    if (!isJson) {
      const end = connection.tail.toString('latin1')
      if (!END_MARKS.some((mark) => end.endsWith(mark.slice(-END_MARK_BYTES)))) return 'no end mark'
      if (connection.bodyBytes < floodBytesMin) return 'short'
      return connection.deltas === deltasExpected ? null : `${connection.deltas} deltas`
    }
    if (connection.bodyBytes !== expected.body.length) return `${connection.bodyBytes} bytes`
    if (connection.body !== null && !Buffer.concat(connection.body).equals(expected.body)) return 'other bytes'
    return null
  }

  function fail(connection: Connection, socket: Socket<Connection> | null, reason: string): void {
    if (connection.socket === socket) connection.socket = null
    if (connection.state === 'idle') return
    connection.state = 'idle'
    connection.unsent = null
    connection.head = null
    inFlight--
    errors[reason] = (errors[reason] ?? 0) + 1
    socket?.terminate()
    // A target that refuses at once would otherwise be asked a million times.
    setTimeout(() => next(connection), 20)
  }

  function next(connection: Connection): void {
    const due = waiting.shift()
    if (due !== undefined) void send(connection, due)
    else if (pace.kind === 'closed' && nowUs() < deadline && issued < spec.requestsMax) void send(connection, nowUs())
    else {
      idle.push(connection)
      if (inFlight === 0 && (pace.kind === 'closed' ? idle.length === all.length : isReleased)) over.resolve()
    }
  }

  const sweep = setInterval(() => {
    const now = nowUs()
    for (const connection of all) {
      if (connection.state !== 'idle' && now - connection.sentAt > REQUEST_TIMEOUT_US)
        fail(connection, connection.socket, 'timeout')
    }
  }, SWEEP_MS)

  if (pace.kind === 'closed') {
    const first = Array.from({ length: pace.connections }, add)
    await Promise.all(first.map(connect))
    for (const connection of first) void send(connection, nowUs())
  } else {
    const first = Array.from({ length: Math.min(8, pace.connectionsMax) }, add)
    await Promise.all(first.map(connect))
    idle.push(...first)
    const gapUs = 1e6 / pace.perSecond
    const count = Math.min(spec.requestsMax, Math.round(pace.perSecond * spec.seconds))
    let released = 0
    const release = (): void => {
      for (; released < count && start + released * gapUs <= nowUs(); released++) {
        const due = start + released * gapUs
        lag.push(nowUs() - due)
        const connection = idle.pop() ?? (all.length < pace.connectionsMax ? add() : null)
        if (connection === null) waiting.push(due)
        else void send(connection, due)
      }
      isReleased = released >= count
      if (isReleased) {
        if (inFlight === 0) over.resolve()
      } else setTimeout(release, Math.max(0, (start + released * gapUs - nowUs()) / 1_000))
    }
    release()
  }
  await over.promise
  clearInterval(sweep)
  const wallSeconds = (nowUs() - start) / 1e6
  for (const connection of all) connection.socket?.terminate()
  return {
    issued,
    ok: latency.length,
    errors,
    wallSeconds,
    perSecond: latency.length / wallSeconds,
    latencyMs: spreadOf(latency, 1_000),
    ttftMs: spreadOf(ttft, 1_000),
    transitMs: spreadOf(transit, 1_000),
    lagMs: spreadOf(lag, 1_000),
    deltasPerRead: transit.length / Math.max(1, reads),
  }
}

/** The whole request, head and body; the same for every call of a cell. */
export function requestBytes(spec: { readonly port: number; readonly shape: Shape; readonly promptBytes: number }): Buffer {
  const { shape } = spec
  const isStreaming = shape.kind !== 'json'
  const sentence = 'Summarise these notes of the weekly meeting for a reader who has little time. '
  const content = sentence.repeat(Math.ceil(spec.promptBytes / sentence.length)).slice(0, spec.promptBytes)
  const messages = [{ role: 'user', content }]
  const extra = isStreaming && shape.api === 'openai' ? { stream_options: { include_usage: true } } : {}
  const body = JSON.stringify({
    model: MODELS[shape.api],
    messages,
    max_tokens: 256,
    ...(isStreaming ? { stream: true } : {}),
    ...extra,
  })
  const key = shape.api === 'openai' ? 'authorization: Bearer sk-bench' : 'x-api-key: sk-bench\r\nanthropic-version: 2023-06-01'
  const head = [
    `POST ${PATHS[shape.api]} HTTP/1.1`,
    `host: 127.0.0.1:${spec.port}`,
    'content-type: application/json',
    `accept: ${isStreaming ? 'text/event-stream' : 'application/json'}`,
    'accept-encoding: identity',
    key,
    `x-bench: ${shapeHeader(shape)}`,
    `content-length: ${Buffer.byteLength(body)}`,
  ]
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`)
}
