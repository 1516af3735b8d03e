/** Time that a test moves by hand: nothing happens before `advance`, and timers run in the order in which they are due. */
import type { Clock } from '../../src/core/ports.ts'

export type TestClock = Clock & {
  /** Moves both times on and runs what falls due, also timers that such a run sets. */
  advance(ms: number): void
  /** Timers that wait. */
  pending(): number
  /** Milliseconds until the next timer; null where none waits. */
  next(): number | null
}

type Timer = { readonly dueMs: number; readonly run: () => void }

export const TEST_TIME = Date.UTC(2026, 10, 20, 12)

export function createTestClock(startMs: number = TEST_TIME): TestClock {
  let elapsedMs = 0
  const timers = new Set<Timer>()

  function first(): Timer | null {
    let found: Timer | null = null
    for (const timer of timers) if (found === null || timer.dueMs < found.dueMs) found = timer
    return found
  }

  return {
    now: () => startMs + elapsedMs,
    // An odd start, so that whoever takes one time for the other is seen.
    monotonic: () => 1_000_003 + elapsedMs,
    after: (delayMs, run) => {
      const timer: Timer = { dueMs: elapsedMs + delayMs, run }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    advance: (ms) => {
      const end = elapsedMs + ms
      for (let timer = first(); timer !== null && timer.dueMs <= end; timer = first()) {
        timers.delete(timer)
        elapsedMs = Math.max(elapsedMs, timer.dueMs)
        timer.run()
      }
      elapsedMs = end
    },
    pending: () => timers.size,
    next: () => {
      const timer = first()
      return timer === null ? null : timer.dueMs - elapsedMs
    },
  }
}

/** Lets everything run that waits for promises alone: one turn of the event loop, without waiting for time. */
export async function turn(times = 1): Promise<void> {
  for (let i = 0; i < times; i += 1) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve)
    })
  }
}
