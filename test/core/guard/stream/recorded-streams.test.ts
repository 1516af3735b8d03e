import { expect, test } from 'bun:test'
import { anthropicMessages } from '../../../../src/core/dialects/anthropic-messages.ts'
import { azureOpenai } from '../../../../src/core/dialects/azure-openai.ts'
import { bedrock } from '../../../../src/core/dialects/bedrock.ts'
import { cohere } from '../../../../src/core/dialects/cohere.ts'
import { gemini } from '../../../../src/core/dialects/gemini.ts'
import { openaiChat } from '../../../../src/core/dialects/openai-chat.ts'
import { openaiResponses } from '../../../../src/core/dialects/openai-responses.ts'
import { asRecord, parseJson } from '../../../../src/core/domain/json.ts'
import type { Judge } from '../../../../src/core/guard/match.ts'
import { eventStreamBytes } from '../../../support/event-stream.ts'
import { cut, describeWithData, recordedStreams, sseBytes, type Recorded } from '../../../support/recorded.ts'
import { blindJudge, fakeJudge } from './fake-judge.ts'
import { run } from './run.ts'
import { answerOf, type Sample } from './samples.ts'

/** Live sessions, which arrive over a socket, are no streams of any dialect here; their bytes pass all the same. */
function streamOf({ provider, chunks }: Recorded): Pick<Sample, 'dialect' | 'contentType'> & { readonly bytes: Uint8Array } {
  const contentType = 'text/event-stream'
  if (provider === 'amazon-bedrock') {
    const dialect = bedrock({ path: '/model/m/converse-stream', search: '' })
    return { dialect, contentType: 'application/vnd.amazon.eventstream', bytes: eventStreamBytes(chunks) }
  }
  if (provider === 'anthropic') return { dialect: anthropicMessages, contentType, bytes: sseBytes(chunks, { withEvent: true }) }
  if (provider === 'cohere')
    return { dialect: cohere, contentType, bytes: sseBytes(chunks, { withEvent: true, withDone: true }) }
  if (provider === 'google') return { dialect: gemini, contentType, bytes: sseBytes(chunks) }
  if (provider === 'azure') {
    const dialect = azureOpenai({ path: '/openai/v1/responses', search: '' })
    return { dialect, contentType, bytes: sseBytes(chunks, { withEvent: true }) }
  }
  const isChat = asRecord(parseJson(chunks[0] ?? ''))?.['choices'] !== undefined
  return isChat
    ? { dialect: openaiChat, contentType, bytes: sseBytes(chunks, { withDone: true }) }
    : { dialect: openaiResponses, contentType, bytes: sseBytes(chunks, { withEvent: true }) }
}

/** Holds the last word back, finds nothing. */
const wordJudge: Judge = { judge: () => [], openFrom: fakeJudge().openFrom }

describeWithData('recorded streams', () => {
  const recordings = recordedStreams().filter(({ chunks }) => chunks.length > 0)

  test('there are some of most providers', () => {
    expect(new Set(recordings.map(({ provider }) => provider)).size).toBeGreaterThan(8)
  })

  test.each(recordings.map((recorded) => [`${recorded.provider}/${recorded.name}`, recorded] as const))(
    '%s comes out byte by byte as it went in',
    async (_name, recorded) => {
      const { bytes, ...stream } = streamOf(recorded)
      const pieces = cut(bytes, 7, 300)
      expect(run(stream, pieces, { mode: 'observe' })).toMatchObject({ isSame: true, isStopped: false })
      expect(Buffer.compare(run(stream, pieces, { mode: 'hold', judge: blindJudge }).bytes, bytes)).toBe(0)
      expect(run(stream, [bytes], { mode: 'hold', judge: wordJudge }).isSame).toBe(true)
      // Cut anywhere, long events leave in two parts: the texts stay the same.
      const held = run(stream, pieces, { mode: 'hold', judge: wordJudge })
      expect(held.found).toEqual([])
      expect(await answerOf(stream, held.bytes)).toEqual(await answerOf(stream, bytes))
    },
  )

  test.each(recordings.map((recorded) => [`${recorded.provider}/${recorded.name}`, recorded] as const))(
    '%s leaves event by event, where each event comes as a chunk',
    (_name, recorded) => {
      const { bytes, ...stream } = streamOf(recorded)
      if (stream.contentType !== 'text/event-stream') return
      const text = new TextDecoder().decode(bytes)
      const chunks = text.split(/(?<=\n\n)/).map((frame) => new TextEncoder().encode(frame))
      // The end of a tool call's arguments waits for the end of the call.
      const { bytes: out, isSame } = run(stream, chunks, { mode: 'hold', judge: blindJudge })
      expect(isSame || /input_json|tool_calls|arguments|_call/.test(text)).toBe(true)
      expect(Buffer.compare(out, bytes)).toBe(0)
    },
  )
})
