/** Gathers segments while a dialect walks a body, and names what it had to pass over. */
import { asRecord, asString, type JsonRecord } from '../domain/json.ts'
import type { Inspection, Origin, Segment, SegmentKind, Uninspected } from '../domain/segment.ts'

export type Collector = {
  /** Empty texts are left out: there is nothing to inspect in them. */
  add(origin: Origin, pointer: string, text: string, more?: { kind?: SegmentKind; name?: string | null }): void
  skip(pointer: string, reason: string): void
  done(): Inspection
}

export function createCollector(): Collector {
  const segments: Segment[] = []
  const uninspected: Uninspected[] = []
  return {
    add: (origin, pointer, text, more) => {
      if (text !== '') segments.push({ origin, pointer, kind: more?.kind ?? 'text', text, name: more?.name ?? null })
    },
    skip: (pointer, reason) => uninspected.push({ pointer, reason }),
    done: () => ({ segments, uninspected }),
  }
}

/** The small settings of a request: every top-level field but those named, which carry texts or are shown elsewhere. */
export function parametersOf(body: JsonRecord, omit: ReadonlySet<string>): JsonRecord {
  // `fromEntries` keeps a field of any name, also `__proto__`.
  return Object.fromEntries(Object.entries(body).filter(([key]) => !omit.has(key)))
}

/** The error of an answer body: `{error: {type, message}}` or `{error: "text"}`; null where there is none. */
export function errorOf(body: JsonRecord): { readonly type: string | null; readonly message: string | null } | null {
  const error = body['error']
  if (error === undefined || error === null) return null
  const record = asRecord(error)
  if (record === null) return { type: null, message: asString(error) }
  return { type: asString(record['type']) ?? asString(record['status']), message: asString(record['message']) }
}
