import { describe, expect, test } from 'bun:test'
import { EventStreamCodec } from '@smithy/eventstream-codec'
import { bedrock } from '../../../src/core/dialects/bedrock.ts'
import type { Dialect, StreamEvent } from '../../../src/core/dialects/dialect.ts'
import { createEventStreamReader } from '../../../src/core/dialects/framing/event-stream.ts'
import type { JsonRecord } from '../../../src/core/domain/json.ts'
import { answered, assembled, segment, streamed, target, textsOf, valueAt } from '../../support/dialect-checks.ts'
import { chunkMessage, eventMessage, eventStreamBytes, exceptionMessage, join } from '../../support/event-stream.ts'
import { cut, describeWithData, recordedStreams } from '../../support/recorded.ts'

const converse = bedrock(target('/model/amazon.nova-lite-v1%3A0/converse-stream'))
const invoked = (model: string) => bedrock(target(`/model/${model}/invoke-with-response-stream`))
const METRICS = { inputTokenCount: 9, outputTokenCount: 4, invocationLatency: 100, firstByteLatency: 20 }
const at = (contentBlockIndex: number, more: JsonRecord): JsonRecord => ({ contentBlockIndex, ...more, p: 'abcd' })
const event = (name: string, data: JsonRecord): StreamEvent => ({ event: name, data })
const delta = (index: number, value: JsonRecord) => event('contentBlockDelta', at(index, { delta: value }))

/** The messages of some bytes, as the reference codec reads them. */
function decoded(bytes: Uint8Array): (readonly [event: string, data: unknown])[] {
  const codec = new EventStreamCodec(
    (input) => new TextDecoder().decode(input as Uint8Array),
    (text) => new TextEncoder().encode(text),
  )
  const messages: (readonly [string, unknown])[] = []
  for (let start = 0; start < bytes.length;) {
    const length = new DataView(bytes.buffer, bytes.byteOffset + start).getUint32(0)
    const { headers, body } = codec.decode(bytes.slice(start, start + length))
    expect(headers[':message-type']?.value).toBe('event')
    expect(headers[':content-type']?.value).toBe('application/json')
    const data = JSON.parse(new TextDecoder().decode(body)) as JsonRecord
    const name = String(headers[':event-type']?.value)
    messages.push([name, name === 'chunk' ? (JSON.parse(atob(String(data['bytes']))) as unknown) : data])
    start += length
  }
  return messages
}

const EVENTS: StreamEvent[] = [
  event('messageStart', { role: 'assistant', p: 'ab' }),
  delta(0, { reasoningContent: { text: 'h' } }),
  delta(0, { reasoningContent: { text: 'm' } }),
  delta(0, { reasoningContent: { signature: 'sig' } }),
  event('contentBlockStop', at(0, {})),
  delta(1, { text: 'It is ' }),
  delta(1, { text: 'sunny.' }),
  event('contentBlockStop', at(1, {})),
  event('contentBlockStart', at(2, { start: { toolUse: { toolUseId: 't1', name: 'look' } } })),
  delta(2, { toolUse: { input: '{"at":' } }),
  delta(2, { toolUse: { input: '"it"}' } }),
  event('contentBlockStop', at(2, {})),
  event('messageStop', { stopReason: 'tool_use', p: 'abc' }),
  event('metadata', {
    usage: { inputTokens: 9, outputTokens: 4, totalTokens: 13, cacheReadInputTokens: 2 },
    metrics: { latencyMs: 7 },
    p: 'abc',
  }),
]
const BODY: JsonRecord = {
  output: {
    message: {
      role: 'assistant',
      content: [
        { reasoningContent: { reasoningText: { text: 'hm', signature: 'sig' } } },
        { text: 'It is sunny.' },
        { toolUse: { toolUseId: 't1', name: 'look', input: { at: 'it' } } },
      ],
    },
  },
  stopReason: 'tool_use',
  usage: { inputTokens: 9, outputTokens: 4, totalTokens: 13, cacheReadInputTokens: 2 },
  metrics: { latencyMs: 7 },
}

/** An unstreamed body of one block. */
const block = (value: JsonRecord): JsonRecord => ({ output: { message: { role: 'assistant', content: [value] } } })

describe('Converse streams', () => {
  test('the unstreamed body, and what flowed', () => {
    const { body, deltas, hasContent, isComplete } = assembled(converse, EVENTS)
    expect(body).toEqual(BODY)
    expect(deltas).toEqual([
      { kind: 'reasoning', channel: '0/reasoning', text: 'h' },
      { kind: 'reasoning', channel: '0/reasoning', text: 'm' },
      { kind: 'text', channel: '1/text', text: 'It is ' },
      { kind: 'text', channel: '1/text', text: 'sunny.' },
      { kind: 'tool_call', channel: '2/tool', text: '{"at":' },
      { kind: 'tool_call', channel: '2/tool', text: '"it"}' },
    ])
    expect([hasContent, isComplete]).toEqual([true, true])
    answered(converse, body ?? {})
  })

  test('the name may be the key of the data instead of a header', () => {
    const keyed = EVENTS.map(({ event: name, data }) => ({ [name ?? '']: data }))
    expect(assembled(converse, keyed).body).toEqual(BODY)
    expect(
      assembled(converse, [
        Object.assign({}, ...keyed.filter((item) => 'messageStart' in item || 'metadata' in item)) as JsonRecord,
      ]).body,
    ).toEqual({
      output: { message: { role: 'assistant', content: [] } },
      usage: BODY['usage'],
      metrics: BODY['metrics'],
    })
  })

  test('through the framing, at any cut, the same', () => {
    const bytes = join(EVENTS.map(({ event: name, data }) => eventMessage(name ?? '', data)))
    const whole = streamed(converse, createEventStreamReader, [bytes])
    expect(whole.body).toEqual(BODY)
    expect(whole.unread).toBe(0)
    for (let seed = 1; seed <= 20; seed++)
      expect(streamed(converse, createEventStreamReader, cut(bytes, seed, seed * 4))).toEqual(whole)
  })

  const states: { why: string; events: StreamEvent[]; body: JsonRecord | null; hasContent: boolean }[] = [
    { why: 'nothing yet', events: [], body: null, hasContent: false },
    {
      why: 'a start',
      events: EVENTS.slice(0, 1),
      body: { output: { message: { role: 'assistant', content: [] } } },
      hasContent: false,
    },
    { why: 'an empty text', events: [delta(0, { text: '' })], body: block({ text: '' }), hasContent: false },
    {
      why: 'a signature alone',
      events: [delta(0, { reasoningContent: { signature: 's' } })],
      body: block({ reasoningContent: { reasoningText: { text: '', signature: 's' } } }),
      hasContent: false,
    },
    {
      why: 'reasoning without a signature',
      events: [delta(0, { reasoningContent: { text: 'a' } })],
      body: block({ reasoningContent: { reasoningText: { text: 'a' } } }),
      hasContent: true,
    },
    {
      why: 'redacted reasoning',
      events: [
        delta(0, { reasoningContent: { redactedContent: 'AA' } }),
        delta(0, { reasoningContent: { redactedContent: 'BB' } }),
      ],
      body: block({ reasoningContent: { redactedContent: 'AABB' } }),
      hasContent: false,
    },
    {
      why: 'a call that begins',
      events: [
        event('contentBlockStart', at(0, { start: { toolUse: { toolUseId: 't', name: 'f', type: 'server_tool_use' } } })),
      ],
      body: block({ toolUse: { toolUseId: 't', name: 'f', type: 'server_tool_use', input: {} } }),
      hasContent: true,
    },
    {
      why: 'a call whose start was lost',
      events: [delta(0, { toolUse: { input: '{"a":1}' } })],
      body: block({ toolUse: { input: { a: 1 } } }),
      hasContent: true,
    },
    {
      why: 'a call that broke off keeps its text',
      events: [delta(0, { toolUse: { input: '{"a":' } })],
      body: block({ toolUse: { input: '{"a":' } }),
      hasContent: true,
    },
    {
      why: 'citations beside a text',
      events: [delta(0, { text: 'a' }), delta(0, { citation: { title: 'T' } })],
      body: block({ citationsContent: { content: [{ text: 'a' }], citations: [{ title: 'T' }] } }),
      hasContent: true,
    },
    {
      why: "a provider's own tool result",
      events: [
        event('contentBlockStart', at(0, { start: { toolResult: { toolUseId: 't', status: 'success' } } })),
        delta(0, { toolResult: [{ text: 'a' }, { json: {} }] }),
        delta(0, { toolResult: [{ text: 'b' }] }),
      ],
      body: block({ toolResult: { toolUseId: 't', status: 'success', content: [{ text: 'a' }, { json: {} }, { text: 'b' }] } }),
      hasContent: false,
    },
    {
      why: 'a tool result whose start was lost',
      events: [delta(0, { toolResult: [{ text: 'a' }] })],
      body: block({ toolResult: { content: [{ text: 'a' }] } }),
      hasContent: false,
    },
    {
      why: 'another block that has only begun',
      events: [event('contentBlockStart', at(0, { start: { image: { format: 'png' } } }))],
      body: block({ image: { format: 'png' } }),
      hasContent: false,
    },
    {
      why: 'counts before the end',
      events: [event('metadata', { usage: { inputTokens: 1 } })],
      body: { output: { message: { role: 'assistant', content: [] } }, usage: { inputTokens: 1 } },
      hasContent: false,
    },
    {
      why: 'other blocks as they came',
      events: [event('contentBlockStart', at(0, { start: { image: { format: 'png' } } })), delta(0, { image: { source: {} } })],
      body: block({ image: { source: {} } }),
      hasContent: false,
    },
    {
      why: 'no index is the first',
      events: [event('contentBlockDelta', { delta: { text: 'a' } })],
      body: block({ text: 'a' }),
      hasContent: true,
    },
    {
      why: 'odd indexes are passed over',
      events: [delta(-1, { text: 'a' }), delta(1.5, { text: 'a' })],
      body: { output: { message: { role: 'assistant', content: [] } } },
      hasContent: false,
    },
    {
      why: 'odd events are passed over',
      events: [
        event('contentBlockDelta', {}),
        event('contentBlockStart', { start: 7 }),
        { event: 'contentBlockDelta', data: 7 },
      ],
      body: block({}),
      hasContent: false,
    },
  ]
  test.each(states)('$why', ({ events, body, hasContent }) => {
    const state = assembled(converse, events)
    expect({ body: state.body, hasContent: state.hasContent, isComplete: state.isComplete }).toStrictEqual({
      body,
      hasContent,
      isComplete: false,
    })
    if (body !== null) answered(converse, body)
  })

  test('blocks stand in the order of their indexes', () => {
    const { body } = assembled(converse, [delta(10, { text: 'c' }), delta(2, { text: 'b' }), delta(0, { text: 'a' })])
    expect(valueAt('/output/message/content', body)).toEqual([{ text: 'a' }, { text: 'b' }, { text: 'c' }])
  })

  test('blocks are bounded', () => {
    const { body } = assembled(
      converse,
      Array.from({ length: 4097 }, (_, i) => delta(i, { text: 'a' })),
    )
    expect(valueAt('/output/message/content', body)).toHaveLength(4096)
  })

  test('a role of its own', () => {
    expect(valueAt('/output/message/role', assembled(converse, [event('messageStart', { role: 'model' })]).body)).toBe('model')
    expect(valueAt('/output/message/role', assembled(converse, [event('messageStart', { role: 7 })]).body)).toBe('assistant')
  })

  test('a failure in mid-stream is kept beside the text, and completes nothing', () => {
    const bytes = join([
      eventMessage('contentBlockDelta', at(0, { delta: { text: 'a' } })),
      exceptionMessage('throttlingException', { message: 'slow down' }),
    ])
    const { body, isComplete } = streamed(converse, createEventStreamReader, [bytes])
    expect(answered(converse, body ?? {})).toMatchObject({
      segments: [segment('assistant', '/output/message/content/0/text', 'a')],
      error: { type: 'throttlingException', message: 'slow down' },
    })
    expect(isComplete).toBe(false)
  })

  test('a failure before anything else', () => {
    const { body } = streamed(converse, createEventStreamReader, [exceptionMessage('validationException', { message: 'no' })])
    expect(body).toEqual({ error: { type: 'validationException', message: 'no' } })
  })
})

/** Chunks of one model's format, through the framing, and again at any cut. */
function invokedBody(model: string, items: readonly JsonRecord[]) {
  const bytes = join(items.map(chunkMessage))
  const whole = streamed(invoked(model), createEventStreamReader, [bytes])
  for (let seed = 1; seed <= 5; seed++)
    expect(streamed(invoked(model), createEventStreamReader, cut(bytes, seed, seed * 6))).toEqual(whole)
  answered(invoked(model), whole.body ?? {})
  return whole
}

describe('invoked streams', () => {
  test("Anthropic's, with its own usage", () => {
    const { body, deltas, isComplete } = invokedBody('anthropic.claude', [
      {
        type: 'message_start',
        message: {
          id: 'm',
          type: 'message',
          role: 'assistant',
          model: 'claude',
          content: [],
          stop_reason: null,
          stop_sequence: null,
          usage: { input_tokens: 9, output_tokens: 1 },
        },
      },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hé' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'llo' } },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 4 } },
      { type: 'message_stop', 'amazon-bedrock-invocationMetrics': METRICS },
    ])
    expect(body).toEqual({
      id: 'm',
      type: 'message',
      role: 'assistant',
      model: 'claude',
      content: [{ type: 'text', text: 'Héllo' }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: { input_tokens: 9, output_tokens: 4 },
    })
    expect(deltas.map(({ text }) => text).join('')).toBe('Héllo')
    expect(isComplete).toBe(true)
  })

  test('Nova', () => {
    const { body, isComplete } = invokedBody('amazon.nova', [
      { messageStart: { role: 'assistant' } },
      { contentBlockDelta: { contentBlockIndex: 0, delta: { text: 'Hi' } } },
      { contentBlockStop: { contentBlockIndex: 0 } },
      { messageStop: { stopReason: 'end_turn' } },
      { metadata: { usage: { inputTokens: 9, outputTokens: 4 } }, 'amazon-bedrock-invocationMetrics': METRICS },
    ])
    expect(body).toEqual({
      output: { message: { role: 'assistant', content: [{ text: 'Hi' }] } },
      stopReason: 'end_turn',
      usage: { inputTokens: 9, outputTokens: 4 },
    })
    expect(isComplete).toBe(true)
  })

  const usage = { inputTokens: 9, outputTokens: 4 }
  const cases: { why: string; items: JsonRecord[]; body: JsonRecord; texts: JsonRecord; isComplete: boolean }[] = [
    {
      why: 'Titan',
      items: [
        { outputText: 'Hel', index: 0, totalOutputTextTokenCount: null, completionReason: null, inputTextTokenCount: 9 },
        {
          outputText: 'lo',
          index: 0,
          totalOutputTextTokenCount: 4,
          completionReason: 'FINISH',
          inputTextTokenCount: null,
          'amazon-bedrock-invocationMetrics': METRICS,
        },
      ],
      body: { inputTextTokenCount: 9, results: [{ tokenCount: 4, outputText: 'Hello', completionReason: 'FINISH' }], usage },
      texts: { text: 'Hello' },
      isComplete: true,
    },
    {
      why: 'Llama',
      items: [
        { generation: 'Hel', prompt_token_count: 9, generation_token_count: 1, stop_reason: null },
        {
          generation: 'lo',
          prompt_token_count: null,
          generation_token_count: 4,
          stop_reason: 'stop',
          'amazon-bedrock-invocationMetrics': METRICS,
        },
      ],
      body: { generation: 'Hello', prompt_token_count: 9, generation_token_count: 4, stop_reason: 'stop', usage },
      texts: { text: 'Hello' },
      isComplete: true,
    },
    {
      why: 'Titan, whose counts come once',
      items: [
        { outputText: 'a', index: 0, totalOutputTextTokenCount: 4, completionReason: null },
        { outputText: 'b', index: 0, totalOutputTextTokenCount: null, completionReason: 'FINISH' },
      ],
      body: { results: [{ tokenCount: 4, completionReason: 'FINISH', outputText: 'ab' }] },
      texts: { text: 'ab' },
      isComplete: true,
    },
    {
      why: 'Titan, without counts',
      items: [{ outputText: 'a', index: 0 }],
      body: { results: [{ completionReason: null, outputText: 'a' }] },
      texts: { text: 'a' },
      isComplete: false,
    },
    {
      why: 'Mistral, an item without text',
      items: [{ outputs: [{ text: 'a' }] }, { outputs: [{ stop_reason: 'stop' }] }, { outputs: [7] }],
      body: { outputs: [{ text: 'a', stop_reason: 'stop' }] },
      texts: { text: 'a' },
      isComplete: true,
    },
    {
      why: "Cohere's v2 events",
      items: [
        { type: 'content-delta', index: 0, delta: { message: { content: { text: 'a' } } } },
        { type: 'message-end', delta: { finish_reason: 'COMPLETE' } },
      ],
      body: { message: { role: 'assistant', content: [{ type: 'text', text: 'a' }] }, finish_reason: 'COMPLETE' },
      texts: { '0/text': 'a' },
      isComplete: true,
    },
    ...['later', 'xmessage_start', 'pingpong', 'x-message-start', null].map((type) => ({
      why: `a type that says nothing: ${type}`,
      items: [{ type, generation: 'a' }],
      body: { type, generation: 'a' },
      texts: { text: 'a' },
      isComplete: false,
    })),
    {
      why: 'choices that are none',
      items: [{ choices: [{ index: 0, delta: { content: 'a' } }, 7, null] }],
      body: {
        object: 'chat.completion',
        choices: [{ index: 0, message: { role: 'assistant', content: 'a' }, finish_reason: null }],
      },
      texts: { '0/text': 'a' },
      isComplete: false,
    },
    {
      why: 'Llama, before its end',
      items: [{ generation: 'Hel', prompt_token_count: 9, generation_token_count: 1, stop_reason: null }],
      body: { generation: 'Hel', prompt_token_count: 9, generation_token_count: 1, stop_reason: null },
      texts: { text: 'Hel' },
      isComplete: false,
    },
    {
      why: 'Claude 2',
      items: [
        { completion: ' Hel', stop_reason: null, stop: null },
        { completion: 'lo', stop_reason: 'stop_sequence', stop: '\n\nHuman:' },
      ],
      body: { completion: ' Hello', stop_reason: 'stop_sequence', stop: '\n\nHuman:' },
      texts: { text: ' Hello' },
      isComplete: true,
    },
    {
      why: 'older Mistral',
      items: [{ outputs: [{ text: 'Hel', stop_reason: null }] }, { outputs: [{ text: 'lo', stop_reason: 'stop' }] }],
      body: { outputs: [{ text: 'Hello', stop_reason: 'stop' }] },
      texts: { text: 'Hello' },
      isComplete: true,
    },
    {
      why: 'DeepSeek',
      items: [{ choices: [{ text: 'Hel', stop_reason: null }] }, { choices: [{ text: 'lo', stop_reason: 'length' }] }],
      body: { choices: [{ text: 'Hello', stop_reason: 'length' }] },
      texts: { text: 'Hello' },
      isComplete: true,
    },
    {
      why: "OpenAI's form, with Mistral's word for the reason",
      items: [
        {
          id: 'x',
          model: 'mistral',
          choices: [{ index: 0, message: { role: 'assistant', content: 'Hel' }, stop_reason: null }],
        },
        {
          id: 'x',
          model: 'mistral',
          choices: [{ index: 0, message: { content: 'lo' }, stop_reason: 'stop' }],
          'amazon-bedrock-invocationMetrics': METRICS,
        },
      ],
      body: {
        id: 'x',
        model: 'mistral',
        object: 'chat.completion',
        choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
        usage,
      },
      texts: { '0/text': 'Hello' },
      isComplete: true,
    },
    {
      why: "OpenAI's form",
      items: [
        { choices: [{ index: 0, delta: { content: 'Hi' }, finish_reason: 'stop' }], usage: { prompt_tokens: 1 } },
        { choices: [], 'amazon-bedrock-invocationMetrics': METRICS },
      ],
      body: {
        object: 'chat.completion',
        choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 1 },
      },
      texts: { '0/text': 'Hi' },
      isComplete: true,
    },
    {
      why: 'Cohere',
      items: [
        { event_type: 'text-generation', text: 'Hi', is_finished: false },
        {
          event_type: 'stream-end',
          is_finished: true,
          finish_reason: 'COMPLETE',
          response: { text: 'Hi', finish_reason: 'COMPLETE' },
        },
      ],
      body: { text: 'Hi', finish_reason: 'COMPLETE' },
      texts: { text: 'Hi' },
      isComplete: true,
    },
    {
      why: 'older Cohere',
      items: [
        { text: 'Hel', is_finished: false },
        { text: 'lo', is_finished: false },
        { is_finished: true, finish_reason: 'COMPLETE', 'amazon-bedrock-invocationMetrics': METRICS },
      ],
      body: { text: 'Hello', finish_reason: 'COMPLETE', usage },
      texts: { text: 'Hello' },
      isComplete: true,
    },
    {
      why: 'counts of caches',
      items: [
        { 'amazon-bedrock-invocationMetrics': { ...METRICS, cacheReadInputTokenCount: 2, cacheWriteInputTokenCount: 3 } },
      ],
      body: { usage: { ...usage, cacheReadInputTokens: 2, cacheWriteInputTokens: 3 } },
      texts: {},
      isComplete: true,
    },
    {
      why: 'metrics without counts',
      items: [{ 'amazon-bedrock-invocationMetrics': { invocationLatency: 1 } }],
      body: {},
      texts: {},
      isComplete: true,
    },
  ]
  test.each(cases)('$why', ({ items, body, texts, isComplete }) => {
    const whole = invokedBody('x', items)
    // As it would be written: a key without a value is none.
    expect(JSON.parse(JSON.stringify(whole.body))).toStrictEqual(body)
    expect(textsOf(whole.deltas)).toEqual(texts as never)
    expect(whole.isComplete).toBe(isComplete)
  })

  test('kinds of what flows', () => {
    expect(assembled(invoked('x'), [{ generation: 'a' }, { generation: '' }]).deltas).toEqual([
      { kind: 'text', channel: 'text', text: 'a' },
    ])
  })

  test('what says nothing yet is waited past', () => {
    const { body, hasContent } = assembled(invoked('x'), [{ later: 1 }, { generation: 'Hi' }])
    expect(body).toEqual({ generation: 'Hi' })
    expect(hasContent).toBe(true)
    expect(assembled(invoked('x'), [{ later: 1 }]).body).toBeNull()
    expect(assembled(invoked('x'), [{ generation: '' }]).hasContent).toBe(false)
  })
})

const stopped = (dialect: Dialect, events: readonly (StreamEvent | JsonRecord)[]): Uint8Array =>
  assembled(dialect, events).assembler.stop()

describe('stopping', () => {
  const cases: {
    why: string
    dialect: Dialect
    events: (StreamEvent | JsonRecord)[]
    messages: unknown[]
  }[] = [
    {
      why: 'Converse, in an open block',
      dialect: converse,
      events: EVENTS.slice(0, 6),
      messages: [
        ['contentBlockStop', { contentBlockIndex: 1 }],
        ['messageStop', { stopReason: 'content_filtered' }],
      ],
    },
    {
      why: 'Converse, between blocks',
      dialect: converse,
      events: EVENTS.slice(0, 5),
      messages: [['messageStop', { stopReason: 'content_filtered' }]],
    },
    {
      why: 'Converse, before anything',
      dialect: converse,
      events: [],
      messages: [
        ['messageStart', { role: 'assistant' }],
        ['messageStop', { stopReason: 'content_filtered' }],
      ],
    },
    {
      why: 'Nova, invoked',
      dialect: invoked('amazon.nova'),
      events: [
        event('chunk', { messageStart: { role: 'assistant' } }),
        event('chunk', { contentBlockDelta: { contentBlockIndex: 0, delta: { text: 'a' } } }),
      ],
      messages: [
        ['chunk', { contentBlockStop: { contentBlockIndex: 0 } }],
        ['chunk', { messageStop: { stopReason: 'content_filtered' } }],
      ],
    },
    {
      why: 'Nova, invoked, before anything',
      dialect: invoked('amazon.nova'),
      events: [],
      messages: [
        ['chunk', { messageStart: { role: 'assistant' } }],
        ['chunk', { messageStop: { stopReason: 'content_filtered' } }],
      ],
    },
    {
      why: 'Anthropic, in an open block',
      dialect: invoked('anthropic.claude'),
      events: [
        {
          type: 'message_start',
          message: { id: 'm', role: 'assistant', model: 'c', content: [], usage: { input_tokens: 1, output_tokens: 1 } },
        },
        { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      ],
      messages: [
        ['chunk', { type: 'content_block_stop', index: 0 }],
        [
          'chunk',
          { type: 'message_delta', delta: { stop_reason: 'refusal', stop_sequence: null }, usage: { output_tokens: 1 } },
        ],
        ['chunk', { type: 'message_stop' }],
      ],
    },
    {
      why: 'Titan',
      dialect: invoked('x'),
      events: [{ outputText: 'a' }],
      messages: [['chunk', { outputText: '', index: 0, completionReason: 'CONTENT_FILTERED' }]],
    },
    {
      why: 'Llama',
      dialect: invoked('x'),
      events: [{ generation: 'a' }],
      messages: [['chunk', { generation: '', stop_reason: 'content_filtered' }]],
    },
    {
      why: 'Claude 2',
      dialect: invoked('x'),
      events: [{ completion: 'a' }],
      messages: [['chunk', { completion: '', stop_reason: 'content_filtered' }]],
    },
    {
      why: 'Mistral',
      dialect: invoked('x'),
      events: [{ outputs: [{ text: 'a' }] }],
      messages: [['chunk', { outputs: [{ text: '', stop_reason: 'content_filtered' }] }]],
    },
    {
      why: 'an unknown model, before anything',
      dialect: invoked('x'),
      events: [],
      messages: [['chunk', { generation: '', stop_reason: 'content_filtered' }]],
    },
    {
      why: 'Cohere',
      dialect: invoked('x'),
      events: [event('chunk', { event_type: 'text-generation', text: 'a' })],
      messages: [
        [
          'chunk',
          {
            is_finished: true,
            event_type: 'stream-end',
            finish_reason: 'ERROR_TOXIC',
            response: { text: 'a', finish_reason: 'ERROR_TOXIC' },
          },
        ],
      ],
    },
  ]
  test.each(cases)('$why', ({ dialect, events, messages }) => {
    const bytes = stopped(dialect, events)
    expect(decoded(bytes) as unknown[]).toEqual(messages)
    const { isComplete, unread } = streamed(dialect, createEventStreamReader, [bytes])
    expect({ isComplete, unread }).toEqual({ isComplete: true, unread: 0 })
  })

  test("OpenAI's form ends with a chunk of its own, without the end mark of SSE", () => {
    const messages = decoded(stopped(invoked('x'), [{ id: 'x', choices: [{ index: 0, delta: { content: 'a' } }] }]))
    expect(messages.map(([name]) => name)).toEqual(['chunk'])
    expect(valueAt('/0/1/choices/0/finish_reason', messages)).toBe('content_filter')
  })

  test('Anthropic, before anything, begins and ends', () => {
    const messages = decoded(stopped(invoked('anthropic.claude'), []))
    expect(messages.map(([, data]) => (data as JsonRecord)['type'])).toEqual(['message_start', 'message_delta', 'message_stop'])
  })
})

describeWithData('recorded Bedrock streams', () => {
  const recordings = recordedStreams(['amazon-bedrock'])
  const streams = recordings.filter(({ chunks }) => chunks.length > 0)
  const named = (name: string) => {
    const found = recordings.find((recording) => recording.name === name)
    if (found === undefined) throw new Error(`no recording ${name}`)
    return found
  }
  const read = (name: string) => streamed(converse, createEventStreamReader, [eventStreamBytes(named(name).chunks)])

  test('there are recordings', () => {
    expect(streams).toHaveLength(4)
  })

  test.each(streams.map(({ name }) => name))('%s: any cut gives the same, and so do its bare lines', (name) => {
    const bytes = eventStreamBytes(named(name).chunks)
    const whole = streamed(converse, createEventStreamReader, [bytes])
    expect(whole.unread).toBe(0)
    expect(whole.isComplete).toBe(true)
    for (let seed = 1; seed <= 20; seed++)
      expect(streamed(converse, createEventStreamReader, cut(bytes, seed, 2 + seed * 3))).toEqual(whole)
    expect(
      assembled(
        converse,
        named(name).chunks.map((line) => JSON.parse(line) as JsonRecord),
      ).body,
    ).toEqual(whole.body)
  })

  /** What each recording says, read by eye. */
  const views: { name: string; texts: string[]; calls: unknown[]; usage: unknown }[] = [
    {
      name: 'amazon-bedrock-json-only-text-first.1',
      texts: ['Here is your data:'],
      calls: [['json-tool-1', 'json', { name: 'John' }]],
      usage: { inputTokens: 100, outputTokens: 20, totalTokens: 120 },
    },
    {
      name: 'amazon-bedrock-json-with-tool.1',
      texts: ['Calling a tool first.', 'Now JSON.'],
      calls: [
        ['tool-1', 'get-weather', { location: 'SF' }],
        ['json-tool-id', 'json', { result: 'data' }],
      ],
      usage: undefined,
    },
    {
      name: 'amazon-bedrock-json-with-tools.1',
      texts: ['Multiple tools.', 'Final JSON.'],
      calls: [
        ['tool-1', 'tool-a', { a: '1' }],
        ['tool-2', 'tool-b', { b: '2' }],
        ['json-tool-id', 'json', { final: 'result' }],
      ],
      usage: undefined,
    },
    {
      name: 'amazon-bedrock-tool-call.1',
      texts: [],
      calls: [['tool-use-id', 'test-tool', { value: 'Sparkle Day' }]],
      usage: { inputTokens: 125, outputTokens: 45, totalTokens: 170 },
    },
  ]
  test('every recording is named', () => {
    expect(views.map(({ name }) => name)).toEqual(streams.map(({ name }) => name))
  })

  test.each(views)('$name: texts, calls, finish reason and usage', ({ name, texts, calls, usage }) => {
    const { body } = read(name)
    const view = answered(converse, body ?? {})
    expect(view.segments.filter(({ origin }) => origin === 'assistant').map(({ text }) => text)).toEqual(texts)
    expect(view.toolCalls.map((call) => [call.id, call.name, JSON.parse(call.arguments) as unknown] as unknown)).toEqual(calls)
    expect(view.finishReason).toBe('tool_use')
    expect(body?.['usage']).toEqual(usage)
  })

  /** The recordings are made up for tests: no `.json` is of the same call as its `.chunks.txt` (texts, calls and counts differ). */
  const pairs: { name: string; isSameCall: boolean }[] = [
    { name: 'amazon-bedrock-json-with-tool.1', isSameCall: false },
    { name: 'amazon-bedrock-json-with-tools.1', isSameCall: false },
    { name: 'amazon-bedrock-tool-call.1', isSameCall: false },
  ]
  test('the table names every pair', () => {
    const found = recordings.filter(({ chunks, answer }) => chunks.length > 0 && answer !== null).map(({ name }) => name)
    expect(pairs.map(({ name }) => name)).toEqual(found)
  })

  test.each(pairs)('$name: the assembled body has the form of the unstreamed one', ({ name, isSameCall }) => {
    const answer = answered(converse, named(name).answer as JsonRecord)
    const view = answered(converse, read(name).body ?? {})
    const form = ({ segments }: typeof view) => segments.map(({ origin, kind, pointer }) => ({ origin, kind, pointer }))
    expect(form(view)).toEqual(form(answer))
    expect(view.finishReason).toBe(answer.finishReason)
    expect(view.segments.map(({ text }) => text).join() === answer.segments.map(({ text }) => text).join()).toBe(isSameCall)
  })

  test('a ranking has no text', () => {
    expect(answered(converse, named('amazon-bedrock-reranking.1').answer as JsonRecord)).toEqual({
      model: null,
      segments: [],
      toolCalls: [],
      finishReason: null,
      error: null,
    })
  })
})
