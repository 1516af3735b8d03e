/**
 * Which headers cross the gateway. Everything does but hop-by-hop headers (RFC 9110 section 7.6.1), what is ours, and what the
 * transport makes anew. Nothing that is ours reaches a provider: no header of ours, and no gateway key in whatever header it stands.
 */
import { constantTimeEqual } from '../domain/constant-time.ts'
import type { Provider } from '../domain/gateway.ts'
import { GATEWAY_KEY_PREFIX } from '../domain/ids.ts'
import type { DialectName } from '../domain/span.ts'

const HOP_BY_HOP: readonly string[] = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]

/** Trace context ends here: the span joins the caller's trace, and the provider learns nothing of it. */
const TRACE_CONTEXT: readonly string[] = ['traceparent', 'tracestate']

/** Headers that say how the caller reached us; a provider gets none of them. */
const EDGE: readonly string[] = [
  'cdn-loop',
  'cf-connecting-ip',
  'cf-connecting-ipv6',
  'cf-ew-via',
  'cf-ipcountry',
  'cf-pseudo-ipv4',
  'cf-ray',
  'cf-visitor',
  'cf-worker',
  'forwarded',
  'true-client-ip',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-real-ip',
]

/** `content-length` is the transport's; `accept-encoding` passes, so that the answer is compressed as the caller wants it. */
const NEVER_UPSTREAM: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  ...TRACE_CONTEXT,
  ...EDGE,
  'host',
  'content-length',
  'expect',
])

const OURS = 'x-llmtrace-'

/** Where SDKs put their key. A gateway key found in one of them is taken out. */
export const KEY_HEADERS: readonly string[] = ['authorization', 'x-api-key', 'api-key', 'x-goog-api-key']

/**
 * Request headers as the provider gets them. `gatewayKeyHeader` names the header in which the caller's key of ours stood; a second key
 * of ours elsewhere, and the root key (`adminKey`) in a key's place, are left out as well. The provider's configured headers win over
 * everything.
 */
export function upstreamHeaders(
  headers: Headers,
  provider: Provider,
  dialect: DialectName,
  gatewayKeyHeader: string | null,
  adminKey: string | null = null,
): Headers {
  const out = new Headers()
  const dropped = connectionTokens(headers)
  headers.forEach((value, name) => {
    if (name.startsWith(OURS) || name === gatewayKeyHeader) return
    if (NEVER_UPSTREAM.has(name) || dropped.includes(name)) return
    if (value.includes(GATEWAY_KEY_PREFIX) || (adminKey !== null && isKeyHeaderWith(name, value, adminKey))) return
    out.set(name, value)
  })
  // A key of the caller's own would be a second identity beside the configured one.
  if (provider.credential !== null || provider.aws !== null) for (const name of KEY_HEADERS) out.delete(name)
  if (provider.credential !== null) {
    const [name, value] = placeOf(provider.credential, provider.name, dialect)
    out.set(name, value)
  }
  for (const [name, value] of Object.entries(provider.headers)) out.set(name, value)
  return out
}

function isKeyHeaderWith(name: string, value: string, key: string): boolean {
  return KEY_HEADERS.includes(name) && constantTimeEqual(value.replace(/^bearer\s+/i, ''), key)
}

/**
 * Where a provider looks for its key: by dialect, and by provider for paths that no dialect reads (files, models, batches). Whoever
 * speaks OpenAI's formats also takes the key as OpenAI does, but for Azure.
 */
function placeOf(credential: string, provider: string, dialect: DialectName): readonly [name: string, value: string] {
  const bearer = ['authorization', `Bearer ${credential}`] as const
  if (dialect === 'azure-openai') return ['api-key', credential]
  if (dialect === 'anthropic-messages') return provider === 'openrouter' ? bearer : ['x-api-key', credential]
  if (dialect === 'gemini') return ['x-goog-api-key', credential]
  if (provider === 'azure') return ['api-key', credential]
  if (dialect !== 'opaque') return bearer
  if (provider === 'anthropic') return ['x-api-key', credential]
  if (provider === 'google') return ['x-goog-api-key', credential]
  return bearer
}

/** Answer headers as the caller gets them, a fresh and mutable copy. A body that the runtime decoded loses its encoding. */
export function answerHeaders(headers: Headers, isDecoded: boolean): Headers {
  const out = new Headers(headers)
  const dropped = connectionTokens(headers)
  for (const name of HOP_BY_HOP) out.delete(name)
  for (const name of dropped) out.delete(name)
  if (isDecoded && out.has('content-encoding')) {
    out.delete('content-encoding')
    out.delete('content-length')
  }
  return out
}

/** Header names listed in `Connection:` are hop-by-hop too. What is no name is passed over: `Headers` would throw at it. */
function connectionTokens(headers: Headers): readonly string[] {
  const connection = headers.get('connection')
  if (connection === null || connection === 'keep-alive' || connection === 'close') return []
  return connection
    .split(',')
    .map((token) => token.trim().toLowerCase())
    .filter((token) => TOKEN.test(token))
}

/** RFC 9110 section 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]+$/
