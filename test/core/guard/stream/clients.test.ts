import { describe, expect, test } from 'bun:test'
import Anthropic from '@anthropic-ai/sdk'
import { GoogleGenAI } from '@google/genai'
import { EventStreamCodec } from '@smithy/eventstream-codec'
import { assert, array, integer, property } from 'fast-check'
import { Ollama } from 'ollama'
import OpenAI from 'openai'
import { crc32 } from '../../../../src/core/dialects/framing/event-stream.ts'
import { join } from '../../../support/event-stream.ts'
import { cut } from '../../../support/recorded.ts'
import { redacted } from './fake-judge.ts'
import { run } from './run.ts'
import { SAMPLES, type Sample } from './samples.ts'

const TEXT = 'Write to max.muster@example.com or use SECRET-12345678, Größe 😀 ok.'
const ARGUMENTS = JSON.stringify({ to: 'max.muster@example.com', note: 'a\n"SECRET-12345678" é' })

function sampleOf(name: string): Sample {
  const found = SAMPLES.find((sample) => sample.name === name)
  if (found === undefined) throw new Error(`no sample ${name}`)
  return found
}

/** The text in pieces of any length, the stream in chunks of any length, all through a holding guard. */
function respond(name: string, text: string, seed: number): () => Promise<Response> {
  const sample = sampleOf(name)
  const letters = Array.from(text)
  const pieces = Array.from({ length: Math.ceil(letters.length / (1 + (seed % 9))) }, (_, i) =>
    letters.slice(i * (1 + (seed % 9)), (i + 1) * (1 + (seed % 9))).join(''),
  )
  const { bytes } = run(sample, cut(join(sample.frames(pieces)), seed, 40))
  return async () => new Response(new Blob([bytes.slice()]), { headers: { 'content-type': sample.contentType } })
}

function asFetch(respond: () => Promise<Response>): typeof fetch {
  return Object.assign(respond, { preconnect: () => undefined })
}

const SEEDS = [1, 2, 3, 5, 8, 13]

describe.each(SEEDS)('a redacted stream, cut by seed %i, is read by the official client:', (seed) => {
  test('OpenAI chat', async () => {
    const client = new OpenAI({ apiKey: 'k', maxRetries: 0, fetch: respond('chat text', TEXT, seed) })
    const stream = client.chat.completions.stream({ model: 'm', messages: [{ role: 'user', content: 'hi' }] })
    const { choices } = await stream.finalChatCompletion()
    expect([choices[0]?.message.content, choices[0]?.finish_reason]).toEqual([redacted(TEXT), 'stop'])
  })

  test('OpenAI chat, a tool call', async () => {
    const client = new OpenAI({ apiKey: 'k', maxRetries: 0, fetch: respond('chat tool call', ARGUMENTS, seed) })
    const stream = client.chat.completions.stream({ model: 'm', messages: [{ role: 'user', content: 'hi' }] })
    const [call] = (await stream.finalChatCompletion()).choices[0]?.message.tool_calls ?? []
    expect(call).toMatchObject({ id: 'call_1', function: { name: 'send' } })
    expect(JSON.parse(call?.type === 'function' ? call.function.arguments : '')).toEqual(JSON.parse(redacted(ARGUMENTS)))
  })

  test('OpenAI completions', async () => {
    const client = new OpenAI({ apiKey: 'k', maxRetries: 0, fetch: respond('completions', TEXT, seed) })
    let text = ''
    for await (const chunk of await client.completions.create({ model: 'm', prompt: 'hi', stream: true })) {
      text += chunk.choices[0]?.text ?? ''
    }
    expect(text).toBe(redacted(TEXT))
  })

  test('OpenAI responses, in every repetition', async () => {
    const client = new OpenAI({ apiKey: 'k', maxRetries: 0, fetch: respond('responses text', TEXT, seed) })
    const stream = client.responses.stream({ model: 'm', input: 'hi' })
    const told: string[] = []
    let deltas = ''
    for await (const event of stream) {
      if (event.type === 'response.output_text.delta') deltas += event.delta
      if (event.type === 'response.output_text.done') told.push(event.text)
      if (event.type === 'response.content_part.done' && event.part.type === 'output_text') told.push(event.part.text)
    }
    const response = await stream.finalResponse()
    expect([deltas, ...told, response.output_text]).toEqual(Array.from({ length: 4 }, () => redacted(TEXT)))
  })

  test('OpenAI responses, a tool call', async () => {
    const client = new OpenAI({ apiKey: 'k', maxRetries: 0, fetch: respond('responses tool call', ARGUMENTS, seed) })
    const { output } = await client.responses.stream({ model: 'm', input: 'hi' }).finalResponse()
    const [call] = output
    expect(JSON.parse(call?.type === 'function_call' ? call.arguments : '')).toEqual(JSON.parse(redacted(ARGUMENTS)))
  })

  test('Anthropic text', async () => {
    const client = new Anthropic({ apiKey: 'k', maxRetries: 0, fetch: respond('messages text', TEXT, seed) })
    const stream = client.messages.stream({ model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] })
    const message = await stream.finalMessage()
    expect(message).toMatchObject({ content: [{ type: 'text', text: redacted(TEXT) }], stop_reason: 'end_turn' })
  })

  test('Anthropic, a tool call', async () => {
    const client = new Anthropic({ apiKey: 'k', maxRetries: 0, fetch: respond('messages tool call', ARGUMENTS, seed) })
    const stream = client.messages.stream({ model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] })
    const message = await stream.finalMessage()
    expect(message.content).toMatchObject([{ type: 'tool_use', name: 'send', input: JSON.parse(redacted(ARGUMENTS)) }])
  })

  test('Google', async () => {
    // Its client takes no fetch of ours but the runtime's own.
    const original = globalThis.fetch
    globalThis.fetch = asFetch(respond('gemini text', TEXT, seed))
    try {
      const client = new GoogleGenAI({ apiKey: 'k', httpOptions: { baseUrl: 'http://gemini.test' } })
      let text = ''
      for await (const chunk of await client.models.generateContentStream({ model: 'm', contents: 'hi' }))
        text += chunk.text ?? ''
      expect(text).toBe(redacted(TEXT))
    } finally {
      globalThis.fetch = original
    }
  })

  test('Ollama', async () => {
    const client = new Ollama({ host: 'http://ollama.test', fetch: asFetch(respond('ollama chat', TEXT, seed)) })
    let text = ''
    let isDone = false
    for await (const line of await client.chat({ model: 'm', messages: [], stream: true })) {
      text += line.message.content
      isDone = line.done
    }
    expect([text, isDone]).toEqual([redacted(TEXT), true])
  })

  test.each(['converse text', 'invoked messages', 'invoked titan'])('AWS’s own codec takes every message: %s', async (name) => {
    const bytes = new Uint8Array(await (await respond(name, TEXT, seed)()).arrayBuffer())
    const codec = new EventStreamCodec(
      (input) => (typeof input === 'string' ? input : new TextDecoder().decode(input)),
      (input) => new TextEncoder().encode(input),
    )
    let told = ''
    for (let at = 0; at < bytes.length;) {
      const length = new DataView(bytes.buffer, bytes.byteOffset + at).getUint32(0)
      const message = codec.decode(bytes.subarray(at, at + length))
      expect(message.headers[':message-type']).toEqual({ type: 'string', value: 'event' })
      const data = JSON.parse(new TextDecoder().decode(message.body)) as { bytes?: string; delta?: { text?: string } }
      const inner = data.bytes === undefined ? data : (JSON.parse(Buffer.from(data.bytes, 'base64').toString()) as Inner)
      told += (inner as Inner).delta?.text ?? (inner as Inner).outputText ?? ''
      at += length
    }
    expect(told).toBe(redacted(TEXT))
  })
})

type Inner = { readonly delta?: { readonly text?: string }; readonly outputText?: string }

test('sums of AWS messages are those of its codec', () => {
  assert(
    property(array(integer({ min: 0, max: 255 })), (values) => {
      const body = Uint8Array.from(values)
      const codec = new EventStreamCodec(
        () => '',
        (input) => new TextEncoder().encode(input),
      )
      const message = codec.encode({ headers: {}, body })
      const end = message.length - 4
      expect(crc32(message.subarray(0, end))).toBe(new DataView(message.buffer, message.byteOffset).getUint32(end))
    }),
  )
})
