/**
 * Attacks that were hidden in an encoding. Who encodes "ignore your instructions" does not do so by accident: what was found in a decoded
 * part is reported as `encoding_attack`, too, and already at a lower confidence than in plain text.
 */
import type { Category } from '../../domain/finding.ts'
import type { Match, Scanner } from '../match.ts'

const ATTACKS: ReadonlySet<Category> = new Set(['injection', 'jailbreak', 'extraction', 'exfiltration', 'shell', 'mcp'])
/** Decoders that turn ordinary text into other ordinary text prove less: half of the world's texts hold an HTML entity. */
const WEAK: ReadonlySet<string> = new Set(['html_entities', 'percent', 'unicode_escapes'])
const CONFIDENCE_MIN = 0.6
const CONFIDENCE = 0.9

/** A scanner that adds to each attack found by `scan` in a decoded part that it was encoded. */
export function withDecodedAttacks(scan: Scanner): Scanner {
  return (forms, place) => {
    const matches = scan(forms, place)
    const hidden = matches.filter(isHiddenAttack)
    return hidden.length === 0 ? matches : [...matches, ...distinct(hidden)]
  }
}

function isHiddenAttack(match: Match): boolean {
  return match.confidence >= CONFIDENCE_MIN && ATTACKS.has(match.category) && match.via.some((decoding) => !WEAK.has(decoding))
}

/** One for each way of hiding and each place. */
function distinct(hidden: readonly Match[]): readonly Match[] {
  const byPlace = new Map<string, Match>()
  for (const match of hidden) {
    const key = `${match.via.join()} ${match.range?.startUtf16 ?? 0}`
    if (byPlace.has(key)) continue
    byPlace.set(key, {
      ...match,
      ruleId: 'encoding.decoded-attack',
      findingType: 'encoding_attack',
      category: 'encoding',
      severity: 'high',
      confidence: CONFIDENCE,
      description: `An attack in ${match.via.join(' in ')}`,
      tag: null,
    })
  }
  return [...byPlace.values()]
}
