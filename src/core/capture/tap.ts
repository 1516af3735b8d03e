/**
 * One pull tap on an answer: every chunk goes to the caller as it came, or as a filter changed it, and is shown to one listener on its
 * way. Never `tee()`: that reads on after the caller has left. Memory: one chunk and what the filter holds, since nothing is read before
 * the caller asks for it.
 */
import type { Clock } from '../ports.ts'

/** How the body ended. `cancelled`: the caller left. `stopped`: a policy ended it. The rest are the upstream's doing. */
export type TapEnd = 'complete' | 'cancelled' | 'stopped' | 'died' | 'short' | 'idle'

/** Changes a body on its way. After `isStopped` nothing more is asked of it, and the upstream is let go. */
export type TapFilter = {
  push(chunk: Uint8Array): FilterStep
  /** The body has come to its end: what is still held leaves now. */
  end(): FilterStep
}
export type FilterStep = { readonly bytes: readonly Uint8Array[]; readonly isStopped: boolean }

export type TapListener = {
  /** What the caller gets. */
  readonly onChunk: (chunk: Uint8Array) => void
  /** Called exactly once. */
  readonly onEnd: (end: TapEnd) => void
}

export type TapOptions = {
  readonly clock: Clock
  /** Longest wait for the next chunk; the time that a slow caller takes does not count. */
  readonly idleTimeoutMs: number
  /** `content-length` as the upstream announced it; null where it did not, or where the runtime decoded the body. */
  readonly announcedBytes: number | null
  /** Ends the exchange with the upstream. */
  readonly abort: () => void
  /** Null: every chunk leaves as it came. */
  readonly filter: TapFilter | null
}

/**
 * A body that breaks off is never closed cleanly: the returned stream errors, so that the server cuts the connection and the caller's
 * HTTP client sees what it would have seen without a gateway.
 */
export function tap(body: ReadableStream<Uint8Array>, listener: TapListener, options: TapOptions): ReadableStream<Uint8Array> {
  const { clock, idleTimeoutMs, announcedBytes, abort, filter } = options
  const reader = body.getReader()
  let received = 0
  let waitingSince: number | null = null
  let isOver = false
  let fail: ((error: Error) => void) | null = null

  function finish(end: TapEnd): void {
    if (isOver) return
    isOver = true
    stopTimer()
    listener.onEnd(end)
  }

  // One timer a stream, not one a chunk: it looks how long the present wait has lasted and sleeps for the rest.
  let stopTimer = clock.after(idleTimeoutMs, checkIdle)
  function checkIdle(): void {
    if (isOver) return
    const waited = waitingSince === null ? 0 : clock.monotonic() - waitingSince
    if (waited < idleTimeoutMs) {
      stopTimer = clock.after(idleTimeoutMs - waited, checkIdle)
      return
    }
    finish('idle')
    fail?.(new Error('the upstream fell silent'))
    abort()
    reader.cancel().catch(ignore)
  }

  type Controller = ReadableStreamDefaultController<Uint8Array>

  function feed(controller: Controller, chunk: Uint8Array): void {
    listener.onChunk(chunk)
    controller.enqueue(chunk)
  }

  function ended(controller: Controller): void {
    if (announcedBytes !== null && received < announcedBytes) {
      finish('short')
      controller.error(new Error(`the upstream announced ${announcedBytes} bytes and sent ${received}`))
      return
    }
    const last = filter?.end() ?? null
    for (const chunk of last?.bytes ?? []) feed(controller, chunk)
    finish(last?.isStopped === true ? 'stopped' : 'complete')
    controller.close()
  }

  function stopped(controller: Controller): void {
    finish('stopped')
    controller.close()
    abort()
    reader.cancel().catch(ignore)
  }

  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        fail = (error) => controller.error(error)
      },
      pull: async (controller) => {
        try {
          // A filter may hold a chunk back: then the next one is asked for.
          for (let isFed = false; !isFed;) {
            waitingSince = clock.monotonic()
            const { done, value } = await reader.read()
            waitingSince = null
            if (isOver) return
            if (done) return ended(controller)
            received += value.byteLength
            if (filter === null) {
              feed(controller, value)
              return
            }
            const { bytes, isStopped } = filter.push(value)
            for (const chunk of bytes) feed(controller, chunk)
            if (isStopped) return stopped(controller)
            isFed = bytes.length > 0
          }
        } catch {
          if (isOver) return
          finish('died')
          // Not the runtime's own error: it names the URL, which may hold a key, and runtimes print what a stream fails with.
          controller.error(new Error('the upstream broke off'))
        }
      },
      cancel: async (reason) => {
        finish('cancelled')
        abort()
        await reader.cancel(reason).catch(ignore)
      },
    },
    { highWaterMark: 0 },
  )
}

/** The upstream is gone already; there is nobody left to tell. */
function ignore(): void {}
