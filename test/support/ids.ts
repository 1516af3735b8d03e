/** Ids that count: the first trace is `…001`, the first span `0…01`. */
import type { SpanId, TraceId } from '../../src/core/domain/ids.ts'
import type { IdSource } from '../../src/core/ports.ts'

export function createCountedIds(): IdSource {
  let traces = 0
  let spans = 0
  let uuids = 0
  return {
    traceId: () => traceIdOf((traces += 1)),
    spanId: () => spanIdOf((spans += 1)),
    uuid: () => uuidOf('f', (uuids += 1)),
  }
}

export function traceIdOf(n: number): TraceId {
  return uuidOf('0', n) as TraceId
}

export function spanIdOf(n: number): SpanId {
  return n.toString(16).padStart(16, '0') as SpanId
}

function uuidOf(first: string, n: number): string {
  return `${first.repeat(8)}-0000-7000-8000-${n.toString(16).padStart(12, '0')}`
}
