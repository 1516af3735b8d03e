/**
 * The identify stage: who calls. The tenant comes from the key (or, in open mode and with the root key, from a header), never from a
 * body. A key is looked for wherever an SDK puts one, and is never logged. Texts of refusals are generic: the reason goes to the span.
 */
import { constantTimeEqual } from '../domain/constant-time.ts'
import { appError, type AppError } from '../domain/errors.ts'
import type { GatewayConfig } from '../domain/gateway.ts'
import { DEFAULT_TENANT, GATEWAY_KEY_PREFIX, parseTenantId, type TenantId } from '../domain/ids.ts'
import { err, ok, type Result } from '../domain/result.ts'
import type { ApiKey, Caller, Role } from '../domain/tenant.ts'
import { PortError, type Clock, type IdSource, type KeyStore } from '../ports.ts'
import { parseTraceparent } from './trace-context.ts'

const ATTRIBUTE = /^[\x20-\x7e]{1,128}$/
const TAGS_MAX = 16
const TAG_CHARS_MAX = 128

/** In the order in which they are looked at; `x-llmtrace-key` is ours alone. */
const KEY_PLACES: readonly string[] = ['x-llmtrace-key', 'authorization', 'x-api-key', 'api-key', 'x-goog-api-key']

export type IdentifyDeps = {
  readonly auth: GatewayConfig['auth']
  readonly keys: KeyStore
  readonly clock: Clock
  readonly ids: IdSource
}

export type Identified = {
  readonly caller: Caller
  /** The header that carried a key of ours and must not go upstream; null where the caller's own provider key stands there. */
  readonly gatewayKeyHeader: string | null
}

/**
 * Fails with `auth.required` (no key, unknown, expired or revoked key), `auth.denied` (a key without the right) and
 * `request.malformed` (an attribution header out of bounds) and `gateway.unavailable` (the key store does not answer).
 */
export async function identify(headers: Headers, deps: IdentifyDeps): Promise<Result<Identified, AppError>> {
  const attributes = readAttributes(headers, deps.ids)
  if (!attributes.ok) return attributes
  const found = findKey(headers, deps.auth.adminKey)
  const named = readTenant(headers)
  if (!named.ok) return named

  if (found === null) {
    if (deps.auth.mode === 'required') return err(authRequired('no gateway key'))
    // Open mode is one person's own machine: whoever reaches it may do everything.
    return ok(identified(attributes.value, named.value ?? DEFAULT_TENANT, 'root', null))
  }
  if (isRootKey(found.secret, deps.auth.adminKey)) {
    return ok(identified(attributes.value, named.value ?? DEFAULT_TENANT, 'root', found.header))
  }
  const key = await findStored(deps.keys, found.secret)
  if (key === 'unavailable') {
    return err(appError('gateway.unavailable', 'the gateway cannot check keys right now', { reason: 'key store down' }))
  }
  if (key === null) return err(authRequired('unknown key'))
  const now = deps.clock.now()
  if (key.revokedAt !== null && key.revokedAt <= now) return err(authRequired('revoked key'))
  if (key.expiresAt !== null && key.expiresAt <= now) return err(authRequired('expired key'))
  if (named.value !== null && named.value !== key.tenantId) {
    return err(appError('auth.denied', 'this key may not do that', { reason: 'tenant header differs from the key' }))
  }
  const base = identified(attributes.value, key.tenantId, key.role, found.header)
  return ok({ ...base, caller: { ...base.caller, projectId: key.projectId, keyId: key.id } })
}

/** A store that does not answer is told apart from a key that it does not know. */
async function findStored(keys: KeyStore, secret: string): Promise<ApiKey | null | 'unavailable'> {
  try {
    return await keys.find(secret)
  } catch (error) {
    if (error instanceof PortError) return 'unavailable'
    throw error
  }
}

function authRequired(reason: string): AppError {
  return appError('auth.required', 'a valid gateway key is required', { reason })
}

type Attributes = Pick<Caller, 'agentId' | 'userId' | 'sessionId' | 'tags' | 'traceId' | 'parentSpanId'>

function identified(attributes: Attributes, tenantId: TenantId, role: Role, gatewayKeyHeader: string | null): Identified {
  return { caller: { tenantId, projectId: null, keyId: null, role, ...attributes }, gatewayKeyHeader }
}

/** A key of ours: by its prefix in a shared place, by the header's name in our own. */
function findKey(headers: Headers, adminKey: string | null): { readonly secret: string; readonly header: string } | null {
  for (const header of KEY_PLACES) {
    const value = headers.get(header)
    if (value === null) continue
    const secret = header === 'authorization' ? value.replace(/^bearer\s+/i, '').trim() : value.trim()
    const isOurs = header === 'x-llmtrace-key' || secret.startsWith(GATEWAY_KEY_PREFIX)
    if (isOurs || isRootKey(secret, adminKey)) return { secret, header }
  }
  return null
}

/** An empty root key is none: otherwise an empty header would be it. */
function isRootKey(secret: string, adminKey: string | null): boolean {
  return adminKey !== null && adminKey !== '' && constantTimeEqual(secret, adminKey)
}

function readTenant(headers: Headers): Result<TenantId | null, AppError> {
  const value = headers.get('x-llmtrace-tenant-id')
  if (value === null) return ok(null)
  const tenantId = parseTenantId(value)
  if (tenantId === null) return err(badHeader('X-LLMTrace-Tenant-ID', 'a UUID, or 1 to 64 of A-Z a-z 0-9 . _ -'))
  return ok(tenantId)
}

function readAttributes(headers: Headers, ids: IdSource): Result<Attributes, AppError> {
  const values: { [name: string]: string | null } = {}
  for (const name of ['Agent', 'User', 'Session']) {
    const value = headers.get(`x-llmtrace-${name.toLowerCase()}-id`)
    if (value !== null && !ATTRIBUTE.test(value))
      return err(badHeader(`X-LLMTrace-${name}-ID`, '1 to 128 printable characters'))
    values[name] = value
  }
  const tags = readTags(headers.get('x-llmtrace-tags'))
  if (!tags.ok) return tags
  const context = parseTraceparent(headers.get('traceparent'))
  return ok({
    agentId: values['Agent'] ?? null,
    userId: values['User'] ?? null,
    sessionId: values['Session'] ?? null,
    tags: tags.value,
    traceId: context?.traceId ?? ids.traceId(),
    parentSpanId: context?.spanId ?? null,
  })
}

const NO_TAGS: { readonly [key: string]: string } = {}

function readTags(header: string | null): Result<{ readonly [key: string]: string }, AppError> {
  if (header === null) return ok(NO_TAGS)
  const rule = `at most ${TAGS_MAX} of key=value, separated by commas, each at most ${TAG_CHARS_MAX} printable characters`
  const tags: { [key: string]: string } = Object.create(null) as { [key: string]: string }
  const pairs = header.split(',').filter((pair) => pair.trim() !== '')
  if (pairs.length > TAGS_MAX) return err(badHeader('X-LLMTrace-Tags', rule))
  for (const pair of pairs) {
    const at = pair.indexOf('=')
    const key = pair.slice(0, at).trim()
    const value = pair.slice(at + 1).trim()
    if (at === -1 || !ATTRIBUTE.test(key) || (value !== '' && !ATTRIBUTE.test(value)))
      return err(badHeader('X-LLMTrace-Tags', rule))
    tags[key] = value
  }
  return ok({ ...tags })
}

function badHeader(name: string, rule: string): AppError {
  return appError('request.malformed', `header ${name} must be ${rule}`, { extra: { header: name } })
}
