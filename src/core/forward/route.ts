/**
 * Where a call goes: provider, upstream URL and dialect. A base URL comes from configuration only, never from a header, a body or a
 * path; the built URL is checked to be on the provider's own origin.
 */
import { dialectNamed, dialectOfPath } from '../dialects/registry.ts'
import type { Dialect, RequestTarget } from '../dialects/dialect.ts'
import { appError, type AppError } from '../domain/errors.ts'
import type { GatewayConfig, Provider } from '../domain/gateway.ts'
import { err, ok, type Result } from '../domain/result.ts'

export type Route = {
  readonly provider: Provider
  readonly dialect: Dialect
  readonly target: RequestTarget
  readonly url: string
}

const PREFIX = /^\/p\/([^/]+)(\/.*)?$/

/** Whose hostname it is, for `upstream_url`: the first row whose pattern fits. */
const PROVIDER_OF_HOST: readonly (readonly [RegExp, string])[] = [
  [/(^|\.)api\.openai\.com$/, 'openai'],
  [/(^|\.)api\.anthropic\.com$/, 'anthropic'],
  [/(^|\.)(openai|cognitiveservices|services\.ai)\.azure\.com$/, 'azure'],
  [/^bedrock-runtime[.-].*amazonaws\.com/, 'bedrock'],
  [/(^|\.)(generativelanguage|aiplatform)\.googleapis\.com$/, 'google'],
  [/(^|\.)groq\.com$/, 'groq'],
  [/(^|\.)mistral\.ai$/, 'mistral'],
  [/(^|\.)deepseek\.com$/, 'deepseek'],
  [/(^|\.)x\.ai$/, 'xai'],
  [/(^|\.)cohere\.(com|ai)$/, 'cohere'],
  [/(^|\.)openrouter\.ai$/, 'openrouter'],
]

/**
 * First that answers: `header` (X-LLMTrace-Provider), the `/p/{provider}` prefix, the dialect's default. With `upstream_url` set
 * every call goes there and the provider is told by header, then hostname, then dialect. Fails with `request.provider_unknown`.
 */
export function routeOf(
  config: GatewayConfig,
  target: RequestTarget,
  header: string | null,
): Result<Route, AppError> {
  const prefix = PREFIX.exec(target.path)
  const named = header ?? prefix?.[1] ?? null
  const path = prefix === null ? target.path : (prefix[2] ?? '/')
  const bare: RequestTarget = { path, search: target.search }
  const byPath = dialectOfPath(bare)

  if (config.upstreamUrl !== null) {
    const name = named ?? providerOfUrl(config.upstreamUrl) ?? byPath.provider
    const known = config.providers.get(name.toLowerCase())
    const provider: Provider = { ...(known ?? unlisted(name.toLowerCase())), baseUrl: config.upstreamUrl }
    return joined(provider, bare)
  }
  const name = (named ?? byPath.provider).toLowerCase()
  const provider = config.providers.get(name)
  if (provider === undefined) {
    return err(
      appError('request.provider_unknown', `provider "${printable(name)}" is not configured here`, {
        extra: { provider: printable(name) },
      }),
    )
  }
  return joined(provider, bare)
}

function joined(provider: Provider, target: RequestTarget): Result<Route, AppError> {
  if (provider.baseUrl === null) {
    return err(
      appError('request.provider_unknown', `provider "${provider.name}" has no base URL: set providers.${provider.name}.base_url`, {
        extra: { provider: provider.name },
      }),
    )
  }
  const base = new URL(provider.baseUrl)
  const basePath = base.pathname === '/' ? '' : base.pathname
  // A client whose base URL already carries the provider's own prefix must not get it twice.
  const hasPrefix = basePath !== '' && (target.path === basePath || target.path.startsWith(`${basePath}/`))
  const own: RequestTarget = hasPrefix ? { path: target.path.slice(basePath.length) || '/', search: target.search } : target
  const url = `${base.origin}${basePath}${own.path}${own.search}`
  if (!isOnOrigin(url, base.origin)) {
    return err(appError('request.malformed', 'the request path does not lead to the provider', { reason: `left ${base.origin}` }))
  }
  const dialect = provider.dialect === null ? dialectOfPath(own).dialect : dialectNamed(provider.dialect, own)
  return ok({ provider, dialect, target: own, url })
}

function isOnOrigin(url: string, origin: string): boolean {
  try {
    return new URL(url).origin === origin
  } catch {
    return false
  }
}

function providerOfUrl(url: string): string | null {
  const { hostname, port } = new URL(url)
  if (port === '11434') return 'ollama'
  return PROVIDER_OF_HOST.find(([pattern]) => pattern.test(hostname))?.[1] ?? null
}

function unlisted(name: string): Provider {
  return { name, baseUrl: null, dialect: null, credential: null, headers: {}, aws: null }
}

/** A caller's text in an error message: bounded and printable. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 64)
}
