/** What must fit together: rules over several keys. They run on what could be read, so that all problems are told at once. */
import { asRecord, asString } from '../../core/domain/json.ts'
import { nodeAt } from './keys.ts'
import { valueAt, type Layers } from './layers.ts'
import { parseListenAddr } from './listen.ts'
import type { ConfigProblem } from './problems.ts'
import { PROVIDER_DEFAULTS } from './providers.ts'

/** `faulty` are the paths (with dots) that already have a problem: nothing is concluded from them. */
export function checkTogether(
  layers: Layers,
  env: { readonly [name: string]: string | undefined },
  faulty: ReadonlySet<string>,
): ConfigProblem[] {
  const problems: ConfigProblem[] = []

  function report(key: string, message: string): void {
    problems.push({ key, source: layers.sources.get(key) ?? null, message })
  }

  /** The text at a path, or its default; null where it is null or not to be judged. */
  function read(path: string): string | null {
    if (faulty.has(path)) return null
    const parts = path.split('.')
    const value = valueAt(layers.tree, parts)
    return asString(value === undefined ? nodeAt(parts)?.initial : value)
  }

  checkListen(read, env, report)
  checkStorage(read, report)
  checkCaps(layers, faulty, report)
  for (const [name, value] of Object.entries(asRecord(layers.tree['providers']) ?? {})) {
    const entry = asRecord(value)
    if (entry !== null && !faulty.has(`providers.${name}`)) checkProvider(name, entry, faulty, report)
  }
  return problems
}

type Read = (path: string) => string | null
type Report = (key: string, message: string) => void

function checkListen(read: Read, env: { readonly [name: string]: string | undefined }, report: Report): void {
  const text = read('listen_addr')
  const addr = text === null ? null : parseListenAddr(text)
  if (addr === null || addr.isLoopback || read('auth.mode') !== 'open') return
  if (env['LLMTRACE_ALLOW_OPEN']?.trim() === '1') return
  report(
    'listen_addr',
    `${text} can be reached from other machines while auth.mode is open; set auth.mode to required, or LLMTRACE_ALLOW_OPEN=1 if something else keeps others out`,
  )
}

function checkStorage(read: Read, report: Report): void {
  const url = read('storage.libsql_url')
  if (url !== null && read('storage.database_path') !== null) {
    report('storage.database_path', 'is set together with storage.libsql_url: set one of them')
  }
  if (url === null && read('storage.libsql_token') !== null) report('storage.libsql_token', 'is set without storage.libsql_url')
}

/** A switch that is on with nothing behind it would let people believe in a cap that is not there. */
function checkCaps(layers: Layers, faulty: ReadonlySet<string>, report: Report): void {
  const section = asRecord(layers.tree['cost_caps'])
  if (section?.['enabled'] !== true || [...faulty].some((path) => path.startsWith('cost_caps'))) return
  const names = Object.keys(section).filter((name) => /_caps?$|^agents$|^tenant_overrides$/.test(name))
  if (names.every((name) => Object.keys(Object(section[name])).length === 0))
    report('cost_caps.enabled', 'is true, but no cap is set: set default_budget_caps or another cap')
}

function checkProvider(
  name: string,
  entry: { readonly [key: string]: unknown },
  faulty: ReadonlySet<string>,
  report: Report,
): void {
  const has = (key: string): boolean => entry[key] !== undefined && entry[key] !== null
  const at = (key: string): string => `providers.${name}.${key}`
  if (!has('base_url') && !faulty.has(at('base_url')) && !PROVIDER_DEFAULTS.get(name)?.baseUrl) {
    report(at('base_url'), `must be set, since "${name}" has no address of its own`)
  }
  if (has('access_key_env') && !has('secret_key_env')) report(at('secret_key_env'), 'must be set together with access_key_env')
  if (has('secret_key_env') && !has('access_key_env')) report(at('access_key_env'), 'must be set together with secret_key_env')
  if (has('session_token_env') && !has('access_key_env')) report(at('session_token_env'), 'is set without access_key_env')
  const seen = new Set<string>()
  for (const header of Object.keys(asRecord(entry['headers']) ?? {})) {
    const same = header.toLowerCase()
    if (seen.has(same)) report(`${at('headers')}.${header}`, 'is given twice: header names do not tell capitals apart')
    seen.add(same)
  }
  if (has('credential_env') && has('access_key_env')) {
    report(at('credential_env'), 'is set together with access_key_env: a request carries a key or a signature, not both')
  }
}
