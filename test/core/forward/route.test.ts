import { describe, expect, test } from 'bun:test'
import { assert, constantFrom, array, property, string } from 'fast-check'
import type { GatewayConfig, Provider } from '../../../src/core/domain/gateway.ts'
import type { DialectName } from '../../../src/core/domain/span.ts'
import { createRouter, type Router } from '../../../src/core/forward/route.ts'
import { aConfig, aProvider, providersOf } from '../../support/fakes.ts'

const PROVIDERS = [
  aProvider(),
  aProvider({ name: 'anthropic', baseUrl: 'https://api.anthropic.com' }),
  aProvider({ name: 'google', baseUrl: 'https://generativelanguage.googleapis.com' }),
  aProvider({ name: 'azure', baseUrl: null }),
  aProvider({ name: 'bedrock', baseUrl: 'https://bedrock-runtime.us-east-1.amazonaws.com' }),
  aProvider({ name: 'ollama', baseUrl: 'http://127.0.0.1:11434' }),
  aProvider({ name: 'groq', baseUrl: 'https://api.groq.com/openai' }),
  aProvider({ name: 'cohere', baseUrl: 'https://api.cohere.com' }),
  aProvider({ name: 'openrouter', baseUrl: 'https://openrouter.ai/api' }),
  aProvider({ name: 'groq-v1', baseUrl: 'https://api.groq.com/openai/v1' }),
  aProvider({ name: 'ollama-api', baseUrl: 'http://127.0.0.1:11434/api' }),
  aProvider({ name: 'shared', baseUrl: 'https://gateway.example/v1/account/one', credential: 'sk-operator' }),
  aProvider({ name: 'forced', baseUrl: 'http://127.0.0.1:9000', dialect: 'anthropic-messages' }),
]

function config(more: Partial<GatewayConfig> = {}): GatewayConfig {
  return aConfig({ providers: providersOf(...PROVIDERS), ...more })
}

type Told = readonly [provider: string, dialect: DialectName, url: string] | string

const routeOf = (with_: GatewayConfig, ...asked: Parameters<Router>): ReturnType<Router> => createRouter(with_)(...asked)

/** `path?query` to provider, dialect and URL, or the error's code. */
function told(asked: string, header: string | null = null, with_: GatewayConfig = config()): Told {
  const at = asked.indexOf('?')
  const target = at === -1 ? { path: asked, search: '' } : { path: asked.slice(0, at), search: asked.slice(at) }
  const route = routeOf(with_, target, header)
  if (!route.ok) return route.error.code
  return [route.value.provider.name, route.value.dialect.name, route.value.url]
}

describe('the provider is told by header, then prefix, then dialect', () => {
  const ROWS: readonly (readonly [asked: string, header: string | null, told: Told])[] = [
    ['/v1/chat/completions', null, ['openai', 'openai-chat', 'https://api.openai.com/v1/chat/completions']],
    ['/v1/messages', null, ['anthropic', 'anthropic-messages', 'https://api.anthropic.com/v1/messages']],
    ['/v1/messages/batches', null, ['anthropic', 'opaque', 'https://api.anthropic.com/v1/messages/batches']],
    [
      '/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse',
      null,
      [
        'google',
        'gemini',
        'https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse',
      ],
    ],
    ['/api/chat', null, ['ollama', 'ollama', 'http://127.0.0.1:11434/api/chat']],
    ['/v2/chat', null, ['cohere', 'cohere', 'https://api.cohere.com/v2/chat']],
    [
      '/model/anthropic.claude-v2%3A1/converse',
      null,
      ['bedrock', 'bedrock', 'https://bedrock-runtime.us-east-1.amazonaws.com/model/anthropic.claude-v2%3A1/converse'],
    ],
    ['/v1/models', null, ['openai', 'opaque', 'https://api.openai.com/v1/models']],
    ['/', null, ['openai', 'opaque', 'https://api.openai.com/']],
    ['/p/groq/v1/chat/completions', null, ['groq', 'openai-chat', 'https://api.groq.com/openai/v1/chat/completions']],
    ['/p/GROQ/v1/chat/completions', null, ['groq', 'openai-chat', 'https://api.groq.com/openai/v1/chat/completions']],
    ['/x/p/groq/v1/chat/completions', null, ['openai', 'openai-chat', 'https://api.openai.com/x/p/groq/v1/chat/completions']],
    ['/p', null, ['openai', 'opaque', 'https://api.openai.com/p']],
    ['/p/groq', null, ['groq', 'opaque', 'https://api.groq.com/openai/']],
    ['/p/groq/', null, ['groq', 'opaque', 'https://api.groq.com/openai/']],
    ['/p/openai?x=1', null, ['openai', 'opaque', 'https://api.openai.com/?x=1']],
    ['/v1/chat/completions', 'Groq', ['groq', 'openai-chat', 'https://api.groq.com/openai/v1/chat/completions']],
    ['/p/openai/v1/chat/completions', 'groq', ['groq', 'openai-chat', 'https://api.groq.com/openai/v1/chat/completions']],
    ['/v1/messages', 'openrouter', ['openrouter', 'anthropic-messages', 'https://openrouter.ai/api/v1/messages']],
    ['/anything', 'forced', ['forced', 'anthropic-messages', 'http://127.0.0.1:9000/anything']],
  ]
  for (const [asked, header, expected] of ROWS) {
    test(`${asked} (${header ?? 'no header'})`, () => expect(told(asked, header)).toEqual(expected))
  }
})

describe('the base path stands before the request path exactly once', () => {
  const ROWS: readonly (readonly [asked: string, provider: string, url: string, dialect: DialectName])[] = [
    ['/openai/v1/chat/completions', 'groq', 'https://api.groq.com/openai/v1/chat/completions', 'openai-chat'],
    ['/openai', 'groq', 'https://api.groq.com/openai', 'opaque'],
    ['/openai/v1/models', 'groq', 'https://api.groq.com/openai/v1/models', 'opaque'],
    ['/openaix/v1', 'groq', 'https://api.groq.com/openai/openaix/v1', 'opaque'],
    ['/v1/chat/completions', 'groq-v1', 'https://api.groq.com/openai/v1/chat/completions', 'openai-chat'],
    ['/openai/v1/chat/completions', 'groq-v1', 'https://api.groq.com/openai/v1/chat/completions', 'openai-chat'],
    ['/chat/completions', 'groq-v1', 'https://api.groq.com/openai/v1/chat/completions', 'openai-chat'],
    ['/v1', 'groq-v1', 'https://api.groq.com/openai/v1', 'opaque'],
    ['/v12/x', 'groq-v1', 'https://api.groq.com/openai/v1/v12/x', 'opaque'],
    ['/api/v1/messages', 'openrouter', 'https://openrouter.ai/api/v1/messages', 'anthropic-messages'],
    ['/api/chat', 'ollama-api', 'http://127.0.0.1:11434/api/chat', 'ollama'],
    ['/api/v1/chat/completions', 'ollama-api', 'http://127.0.0.1:11434/api/v1/chat/completions', 'openai-chat'],
  ]
  for (const [asked, provider, url, dialect] of ROWS) {
    test(`${asked} on ${provider}`, () => expect(told(asked, provider)).toEqual([provider, dialect, url]))
  }
})

describe('a provider that is configured nowhere is refused', () => {
  test('by header and by prefix, with its name made printable and short', () => {
    for (const [asked, header] of [
      ['/v1/x', 'nobody'],
      ['/p/nobody/v1', null],
      ['/p/%6fpenai/v1', null],
      ['/v1', ''],
    ] as const) {
      expect(told(asked, header)).toBe('request.provider_unknown')
    }
    const route = routeOf(config(), { path: '/', search: '' }, `evil\u00ff<script>${'x'.repeat(500)}`)
    if (route.ok) throw new Error('must be refused')
    expect(route.error.extra['provider']).toBe(`evil?<script>${'x'.repeat(51)}`)
    expect(route.error.message).toBe(`provider "evil?<script>${'x'.repeat(51)}" is not configured here`)
  })

  test('and one without a base URL says which key to set', () => {
    expect(told('/openai/deployments/gpt/chat/completions')).toBe('request.provider_unknown')
    const route = routeOf(config(), { path: '/p/azure/x', search: '' }, null)
    expect(route.ok ? null : route.error.message).toContain('providers.azure.base_url')
    expect(route.ok ? null : route.error.extra).toEqual({ provider: 'azure' })
  })

  test('also where a name is one that every object has', () => {
    for (const name of ['__proto__', 'constructor', 'tostring']) expect(told('/v1', name)).toBe('request.provider_unknown')
  })
})

function to(upstreamUrl: string): GatewayConfig {
  return config({ upstreamUrl })
}

function google(credential: string | null): GatewayConfig {
  return config({ providers: providersOf(aProvider({ name: 'google', baseUrl: 'https://g.example', credential })) })
}

describe('with an upstream_url every call goes there', () => {
  const HOSTS: readonly (readonly [upstreamUrl: string, provider: string])[] = [
    ['https://api.openai.com', 'openai'],
    ['https://eu.api.openai.com', 'openai'],
    ['https://api.anthropic.com', 'anthropic'],
    ['https://me.openai.azure.com', 'azure'],
    ['https://me.cognitiveservices.azure.com', 'azure'],
    ['https://me.services.ai.azure.com', 'azure'],
    ['https://bedrock-runtime.eu-central-1.amazonaws.com', 'bedrock'],
    ['https://bedrock-runtime-fips.us-east-1.amazonaws.com', 'bedrock'],
    ['https://bedrock-runtime.cn-north-1.amazonaws.com.cn', 'bedrock'],
    ['https://generativelanguage.googleapis.com', 'google'],
    ['https://us-central1-aiplatform.googleapis.com', 'google'],
    ['https://aiplatform.googleapis.com', 'google'],
    ['https://api.groq.com', 'groq'],
    ['https://api.mistral.ai', 'mistral'],
    ['https://api.deepseek.com', 'deepseek'],
    ['https://api.x.ai', 'xai'],
    ['https://api.cohere.com', 'cohere'],
    ['https://api.cohere.ai', 'cohere'],
    ['https://openrouter.ai', 'openrouter'],
    ['http://localhost:11434', 'ollama'],
    ['http://127.0.0.1:9999', 'ollama'],
    ['https://notopenrouter.ai', 'ollama'],
  ]
  for (const [upstreamUrl, provider] of HOSTS) {
    test(`${upstreamUrl} is ${provider}`, () => {
      expect(told('/api/chat', null, to(upstreamUrl))).toEqual([provider, 'ollama', `${upstreamUrl}/api/chat`])
    })
  }

  test('a host is known as a whole: one that begins or ends like it is another', () => {
    for (const [upstreamUrl, provider] of HOSTS) {
      const { hostname, port } = new URL(upstreamUrl)
      if (port !== '') continue
      for (const other of [`https://${hostname}.evil.example`, `https://evil${hostname.replaceAll('.', '-')}.example`]) {
        expect([other, told('/api/chat', null, to(other))[0]]).toEqual([other, 'ollama'])
      }
      const bare = `https://${hostname.split('.').slice(-2).join('.')}`
      expect(['ollama', provider]).toContain(told('/api/chat', null, to(bare))[0] ?? '')
    }
    for (const [host, provider] of [
      ['groq.com', 'groq'],
      ['mistral.ai', 'mistral'],
      ['deepseek.com', 'deepseek'],
      ['x.ai', 'xai'],
      ['cohere.com', 'cohere'],
      ['openai.azure.com', 'azure'],
    ] as const) {
      expect(told('/api/chat', null, to(`https://${host}`))[0]).toBe(provider)
    }
    expect(told('/api/chat', null, to('https://my-bedrock-runtime.us-east-1.amazonaws.com'))[0]).toBe('ollama')
  })

  test('the provider is told by header first, also one that is configured nowhere', () => {
    expect(told('/v1/messages', 'vllm-2', to('https://api.openai.com'))).toEqual([
      'vllm-2',
      'anthropic-messages',
      'https://api.openai.com/v1/messages',
    ])
    expect(told('/v1/messages', null, to('http://127.0.0.1:9'))).toEqual([
      'anthropic',
      'anthropic-messages',
      'http://127.0.0.1:9/v1/messages',
    ])
    expect(told('/p/groq/v1/chat/completions', null, to('http://127.0.0.1:9/base'))).toEqual([
      'groq',
      'openai-chat',
      'http://127.0.0.1:9/base/v1/chat/completions',
    ])
  })

  test('a name that is none is refused: it would stand in spans and on metrics', () => {
    for (const name of ['', 'a b', 'x'.repeat(65), '-x', 'ü', '__proto__', '<script>']) {
      expect(told('/v1/chat/completions', name, to('http://127.0.0.1:9'))).toBe('request.provider_unknown')
    }
    expect(told(`/p/${'x'.repeat(65)}/v1`, null, to('http://127.0.0.1:9'))).toBe('request.provider_unknown')
  })

  test('a configured provider keeps its settings there', () => {
    const route = routeOf(config({ upstreamUrl: 'http://127.0.0.1:9' }), { path: '/x', search: '' }, 'shared')
    expect(route.ok && route.value.provider).toMatchObject({
      name: 'shared',
      credential: 'sk-operator',
      baseUrl: 'http://127.0.0.1:9',
    })
  })
})

describe('no path leads away from the provider', () => {
  const ODD: readonly string[] = [
    '//evil.example/v1',
    '/p/groq//evil.example/v1',
    '/p/openai/@evil.example',
    '/p/openai/%40evil.example',
    '/\\evil.example',
    '/\\\\evil.example/v1',
    '/https://evil.example/',
    '/.evil.example',
    '/..',
    '/../../../../etc/passwd',
    '/%2e%2e/%2e%2e/x',
    '/..%2f..%2fx',
    '/..;/x',
    '/v1/#@evil.example',
    '/v1/?@evil.example',
    '/:443@evil.example',
    '/%00',
    '/%zz',
    '/ü/\u2028',
    `/${'a/'.repeat(50_000)}`,
  ]
  for (const asked of ODD) {
    test(asked.slice(0, 60), () => {
      for (const [header, base] of [
        ['openai', 'https://api.openai.com'],
        ['groq', 'https://api.groq.com/openai'],
      ] as const) {
        const outcome = told(asked, header)
        if (typeof outcome === 'string') {
          expect(outcome).toBe('request.malformed')
          continue
        }
        const sent = new URL(outcome[2])
        expect(sent.origin).toBe(new URL(base).origin)
        expect(`${sent.pathname}/`).toStartWith(`${new URL(base).pathname}/`.replace('//', '/'))
        expect([sent.username, sent.password]).toEqual(['', ''])
      }
    })
  }

  test('and the refusal says so', () => {
    const route = routeOf(config(), { path: '/../two', search: '' }, 'shared')
    expect(route.ok ? null : route.error).toMatchObject({
      code: 'request.malformed',
      message: 'the request path does not lead to the provider',
      reason: 'left https://gateway.example',
    })
  })

  test('a path that does not begin with a slash is refused where it would change the host', () => {
    for (const path of ['.evil.example', '@evil.example', ':x@evil.example', ':8080', 'evil.example']) {
      expect([path, told(path, 'openai')]).toEqual([path, 'request.malformed'])
    }
  })

  test('a stored credential never goes above its base path, however the steps up are written', () => {
    for (const path of [
      '/../two/v1/chat/completions',
      '/x/../../two',
      '/%2e%2e/two',
      '/.%2E/two',
      '/..\\two',
      '/..%2ftwo',
      '/x%2f..%2f..%2ftwo',
      '/%2e%2e%5ctwo',
      '/v1/../../../../v1/account/two',
    ]) {
      expect([path, told(path, 'shared')]).toEqual([path, 'request.malformed'])
    }
    expect(told('/a/../b', 'shared')).toEqual(['shared', 'opaque', 'https://gateway.example/v1/account/one/a/../b'])
  })

  test('whatever the path, the URL stays below the base', () => {
    const piece = constantFrom(
      '/',
      '..',
      '.',
      '%2e',
      '%2f',
      '%5c',
      '\\',
      '@',
      ':',
      '#',
      '?',
      'evil.example',
      'v1',
      'account',
      'one',
      '\t',
      '\n',
      '%',
      ';',
      '//',
    )
    assert(
      property(array(piece, { maxLength: 12 }), string({ maxLength: 5 }), (pieces, tail) => {
        const outcome = told(`/${pieces.join('')}${tail}`.replaceAll('?', ''), 'shared')
        if (typeof outcome === 'string') return
        const sent = new URL(outcome[2])
        expect(sent.origin).toBe('https://gateway.example')
        expect(`${sent.pathname}/`).toStartWith('/v1/account/one/')
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('a way of writing a path is no way around its dialect', () => {
  const WAYS: readonly string[] = [
    '/v1/chat/completions',
    '/v1/chat/completions/',
    '/v1//chat//completions',
    '/v1/x/../chat/completions',
    '/v1/chat/./completions',
    '/v1/chat/completions/.',
    '/v1/chat/x/%2e%2e/completions',
    '/v1\\chat\\completions',
    '/v1/ch%61t/completions',
    '/v1/chat/%63%6F%6Dpletions',
    '//v1/chat/completions',
    '/v1/chat/completions#x',
  ]
  for (const way of WAYS) {
    test(way, () => {
      const route = routeOf(config(), { path: way, search: '' }, null)
      expect(route.ok && [route.value.dialect.name, route.value.provider.name]).toEqual(['openai-chat', 'openai'])
    })
  }

  test('and what is sent stays as it was written', () => {
    expect(told('/v1/ch%61t//completions/?a=%41')).toEqual([
      'openai',
      'openai-chat',
      'https://api.openai.com/v1/ch%61t//completions/?a=%41',
    ])
  })

  test('an escaped colon of Gemini is a colon, an escaped slash in a model is none', () => {
    expect(told('/v1beta/models/gemini-pro%3AgenerateContent')[1]).toBe('gemini')
    expect(told('/model/arn%3Aaws%3Abedrock%2Fx/converse')[1]).toBe('bedrock')
    const route = routeOf(config(), { path: '/model/arn%3Aaws%2Fx/converse', search: '' }, null)
    expect(route.ok && route.value.target.path).toBe('/model/arn:aws%2Fx/converse')
  })
})

describe('the query', () => {
  const path = '/v1beta/models/gemini-pro:generateContent'

  test('passes as it was written', () => {
    expect(told('/v1/models?b=2&a=%31&&c')).toEqual(['openai', 'opaque', 'https://api.openai.com/v1/models?b=2&a=%31&&c'])
    expect(told('/v1/models?')).toEqual(['openai', 'opaque', 'https://api.openai.com/v1/models?'])
  })

  test('never carries a key of ours', () => {
    expect(told('/v1/models?key=llmt_canary')[2]).toBe('https://api.openai.com/v1/models')
    expect(told('/v1/models?a=%zz&key=l%6cmt%5fcanary&b=%31')[2]).toBe('https://api.openai.com/v1/models?a=%zz&b=%31')
    expect(told('/v1/models?a=1&key=llmt_canary&b=2')[2]).toBe('https://api.openai.com/v1/models?a=1&b=2')
    expect(told(`${path}?key=llmt_canary&alt=sse`, null, google(null))[2]).toBe(`https://g.example${path}?alt=sse`)
  })

  test('keeps the caller’s own Gemini key, unless a configured one takes its place', () => {
    expect(told(`${path}?key=AIza&alt=sse`, null, google(null))[2]).toBe(`https://g.example${path}?key=AIza&alt=sse`)
    expect(told(`${path}?key=AIza&alt=sse`, null, google('AIza-ours'))[2]).toBe(`https://g.example${path}?alt=sse`)
    expect(told(`${path}?alt=sse`, null, google('AIza-ours'))[2]).toBe(`https://g.example${path}?alt=sse`)
    expect(told('/v1beta/files?key=AIza', null, google('AIza-ours'))[2]).toBe('https://g.example/v1beta/files')
  })

  test('keeps a parameter of that name elsewhere', () => {
    const providers: readonly Provider[] = [aProvider({ credential: 'sk' })]
    expect(told('/v1/x?key=1', null, config({ providers: providersOf(...providers) }))[2]).toBe(
      'https://api.openai.com/v1/x?key=1',
    )
  })
})
