/** The opaque cursor of a list: the row id of the last row shown. It stays valid while rows are added and deleted. */
import { PortError } from '../../core/ports.ts'

const FORM = /^[0-9]{1,19}$/

export function cursorOf(seq: string): string {
  return btoa(seq).replaceAll('=', '')
}

/** Null for no cursor. Rejects what no store of ours wrote. */
export function readCursor(cursor: string | null): bigint | null {
  if (cursor === null) return null
  const seq =
    /^[A-Za-z0-9_-]{2,40}$/.test(cursor) && cursor.length % 4 !== 1
      ? atob(cursor.replaceAll('-', '+').replaceAll('_', '/'))
      : ''
  if (!FORM.test(seq)) throw new PortError('trace_store', 'the cursor is none of this store')
  return BigInt(seq)
}
