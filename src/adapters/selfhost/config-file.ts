/** The configuration of one process: its YAML file, `process.env` and the command line's flags, checked together. */
import { readFile, stat } from 'node:fs/promises'
import { parseDocument, type YAMLError } from 'yaml'
import { explainConfig, problemLines, toGatewayConfig, type Config, type Source } from '../../contract/config.ts'
import type { GatewayConfig } from '../../core/domain/gateway.ts'
import { err, ok, type Result } from '../../core/domain/result.ts'

type Env = { readonly [name: string]: string | undefined }

/** Taken from the working directory where it is there and no other file is named. */
export const DEFAULT_CONFIG_FILE = 'llmtrace.yaml'

/** A configuration is a page or two; this keeps a wrong path (a log, a database) from being read whole. */
const FILE_BYTES_MAX = 1024 * 1024

export type LoadedConfig = {
  readonly config: Config
  readonly gateway: GatewayConfig
  /** Who gave each value that is not a default, by key path with dots. */
  readonly sources: ReadonlyMap<string, Source>
  /** Null where no file was read. */
  readonly filePath: string | null
}

/** Everything that `serve`, `migrate` and `validate` start from. The error is one line a problem, all of them together. */
export async function loadConfig(
  command: { readonly configPath: string | null; readonly flags: { readonly [name: string]: string } },
  env: Env = process.env,
): Promise<Result<LoadedConfig, readonly string[]>> {
  const file = await readConfigFile(command.configPath, env)
  if (!file.ok) return err([file.error])
  const explained = explainConfig({ file: file.value.content, env, flags: command.flags })
  if (!explained.ok) return err(problemLines(explained.error))
  const { config, sources } = explained.value
  const gateway = toGatewayConfig(config, env)
  if (!gateway.ok) return err(problemLines(gateway.error))
  return ok({ config, sources, gateway: gateway.value, filePath: file.value.path })
}

/**
 * Reads the file that `--config` names, else `LLMTRACE_CONFIG`, else `./llmtrace.yaml` if it is there. `content` is null for no file and
 * for an empty one. The error is one line: a named file that is missing, one that cannot be read, or YAML that is malformed, with
 * `FILE:LINE:COLUMN`.
 */
export async function readConfigFile(
  named: string | null,
  env: Env = process.env,
): Promise<Result<{ readonly path: string | null; readonly content: unknown }, string>> {
  const variable = env['LLMTRACE_CONFIG']?.trim() || null
  const path = named ?? variable ?? DEFAULT_CONFIG_FILE
  const from = named !== null ? '--config' : variable !== null ? 'LLMTRACE_CONFIG' : null
  const text = await readText(path)
  if (text.ok) {
    const content = parseYaml(text.value, path)
    return content.ok ? ok({ path, content: content.value }) : content
  }
  if (text.error === 'ENOENT')
    return from === null ? ok({ path: null, content: null }) : err(`${path}: no such file (named by ${from})`)
  return err(`${path}: cannot be read: ${text.error}`)
}

/** Parses one YAML document. Never repeats its content in an error: there may be a secret in it. */
export function parseYaml(text: string, path: string): Result<unknown, string> {
  const document = parseDocument(text, { prettyErrors: true })
  const problem = document.errors[0] ?? document.warnings[0]
  if (problem !== undefined) return err(yamlProblem(problem, path))
  try {
    return ok(document.toJS())
  } catch {
    // The parser's two reasons: an alias without its anchor, or so many aliases that the value would not end.
    return err(
      `${path}: malformed YAML: expected every alias (*name) to have its anchor (&name) before it, and at most 100 uses of one`,
    )
  }
}

async function readText(path: string): Promise<Result<string, string>> {
  try {
    const { size } = await stat(path)
    if (size > FILE_BYTES_MAX) return err(`it has ${size} bytes, and a configuration has at most ${FILE_BYTES_MAX}`)
    return ok(await readFile(path, 'utf8'))
  } catch (error) {
    return err(error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : String(error))
  }
}

function yamlProblem(problem: YAMLError, path: string): string {
  const at = problem.linePos?.[0]
  const place = at === undefined ? path : `${path}:${at.line}:${at.col}`
  return `${place}: malformed YAML: expected ${EXPECTED.get(problem.code) ?? 'YAML as in llmtrace.example.yaml'}`
}

/** What belongs where the parser stopped, by its error code. */
const EXPECTED: ReadonlyMap<string, string> = new Map([
  ['BAD_ALIAS', 'a plain value, or quotes around one that begins with *'],
  ['BAD_DQ_ESCAPE', 'a known escape after the backslash; single quotes take a backslash as it is'],
  ['BAD_INDENT', 'the same indentation as the lines beside it, or a closing bracket'],
  ['BAD_SCALAR_START', 'quotes around a value that begins with a special character'],
  ['BLOCK_AS_IMPLICIT_KEY', 'one "key: value" a line; a value that holds ": " needs quotes'],
  ['BLOCK_IN_FLOW', 'a value on the same line, within the brackets'],
  ['DUPLICATE_KEY', 'every key once; this one was given before'],
  ['MISSING_CHAR', 'a closing quote, bracket or brace, or a space after the colon'],
  ['MULTILINE_IMPLICIT_KEY', '"key: value": there is no colon after this'],
  ['MULTIPLE_DOCS', 'one document: no "---" between two parts'],
  ['TAB_AS_INDENT', 'spaces: YAML does not take tabs for indentation'],
  ['TAG_RESOLVE_FAILED', 'a plain value, or quotes around one that begins with !'],
  ['UNEXPECTED_TOKEN', '"key: value" at the indentation of the keys before it'],
])
