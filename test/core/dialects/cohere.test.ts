import { describe, expect, test } from 'bun:test'
import { cohere } from '../../../src/core/dialects/cohere.ts'
import type { Delta } from '../../../src/core/dialects/dialect.ts'
import { appError } from '../../../src/core/domain/errors.ts'
import type { JsonRecord } from '../../../src/core/domain/json.ts'
import { answered, expectNeverThrows, inspected, nested, segment, target } from '../../support/dialect-checks.ts'

describe('the path says what is asked', () => {
  const cases: { path: string; operation: string }[] = [
    { path: '/v2/chat', operation: 'chat' },
    { path: '/v1/chat', operation: 'chat' },
    { path: '/v2/embed', operation: 'embeddings' },
    { path: '/v1/embed', operation: 'embeddings' },
    { path: '/v2/rerank', operation: 'rerank' },
    { path: '/v1/rerank', operation: 'rerank' },
    { path: '/v1/generate', operation: 'text_completion' },
    { path: '/v1/models', operation: 'other' },
    { path: '/v1/constructor', operation: 'other' },
    { path: '/v2/chat/x', operation: 'other' },
    { path: '/v1/123', operation: 'other' },
  ]
  test.each(cases)('$path', ({ path, operation }) => {
    expect(cohere.readRequest({ model: 'command-a' }, target(path))).toMatchObject({
      operation,
      model: 'command-a',
      isStreaming: false,
      maxOutputTokens: null,
      choiceCount: 1,
      userId: null,
    })
  })

  test('settings', () => {
    const body = { stream: true, max_tokens: 7, num_generations: 3 }
    expect(cohere.readRequest(body, target('/v1/generate'))).toMatchObject({
      model: null,
      isStreaming: true,
      maxOutputTokens: 7,
      choiceCount: 3,
    })
    const odd = { model: 7, stream: 'yes', max_tokens: '7', num_generations: 0 }
    expect(cohere.readRequest(odd, target('/v2/chat'))).toMatchObject({
      model: null,
      isStreaming: false,
      maxOutputTokens: null,
      choiceCount: 1,
    })
  })

  test('parameters are what is neither text nor tool nor secret', () => {
    const texts = {
      messages: [],
      message: '',
      chat_history: [],
      preamble: '',
      prompt: '',
      documents: [],
      texts: [],
      inputs: [],
      images: [],
      query: '',
    }
    const body = {
      model: 'm',
      ...texts,
      tools: [],
      tool_results: [],
      connectors: [{ user_access_token: 's' }],
      stream: true,
      temperature: 0.3,
      top_n: 2,
    }
    expect(cohere.readRequest(body, target('/v2/chat')).parameters).toEqual({ temperature: 0.3, top_n: 2 })
  })
})

describe('requests', () => {
  test('a v2 chat: every role and kind of part, documents, tools', () => {
    const body = {
      model: 'command-a',
      messages: [
        { role: 'system', content: 'be brief' },
        { role: 'developer', content: 'be kind' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'what is this?' },
            { type: 'image_url', image_url: { url: 'data:' } },
          ],
        },
        {
          role: 'assistant',
          tool_plan: 'I will look.',
          content: [
            { type: 'thinking', thinking: 'hm' },
            { type: 'text', text: 'wait' },
          ],
          tool_calls: [{ id: 'c1', type: 'function', function: { name: 'look', arguments: '{"at":"it"}' } }],
        },
        {
          role: 'tool',
          tool_call_id: 'c1',
          content: [
            { type: 'document', document: { id: 'd', data: 'a cat' } },
            { type: 'document', document: { data: { title: 'T', n: 1 } } },
            'bare',
          ],
        },
        { role: 'oracle', content: 'of another time' },
      ],
      documents: ['plain', { id: 'doc2', data: { title: 'Rome', snippet: 'sunny' } }, { data: 'text data' }],
      tools: [{ type: 'function', function: { name: 'look', description: 'd' } }],
    }
    expect(inspected(cohere, '/v2/chat', body)).toEqual({
      segments: [
        segment('system', '/messages/0/content', 'be brief'),
        segment('system', '/messages/1/content', 'be kind'),
        segment('user', '/messages/2/content/0/text', 'what is this?'),
        segment('assistant', '/messages/3/tool_plan', 'I will look.', { kind: 'reasoning' }),
        segment('assistant', '/messages/3/content/0/thinking', 'hm', { kind: 'reasoning' }),
        segment('assistant', '/messages/3/content/1/text', 'wait'),
        segment('tool_call', '/messages/3/tool_calls/0/function/arguments', '{"at":"it"}', { name: 'look' }),
        segment('tool_result', '/messages/4/content/0/document/id', 'd'),
        segment('tool_result', '/messages/4/content/0/document/data', 'a cat'),
        segment('tool_result', '/messages/4/content/1/document/data/title', 'T'),
        segment('tool_result', '/messages/4/content/1/document/data/n', '1', { kind: 'json' }),
        segment('tool_result', '/messages/4/content/2', 'bare'),
        segment('user', '/messages/5/content', 'of another time'),
        segment('tool_result', '/documents/0', 'plain'),
        segment('tool_result', '/documents/1/id', 'doc2'),
        segment('tool_result', '/documents/1/data/title', 'Rome'),
        segment('tool_result', '/documents/1/data/snippet', 'sunny'),
        segment('tool_result', '/documents/2/data', 'text data'),
        segment('tool_definition', '/tools/0/function', '{"name":"look","description":"d"}', { kind: 'json', name: 'look' }),
      ],
      uninspected: [{ pointer: '/messages/2/content/1', reason: 'image_url' }],
    })
  })

  test('a v1 chat: preamble, history, results of tools', () => {
    const body = {
      preamble: 'be brief',
      message: 'and now?',
      chat_history: [
        { role: 'SYSTEM', message: 's' },
        { role: 'USER', message: 'u' },
        { role: 'CHATBOT', message: 'c', tool_calls: [{ name: 'look', parameters: { at: 'it' } }] },
        {
          role: 'TOOL',
          tool_results: [{ call: { name: 'look', parameters: { at: 'it' } }, outputs: [{ text: 'a cat', n: 1 }] }],
        },
        { role: 'ORACLE', message: 'o' },
      ],
      documents: [{ title: 'Rome', snippet: 'sunny' }],
      tool_results: [{ call: { name: 'now' }, outputs: 'noon' }, { outputs: [['x']] }],
      tools: [{ name: 'look', description: 'd', parameter_definitions: {} }],
    }
    expect(inspected(cohere, '/v1/chat', body)).toEqual({
      segments: [
        segment('system', '/preamble', 'be brief'),
        segment('system', '/chat_history/0/message', 's'),
        segment('user', '/chat_history/1/message', 'u'),
        segment('assistant', '/chat_history/2/message', 'c'),
        segment('tool_call', '/chat_history/2/tool_calls/0/parameters', '{"at":"it"}', { kind: 'json', name: 'look' }),
        segment('tool_call', '/chat_history/3/tool_results/0/call/parameters', '{"at":"it"}', { kind: 'json', name: 'look' }),
        segment('tool_result', '/chat_history/3/tool_results/0/outputs/0/text', 'a cat', { name: 'look' }),
        segment('tool_result', '/chat_history/3/tool_results/0/outputs/0/n', '1', { kind: 'json', name: 'look' }),
        segment('user', '/chat_history/4/message', 'o'),
        segment('user', '/message', 'and now?'),
        segment('tool_result', '/documents/0/title', 'Rome'),
        segment('tool_result', '/documents/0/snippet', 'sunny'),
        segment('tool_result', '/tool_results/0/outputs', 'noon', { name: 'now' }),
        segment('tool_result', '/tool_results/1/outputs/0', '["x"]', { kind: 'json' }),
        segment('tool_definition', '/tools/0', '{"name":"look","description":"d","parameter_definitions":{}}', {
          kind: 'json',
          name: 'look',
        }),
      ],
      uninspected: [],
    })
  })

  const forms: { why: string; path: string; body: unknown; texts: readonly string[]; skipped: readonly string[] }[] = [
    {
      why: 'texts to embed',
      path: '/v2/embed',
      body: { texts: ['one', 'two', null], images: ['data:', null] },
      texts: ['user /texts/0 one', 'user /texts/1 two'],
      skipped: ['/images/0 image'],
    },
    {
      why: 'mixed inputs to embed',
      path: '/v2/embed',
      body: { inputs: [{ content: [{ type: 'text', text: 'one' }, { type: 'image_url' }] }, { content: 'two' }, {}, 7] },
      texts: ['user /inputs/0/content/0/text one', 'user /inputs/1/content two'],
      skipped: ['/inputs/0/content/1 image_url', '/inputs/2 unknown input', '/inputs/3 unknown input'],
    },
    {
      why: 'texts to rank',
      path: '/v2/rerank',
      body: { query: 'capital?', documents: ['Rome', 'Paris'] },
      texts: ['user /query capital?', 'tool_result /documents/0 Rome', 'tool_result /documents/1 Paris'],
      skipped: [],
    },
    {
      why: 'rows to rank',
      path: '/v1/rerank',
      body: { query: 'capital?', documents: [{ text: 'Rome' }, { name: 'Paris', data: null, size: 2 }], rank_fields: ['name'] },
      texts: [
        'user /query capital?',
        'tool_result /documents/0/text Rome',
        'tool_result /documents/1/name Paris',
        'tool_result /documents/1/size 2',
      ],
      skipped: [],
    },
    { why: 'a prompt', path: '/v1/generate', body: { prompt: 'once' }, texts: ['user /prompt once'], skipped: [] },
    {
      why: 'a field of another path is no way round',
      path: '/v2/chat',
      body: { query: 'q', texts: 't' },
      texts: ['user /query q', 'user /texts t'],
      skipped: [],
    },
    {
      why: 'null everywhere',
      path: '/v2/chat',
      body: {
        messages: [null, { role: 'user', content: null, tool_plan: null, tool_calls: null }],
        documents: [null],
        chat_history: [null],
        tool_results: [null],
      },
      texts: [],
      skipped: ['/messages/0 not an object', '/chat_history/0 not an object', '/tool_results/0 not an object'],
    },
    {
      why: 'odd types are named or shown',
      path: '/v2/chat',
      body: {
        messages: [
          {
            role: 7,
            content: [
              7,
              {},
              { type: 'hologram' },
              { type: 7, text: 7 },
              { document: null },
              { text: 'a', thinking: 'b', document: 'c' },
            ],
          },
          { role: 'assistant', content: 7, tool_calls: [7, {}, { function: { arguments: { a: 1 } } }, { name: 'v1' }] },
        ],
        message: 7,
        tools: ['x', { function: 7, name: 'y' }],
        documents: 7,
      },
      texts: [
        'user /messages/0/content/5/text a',
        'user /messages/0/content/5/thinking b',
        'tool_result /messages/0/content/5/document c',
        'tool_call /messages/1/tool_calls/2/function/arguments {"a":1}',
        'user /message 7',
        'tool_result /documents 7',
        'tool_definition /tools/0 "x"',
        'tool_definition /tools/1 {"function":7,"name":"y"}',
      ],
      skipped: [
        '/messages/0/content/0 unknown part',
        '/messages/0/content/1 unknown part',
        '/messages/0/content/2 hologram',
        '/messages/0/content/3 unknown part',
        '/messages/0/content/4 unknown part',
        '/messages/1/content unknown part',
        '/messages/1/tool_calls/0 unknown tool call',
        '/messages/1/tool_calls/1 unknown tool call',
      ],
    },
    {
      why: 'a type is not repeated at length',
      path: '/v2/chat',
      body: { messages: [{ content: [{ type: 'x'.repeat(99) }] }] },
      texts: [],
      skipped: ['/messages/0/content/0 unknown part'],
    },
    {
      why: 'lists that are none',
      path: '/v2/chat',
      body: { messages: 'x', inputs: 7, chat_history: {}, tools: 1, tool_results: 2 },
      texts: [],
      skipped: [
        '/messages not an array',
        '/chat_history not an array',
        '/inputs not an array',
        '/tool_results not an array',
        '/tools not an array',
      ],
    },
    { why: 'no body where one belongs', path: '/v2/chat', body: undefined, texts: [], skipped: [' body is not JSON'] },
    { why: 'no body where none belongs', path: '/v1/models', body: undefined, texts: [], skipped: [] },
    { why: 'an array', path: '/v1/models', body: [], texts: [], skipped: [' body is not an object'] },
  ]
  test.each(forms)('$why', ({ path, body, texts, skipped }) => {
    const { segments, uninspected } = cohere.readRequest(body, target(path)).inspect()
    expect(segments.map(({ origin, pointer, text }) => `${origin} ${pointer} ${text}`)).toEqual([...texts])
    expect(uninspected.map(({ pointer, reason }) => `${pointer} ${reason}`)).toEqual([...skipped])
    if (body !== undefined) inspected(cohere, path, body)
  })
})

describe('answers', () => {
  test('a v2 chat', () => {
    const body = {
      id: 'x',
      message: {
        role: 'assistant',
        tool_plan: 'I will look.',
        content: [
          { type: 'thinking', thinking: 'hm' },
          { type: 'text', text: 'It is sunny.' },
        ],
        tool_calls: [{ id: 'c1', type: 'function', function: { name: 'look', arguments: '{"at":"it"}' } }],
      },
      finish_reason: 'TOOL_CALL',
      usage: {},
    }
    expect(answered(cohere, body)).toEqual({
      model: null,
      segments: [
        segment('assistant', '/message/tool_plan', 'I will look.', { kind: 'reasoning' }),
        segment('assistant', '/message/content/0/thinking', 'hm', { kind: 'reasoning' }),
        segment('assistant', '/message/content/1/text', 'It is sunny.'),
        segment('tool_call', '/message/tool_calls/0/function/arguments', '{"at":"it"}', { name: 'look' }),
      ],
      toolCalls: [{ id: 'c1', name: 'look', arguments: '{"at":"it"}', isServerSide: false }],
      finishReason: 'TOOL_CALL',
      error: null,
    })
  })

  test('a v1 chat', () => {
    const body = {
      text: 'Hi',
      generation_id: 'g',
      tool_calls: [{ name: 'look', parameters: { at: 'it' } }, 7],
      finish_reason: 'COMPLETE',
    }
    expect(answered(cohere, body)).toEqual({
      model: null,
      segments: [
        segment('assistant', '/text', 'Hi'),
        segment('tool_call', '/tool_calls/0/parameters', '{"at":"it"}', { kind: 'json', name: 'look' }),
      ],
      toolCalls: [{ id: null, name: 'look', arguments: '{"at":"it"}', isServerSide: false }],
      finishReason: 'COMPLETE',
      error: null,
    })
  })

  test('calls without a name, and what is no call', () => {
    const view = answered(cohere, {
      message: { role: 'oracle', content: 'a', tool_calls: [7, {}, { function: {} }] },
      generations: [7],
    })
    expect(view.toolCalls).toEqual([{ id: null, name: '', arguments: '', isServerSide: false }])
    expect(view.segments).toEqual([segment('assistant', '/message/content', 'a')])
  })

  const none = { model: null, segments: [], toolCalls: [], finishReason: null, error: null }
  const others: { why: string; body: JsonRecord; view: unknown }[] = [
    {
      why: 'generations',
      body: { generations: [{ text: 'a', finish_reason: 'MAX_TOKENS' }, { text: 'b', finish_reason: 'COMPLETE' }, 7] },
      view: {
        ...none,
        segments: [segment('assistant', '/generations/0/text', 'a'), segment('assistant', '/generations/1/text', 'b')],
        finishReason: 'MAX_TOKENS',
      },
    },
    {
      why: 'a message without a role is the model speaking',
      body: { message: { content: 'hi' } },
      view: { ...none, segments: [segment('assistant', '/message/content', 'hi')] },
    },
    { why: 'embeddings', body: { embeddings: { float: [[0.1]] }, texts: ['one'] }, view: none },
    { why: 'a ranking', body: { results: [{ index: 0, relevance_score: 0.5 }] }, view: none },
    {
      why: 'an error',
      body: { message: 'invalid api token' },
      view: { ...none, error: { type: null, message: 'invalid api token' } },
    },
    { why: 'an error with a type', body: { message: 'no', type: 'x' }, view: { ...none, error: { type: 'x', message: 'no' } } },
    {
      why: 'an error object',
      body: { error: { type: 't', message: 'm' } },
      view: { ...none, error: { type: 't', message: 'm' } },
    },
    { why: 'a model, where a server names one', body: { model: 'command-r' }, view: { ...none, model: 'command-r' } },
  ]
  test.each(others)('$why', ({ body, view }) => {
    expect(answered(cohere, body)).toEqual(view as never)
  })
})

test('endless nesting is named, and exhausts no stack', () => {
  const deep = nested((a) => ({ a }))
  const { segments, uninspected } = cohere.readRequest({ documents: [{ data: deep }] }, target('/v2/chat')).inspect()
  expect(segments).toEqual([])
  expect(uninspected).toEqual([{ pointer: '/documents/0/data/a', reason: 'nested too deeply' }])
  const deltas: Delta[] = []
  const assembler = cohere.assemble((delta) => deltas.push(delta))
  assembler.push({ event: null, data: { event_type: 'tool-calls-generation', tool_calls: [{ name: 'f', parameters: deep }] } })
  expect(deltas).toEqual([])
})

test('its name', () => {
  expect(cohere.name).toBe('cohere')
})

test('odd types never throw', () => {
  expectNeverThrows(() => cohere, {
    paths: ['/v2/chat', '/v1/chat', '/v2/embed', '/v1/rerank', '/v1/models'],
    keys: 'model messages message role content type text thinking document documents data tool_plan tool_calls function name arguments parameters chat_history tool_results call outputs tools texts inputs images query preamble prompt delta index event_type is_finished response finish_reason usage error generations citations tool_call_delta id'.split(
      ' ',
    ),
    words: [
      'user',
      'assistant',
      'CHATBOT',
      'message-start',
      'message-end',
      'stream-end',
      'text-generation',
      'tool-calls-generation',
      'thinking',
    ],
  })
})

test('the whole error form', () => {
  const error = appError('guard.blocked', 'no', { extra: { findings: [{ type: 'x' }] } })
  expect(cohere.renderError(error, 'req-1')).toEqual({
    message: 'no',
    type: 'security_enforcement_blocked',
    code: 'guard.blocked',
    request_id: 'req-1',
    findings: [{ type: 'x' }],
  })
})
