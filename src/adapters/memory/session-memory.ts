/** The `SessionMemory` of one process. Bounded: the sessions that were asked for longest ago are forgotten first. */
import type { Clock, SessionMemory } from '../../core/ports.ts'

const SESSIONS_MAX = 10_000

export function createSessionMemory(clock: Pick<Clock, 'now'>): SessionMemory {
  const sessions = new Map<string, { readonly memory: Parameters<SessionMemory['write']>[2]; readonly endsAt: number }>()
  return {
    read: async (tenantId, sessionId) => {
      const key = keyOf(tenantId, sessionId)
      const known = sessions.get(key)
      if (known === undefined) return null
      sessions.delete(key)
      if (known.endsAt <= clock.now()) return null
      sessions.set(key, known)
      return known.memory
    },
    write: async (tenantId, sessionId, memory, ttlSeconds) => {
      const key = keyOf(tenantId, sessionId)
      sessions.delete(key)
      sessions.set(key, { memory, endsAt: clock.now() + ttlSeconds * 1000 })
      if (sessions.size > SESSIONS_MAX) sessions.delete(sessions.keys().next().value ?? '')
    },
  }
}

function keyOf(tenantId: string, sessionId: string): string {
  return JSON.stringify([tenantId, sessionId])
}
