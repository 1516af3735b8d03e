/**
 * Where a call goes: provider, upstream URL and dialect. A base URL comes from configuration only, never from a header, a body or a
 * path; the built URL is checked to be below the provider's own base URL, since a stored credential goes with it.
 */
import { dialectNamed, dialectOfPath } from '../dialects/registry.ts'
import type { Dialect, RequestTarget } from '../dialects/dialect.ts'
import { appError, type AppError } from '../domain/errors.ts'
import type { GatewayConfig, Provider } from '../domain/gateway.ts'
import { GATEWAY_KEY_PREFIX } from '../domain/ids.ts'
import { err, ok, type Result } from '../domain/result.ts'

export type Route = {
  readonly provider: Provider
  readonly dialect: Dialect
  /** The provider's own path, plain: for reading it, not for sending it. */
  readonly target: RequestTarget
  /** As the caller wrote it, but for keys in its query. */
  readonly url: string
}

const PREFIX = /^\/p\/([^/]+)(\/.*)?$/

/** Whose hostname it is, for `upstream_url`: the first row whose pattern fits. */
const PROVIDER_OF_HOST: readonly (readonly [RegExp, string])[] = [
  [/(^|\.)api\.openai\.com$/, 'openai'],
  [/(^|\.)api\.anthropic\.com$/, 'anthropic'],
  [/(^|\.)(openai|cognitiveservices|services\.ai)\.azure\.com$/, 'azure'],
  [/^bedrock-runtime[.-].*\.amazonaws\.com(\.cn)?$/, 'bedrock'],
  [/(^|[.-])(generativelanguage|aiplatform)\.googleapis\.com$/, 'google'],
  [/(^|\.)groq\.com$/, 'groq'],
  [/(^|\.)mistral\.ai$/, 'mistral'],
  [/(^|\.)deepseek\.com$/, 'deepseek'],
  [/(^|\.)x\.ai$/, 'xai'],
  [/(^|\.)cohere\.(com|ai)$/, 'cohere'],
  [/(^|\.)openrouter\.ai$/, 'openrouter'],
]

/** Segments of plain characters that do not begin with a dot. */
const PLAIN_PATH = /^(\/[A-Za-z0-9_:~-][A-Za-z0-9_:~.-]*)+$/

/** What may stand in a span and on a metric as a provider's name that no configuration lists. */
const PROVIDER_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/

/**
 * First that answers: `header` (X-LLMTrace-Provider), the `/p/{provider}` prefix, the dialect's default. With `upstream_url` set
 * every call goes there and the provider is told by header, prefix, hostname, then dialect. Fails with `request.provider_unknown`,
 * and with `request.malformed` for a path that would leave the provider's base URL.
 */
export function createRouter(config: GatewayConfig): Router {
  // URLs of the configuration, parsed once each: as many as there are providers.
  const bases = new Map<string, Base>()
  const baseOf = (url: string): Base => {
    let base = bases.get(url)
    if (base === undefined) {
      base = parseBase(url)
      bases.set(url, base)
    }
    return base
  }
  const upstreamProvider = config.upstreamUrl === null ? null : providerOfUrl(config.upstreamUrl)
  return (target, header) => routeOf(config, target, header, upstreamProvider, baseOf)
}

export type Router = (target: RequestTarget, header: string | null) => Result<Route, AppError>

type Base = { readonly origin: string; readonly path: string }

function parseBase(url: string): Base {
  const { origin, pathname } = new URL(url)
  return { origin, path: pathname === '/' ? '' : pathname }
}

function routeOf(
  config: GatewayConfig,
  target: RequestTarget,
  header: string | null,
  upstreamProvider: string | null,
  baseOf: (url: string) => Base,
): Result<Route, AppError> {
  const prefix = PREFIX.exec(target.path)
  const named = (header ?? prefix?.[1])?.toLowerCase() ?? null
  const path = prefix === null ? target.path : (prefix[2] ?? '/')
  const asked: RequestTarget = { path, search: target.search }

  if (config.upstreamUrl !== null) {
    const name = named ?? upstreamProvider ?? dialectOfPath({ ...asked, path: plainPath(path) }).provider
    const known = config.providers.get(name)
    if (known === undefined && !PROVIDER_NAME.test(name)) return err(unknownProvider(name))
    return joined({ ...(known ?? unlisted(name)), baseUrl: config.upstreamUrl }, asked, baseOf)
  }
  const name = named ?? dialectOfPath({ ...asked, path: plainPath(path) }).provider
  const provider = config.providers.get(name)
  return provider === undefined ? err(unknownProvider(name)) : joined(provider, asked, baseOf)
}

function unknownProvider(name: string): AppError {
  const shown = printable(name)
  return appError('request.provider_unknown', `provider "${shown}" is not configured here`, { extra: { provider: shown } })
}

function joined(provider: Provider, asked: RequestTarget, baseOf: (url: string) => Base): Result<Route, AppError> {
  if (provider.baseUrl === null) {
    return err(
      appError(
        'request.provider_unknown',
        `provider "${provider.name}" has no base URL: set providers.${provider.name}.base_url`,
        {
          extra: { provider: provider.name },
        },
      ),
    )
  }
  const base = baseOf(provider.baseUrl)
  const basePath = base.path
  const ownPath = asked.path.slice(overlapOf(basePath, asked.path))
  const url = `${base.origin}${basePath}${ownPath}`
  const sentPath = pathUnder(url, base.origin, basePath, ownPath)
  if (sentPath === null) {
    return err(
      appError('request.malformed', 'the request path does not lead to the provider', { reason: `left ${base.origin}` }),
    )
  }
  const own: RequestTarget = { path: plainPath(sentPath), search: asked.search }
  const dialect = dialectFor(provider, own, asked)
  return ok({ provider, dialect, target: own, url: `${url}${upstreamSearch(asked.search, provider, dialect)}` })
}

/** A dialect is told by the provider's own path; by the asked one where the base URL took away what tells it (`/api` of Ollama). */
function dialectFor(provider: Provider, own: RequestTarget, asked: RequestTarget): Dialect {
  if (provider.dialect !== null) return dialectNamed(provider.dialect, own)
  const { dialect } = dialectOfPath(own)
  if (dialect.name !== 'opaque') return dialect
  const byAsked = dialectOfPath({ ...asked, path: plainPath(asked.path) }).dialect
  return byAsked.name === 'azure-openai' ? dialect : byAsked
}

/**
 * How much of the path's beginning repeats the base path's end, in whole segments: a client whose base URL already carries the
 * provider's own prefix, or its `/v1`, must not get it twice.
 */
function overlapOf(basePath: string, path: string): number {
  for (let at = basePath === '' ? -1 : 0; at !== -1; at = basePath.indexOf('/', at + 1)) {
    const end = basePath.slice(at)
    if (path === end || path.startsWith(`${end}/`)) return end.length
  }
  return 0
}

/**
 * The path below `basePath` that the transport will really ask for (`..`, backslashes and their escapes resolved); null where it, or
 * what a server makes of it that undoes escaped slashes first, leaves the base.
 */
function pathUnder(url: string, origin: string, basePath: string, ownPath: string): string | null {
  // Nearly every path is one of these, which no parser changes.
  if (PLAIN_PATH.test(ownPath)) return ownPath
  if (!URL.canParse(url)) return null
  const { origin: sentTo, pathname } = new URL(url)
  const undone = new URL(`${origin}${pathname.replace(/%(2f|5c)/gi, '/')}`).pathname
  const isUnder = (path: string): boolean => path === basePath || path.startsWith(`${basePath}/`)
  return sentTo === origin && isUnder(pathname) && isUnder(undone) ? pathname.slice(basePath.length) || '/' : null
}

/**
 * A path as a lenient server reads it: escapes of plain characters undone (RFC 3986 section 6.2.2.2), slashes in a row as one, none at
 * the end. For telling the dialect only: otherwise `/v1/ch%61t/completions` would be a way around whoever reads chats.
 */
function plainPath(path: string): string {
  const unescaped = path.includes('%')
    ? path.replace(/%([0-9a-f]{2})/gi, (escape, hex: string) => {
        const char = String.fromCharCode(parseInt(hex, 16))
        return /[A-Za-z0-9._~:-]/.test(char) ? char : escape
      })
    : path
  const single = unescaped.replaceAll('\\', '/').replace(/\/{2,}/g, '/')
  return single.length > 1 && single.endsWith('/') ? single.slice(0, -1) : single
}

/** The query without keys of ours, and without the caller's own (Gemini takes one there) where the provider has a configured one. */
function upstreamSearch(search: string, provider: Provider, dialect: Dialect): string {
  const isReplaced = provider.credential !== null && (dialect.name === 'gemini' || provider.name === 'google')
  if (!isReplaced && !search.includes(GATEWAY_KEY_PREFIX) && !search.includes('%')) return search
  const pairs = search.slice(1).split('&')
  const kept = pairs
    .map((pair) => [pair, unescaped(pair)] as const)
    .filter(([, plain]) => !plain.includes(GATEWAY_KEY_PREFIX) && !(isReplaced && plain.startsWith('key=')))
    .map(([pair]) => pair)
  if (kept.length === pairs.length) return search
  return kept.length === 0 ? '' : `?${kept.join('&')}`
}

/** A pair as the provider reads it; as it is where its escapes are none. */
function unescaped(pair: string): string {
  try {
    return decodeURIComponent(pair)
  } catch {
    return pair
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
