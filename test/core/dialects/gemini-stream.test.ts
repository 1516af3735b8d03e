import { describe, expect, test } from 'bun:test'
import { ApiError, GoogleGenAI } from '@google/genai'
import { createSseReader } from '../../../src/core/dialects/framing/sse.ts'
import { gemini } from '../../../src/core/dialects/gemini.ts'
import { appError } from '../../../src/core/domain/errors.ts'
import type { JsonRecord } from '../../../src/core/domain/json.ts'
import { answered, assembled, streamed, textsOf, valueAt } from '../../support/dialect-checks.ts'
import { cut, describeWithData, recordedStreams, sseBytes } from '../../support/recorded.ts'

/** A chunk with these parts of one candidate. */
const chunk = (parts: unknown[], more: JsonRecord = {}, head: JsonRecord = {}): JsonRecord => ({
  candidates: [{ content: { role: 'model', parts }, index: 0, ...more }],
  ...head,
})

const candidateAt = (index: unknown): JsonRecord => ({ candidates: [{ content: { parts: [{ text: 'x' }] }, index }] })

describe('streams', () => {
  test('nothing yet', () => {
    const { body, hasContent, isComplete } = assembled(gemini, [])
    expect([body, hasContent, isComplete]).toEqual([null, false, false])
  })

  test('texts of one kind that follow each other become one part; the last usage wins key by key', () => {
    const { body, deltas, hasContent, isComplete } = assembled(gemini, [
      chunk(
        [{ text: 'I ', thought: true }],
        {},
        { usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 1 }, modelVersion: 'm', responseId: 'r' },
      ),
      chunk([{ text: 'think', thought: true }]),
      chunk([{ text: 'Hel' }, { text: 'lo' }], {}, { usageMetadata: { candidatesTokenCount: 3, thoughtsTokenCount: 2 } }),
      chunk(
        [{ text: '', thoughtSignature: 'sig' }],
        { finishReason: 'STOP', safetyRatings: [] },
        { usageMetadata: { totalTokenCount: 10 }, modelVersion: 'm' },
      ),
    ])
    expect(body).toEqual({
      candidates: [
        {
          content: {
            parts: [
              { text: 'I think', thought: true },
              { text: 'Hello', thoughtSignature: 'sig' },
            ],
            role: 'model',
          },
          finishReason: 'STOP',
          safetyRatings: [],
          index: 0,
        },
      ],
      usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 3, thoughtsTokenCount: 2, totalTokenCount: 10 },
      modelVersion: 'm',
      responseId: 'r',
    })
    expect(deltas).toEqual([
      { kind: 'reasoning', channel: '0/reasoning', text: 'I ' },
      { kind: 'reasoning', channel: '0/reasoning', text: 'think' },
      { kind: 'text', channel: '0/text', text: 'Hel' },
      { kind: 'text', channel: '0/text', text: 'lo' },
    ])
    expect([hasContent, isComplete]).toEqual([true, true])
  })

  test('a role of its own, and parts that are none', () => {
    const { body } = assembled(gemini, [
      { candidates: [{ content: { role: 'oracle', parts: [null, 7, 'x', { text: 'a' }] } }, 7, null] },
    ])
    expect(body).toStrictEqual({ candidates: [{ content: { parts: [{ text: 'a' }], role: 'oracle' }, index: 0 }] })
    const odd = assembled(gemini, [{ candidates: [{ content: { role: 7, parts: [{ text: 'a' }] } }] }])
    expect(valueAt('/candidates/0/content/role', odd.body)).toBe('model')
  })

  test('text after a call is a part of its own', () => {
    const { body } = assembled(gemini, [
      chunk([{ text: 'a' }]),
      chunk([{ functionCall: { name: 'f', args: {} } }]),
      chunk([{ text: 'b' }]),
    ])
    expect(body?.['candidates']).toEqual([
      {
        content: { parts: [{ text: 'a' }, { functionCall: { name: 'f', args: {} } }, { text: 'b' }], role: 'model' },
        index: 0,
      },
    ])
  })

  test('candidates are told apart by their index, and all must finish', () => {
    const events = [
      { candidates: [{ content: { parts: [{ text: 'b' }], role: 'model' }, index: 1 }] },
      { candidates: [{ content: { parts: [{ text: 'a' }] } }] },
      { candidates: [{ index: 1, finishReason: 'STOP' }] },
    ]
    const first = assembled(gemini, events)
    expect(first.body).toEqual({
      candidates: [
        { content: { parts: [{ text: 'a' }], role: 'model' }, index: 0 },
        { content: { parts: [{ text: 'b' }], role: 'model' }, finishReason: 'STOP', index: 1 },
      ],
    })
    expect(first.deltas.map(({ channel }) => channel)).toEqual(['1/text', '0/text'])
    expect(first.isComplete).toBe(false)
    expect(assembled(gemini, [...events, { candidates: [{ finishReason: 'STOP' }] }]).isComplete).toBe(true)
  })

  test('an odd index is passed over', () => {
    expect(assembled(gemini, [candidateAt(-1), candidateAt(1.5), candidateAt(128)]).body).toEqual({})
    expect(assembled(gemini, [candidateAt(127)]).body?.['candidates']).toHaveLength(1)
  })

  test('a whole call, code and media arrive as they are', () => {
    const parts = [
      { functionCall: { id: 'c', name: 'f', args: { a: [1] } }, thoughtSignature: 's' },
      { executableCode: { language: 'PYTHON', code: 'print(1)' } },
      { codeExecutionResult: { outcome: 'OUTCOME_OK', output: '1' } },
      { inlineData: { mimeType: 'image/png', data: 'AA' } },
    ]
    const { body, deltas, hasContent } = assembled(gemini, [chunk(parts)])
    expect(body).toEqual({ candidates: [{ content: { parts, role: 'model' }, index: 0 }] })
    expect(deltas).toEqual([
      { kind: 'tool_call', channel: '0/tool/0', text: '{"a":[1]}' },
      { kind: 'tool_call', channel: '0/code', text: 'print(1)' },
    ])
    expect(hasContent).toBe(true)
  })

  test('media alone is no content to judge', () => {
    expect(assembled(gemini, [chunk([{ inlineData: { data: 'AA' } }, { text: '' }])]).hasContent).toBe(false)
  })

  test('a blocked prompt ends the stream', () => {
    const { body, isComplete } = assembled(gemini, [
      { promptFeedback: { blockReason: 'SAFETY' }, usageMetadata: { promptTokenCount: 4 } },
    ])
    expect(body).toEqual({ promptFeedback: { blockReason: 'SAFETY' }, usageMetadata: { promptTokenCount: 4 } })
    expect(isComplete).toBe(true)
  })

  test('an error in mid-stream is kept, and does not complete it', () => {
    const { body, isComplete } = assembled(gemini, [
      chunk([{ text: 'a' }]),
      { error: { code: 503, message: 'overloaded', status: 'UNAVAILABLE' } },
    ])
    expect(isComplete).toBe(false)
    expect(answered(gemini, body ?? {}).error).toEqual({ type: 'UNAVAILABLE', message: 'overloaded' })
  })

  test('a stream without alt=sse is an array: its elements, pushed one by one, give the same body', () => {
    const array: JsonRecord[] = [chunk([{ text: 'a' }]), chunk([{ text: 'b' }], { finishReason: 'STOP' })]
    const sse = streamed(gemini, createSseReader, [sseBytes(array.map((item) => JSON.stringify(item)))])
    expect(assembled(gemini, array).body).toEqual(sse.body)
  })
})

/** A chunk that carries one piece of a function call. */
const piece = (call: JsonRecord): JsonRecord => chunk([{ functionCall: call }])
const argsOf = (events: readonly JsonRecord[]): unknown[] => {
  const { body } = assembled(gemini, events)
  const parts = valueAt('/candidates/0/content/parts', body) as { functionCall: JsonRecord }[]
  return parts.map((part) => part.functionCall)
}
/** The arguments that these pieces make. */
const built = (...partialArgs: JsonRecord[]): unknown =>
  (argsOf([piece({ name: 'f', willContinue: true }), piece({ partialArgs })])[0] as JsonRecord)['args']

describe('function calls in pieces', () => {
  const cases: { why: string; pieces: JsonRecord[]; args: unknown }[] = [
    {
      why: 'texts of one path follow each other',
      pieces: [
        { jsonPath: '$.a', stringValue: 'x', willContinue: true },
        { jsonPath: '$.a', stringValue: 'y' },
      ],
      args: { a: 'xy' },
    },
    {
      why: 'numbers, booleans, null',
      pieces: [
        { jsonPath: '$.n', numberValue: 0 },
        { jsonPath: '$.b', boolValue: false },
        { jsonPath: '$.z', nullValue: 'NULL_VALUE' },
      ],
      args: { n: 0, b: false, z: null },
    },
    {
      why: 'snake_case',
      pieces: [
        { json_path: '$.a', string_value: 'x' },
        { json_path: '$.n', number_value: 2 },
        { json_path: '$.b', bool_value: true },
        { json_path: '$.z', null_value: 'NULL_VALUE' },
      ],
      args: { a: 'x', n: 2, b: true, z: null },
    },
    {
      why: 'objects and arrays in each other',
      pieces: [
        { jsonPath: '$.a[0].b', stringValue: 'x' },
        { jsonPath: '$.a[1][0]', numberValue: 1 },
        { jsonPath: '$.a[0].c.d', boolValue: true },
      ],
      args: { a: [{ b: 'x', c: { d: true } }, [1]] },
    },
    {
      why: 'quoted names',
      pieces: [
        { jsonPath: "$['a b']", stringValue: '1' },
        { jsonPath: '$["c.d"]', stringValue: '2' },
        { jsonPath: "$['it\\'s']", stringValue: '3' },
        { jsonPath: "$['']", stringValue: '4' },
      ],
      args: { 'a b': '1', 'c.d': '2', "it's": '3', '': '4' },
    },
    {
      why: 'names of every object are names',
      pieces: [
        { jsonPath: '$.__proto__.x', stringValue: '1' },
        { jsonPath: '$.constructor', stringValue: '2' },
      ],
      args: JSON.parse('{"__proto__":{"x":"1"},"constructor":"2"}'),
    },
    {
      why: 'a number replaces a text',
      pieces: [
        { jsonPath: '$.a', stringValue: 'x' },
        { jsonPath: '$.a', numberValue: 1 },
      ],
      args: { a: 1 },
    },
    {
      why: 'a later value replaces another kind',
      pieces: [
        { jsonPath: '$.a', numberValue: 1 },
        { jsonPath: '$.a', stringValue: 'x' },
      ],
      args: { a: 'x' },
    },
    {
      why: 'a far index is kept by its path',
      pieces: [{ jsonPath: '$.a[999999]', stringValue: 'x' }],
      args: { a: [], '$.a[999999]': 'x' },
    },
    {
      why: 'a path that cannot be read is kept as a name',
      pieces: [
        { jsonPath: '$..a', stringValue: 'x' },
        { jsonPath: 'a.b', stringValue: 'y' },
        { jsonPath: '$.a[*]', stringValue: 'z' },
      ],
      args: { '$..a': 'x', 'a.b': 'y', '$.a[*]': 'z' },
    },
    { why: 'the root itself is kept as a name', pieces: [{ jsonPath: '$', stringValue: 'x' }], args: { $: 'x' } },
    {
      why: 'a step into a value is kept by its path',
      pieces: [
        { jsonPath: '$.a', stringValue: 'x' },
        { jsonPath: '$.a.b', stringValue: 'y' },
        { jsonPath: '$.a[0]', stringValue: 'z' },
      ],
      args: { a: 'x', '$.a.b': 'y', '$.a[0]': 'z' },
    },
    {
      why: 'a value over a container is kept by its path',
      pieces: [
        { jsonPath: '$.a.b', stringValue: 'x' },
        { jsonPath: '$.a', stringValue: 'y' },
      ],
      args: { a: { b: 'x' }, '$.a': 'y' },
    },
    {
      why: 'names into arrays and indexes into objects',
      pieces: [
        { jsonPath: '$.a[0]', stringValue: 'x' },
        { jsonPath: '$.a.b', stringValue: 'y' },
        { jsonPath: '$[0]', stringValue: 'z' },
      ],
      args: { a: ['x'], '$.a.b': 'y', '$[0]': 'z' },
    },
    {
      why: 'a path too deep is kept as a name',
      pieces: [{ jsonPath: `$${'.a'.repeat(65)}`, stringValue: 'x' }],
      args: { [`$${'.a'.repeat(65)}`]: 'x' },
    },
    {
      why: 'a piece without path or value is nothing',
      pieces: [{ stringValue: 'x' }, { jsonPath: '$.a' }, { jsonPath: 7, stringValue: 'x' }],
      args: {},
    },
  ]
  test.each(cases)('$why', ({ pieces, args }) => {
    expect(built(...pieces)).toStrictEqual(args)
  })

  test('as deep as allowed', () => {
    let value = built({ jsonPath: `$${'.a'.repeat(64)}`, stringValue: 'x' })
    for (let i = 0; i < 64; i++) value = (value as JsonRecord)['a']
    expect(value).toBe('x')
  })

  test('no path touches what all objects share', () => {
    built(
      { jsonPath: '$.__proto__.polluted', stringValue: 'x' },
      { jsonPath: '$.constructor.prototype.polluted', stringValue: 'x' },
    )
    expect(({} as JsonRecord)['polluted']).toBeUndefined()
  })

  test('pieces that are no objects are passed over', () => {
    expect(argsOf([piece({ name: 'f', partialArgs: [null, 'x', 7, { jsonPath: '$.a', numberValue: 1 }] })])).toEqual([
      { name: 'f', args: { a: 1 } },
    ])
  })

  const calls: { why: string; events: JsonRecord[]; calls: unknown[] }[] = [
    {
      why: 'opened, filled, closed by an empty call',
      events: [
        piece({ name: 'f', id: '1', willContinue: true }),
        piece({ partialArgs: [{ jsonPath: '$.a', stringValue: 'x' }], willContinue: true }),
        piece({}),
      ],
      calls: [{ id: '1', name: 'f', args: { a: 'x' } }],
    },
    {
      why: 'closed by its last piece, without an empty call',
      events: [
        piece({ name: 'f', willContinue: true }),
        piece({ partialArgs: [{ jsonPath: '$.a', stringValue: 'x' }] }),
        piece({}),
      ],
      calls: [{ name: 'f', args: { a: 'x' } }],
    },
    {
      why: 'never closed: the next name opens the next call',
      events: [
        piece({ name: 'f', willContinue: true }),
        piece({ name: 'g', willContinue: true }),
        piece({ partialArgs: [{ jsonPath: '$.a', stringValue: 'x' }] }),
      ],
      calls: [
        { name: 'f', args: {} },
        { name: 'g', args: { a: 'x' } },
      ],
    },
    {
      why: 'what is closed is not gone on with',
      events: [
        piece({ name: 'f', willContinue: true }),
        piece({ partialArgs: [{ jsonPath: '$.a', stringValue: 'x' }] }),
        piece({ partialArgs: [{ jsonPath: '$.a', stringValue: 'y' }] }),
      ],
      calls: [{ name: 'f', args: { a: 'x' } }, { args: { a: 'y' } }],
    },
    {
      why: 'a bare name is a whole call',
      events: [piece({ name: 'f' }), piece({ name: 'f' })],
      calls: [
        { name: 'f', args: {} },
        { name: 'f', args: {} },
      ],
    },
    {
      why: 'the same id goes on',
      events: [
        piece({ name: 'f', id: '1', willContinue: true }),
        piece({ name: 'f', id: '1', partialArgs: [{ jsonPath: '$.a', stringValue: 'x' }], willContinue: true }),
      ],
      calls: [{ name: 'f', id: '1', args: { a: 'x' } }],
    },
    {
      why: 'another id is another call',
      events: [piece({ name: 'f', id: '1', willContinue: true }), piece({ name: 'f', id: '2', willContinue: true })],
      calls: [
        { name: 'f', id: '1', args: {} },
        { name: 'f', id: '2', args: {} },
      ],
    },
    {
      why: 'pieces whose start was lost',
      events: [
        piece({ partialArgs: [{ jsonPath: '$.a', stringValue: 'x' }], willContinue: true }),
        piece({ partialArgs: [{ jsonPath: '$.a', stringValue: 'y' }] }),
      ],
      calls: [{ args: { a: 'xy' } }],
    },
    {
      why: 'whole arguments after pieces',
      events: [piece({ name: 'f', willContinue: true }), piece({ args: { a: 1 } })],
      calls: [{ name: 'f', args: { a: 1 } }],
    },
    {
      why: 'snake_case',
      events: [
        chunk([{ function_call: { name: 'f', will_continue: true } }]),
        chunk([{ function_call: { partial_args: [{ json_path: '$.a', string_value: 'x' }] } }]),
      ],
      calls: [{ name: 'f', args: { a: 'x' } }],
    },
  ]
  test.each(calls)('$why', ({ events, calls }) => {
    expect(argsOf(events)).toEqual(calls)
  })

  test('an empty call without an open one is nothing, but content', () => {
    const { body, hasContent } = assembled(gemini, [piece({})])
    expect(body).toEqual({ candidates: [{ index: 0 }] })
    expect(hasContent).toBe(false)
    expect(assembled(gemini, [piece({ name: 'f' })]).hasContent).toBe(true)
  })

  test('pieces are shown as they come, by call', () => {
    const { deltas } = assembled(gemini, [
      piece({ name: 'f', willContinue: true }),
      piece({
        partialArgs: [
          { jsonPath: '$.a', stringValue: 'x' },
          { jsonPath: '$.a', stringValue: '' },
          { jsonPath: '$.n', numberValue: 7 },
        ],
      }),
      piece({ name: 'g', args: { b: 1 } }),
    ])
    expect(deltas).toEqual([
      { kind: 'tool_call', channel: '0/tool/0', text: 'x' },
      { kind: 'tool_call', channel: '0/tool/0', text: '7' },
      { kind: 'tool_call', channel: '0/tool/1', text: '{"b":1}' },
    ])
  })
})

/** Asks a server that answers so, through Google's own client. */
async function serve<T>(answer: () => Response, use: (ai: GoogleGenAI) => Promise<T>): Promise<T> {
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: answer })
  try {
    const baseUrl = `http://127.0.0.1:${server.port}`
    return await use(new GoogleGenAI({ apiKey: 'k', httpOptions: { baseUrl, retryOptions: { attempts: 1 } } }))
  } finally {
    await server.stop(true)
  }
}

function stopOf(events: JsonRecord[]): string {
  return new TextDecoder().decode(assembled(gemini, events).assembler.stop())
}

describe('what the SDK makes of it', () => {
  test('a stopped stream ends with the finish reason SAFETY, after the text before it', async () => {
    const { assembler } = assembled(gemini, [chunk([{ text: 'Hel' }], {}, { modelVersion: 'm', responseId: 'r' })])
    const text = `${new TextDecoder().decode(sseBytes([JSON.stringify(chunk([{ text: 'Hel' }]))]))}${new TextDecoder().decode(assembler.stop())}`
    const answer = () => new Response(text, { headers: { 'content-type': 'text/event-stream' } })
    const chunks = await serve(answer, async (ai) => {
      const seen = []
      for await (const part of await ai.models.generateContentStream({ model: 'm', contents: 'hi' })) seen.push(part)
      return seen
    })
    expect(chunks.map((part) => part.text)).toEqual(['Hel', undefined])
    expect(chunks[1]?.candidates?.[0]?.finishReason as string).toBe('SAFETY')
  })

  test('the bytes of a stop', () => {
    expect(stopOf([])).toBe('data: {"candidates":[{"finishReason":"SAFETY","index":0}]}\n\n')
    expect(stopOf([{ candidates: [{ index: 1 }, { index: 0 }], modelVersion: 'm', responseId: 'r' }])).toBe(
      'data: {"candidates":[{"finishReason":"SAFETY","index":0},{"finishReason":"SAFETY","index":1}],"modelVersion":"m","responseId":"r"}\n\n',
    )
    expect(stopOf([{ modelVersion: { deep: 1 }, responseId: 7 }])).toBe(
      'data: {"candidates":[{"finishReason":"SAFETY","index":0}]}\n\n',
    )
  })

  test('a stop completes the stream', () => {
    const { assembler } = assembled(gemini, [chunk([{ text: 'Hel' }])])
    const { body, isComplete, unread } = streamed(gemini, createSseReader, [assembler.stop()])
    expect({ reason: answered(gemini, body ?? {}).finishReason, isComplete, unread }).toEqual({
      reason: 'SAFETY',
      isComplete: true,
      unread: 0,
    })
  })

  test('an error is raised as ApiError with its status and text', async () => {
    const error = appError('guard.blocked', 'blocked by policy', { extra: { findings: [{ type: 'x' }] } })
    const answer = () => Response.json(gemini.renderError(error, 'req-1'), { status: error.status })
    const raised = await serve(answer, async (ai) => {
      try {
        await ai.models.generateContent({ model: 'm', contents: 'hi' })
        return null
      } catch (caught) {
        return caught
      }
    })
    expect(raised).toBeInstanceOf(ApiError)
    expect((raised as ApiError).status).toBe(403)
    expect((raised as ApiError).message).toContain('blocked by policy')
    expect((raised as ApiError).message).toContain('guard.blocked')
  })
})

describeWithData('recorded Gemini streams', () => {
  const recordings = recordedStreams(['google/chat'])
  const streams = recordings.filter(({ chunks }) => chunks.length > 0)
  const named = (name: string) => {
    const found = recordings.find((recording) => recording.name === name)
    if (found === undefined) throw new Error(`no recording ${name}`)
    return found
  }
  const bodyOf = (name: string) => streamed(gemini, createSseReader, [sseBytes(named(name).chunks)]).body ?? {}

  test('there are recordings', () => {
    expect(streams.length).toBe(8)
  })

  test.each(streams.map(({ name }) => name))('%s: any cut gives the same body and deltas', (name) => {
    const bytes = sseBytes(named(name).chunks)
    const whole = streamed(gemini, createSseReader, [bytes])
    expect(whole.unread).toBe(0)
    expect(whole.body).not.toBeNull()
    for (let seed = 1; seed <= 20; seed++)
      expect(streamed(gemini, createSseReader, cut(bytes, seed, 2 + seed * 3))).toEqual(whole)
    answered(gemini, whole.body ?? {})
  })

  test.each(streams.map(({ name }) => name))('%s: as an array it gives the same body', (name) => {
    expect(
      assembled(
        gemini,
        named(name).chunks.map((line) => JSON.parse(line) as JsonRecord),
      ).body,
    ).toEqual(bodyOf(name))
  })

  /** What each recording says, read by eye. */
  const views: {
    name: string
    text: string
    reasoning?: string
    calls: readonly (readonly [string, unknown])[]
    finish: string | null
    usage: JsonRecord
  }[] = [
    {
      name: 'google-text',
      text: 'There are **3** "r"s in strawberry.\n\nst**r**awbe**rr**y',
      calls: [],
      finish: 'STOP',
      usage: {
        promptTokenCount: 9,
        candidatesTokenCount: 23,
        totalTokenCount: 217,
        promptTokensDetails: [{ modality: 'TEXT', tokenCount: 9 }],
        thoughtsTokenCount: 185,
      },
    },
    {
      name: 'google-reasoning',
      text: 'There are **3** "r"s in strawberry.\n\nHere is the breakdown: st**r**awbe**rr**y.',
      calls: [],
      finish: 'STOP',
      usage: {
        promptTokenCount: 9,
        candidatesTokenCount: 29,
        totalTokenCount: 294,
        promptTokensDetails: [{ modality: 'TEXT', tokenCount: 9 }],
        thoughtsTokenCount: 256,
      },
    },
    {
      name: 'google-reasoning-gemini3',
      text: 'There are **3** "r"s in strawberry.\n\nSt**r**awbe**rr**y',
      calls: [],
      finish: 'STOP',
      usage: {
        promptTokenCount: 9,
        candidatesTokenCount: 23,
        totalTokenCount: 334,
        promptTokensDetails: [{ modality: 'TEXT', tokenCount: 9 }],
        thoughtsTokenCount: 302,
      },
    },
    {
      name: 'google-stream-tool-call-arguments',
      text: '',
      calls: [
        ['getWeather', { location: 'Boston' }],
        ['getWeather', { location: 'San Francisco' }],
      ],
      finish: 'STOP',
      usage: {
        promptTokenCount: 26,
        candidatesTokenCount: 23,
        totalTokenCount: 181,
        trafficType: 'ON_DEMAND',
        promptTokensDetails: [{ modality: 'TEXT', tokenCount: 26 }],
        candidatesTokensDetails: [{ modality: 'TEXT', tokenCount: 23 }],
        thoughtsTokenCount: 132,
      },
    },
    {
      name: 'google-stream-tool-call-array-arguments-missing-terminal-function-call',
      text: '',
      calls: [
        [
          'writeItems',
          {
            operations: [
              { action: 'add', description: 'Fresh red apple', itemid: 'apple_001', price: 0.5 },
              { action: 'add', description: 'Ripe yellow banana', itemid: 'banana_001', price: 0.3 },
            ],
          },
        ],
      ],
      finish: 'STOP',
      usage: {
        promptTokenCount: 54,
        candidatesTokenCount: 74,
        totalTokenCount: 249,
        trafficType: 'PROVISIONED_THROUGHPUT',
        promptTokensDetails: [{ modality: 'TEXT', tokenCount: 54 }],
        candidatesTokensDetails: [{ modality: 'TEXT', tokenCount: 74 }],
        thoughtsTokenCount: 121,
      },
    },
    {
      name: 'google-stream-no-args-tool-call',
      text: '',
      reasoning: '**Processing User Requests**',
      calls: [
        ['read_theme', {}],
        ['read_screen', { id: 'A' }],
        ['read_screen', { id: 'B' }],
        ['read_screen', { id: 'C' }],
      ],
      finish: 'STOP',
      usage: {
        promptTokenCount: 249,
        candidatesTokenCount: 58,
        totalTokenCount: 490,
        trafficType: 'PROVISIONED_THROUGHPUT',
        promptTokensDetails: [{ modality: 'TEXT', tokenCount: 249 }],
        candidatesTokensDetails: [{ modality: 'TEXT', tokenCount: 58 }],
        thoughtsTokenCount: 183,
      },
    },
  ]
  test.each(views)('$name: text, calls, finish reason and usage', ({ name, text, reasoning, calls, finish, usage }) => {
    const whole = streamed(gemini, createSseReader, [sseBytes(named(name).chunks)])
    const view = answered(gemini, whole.body ?? {})
    const texts = view.segments.filter(({ origin, kind }) => origin === 'assistant' && kind === 'text')
    expect(texts.map((part) => part.text).join('')).toBe(text)
    const thoughts = view.segments.filter(({ kind }) => kind === 'reasoning').map((part) => part.text)
    expect(thoughts.join('').startsWith(reasoning ?? '')).toBe(true)
    expect(thoughts).toHaveLength(reasoning === undefined ? 0 : 1)
    expect(view.toolCalls.map((call) => [call.name, JSON.parse(call.arguments)] as [string, unknown])).toEqual(
      calls as [string, unknown][],
    )
    expect(view.finishReason).toBe(finish)
    expect(whole.body?.['usageMetadata']).toEqual(usage)
    expect(whole.isComplete).toBe(true)
    expect(textsOf(whole.deltas)['0/text'] ?? '').toBe(text)
  })

  test('a deep structure in 76 pieces is put together whole', () => {
    const view = answered(gemini, bodyOf('google-vertex-stream-tool-call-arguments-nested.1'))
    expect(view.toolCalls).toHaveLength(1)
    const { recipe } = JSON.parse(view.toolCalls[0]?.arguments ?? '{}') as {
      recipe: { ingredients: { amount: string; name: string }[]; name: string; steps: string[] }
    }
    expect(Object.keys(recipe)).toEqual(['ingredients', 'name', 'steps'])
    expect(recipe.name).toBe('Lasagna')
    expect(recipe.ingredients).toHaveLength(10)
    expect(recipe.ingredients[0]).toEqual({ amount: '16 oz', name: 'Lasagna noodles' })
    expect(recipe.ingredients[9]).toEqual({ amount: '1/2 tsp', name: 'Pepper' })
    expect(recipe.steps).toHaveLength(10)
    expect(recipe.steps[1]).toBe('Cook lasagna noodles according to package directions, drain and set aside.')
    expect(recipe.steps[4]).toBe('In a 9x13 baking dish, spread a thin layer of meat sauce.')
  })

  /** No `.json` here is of the same call as its `.chunks.txt`: their response ids and texts differ. Only the form can be compared. */
  const pairs: { name: string; isSameCall: boolean }[] = [
    { name: 'google-text', isSameCall: false },
    { name: 'google-reasoning', isSameCall: false },
    { name: 'google-reasoning-gemini3', isSameCall: false },
  ]
  test('the table names every pair', () => {
    const found = recordings.filter(({ chunks, answer }) => chunks.length > 0 && answer !== null).map(({ name }) => name)
    expect(pairs.map(({ name }) => name).sort()).toEqual([...found].sort())
  })

  test.each(pairs)('$name: the assembled body has the form of the unstreamed one', ({ name, isSameCall }) => {
    const answer = named(name).answer as JsonRecord
    const body = bodyOf(name)
    expect(isSameCall).toBe(answer['responseId'] === body['responseId'])
    expect(shapeOf(body)).toEqual(shapeOf(answer))
    const view = answered(gemini, answer)
    expect(view.segments).toHaveLength(1)
    expect(view.finishReason).toBe('STOP')
  })

  test('live sessions speak another protocol: they are tolerated, and their usage kept', () => {
    const { body, isComplete } = streamed(gemini, createSseReader, [sseBytes(named('google-live-speech-translation').chunks)])
    expect(body?.['usageMetadata']).toMatchObject({ promptTokenCount: 25, responseTokenCount: 25 })
    expect(isComplete).toBe(false)
  })
})

/** Keys and types, without the values. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf)
  if (typeof value !== 'object' || value === null) return typeof value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shapeOf(inner)]))
}
