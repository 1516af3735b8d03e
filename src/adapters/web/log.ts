/**
 * Structured lines for people (`text`) or machines (`json`). A line never fails, whatever its fields hold: cycles, huge values, odd
 * getters. Secrets are taken out by name and by shape (`redact.ts`); prompt and answer texts are not given to a log at all.
 */
import type { Log, LogLevel } from '../../core/ports.ts'
import { REDACTED, isSecretName, redactText } from './redact.ts'

/** Characters of one text, one line's fields and one stack that are kept. */
const TEXT_MAX = 2048
const LINE_MAX = 16_384
const STACK_MAX = 4096
/** Read beyond the cut before it is made, so that no secret is cut in two and then not known by its shape. */
const OVERLAP = 1024
/** Left out where a text was cut: a secret that ends here may have lost what it is known by. */
const FRINGE = 512
const DEPTH_MAX = 5
const ENTRIES_MAX = 50

const RANK: { readonly [level in LogLevel]: number } = { debug: 0, info: 1, warn: 2, error: 3 }

// oxlint-disable-next-line no-console -- the one place that cannot use a log
const toStandardError = (line: string): void => console.error(line)

/** Lines go to standard error unless `write` takes them: standard output is for what the program is asked for. */
export function createLog(
  options: { readonly level: LogLevel; readonly format: 'text' | 'json' },
  write: (line: string) => void = toStandardError,
  now: () => number = Date.now,
): Log {
  const least = RANK[options.level]
  const lineOf = options.format === 'json' ? jsonLine : textLine
  const isEnabled = (level: LogLevel): boolean => RANK[level] >= least
  return {
    isEnabled,
    write: (level, event, fields) => {
      if (isEnabled(level)) write(lineOf(new Date(now()).toISOString(), level, cleanText(event), plainFields(fields ?? {})))
    },
  }
}

/** What is left of a value once it is safe to write: JSON, no cycles, no secrets, bounded. */
type Plain = string | number | boolean | null | readonly Plain[] | { readonly [name: string]: Plain }

function jsonLine(time: string, level: LogLevel, event: string, fields: { readonly [name: string]: Plain }): string {
  const own = { time, level, event }
  const others = Object.entries(fields).map(([name, value]) => [Object.hasOwn(own, name) ? `${name}_` : name, value])
  return JSON.stringify({ ...own, ...Object.fromEntries(others) })
}

/** `2026-11-20T08:00:00.000Z INFO  server.started url=http://127.0.0.1:8080`, an error's stack indented below. */
function textLine(time: string, level: LogLevel, event: string, fields: { readonly [name: string]: Plain }): string {
  let line = `${time} ${level.toUpperCase().padEnd(5)} ${printable(event)}`
  let stack = ''
  for (const [name, value] of Object.entries(fields)) {
    const error = asError(value)
    if (error === null) {
      line += ` ${printable(name)}=${inText(value)}`
      continue
    }
    line += ` ${printable(name)}=${inText(headOf(error))}`
    for (const [more, inner] of Object.entries(error)) {
      if (!ERROR_PARTS.has(more)) line += ` ${printable(`${name}.${more}`)}=${inText(inner)}`
    }
    for (const frame of error.stack.split('\n')) if (frame !== '') stack += `\n    ${printable(frame)}`
  }
  return line + stack
}

function inText(value: Plain): string {
  if (typeof value === 'string' && /^[^\s"=\\]+$/.test(value) && printable(value) === value) return value
  return printable(JSON.stringify(value))
}

type PlainError = { readonly name: string; readonly message: string; readonly stack: string; readonly cause?: Plain }

const ERROR_PARTS: ReadonlySet<string> = new Set(['name', 'message', 'stack', 'cause'])

function asError(value: Plain): PlainError | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  return ['name', 'message', 'stack'].every(
    (part) => typeof Object.entries(value).find(([name]) => name === part)?.[1] === 'string',
  )
    ? (value as PlainError)
    : null
}

/** `PortError: the store is down <- Error: SQLITE_BUSY` */
function headOf({ name, message, cause }: PlainError): string {
  const head = `${name}: ${message}`
  if (cause === undefined) return head
  const inner = asError(cause)
  return `${head} <- ${inner === null ? inText(cause) : headOf(inner)}`
}

/** Control characters could move a terminal's cursor or forge a second line. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]/gu, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function plainFields(fields: { readonly [name: string]: unknown }): { readonly [name: string]: Plain } {
  const budget = { left: LINE_MAX }
  return mappingOf(safeEntries(fields), [fields], budget)
}

type Budget = { left: number }

function plainOf(value: unknown, above: readonly object[], budget: Budget): Plain {
  if (budget.left <= 0) return '[cut]'
  // Also what prints as nothing counts, or a wide tree of empty lists would have no bound.
  budget.left -= 2
  switch (typeof value) {
    case 'string':
      return spend(cleanText(value), budget)
    case 'number':
      return Number.isFinite(value) ? spend(value, budget) : String(value)
    case 'boolean':
      return spend(value, budget)
    case 'bigint':
      return spend(value.toString().slice(0, TEXT_MAX), budget)
    case 'function':
    case 'symbol':
      return `[${typeof value}]`
    case 'object':
      return value === null ? null : objectOf(value, above, budget)
    default:
      return null
  }
}

function objectOf(value: object, above: readonly object[], budget: Budget): Plain {
  if (above.includes(value)) return '[circular]'
  if (above.length > DEPTH_MAX) return '[deeper]'
  const inside = [...above, value]
  try {
    if (value instanceof Error) return errorFields(value, inside, budget)
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString()
    if (value instanceof URL) return spend(cleanText(value.href), budget)
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`
    if (value instanceof Headers || value instanceof URLSearchParams || value instanceof Map) {
      return mappingOf(
        take(value.entries(), ([name, inner]) => [String(name), inner]),
        inside,
        budget,
      )
    }
    if (value instanceof Set)
      return listOf(
        take(value.values(), (inner) => inner),
        value.size,
        inside,
        budget,
      )
    if (Array.isArray(value)) return listOf(value.slice(0, ENTRIES_MAX), value.length, inside, budget)
  } catch (error) {
    // A proxy or a getter of someone else's: the line is written without it.
    return `[unreadable: ${error instanceof Error ? cleanText(error.message) : 'thrown'}]`
  }
  return mappingOf(safeEntries(value), inside, budget)
}

function listOf(values: readonly unknown[], length: number, above: readonly object[], budget: Budget): Plain {
  const plain = values.map((inner) => plainOf(inner, above, budget))
  return length > values.length ? [...plain, `[${length - values.length} more]`] : plain
}

function mappingOf(
  entries: readonly (readonly [string, unknown])[],
  above: readonly object[],
  budget: Budget,
): { readonly [name: string]: Plain } {
  const plain: [string, Plain][] = []
  for (const [name, value] of entries.slice(0, ENTRIES_MAX)) {
    if (value === undefined) continue
    const isHidden = isSecretName(name) && value !== null && value !== '' && typeof value !== 'boolean'
    plain.push([spend(cleanText(name), budget), isHidden ? REDACTED : plainOf(value, above, budget)])
  }
  if (entries.length > ENTRIES_MAX) plain.push(['…', `[${entries.length - ENTRIES_MAX} more]`])
  return Object.fromEntries(plain)
}

/** Name, message and the frames of the stack, each once; then what the error carries besides, and its cause. */
function errorFields(error: Error, above: readonly object[], budget: Budget): Plain {
  const own = safeEntries(error).filter(
    ([name]) => name !== 'name' && name !== 'message' && name !== 'stack' && name !== 'cause',
  )
  return {
    name: cleanText(String(error.name)),
    message: spend(cleanText(String(error.message)), budget),
    stack: spend(framesOf(error), budget),
    ...mappingOf(own, above, budget),
    ...(error.cause === undefined ? {} : { cause: plainOf(error.cause, above, budget) }),
  }
}

/** A stack begins with name and message, which stand beside it already. */
function framesOf(error: Error): string {
  const stack = error.stack ?? ''
  return (stack.length > STACK_MAX ? cleanStart(stack, STACK_MAX) : redactText(stack))
    .split('\n')
    .filter((line) => /^\s*at /.test(line))
    .map((line) => line.trim())
    .join('\n')
}

function safeEntries(value: object): readonly (readonly [string, unknown])[] {
  const entries: [string, unknown][] = []
  let names: readonly string[]
  try {
    names = Object.keys(value)
  } catch (error) {
    return [['unreadable', String(error)]]
  }
  for (const name of names.slice(0, ENTRIES_MAX)) {
    try {
      entries.push([name, (value as { readonly [name: string]: unknown })[name]])
    } catch (error) {
      entries.push([name, `[unreadable: ${String(error)}]`])
    }
  }
  if (names.length > ENTRIES_MAX) entries.push(['…', `[${names.length - ENTRIES_MAX} more]`])
  return entries
}

function take<T, U>(values: Iterable<T>, map: (value: T) => U): readonly U[] {
  const taken: U[] = []
  for (const value of values) {
    if (taken.length >= ENTRIES_MAX) break
    taken.push(map(value))
  }
  return taken
}

function cleanText(text: string): string {
  return text.length > TEXT_MAX ? `${cleanStart(text, TEXT_MAX)}… [${text.length} characters]` : redactText(text)
}

/** At most `max` characters of a longer text, without secrets. */
function cleanStart(text: string, max: number): string {
  const clean = redactText(text.slice(0, max + OVERLAP))
  return clean.slice(0, Math.max(0, Math.min(max, clean.length - FRINGE)))
}

function spend<T extends string | number | boolean>(value: T, budget: Budget): T {
  budget.left -= typeof value === 'string' ? value.length : 8
  return value
}
