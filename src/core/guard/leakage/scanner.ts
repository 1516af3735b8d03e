/**
 * Leakage in answers: long stretches of the request's own system prompt, and canary tokens. A system prompt often holds texts that are
 * meant to be quoted (opening hours, product facts), so a passage is reported and only a repetition from its beginning or of most of it is
 * strong enough for a block at balanced. Secrets that an answer states in other words are `stated-rules.ts`.
 */
import type { Severity, TextRange } from '../../domain/finding.ts'
import type { Decoding, Match, Scanner } from '../match.ts'
import { CARRY_UTF16, findCanaries, type CanaryHit } from './canary.ts'
import { indexTexts, type Index, type Stretch } from './overlap.ts'

/** Shared words from which on a stretch is something: a common sentence has fewer. */
const PASSAGE_WORDS = 12
const LONG_WORDS = 30
/** Shared words of a stretch that holds the beginning of the prompt. */
const OPENING_WORDS = 20
/** The part of a prompt that is most of it. */
const MOST = 0.5
const MATCHES_MAX = 32

export type LeakageScanner = {
  /** For whole answers. Says nothing about what is not output. */
  readonly scan: Scanner
  /** For one channel of a stream. */
  follow(): LeakageFollower
}

export type LeakageFollower = {
  /**
   * What this piece brought to light. Ranges count from the first piece on. A stretch that has grown is reported again with the same
   * start: the later match replaces the earlier one. However a text is cut, the last matches are those of `scan`.
   */
  push(text: string): readonly Match[]
  /** The answer is over. */
  end(): readonly Match[]
  /** Where the earliest thing begins that may still become a match or grow; all that was pushed where there is none. */
  openFrom(): number
}

/**
 * `systemTexts`: the system segments of the request, in their order; `canaries`: the tokens that were planted in them. The index of the
 * texts is built when the first answer is read; it costs about as much as reading them twice.
 */
export function createLeakageScanner(systemTexts: readonly string[], canaries: readonly string[] = []): LeakageScanner {
  let built: Index | null = null
  const index = () => (built ??= indexTexts(systemTexts))
  const finder = findCanaries(canaries)

  return {
    scan: (forms, place) => {
      if (place.direction !== 'output') return []
      const matches: Match[] = []
      const add = (match: Match | null) => {
        if (match !== null && matches.length < MATCHES_MAX && !matches.some((other) => isSame(other, match)))
          matches.push(match)
      }
      for (const form of forms) {
        for (const hit of finder.find(form.text, form.folded)) {
          add(canaryMatch(hit, form.rangeOf(hit.range.startUtf16, hit.range.endUtf16), [...form.via, ...hit.via]))
        }
        if (index().words < PASSAGE_WORDS) continue
        const follower = index().follow((stretch, isOver) => {
          if (isOver) add(stretchMatch(stretch, form.rangeOf(stretch.start, stretch.end), form.via))
        })
        follower.push(form.text)
        follower.end()
      }
      return matches
    },
    follow: () => {
      let found: Match[] = []
      let grade: string | null = null
      const words = index().follow((stretch, isOver) => {
        const match = stretchMatch(stretch, { startUtf16: stretch.start, endUtf16: stretch.end }, [])
        if (match !== null && (isOver || match.ruleId !== grade)) {
          found = found.filter((other) => other.findingType !== match.findingType || other.range?.startUtf16 !== stretch.start)
          found.push(match)
        }
        grade = isOver ? null : (match?.ruleId ?? null)
      })
      const watch = finder.watch()
      let tail = ''
      let tailStart = 0
      let canary = { start: -1, end: 0 }
      const take = () => {
        const taken = found
        found = []
        return taken
      }
      return {
        push: (text) => {
          words.push(text)
          if (canaries.length === 0) return take()
          const seen = tail + text
          for (const hit of watch.sees(text) ? finder.find(seen, lowered(seen)) : []) {
            const start = tailStart + hit.range.startUtf16
            const end = tailStart + hit.range.endUtf16
            if (start === canary.start ? end <= canary.end : start < canary.end) continue
            canary = { start, end }
            found.push(canaryMatch(hit, { startUtf16: start, endUtf16: end }, hit.via))
          }
          tail = seen.slice(-CARRY_UTF16)
          tailStart += seen.length - tail.length
          return take()
        },
        end: () => {
          words.end()
          return take()
        },
        openFrom: () =>
          canaries.length === 0 ? words.openFrom() : Math.min(words.openFrom(), tailStart + finder.openFrom(tail)),
      }
    },
  }
}

/** ASCII only: the lower case of some letters has another length. */
function lowered(text: string): string {
  return text.replace(/[A-Z]+/gu, (letters) => letters.toLowerCase())
}

/** The same thing in two forms of a text. */
function isSame(a: Match, b: Match): boolean {
  return (
    a.findingType === b.findingType &&
    a.range !== null &&
    b.range !== null &&
    a.range.startUtf16 < b.range.endUtf16 &&
    b.range.startUtf16 < a.range.endUtf16
  )
}

type Grade = { readonly id: string; readonly severity: Severity; readonly confidence: number; readonly description: string }

const MOST_OF_IT: Grade = {
  id: 'leakage.system-prompt.most',
  severity: 'high',
  confidence: 0.9,
  description: 'The answer repeats the system prompt from its beginning, or most of it',
}
const LONG: Grade = {
  id: 'leakage.system-prompt.long',
  severity: 'high',
  confidence: 0.75,
  description: 'The answer repeats a long passage of the system prompt',
}
const PASSAGE: Grade = {
  id: 'leakage.system-prompt.passage',
  severity: 'medium',
  confidence: 0.6,
  description: 'The answer repeats a passage of the system prompt',
}

function gradeOf({ words, share, hasOpening }: Stretch): Grade | null {
  if ((hasOpening && words >= OPENING_WORDS) || (share >= MOST && words >= LONG_WORDS)) return MOST_OF_IT
  if (words >= LONG_WORDS) return LONG
  return words >= PASSAGE_WORDS ? PASSAGE : null
}

function stretchMatch(stretch: Stretch, range: TextRange, via: readonly Decoding[]): Match | null {
  const grade = gradeOf(stretch)
  if (grade === null) return null
  const { id, severity, confidence, description } = grade
  return {
    ruleId: id,
    findingType: 'system_prompt_leakage',
    category: 'leakage',
    severity,
    confidence,
    description,
    range,
    via,
    tag: '[REMOVED:SYSTEM_PROMPT]',
  }
}

function canaryMatch(hit: CanaryHit, range: TextRange, via: readonly Decoding[]): Match {
  return {
    ruleId: hit.isWhole ? 'leakage.canary' : 'leakage.canary.part',
    findingType: 'canary_token_leakage',
    category: 'leakage',
    severity: hit.isWhole ? 'critical' : 'high',
    confidence: hit.isWhole ? 0.98 : 0.85,
    description: hit.isWhole
      ? 'The answer holds a canary token of the system prompt'
      : 'The answer holds a part of a canary token',
    range,
    via,
    tag: '[REMOVED:CANARY]',
  }
}
