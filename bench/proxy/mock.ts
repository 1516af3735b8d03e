/**
 * A provider that costs next to nothing: raw TCP under Bun, answers framed by hand. It reads no body, only its length; the header
 * `x-bench` says what to answer. Loopback only. Use: `bun bench/proxy/mock.ts PORT`; `GET /__stats` counts the requests.
 */
import type { Socket } from 'bun'
import { floodWrites, planOf, shapeOf, stampInto, type Plan } from './frames.ts'

type Connection = {
  /** Bytes of a head that is not complete yet. */
  head: Buffer | null
  /** Body bytes still to come; -1 = chunked, read to its end mark. */
  bodyLeft: number
  answer: (() => void) | null
  /** What the kernel did not take yet, in order. */
  unsent: Buffer[]
  onDrain: (() => void) | null
  isClosed: boolean
}

const PLANS_MAX = 100
const LAST_CHUNK = Buffer.from('0\r\n\r\n')
const plans = new Map<string, Plan>()
let requests = 0

const server = Bun.listen<Connection>({
  hostname: '127.0.0.1',
  port: Number(process.argv[2] ?? 0),
  socket: {
    open: (socket) => {
      socket.setNoDelay(true)
      socket.data = { head: null, bodyLeft: 0, answer: null, unsent: [], onDrain: null, isClosed: false }
    },
    data: (socket, bytes) => receive(socket, bytes),
    drain: (socket) => {
      const { data } = socket
      while (data.unsent.length > 0) {
        const next = data.unsent.shift() as Buffer
        const sent = Math.max(0, socket.write(next))
        if (sent < next.length) {
          data.unsent.unshift(next.subarray(sent))
          return
        }
      }
      data.onDrain?.()
    },
    close: (socket) => {
      socket.data.isClosed = true
    },
    error: (socket) => {
      socket.data.isClosed = true
    },
  },
})
console.log(`mock 127.0.0.1:${server.port}`)
process.on('SIGTERM', () => process.exit(0))

function receive(socket: Socket<Connection>, bytes: Buffer): void {
  const { data } = socket
  if (data.answer !== null) {
    const isEnd =
      data.bodyLeft === -1 ? bytes.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK) : (data.bodyLeft -= bytes.length) <= 0
    if (isEnd) reply(data)
    return
  }
  const all = data.head === null ? bytes : Buffer.concat([data.head, bytes])
  const end = all.indexOf('\r\n\r\n')
  if (end === -1) {
    data.head = Buffer.from(all)
    return
  }
  data.head = null
  const head = all.toString('latin1', 0, end)
  const rest = all.length - end - 4
  data.answer = answerTo(socket, head)
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
  if (length === undefined && /\r\ntransfer-encoding: *chunked/i.test(head)) {
    data.bodyLeft = -1
    if (all.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK)) reply(data)
    return
  }
  data.bodyLeft = Number(length ?? 0) - rest
  if (data.bodyLeft <= 0) reply(data)
}

function reply(data: Connection): void {
  const { answer } = data
  data.answer = null
  data.bodyLeft = 0
  answer?.()
}

function answerTo(socket: Socket<Connection>, head: string): () => void {
  const path = head.slice(head.indexOf(' ') + 1, head.indexOf(' ', head.indexOf(' ') + 1))
  if (path === '/__stats') {
    const body = JSON.stringify({ requests })
    return () => write(socket, Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`))
  }
  requests++
  const plan = planFor(path, /\r\nx-bench: *([^\r]*)/i.exec(head)?.[1] ?? '')
  if (plan.shape.kind === 'json') return () => write(socket, plan.opening)
  return () => (plan.shape.kind === 'flood' ? flood(socket, plan) : stream(socket, plan))
}

function planFor(path: string, header: string): Plan {
  const api = path.includes('/messages') ? 'anthropic' : 'openai'
  const key = `${api} ${header}`
  const known = plans.get(key)
  if (known !== undefined) return known
  if (plans.size >= PLANS_MAX) plans.clear()
  const plan = planOf(shapeOf(api, header))
  plans.set(key, plan)
  return plan
}

function write(socket: Socket<Connection>, bytes: Buffer): void {
  const { data } = socket
  if (data.isClosed) return
  const sent = data.unsent.length > 0 ? 0 : Math.max(0, socket.write(bytes))
  // A delta is stamped in place the next time, so what is left of it must be a copy.
  if (sent < bytes.length) data.unsent.push(Buffer.from(bytes.subarray(sent)))
}

function stream(socket: Socket<Connection>, plan: Plan): void {
  let at = 0
  const step = (): void => {
    const delta = plan.deltas[at++]
    if (socket.data.isClosed) return
    if (delta === undefined) return write(socket, plan.closing)
    stampInto(delta.bytes, delta.stampAt)
    write(socket, delta.bytes)
    if (at === plan.deltas.length) write(socket, plan.closing)
    else if (plan.shape.gapMs > 0) setTimeout(step, plan.shape.gapMs)
    else setImmediate(step)
  }
  write(socket, plan.opening)
  step()
}

/** As fast as the other side reads, never more than one batch ahead of it. */
function flood(socket: Socket<Connection>, plan: Plan): void {
  const { data } = socket
  const batch = plan.deltas[0]?.bytes ?? Buffer.alloc(0)
  let left = floodWrites(plan.shape)
  const pump = (): void => {
    while (left > 0 && data.unsent.length === 0 && !data.isClosed) {
      left--
      write(socket, batch)
    }
    if (left > 0 && !data.isClosed) return
    data.onDrain = null
    write(socket, plan.closing)
  }
  data.onDrain = pump
  write(socket, plan.opening)
  pump()
}
