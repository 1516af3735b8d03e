/**
 * One pattern, several rules: the same words weigh more in a text that neither the operator nor the user wrote. Makes one rule for each
 * place that is given; a place that is not given has no rule.
 */
import type { Severity } from '../../../domain/finding.ts'
import { DATA_ORIGINS, type Rule } from '../rule.ts'

export type Grade = readonly [severity: Severity, confidence: number]

export type Places = {
  /** In tool results and tool definitions. Keeps the rule's id; the others get `.user`, `.output`. */
  readonly data?: Grade
  /** In what the user writes. */
  readonly user?: Grade
  /** In what the model answers. */
  readonly output?: Grade
}

export type Base = Omit<Rule, 'severity' | 'confidence' | 'origins' | 'directions' | 'version' | 'since'> & {
  readonly version?: number
  readonly since?: string
}

export function graded(base: Base, places: Places): readonly Rule[] {
  const made: Rule[] = []
  const make = (grade: Grade | undefined, suffix: string, rest: Pick<Rule, 'origins' | 'directions'>) => {
    if (grade === undefined) return
    made.push({ version: 1, since: '0.1.0', ...base, ...rest, id: base.id + suffix, severity: grade[0], confidence: grade[1] })
  }
  make(places.data, '', { origins: DATA_ORIGINS, directions: ['input'] })
  make(places.user, '.user', { origins: ['user'], directions: ['input'] })
  make(places.output, '.output', { origins: ['assistant'], directions: ['output'] })
  return made
}

/** Parts of patterns, joined: long alternations are written once. Lower case, as rules see a text. */
export function pattern(...parts: readonly string[]): RegExp {
  return new RegExp(parts.join(''), 'gu')
}
