/**
 * What is told by the shape of a text rather than by its words: forged dialogues of many turns, and texts made to fill the context. Each
 * function reads the text once. False positives: transcripts and few-shot prompts are forged dialogues by shape, so three pairs of
 * questions and answers are nothing here; only many turns by role count, and they only hint unless there are a great many of them.
 */
import type { Form } from '../../match.ts'
import { UNTRUSTED_ORIGINS, type Rule, type Span } from '../rule.ts'

/** So many turns by role within one text are a hint. */
const TURNS_MIN = 8
/** So many are no transcript that somebody pasted to have it summed up. */
const TURNS_MANY = 48
/** A text below this length floods nothing. */
const FLOOD_CHARS_MIN = 4096
/** Share of a text that its most frequent word has in ordinary writing: well below. */
const WORD_SHARE_MAX = 0.35
/** Words looked at, evenly over the text. */
const WORD_SAMPLES = 64
/** How far a sample looks for a word. */
const WORD_REACH = 80
/** A run of one character, or of one short unit again and again. */
const RUN_CHARS_MIN = 400
const UNIT_CHARS_MAX = 32

const TURN = /(?:^|\n)[\s>*#]{0,4}(?:user|human|question|q|assistant|ai|bot|answer|a|model)\s{0,2}\d{0,3}\s{0,2}[:>]/g

export const STRUCTURE_RULES: readonly Rule[] = [
  {
    id: 'injection.many-shot.turns',
    version: 1,
    since: '0.1.0',
    findingType: 'is_shot_attack',
    category: 'injection',
    severity: 'medium',
    confidence: 0.5,
    description: 'A dialogue of several turns within one text',
    directions: ['input'],
    origins: UNTRUSTED_ORIGINS,
    words: [],
    pattern: (form) => turnsIn(form, TURNS_MIN),
    examples: ['User: how?\nAssistant: so.\n'.repeat(5)],
    counterExamples: ['Q: what?\nA: that.\nQ: and?\nA: this.\nQ: so?\nA: no.\n', 'User: hi\nAssistant: hello'],
  },
  {
    id: 'injection.many-shot.flood',
    version: 1,
    since: '0.1.0',
    findingType: 'is_shot_attack',
    category: 'injection',
    severity: 'high',
    confidence: 0.8,
    description: 'A dialogue of very many turns within one text',
    directions: ['input'],
    origins: UNTRUSTED_ORIGINS,
    words: [],
    pattern: (form) => turnsIn(form, TURNS_MANY),
    examples: ['Human: how do I do it?\nAI: Sure, like so.\n'.repeat(30)],
    counterExamples: ['User: how?\nAssistant: so.\n'.repeat(12)],
  },
  {
    id: 'flooding.run',
    version: 1,
    since: '0.1.0',
    findingType: 'context_flooding',
    category: 'flooding',
    severity: 'medium',
    confidence: 0.8,
    description: 'A long run of one character or of one short piece of text',
    directions: ['input'],
    origins: UNTRUSTED_ORIGINS,
    words: [],
    pattern: runsIn,
    examples: ['x'.repeat(500), `a ${'spam, eggs and ham. '.repeat(40)} b`],
    counterExamples: ['='.repeat(80), 'the quick brown fox jumps over the lazy dog '.repeat(3), ' '.repeat(600)],
  },
  {
    id: 'flooding.repeated-word',
    version: 1,
    since: '0.1.0',
    findingType: 'is_repeated_token',
    category: 'flooding',
    severity: 'medium',
    confidence: 0.7,
    description: 'A long text that consists largely of one word',
    directions: ['input'],
    origins: UNTRUSTED_ORIGINS,
    words: [],
    pattern: repeatedWordIn,
    examples: [Array.from({ length: 1500 }, (_, i) => (i % 2 === 0 ? 'poem' : `w${i}`)).join(' ')],
    counterExamples: ['poem poem poem', Array.from({ length: 1500 }, (_, i) => `w${i % 97}`).join(' ')],
  },
]

function turnsIn(form: Form, countMin: number): readonly Span[] {
  let count = 0
  let start = 0
  let end = 0
  for (const found of form.folded.matchAll(TURN)) {
    if (count === 0) start = found.index
    end = found.index + found[0].length
    count++
  }
  return count < countMin ? [] : [{ start, end }]
}

/**
 * A run in which each character equals the one `unit` before it. Candidates for the unit are the distances at which the character at the
 * end of a block of `RUN_CHARS_MIN / 2` comes again, so that each block is looked at a bounded number of times.
 */
function runsIn({ folded }: Form): readonly Span[] {
  const spans: Span[] = []
  const step = RUN_CHARS_MIN / 2
  let at = step
  while (at + UNIT_CHARS_MAX < folded.length) {
    const span = runAround(folded, at)
    if (span === null) {
      at += step
      continue
    }
    if (!isBlank(folded, span.start)) spans.push(span)
    at = span.end + step
  }
  return spans
}

function runAround(text: string, at: number): Span | null {
  for (let unit = 1; unit <= UNIT_CHARS_MAX; unit++) {
    if (text.charCodeAt(at) !== text.charCodeAt(at + unit)) continue
    let end = at + unit
    while (end < text.length && text.charCodeAt(end) === text.charCodeAt(end - unit)) end++
    if (end - at < RUN_CHARS_MIN / 4) continue
    let start = at
    const first = Math.max(0, at - RUN_CHARS_MIN)
    while (start > first && text.charCodeAt(start - 1) === text.charCodeAt(start - 1 + unit)) start--
    if (end - start >= RUN_CHARS_MIN) return { start, end }
  }
  return null
}

/** Runs of white space, lines and box drawing are how tables and code are laid out. */
function isBlank(text: string, at: number): boolean {
  return /^[\s\-=_*#.─━│┃|+~]*$/.test(text.slice(at, at + UNIT_CHARS_MAX))
}

function repeatedWordIn({ folded }: Form): readonly Span[] {
  if (folded.length < FLOOD_CHARS_MIN) return []
  const counts = new Map<number, number>()
  const step = Math.floor(folded.length / WORD_SAMPLES)
  let most = 0
  for (let i = 0; i < WORD_SAMPLES; i++) {
    const word = wordAfter(folded, i * step)
    if (word === 0) continue
    const count = (counts.get(word) ?? 0) + 1
    counts.set(word, count)
    if (count > most) most = count
    if (most + WORD_SAMPLES - i <= WORD_SHARE_MAX * WORD_SAMPLES) return []
  }
  return most > WORD_SAMPLES * WORD_SHARE_MAX ? [{ start: 0, end: folded.length }] : []
}

/** A number for the first whole word of two letters and more behind a place; 0 where none begins soon. */
function wordAfter(text: string, at: number): number {
  const end = Math.min(text.length, at + WORD_REACH)
  let i = at
  while (i < end) {
    while (i < end && isLetter(text.charCodeAt(i))) i++
    while (i < end && !isLetter(text.charCodeAt(i))) i++
    const start = i
    let hash = 0
    while (i < end && isLetter(text.charCodeAt(i))) hash = (Math.imul(hash, 31) + text.charCodeAt(i++)) | 0
    if (i - start >= 2) return hash
  }
  return 0
}

/** Or a digit. Of what is not ASCII, all but the signs of typography and of East Asian writing. */
function isLetter(code: number): boolean {
  if (code < 0x80) return (code >= 0x30 && code <= 0x39) || ((code | 32) >= 0x61 && (code | 32) <= 0x7a)
  return code >= 0xc0 && !(code >= 0x2000 && code < 0x2c00) && !(code >= 0x3000 && code < 0x3040)
}
