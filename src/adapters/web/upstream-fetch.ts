/**
 * The `Upstream` port on `fetch`, for Bun and Workers. Bun is told to leave the body compressed, so that bytes stay what the provider
 * sent; workerd decodes and cannot be told not to, which `isDecoded` says.
 */
import { err, ok } from '../../core/domain/result.ts'
import type { Clock, Upstream } from '../../core/ports.ts'
import { isNeverSent } from '../../core/forward/never-sent.ts'

export type FetchUpstreamOptions = {
  readonly clock: Clock
  /** True on Bun, whose `fetch` takes `decompress: false` and `timeout: false`. */
  readonly keepsEncoding: boolean
}

export function createFetchUpstream(options: FetchUpstreamOptions): Upstream {
  return {
    send: async ({ method, url, headers, body, signal, firstByteTimeoutMs }) => {
      const abort = new AbortController()
      const leave = (): void => abort.abort()
      if (signal.aborted) leave()
      signal.addEventListener('abort', leave, { once: true })
      let isLate = false
      // `fetch` shows no connect phase of its own, so one limit covers everything up to the response head.
      const stopTimer = options.clock.after(firstByteTimeoutMs, () => {
        isLate = true
        leave()
      })
      try {
        const init: RequestInit & { decompress?: boolean; timeout?: boolean } = {
          method,
          headers,
          body: body as Uint8Array<ArrayBuffer> | null,
          redirect: 'manual',
          signal: abort.signal,
        }
        if (options.keepsEncoding) {
          init.decompress = false
          // Bun would end a connection that was quiet for five minutes (tried): how long is the caller's to say.
          init.timeout = false
        }
        const response = await fetch(url, init)
        return ok({
          status: response.status,
          headers: response.headers,
          get body() {
            return response.body
          },
          bytes: async () => new Uint8Array(await response.arrayBuffer()),
          isDecoded: !options.keepsEncoding,
        })
      } catch (error) {
        signal.removeEventListener('abort', leave)
        if (isLate) return err({ kind: 'timeout', reason: `no response head within ${firstByteTimeoutMs} ms`, isSent: true })
        if (signal.aborted) return err({ kind: 'aborted', reason: 'the caller left', isSent: true })
        const { code, reason } = describe(error)
        return err({ kind: 'unreachable', reason, isSent: !isNeverSent(code) })
      } finally {
        stopTimer()
      }
    },
  }
}

/** The innermost cause with its code, e.g. `ECONNREFUSED`; never a URL with a key in it. */
function describe(error: unknown): { readonly code: string; readonly reason: string } {
  let cause: unknown = error
  while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause
  if (!(cause instanceof Error)) return { code: '', reason: 'fetch failed' }
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name
  return { code, reason: `${code}: ${cause.message.replace(/https?:\/\/\S+/g, '(url)')}`.slice(0, 200) }
}
