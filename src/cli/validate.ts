/** What `validate` prints: the configuration that holds, without its secrets, and who gave every value that is not a default. */
import { Document, isMap, isScalar, type Pair } from 'yaml'
import { maskedConfig, type Config, type Source } from '../contract/config.ts'

/** Exit code of a configuration that does not hold. */
export const EXIT_INVALID = 1

export type Effective = {
  readonly config: Config
  readonly sources: ReadonlyMap<string, Source>
  /** Null where no file was read. */
  readonly filePath: string | null
}

/** YAML that could be a configuration file, but for its masked secrets. */
export function effectiveText({ config, sources, filePath }: Effective): string {
  const document = new Document(maskedConfig(config))
  document.commentBefore =
    ` The configuration that holds. Secrets are masked; a value without a comment is the default.\n` +
    ` File: ${filePath ?? 'none'}`
  annotate(document.contents, [], (path) => {
    const source = sources.get(path.join('.'))
    return source === undefined ? null : source.kind === 'file' ? (filePath ?? 'file') : source.name
  })
  return document.toString({ lineWidth: 0 })
}

/** All problems, for standard error. */
export function problemsText(problems: readonly string[]): string {
  const head = problems.length === 1 ? 'the configuration has a problem' : 'the configuration has problems'
  return `llmtrace: ${head}\n${problems.map((line) => `  ${line}\n`).join('')}`
}

function annotate(node: unknown, path: readonly string[], commentOf: (path: readonly string[]) => string | null): void {
  if (!isMap(node)) return
  for (const pair of node.items) {
    const at = [...path, keyOf(pair)]
    annotate(pair.value, at, commentOf)
    const comment = commentOf(at)
    if (comment !== null && isScalar(pair.value)) pair.value.comment = ` ${comment}`
  }
}

function keyOf(pair: Pair): string {
  return String(isScalar(pair.key) ? pair.key.value : pair.key)
}
