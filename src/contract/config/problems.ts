/** What is wrong with a configuration, in words: one line a problem, naming the key, never showing a secret. */
import { isSlip, nearest } from './nearest.ts'
import { KEYS, VARIABLES, nodeAt, type KeyNode } from './keys.ts'

/** Where a value came from. `name` is the variable or the flag with its dashes; `file` has none. */
export type Source = { readonly kind: 'file' | 'env' | 'flag'; readonly name: string }

export type ConfigProblem = {
  /** Key path with dots, or the name of a variable that is no key. */
  readonly key: string
  /** Null where the value is a default, or no single place gave it. */
  readonly source: Source | null
  readonly message: string
}

/** Characters of a wrong value that a message repeats. */
const SHOWN_MAX = 60

/** Problems that are told one by one; the rest are counted. */
const LINES_MAX = 50

/** `limits.max_request_bytes (LLMTRACE_LIMITS_MAX_REQUEST_BYTES): must be …`; a key of the file stands alone. */
export function problemLine({ key, source, message }: ConfigProblem): string {
  return source === null || source.kind === 'file' ? `${key}: ${message}` : `${key} (${source.name}): ${message}`
}

/** One line each, at most 51. */
export function problemLines(problems: readonly ConfigProblem[]): readonly string[] {
  const lines = problems.slice(0, LINES_MAX).map(problemLine)
  return problems.length > LINES_MAX ? [...lines, `and ${problems.length - LINES_MAX} more`] : lines
}

/** A wrong value as a message may show it: cut, on one line, and only its kind where it could be a secret. */
export function shown(value: unknown, isQuiet: boolean): string {
  if (value === undefined || value === null) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a mapping'
  if (typeof value !== 'string') return isQuiet ? `a ${typeof value}` : String(value)
  if (isQuiet) return `${value.length} characters that are not shown`
  // Credentials and query of a URL, whatever key it was put under.
  const safe = value.replaceAll(/[^/\s]*@/g, '…@').replace(/\?[\s\S]*$/, '?…')
  return safe.length > SHOWN_MAX ? `${JSON.stringify(safe.slice(0, SHOWN_MAX))}…` : JSON.stringify(safe)
}

/** A key that the schema does not have. */
export function unknownKey(path: readonly string[]): string {
  const name = path.at(-1) ?? ''
  const parent = path.slice(0, -1)
  const sibling = nearest(name, nodeAt(parent)?.children.keys() ?? [])
  if (sibling !== null && isSlip(name, sibling.edits))
    return `unknown key, did you mean ${[...parent, sibling.word].join('.')}?`
  // The right key in the wrong place is the next likely slip.
  const elsewhere = nearest(name, LAST_NAMES.keys())
  if (elsewhere !== null && isSlip(name, elsewhere.edits)) return `unknown key, did you mean ${LAST_NAMES.get(elsewhere.word)}?`
  return `unknown key, the nearest known one is ${[...parent, sibling?.word ?? ''].join('.')}`
}

/** A `LLMTRACE_` variable that sets nothing. */
export function unknownVariable(name: string): string {
  for (const [variable, node] of VARIABLES) {
    if (node.type === 'record' && name.startsWith(`${variable}_`))
      return `unknown variable, give the whole mapping as JSON in ${variable}`
  }
  const near = nearest(name, VARIABLES.keys())
  const isLikely = near !== null && isSlip(name.slice(9), near.edits)
  return isLikely ? `unknown variable, did you mean ${near.word}?` : `unknown variable, the nearest known one is ${near?.word}`
}

const LAST_NAMES: ReadonlyMap<string, string> = new Map(
  [...KEYS].toReversed().map((node: KeyNode) => [node.path.at(-1) ?? '', node.path.join('.')]),
)
