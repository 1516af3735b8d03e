/** Which texts of a call are kept: all within the byte limit, the latest first where they do not fit, cut between code points. */
import type { Segment } from '../domain/segment.ts'
import type { CapturedText } from '../domain/span.ts'

const encoder = new TextEncoder()
const SCRATCH_BYTES = 64 * 1024

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
export function utf8Length(text: string, scratch: Uint8Array): number {
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
  const scratch = new Uint8Array(SCRATCH_BYTES)
  const sizes = segments.map((segment) => utf8Length(segment.text, scratch))
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
