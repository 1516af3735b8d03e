/** Cases of `@google/genai` against the Gemini API. */
import assert from 'node:assert/strict'
import { ApiError, GoogleGenAI, type GenerateContentResponse } from '@google/genai'
import { error, json, sse } from '../support/fake-upstream.ts'
import { geminiAnswer, geminiError, geminiStream } from './provider-formats.ts'
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

const KEY = 'test-gemini-key-0123456789'
const MODEL = 'gemini-2.5-flash'
const ASK = { model: MODEL, contents: 'Wie ist das Wetter?' }
const TOOLS = [{ functionDeclarations: [{ name: CALL.name, description: 'Forecast', parametersJsonSchema: WEATHER_SCHEMA }] }]

const CONTENT: SpanFacts = {
  operation: 'chat',
  dialect: 'gemini',
  provider: 'google',
  model: MODEL,
  isStreaming: false,
  status: 'ok',
  statusCode: 200,
  text: TEXT,
  toolCalls: [],
  usage: { input: 20, cacheRead: 10, cacheWrite: 0, output: 8, reasoning: 4 },
}
const STREAMED: SpanFacts = { ...CONTENT, isStreaming: true }
const CALLED: Partial<SpanFacts> = { text: '', toolCalls: [{ name: CALL.name, arguments: CALL.arguments }] }

function clientOf({ baseUrl, headers }: Place): GoogleGenAI {
  return new GoogleGenAI({ apiKey: KEY, httpOptions: { baseUrl, headers: { ...headers } } })
}

/** The SDK's version decides between `v1` and `v1beta`. */
function assertPath(place: Place, end: string): void {
  assert.match(place.upstream.requests[0]?.path ?? '', new RegExp(`^/v1(beta)?/models/${end}$`))
  assert.equal(place.upstream.requests[0]?.header('x-goog-api-key'), KEY)
}

export const geminiCases: readonly SdkCase[] = [
  sdkCase('google: content', [CONTENT], async (place) => {
    answerWith(place.upstream, json(geminiAnswer({ pieces: PIECES })))
    const answer = await clientOf(place).models.generateContent({ ...ASK, config: { temperature: 0.2 } })
    assert.equal(answer.text, TEXT)
    assert.equal(answer.usageMetadata?.thoughtsTokenCount, 4)
    assertPath(place, `${MODEL}:generateContent`)
    assertRequest(place.upstream, 0, {
      path: place.upstream.requests[0]?.path ?? '',
      body: { contents: [{ parts: [{ text: ASK.contents }], role: 'user' }], generationConfig: { temperature: 0.2 } },
    })
  }),

  sdkCase('google: a content stream', [STREAMED], async (place) => {
    answerWith(place.upstream, paced(geminiStream({ pieces: PIECES })))
    const stream = await clientOf(place).models.generateContentStream(ASK)
    const pieces = await gather(place.upstream, stream, (chunk: GenerateContentResponse) => chunk.text)
    assert.deepEqual(pieces, PIECES)
    assertPath(place, `${MODEL}:streamGenerateContent\\?alt=sse`)
  }),

  sdkCase('google: a function call', [{ ...CONTENT, ...CALLED }], async (place) => {
    answerWith(place.upstream, json(geminiAnswer({ pieces: [], calls: [CALL] })))
    const answer = await clientOf(place).models.generateContent({ ...ASK, config: { tools: TOOLS } })
    assert.deepEqual(
      answer.functionCalls?.map((call) => [call.name, call.args]),
      [[CALL.name, CALL.arguments]],
    )
  }),

  sdkCase('google: a streamed function call', [{ ...STREAMED, ...CALLED }], async (place) => {
    answerWith(place.upstream, paced(geminiStream({ pieces: [], calls: [CALL] })))
    const chunks = await Array.fromAsync(
      await clientOf(place).models.generateContentStream({ ...ASK, config: { tools: TOOLS } }),
    )
    assert.deepEqual(
      chunks.flatMap((chunk) => chunk.functionCalls ?? []).map((call) => [call.name, call.args]),
      [[CALL.name, CALL.arguments]],
    )
  }),

  sdkCase(
    'google: embeddings',
    [{ ...CONTENT, operation: 'embeddings', model: 'gemini-embedding-001', text: '', usage: null }],
    async (place) => {
      answerWith(place.upstream, json({ embeddings: [{ values: [0.25, -0.5] }, { values: [1, 0] }] }))
      const answer = await clientOf(place).models.embedContent({ model: 'gemini-embedding-001', contents: ['eins', 'zwei'] })
      assert.deepEqual(
        answer.embeddings?.map((entry) => entry.values),
        [
          [0.25, -0.5],
          [1, 0],
        ],
      )
      assertPath(place, 'gemini-embedding-001:batchEmbedContents')
    },
  ),

  sdkCase('google: tokens are counted', [{ ...CONTENT, operation: 'count_tokens', text: '', usage: null }], async (place) => {
    answerWith(place.upstream, json({ totalTokens: 14, promptTokensDetails: [{ modality: 'TEXT', tokenCount: 14 }] }))
    assert.equal((await clientOf(place).models.countTokens(ASK)).totalTokens, 14)
  }),

  ...(
    [
      [400, 'INVALID_ARGUMENT'],
      [401, 'UNAUTHENTICATED'],
      [429, 'RESOURCE_EXHAUSTED'],
      [500, 'INTERNAL'],
    ] as const
  ).map(([status, word]) =>
    sdkCase(
      `google: ${status} is an ApiError of that status`,
      [{ ...CONTENT, status: 'error', statusCode: status, text: '', usage: null }],
      async (place) => {
        answerWith(place.upstream, error(status, geminiError(status, word, 'not today')))
        const failure = await failureOf(clientOf(place).models.generateContent(ASK))
        assertInstance(failure, ApiError)
        assert.equal(failure.status, status)
        assert.match(failure.message, new RegExp(word))
      },
    ),
  ),

  sdkCase(
    'google: an abort in mid-stream reaches the provider',
    [{ ...STREAMED, status: 'cancelled', text: 'Grüße aus ' }],
    async (place) => {
      answerWith(place.upstream, sse([...geminiStream({ pieces: PIECES }).slice(0, 2), 'stall']))
      const leave = new AbortController()
      const stream = await clientOf(place).models.generateContentStream({ ...ASK, config: { abortSignal: leave.signal } })
      let text = ''
      const failure = await failureOf(
        (async () => {
          for await (const chunk of stream) {
            text += chunk.text ?? ''
            if (text === 'Grüße aus ') leave.abort()
          }
        })(),
      )
      assert.equal((failure as Error).name, 'AbortError')
      await assertCancelled(place.upstream)
    },
  ),
]
