/**
 * The inspect stage: bytes and dialect to one canonical view. It never fails: a body that is not JSON is forwarded untouched, and the
 * view says what could not be read.
 */
import type { Dialect, RequestTarget, RequestView } from '../dialects/dialect.ts'
import { parseJson } from '../domain/json.ts'
import { isNestedTooDeeply } from '../domain/nesting.ts'
import { EMPTY_INSPECTION, type Inspection } from '../domain/segment.ts'

/** A larger JSON body is forwarded but not parsed: parsing blocks the loop for about 4 ms a megabyte. */
export const PARSED_BYTES_MAX = 16 * 1024 * 1024

export type Inspected = {
  readonly view: RequestView
  /** Computed once, at the first call. */
  readonly inspection: () => Inspection
  /**
   * Why the body could not be read: `request.not_json`, `request.too_large_to_read`, `request.nested_too_deeply`,
   * `request.encoded`; null where it could.
   */
  readonly unread: string | null
}

const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: false })

export function inspect(body: Uint8Array | null, headers: Headers, dialect: Dialect, target: RequestTarget): Inspected {
  const { json, unread } = readBody(body, headers)
  const view = dialect.readRequest(json, target)
  let inspection: Inspection | null = null
  return {
    view,
    unread,
    // Without a body there is nothing that could have been missed.
    inspection: () => (inspection ??= json === undefined && unread === null ? EMPTY_INSPECTION : gathered(view)),
  }
}

/** A bug in a dialect must not fail the call: the view says that its parts are unread, and whoever judges it can act on that. */
function gathered(view: RequestView): Inspection {
  try {
    return view.inspect()
  } catch {
    return { segments: [], uninspected: [{ pointer: '', reason: 'reader failed' }] }
  }
}

function readBody(body: Uint8Array | null, headers: Headers): { readonly json: unknown; readonly unread: string | null } {
  if (body === null || body.byteLength === 0) return { json: undefined, unread: null }
  const encoding = headers.get('content-encoding')?.trim().toLowerCase() ?? ''
  if (encoding !== '' && encoding !== 'identity') return { json: undefined, unread: 'request.encoded' }
  if (body.byteLength > PARSED_BYTES_MAX) return { json: undefined, unread: 'request.too_large_to_read' }
  // Multipart and other binary uploads are told apart by their first byte, so that a wrong content-type still reads.
  if (!looksLikeJson(body)) return { json: undefined, unread: 'request.not_json' }
  if (isNestedTooDeeply(body)) return { json: undefined, unread: 'request.nested_too_deeply' }
  const json = parseJson(decoder.decode(body))
  return { json, unread: json === undefined ? 'request.not_json' : null }
}

/** The first byte that is not white space opens an object or an array. */
function looksLikeJson(body: Uint8Array): boolean {
  for (let i = 0; i < body.byteLength; i += 1) {
    const byte = body[i]
    if (byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d) continue
    // A byte order mark in front of JSON is common on Windows.
    if (byte === 0xef && body[i + 1] === 0xbb && body[i + 2] === 0xbf) {
      i += 2
      continue
    }
    return byte === 0x7b || byte === 0x5b
  }
  return false
}
