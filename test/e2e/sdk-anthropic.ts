/** Cases of `@anthropic-ai/sdk`: messages, thinking, tools, counting. */
import assert from 'node:assert/strict'
import Anthropic, {
  APIUserAbortError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  RateLimitError,
} from '@anthropic-ai/sdk'
import { error, json, sse } from '../support/fake-upstream.ts'
import { anthropicError, messageAnswer, messageStream } from './provider-formats.ts'
import {
  answerWith,
  assertCancelled,
  assertInstance,
  assertRequest,
  CALL,
  failureOf,
  gather,
  paced,
  PIECES,
  sdkCase,
  TEXT,
  WEATHER_SCHEMA,
  type Place,
  type SdkCase,
  type SpanFacts,
} from './sdk-case.ts'

const KEY = 'sk-ant-test-0123456789'
// From 1.0 on the SDK says its key as a bearer token, with API version 2026-10-21; `x-api-key` is what older ones and curl send.
const AUTHORIZATION = ['authorization', `Bearer ${KEY}`] as const
const ASK = {
  model: 'claude-sonnet-5',
  max_tokens: 1024,
  messages: [{ role: 'user' as const, content: 'Wie ist das Wetter?' }],
}
const TOOLS = [{ name: CALL.name, description: 'Forecast', input_schema: { ...WEATHER_SCHEMA, required: ['city'] } }]

const MESSAGE: SpanFacts = {
  operation: 'chat',
  dialect: 'anthropic-messages',
  provider: 'anthropic',
  model: 'claude-sonnet-5',
  isStreaming: false,
  status: 'ok',
  statusCode: 200,
  text: TEXT,
  toolCalls: [],
  usage: { input: 16, cacheRead: 10, cacheWrite: 4, output: 8, reasoning: 4 },
}
const STREAMED: SpanFacts = { ...MESSAGE, isStreaming: true }
const CALLED: Partial<SpanFacts> = { toolCalls: [{ name: CALL.name, arguments: CALL.arguments }] }

function clientOf({ baseUrl, headers }: Place): Anthropic {
  return new Anthropic({ baseURL: baseUrl, apiKey: KEY, defaultHeaders: headers, maxRetries: 0 })
}

const ERRORS = [
  [400, BadRequestError, 'invalid_request_error'],
  [401, AuthenticationError, 'authentication_error'],
  [429, RateLimitError, 'rate_limit_error'],
  [500, InternalServerError, 'api_error'],
  [529, InternalServerError, 'overloaded_error'],
] as const

export const anthropicCases: readonly SdkCase[] = [
  sdkCase('anthropic: a message', [MESSAGE], async (place) => {
    answerWith(place.upstream, json(messageAnswer({ pieces: PIECES })))
    const message = await clientOf(place).messages.create({ ...ASK, system: 'Sei kurz.', metadata: { user_id: 'end-user-1' } })
    assert.deepEqual(message.content, [{ type: 'text', text: TEXT, citations: null }])
    assert.equal(message.usage.cache_read_input_tokens, 10)
    assertRequest(place.upstream, 0, {
      path: '/v1/messages',
      key: AUTHORIZATION,
      body: { ...ASK, system: 'Sei kurz.', metadata: { user_id: 'end-user-1' } },
    })
    assert.equal(place.upstream.requests[0]?.header('anthropic-version'), '2026-10-21')
  }),

  sdkCase('anthropic: a message stream with thinking', [STREAMED], async (place) => {
    answerWith(place.upstream, paced(messageStream({ thinking: 'look outside first', pieces: PIECES })))
    const stream = clientOf(place).messages.stream({ ...ASK, thinking: { type: 'adaptive' } })
    const pieces = await gather(place.upstream, stream, (event: Anthropic.MessageStreamEvent) =>
      event.type === 'content_block_delta' && event.delta.type === 'text_delta' ? event.delta.text : null,
    )
    assert.deepEqual(pieces, PIECES)
    const message = await stream.finalMessage()
    assert.deepEqual(
      message.content.map((block) => (block.type === 'thinking' ? block.thinking : block.type)),
      ['look outside first', 'text'],
    )
    assert.deepEqual([message.usage.output_tokens, message.stop_reason], [12, 'end_turn'])
  }),

  sdkCase('anthropic: tool use beside a text', [{ ...MESSAGE, ...CALLED }], async (place) => {
    answerWith(place.upstream, json(messageAnswer({ pieces: PIECES, calls: [CALL] })))
    const message = await clientOf(place).messages.create({ ...ASK, tools: TOOLS })
    const block = message.content.find((block) => block.type === 'tool_use')
    assert.deepEqual([block?.id, block?.name, block?.input], [CALL.id, CALL.name, CALL.arguments])
    assertRequest(place.upstream, 0, { path: '/v1/messages', body: { tools: TOOLS } })
  }),

  sdkCase('anthropic: streamed tool use is assembled', [{ ...STREAMED, ...CALLED, text: '' }], async (place) => {
    answerWith(place.upstream, paced(messageStream({ pieces: [], calls: [CALL] })))
    const message = await clientOf(place)
      .messages.stream({ ...ASK, tools: TOOLS })
      .finalMessage()
    const block = message.content[0]
    assert.ok(block?.type === 'tool_use')
    assert.deepEqual([block.id, block.name, block.input, message.stop_reason], [CALL.id, CALL.name, CALL.arguments, 'tool_use'])
  }),

  sdkCase(
    'anthropic: tokens are counted',
    [{ ...MESSAGE, operation: 'count_tokens', text: '', usage: null }],
    async (place) => {
      answerWith(place.upstream, json({ input_tokens: 14 }))
      const counted = await clientOf(place).messages.countTokens({ model: ASK.model, messages: ASK.messages })
      assert.equal(counted.input_tokens, 14)
      assertRequest(place.upstream, 0, { path: '/v1/messages/count_tokens', key: AUTHORIZATION })
    },
  ),

  ...ERRORS.map(([status, type, kind]) =>
    sdkCase(
      `anthropic: ${status} is ${type.name}`,
      [{ ...MESSAGE, status: 'error', statusCode: status, text: '', usage: null }],
      async (place) => {
        const headers = [
          ['Content-Type', 'application/json'],
          ['request-id', 'req_1'],
          ['retry-after', '7'],
        ] as const
        answerWith(place.upstream, error(status, anthropicError(kind, 'not today'), { headers }))
        const failure = await failureOf(clientOf(place).messages.create(ASK))
        assertInstance(failure, type)
        assert.deepEqual([failure.status, failure.type, failure.requestID], [status, kind, 'req_1'])
        assert.deepEqual(failure.error, anthropicError(kind, 'not today'))
      },
    ),
  ),

  sdkCase(
    'anthropic: an error in mid-stream is thrown',
    [{ ...STREAMED, status: 'error', text: 'Grüße ', usage: 'estimated' }],
    async (place) => {
      const begin = messageStream({ pieces: PIECES }).slice(0, 4)
      answerWith(place.upstream, sse([...begin, { event: 'error', data: anthropicError('overloaded_error', 'Overloaded') }]))
      const failure = await failureOf(clientOf(place).messages.stream(ASK).finalMessage())
      assert.match(String(failure), /Overloaded/)
    },
  ),

  sdkCase(
    'anthropic: an abort in mid-stream reaches the provider',
    [{ ...STREAMED, status: 'cancelled', text: 'Grüße aus ', usage: 'estimated' }],
    async (place) => {
      answerWith(place.upstream, sse([...messageStream({ pieces: PIECES }).slice(0, 5), 'stall']))
      const stream = clientOf(place).messages.stream(ASK)
      stream.on('text', (_, soFar) => {
        if (soFar === 'Grüße aus ') stream.abort()
      })
      assertInstance(await failureOf(stream.finalMessage()), APIUserAbortError)
      await assertCancelled(place.upstream)
    },
  ),
]
