/** What tests of dialects share: pushing a stream's payloads, resolving JSON pointers, and odd JSON for properties. */
import { array, constantFrom, dictionary, letrec, oneof, string, tuple, type Arbitrary } from 'fast-check'
import type { Assembler, Delta, Dialect } from '../../src/core/dialects/dialect.ts'
import { createSseReader } from '../../src/core/dialects/framing/sse.ts'
import type { Json } from '../../src/core/domain/json.ts'
import type { Origin, Segment, SegmentKind } from '../../src/core/domain/segment.ts'

/** Pushes payloads in order; a fresh assembler unless one is given. */
export function assembled(
  dialect: Dialect,
  payloads: readonly Json[],
): { readonly assembler: Assembler; readonly deltas: readonly Delta[] } {
  const deltas: Delta[] = []
  const assembler = dialect.assemble((delta) => deltas.push(delta))
  for (const data of payloads) assembler.push({ event: null, data })
  return { assembler, deltas }
}

/** Reads SSE bytes, cut as given, through the real reader into a fresh assembler. */
export function assembledFromSse(
  dialect: Dialect,
  pieces: readonly Uint8Array[],
): { readonly assembler: Assembler; readonly deltas: readonly Delta[]; readonly ends: number; readonly unread: number } {
  const deltas: Delta[] = []
  const assembler = dialect.assemble((delta) => deltas.push(delta))
  let ends = 0
  let unread = 0
  const reader = createSseReader({ onEvent: assembler.push, onEnd: () => ends++, onUnread: () => unread++ })
  for (const piece of pieces) reader.push(piece)
  reader.end()
  return { assembler, deltas, ends, unread }
}

/** The value that an RFC 6901 pointer names; undefined where there is none. */
export function atPointer(body: Json, pointer: string): Json | undefined {
  let value: Json = body
  for (const token of pointer.split('/').slice(1)) {
    const key = token.replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as { [key: string]: Json })[key]
  }
  return value
}

/** Segments whose pointer does not lead to their text (for JSON: to any value that is no text). Empty when all is well. */
export function unresolved(body: Json, segments: readonly Segment[]): readonly Segment[] {
  return segments.filter(({ pointer, kind, text }) => {
    const value = atPointer(body, pointer)
    return kind === 'json' ? value === undefined || text === '' : value !== text
  })
}

/** What an SSE text says: `event` and parsed `data` of each event, or the bare data where it is not JSON. */
export function sseEvents(bytes: Uint8Array): readonly { readonly event: string | null; readonly data: Json }[] {
  const events: { event: string | null; data: Json }[] = []
  const reader = createSseReader({
    onEvent: (event) => events.push(event),
    onEnd: () => events.push({ event: null, data: '[DONE]' }),
    onUnread: () => events.push({ event: null, data: 'unread' }),
  })
  reader.push(bytes)
  reader.end()
  return events
}

/**
 * JSON that looks like a dialect's bodies without obeying it: its words as keys and as values, with any type in any place, and
 * names that an object has by birth.
 */
export function oddJson(words: readonly string[]): Arbitrary<Json> {
  const word = constantFrom(...words, '__proto__', 'constructor', 'toString', '', '~/')
  const { value } = letrec<{ value: Json; leaf: Json; array: Json[]; object: { [key: string]: Json } }>((tie) => ({
    value: oneof({ depthSize: 'medium', withCrossShrink: true }, tie('leaf'), tie('object'), tie('array')),
    leaf: oneof(
      { arbitrary: word, weight: 6 },
      string({ maxLength: 8 }),
      constantFrom<Json>(null, true, false, 0, 1, -1, 0.5, 1e308, 4097),
    ),
    array: array(tie('value'), { maxLength: 4 }),
    object: dictionary(word, tie('value'), { maxKeys: 7 }),
  }))
  // As a parser gives it: `__proto__` is a key like any other.
  return value.map((odd) => JSON.parse(JSON.stringify(odd)) as Json)
}

/** Arrays in arrays: deeper than `JSON.stringify` can write, though a parser takes it. */
export function deeplyNested(levels = 200_000): Json {
  return JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as Json
}

/** A segment in one line; kind `text` and no name unless said. */
export function segment(
  origin: Origin,
  pointer: string,
  text: string,
  more: { kind?: SegmentKind; name?: string } = {},
): Segment {
  return { origin, pointer, kind: more.kind ?? 'text', text, name: more.name ?? null }
}

/** A sound body with one to three of its values replaced by odd ones: wrong in few places, so that all of it is reached. */
export function damaged(sound: Json): Arbitrary<Json> {
  const places = placesOf(sound, '')
  const odd = oneof(
    constantFrom<Json>(null, true, 0, -1, 7, '', 'text', [], {}, [null], [[]], ['a', 1, {}], { type: 'text' }, { text: 1 }),
    oddJson(['type', 'text', 'content', 'name']),
  )
  return array(tuple(constantFrom(...places), odd), { minLength: 1, maxLength: 3 }).map((changes) => {
    let body = sound
    for (const [pointer, value] of changes) body = replaced(body, pointer.split('/').slice(1), value)
    return body
  })
}

function placesOf(value: Json, pointer: string): readonly string[] {
  if (typeof value !== 'object' || value === null) return [pointer]
  return [
    ...(pointer === '' ? [] : [pointer]),
    ...Object.entries(value).flatMap(([key, inner]) => placesOf(inner, `${pointer}/${key}`)),
  ]
}

function replaced(value: Json, path: readonly string[], odd: Json): Json {
  const [key, ...rest] = path
  if (key === undefined) return odd
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((inner: Json, i) => (String(i) === key ? replaced(inner, rest, odd) : inner))
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, name === key ? replaced(inner, rest, odd) : inner]),
  )
}
