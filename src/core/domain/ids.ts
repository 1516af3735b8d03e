/** Identifiers that cross stages. They are made here (from untrusted text) or by an `IdSource` (fresh ones). */
import type { Brand } from './brand.ts'

/** 16 bytes, shown as a UUID in lower case; its W3C form is the same without dashes. */
export type TraceId = Brand<string, 'TraceId'>
/** 8 bytes as 16 lower-case hex digits. */
export type SpanId = Brand<string, 'SpanId'>
/** A UUID or a short slug: 1 to 64 of `A-Z a-z 0-9 . _ -`. */
export type TenantId = Brand<string, 'TenantId'>
export type ProjectId = Brand<string, 'ProjectId'>
export type KeyId = Brand<string, 'KeyId'>

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const HEX32 = /^[0-9a-f]{32}$/
const HEX16 = /^[0-9a-f]{16}$/
const TENANT = /^[A-Za-z0-9._-]{1,64}$/

/** Every gateway key begins so: by it a key of ours is told from a provider's, wherever it stands. */
export const GATEWAY_KEY_PREFIX = 'llmt_'

/** The tenant of everyone who names none in `auth.mode: open`. */
export const DEFAULT_TENANT = 'default' as TenantId

/** Reads a trace id as a UUID or as 32 hex digits; null for anything else, and for the all-zero id that W3C forbids. */
export function parseTraceId(text: string): TraceId | null {
  const lower = text.toLowerCase()
  const uuid = HEX32.test(lower) ? dashed(lower) : lower
  return UUID.test(uuid) && uuid !== '00000000-0000-0000-0000-000000000000' ? (uuid as TraceId) : null
}

/** Reads a span id of 16 hex digits; null for anything else and for the all-zero id. */
export function parseSpanId(text: string): SpanId | null {
  const lower = text.toLowerCase()
  return HEX16.test(lower) && lower !== '0000000000000000' ? (lower as SpanId) : null
}

/** Reads a tenant id from a header or a row; null where it is not one. */
export function parseTenantId(text: string): TenantId | null {
  return TENANT.test(text) ? (text as TenantId) : null
}

function dashed(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
