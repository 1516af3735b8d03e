/** Checks that hold for every dialect: pointers that resolve, readers that never throw, streams that survive any cut. */
import { expect } from 'bun:test'
import * as fc from 'fast-check'
import type { AnswerView, Assembler, Delta, Dialect, RequestTarget, StreamEvent } from '../../src/core/dialects/dialect.ts'
import type { FrameReader, FrameSink } from '../../src/core/dialects/framing/frame-reader.ts'
import type { JsonRecord } from '../../src/core/domain/json.ts'
import type { Inspection, Segment } from '../../src/core/domain/segment.ts'

export function target(path: string, search = ''): RequestTarget {
  return { path, search }
}

export function segment(origin: Segment['origin'], pointer: string, text: string, more: Partial<Segment> = {}): Segment {
  return { origin, pointer, kind: 'text', text, name: null, ...more }
}

/** The value an RFC 6901 pointer leads to; undefined where it leads nowhere. */
export function valueAt(pointer: string, body: unknown): unknown {
  if (pointer === '') return body
  let value = body
  for (const token of pointer.split('/').slice(1)) {
    const key = token.replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as { [key: string]: unknown })[key]
  }
  return value
}

/** Every text segment stands in the body word for word; a JSON segment is the value's JSON; every skipped part is there. */
export function expectPointersResolve(inspection: Inspection, body: unknown): void {
  for (const { pointer, kind, text } of inspection.segments) {
    const value = valueAt(pointer, body)
    if (kind !== 'json') expect({ pointer, value }).toEqual({ pointer, value: text })
    else expect({ pointer, isThere: value !== undefined }).toEqual({ pointer, isThere: true })
  }
  for (const { pointer } of inspection.uninspected) {
    expect({ pointer, isThere: valueAt(pointer, body) !== undefined }).toEqual({ pointer, isThere: true })
  }
}

export function inspected(dialect: Dialect, path: string, body: unknown): Inspection {
  const inspection = dialect.readRequest(body, target(path)).inspect()
  expectPointersResolve(inspection, body)
  return inspection
}

export function answered(dialect: Dialect, body: JsonRecord): AnswerView {
  const view = dialect.readAnswer(body)
  expectPointersResolve({ segments: view.segments, uninspected: [] }, body)
  return view
}

export type Assembled = {
  readonly body: JsonRecord | null
  readonly deltas: readonly Delta[]
  readonly hasContent: boolean
  readonly isComplete: boolean
  readonly assembler: Assembler
}

export function assembled(dialect: Dialect, events: readonly (StreamEvent | JsonRecord)[]): Assembled {
  const deltas: Delta[] = []
  const assembler = dialect.assemble((delta) => deltas.push(delta))
  const silent = dialect.assemble(null)
  for (const item of events) {
    const event = 'data' in item && 'event' in item ? (item as StreamEvent) : { event: null, data: item }
    assembler.push(event)
    silent.push(event)
  }
  // Whether anyone listens changes nothing.
  expect(silent.body()).toEqual(assembler.body())
  expect(silent.hasContent()).toBe(assembler.hasContent())
  return {
    body: assembler.body(),
    deltas,
    hasContent: assembler.hasContent(),
    isComplete: assembler.isComplete(),
    assembler,
  }
}

/** A stream's bytes through its framing into its dialect. */
export function streamed(
  dialect: Dialect,
  createReader: (sink: FrameSink) => FrameReader,
  pieces: readonly Uint8Array[],
): {
  readonly body: JsonRecord | null
  readonly isComplete: boolean
  readonly unread: number
  readonly deltas: readonly Delta[]
} {
  const deltas: Delta[] = []
  const assembler = dialect.assemble((delta) => deltas.push(delta))
  let unread = 0
  const reader = createReader({
    onEvent: (event) => assembler.push(event),
    onEnd: () => {},
    onUnread: () => {
      unread += 1
    },
  })
  for (const piece of pieces) reader.push(piece)
  reader.end()
  return { body: assembler.body(), isComplete: assembler.isComplete(), unread, deltas }
}

/** Texts by channel, in order of first sight. */
export function textsOf(deltas: readonly Delta[]): { readonly [channel: string]: string } {
  const texts: { [channel: string]: string } = {}
  for (const { channel, text } of deltas) texts[channel] = (texts[channel] ?? '') + text
  return texts
}

/** Keys that dialects look for, so that random JSON gets past the first check. */
function jsonWith(keys: readonly string[], words: readonly string[]): fc.Arbitrary<unknown> {
  return fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 6, depthSize: 'medium' },
      fc.constantFrom<unknown>(null, true, false, 0, 1, -1, 1.5, 1e9, '', 'text', '__proto__', ...words),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.constantFrom(...keys, 'constructor', '__proto__', 'hasOwnProperty', 'a/b~c'), tie('value'), {
        maxKeys: 6,
      }),
    ),
  })).value
}

/** Odd types never throw, every text's pointer resolves, and an assembled body can be read. */
export function expectNeverThrows(
  make: (path: RequestTarget) => Dialect,
  options: { readonly paths: readonly string[]; readonly keys: readonly string[]; readonly words: readonly string[] },
): void {
  const json = jsonWith(options.keys, options.words)
  const record = json.map((value) =>
    typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonRecord) : { value },
  )
  const event = fc.record({ event: fc.constantFrom(null, 'constructor', ...options.words), data: json })
  fc.assert(
    fc.property(
      fc.constantFrom(...options.paths),
      json,
      record,
      fc.array(event, { maxLength: 12 }),
      (path, body, answer, events) => {
        const dialect = make(target(path))
        const view = dialect.readRequest(body, target(path))
        expectPointersResolve(view.inspect(), body)
        JSON.stringify(view)
        answered(dialect, answer)
        const { body: merged, assembler } = assembled(dialect, events)
        if (merged !== null) answered(dialect, JSON.parse(JSON.stringify(merged)) as JsonRecord)
        expect(assembler.stop().length).toBeGreaterThan(0)
      },
    ),
    { numRuns: 500 },
  )
}

/** `wrap` applied to itself `depth` times: deeper than a stack, as some parsers give it. */
export function nested(wrap: (inner: unknown) => unknown, depth = 100_000): unknown {
  let value: unknown = {}
  for (let i = 0; i < depth; i++) value = wrap(value)
  return value
}
