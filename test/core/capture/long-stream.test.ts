import { expect, test } from 'bun:test'
import { createAnswerReader, STREAM_BYTES_MAX } from '../../../src/core/capture/answer-reader.ts'
import { openaiChat } from '../../../src/core/dialects/openai-chat.ts'

const encoder = new TextEncoder()
const CONTENT = 'x'.repeat(1_000)

function chunk(delta: object, more: object = {}): Uint8Array {
  const data = {
    id: 'c',
    object: 'chat.completion.chunk',
    model: 'gpt-4o',
    choices: [{ index: 0, delta, finish_reason: null }],
    ...more,
  }
  return encoder.encode(`data: ${JSON.stringify(data)}\n\n`)
}

test('of a stream beyond the bound the beginning and the last events are kept, and the gap is told', async () => {
  const reader = createAnswerReader(openaiChat, 'text/event-stream', null, () => null)
  const events = Math.ceil(STREAM_BYTES_MAX / CONTENT.length) + 5_000
  for (let i = 0; i < events; i += 1) reader.push(chunk({ content: CONTENT }))
  reader.push(chunk({ content: 'the end' }))
  reader.push(chunk({}, { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }))
  reader.push(chunk({}, { choices: [], usage: { prompt_tokens: 1, completion_tokens: 9_999, total_tokens: 10_000 } }))
  reader.push(encoder.encode('data: [DONE]\n\n'))
  const read = await reader.finish()
  const view = openaiChat.readAnswer(read.body ?? {})
  const text = view.segments[0]?.text ?? ''
  expect(text.length).toBeGreaterThan(STREAM_BYTES_MAX / 2)
  expect(text.length).toBeLessThan(STREAM_BYTES_MAX)
  expect(text.endsWith('xthe end')).toBe(true)
  expect(view.finishReason).toBe('stop')
  expect(read.body?.['usage']).toEqual({ prompt_tokens: 1, completion_tokens: 9_999, total_tokens: 10_000 })
  expect(read.isComplete).toBe(true)
  expect(read.notes).toHaveLength(1)
  expect(read.notes[0]).toMatch(/^response\.skipped_events:\d+$/)
})
