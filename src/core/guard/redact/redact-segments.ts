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
  const { inside, outside } =
    segment.origin === 'tool_call' ? fittingRanges(segment.text, ranges) : { inside: ranges, outside: [] }
  return { edits: inside.length === 0 ? [] : [{ pointer: segment.pointer, ranges: inside }], outside }
}

/**
 * Ranges of JSON text, so that no escape is cut; `outside` are those that do not lie inside of one string each. Free text has any range.
 * Linear in the text, but for what overlaps.
 */
export function fittingRanges(
  json: string,
  ranges: readonly RangeEdit[],
): { readonly inside: readonly RangeEdit[]; readonly outside: readonly RangeEdit[] } {
  const inside: RangeEdit[] = []
  const outside: RangeEdit[] = []
  const place = createJsonPlace()
  let at = 0
  for (const range of [...ranges].sort((a, b) => a.startUtf16 - b.startUtf16)) {
    const { startUtf16, endUtf16 } = range
    place.advance(json.slice(at, startUtf16))
    at = Math.max(at, startUtf16)
    const within = place.within(json.slice(startUtf16, endUtf16), json.slice(endUtf16, endUtf16 + 6))
    if (within === null) outside.push(range)
    else inside.push({ ...range, startUtf16: Math.min(startUtf16 + within.skip, endUtf16), endUtf16: endUtf16 + within.extra })
  }
  return { inside, outside }
}
