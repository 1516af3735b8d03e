/**
 * Takes matches out of the segments of a body, where they stand in its JSON. A segment is a string, JSON text in a string (then what
 * goes must lie inside of one string of it), or the JSON text of a value (then the strings in that value change).
 */
import type { Segment } from '../../domain/segment.ts'
import { createJsonPlace } from './json-place.ts'
import { innerStrings } from './inner-strings.ts'
import { replaceStrings, type JsonEdit, type RangeEdit } from './replace-strings.ts'

export type SegmentRedaction = { readonly segment: Segment; readonly ranges: readonly RangeEdit[] }

export type RedactedSegments = {
  readonly text: string
  /** Still there: ranges of what is no string, of a key, or of more than one string. A policy may want to block instead. */
  readonly unredacted: readonly SegmentRedaction[]
}

/** `json` is the body as it came, the segments those that were read out of it. Offsets are of a segment's text. */
export function redactSegments(json: string, redactions: readonly SegmentRedaction[]): RedactedSegments {
  const edits = new Map<JsonEdit, SegmentRedaction>()
  const unredacted: SegmentRedaction[] = []
  for (const redaction of redactions) {
    const { segment } = redaction
    const made = segment.kind === 'json' ? innerStrings(segment.text, segment.pointer, redaction.ranges) : textEdits(redaction)
    for (const edit of made.edits) edits.set(edit, redaction)
    if (made.outside.length > 0) unredacted.push({ segment, ranges: made.outside })
  }
  const replaced = replaceStrings(json, [...edits.keys()])
  const left = new Set(replaced.unredacted.map((edit) => edits.get(edit)))
  for (const redaction of left) if (redaction !== undefined) unredacted.push(redaction)
  return { text: replaced.text, unredacted }
}

function textEdits({ segment, ranges }: SegmentRedaction): {
  readonly edits: readonly JsonEdit[]
  readonly outside: readonly RangeEdit[]
} {
  const isJson = segment.origin === 'tool_call'
  const fitted = ranges.map((range) => (isJson ? fittingRange(segment.text, range) : range))
  const inside = fitted.filter((range) => range !== null)
  return {
    edits: inside.length === 0 ? [] : [{ pointer: segment.pointer, ranges: inside }],
    outside: ranges.filter((_range, i) => fitted[i] === null),
  }
}

/** A range of JSON text, so that no escape is cut; null where it does not lie inside of one string. Free text has any range. */
export function fittingRange(json: string, range: RangeEdit): RangeEdit | null {
  const { startUtf16, endUtf16 } = range
  const place = createJsonPlace()
  place.advance(json.slice(0, startUtf16))
  const within = place.within(json.slice(startUtf16, endUtf16), json.slice(endUtf16, endUtf16 + 6))
  if (within === null) return null
  return { ...range, startUtf16: Math.min(startUtf16 + within.skip, endUtf16), endUtf16: endUtf16 + within.extra }
}
