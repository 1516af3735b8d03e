/**
 * The whole configuration, once: names, bounds, defaults and what each key means. Everything else (environment names, flags, the
 * example files, masking) is read off this schema. It only says what one value may be; `checks.ts` says what fits together.
 */
import { z } from 'zod'
import type { DialectName } from '../../core/domain/span.ts'
import { parseTenantId } from '../../core/domain/ids.ts'
import { isBaseUrl, isLibsqlUrl } from './url.ts'
import { GUARD } from './guard.ts'
import { COST_CAPS, LIMITS } from './limits.ts'
import { parseListenAddr } from './listen.ts'
import { choice, flag, group, key, matching, named, satisfying, text, whole } from './values.ts'

// Timers count in 31 bits; a day is more than any of these limits can mean.
const DAY_MS = 86_400_000

// Capitals only, and no AWS key id: a secret written here by mistake is refused before anything shows it.
const environmentName = matching(
  'the name of an environment variable in capitals, such as OPENAI_API_KEY',
  /^(?!AKIA|ASIA)[A-Z_][A-Z0-9_]{0,127}$/,
)
const baseUrl = satisfying('an absolute http or https URL without credentials, query and fragment', isBaseUrl)

// The same names as in core, one for one: a name more or less is a type error.
const DIALECTS = {
  'openai-chat': 'openai-chat',
  'openai-completions': 'openai-completions',
  'openai-responses': 'openai-responses',
  'openai-embeddings': 'openai-embeddings',
  'anthropic-messages': 'anthropic-messages',
  gemini: 'gemini',
  cohere: 'cohere',
  ollama: 'ollama',
  'azure-openai': 'azure-openai',
  bedrock: 'bedrock',
  opaque: 'opaque',
} as const satisfies { readonly [name in DialectName]: name }

// Set by the gateway for every request: a configured one would break the message or be lost.
const RESERVED_HEADER =
  /^(host|content-length|transfer-encoding|connection|keep-alive|te|trailer|upgrade|expect|proxy-.*|x-llmtrace-.*)$/i
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/
const HEADER_VALUE = /^[\x20-\x7e]{0,4096}$/
const PROVIDER_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/

const provider = group({
  base_url: key(
    "Where its API is; its path stands before every request path. null: the provider's own address, where it is a known one.",
    baseUrl.nullable().default(null),
  ),
  dialect: key('Reads every path as this wire format. null: chosen by path.', choice(DIALECTS).nullable().default(null)),
  credential_env: key(
    "Environment variable that holds the provider's key. null: the caller's own key is passed through.",
    environmentName.nullable().default(null),
    { quiet: true },
  ),
  headers: key(
    'Headers added to every request to it.',
    named(
      'a header name, and none that the gateway sets itself',
      (name) => HEADER_NAME.test(name) && !RESERVED_HEADER.test(name),
      z.string({ error: 'must be text' }).regex(HEADER_VALUE, { error: 'must be one line of printable ASCII' }),
    ).default({}),
    { secret: true },
  ),
  region: key(
    'AWS region, for Bedrock. null: AWS_REGION, else us-east-1.',
    matching('an AWS region, such as eu-central-1', /^[a-z]{2,8}(-[a-z]{1,16}){1,3}-\d{1,2}$/)
      .nullable()
      .default(null),
  ),
  access_key_env: key(
    'Environment variable that holds the AWS access key id. With secret_key_env, requests are signed anew (SigV4).',
    environmentName.nullable().default(null),
    { quiet: true },
  ),
  secret_key_env: key('Environment variable that holds the AWS secret access key.', environmentName.nullable().default(null), {
    quiet: true,
  }),
  session_token_env: key('Environment variable that holds the AWS session token.', environmentName.nullable().default(null), {
    quiet: true,
  }),
})

const usdPerMillion = z
  .number({ error: 'must be a number of USD of at least 0' })
  .min(0, { error: 'must be a number of USD of at least 0' })
  .max(1e6, { error: 'must be a number of USD of at most 1000000' })

const modelPrice = group({
  input_per_million: key('Prompt tokens.', usdPerMillion),
  output_per_million: key('Answer tokens, hidden reasoning included.', usdPerMillion),
  cached_input_per_million: key('Prompt tokens read from a cache. null: as input.', usdPerMillion.nullable().default(null)),
  cache_write_per_million: key('Prompt tokens written to a cache. null: as input.', usdPerMillion.nullable().default(null)),
})

/** Prices by model: `model`, `provider/model`, or either with a closing `*`. Also the form of a price file. */
export const PRICE_TABLE = named('1 to 256 characters long', (name) => name.length >= 1 && name.length <= 256, modelPrice)

const CAPTURE_TEXT = { full: 'full', metadata: 'metadata', none: 'none' } as const
const captureBytes = whole('bytes', 0, 16 * 1024 * 1024)

export const CONFIG = z.strictObject(
  {
    listen_addr: key(
      'Address and port to listen on. Anything but a loopback address needs auth.mode required. Port 0 takes a free one.',
      satisfying('HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080', (value) => parseListenAddr(value) !== null).default(
        '127.0.0.1:8080',
      ),
    ),
    upstream_url: key(
      'One upstream for every call, whatever the provider. null: chosen by provider.',
      baseUrl.nullable().default(null),
      { example: 'https://api.openai.com' },
    ),
    data_dir: key('Folder of everything that is kept: traces, the root key.', text('the path of a folder').default('./data')),
    auth: key(
      'Who may call.',
      group({
        mode: key(
          'open: everyone on this machine, without a key. required: every call needs a gateway key.',
          choice({ open: 'open', required: 'required' }).default('open'),
        ),
        admin_key: key(
          'The root key, at least 16 characters. null: in mode required the first start makes one and shows it once.',
          matching('16 to 512 printable characters without spaces', /^[\x21-\x7e]{16,512}$/)
            .nullable()
            .default(null),
          { secret: true },
        ),
      }).prefault({}),
    ),
    providers: key(
      'Providers by name. Known ones need no entry; any other name needs a base_url.',
      named(
        '1 to 64 lower-case letters, digits, dots, dashes and underscores',
        (name) => PROVIDER_NAME.test(name),
        provider,
      ).default({}),
      {
        example: {
          openai: { credential_env: 'OPENAI_API_KEY' },
          azure: { base_url: 'https://my-resource.openai.azure.com', credential_env: 'AZURE_OPENAI_API_KEY' },
          bedrock: { region: 'eu-central-1', access_key_env: 'AWS_ACCESS_KEY_ID', secret_key_env: 'AWS_SECRET_ACCESS_KEY' },
          'my-vllm': { base_url: 'http://10.0.0.5:8000', dialect: 'openai-chat', headers: { 'x-team': 'search' } },
        },
      },
    ),
    upstream: key(
      'How long to wait for a provider, and how often to try.',
      group({
        connect_timeout_ms: key('Milliseconds to connect to a provider.', whole('milliseconds', 1, DAY_MS).default(5000)),
        first_byte_timeout_ms: key(
          'Milliseconds to the head of its answer.',
          whole('milliseconds', 1, DAY_MS).default(600_000),
        ),
        idle_timeout_ms: key(
          'Longest silence of an answer, in milliseconds. A stream that moves has no limit.',
          whole('milliseconds', 1, DAY_MS).default(120_000),
        ),
        retries: key(
          'More tries before the first byte, after a failed connection or a 502, 503 or 504.',
          whole('retries', 0, 10).default(0),
        ),
      }).prefault({}),
    ),
    circuit_breaker: key(
      'The circuit breaker.',
      group({
        enabled: key('Pauses calls to a provider that keeps failing.', flag().default(true)),
        failure_threshold: key('Failures in a row after which calls are paused.', whole('failures', 1, 1_000_000).default(10)),
        recovery_timeout_ms: key(
          'Milliseconds until a few calls are let through to see whether it is back.',
          whole('milliseconds', 1, DAY_MS).default(30_000),
        ),
        half_open_max_calls: key('Calls let through to see whether it is back.', whole('calls', 1, 10_000).default(3)),
      }).prefault({}),
    ),
    storage: key(
      'Where traces and accounts are kept.',
      group({
        profile: key(
          'lite: a libSQL database. memory: nothing outlives the process.',
          choice({ lite: 'lite', memory: 'memory' }).default('lite'),
        ),
        database_path: key('Database file. null: traces.db in data_dir.', text('the path of a file').nullable().default(null), {
          example: './data/traces.db',
        }),
        libsql_url: key(
          'A libSQL server in place of a file.',
          satisfying('a libsql, https, http, wss or ws URL without credentials', isLibsqlUrl).nullable().default(null),
          { example: 'libsql://my-database.turso.io' },
        ),
        libsql_token: key('Token of the libSQL server.', text('text').nullable().default(null), { secret: true }),
        auto_migrate: key(
          'Brings the database to this version at the start. false: `llmtrace migrate` does.',
          flag().default(true),
        ),
      }).prefault({}),
    ),
    limits: key('What one call may be, and how much of it may come.', LIMITS.prefault({})),
    cost_caps: key(
      'What may be spent: no call is sent whose upper bound does not fit into every cap that it touches.',
      COST_CAPS.prefault({}),
    ),
    pricing: key(
      'Prices beside those that are built in; they win over them.',
      group({
        file: key(
          'YAML or JSON file of prices in the form of custom_models, read again when it changes.',
          text('the path of a file').nullable().default(null),
          { example: './prices.yaml' },
        ),
        custom_models: key('Prices by model: model, provider/model, or either with a closing *.', PRICE_TABLE.default({}), {
          example: {
            'my-vllm/*': { input_per_million: 0.2, output_per_million: 0.6 },
            'my-model': {
              input_per_million: 2.5,
              output_per_million: 10,
              cached_input_per_million: 0.25,
              cache_write_per_million: 3.125,
            },
          },
        }),
      }).prefault({}),
    ),
    capture: key(
      'How much of a call is kept.',
      group({
        text: key(
          'full: texts too. metadata: a span without texts. none: only counters.',
          choice(CAPTURE_TEXT).default('full'),
        ),
        max_text_bytes: key('Bytes of text kept of a request, and as many of its answer.', captureBytes.default(65_536)),
        window_ms: key(
          'Milliseconds for which spans are gathered before they are written.',
          whole('milliseconds', 0, 60_000).default(100),
        ),
        tenant_overrides: key(
          'text and max_text_bytes of single tenants, by tenant id.',
          named(
            '1 to 64 letters, digits, dots, dashes and underscores',
            (name) => parseTenantId(name) !== null,
            group({
              text: key('null: as for all.', choice(CAPTURE_TEXT).nullable().default(null)),
              max_text_bytes: key('null: as for all.', captureBytes.nullable().default(null)),
            }),
          ).default({}),
          { example: { 'team-legal': { text: 'metadata' }, 'team-search': { max_text_bytes: 262_144 } } },
        ),
      }).prefault({}),
    ),
    guard: key('What goes in and comes out is screened; this says for what, and what is done then.', GUARD.prefault({})),
    logging: key(
      'What the process says.',
      group({
        level: key(
          'Least level that is written.',
          choice({ debug: 'debug', info: 'info', warn: 'warn', error: 'error' }).default('info'),
        ),
        format: key('text: for people. json: one object a line.', choice({ text: 'text', json: 'json' }).default('text')),
      }).prefault({}),
    ),
    debug: key(
      'For finding out what happens.',
      group({
        server_timing: key('Adds a Server-Timing header with our own share of the time.', flag().default(false)),
      }).prefault({}),
    ),
    shutdown: key(
      'How the process ends.',
      group({
        timeout_seconds: key('Seconds that running streams get to finish.', whole('seconds', 0, 3600).default(30)),
      }).prefault({}),
    ),
  },
  { error: 'must be a mapping' },
)

/** The checked configuration, with every default filled in. */
export type Config = Readonly<z.output<typeof CONFIG>>

/**
 * Keys that later versions have. They are refused by name, so that nobody believes a limit or a guard to hold that does not.
 * A section stands for everything below it.
 */
export const PLANNED_KEYS: readonly string[] = [
  'alerts',
  'anomaly_detection',
  'cache',
  'grpc',
  'otel_ingest',
  'capture.durability',
  'capture.retention_days',
  'storage.clickhouse_database',
  'storage.clickhouse_password',
  'storage.clickhouse_url',
  'storage.clickhouse_user',
  'storage.redis_token',
  'storage.redis_url',
]

/** Values of known keys that later versions have. */
export const PLANNED_VALUES: { readonly [key: string]: readonly string[] } = { 'storage.profile': ['production'] }
