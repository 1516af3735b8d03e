/** The rules for what comes in: injection, jailbreak, extraction and flooding. */
import type { Rule } from './rule.ts'
import { EXTRACTION_RULES } from './tables/extraction.ts'
import { INJECTION_RULES } from './tables/injection.ts'
import { JAILBREAK_RULES } from './tables/jailbreak.ts'
import { LANGUAGE_RULES } from './tables/languages.ts'
import { OVERRIDE_RULES } from './tables/override.ts'

export const INPUT_RULES: readonly Rule[] = [
  ...OVERRIDE_RULES,
  ...INJECTION_RULES,
  ...EXTRACTION_RULES,
  ...JAILBREAK_RULES,
  ...LANGUAGE_RULES,
]
