import { describe, expect, test } from 'bun:test'
import {
  explainConfig,
  maskedConfig,
  problemLines,
  readConfig,
  type Config,
  type ConfigInput,
} from '../../src/contract/config.ts'
import { KEYS, VARIABLES, everyKey, flagOf, pathOfFlag, variableOf, type KeyNode } from '../../src/contract/config/keys.ts'
import { valueAt } from '../../src/contract/config/layers.ts'

const NOTHING: ConfigInput = { file: null, env: {}, flags: {} }

function linesOf(input: Partial<ConfigInput>): readonly string[] {
  const read = readConfig({ ...NOTHING, ...input })
  return read.ok ? [] : problemLines(read.error)
}

function configOf(input: Partial<ConfigInput>): Config {
  const read = readConfig({ ...NOTHING, ...input })
  if (!read.ok) throw new Error(problemLines(read.error).join('\n'))
  return read.value
}

describe('wrong values', () => {
  const CASES: readonly (readonly [why: string, input: Partial<ConfigInput>, lines: readonly string[]])[] = [
    [
      'a number that is a word',
      { file: { limits: { max_request_bytes: 'lots' } } },
      ['limits.max_request_bytes: must be a whole number of bytes of at least 1024, got "lots"'],
    ],
    [
      'inside of a list, which a variable gives as a whole',
      { env: { LLMTRACE_GUARD_CUSTOM_RULES: '[{"id":"a","pattern":"a"},{"id":"a","pattern":"b","confidence":"high"}]' } },
      ['guard.custom_rules.1.confidence (LLMTRACE_GUARD_CUSTOM_RULES): must be a number from 0 to 1, got "high"'],
    ],
    [
      'two rules of one name',
      {
        file: {
          guard: {
            custom_rules: [
              { id: 'a', pattern: 'a' },
              { id: 'a', pattern: 'b' },
            ],
          },
        },
      },
      ['guard.custom_rules.1.id: must be a name that no other rule has, got "a"'],
    ],
    [
      'below the bound',
      { file: { limits: { max_request_bytes: 10 } } },
      ['limits.max_request_bytes: must be a whole number of bytes of at least 1024, got 10'],
    ],
    [
      'above the bound',
      { file: { limits: { max_request_bytes: 1e12 } } },
      ['limits.max_request_bytes: must be a whole number of bytes of at most 1073741824, got 1000000000000'],
    ],
    [
      'a fraction',
      { file: { upstream: { retries: 1.5 } } },
      ['upstream.retries: must be a whole number of retries of at least 0, got 1.5'],
    ],
    ['null where there is no null', { file: { data_dir: null } }, ['data_dir: must be the path of a folder, got nothing']],
    [
      'a truth that is a word',
      { file: { debug: { server_timing: 'maybe' } } },
      ['debug.server_timing: must be true or false, got "maybe"'],
    ],
    [
      'a choice that is none',
      { file: { auth: { mode: 'closed' } } },
      ['auth.mode: must be one of open, required, got "closed"'],
    ],
    ['a value where a mapping belongs', { file: { auth: 'open' } }, ['auth: must be a mapping, got "open"']],
    ['a list where a mapping belongs', { file: { providers: ['openai'] } }, ['providers: must be a mapping, got a list']],
    ['a file that is a list', { file: [1] }, ['configuration file: must be a mapping, got a list']],
    [
      'a file that is a text',
      { file: 'listen_addr' },
      ['configuration file: must be a mapping, got 11 characters that are not shown'],
    ],
    [
      'a port alone',
      { file: { listen_addr: 8080 } },
      ['listen_addr: must be HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080, got 8080'],
    ],
    [
      'no host',
      { file: { listen_addr: ':8080' } },
      ['listen_addr: must be HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080, got ":8080"'],
    ],
    [
      'a URL without a scheme',
      { file: { upstream_url: 'api.openai.com' } },
      ['upstream_url: must be an absolute http or https URL without credentials, query and fragment, got "api.openai.com"'],
    ],
    [
      'credentials in a URL are not repeated',
      { file: { upstream_url: 'https://me:hunter2@api.openai.com' } },
      [
        'upstream_url: must be an absolute http or https URL without credentials, query and fragment, got "https://…@api.openai.com"',
      ],
    ],
    [
      'a long value is cut',
      { file: { logging: { level: 'x'.repeat(100) } } },
      [`logging.level: must be one of debug, info, warn, error, got "${'x'.repeat(60)}"…`],
    ],
    [
      'a secret is not repeated',
      { file: { auth: { admin_key: 'short' } } },
      ['auth.admin_key: must be 16 to 512 printable characters without spaces, got 5 characters that are not shown'],
    ],
    [
      'nor is a secret that is a number',
      { file: { auth: { admin_key: 123456 } } },
      ['auth.admin_key: must be 16 to 512 printable characters without spaces, got a number'],
    ],
    [
      'a key in place of the name of a variable is not repeated',
      { file: { providers: { groq: { credential_env: 'gsk_0123456789abcdef' } } } },
      [
        'providers.groq.credential_env: must be the name of an environment variable in capitals, such as OPENAI_API_KEY, got 20 characters that are not shown',
      ],
    ],
    [
      'header values are not repeated',
      { file: { providers: { openai: { headers: { authorization: 'Bearer a\nb' } } } } },
      ['providers.openai.headers.authorization: must be one line of printable ASCII, got 10 characters that are not shown'],
    ],
    [
      'a header that would break the message',
      { file: { providers: { openai: { headers: { Host: 'x' } } } } },
      ['providers.openai.headers.Host: the name "Host" must be a header name, and none that the gateway sets itself'],
    ],
    [
      'a provider name',
      { file: { providers: { OpenAI: {} } } },
      ['providers.OpenAI: the name "OpenAI" must be 1 to 64 lower-case letters, digits, dots, dashes and underscores'],
    ],
    [
      'a dialect',
      { file: { providers: { openai: { dialect: 'openai' } } } },
      [
        'providers.openai.dialect: must be one of openai-chat, openai-completions, openai-responses, openai-embeddings, anthropic-messages, gemini, cohere, ollama, azure-openai, bedrock, opaque, got "openai"',
      ],
    ],
    [
      'a negative price',
      { file: { pricing: { custom_models: { m: { input_per_million: -1, output_per_million: 1 } } } } },
      ['pricing.custom_models.m.input_per_million: must be a number of USD of at least 0, got -1'],
    ],
    [
      'a price that is left out',
      { file: { pricing: { custom_models: { m: { input_per_million: 1 } } } } },
      ['pricing.custom_models.m.output_per_million: must be a number of USD of at least 0, got nothing'],
    ],
    [
      'a tenant id',
      { file: { capture: { tenant_overrides: { 'a b': {} } } } },
      ['capture.tenant_overrides.a b: the name "a b" must be 1 to 64 letters, digits, dots, dashes and underscores'],
    ],
    [
      'a token in a libSQL URL',
      { file: { storage: { libsql_url: 'libsql://db.turso.io?authToken=abc' } } },
      ['storage.libsql_url: must be a libsql, https, http, wss or ws URL without credentials, got "libsql://db.turso.io?…"'],
    ],
  ]
  for (const [why, input, lines] of CASES) test(why, () => expect(linesOf(input)).toEqual([...lines]))
})

describe('names that are not known', () => {
  const CASES: readonly (readonly [why: string, input: Partial<ConfigInput>, lines: readonly string[]])[] = [
    [
      'a slip in a section',
      { file: { limits: { max_request_byte: 1 } } },
      ['limits.max_request_byte: unknown key, did you mean limits.max_request_bytes?'],
    ],
    ['a slip at the top', { file: { listen_adr: 'x' } }, ['listen_adr: unknown key, did you mean listen_addr?']],
    ['two letters swapped', { file: { auth: { mdoe: 'open' } } }, ['auth.mdoe: unknown key, did you mean auth.mode?']],
    [
      'the right key in the wrong place',
      { file: { max_request_bytes: 1 } },
      ['max_request_bytes: unknown key, did you mean limits.max_request_bytes?'],
    ],
    [
      'nothing alike',
      { file: { enable_security_analysis: true } },
      ['enable_security_analysis: unknown key, the nearest known one is circuit_breaker'],
    ],
    [
      'inside an entry',
      { file: { providers: { openai: { base_ulr: 'x' } } } },
      ['providers.openai.base_ulr: unknown key, did you mean providers.openai.base_url?'],
    ],
    [
      'names of JavaScript',
      { file: JSON.parse('{"__proto__":{"mode":1},"constructor":1}') },
      [
        '__proto__: unknown key, the nearest known one is pricing',
        'constructor: unknown key, the nearest known one is cost_caps',
      ],
    ],
    [
      'a variable',
      { env: { LLMTRACE_UPSTREM_URL: 'x' } },
      ['LLMTRACE_UPSTREM_URL: unknown variable, did you mean LLMTRACE_UPSTREAM_URL?'],
    ],
    [
      'a variable with nothing alike',
      { env: { LLMTRACE_FOO: 'x' } },
      ['LLMTRACE_FOO: unknown variable, the nearest known one is LLMTRACE_DATA_DIR'],
    ],
    [
      'a variable for one entry',
      { env: { LLMTRACE_PROVIDERS_OPENAI_BASE_URL: 'x' } },
      ['LLMTRACE_PROVIDERS_OPENAI_BASE_URL: unknown variable, give the whole mapping as JSON in LLMTRACE_PROVIDERS'],
    ],
    ['a flag', { flags: { 'listen-adr': 'x' } }, ['--listen-adr: unknown flag']],
    ['a section of a later version', { file: { alerts: { channels: [] } } }, ['alerts: not in this version']],
    ['a key of a later version', { file: { capture: { durability: 'sync' } } }, ['capture.durability: not in this version']],
    [
      'a value of a later version',
      { file: { storage: { profile: 'production' } } },
      ['storage.profile: "production" is not in this version'],
    ],
    [
      'variables of a later version',
      { env: { LLMTRACE_CACHE_ENABLED: 'true', LLMTRACE_CLICKHOUSE_URL: 'x', LLMTRACE_STORAGE_REDIS_URL: 'y' } },
      [
        'cache (LLMTRACE_CACHE_ENABLED): not in this version',
        'storage.clickhouse_url (LLMTRACE_CLICKHOUSE_URL): not in this version',
        'storage.redis_url (LLMTRACE_STORAGE_REDIS_URL): not in this version',
      ],
    ],
    ['a flag of a later version', { flags: { 'cache.enabled': 'true' } }, ['--cache.enabled: not in this version']],
    [
      'variables that are no keys, and those of others',
      {
        env: {
          LLMTRACE_CONFIG: 'a',
          LLMTRACE_ENCRYPTION_KEY: 'b',
          LLMTRACE_ALLOW_OPEN: '1',
          LLMTRACE_TEST_X: 'c',
          OPENAI_API_KEY: 'd',
          PATH: 'e',
        },
      },
      [],
    ],
  ]
  for (const [why, input, lines] of CASES) test(why, () => expect(linesOf(input)).toEqual([...lines]))

  test('a prototype is not reached through a mapping', () => {
    linesOf({ file: JSON.parse('{"providers":{"__proto__":{"polluted":1}},"auth":{"__proto__":{"polluted":1}}}') })
    linesOf({ env: { LLMTRACE_PROVIDERS: '{"__proto__":{"polluted":1}}' } })
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
  })

  test('a file of something else ends in a bounded list', () => {
    const lines = linesOf({ file: Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`key_${i}`, i])) })
    expect(lines).toHaveLength(51)
    expect(lines.at(-1)).toBe('and 4950 more')
  })
})

describe('what must fit together', () => {
  const OPEN =
    'can be reached from other machines while auth.mode is open; set auth.mode to required, or LLMTRACE_ALLOW_OPEN=1 if something else keeps others out'
  const CASES: readonly (readonly [why: string, input: Partial<ConfigInput>, lines: readonly string[]])[] = [
    [
      'open to the network',
      { flags: { 'listen-addr': '0.0.0.0:8080' } },
      [`listen_addr (--listen-addr): 0.0.0.0:8080 ${OPEN}`],
    ],
    ['open to the network by IPv6', { file: { listen_addr: '[::]:8080' } }, [`listen_addr: [::]:8080 ${OPEN}`]],
    ['open by a name', { file: { listen_addr: 'gateway.internal:80' } }, [`listen_addr: gateway.internal:80 ${OPEN}`]],
    [
      'a name that only begins like loopback',
      { file: { listen_addr: '127.0.0.1.evil.example:80' } },
      [`listen_addr: 127.0.0.1.evil.example:80 ${OPEN}`],
    ],
    ['open to the network on purpose', { file: { listen_addr: '0.0.0.0:8080' }, env: { LLMTRACE_ALLOW_OPEN: '1' } }, []],
    [
      'LLMTRACE_ALLOW_OPEN=0 allows nothing',
      { file: { listen_addr: '0.0.0.0:80' }, env: { LLMTRACE_ALLOW_OPEN: '0' } },
      [`listen_addr: 0.0.0.0:80 ${OPEN}`],
    ],
    ['keys required, without a root key yet', { file: { listen_addr: '0.0.0.0:8080', auth: { mode: 'required' } } }, []],
    ['all of 127.0.0.0/8 is this machine', { file: { listen_addr: '127.8.9.1:80' } }, []],
    ['so are ::1 and localhost', { file: { listen_addr: '[0:0:0:0:0:0:0:1]:80' } }, []],
    [
      'a mode that is wrong is not judged as open',
      { file: { listen_addr: '0.0.0.0:80', auth: { mode: 'x' } } },
      ['auth.mode: must be one of open, required, got "x"'],
    ],
    [
      'an unknown provider needs an address',
      { file: { providers: { mine: { dialect: 'openai-chat' } } } },
      ['providers.mine.base_url: must be set, since "mine" has no address of its own'],
    ],
    [
      'also one without any key',
      { file: { providers: { mine: null } } },
      ['providers.mine.base_url: must be set, since "mine" has no address of its own'],
    ],
    [
      'azure has no common address',
      { file: { providers: { azure: {} } } },
      ['providers.azure.base_url: must be set, since "azure" has no address of its own'],
    ],
    [
      'half of a signature',
      { file: { providers: { bedrock: { access_key_env: 'A' } } } },
      ['providers.bedrock.secret_key_env: must be set together with access_key_env'],
    ],
    [
      'a key and a signature',
      { file: { providers: { bedrock: { access_key_env: 'A', secret_key_env: 'B', credential_env: 'C' } } } },
      [
        'providers.bedrock.credential_env: is set together with access_key_env: a request carries a key or a signature, not both',
      ],
    ],
    [
      'one header twice',
      {
        file: { providers: { openai: { headers: { 'X-Team': 'a' } } } },
        env: { LLMTRACE_PROVIDERS: '{"openai":{"headers":{"x-team":"b"}}}' },
      },
      ['providers.openai.headers.x-team (LLMTRACE_PROVIDERS): is given twice: header names do not tell capitals apart'],
    ],
    [
      'two databases',
      { file: { storage: { database_path: 'a.db', libsql_url: 'libsql://a' } } },
      ['storage.database_path: is set together with storage.libsql_url: set one of them'],
    ],
    [
      'a token for nothing',
      { env: { LLMTRACE_LIBSQL_TOKEN: 'x' } },
      ['storage.libsql_token (LLMTRACE_LIBSQL_TOKEN): is set without storage.libsql_url'],
    ],
    [
      'two names for one key that disagree',
      { env: { LLMTRACE_ADMIN_KEY: 'a'.repeat(20), LLMTRACE_AUTH_ADMIN_KEY: 'b'.repeat(20) } },
      ['auth.admin_key (LLMTRACE_AUTH_ADMIN_KEY): is set by LLMTRACE_ADMIN_KEY too, to something else: set one of them'],
    ],
    [
      'two names for one key that agree',
      { env: { LLMTRACE_ADMIN_KEY: 'a'.repeat(20), LLMTRACE_AUTH_ADMIN_KEY: 'a'.repeat(20) } },
      [],
    ],
  ]
  for (const [why, input, lines] of CASES) test(why, () => expect(linesOf(input)).toEqual([...lines]))

  test('all problems of all sources are told together, sorted by key', () => {
    expect(
      linesOf({
        file: { auth: { mode: 'x' }, alerts: {}, listen_addr: '0.0.0.0:80', providers: { mine: {} } },
        env: { LLMTRACE_LIMITS_MAX_REQUEST_BYTES: 'lots', LLMTRACE_UPSTREM_URL: 'x' },
        flags: { 'log-level': 'loud' },
      }),
    ).toEqual([
      'LLMTRACE_UPSTREM_URL: unknown variable, did you mean LLMTRACE_UPSTREAM_URL?',
      'alerts: not in this version',
      'auth.mode: must be one of open, required, got "x"',
      'limits.max_request_bytes (LLMTRACE_LIMITS_MAX_REQUEST_BYTES): must be a whole number of bytes of at least 1024, got "lots"',
      'logging.level (--log-level): must be one of debug, info, warn, error, got "loud"',
      'providers.mine.base_url: must be set, since "mine" has no address of its own',
    ])
  })
})

// A good value per key of type text that is not its default; the other types' are made below.
const TEXTS: { readonly [key: string]: string } = {
  listen_addr: '127.0.0.1:9999',
  upstream_url: 'https://example.com/base',
  data_dir: '/var/lib/llmtrace',
  'auth.admin_key': 'a-root-key-of-24-letters',
  'storage.database_path': '/var/lib/traces.db',
  'storage.libsql_url': 'libsql://db.example.com',
  'storage.libsql_token': 'a-token',
  'pricing.file': 'prices.json',
  'cost_caps.timezone': 'Europe/Berlin',
}
const NEEDS: { readonly [key: string]: { readonly [name: string]: string } } = {
  'storage.libsql_token': { LLMTRACE_STORAGE_LIBSQL_URL: 'libsql://db.example.com' },
  'cost_caps.enabled': {
    LLMTRACE_COST_CAPS_DEFAULT_BUDGET_CAPS: '[{"window":"daily","hard_limit_usd":1}]',
  },
}

/** A value that the key takes and that is not its default, and its written form. */
function sampleOf(node: KeyNode): { readonly text: string; readonly value: unknown } {
  const key = node.path.join('.')
  if (node.type === 'record' || node.type === 'list') return { text: JSON.stringify(node.example), value: node.example }
  if (node.type === 'boolean') return { text: String(node.initial !== true), value: node.initial !== true }
  if (node.type === 'number') return { text: String(Number(node.initial) + 1), value: Number(node.initial) + 1 }
  const text = node.choices?.find((choice) => choice !== node.initial) ?? TEXTS[key]
  if (text === undefined) throw new Error(`${key} needs an entry in TEXTS`)
  return { text, value: text }
}

describe('every key', () => {
  for (const node of KEYS) {
    const key = node.path.join('.')
    const { text, value } = sampleOf(node)
    const variables = [...VARIABLES].filter(([, other]) => other === node).map(([name]) => name)

    for (const variable of variables) {
      test(`${key} can be set by ${variable}`, () => {
        const read = explainConfig({ ...NOTHING, env: { [variable]: text, ...NEEDS[key] } })
        if (!read.ok) throw new Error(problemLines(read.error).join('\n'))
        expect({ value: valueAt({ ...read.value.config }, node.path) }).toMatchObject({ value })
        expect([...read.value.sources.values()]).toContainEqual({ kind: 'env', name: variable })
      })
    }

    test(`${key} can be set by --${flagOf(node.path)} and in the file`, () => {
      const fromFlag = configOf({ flags: { [flagOf(node.path)]: text }, env: NEEDS[key] ?? {} })
      const file = node.path.reduceRight<unknown>((inner, name) => ({ [name]: inner }), value)
      expect(fromFlag).toEqual(configOf({ file, env: NEEDS[key] ?? {} }))
      expect({ value: valueAt({ ...fromFlag }, node.path) }).toMatchObject({ value })
    })

    if (node.type === 'number' || node.type === 'boolean') {
      test(`${key} names its variable when that is not a ${node.type}`, () => {
        const variable = variableOf(node.path)
        const [line] = linesOf({ env: { [variable]: 'constructor' } })
        expect(line).toStartWith(`${key} (${variable}): must be `)
        expect(line).toEndWith(', got "constructor"')
      })
    }
  }

  test('has a description, a default or the need of a value, and a variable of its own', () => {
    const all = everyKey()
    expect(all.filter((node) => node.description === '' && node.path.at(-1) !== '*')).toEqual([])
    expect(
      all.filter((node) => node.initial === undefined && node.path.at(-1) !== '*').map((node) => node.path.join('.')),
    ).toEqual([
      'cost_caps.default_budget_caps.*.window',
      'cost_caps.default_budget_caps.*.hard_limit_usd',
      'cost_caps.project_budget_caps.*.window',
      'cost_caps.project_budget_caps.*.hard_limit_usd',
      'cost_caps.key_budget_caps.*.window',
      'cost_caps.key_budget_caps.*.hard_limit_usd',
      'cost_caps.agent_budget_caps.*.window',
      'cost_caps.agent_budget_caps.*.hard_limit_usd',
      'cost_caps.user_budget_caps.*.window',
      'cost_caps.user_budget_caps.*.hard_limit_usd',
      'cost_caps.agents.*.agent_id',
      'cost_caps.agents.*.budget_caps.*.window',
      'cost_caps.agents.*.budget_caps.*.hard_limit_usd',
      'cost_caps.tenant_overrides.*.default_budget_caps.*.window',
      'cost_caps.tenant_overrides.*.default_budget_caps.*.hard_limit_usd',
      'pricing.custom_models.*.input_per_million',
      'pricing.custom_models.*.output_per_million',
      'guard.enforcement.categories.*.finding_type',
      'guard.enforcement.categories.*.action',
      'guard.custom_rules.*.id',
      'guard.custom_rules.*.pattern',
      'guard.tools.rules.*.name',
    ])
    expect(new Set(KEYS.map((node) => variableOf(node.path))).size).toBe(KEYS.length)
    expect(VARIABLES.size).toBe(KEYS.length + 5)
  })
})

describe('precedence', () => {
  const file = { limits: { max_request_bytes: 2000 } }
  const env = { LLMTRACE_LIMITS_MAX_REQUEST_BYTES: '3000' }
  const flags = { 'limits.max-request-bytes': '4000' }
  const CASES: readonly (readonly [why: string, input: Partial<ConfigInput>, bytes: number])[] = [
    ['the default, where nothing says otherwise', {}, 52_428_800],
    ['the file before the default', { file }, 2000],
    ['the environment before the file', { file, env }, 3000],
    ['a flag before the environment', { file, env, flags }, 4000],
    ['an empty variable is none', { file, env: { LLMTRACE_LIMITS_MAX_REQUEST_BYTES: ' ' } }, 2000],
  ]
  for (const [why, input, bytes] of CASES) test(why, () => expect(configOf(input).limits.max_request_bytes).toBe(bytes))

  test('a wrong value below is no problem where a good one lies above it', () => {
    expect(configOf({ file: { limits: { max_request_bytes: 'lots' } }, env }).limits.max_request_bytes).toBe(3000)
  })

  test('a mapping that is none stays a problem under a value of the environment', () => {
    expect(linesOf({ file: { limits: 5 }, env })).toEqual(['limits: must be a mapping, got 5'])
  })

  test('records are laid over each other key by key', () => {
    const { providers } = configOf({
      file: { providers: { openai: { base_url: 'http://a', headers: { x: '1', y: '1' } }, ollama: { base_url: 'http://b' } } },
      env: { LLMTRACE_PROVIDERS: '{"openai":{"headers":{"y":"2"}},"mine":{"base_url":"http://c"}}' },
      flags: { 'providers.mine.base-url': 'http://d', 'providers.my.own.base-url': 'http://e' },
    })
    expect(providers).toMatchObject({
      openai: { base_url: 'http://a', headers: { x: '1', y: '2' } },
      ollama: { base_url: 'http://b' },
      mine: { base_url: 'http://d' },
      'my.own': { base_url: 'http://e' },
    })
  })

  test('null in a variable sets a key back to nothing', () => {
    expect(configOf({ file: { upstream_url: 'http://a' }, env: { LLMTRACE_UPSTREAM_URL: 'null' } }).upstream_url).toBeNull()
  })

  test('an empty section is its defaults', () => {
    expect(configOf({ file: { auth: null, providers: null, upstream: {} } })).toEqual(configOf({}))
  })

  test('records in variables must be JSON mappings', () => {
    expect(linesOf({ env: { LLMTRACE_PROVIDERS: 'openai' } })).toEqual([
      'providers (LLMTRACE_PROVIDERS): must be a JSON object, such as {"name":{"key":"value"}}',
    ])
    expect(linesOf({ env: { LLMTRACE_PROVIDERS: '[]' } })).toEqual([
      'providers (LLMTRACE_PROVIDERS): must be a mapping, got a list',
    ])
  })

  test('flags are found by dots and dashes alike, and by their short names', () => {
    expect(pathOfFlag('limits.max-request-bytes')).toEqual(['limits', 'max_request_bytes'])
    expect(pathOfFlag('limits-max-request-bytes')).toEqual(['limits', 'max_request_bytes'])
    expect(pathOfFlag('log-level')).toEqual(['logging', 'level'])
    expect(pathOfFlag('pricing.custom-models.gpt-4.1.input-per-million')).toEqual([
      'pricing',
      'custom_models',
      'gpt-4.1',
      'input_per_million',
    ])
    expect(pathOfFlag('providers..base-url')).toBeNull()
    expect(pathOfFlag('providers.openai')).toBeNull()
  })
})

describe('masking', () => {
  const SECRET = 'canary-0123456789abcdef'
  const config = configOf({
    file: {
      auth: { admin_key: SECRET },
      storage: { libsql_url: 'libsql://db.example.com', libsql_token: SECRET },
      providers: {
        openai: { credential_env: 'OPENAI_API_KEY', headers: { authorization: `Bearer ${SECRET}`, 'x-team': SECRET } },
      },
    },
  })

  test('no secret is left, and everything else is', () => {
    const masked = maskedConfig(config)
    expect(JSON.stringify(masked)).not.toContain('canary')
    expect(masked).toMatchObject({
      listen_addr: '127.0.0.1:8080',
      auth: { mode: 'open', admin_key: '********' },
      storage: { libsql_url: 'libsql://db.example.com', libsql_token: '********' },
      providers: { openai: { credential_env: 'OPENAI_API_KEY', headers: { authorization: '********', 'x-team': '********' } } },
    })
  })

  test('a secret that is not set stays null', () => {
    expect(maskedConfig(configOf({}))).toMatchObject({ auth: { admin_key: null }, storage: { libsql_token: null } })
  })

  test('every key whose name sounds like a secret is marked as one, or holds the name of a variable', () => {
    const unmarked = everyKey().filter(
      // Caps of keys and counts of tokens hold neither.
      (node) =>
        /key|token(?!s)|secret|password/.test(node.path.at(-1) ?? '') &&
        !(node.path.at(-1) ?? '').endsWith('_caps') &&
        !node.isSecret,
    )
    expect(unmarked.map((node) => node.path.at(-1))).toEqual(['access_key_env', 'secret_key_env', 'session_token_env'])
  })
})
