/** The rules for what comes in: injection, jailbreak, extraction and flooding. */
import type { Rule } from './rule.ts'
import { EXTRACTION_RULES } from './tables/extraction.ts'
import { JAILBREAK_RULES } from './tables/jailbreak.ts'
import { OVERRIDE_RULES } from './tables/override.ts'

export const INPUT_RULES: readonly Rule[] = [...OVERRIDE_RULES, ...EXTRACTION_RULES, ...JAILBREAK_RULES]
