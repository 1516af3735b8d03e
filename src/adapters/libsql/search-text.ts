/**
 * Words for the full-text index and for a search in it, folded and parted the same way: letters and digits of any script, without
 * case, width and diacritics. Han and kana stand without spaces between words, so there each character is a word. Not understood:
 * grammar (no stemming), and words of scripts without spaces such as Thai.
 */
import type { TenantId } from '../../core/domain/ids.ts'
import type { Segment } from '../../core/domain/segment.ts'

/** Bytes of UTF-8 that the index takes of each side of a call: indexing is the dearest part of a write. */
export const SEARCH_BYTES_MAX = 4096
/** Words of one search; more are left out. */
const SEARCH_WORDS_MAX = 64

const encoder = new TextEncoder()

/**
 * What the index is given of a span: the latest of its prompt (agents resend their history, which older spans hold), the beginning of its
 * answer, and its tenant as a word of its own.
 */
export function wordsOf(tenantId: TenantId, input: readonly Segment[], output: readonly Segment[]): string {
  return `${tenantWord(tenantId)} ${fold(beginningOf(latestFirst(input)))} ${fold(beginningOf(output))}`
}

/** The FTS5 question for spans of the tenant (of any, where null) that hold every word of `text`; null where `text` holds none. */
export function matchOf(tenantId: TenantId | null, text: string): string | null {
  const words = [
    ...new Set(
      fold(text)
        .toLowerCase()
        .match(/[a-z0-9\u0080-\uffff]+/g) ?? [],
    ),
  ].slice(0, SEARCH_WORDS_MAX)
  if (words.length === 0) return null
  if (tenantId !== null) words.push(tenantWord(tenantId))
  return words.map((word) => `"${word}"`).join(' ')
}

/**
 * A word that no text can hold, since `fold` leaves no private-use character. A search so reads the tenant's own rows only, however
 * many rows of others hold its words.
 */
function tenantWord(tenantId: TenantId): string {
  let hex = ''
  for (const byte of encoder.encode(tenantId)) hex += byte.toString(16).padStart(2, '0')
  return `\ue000${hex}`
}

function latestFirst(segments: readonly Segment[]): readonly Segment[] {
  const texts = segments.filter(({ origin }) => origin !== 'tool_definition')
  return texts.toReversed()
}

function beginningOf(segments: readonly Segment[]): string {
  let text = ''
  for (const segment of segments) {
    if (text.length >= SEARCH_BYTES_MAX) break
    text += text === '' ? segment.text : `\n${segment.text}`
  }
  if (text.length * 3 <= SEARCH_BYTES_MAX) return text
  const { read } = encoder.encodeInto(text, new Uint8Array(SEARCH_BYTES_MAX))
  return text.slice(0, read)
}

/** ASCII needs no work here, neither in the index nor in a question: the tokenizer folds and parts it. */
function fold(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replace(/[^\x00-\x7f]+/g, foldRun)
}

function foldRun(run: string): string {
  // Most texts hold typographic quotes and dashes, and most nothing else.
  if (/^[\u00a0\u2000-\u206f]+$/.test(run)) return ' '
  return run
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}]+/gu, ' ')
    .replace(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/gu, ' $& ')
}
