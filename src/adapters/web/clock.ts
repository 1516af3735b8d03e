/** Time from the runtime. Timers never keep a process alive: a gateway ends when its server does. */
import type { Clock } from '../../core/ports.ts'

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delayMs, run) => {
    const timer: unknown = setTimeout(run, delayMs)
    if (hasUnref(timer)) timer.unref()
    return () => clearTimeout(timer as Parameters<typeof clearTimeout>[0])
  },
}

/** Workers' timers are numbers; Node's, Bun's and Deno's are objects that can be let go. */
function hasUnref(timer: unknown): timer is { unref(): void } {
  return typeof timer === 'object' && timer !== null && 'unref' in timer
}
