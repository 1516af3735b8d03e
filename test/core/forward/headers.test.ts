import { describe, expect, test } from 'bun:test'
import type { Provider } from '../../../src/core/domain/gateway.ts'
import type { DialectName } from '../../../src/core/domain/span.ts'
import { answerHeaders, KEY_HEADERS, upstreamHeaders } from '../../../src/core/forward/headers.ts'
import { aProvider } from '../../support/fakes.ts'

const AWS = { accessKeyId: 'AKIA', secretAccessKey: 's', sessionToken: null, region: 'us-east-1' }

type Sent = { readonly [name: string]: string }

function sent(
  headers: HeadersInit,
  provider: Partial<Provider> = {},
  dialect: DialectName = 'openai-chat',
  gatewayKeyHeader: string | null = null,
  adminKey: string | null = null,
): Sent {
  return Object.fromEntries(upstreamHeaders(new Headers(headers), aProvider(provider), dialect, gatewayKeyHeader, adminKey))
}

describe('request headers', () => {
  test('pass as they are', () => {
    const headers = {
      accept: 'text/event-stream',
      'accept-encoding': 'gzip, br',
      'anthropic-version': '2023-06-01',
      authorization: 'Bearer sk-caller',
      baggage: 'k=v',
      'content-type': 'application/json; charset=utf-8',
      'content-encoding': 'gzip',
      cookie: 'a=1; b=2',
      'openai-organization': 'org',
      'user-agent': 'OpenAI/Python 1.2',
      'x-stainless-lang': 'python',
      'cf-aig-authorization': 'Bearer for a gateway behind us',
    }
    expect(sent(headers)).toEqual(headers)
  })

  const NEVER: readonly string[] = [
    'connection',
    'keep-alive',
    'proxy-authenticate',
    'proxy-authorization',
    'proxy-connection',
    'te',
    'trailer',
    'transfer-encoding',
    'upgrade',
    'host',
    'content-length',
    'expect',
    'traceparent',
    'tracestate',
    'cf-connecting-ip',
    'cf-connecting-ipv6',
    'cf-ipcountry',
    'cf-pseudo-ipv4',
    'cf-ray',
    'cf-visitor',
    'cf-worker',
    'cf-ew-via',
    'cdn-loop',
    'forwarded',
    'true-client-ip',
    'x-forwarded-for',
    'x-forwarded-host',
    'x-forwarded-port',
    'x-forwarded-proto',
    'x-real-ip',
    'x-llmtrace-key',
    'x-llmtrace-tenant-id',
    'x-llmtrace-agent-id',
    'x-llmtrace-user-id',
    'x-llmtrace-session-id',
    'x-llmtrace-provider',
    'x-llmtrace-tags',
    'x-llmtrace-anything',
  ]
  for (const name of NEVER) {
    test(`never pass: ${name}`, () => expect(sent({ [name]: 'value', 'x-other': '1' })).toEqual({ 'x-other': '1' }))
  }

  test('named in Connection are for this hop only', () => {
    expect(sent({ connection: 'close, X-Hop , , not a name', 'x-hop': '1', 'x-other': '2' })).toEqual({ 'x-other': '2' })
    expect(sent({ connection: 'keep-alive', 'x-other': '2' })).toEqual({ 'x-other': '2' })
    expect(sent({ connection: 'close', close: 'not a hop header' })).toEqual({ close: 'not a hop header' })
  })

  test('configured for the provider win over everything', () => {
    const provider = { headers: { 'X-Team': 'ours', authorization: 'Bearer configured' }, credential: 'sk-stored' }
    expect(sent({ 'x-team': 'theirs', 'x-api-key': 'theirs' }, provider)).toEqual({
      'x-team': 'ours',
      authorization: 'Bearer configured',
    })
  })
})

describe('a stored credential', () => {
  const ROWS: readonly (readonly [provider: string, dialect: DialectName, header: string])[] = [
    ['openai', 'openai-chat', 'authorization'],
    ['openai', 'openai-responses', 'authorization'],
    ['openai', 'opaque', 'authorization'],
    ['anthropic', 'anthropic-messages', 'x-api-key'],
    ['anthropic', 'opaque', 'x-api-key'],
    ['anthropic', 'openai-chat', 'authorization'],
    ['my-claude', 'anthropic-messages', 'x-api-key'],
    ['openrouter', 'anthropic-messages', 'authorization'],
    ['openrouter', 'openai-chat', 'authorization'],
    ['google', 'gemini', 'x-goog-api-key'],
    ['google', 'opaque', 'x-goog-api-key'],
    ['google', 'openai-chat', 'authorization'],
    ['azure', 'azure-openai', 'api-key'],
    ['azure', 'openai-chat', 'api-key'],
    ['azure', 'opaque', 'api-key'],
    ['azure', 'anthropic-messages', 'x-api-key'],
    ['my-azure', 'azure-openai', 'api-key'],
    ['bedrock', 'bedrock', 'authorization'],
    ['cohere', 'cohere', 'authorization'],
    ['ollama', 'ollama', 'authorization'],
    ['vllm', 'opaque', 'authorization'],
  ]
  for (const [name, dialect, header] of ROWS) {
    test(`of ${name} stands in ${header} for ${dialect}, alone`, () => {
      const caller = Object.fromEntries(KEY_HEADERS.map((key) => [key, 'caller-key']))
      const value = header === 'authorization' ? 'Bearer sk-stored' : 'sk-stored'
      expect(sent({ ...caller, 'x-other': '1' }, { name, credential: 'sk-stored' }, dialect)).toEqual({
        [header]: value,
        'x-other': '1',
      })
    })
  }

  test('that signs requests takes the place of the caller’s key as well', () => {
    const caller = Object.fromEntries(KEY_HEADERS.map((key) => [key, 'caller-key']))
    expect(sent({ ...caller, 'x-other': '1' }, { name: 'bedrock', aws: AWS }, 'bedrock')).toEqual({ 'x-other': '1' })
  })

  test('that is not there leaves the caller’s own key where it stands', () => {
    expect(sent({ 'x-api-key': 'sk-ant-caller' }, { name: 'anthropic' }, 'anthropic-messages')).toEqual({
      'x-api-key': 'sk-ant-caller',
    })
  })
})

describe('a gateway key never goes upstream', () => {
  const CANARY = 'llmt_canary'
  for (const name of ['x-llmtrace-key', ...KEY_HEADERS, 'cookie', 'x-custom']) {
    for (const value of [CANARY, `Bearer ${CANARY}`, `session=${CANARY}; a=b`]) {
      test(`${name}: ${value}`, () => {
        // Whether or not it was the key that identified the caller, and beside one that did.
        for (const header of [null, name, 'x-llmtrace-key', 'authorization']) {
          expect(JSON.stringify(sent({ [name]: value, 'x-other': '1' }, {}, 'openai-chat', header))).not.toContain('canary')
        }
      })
    }
  }

  test('the root key neither, in whatever place of a key it stands', () => {
    for (const name of KEY_HEADERS) {
      for (const value of ['root-secret', 'Bearer root-secret', 'bearer  root-secret']) {
        expect(sent({ [name]: value, 'x-other': '1' }, {}, 'openai-chat', 'x-llmtrace-key', 'root-secret')).toEqual({
          'x-other': '1',
        })
        expect(sent({ [name]: value }, {}, 'openai-chat', name, 'root-secret')).toEqual({})
      }
      expect(sent({ [name]: 'root-secret-of-a-provider' }, {}, 'openai-chat', null, 'root-secret')).toEqual({
        [name]: 'root-secret-of-a-provider',
      })
    }
  })

  test('the header that carried the key is dropped whatever its value', () => {
    expect(sent({ 'x-api-key': 'root', authorization: 'Bearer sk-own' }, {}, 'openai-chat', 'x-api-key')).toEqual({
      authorization: 'Bearer sk-own',
    })
  })
})

describe('answer headers', () => {
  test('pass as they are, also twice the same name', () => {
    const headers = new Headers({ 'content-type': 'text/event-stream', 'x-request-id': 'r', 'content-length': '5' })
    headers.append('set-cookie', 'a=1')
    headers.append('set-cookie', 'b=2')
    const out = answerHeaders(headers, false)
    expect([...out]).toEqual([...headers])
    expect(out.getSetCookie()).toEqual(['a=1', 'b=2'])
  })

  test('are a copy', () => {
    const headers = new Headers({ a: '1' })
    answerHeaders(headers, false).set('a', '2')
    expect(headers.get('a')).toBe('1')
  })

  test('without those of the hop', () => {
    const headers = {
      connection: 'close, x-hop',
      'keep-alive': 'timeout=5',
      'transfer-encoding': 'chunked',
      'x-hop': '1',
      te: 'x',
      a: '1',
    }
    expect([...answerHeaders(new Headers(headers), false)]).toEqual([['a', '1']])
  })

  test('survive a Connection header that is odd', () => {
    for (const connection of ['', ',', 'close,', 'a b', 'ü', 'close, (x)']) {
      expect([...answerHeaders(new Headers({ connection, a: '1' }), false)]).toEqual([['a', '1']])
    }
  })

  test('lose encoding and length where the runtime decoded the body, and only there', () => {
    const encoded = { 'content-encoding': 'gzip', 'content-length': '5', a: '1' }
    expect(Object.fromEntries(answerHeaders(new Headers(encoded), false))).toEqual(encoded)
    expect(Object.fromEntries(answerHeaders(new Headers(encoded), true))).toEqual({ a: '1' })
    expect(Object.fromEntries(answerHeaders(new Headers({ 'content-length': '5' }), true))).toEqual({ 'content-length': '5' })
  })
})
