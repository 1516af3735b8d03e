/** W3C Trace Context, level 1: `traceparent: 00-{trace}-{span}-{flags}`. A malformed one is ignored, as the specification asks. */
import { parseSpanId, parseTraceId, type SpanId, type TraceId } from '../domain/ids.ts'

const FORM = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/

export function parseTraceparent(header: string | null): { readonly traceId: TraceId; readonly spanId: SpanId } | null {
  if (header === null) return null
  const match = FORM.exec(header.trim())
  if (match === null || match[1] === 'ff' || (match[1] === '00' && match[5] !== undefined)) return null
  const traceId = parseTraceId(match[2] ?? '')
  const spanId = parseSpanId(match[3] ?? '')
  return traceId === null || spanId === null ? null : { traceId, spanId }
}
