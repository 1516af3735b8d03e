/** A guard that looks for plain words, and policies to judge them by. */
import { DEFAULT_GUARD_POLICY } from '../../src/contract/config/guard.ts'
import type { GuardPolicy } from '../../src/core/domain/guard-policy.ts'
import { createEngine, type NamedScanner } from '../../src/core/guard/engine.ts'
import { createGuard, type Guard } from '../../src/core/guard/guard.ts'
import type { Form, Match, Scanner } from '../../src/core/guard/match.ts'
import type { Clock } from '../../src/core/ports.ts'

export function aPolicy(more: Partial<GuardPolicy> = {}): GuardPolicy {
  return { ...DEFAULT_GUARD_POLICY, ...more }
}

export function aMatch(more: Partial<Match> = {}): Match {
  return {
    ruleId: 'test.word',
    findingType: 'prompt_injection',
    category: 'injection',
    severity: 'high',
    confidence: 0.9,
    description: 'a word',
    range: null,
    via: [],
    tag: null,
    ...more,
  }
}

/** The text as it is, and nothing decoded. */
export function plainForms(text: string): readonly Form[] {
  return [{ via: [], text, folded: text.toLowerCase(), rangeOf: (startUtf16, endUtf16) => ({ startUtf16, endUtf16 }) }]
}

/** Finds `word`, a pattern, wherever it stands. */
export function wordScanner(word: string, more: Partial<Match> = {}): Scanner {
  return (forms) =>
    forms.flatMap((form) =>
      [...form.text.matchAll(new RegExp(word, 'g'))].map((match) =>
        aMatch({ range: form.rangeOf(match.index, match.index + match[0].length), ...more }),
      ),
    )
}

export const testClock: Pick<Clock, 'monotonic'> = { monotonic: () => 0 }

export function aGuard(scanners: readonly NamedScanner[] = [], clock: Pick<Clock, 'monotonic'> = testClock): Guard {
  return createGuard({
    engine: createEngine(scanners, plainForms),
    clock,
    // The word that is being written.
    openFrom: (text) => text.search(/\S*$/),
    scannersFor: () => [],
  })
}
