/**
 * The families of keys, one row each. Tokens are known by how they begin; values by the name before them. Rows that begin alike stand
 * with the longer beginning first.
 */
import type { Severity } from '../../domain/finding.ts'
import { hasTokenChecksum, isJwtHeader, isMasked, isRandom } from './randomness.ts'

export type TokenFamily = {
  /** `secret.<id>` is the rule. */
  readonly id: string
  readonly tag: string
  readonly severity: Severity
  readonly confidence: number
  /** How the run of letters, digits, `_` and `-` begins; null: by its length and by what stands before it. */
  readonly prefix: string | null
  /** Of the 96 characters before the run. */
  readonly before: RegExp | null
  /** Sticky, from the beginning of the run; bounded in length. */
  readonly pattern: RegExp
  readonly isValid: (token: string) => boolean
}

export type NamedFamily = {
  readonly id: string
  readonly tag: string
  readonly severity: Severity
  readonly confidence: number
  /** Of the name, and of the 96 characters before the value. */
  readonly name: RegExp
  readonly value: RegExp
}

const END = '(?![A-Za-z0-9_-])'
const sticky = (pattern: string): RegExp => new RegExp(`(?:${pattern})${END}`, 'y')
const isReal = (token: string): boolean => !isMasked(token)

/** id, prefix, what follows the prefix. */
type Row = readonly [id: string, prefix: string, rest: string, severity?: Severity]

const ROWS: readonly Row[] = [
  ['anthropic-key', 'sk-ant-', '(?:[a-z]{2,8}\\d{2}-)?[A-Za-z0-9_-]{20,180}'],
  ['openrouter-key', 'sk-or-', '(?:v\\d-)?[0-9a-f]{32,80}'],
  ['openai-key', 'sk-proj-', '[A-Za-z0-9_-]{20,200}'],
  ['openai-key', 'sk-svcacct-', '[A-Za-z0-9_-]{20,200}'],
  ['openai-key', 'sk-admin-', '[A-Za-z0-9_-]{20,200}'],
  ['openai-key', 'sk-None-', '[A-Za-z0-9_-]{20,200}'],
  ['langsmith-key', 'lsv2_', '(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}'],
  ['google-api-key', 'AIza', '[A-Za-z0-9_-]{35}'],
  ['google-oauth-secret', 'GOCSPX-', '[A-Za-z0-9_-]{28}'],
  ['aws-access-key', 'AKIA', '[A-Z2-7]{16}'],
  ['aws-access-key', 'ASIA', '[A-Z2-7]{16}'],
  ['aws-access-key', 'ABIA', '[A-Z2-7]{16}'],
  ['aws-access-key', 'ACCA', '[A-Z2-7]{16}'],
  ['aws-bedrock-key', 'ABSK', '[A-Za-z0-9]{40,200}'],
  ['github-token', 'github_pat_', '[A-Za-z0-9_]{36,120}'],
  ['gitlab-token', 'glpat-', '[A-Za-z0-9_-]{20,80}'],
  ['gitlab-token', 'gldt-', '[A-Za-z0-9_-]{20,80}'],
  ['gitlab-token', 'glrt-', '[A-Za-z0-9_-]{20,80}'],
  ['gitlab-token', 'glptt-', '[A-Za-z0-9_-]{20,80}'],
  ['slack-token', 'xoxb-', '[A-Za-z0-9-]{10,250}'],
  ['slack-token', 'xoxp-', '[A-Za-z0-9-]{10,250}'],
  ['slack-token', 'xoxa-', '[A-Za-z0-9-]{10,250}'],
  ['slack-token', 'xoxs-', '[A-Za-z0-9-]{10,250}'],
  ['slack-token', 'xoxr-', '[A-Za-z0-9-]{10,250}'],
  ['slack-token', 'xoxe-', '[A-Za-z0-9-]{10,250}'],
  ['slack-token', 'xapp-', '[A-Za-z0-9-]{10,250}'],
  ['stripe-key', 'sk_live_', '[A-Za-z0-9]{16,250}'],
  ['stripe-key', 'rk_live_', '[A-Za-z0-9]{16,250}'],
  ['stripe-key', 'sk_test_', '[A-Za-z0-9]{16,250}', 'high'],
  ['stripe-key', 'rk_test_', '[A-Za-z0-9]{16,250}', 'high'],
  ['stripe-webhook-secret', 'whsec_', '[A-Za-z0-9+/]{24,90}'],
  ['twilio-key', 'SK', '[0-9a-f]{32}', 'high'],
  ['mailgun-key', 'key-', '[0-9a-f]{32}'],
  ['mailchimp-key', '', '[0-9a-f]{32}-us\\d{1,2}'],
  ['pypi-token', 'pypi-', '[A-Za-z0-9_-]{50,250}'],
  ['docker-token', 'dckr_pat_', '[A-Za-z0-9_-]{27}'],
  ['docker-token', 'dckr_oat_', '[A-Za-z0-9_-]{27,40}'],
  ['huggingface-token', 'hf_', '[A-Za-z0-9]{30,40}'],
  ['huggingface-token', 'api_org_', '[A-Za-z0-9]{34}'],
  ['groq-key', 'gsk_', '[A-Za-z0-9]{40,60}'],
  ['xai-key', 'xai-', '[A-Za-z0-9]{60,90}'],
  ['perplexity-key', 'pplx-', '[A-Za-z0-9]{40,60}'],
  ['replicate-token', 'r8_', '[A-Za-z0-9]{37}'],
  ['fireworks-key', 'fw_', '[A-Za-z0-9]{20,40}'],
  ['cloudflare-token', 'v1.0-', '[0-9a-f]{24}-[0-9a-f]{146}'],
  ['cloudflare-token', 'cfat_', '[A-Za-z0-9]{40,60}'],
  ['cloudflare-token', 'cfut_', '[A-Za-z0-9]{40,60}'],
  ['digitalocean-token', 'dop_v1_', '[0-9a-f]{64}'],
  ['digitalocean-token', 'doo_v1_', '[0-9a-f]{64}'],
  ['digitalocean-token', 'dor_v1_', '[0-9a-f]{64}'],
  ['heroku-key', 'HRKU-', '[A-Za-z0-9_-]{36,70}'],
  ['shopify-token', 'shpat_', '[0-9a-fA-F]{32}'],
  ['shopify-token', 'shpca_', '[0-9a-fA-F]{32}'],
  ['shopify-token', 'shppa_', '[0-9a-fA-F]{32}'],
  ['shopify-token', 'shpss_', '[0-9a-fA-F]{32}'],
  ['square-token', 'sq0atp-', '[A-Za-z0-9_-]{22}'],
  ['square-token', 'sq0csp-', '[A-Za-z0-9_-]{43}'],
  ['square-token', 'EAAA', '[A-Za-z0-9_-]{56,64}'],
  ['databricks-token', 'dapi', '[0-9a-f]{32}(?:-\\d)?'],
  ['vault-token', 'hvs.', '[A-Za-z0-9_-]{24,200}'],
  ['vault-token', 'hvb.', '[A-Za-z0-9_-]{24,250}'],
  ['doppler-token', 'dp.pt.', '[A-Za-z0-9]{40,44}'],
  ['doppler-token', 'dp.st.', '(?:[a-z0-9_-]{2,35}\\.)?[A-Za-z0-9]{40,44}'],
  ['linear-key', 'lin_api_', '[A-Za-z0-9]{32,48}'],
  ['linear-key', 'lin_oauth_', '[0-9a-f]{32,64}'],
  ['notion-key', 'secret_', '[A-Za-z0-9]{43}'],
  ['notion-key', 'ntn_', '[A-Za-z0-9]{40,50}'],
  ['figma-token', 'figd_', '[A-Za-z0-9_-]{38,60}'],
  ['postman-key', 'PMAK-', '[0-9a-f]{24}-[0-9a-f]{34}'],
  ['newrelic-key', 'NRAK-', '[A-Z0-9]{27}'],
  ['newrelic-key', 'NRJS-', '[0-9a-f]{19}', 'high'],
  ['newrelic-key', 'NRII-', '[A-Za-z0-9_-]{32}', 'high'],
  ['sentry-token', 'sntrys_', '[A-Za-z0-9+/=_-]{40,400}'],
  ['sentry-token', 'sntryu_', '[0-9a-f]{64}'],
  ['grafana-token', 'glsa_', '[A-Za-z0-9]{32}_[0-9a-fA-F]{8}'],
  ['grafana-token', 'glc_', '[A-Za-z0-9+/=]{32,400}'],
  ['atlassian-token', 'ATATT3', '[A-Za-z0-9_=-]{100,250}'],
  ['supabase-key', 'sbp_', '[0-9a-f]{40}'],
  ['planetscale-token', 'pscale_', '(?:tkn|pw|oauth)_[A-Za-z0-9_.=-]{30,64}'],
  ['rubygems-key', 'rubygems_', '[0-9a-f]{48}'],
  ['age-key', 'AGE-SECRET-KEY-1', '[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}'],
  ['llmtrace-key', 'lt_', '[A-Za-z0-9]{32,80}'],
]

const upper = (id: string): string => id.toUpperCase().replaceAll('-', '_')
const escape = (text: string): string => text.replaceAll(/[.$+]/g, '\\$&')

const token = (
  id: string,
  prefix: string | null,
  pattern: string,
  more: Partial<Pick<TokenFamily, 'before' | 'isValid' | 'confidence' | 'severity'>> = {},
): TokenFamily => ({
  id,
  tag: upper(id),
  severity: more.severity ?? 'critical',
  confidence: more.confidence ?? 0.95,
  prefix,
  before: more.before ?? null,
  pattern: sticky(pattern),
  isValid: more.isValid ?? isReal,
})

/** Of what the run of a token begins with, or what stands before it. */
export const TOKEN_FAMILIES: readonly TokenFamily[] = [
  ...ROWS.filter(([, prefix]) => prefix !== '').map(([id, prefix, rest, severity]) =>
    token(id, prefix, escape(prefix) + rest, severity === undefined ? {} : { severity }),
  ),
  // Before 2024, and those who copied them; 20 letters are no slug.
  token('openai-key', 'sk-', 'sk-[A-Za-z0-9]{20,64}', { isValid: (value) => isReal(value) && isRandom(value.slice(3)) }),
  ...['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'].flatMap((prefix) => [
    token('github-token', prefix, `${prefix}[A-Za-z0-9]{36}`, {
      confidence: 0.99,
      isValid: (value) => hasTokenChecksum(value.slice(4)),
    }),
    token('github-token', prefix, `${prefix}[A-Za-z0-9]{36,255}`, { confidence: 0.85 }),
  ]),
  token('npm-token', 'npm_', 'npm_[A-Za-z0-9]{36}', { confidence: 0.9 }),
  token(
    'jwt',
    'eyJ',
    'eyJ[A-Za-z0-9_-]{6,2000}\\.[A-Za-z0-9_-]{2,6000}\\.[A-Za-z0-9_-]{0,2000}(?:\\.[A-Za-z0-9_-]{1,2000}){0,2}',
    {
      severity: 'high',
      isValid: (value) => isJwtHeader(value.slice(0, value.indexOf('.'))),
    },
  ),
  token('discord-token', null, '[MNO][A-Za-z0-9_-]{23,27}\\.[A-Za-z0-9_-]{6}\\.[A-Za-z0-9_-]{27,38}'),
  token('sendgrid-key', null, '[A-Za-z0-9_-]{16,32}\\.[A-Za-z0-9_-]{16,64}', { before: /(?<![A-Za-z0-9])SG\.$/ }),
  token('telegram-bot-token', null, '[A-Za-z0-9_-]{35}', { before: /(?<![A-Za-z0-9])\d{8,10}:$/ }),
  token('paypal-token', null, '[0-9a-f]{32}', { before: /access_token\$(?:production|sandbox)\$[0-9a-z]{16}\$$/ }),
  token('slack-webhook', null, '[A-Za-z0-9]{20,30}', {
    before: /hooks\.slack\.com\/(?:services|workflows)\/[A-Z0-9]{6,14}\/[A-Z0-9]{6,14}\/$/,
  }),
  token('discord-webhook', null, '[A-Za-z0-9_-]{60,80}', { before: /discord(?:app)?\.com\/api\/webhooks\/\d{15,20}\/$/ }),
  token('vault-token', null, '[A-Za-z0-9_-]{24,250}', { before: /(?<![A-Za-z0-9])hv[sbr]\.$/ }),
  token('doppler-token', null, '[A-Za-z0-9]{40,44}', {
    before: /(?<![A-Za-z0-9])dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[a-z0-9_-]{2,35}\.)?$/,
  }),
  token('databricks-token', 'dapi', 'dapi[0-9a-f]{32}(?:-\\d)?'),
  token('mailchimp-key', null, '[0-9a-f]{32}-us\\d{1,2}'),
  token('cloudflare-token', null, '0-[0-9a-f]{24}-[0-9a-f]{146}', { before: /(?<![A-Za-z0-9])v1\.$/ }),
]

const named = (id: string, name: RegExp, value: string, confidence = 0.9, severity: Severity = 'critical'): NamedFamily => ({
  id,
  tag: upper(id),
  severity,
  confidence,
  name,
  value: new RegExp(`^(?:${value})$`),
})

/** Of keys without a form of their own: the name tells whose they are. */
export const NAMED_FAMILIES: readonly NamedFamily[] = [
  named('aws-secret-key', /aws|amazon|secret_?access/i, '[A-Za-z0-9/+=]{40}', 0.95),
  named(
    'azure-key',
    /azure|accountkey|sharedaccesskey|storage|servicebus|cosmos|eventhub/i,
    '[A-Za-z0-9+/]{42,86}={0,2}',
    0.93,
  ),
  named('azure-key', /azure|tenant|client_?secret/i, '[A-Za-z0-9_.~-]{3}8Q~[A-Za-z0-9_.~-]{31,34}', 0.95),
  named('twilio-key', /twilio/i, '[0-9a-f]{32}'),
  named('datadog-key', /datadog|(?<![a-z])dd[_-]/i, '[0-9a-f]{32}(?:[0-9a-f]{8})?'),
  named('heroku-key', /heroku/i, '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'),
  named('cloudflare-token', /cloudflare|(?<![a-z])cf[_-]/i, '[A-Za-z0-9_-]{37,40}'),
  named('mailgun-key', /mailgun/i, '(?:[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8})'),
  named('newrelic-key', /new_?relic/i, '[0-9a-f]{40}|[0-9a-f]{36}NRAL'),
  named('discord-token', /discord/i, '[A-Za-z0-9_-]{32}'),
]
