/**
 * Words that instructions to a model are made of. A text turned around, rotated or spelled with digits is taken apart only where some
 * of these come out: otherwise every ordinary text would be judged twice. Attacks in other words than these are missed there.
 */

/** ASCII, lower case, no diacritics; four letters and more. */
const WORDS = (
  'ignore ignores ignoring disregard forget override overrule bypass bypassing previous preceding prior above earlier instruction ' +
  'instructions command commands directive directives guideline guidelines rules system prompt prompts developer administrator admin ' +
  'password passwords secret secrets token tokens credential credentials reveal show print repeat output display leak hidden ' +
  'confidential unrestricted uncensored restriction restrictions jailbreak filter filters safety policy policies pretend respond ' +
  'answer assistant execute delete remove discard send forward transfer email account attacker conversation history context initial ' +
  'original training please without never always everything anything every this that your mode unlock disable enable cancel drop ' +
  'erase write tell give want must should have with follow instead message messages word words text user file files data code shell ' +
  'curl eval malware exploit weapon bomb drugs steal phishing hack hacking configuration copy notes character matter after stay comply obey sudo curl verbatim summarize translate  virus ransomware keys private internal database ' +
  // Spanish, French, Portuguese, Italian, German, Dutch
  'ignora ignorar olvida instrucciones anteriores contrasena sistema revela ignorez ignorer oubliez oublie instructions precedentes ' +
  'systeme reglas regles esqueca instrucoes dimentica istruzioni precedenti regole ignoriere vergiss anweisungen vorherigen regeln ' +
  'passwort kennwort systemaufforderung negeer vergeet instructies vorige wachtwoord muestra todas todos tutte toutes alle '
)
  .trim()
  .split(' ')

/** Short words that tie the others together; they tell nothing by themselves. */
const SMALL_WORDS =
  'all any and the you are now not for from out but his its our who how can may use say new old do me my to of in on is it if no as at by be or so up we an a i'.split(
    ' ',
  )

/** A set of words by rolling hash, asked without making a string; the caller compares what is found. */
export type WordSet = { readonly words: ReadonlySet<string>; readonly bits: Uint8Array }

const BITS = 15
const MASK = 2 ** BITS - 1

export function stepHash(hash: number, code: number): number {
  return (Math.imul(hash, 31) + code) | 0
}

/** False: it is not in the set. True: it may be. */
export function mayHold(set: WordSet, hash: number): boolean {
  return set.bits[(hash ^ (hash >>> 15)) & MASK] === 1
}

function setOf(words: readonly string[]): WordSet {
  const bits = new Uint8Array(MASK + 1)
  for (const word of words) {
    let hash = 0
    for (let i = 0; i < word.length; i++) hash = stepHash(hash, word.charCodeAt(i))
    bits[(hash ^ (hash >>> 15)) & MASK] = 1
  }
  return { words: new Set(words), bits }
}

/** The letter 13 places on, by code; anything else as it is. */
export function rotated(code: number): number {
  const lower = code | 32
  if (lower < 0x61 || lower > 0x7a) return code
  return lower < 0x6e ? code + 13 : code - 13
}

/** Rotated or turned around, some are ordinary words: those tell nothing. */
const AMBIGUOUS = new Set([
  'live',
  'star',
  'loop',
  'tips',
  'emit',
  'drop',
  'gulp',
  'keep',
  'stop',
  'rail',
  'ward',
  'flow',
  'nova',
])
const clear = (words: readonly string[]) =>
  words.filter((word) => word.length >= 4 && !AMBIGUOUS.has(word) && !WORDS.includes(word))

export const ATTACK_WORDS = setOf(WORDS)
export const ROTATED_WORDS = setOf(
  clear(WORDS.map((word) => String.fromCharCode(...[...word].map((char) => rotated(char.charCodeAt(0)))))),
)
export const REVERSED_WORDS = setOf(clear(WORDS.map((word) => [...word].toReversed().join(''))))
/** For cutting a row of letters into words. */
export const ALL_WORDS = setOf([...WORDS, ...SMALL_WORDS])
/** For words spelled with digits: also the short ones of three letters. */
export const SPELLED_WORDS = setOf([...WORDS, ...SMALL_WORDS.filter((word) => word.length === 3)])
