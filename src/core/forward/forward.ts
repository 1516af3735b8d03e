/**
 * The forward stage: one call to one provider with the original bytes. Retries only before the first byte, only where told, and only
 * for failures that mean the provider did not take the call. It cannot be called without a `Caller`, a `Verdict` and a `Hold`.
 */
import type { Hold } from '../domain/budget.ts'
import { appError, type AppError } from '../domain/errors.ts'
import type { Verdict } from '../domain/finding.ts'
import type { GatewayConfig, Provider } from '../domain/gateway.ts'
import { err, type Result } from '../domain/result.ts'
import type { Caller } from '../domain/tenant.ts'
import type { Clock, Metrics, Upstream, UpstreamFailure, UpstreamResponse } from '../ports.ts'
import { createBreaker, isDownStatus, type Breaker, type BreakerState } from './breaker.ts'
import { upstreamHeaders } from './headers.ts'
import type { Route } from './route.ts'

/** Base of the pause between two tries; it doubles with each, up to the maximum. */
const RETRY_PAUSE_MS = 100
const RETRY_PAUSE_MS_MAX = 5_000

/** With `upstream_url` a caller may name any provider, so the number kept is bounded; the oldest goes first. */
const BREAKERS_MAX = 256

/** Signs a request anew for a provider whose signature covers the host (SigV4). */
export type Sign = (
  provider: Provider,
  request: { method: string; url: string; headers: Headers; body: Uint8Array | null },
) => Promise<Headers>

export type ForwardDeps = {
  readonly config: GatewayConfig
  readonly upstream: Upstream
  readonly clock: Clock
  readonly metrics: Metrics
  readonly sign: Sign
}

export type ForwardAsk = {
  readonly caller: Caller
  readonly verdict: Verdict
  readonly hold: Hold
  readonly route: Route
  readonly method: string
  readonly headers: Headers
  readonly body: Uint8Array | null
  readonly gatewayKeyHeader: string | null
  readonly signal: AbortSignal
}

/** `isSent`: a try of it may have reached the provider, which may bill it. */
export type Unanswered = AppError & { readonly isSent: boolean }

export type Forward = {
  send(ask: ForwardAsk): Promise<Result<UpstreamResponse, Unanswered>>
  breakers(): ReadonlyMap<string, BreakerState>
}

export function createForward(deps: ForwardDeps): Forward {
  const breakers = new Map<string, Breaker>()

  function breakerOf(provider: string): Breaker {
    let breaker = breakers.get(provider)
    if (breaker === undefined) {
      breaker = createBreaker(deps.config.breaker, (state) => deps.metrics.breaker(provider, state))
      if (breakers.size >= BREAKERS_MAX) breakers.delete(breakers.keys().next().value ?? '')
      breakers.set(provider, breaker)
    }
    return breaker
  }

  async function attempt(ask: ForwardAsk, headers: Headers): Promise<Result<UpstreamResponse, UpstreamFailure>> {
    const { route, method, body, signal } = ask
    const request = { method, url: route.url, headers, body }
    const signed = route.provider.aws === null ? headers : await deps.sign(route.provider, request)
    return deps.upstream.send({
      ...request,
      headers: signed,
      signal,
      connectTimeoutMs: deps.config.upstream.connectTimeoutMs,
      firstByteTimeoutMs: deps.config.upstream.firstByteTimeoutMs,
    })
  }

  async function send(ask: ForwardAsk): Promise<Result<UpstreamResponse, Unanswered>> {
    const { provider, dialect } = ask.route
    const breaker = breakerOf(provider.name)
    const headers = upstreamHeaders(ask.headers, provider, dialect.name, ask.gatewayKeyHeader, deps.config.auth.adminKey)
    let isSent = false
    for (let tries = 0; ; tries += 1) {
      const now = deps.clock.now()
      if (!breaker.admit(now)) return err({ ...circuitOpen(provider.name, breaker.waitMs(now)), isSent })
      const answer = await attempt(ask, headers).catch((error: unknown) => {
        // A bug, but a probe's place must not be lost with it: the breaker would stay half open for ever.
        breaker.abandoned()
        throw error
      })
      if (answer.ok && !isDownStatus(answer.value.status)) {
        breaker.succeeded()
        return answer
      }
      isSent ||= answer.ok || answer.error.isSent
      if (!answer.ok && answer.error.kind === 'aborted') {
        breaker.abandoned()
        return err({ ...toAppError(provider.name, answer.error), isSent })
      }
      breaker.failed(deps.clock.now())
      // A breaker that this failure opened would refuse the next try: the provider's own answer says more than that refusal.
      const mayRetry = tries < deps.config.upstream.retries && !ask.signal.aborted && breaker.state() === 'closed'
      // A head that did not come in time may still be worked on: asking again would pay twice.
      const isFinal = !mayRetry || (!answer.ok && answer.error.kind === 'timeout')
      if (isFinal) return answer.ok ? answer : err({ ...toAppError(provider.name, answer.error), isSent })
      if (answer.ok) await discard(answer.value)
      await pause(deps.clock, Math.min(RETRY_PAUSE_MS * 2 ** tries, RETRY_PAUSE_MS_MAX), ask.signal)
    }
  }

  return {
    send,
    breakers: () => new Map([...breakers].map(([name, breaker]) => [name, breaker.state()])),
  }
}

/** The connection of an answer that nobody will read is let go; one that is broken already is gone by itself. */
async function discard(answer: UpstreamResponse): Promise<void> {
  await answer.body?.cancel().catch(() => undefined)
}

/** Ends early when the caller leaves: the next try then finds the signal. */
function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const stop = clock.after(delayMs, resolve)
    signal.addEventListener(
      'abort',
      () => {
        stop()
        resolve()
      },
      { once: true },
    )
  })
}

function circuitOpen(provider: string, waitMs: number): AppError {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000))
  return appError('upstream.refused', `provider "${provider}" failed repeatedly; calls are paused for ${seconds} s`, {
    retryAfterSeconds: seconds,
    extra: { provider },
    reason: 'circuit open',
  })
}

function toAppError(provider: string, failure: UpstreamFailure): AppError {
  const more = { extra: { provider }, reason: failure.reason }
  switch (failure.kind) {
    case 'timeout':
      return appError('upstream.timeout', `provider "${provider}" sent no answer in time`, more)
    case 'aborted':
      return appError('upstream.unreachable', 'the caller left before the answer', more)
    case 'unreachable':
      return appError('upstream.unreachable', `provider "${provider}" cannot be reached`, more)
  }
}
