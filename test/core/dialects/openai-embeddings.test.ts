import { describe, expect, test } from 'bun:test'
import type { Json } from '../../../src/core/domain/json.ts'
import type { Inspection } from '../../../src/core/domain/segment.ts'
import { openaiEmbeddings } from '../../../src/core/dialects/openai-embeddings.ts'
import { assembled, segment } from '../../support/dialect.ts'
import { describeWithData, recordedStreams } from '../../support/recorded.ts'

const TARGET = { path: '/v1/embeddings', search: '' }

describe('an embeddings request', () => {
  test('is of the dialect of that name', () => expect(openaiEmbeddings.name).toBe('openai-embeddings'))

  test('gives its settings; no answer tokens are written, and nothing streams', () => {
    const { inspect: _inspect, ...view } = openaiEmbeddings.readRequest(
      { model: 'm', input: 'a', user: 'u', dimensions: 8, stream: true, n: 4 },
      TARGET,
    )
    expect(view).toEqual({
      operation: 'embeddings',
      model: 'm',
      isStreaming: false,
      maxOutputTokens: 0,
      choiceCount: 1,
      userId: 'u',
      parameters: { dimensions: 8, stream: true, n: 4 },
    })
  })

  test.each<readonly [string, Json, Inspection['segments'], Inspection['uninspected']]>([
    ['a text', { input: 'a' }, [segment('user', '/input', 'a')], []],
    ['texts', { input: ['a', 'b'] }, [segment('user', '/input/0', 'a'), segment('user', '/input/1', 'b')], []],
    ['token ids', { input: [1] }, [], [{ pointer: '/input', reason: 'tokens' }]],
    [
      'lists of token ids',
      { input: [[1], [2]] },
      [],
      [
        { pointer: '/input/0', reason: 'tokens' },
        { pointer: '/input/1', reason: 'tokens' },
      ],
    ],
    [
      'parts',
      { input: [{ type: 'text', text: 'a' }, { type: 'image_url' }] },
      [segment('user', '/input/0/text', 'a')],
      [{ pointer: '/input/1', reason: 'image_url' }],
    ],
    ['nothing', {}, [], []],
  ])('is inspected: %s', (_what, body, segments, uninspected) => {
    expect(openaiEmbeddings.readRequest(body, TARGET).inspect()).toEqual({ segments, uninspected })
  })
})

test('an embeddings answer has no text', () => {
  expect(openaiEmbeddings.readAnswer({ model: 'm', data: [{ embedding: [0.1] }], error: 'e' })).toEqual({
    model: 'm',
    segments: [],
    toolCalls: [],
    finishReason: null,
    error: { type: null, message: 'e' },
  })
})

test('should a server stream, model and usage are kept', () => {
  const { assembler } = assembled(openaiEmbeddings, [{ model: 'm', data: [] }, { usage: { total_tokens: 2 } }])
  expect(assembler.body()).toEqual({ model: 'm', usage: { total_tokens: 2 } })
})

describeWithData('a recorded embeddings answer', () => {
  test('gives its model', () => {
    const [recorded] = recordedStreams(['openai/embedding'])
    expect(openaiEmbeddings.readAnswer(recorded?.answer as { [key: string]: Json })).toMatchObject({
      model: 'text-embedding-3-small',
      segments: [],
      error: null,
    })
  })
})
