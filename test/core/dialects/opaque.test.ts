import { describe, expect, test } from 'bun:test'
import type { Json, JsonRecord } from '../../../src/core/domain/json.ts'
import type { Inspection } from '../../../src/core/domain/segment.ts'
import { opaque } from '../../../src/core/dialects/opaque.ts'
import { assembled, segment } from '../../support/dialect.ts'
import { describeWithData, recordedStreams } from '../../support/recorded.ts'

function at(path: string): { readonly path: string; readonly search: string } {
  return { path, search: '' }
}

describe('an opaque request', () => {
  test('is of the dialect of that name', () => expect(opaque.name).toBe('opaque'))

  test.each([
    ['/v1/moderations', 'moderation'],
    ['/v1/images/generations', 'image'],
    ['/v1/images/edits', 'image'],
    ['/openai/deployments/d/images/generations', 'image'],
    ['/v1/audio/speech', 'audio'],
    ['/v1/audio/transcriptions', 'audio'],
    ['/v1/models', 'other'],
    ['/v1/files/moderations/x', 'other'],
    ['/v1/images', 'other'],
    ['/', 'other'],
  ] as const)('%s is an operation of kind %s', (path, operation) => {
    expect(opaque.readRequest({}, at(path)).operation).toBe(operation)
  })

  test('gives its settings, and leaves texts and the end user out of its parameters', () => {
    const body = { model: 'm', stream: true, user: 'u', n: 2, size: '1024x1024', prompt: 'p', input: 'i', instructions: 'x' }
    const { inspect: _inspect, ...view } = opaque.readRequest(body, at('/v1/images/generations'))
    expect(view).toEqual({
      operation: 'image',
      model: 'm',
      isStreaming: true,
      maxOutputTokens: null,
      choiceCount: 2,
      userId: 'u',
      parameters: { n: 2, size: '1024x1024' },
    })
  })

  test('keeps no parameters of a format that it does not know', () => {
    const view = opaque.readRequest({ model: 'm', secret: 's' }, at('/v1/assistants'))
    expect([view.model, view.isStreaming, view.parameters]).toEqual(['m', false, {}])
  })

  test.each<readonly [string, string, Json, Inspection['segments'], Inspection['uninspected']]>([
    ['a moderation of one text', '/v1/moderations', { input: 'a' }, [segment('user', '/input', 'a')], []],
    [
      'a moderation of parts',
      '/v1/moderations',
      { input: ['a', { type: 'text', text: 'b' }, { type: 'image_url' }] },
      [segment('user', '/input/0', 'a'), segment('user', '/input/1/text', 'b')],
      [{ pointer: '/input/2', reason: 'image_url' }],
    ],
    ['an image', '/v1/images/generations', { prompt: 'a cat' }, [segment('user', '/prompt', 'a cat')], []],
    [
      'speech',
      '/v1/audio/speech',
      { input: 'say', instructions: 'softly', voice: 'v' },
      [segment('system', '/instructions', 'softly'), segment('user', '/input', 'say')],
      [],
    ],
    [
      'a format that it does not know: the same fields, and a word that there may be more',
      '/v1/assistants',
      { instructions: 'a', prompt: 'b', input: 'c', name: 'd' },
      [segment('system', '/instructions', 'a'), segment('user', '/prompt', 'b'), segment('user', '/input', 'c')],
      [{ pointer: '', reason: 'unknown format' }],
    ],
    [
      'odd types',
      '/v1/images/edits',
      { prompt: 5, instructions: 5, input: null },
      [],
      [{ pointer: '/prompt', reason: 'unknown content' }],
    ],
    ['a body that is not JSON', '/v1/audio/transcriptions', undefined, [], [{ pointer: '', reason: 'body is not JSON' }]],
  ])('is inspected: %s', (_what, path, body, segments, uninspected) => {
    expect(opaque.readRequest(body, at(path)).inspect()).toEqual({ segments, uninspected })
  })
})

test.each<readonly [string, JsonRecord, JsonRecord]>([
  ['a transcription', { text: 'said' }, { segments: [segment('assistant', '/text', 'said')], model: null, finishReason: null }],
  [
    'images, with the prompts that the model rewrote',
    { data: [{ b64_json: 'x' }, { revised_prompt: 'a cat' }, 5] },
    { segments: [segment('assistant', '/data/1/revised_prompt', 'a cat')], toolCalls: [] },
  ],
  ['a moderation', { model: 'omni', results: [] }, { model: 'omni', segments: [] }],
  ['an error', { error: { type: 't', message: 'm' } }, { error: { type: 't', message: 'm' } }],
  ['odd types', { text: 5, data: 'x', model: {} }, { segments: [], model: null, error: null }],
])('an opaque answer: %s', (_what, body, expected) => {
  expect(opaque.readAnswer(body)).toMatchObject(expected)
})

describe('an opaque stream', () => {
  test('keeps model, usage, error and text of the last events that have them, and nothing else', () => {
    const { assembler, deltas } = assembled(opaque, [
      { type: 'image_generation.partial_image', b64_json: 'x', model: 'm' },
      { type: 'transcript.text.delta', delta: 'a' },
      { type: 'transcript.text.done', text: 'a b', usage: { total_tokens: 1 } },
      { usage: { total_tokens: 2 }, model: null },
      { error: { message: 'late' } },
    ])
    expect(assembler.body()).toEqual({ model: 'm', text: 'a b', usage: { total_tokens: 2 }, error: { message: 'late' } })
    expect([assembler.hasContent(), assembler.isComplete(), deltas]).toEqual([true, true, []])
  })

  test.each<readonly [string, readonly Json[], JsonRecord | null, boolean]>([
    ['nothing', [], null, false],
    ['no objects', [null, 5, 'x', []], null, false],
    ['a model without usage', [{ model: 'm' }], null, true],
    ['a usage alone', [{ usage: {} }], { usage: {} }, true],
    ['an error alone', [{ error: 'e' }], { error: 'e' }, true],
  ])('of %s', (_what, payloads, body, hasContent) => {
    const { assembler } = assembled(opaque, payloads)
    expect([assembler.body(), assembler.hasContent(), assembler.isComplete()]).toEqual([body, hasContent, true])
  })

  test('has no words of its own to be ended with', () => {
    expect(opaque.assemble(null).stop()).toEqual(new Uint8Array(0))
  })
})

describeWithData('recorded image answers', () => {
  test('give the prompts that the model rewrote, and their error', () => {
    const views = recordedStreams(['openai/image']).map(({ name, answer }) => {
      const { segments, error } = opaque.readAnswer(answer as JsonRecord)
      return [name, segments.map(({ pointer }) => pointer), error?.type ?? null]
    })
    expect(views).toEqual([
      ['gpt-image-response-format-error', [], 'invalid_request_error'],
      ['openai-image', ['/data/0/revised_prompt'], null],
      ['openai-image-edit', [], null],
    ])
  })

  test('a live session’s events are tolerated, and nothing of them kept', () => {
    const [recorded] = recordedStreams(['openai/chat/openai-realtime-speech-translation'])
    const { assembler } = assembled(
      opaque,
      (recorded?.chunks ?? []).map((chunk) => JSON.parse(chunk) as Json),
    )
    expect(assembler.body()).toBeNull()
  })
})
