/** The framing of a content type. */
import { createEventStreamSplitter } from './frames-event-stream.ts'
import { createJsonArraySplitter } from './frames-json-array.ts'
import { createNdjsonSplitter, createSseSplitter } from './frames-text.ts'
import type { FrameSplitter } from './frames.ts'

export type FramingName = 'sse' | 'ndjson' | 'event-stream' | 'json-array'

/** `application/stream+json` is Cohere's word for it. */
const TYPES: ReadonlyMap<string, FramingName> = new Map([
  ['text/event-stream', 'sse'],
  ['application/x-ndjson', 'ndjson'],
  ['application/ndjson', 'ndjson'],
  ['application/jsonl', 'ndjson'],
  ['application/stream+json', 'ndjson'],
  ['application/vnd.amazon.eventstream', 'event-stream'],
  // Only an array of chunks is read so: any other JSON goes on unread, for `redactBody`.
  ['application/json', 'json-array'],
])

/** Null where the body is no stream of events that can be read. */
export function framingOf(contentType: string): FramingName | null {
  return TYPES.get(contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '') ?? null
}

const SPLITTERS: { readonly [name in FramingName]: () => FrameSplitter } = {
  sse: createSseSplitter,
  ndjson: createNdjsonSplitter,
  'event-stream': createEventStreamSplitter,
  'json-array': createJsonArraySplitter,
}

export function splitterOf(framing: FramingName): FrameSplitter {
  return SPLITTERS[framing]()
}
