/**
 * Judges a URL by what it leads to and carries, read with the URL class rather than as text. It looks no name up and follows no
 * redirect: a name that resolves to a private address is the caller's network to refuse.
 */
import type { Severity } from '../../domain/finding.ts'
import type { Match } from '../match.ts'
import { createMatches, matchOf, SINCE, type TextRule } from './action-match.ts'
import { readHost, type Host } from './host.ts'
import { latinLook } from './look-alikes.ts'
import { decodePunycode } from './punycode.ts'
import { scanPath } from './scan-path.ts'

/** Characters of a URL that are read. Browsers and servers take far less. */
export const URL_CHARS_MAX = 16 * 1024
/** Values in the query and the path that are looked into. */
const VALUES_MAX = 64
/** An encoded text shorter than this is rather an id. */
const ENCODED_CHARS_MIN = 48

function rule(
  id: string,
  severity: Severity,
  confidence: number,
  description: string,
  example: string,
  counterExample: string,
): TextRule {
  return {
    id: `action.url.${id}`,
    version: 1,
    since: SINCE,
    findingType: 'suspicious_url',
    severity,
    confidence,
    description,
    example,
    counterExample,
  }
}

const METADATA = rule(
  'metadata',
  'critical',
  0.95,
  "a cloud machine's metadata endpoint, which hands out its credentials",
  'http://169.254.169.254/latest/meta-data/',
  'https://docs.aws.amazon.com/?q=169.254.169.254',
)
const DISGUISED = rule(
  'disguised-address',
  'high',
  0.85,
  'an address inside the network, written so that it is not recognised',
  'http://0x7f000001/',
  'http://127.0.0.1/',
)
const DISGUISED_PUBLIC = rule(
  'disguised-public-address',
  'medium',
  0.7,
  'an address written so that it is not recognised',
  'http://134744072/',
  'http://dns.google/',
)
const LOOPBACK = rule(
  'loopback',
  'low',
  0.4,
  'the machine itself',
  'http://localhost:3000/',
  'https://localhost.run.example.com/',
)
const LINK_LOCAL = rule(
  'link-local',
  'medium',
  0.6,
  'an address of the local link',
  'http://169.254.10.1/',
  'http://169.253.10.1.example.com/',
)
const PRIVATE = rule(
  'private-host',
  'low',
  0.4,
  'a host inside the network',
  'http://192.168.1.10/admin',
  'https://example.com/192.168.1.10',
)
const RAW_ADDRESS = rule(
  'raw-address',
  'medium',
  0.6,
  'an address without a name',
  'http://203.0.113.9/x',
  'https://example.com/203.0.113.9',
)
const CATCHER = rule(
  'catcher',
  'medium',
  0.7,
  'a service that collects what is sent to it, for anybody',
  'https://webhook.site/2a1f',
  'https://example.com/webhook.site',
)
const OUT_OF_BAND = rule(
  'out-of-band',
  'high',
  0.85,
  'a service that attackers use to see requests arrive',
  'https://abc.oast.fun/',
  'https://toast.fun/',
)
const TUNNEL = rule(
  'tunnel',
  'medium',
  0.6,
  "a tunnel to somebody's own machine",
  'https://1a2b.ngrok-free.app/',
  'https://ngrok.com/docs',
)
const PASTE = rule(
  'paste',
  'medium',
  0.65,
  'a service that keeps texts or files of anybody',
  'https://pastebin.com/raw/abcd',
  'https://example.com/?ref=pastebin.com',
)
const ONION = rule('onion', 'high', 0.8, 'a hidden service', 'http://expyuzz4wqqyqhjn.onion/', 'https://onion.example.com/')
const LOOK_ALIKE = rule(
  'look-alike',
  'high',
  0.8,
  'a name with letters that look like others',
  'https://xn--pple-43d.com/',
  'https://xn--bcher-kva.example/',
)
const SHORTENED = rule(
  'shortened',
  'low',
  0.4,
  'a short link that says nothing about where it leads',
  'https://bit.ly/3abc',
  'https://bitly.example.com/',
)
const CREDENTIALS = rule(
  'credentials',
  'medium',
  0.6,
  'a name and password in the URL',
  'https://user:secret@example.com/',
  'https://example.com/user:secret@x',
)
const FAKE_HOST = rule(
  'host-in-userinfo',
  'high',
  0.8,
  'a host name before the @, where it is none',
  'https://github.com@203.0.113.9/x',
  'https://alice@example.com/',
)
const FILE = rule('file', 'medium', 0.5, 'a file of this machine', 'file:///srv/data.txt', 'https://example.com/file.txt')
const SCRIPT = rule(
  'script',
  'high',
  0.8,
  'a script in place of an address',
  'javascript:fetch("/")',
  'https://example.com/javascript:x',
)
const DATA = rule('data', 'low', 0.4, 'content in place of an address', 'data:text/plain,hello', 'https://example.com/data:x')
const DATA_PAGE = rule(
  'data-page',
  'medium',
  0.65,
  'a page in place of an address',
  'data:text/html,<script>1</script>',
  'data:image/png;base64,AAAA',
)
const SMUGGLER = rule(
  'smuggling-scheme',
  'high',
  0.8,
  'a scheme that lets a request speak another protocol',
  'gopher://127.0.0.1:6379/_INFO',
  'https://example.com/gopher',
)
const CARRIED = rule(
  'carried-data',
  'high',
  0.8,
  'an encoded text in the URL, as when data is carried out',
  'https://example.com/c?d=cm9vdDp4OjA6MDpyb290Oi9yb290Oi9iaW4vYmFzaApiaW46eDoxOjE6YmluOi9iaW4=',
  'https://example.com/c?d=hello',
)
const CARRIED_BINARY = rule(
  'carried-binary',
  'low',
  0.4,
  'long encoded data in the URL',
  `https://example.com/c?d=${'9/r+3A7x'.repeat(16)}`,
  'https://example.com/c?X-Amz-Signature=abcdef',
)

export const URL_RULES: readonly TextRule[] = [
  METADATA,
  DISGUISED,
  DISGUISED_PUBLIC,
  LOOPBACK,
  LINK_LOCAL,
  PRIVATE,
  RAW_ADDRESS,
  CATCHER,
  OUT_OF_BAND,
  TUNNEL,
  PASTE,
  ONION,
  LOOK_ALIKE,
  SHORTENED,
  CREDENTIALS,
  FAKE_HOST,
  FILE,
  SCRIPT,
  DATA,
  DATA_PAGE,
  SMUGGLER,
  CARRIED,
  CARRIED_BINARY,
]

const HOSTS: readonly (readonly [TextRule, readonly string[]])[] = [
  [
    OUT_OF_BAND,
    'oast.fun oast.pro oast.live oast.site oast.online oast.me interact.sh interactsh.com burpcollaborator.net oastify.com dnslog.cn ceye.io canarytokens.com eyes.sh'.split(
      ' ',
    ),
  ],
  [
    CATCHER,
    'webhook.site requestbin.com requestbin.net requestbin.io pipedream.net requestcatcher.com hookbin.com beeceptor.com postb.in requestinspector.com webhookinbox.com typedwebhook.tools httpdump.app putsreq.com mockbin.org smee.io'.split(
      ' ',
    ),
  ],
  [
    TUNNEL,
    'ngrok.io ngrok.app ngrok.dev ngrok-free.app ngrok-free.dev trycloudflare.com loca.lt localtunnel.me localhost.run lhr.life serveo.net bore.pub pagekite.me telebit.io playit.gg pinggy.link devtunnels.ms'.split(
      ' ',
    ),
  ],
  [
    PASTE,
    'pastebin.com paste.ee hastebin.com paste.rs ix.io dpaste.com dpaste.org 0x0.st termbin.com sprunge.us rentry.co ghostbin.com controlc.com privatebin.net transfer.sh file.io anonfiles.com gofile.io bashupload.com temp.sh catbox.moe litterbox.catbox.moe tmpfiles.org filebin.net wormhole.app oshi.at uguu.se'.split(
      ' ',
    ),
  ],
  [SHORTENED, 'bit.ly tinyurl.com t.ly is.gd v.gd cutt.ly rb.gy shorturl.at ow.ly goo.gl tiny.cc rebrand.ly'.split(' ')],
]
const RULE_OF_HOST: ReadonlyMap<string, TextRule> = new Map(
  HOSTS.flatMap(([rule, hosts]) => hosts.map((host) => [host, rule] as const)),
)
/** Pages about the service, and what it offers to developers by name. */
const EXEMPT = new Set(['www.ngrok.com', 'dashboard.ngrok.com'])

const SMUGGLERS = new Set([
  'gopher:',
  'dict:',
  'ldap:',
  'ldaps:',
  'jar:',
  'netdoc:',
  'phar:',
  'php:',
  'expect:',
  'tftp:',
  'zip:',
  'glob:',
  'view-source:',
])
const SCRIPTS = new Set(['javascript:', 'vbscript:', 'livescript:'])
const WITH_HOST =
  /^(https?|wss?|ftps?|sftp|ssh|git|gopher|dict|ldaps?|smb|telnet|redis|rediss|mysql|postgres(ql)?|mongodb(\+srv)?|amqps?):$/
/** Signed links, sign-ins and tracking: long by nature, and made by somebody else. */
const KNOWN_LONG =
  /^(x-(amz|goog|oss|ms)-.*|awsaccesskeyid|signature|sig|sign|hmac|policy|key-pair-id|(access_|id_|refresh_|session_?|csrf_?|next_?page_?|continuation_?|page_?|sync_?|sas_?)?token|nonce|state|code(_challenge|_verifier)?|saml(request|response)|relaystate|jwt|assertion|client_assertion|cursor|after|before|gclid|fbclid|msclkid|g-recaptcha-response|ved|ei|gs_lcp|sca_esv|oq|_hs.*|utm_.*|integrity|hash|digest|sha\d+)$/i

/** What is found about `url`. The range of each match is null: the whole of it is meant. Never throws. */
export function scanUrl(url: string): readonly Match[] {
  const found = createMatches()
  const text = stripped(url)
  const parsed = URL.parse(text)
  if (parsed === null) return []
  const { protocol } = parsed
  if (protocol === 'file:') {
    found.add(matchOf(FILE, null))
    for (const match of scanPath(parsed.pathname)) found.add(match)
    return found.list()
  }
  if (SCRIPTS.has(protocol)) found.add(matchOf(SCRIPT, null))
  if (protocol === 'data:')
    found.add(matchOf(/^data:(text\/html|image\/svg|application\/xhtml|text\/xml)/i.test(text) ? DATA_PAGE : DATA, null))
  if (SMUGGLERS.has(protocol)) found.add(matchOf(SMUGGLER, null))
  if (!WITH_HOST.test(protocol) || parsed.hostname === '') return found.list()

  const written = writtenHost(text)
  const web = protocol === 'http:' || protocol === 'https:' ? parsed : URL.parse(`http://${parsed.host}/`)
  const host = readHost(web?.hostname ?? parsed.hostname, written)
  for (const rule of rulesOfHost(host)) found.add(matchOf(rule, null))
  if (isLookAlike(host.name)) found.add(matchOf(LOOK_ALIKE, null))
  if (parsed.username !== '' && /\.[a-z]{2,}$|^\d+(\.\d+){3}$/i.test(decoded(parsed.username)) && parsed.password === '') {
    found.add(matchOf(FAKE_HOST, null))
  } else if (parsed.password !== '') found.add(matchOf(CREDENTIALS, null))
  const isCatcher = found.list().some(({ ruleId }) => ruleId === CATCHER.id || ruleId === TUNNEL.id)
  const isInside = host.kind === 'loopback' || host.kind === 'private'
  if (!isInside) addCarried(parsed, found, isCatcher)
  return found.list()
}

/** True where the host is not the machine itself and not in its network. False for what is no URL. */
export function isExternalUrl(url: string): boolean {
  const text = stripped(url)
  const parsed = URL.parse(text)
  if (parsed === null || !WITH_HOST.test(parsed.protocol) || parsed.hostname === '') return false
  const { kind } = readHost(parsed.hostname, writtenHost(text))
  return kind !== 'loopback' && kind !== 'private'
}

/** As browsers do it: no line breaks and tabs inside, no blanks around. */
function stripped(url: string): string {
  return url
    .slice(0, URL_CHARS_MAX)
    .replace(/[\t\r\n]/g, '')
    .trim()
}

/** The host as it stands in the text, between the slashes, without what is before an @ and the port. */
function writtenHost(text: string): string {
  const authority = /^[a-z][a-z0-9+.-]*:[/\\]*([^/\\?#]*)/i.exec(text)?.[1] ?? ''
  const host = authority.slice(authority.lastIndexOf('@') + 1)
  return host.startsWith('[') ? host.slice(0, host.indexOf(']') + 1) : host.replace(/:\d*$/, '')
}

function rulesOfHost(host: Host): readonly TextRule[] {
  const { kind, name, isDisguised } = host
  if (kind === 'metadata') return [METADATA]
  if (isDisguised && kind !== 'public_ip') return [DISGUISED]
  if (kind === 'loopback') return [LOOPBACK]
  if (kind === 'link_local') return [LINK_LOCAL]
  if (kind === 'private') return [PRIVATE]
  if (kind === 'public_ip') return [isDisguised ? DISGUISED_PUBLIC : RAW_ADDRESS]
  if (name.endsWith('.onion')) return [ONION]
  if (EXEMPT.has(name)) return []
  const labels = name.split('.').slice(-4)
  for (let i = 0; i < labels.length - 1; i += 1) {
    const rule = RULE_OF_HOST.get(labels.slice(i).join('.'))
    if (rule !== undefined) return [rule]
  }
  return []
}

/** A label that mixes Latin with look-alike letters, or that is made of nothing but look-alikes. Other international names are fine. */
function isLookAlike(name: string): boolean {
  return name.split('.').some((label) => {
    if (!label.startsWith('xn--')) return false
    const text = decodePunycode(label.slice(4))
    if (text === null) return false
    const isMixed = /[a-z]/.test(text) && /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}]/u.test(text)
    return isMixed || (isAscii(latinLook(text)) && !isAscii(text.normalize('NFD').replace(/\p{Mn}/gu, '')))
  })
}

function isAscii(text: string): boolean {
  return /^\p{ASCII}*$/u.test(text)
}

function addCarried(parsed: URL, found: ReturnType<typeof createMatches>, isCatcher: boolean): void {
  let values = 0
  const look = (value: string): void => {
    const carried = carriedIn(value)
    if (carried === 'text') found.add(matchOf(CARRIED, null, isCatcher ? { confidence: 0.9 } : {}))
    else if (carried === 'binary') found.add(matchOf(CARRIED_BINARY, null))
  }
  for (const [name, value] of parsed.searchParams) {
    if ((values += 1) > VALUES_MAX) return
    if (!KNOWN_LONG.test(name)) look(value)
  }
  for (const segment of parsed.pathname.split('/', VALUES_MAX)) look(segment)
  const labels = parsed.hostname.split('.').slice(0, -2)
  // DNS carries 63 characters a label: several long ones are data.
  if (labels.filter((label) => label.length >= 32 && /^[0-9a-f]+$|^[a-z2-7]+$|\d.*\d.*\d/.test(label)).length >= 2) {
    found.add(matchOf(CARRIED, null))
  }
}

/** Whether a value is base64 or hexadecimal, and of what. */
function carriedIn(value: string): 'text' | 'binary' | null {
  if (value.length < ENCODED_CHARS_MIN) return null
  const compact = value.replaceAll(' ', '+')
  // A JSON web token is a sign-in.
  if (/^eyJ[\w-]+\.[\w-]+\.[\w-]*$/.test(compact)) return null
  if (/^([0-9a-f]{2})+$/i.test(compact)) return isReadable(hexText(compact)) ? 'text' : null
  if (!/^[\w+/-]+={0,2}$/.test(compact) || !/[a-z]/.test(compact) || !/[A-Z]/.test(compact)) return null
  const text = base64Text(compact)
  if (text === null) return null
  return isReadable(text) ? 'text' : value.length >= 128 ? 'binary' : null
}

function hexText(value: string): string {
  let out = ''
  for (let i = 0; i + 1 < value.length; i += 2) out += String.fromCharCode(Number.parseInt(value.slice(i, i + 2), 16))
  return out
}

/** Bytes as characters; null where it is not base64. */
export function base64Text(value: string): string | null {
  const plain = value.replace(/[\s=]/g, '').replaceAll('-', '+').replaceAll('_', '/')
  if (plain.length < 2 || plain.length % 4 === 1 || !/^[A-Za-z0-9+/]+$/.test(plain)) return null
  return atob(plain + '='.repeat((4 - (plain.length % 4)) % 4))
}

/** At least 95 of 100 bytes are printable ASCII, and it is no id in another coat. */
function isReadable(bytes: string): boolean {
  if (!/[\s:=@{}"/,;]/.test(bytes)) return false
  let readable = 0
  for (let i = 0; i < bytes.length; i += 1) {
    const byte = bytes.charCodeAt(i)
    if ((byte >= 32 && byte < 127) || byte === 9 || byte === 10 || byte === 13) readable += 1
  }
  return readable >= bytes.length * 0.95
}

function decoded(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
