import { describe, expect, test } from 'bun:test'
import { cohere } from '../../../src/core/dialects/cohere.ts'
import { createNdjsonReader } from '../../../src/core/dialects/framing/ndjson.ts'
import { createSseReader } from '../../../src/core/dialects/framing/sse.ts'
import type { JsonRecord } from '../../../src/core/domain/json.ts'
import { answered, assembled, segment, streamed, textsOf, valueAt } from '../../support/dialect-checks.ts'
import { cut, describeWithData, recordedStreams, sseBytes } from '../../support/recorded.ts'

const bytesOf = (text: string) => new TextEncoder().encode(text)
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
/** An event that carries part of a message. */
const part = (type: string, message: JsonRecord, index?: unknown): JsonRecord => ({
  type,
  ...(index === undefined ? {} : { index }),
  delta: { message },
})
/** Names and parsed arguments: a model spaces its JSON as it likes. */
const callsOf = (body: JsonRecord): unknown =>
  answered(cohere, body).toolCalls.map((call) => [call.name, JSON.parse(call.arguments) as unknown])
const START: JsonRecord = {
  id: 'm1',
  type: 'message-start',
  delta: { message: { role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] } },
}
const USAGE = {
  billed_units: { input_tokens: 5, output_tokens: 2 },
  tokens: { input_tokens: 70, output_tokens: 4 },
  cached_tokens: 64,
}

describe('v2 streams', () => {
  const events: JsonRecord[] = [
    START,
    part('tool-plan-delta', { tool_plan: 'I will' }),
    part('tool-plan-delta', { tool_plan: ' look.' }),
    part('content-start', { content: { type: 'thinking', thinking: '' } }, 0),
    part('content-delta', { content: { thinking: 'h' } }, 0),
    part('content-delta', { content: { thinking: 'm' } }, 0),
    { type: 'content-end', index: 0 },
    part('content-start', { content: { type: 'text', text: '' } }, 1),
    part('content-delta', { content: { text: 'It is ' } }, 1),
    part('citation-start', { citations: { start: 0, end: 2, text: 'It', sources: [] } }, 0),
    { type: 'citation-end', index: 0 },
    part('content-delta', { content: { text: 'sunny.' } }, 1),
    { type: 'content-end', index: 1 },
    part('tool-call-start', { tool_calls: { id: 'c1', type: 'function', function: { name: 'look', arguments: '' } } }, 0),
    part('tool-call-delta', { tool_calls: { function: { arguments: '{"at":' } } }, 0),
    part('tool-call-delta', { tool_calls: { function: { arguments: '"it"}' } } }, 0),
    { type: 'tool-call-end', index: 0 },
    part('tool-call-start', { tool_calls: { id: 'c2', type: 'function', function: { name: 'now', arguments: '{}' } } }, 1),
    { type: 'message-end', delta: { finish_reason: 'TOOL_CALL', usage: USAGE } },
  ]

  test('the unstreamed body, and what flowed', () => {
    const { body, deltas, hasContent, isComplete } = assembled(cohere, events)
    expect(body).toEqual({
      id: 'm1',
      message: {
        role: 'assistant',
        tool_plan: 'I will look.',
        tool_calls: [
          { id: 'c1', type: 'function', function: { name: 'look', arguments: '{"at":"it"}' } },
          { id: 'c2', type: 'function', function: { name: 'now', arguments: '{}' } },
        ],
        content: [
          { type: 'thinking', thinking: 'hm' },
          { type: 'text', text: 'It is sunny.' },
        ],
        citations: [{ start: 0, end: 2, text: 'It', sources: [] }],
      },
      finish_reason: 'TOOL_CALL',
      usage: USAGE,
    })
    expect(deltas).toEqual([
      { kind: 'reasoning', channel: 'plan', text: 'I will' },
      { kind: 'reasoning', channel: 'plan', text: ' look.' },
      { kind: 'reasoning', channel: '0/reasoning', text: 'h' },
      { kind: 'reasoning', channel: '0/reasoning', text: 'm' },
      { kind: 'text', channel: '1/text', text: 'It is ' },
      { kind: 'text', channel: '1/text', text: 'sunny.' },
      { kind: 'tool_call', channel: 'tool/0', text: '{"at":' },
      { kind: 'tool_call', channel: 'tool/0', text: '"it"}' },
      { kind: 'tool_call', channel: 'tool/1', text: '{}' },
    ])
    expect([hasContent, isComplete]).toEqual([true, true])
    answered(cohere, body ?? {})
  })

  test('at any cut the same', () => {
    const bytes = sseBytes(
      events.map((event) => JSON.stringify(event)),
      { withEvent: true, withDone: true },
    )
    const whole = streamed(cohere, createSseReader, [bytes])
    expect(whole.body).toEqual(assembled(cohere, events).body)
    for (let seed = 1; seed <= 20; seed++) expect(streamed(cohere, createSseReader, cut(bytes, seed, seed * 4))).toEqual(whole)
  })

  const states: { why: string; events: JsonRecord[]; body: JsonRecord | null; hasContent: boolean; isComplete: boolean }[] = [
    { why: 'nothing yet', events: [], body: null, hasContent: false, isComplete: false },
    { why: 'a start', events: [START], body: { id: 'm1' }, hasContent: false, isComplete: false },
    {
      why: 'an end without content',
      events: [{ type: 'message-end' }],
      body: { message: { role: 'assistant' } },
      hasContent: false,
      isComplete: true,
    },
    {
      why: 'an empty plan',
      events: [part('tool-plan-delta', { tool_plan: '' })],
      body: {},
      hasContent: false,
      isComplete: false,
    },
    {
      why: 'a plan',
      events: [part('tool-plan-delta', { tool_plan: 'a' })],
      body: { message: { role: 'assistant', tool_plan: 'a' } },
      hasContent: true,
      isComplete: false,
    },
    {
      why: 'a call that begins',
      events: [part('tool-call-start', { tool_calls: { id: 'c', function: { name: 'f' } } }, 0)],
      body: { message: { role: 'assistant', tool_calls: [{ id: 'c', function: { name: 'f', arguments: '' } }] } },
      hasContent: true,
      isComplete: false,
    },
    {
      why: 'a call without its function',
      events: [part('tool-call-start', { tool_calls: { id: 'c' } }, 0)],
      body: { message: { role: 'assistant', tool_calls: [{ id: 'c', function: { name: '', arguments: '' } }] } },
      hasContent: true,
      isComplete: false,
    },
    {
      why: 'thinking that has only begun',
      events: [part('content-start', { content: { type: 'thinking', thinking: '' } }, 0)],
      body: { message: { role: 'assistant', content: [{ type: 'thinking', thinking: '' }] } },
      hasContent: false,
      isComplete: false,
    },
    {
      why: 'empty thinking makes no thinking of a text',
      events: [part('content-delta', { content: { thinking: '', text: '' } }, 0)],
      body: { message: { role: 'assistant', content: [{ type: 'text', text: '' }] } },
      hasContent: false,
      isComplete: false,
    },
    {
      why: 'thinking within a text stays where it came',
      events: [part('content-delta', { content: { text: 'a' } }, 0), part('content-delta', { content: { thinking: 'b' } }, 0)],
      body: { message: { role: 'assistant', content: [{ type: 'text', text: 'ab' }] } },
      hasContent: true,
      isComplete: false,
    },
    {
      why: 'thinking whose start was lost',
      events: [part('content-delta', { content: { thinking: 'a' } }, 0)],
      body: { message: { role: 'assistant', content: [{ type: 'thinking', thinking: 'a' }] } },
      hasContent: true,
      isComplete: false,
    },
    {
      why: 'a text whose start was lost, after a part that never came',
      events: [part('content-delta', { content: { text: 'a' } }, 1)],
      body: {
        message: {
          role: 'assistant',
          content: [
            { type: 'text', text: '' },
            { type: 'text', text: 'a' },
          ],
        },
      },
      hasContent: true,
      isComplete: false,
    },
    {
      why: 'no index is the first',
      events: [part('content-delta', { content: { text: 'a' } })],
      body: { message: { role: 'assistant', content: [{ type: 'text', text: 'a' }] } },
      hasContent: true,
      isComplete: false,
    },
    {
      why: 'a part of another time keeps its type',
      events: [part('content-start', { content: { type: 'verse', text: 'a' } }, 0)],
      body: { message: { role: 'assistant', content: [{ type: 'verse', text: 'a' }] } },
      hasContent: true,
      isComplete: false,
    },
    {
      why: 'odd indexes are passed over',
      events: [-1, 1.5, 1024].flatMap((index) => [
        part('content-delta', { content: { text: 'a' } }, index),
        part('tool-call-start', { tool_calls: { id: 'c' } }, index),
      ]),
      body: {},
      hasContent: false,
      isComplete: false,
    },
    {
      why: 'a failure at the end',
      events: [
        part('content-delta', { content: { text: 'a' } }, 0),
        { type: 'message-end', delta: { finish_reason: 'ERROR', error: 'went wrong' } },
      ],
      body: {
        message: { role: 'assistant', content: [{ type: 'text', text: 'a' }] },
        finish_reason: 'ERROR',
        error: 'went wrong',
      },
      hasContent: true,
      isComplete: true,
    },
    {
      why: 'a failure alone',
      events: [{ message: 'too many tokens' }],
      body: { error: { message: 'too many tokens' } },
      hasContent: false,
      isComplete: false,
    },
    {
      why: 'an error object',
      events: [{ error: { type: 't' } }],
      body: { error: { type: 't' } },
      hasContent: false,
      isComplete: false,
    },
  ]
  test.each(states)('$why', ({ events, body, hasContent, isComplete }) => {
    const state = assembled(cohere, events)
    expect({ body: state.body, hasContent: state.hasContent, isComplete: state.isComplete }).toStrictEqual({
      body,
      hasContent,
      isComplete,
    })
    if (body !== null) answered(cohere, body)
  })

  test('the highest index is taken', () => {
    const { body } = assembled(cohere, [part('content-delta', { content: { text: 'a' } }, 1023)])
    expect(valueAt('/message/content', body)).toHaveLength(1024)
  })

  test('a role of its own', () => {
    expect(assembled(cohere, [part('message-start', { role: 'chatbot' }), { type: 'message-end' }]).body).toEqual({
      message: { role: 'chatbot' },
    })
  })
})

describe('v1 streams', () => {
  const response = {
    response_id: 'r',
    generation_id: 'g',
    text: 'Hi there',
    finish_reason: 'COMPLETE',
    meta: { billed_units: { input_tokens: 3, output_tokens: 2 } },
  }
  const lines: JsonRecord[] = [
    { is_finished: false, event_type: 'stream-start', generation_id: 'g' },
    { is_finished: false, event_type: 'text-generation', text: 'Hi' },
    { is_finished: false, event_type: 'text-generation', text: ' there' },
    { is_finished: true, event_type: 'stream-end', finish_reason: 'COMPLETE', response },
  ]

  test('the end carries the unstreamed body', () => {
    const bytes = bytesOf(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
    const whole = streamed(cohere, createNdjsonReader, [bytes])
    expect(whole.body).toEqual(response)
    expect(whole.isComplete).toBe(true)
    expect(textsOf(whole.deltas)).toEqual({ text: 'Hi there' })
    for (let seed = 1; seed <= 10; seed++)
      expect(streamed(cohere, createNdjsonReader, cut(bytes, seed, seed * 4))).toEqual(whole)
  })

  const states: { why: string; lines: JsonRecord[]; body: JsonRecord; isComplete: boolean; texts: JsonRecord }[] = [
    {
      why: 'before its end',
      lines: lines.slice(0, 2),
      body: { generation_id: 'g', text: 'Hi' },
      isComplete: false,
      texts: { text: 'Hi' },
    },
    {
      why: 'calls in pieces, then whole',
      lines: [
        { event_type: 'tool-calls-chunk', text: 'I will look' },
        { event_type: 'tool-calls-chunk', tool_call_delta: { index: 1, name: 'look' } },
        { event_type: 'tool-calls-chunk', tool_call_delta: { index: 1, parameters: '{"at":1}' } },
        { event_type: 'tool-calls-generation', text: 'I will look', tool_calls: [{ name: 'look', parameters: { at: 1 } }] },
        { event_type: 'stream-end', finish_reason: 'COMPLETE' },
      ],
      body: { text: 'I will look', tool_calls: [{ name: 'look', parameters: { at: 1 } }], finish_reason: 'COMPLETE' },
      isComplete: true,
      texts: { text: 'I will look', 'tool/1': '{"at":1}' },
    },
    {
      why: 'whole calls alone',
      lines: [
        { event_type: 'tool-calls-generation', text: 'I will', tool_calls: [{ name: 'look', parameters: { at: 1 } }, 7] },
      ],
      body: { text: 'I will', tool_calls: [{ name: 'look', parameters: { at: 1 } }, 7] },
      isComplete: false,
      texts: { text: 'I will', 'tool/0': '{"at":1}' },
    },
    {
      why: 'a line without marks, among others',
      lines: [{ event_type: 'text-generation', text: 'a', response_id: 'r' }, { text: 'b' }],
      body: { response_id: 'r', text: 'ab' },
      isComplete: false,
      texts: { text: 'ab' },
    },
    {
      why: 'older lines without an event name',
      lines: [
        { text: 'a', is_finished: false },
        { text: 'b', is_finished: true, finish_reason: 'MAX_TOKENS' },
      ],
      body: { text: 'ab', finish_reason: 'MAX_TOKENS' },
      isComplete: true,
      texts: { text: 'ab' },
    },
    {
      why: 'an end with generations',
      lines: [
        { text: 'a', is_finished: false },
        { is_finished: true, response: { id: 'x', generations: [{ text: 'a' }] } },
      ],
      body: { id: 'x', generations: [{ text: 'a' }] },
      isComplete: true,
      texts: { text: 'a' },
    },
    {
      why: 'an end whose body has no text',
      lines: [
        { event_type: 'text-generation', text: 'a' },
        { event_type: 'stream-end', response: { meta: {} } },
      ],
      body: { text: 'a', meta: {} },
      isComplete: true,
      texts: { text: 'a' },
    },
    {
      why: 'an error',
      lines: [{ event_type: 'stream-end', is_finished: true, error: 'no' }],
      body: { text: '', error: 'no' },
      isComplete: true,
      texts: {},
    },
  ]
  test.each(states)('$why', ({ lines, body, isComplete, texts }) => {
    const state = assembled(cohere, lines)
    expect(state.body).toStrictEqual(body)
    expect(state.isComplete).toBe(isComplete)
    expect(textsOf(state.deltas)).toEqual(texts as never)
    answered(cohere, state.body ?? {})
  })

  test('kinds of what flows', () => {
    const { deltas } = assembled(cohere, [
      { event_type: 'text-generation', text: 'a' },
      { event_type: 'tool-calls-generation', tool_calls: [{ name: 'f', parameters: {} }] },
    ])
    expect(deltas).toEqual([
      { kind: 'text', channel: 'text', text: 'a' },
      { kind: 'tool_call', channel: 'tool/0', text: '{}' },
    ])
  })

  test('a piece without an index is of the first call, and makes content', () => {
    const { hasContent, deltas } = assembled(cohere, [{ event_type: 'tool-calls-chunk', tool_call_delta: { parameters: 'x' } }])
    expect(deltas).toEqual([{ kind: 'tool_call', channel: 'tool/0', text: 'x' }])
    expect(hasContent).toBe(true)
    expect(assembled(cohere, [{ event_type: 'stream-start' }]).hasContent).toBe(false)
  })
})

describe('stopping', () => {
  test('a v2 stream ends with an error reason and the end mark', () => {
    const { assembler } = assembled(cohere, [START])
    expect(textOf(assembler.stop())).toBe(
      'event: message-end\ndata: {"type":"message-end","delta":{"finish_reason":"ERROR","error":"stopped by policy"}}\n\ndata: [DONE]\n\n',
    )
    const { body, isComplete, unread } = streamed(cohere, createSseReader, [assembler.stop()])
    expect(answered(cohere, body ?? {})).toMatchObject({
      finishReason: 'ERROR',
      error: { type: null, message: 'stopped by policy' },
    })
    expect({ isComplete, unread }).toEqual({ isComplete: true, unread: 0 })
  })

  const line =
    '{"is_finished":true,"event_type":"stream-end","finish_reason":"ERROR_TOXIC","response":{"text":"Hi","finish_reason":"ERROR_TOXIC"}}'
  test('a v1 stream of lines', () => {
    const { assembler } = assembled(cohere, [{ event_type: 'text-generation', text: 'Hi' }])
    expect(textOf(assembler.stop())).toBe(`${line}\n`)
    const { body, isComplete } = streamed(cohere, createNdjsonReader, [assembler.stop()])
    expect({ isComplete, reason: answered(cohere, body ?? {}).finishReason }).toEqual({
      isComplete: true,
      reason: 'ERROR_TOXIC',
    })
  })

  test('a v1 stream of events', () => {
    const { assembler } = assembled(cohere, [{ event: 'text-generation', data: { event_type: 'text-generation', text: 'Hi' } }])
    expect(textOf(assembler.stop())).toBe(`event: stream-end\ndata: ${line}\n\n`)
  })
})

describeWithData('recorded Cohere streams', () => {
  const recordings = recordedStreams(['cohere/chat'])
  const streams = recordings.filter(({ chunks }) => chunks.length > 0)
  const named = (name: string) => {
    const found = recordings.find((recording) => recording.name === name)
    if (found === undefined) throw new Error(`no recording ${name}`)
    return found
  }
  const read = (name: string) =>
    streamed(cohere, createSseReader, [sseBytes(named(name).chunks, { withEvent: true, withDone: true })])

  test('there are recordings', () => {
    expect(streams.map(({ name }) => name)).toEqual(['cohere-empty-tool-call', 'cohere-text', 'cohere-tool-call'])
  })

  test.each(streams.map(({ name }) => name))('%s: any cut gives the same body and deltas', (name) => {
    const bytes = sseBytes(named(name).chunks, { withEvent: true, withDone: true })
    const whole = streamed(cohere, createSseReader, [bytes])
    expect(whole.unread).toBe(0)
    expect(whole.isComplete).toBe(true)
    for (let seed = 1; seed <= 20; seed++)
      expect(streamed(cohere, createSseReader, cut(bytes, seed, 2 + seed * 3))).toEqual(whole)
  })

  /** None is of the same call (ids differ); `isSameView`: asked and answered alike, so that text, calls, reason and usage agree. */
  const pairs: { name: string; isSameView: boolean; why: string }[] = [
    { name: 'cohere-text', isSameView: true, why: 'the same question twice, answered word for word' },
    { name: 'cohere-tool-call', isSameView: false, why: 'the plan is worded otherwise, and so is its usage' },
  ]
  test('the table names every pair', () => {
    const found = recordings.filter(({ chunks, answer }) => chunks.length > 0 && answer !== null).map(({ name }) => name)
    expect(pairs.map(({ name }) => name)).toEqual(found)
  })

  test.each(pairs)('$name: $why', ({ name, isSameView }) => {
    const answer = named(name).answer as JsonRecord
    const body = read(name).body ?? {}
    const { id: _streamedId, ...streamedRest } = body
    const { id: _id, ...rest } = answer
    expect(body['id']).not.toBe(answer['id'])
    if (isSameView) expect(streamedRest).toEqual(rest)
    else {
      expect(callsOf(body)).toEqual(callsOf(answer))
      expect(Object.keys(body)).toEqual(Object.keys(answer))
      expect(Object.keys(body['message'] as JsonRecord)).toEqual(Object.keys(answer['message'] as JsonRecord))
    }
  })

  test('text, finish reason and usage of a stream', () => {
    const { body, deltas } = read('cohere-text')
    expect(answered(cohere, body ?? {})).toEqual({
      model: null,
      segments: [segment('assistant', '/message/content/0/text', 'The capital of France is Paris.')],
      toolCalls: [],
      finishReason: 'COMPLETE',
      error: null,
    })
    expect(body?.['usage']).toEqual({
      billed_units: { input_tokens: 12, output_tokens: 7 },
      tokens: { input_tokens: 507, output_tokens: 10 },
      cached_tokens: 448,
    })
    expect(textsOf(deltas)).toEqual({ '0/text': 'The capital of France is Paris.' })
  })

  test('plan and calls of a stream', () => {
    const { body, deltas } = read('cohere-tool-call')
    const view = answered(cohere, body ?? {})
    expect(view.segments[0]).toEqual(
      segment(
        'assistant',
        '/message/tool_plan',
        'I will use the weather tool to find the weather in San Francisco and the cityAttractions tool to find attractions in San Francisco.',
        { kind: 'reasoning' },
      ),
    )
    expect(view.toolCalls).toEqual([
      { id: 'weather_e8p4pn45zt0t', name: 'weather', arguments: '{"location": "San Francisco"}', isServerSide: false },
      {
        id: 'cityAttractions_pyxssbwnq9fq',
        name: 'cityAttractions',
        arguments: '{"city": "San Francisco"}',
        isServerSide: false,
      },
    ])
    expect(view.finishReason).toBe('TOOL_CALL')
    expect(textsOf(deltas)['tool/1']).toBe('{"city": "San Francisco"}')
  })

  test('a call without arguments', () => {
    const view = answered(cohere, read('cohere-empty-tool-call').body ?? {})
    expect(view.toolCalls).toEqual([
      { id: 'currentTime_y46ar19t5gvw', name: 'currentTime', arguments: '', isServerSide: false },
    ])
  })

  test('unstreamed answers', () => {
    expect(answered(cohere, named('cohere-max-tokens').answer as JsonRecord)).toMatchObject({
      segments: [segment('assistant', '/message/content/0/text', '**The History of')],
      finishReason: 'MAX_TOKENS',
    })
    expect(answered(cohere, named('cohere-null-args').answer as JsonRecord).toolCalls).toEqual([
      { id: 'currentTime_tf4dywn8wgnk', name: 'currentTime', arguments: 'null', isServerSide: false },
    ])
  })
})
