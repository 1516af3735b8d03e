/**
 * The configuration, read: file, environment and flags become one checked value, or every problem with them at once. Pure: the same
 * code serves a process and a Worker (whose `vars` and secrets are the environment). Keys, bounds and defaults: `config/schema.ts`.
 */
import { err, ok, type Result } from '../core/domain/result.ts'
import { checkTogether } from './config/checks.ts'
import { nodeAt } from './config/keys.ts'
import { NOT_IN_THIS_VERSION, layersOf, valueAt, type ConfigInput, type Layers } from './config/layers.ts'
import { shown, unknownKey, type ConfigProblem, type Source } from './config/problems.ts'
import { CONFIG, PLANNED_VALUES, type Config } from './config/schema.ts'

export type { Config } from './config/schema.ts'
export type { ConfigInput } from './config/layers.ts'
export { problemLines, type ConfigProblem, type Source } from './config/problems.ts'
export { parseListenAddr, type ListenAddr } from './config/listen.ts'
export { customPricesOf, policyOverridesOf, readPriceTable, toGatewayConfig } from './config/gateway.ts'
export { hasLimits } from './config/limits.ts'
export { maskedConfig } from './config/mask.ts'

/** A configuration and, for every value that is not a default, who gave it (by key path with dots). */
export type ExplainedConfig = { readonly config: Config; readonly sources: ReadonlyMap<string, Source> }

/**
 * Precedence: flag > environment > file > default. A Worker, which has no file, gives its own defaults as `file`. Unknown keys and
 * variables are problems; so are keys that only later versions have. Problems are sorted by key.
 */
export function readConfig(input: ConfigInput): Result<Config, readonly ConfigProblem[]> {
  const explained = explainConfig(input)
  return explained.ok ? ok(explained.value.config) : explained
}

/** As `readConfig`, with the sources. */
export function explainConfig(input: ConfigInput): Result<ExplainedConfig, readonly ConfigProblem[]> {
  const layers = layersOf(input)
  const parsed = CONFIG.safeParse(layers.tree)
  const found = new Map<string, ConfigProblem>()
  for (const issue of parsed.error?.issues ?? []) {
    for (const problem of problemsOf(issue, layers)) if (!found.has(problem.key)) found.set(problem.key, problem)
  }
  const faulty = new Set([...layers.problems.map((problem) => problem.key), ...found.keys()])
  const problems = [...layers.problems, ...found.values(), ...checkTogether(layers, input.env, faulty)]
  if (parsed.success && problems.length === 0) return ok({ config: parsed.data, sources: layers.sources })
  return err(problems.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)))
}

type Issue = {
  readonly code?: string | undefined
  readonly path: readonly PropertyKey[]
  readonly message: string
  readonly keys?: readonly string[]
  readonly issues?: readonly unknown[]
}

function problemsOf(issue: Issue, layers: Layers): readonly ConfigProblem[] {
  const path = issue.path.map(String)
  const source = sourceOf(path, layers.sources)
  if (issue.code === 'unrecognized_keys') {
    return (issue.keys ?? []).map((name) => ({ key: [...path, name].join('.'), source, message: unknownKey([...path, name]) }))
  }
  const key = path.join('.')
  const value = valueAt(layers.tree, path)
  if (issue.code === 'invalid_key')
    return [{ key, source, message: `the name ${shown(path.at(-1), false)} ${nameRule(issue)}` }]
  if (typeof value === 'string' && PLANNED_VALUES[key]?.includes(value) === true) {
    return [{ key, source, message: `${shown(value, false)} is ${NOT_IN_THIS_VERSION}` }]
  }
  return [{ key, source, message: `${issue.message}, got ${shown(value, nodeAt(path)?.isQuiet ?? true)}` }]
}

/** A refused name of a record carries its own issue: `must be …`. */
function nameRule(issue: Issue): string {
  const inner = issue.issues?.[0]
  const hasMessage = typeof inner === 'object' && inner !== null && 'message' in inner
  return hasMessage && typeof inner.message === 'string' ? inner.message : 'is not allowed'
}

/** Who gave the value at a path, or the mapping or list that it belongs to. */
function sourceOf(path: readonly string[], sources: ReadonlyMap<string, Source>): Source | null {
  const key = path.join('.')
  const own = sources.get(key)
  if (own !== undefined) return own
  for (const [name, source] of sources) if (name.startsWith(`${key}.`)) return source
  // A list is given as a whole.
  for (let length = path.length - 1; length > 0; length -= 1) {
    const whole = sources.get(path.slice(0, length).join('.'))
    if (whole !== undefined) return whole
  }
  return null
}
