/**
 * What a detection rule is: data, one entry for one way of saying something. The engine (`engine.ts`) reads it; what a finding leads to is
 * a policy's to say. Every example and counter-example of every rule is a test.
 */
import type { Category, Direction, FindingType, Severity } from '../../domain/finding.ts'
import type { Origin } from '../../domain/segment.ts'
import type { Form } from '../match.ts'

/** Half-open, UTF-16 code units into a form. */
export type Span = { readonly start: number; readonly end: number }

export type Rule = {
  /** Stable and dotted, e.g. `injection.override.en.ignore-previous`. Unique over all tables. */
  readonly id: string
  /** Counts up with each change of what it matches. */
  readonly version: number
  /** The release that brought it. */
  readonly since: string
  /** LLMTrace's name where it has one, e.g. `prompt_injection`. */
  readonly findingType: FindingType
  readonly category: Category
  readonly severity: Severity
  /** 0 to 1. From 0.8 on it counts at the balanced operating point. */
  readonly confidence: number
  /** For people; never a part of the text. */
  readonly description: string
  readonly directions: readonly Direction[]
  /** Where it is an attack: "you are now a pirate" is none in a system prompt. */
  readonly origins: readonly Origin[]
  /**
   * The prefilter: from each group at least one literal has to stand within `reach` of a match, or the pattern is never tried. A literal
   * is in lower case and found where a word begins with it ("instruct" finds "instructions"); signs, digits and scripts without spaces
   * have no such beginning and are found anywhere. The rarer the words, the faster. Empty: tried on every text, for structural rules.
   */
  readonly words: readonly (readonly string[])[]
  /**
   * Lower case, on the folded form (`isExact`: on the text as it is). Bounded gaps only (`[^.!?\n]{0,60}`), no nested quantifiers: see
   * `test/core/guard/rules/pattern-safety.ts`. A function instead finds what no pattern can, in linear time; it sees whole forms.
   */
  readonly pattern: RegExp | ((form: Form) => readonly Span[])
  /** A match is none where the 80 characters before it end in this: "never ignore …", "if you ignore …". Ends in `$`. */
  readonly notAfter?: RegExp
  /** The same, where the operator or the model wrote the text (system, assistant): they may speak about attacks without being one. */
  readonly notAfterWhenTrusted?: RegExp
  /**
   * In what a user wrote, a match is weak where it and the 80 characters behind it hold this: what is set aside is a person's affair, not
   * the model's. On the folded form.
   */
  readonly weakIn?: RegExp
  /** How far from a literal a match may begin or end, in characters; 240 unless set. */
  readonly reachUtf16?: number
  /** Every match begins with a literal of the first group: the pattern is tried there only, which is much faster. */
  readonly beginsWithWord?: boolean
  /** The pattern sees case and look-alike letters as they are. */
  readonly isExact?: boolean
  /** What stands in its place when it is redacted; without it, it cannot be. */
  readonly tag?: string
  readonly examples: readonly string[]
  /** Harmless texts that look like it. */
  readonly counterExamples: readonly string[]
}

export const ALL_ORIGINS: readonly Origin[] = ['system', 'user', 'assistant', 'tool_definition', 'tool_call', 'tool_result']
/** Texts that the operator did not write. */
export const UNTRUSTED_ORIGINS: readonly Origin[] = ['user', 'tool_definition', 'tool_call', 'tool_result']
/** Texts that neither the operator nor the user wrote: what stands there has no business to give orders. */
export const DATA_ORIGINS: readonly Origin[] = ['tool_definition', 'tool_result']
