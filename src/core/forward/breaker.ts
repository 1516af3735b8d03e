/**
 * One circuit breaker a provider: after `failureThreshold` failures in a row calls are refused at once; after `recoveryTimeoutMs` a
 * few probes go through, and the first that succeeds closes it. A failure is a connection that failed, a head that did not come in
 * time, or a 5xx of the kind that means "down" (502, 503, 504, 529). The state is this process's own.
 */
import type { GatewayConfig } from '../domain/gateway.ts'
import type { EpochMs } from '../domain/time.ts'

export type BreakerState = 'closed' | 'open' | 'half_open'

export type Breaker = {
  /** True where the call may go on; it must then end in `succeeded` or `failed` or `abandoned`. */
  admit(now: EpochMs): boolean
  succeeded(): void
  failed(now: EpochMs): void
  /** The caller left before the outcome was known: the probe's place is given back. */
  abandoned(): void
  state(): BreakerState
  /** Milliseconds until a probe is let through; 0 while calls go on. */
  waitMs(now: EpochMs): number
}

export function createBreaker(config: GatewayConfig['breaker'], onChange: (state: BreakerState) => void): Breaker {
  let state: BreakerState = 'closed'
  let failuresInRow = 0
  let openedAt: EpochMs = 0
  let probes = 0

  function turn(next: BreakerState): void {
    if (state === next) return
    state = next
    onChange(next)
  }

  return {
    admit: (now) => {
      if (!config.isEnabled || state === 'closed') return true
      if (state === 'open') {
        if (now - openedAt < config.recoveryTimeoutMs) return false
        probes = 0
        turn('half_open')
      }
      if (probes >= config.halfOpenCallsMax) return false
      probes += 1
      return true
    },
    succeeded: () => {
      failuresInRow = 0
      turn('closed')
    },
    failed: (now) => {
      failuresInRow += 1
      // A call from before it opened fails late: that must not make the pause longer.
      if (state === 'open') return
      if (state === 'half_open' || failuresInRow >= config.failureThreshold) {
        openedAt = now
        if (config.isEnabled) turn('open')
      }
    },
    abandoned: () => {
      if (state === 'half_open' && probes > 0) probes -= 1
    },
    state: () => state,
    waitMs: (now) => (state === 'open' ? Math.max(0, config.recoveryTimeoutMs - (now - openedAt)) : 0),
  }
}

/** Statuses that mean the provider is down rather than that it refused this call. */
export function isDownStatus(status: number): boolean {
  return status === 502 || status === 503 || status === 504 || status === 529
}
