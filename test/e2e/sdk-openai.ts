/** Cases of the `openai` package: Chat Completions, Responses, embeddings. */
import assert from 'node:assert/strict'
import OpenAI, { APIUserAbortError, AuthenticationError, BadRequestError, InternalServerError, RateLimitError } from 'openai'
import { error, json, sse, type FakeUpstream } from '../support/fake-upstream.ts'
import { chatAnswer, chatStream, embeddingsAnswer, openaiError, responsesAnswer, responsesStream } from './provider-formats.ts'
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

const KEY = 'sk-test-0123456789'
const AUTHORIZATION = ['authorization', `Bearer ${KEY}`] as const

const ASK = { model: 'gpt-4o-mini', messages: [{ role: 'user' as const, content: 'Wie ist das Wetter?' }] }
const TOOLS = [
  { type: 'function' as const, function: { name: CALL.name, description: 'Forecast', parameters: WEATHER_SCHEMA } },
]

const CHAT: SpanFacts = {
  operation: 'chat',
  dialect: 'openai-chat',
  provider: 'openai',
  model: 'gpt-4o-mini-2024-07-18',
  isStreaming: false,
  status: 'ok',
  statusCode: 200,
  text: TEXT,
  toolCalls: [],
  usage: { input: 20, cacheRead: 10, cacheWrite: 0, output: 8, reasoning: 4 },
}
const STREAMED: SpanFacts = { ...CHAT, isStreaming: true }
const CALLED: Partial<SpanFacts> = { text: '', toolCalls: [{ name: CALL.name, arguments: CALL.arguments }] }
const RESPONSE: SpanFacts = { ...CHAT, dialect: 'openai-responses', model: 'gpt-5-2025-08-07' }

function clientOf({ baseUrl, headers }: Place): OpenAI {
  return new OpenAI({ baseURL: `${baseUrl}/v1`, apiKey: KEY, defaultHeaders: headers, maxRetries: 0 })
}

function assertChatRequest(upstream: FakeUpstream, body: { readonly [field: string]: unknown }): void {
  assertRequest(upstream, 0, { path: '/v1/chat/completions', key: AUTHORIZATION, body })
}

const ERRORS = [
  [400, BadRequestError, 'invalid_request_error', 'context_length_exceeded'],
  [401, AuthenticationError, 'invalid_request_error', 'invalid_api_key'],
  [429, RateLimitError, 'tokens', 'rate_limit_exceeded'],
  [500, InternalServerError, 'server_error', null],
] as const

export const openaiCases: readonly SdkCase[] = [
  sdkCase('openai: a chat answer', [CHAT], async (place) => {
    answerWith(place.upstream, json(chatAnswer({ text: TEXT })))
    const answer = await clientOf(place).chat.completions.create({ ...ASK, temperature: 0.2, user: 'end-user-1' })
    assert.equal(answer.choices[0]?.message.content, TEXT)
    assert.equal(answer.choices[0]?.finish_reason, 'stop')
    assert.equal(answer.usage?.total_tokens, 42)
    assert.equal(answer.usage.completion_tokens_details?.reasoning_tokens, 4)
    assertChatRequest(place.upstream, { ...ASK, temperature: 0.2, user: 'end-user-1', stream: undefined })
  }),

  sdkCase('openai: a chat stream with its usage at the end', [STREAMED], async (place) => {
    answerWith(place.upstream, paced(chatStream({ pieces: PIECES, withUsage: true })))
    const ask = { ...ASK, stream: true as const, stream_options: { include_usage: true } }
    const stream = await clientOf(place).chat.completions.create(ask)
    let total: number | undefined
    const pieces = await gather(place.upstream, stream, (chunk: OpenAI.ChatCompletionChunk) => {
      total = chunk.usage?.total_tokens ?? total
      return chunk.choices[0]?.delta.content
    })
    assert.deepEqual(pieces, PIECES)
    assert.equal(total, 42)
    assertChatRequest(place.upstream, ask)
  }),

  // Nobody asked for usage, so nobody may add the option: the caller would get a chunk that it does not expect.
  sdkCase('openai: a chat stream without usage', [{ ...STREAMED, usage: 'estimated' }], async (place) => {
    answerWith(place.upstream, paced(chatStream({ pieces: PIECES, withUsage: false })))
    const stream = await clientOf(place).chat.completions.create({ ...ASK, stream: true })
    const choices: number[] = []
    const pieces = await gather(place.upstream, stream, (chunk: OpenAI.ChatCompletionChunk) => {
      choices.push(chunk.choices.length)
      return chunk.choices[0]?.delta.content
    })
    assert.deepEqual(pieces, PIECES)
    assert.deepEqual([...new Set(choices)], [1])
    assertChatRequest(place.upstream, { stream: true, stream_options: undefined })
  }),

  sdkCase('openai: a tool call', [{ ...CHAT, ...CALLED }], async (place) => {
    answerWith(place.upstream, json(chatAnswer({ text: null, calls: [CALL] })))
    const answer = await clientOf(place).chat.completions.create({ ...ASK, tools: TOOLS })
    const call = answer.choices[0]?.message.tool_calls?.[0]
    assert.ok(call?.type === 'function')
    assert.deepEqual([call.id, call.function.name, JSON.parse(call.function.arguments)], [CALL.id, CALL.name, CALL.arguments])
    assert.equal(answer.choices[0]?.finish_reason, 'tool_calls')
    assertChatRequest(place.upstream, { tools: TOOLS })
  }),

  sdkCase('openai: a streamed tool call is assembled', [{ ...STREAMED, ...CALLED }], async (place) => {
    answerWith(place.upstream, paced(chatStream({ pieces: [], calls: [CALL], withUsage: true })))
    const stream = clientOf(place).chat.completions.stream({ ...ASK, tools: TOOLS, stream_options: { include_usage: true } })
    const answer = await stream.finalChatCompletion()
    const call = answer.choices[0]?.message.tool_calls?.[0]
    assert.ok(call?.type === 'function')
    assert.deepEqual([call.id, call.function.name, JSON.parse(call.function.arguments)], [CALL.id, CALL.name, CALL.arguments])
    assert.equal(answer.usage?.total_tokens, 42)
  }),

  sdkCase('openai: a response', [RESPONSE], async (place) => {
    answerWith(place.upstream, json(responsesAnswer({ pieces: PIECES })))
    const answer = await clientOf(place).responses.create({ model: 'gpt-5', input: 'Wie ist das Wetter?' })
    assert.equal(answer.output_text, TEXT)
    assert.equal(answer.usage?.output_tokens_details.reasoning_tokens, 4)
    assertRequest(place.upstream, 0, {
      path: '/v1/responses',
      key: AUTHORIZATION,
      body: { model: 'gpt-5', input: 'Wie ist das Wetter?' },
    })
  }),

  sdkCase('openai: a response stream', [{ ...RESPONSE, isStreaming: true }], async (place) => {
    answerWith(place.upstream, paced(responsesStream({ pieces: PIECES })))
    const stream = await clientOf(place).responses.create({ model: 'gpt-5', input: 'Wetter?', stream: true })
    let last: OpenAI.Responses.ResponseStreamEvent | null = null
    const pieces = await gather(place.upstream, stream, (event: OpenAI.Responses.ResponseStreamEvent) => {
      last = event
      return event.type === 'response.output_text.delta' ? event.delta : null
    })
    assert.deepEqual(pieces, PIECES)
    const end = last as OpenAI.Responses.ResponseStreamEvent | null
    assert.ok(end?.type === 'response.completed')
    assert.equal(end.response.usage?.total_tokens, 42)
  }),

  sdkCase('openai: a response stream with a tool call', [{ ...RESPONSE, ...CALLED, isStreaming: true }], async (place) => {
    answerWith(place.upstream, paced(responsesStream({ pieces: [], calls: [CALL] })))
    const tools = [{ type: 'function' as const, name: CALL.name, parameters: WEATHER_SCHEMA, strict: true }]
    const answer = await clientOf(place).responses.stream({ model: 'gpt-5', input: 'Wetter?', tools }).finalResponse()
    const call = answer.output.find((item) => item.type === 'function_call')
    assert.deepEqual([call?.call_id, call?.name, JSON.parse(call?.arguments ?? '')], [CALL.id, CALL.name, CALL.arguments])
  }),

  sdkCase(
    'openai: embeddings, which the SDK fetches as base64',
    [
      {
        ...CHAT,
        operation: 'embeddings',
        dialect: 'openai-embeddings',
        model: 'text-embedding-3-small',
        text: '',
        usage: { input: 8, cacheRead: 0, cacheWrite: 0, output: 0, reasoning: 0 },
      },
    ],
    async (place) => {
      answerWith(
        place.upstream,
        json(
          embeddingsAnswer(
            [
              [0.25, -0.5],
              [1, 0],
            ],
            'base64',
          ),
        ),
      )
      const answer = await clientOf(place).embeddings.create({ model: 'text-embedding-3-small', input: ['eins', 'zwei'] })
      assert.deepEqual(
        answer.data.map((entry) => entry.embedding),
        [
          [0.25, -0.5],
          [1, 0],
        ],
      )
      assertRequest(place.upstream, 0, {
        path: '/v1/embeddings',
        key: AUTHORIZATION,
        body: { input: ['eins', 'zwei'], encoding_format: 'base64' },
      })
    },
  ),

  ...ERRORS.map(([status, type, kind, code]) =>
    sdkCase(
      `openai: ${status} is ${type.name}`,
      [{ ...CHAT, model: 'gpt-4o-mini', status: 'error', statusCode: status, text: '', usage: null }],
      async (place) => {
        const headers = [
          ['Content-Type', 'application/json'],
          ['x-request-id', 'req_1'],
          ['retry-after', '7'],
        ] as const
        answerWith(place.upstream, error(status, openaiError('not today', kind, code), { headers }))
        const failure = await failureOf(clientOf(place).chat.completions.create(ASK))
        assertInstance(failure, type)
        assert.deepEqual([failure.status, failure.code, failure.type, failure.requestID], [status, code, kind, 'req_1'])
        assert.equal(failure.headers.get('retry-after'), '7')
      },
    ),
  ),

  sdkCase(
    'openai: an abort in mid-stream reaches the provider',
    [{ ...STREAMED, status: 'cancelled', text: 'Grüße aus ', usage: 'estimated' }],
    async (place) => {
      const begin = chatStream({ pieces: PIECES, withUsage: true }).slice(0, 3)
      answerWith(place.upstream, sse([...begin, 'stall']))
      const stream = await clientOf(place).chat.completions.create({ ...ASK, stream: true })
      let text = ''
      for await (const chunk of stream) {
        text += chunk.choices[0]?.delta.content ?? ''
        if (text === 'Grüße aus ') stream.controller.abort()
      }
      await assertCancelled(place.upstream)
    },
  ),

  sdkCase(
    'openai: a stream that dies is an error to the caller, not an end',
    [{ ...STREAMED, status: 'incomplete', text: 'Grüße aus ', usage: 'estimated' }],
    async (place) => {
      answerWith(place.upstream, sse([...chatStream({ pieces: PIECES, withUsage: true }).slice(0, 3), { delayMs: 20 }, 'die']))
      const stream = await clientOf(place).chat.completions.create({ ...ASK, stream: true })
      const failure = await failureOf(Array.fromAsync(stream))
      assert.ok(!(failure instanceof APIUserAbortError))
    },
  ),
]
