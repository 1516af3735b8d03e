/** The rules of the guard as shipped, looked at from outside: which are tried on a text, and what each costs there. */
import type { Form, Place } from '../../src/core/guard/match.ts'
import { compileRules } from '../../src/core/guard/rules/engine.ts'
import type { Rule } from '../../src/core/guard/rules/rule.ts'
import { RULES } from '../../src/core/guard/scanners.ts'
import { leastMs, type Effort } from './measure.ts'

/** Matches wherever it is tried at all. */
const ANYTHING = /[^]/
const NOTHING = /(?!)/

/** Rules that apply at this place. */
export function rulesAt({ direction, origin }: Place): readonly Rule[] {
  return RULES.filter((rule) => rule.directions.includes(direction) && rule.origins.includes(origin))
}

/** Gives the ids of the rules whose pattern the prefilter lets see a text. */
export function createPrefilter(): (forms: readonly Form[], place: Place) => ReadonlySet<string> {
  const scan = compileRules(RULES.map((rule) => ({ ...rule, pattern: ANYTHING })))
  return (forms, place) => new Set(scan(forms, place).map(({ ruleId }) => ruleId))
}

/** Milliseconds that the pattern of a rule takes, without the prefilter, which all rules share. */
export function patternMs(rule: Rule, forms: readonly Form[], place: Place, effort: Effort): number {
  const alone = compileRules([rule])
  const without = compileRules([{ ...rule, pattern: NOTHING }])
  const withMs = leastMs(() => alone(forms, place), effort)
  return Math.max(0, withMs - leastMs(() => without(forms, place), effort))
}
