/**
 * The override and extraction families in other languages, made of `tongues.ts`: a verb of setting aside, a word that points back and a
 * word for instructions close to each other in one sentence, in any of the orders that languages use; a verb of showing close to the name
 * of something secret. False positives: texts about such orders, where they are not quoted as examples.
 */
import { visibleForm } from '../../normalize/visible.ts'
import { phrase, TALK_OF_ATTACKS } from '../phrase.ts'
import { ALL_ORIGINS, type Rule } from '../rule.ts'
import { TONGUES, type Tongue } from './tongues.ts'

/** Of the parts of one phrase, in characters. */
const REACH = 120
/** Scripts of which a character holds a syllable or a word. */
const DENSE: ReadonlySet<string> = new Set(['zh', 'ja', 'ko', 'th'])
/** Beginnings of adjectives that stand behind the noun in Romance languages. */
const OLDER = [
  'anterior',
  'antérieur',
  'précédent',
  'precedent',
  'previ',
  'prévi',
  'inicia',
  'initia',
  'inizial',
  'origin',
  'vorig',
]
/** In many of these languages: what a model or an operator would be spoken of by. */
const THE_MODELS =
  '\\b(?:system|sistem|prompt|model|ki\\b|ia\\b|ai\\b|chat|bot|assist|sicherheit|secur|segur|sicur|veilig|ethi|etic|inhalt|contenu|contenid|contenut|inhoud|antwort|respuest|repons|respost|rispost|antwoord|deine|tus?\\b|tes\\b|vos\\b|suas?\\b|tue\\b|tuoi\\b|je\\b|jouw|rolle|role|rol\\b|alles|todo|tout|tudo|tutto)'
/** The rest of a word. */
const REST = '[^\\s.,;:!?"()]{0,12}'

export const LANGUAGE_RULES: readonly Rule[] = TONGUES.flatMap((tongue) => [overrideIn(tongue), extractionIn(tongue)])

function overrideIn(tongue: Tongue): Rule {
  const verb = anyOf(tongue.ignore) + notEnding(tongue) + notFollowing(tongue)
  const earlier = anyOf(tongue.earlier)
  const noun = anyOf(tongue.instructions)
  const [long, short] = gapsOf(tongue)
  const orders = [
    `${verb}${long}${earlier}${long}${noun}${REST}`,
    `${verb}${long}${noun}${short}${earlier}${REST}`,
    `${earlier}${long}${noun}${long}${verb}${REST}`,
    `${noun}${short}${earlier}${short}${verb}${REST}`,
    ...tongue.forgetAll.flatMap(foldingsOf),
  ]
  return {
    ...shared(tongue),
    id: `injection.override.${tongue.code}.instructions`,
    findingType: 'prompt_injection',
    category: 'injection',
    description: `Asks to set earlier instructions aside (${tongue.name})`,
    words: [wordsOf(tongue.ignore), wordsOf([...tongue.instructions, ...tongue.everything])],
    pattern: phrase(orders.join('|')),
    reachUtf16: REACH,
    ...weakIn(tongue),
    examples: tongue.overrides,
  }
}

function extractionIn(tongue: Tongue): Rule {
  const show = anyOf(tongue.show)
  const secret = anyOf(tongue.secret)
  const [long, , wide] = gapsOf(tongue)
  return {
    ...shared(tongue),
    id: `extraction.${tongue.code}.system-prompt`,
    findingType: 'prompt_extraction',
    category: 'extraction',
    description: `Asks for the system prompt or a secret (${tongue.name})`,
    words: [wordsOf(tongue.secret)],
    pattern: phrase(`${show}${wide}${secret}${REST}|${secret}${long}${show}${REST}`),
    reachUtf16: REACH,
    examples: tongue.extractions,
  }
}

/** Between two parts, the rest of the first one's word among it: in general, between neighbours, and before a name. */
function gapsOf(tongue: Tongue): readonly [long: string, short: string, wide: string] {
  return DENSE.has(tongue.code) ? ['<10>', '<6>', '<14>'] : ['<28>', '<16>', '<36>']
}

/** Germanic languages and others put the negation behind the verb: "vergeet niet …". */
function notFollowing(tongue: Tongue): string {
  return tongue.not.length === 0 ? '' : `(?! (?:sie )?(?:${wordsOf(tongue.not).join('|')})(?: |$))`
}

function notEnding({ noOrder }: Tongue): string {
  return noOrder === undefined ? '' : `(?!${noOrder})`
}

/** Instructions about something that is not the model's, and what somebody is reported to have said. */
function weakIn({ about, reported, instructions }: Tongue): Pick<Rule, 'weakIn'> {
  if (reported !== undefined) return { weakIn: phrase(`[^。.!?\\n]{0,60}${reported}`) }
  if (about === undefined) return {}
  return {
    weakIn: phrase(
      `${anyOf(instructions)}${REST}(?: ${anyOf(OLDER)}${REST})? (?:${wordsOf(about).join('|')}) (?!<30>${THE_MODELS})`,
    ),
  }
}

function shared(tongue: Tongue) {
  const not = wordsOf(tongue.not).join('|')
  return {
    version: 1,
    since: '0.1.0',
    severity: 'high',
    confidence: 0.85,
    directions: ['input'],
    origins: ALL_ORIGINS,
    notAfterWhenTrusted: TALK_OF_ATTACKS,
    counterExamples: tongue.harmless,
    ...(not === '' ? {} : { notAfter: phrase(`(?:^|[\\s"“«¿¡。，]|[^\\0-\\u0dff])(?:${not}) ?$`) }),
  } satisfies Partial<Rule>
}

/** Beginnings of words: anchored where the script has word boundaries that patterns know. */
function anyOf(stems: readonly string[]): string {
  return `(?:${wordsOf(stems)
    .map((stem) => (/^[a-z]/.test(stem) ? `\\b${stem}` : stem))
    .join('|')})`
}

function wordsOf(stems: readonly string[]): readonly string[] {
  return [...new Set(stems.flatMap(foldingsOf))]
}

/**
 * What becomes of a beginning when its word is folded. All by itself it may consist of letters that look Latin; with the rest of its
 * word it does not, so both are there.
 */
function foldingsOf(stem: string): readonly string[] {
  const letter = /\p{Script=Cyrillic}$/u.test(stem) ? 'ж' : /\p{Script=Greek}$/u.test(stem) ? 'ψ' : ''
  return [fold(stem), fold(stem + letter).slice(0, letter === '' ? undefined : -1)]
}

function fold(text: string): string {
  return visibleForm(text, [], null).folded
}
