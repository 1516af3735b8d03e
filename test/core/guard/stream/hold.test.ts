import { describe, expect, test } from 'bun:test'
import { assert, constantFrom, array, integer, property } from 'fast-check'
import { anthropicMessages } from '../../../../src/core/dialects/anthropic-messages.ts'
import { gemini } from '../../../../src/core/dialects/gemini.ts'
import { ollama } from '../../../../src/core/dialects/ollama.ts'
import { openaiChat } from '../../../../src/core/dialects/openai-chat.ts'
import { openaiResponses } from '../../../../src/core/dialects/openai-responses.ts'
import { asRecord, type JsonRecord } from '../../../../src/core/domain/json.ts'
import type { Judge, Judged, Place } from '../../../../src/core/guard/match.ts'
import { createStreamGuard, WINDOW_CHARS_MAX } from '../../../../src/core/guard/stream/stream-guard.ts'
import { join } from '../../../support/event-stream.ts'
import { cut } from '../../../support/recorded.ts'
import { fakeJudge, redacted } from './fake-judge.ts'
import { run } from './run.ts'
import { answerOf, SAMPLES, type Sample } from './samples.ts'

const CHAT = { dialect: openaiChat, contentType: 'text/event-stream' }
const encoder = new TextEncoder()

function frame(data: unknown): Uint8Array {
  return encoder.encode(`data: ${JSON.stringify(data)}\n\n`)
}

function delta(value: JsonRecord, more: JsonRecord = {}): Uint8Array {
  return frame({ id: 'c', choices: [{ index: 0, delta: value, finish_reason: null, ...more }] })
}

const FINISH = frame({ id: 'c', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

const PROSE =
  `The gateway looks at every answer while it flows. Most of what a model says is harmless, and the reader wants to see
it at once: nobody likes to wait for a sentence to end before its first word shows. So only what may still become something else is kept
back, which is nearly always the word that is being written. Numbers like 42 or 3.14, hyphens in well-known words, and names such as
Smith or O’Neill make no difference; nor does a list: one, two, three. When the word is over, it leaves. `.repeat(8)

/** About as long as tokens are. */
function tokensOf(text: string): readonly string[] {
  return text.match(/\s?\S{1,6}|\s/g) ?? []
}

describe.each(SAMPLES.filter(({ kind }) => kind === 'text'))('on prose: $name', (sample) => {
  test.each([
    ['tokens', tokensOf(PROSE)],
    ['words', PROSE.match(/\S+\s*/g) ?? []],
    ['sentences', PROSE.match(/[^.]+\.?/g) ?? []],
  ] as const)('at least 95 % of the characters leave within one word, in %s', (_name, pieces) => {
    const guard = createStreamGuard({ ...sample, judge: fakeJudge(), mode: 'hold', windowChars: 256, onFinding: 'redact' })
    const waitedFor = lateChars(sample, guard, pieces)
    expect(waitedFor / pieces.join('').length).toBeLessThan(0.05)
  })
})

/** Characters that were still waiting when a word after the next one had begun. */
function lateChars(sample: Sample, guard: ReturnType<typeof createStreamGuard>, pieces: readonly string[]): number {
  const frames = sample.frames(pieces)
  const text = pieces.join('')
  const late = new Set<number>()
  // Frames before the first piece and after the last one carry none of it.
  const first = frames.findIndex((bytes) => piecesIn(sample, bytes) !== '')
  let arrived = 0
  let left = 0
  frames.forEach((bytes, i) => {
    const index = i - first
    if (index >= 0 && index < pieces.length) arrived += (pieces[index] as string).length
    for (const part of guard.push(bytes).bytes) left += piecesIn(sample, part).length
    if (index < 0 || index >= pieces.length) return
    const lastWord = text.slice(0, arrived).search(/\S+\s*$/)
    const wordBefore = text.slice(0, Math.max(0, lastWord)).search(/\S+\s*$/)
    for (let at = left; at < wordBefore; at += 1) late.add(at)
  })
  return late.size
}

/** The text pieces in some whole frames. */
function piecesIn(sample: Sample, bytes: Uint8Array): string {
  let text = ''
  const raw = textOf(bytes)
  const decoded = sample.name.startsWith('invoked')
    ? (raw.match(/"bytes":"([^"]*)"/g) ?? []).map((field) => atob(field.slice(9, -1))).join('\n')
    : raw
  // Texts that come in pieces stand in these fields; repeats do not count.
  if (/output_text\.done|content_part|output_item|"response\.(created|completed)|is_finished":true/.test(decoded)) return ''
  for (const match of decoded.matchAll(
    /"(?:content|text|refusal|delta|response|outputText|generation)":"((?:[^"\\]|\\.)*)"/g,
  )) {
    if (match[1] !== 'text') text += JSON.parse(`"${match[1]}"`) as string
  }
  return text
}

describe('what changes and what does not', () => {
  const SPACED = `data:  {"id" : "c", "choices":[ {"index":0,"delta":{"content":"a@b.io is \\u0041 1.50 "}, "n":1.50, "finish_reason":null}]}\r\n\r\n`

  test('only the string that holds a match, however the event is written', () => {
    const { bytes } = run(CHAT, [encoder.encode(`id: 1\r\n${SPACED}`), FINISH])
    const [first] = textOf(bytes).split('data: {"id":"c"')
    expect(first).toBe(`id: 1\r\n${SPACED.replace('a@b.io', '[PII:EMAIL]')}`)
  })

  test('data of several lines stays data of several lines', () => {
    const lines = `data: {"choices":[{"index":0,\ndata:"delta":{"content":"a@b.io x"},\ndata: "finish_reason":null}]}\n: note\n\n`
    const { bytes } = run(CHAT, [encoder.encode(lines), FINISH])
    expect(textOf(bytes)).toStartWith(
      'data: {"choices":[{"index":0,\ndata: "delta":{"content":"[PII:EMAIL] x"},\ndata: "finish_reason":null}]}\n: note\n\n',
    )
  })

  test.each([
    ['not JSON', 'data: {"choices":\n\n'],
    ['free text', 'data: hello a@b.io\n\n'],
    ['a comment', ': keep-alive\n\n'],
    ['an unknown event', 'event: x\ndata: {"unknown":"a@b.io"}\n\n'],
    ['odd choices', 'data: {"choices":[null,1,{"index":"x","delta":7}]}\n\n'],
    ['no end', 'data: {"choices":[]}'],
    ['a lone carriage return', 'data: {"choices":[]}\r\r'],
    ['a byte order mark', '\ufeffdata: {"choices":[]}\n\n'],
    ['nesting', `data: {"x":${'['.repeat(20_000)}${']'.repeat(20_000)}}\n\n`],
  ])('goes on as it came: %s', (_why, text) => {
    const bytes = encoder.encode(text)
    expect(run(CHAT, cut(bytes, 3, 5)).bytes).toEqual(bytes)
    expect(run(CHAT, [bytes], { mode: 'observe' }).bytes).toEqual(bytes)
  })

  test('unread events are counted', () => {
    const guard = createStreamGuard({ ...CHAT, judge: fakeJudge(), mode: 'hold', windowChars: 9, onFinding: 'redact' })
    guard.push(encoder.encode('data: {\n\ndata: ?\n\ndata: [DONE]\n\n'))
    expect(guard.unread()).toBe(2)
  })

  test('a body of another type goes on as it came', () => {
    const bytes = encoder.encode('{"choices":[{"message":{"content":"a@b.io"}}]}')
    for (const contentType of ['application/json', 'text/html', '']) {
      expect(run({ ...CHAT, contentType }, [bytes])).toMatchObject({ isSame: true, found: [] })
    }
  })

  test('tokens of a text that changed are told no more, others are', () => {
    const logprobs = (token: string): JsonRecord => ({ logprobs: { content: [{ token, logprob: -1, top_logprobs: [] }] } })
    const frames = [delta({ content: 'Hi ' }, logprobs('Hi ')), delta({ content: 'a@b.io ' }, logprobs('a@b.io ')), FINISH]
    const out = textOf(run(CHAT, frames).bytes)
    expect(out).toContain('"token":"Hi "')
    expect(out).toContain('"content":"[PII:EMAIL] "},"finish_reason":null,"logprobs":null}')
  })

  test('comments and pings pass what waits', () => {
    const guard = createStreamGuard({ ...CHAT, judge: fakeJudge(), mode: 'hold', windowChars: 99, onFinding: 'redact' })
    expect(guard.push(delta({ content: 'open' })).bytes).toEqual([])
    expect(guard.push(encoder.encode(': ping\n\n')).bytes).toEqual([encoder.encode(': ping\n\n')])
    expect(textOf(join(guard.push(FINISH).bytes))).toContain('"content":"open"')
  })

  test('a long event leaves in two parts, a short one waits whole', () => {
    const guard = createStreamGuard({ ...CHAT, judge: fakeJudge(), mode: 'hold', windowChars: 99, onFinding: 'redact' })
    expect(textOf(join(guard.push(delta({ content: 'a long beginning of so' })).bytes))).toContain(
      '"content":"a long beginning of "',
    )
    expect(guard.push(delta({ content: 'me' })).bytes).toEqual([])
    const rest = textOf(join(guard.push(delta({ content: ' ab' })).bytes))
    expect(rest).toContain('"content":"so"')
    expect(rest).toContain('"content":"me"')
    expect(rest).not.toContain('"content":" ab"')
  })

  test('an event with a role or a name is never sent twice', () => {
    const head = { index: 0, id: 'x', type: 'function', function: { name: 'f', arguments: '{"some words":"and open' } }
    for (const value of [{ role: 'assistant', content: 'some long words and open' }, { tool_calls: [head] }]) {
      const guard = createStreamGuard({ ...CHAT, judge: fakeJudge(), mode: 'hold', windowChars: 99, onFinding: 'redact' })
      expect(guard.push(delta(value)).bytes).toEqual([])
    }
  })
})

describe('parallel texts', () => {
  test('each choice and each call has a text of its own, however they mix', () => {
    const secret = 'SECRET-12345678'
    const texts = [`a ${secret} b`, `c@d.io ${secret}`, JSON.stringify({ k: secret }), JSON.stringify(['x@y.zw', secret])]
    /** Texts of choices 0 and 1; calls 0 and 1 of choice 2. */
    const deltaOf = (which: number, text: string, isFirst: boolean): JsonRecord => {
      if (which < 2) return { content: text }
      return { tool_calls: [{ index: which - 2, id: `c${which}`, function: { name: isFirst ? 'f' : '', arguments: text } }] }
    }
    assert(
      property(array(integer({ min: 0, max: 3 }), { minLength: 80, maxLength: 80 }), (order) => {
        const rest = texts.map((text) => Array.from(text))
        const frames: Uint8Array[] = []
        const tell = (which: number, count: number): void => {
          const letters = rest[which] ?? []
          const isFirst = letters.length === texts[which]?.length
          const text = letters.splice(0, count).join('')
          if (text === '') return
          const choice = { index: Math.min(which, 2), delta: deltaOf(which, text, isFirst), finish_reason: null }
          frames.push(frame({ choices: [choice] }))
        }
        for (const which of [...order, 0, 1, 2, 3]) tell(which, frames.length < order.length / 2 ? 1 : 3)
        texts.forEach((_text, which) => tell(which, 99))
        for (const index of [0, 1, 2]) frames.push(frame({ choices: [{ index, delta: {}, finish_reason: 'stop' }] }))
        const assembler = openaiChat.assemble(null)
        for (const event of textOf(run(CHAT, frames).bytes).split('\n\n')) {
          if (event !== '') assembler.push({ event: null, data: JSON.parse(event.slice(6)) })
        }
        const { segments } = openaiChat.readAnswer(assembler.body() ?? {})
        expect(segments.map(({ text }) => text).sort()).toEqual(texts.map(redacted).sort())
      }),
      { numRuns: 60 },
    )
  })

  test('the answer does not wait for the last word of the reasoning', () => {
    const guard = createStreamGuard({ ...CHAT, judge: fakeJudge(), mode: 'hold', windowChars: 99, onFinding: 'redact' })
    expect(guard.push(delta({ reasoning_content: 'done' })).bytes).toEqual([])
    const out = textOf(join(guard.push(delta({ content: 'Hello you ' })).bytes))
    expect(out).toContain('done')
    expect(out).toContain('Hello you ')
  })
})

describe('tool calls', () => {
  test.each([
    [
      'Gemini',
      { dialect: gemini, contentType: 'text/event-stream' },
      {
        candidates: [
          {
            content: { parts: [{ functionCall: { name: 'f', args: { to: ['a@b.io'], n: 1.5 } }, thoughtSignature: 'a@b.io' }] },
            finishReason: 'STOP',
          },
        ],
      },
    ],
    [
      'Ollama',
      { dialect: ollama, contentType: 'application/x-ndjson' },
      {
        message: { role: 'assistant', content: '', tool_calls: [{ function: { name: 'f', arguments: { to: ['a@b.io'] } } }] },
        done: true,
      },
    ],
    [
      'Anthropic, begun with its input',
      { dialect: anthropicMessages, contentType: 'text/event-stream' },
      {
        type: 'content_block_start',
        index: 0,
        content_block: { type: 'tool_use', id: 't', name: 'f', input: { to: ['a@b.io'] } },
      },
    ],
  ])('arguments that are an object: %s', (_name, stream, data) => {
    const json = JSON.stringify(data)
    const told = stream.contentType === 'application/x-ndjson' ? `${json}\n` : `data: ${json}\n\n`
    const { bytes, found } = run(stream, [encoder.encode(told)])
    expect(textOf(bytes)).toBe(told.replace('a@b.io', '[PII:EMAIL]'))
    expect(found[0]).toMatchObject({ place: { origin: 'tool_call', toolName: 'f' }, reaction: 'redact' })
  })

  test('a match that is a key, a number, or more than one string stops the call', async () => {
    for (const value of [{ tool_calls: [{ index: 0, id: 'x', function: { name: 'f', arguments: '{"a":"SECRET-1234' } }] }]) {
      const rest = delta({ tool_calls: [{ index: 0, function: { arguments: '5678"}' } }] })
      const crossing = { ...fakeJudge(), judge: wide }
      const outcome = run(CHAT, [delta(value), rest, FINISH], { judge: crossing })
      expect(outcome.isStopped).toBe(true)
      expect(textOf(outcome.bytes)).not.toContain('SECRET')
      expect((await answerOf(CHAT, outcome.bytes)).isComplete).toBe(true)
    }
    const object = frame({ candidates: [{ content: { parts: [{ functionCall: { name: 'f', args: { 'a@b.io': 1 } } }] } }] })
    expect(run({ dialect: gemini, contentType: 'text/event-stream' }, [object]).isStopped).toBe(true)
  })

  /** The fake's secret with the quote behind it. */
  function wide(text: string, place: Place): readonly Judged[] {
    return fakeJudge()
      .judge(text, place)
      .map((match) => ({
        ...match,
        range: match.range === null ? null : { ...match.range, endUtf16: Math.min(text.length, match.range.endUtf16 + 1) },
      }))
  }

  test.each(['hold', 'observe'] as const)('what only the whole of a call shows stops it before it is complete: %s', (mode) => {
    const far = `{"command":"rm","arguments":["${'x'.repeat(3000)}","-rf"]}`
    const inner = fakeJudge()
    // Sees a command whose parts stand further apart than any window.
    const judge: Judge = {
      openFrom: inner.openFrom,
      judge: (text, place) => {
        const [match] = inner.judge('a@b.io', place)
        const isWhole = text.startsWith('{"command":"rm"') && text.endsWith('"-rf"]}')
        return isWhole && match !== undefined ? [{ ...match, ruleId: 'rm', action: 'block', range: null }] : []
      },
    }
    for (const { name, dialect, contentType, kind, frames } of SAMPLES) {
      if (kind !== 'arguments' || name.startsWith('gemini')) continue
      for (const size of [1, 7, 9999]) {
        const pieces = far.match(new RegExp(`.{1,${size}}`, 'g')) ?? []
        const outcome = run({ dialect, contentType }, frames(pieces), { judge, mode })
        expect({ name, size, isStopped: outcome.isStopped }).toEqual({ name, size, isStopped: true })
        if (mode === 'hold') expect(textOf(outcome.bytes)).not.toContain(']}"')
        expect(outcome.found).toMatchObject([{ ruleId: 'rm', place: { origin: 'tool_call', toolName: 'send' } }])
      }
    }
  })

  test('an escape before a match stays whole', async () => {
    const pieces = ['{"a":"x', '\\', 'na@b.io', '\\u00', 'e9"}']
    const frames = [
      delta({ tool_calls: [{ index: 0, id: 'x', function: { name: 'f', arguments: '' } }] }),
      ...pieces.map((text) => delta({ tool_calls: [{ index: 0, function: { arguments: text } }] })),
      FINISH,
    ]
    const { texts } = await answerOf(CHAT, run(CHAT, frames).bytes)
    expect(JSON.parse(texts[0] ?? '')).toEqual({ a: 'x\n[PII:EMAIL]é' })
  })
})

describe('bounds', () => {
  test('a candidate that does not end leaves after the window, judged as it is', () => {
    const guard = createStreamGuard({ ...CHAT, judge: fakeJudge(), mode: 'hold', windowChars: 100, onFinding: 'redact' })
    let left = 0
    for (let i = 0; i < 100; i += 1) {
      left += piecesIn(SAMPLES[0] as Sample, join(guard.push(delta({ content: 'abcdefghij' })).bytes)).length
      expect((i + 1) * 10 - left).toBeLessThan(100 * 1.25 + 20)
    }
  })

  test('no window is longer than its bound', () => {
    const guard = createStreamGuard({ ...CHAT, judge: fakeJudge(), mode: 'hold', windowChars: 1e9, onFinding: 'redact' })
    const out = join(guard.push(delta({ content: 'a'.repeat(WINDOW_CHARS_MAX + 1) })).bytes)
    expect(out.length).toBeGreaterThan(WINDOW_CHARS_MAX)
  })

  test('the work grows with the text, not with its square, also where nothing closes', () => {
    const work = (events: number): number => {
      let chars = 0
      const inner = fakeJudge()
      const judge = {
        judge: (text: string, place: Parameters<typeof inner.judge>[1]) => {
          chars += text.length
          return inner.judge(text, place)
        },
        openFrom: (text: string, place: Parameters<typeof inner.judge>[1]) => {
          chars += text.length
          return inner.openFrom(text, place)
        },
      }
      run(CHAT, [...Array.from({ length: events }, () => delta({ content: 'abcd' })), FINISH], { judge, windowChars: 8192 })
      return chars / (events * 4)
    }
    expect(work(8000)).toBeLessThan(work(1000) * 1.5)
    expect(work(8000)).toBeLessThan(60)
  })

  test('what waits for one text is bounded over all others', () => {
    const guard = createStreamGuard({ ...CHAT, judge: fakeJudge(), mode: 'hold', windowChars: 8192, onFinding: 'redact' })
    guard.push(delta({ content: 'open' }))
    const other = frame({ choices: [{ index: 1, delta: { content: 'closed '.repeat(1000) }, finish_reason: null }] })
    let sent = 0
    let left = 0
    for (let i = 0; i < 400; i += 1) {
      sent += other.length
      for (const part of guard.push(other).bytes) left += part.length
    }
    expect(sent - left).toBeLessThan(1.2 * 1024 * 1024)
  })

  test('any chunking, any pieces: a match never leaves, and the rest does', async () => {
    const words = ['max.muster@example.com', 'SECRET-12345678', ' ', 'und ', '@', 'SECRET-', '123', '.', 'Größe 😀 ', 'a.b']
    assert(
      property(
        array(constantFrom(...words), { maxLength: 14 }),
        integer(),
        integer({ min: 1, max: 9 }),
        (parts, seed, size) => {
          const text = parts.join('')
          const letters = Array.from(text)
          const pieces = Array.from({ length: Math.ceil(letters.length / size) }, (_, i) =>
            letters.slice(i * size, (i + 1) * size).join(''),
          )
          for (const sample of [SAMPLES[0], SAMPLES.find(({ name }) => name === 'messages text')] as readonly Sample[]) {
            const { bytes } = run(sample, cut(join(sample.frames(pieces)), seed, 30))
            const out = textOf(bytes)
            const told = [...out.matchAll(/"(?:content|text)":"((?:[^"\\]|\\.)*)"/g)].map(
              (match) => JSON.parse(`"${match[1]}"`) as string,
            )
            expect(told.join('')).toBe(redacted(text))
          }
        },
      ),
      { numRuns: 200 },
    )
  })
})

describe('Responses', () => {
  const RESPONSES = { dialect: openaiResponses, contentType: 'text/event-stream' }

  test('a text without pieces is judged once, in every repetition the same', () => {
    const part = {
      type: 'output_text',
      text: 'mail a@b.io',
      annotations: [{ type: 'url_citation', url: 'http://x/a@b.io', title: 't' }],
    }
    const item = { type: 'message', role: 'assistant', content: [part] }
    const frames = [
      { type: 'response.output_item.done', output_index: 0, item },
      { type: 'response.completed', response: { id: 'r', status: 'completed', output: [item] } },
    ].map(frame)
    const { bytes, found } = run(RESPONSES, frames)
    expect(textOf(bytes)).not.toContain('a@b.io')
    expect(textOf(bytes).split('mail [PII:EMAIL]').length).toBe(3)
    expect(found.map(({ pointer }) => pointer)).toEqual(['/output/0/content/0/text', '/output/0/content/0/annotations'])
  })

  test('the output of a server’s tool is judged as a result', () => {
    const item = { type: 'mcp_call', id: 'm', name: 'f', arguments: '{}', output: 'a@b.io' }
    const { found } = run(RESPONSES, [frame({ type: 'response.output_item.done', output_index: 2, item })])
    expect(found).toMatchObject([{ pointer: '/output/2/output', place: { origin: 'tool_result', toolName: 'f' } }])
  })

  test('an item whose last form differs from its pieces is judged again', () => {
    const place = { output_index: 0, content_index: 0 }
    const frames = [
      { type: 'response.output_text.delta', ...place, delta: 'one ' },
      { type: 'response.output_text.done', ...place, text: 'two a@b.io' },
    ].map(frame)
    const { bytes, found } = run(RESPONSES, frames)
    expect(textOf(bytes)).toContain('two [PII:EMAIL]')
    expect(found).toHaveLength(1)
  })

  test('offsets of findings are those of the whole text', () => {
    const text = `${'word '.repeat(500)}a@b.io and SECRET-12345678 end`
    const pieces = text.match(/.{1,7}/gs) ?? []
    const frames = pieces.map((piece) =>
      frame({ type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: piece }),
    )
    for (const mode of ['hold', 'observe'] as const) {
      const { found } = run(RESPONSES, frames, { mode })
      expect(found.map(({ range, matched }) => [text.slice(range?.startUtf16, range?.endUtf16), matched])).toEqual([
        ['a@b.io', 'a@b.io'],
        ['SECRET-12345678', 'SECRET-12345678'],
      ])
    }
  })
})

test('nothing comes after a stop', () => {
  const guard = createStreamGuard({
    ...CHAT,
    judge: fakeJudge({ email: 'block' }),
    mode: 'hold',
    windowChars: 99,
    onFinding: 'redact',
  })
  expect(guard.push(delta({ content: 'a@b.io ' }))).toMatchObject({ stop: true })
  expect(guard.push(delta({ content: 'more ' }))).toEqual({ bytes: [], judged: [], stop: true })
  expect(guard.end()).toEqual({ bytes: [], judged: [], stop: true })
})

test('an odd stream of any dialect never throws', () => {
  const dialects = SAMPLES.map(({ dialect, contentType }) => ({ dialect, contentType }))
  const odd = [
    null,
    1,
    'a@b.io',
    [],
    {},
    { choices: [{ delta: { tool_calls: [{ function: { arguments: 3 } }] } }] },
    { type: 'response.completed', response: 1 },
    { delta: { message: 7 } },
    { candidates: [{ content: { parts: [{ functionCall: { partialArgs: [1, {}] } }] } }] },
    { message: { tool_calls: [null] } },
    { contentBlockDelta: { delta: null } },
  ]
  for (const stream of dialects) {
    for (const data of odd) {
      const event = { type: 'content_block_delta', index: 0, ...asRecord(data) }
      for (const value of [data, event]) {
        const json = JSON.stringify(value)
        const bytes = encoder.encode(stream.contentType.startsWith('text/') ? `data: ${json}\n\n` : `${json}\n`)
        expect(() => run(stream, [bytes])).not.toThrow()
      }
    }
  }
})
