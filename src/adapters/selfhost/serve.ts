/** One `fetch` handler on whichever runtime this is: Bun.serve, Deno.serve, or @hono/node-server on node:http. */
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type ServeOptions = {
  readonly hostname: string
  readonly port: number
  readonly fetch: (request: Request) => Response | Promise<Response>
}

export type Server = {
  readonly url: string
  readonly runtime: 'bun' | 'deno' | 'node'
  /** Takes no new connections, waits for the answers in flight, and cuts what is left after `deadlineMs`. */
  stop(deadlineMs: number): Promise<void>
}

/** Rejects with the runtime's own error where the address is taken or not ours; `code` is `EADDRINUSE`, `EACCES` … */
export async function serve(options: ServeOptions): Promise<Server> {
  if ('Bun' in globalThis) return serveBun(options)
  if ('Deno' in globalThis) return serveDeno(options)
  return serveNode(options)
}

export function runtimeName(): Server['runtime'] {
  return 'Bun' in globalThis ? 'bun' : 'Deno' in globalThis ? 'deno' : 'node'
}

function serveBun({ hostname, port, fetch }: ServeOptions): Server {
  const server = Bun.serve({
    hostname,
    port,
    fetch,
    // Quiet streams are the upstream limit's business, and body limits the pipeline's: it answers in the caller's dialect.
    idleTimeout: 0,
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
  })
  return {
    url: urlOf(hostname, server.port ?? port),
    runtime: 'bun',
    stop: (deadlineMs) => inTime(server.stop(false), deadlineMs, () => server.stop(true)),
  }
}

type DenoServer = { readonly addr: { readonly port: number }; shutdown(): Promise<void> }
type DenoGlobal = {
  serve(options: { hostname: string; port: number; onListen: () => void }, handler: ServeOptions['fetch']): DenoServer
}

async function serveDeno({ hostname, port, fetch }: ServeOptions): Promise<Server> {
  const deno = (globalThis as unknown as { Deno: DenoGlobal }).Deno
  const server = deno.serve({ hostname, port, onListen: () => {} }, fetch)
  return {
    url: urlOf(hostname, server.addr.port),
    runtime: 'deno',
    stop: (deadlineMs) =>
      // Cutting by Deno's own signal ends the process with an error (2.9.6): what is left is cut by whoever made the answers.
      inTime(server.shutdown().catch(ignore), deadlineMs, ignore),
  }
}

async function serveNode({ hostname, port, fetch }: ServeOptions): Promise<Server> {
  const { createAdaptorServer } = await import('@hono/node-server')
  const { RESPONSE_ALREADY_SENT } = await import('@hono/node-server/utils/response')
  const { promise: listening, resolve, reject } = Promise.withResolvers<void>()
  const answer = async (request: Request, env: unknown): Promise<Response> => {
    const response = await fetch(request)
    if (response.body === null) return response
    await writeAnswer(response, response.body, (env as { readonly outgoing: ServerResponse }).outgoing)
    return RESPONSE_ALREADY_SENT
  }
  const server = createAdaptorServer({ fetch: answer, overrideGlobalObjects: false }) as import('node:http').Server
  server.requestTimeout = 0
  server.headersTimeout = 60_000
  server.keepAliveTimeout = 75_000
  server.once('error', reject)
  server.listen(port, hostname, resolve)
  await listening
  return {
    url: urlOf(hostname, (server.address() as AddressInfo).port),
    runtime: 'node',
    stop: (deadlineMs) => {
      const closed = new Promise<void>((done) => server.close(() => done()))
      server.closeIdleConnections()
      return inTime(closed, deadlineMs, async () => server.closeAllConnections())
    },
  }
}

/**
 * Writes an answer as it comes. Ours rather than the package's: where a body breaks off, it makes a clean end or a 500 of it, and the
 * caller must see a broken connection instead.
 */
async function writeAnswer(response: Response, body: ReadableStream<Uint8Array>, outgoing: ServerResponse): Promise<void> {
  const headers: { [name: string]: string | string[] } = {}
  response.headers.forEach((value, name) => {
    headers[name] = value
  })
  const cookies = response.headers.getSetCookie()
  if (cookies.length > 0) headers['set-cookie'] = cookies
  outgoing.writeHead(response.status, headers)
  outgoing.flushHeaders()
  const reader = body.getReader()
  outgoing.once('close', () => {
    // A stream that is through takes this for nothing.
    reader.cancel().catch(() => undefined)
  })
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      if (outgoing.destroyed) return
      if (!outgoing.write(value)) await drained(outgoing)
    }
    outgoing.end()
  } catch {
    outgoing.destroy()
  }
}

function drained(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      outgoing.off('drain', done)
      outgoing.off('close', done)
      resolve()
    }
    outgoing.on('drain', done)
    outgoing.on('close', done)
  })
}

function urlOf(hostname: string, port: number): string {
  return `http://${hostname.includes(':') ? `[${hostname}]` : hostname}:${port}`
}

/** A server that was cut says so by rejecting; it was told to. */
function ignore(): void {}

async function inTime(work: Promise<unknown>, deadlineMs: number, cut: () => Promise<unknown> | void): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), deadlineMs)
  })
  if ((await Promise.race([work.then(() => 'done' as const), late])) === 'late') await cut()
  clearTimeout(timer)
}
