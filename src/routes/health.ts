/** `/health`, `/live`, `/ready`: is it up, and what of it is not well. */
import { Hono } from 'hono'
import type { BreakerState } from '../core/forward/breaker.ts'
import type { Delivery } from '../core/ports.ts'

export type Phase = 'starting' | 'running' | 'draining'

export type HealthSource = {
  readonly version: string
  readonly phase: () => Phase
  /** Rejects or takes long where the store does not answer. */
  readonly pingStore: () => Promise<void>
  readonly isQueueDegraded: () => boolean
  readonly delivery: () => Delivery
  readonly breakers: () => ReadonlyMap<string, BreakerState>
}

const PING_TIMEOUT_MS = 2_000

export function healthRoutes(source: HealthSource): Hono {
  const routes = new Hono()
  routes.get('/live', (c) => c.json({ status: 'live' }))
  routes.get('/ready', (c) => {
    const phase = source.phase()
    return c.json({ status: phase === 'running' ? 'ready' : phase }, phase === 'running' ? 200 : 503)
  })
  routes.get('/health', async (c) => {
    const phase = source.phase()
    const isStoreUp = await answersInTime(source.pingStore())
    const breakers = Object.fromEntries(source.breakers())
    const isWell = isStoreUp && !source.isQueueDegraded() && !Object.values(breakers).includes('open')
    const status = phase === 'running' ? (isWell ? 'healthy' : 'degraded') : phase
    return c.json(
      {
        status,
        starting: phase === 'starting',
        version: source.version,
        subsystems: {
          store: { healthy: isStoreUp },
          queue: { healthy: !source.isQueueDegraded(), ...source.delivery() },
          upstream: { healthy: !Object.values(breakers).includes('open'), breakers },
        },
      },
      phase === 'running' ? 200 : 503,
    )
  })
  return routes
}

async function answersInTime(ping: Promise<void>): Promise<boolean> {
  const late = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), PING_TIMEOUT_MS))
  return Promise.race([ping.then(() => true).catch(() => false), late])
}
