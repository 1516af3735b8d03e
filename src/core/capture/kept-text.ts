/** Which texts of a call are kept: all within the byte limit, the latest first where they do not fit, cut between code points. */
import type { Segment } from '../domain/segment.ts'
import type { CapturedText } from '../domain/span.ts'

const encoder = new TextEncoder()
const SCRATCH_BYTES = 16 * 1024
const COUNTED_CHARS_MAX = 4096

/** Segments kept of one side: a body of many tiny messages weighs more in their frames than in their texts. */
export const SEGMENTS_MAX = 4096
/** Characters of a tool's name and of a pointer, both in the caller's hand. */
const NAME_CHARS_MAX = 256
const POINTER_CHARS_MAX = 1024

/** The beginning of `text` of at most `charsMax` UTF-16 units, never half a surrogate pair. */
export function clipText(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text
  const last = text.charCodeAt(charsMax - 1)
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? charsMax - 1 : charsMax)
}

/** UTF-8 bytes of a text, without keeping an encoded copy. */
export function utf8Length(text: string): number {
  return text.length <= COUNTED_CHARS_MAX ? countedLength(text) : encodedLength(text)
}

/** Counting is fastest for the many short texts: a buffer to encode into would cost more than the text. */
function countedLength(text: string): number {
  let bytes = text.length
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) continue
    // Three bytes from U+0800 on; a surrogate pair has four, which is two a unit; a lone surrogate is encoded as U+FFFD.
    bytes += unit < 0x800 ? 1 : isPair(text, i) ? 1 : 2
  }
  return bytes
}

/** True for both units of a surrogate pair. */
function isPair(text: string, i: number): boolean {
  const unit = text.charCodeAt(i)
  if (unit < 0xd800 || unit > 0xdfff) return false
  const other = text.charCodeAt(unit < 0xdc00 ? i + 1 : i - 1)
  return unit < 0xdc00 ? other >= 0xdc00 && other <= 0xdfff : other >= 0xd800 && other < 0xdc00
}

function encodedLength(text: string): number {
  const scratch = new Uint8Array(SCRATCH_BYTES)
  let bytes = 0
  let at = 0
  while (at < text.length) {
    const { read, written } = encoder.encodeInto(at === 0 ? text : text.slice(at), scratch)
    bytes += written
    at += read
  }
  return bytes
}

/** The longest beginning of `text` of at most `bytesMax` bytes of UTF-8, never half a code point. */
export function cutUtf8(text: string, bytesMax: number): string {
  if (text.length * 3 <= bytesMax) return text
  const { read } = encoder.encodeInto(text, new Uint8Array(bytesMax))
  return text.slice(0, read)
}

/**
 * Keeps segments up to `bytesMax` bytes of UTF-8 and `SEGMENTS_MAX` in all. Where they do not fit, the last messages win over the
 * first ones and tool definitions come last, since the end of a conversation says what the call was about; order and pointers stay.
 */
export function keepText(segments: readonly Segment[], bytesMax: number): CapturedText {
  const sizes = segments.map((segment) => utf8Length(segment.text))
  const textBytes = sizes.reduce((sum, size) => sum + size, 0)
  if (textBytes <= bytesMax && segments.length <= SEGMENTS_MAX) {
    return { segments: segments.map(bounded), textBytes, isTruncated: false }
  }

  const kept = new Map<number, Segment>()
  let left = bytesMax
  for (const i of byImportance(segments)) {
    if (left <= 0 || kept.size >= SEGMENTS_MAX) break
    const segment = bounded(segments[i] as Segment)
    const size = sizes[i] as number
    const text = size <= left ? segment.text : cutUtf8(segment.text, left)
    left -= Math.min(size, left)
    if (text !== '') kept.set(i, text === segment.text ? segment : { ...segment, text })
  }
  return { segments: segments.flatMap((_, i) => kept.get(i) ?? []), textBytes, isTruncated: true }
}

function bounded(segment: Segment): Segment {
  const { name, pointer } = segment
  if (pointer.length <= POINTER_CHARS_MAX && (name === null || name.length <= NAME_CHARS_MAX)) return segment
  return {
    ...segment,
    name: name === null ? null : clipText(name, NAME_CHARS_MAX),
    pointer: clipText(pointer, POINTER_CHARS_MAX),
  }
}

function byImportance(segments: readonly Segment[]): readonly number[] {
  const order = segments.map((_, i) => segments.length - 1 - i)
  const isTool = (i: number): boolean => segments[i]?.origin === 'tool_definition'
  return [...order.filter((i) => !isTool(i)), ...order.filter(isTool)]
}
