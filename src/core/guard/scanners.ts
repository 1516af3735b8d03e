/** The engine of the data plane: every scanner, in the order in which they look. */
import { createEngine, type Engine, type NamedScanner } from './engine.ts'

const SCANNERS: readonly NamedScanner[] = []

export function createDefaultEngine(): Engine {
  return createEngine(SCANNERS, (text) => [
    { via: [], text, folded: text.toLowerCase(), rangeOf: (startUtf16, endUtf16) => ({ startUtf16, endUtf16 }) },
  ])
}
