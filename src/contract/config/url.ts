/** Which URLs a configuration may name. Nothing here resolves a name or opens a connection. */

const LIBSQL_SCHEMES: ReadonlySet<string> = new Set(['libsql:', 'https:', 'http:', 'wss:', 'ws:'])

/** An absolute http(s) URL without user, password, query and fragment: a path may be put behind it. */
export function isBaseUrl(text: string): boolean {
  const url = URL.parse(text)
  if (url === null || !/^https?:\/\/[^/]/i.test(text) || /[?#\s\\]/.test(text)) return false
  return isWeb(url) && url.username === '' && url.password === '' && !text.includes('@')
}

/** A libSQL server. A token in the URL is refused: it has a key of its own, which is masked. */
export function isLibsqlUrl(text: string): boolean {
  const url = URL.parse(text)
  if (url === null || !LIBSQL_SCHEMES.has(url.protocol) || /[#\s\\@]/.test(text) || !/^[a-z]+:\/\/[^/?]/i.test(text))
    return false
  return [...url.searchParams.keys()].every((name) => name === 'tls')
}

/** Without its trailing slashes. */
export function withoutTrailingSlash(url: string): string {
  let end = url.length
  while (end > 0 && url[end - 1] === '/') end--
  return url.slice(0, end)
}

function isWeb(url: URL): boolean {
  return (url.protocol === 'http:' || url.protocol === 'https:') && url.hostname !== ''
}
