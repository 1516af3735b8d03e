/** Work after the answer: a rejection is logged under its name and goes no further. */
import type { Background, Log } from '../../core/ports.ts'

/** `waitUntil` is Workers' way of keeping an isolate alive; elsewhere the process lives on by itself. */
export function createBackground(log: Log, waitUntil: ((work: Promise<unknown>) => void) | null): Background {
  return (name, work) => {
    const guarded = work.catch((error: unknown) => log.write('error', 'background.failed', { name, error }))
    waitUntil?.(guarded)
  }
}

export type OpenWork = {
  /** To be given as `waitUntil`. */
  add(work: Promise<unknown>): void
  /** Resolves when none is left, also of what came in meanwhile. */
  settled(): Promise<void>
}

/** What a process still has to do: it must not end before. */
export function createOpenWork(): OpenWork {
  const open = new Set<Promise<unknown>>()
  return {
    add: (work) => {
      open.add(work)
      void work.finally(() => open.delete(work))
    },
    settled: async () => {
      while (open.size > 0) await Promise.all(open)
    },
  }
}
