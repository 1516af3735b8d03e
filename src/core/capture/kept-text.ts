/** Which texts of a call are kept: all within the byte limit, the latest first where they do not fit, cut between code points. */
import type { Segment } from '../domain/segment.ts'
import type { CapturedText } from '../domain/span.ts'

const encoder = new TextEncoder()
const SCRATCH_BYTES = 64 * 1024

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
 * Keeps segments up to `bytesMax` bytes of UTF-8 in all. Where they do not fit, the last messages win over the first ones and tool
 * definitions come last, since the end of a conversation says what the call was about; order and pointers stay.
 */
export function keepText(segments: readonly Segment[], bytesMax: number): CapturedText {
  const scratch = new Uint8Array(SCRATCH_BYTES)
  const sizes = segments.map((segment) => utf8Length(segment.text, scratch))
  const textBytes = sizes.reduce((sum, size) => sum + size, 0)
  if (textBytes <= bytesMax) return { segments, textBytes, isTruncated: false }

  const kept = new Map<number, Segment>()
  let left = bytesMax
  for (const i of byImportance(segments)) {
    if (left <= 0) break
    const segment = segments[i] as Segment
    const size = sizes[i] as number
    const text = size <= left ? segment.text : cutUtf8(segment.text, left)
    left -= Math.min(size, left)
    if (text !== '') kept.set(i, text === segment.text ? segment : { ...segment, text })
  }
  return { segments: segments.flatMap((_, i) => kept.get(i) ?? []), textBytes, isTruncated: true }
}

function byImportance(segments: readonly Segment[]): readonly number[] {
  const order = segments.map((_, i) => segments.length - 1 - i)
  const isTool = (i: number): boolean => segments[i]?.origin === 'tool_definition'
  return [...order.filter((i) => !isTool(i)), ...order.filter(isTool)]
}
