/** A tenant's own patterns. RE2 syntax through re2js, so that no pattern and no text makes matching slow. */
import { RE2JS } from 're2js'
import type { CustomRule } from '../domain/guard-policy.ts'
import { err, ok, type Result } from '../domain/result.ts'
import type { Scanner } from './match.ts'

/** Matches of one rule in one text; as many as are judged at all, since what is not found is not taken out. */
const MATCHES_MAX = 16_384

/**
 * Steps that a compiled pattern may have. Each character of a text costs as many at worst, also in RE2: `.{0,1000}` has a thousand, and
 * twenty of them take half a second a kilobyte.
 */
const STEPS_MAX = 512

type Find = (text: string) => readonly { readonly start: number; readonly end: number }[]

/** The error is the library's own sentence about the pattern, or ours. */
export function customPattern(pattern: string, isCaseSensitive: boolean): Result<Find, string> {
  let compiled: RE2JS
  try {
    compiled = RE2JS.compile(pattern, isCaseSensitive ? 0 : RE2JS.CASE_INSENSITIVE)
  } catch (error) {
    return err(error instanceof Error ? error.message : String(error))
  }
  const steps = compiled.programSize()
  if (steps > STEPS_MAX) return err(`it has ${steps} steps, at most ${STEPS_MAX} are allowed: repeat less`)
  if (compiled.testExact('')) return err('it matches the empty text')
  return ok((text) => {
    const found: { readonly start: number; readonly end: number }[] = []
    const matcher = compiled.matcher(text)
    while (found.length < MATCHES_MAX && matcher.find()) {
      if (matcher.end() > matcher.start()) found.push({ start: matcher.start(), end: matcher.end() })
    }
    return found
  })
}

/** Looks in the text as it is and in what was decoded from it. */
export function scanCustomRules(rules: readonly CustomRule[]): Scanner {
  const compiled = rules.flatMap((rule) => {
    const find = customPattern(rule.pattern, rule.isCaseSensitive)
    return find.ok ? [{ rule, find: find.value }] : []
  })
  return (forms, place) =>
    compiled
      .filter(({ rule }) => rule.directions.includes(place.direction) && (rule.origins?.includes(place.origin) ?? true))
      .flatMap(({ rule, find }) =>
        forms.flatMap((form) =>
          find(form.text).map(({ start, end }) => ({
            ruleId: `custom.${rule.id}`,
            findingType: 'custom_rule',
            category: 'custom' as const,
            severity: rule.severity,
            confidence: rule.confidence,
            description: rule.description,
            range: form.rangeOf(start, end),
            via: form.via,
            tag: null,
          })),
        ),
      )
}
