/**
 * Which headers cross the gateway. Everything does but hop-by-hop headers (RFC 9110 section 7.6.1), what is ours, and what the
 * transport makes anew. Nothing that is ours reaches a provider.
 */
import type { Provider } from '../domain/gateway.ts'
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

/** `content-length` is the transport's; `accept-encoding` passes, so that the answer is compressed as the caller wants it. */
const NEVER_UPSTREAM: readonly string[] = [...HOP_BY_HOP, 'host', 'content-length', 'expect']

/** Headers that say how the caller reached us; a provider gets none of them. */
const EDGE: readonly string[] = ['cf-connecting-ip', 'cf-ipcountry', 'cf-ray', 'cf-visitor', 'cf-worker', 'cf-ew-via', 'cdn-loop']

const OURS = 'x-llmtrace-'

/** Where SDKs put their key. A gateway key found in one of them is taken out. */
export const KEY_HEADERS: readonly string[] = ['authorization', 'x-api-key', 'api-key', 'x-goog-api-key']

/** Request headers as the provider gets them. `hasGatewayKey` names the header that carried a key of ours, if one did. */
export function upstreamHeaders(headers: Headers, provider: Provider, dialect: DialectName, gatewayKeyHeader: string | null): Headers {
  const out = new Headers()
  const dropped = connectionTokens(headers)
  headers.forEach((value, name) => {
    if (name.startsWith(OURS) || name === gatewayKeyHeader) return
    if (NEVER_UPSTREAM.includes(name) || EDGE.includes(name) || dropped.includes(name)) return
    out.set(name, value)
  })
  for (const [name, value] of Object.entries(provider.headers)) out.set(name, value)
  if (provider.credential !== null) placeCredential(out, provider.credential, provider.name, dialect)
  return out
}

/** Puts a provider's key where that provider looks for it, in place of whatever key came in. */
function placeCredential(headers: Headers, credential: string, provider: string, dialect: DialectName): void {
  for (const name of KEY_HEADERS) headers.delete(name)
  if (dialect === 'anthropic-messages' && provider !== 'openrouter') headers.set('x-api-key', credential)
  else if (dialect === 'gemini') headers.set('x-goog-api-key', credential)
  else if (provider === 'azure') headers.set('api-key', credential)
  else headers.set('authorization', `Bearer ${credential}`)
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

/** Header names listed in `Connection:` are hop-by-hop too. */
function connectionTokens(headers: Headers): readonly string[] {
  const connection = headers.get('connection')
  if (connection === null || connection === 'keep-alive' || connection === 'close') return []
  return connection.split(',').map((token) => token.trim().toLowerCase())
}
