/** Texts of a value whose fields are the caller's own: a tool's result, a document of a retrieval, a row to rank. */
import { asRecord, pointerToken, type Json } from '../domain/json.ts'
import type { Origin } from '../domain/segment.ts'
import type { Collector } from './collector.ts'
import { addTextOrJson } from './fields.ts'

/**
 * Adds a text as it is, a record field by field (texts as texts, the rest as JSON), anything else as JSON.
 * Texts are kept apart from JSON so that a rule sees a line break as one, and not as its escape.
 */
export function addStructured(collector: Collector, origin: Origin, pointer: string, value: Json, name: string | null): void {
  const record = asRecord(value)
  if (record === null) return void addTextOrJson(collector, origin, pointer, value, name)
  for (const key of Object.keys(record)) {
    addTextOrJson(collector, origin, `${pointer}/${pointerToken(key)}`, record[key], name)
  }
}

/** A field that should be an array, item by item; some clients send a single item bare, and some servers take it. */
export function itemsOf(value: Json, pointer: string): readonly (readonly [item: Json, pointer: string])[] {
  if (value === undefined || value === null) return []
  return Array.isArray(value) ? value.map((item: Json, i) => [item, `${pointer}/${i}`] as const) : [[value, pointer]]
}

/** Keys and types of a body as a reason in a note: names, never free text. */
export function reasonOfKey(key: string | null): string {
  return key !== null && /^[a-zA-Z_]{1,32}$/.test(key) ? key : 'unknown part'
}
