/** Shorthand for the rule tables: phrases as they are written, and entries of one family without the fields that they share. */
import type { Origin } from '../../domain/segment.ts'
import { UNTRUSTED_ORIGINS, type Rule } from './rule.ts'

/** What may stand between two words: white space, emphasis and quotation marks. */
const BETWEEN = '[\\s*_`"\']{1,4}'
const BETWEEN_OR_NOTHING = '[\\s*_`"\']{0,4}'

/**
 * A pattern in which a space stands for one to four characters between two words (with a question mark: for none, too), and `<40>` for
 * a gap of up to 40 characters within one sentence. All else is regular expression syntax.
 */
export function phrase(source: string): RegExp {
  if (/ [*+{]|\[[^\]]* [^\]]*\]/.test(source.replaceAll('\\[', '').replaceAll('\\]', ''))) {
    throw new Error(`a space has a quantifier or stands in a class: ${source}`)
  }
  return new RegExp(
    source
      .replaceAll(' ?', BETWEEN_OR_NOTHING)
      .replaceAll(' ', BETWEEN)
      .replace(/<(\d{1,3})>/g, '[^.!?\\n]{0,$1}?'),
  )
}

/**
 * An operator's or a model's talk about attacks: quoted, denied, or as what somebody may ask for. For `notAfterWhenTrusted`. Costs
 * injections into a system prompt that begin so.
 */
export const TALK_OF_ATTACKS =
  /(?:["'“‘«「『(`]\s{0,2}|\b(?:not|never|don.?t|cannot|refus\w{0,4}|declin\w{0,3}|avoid|without|asks?|asked|asking|tr(?:y|ies|ying)|attempts?|if|when|such as|like|e\.g\.)\b[^.!?\n]{0,60})$/

type Family = Pick<Rule, 'findingType' | 'category' | 'severity'> & {
  readonly prefix: string
  readonly origins?: readonly Origin[]
}

/** An entry of a family: what differs from its defaults. */
export type Entry = Pick<Rule, 'id' | 'confidence' | 'description' | 'words' | 'examples' | 'counterExamples'> & {
  /** Phrase syntax, or a pattern or function as it is. */
  readonly pattern: string | Rule['pattern']
} & Partial<
    Pick<
      Rule,
      | 'version'
      | 'since'
      | 'severity'
      | 'origins'
      | 'findingType'
      | 'reachUtf16'
      | 'isExact'
      | 'notAfter'
      | 'notAfterWhenTrusted'
      | 'weakIn'
      | 'beginsWithWord'
    >
  >

/** Rules of one family. They hold for what comes in, and for texts that the operator did not write, unless said otherwise. */
export function family(shared: Family, entries: readonly Entry[]): readonly Rule[] {
  const { prefix, ...defaults } = shared
  return entries.map((entry) => ({
    version: 1,
    since: '0.1.0',
    directions: ['input'],
    origins: UNTRUSTED_ORIGINS,
    ...(defaults.origins?.includes('system') === true ? { notAfterWhenTrusted: TALK_OF_ATTACKS } : {}),
    ...defaults,
    ...entry,
    id: `${prefix}.${entry.id}`,
    pattern: typeof entry.pattern === 'string' ? phrase(entry.pattern) : entry.pattern,
  }))
}
