/** Cases of the Vercel AI SDK: `ai` with `@ai-sdk/openai` and `@ai-sdk/anthropic`. */
import assert from 'node:assert/strict'
import { createAnthropic, type AnthropicProvider } from '@ai-sdk/anthropic'
import { createOpenAI, type OpenAIProvider } from '@ai-sdk/openai'
import { APICallError, embedMany, generateText, jsonSchema, stepCountIs, streamText, tool } from 'ai'
import { error, json, sse } from '../support/fake-upstream.ts'
import {
  anthropicError,
  chatAnswer,
  chatStream,
  embeddingsAnswer,
  messageAnswer,
  messageStream,
  openaiError,
  responsesAnswer,
  responsesStream,
} from './provider-formats.ts'
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

const OPENAI_KEY = 'sk-test-0123456789'
const ANTHROPIC_KEY = 'sk-ant-test-0123456789'
const PROMPT = 'Wie ist das Wetter?'

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
const RESPONSE: SpanFacts = { ...CHAT, dialect: 'openai-responses', model: 'gpt-5-2025-08-07' }
const MESSAGE: SpanFacts = {
  ...CHAT,
  dialect: 'anthropic-messages',
  provider: 'anthropic',
  model: 'claude-sonnet-5',
  usage: { input: 16, cacheRead: 10, cacheWrite: 4, output: 8, reasoning: 4 },
}
const CALLED: Partial<SpanFacts> = { text: '', toolCalls: [{ name: CALL.name, arguments: CALL.arguments }] }
const FAILED: Partial<SpanFacts> = { status: 'error', text: '', usage: null }

function openaiOf({ baseUrl, headers }: Place): OpenAIProvider {
  return createOpenAI({ baseURL: `${baseUrl}/v1`, apiKey: OPENAI_KEY, headers: { ...headers } })
}

function anthropicOf({ baseUrl, headers }: Place): AnthropicProvider {
  return createAnthropic({ baseURL: `${baseUrl}/v1`, apiKey: ANTHROPIC_KEY, headers: { ...headers } })
}

/** Remembers what it was called with. */
function weatherTool(calls: unknown[]) {
  return tool({
    description: 'Forecast',
    inputSchema: jsonSchema<{ city: string; note?: string }>(WEATHER_SCHEMA),
    execute: (input) => {
      calls.push(input)
      return 'dry, 20 degrees'
    },
  })
}

export const vercelCases: readonly SdkCase[] = [
  sdkCase('ai: text from the Responses API', [RESPONSE], async (place) => {
    answerWith(place.upstream, json(responsesAnswer({ pieces: PIECES })))
    const answer = await generateText({ model: openaiOf(place)('gpt-5'), prompt: PROMPT, maxRetries: 0 })
    assert.equal(answer.text, TEXT)
    assert.deepEqual([answer.usage.inputTokens, answer.usage.outputTokens], [30, 12])
    assertRequest(place.upstream, 0, { path: '/v1/responses', key: ['authorization', `Bearer ${OPENAI_KEY}`] })
  }),

  sdkCase('ai: a text stream from the Responses API', [{ ...RESPONSE, isStreaming: true }], async (place) => {
    answerWith(place.upstream, paced(responsesStream({ pieces: PIECES })))
    const answer = streamText({ model: openaiOf(place)('gpt-5'), prompt: PROMPT, maxRetries: 0 })
    assert.deepEqual(await gather(place.upstream, answer.textStream, (text: string) => text), PIECES)
    assert.equal((await answer.usage).outputTokenDetails.reasoningTokens, 4)
  }),

  sdkCase('ai: a text stream from Chat Completions', [{ ...CHAT, isStreaming: true }], async (place) => {
    answerWith(place.upstream, paced(chatStream({ pieces: PIECES, withUsage: true })))
    const answer = streamText({ model: openaiOf(place).chat('gpt-4o-mini'), prompt: PROMPT, maxRetries: 0 })
    assert.deepEqual(await gather(place.upstream, answer.textStream, (text: string) => text), PIECES)
    assert.equal((await answer.usage).inputTokenDetails.cacheReadTokens, 10)
    assertRequest(place.upstream, 0, {
      path: '/v1/chat/completions',
      body: { stream: true, stream_options: { include_usage: true } },
    })
  }),

  sdkCase('ai: a tool is run and its result goes back', [{ ...CHAT, ...CALLED }, CHAT], async (place) => {
    answerWith(place.upstream, json(chatAnswer({ text: null, calls: [CALL] })), json(chatAnswer({ text: TEXT })))
    const calls: unknown[] = []
    const answer = await generateText({
      model: openaiOf(place).chat('gpt-4o-mini'),
      prompt: PROMPT,
      tools: { [CALL.name]: weatherTool(calls) },
      stopWhen: stepCountIs(2),
      maxRetries: 0,
    })
    assert.deepEqual([answer.text, calls], [TEXT, [CALL.arguments]])
    const second = await place.upstream.request(1)
    const { messages } = second.json() as { messages: readonly { role: string; content: unknown }[] }
    assert.deepEqual([messages.at(-1)?.role, messages.at(-1)?.content], ['tool', 'dry, 20 degrees'])
  }),

  sdkCase(
    'ai: embeddings',
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
            'float',
          ),
        ),
      )
      const model = openaiOf(place).embedding('text-embedding-3-small')
      const answer = await embedMany({ model, values: ['eins', 'zwei'], maxRetries: 0 })
      assert.deepEqual(answer.embeddings, [
        [0.25, -0.5],
        [1, 0],
      ])
    },
  ),

  sdkCase('ai: text from Anthropic', [MESSAGE], async (place) => {
    answerWith(place.upstream, json(messageAnswer({ pieces: PIECES })))
    const answer = await generateText({ model: anthropicOf(place)('claude-sonnet-5'), prompt: PROMPT, maxRetries: 0 })
    assert.equal(answer.text, TEXT)
    assert.deepEqual([answer.usage.inputTokenDetails.cacheReadTokens, answer.usage.inputTokenDetails.cacheWriteTokens], [10, 4])
    assertRequest(place.upstream, 0, { path: '/v1/messages', key: ['x-api-key', ANTHROPIC_KEY] })
  }),

  sdkCase(
    'ai: an Anthropic stream with a tool',
    [
      { ...MESSAGE, ...CALLED, isStreaming: true },
      { ...MESSAGE, isStreaming: true },
    ],
    async (place) => {
      answerWith(place.upstream, paced(messageStream({ pieces: [], calls: [CALL] })), paced(messageStream({ pieces: PIECES })))
      const calls: unknown[] = []
      const answer = streamText({
        model: anthropicOf(place)('claude-sonnet-5'),
        prompt: PROMPT,
        tools: { [CALL.name]: weatherTool(calls) },
        stopWhen: stepCountIs(2),
        maxRetries: 0,
      })
      assert.deepEqual(await gather(place.upstream, answer.textStream, (text: string) => text), PIECES)
      assert.deepEqual(calls, [CALL.arguments])
    },
  ),

  ...[400, 401, 429, 500].map((status) =>
    sdkCase(
      `ai: ${status} is an APICallError of that status`,
      [
        { ...CHAT, ...FAILED, model: 'gpt-4o-mini', statusCode: status },
        { ...MESSAGE, ...FAILED, statusCode: status },
      ],
      async (place) => {
        answerWith(
          place.upstream,
          error(status, openaiError('not today', 'some_error', null)),
          error(status, anthropicError('api_error', 'not today')),
        )
        for (const model of [openaiOf(place).chat('gpt-4o-mini'), anthropicOf(place)('claude-sonnet-5')]) {
          const failure = await failureOf(generateText({ model, prompt: PROMPT, maxRetries: 0 }))
          assertInstance(failure, APICallError)
          assert.deepEqual(
            [failure.statusCode, failure.message, failure.isRetryable],
            [status, 'not today', status === 429 || status === 500],
          )
        }
      },
    ),
  ),

  sdkCase(
    'ai: an abort in mid-stream reaches the provider',
    [{ ...CHAT, isStreaming: true, status: 'cancelled', text: 'Grüße aus ', usage: 'estimated' }],
    async (place) => {
      answerWith(place.upstream, sse([...chatStream({ pieces: PIECES, withUsage: true }).slice(0, 3), 'stall']))
      const leave = new AbortController()
      const model = openaiOf(place).chat('gpt-4o-mini')
      let text = ''
      for await (const piece of streamText({ model, prompt: PROMPT, maxRetries: 0, abortSignal: leave.signal }).textStream) {
        text += piece
        if (text === 'Grüße aus ') leave.abort()
      }
      await assertCancelled(place.upstream)
    },
  ),
]
