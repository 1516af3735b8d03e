/** E-mail addresses and web addresses with a password in them: what is found from an `@` or a `://`. */

/** RFC 5321. */
const LOCAL_MAX = 64
const DOMAIN_MAX = 253

export type Found = { readonly start: number; readonly end: number }

/** Letters that stand in the addresses of people: Latin, Greek, Cyrillic. Others run into addresses from the text round them. */
export function isWordCode(code: number): boolean {
  return (
    (code >= 97 && code <= 122) ||
    (code >= 65 && code <= 90) ||
    (code >= 48 && code <= 57) ||
    (code >= 0xc0 && code <= 0x24f && code !== 0xd7 && code !== 0xf7) ||
    (code >= 0x370 && code <= 0x52f) ||
    (code >= 0x1e00 && code <= 0x1fff)
  )
}

const LOCAL_SIGNS = new Set(Array.from("._%+-'&", (sign) => sign.charCodeAt(0)))
const HYPHEN = 45
const DOT = 46

/** Names of files and of remotes, not of people. */
const NO_TLD = /^(?:png|jpe?g|gif|svg|webp|ico|pdf|css|js|ts|json|html?|md|txt|local)$/i
const NO_PERSON = /^(?:git|hg|svn)$/i

/** The address round the `@` at `at`; null where it is none. */
export function emailAt(text: string, at: number): Found | null {
  let start = at
  while (start > 0 && at - start <= LOCAL_MAX) {
    const code = text.charCodeAt(start - 1)
    if (!isWordCode(code) && !LOCAL_SIGNS.has(code)) break
    start -= 1
  }
  if (at - start > LOCAL_MAX) return null
  while (start < at && !isWordCode(text.charCodeAt(start)) && text[start] !== '_' && text[start] !== '+') start += 1
  if (start === at || text.charCodeAt(at - 1) === DOT) return null
  const end = domainEnd(text, at + 1)
  if (end === null || NO_PERSON.test(text.slice(start, at))) return null
  return { start, end }
}

/** Where a domain with a top level ends that begins at `start`; null where there is none. */
function domainEnd(text: string, start: number): number | null {
  let end: number | null = null
  let label = start
  let i = start
  for (; i <= text.length && i - start <= DOMAIN_MAX; i += 1) {
    const code = i < text.length ? text.charCodeAt(i) : 0
    if (isWordCode(code) || code === HYPHEN) continue
    if (i === label) break
    const name = text.slice(label, i).replace(/-+$/, '')
    if (label > start && /^(?:\p{L}{2,24}|xn--[a-z0-9-]{2,59})$/iu.test(name) && !NO_TLD.test(name)) end = label + name.length
    if (code !== DOT) break
    label = i + 1
  }
  return end
}

const SCHEME_MAX = 20
const CREDENTIALS =
  /:\/\/([^\s\u0080-\u00bf\u0530-\uffff/@:"'<>`{}[\],;\\|]{0,128}):([^\s\u0080-\u00bf\u0530-\uffff/@"'<>`{}[\],;\\|]{1,256})@[A-Za-z0-9[][A-Za-z0-9.:\-\]]{0,253}/y
const NO_PASSWORD = /^(?:pass(?:word|wd)?|pwd|x+|\*+|\.+)$/i

/** The address whose `://` stands at `at`, if a user and a password stand in it; `scheme` in lower case. */
export function credentialsAt(text: string, at: number): (Found & { readonly scheme: string }) | null {
  CREDENTIALS.lastIndex = at
  const match = CREDENTIALS.exec(text)
  if (match === null || NO_PASSWORD.test(match[2] ?? '') || /^[%$]/.test(match[2] ?? '')) return null
  let start = at
  while (start > 0 && at - start < SCHEME_MAX && /[A-Za-z0-9+.-]/.test(text[start - 1] ?? '')) start -= 1
  return start === at ? null : { start, end: at + match[0].length, scheme: text.slice(start, at).toLowerCase() }
}

/** Schemes of stores and queues: what stands in them is a secret of a machine. */
export const isStoreScheme = (scheme: string): boolean =>
  /^(?:postgres(?:ql)?|mysql|mariadb|mongodb|redis|rediss|amqps?|mssql|sqlserver|oracle|clickhouse|cockroachdb|cassandra|neo4j|bolt|nats|kafka|ldaps?|smtps?|libsql|influxdb|elasticsearch|jdbc)(?:[+.:-]|$)/.test(
    scheme,
  )
