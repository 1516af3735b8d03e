import { describe, expect, test } from 'bun:test'
import { anthropicMessages } from '../../../src/core/dialects/anthropic-messages.ts'
import { azureOpenai } from '../../../src/core/dialects/azure-openai.ts'
import type { AnswerView, Dialect } from '../../../src/core/dialects/dialect.ts'
import { openaiChat } from '../../../src/core/dialects/openai-chat.ts'
import { openaiResponses } from '../../../src/core/dialects/openai-responses.ts'
import { asArray, asRecord, asString, type Json, type JsonRecord } from '../../../src/core/domain/json.ts'
import { visibleText } from '../../../src/core/domain/segment.ts'
import { assembled, assembledFromSse, sseEvents, unresolved } from '../../support/dialect.ts'
import { cut, describeWithData, recordedStreams, sseBytes, type Recorded } from '../../support/recorded.ts'

const PROVIDERS = ['openai', 'azure', 'anthropic', 'xai', 'groq', 'deepseek', 'mistral', 'openai-compatible']

/** Not an answer of any dialect here: a live session's events, which arrive over a socket. */
const LIVE_SESSION = 'openai-realtime-speech-translation'

const AZURE = azureOpenai({ path: '/openai/v1/responses', search: '' })

/** One streamed answer; a recording of several turns holds several. */
type Turn = {
  readonly title: string
  readonly recorded: Recorded
  readonly turn: number
  readonly dialect: Dialect
  readonly chunks: readonly string[]
  readonly payloads: readonly JsonRecord[]
}

type Pair = {
  readonly name: string
  /** `same`: stream and answer are one call, told twice. `other`: two calls of one kind, each with its own words. */
  readonly call: 'same' | 'other'
  readonly why: string
  /** Which of the recorded turns is of the answer's kind; the first unless said. */
  readonly turn?: number
  /** What two calls do not share although they are of one kind. */
  readonly differs?: readonly (keyof ReturnType<typeof shapeOf>)[]
}

const OTHER_ID = 'recorded one after the other: other ids, other words'

const PAIRS: readonly Pair[] = [
  {
    name: 'anthropic-advisor-stop-reasons',
    call: 'same',
    why: 'one id; the answer leaves out the two cache counts, which are 0',
    differs: ['usageFields'],
  },
  { name: 'anthropic-clear-thinking.1', call: 'other', why: OTHER_ID },
  { name: 'anthropic-clear-tool-uses.1', call: 'other', why: OTHER_ID },
  { name: 'anthropic-code-execution-20250825.pptx-skill', call: 'other', why: OTHER_ID },
  { name: 'anthropic-compaction.1', call: 'other', why: OTHER_ID },
  { name: 'anthropic-fallback', call: 'same', why: 'other ids, but the same words and counts: written by hand after one call' },
  { name: 'anthropic-json-output-format.1', call: 'other', why: OTHER_ID },
  { name: 'anthropic-json-tool.1', call: 'other', why: OTHER_ID },
  { name: 'anthropic-text', call: 'other', why: OTHER_ID },
  { name: 'anthropic-tool-search-bm25.1', call: 'other', why: 'the stream has a second turn, after the tool’s result' },
  { name: 'anthropic-tool-search-regex.1', call: 'other', why: 'the stream has a second turn, after the tool’s result' },
  { name: 'anthropic-web-fetch-tool.1', call: 'other', why: OTHER_ID },
  { name: 'anthropic-web-search-tool.1', call: 'other', why: OTHER_ID },
  { name: 'azure-image-generation-tool.1', call: 'other', why: OTHER_ID },
  { name: 'azure-text.1', call: 'other', why: OTHER_ID },
  { name: 'openai-file-search-tool.1', call: 'other', why: OTHER_ID },
  { name: 'openai-file-search-tool.2', call: 'other', why: OTHER_ID },
  { name: 'deepseek-reasoning', call: 'other', why: OTHER_ID },
  { name: 'groq-reasoning', call: 'other', why: OTHER_ID },
  { name: 'groq-tool-call', call: 'other', why: OTHER_ID },
  { name: 'mistral-reasoning', call: 'same', why: 'one id' },
  { name: 'mistral-tool-call', call: 'same', why: 'one id' },
  { name: 'openai-text', call: 'other', why: OTHER_ID },
  { name: 'openai-compaction.1', call: 'other', why: OTHER_ID },
  { name: 'openai-custom-tool.1', call: 'same', why: 'one id' },
  { name: 'openai-image-generation-tool.1', call: 'other', why: 'another model', differs: ['model'] },
  { name: 'openai-local-shell-tool.1', call: 'other', why: OTHER_ID },
  { name: 'openai-mcp-tool.1', call: 'other', why: OTHER_ID },
  {
    name: 'openai-reasoning-encrypted-content.1',
    turn: 4,
    call: 'other',
    why: 'the stream has four turns, of another model; the answer is like the last one, but thinks again',
    differs: ['model', 'kinds'],
  },
  { name: 'openai-shell-container-multiturn.1', call: 'other', why: OTHER_ID },
  { name: 'openai-shell-local-multiturn.1', call: 'other', why: `${OTHER_ID}, though the same text came out` },
  { name: 'openai-shell-skills.1', call: 'other', why: OTHER_ID },
  { name: 'openai-shell-tool.1', call: 'other', why: 'the stream has a second turn, after the shell’s output' },
  { name: 'openai-tool-search.1', call: 'other', why: OTHER_ID },
  { name: 'xai-tool-call', call: 'other', why: `${OTHER_ID} (recorded for two providers)` },
  { name: 'xai-text', call: 'other', why: OTHER_ID },
  { name: 'xai-image-generation-tool.1', call: 'other', why: OTHER_ID },
  { name: 'xai-web-search-tool.1', call: 'other', why: OTHER_ID },
]

function turnsOf(recorded: Recorded): readonly Turn[] {
  const groups: string[][] = []
  let hasEnded = true
  for (const chunk of recorded.chunks) {
    const type = asString((JSON.parse(chunk) as JsonRecord)['type'])
    const isStart = type === 'response.created' || type === 'message_start'
    if (groups.length === 0 || (isStart && hasEnded)) groups.push([])
    groups.at(-1)?.push(chunk)
    hasEnded = type === 'message_stop' || type === 'response.completed'
  }
  return groups.map((chunks, i) => {
    const payloads = chunks.map((chunk) => JSON.parse(chunk) as JsonRecord)
    return {
      title: `${recorded.provider}/${recorded.api}/${recorded.name}${groups.length > 1 ? ` turn ${i + 1}` : ''}`,
      recorded,
      turn: i + 1,
      dialect: dialectOf(recorded, payloads[0]),
      chunks,
      payloads,
    }
  })
}

function dialectOf(recorded: Recorded, sample: Json): Dialect {
  if (recorded.provider === 'anthropic') return anthropicMessages
  if (recorded.provider === 'azure') return AZURE
  return asRecord(sample)?.['choices'] === undefined ? openaiResponses : openaiChat
}

function bytesOf({ dialect, chunks }: Turn): Uint8Array {
  return sseBytes(chunks, dialect === openaiChat ? { withDone: true } : { withEvent: true })
}

/** The words of the raw deltas, joined: what the assembled answer must say, found without the code under test. */
function spokenText({ payloads }: Turn): string {
  const texts = payloads.flatMap((payload): readonly (string | null)[] => {
    const delta = asRecord(payload['delta'])
    if (payload['type'] === 'response.output_text.delta') return [asString(payload['delta'])]
    if (payload['type'] === 'content_block_delta') return [asString(delta?.['text'])]
    return asArray(payload['choices']).flatMap((choice) => {
      const content = asRecord(asRecord(choice)?.['delta'])?.['content']
      return typeof content === 'string' ? [content] : asArray(content).map((part) => asString(asRecord(part)?.['text']))
    })
  })
  return texts.join('')
}

function shapeOf(body: JsonRecord, view: AnswerView) {
  return {
    model: view.model,
    finishReason: view.finishReason,
    tools: sorted(view.toolCalls.map((call) => `${call.name} ${call.isServerSide ? 'of the provider' : 'of the caller'}`)),
    kinds: sorted(view.segments.map(({ origin, kind }) => `${origin} ${kind}`)),
    usageFields: sorted(Object.keys(asRecord(body['usage']) ?? {})),
  }
}

function sorted(values: readonly string[]): readonly string[] {
  return [...new Set(values)].sort()
}

const RECORDED = recordedStreams(PROVIDERS).filter(({ api }) => api === 'chat' || api === 'responses')
const TURNS = RECORDED.filter(({ name }) => name !== LIVE_SESSION).flatMap(turnsOf)

describeWithData('recorded streams of OpenAI, Anthropic and their kin', () => {
  test('all of them are there', () => {
    expect(TURNS.length).toBe(58)
  })

  describe.each(TURNS.map((turn) => [turn.title, turn] as const))('%s', (_title, turn) => {
    const { dialect, payloads } = turn
    const whole = assembledFromSse(dialect, [bytesOf(turn)])
    const body = whole.assembler.body() ?? {}
    const view = dialect.readAnswer(body)

    test('is read whole: every event, its end, a finish reason, a model, usage, and no error', () => {
      expect(whole).toMatchObject({ unread: 0, ends: dialect === openaiChat ? 1 : 0 })
      expect([whole.assembler.isComplete(), whole.assembler.hasContent()]).toEqual([true, true])
      expect(view).toMatchObject({ model: expect.any(String), finishReason: expect.any(String), error: null })
      expect(asRecord(body['usage'])).not.toBeNull()
      expect(Bun.deepEquals(assembled(dialect, payloads).assembler.body(), body)).toBe(true)
    })

    test('says what its deltas said, and every pointer leads to its text', () => {
      expect(visibleText(view.segments)).toBe(spokenText(turn))
      expect(joined(whole.deltas, 'text')).toBe(spokenText(turn))
      const reasoning = view.segments.filter(({ kind }) => kind === 'reasoning').map(({ text }) => text)
      expect(joined(whole.deltas, 'reasoning')).toBe(reasoning.join(''))
      expect(unresolved(body, view.segments)).toEqual([])
      for (const call of view.toolCalls) expect([call.name !== '', call.id !== null]).toEqual([true, true])
    })

    test('is the same however its bytes are cut', () => {
      const bytes = bytesOf(turn)
      for (const [seed, n] of [
        [1, 2],
        [2, 7],
        [3, 61],
        [4, 499],
        [5, bytes.length < 20_000 ? bytes.length : 2_000],
      ] as const) {
        const run = assembledFromSse(dialect, cut(bytes, seed, n))
        expect([run.unread, run.ends]).toEqual([whole.unread, whole.ends])
        expect(Bun.deepEquals(run.assembler.body(), body)).toBe(true)
        expect(Bun.deepEquals(run.deltas, whole.deltas)).toBe(true)
      }
    })

    test('broken off anywhere, it shows the text so far, is not complete, and can be stopped', () => {
      const assembler = dialect.assemble(null)
      const spoken = spokenText(turn)
      const step = Math.ceil(payloads.length / 40)
      const endAt = payloads.findIndex(isEnd)
      payloads.forEach((data, i) => {
        assembler.push({ event: null, data })
        if (i % step !== 0) return
        const soFar = dialect.readAnswer(assembler.body() ?? {})
        expect(unresolved(assembler.body(), soFar.segments)).toEqual([])
        expect(visibleText(soFar.segments)).toBe(spokenText({ ...turn, payloads: payloads.slice(0, i + 1) }))
        expect(spoken.startsWith(visibleText(soFar.segments))).toBe(true)
        expect(assembler.isComplete()).toBe(i >= endAt)
        expect(sseEvents(assembler.stop()).length).toBeGreaterThan(0)
      })
    })
  })

  test('the table names every recording that has both, and why', () => {
    const both = RECORDED.filter(({ chunks, answer }) => chunks.length > 0 && answer !== null).map(({ name }) => name)
    expect(sorted(PAIRS.map(({ name }) => name))).toEqual(sorted(both))
    expect(PAIRS.filter(({ why }) => why === '')).toEqual([])
  })

  describe.each(PAIRS.map((pair) => [pair.name, pair.why, pair] as const))('%s and its answer (%s)', (name, _why, pair) => {
    const turns = TURNS.filter(({ recorded, turn }) => recorded.name === name && turn === (pair.turn ?? 1))

    test.each(turns.map((turn) => [turn.title, turn] as const))('%s', (_title, { dialect, recorded, payloads }) => {
      const body = assembled(dialect, payloads).assembler.body() ?? {}
      const answer = asRecord(recorded.answer) ?? {}
      const [streamed, unstreamed] = [dialect.readAnswer(body), dialect.readAnswer(answer)]
      const [shape, other] = [shapeOf(body, streamed), shapeOf(answer, unstreamed)]
      const fields = Object.keys(shape) as (keyof typeof shape)[]
      const differing = fields.filter((field) => !Bun.deepEquals(shape[field], other[field]))
      expect(sorted(differing)).toEqual(sorted(pair.differs ?? []))
      if (pair.call === 'other') return expect(body['id']).not.toEqual(answer['id'])
      expect(streamed).toEqual(unstreamed)
      expect(body['usage']).toMatchObject(asRecord(answer['usage']) ?? {})
      if (pair.differs === undefined) expect(body['usage']).toEqual(answer['usage'])
    })
  })

  test.each(RECORDED.filter(({ answer }) => answer !== null).map((recorded) => [recorded.name, recorded] as const))(
    'the unstreamed %s is read: a model, a finish reason, calls with names, pointers that lead to their texts',
    (_name, recorded) => {
      const answer = asRecord(recorded.answer) ?? {}
      const dialect = dialectOf(recorded, answer)
      const view = dialect.readAnswer(answer)
      expect(view).toMatchObject({ model: expect.any(String), finishReason: expect.any(String), error: null })
      expect(view.segments.length).toBeGreaterThan(0)
      expect(unresolved(answer, view.segments)).toEqual([])
      expect(view.toolCalls.filter(({ name }) => name === '')).toEqual([])
    },
  )

  test('a live session’s events mean nothing to any dialect, and harm none', () => {
    const session = RECORDED.find(({ name }) => name === LIVE_SESSION)
    const payloads = (session?.chunks ?? []).map((chunk) => JSON.parse(chunk) as Json)
    expect(payloads.length).toBe(27)
    for (const dialect of [openaiResponses, anthropicMessages]) {
      expect(assembled(dialect, payloads).assembler.body()).toBeNull()
    }
  })
})

function joined(deltas: readonly { readonly kind: string; readonly text: string }[], kind: string): string {
  return deltas
    .filter((delta) => delta.kind === kind)
    .map(({ text }) => text)
    .join('')
}

/** The payload that ends its stream: the dialect's end mark. */
function isEnd(payload: JsonRecord): boolean {
  if (payload['type'] === 'message_stop' || payload['type'] === 'response.completed') return true
  return asArray(payload['choices']).some((choice) => typeof asRecord(choice)?.['finish_reason'] === 'string')
}
