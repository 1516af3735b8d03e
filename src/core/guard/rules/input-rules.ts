/** The rules for what comes in: injection, jailbreak, extraction, encoding and flooding. */
import type { Scanner } from '../match.ts'
import { withDecodedAttacks } from './decoded.ts'
import { compileRules } from './engine.ts'
import type { Rule } from './rule.ts'
import { EXTRACTION_RULES } from './tables/extraction.ts'
import { INJECTION_RULES } from './tables/injection.ts'
import { JAILBREAK_RULES } from './tables/jailbreak.ts'
import { LANGUAGE_RULES } from './tables/languages.ts'
import { OVERRIDE_RULES } from './tables/override.ts'
import { STRUCTURE_RULES } from './tables/structure.ts'

export const INPUT_RULES: readonly Rule[] = [
  ...OVERRIDE_RULES,
  ...INJECTION_RULES,
  ...EXTRACTION_RULES,
  ...JAILBREAK_RULES,
  ...LANGUAGE_RULES,
  ...STRUCTURE_RULES,
]

/** Runs these rules, or all that are given, and reports what was found in an encoding as such, too. */
export function createRuleScanner(rules: readonly Rule[] = INPUT_RULES): Scanner {
  return withDecodedAttacks(compileRules(rules))
}
