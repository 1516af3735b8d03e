import { describe, expect, test } from 'bun:test'
import { appError } from '../../../src/core/domain/errors.ts'
import type { Json, JsonRecord } from '../../../src/core/domain/json.ts'
import type { Inspection } from '../../../src/core/domain/segment.ts'
import type { Delta } from '../../../src/core/dialects/dialect.ts'
import { openaiChat } from '../../../src/core/dialects/openai-chat.ts'
import { assembled, atPointer, segment, sseEvents } from '../../support/dialect.ts'

const TARGET = { path: '/v1/chat/completions', search: '' }

function inspect(body: Json): Inspection {
  return openaiChat.readRequest(body, TARGET).inspect()
}

describe('a chat request', () => {
  test('is of the dialect of that name', () => expect(openaiChat.name).toBe('openai-chat'))

  test('gives its settings, and leaves texts, tools and the end user out of its parameters', () => {
    const { inspect: _inspect, ...view } = openaiChat.readRequest(
      {
        model: 'gpt-5',
        messages: [{ role: 'user', content: 'hi' }],
        prediction: { type: 'content', content: 'x' },
        tools: [],
        functions: [],
        stream: true,
        user: 'u-1',
        safety_identifier: 's-1',
        n: 3,
        max_tokens: 10,
        max_completion_tokens: 20,
        temperature: 0.5,
        response_format: { type: 'json_object' },
      },
      TARGET,
    )
    expect(view).toEqual({
      operation: 'chat',
      model: 'gpt-5',
      isStreaming: true,
      maxOutputTokens: 20,
      choiceCount: 3,
      userId: 'u-1',
      parameters: {
        n: 3,
        max_tokens: 10,
        max_completion_tokens: 20,
        temperature: 0.5,
        response_format: { type: 'json_object' },
      },
    })
  })

  test.each<readonly [string, JsonRecord, JsonRecord]>([
    [
      'the larger cap holds, whichever field a server obeys',
      { max_completion_tokens: 1, max_tokens: 900 },
      { maxOutputTokens: 900 },
    ],
    ['one cap is enough', { max_tokens: 5 }, { maxOutputTokens: 5 }],
    ['a cap of 0 is a cap', { max_tokens: 0 }, { maxOutputTokens: 0 }],
    ['a negative cap means none', { max_tokens: -1 }, { maxOutputTokens: null }],
    ['a cap as text is none', { max_tokens: '5' }, { maxOutputTokens: null }],
    ['a negative count of answers is one', { n: -4 }, { choiceCount: 1 }],
    ['no answers are one', { n: 0 }, { choiceCount: 1 }],
    ['half an answer is one', { n: 1.5 }, { choiceCount: 1 }],
    ['a count as text is one', { n: '4' }, { choiceCount: 1 }],
    ['the newer end-user field', { safety_identifier: 's' }, { userId: 's' }],
    ['an empty end user is none', { user: '' }, { userId: null }],
    ['streaming is true and nothing else', { stream: 'true' }, { isStreaming: false }],
    ['a model that is no text is none', { model: 7 }, { model: null }],
  ])('%s', (_why, body, expected) => {
    expect(openaiChat.readRequest(body, TARGET)).toMatchObject(expected)
  })

  test.each<readonly [string, Json, Inspection['segments'], Inspection['uninspected']]>([
    ['no messages', {}, [], []],
    ['messages that are no list', { messages: { a: 1 } }, [], [{ pointer: '/messages', reason: 'not an array' }]],
    ['null for messages', { messages: null }, [], []],
    ['a message that is a text', { messages: ['hi'] }, [], [{ pointer: '/messages/0', reason: 'not an object' }]],
    [
      'all roles; unknown ones count as the user',
      {
        messages: [
          { role: 'system', content: 'a' },
          { role: 'developer', content: 'b' },
          { role: 'user', content: 'c' },
          { role: 'assistant', content: 'd' },
          { role: 'tool', content: 'e' },
          { role: 'function', content: 'f' },
          { role: 'judge', content: 'g' },
          { role: 'constructor', content: 'h' },
          { role: 5, content: 'i' },
          { content: 'j' },
        ],
      },
      [
        segment('system', '/messages/0/content', 'a'),
        segment('system', '/messages/1/content', 'b'),
        segment('user', '/messages/2/content', 'c'),
        segment('assistant', '/messages/3/content', 'd'),
        segment('tool_result', '/messages/4/content', 'e'),
        segment('tool_result', '/messages/5/content', 'f'),
        segment('user', '/messages/6/content', 'g'),
        segment('user', '/messages/7/content', 'h'),
        segment('user', '/messages/8/content', 'i'),
        segment('user', '/messages/9/content', 'j'),
      ],
      [],
    ],
    [
      'null and empty content',
      {
        messages: [
          { role: 'user', content: null },
          { role: 'user', content: '' },
        ],
      },
      [],
      [],
    ],
    ['no content', { messages: [{ role: 'user' }] }, [], []],
    [
      'content that is neither text nor parts',
      {
        messages: [
          { role: 'user', content: { text: 'x' } },
          { role: 'user', content: 3 },
        ],
      },
      [],
      [
        { pointer: '/messages/0/content', reason: 'not an array' },
        { pointer: '/messages/1/content', reason: 'not an array' },
      ],
    ],
    [
      'all kinds of part; those that are no text are named',
      {
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'a' },
              'b',
              { type: 'image_url', image_url: { url: 'data:' } },
              { type: 'input_audio', input_audio: {} },
              { type: 'file', file: {} },
              { type: 'refusal', refusal: 'c' },
              { type: 'text', text: 5 },
              { type: 7 },
              null,
              { type: 'new', text: 'd' },
            ],
          },
        ],
      },
      [
        segment('user', '/messages/0/content/0/text', 'a'),
        segment('user', '/messages/0/content/1', 'b'),
        segment('user', '/messages/0/content/5/refusal', 'c', { kind: 'refusal' }),
        segment('user', '/messages/0/content/9/text', 'd'),
      ],
      [
        { pointer: '/messages/0/content/2', reason: 'image_url' },
        { pointer: '/messages/0/content/3', reason: 'input_audio' },
        { pointer: '/messages/0/content/4', reason: 'file' },
        { pointer: '/messages/0/content/6', reason: 'text' },
        { pointer: '/messages/0/content/7', reason: 'unknown part' },
        { pointer: '/messages/0/content/8', reason: 'unknown part' },
      ],
    ],
    [
      'thinking as Mistral sends it',
      {
        messages: [
          {
            role: 'assistant',
            content: [
              {
                type: 'thinking',
                thinking: [
                  { type: 'text', text: 'a' },
                  { type: 'reference', reference_ids: [1] },
                ],
              },
              { type: 'thinking', thinking: 'b' },
              { type: 'thinking', thinking: 4 },
              { type: 'thinking', thinking: [5] },
            ],
          },
        ],
      },
      [
        segment('assistant', '/messages/0/content/0/thinking/0/text', 'a', { kind: 'reasoning' }),
        segment('assistant', '/messages/0/content/1/thinking', 'b', { kind: 'reasoning' }),
      ],
      [
        { pointer: '/messages/0/content/0/thinking/1', reason: 'unknown part' },
        { pointer: '/messages/0/content/2/thinking', reason: 'not an array' },
        { pointer: '/messages/0/content/3/thinking/0', reason: 'unknown part' },
      ],
    ],
    [
      'an assistant turn: reasoning, text, refusal, audio, calls',
      {
        messages: [
          {
            role: 'assistant',
            reasoning_content: 'r',
            reasoning: 'other',
            content: 'c',
            refusal: 'no',
            audio: { id: 'a1' },
            tool_calls: [
              { id: 'c1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } },
              { id: 'c2', type: 'custom', custom: { name: 'g', input: 'free' } },
              { id: 'c3', type: 'function', function: { name: 'h', arguments: { b: 2 } } },
              { id: 'c4', type: 'function', function: { arguments: null } },
              { id: 'c5', type: 'magic' },
              4,
            ],
            function_call: { name: 'old', arguments: '{}' },
          },
        ],
      },
      [
        segment('assistant', '/messages/0/reasoning_content', 'r', { kind: 'reasoning' }),
        segment('assistant', '/messages/0/reasoning', 'other', { kind: 'reasoning' }),
        segment('assistant', '/messages/0/content', 'c'),
        segment('assistant', '/messages/0/refusal', 'no', { kind: 'refusal' }),
        segment('tool_call', '/messages/0/tool_calls/0/function/arguments', '{"a":1}', { name: 'f' }),
        segment('tool_call', '/messages/0/tool_calls/1/custom/input', 'free', { name: 'g' }),
        segment('tool_call', '/messages/0/tool_calls/2/function/arguments', '{"b":2}', { kind: 'json', name: 'h' }),
        segment('tool_call', '/messages/0/function_call/arguments', '{}', { name: 'old' }),
      ],
      [
        { pointer: '/messages/0/audio', reason: 'audio' },
        { pointer: '/messages/0/tool_calls/4', reason: 'unknown tool call' },
        { pointer: '/messages/0/tool_calls/5', reason: 'unknown tool call' },
      ],
    ],
    [
      'reasoning where the first name is empty',
      {
        messages: [
          { role: 'assistant', reasoning_content: '', reasoning: 'r' },
          { role: 'assistant', reasoning: 5 },
        ],
      },
      [segment('assistant', '/messages/0/reasoning', 'r', { kind: 'reasoning' })],
      [],
    ],
    [
      'a result without an id bears no name, though a call without one came before',
      {
        messages: [
          { role: 'assistant', tool_calls: [{ function: { name: 'f', arguments: '' } }] },
          { role: 'tool', content: 'a' },
          { role: 'tool', tool_call_id: null, content: 'b' },
        ],
      },
      [segment('tool_result', '/messages/1/content', 'a'), segment('tool_result', '/messages/2/content', 'b')],
      [],
    ],
    [
      'reasoning sent under both names is one text',
      { messages: [{ role: 'assistant', reasoning_content: 'same', reasoning: 'same' }] },
      [segment('assistant', '/messages/0/reasoning_content', 'same', { kind: 'reasoning' })],
      [],
    ],
    [
      'results bear the name of the tool: their own, else that of the call they answer',
      {
        messages: [
          { role: 'assistant', tool_calls: [{ id: 'c1', function: { name: 'fetch', arguments: '' } }] },
          { role: 'tool', tool_call_id: 'c1', content: 'a' },
          { role: 'tool', tool_call_id: 'c1', name: 'own', content: [{ type: 'text', text: 'b' }, 'c'] },
          { role: 'tool', tool_call_id: 'c9', content: 'd' },
          { role: 'user', name: 'Eve', content: 'e' },
        ],
      },
      [
        segment('tool_result', '/messages/1/content', 'a', { name: 'fetch' }),
        segment('tool_result', '/messages/2/content/0/text', 'b', { name: 'own' }),
        segment('tool_result', '/messages/2/content/1', 'c', { name: 'own' }),
        segment('tool_result', '/messages/3/content', 'd'),
        segment('user', '/messages/4/content', 'e'),
      ],
      [],
    ],
    [
      'predicted output, as text and as parts',
      { prediction: { type: 'content', content: [{ type: 'text', text: 'p' }] } },
      [segment('user', '/prediction/content/0/text', 'p')],
      [],
    ],
    [
      'tools: the inner definition where there is one, without credentials',
      {
        tools: [
          { type: 'function', function: { name: 'f', description: 'd' } },
          { type: 'custom', custom: { name: 'g' } },
          { function: { name: 'h' } },
          { type: 'web_search', name: 'ws' },
          { type: 'mcp', mcp: { name: 'm', authorization: 'secret', headers: { a: 'b' } } },
          { type: 'x/y', 'x/y': { name: 'slash' } },
          JSON.parse('{"type":"__proto__","function":{"name":"hidden"}}') as Json,
          { type: 'function', function: 'text' },
          'odd',
        ],
        functions: [{ name: 'old' }, 5],
      },
      [
        segment('tool_definition', '/tools/0/function', '{"name":"f","description":"d"}', { kind: 'json', name: 'f' }),
        segment('tool_definition', '/tools/1/custom', '{"name":"g"}', { kind: 'json', name: 'g' }),
        segment('tool_definition', '/tools/2/function', '{"name":"h"}', { kind: 'json', name: 'h' }),
        segment('tool_definition', '/tools/3', '{"type":"web_search","name":"ws"}', { kind: 'json', name: 'ws' }),
        segment('tool_definition', '/tools/4/mcp', '{"name":"m"}', { kind: 'json', name: 'm' }),
        segment('tool_definition', '/tools/5/x~1y', '{"name":"slash"}', { kind: 'json', name: 'slash' }),
        segment('tool_definition', '/tools/6', '{"type":"__proto__","function":{"name":"hidden"}}', { kind: 'json' }),
        segment('tool_definition', '/tools/7', '{"type":"function","function":"text"}', { kind: 'json' }),
        segment('tool_definition', '/tools/8', '"odd"', { kind: 'json' }),
        segment('tool_definition', '/functions/0', '{"name":"old"}', { kind: 'json', name: 'old' }),
        segment('tool_definition', '/functions/1', '5', { kind: 'json' }),
      ],
      [],
    ],
    ['tools that are no list', { tools: 'x' }, [], [{ pointer: '/tools', reason: 'not an array' }]],
  ])('is inspected: %s', (_why, body, segments, uninspected) => {
    expect(inspect(body)).toEqual({ segments, uninspected })
  })
})

describe('a chat answer', () => {
  test('with everything a choice may hold', () => {
    const view = openaiChat.readAnswer({
      id: 'x',
      model: 'gpt-5-2026',
      choices: [
        {
          index: 0,
          finish_reason: 'tool_calls',
          message: {
            role: 'assistant',
            reasoning: 'r',
            content: 'c',
            refusal: 'no',
            audio: { id: 'a', transcript: 'said', data: '…' },
            tool_calls: [
              { id: 'c1', function: { name: 'f', arguments: '{}' } },
              { id: 5, custom: { name: 'g', input: 'x' } },
            ],
            function_call: { name: 'old', arguments: { a: 1 } },
          },
        },
        { index: 1, finish_reason: 'stop', message: { content: [{ type: 'text', text: 'second' }] } },
        { index: 2, message: null },
        'odd',
      ],
    })
    expect(view).toEqual({
      model: 'gpt-5-2026',
      finishReason: 'tool_calls',
      error: null,
      segments: [
        segment('assistant', '/choices/0/message/reasoning', 'r', { kind: 'reasoning' }),
        segment('assistant', '/choices/0/message/content', 'c'),
        segment('assistant', '/choices/0/message/refusal', 'no', { kind: 'refusal' }),
        segment('assistant', '/choices/0/message/audio/transcript', 'said'),
        segment('tool_call', '/choices/0/message/tool_calls/0/function/arguments', '{}', { name: 'f' }),
        segment('tool_call', '/choices/0/message/tool_calls/1/custom/input', 'x', { name: 'g' }),
        segment('tool_call', '/choices/0/message/function_call/arguments', '{"a":1}', { kind: 'json', name: 'old' }),
        segment('assistant', '/choices/1/message/content/0/text', 'second'),
      ],
      toolCalls: [
        { id: 'c1', name: 'f', arguments: '{}', isServerSide: false },
        { id: null, name: 'g', arguments: 'x', isServerSide: false },
        { id: null, name: 'old', arguments: '{"a":1}', isServerSide: false },
      ],
    })
  })

  test.each<readonly [string, JsonRecord, JsonRecord]>([
    [
      'an error object',
      { error: { type: 'invalid_request_error', message: 'no' } },
      { error: { type: 'invalid_request_error', message: 'no' } },
    ],
    ['an error text', { error: 'no' }, { error: { type: null, message: 'no' } }],
    ['a null error is none', { error: null }, { error: null }],
    [
      'the first finish reason that is there',
      { choices: ['odd', {}, { finish_reason: 'length' }] },
      { finishReason: 'length' },
    ],
    [
      'calls without a name',
      { choices: [{ message: { tool_calls: [{ function: { arguments: 'a' } }], function_call: { arguments: 'b' } } }] },
      {
        toolCalls: [
          { id: null, name: '', arguments: 'a', isServerSide: false },
          { id: null, name: '', arguments: 'b', isServerSide: false },
        ],
      },
    ],
    ['nothing at all', {}, { model: null, finishReason: null, error: null, segments: [], toolCalls: [] }],
  ])('with %s', (_why, body, expected) => {
    expect(openaiChat.readAnswer(body)).toMatchObject(expected)
  })
})

const HEAD = { id: 'cc-1', object: 'chat.completion.chunk', created: 7, model: 'm', system_fingerprint: 'fp' }

function chunk(delta: JsonRecord, more: JsonRecord = {}): JsonRecord {
  return { ...HEAD, choices: [{ index: 0, delta, finish_reason: null, ...more }] }
}

function choice(index: number, delta: JsonRecord, reason: string | null = null): JsonRecord {
  return { index, delta, finish_reason: reason }
}

describe('a chat stream', () => {
  test('nothing readable is no body, no content, no end', () => {
    const { assembler, deltas } = assembled(openaiChat, [null, 'x', 5, []])
    expect([assembler.body(), assembler.hasContent(), assembler.isComplete(), deltas]).toEqual([null, false, false, []])
  })

  test('text, refusal, reasoning, audio and calls are put together as the unstreamed answer', () => {
    const { assembler, deltas } = assembled(openaiChat, [
      chunk({ role: 'assistant', content: '' }),
      chunk({ reasoning_content: 'th' }),
      chunk({ reasoning_content: 'ink' }),
      chunk({ content: 'Hel' }),
      chunk({ content: 'lo' }),
      chunk({ refusal: 'n' }),
      chunk({ refusal: 'o' }),
      chunk({ audio: { id: 'au', transcript: 'la' } }),
      chunk({ audio: { transcript: 'la' } }),
      chunk({ tool_calls: [{ index: 0, id: 'c1', type: 'function', function: { name: 'f', arguments: '' } }] }),
      chunk({ tool_calls: [{ index: 0, function: { arguments: '{"a"' } }] }),
      chunk({ tool_calls: [{ index: 0, function: { arguments: ':1}' } }] }),
      chunk({ tool_calls: [{ index: 1, id: 'c2', type: 'custom', custom: { name: 'g', input: 'in' } }] }),
      chunk({ tool_calls: [{ index: 1, custom: { input: 'put' } }] }),
      chunk({ function_call: { name: 'old', arguments: '{' } }),
      chunk({ function_call: { arguments: '}' } }),
      chunk({}, { finish_reason: 'tool_calls' }),
      { ...HEAD, choices: [], usage: { prompt_tokens: 1 }, service_tier: 'flex' },
    ])
    expect(assembler.body()).toEqual({
      id: 'cc-1',
      created: 7,
      model: 'm',
      system_fingerprint: 'fp',
      service_tier: 'flex',
      object: 'chat.completion',
      choices: [
        {
          index: 0,
          finish_reason: 'tool_calls',
          message: {
            role: 'assistant',
            content: 'Hello',
            reasoning_content: 'think',
            refusal: 'no',
            audio: { id: 'au', transcript: 'lala' },
            function_call: { name: 'old', arguments: '{}' },
            tool_calls: [
              { id: 'c1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } },
              { id: 'c2', type: 'custom', custom: { name: 'g', input: 'input' } },
            ],
          },
        },
      ],
      usage: { prompt_tokens: 1 },
    })
    expect(assembler.isComplete()).toBe(true)
    expect(deltas).toEqual([
      { kind: 'reasoning', channel: '0/reasoning', text: 'th' },
      { kind: 'reasoning', channel: '0/reasoning', text: 'ink' },
      { kind: 'text', channel: '0/text', text: 'Hel' },
      { kind: 'text', channel: '0/text', text: 'lo' },
      { kind: 'text', channel: '0/refusal', text: 'n' },
      { kind: 'text', channel: '0/refusal', text: 'o' },
      { kind: 'text', channel: '0/audio', text: 'la' },
      { kind: 'text', channel: '0/audio', text: 'la' },
      { kind: 'tool_call', channel: '0/tool/0', text: '{"a"' },
      { kind: 'tool_call', channel: '0/tool/0', text: ':1}' },
      { kind: 'tool_call', channel: '0/tool/1', text: 'in' },
      { kind: 'tool_call', channel: '0/tool/1', text: 'put' },
      { kind: 'tool_call', channel: '0/function', text: '{' },
      { kind: 'tool_call', channel: '0/function', text: '}' },
    ] satisfies Delta[])
  })

  test.each<readonly [string, readonly Json[], Json]>([
    ['no content stays null', [chunk({ role: 'assistant', content: null })], { role: 'assistant', content: null }],
    ['empty content stays empty', [chunk({ content: '' })], { role: 'assistant', content: '' }],
    ['another role is kept', [chunk({ role: 'model', content: 'x' }), chunk({ role: '' })], { role: 'model', content: 'x' }],
    [
      'reasoning under the name that the server uses',
      [chunk({ reasoning_content: '' }), chunk({ reasoning: 'a', reasoning_content: null }), chunk({ reasoning: 'b' })],
      { role: 'assistant', content: null, reasoning: 'ab' },
    ],
    [
      'parts of text and thinking keep their order (Mistral)',
      [
        chunk({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'a' }, { text: 'b' }, 5] }] }),
        chunk({
          content: [
            { type: 'thinking', thinking: 'c' },
            { type: 'thinking', thinking: null },
          ],
        }),
        chunk({
          content: [
            { type: 'text', text: 'd' },
            { type: 'reference', reference_ids: [1] },
          ],
        }),
        chunk({ content: '' }),
        chunk({ content: 'e' }),
      ],
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: [{ type: 'text', text: 'abc' }] },
          { type: 'text', text: 'de' },
        ],
      },
    ],
    [
      'text before parts becomes the first part',
      [chunk({ content: 'a' }), chunk({ content: [{ type: 'thinking', thinking: 'b' }] })],
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'a' },
          { type: 'thinking', thinking: [{ type: 'text', text: 'b' }] },
        ],
      },
    ],
    [
      'a whole message in a chunk',
      [{ ...HEAD, choices: [{ index: 0, message: { role: 'assistant', content: 'all' }, finish_reason: 'stop' }] }],
      { role: 'assistant', content: 'all' },
    ],
    [
      'nothing but thinking, whatever empty or odd parts come with it',
      [
        chunk({ content: [{ type: 'thinking', thinking: 'a' }] }),
        chunk({ content: [5, null, { type: 'reference', reference_ids: [1] }] }),
        chunk({ content: '' }),
      ],
      { role: 'assistant', content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'a' }] }] },
    ],
    [
      'audio without a transcript',
      [chunk({ audio: { id: 'a', data: 'x' } }), chunk({ audio: { id: 'b', expires_at: 1 } })],
      { role: 'assistant', content: null, audio: { id: 'a', transcript: '' } },
    ],
    [
      'a legacy call whose name comes late',
      [chunk({ function_call: { arguments: 'a' } }), chunk({ function_call: { name: 'f', arguments: 'b' } })],
      { role: 'assistant', content: null, function_call: { name: 'f', arguments: 'ab' } },
    ],
    [
      'a legacy call that never has a name',
      [chunk({ function_call: { arguments: 'a' } })],
      { role: 'assistant', content: null, function_call: { name: '', arguments: 'a' } },
    ],
    [
      'arguments that are null or missing are empty',
      [
        chunk({ tool_calls: [{ index: 0, id: 'a', function: { name: 'f', arguments: null } }] }),
        chunk({ function_call: { name: 'g' } }),
        chunk({ function_call: { arguments: null } }),
      ],
      {
        role: 'assistant',
        content: null,
        function_call: { name: 'g', arguments: '' },
        tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '' } }],
      },
    ],
    [
      'arguments as an object',
      [chunk({ tool_calls: [{ index: 0, id: 'a', function: { name: 'f', arguments: { x: 1 } } }] })],
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{"x":1}' } }],
      },
    ],
    [
      'a legacy call as an object, its name repeated',
      [chunk({ function_call: { name: 'f', arguments: { x: 1 } } }), chunk({ function_call: { name: 'f' } })],
      { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{"x":1}' } },
    ],
  ])('%s', (_why, payloads, message) => {
    const { assembler } = assembled(openaiChat, payloads)
    expect(atPointer(assembler.body(), '/choices/0/message')).toEqual(message)
  })

  test.each<readonly [string, readonly JsonRecord[], readonly (readonly [string | null, string, string])[]]>([
    [
      'a name repeated in every chunk is one name',
      [
        { index: 0, id: 'a', function: { name: 'f', arguments: '1' } },
        { index: 0, id: 'a', function: { name: 'f', arguments: '2' } },
      ],
      [['a', 'f', '12']],
    ],
    [
      'a new id without a name is the same call',
      [
        { index: 0, id: 'a', function: { name: 'f', arguments: '1' } },
        { index: 0, id: 'b', function: { arguments: '2' } },
      ],
      [['a', 'f', '12']],
    ],
    [
      'a new id with a name is a new call, though the index is the same',
      [
        { index: 0, id: 'a', function: { name: 'f', arguments: '1' } },
        { index: 0, id: 'b', function: { name: 'g', arguments: '2' } },
        { index: 0, function: { arguments: '3' } },
      ],
      [
        ['a', 'f', '1'],
        ['b', 'g', '23'],
      ],
    ],
    [
      'without indexes the id decides',
      [
        { id: 'a', function: { name: 'f', arguments: '1' } },
        { id: 'b', function: { name: 'g', arguments: '2' } },
        { id: 'a', function: { arguments: '3' } },
      ],
      [
        ['a', 'f', '13'],
        ['b', 'g', '2'],
      ],
    ],
    [
      'without index and id it is the last call',
      [
        { id: 'a', function: { name: 'f', arguments: '1' } },
        { id: 'b', function: { name: 'g', arguments: '2' } },
        { function: { arguments: '3' } },
      ],
      [
        ['a', 'f', '1'],
        ['b', 'g', '23'],
      ],
    ],
    ['without index and id it is the first call of all', [{ function: { name: 'f', arguments: '1' } }], [[null, 'f', '1']]],
    [
      'an id that comes late is taken',
      [
        { index: 0, function: { name: 'f', arguments: '1' } },
        { index: 0, id: 'a', function: { name: 'f', arguments: '2' } },
      ],
      [['a', 'f', '12']],
    ],
    [
      'calls stand in the order of their coming, also past a gap',
      [
        { index: 4, id: 'a', function: { name: 'f', arguments: '1' } },
        { index: 2, id: 'b', function: { name: 'g', arguments: '2' } },
        { index: 4, function: { arguments: '3' } },
      ],
      [
        ['a', 'f', '13'],
        ['b', 'g', '2'],
      ],
    ],
    ['a call of no known kind is passed over', [{ index: 0, id: 'a', type: 'magic' }], []],
    [
      'a new index is a new call, also without an id',
      [
        { index: 0, id: 'a', function: { name: 'f', arguments: '1' } },
        { index: 1, id: 'b', function: { name: 'g', arguments: '2' } },
        { index: 5, function: { name: 'h', arguments: '3' } },
      ],
      [
        ['a', 'f', '1'],
        ['b', 'g', '2'],
        [null, 'h', '3'],
      ],
    ],
    [
      'a name repeated without the id is the same call',
      [
        { index: 0, id: 'a', function: { name: 'f', arguments: '1' } },
        { index: 0, function: { name: 'f', arguments: '2' } },
      ],
      [['a', 'f', '12']],
    ],
  ])('%s', (_why, calls, expected) => {
    const { assembler } = assembled(
      openaiChat,
      calls.map((call) => chunk({ tool_calls: [call] })),
    )
    const view = openaiChat.readAnswer(assembler.body() ?? {})
    expect(view.toolCalls.map((call) => [call.id, call.name, call.arguments] as const)).toEqual([...expected])
  })

  test('several choices are kept apart, and complete only together', () => {
    const { assembler, deltas } = assembled(openaiChat, [
      { ...HEAD, choices: [choice(0, { content: 'a' }), choice(1, { content: 'b' })] },
      { ...HEAD, choices: [choice(1, { content: 'c' }), choice(0, {}, 'stop')] },
    ])
    expect(assembler.isComplete()).toBe(false)
    expect(sseEvents(assembler.stop())[0]).toMatchObject({ data: { choices: [{ index: 1, finish_reason: 'content_filter' }] } })
    assembler.push({ event: null, data: { ...HEAD, choices: [choice(1, {}, 'length')] } })
    expect(assembler.isComplete()).toBe(true)
    expect(assembler.body()?.['choices']).toEqual([
      { index: 0, message: { role: 'assistant', content: 'a' }, finish_reason: 'stop' },
      { index: 1, message: { role: 'assistant', content: 'bc' }, finish_reason: 'length' },
    ])
    expect(deltas.map(({ channel, text }) => `${channel} ${text}`)).toEqual(['0/text a', '1/text b', '1/text c'])
  })

  test('thinking and text in parts are shown in their order', () => {
    const { deltas } = assembled(openaiChat, [
      chunk({
        content: [
          { type: 'thinking', thinking: [{ type: 'text', text: 'a' }] },
          { type: 'text', text: 'b' },
        ],
      }),
    ])
    expect(deltas).toEqual([
      { kind: 'reasoning', channel: '0/reasoning', text: 'a' },
      { kind: 'text', channel: '0/text', text: 'b' },
    ])
  })

  test('odd choices and calls are passed over', () => {
    const { assembler } = assembled(openaiChat, [
      { choices: [null, 5, 'x', { index: 0, delta: { tool_calls: [null, 5, 'x'], content: 'a' } }] },
    ])
    expect(assembler.body()?.['choices']).toEqual([
      { index: 0, message: { role: 'assistant', content: 'a' }, finish_reason: null },
    ])
  })

  test('a tier that came stays', () => {
    const { assembler } = assembled(openaiChat, [{ service_tier: 'flex' }, { service_tier: null }, {}])
    expect(assembler.body()?.['service_tier']).toBe('flex')
  })

  test('a missing index is the first choice; odd ones are passed over', () => {
    const { assembler } = assembled(openaiChat, [
      { choices: [{ delta: { content: 'a' } }] },
      ...[-1, 0.5, 128, 1e300, '0', {}].map((index) => ({ choices: [{ index, delta: { content: 'x' } }] })),
      { choices: [{ index: 127, delta: { content: 'z' } }] },
    ])
    const choices = assembler.body()?.['choices'] as readonly JsonRecord[]
    expect(choices).toHaveLength(128)
    expect([choices[0], choices[127]]).toMatchObject([{ message: { content: 'a' } }, { message: { content: 'z' } }])
  })

  test('tool calls are bounded', () => {
    const calls = Array.from({ length: 1100 }, (_, index) => ({
      index,
      id: `c${index}`,
      function: { name: 'f', arguments: '' },
    }))
    const noIndex = { id: 'late', function: { name: 'f', arguments: 'x' } }
    const { assembler, deltas } = assembled(openaiChat, [chunk({ tool_calls: [...calls, noIndex] })])
    expect(openaiChat.readAnswer(assembler.body() ?? {}).toolCalls).toHaveLength(1024)
    expect(deltas).toEqual([])
  })

  test.each<readonly [string, readonly Json[], Json]>([
    ['at the top', [{ usage: { a: 1 } }, { usage: null }, {}], { a: 1 }],
    ['the last one counts', [{ usage: { a: 1 } }, { usage: { a: 2 } }], { a: 2 }],
    ['in x_groq', [{ x_groq: { usage: { a: 3 } } }], { a: 3 }],
    ['in a choice', [{ choices: [{ index: 0, delta: {}, usage: { a: 4 } }] }], { a: 4 }],
    ['the top wins over a choice', [{ usage: { a: 5 }, choices: [{ index: 0, usage: { a: 4 } }] }], { a: 5 }],
    ['nowhere', [{ id: 'x' }], undefined],
  ])('usage %s', (_why, payloads, usage) => {
    expect(assembled(openaiChat, payloads).assembler.body()?.['usage']).toEqual(usage)
  })

  test('an empty first head is filled by a later one, a full one stays', () => {
    const { assembler } = assembled(openaiChat, [
      { id: '', created: 0, model: '', choices: [], prompt_filter_results: [] },
      { id: 'a', created: 1, model: 'm', choices: [] },
      { id: 'b', created: 2, model: 'n', choices: [] },
    ])
    expect(assembler.body()).toEqual({ id: 'a', created: 1, model: 'm', object: 'chat.completion', choices: [] })
  })

  test('an error in mid-stream is kept beside the text', () => {
    const { assembler } = assembled(openaiChat, [chunk({ content: 'a' }), { error: { type: 'server_error', message: 'gone' } }])
    expect(assembler.isComplete()).toBe(false)
    expect(openaiChat.readAnswer(assembler.body() ?? {})).toMatchObject({
      segments: [segment('assistant', '/choices/0/message/content', 'a')],
      error: { type: 'server_error', message: 'gone' },
    })
  })

  test('a tool call is content before its first argument', () => {
    const { assembler, deltas } = assembled(openaiChat, [chunk({ role: 'assistant', content: null })])
    expect(assembler.hasContent()).toBe(false)
    assembler.push({
      event: null,
      data: chunk({ tool_calls: [{ index: 0, id: 'a', function: { name: 'f', arguments: '' } }] }),
    })
    expect([assembler.hasContent(), deltas]).toEqual([true, []])
  })

  test('a legacy call is content before its first argument', () => {
    const { assembler } = assembled(openaiChat, [chunk({ function_call: { name: 'f', arguments: '' } })])
    expect(assembler.hasContent()).toBe(true)
  })

  test('works without anyone listening', () => {
    const assembler = openaiChat.assemble(null)
    assembler.push({ event: null, data: chunk({ content: 'a' }) })
    expect(assembler.hasContent()).toBe(true)
  })

  test('is stopped by a last chunk of the same stream and [DONE]', () => {
    const { assembler } = assembled(openaiChat, [chunk({ content: 'a' })])
    expect(sseEvents(assembler.stop())).toEqual([
      {
        event: null,
        data: {
          id: 'cc-1',
          object: 'chat.completion.chunk',
          created: 7,
          model: 'm',
          choices: [{ index: 0, delta: {}, finish_reason: 'content_filter' }],
        },
      },
      { event: null, data: '[DONE]' },
    ])
  })

  test('is stopped before its first event', () => {
    expect(sseEvents(openaiChat.assemble(null).stop())[0]?.data).toEqual({
      id: '',
      object: 'chat.completion.chunk',
      created: 0,
      model: '',
      choices: [{ index: 0, delta: {}, finish_reason: 'content_filter' }],
    })
  })
})

test('an error is the object that OpenAI clients read', () => {
  expect(
    openaiChat.renderError(appError('limit.budget_exhausted', 'no more', { extra: { scope: 'tenant' } }), 'req-1'),
  ).toEqual({
    error: {
      message: 'no more',
      type: 'cost_cap_exceeded',
      code: 'limit.budget_exhausted',
      param: null,
      request_id: 'req-1',
      scope: 'tenant',
    },
  })
})
