/** Cases of the `ollama` package: its own API and NDJSON streams. */
import assert from 'node:assert/strict'
import { Ollama, type ChatResponse } from 'ollama'
import { bytesOf, error, json, ndjson, type Plan } from '../support/fake-upstream.ts'
import { ollamaChat, ollamaChatLines, ollamaEmbed, ollamaGenerate } from './provider-formats.ts'
import {
  answerWith,
  assertCancelled,
  assertRequest,
  CALL,
  failureOf,
  gather,
  PIECES,
  sdkCase,
  spread,
  TEXT,
  type Place,
  type SdkCase,
  type SpanFacts,
} from './sdk-case.ts'

const MODEL = 'llama3.2'
const ASK = { model: MODEL, messages: [{ role: 'user', content: 'Wie ist das Wetter?' }] }
const TOOLS = [
  {
    type: 'function',
    function: {
      name: CALL.name,
      description: 'Forecast',
      parameters: { type: 'object', required: ['city'], properties: { city: { type: 'string' } } },
    },
  },
]

const CHAT: SpanFacts = {
  operation: 'chat',
  dialect: 'ollama',
  provider: 'ollama',
  model: MODEL,
  isStreaming: false,
  status: 'ok',
  statusCode: 200,
  text: TEXT,
  toolCalls: [],
  usage: { input: 26, cacheRead: 0, cacheWrite: 0, output: 12, reasoning: 0 },
}
const STREAMED: SpanFacts = { ...CHAT, isStreaming: true }
const CALLED: Partial<SpanFacts> = { text: '', toolCalls: [{ name: CALL.name, arguments: CALL.arguments }] }

function clientOf({ baseUrl, headers }: Place): Ollama {
  return new Ollama({ host: baseUrl, headers: { ...headers } })
}

function pacedLines(lines: readonly unknown[]): Plan {
  return { ...ndjson([]), chunks: spread(lines.map((line) => bytesOf(`${JSON.stringify(line)}\n`))) }
}

export const ollamaCases: readonly SdkCase[] = [
  sdkCase('ollama: a chat answer', [CHAT], async (place) => {
    answerWith(place.upstream, json(ollamaChat({ pieces: PIECES })))
    const answer = await clientOf(place).chat({ ...ASK, options: { temperature: 0.2 } })
    assert.deepEqual([answer.message.content, answer.eval_count], [TEXT, 12])
    assertRequest(place.upstream, 0, { path: '/api/chat', body: { ...ASK, options: { temperature: 0.2 }, stream: false } })
  }),

  sdkCase('ollama: a chat stream', [STREAMED], async (place) => {
    answerWith(place.upstream, pacedLines(ollamaChatLines({ pieces: PIECES })))
    let counted = 0
    const stream = await clientOf(place).chat({ ...ASK, stream: true })
    const pieces = await gather(place.upstream, stream, (part: ChatResponse) => {
      counted = part.eval_count ?? counted
      return part.message.content
    })
    assert.deepEqual([pieces, counted], [PIECES, 12])
  }),

  sdkCase('ollama: a tool call', [{ ...CHAT, ...CALLED }], async (place) => {
    answerWith(place.upstream, json(ollamaChat({ pieces: [], calls: [CALL] })))
    const answer = await clientOf(place).chat({ ...ASK, tools: TOOLS })
    assert.deepEqual(
      answer.message.tool_calls?.map((call) => [call.function.name, call.function.arguments]),
      [[CALL.name, CALL.arguments]],
    )
    assertRequest(place.upstream, 0, { path: '/api/chat', body: { tools: TOOLS } })
  }),

  sdkCase('ollama: a streamed tool call', [{ ...STREAMED, ...CALLED }], async (place) => {
    answerWith(place.upstream, pacedLines(ollamaChatLines({ pieces: [], calls: [CALL] })))
    const parts = await Array.fromAsync(await clientOf(place).chat({ ...ASK, tools: TOOLS, stream: true }))
    const calls = parts.flatMap((part) => part.message.tool_calls ?? [])
    assert.deepEqual(
      calls.map((call) => [call.function.name, call.function.arguments]),
      [[CALL.name, CALL.arguments]],
    )
  }),

  sdkCase('ollama: a completion', [{ ...CHAT, operation: 'text_completion' }], async (place) => {
    answerWith(place.upstream, json(ollamaGenerate(TEXT)))
    assert.equal((await clientOf(place).generate({ model: MODEL, prompt: 'Wetter?' })).response, TEXT)
    assertRequest(place.upstream, 0, { path: '/api/generate', body: { prompt: 'Wetter?' } })
  }),

  sdkCase(
    'ollama: embeddings',
    [
      {
        ...CHAT,
        operation: 'embeddings',
        model: 'all-minilm',
        text: '',
        usage: { input: 8, cacheRead: 0, cacheWrite: 0, output: 0, reasoning: 0 },
      },
    ],
    async (place) => {
      answerWith(
        place.upstream,
        json(
          ollamaEmbed([
            [0.25, -0.5],
            [1, 0],
          ]),
        ),
      )
      const answer = await clientOf(place).embed({ model: 'all-minilm', input: ['eins', 'zwei'] })
      assert.deepEqual(answer.embeddings, [
        [0.25, -0.5],
        [1, 0],
      ])
    },
  ),

  ...[400, 401, 429, 500].map((status) =>
    sdkCase(
      `ollama: ${status} is a ResponseError of that status`,
      [{ ...CHAT, status: 'error', statusCode: status, text: '', usage: null }],
      async (place) => {
        answerWith(place.upstream, error(status, { error: 'not today' }))
        const failure = await failureOf(clientOf(place).chat(ASK))
        // The class is not exported: its name and fields are what a caller can tell it by.
        const { name, message, status_code: code } = failure as { name: string; message: string; status_code: number }
        assert.deepEqual([name, message, code], ['ResponseError', 'not today', status])
      },
    ),
  ),

  sdkCase(
    'ollama: an abort in mid-stream reaches the provider',
    [{ ...STREAMED, status: 'cancelled', text: 'Grüße aus ', usage: 'estimated' }],
    async (place) => {
      const begin = ollamaChatLines({ pieces: PIECES }).slice(0, 2)
      answerWith(place.upstream, { ...ndjson(begin), chunks: [...ndjson(begin).chunks, 'stall'] })
      const stream = await clientOf(place).chat({ ...ASK, stream: true })
      let text = ''
      const failure = await failureOf(
        (async () => {
          for await (const part of stream) {
            text += part.message.content
            if (text === 'Grüße aus ') stream.abort()
          }
        })(),
      )
      assert.equal((failure as Error).name, 'AbortError')
      await assertCancelled(place.upstream)
    },
  ),
]
