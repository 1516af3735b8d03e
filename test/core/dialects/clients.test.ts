import { expect, test } from 'bun:test'
import { createAnthropic } from '@ai-sdk/anthropic'
import { createOpenAI } from '@ai-sdk/openai'
import Anthropic, { AuthenticationError } from '@anthropic-ai/sdk'
import { streamText, type LanguageModel } from 'ai'
import OpenAI, { RateLimitError } from 'openai'
import { anthropicMessages } from '../../../src/core/dialects/anthropic-messages.ts'
import type { Dialect } from '../../../src/core/dialects/dialect.ts'
import { openaiChat } from '../../../src/core/dialects/openai-chat.ts'
import { openaiResponses } from '../../../src/core/dialects/openai-responses.ts'
import { appError } from '../../../src/core/domain/errors.ts'
import type { JsonRecord } from '../../../src/core/domain/json.ts'
import { assembled } from '../../support/dialect.ts'
import { sseBytes } from '../../support/recorded.ts'

const KEY = { apiKey: 'test-key', maxRetries: 0 }

/** What a client gets: these payloads, then the bytes that stop the stream after them. */
function stoppedAfter(dialect: Dialect, payloads: readonly JsonRecord[]): () => Promise<Response> {
  const sent = sseBytes(
    payloads.map((payload) => JSON.stringify(payload)),
    { withEvent: dialect !== openaiChat },
  )
  const { assembler } = assembled(dialect, payloads)
  const body = new Blob([sent.slice(), assembler.stop().slice()])
  return async () => new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}

function refused(body: JsonRecord, status: number): () => Promise<Response> {
  return async () => Response.json(body, { status })
}

const CHAT_HEAD = { id: 'cc', object: 'chat.completion.chunk', created: 1, model: 'm' }
const CHAT = [
  { ...CHAT_HEAD, choices: [{ index: 0, delta: { role: 'assistant', content: 'Hel' }, finish_reason: null }] },
  { ...CHAT_HEAD, choices: [{ index: 0, delta: { content: 'lo' }, finish_reason: null }] },
]

const RESPONSE = { id: 'resp', object: 'response', created_at: 1, model: 'm', status: 'in_progress', output: [], usage: null }
const RESPONSES = [
  { type: 'response.created', sequence_number: 0, response: RESPONSE },
  {
    type: 'response.output_item.added',
    sequence_number: 1,
    output_index: 0,
    item: { type: 'message', id: 'msg', role: 'assistant', status: 'in_progress', content: [] },
  },
  {
    type: 'response.content_part.added',
    sequence_number: 2,
    item_id: 'msg',
    output_index: 0,
    content_index: 0,
    part: { type: 'output_text', text: '', annotations: [] },
  },
  {
    type: 'response.output_text.delta',
    sequence_number: 3,
    item_id: 'msg',
    output_index: 0,
    content_index: 0,
    delta: 'Hello',
    logprobs: [],
  },
]

const MESSAGES = [
  {
    type: 'message_start',
    message: {
      id: 'msg',
      type: 'message',
      role: 'assistant',
      model: 'm',
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { input_tokens: 1, output_tokens: 1 },
    },
  },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hello' } },
]

test('OpenAI’s client takes a stopped chat as filtered', async () => {
  const client = new OpenAI({ ...KEY, fetch: stoppedAfter(openaiChat, CHAT) })
  const stream = client.chat.completions.stream({ model: 'm', messages: [{ role: 'user', content: 'hi' }] })
  let text = ''
  let reason: string | null = null
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? ''
    reason = chunk.choices[0]?.finish_reason ?? reason
  }
  expect([text, reason]).toEqual(['Hello', 'content_filter'])
})

test('OpenAI’s client takes a stopped response as incomplete', async () => {
  const client = new OpenAI({ ...KEY, fetch: stoppedAfter(openaiResponses, RESPONSES) })
  const stream = client.responses.stream({ model: 'm', input: 'hi' })
  let text = ''
  for await (const event of stream) if (event.type === 'response.output_text.delta') text += event.delta
  const response = await stream.finalResponse()
  expect([text, response.id, response.status, response.incomplete_details]).toEqual([
    'Hello',
    'resp',
    'incomplete',
    { reason: 'content_filter' },
  ])
})

test('Anthropic’s client takes a stopped message as refused, with the text that came', async () => {
  const client = new Anthropic({ ...KEY, fetch: stoppedAfter(anthropicMessages, MESSAGES) })
  const stream = client.messages.stream({ model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] })
  const message = await stream.finalMessage()
  expect([message.content, message.stop_reason]).toMatchObject([[{ type: 'text', text: 'Hello' }], 'refusal'])
})

test('Anthropic’s client takes a message that is stopped before its first event', async () => {
  const client = new Anthropic({ ...KEY, fetch: stoppedAfter(anthropicMessages, []) })
  const stream = client.messages.stream({ model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] })
  expect(await stream.finalMessage()).toMatchObject({ content: [], stop_reason: 'refusal' })
})

const MODELS: readonly (readonly [string, LanguageModel])[] = [
  ['chat', createOpenAI({ ...KEY, fetch: asFetch(stoppedAfter(openaiChat, CHAT)) }).chat('m')],
  ['responses', createOpenAI({ ...KEY, fetch: asFetch(stoppedAfter(openaiResponses, RESPONSES)) }).responses('m')],
  ['messages', createAnthropic({ ...KEY, fetch: asFetch(stoppedAfter(anthropicMessages, MESSAGES)) })('claude-sonnet-4-5')],
]

test.each(MODELS)('the AI SDK takes a stopped stream as filtered: %s', async (_name, model) => {
  const result = streamText({ model, prompt: 'hi' })
  expect([await result.text, await result.finishReason]).toEqual(['Hello', 'content-filter'])
})

function asFetch(respond: () => Promise<Response>): typeof fetch {
  return Object.assign(respond, { preconnect: () => undefined })
}

test('OpenAI’s client raises its own error of a status, with our code and type', async () => {
  const error = appError('limit.budget_exhausted', 'over budget')
  const client = new OpenAI({ ...KEY, fetch: refused(openaiChat.renderError(error, 'req-1'), error.status) })
  const failure = await client.chat.completions.create({ model: 'm', messages: [] }).catch((reason: unknown) => reason)
  expect(failure).toBeInstanceOf(RateLimitError)
  expect(failure).toMatchObject({ status: 429, code: 'limit.budget_exhausted', type: 'cost_cap_exceeded' })
})

test('Anthropic’s client raises its own error of a status, with its type and our code', async () => {
  const error = appError('auth.required', 'no key')
  const client = new Anthropic({ ...KEY, fetch: refused(anthropicMessages.renderError(error, 'req-1'), error.status) })
  const failure = await client.messages.create({ model: 'm', max_tokens: 1, messages: [] }).catch((reason: unknown) => reason)
  expect(failure).toBeInstanceOf(AuthenticationError)
  expect(failure).toMatchObject({
    status: 401,
    type: 'authentication_error',
    error: { error: { code: 'auth.required' }, request_id: 'req-1' },
  })
})
