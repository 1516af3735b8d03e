/** Loose reading of JSON that someone else wrote: a missing or odd field is null, never an exception. */

export type Json = unknown
export type JsonRecord = { readonly [key: string]: Json }

export function asRecord(value: Json): JsonRecord | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonRecord) : null
}

export function asArray(value: Json): readonly Json[] {
  return Array.isArray(value) ? value : []
}

export function asString(value: Json): string | null {
  return typeof value === 'string' ? value : null
}

/** A finite number; null otherwise. */
export function asNumber(value: Json): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

/** `JSON.parse` as a value: undefined where the text is not JSON (null is valid JSON). */
export function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

/** One reference token of a JSON pointer (RFC 6901 section 3). */
export function pointerToken(key: string | number): string {
  return typeof key === 'number' ? String(key) : key.replaceAll('~', '~0').replaceAll('/', '~1')
}
