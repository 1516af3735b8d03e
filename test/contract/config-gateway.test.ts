import { DEFAULT_GUARD_POLICY } from '../../src/contract/config/guard.ts'
import { describe, expect, test } from 'bun:test'
import { NO_LIMITS } from '../../src/core/domain/limit-policy.ts'
import {
  customPricesOf,
  parseListenAddr,
  policyOverridesOf,
  problemLines,
  readConfig,
  readPriceTable,
  toGatewayConfig,
} from '../../src/contract/config.ts'
import { isBaseUrl, isLibsqlUrl } from '../../src/contract/config/url.ts'
import type { GatewayConfig, Provider } from '../../src/core/domain/gateway.ts'

type Env = { readonly [name: string]: string }

function gatewayOf(file: unknown, env: Env = {}): GatewayConfig {
  const config = readConfig({ file, env: {}, flags: {} })
  if (!config.ok) throw new Error(problemLines(config.error).join('\n'))
  const gateway = toGatewayConfig(config.value, env)
  if (!gateway.ok) throw new Error(problemLines(gateway.error).join('\n'))
  return gateway.value
}

function providerOf(name: string, file: unknown, env: Env = {}): Provider | undefined {
  return gatewayOf(file, env).providers.get(name)
}

describe('providers', () => {
  test('are all there without any configuration, and pass the key of the caller on', () => {
    const { providers } = gatewayOf(null, { OPENAI_API_KEY: 'not-asked-for' })
    expect(Object.fromEntries([...providers].map(([name, { baseUrl }]) => [name, baseUrl]))).toEqual({
      openai: 'https://api.openai.com',
      anthropic: 'https://api.anthropic.com',
      google: 'https://generativelanguage.googleapis.com',
      azure: null,
      bedrock: 'https://bedrock-runtime.us-east-1.amazonaws.com',
      ollama: 'http://127.0.0.1:11434',
      groq: 'https://api.groq.com/openai',
      mistral: 'https://api.mistral.ai',
      deepseek: 'https://api.deepseek.com',
      xai: 'https://api.x.ai',
      cohere: 'https://api.cohere.com',
      openrouter: 'https://openrouter.ai/api',
      vllm: 'http://127.0.0.1:8000',
      sglang: 'http://127.0.0.1:30000',
      tgi: 'http://127.0.0.1:3000',
      lmstudio: 'http://127.0.0.1:1234',
    })
    for (const provider of providers.values()) {
      expect(provider).toMatchObject({ dialect: null, credential: null, headers: {}, aws: null })
    }
  })

  test('take what is configured, and keep their own address where nothing is said of it', () => {
    const file = {
      providers: {
        openai: { credential_env: 'MY_KEY', headers: { 'X-Team': 'a' } },
        mine: { base_url: 'http://m/v1///', dialect: 'gemini' },
      },
    }
    expect(providerOf('openai', file, { MY_KEY: ' sk-1\n' })).toEqual({
      name: 'openai',
      baseUrl: 'https://api.openai.com',
      dialect: null,
      credential: 'sk-1',
      headers: { 'x-team': 'a' },
      aws: null,
    })
    expect(providerOf('mine', file, { MY_KEY: 'x' })).toMatchObject({ baseUrl: 'http://m/v1', dialect: 'gemini' })
  })

  const REGIONS: readonly (readonly [why: string, file: unknown, env: Env, url: string])[] = [
    ['the configured one', { providers: { bedrock: { region: 'eu-central-1' } } }, { AWS_REGION: 'us-west-2' }, 'eu-central-1'],
    ['else AWS_REGION', {}, { AWS_REGION: 'us-west-2' }, 'us-west-2'],
    ['else us-east-1', {}, {}, 'us-east-1'],
  ]
  for (const [why, file, env, region] of REGIONS) {
    test(`Bedrock's region is ${why}`, () => {
      expect(providerOf('bedrock', file, env)?.baseUrl).toBe(`https://bedrock-runtime.${region}.amazonaws.com`)
    })
  }

  test('are signed for where access key and secret key are named', () => {
    const file = {
      providers: { bedrock: { access_key_env: 'A', secret_key_env: 'B', session_token_env: 'C', region: 'eu-west-1' } },
    }
    expect(providerOf('bedrock', file, { A: 'id', B: 'secret', C: 'session' })?.aws).toEqual({
      accessKeyId: 'id',
      secretAccessKey: 'secret',
      sessionToken: 'session',
      region: 'eu-west-1',
    })
  })

  test('a variable that is named but not set is told, for all of them at once, without a value', () => {
    const config = readConfig({
      file: { providers: { openai: { credential_env: 'A_KEY' }, groq: { credential_env: 'B_KEY' } } },
      env: {},
      flags: {},
    })
    const gateway = config.ok ? toGatewayConfig(config.value, { B_KEY: ' ' }) : config
    expect(gateway.ok ? [] : problemLines(gateway.error)).toEqual([
      'providers.openai.credential_env: names the environment variable A_KEY, which is not set',
      'providers.groq.credential_env: names the environment variable B_KEY, which is not set',
    ])
  })
})

test('every other setting arrives in the pipeline under its own name', () => {
  const { providers, ...rest } = gatewayOf({
    upstream_url: 'http://up/base/',
    auth: { mode: 'required', admin_key: 'a-root-key-of-24-letters' },
    upstream: { connect_timeout_ms: 1, first_byte_timeout_ms: 2, idle_timeout_ms: 3, retries: 4 },
    circuit_breaker: { enabled: false, failure_threshold: 5, recovery_timeout_ms: 6, half_open_max_calls: 7 },
    limits: { max_request_bytes: 8000 },
    capture: { text: 'metadata', max_text_bytes: 9 },
    debug: { server_timing: true },
  })
  expect(providers.size).toBe(16)
  expect(rest).toEqual({
    upstreamUrl: 'http://up/base',
    auth: { mode: 'required', adminKey: 'a-root-key-of-24-letters' },
    requestBytesMax: 8000,
    upstream: { connectTimeoutMs: 1, firstByteTimeoutMs: 2, idleTimeoutMs: 3, retries: 4 },
    breaker: { isEnabled: false, failureThreshold: 5, recoveryTimeoutMs: 6, halfOpenCallsMax: 7 },
    capture: { text: 'metadata', textBytesMax: 9 },
    guard: DEFAULT_GUARD_POLICY,
    limits: NO_LIMITS,
    serverTiming: true,
  })
})

test('a tenant overrides only what it names', () => {
  const config = readConfig({
    file: { capture: { tenant_overrides: { a: { text: 'none' }, b: { max_text_bytes: 0 }, c: {} } } },
    env: {},
    flags: {},
  })
  expect(config.ok && Object.fromEntries(policyOverridesOf(config.value))).toEqual({
    a: { capture: { text: 'none' }, limits: null },
    b: { capture: { textBytesMax: 0 }, limits: null },
    c: { capture: {}, limits: null },
  })
})

describe('prices', () => {
  test('of the configuration and of a price file are read alike', () => {
    const table = { 'mine/*': { input_per_million: 1, output_per_million: 2, cached_input_per_million: 0.5 } }
    const price = { inputPerMillion: 1, outputPerMillion: 2, cachedInputPerMillion: 0.5, cacheWritePerMillion: null }
    const config = readConfig({ file: { pricing: { custom_models: table } }, env: {}, flags: {} })
    expect(config.ok && Object.fromEntries(customPricesOf(config.value))).toEqual({ 'mine/*': price })
    const file = readPriceTable(table)
    expect(file.ok && Object.fromEntries(file.value)).toEqual({ 'mine/*': price })
  })

  test('an empty file has none, a wrong one is refused by its first wrong entry', () => {
    expect(readPriceTable(null)).toEqual({ ok: true, value: new Map() })
    expect(readPriceTable({ m: { input_per_million: 1, output_per_million: 'x' } })).toEqual({
      ok: false,
      error: 'm.output_per_million: must be a number of USD of at least 0',
    })
    expect(readPriceTable([])).toEqual({ ok: false, error: 'price file: must be a mapping' })
  })
})

describe('addresses', () => {
  const GOOD: readonly (readonly [text: string, host: string, port: number, isLoopback: boolean])[] = [
    ['127.0.0.1:8080', '127.0.0.1', 8080, true],
    ['127.255.255.254:0', '127.255.255.254', 0, true],
    ['localhost:65535', 'localhost', 65_535, true],
    ['LOCALHOST:1', 'LOCALHOST', 1, true],
    ['[::1]:80', '::1', 80, true],
    ['[0:0::1]:80', '::1', 80, true],
    ['0.0.0.0:80', '0.0.0.0', 80, false],
    ['[::]:80', '::', 80, false],
    ['[::ffff:127.0.0.1]:80', '::ffff:7f00:1', 80, false],
    ['10.0.0.1:80', '10.0.0.1', 80, false],
    ['localhost.example:80', 'localhost.example', 80, false],
  ]
  for (const [text, host, port, isLoopback] of GOOD) {
    test(`${text} is ${isLoopback ? '' : 'not '}loopback`, () =>
      expect(parseListenAddr(text)).toEqual({ host, port, isLoopback }))
  }

  const BAD = [
    '',
    '8080',
    ':8080',
    '127.0.0.1',
    '127.0.0.1:',
    '127.0.0.1:65536',
    '127.0.0.1:-1',
    '::1:80',
    '[::1]',
    '[zz]:80',
    '256.0.0.1:80',
  ]
  const ODD = [
    '127.1:80',
    '0177.0.0.1:80',
    '1.2.3.4.:80',
    'http://localhost:80',
    'a b:80',
    '-a:80',
    'a_b:80',
    '127.0.0.1:8080 ',
    `${'a'.repeat(300)}:80`,
  ]
  for (const text of [...BAD, ...ODD]) test(`"${text.slice(0, 40)}" is none`, () => expect(parseListenAddr(text)).toBeNull())

  const URLS: readonly (readonly [text: string, isBase: boolean, isLibsql: boolean])[] = [
    ['https://api.openai.com', true, true],
    ['http://127.0.0.1:8000/v1/', true, true],
    ['HTTPS://API.OPENAI.COM', true, true],
    ['libsql://db.turso.io', false, true],
    ['libsql://db.turso.io?tls=0', false, true],
    ['wss://db.turso.io', false, true],
    ['libsql://db.turso.io?authToken=x', false, false],
    ['libsql://user:pass@db.turso.io', false, false],
    ['https://user@api.openai.com', false, false],
    ['https://api.openai.com/@x', false, false],
    ['https://api.openai.com?x=1', false, false],
    ['https://api.openai.com#x', false, false],
    ['https:api.openai.com', false, false],
    ['https:///api.openai.com', false, false],
    ['https://api.openai.com\\@evil.example', false, false],
    ['https://api.openai.com/a b', false, false],
    ['api.openai.com', false, false],
    ['//api.openai.com', false, false],
    ['file:///etc/passwd', false, false],
    ['javascript:alert(1)', false, false],
    ['', false, false],
  ]
  for (const [text, isBase, isLibsql] of URLS) {
    test(`"${text}" is ${isBase ? 'a' : 'no'} base URL and ${isLibsql ? 'a' : 'no'} libSQL server`, () => {
      expect([isBaseUrl(text), isLibsqlUrl(text)]).toEqual([isBase, isLibsql])
    })
  }
})
