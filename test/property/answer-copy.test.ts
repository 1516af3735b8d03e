import { describe, expect, test } from 'bun:test'
import { assert, asyncProperty, integer, nat } from 'fast-check'
import zlib from 'node:zlib'
import { nodeDecompress } from '../../src/adapters/selfhost/decompress.ts'
import { createAnswerReader, type AnswerRead } from '../../src/core/capture/answer-reader.ts'
import { tap, type TapEnd } from '../../src/core/capture/tap.ts'
import { anthropicMessages } from '../../src/core/dialects/anthropic-messages.ts'
import { bedrock } from '../../src/core/dialects/bedrock.ts'
import { cohere } from '../../src/core/dialects/cohere.ts'
import type { Dialect } from '../../src/core/dialects/dialect.ts'
import { gemini } from '../../src/core/dialects/gemini.ts'
import { ollama } from '../../src/core/dialects/ollama.ts'
import { openaiChat } from '../../src/core/dialects/openai-chat.ts'
import { openaiResponses } from '../../src/core/dialects/openai-responses.ts'
import { createTestClock } from '../support/clock.ts'
import { eventMessage, eventStreamBytes, join } from '../support/event-stream.ts'
import { bytes, readAll, streamOf } from '../support/fakes.ts'
import { cut, describeWithData, recordedStreams, sseBytes } from '../support/recorded.ts'

const RUNS = { numRuns: 60 }

type Case = { readonly name: string; readonly dialect: Dialect; readonly contentType: string; readonly body: Uint8Array }

type Passed = { readonly bytes: Uint8Array; readonly read: AnswerRead; readonly ends: readonly TapEnd[] }

/** The body in these pieces through the tap, with a reader beside it, as the pipeline joins them. */
async function pass(
  { dialect, contentType }: Case,
  pieces: readonly Uint8Array[],
  encoding: string | null = null,
): Promise<Passed> {
  const reader = createAnswerReader(dialect, contentType, encoding, nodeDecompress)
  const ends: TapEnd[] = []
  const length = pieces.reduce((sum, piece) => sum + piece.byteLength, 0)
  const body = tap(
    streamOf(pieces),
    { onChunk: reader.push, onEnd: (end) => ends.push(end) },
    { clock: createTestClock(), idleTimeoutMs: 1_000, announcedBytes: length, abort: () => {}, filter: null },
  )
  const passed = await readAll(body)
  return { bytes: passed, read: await reader.finish(), ends }
}

const CONVERSE = bedrock({ path: '/model/m/converse-stream', search: '' })

// Texts of every length in UTF-8, in which a cut can fall.
const TEXT = 'aé€𝄞\u2028"\\\n'
const CHAT = [
  { model: 'gpt-4o', choices: [{ index: 0, delta: { role: 'assistant', content: TEXT } }] },
  { model: 'gpt-4o', choices: [{ index: 0, delta: { content: TEXT }, finish_reason: 'stop' }] },
  { model: 'gpt-4o', choices: [], usage: { prompt_tokens: 3, completion_tokens: 4 } },
].map((chunk) => JSON.stringify(chunk))

const CASES: readonly Case[] = [
  { name: 'SSE', dialect: openaiChat, contentType: 'text/event-stream', body: sseBytes(CHAT, { withDone: true }) },
  {
    name: 'SSE with CRLF, comments and a byte order mark',
    dialect: openaiChat,
    contentType: 'text/event-stream',
    body: bytes(
      `\ufeff: ping\r\n\r\n${CHAT.map((chunk) => `data: ${chunk}\r\n\r\n`).join(': keep-alive\r\n')}data: [DONE]\r\n\r\n`,
    ),
  },
  {
    name: 'NDJSON',
    dialect: ollama,
    contentType: 'application/x-ndjson',
    body: bytes(
      [TEXT, TEXT]
        .map((content, i) =>
          JSON.stringify({ model: 'llama', message: { role: 'assistant', content }, done: i === 1, eval_count: 7 }),
        )
        .join('\n'),
    ),
  },
  {
    name: 'JSON',
    dialect: openaiChat,
    contentType: 'application/json',
    body: bytes(JSON.stringify({ model: 'gpt-4o', choices: [{ message: { content: TEXT }, finish_reason: 'stop' }] }, null, 2)),
  },
  {
    name: 'a JSON array',
    dialect: gemini,
    contentType: 'application/json',
    body: bytes(
      JSON.stringify([TEXT, TEXT].map((text) => ({ candidates: [{ content: { parts: [{ text }] }, finishReason: 'STOP' }] }))),
    ),
  },
  {
    name: 'an event stream',
    dialect: CONVERSE,
    contentType: 'application/vnd.amazon.eventstream',
    body: join([
      eventMessage('messageStart', { role: 'assistant' }),
      eventMessage('contentBlockDelta', { contentBlockIndex: 0, delta: { text: TEXT } }),
      eventMessage('messageStop', { stopReason: 'end_turn' }),
      eventMessage('metadata', { usage: { inputTokens: 1, outputTokens: 2 } }),
    ]),
  },
]

describe('however an answer is cut', () => {
  for (const one of CASES) {
    test(`${one.name}: every byte passes as it came, and the copy reads the same`, async () => {
      const whole = await pass(one, [one.body])
      expect(whole.read.body).not.toBeNull()
      expect([whole.read.isComplete, whole.read.notes, whole.ends]).toEqual([true, [], ['complete']])
      expect(JSON.stringify(one.dialect.readAnswer(whole.read.body ?? {}).segments)).toContain('𝄞')
      await assert(
        asyncProperty(nat(), integer({ min: 1, max: 200 }), async (seed, n) => {
          const passed = await pass(one, cut(one.body, seed, n))
          expect(Buffer.from(passed.bytes).equals(one.body)).toBe(true)
          expect(passed).toEqual({ ...whole, bytes: passed.bytes })
        }),
        RUNS,
      )
      const bytewise = await pass(
        one,
        Array.from(one.body, (byte) => new Uint8Array([byte])),
      )
      expect(bytewise.read).toEqual(whole.read)
    })

    test(`${one.name}, compressed: the same`, async () => {
      const packed = new Uint8Array(zlib.gzipSync(one.body))
      const whole = await pass(one, [one.body])
      await assert(
        asyncProperty(nat(), integer({ min: 1, max: 50 }), async (seed, n) => {
          const passed = await pass(one, cut(packed, seed, n), 'gzip')
          expect(Buffer.from(passed.bytes).equals(packed)).toBe(true)
          expect(passed.read).toEqual(whole.read)
        }),
        { numRuns: 20 },
      )
    })

    test(`${one.name}, broken off anywhere: what came passes, and reading it fails nothing`, async () => {
      await assert(
        asyncProperty(integer({ min: 0, max: one.body.byteLength - 1 }), nat(), async (length, seed) => {
          const part = one.body.slice(0, length)
          const passed = await pass(one, cut(part, seed, 7))
          expect(Buffer.from(passed.bytes).equals(part)).toBe(true)
          if (passed.read.body !== null) one.dialect.readAnswer(passed.read.body)
        }),
        RUNS,
      )
    })
  }
})

describeWithData('however a recorded stream is cut', () => {
  const groups: readonly (readonly [
    glob: string,
    dialect: Dialect,
    contentType: string,
    toBytes: (chunks: readonly string[]) => Uint8Array,
  ])[] = [
    ['openai/chat', openaiChat, 'text/event-stream', (chunks) => sseBytes(chunks, { withDone: true })],
    ['groq', openaiChat, 'text/event-stream', (chunks) => sseBytes(chunks, { withDone: true })],
    ['mistral', openaiChat, 'text/event-stream', (chunks) => sseBytes(chunks, { withDone: true })],
    ['openai/responses', openaiResponses, 'text/event-stream', (chunks) => sseBytes(chunks, { withEvent: true })],
    ['anthropic', anthropicMessages, 'text/event-stream', (chunks) => sseBytes(chunks, { withEvent: true })],
    ['google', gemini, 'text/event-stream', (chunks) => sseBytes(chunks)],
    ['cohere', cohere, 'text/event-stream', (chunks) => sseBytes(chunks, { withEvent: true })],
    ['amazon-bedrock/chat', CONVERSE, 'application/vnd.amazon.eventstream', eventStreamBytes],
  ]
  for (const [glob, dialect, contentType, toBytes] of groups) {
    test(`${glob}: every byte passes as it came, and the copy reads the same`, async () => {
      const recordings = recordedStreams([glob]).filter(({ chunks }) => chunks.length > 0)
      expect(recordings.length).toBeGreaterThan(0)
      for (const { name, chunks } of recordings) {
        const one: Case = { name, dialect, contentType, body: toBytes(chunks) }
        const whole = await pass(one, [one.body])
        for (const [seed, n] of [
          [1, 3],
          [2, 50],
          [3, 500],
        ] as const) {
          const passed = await pass(one, cut(one.body, seed, n))
          expect([name, Buffer.from(passed.bytes).equals(one.body)]).toEqual([name, true])
          expect(passed.read).toEqual(whole.read)
        }
      }
    })
  }
})
