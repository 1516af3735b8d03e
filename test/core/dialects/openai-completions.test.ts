import { describe, expect, test } from 'bun:test'
import type { Json, JsonRecord } from '../../../src/core/domain/json.ts'
import type { Inspection } from '../../../src/core/domain/segment.ts'
import { openaiCompletions } from '../../../src/core/dialects/openai-completions.ts'
import { assembled, segment, sseEvents } from '../../support/dialect.ts'

const TARGET = { path: '/v1/completions', search: '' }

describe('a completions request', () => {
  test('is of the dialect of that name', () => expect(openaiCompletions.name).toBe('openai-completions'))

  test('streams only where it says so', () => {
    expect(openaiCompletions.readRequest({ stream: 'true' }, TARGET).isStreaming).toBe(false)
  })

  test('gives its settings, and leaves texts and the end user out of its parameters', () => {
    const { inspect: _inspect, ...view } = openaiCompletions.readRequest(
      { model: 'm', prompt: 'p', suffix: 's', stream: true, user: 'u', max_tokens: 9, n: 2, best_of: 3, echo: true },
      TARGET,
    )
    expect(view).toEqual({
      operation: 'text_completion',
      model: 'm',
      isStreaming: true,
      maxOutputTokens: 9,
      choiceCount: 3,
      userId: 'u',
      parameters: { max_tokens: 9, n: 2, best_of: 3, echo: true },
    })
  })

  test.each<readonly [string, JsonRecord, number]>([
    ['one text', { prompt: 'a' }, 1],
    ['no prompt', {}, 1],
    ['an empty list', { prompt: [] }, 1],
    ['token ids', { prompt: [1, 2, 3] }, 1],
    ['two texts', { prompt: ['a', 'b'] }, 2],
    ['two lists of token ids, three answers each', { prompt: [[1], [2]], n: 3 }, 6],
    ['two texts, the best of four', { prompt: ['a', 'b'], n: 2, best_of: 4 }, 8],
    ['odd counts', { prompt: 'a', n: -1, best_of: 'x' }, 1],
  ])('answers written for %s', (_what, body, count) => {
    expect(openaiCompletions.readRequest(body, TARGET).choiceCount).toBe(count)
  })

  test.each<readonly [string, Json, Inspection['segments'], Inspection['uninspected']]>([
    [
      'a text and a suffix',
      { prompt: 'a', suffix: 'b' },
      [segment('user', '/prompt', 'a'), segment('user', '/suffix', 'b')],
      [],
    ],
    ['null', { prompt: null, suffix: null }, [], []],
    ['an empty list', { prompt: [] }, [], []],
    ['token ids', { prompt: [1, 2] }, [], [{ pointer: '/prompt', reason: 'tokens' }]],
    ['an odd type', { prompt: 5, suffix: 5 }, [], [{ pointer: '/prompt', reason: 'unknown content' }]],
    ['an object', { prompt: { text: 'a' } }, [], [{ pointer: '/prompt', reason: 'unknown content' }]],
    [
      'a list of all kinds',
      { prompt: ['a', [1, 2], { text: 'b' }, { type: 'image', image: 'x' }, 5, null, ''] },
      [segment('user', '/prompt/0', 'a'), segment('user', '/prompt/2/text', 'b')],
      [
        { pointer: '/prompt/1', reason: 'tokens' },
        { pointer: '/prompt/3', reason: 'image' },
        { pointer: '/prompt/4', reason: 'unknown part' },
        { pointer: '/prompt/5', reason: 'unknown part' },
      ],
    ],
  ])('is inspected: %s', (_what, body, segments, uninspected) => {
    expect(openaiCompletions.readRequest(body, TARGET).inspect()).toEqual({ segments, uninspected })
  })
})

test('a completions answer gives its texts and the first finish reason', () => {
  expect(
    openaiCompletions.readAnswer({
      model: 'm',
      choices: [{ text: 'a' }, null, { text: 'b', finish_reason: 'length' }, { text: 5, finish_reason: 'stop' }, 'x'],
      error: { type: 't', message: 'e' },
    }),
  ).toEqual({
    model: 'm',
    segments: [segment('assistant', '/choices/0/text', 'a'), segment('assistant', '/choices/2/text', 'b')],
    toolCalls: [],
    finishReason: 'length',
    error: { type: 't', message: 'e' },
  })
})

describe('a completions stream', () => {
  const head = { id: 'cmpl', object: 'text_completion', created: 3, model: 'm', system_fingerprint: 'fp' }

  test('is put together as the unstreamed answer', () => {
    const { assembler, deltas } = assembled(openaiCompletions, [
      { ...head, choices: [{ index: 1, text: 'x', finish_reason: null }] },
      { ...head, id: 'other', choices: [{ index: 0, text: 'a', finish_reason: null }] },
      { ...head, choices: [{ index: 0, text: 'b', finish_reason: 'stop' }] },
    ])
    expect(assembler.isComplete()).toBe(false)
    expect(sseEvents(assembler.stop())).toEqual([
      {
        event: null,
        data: {
          id: 'cmpl',
          object: 'text_completion',
          created: 3,
          model: 'm',
          choices: [{ index: 1, text: '', logprobs: null, finish_reason: 'content_filter' }],
        },
      },
      { event: null, data: '[DONE]' },
    ])
    assembler.push({ event: null, data: { ...head, choices: [{ index: 1, text: '', finish_reason: 'length' }] } })
    assembler.push({ event: null, data: { ...head, choices: [], usage: { total_tokens: 4 } } })
    expect(assembler.isComplete()).toBe(true)
    expect(assembler.body()).toEqual({
      ...head,
      choices: [
        { index: 0, text: 'ab', finish_reason: 'stop' },
        { index: 1, text: 'x', finish_reason: 'length' },
      ],
      usage: { total_tokens: 4 },
    })
    expect(deltas).toEqual([
      { kind: 'text', channel: '1/text', text: 'x' },
      { kind: 'text', channel: '0/text', text: 'a' },
      { kind: 'text', channel: '0/text', text: 'b' },
    ])
  })

  test('nothing readable is no body, no content, no end', () => {
    const { assembler } = assembled(openaiCompletions, [null, 'x'])
    expect([assembler.body(), assembler.hasContent(), assembler.isComplete()]).toEqual([null, false, false])
  })

  test('an event without text is no content', () => {
    const { assembler, deltas } = assembled(openaiCompletions, [{ choices: [{ text: '' }, { index: 1 }] }])
    expect([assembler.hasContent(), deltas]).toEqual([false, []])
    expect(Object.keys(assembler.body() ?? {})).not.toContain('usage')
  })

  test('works without anyone listening', () => {
    const assembler = openaiCompletions.assemble(null)
    assembler.push({ event: null, data: { choices: [{ text: 'a' }] } })
    expect(assembler.hasContent()).toBe(true)
  })

  test('a missing index is the first choice; odd ones are passed over', () => {
    const { assembler } = assembled(openaiCompletions, [
      { choices: [{ text: 'a' }, 'x', null] },
      ...[-1, 0.5, 4096, '0', {}].map((index) => ({ choices: [{ index, text: 'x' }] })),
      { choices: [{ index: 4095, text: 'z' }] },
    ])
    expect(assembler.body()?.['choices']).toEqual([
      { index: 0, text: 'a', finish_reason: null },
      { index: 4095, text: 'z', finish_reason: null },
    ])
  })

  test('an error and the last usage are kept', () => {
    const { assembler } = assembled(openaiCompletions, [{ usage: { a: 1 } }, { usage: null }, { error: { message: 'gone' } }])
    expect(assembler.body()).toEqual({ object: 'text_completion', choices: [], usage: { a: 1 }, error: { message: 'gone' } })
  })

  test('is stopped before its first event, and when all choices have ended', () => {
    const data = {
      id: '',
      object: 'text_completion',
      created: 0,
      model: '',
      choices: [{ index: 0, text: '', logprobs: null, finish_reason: 'content_filter' }],
    }
    expect(sseEvents(openaiCompletions.assemble(null).stop())[0]?.data).toEqual(data)
    const { assembler } = assembled(openaiCompletions, [{ choices: [{ index: 0, text: 'a', finish_reason: 'stop' }] }])
    expect(sseEvents(assembler.stop())[0]?.data).toEqual(data)
  })
})
