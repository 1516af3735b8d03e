/**
 * A store's cursor means nothing under other filters or another order, and a made-up one is a caller's mistake, not the store's
 * failure. So the cursor that callers see carries a checksum of its question. It is no signature: there is no secret in a cursor.
 */
import type { FindingFilter, SpanFilter } from '../../core/domain/query.ts'

export type Question = { readonly route: string; readonly filter: SpanFilter | FindingFilter; readonly order: 'asc' | 'desc' }

/** Null stays null: the last page. */
export function sealCursor(cursor: string | null, question: Question): string | null {
  return cursor === null ? null : `${checksum(cursor, question)}.${cursor}`
}

/** The store's cursor; null where this was none of the same question. */
export function openCursor(text: string, question: Question): string | null {
  const at = text.indexOf('.')
  const cursor = text.slice(at + 1)
  return at !== -1 && text.slice(0, at) === checksum(cursor, question) ? cursor : null
}

/** FNV-1a over UTF-16 units, as 7 characters of base 36 at most. */
function checksum(cursor: string, { route, filter, order }: Question): string {
  const text = JSON.stringify([route, order, cursor, Object.entries(filter).toSorted(([a], [b]) => (a < b ? -1 : 1))])
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return (hash >>> 0).toString(36)
}
