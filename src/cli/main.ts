/** Reads the command line, and answers what needs no server. `src/node.ts` does the rest, and alone ends the process. */
import process from 'node:process'
import { parseArgs } from 'node:util'
import manifest from '../../package.json' with { type: 'json' }
import { loadConfig } from '../adapters/selfhost/config-file.ts'
import { runtimeName } from '../adapters/selfhost/serve.ts'
import { KEYS, SHORT_FLAGS, flagOf, nodeAt, pathOfFlag, plannedKeyOf } from '../contract/config/keys.ts'
import { isSlip, nearest } from '../contract/config/nearest.ts'
import { ORIGINS } from '../core/domain/segment.ts'
import { err, ok, type Result } from '../core/domain/result.ts'
import { HELP, usageText, versionText } from './help.ts'
import { EXIT_INVALID, effectiveText, problemsText } from './validate.ts'

export type CommandName = 'serve' | 'validate' | 'migrate' | 'demo' | 'scan' | 'backtest' | 'help' | 'version'

export type Command = {
  readonly name: CommandName
  /** Values of configuration keys, by flag name without dashes, e.g. `auth.mode`; for `readConfig`. */
  readonly flags: { readonly [name: string]: string }
  /** `--config`; null where it is not given. */
  readonly configPath: string | null
  /** Flags that only this command has, by name without dashes, e.g. `fail-on`. */
  readonly options: { readonly [name: string]: string }
  /** What stands behind the command without a flag: the inputs of `scan`; `-` is standard input. */
  readonly files: readonly string[]
}

const COMMANDS: readonly CommandName[] = ['serve', 'validate', 'migrate', 'demo', 'scan', 'backtest', 'help', 'version']

/** Flags of single commands: the words that one takes, or null where it takes any. */
const OWN_FLAGS: { readonly [name in CommandName]?: { readonly [flag: string]: readonly string[] | null } } = {
  scan: { origin: ORIGINS, policy: null, format: ['text', 'json'], 'fail-on': ['flag', 'redact', 'block'] },
  backtest: { policy: null, since: null, tenant: null, limit: null, format: ['text', 'json'] },
}

/**
 * `argv` without the program: `[COMMAND] [--KEY VALUE]…`; no command is `serve`. Every configuration key is a flag: its path with dots or
 * dashes (`--limits.max-request-bytes`), a truth needs no value. The error says what is
 * wrong on one line, and where help is on the next.
 */
export function parseCommand(argv: readonly string[]): Result<Command, string> {
  const command = commandOf(argv)
  return command.ok ? command : err(usageText(command.error))
}

/** Answers `help`, `version` and `validate`; the exit code is 0, or 1 for a configuration that does not hold. */
export async function runText(
  command: Command,
  io: TextIo = { env: process.env, out: (text) => process.stdout.write(text), err: (text) => process.stderr.write(text) },
): Promise<number> {
  if (command.name !== 'validate') {
    io.out(command.name === 'version' ? versionText(manifest.version, runtimeName()) : HELP)
    return 0
  }
  const loaded = await loadConfig(command, io.env)
  if (loaded.ok) io.out(effectiveText(loaded.value))
  else io.err(problemsText(loaded.error))
  return loaded.ok ? 0 : EXIT_INVALID
}

export type TextIo = {
  readonly env: { readonly [name: string]: string | undefined }
  readonly out: (text: string) => void
  readonly err: (text: string) => void
}

function commandOf(argv: readonly string[]): Result<Command, string> {
  const { tokens } = parseArgs({
    args: [...argv],
    options: optionsFor(argv),
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const first = tokens.find((token) => token.kind === 'positional')?.value ?? 'serve'
  const own = OWN_FLAGS[COMMANDS.find((command) => command === first) ?? 'serve'] ?? {}
  const flags: { [name: string]: string } = {}
  const options: { [name: string]: string } = {}
  const words: string[] = []
  let configPath: string | null = null
  let asked: 'help' | 'version' | null = null

  for (const token of tokens) {
    if (token.kind === 'option-terminator') return err('unexpected "--": every value stands behind its flag')
    if (token.kind === 'positional') {
      words.push(token.value)
      continue
    }
    const flag = token.rawName.startsWith('--') ? `--${token.name}` : token.rawName
    if (token.name === 'help' || token.name === 'version') {
      // What is asked first is answered, and the rest of the line does not matter.
      asked ??= token.name
      continue
    }
    const isOwn = Object.hasOwn(own, token.name)
    const path = isOwn ? null : pathOfFlag(token.name)
    const isConfig = token.name === 'config'
    if (path === null && !isConfig && !isOwn) {
      return asked === null ? err(unknownFlag(flag, token.name, Object.keys(own))) : ok(only(asked))
    }
    const isTruth = path !== null && nodeAt(path)?.type === 'boolean'
    const value = token.value ?? (isTruth ? 'true' : '')
    if (value === '' || (token.inlineValue === false && value.startsWith('-') && value.length > 1)) {
      return err(`${flag} needs a value: ${flag}=VALUE`)
    }
    if (isConfig) {
      if (configPath !== null) return err('--config is given twice')
      configPath = value
    } else if (isOwn) {
      if (Object.hasOwn(options, token.name)) return err(`--${token.name} is given twice`)
      const choices = own[token.name] ?? null
      if (choices !== null && !choices.includes(value)) {
        return err(`--${token.name} must be one of ${choices.join(', ')}, got "${printable(value)}"`)
      }
      options[token.name] = value
    } else {
      const name = path === null ? token.name : flagOfPath(path)
      if (Object.hasOwn(flags, name)) return err(`--${name} is given twice`)
      flags[name] = value
    }
  }

  if (asked !== null) return ok(only(asked))
  const [word = 'serve', ...files] = words
  const [extra] = files
  const name = COMMANDS.find((command) => command === word)
  if (name === undefined) return err(unknownCommand(word))
  if (extra !== undefined && name !== 'scan')
    return err(`unexpected "${printable(extra)}" after ${name}: a flag takes its value as --flag VALUE or --flag=VALUE`)
  if (name === 'help' || name === 'version') return ok(only(name))
  return ok({ name, flags, configPath, options, files })
}

type ParseOption = { readonly type: 'string' | 'boolean'; readonly short?: string }

/** The parser must know of every flag whether it takes a value; which flags there are is judged by us, for a better message. */
function optionsFor(argv: readonly string[]): { readonly [name: string]: ParseOption } {
  const options: [string, ParseOption][] = []
  for (const arg of argv) {
    const name = /^--([^=]+)/.exec(arg)?.[1]
    if (name === undefined) continue
    const path = pathOfFlag(name)
    const isTruth = path !== null && nodeAt(path)?.type === 'boolean'
    options.push([name, { type: isTruth ? 'boolean' : 'string' }])
  }
  return Object.fromEntries([
    ...options,
    ['config', { type: 'string', short: 'c' }],
    ['help', { type: 'boolean', short: 'h' }],
    ['version', { type: 'boolean', short: 'v' }],
  ])
}

function only(name: 'help' | 'version'): Command {
  return { name, flags: {}, configPath: null, options: {}, files: [] }
}

/** Every way to write a flag comes out as one, so that no value is given twice unseen. Names that the operator chose stay as they are. */
function flagOfPath(path: readonly string[]): string {
  const node = nodeAt(path)
  if (node === null || !node.path.includes('*')) return flagOf(path)
  return node.path.map((part, i) => (part === '*' ? (path[i] ?? '') : part.replaceAll('_', '-'))).join('.')
}

function unknownCommand(word: string): string {
  const near = nearest(word, COMMANDS)
  const hint = near !== null && isSlip(word, near.edits) ? `did you mean ${near.word}?` : `there are ${COMMANDS.join(', ')}`
  return `unknown command "${printable(word)}", ${hint}`
}

function unknownFlag(flag: string, name: string, own: readonly string[]): string {
  const owners = Object.entries(OWN_FLAGS).flatMap(([command, flags]) => (Object.hasOwn(flags, name) ? [command] : []))
  if (owners.length > 0) return `${flag} is a flag of ${owners.join(' and ')}`
  const planned = plannedKeyOf(name)
  if (planned !== null) return `${printable(flag)}: ${planned} is not in this version`
  if (!flag.startsWith('--')) return `unknown flag ${printable(flag)}, there are -c, -h, -v`
  const known = [...own, 'config', 'help', 'version', ...SHORT_FLAGS, ...KEYS.map((node) => flagOf(node.path))]
  // Dots and dashes are one to us, so they are no edits either; nor is the section that was left out.
  const plain = name.replaceAll('.', '-')
  const byForm = new Map(
    known.flatMap(
      (form) =>
        [
          [form.replaceAll('.', '-'), form],
          [form.split('.').at(-1) ?? form, form],
        ] as const,
    ),
  )
  const near = nearest(plain, byForm.keys())
  const hint = near === null ? 'config' : (byForm.get(near.word) ?? near.word)
  return near !== null && isSlip(plain, near.edits)
    ? `unknown flag ${printable(flag)}, did you mean --${hint}?`
    : `unknown flag ${printable(flag)}, the nearest known one is --${hint}`
}

/** Someone's typing in a message: bounded and on one line. */
function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 64)
}
