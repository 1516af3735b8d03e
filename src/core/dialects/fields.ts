/** Fields and values that several dialects read in the same loose way: token caps, answer counts, tool arguments, odd bodies. */
import { asNumber, asRecord, type Json, type JsonRecord } from '../domain/json.ts'
import type { Inspection, Origin } from '../domain/segment.ts'
import { createCollector, type Collector } from './collector.ts'

/** The first value that is a text and not empty; null where none is. */
export function firstText(...values: readonly Json[]): string | null {
  for (const value of values) if (typeof value === 'string' && value !== '') return value
  return null
}

/**
 * The caller's cap on answer tokens. Servers differ in which field they obey, so the largest one given is the bound that holds.
 * Null where none is set or usable; a negative number means "no limit" to some servers, so it is none.
 */
export function tokenCap(...values: readonly Json[]): number | null {
  let cap: number | null = null
  for (const value of values) {
    const given = asNumber(value) ?? -1
    if (given >= 0) cap = Math.max(cap ?? 0, given)
  }
  return cap
}

/** How many answers `n` asks for: at least 1, so that an odd number never lowers a bound. */
export function answerCount(value: Json): number {
  const count = asNumber(value) ?? 1
  return Number.isSafeInteger(count) ? Math.max(count, 1) : 1
}

/** An index below `max`; null for anything else. An index is the upstream's word: without a bound, one could fill the memory. */
export function indexIn(value: Json, max: number): number | null {
  const index = asNumber(value) ?? -1
  return Number.isInteger(index) && index >= 0 && index < max ? index : null
}

/** Levels of a value that is written again; a tool's schema has some tens. */
const NESTING_MAX = 512

/**
 * JSON text of a parsed value; null where it is nested more than `NESTING_MAX` deep. A parser takes deeper nesting than
 * `JSON.stringify`, which needs seconds (JavaScriptCore) to run out of stack, and nothing else runs meanwhile.
 */
export function jsonText(value: Json): string | null {
  return isDeeper(value, NESTING_MAX) ? null : (JSON.stringify(value) ?? null)
}

function isDeeper(value: Json, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levels === 0) return true
  if (Array.isArray(value)) return value.some((item: Json) => isDeeper(item, levels - 1))
  for (const key in value) if (isDeeper((value as JsonRecord)[key], levels - 1)) return true
  return false
}

/** Adds a JSON value as its text and gives that text; what is nested too deeply is named instead, and its text is empty. */
export function addJsonValue(collector: Collector, origin: Origin, pointer: string, value: Json, name: string | null): string {
  const text = jsonText(value)
  if (text === null) collector.skip(pointer, 'nested too deeply')
  else collector.add(origin, pointer, text, { kind: 'json', name })
  return text ?? ''
}

/** Tool arguments and their like: text as it is, anything else as its JSON text, nothing for null. Gives the text. */
export function addTextOrJson(collector: Collector, origin: Origin, pointer: string, value: Json, name: string | null): string {
  if (value === undefined || value === null) return ''
  if (typeof value !== 'string') return addJsonValue(collector, origin, pointer, value, name)
  collector.add(origin, pointer, value, { name })
  return value
}

const CREDENTIAL_FIELDS: ReadonlySet<string> = new Set(['authorization', 'authorization_token', 'headers', 'api_key'])

/** A tool or MCP server definition without the secrets it carries for its server: those are for the provider alone. */
export function withoutCredentials(value: Json): Json {
  const record = asRecord(value)
  if (record === null || !Object.keys(record).some((key) => CREDENTIAL_FIELDS.has(key))) return value
  return Object.fromEntries(Object.entries(record).filter(([key]) => !CREDENTIAL_FIELDS.has(key)))
}

/** Calls `read` for every element; a value that should be an array and is not is named. */
export function eachElement(
  collector: Collector,
  value: Json,
  pointer: string,
  read: (element: Json, at: string) => void,
): void {
  if (value === undefined || value === null) return
  if (!Array.isArray(value)) return collector.skip(pointer, 'not an array')
  value.forEach((element: Json, i) => read(element, `${pointer}/${i}`))
}

/** Inspects a request body; one that is no JSON object has no segments and says so. */
export function inspectBody(body: Json | undefined, read: (collector: Collector, record: JsonRecord) => void): Inspection {
  const collector = createCollector()
  const record = asRecord(body)
  if (record === null) collector.skip('', body === undefined ? 'body is not JSON' : 'body is not an object')
  else read(collector, record)
  return collector.done()
}
