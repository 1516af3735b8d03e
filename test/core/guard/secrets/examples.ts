/** Keys of every family, put together at run time from random letters: none stands in this repository, and none ever worked. */
import { crc32 } from '../../../../src/core/guard/secrets/randomness.ts'

const LOWER = 'abcdefghijklmnopqrstuvwxyz'
const DIGITS = '0123456789'
const HEX = `${DIGITS}abcdef`
const ALNUM = DIGITS + LOWER.toUpperCase() + LOWER
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const BECH32_UPPER = 'QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L'

let seed = 20_261_120
/** Letters drawn from an alphabet by a small generator with a fixed seed. */
function draw(alphabet: string, length: number): string {
  let text = ''
  for (let i = 0; i < length; i += 1) {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
    text += alphabet[(seed >>> 8) % alphabet.length] ?? ''
  }
  return text
}

const join = (...parts: readonly string[]): string => parts.join('')
const base64Url = (text: string): string => btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')

function withChecksum(prefix: string): string {
  const body = draw(ALNUM, 30)
  let check = crc32(body)
  let digits = ''
  for (let i = 0; i < 6; i += 1) {
    digits = (ALNUM[check % 62] ?? '') + digits
    check = Math.floor(check / 62)
  }
  return join(prefix, body, digits)
}

export function aPrivateKey(kind: string, newline = '\n'): string {
  const lines = Array.from({ length: 12 }, () => draw(`${ALNUM}+/`, 64))
  return [join('-----', `BEGIN ${kind}-----`), ...lines, join(draw(ALNUM, 20), '=='), join('-----', `END ${kind}-----`)]
    .join(newline)
    .trim()
}

export type SecretExample = { readonly rule: string; readonly before: string; readonly value: string }

const token = (rule: string, ...parts: readonly string[]): SecretExample => ({ rule, before: 'use ', value: join(...parts) })
const assigned = (rule: string, before: string, ...parts: readonly string[]): SecretExample => ({
  rule,
  before,
  value: join(...parts),
})

export const SECRET_EXAMPLES: readonly SecretExample[] = [
  token('secret.openai-key', 'sk', '-proj-', draw(ALNUM, 74), '_', draw(ALNUM, 73)),
  token('secret.openai-key', 'sk', '-', draw(ALNUM, 20), 'T3Blbk', 'FJ', draw(ALNUM, 20)),
  token('secret.openai-key', 'sk', '-', draw(ALNUM, 32)),
  token('secret.anthropic-key', 'sk', '-ant-', 'api03-', draw(ALNUM, 93), 'AA'),
  token('secret.openrouter-key', 'sk', '-or-', 'v1-', draw(HEX, 64)),
  token('secret.google-api-key', 'AI', 'za', draw(ALNUM, 35)),
  token('secret.aws-access-key', 'AK', 'IA', draw(BASE32, 16)),
  token('secret.github-token', withChecksum('ghp_')),
  token('secret.github-token', withChecksum('ghs_')),
  token('secret.github-token', 'gho_', draw(ALNUM, 36)),
  token('secret.github-token', 'github', '_pat_', draw(ALNUM, 22), '_', draw(ALNUM, 59)),
  token('secret.gitlab-token', 'gl', 'pat-', draw(ALNUM, 20)),
  token('secret.slack-token', 'xo', 'xb-', draw(DIGITS, 12), '-', draw(DIGITS, 12), '-', draw(ALNUM, 24)),
  token('secret.slack-token', 'xa', 'pp-1-', draw(BASE32, 11), '-', draw(DIGITS, 13), '-', draw(HEX, 64)),
  token('secret.stripe-key', 'sk', '_live_', draw(ALNUM, 24)),
  token('secret.stripe-key', 'rk', '_test_', draw(ALNUM, 24)),
  token('secret.twilio-key', 'S', 'K', draw(HEX, 32)),
  token('secret.sendgrid-key', 'S', 'G.', draw(ALNUM, 22), '.', draw(ALNUM, 43)),
  token('secret.mailgun-key', 'ke', 'y-', draw(HEX, 32)),
  token('secret.mailchimp-key', draw(HEX, 32), '-us', '12'),
  token('secret.npm-token', withChecksum('npm_')),
  token('secret.pypi-token', 'py', 'pi-', draw(ALNUM, 160)),
  token('secret.docker-token', 'dckr', '_pat_', draw(ALNUM, 27)),
  token('secret.huggingface-token', 'h', 'f_', draw(ALNUM, 34)),
  token('secret.groq-key', 'gs', 'k_', draw(ALNUM, 52)),
  token('secret.digitalocean-token', 'dop', '_v1_', draw(HEX, 64)),
  token('secret.telegram-bot-token', draw('123456789', 9), ':', 'AA', draw(ALNUM, 33)),
  token('secret.discord-token', 'M', draw(ALNUM, 25), '.', draw(ALNUM, 6), '.', draw(ALNUM, 32)),
  token('secret.shopify-token', 'shp', 'at_', draw(HEX, 32)),
  token('secret.square-token', 'sq0', 'atp-', draw(ALNUM, 22)),
  token('secret.paypal-token', 'access_', 'token$production$', draw(DIGITS + LOWER, 16), '$', draw(HEX, 32)),
  token('secret.databricks-token', 'da', 'pi', draw(HEX, 32)),
  token('secret.vault-token', 'hv', 's.', draw(ALNUM, 90)),
  token('secret.doppler-token', 'dp', '.pt.', draw(ALNUM, 43)),
  token('secret.linear-key', 'lin', '_api_', draw(ALNUM, 40)),
  token('secret.notion-key', 'nt', 'n_', draw(ALNUM, 46)),
  token('secret.figma-token', 'fig', 'd_', draw(ALNUM, 40)),
  token('secret.postman-key', 'PM', 'AK-', draw(HEX, 24), '-', draw(HEX, 34)),
  token('secret.newrelic-key', 'NR', 'AK-', draw(DIGITS + LOWER.toUpperCase(), 27)),
  token('secret.sentry-token', 'sntr', 'yu_', draw(HEX, 64)),
  token('secret.age-key', 'AGE-SECRET', '-KEY-1', draw(BECH32_UPPER, 58)),
  token('secret.jwt', base64Url('{"alg":"HS256","typ":"JWT"}'), '.', base64Url('{"sub":"1234567890"}'), '.', draw(ALNUM, 43)),
  token('secret.private-key', aPrivateKey('RSA PRIVATE KEY')),
  token('secret.private-key', aPrivateKey('OPENSSH PRIVATE KEY')),
  token('secret.private-key', aPrivateKey('PGP PRIVATE KEY BLOCK')),
  token('secret.private-key', aPrivateKey('PRIVATE KEY', '\\n')),
  assigned('secret.gcp-service-account', '{"type": "service_account", "private_key": "', aPrivateKey('PRIVATE KEY', '\\n')),
  token('secret.connection-string', 'postgres', '://app:', draw(ALNUM, 14), '@db.example.org'),
  token('secret.connection-string', 'mongodb', '+srv://root:', draw(ALNUM, 14), '@cluster0.example.net'),
  token('secret.connection-string', 'redis', '://:', draw(ALNUM, 14), '@10.0.0.8:6379'),
  assigned('secret.slack-webhook', join('https://hooks.slack', '.com/services/T0AB12CD3/B0EF45GH6/'), draw(ALNUM, 24)),
  assigned('secret.discord-webhook', join('https://discord', '.com/api/webhooks/123456789012345678/'), draw(ALNUM, 68)),
  assigned('secret.aws-secret-key', 'aws_secret_access_key = ', draw(ALNUM, 20), '/', draw(ALNUM, 19)),
  assigned('secret.azure-key', 'DefaultEndpointsProtocol=https;AccountName=x;AccountKey=', draw(ALNUM, 86), '=='),
  assigned('secret.datadog-key', 'DD_API_KEY=', draw(HEX, 32)),
  assigned('secret.cloudflare-token', 'CLOUDFLARE_API_TOKEN="', draw(ALNUM, 40)),
  assigned(
    'secret.heroku-key',
    'HEROKU_API_KEY: ',
    draw(HEX, 8),
    '-',
    draw(HEX, 4),
    '-',
    draw(HEX, 4),
    '-',
    draw(HEX, 4),
    '-',
    draw(HEX, 12),
  ),
  assigned('secret.generic', 'client_secret: "', draw(ALNUM, 32)),
  assigned('secret.generic', 'Authorization: Bearer ', draw(ALNUM, 40)),
  assigned('secret.password', 'DB_PASS = "', '@', draw(ALNUM, 9), '$2'),
  assigned('secret.password', '"password":"', draw(ALNUM, 6), ',;[', draw(DIGITS, 3)),
  assigned('secret.password', "IDENTIFIED BY '", draw(ALNUM, 10), '#7'),
  assigned('secret.password', 'Server=tcp:x;User ID=sa;Password=', draw(ALNUM, 8), '!7'),
  assigned('secret.password', 'pass := "', draw(ALNUM, 10), '7'),
]
