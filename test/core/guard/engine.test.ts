/** One finding for one thing: what a decoded form repeats of the plain text is not told twice. */
import { describe, expect, test } from 'bun:test'
import { createEngine } from '../../../src/core/guard/engine.ts'
import type { Decoding, Form, Match, Place } from '../../../src/core/guard/match.ts'

const PLACE: Place = { direction: 'input', origin: 'user', toolName: null }

function formVia(via: readonly Decoding[]): Form {
  return { via, text: 'x', folded: 'x', rangeOf: (startUtf16, endUtf16) => ({ startUtf16, endUtf16 }) }
}

function aMatch(via: readonly Decoding[], range: readonly [number, number] | null, more: Partial<Match> = {}): Match {
  return {
    ruleId: 'rule',
    findingType: 'prompt_injection',
    category: 'injection',
    severity: 'high',
    confidence: 0.9,
    description: '',
    range: range === null ? null : { startUtf16: range[0], endUtf16: range[1] },
    via,
    tag: null,
    ...more,
  }
}

function kept(matches: readonly Match[]): readonly string[] {
  const engine = createEngine([{ name: 'some', scan: () => matches }], () => [formVia([]), formVia(['rot13'])])
  return engine.scan('text', PLACE).matches.map(({ ruleId, via }) => [ruleId, ...via].join(' '))
}

describe('a match in a decoded form', () => {
  test.each<readonly [string, readonly Match[], readonly string[]]>([
    ['goes where the plain form holds it', [aMatch([], [2, 8]), aMatch(['rot13'], [4, 12])], ['rule']],
    ['goes whichever comes first', [aMatch(['rot13'], [4, 12]), aMatch([], [2, 8])], ['rule']],
    ['stays elsewhere in the text', [aMatch([], [2, 8]), aMatch(['rot13'], [8, 12])], ['rule', 'rule rot13']],
    [
      'stays where it is of another rule',
      [aMatch([], [2, 8]), aMatch(['rot13'], [2, 8], { ruleId: 'b' })],
      ['rule', 'b rot13'],
    ],
    [
      'stays where the plain one is weaker',
      [aMatch([], [2, 8], { confidence: 0.6 }), aMatch(['rot13'], [2, 8])],
      ['rule', 'rule rot13'],
    ],
    ['goes where the plain one is about all of it', [aMatch([], null), aMatch(['rot13'], [2, 8])], ['rule']],
    ['stays where nothing is plain', [aMatch(['rot13'], [2, 8]), aMatch(['rot13'], [4, 8])], ['rule rot13', 'rule rot13']],
  ])('%s', (_why, matches, expected) => {
    expect(kept(matches)).toEqual(expected)
  })
})
