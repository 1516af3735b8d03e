/**
 * Judges an unstreamed answer and takes out what the policy wants out, in the bytes that came: only strings that hold a match change,
 * wherever the answer repeats it (citations, histories, grounds), and the tokens that spell it are emptied.
 */
import { emptyCalls, type Dialect } from '../../dialects/dialect.ts'
import { asRecord, parseJson, pointerToken, type Json } from '../../domain/json.ts'
import { isNestedTooDeeply } from '../../domain/nesting.ts'
import type { Segment } from '../../domain/segment.ts'
import type { Judge, Judged, Place } from '../match.ts'
import { redactSegments, type SegmentRedaction } from './redact-segments.ts'
import { replaceStrings, type JsonEdit, type RangeEdit } from './replace-strings.ts'

export type BodyFinding = {
  readonly judged: Judged
  readonly segment: Segment
  readonly place: Place
  /** What matched, for its length and hash only; null where the whole text is meant. */
  readonly matched: string | null
}

export type RedactedBody = {
  /** The very same bytes where nothing changed. */
  readonly bytes: Uint8Array
  /** What the judge found, in the order of the body. Nothing is stopped here: a `block` is the caller's to act upon. */
  readonly judged: readonly BodyFinding[]
  /** What should have gone and could not, so that a policy may block instead. */
  readonly unredacted: readonly SegmentRedaction[]
  /** False where the body is no JSON object that could be read. An array of chunks is a stream: see `createStreamGuard`. */
  readonly isRead: boolean
}

/** A shorter text is not looked at for repeats. */
const REPEATED_CHARS_MIN = 6
/** Fields that spell a text once more, token by token. */
const TOKEN_FIELDS: ReadonlySet<string> = new Set(['logprobs', 'logprobsResult', 'logprobs_result', 'token_likelihoods'])

const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true })
const encoder = new TextEncoder()

/** Bytes that are no UTF-8 come out as U+FFFD where something else had to change. Linear in the body. */
export function redactBody(bytes: Uint8Array, dialect: Dialect, judge: Judge): RedactedBody {
  const unread: RedactedBody = { bytes, judged: [], unredacted: [], isRead: false }
  if (isNestedTooDeeply(bytes)) return unread
  const json = decoder.decode(bytes)
  const body = asRecord(parseJson(json.startsWith('\ufeff') ? json.slice(1) : json))
  if (body === null) return unread
  const judged: BodyFinding[] = []
  const redactions: SegmentRedaction[] = []
  const view = dialect.readAnswer(body)
  const segments = view.error === null ? view.segments : [...view.segments, ...errorTexts(body, view.segments)]
  for (const segment of [...segments, ...emptyCalls(view)]) {
    const place: Place = { direction: 'output', origin: segment.origin, toolName: segment.name }
    const ranges: RangeEdit[] = []
    for (const match of judge.judge(segment.text, place)) {
      const { range, action, tag } = match
      judged.push({
        judged: match,
        segment,
        place,
        matched: range === null ? null : segment.text.slice(range.startUtf16, range.endUtf16),
      })
      if (action === 'redact' && range !== null && tag !== null) ranges.push({ ...range, replacement: tag })
    }
    if (ranges.length > 0) redactions.push({ segment, ranges })
  }
  if (redactions.length === 0) return { bytes, judged, unredacted: [], isRead: true }
  const first = redactSegments(json, redactions)
  const repeats = repeatsIn(
    parseJson(first.text.replace(/^\ufeff/, '')),
    textsOf(redactions),
    judge,
    new Set(segments.map(({ pointer }) => pointer)),
  )
  const { text } = replaceStrings(first.text, repeats)
  return { bytes: encoder.encode(text), judged, unredacted: first.unredacted, isRead: true }
}

/** Every string of an error that is no segment: providers quote in them what was asked, and the keys it came with. */
function errorTexts(body: Json, known: readonly Segment[]): readonly Segment[] {
  const pointers = new Set(known.map(({ pointer }) => pointer))
  const texts: Segment[] = []

  function walk(inner: Json, pointer: string): void {
    if (pointers.has(pointer)) return
    if (typeof inner === 'string') {
      if (inner.length >= REPEATED_CHARS_MIN)
        texts.push({ origin: 'assistant', pointer, kind: 'text', text: inner, name: null })
    } else if (typeof inner === 'object' && inner !== null) {
      for (const [key, item] of Object.entries(inner)) walk(item, `${pointer}/${pointerToken(key)}`)
    }
  }

  walk(body, '')
  return texts
}

function textsOf(redactions: readonly SegmentRedaction[]): ReadonlySet<string> {
  return new Set(
    redactions.flatMap(({ segment, ranges }) =>
      ranges.map(({ startUtf16, endUtf16 }) => segment.text.slice(startUtf16, endUtf16)),
    ),
  )
}

const REPEATED: Place = { direction: 'output', origin: 'assistant', toolName: null }

/** The same matches in what is no segment, and the tokens. Recursion is bounded: the body's nesting was looked at. */
function repeatsIn(value: Json, texts: ReadonlySet<string>, judge: Judge, segments: ReadonlySet<string>): readonly JsonEdit[] {
  const edits: JsonEdit[] = []

  function walk(inner: Json, pointer: string): void {
    if (segments.has(pointer)) return
    if (typeof inner === 'string') {
      const ranges: RangeEdit[] = []
      for (const { range, action, tag } of inner.length < REPEATED_CHARS_MIN ? [] : judge.judge(inner, REPEATED)) {
        if (action !== 'redact' || range === null || tag === null) continue
        if (texts.has(inner.slice(range.startUtf16, range.endUtf16))) ranges.push({ ...range, replacement: tag })
      }
      if (ranges.length > 0) edits.push({ pointer, ranges })
    } else if (Array.isArray(inner)) inner.forEach((item: Json, i) => walk(item, `${pointer}/${i}`))
    else if (typeof inner === 'object' && inner !== null) {
      for (const [key, item] of Object.entries(inner)) {
        const at = `${pointer}/${pointerToken(key)}`
        if (TOKEN_FIELDS.has(key) && typeof item === 'object' && item !== null) {
          edits.push({ pointer: at, json: Array.isArray(item) ? '[]' : 'null' })
        } else walk(item, at)
      }
    }
  }

  walk(value, '')
  return edits
}
