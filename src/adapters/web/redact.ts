/**
 * Takes secrets out of what is logged: by the name of a field, and by the shape of a value wherever it stands. It does not find a secret
 * without a known shape in a field with a harmless name. No pattern nests repeats; the worst text costs its length squared, so callers
 * cut to a few thousand characters first. A pattern takes a secret to its very end: a rest that is left over would still be one.
 */

export const REDACTED = '[redacted]'

/** True where a field of this name holds a secret. `token` does, `tokens`, `token_count` and `key_id` do not. */
export function isSecretName(name: string): boolean {
  const words = name
    .slice(0, NAME_LENGTH_MAX)
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '')
  const last = words.at(-1) ?? ''
  if (words.some((word) => SECRET_WORDS.has(word))) return !DESCRIBING_WORDS.has(last)
  if (last === 'key') return !HARMLESS_KEYS.has(words.at(-2) ?? '')
  return SECRET_LAST_WORDS.has(last)
}

/** The text without the secrets that can be told by their shape. */
export function redactText(text: string): string {
  if (text.length < SECRET_LENGTH_MIN) return text
  let clean = text
  for (const [hint, pattern, replacement] of SHAPES) if (hint.test(clean)) clean = clean.replaceAll(pattern, replacement)
  return clean
}

const NAME_LENGTH_MAX = 128
const SECRET_LENGTH_MIN = 8

/** Secret wherever they stand in a name. */
const SECRET_WORDS: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'cookies',
  'passphrase',
  'passwd',
  'password',
  'passwords',
  'pwd',
  'secret',
  'secrets',
  'apikey',
  'apikeys',
  'xapikey',
])

/** Closing words that tell something about a secret instead of being it. */
const DESCRIBING_WORDS: ReadonlySet<string> = new Set([
  'count',
  'env',
  'id',
  'ids',
  'length',
  'max',
  'min',
  'name',
  'names',
  'present',
])

const SECRET_LAST_WORDS: ReadonlySet<string> = new Set([
  'accesskey',
  'accesstoken',
  'authtoken',
  'bearer',
  'credential',
  'credentials',
  'idtoken',
  'jwt',
  'privatekey',
  'refreshtoken',
  'secretkey',
  'sessiontoken',
  'signature',
  'token',
])

/** Words before `key` that make it an address of data rather than a secret. */
const HARMLESS_KEYS: ReadonlySet<string> = new Set([
  'cache',
  'config',
  'content',
  'dedupe',
  'foreign',
  'group',
  'idempotency',
  'object',
  'partition',
  'primary',
  'public',
  'row',
  'sort',
])

// [a cheap test that most texts fail, the pattern, what stands in its place]. Order matters: whole values before their parts.
const SHAPES: readonly (readonly [hint: RegExp, pattern: RegExp, replacement: string])[] = [
  [/PRIVATE KEY/, /-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,32}PRIVATE KEY-----|$)/g, REDACTED],
  // A JWT whose signature was cut off still tells its claims.
  [/eyJ/, /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?/g, REDACTED],
  [/sk-/, /(?<![A-Za-z0-9_-])sk-[A-Za-z0-9_-]{12,}/g, REDACTED],
  [/llmt_/, /(?<![A-Za-z0-9])llmt_[A-Za-z0-9_-]{8,}/g, REDACTED],
  [/AIza/, /(?<![A-Za-z0-9_-])AIza[A-Za-z0-9_-]{20,}/g, REDACTED],
  [/A[KS]IA/, /(?<![A-Za-z0-9])A[KS]IA[A-Z0-9]{16}(?![A-Za-z0-9])/g, REDACTED],
  [/gh[opsur]_|github_pat_/, /(?<![A-Za-z0-9])(?:gh[opsur]_|github_pat_)[A-Za-z0-9_]{20,}/g, REDACTED],
  [/xox|xapp-/, /(?<![A-Za-z0-9])(?:xox[a-z]|xapp)-[A-Za-z0-9-]{10,}/g, REDACTED],
  [
    /gsk_|hf_|npm_|xai-|pplx-|glpat-/,
    /(?<![A-Za-z0-9_-])(?:gsk_|hf_|npm_|xai-|pplx-|glpat-)(?=[A-Za-z_-]{0,64}\d)[A-Za-z0-9_-]{16,}/g,
    REDACTED,
  ],
  // "Bearer authentication failed" is prose: what follows must be long or carry a digit.
  [
    /bearer|basic/i,
    /\b(bearer|basic)([ \t]{1,8})(?:[A-Za-z0-9._~+/=-]{20,}|(?=[A-Za-z._~+/=-]{0,20}\d)[A-Za-z0-9._~+/=-]{6,20})/gi,
    `$1$2${REDACTED}`,
  ],
  // scheme://user:password@host
  [/:\/\//, /\b([A-Za-z][A-Za-z0-9+.-]{1,20}:\/\/[^\s:/@]{0,128}:)[^\s/@]+(?:@[^\s/@]+)*(?=@)/g, `$1${REDACTED}`],
  [/[?&]/, /([?&](?:[a-z]{1,16}[_-]?)?(?:key|token|secret|password|sig|signature|credential)=)[^&\s"'<>#]+/gi, `$1${REDACTED}`],
  // "x-api-key: …" and "password":"…" inside a longer text.
  [
    /key|authorization|passw|secret/i,
    /\b((?:x[-_])?api[-_]?key|authorization|passw(?:or)?d|client[-_]secret|secret[-_](?:access[-_])?key|admin[-_]key)(["']{0,2}[ \t]{0,4}[:=][ \t]{0,4}["']?)(?!\[redacted\]|bearer\b|basic\b)[^\s"',;}&]{4,}/gi,
    `$1$2${REDACTED}`,
  ],
]
