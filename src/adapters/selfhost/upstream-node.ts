/**
 * The `Upstream` port on node:http, for Node and Deno: there `fetch` decodes bodies behind one's back, and on Node it costs about four
 * times the CPU of node:http. Connections are kept alive and reused, but not for long: an upstream closes idle ones too, and a call that
 * runs into that must fail, since nobody can tell whether it was taken. Only calls that change nothing are then tried once more.
 */
import http from 'node:http'
import https from 'node:https'
import type { Readable } from 'node:stream'
import { isNeverSent } from '../../core/forward/never-sent.ts'
import { err, ok, type Result } from '../../core/domain/result.ts'
import type { Clock, Upstream, UpstreamFailure, UpstreamRequest, UpstreamResponse } from '../../core/ports.ts'

const SOCKETS_MAX = 1024
/** Shorter than any provider keeps an idle connection. */
const IDLE_SOCKET_MS = 4_000
const SAFE_METHODS: readonly string[] = ['GET', 'HEAD', 'OPTIONS']

export function createNodeUpstream(clock: Clock): Upstream & { close(): void } {
  const options = {
    keepAlive: true,
    maxSockets: SOCKETS_MAX,
    maxFreeSockets: 256,
    noDelay: true,
    // The agent ends idle sockets after it; one in use is the other limits' business.
    timeout: IDLE_SOCKET_MS,
  }
  const plain = new http.Agent(options)
  const secure = new https.Agent(options)
  return {
    send: async (request) => {
      const first = await sendOnce(request, plain, secure, clock)
      const mayRepeat =
        !first.ok && first.error.isStaleSocket && SAFE_METHODS.includes(request.method) && !request.signal.aborted
      if (!mayRepeat) return withoutFlag(first)
      return withoutFlag(await sendOnce(request, plain, secure, clock))
    },
    close: () => {
      plain.destroy()
      secure.destroy()
    },
  }
}

type Outcome = Result<UpstreamResponse, UpstreamFailure & { readonly isStaleSocket: boolean }>

function withoutFlag(outcome: Outcome): Result<UpstreamResponse, UpstreamFailure> {
  if (outcome.ok) return outcome
  const { kind, reason, isSent } = outcome.error
  return err({ kind, reason, isSent })
}

function sendOnce(ask: UpstreamRequest, plain: http.Agent, secure: https.Agent, clock: Clock): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  const isSecure = ask.url.startsWith('https:')
  const headers: { [name: string]: string } = {}
  ask.headers.forEach((value, name) => {
    headers[name] = value
  })
  if (ask.body !== null) headers['content-length'] = String(ask.body.byteLength)
  const request = (isSecure ? https : http).request(ask.url, {
    method: ask.method,
    headers,
    agent: isSecure ? secure : plain,
    signal: ask.signal,
  })
  let late: string | null = null
  const giveUp = (limit: string) => (): void => {
    late = limit
    request.destroy()
  }
  let stopConnectTimer = clock.after(ask.connectTimeoutMs, giveUp(`no connection within ${ask.connectTimeoutMs} ms`))
  const stopHeadTimer = clock.after(ask.firstByteTimeoutMs, giveUp(`no response head within ${ask.firstByteTimeoutMs} ms`))
  const stopTimers = (): void => {
    stopConnectTimer()
    stopHeadTimer()
  }
  request.on('socket', (socket) => {
    if (request.reusedSocket || !socket.connecting) return stopConnectTimer()
    socket.once(isSecure ? 'secureConnect' : 'connect', () => stopConnectTimer())
  })
  request.on('error', (error: NodeJS.ErrnoException) => {
    stopTimers()
    if (late !== null) {
      const isConnected = !late.startsWith('no connection')
      const kind = isConnected ? 'timeout' : 'unreachable'
      return resolve(err({ kind, reason: late, isSent: isConnected, isStaleSocket: false }))
    }
    if (ask.signal.aborted)
      return resolve(err({ kind: 'aborted', reason: 'the caller left', isSent: true, isStaleSocket: false }))
    const isStaleSocket = request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
    return resolve(
      err({
        kind: 'unreachable',
        reason: `${error.code ?? error.name}: ${error.message}`.slice(0, 200),
        isSent: !isNeverSent(error.code),
        isStaleSocket,
      }),
    )
  })
  request.on('upgrade', (_response, socket) => {
    stopTimers()
    socket.destroy()
    resolve(err({ kind: 'unreachable', reason: 'the upstream switched protocols unasked', isSent: true, isStaleSocket: false }))
  })
  request.on('close', () => {
    // After a response this changes nothing: a promise is settled once.
    stopTimers()
    resolve(err({ kind: 'unreachable', reason: 'the connection closed before a response', isSent: true, isStaleSocket: false }))
  })
  request.on('response', (response) => {
    stopTimers()
    const status = response.statusCode ?? 502
    const hasBody = ask.method !== 'HEAD' && status !== 204 && status !== 304
    if (!hasBody) response.resume()
    resolve(
      ok({
        status,
        headers: headersOf(response),
        get body() {
          return hasBody ? webBody(response) : null
        },
        bytes: () => wholeBody(response),
        isDecoded: false,
      }),
    )
  })
  if (ask.body === null) request.end()
  else request.end(ask.body)
  return promise
}

function headersOf(response: http.IncomingMessage): Headers {
  const headers = new Headers()
  const raw = response.rawHeaders
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] as string
    const value = raw[i + 1] as string
    try {
      headers.append(name, value)
    } catch {
      // A name or value that no standard header can hold cannot be handed on either.
      continue
    }
  }
  return headers
}

async function wholeBody(source: Readable): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
  const chunks: Uint8Array[] = []
  source.on('data', (chunk: Uint8Array) => chunks.push(chunk))
  source.on('end', () => resolve(chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks)))
  source.on('error', reject)
  source.on('close', () => reject(new Error('the connection closed before the end of the body')))
  return promise
}

/** A paused-mode reader: nothing is read from the socket before the consumer asks. */
function webBody(source: Readable): ReadableStream<Uint8Array> {
  let wake: (() => void) | null = null
  let failure: Error | null = null
  let isOver = false
  const stir = (): void => {
    wake?.()
    wake = null
  }
  source.on('readable', stir)
  source.on('end', () => {
    isOver = true
    stir()
  })
  source.on('error', (error) => {
    failure = error
    stir()
  })
  source.on('close', () => {
    // `close` without `end`: the connection broke in mid-body.
    if (!isOver) failure ??= new Error('the connection closed before the end of the body')
    stir()
  })
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        for (;;) {
          const chunk = source.read() as Uint8Array | null
          if (chunk !== null) return controller.enqueue(chunk)
          if (isOver) return controller.close()
          if (failure !== null) throw failure
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        }
      },
      cancel: () => {
        source.destroy()
      },
    },
    { highWaterMark: 0 },
  )
}
