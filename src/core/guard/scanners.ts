/** The guard of the data plane: every scanner, in the order in which they look. */
import type { Clock } from '../ports.ts'
import { createEngine, type NamedScanner } from './engine.ts'
import { createGuard, type Guard } from './guard.ts'

const SCANNERS: readonly NamedScanner[] = []

export function createDefaultGuard(clock: Pick<Clock, 'monotonic'>): Guard {
  const engine = createEngine(SCANNERS, (text) => [
    { via: [], text, folded: text.toLowerCase(), rangeOf: (startUtf16, endUtf16) => ({ startUtf16, endUtf16 }) },
  ])
  return createGuard({ engine, clock, openFrom: (text) => text.length, scannersFor: () => [] })
}
