/** Texts of a value whose fields are the caller's own: a tool's result, a document of a retrieval, a row to rank. */
import { asRecord, pointerToken, type Json } from '../domain/json.ts'
import type { Origin } from '../domain/segment.ts'
import type { Collector } from './collector.ts'

/**
 * Adds a text as it is, a record field by field (texts as texts, the rest as JSON), anything else as JSON.
 * Texts are kept apart from JSON so that a rule sees a line break as one, and not as its escape.
 */
export function addStructured(collector: Collector, origin: Origin, pointer: string, value: Json, name: string | null): void {
  if (value === undefined || value === null) return
  if (typeof value === 'string') return collector.add(origin, pointer, value, { name })
  const record = asRecord(value)
  if (record === null) return collector.addJson(origin, pointer, value, name)
  for (const key of Object.keys(record)) {
    const at = `${pointer}/${pointerToken(key)}`
    const field = record[key]
    if (typeof field === 'string') collector.add(origin, at, field, { name })
    else if (field !== undefined && field !== null) collector.addJson(origin, at, field, name)
  }
}

/** A field that should be an array, item by item; some clients send a single item bare, and some servers take it. */
export function itemsOf(value: Json, pointer: string): readonly (readonly [item: Json, pointer: string])[] {
  if (value === undefined || value === null) return []
  return Array.isArray(value) ? value.map((item: Json, i) => [item, `${pointer}/${i}`] as const) : [[value, pointer]]
}

/** The JSON text of a tool call's arguments: an object in most dialects, a text in some; `{}` where there are none. */
export function argumentsText(value: Json): string {
  if (typeof value === 'string') return value
  return value === undefined || value === null ? '{}' : JSON.stringify(value)
}

/** Adds a tool call's arguments, and gives them as text. A text keeps its own words; an object is shown as JSON. */
export function addArguments(collector: Collector, pointer: string, value: Json, name: string): string {
  if (typeof value === 'string') collector.add('tool_call', pointer, value, { name })
  else if (value !== undefined && value !== null) collector.addJson('tool_call', pointer, value, name)
  return argumentsText(value)
}
