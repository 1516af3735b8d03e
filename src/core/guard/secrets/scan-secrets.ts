/**
 * Finds keys, tokens, private keys and passwords. One pass over the characters: tokens are runs of 16 and more, values stand after
 * `name =` or `name:`. A value that a person could have chosen is taken for a password only after a name that says so.
 */
import type { Severity } from '../../domain/finding.ts'
import type { Form, Match, Scanner } from '../match.ts'
import { credentialsAt, isStoreScheme } from '../pii/email.ts'
import { NAMED_FAMILIES, TOKEN_FAMILIES, type TokenFamily } from './families.ts'
import { isPlaceholderSecret, isRandom } from './randomness.ts'

/** Shorter runs are no tokens. */
const TOKEN_MIN = 16
const NAME_MAX = 48
const VALUE_MAX = 512
const BEFORE_MAX = 96
/** Of a private key, lines and all: RSA with 8,192 bits has 6.4 KB. */
const PRIVATE_KEY_MAX = 16 * 1024

type Found = {
  readonly id: string
  readonly tag: string
  readonly severity: Severity
  readonly confidence: number
  readonly start: number
  readonly end: number
}

const RUN = 1
const ASSIGN = 2
const QUOTE = 3
const CLASSES = Uint8Array.from({ length: 128 }, (_, code) => {
  const char = String.fromCharCode(code)
  if (/[A-Za-z0-9_-]/.test(char)) return RUN
  if (char === ':' || char === '=') return ASSIGN
  return char === "'" ? QUOTE : 0
})
const classOf = (code: number): number => (code < 128 ? (CLASSES[code] ?? 0) : 0)

const BY_FIRST: ReadonlyMap<number, readonly TokenFamily[]> = Map.groupBy(
  TOKEN_FAMILIES.filter((family) => family.prefix !== null),
  (family) => (family.prefix ?? '').charCodeAt(0),
)
const BY_BEFORE = TOKEN_FAMILIES.filter((family) => family.prefix === null)

/** What these make out of other words is noise; tokens keep their case and their signs in the rest. */
const UNREAD_VIA = new Set<string>(['leet', 'rot13'])

export const scanSecrets: Scanner = (forms) => {
  const found: Match[] = []
  for (const form of forms) {
    if (form.via.some((decoding) => UNREAD_VIA.has(decoding))) continue
    for (const secret of secretsIn(form.text)) {
      const match = toMatch(form, secret)
      const { range } = match
      const isKnown =
        form.via.length > 0 &&
        range !== null &&
        found.some(
          (other) => other.range !== null && other.range.startUtf16 < range.endUtf16 && range.startUtf16 < other.range.endUtf16,
        )
      if (!isKnown) found.push(match)
    }
  }
  return found
}

function toMatch(form: Form, { id, tag, severity, confidence, start, end }: Found): Match {
  return {
    ruleId: `secret.${id}`,
    findingType: 'secret_leakage',
    category: 'secret',
    severity,
    confidence,
    description: `Secret: ${id.replaceAll('-', ' ')}`,
    range: form.rangeOf(start, end),
    via: form.via,
    tag: `[SECRET:${tag}]`,
  }
}

/** From left to right, without overlaps: of two that overlap the surer stays. */
function secretsIn(text: string): readonly Found[] {
  const kept: Found[] = []
  const keep = (found: Found | null): number => {
    if (found === null) return 0
    const last = kept[kept.length - 1]
    if (last !== undefined && last.end > found.start) {
      if (last.confidence >= found.confidence || last.end > found.end) return last.end
      kept.pop()
    }
    kept.push(found)
    return found.end
  }
  /** Signs in a value that was taken assign nothing. */
  let assignedTo = 0
  let i = 0
  while (i < text.length) {
    const kind = classOf(text.charCodeAt(i))
    if (kind === RUN) {
      const start = i
      while (i < text.length && classOf(text.charCodeAt(i)) === RUN) i += 1
      if (i - start >= 10 && text.startsWith('-----BEGIN', start)) i = Math.max(i, keep(privateKeyAt(text, start)))
      else if (i - start >= TOKEN_MIN) keep(tokenAt(text, start, i))
      else if (i - start === 2 || i - start === 3) keep(dottedTokenAt(text, start, i))
      continue
    }
    if (kind === ASSIGN) {
      if (text.charCodeAt(i) === 58 && text.charCodeAt(i + 1) === 47 && text.charCodeAt(i + 2) === 47)
        keep(connectionAt(text, i))
      else if (i >= assignedTo) assignedTo = keep(assignedAt(text, i))
    } else if (kind === QUOTE) keep(statementAt(text, i))
    i += 1
  }
  return kept
}

/** The token that begins with the run in `[start, end)`. */
function tokenAt(text: string, start: number, end: number): Found | null {
  let from = start
  // `\nsk-…` in text that is still escaped.
  if (text[from - 1] === '\\' && /[nrt]/.test(text[from] ?? '')) from += 1
  while (from < end && (text[from] === '-' || text[from] === '_')) from += 1
  for (const family of BY_FIRST.get(text.charCodeAt(from)) ?? []) {
    if (!text.startsWith(family.prefix ?? '', from)) continue
    const found = familyAt(text, from, family)
    if (found !== null) return found
  }
  const before = text.slice(Math.max(0, from - BEFORE_MAX), from)
  for (const family of BY_BEFORE) {
    if (family.before !== null && !family.before.test(before)) continue
    const found = familyAt(text, from, family)
    if (found !== null) {
      // What stands before it belongs to it, but for the host of a webhook.
      const lead = family.id.endsWith('webhook') ? 0 : (family.before?.exec(before)?.[0].length ?? 0)
      return { ...found, start: from - lead }
    }
  }
  return null
}

function familyAt(text: string, at: number, family: TokenFamily): Found | null {
  family.pattern.lastIndex = at
  const token = family.pattern.exec(text)?.[0]
  if (token === undefined || !family.isValid(token)) return null
  const isExample = /example/i.test(token)
  const { id, tag, severity } = family
  return { id, tag, severity, confidence: isExample ? 0.7 : family.confidence, start: at, end: at + token.length }
}

/** Tokens whose first part is short: `hvs.…`, `dp.pt.…`. */
function dottedTokenAt(text: string, start: number, end: number): Found | null {
  if (text[end] !== '.') return null
  for (const family of BY_FIRST.get(text.charCodeAt(start)) ?? []) {
    if (family.prefix?.includes('.') !== true || !text.startsWith(family.prefix, start)) continue
    const found = familyAt(text, start, family)
    if (found !== null) return found
  }
  return null
}

const PRIVATE_KEY_HEAD = /-----BEGIN (?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----/y
const PRIVATE_KEY_BODY = /(?:(?:\s|\\[nr]){0,8}[A-Za-z0-9+/=]{20,256}){0,256}/y

/** From its head to its foot; without a foot, as far as it can be a key: the rest has not come yet, or was cut off. */
function privateKeyAt(text: string, start: number): Found | null {
  PRIVATE_KEY_HEAD.lastIndex = start
  const head = PRIVATE_KEY_HEAD.exec(text)?.[0]
  if (head === undefined) return null
  const isServiceAccount = text.slice(Math.max(0, start - 512), start).includes('service_account')
  const id = isServiceAccount ? 'gcp-service-account' : 'private-key'
  const bodyStart = start + head.length
  const foot = head.replace('BEGIN', 'END')
  const footStart = text.slice(bodyStart, bodyStart + PRIVATE_KEY_MAX).indexOf(foot)
  const tag = isServiceAccount ? 'GCP_SERVICE_ACCOUNT' : 'PRIVATE_KEY'
  if (footStart >= 0) {
    return {
      id,
      tag,
      severity: 'critical',
      confidence: footStart < 16 ? 0.7 : 0.99,
      start,
      end: bodyStart + footStart + foot.length,
    }
  }
  PRIVATE_KEY_BODY.lastIndex = bodyStart
  const body = PRIVATE_KEY_BODY.exec(text)?.[0] ?? ''
  const end = bodyStart + body.trimEnd().length
  return { id, tag, severity: 'critical', confidence: body.length > 0 ? 0.9 : 0.7, start, end }
}

function connectionAt(text: string, at: number): Found | null {
  const url = credentialsAt(text, at)
  if (url === null || !isStoreScheme(url.scheme)) return null
  return {
    id: 'connection-string',
    tag: 'CONNECTION_STRING',
    severity: 'critical',
    confidence: 0.95,
    start: url.start,
    end: url.end,
  }
}

const PASSWORD_NAME =
  /(?:pass(?:word|wd|phrase|code)?|pwd|passwort|kennwort|contraseña|mot[_ ]de[_ ]passe|senha|wachtwoord|parola|密码|密碼|パスワード)$/iu
const SECRET_NAME =
  /(?:secret|token|(?:api|access|private|auth|account|signing|encryption|master|shared|service|secret|session|app)[_.-]?key|shared_?access_?key|apikey|credentials?|authorization|api[_.-]?secret|(?:dd|heroku|twilio|cloudflare|datadog|azure|aws)\w*key|sid|auth)s?$/i
const VALUE =
  /[\t ]{0,4}(?:(?:Bearer|Basic|Token|Bot) )?(?:\\?["'`]([^"'`\s\\]{6,512})|([^\s\u0080-\u00bf\u0530-\uffff"'`,;<>{}[\]()|\\]{6,512}))/iy

/** The value after the `=` or `:` at `at`, if the name before it is one of a secret. */
function assignedAt(text: string, at: number): Found | null {
  let end = at
  if (text[end - 1] === ':') end -= 1
  while (end > 0 && at - end < 6 && (text[end - 1] === ' ' || text[end - 1] === '\t')) end -= 1
  if (/["'`\]]/.test(text[end - 1] ?? '')) end -= 1
  if (text[end - 1] === '\\') end -= 1
  let start = end
  while (start > 0 && end - start < NAME_MAX && /[\p{L}\p{N}_.-]/u.test(text[start - 1] ?? '')) start -= 1
  if (start === end) return null
  const name = text.slice(start, end)
  const isPassword = PASSWORD_NAME.test(name)
  if (!isPassword && !SECRET_NAME.test(name)) return null
  const next = text[at + 1]
  return valueAt(text, next === '=' || next === '>' ? at + 2 : at + 1, name, isPassword)
}

/** `IDENTIFIED BY '…'` and `PASSWORD '…'` in SQL; `password is '…'` and `password '…'` in prose. */
function statementAt(text: string, at: number): Found | null {
  const last = text[at - 2] ?? ''
  if (text[at - 1] !== ' ' || !/[ydsYDS]/.test(last)) return null
  const before = text.slice(Math.max(0, at - 24), at)
  return /(?:identified by|pass(?:word|code|phrase)(?: is)?) $/i.test(before) ? valueAt(text, at, 'password', true) : null
}

function valueAt(text: string, at: number, name: string, isPassword: boolean): Found | null {
  VALUE.lastIndex = at
  const match = VALUE.exec(text)
  if (match === null) return null
  const quoted = match[1]
  const value = quoted ?? (match[2] ?? '').replace(/[.!?:]+$/, '')
  const end = at + match[0].length - (quoted ?? match[2] ?? '').length + value.length
  const start = end - value.length
  if (value.length < 6 || value.length > VALUE_MAX || isPlaceholderSecret(value)) return null
  // A call or a path of names: the value is somewhere else.
  if (quoted === undefined && (/^[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)+$/.test(value) || /[(]/.test(text[end] ?? '')))
    return null
  const around = name + text.slice(Math.max(0, start - BEFORE_MAX), start)
  const family = NAMED_FAMILIES.find((candidate) => candidate.value.test(value) && candidate.name.test(around))
  if (family !== undefined && isRandom(value)) {
    const { id, tag, severity, confidence } = family
    return { id, tag, severity, confidence, start, end }
  }
  if (isPassword ? !isPasswordLike(value, quoted !== undefined) : value.length < 16 || /[()]/.test(value) || !isRandom(value))
    return null
  const id = isPassword ? 'password' : 'generic'
  return { id, tag: isPassword ? 'PASSWORD' : 'GENERIC', severity: 'high', confidence: isPassword ? 0.85 : 0.75, start, end }
}

/** Two kinds of character at least; letters alone only between quotes, and then not written like a name. */
function isPasswordLike(value: string, isQuoted: boolean): boolean {
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z0-9]/].filter((kind) => kind.test(value)).length
  if (/\d/.test(value)) return kinds >= 2 || (isQuoted && value.length >= 6)
  if (/[^A-Za-z0-9_.\-/]/.test(value)) return kinds >= 2
  return isQuoted && kinds >= 2 && /[a-z][A-Z].*[a-z][A-Z]|[A-Z]{2}[a-z].*[A-Z]{2}/.test(value)
}
