import { describe, expect, test } from 'bun:test'
import { Ollama } from 'ollama'
import type { Delta } from '../../../src/core/dialects/dialect.ts'
import { createNdjsonReader } from '../../../src/core/dialects/framing/ndjson.ts'
import { ollama } from '../../../src/core/dialects/ollama.ts'
import { appError } from '../../../src/core/domain/errors.ts'
import type { JsonRecord } from '../../../src/core/domain/json.ts'
import {
  answered,
  assembled,
  expectNeverThrows,
  inspected,
  nested,
  segment,
  streamed,
  target,
  textsOf,
} from '../../support/dialect-checks.ts'
import { cut } from '../../support/recorded.ts'

const ndjson = (lines: readonly JsonRecord[]) => lines.map((line) => `${JSON.stringify(line)}\n`).join('')
const bytesOf = (text: string) => new TextEncoder().encode(text)
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

describe('the path says what is asked', () => {
  const cases: { path: string; body: unknown; operation: string; isStreaming: boolean }[] = [
    { path: '/api/chat', body: {}, operation: 'chat', isStreaming: true },
    { path: '/api/chat', body: { stream: true }, operation: 'chat', isStreaming: true },
    { path: '/api/chat', body: { stream: false }, operation: 'chat', isStreaming: false },
    { path: '/api/chat', body: { stream: null }, operation: 'chat', isStreaming: true },
    { path: '/api/chat', body: undefined, operation: 'chat', isStreaming: true },
    { path: '/api/generate', body: {}, operation: 'text_completion', isStreaming: true },
    { path: '/api/generate', body: { stream: false }, operation: 'text_completion', isStreaming: false },
    { path: '/api/embed', body: { stream: true }, operation: 'embeddings', isStreaming: false },
    { path: '/api/embeddings', body: {}, operation: 'embeddings', isStreaming: false },
    { path: '/prefix/api/chat', body: {}, operation: 'chat', isStreaming: true },
    { path: '/api/pull', body: {}, operation: 'other', isStreaming: true },
    { path: '/api/push', body: {}, operation: 'other', isStreaming: true },
    { path: '/api/create', body: { stream: false }, operation: 'other', isStreaming: false },
    { path: '/api/show', body: {}, operation: 'other', isStreaming: false },
    { path: '/api/tags', body: undefined, operation: 'other', isStreaming: false },
    { path: '/api/constructor', body: {}, operation: 'other', isStreaming: false },
    { path: '/api/chat/x', body: {}, operation: 'other', isStreaming: false },
    { path: '/chat', body: {}, operation: 'other', isStreaming: false },
  ]
  test.each(cases.map((row) => ({ ...row, asked: JSON.stringify(row.body) })))(
    '$path $asked',
    ({ path, body, operation, isStreaming }) => {
      expect(ollama.readRequest(body, target(path))).toMatchObject({ operation, isStreaming, choiceCount: 1, userId: null })
    },
  )
})

test('its name', () => {
  expect(ollama.name).toBe('ollama')
})

describe('settings', () => {
  const cases: { why: string; path: string; body: JsonRecord; model: string | null; max: number | null }[] = [
    { why: 'none', path: '/api/chat', body: {}, model: null, max: null },
    { why: 'a cap', path: '/api/chat', body: { model: 'llama3', options: { num_predict: 7 } }, model: 'llama3', max: 7 },
    { why: 'no limit', path: '/api/chat', body: { model: 'llama3', options: { num_predict: -1 } }, model: 'llama3', max: null },
    { why: 'odd', path: '/api/chat', body: { model: 7, options: { num_predict: '7' } }, model: null, max: null },
    { why: 'options that are none', path: '/api/chat', body: { options: [] }, model: null, max: null },
    { why: 'an older call names its model', path: '/api/pull', body: { name: 'llama3' }, model: 'llama3', max: null },
    { why: 'a name in a chat is no model', path: '/api/chat', body: { name: 'llama3' }, model: null, max: null },
  ]
  test.each(cases)('$why', ({ path, body, model, max }) => {
    const view = ollama.readRequest(body, target(path))
    expect([view.model, view.maxOutputTokens]).toEqual([model, max])
  })

  test('parameters are what is neither text nor tool', () => {
    const texts = { messages: [], prompt: '', suffix: '', query: '', system: '', template: '', modelfile: '', input: '' }
    const body = {
      model: 'm',
      ...texts,
      context: [],
      images: [],
      tools: [],
      stream: true,
      options: { top_k: 1 },
      think: true,
      raw: true,
    }
    expect(ollama.readRequest(body, target('/api/chat')).parameters).toEqual({ options: { top_k: 1 }, think: true, raw: true })
  })
})

describe('requests', () => {
  test('a chat: every role, thinking, images, calls and tools', () => {
    const body = {
      model: 'qwen3',
      messages: [
        { role: 'system', content: 'be brief' },
        { role: 'user', content: 'what is this?', images: ['AA==', 'BB=='] },
        {
          role: 'assistant',
          content: '',
          thinking: 'let me see',
          tool_calls: [{ id: 'c1', function: { index: 0, name: 'look', arguments: { at: 'it' } } }],
        },
        { role: 'tool', tool_name: 'look', content: 'a cat' },
        { role: 'tool', name: 'older', content: 'a dog' },
        { role: 'oracle', content: 'of another time' },
      ],
      tools: [{ type: 'function', function: { name: 'look', parameters: { type: 'object' } } }],
    }
    expect(inspected(ollama, '/api/chat', body)).toEqual({
      segments: [
        segment('system', '/messages/0/content', 'be brief'),
        segment('user', '/messages/1/content', 'what is this?'),
        segment('assistant', '/messages/2/thinking', 'let me see', { kind: 'reasoning' }),
        segment('tool_call', '/messages/2/tool_calls/0/function/arguments', '{"at":"it"}', { kind: 'json', name: 'look' }),
        segment('tool_result', '/messages/3/content', 'a cat', { name: 'look' }),
        segment('tool_result', '/messages/4/content', 'a dog', { name: 'older' }),
        segment('user', '/messages/5/content', 'of another time'),
        segment('tool_definition', '/tools/0/function', '{"name":"look","parameters":{"type":"object"}}', {
          kind: 'json',
          name: 'look',
        }),
      ],
      uninspected: [
        { pointer: '/messages/1/images/0', reason: 'image' },
        { pointer: '/messages/1/images/1', reason: 'image' },
      ],
    })
  })

  test('a completion: every text, images, the turns before', () => {
    const body = {
      prompt: 'once',
      suffix: 'the end',
      system: 'be brief',
      template: '{{ .Prompt }}',
      images: ['AA=='],
      context: [1, 2, 3],
      raw: true,
    }
    expect(inspected(ollama, '/api/generate', body)).toEqual({
      segments: [
        segment('system', '/system', 'be brief'),
        segment('system', '/template', '{{ .Prompt }}'),
        segment('user', '/prompt', 'once'),
        segment('user', '/suffix', 'the end'),
      ],
      uninspected: [
        { pointer: '/images/0', reason: 'image' },
        { pointer: '/context', reason: 'token ids' },
      ],
    })
  })

  const forms: { why: string; path: string; body: unknown; texts: readonly string[]; skipped: readonly string[] }[] = [
    { why: 'one text to embed', path: '/api/embed', body: { input: 'one' }, texts: ['user /input one'], skipped: [] },
    {
      why: 'several texts to embed',
      path: '/api/embed',
      body: { input: ['one', 'two', null, 7] },
      texts: ['user /input/0 one', 'user /input/1 two', 'user /input/3 7'],
      skipped: [],
    },
    {
      why: 'the older embedding call',
      path: '/api/embeddings',
      body: { prompt: 'one' },
      texts: ['user /prompt one'],
      skipped: [],
    },
    { why: 'a search', path: '/api/web_search', body: { query: 'who' }, texts: ['user /query who'], skipped: [] },
    {
      why: 'a model in the making',
      path: '/api/create',
      body: { modelfile: 'FROM x', system: 's', messages: [{ role: 'user', content: 'u' }] },
      texts: ['system /system s', 'system /modelfile FROM x', 'user /messages/0/content u'],
      skipped: [],
    },
    {
      why: 'a prompt on the chat path is no way round',
      path: '/api/chat',
      body: { prompt: 'p' },
      texts: ['user /prompt p'],
      skipped: [],
    },
    {
      why: 'null everywhere',
      path: '/api/chat',
      body: {
        messages: [null, { role: 'user', content: null, images: null, tool_calls: null, thinking: null }],
        tools: null,
        images: [null],
      },
      texts: [],
      skipped: ['/messages/0 not an object'],
    },
    {
      why: 'odd types are named or shown',
      path: '/api/chat',
      body: {
        messages: [
          { role: 7, content: { a: 1 }, thinking: 7, tool_calls: [7, { function: 7 }, { function: { arguments: 'text' } }] },
          'x',
        ],
        tools: ['x', { function: 7 }],
        prompt: 7,
      },
      texts: [
        'user /messages/0/content {"a":1}',
        'tool_call /messages/0/tool_calls/2/function/arguments text',
        'user /prompt 7',
        'tool_definition /tools/0 "x"',
        'tool_definition /tools/1 {"function":7}',
      ],
      skipped: [
        '/messages/0/thinking unknown thinking',
        '/messages/0/tool_calls/0 unknown tool call',
        '/messages/0/tool_calls/1 unknown tool call',
        '/messages/1 not an object',
      ],
    },
    {
      why: 'lists that are none',
      path: '/api/chat',
      body: { messages: {}, tools: 7 },
      texts: [],
      skipped: ['/messages not an array', '/tools not an array'],
    },
    { why: 'one bare image', path: '/api/generate', body: { images: 'AA==' }, texts: [], skipped: ['/images image'] },
    { why: 'no turns before', path: '/api/generate', body: { context: [] }, texts: [], skipped: [] },
    { why: 'no body where one belongs', path: '/api/chat', body: undefined, texts: [], skipped: [' body is not JSON'] },
    { why: 'no body where none belongs', path: '/api/tags', body: undefined, texts: [], skipped: [] },
    { why: 'an array', path: '/api/tags', body: [], texts: [], skipped: [' body is not an object'] },
  ]
  test.each(forms)('$why', ({ path, body, texts, skipped }) => {
    const { segments, uninspected } = ollama.readRequest(body, target(path)).inspect()
    expect(segments.map(({ origin, pointer, text }) => `${origin} ${pointer} ${text}`)).toEqual([...texts])
    expect(uninspected.map(({ pointer, reason }) => `${pointer} ${reason}`)).toEqual([...skipped])
    if (body !== undefined) inspected(ollama, path, body)
  })
})

const CHAT: JsonRecord = {
  model: 'qwen3',
  created_at: '2026-11-20T10:00:03Z',
  message: {
    role: 'assistant',
    content: 'It is sunny.',
    thinking: 'I should look.',
    tool_calls: [
      { id: 'c1', function: { index: 0, name: 'weather', arguments: { city: 'Rome' } } },
      { function: { name: 'now', arguments: {} } },
    ],
  },
  done: true,
  done_reason: 'stop',
  total_duration: 100,
  prompt_eval_count: 11,
  eval_count: 7,
}
const CHAT_LINES: readonly JsonRecord[] = [
  {
    model: 'qwen3',
    created_at: '2026-11-20T10:00:00Z',
    message: { role: 'assistant', content: '', thinking: 'I should ' },
    done: false,
  },
  {
    model: 'qwen3',
    created_at: '2026-11-20T10:00:01Z',
    message: { role: 'assistant', content: '', thinking: 'look.' },
    done: false,
  },
  { model: 'qwen3', created_at: '2026-11-20T10:00:01Z', message: { role: 'assistant', content: 'It is ' }, done: false },
  {
    model: 'qwen3',
    created_at: '2026-11-20T10:00:02Z',
    message: {
      role: 'assistant',
      content: '',
      tool_calls: [{ id: 'c1', function: { index: 0, name: 'weather', arguments: { city: 'Rome' } } }],
    },
    done: false,
  },
  {
    model: 'qwen3',
    created_at: '2026-11-20T10:00:02Z',
    message: { role: 'assistant', content: 'sunny.', tool_calls: [{ function: { name: 'now', arguments: {} } }] },
    done: false,
  },
  {
    model: 'qwen3',
    created_at: '2026-11-20T10:00:03Z',
    message: { role: 'assistant', content: '' },
    done: true,
    done_reason: 'stop',
    total_duration: 100,
    prompt_eval_count: 11,
    eval_count: 7,
  },
]
const GENERATED: JsonRecord = {
  model: 'llama3',
  created_at: '2026-11-20T10:00:02Z',
  response: 'Once upon',
  thinking: 'a story',
  done: true,
  done_reason: 'length',
  context: [1, 2, 3],
  prompt_eval_count: 3,
  eval_count: 2,
  logprobs: [{ token: 'Once' }, { token: ' upon' }],
}
const GENERATED_LINES: readonly JsonRecord[] = [
  { model: 'llama3', created_at: '2026-11-20T10:00:00Z', response: '', thinking: 'a story', done: false },
  { model: 'llama3', created_at: '2026-11-20T10:00:00Z', response: 'Once', done: false, logprobs: [{ token: 'Once' }] },
  { model: 'llama3', created_at: '2026-11-20T10:00:01Z', response: ' upon', done: false, logprobs: [{ token: ' upon' }] },
  {
    model: 'llama3',
    created_at: '2026-11-20T10:00:02Z',
    response: '',
    done: true,
    done_reason: 'length',
    context: [1, 2, 3],
    prompt_eval_count: 3,
    eval_count: 2,
  },
]

describe('answers', () => {
  test('a chat', () => {
    expect(answered(ollama, CHAT)).toEqual({
      model: 'qwen3',
      segments: [
        segment('assistant', '/message/content', 'It is sunny.'),
        segment('assistant', '/message/thinking', 'I should look.', { kind: 'reasoning' }),
        segment('tool_call', '/message/tool_calls/0/function/arguments', '{"city":"Rome"}', { kind: 'json', name: 'weather' }),
        segment('tool_call', '/message/tool_calls/1/function/arguments', '{}', { kind: 'json', name: 'now' }),
      ],
      toolCalls: [
        { id: 'c1', name: 'weather', arguments: '{"city":"Rome"}', isServerSide: false },
        { id: null, name: 'now', arguments: '{}', isServerSide: false },
      ],
      finishReason: 'stop',
      error: null,
    })
  })

  test('a completion', () => {
    expect(answered(ollama, GENERATED)).toEqual({
      model: 'llama3',
      segments: [
        segment('assistant', '/response', 'Once upon'),
        segment('assistant', '/thinking', 'a story', { kind: 'reasoning' }),
      ],
      toolCalls: [],
      finishReason: 'length',
      error: null,
    })
  })

  test('an answer without a role is the model speaking', () => {
    expect(answered(ollama, { message: { content: 'hi' } }).segments).toEqual([segment('assistant', '/message/content', 'hi')])
  })

  test('a call without a name, and what is no call', () => {
    const view = answered(ollama, { message: { role: 'tool', tool_calls: [7, { function: {} }, {}] } })
    expect(view.toolCalls).toEqual([{ id: null, name: '', arguments: '', isServerSide: false }])
  })

  const none = { model: null, segments: [], toolCalls: [], finishReason: null, error: null }
  const others: { why: string; body: JsonRecord; view: unknown }[] = [
    { why: 'embeddings', body: { model: 'e', embeddings: [[0.1]], prompt_eval_count: 4 }, view: { ...none, model: 'e' } },
    { why: 'a list of models', body: { models: [{ name: 'x' }] }, view: none },
    {
      why: 'an error',
      body: { error: 'model "x" not found' },
      view: { ...none, error: { type: null, message: 'model "x" not found' } },
    },
    { why: 'odd types', body: { message: 'hi', response: 7, thinking: [], done_reason: 7 }, view: none },
  ]
  test.each(others)('$why', ({ body, view }) => {
    expect(answered(ollama, body)).toEqual(view as never)
  })
})

describe('streams', () => {
  const streams: { why: string; lines: readonly JsonRecord[]; body: JsonRecord; texts: { [channel: string]: string } }[] = [
    {
      why: 'a chat',
      lines: CHAT_LINES,
      body: CHAT,
      texts: { reasoning: 'I should look.', text: 'It is sunny.', 'tool/0': '{"city":"Rome"}', 'tool/1': '{}' },
    },
    { why: 'a completion', lines: GENERATED_LINES, body: GENERATED, texts: { reasoning: 'a story', text: 'Once upon' } },
  ]
  test.each(streams)('$why gives the unstreamed body, at any cut', ({ lines, body, texts }) => {
    const bytes = bytesOf(ndjson(lines))
    const whole = streamed(ollama, createNdjsonReader, [bytes])
    expect(whole.body).toEqual(body)
    expect(whole.isComplete).toBe(true)
    expect(whole.unread).toBe(0)
    expect(textsOf(whole.deltas)).toEqual(texts)
    for (let seed = 1; seed <= 20; seed++)
      expect(streamed(ollama, createNdjsonReader, cut(bytes, seed, seed * 4))).toEqual(whole)
    answered(ollama, whole.body ?? {})
  })

  test('kinds of what flows', () => {
    const { deltas } = assembled(ollama, CHAT_LINES)
    expect(deltas.map(({ kind, channel }) => `${kind} ${channel}`)).toEqual([
      'reasoning reasoning',
      'reasoning reasoning',
      'text text',
      'tool_call tool/0',
      'text text',
      'tool_call tool/1',
    ])
    expect(assembled(ollama, GENERATED_LINES).deltas.map(({ kind }) => kind)).toEqual(['reasoning', 'text', 'text'])
  })

  test('nothing yet', () => {
    const { body, hasContent, isComplete } = assembled(ollama, [])
    expect([body, hasContent, isComplete]).toEqual([null, false, false])
  })

  const firsts: { why: string; line: JsonRecord; hasContent: boolean }[] = [
    { why: 'an empty line of a chat', line: { message: { role: 'assistant', content: '', thinking: '' } }, hasContent: false },
    { why: 'text', line: { message: { content: 'a' } }, hasContent: true },
    { why: 'thinking', line: { message: { thinking: 'a' } }, hasContent: true },
    { why: 'a call', line: { message: { tool_calls: [{}] } }, hasContent: true },
    { why: 'what is no call', line: { message: { tool_calls: [7] } }, hasContent: true },
    {
      why: 'a call with empty arguments',
      line: { message: { tool_calls: [{ function: { arguments: '' } }] } },
      hasContent: true,
    },
    { why: 'a response', line: { response: 'a' }, hasContent: true },
    { why: 'thinking of a completion', line: { response: '', thinking: 'a' }, hasContent: true },
    { why: 'an empty response', line: { response: '', thinking: '' }, hasContent: false },
  ]
  test.each(firsts)('content begins with $why: $hasContent', ({ line, hasContent }) => {
    expect(assembled(ollama, [line]).hasContent).toBe(hasContent)
  })

  const ends: { why: string; lines: JsonRecord[]; isComplete: boolean }[] = [
    { why: 'not done', lines: [{ done: false }], isComplete: false },
    { why: 'done', lines: [{ done: false }, { done: true }], isComplete: true },
    { why: 'progress', lines: [{ status: 'pulling' }], isComplete: false },
    { why: 'success', lines: [{ status: 'pulling' }, { status: 'success' }], isComplete: true },
    { why: 'an error', lines: [{ message: { content: 'a' }, done: false }, { error: 'out of memory' }], isComplete: false },
  ]
  test.each(ends)('complete: $why', ({ lines, isComplete }) => {
    expect(assembled(ollama, lines).isComplete).toBe(isComplete)
  })

  test('an error in mid-stream is kept beside the text', () => {
    const { body } = assembled(ollama, [{ message: { content: 'a' } }, { error: 'out of memory' }])
    expect(answered(ollama, body ?? {})).toMatchObject({
      segments: [segment('assistant', '/message/content', 'a')],
      error: { type: null, message: 'out of memory' },
    })
  })

  test('nothing is shown of empty arguments', () => {
    expect(assembled(ollama, [{ message: { tool_calls: [{ function: { arguments: '' } }] } }]).deltas).toEqual([])
  })

  test('a plain answer has no thinking and no calls', () => {
    expect(assembled(ollama, [{ message: { role: 'assistant', content: 'a' }, done: true }]).body).toStrictEqual({
      done: true,
      message: { role: 'assistant', content: 'a' },
    })
  })

  test('a call without arguments, and with text for them', () => {
    const { deltas } = assembled(ollama, [
      { message: { tool_calls: [{ function: { name: 'f' } }, { function: { name: 'g', arguments: 'x' } }] } },
    ])
    expect(deltas.map(({ text }) => text)).toEqual(['{}', 'x'])
  })

  test('odd lines are passed over', () => {
    const { body } = assembled(ollama, [
      { event: null, data: 7 },
      { event: null, data: null },
      { event: null, data: { message: 'x', response: 7, thinking: null, logprobs: 'x', done: true } },
    ])
    expect(body).toEqual({ done: true })
  })
})

test('endless nesting is named, and exhausts no stack', () => {
  const deep = nested((a) => [a])
  const view = ollama.readRequest({ prompt: deep }, target('/api/generate'))
  expect(view.inspect()).toEqual({ segments: [], uninspected: [{ pointer: '/prompt', reason: 'nested too deeply' }] })
  const deltas: Delta[] = []
  const assembler = ollama.assemble((delta) => deltas.push(delta))
  assembler.push({ event: null, data: { message: { tool_calls: [{ function: { name: 'f', arguments: deep } }] } } })
  expect(deltas).toEqual([])
})

test('odd types never throw', () => {
  expectNeverThrows(() => ollama, {
    paths: ['/api/chat', '/api/generate', '/api/embed', '/api/tags'],
    keys: 'model messages role content thinking images tool_calls function name arguments prompt suffix system template input tools context options num_predict stream message response done done_reason error status logprobs tool_name'.split(
      ' ',
    ),
    words: ['user', 'assistant', 'tool', 'success'],
  })
})

/** Asks a server that answers so, through Ollama's own client. */
async function serve<T>(answer: () => Response, use: (client: Ollama) => Promise<T>): Promise<T> {
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: answer })
  try {
    return await use(new Ollama({ host: `http://127.0.0.1:${server.port}` }))
  } finally {
    await server.stop(true)
  }
}

const ask = { model: 'm', messages: [{ role: 'user', content: 'hi' }] }

describe("what Ollama's client makes of it", () => {
  test('a stopped chat ends well, with its reason', async () => {
    const { assembler } = assembled(ollama, CHAT_LINES.slice(0, 3))
    const text = ndjson(CHAT_LINES.slice(0, 3)) + textOf(assembler.stop())
    const answer = () => new Response(text, { headers: { 'content-type': 'application/x-ndjson' } })
    const parts = await serve(answer, async (client) => {
      const seen = []
      for await (const part of await client.chat({ ...ask, stream: true })) seen.push(part)
      return seen
    })
    expect(parts.map(({ message }) => message.content)).toEqual(['', '', 'It is ', ''])
    expect(parts.at(-1)).toMatchObject({ done: true, done_reason: 'content_filter' })
  })

  test('a refusal is raised as ResponseError with its text and status', async () => {
    const error = appError('limit.budget_exhausted', 'the budget is spent')
    const raised = await serve(
      () => Response.json(ollama.renderError(error, 'req-1'), { status: error.status }),
      async (client) => {
        try {
          await client.chat(ask)
          return null
        } catch (caught) {
          return caught
        }
      },
    )
    expect(raised).toBeInstanceOf(Error)
    expect(raised as object).toMatchObject({ name: 'ResponseError', error: 'the budget is spent', status_code: 429 })
  })
})

describe('stopping', () => {
  const stops: { why: string; lines: readonly JsonRecord[]; line: JsonRecord }[] = [
    {
      why: 'a chat',
      lines: CHAT_LINES.slice(0, 2),
      line: {
        model: 'qwen3',
        created_at: '2026-11-20T10:00:01Z',
        message: { role: 'assistant', content: '' },
        done: true,
        done_reason: 'content_filter',
      },
    },
    {
      why: 'a completion',
      lines: GENERATED_LINES.slice(0, 2),
      line: { model: 'llama3', created_at: '2026-11-20T10:00:00Z', response: '', done: true, done_reason: 'content_filter' },
    },
    {
      why: 'before anything came: both forms',
      lines: [],
      line: { message: { role: 'assistant', content: '' }, response: '', done: true, done_reason: 'content_filter' },
    },
  ]
  test.each(stops)('$why', ({ lines, line }) => {
    const bytes = assembled(ollama, lines).assembler.stop()
    expect(textOf(bytes)).toEndWith('}\n')
    expect(JSON.parse(textOf(bytes))).toEqual(line)
    const { isComplete, unread } = streamed(ollama, createNdjsonReader, [bytesOf(ndjson(lines)), bytes])
    expect({ isComplete, unread }).toEqual({ isComplete: true, unread: 0 })
  })
})

test('the whole error form', () => {
  const error = appError('guard.blocked', 'no', { extra: { findings: [{ type: 'x' }] } })
  expect(ollama.renderError(error, 'req-1')).toEqual({
    error: 'no',
    type: 'security_enforcement_blocked',
    code: 'guard.blocked',
    request_id: 'req-1',
    findings: [{ type: 'x' }],
  })
})
