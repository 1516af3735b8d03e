/** The opaque cursor of a list: the place of the last row shown. It stays valid while rows are added and deleted. */
import { PortError } from '../../core/ports.ts'

const SEQ = /^([0-9]{1,19})$/
const SEQ_AND_POSITION = /^([0-9]{1,19})\.([0-9]{1,9})$/

/** `place` is a row id, or `row id.position` where a span has several rows. */
export function cursorOf(place: string): string {
  return btoa(place).replaceAll('=', '')
}

/** Null for no cursor. Rejects what no store of ours wrote. */
export function readCursor(cursor: string | null): bigint | null {
  return cursor === null ? null : BigInt(partsOf(cursor, SEQ)[0] ?? '')
}

/** The same for a list with several rows a span. */
export function readPlaceCursor(cursor: string | null): { readonly seq: bigint; readonly position: number } | null {
  if (cursor === null) return null
  const [seq = '', position] = partsOf(cursor, SEQ_AND_POSITION)
  return { seq: BigInt(seq), position: Number(position) }
}

function partsOf(cursor: string, form: RegExp): readonly string[] {
  const isBase64 = /^[A-Za-z0-9_-]{2,40}$/.test(cursor) && cursor.length % 4 !== 1
  const parts = form.exec(isBase64 ? atob(cursor.replaceAll('-', '+').replaceAll('_', '/')) : '')
  if (parts === null) throw new PortError('trace_store', 'the cursor is none of this store')
  return parts.slice(1)
}
