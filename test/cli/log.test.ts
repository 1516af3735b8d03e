import { describe, expect, test } from 'bun:test'
import { createLog } from '../../src/adapters/web/log.ts'
import { isSecretName, redactText } from '../../src/adapters/web/redact.ts'
import { PortError, type LogLevel } from '../../src/core/ports.ts'

const NOON = Date.UTC(2026, 0, 2, 12)

function lineOf(format: 'text' | 'json', fields: { readonly [name: string]: unknown }, event = 'it.happened'): string {
  const lines: string[] = []
  createLog(
    { level: 'debug', format },
    (line) => lines.push(line),
    () => NOON,
  ).write('info', event, fields)
  expect(lines).toHaveLength(1)
  return lines[0] ?? ''
}

function jsonOf(fields: { readonly [name: string]: unknown }): { readonly [name: string]: unknown } {
  return JSON.parse(lineOf('json', fields))
}

describe('secrets by the name of their field', () => {
  const SECRET = [
    'authorization', 'Authorization', 'proxy-authorization', 'api_key', 'api-key', 'apiKey', 'apikey', 'x-api-key', 'X-Api-Key', 'x-goog-api-key',
    'key', 'admin_key', 'adminKey', 'secret', 'client_secret', 'secretAccessKey', 'secret_access_key', 'private_key', 'access_key', 'password',
    'userPassword', 'passwd', 'passphrase', 'cookie', 'set-cookie', 'cookies', 'token', 'access_token', 'accessToken', 'refresh_token', 'authToken',
    'session_token', 'libsql_token', 'x-amz-security-token', 'jwt', 'credential', 'credentials', 'signature', 'X-LLMTrace-Key',
  ] // prettier-ignore
  const HARMLESS = [
    'tokens', 'token_count', 'tokenCount', 'max_tokens', 'input_tokens', 'key_id', 'keyId', 'key_prefix', 'tokenizer', 'keyboard', 'monkey',
    'credential_env', 'secret_key_env', 'password_length', 'cache_key', 'primary_key', 'public_key', 'idempotency_key', 'cookie_count', 'author',
    'authors', 'model', 'keys', 'secret_name', 'auth_mode', 'provider', 'secretary',
  ] // prettier-ignore
  for (const name of SECRET)
    test(`${name} is one`, () => expect([isSecretName(name), jsonOf({ [name]: 'v' })[name]]).toEqual([true, '[redacted]']))
  for (const name of HARMLESS)
    test(`${name} is none`, () => expect([isSecretName(name), jsonOf({ [name]: 'v' })[name]]).toEqual([false, 'v']))

  test('also deep inside, in headers and maps, and whatever the value is', () => {
    const deep = {
      a: [{ password: 'x' }],
      h: new Headers({ Authorization: 'x', accept: 'y' }),
      m: new Map([['token', 'x']]),
      key: { inner: 'x' },
      secret: 42,
    }
    expect(jsonOf({ deep })['deep']).toEqual({
      a: [{ password: '[redacted]' }],
      h: { accept: 'y', authorization: '[redacted]' },
      m: { token: '[redacted]' },
      key: '[redacted]',
      secret: '[redacted]',
    })
  })

  test('whether one is set may be told', () => {
    expect(jsonOf({ api_key: true, token: null, password: '' })).toMatchObject({ api_key: true, token: null, password: '' })
  })
})

describe('secrets by their shape', () => {
  const b64 = 'abcdefghijklmnopqrstuvwxyz0123456789'
  const SECRETS: readonly (readonly [why: string, text: string, clean: string])[] = [
    ['OpenAI', `got sk-${b64}.`, 'got [redacted].'],
    ['OpenAI project', `sk-proj-${b64}_-x`, '[redacted]'],
    ['Anthropic', `"sk-ant-api03-${b64}"`, '"[redacted]"'],
    ['OpenRouter', `sk-or-v1-${b64}`, '[redacted]'],
    ['ours', `key llmt_${b64}, again llmt_${b64}`, 'key [redacted], again [redacted]'],
    ['Google', `AIzaSy${b64.slice(0, 33)}`, '[redacted]'],
    ['AWS', 'id AKIAIOSFODNN7EXAMPLE', 'id [redacted]'],
    ['AWS, temporary', 'ASIAIOSFODNN7EXAMPLE', '[redacted]'],
    ['GitHub', `ghp_${b64}`, '[redacted]'],
    ['GitHub, fine grained', `github_pat_${b64}`, '[redacted]'],
    ['Slack', 'xoxb-123456789012-abcdef', '[redacted]'],
    ['Groq', `gsk_${b64}`, '[redacted]'],
    ['Hugging Face', `hf_${b64}`, '[redacted]'],
    ['xAI', `xai-${b64}`, '[redacted]'],
    ['a bearer', 'Authorization was Bearer abc123def', 'Authorization was Bearer [redacted]'],
    ['a long bearer without digits', `bearer ${'abcdefghij'.repeat(3)}`, 'bearer [redacted]'],
    ['basic credentials', 'Basic dXNlcjpwYXNzd29yZDE=', 'Basic [redacted]'],
    ['a JWT', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl', '[redacted]'],
    ['a JWT without its signature', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0', '[redacted]'],
    ['a connection string', 'postgres://app:hunter2@db:5432/x', 'postgres://app:[redacted]@db:5432/x'],
    ['one with an @ in its password', 'redis://:p@ss@db:6379', 'redis://:[redacted]@db:6379'],
    ['one of any length', `mysql://a:${'p'.repeat(600)}@h`, 'mysql://a:[redacted]@h'],
    ['a query parameter', 'https://h/x?alt=sse&key=abc&y=1', 'https://h/x?alt=sse&key=[redacted]&y=1'],
    ['another', 'libsql://h?authToken=abc', 'libsql://h?authToken=[redacted]'],
    ['a header in a text', 'sent x-api-key: abcdef to it', 'sent x-api-key: [redacted] to it'],
    ['JSON in a text', '{"api_key":"abcdef","n":1}', '{"api_key":"[redacted]","n":1}'],
    ['a private key', '-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----', '[redacted]'],
    ['a private key that was cut', '-----BEGIN PRIVATE KEY-----\nabc', '[redacted]'],
  ]
  for (const [why, text, clean] of SECRETS) {
    test(why, () => {
      expect(redactText(text)).toBe(clean)
      expect(redactText(clean)).toBe(clean)
      expect(jsonOf({ note: text, list: [text] })).toMatchObject({ note: clean, list: [clean] })
    })
  }

  const STAYS: readonly (readonly [why: string, text: string])[] = [
    ['a model', 'claude-sonnet-4-20250514'],
    ['a library', 'sk-learn'],
    ['a word that ends alike', 'task-abcdefghijklmnopqrstuvwxyz'],
    ['a metric', 'llmtrace_requests_total'],
    ['a trace id', '0192f0a0-7b7c-7def-8123-456789abcdef'],
    ['a hash', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['an address with a port', 'http://127.0.0.1:8080/v1'],
    ['a package and its version', 'https://registry.example/@scope/name@1.2.3'],
    ['a mail address', 'someone@example.com'],
    ['prose about bearers', 'Bearer authentication failed'],
    ['prose about basics', 'basic requirements are met'],
    ['prose about keys', 'the api key is missing'],
    ['a query without secrets', '/v1/traces?limit=50&cursor=abc'],
    ['an id in capitals', 'AKIA-1234'],
    ['counts', 'max_tokens=4096 tokens: 12'],
    ['a place in code', 'at send (file:///app/src/core/forward.ts:12:5)'],
    ['base64 of no JWT', 'eyJhbGciOiJIUzI1NiJ9'],
    ['a name with the start of a key', 'hf_transformers_large_model'],
  ]
  for (const [why, text] of STAYS) test(`${why} stays`, () => expect(redactText(text)).toBe(text))

  test('no text takes long, however it is made', () => {
    const evil = [
      'eyJ-',
      'sk-',
      'a://',
      'a://a:',
      'Bearer ',
      '&key=',
      'api_key',
      '"',
      '-----BEGIN PRIVATE KEY-----',
      '@',
      'authorization:  ',
      'xoxb-1',
      'x-api-key="',
    ]
    for (const part of evil) {
      const text = part.repeat(Math.ceil(6000 / part.length))
      const start = performance.now()
      redactText(text)
      expect(performance.now() - start).toBeLessThan(250)
    }
  })
})

describe('a line', () => {
  test('for people holds time, level, event and fields', () => {
    expect(
      lineOf('text', { url: 'http://a', n: 3, text: 'two words', empty: '', none: null, left_out: undefined, list: [1, 'b'] }),
    ).toBe('2026-01-02T12:00:00.000Z INFO  it.happened url=http://a n=3 text="two words" empty="" none=null list=[1,"b"]')
  })

  test('for machines is one JSON object whose own fields cannot be taken', () => {
    expect(lineOf('json', { n: 3, level: 'x', event: 'y' })).toBe(
      '{"time":"2026-01-02T12:00:00.000Z","level":"info","event":"it.happened","n":3,"level_":"x","event_":"y"}',
    )
  })

  test('cannot be forged by what it holds', () => {
    const line = lineOf(
      'text',
      { path: '/a\n2026-01-02T12:00:00.000Z ERROR fake', colour: '\u001b[31m', 'name\n': 1 },
      'it\nhappened',
    )
    expect(line).not.toMatch(/[\p{Cc}]/u)
    expect(lineOf('json', { path: 'a\nb' })).not.toContain('\n')
  })

  const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']
  for (const [i, least] of LEVELS.entries()) {
    test(`is written from level ${least} on`, () => {
      const lines: string[] = []
      const log = createLog({ level: least, format: 'text' }, (line) => lines.push(line))
      for (const level of LEVELS) log.write(level, level)
      expect(lines).toHaveLength(LEVELS.length - i)
      expect(LEVELS.filter(log.isEnabled)).toEqual(LEVELS.slice(i))
    })
  }
})

describe('errors', () => {
  const error = new PortError('libsql', `cannot write to postgres://u:hunter2@h/x`, { cause: new TypeError('inner') })

  test('have name, message and stack once', () => {
    const { error: logged } = jsonOf({ error })
    expect(logged).toMatchObject({
      name: 'PortError',
      message: 'cannot write to postgres://u:[redacted]@h/x',
      dependency: 'libsql',
      cause: { name: 'TypeError', message: 'inner' },
    })
    const text = JSON.stringify(logged)
    expect(text.split('cannot write')).toHaveLength(2)
    expect(text).toContain('log.test.ts')
  })

  test('for people stand on the line, their stack below', () => {
    const [first, ...frames] = lineOf('text', { error, n: 1 }).split('\n')
    expect(first).toBe(
      '2026-01-02T12:00:00.000Z INFO  it.happened error="PortError: cannot write to postgres://u:[redacted]@h/x <- TypeError: inner" error.dependency=libsql n=1',
    )
    expect(frames.length).toBeGreaterThan(0)
    for (const frame of frames) expect(frame).toStartWith('    at ')
  })

  test('that cause themselves end', () => {
    const own = new Error('own')
    own.cause = own
    expect(jsonOf({ own })['own']).toMatchObject({ message: 'own', cause: '[circular]' })
  })

  test('that only look like errors are values', () => {
    expect(lineOf('text', { odd: { stack: 1, message: 2 } })).toEndWith('odd={"stack":1,"message":2}')
  })
})

describe('odd values', () => {
  const cyclic: { self?: unknown; list?: unknown[] } = { list: [] }
  cyclic.self = cyclic
  cyclic.list?.push(cyclic)
  const thrower = Object.defineProperty({}, 'bad', { enumerable: true, get: () => { throw new Error('no') } }) // prettier-ignore
  const revoked = Proxy.revocable({}, {})
  revoked.revoke()

  const CASES: readonly (readonly [why: string, value: unknown, plain: unknown])[] = [
    ['a cycle', cyclic, { list: ['[circular]'], self: '[circular]' }],
    ['a getter that throws', thrower, { bad: '[unreadable: Error: no]' }],
    ['a bigint', 12n, '12'],
    ['no number', Number.NaN, 'NaN'],
    ['a function', () => 1, '[function]'],
    ['a symbol', Symbol('x'), '[symbol]'],
    ['a date', new Date(NOON), '2026-01-02T12:00:00.000Z'],
    ['an invalid date', new Date(Number.NaN), 'invalid date'],
    ['bytes', new Uint8Array(12), '[12 bytes]'],
    ['a set', new Set([1, 2]), [1, 2]],
    ['a URL', new URL('https://h/?key=abc'), 'https://h/?key=[redacted]'],
    ['something deep', [[[[[[[[1]]]]]]]], [[[[['[deeper]']]]]]],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
    ['a name of JavaScript', JSON.parse('{"__proto__":1}'), JSON.parse('{"__proto__":1}')],
  ]
  for (const [why, value, plain] of CASES) test(why, () => expect(jsonOf({ value })['value']).toEqual(plain))

  test('something that cannot be read at all does not stop the line', () => {
    expect(lineOf('json', { value: revoked.proxy, n: 1 })).toContain('"n":1')
  })

  test('huge ones are cut, and say so', () => {
    const wide: unknown = Array.from({ length: 60 }, () =>
      Array.from({ length: 60 }, () => Array.from({ length: 60 }, () => [])),
    )
    expect(lineOf('json', { text: 'x'.repeat(1e6) })).toContain('… [1000000 characters]')
    for (const value of [
      'x'.repeat(1e6),
      wide,
      Array.from({ length: 1e5 }, () => 'y'.repeat(100)),
      Object.fromEntries(Array.from({ length: 1e4 }, (_, i) => [`k${i}`, 'z'.repeat(3000)])),
    ]) {
      expect(lineOf('json', { value, other: value }).length).toBeLessThan(80_000)
    }
  })

  test('a secret at the cut does not show its first half', () => {
    for (let at = 1000; at < 2100; at += 7) {
      const line = lineOf('json', { text: `${'x'.repeat(at)} sk-${'S'.repeat(2000)} ${'y'.repeat(3000)}` })
      expect(line).not.toMatch(/SSS/)
    }
  })
})
