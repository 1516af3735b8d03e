/** Work after the answer: a rejection is logged under its name and goes no further. */
import type { Background, Log } from '../../core/ports.ts'

/** `waitUntil` is Workers' way of keeping an isolate alive; elsewhere the process lives on by itself. */
export function createBackground(log: Log, waitUntil: ((work: Promise<unknown>) => void) | null): Background {
  return (name, work) => {
    const guarded = work.catch((error: unknown) => log.write('error', 'background.failed', { name, error }))
    waitUntil?.(guarded)
  }
}
