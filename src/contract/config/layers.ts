/** Lays file, environment and flags over each other, value by value, and remembers who gave each. Nothing is checked here but names and forms. */
import { asRecord, parseJson } from '../../core/domain/json.ts'
import {
  VARIABLES,
  childOf,
  isOwnVariable,
  isPlanned,
  nodeAt,
  pathOfFlag,
  plannedKeyOf,
  ENV_PREFIX,
  ROOT,
  type KeyNode,
} from './keys.ts'
import { shown, unknownKey, unknownVariable, type ConfigProblem, type Source } from './problems.ts'

export type ConfigInput = {
  /** The parsed file; null where there is none. */
  readonly file: unknown
  readonly env: { readonly [name: string]: string | undefined }
  /** By flag name without its dashes, e.g. `auth.mode`. */
  readonly flags: { readonly [name: string]: string }
}

/** A mapping without a prototype: a key of any name is just a key. */
export type Tree = { [name: string]: unknown }

export type Layers = {
  readonly tree: Tree
  /** By path with dots. */
  readonly sources: ReadonlyMap<string, Source>
  readonly problems: readonly ConfigProblem[]
}

// A file of something else altogether would have thousands of unknown keys: the first ones say enough.
const SUGGESTIONS_MAX = 50

export const NOT_IN_THIS_VERSION = 'not in this version'

/** Precedence: flag > environment > file. Records are merged entry by entry and key by key. */
export function layersOf({ file, env, flags }: ConfigInput): Layers {
  const tree = emptyTree()
  const sources = new Map<string, Source>()
  const problems: ConfigProblem[] = []

  function put(target: Tree, node: KeyNode, path: readonly string[], value: unknown, source: Source): void {
    const name = path.at(-1) ?? ''
    const isMapping = node.type === 'group' || node.type === 'record'
    const entries = asRecord(value)
    if (isMapping && (entries !== null || value === null)) {
      const own = mappingIn(target, name)
      // Something else stands there already, which the schema will refuse: laying a mapping over it would hide that.
      return own === null ? undefined : putAll(own, node, path, entries ?? {}, source)
    }
    target[name] = value
    sources.set(path.join('.'), source)
  }

  function putAll(
    target: Tree,
    node: KeyNode,
    path: readonly string[],
    values: { readonly [name: string]: unknown },
    source: Source,
  ): void {
    for (const [name, value] of Object.entries(values)) {
      const at = [...path, name]
      const child = name === '__proto__' ? null : childOf(node, name)
      if (child !== null) put(target, child, at, value, source)
      else problems.push({ key: at.join('.'), source, message: messageOfUnknown(at) })
    }
  }

  function messageOfUnknown(path: readonly string[]): string {
    if (isPlanned(path)) return NOT_IN_THIS_VERSION
    return problems.length < SUGGESTIONS_MAX ? unknownKey(path) : 'unknown key'
  }

  /** Puts one value at a path, making the mappings above it. */
  function putAt(path: readonly string[], node: KeyNode, value: unknown, source: Source): void {
    let target = tree
    for (const name of path.slice(0, -1)) {
      const next = mappingIn(target, name)
      if (next === null) return
      target = next
    }
    put(target, node, path, value, source)
  }

  if (file !== null && file !== undefined) {
    const values = asRecord(file)
    if (values !== null) putAll(tree, ROOT, [], values, { kind: 'file', name: '' })
    else problems.push({ key: 'configuration file', source: null, message: `must be a mapping, got ${shown(file, true)}` })
  }

  const given = new Map<KeyNode, string>()
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith(ENV_PREFIX) || value === undefined || isOwnVariable(name)) continue
    const node = VARIABLES.get(name)
    const planned = plannedKeyOf(name)
    const source: Source = { kind: 'env', name }
    const text = value.trim()
    if (node === undefined) {
      if (planned !== null) problems.push({ key: planned, source, message: NOT_IN_THIS_VERSION })
      else problems.push({ key: name, source: null, message: unknownVariable(name) })
      continue
    }
    // Shells and container files often set a variable to nothing where they mean that it is not set.
    if (text === '') continue
    const other = given.get(node)
    const key = node.path.join('.')
    if (other !== undefined && env[other]?.trim() !== text) {
      problems.push({ key, source, message: `is set by ${other} too, to something else: set one of them` })
    }
    given.set(node, name)
    const read = valueOf(text, node)
    if (read === undefined) problems.push({ key, source, message: mustBeJson(node) })
    else putAt(node.path, node, read, source)
  }

  for (const [name, text] of Object.entries(flags)) {
    const path = pathOfFlag(name)
    const node = path === null ? null : nodeAt(path)
    const source: Source = { kind: 'flag', name: `--${name}` }
    if (path === null || node === null) {
      problems.push({
        key: `--${name}`,
        source: null,
        message: plannedKeyOf(name) === null ? 'unknown flag' : NOT_IN_THIS_VERSION,
      })
      continue
    }
    const read = valueOf(text, node)
    if (read === undefined) problems.push({ key: path.join('.'), source, message: mustBeJson(node) })
    else putAt(path, node, read, source)
  }

  return { tree, sources, problems }
}

/** The value at a path, also inside of lists; undefined where there is none. */
export function valueAt(tree: Tree, path: readonly string[]): unknown {
  let value: unknown = tree
  for (const name of path) {
    const mapping = Array.isArray(value) ? Object.fromEntries(Object.entries(value as unknown[])) : asRecord(value)
    value = mapping !== null && Object.hasOwn(mapping, name) ? mapping[name] : undefined
  }
  return value
}

function mustBeJson(node: KeyNode): string {
  return node.type === 'list'
    ? 'must be a JSON list, such as [{"key":"value"}]'
    : 'must be a JSON object, such as {"name":{"key":"value"}}'
}

/**
 * A text of the environment or the command line as the value it stands for. What cannot be read as a number or a truth stays a text,
 * which the schema then refuses in its own words. Undefined for a record or a list that is not JSON.
 */
function valueOf(text: string, node: KeyNode): unknown {
  if (node.isNullable && text === 'null') return null
  if (node.type === 'record' || node.type === 'list') return parseJson(text)
  if (node.type === 'number') return /^-?\d{1,20}(\.\d{1,20})?$/.test(text) ? Number(text) : text
  if (node.type === 'boolean') return TRUTH.get(text.toLowerCase()) ?? text
  return text
}

const TRUTH: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['false', false],
  ['1', true],
  ['0', false],
])

function emptyTree(): Tree {
  return Object.create(null) as Tree
}

/** The mapping under a name, made where there is none; null where something else is there. */
function mappingIn(target: Tree, name: string): Tree | null {
  const known = target[name]
  if (known === undefined) {
    const made = emptyTree()
    target[name] = made
    return made
  }
  return typeof known === 'object' && known !== null && !Array.isArray(known) ? (known as Tree) : null
}
