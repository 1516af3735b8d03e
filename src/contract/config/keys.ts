/** The schema as a tree of keys, with the names that environment and command line have for them. Read off `schema.ts`, nothing is listed twice. */
import { z } from 'zod'
import { asArray, asRecord, asString, type JsonRecord } from '../../core/domain/json.ts'
import { CONFIG, PLANNED_KEYS } from './schema.ts'

/** `group`: known keys. `record`: names that the operator chooses, each with an `entry`; `list`: entries without names. The others hold one value. */
export type KeyType = 'text' | 'number' | 'boolean' | 'group' | 'record' | 'list'

export type KeyNode = {
  /** `*` stands for a name of the operator's choice. */
  readonly path: readonly string[]
  readonly type: KeyType
  readonly description: string
  readonly choices: readonly string[] | null
  readonly isNullable: boolean
  /** The default; undefined where there is none and a value must be given. */
  readonly initial: unknown
  readonly isSecret: boolean
  /** Not repeated in messages. */
  readonly isQuiet: boolean
  /** For the example files; undefined where the default says enough. */
  readonly example: unknown
  readonly children: ReadonlyMap<string, KeyNode>
  readonly entry: KeyNode | null
}

export const ENV_PREFIX = 'LLMTRACE_'

/** Variables of ours that are no keys: they are needed before or beside the configuration. */
const OWN_VARIABLES: ReadonlySet<string> = new Set(['LLMTRACE_CONFIG', 'LLMTRACE_ALLOW_OPEN', 'LLMTRACE_ENCRYPTION_KEY'])
const TEST_PREFIX = 'LLMTRACE_TEST_'

/** Short names beside the regular ones. */
const ALIASES: { readonly [short: string]: string } = {
  admin_key: 'auth.admin_key',
  libsql_token: 'storage.libsql_token',
  libsql_url: 'storage.libsql_url',
  log_format: 'logging.format',
  log_level: 'logging.level',
}

export const SHORT_FLAGS: readonly string[] = Object.keys(ALIASES).map((short) => short.replaceAll('_', '-'))

// Later versions' keys that have a short variable too.
const PLANNED_ALIASES: { readonly [short: string]: string } = Object.fromEntries(
  PLANNED_KEYS.filter((key) => /^storage\.(clickhouse|redis)_/.test(key)).map((key) => [key.slice('storage.'.length), key]),
)

export const ROOT: KeyNode = nodeOf(asRecord(z.toJSONSchema(CONFIG, { io: 'input' })) ?? {}, [], false)

/** Every key that can be given by itself outside of a record: one variable and one flag each. */
export const KEYS: readonly KeyNode[] = settable(ROOT)

/** Every variable that sets a key, the short ones included. */
export const VARIABLES: ReadonlyMap<string, KeyNode> = new Map([
  ...KEYS.map((node): [string, KeyNode] => [variableOf(node.path), node]),
  ...Object.entries(ALIASES).map(([short, key]): [string, KeyNode] => [variableOf([short]), keyNamed(key)]),
])

const BY_FLAG: ReadonlyMap<string, KeyNode> = new Map(
  [...VARIABLES].map(([name, node]) => [name.slice(ENV_PREFIX.length), node]),
)

/** The variable of a key: `LLMTRACE_` and its path in capitals. */
export function variableOf(path: readonly string[]): string {
  return ENV_PREFIX + path.join('_').toUpperCase()
}

/** The flag of a key, without its dashes: `limits.max-request-bytes`. */
export function flagOf(path: readonly string[]): string {
  return path.join('.').replaceAll('_', '-')
}

export function isOwnVariable(name: string): boolean {
  return OWN_VARIABLES.has(name) || name.startsWith(TEST_PREFIX)
}

/** The key of a variable or flag that only a later version has; null for any other name. */
export function plannedKeyOf(variableOrFlag: string): string | null {
  const form = variableOrFlag.replace(ENV_PREFIX, '').toLowerCase().replaceAll(/[.-]/g, '_')
  for (const key of PLANNED_KEYS) if (isBelow(form, key.replaceAll('.', '_'), '_')) return key
  for (const [short, key] of Object.entries(PLANNED_ALIASES)) if (form === short) return key
  return null
}

/** True where a later version has this key or one above it. */
export function isPlanned(path: readonly string[]): boolean {
  const dotted = path.join('.')
  return PLANNED_KEYS.some((key) => isBelow(dotted, key, '.'))
}

/**
 * The path that a flag sets; null for an unknown one. Words may be joined by dots or dashes alike (`auth.mode`, `auth-mode`); an entry
 * of a record is named with dots as it is: `providers.my-vllm.base-url`.
 */
export function pathOfFlag(name: string): readonly string[] | null {
  const known = BY_FLAG.get(name.replaceAll(/[.-]/g, '_').toUpperCase())
  if (known !== undefined) return known.path
  for (const record of KEYS) {
    const start = `${flagOf(record.path)}.`
    if (record.type !== 'record' || record.entry === null || !name.startsWith(start)) continue
    for (const child of record.entry.children.keys()) {
      const end = `.${child.replaceAll('_', '-')}`
      const entry = name.slice(start.length, -end.length)
      if (name.endsWith(end) && name.length > start.length + end.length) return [...record.path, entry, child]
    }
  }
  return null
}

/** The node at a path whose records carry real names; null where the schema has none. */
export function nodeAt(path: readonly string[]): KeyNode | null {
  let node: KeyNode | null = ROOT
  for (const name of path) node = node === null ? null : childOf(node, name)
  return node
}

export function childOf(node: KeyNode, name: string): KeyNode | null {
  return node.children.get(name) ?? node.entry
}

/** Every node of the tree that is one value or a record, entries' keys included. */
export function everyKey(node: KeyNode = ROOT): readonly KeyNode[] {
  const below = [...node.children.values(), ...(node.entry === null ? [] : [node.entry])].flatMap((child) => everyKey(child))
  return node.type === 'group' ? below : [node, ...below]
}

function keyNamed(key: string): KeyNode {
  const node = nodeAt(key.split('.'))
  if (node === null) throw new Error(`invariant broken: ${key} is a key`)
  return node
}

function settable(node: KeyNode): readonly KeyNode[] {
  return node.type === 'group' ? [...node.children.values()].flatMap(settable) : [node]
}

function isBelow(name: string, above: string, separator: string): boolean {
  return name === above || name.startsWith(above + separator)
}

function nodeOf(schema: JsonRecord, path: readonly string[], isInSecret: boolean): KeyNode {
  const branches = asArray(schema['anyOf']).map((branch) => asRecord(branch) ?? {})
  const body = branches.find((branch) => branch['type'] !== 'null') ?? schema
  const properties = asRecord(body['properties'])
  const additional = asRecord(body['additionalProperties']) ?? asRecord(body['items'])
  const isSecret = isInSecret || schema['secret'] === true
  const types = Array.isArray(body['type']) ? asArray(body['type']) : [body['type']]
  return {
    path,
    type: properties !== null ? 'group' : typeOf(types.find((type) => type !== 'null')),
    description: asString(schema['description']) ?? '',
    choices: body['enum'] === undefined ? null : asArray(body['enum']).map(String),
    isNullable: types.includes('null') || branches.some((branch) => branch['type'] === 'null'),
    initial: schema['default'],
    isSecret,
    isQuiet: isSecret || schema['quiet'] === true,
    example: schema['example'],
    children: new Map(
      Object.entries(properties ?? {}).map(([name, child]) => [name, nodeOf(asRecord(child) ?? {}, [...path, name], isSecret)]),
    ),
    entry: additional === null ? null : nodeOf(additional, [...path, '*'], isSecret),
  }
}

function typeOf(type: unknown): KeyType {
  if (type === 'string') return 'text'
  if (type === 'integer' || type === 'number') return 'number'
  if (type === 'boolean') return 'boolean'
  if (type === 'object') return 'record'
  if (type === 'array') return 'list'
  throw new Error(`invariant broken: a key of type ${String(type)} has a written form`)
}
