/**
 * What passes between the parts of the guard: a text in the forms in which it is judged, and what a scanner matched in one of them.
 * Scanners are pure and know no policy; `decide/` turns matches into findings with an action.
 */
import type { Category, Direction, FindingType, Severity, TextRange, VerdictAction } from '../domain/finding.ts'
import type { Origin } from '../domain/segment.ts'

/** An encoding that was taken off a text or a part of it. */
export type Decoding =
  | 'base64'
  | 'hex'
  | 'percent'
  | 'html_entities'
  | 'unicode_escapes'
  | 'tag_characters'
  | 'rot13'
  | 'reversed'
  | 'leet'
  | 'split_letters'

/** One form of a text. `text` and `folded` have the same length, and `rangeOf` holds for both. */
export type Form = {
  /** How it was got: empty for the text itself, the outer encoding first for a decoded part. */
  readonly via: readonly Decoding[]
  /** Case and letters kept, invisible characters gone, NFKC: for what has a form of its own (keys, numbers, addresses). */
  readonly text: string
  /** Lower case, look-alike letters as the letters that they look like: for words. */
  readonly folded: string
  /** The range of the original text from which a range of this form comes. */
  rangeOf(start: number, end: number): TextRange
}

/** Where a text stands. */
export type Place = {
  readonly direction: Direction
  readonly origin: Origin
  /** Tool name, where the text is of a tool. */
  readonly toolName: string | null
}

export type Match = {
  /** Stable, e.g. `injection.override.en.ignore-previous`, `pii.email`, `secret.github-token`. */
  readonly ruleId: string
  /** LLMTrace's name where it has one, e.g. `prompt_injection`, `pii_detected`, `secret_leakage`. */
  readonly findingType: FindingType
  readonly category: Category
  readonly severity: Severity
  /** 0 to 1. */
  readonly confidence: number
  /** For people; never a part of the text. */
  readonly description: string
  /** In the original text; null where the whole of it is meant. */
  readonly range: TextRange | null
  readonly via: readonly Decoding[]
  /** What stands in its place when it is redacted: `[PII:EMAIL]`, `[SECRET:GITHUB_TOKEN]`; null where it cannot be redacted. */
  readonly tag: string | null
}

/** Every match in a text. Linear in its length; never throws. */
export type Scanner = (forms: readonly Form[], place: Place) => readonly Match[]

/** A match and what the policy makes of it. */
export type Judged = Match & { readonly action: VerdictAction; readonly shadowAction: VerdictAction | null }

/** Judges the texts of one call or of one channel of a stream. */
export type Judge = {
  judge(text: string, place: Place): readonly Judged[]
  /**
   * Where the earliest thing begins that could still grow into a match if the text went on; its length where there is none. All before
   * it may leave once it is judged.
   */
  openFrom(text: string, place: Place): number
}
