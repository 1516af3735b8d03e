import { describe, expect, test } from 'bun:test'
import { appError, type AppErrorCode } from '../../../src/core/domain/errors.ts'
import type { Json, JsonRecord } from '../../../src/core/domain/json.ts'
import type { Inspection, Segment } from '../../../src/core/domain/segment.ts'
import type { ToolCall } from '../../../src/core/dialects/dialect.ts'
import { anthropicMessages } from '../../../src/core/dialects/anthropic-messages.ts'
import { assembled, atPointer, segment, sseEvents } from '../../support/dialect.ts'

const TARGET = { path: '/v1/messages', search: '' }

/** One user message with these blocks; pointers of the blocks begin with `/messages/0/content/N`. */
function userMessage(...content: readonly Json[]): JsonRecord {
  return { messages: [{ role: 'user', content }] }
}

const AT = '/messages/0/content'

describe('a Messages request', () => {
  test('is of the dialect of that name', () => expect(anthropicMessages.name).toBe('anthropic-messages'))

  test('gives its settings, and leaves texts, tools, secrets and the end user out of its parameters', () => {
    const { inspect: _inspect, ...view } = anthropicMessages.readRequest(
      {
        model: 'claude-x',
        system: 's',
        messages: [],
        tools: [],
        stream: true,
        metadata: { user_id: 'u-1' },
        compaction: { instructions: 'x' },
        context_management: { edits: [] },
        mcp_servers: [{ authorization_token: 'secret' }],
        fallback_credit_token: 'secret',
        max_tokens: 100,
        thinking: { type: 'enabled', budget_tokens: 50 },
        n: 4,
      },
      TARGET,
    )
    expect(view).toEqual({
      operation: 'chat',
      model: 'claude-x',
      isStreaming: true,
      maxOutputTokens: 100,
      choiceCount: 1,
      userId: 'u-1',
      parameters: { max_tokens: 100, thinking: { type: 'enabled', budget_tokens: 50 }, n: 4 },
    })
  })

  test.each([
    ['/v1/messages/count_tokens', 'count_tokens'],
    ['/anthropic/v1/messages/count_tokens', 'count_tokens'],
    ['/v1/messages', 'chat'],
    ['/v1/messages/count_tokens/x', 'chat'],
  ] as const)('%s asks for %s', (path, operation) => {
    expect(anthropicMessages.readRequest({}, { path, search: '' }).operation).toBe(operation)
  })

  test.each<readonly [string, JsonRecord, JsonRecord]>([
    ['no end user', { metadata: {} }, { userId: null }],
    ['an empty end user is none', { metadata: { user_id: '' } }, { userId: null }],
    ['metadata of an odd type', { metadata: 'x' }, { userId: null }],
    ['streaming is true and nothing else', { stream: 'true' }, { isStreaming: false }],
    ['no cap', {}, { maxOutputTokens: null, model: null }],
  ])('%s', (_why, body, expected) => {
    expect(anthropicMessages.readRequest(body, TARGET)).toMatchObject(expected)
  })

  test.each<readonly [string, Json, Inspection['segments'], Inspection['uninspected']]>([
    ['nothing', {}, [], []],
    ['a system text', { system: 'a' }, [segment('system', '/system', 'a')], []],
    [
      'system blocks',
      { system: [{ type: 'text', text: 'a', cache_control: {} }, 'b', 5] },
      [segment('system', '/system/0/text', 'a'), segment('system', '/system/1', 'b')],
      [{ pointer: '/system/2', reason: 'unknown block' }],
    ],
    [
      'what should be a list and is not',
      { system: { text: 'a' }, messages: 'x', tools: 4 },
      [],
      [
        { pointer: '/system', reason: 'not an array' },
        { pointer: '/messages', reason: 'not an array' },
        { pointer: '/tools', reason: 'not an array' },
      ],
    ],
    [
      'all roles; unknown ones count as the user',
      {
        messages: [
          { role: 'user', content: 'a' },
          { role: 'assistant', content: 'b' },
          { role: 'system', content: 'c' },
          { role: 'tool', content: 'd' },
          { role: 'judge', content: 'e' },
          { role: 'valueOf', content: 'f' },
          { content: 'g' },
          'h',
          { role: 'user', content: null },
          { role: 'user' },
          { role: 'user', content: '' },
          { role: 'user', content: 7 },
        ],
      },
      [
        segment('user', '/messages/0/content', 'a'),
        segment('assistant', '/messages/1/content', 'b'),
        segment('system', '/messages/2/content', 'c'),
        segment('tool_result', '/messages/3/content', 'd'),
        segment('user', '/messages/4/content', 'e'),
        segment('user', '/messages/5/content', 'f'),
        segment('user', '/messages/6/content', 'g'),
      ],
      [
        { pointer: '/messages/7', reason: 'not an object' },
        { pointer: '/messages/11/content', reason: 'not an array' },
      ],
    ],
    [
      'text, images, files and unknown blocks',
      userMessage(
        { type: 'text', text: 'a' },
        { type: 'image', source: { type: 'base64', data: 'x' } },
        { type: 'container_upload', file_id: 'f' },
        { type: 'new', text: 'b' },
        { type: 'newer', body: 'c' },
        { type: 'text', text: 5 },
        { text: 'd' },
        { type: 'fallback', from: {}, to: {} },
        { type: 'text', text: 'e', thinking: 'f' },
        { type: 'tool_addition', tool: 'odd' },
      ),
      [
        segment('user', `${AT}/0/text`, 'a'),
        segment('user', `${AT}/3/text`, 'b'),
        segment('user', `${AT}/6/text`, 'd'),
        segment('user', `${AT}/8/text`, 'e'),
      ],
      [
        { pointer: `${AT}/1`, reason: 'image' },
        { pointer: `${AT}/2`, reason: 'container_upload' },
        { pointer: `${AT}/4`, reason: 'newer' },
        { pointer: `${AT}/5`, reason: 'text' },
      ],
    ],
    [
      'documents: title, context, inline text and content; other sources are named',
      userMessage(
        { type: 'document', title: 't', context: 'c', source: { type: 'text', media_type: 'text/plain', data: 'inline' } },
        { type: 'document', source: { type: 'content', content: 'one' } },
        {
          type: 'document',
          source: {
            type: 'content',
            content: [
              { type: 'text', text: 'two' },
              { type: 'image', source: {} },
            ],
          },
        },
        { type: 'document', title: null, source: { type: 'base64', data: 'JVBE' } },
        { type: 'document', source: { type: 'url', url: 'u' } },
        { type: 'document', source: { type: 'text', data: 5 } },
        { type: 'document' },
      ),
      [
        segment('user', `${AT}/0/title`, 't'),
        segment('user', `${AT}/0/context`, 'c'),
        segment('user', `${AT}/0/source/data`, 'inline'),
        segment('user', `${AT}/1/source/content`, 'one'),
        segment('user', `${AT}/2/source/content/0/text`, 'two'),
      ],
      [
        { pointer: `${AT}/2/source/content/1`, reason: 'image' },
        { pointer: `${AT}/3/source`, reason: 'document' },
        { pointer: `${AT}/4/source`, reason: 'document' },
        { pointer: `${AT}/5/source`, reason: 'document' },
        { pointer: `${AT}/6/source`, reason: 'document' },
      ],
    ],
    [
      'a result without an id bears no name, though a use without one came before',
      {
        messages: [
          { role: 'assistant', content: [{ type: 'tool_use', name: 'f' }] },
          {
            role: 'user',
            content: [
              { type: 'tool_result', content: 'a' },
              { type: 'tool_result', tool_use_id: null, content: 'b' },
            ],
          },
        ],
      },
      [
        segment('tool_result', '/messages/1/content/0/content', 'a'),
        segment('tool_result', '/messages/1/content/1/content', 'b'),
      ],
      [],
    ],
    [
      'results that hold more than their text, or null in its place',
      userMessage({
        type: 'tool_result',
        content: [
          { type: 'picture', text: 'caption', source: { type: 'url' } },
          { type: 'hollow', content: null, lines: null },
          { type: 'download', text: 'name', file_id: 'f' },
          { type: 'download', text: 'name', data: '' },
        ],
      }),
      [
        segment('tool_result', `${AT}/0/content/0/text`, 'caption'),
        segment('tool_result', `${AT}/0/content/2/text`, 'name'),
        segment('tool_result', `${AT}/0/content/3/text`, 'name'),
      ],
      [
        { pointer: `${AT}/0/content/0`, reason: 'picture' },
        { pointer: `${AT}/0/content/1`, reason: 'hollow' },
        { pointer: `${AT}/0/content/2`, reason: 'download' },
      ],
    ],
    [
      'search results are results',
      userMessage({ type: 'search_result', source: 'https://x', title: 't', content: [{ type: 'text', text: 'a' }] }),
      [segment('tool_result', `${AT}/0/title`, 't'), segment('tool_result', `${AT}/0/content/0/text`, 'a')],
      [],
    ],
    [
      'an assistant turn: thinking, compaction, uses of tools',
      {
        messages: [
          {
            role: 'assistant',
            content: [
              { type: 'thinking', thinking: 'a', signature: 's' },
              { type: 'thinking', thinking: null },
              { type: 'redacted_thinking', data: 'x' },
              { type: 'compaction', content: 'b' },
              { type: 'compaction', content: null, encrypted_content: 'x' },
              { type: 'tool_use', id: 'u1', name: 'f', input: { a: 1 } },
              { type: 'tool_use', id: 'u2', name: 'g', input: '{"broken' },
              { type: 'tool_use', id: 5, input: null },
              { type: 'server_tool_use', id: 'u3', name: 'web_search', input: { query: 'q' } },
              { type: 'mcp_tool_use', id: 'u4', name: 'm', server_name: 's', input: {} },
            ],
          },
        ],
      },
      [
        segment('assistant', `${AT}/0/thinking`, 'a', { kind: 'reasoning' }),
        segment('assistant', `${AT}/3/content`, 'b', { kind: 'reasoning' }),
        segment('tool_call', `${AT}/5/input`, '{"a":1}', { kind: 'json', name: 'f' }),
        segment('tool_call', `${AT}/6/input`, '{"broken', { name: 'g' }),
        segment('tool_call', `${AT}/8/input`, '{"query":"q"}', { kind: 'json', name: 'web_search' }),
        segment('tool_call', `${AT}/9/input`, '{}', { kind: 'json', name: 'm' }),
      ],
      [
        { pointer: `${AT}/1`, reason: 'thinking' },
        { pointer: `${AT}/2`, reason: 'redacted_thinking' },
        { pointer: `${AT}/4/encrypted_content`, reason: 'encrypted' },
      ],
    ],
    [
      'results bear the name of the tool that they answer',
      {
        messages: [
          { role: 'assistant', content: [{ type: 'tool_use', id: 'u1', name: 'fetch', input: {} }] },
          {
            role: 'user',
            content: [
              { type: 'tool_result', tool_use_id: 'u1', content: 'a' },
              {
                type: 'tool_result',
                tool_use_id: 'u1',
                content: [
                  { type: 'text', text: 'b' },
                  { type: 'image', source: { type: 'base64' } },
                  { type: 'search_result', source: 's', title: 'c', content: [{ type: 'text', text: 'd' }] },
                  { type: 'document', title: 'e', source: { type: 'text', data: 'f' } },
                  { type: 'tool_reference', tool_name: 'x' },
                  'g',
                  null,
                  5,
                  { type: 'mystery', payload: 'x' },
                  {},
                ],
              },
              { type: 'tool_result', tool_use_id: 'u9', content: 'h' },
              { type: 'tool_result', tool_use_id: 'u1' },
              { type: 'tool_result', tool_use_id: 'u1', content: '' },
            ],
          },
        ],
      },
      [
        segment('tool_call', '/messages/0/content/0/input', '{}', { kind: 'json', name: 'fetch' }),
        segment('tool_result', '/messages/1/content/0/content', 'a', { name: 'fetch' }),
        segment('tool_result', '/messages/1/content/1/content/0/text', 'b', { name: 'fetch' }),
        segment('tool_result', '/messages/1/content/1/content/2/title', 'c', { name: 'fetch' }),
        segment('tool_result', '/messages/1/content/1/content/2/content/0/text', 'd', { name: 'fetch' }),
        segment('tool_result', '/messages/1/content/1/content/3/title', 'e', { name: 'fetch' }),
        segment('tool_result', '/messages/1/content/1/content/3/source/data', 'f', { name: 'fetch' }),
        segment('tool_result', '/messages/1/content/1/content/5', 'g', { name: 'fetch' }),
        segment('tool_result', '/messages/1/content/2/content', 'h'),
      ],
      [
        { pointer: '/messages/1/content/1/content/1', reason: 'image' },
        { pointer: '/messages/1/content/1/content/7', reason: 'unknown block' },
        { pointer: '/messages/1/content/1/content/8', reason: 'mystery' },
        { pointer: '/messages/1/content/1/content/9', reason: 'unknown block' },
      ],
    ],
    [
      'results of the provider’s own tools',
      userMessage(
        {
          type: 'web_search_tool_result',
          tool_use_id: 'x',
          content: [{ type: 'web_search_result', title: 'a', url: 'u', encrypted_content: 'E' }],
        },
        { type: 'web_search_tool_result', content: { type: 'web_search_tool_result_error', error_code: 'unavailable' } },
        {
          type: 'web_fetch_tool_result',
          content: {
            type: 'web_fetch_result',
            url: 'u',
            content: { type: 'document', title: 'b', source: { type: 'text', data: 'c' } },
          },
        },
        {
          type: 'bash_code_execution_tool_result',
          content: {
            type: 'bash_code_execution_result',
            stdout: 'd',
            stderr: 'e',
            return_code: 0,
            content: [{ type: 'bash_code_execution_output', file_id: 'f' }],
          },
        },
        {
          type: 'text_editor_code_execution_tool_result',
          content: { type: 'text_editor_code_execution_view_result', content: 'f', num_lines: 1 },
        },
        {
          type: 'text_editor_code_execution_tool_result',
          content: { type: 'text_editor_code_execution_str_replace_result', lines: ['-g', '+h', ''] },
        },
        {
          type: 'text_editor_code_execution_tool_result',
          content: { type: 'text_editor_code_execution_create_result', is_file_update: false },
        },
        {
          type: 'text_editor_code_execution_tool_result',
          content: { type: 'text_editor_code_execution_tool_result_error', error_code: 'x', error_message: 'i' },
        },
        { type: 'mcp_tool_result', tool_use_id: 'y', is_error: false, content: [{ type: 'text', text: 'j' }] },
        {
          type: 'tool_search_tool_result',
          content: { type: 'tool_search_tool_search_result', tool_references: [{ type: 'tool_reference', tool_name: 'z' }] },
        },
        { type: 'advisor_tool_result', content: { type: 'advisor_result', text: 'k' } },
        { type: 'advisor_tool_result', content: { type: 'advisor_redacted_result', encrypted_content: 'E' } },
      ),
      [
        segment('tool_result', `${AT}/0/content/0/title`, 'a', { name: 'web_search' }),
        segment('tool_result', `${AT}/2/content/content/title`, 'b', { name: 'web_fetch' }),
        segment('tool_result', `${AT}/2/content/content/source/data`, 'c', { name: 'web_fetch' }),
        segment('tool_result', `${AT}/3/content/stdout`, 'd', { name: 'bash_code_execution' }),
        segment('tool_result', `${AT}/3/content/stderr`, 'e', { name: 'bash_code_execution' }),
        segment('tool_result', `${AT}/4/content/content`, 'f', { name: 'text_editor_code_execution' }),
        segment('tool_result', `${AT}/5/content/lines/0`, '-g', { name: 'text_editor_code_execution' }),
        segment('tool_result', `${AT}/5/content/lines/1`, '+h', { name: 'text_editor_code_execution' }),
        segment('tool_result', `${AT}/7/content/error_message`, 'i', { name: 'text_editor_code_execution' }),
        segment('tool_result', `${AT}/8/content/0/text`, 'j', { name: 'mcp' }),
        segment('tool_result', `${AT}/10/content/text`, 'k', { name: 'advisor' }),
      ],
      [
        { pointer: `${AT}/0/content/0`, reason: 'web_search_result' },
        { pointer: `${AT}/3/content/content/0`, reason: 'bash_code_execution_output' },
        { pointer: `${AT}/11/content`, reason: 'advisor_redacted_result' },
      ],
    ],
    [
      'tools, also those listed or added in mid-conversation, without credentials',
      {
        tools: [
          { name: 'f', description: 'd', input_schema: {} },
          { type: 'web_search_20250305', name: 'web_search' },
          { type: 'mcp_toolset', mcp_server_name: 's', authorization_token: 'secret' },
          { type: 'nameless' },
          'odd',
        ],
        messages: [
          {
            role: 'user',
            content: [
              { type: 'mcp_tool_listing', mcp_server_name: 's', tools: [{ name: 'g' }] },
              { type: 'tool_addition', tool: { type: 'tool_definition', definition: { name: 'h' } } },
              { type: 'tool_addition', tool: { type: 'tool_reference', name: 'f' } },
              { type: 'tool_removal', tool: { type: 'tool_reference', name: 'f' } },
            ],
          },
        ],
      },
      [
        segment('tool_definition', `${AT}/0/tools/0`, '{"name":"g"}', { kind: 'json', name: 'g' }),
        segment('tool_definition', `${AT}/1/tool/definition`, '{"name":"h"}', { kind: 'json', name: 'h' }),
        segment('tool_definition', '/tools/0', '{"name":"f","description":"d","input_schema":{}}', { kind: 'json', name: 'f' }),
        segment('tool_definition', '/tools/1', '{"type":"web_search_20250305","name":"web_search"}', {
          kind: 'json',
          name: 'web_search',
        }),
        segment('tool_definition', '/tools/2', '{"type":"mcp_toolset","mcp_server_name":"s"}', { kind: 'json', name: 's' }),
        segment('tool_definition', '/tools/3', '{"type":"nameless"}', { kind: 'json', name: 'nameless' }),
        segment('tool_definition', '/tools/4', '"odd"', { kind: 'json' }),
      ],
      [],
    ],
    [
      'instructions for compaction',
      {
        compaction: { type: 'summarize', instructions: 'a' },
        context_management: { edits: [{ type: 'clear' }, { type: 'compact_20260112', instructions: 'b' }] },
      },
      [segment('system', '/compaction/instructions', 'a'), segment('system', '/context_management/edits/1/instructions', 'b')],
      [],
    ],
  ])('is inspected: %s', (_why, body, segments, uninspected) => {
    expect(anthropicMessages.readRequest(body, TARGET).inspect()).toEqual({ segments, uninspected })
  })

  test('what nests deeper than any documented form is named where the reading ends', () => {
    let content: Json = 'bottom'
    for (let level = 0; level < 6; level++) content = [{ type: 'x', content }]
    const { segments, uninspected } = anthropicMessages
      .readRequest(userMessage({ type: 'tool_result', tool_use_id: 'u', content }), TARGET)
      .inspect()
    expect(segments).toEqual([])
    expect(uninspected).toEqual([{ pointer: `${AT}/0/content${'/0/content'.repeat(4)}`, reason: 'nested too deeply' }])
  })

  test('documents within documents are named where the reading ends', () => {
    let content: Json = [{ type: 'text', text: 'bottom' }]
    for (let level = 0; level < 20; level++) content = [{ type: 'document', source: { type: 'content', content } }]
    const { segments, uninspected } = anthropicMessages.readRequest({ messages: [{ role: 'user', content }] }, TARGET).inspect()
    expect(segments).toEqual([])
    expect(uninspected).toEqual([{ pointer: `${AT}${'/0/source/content'.repeat(4)}/0`, reason: 'nested too deeply' }])
  })

  test('a form as deep as the deepest documented one is read', () => {
    const document = { type: 'document', source: { type: 'content', content: [{ type: 'text', text: 'deep' }] } }
    const fetched = { type: 'web_fetch_tool_result', content: [{ type: 'web_fetch_result', content: document }] }
    const { segments, uninspected } = anthropicMessages.readRequest(userMessage(fetched), TARGET).inspect()
    expect(uninspected).toEqual([])
    expect(segments).toEqual([
      segment('tool_result', `${AT}/0/content/0/content/source/content/0/text`, 'deep', { name: 'web_fetch' }),
    ])
  })
})

describe('a Messages answer', () => {
  test('with text, thinking, tool uses and results of server tools', () => {
    const segments: readonly Segment[] = [
      segment('assistant', '/content/0/thinking', 'hm', { kind: 'reasoning' }),
      segment('assistant', '/content/1/text', 'hello'),
      segment('tool_call', '/content/2/input', '{"query":"q"}', { kind: 'json', name: 'web_search' }),
      segment('tool_result', '/content/3/content/0/title', 'hit', { name: 'web_search' }),
      segment('tool_call', '/content/4/input', '{"a":1}', { kind: 'json', name: 'f' }),
    ]
    const toolCalls: readonly ToolCall[] = [
      { id: 's1', name: 'web_search', arguments: '{"query":"q"}', isServerSide: true },
      { id: 'u1', name: 'f', arguments: '{"a":1}', isServerSide: false },
      { id: null, name: '', arguments: '', isServerSide: true },
    ]
    expect(
      anthropicMessages.readAnswer({
        model: 'claude-x',
        role: 'assistant',
        stop_reason: 'tool_use',
        content: [
          { type: 'thinking', thinking: 'hm', signature: 's' },
          { type: 'text', text: 'hello' },
          { type: 'server_tool_use', id: 's1', name: 'web_search', input: { query: 'q' } },
          { type: 'web_search_tool_result', tool_use_id: 's1', content: [{ type: 'web_search_result', title: 'hit' }] },
          { type: 'tool_use', id: 'u1', name: 'f', input: { a: 1 } },
          { type: 'mcp_tool_use' },
        ],
      }),
    ).toEqual({ model: 'claude-x', segments, toolCalls, finishReason: 'tool_use', error: null })
  })

  test.each<readonly [string, JsonRecord, JsonRecord]>([
    ['nothing', {}, { model: null, segments: [], toolCalls: [], finishReason: null, error: null }],
    ['counted tokens', { input_tokens: 5 }, { segments: [], error: null }],
    ['content as text', { content: 'a' }, { segments: [segment('assistant', '/content', 'a')] }],
    [
      'an error',
      { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
      { error: { type: 'overloaded_error', message: 'Overloaded' } },
    ],
  ])('with %s', (_why, body, expected) => {
    expect(anthropicMessages.readAnswer(body)).toMatchObject(expected)
  })
})

const MESSAGE = { id: 'msg', type: 'message', role: 'assistant', model: 'claude-x', stop_reason: null, stop_sequence: null }
const START = { type: 'message_start', message: { ...MESSAGE, content: [], usage: { input_tokens: 10, output_tokens: 1 } } }

function start(index: number, block: JsonRecord): JsonRecord {
  return { type: 'content_block_start', index, content_block: block }
}

function delta(index: number, change: JsonRecord): JsonRecord {
  return { type: 'content_block_delta', index, delta: change }
}

function stop(index: number): JsonRecord {
  return { type: 'content_block_stop', index }
}

const TEXT = { type: 'text', text: '' }

describe('a Messages stream', () => {
  test('is put together as the unstreamed answer', () => {
    const { assembler, deltas } = assembled(anthropicMessages, [
      START,
      { type: 'ping' },
      start(0, { type: 'thinking', thinking: '', signature: '' }),
      delta(0, { type: 'thinking_delta', thinking: 'h' }),
      delta(0, { type: 'thinking_delta', thinking: 'm' }),
      delta(0, { type: 'signature_delta', signature: 'sig' }),
      stop(0),
      start(1, TEXT),
      delta(1, { type: 'text_delta', text: 'Hel' }),
      delta(1, { type: 'text_delta', text: 'lo' }),
      delta(1, { type: 'citations_delta', citation: { cited_text: 'c' } }),
      stop(1),
      start(2, { type: 'tool_use', id: 'u1', name: 'f', input: {} }),
      delta(2, { type: 'input_json_delta', partial_json: '' }),
      delta(2, { type: 'input_json_delta', partial_json: '{"a"' }),
      delta(2, { type: 'input_json_delta', partial_json: ':1}' }),
      stop(2),
      start(3, { type: 'web_search_tool_result', tool_use_id: 's', content: [{ type: 'web_search_result', title: 't' }] }),
      stop(3),
      start(4, { type: 'compaction', content: null }),
      delta(4, { type: 'compaction_delta', content: 'sum' }),
      stop(4),
      {
        type: 'message_delta',
        delta: { stop_reason: 'tool_use', stop_sequence: null, container: { id: 'k' } },
        usage: { output_tokens: 9, server_tool_use: { web_search_requests: 1 } },
        context_management: { applied_edits: [] },
      },
      { type: 'message_stop' },
    ])
    expect(assembler.body()).toEqual({
      ...MESSAGE,
      content: [
        { type: 'thinking', thinking: 'hm', signature: 'sig' },
        { type: 'text', text: 'Hello', citations: [{ cited_text: 'c' }] },
        { type: 'tool_use', id: 'u1', name: 'f', input: { a: 1 } },
        { type: 'web_search_tool_result', tool_use_id: 's', content: [{ type: 'web_search_result', title: 't' }] },
        { type: 'compaction', content: 'sum' },
      ],
      stop_reason: 'tool_use',
      container: { id: 'k' },
      context_management: { applied_edits: [] },
      usage: { input_tokens: 10, output_tokens: 9, server_tool_use: { web_search_requests: 1 } },
    })
    expect(assembler.isComplete()).toBe(true)
    expect(deltas).toEqual([
      { kind: 'reasoning', channel: '0/reasoning', text: 'h' },
      { kind: 'reasoning', channel: '0/reasoning', text: 'm' },
      { kind: 'text', channel: '1/text', text: 'Hel' },
      { kind: 'text', channel: '1/text', text: 'lo' },
      { kind: 'tool_call', channel: '2/tool', text: '{"a"' },
      { kind: 'tool_call', channel: '2/tool', text: ':1}' },
      { kind: 'reasoning', channel: '4/reasoning', text: 'sum' },
    ])
  })

  test('nothing readable is no body, no content, no end', () => {
    const { assembler } = assembled(anthropicMessages, [null, 5, {}, { type: 'ping' }, { type: 'message_start' }, stop(0)])
    expect([assembler.body(), assembler.hasContent(), assembler.isComplete()]).toEqual([null, false, false])
  })

  test.each<readonly [string, readonly Json[], readonly Json[]]>([
    ['text so far', [start(0, TEXT), delta(0, { type: 'text_delta', text: 'a' })], [{ type: 'text', text: 'a' }]],
    [
      'half of a tool’s input as its text',
      [
        start(0, { type: 'tool_use', id: 'u', name: 'f', input: {} }),
        delta(0, { type: 'input_json_delta', partial_json: '{"a":' }),
      ],
      [{ type: 'tool_use', id: 'u', name: 'f', input: '{"a":' }],
    ],
    [
      'a tool without input',
      [start(0, { type: 'tool_use', id: 'u', name: 'f', input: {} }), delta(0, { type: 'input_json_delta', partial_json: '' })],
      [{ type: 'tool_use', id: 'u', name: 'f', input: {} }],
    ],
    ['a text that nobody announced', [delta(0, { type: 'text_delta', text: 'a' })], [{ type: 'text', text: 'a' }]],
    [
      'thinking that nobody announced',
      [delta(0, { type: 'thinking_delta', thinking: 'a' })],
      [{ type: 'thinking', thinking: 'a' }],
    ],
    [
      'a compaction that nobody announced',
      [delta(0, { type: 'compaction_delta', content: 'a' })],
      [{ type: 'compaction', content: 'a' }],
    ],
    [
      'input that nobody announced',
      [delta(0, { type: 'input_json_delta', partial_json: '[1]' })],
      [{ type: 'tool_use', id: null, name: '', input: [1] }],
    ],
    [
      'text that began with the block',
      [start(0, { type: 'text', text: 'a' }), delta(0, { type: 'text_delta', text: 'b' })],
      [{ type: 'text', text: 'ab' }],
    ],
    [
      'citations that began with the block',
      [start(0, { ...TEXT, citations: [1] }), delta(0, { type: 'citations_delta', citation: 2 })],
      [{ ...TEXT, citations: [1, 2] }],
    ],
    [
      'blocks in the order of their indexes',
      [start(2, { type: 'text', text: 'b' }), start(0, { type: 'text', text: 'a' })],
      [
        { type: 'text', text: 'a' },
        { type: 'text', text: 'b' },
      ],
    ],
    [
      'a block that is announced twice, once',
      [start(0, TEXT), delta(0, { type: 'text_delta', text: 'a' }), start(0, { type: 'text', text: 'x' })],
      [{ type: 'text', text: 'a' }],
    ],
    [
      'nothing of what cannot be placed',
      [
        ...[-1, 0.5, 4096, '0', null, undefined].map((index) => ({ type: 'content_block_start', index, content_block: TEXT })),
        ...[-1, 0.5, 4096, '0', null, undefined].map((index) => ({
          type: 'content_block_delta',
          index,
          delta: { type: 'text_delta', text: 'x' },
        })),
        { type: 'content_block_start', index: 0, content_block: 'x' },
        { type: 'content_block_delta', index: 0, delta: 'x' },
        delta(0, { type: 'text_delta', text: 5 }),
        delta(0, { type: 'future_delta', text: 'x' }),
        delta(0, { type: 'signature_delta', signature: 'x' }),
        delta(0, { type: 'citations_delta', citation: 1 }),
        { type: 'content_block_stop', index: 'x' },
      ],
      [],
    ],
    ['a citation that is missing: none', [start(0, TEXT), delta(0, { type: 'citations_delta' })], [TEXT]],
    ['the last valid place', [start(4095, TEXT)], [TEXT]],
    ['a block without a type', [start(0, { text: 'a' })], [{ text: 'a' }]],
    ['a citation only where one is said', [start(0, TEXT), delta(0, { type: 'future_delta', citation: 1 })], [TEXT]],
    [
      'input only where it is text',
      [delta(0, { type: 'input_json_delta', partial_json: 5 })],
      [{ type: 'tool_use', id: null, name: '', input: {} }],
    ],
    [
      'a tool whose input is null',
      [start(0, { type: 'tool_use', name: 'f', input: null })],
      [{ type: 'tool_use', name: 'f', input: null }],
    ],
  ])('a stream that breaks off shows %s', (_why, payloads, content) => {
    const { assembler } = assembled(anthropicMessages, [START, ...payloads])
    expect(assembler.body()).toEqual({ ...MESSAGE, usage: { input_tokens: 10, output_tokens: 1 }, content })
    expect(assembler.isComplete()).toBe(false)
  })

  test.each<readonly [string, JsonRecord, boolean]>([
    ['a text block that begins', start(0, TEXT), false],
    ['a text block that begins with text', start(0, { type: 'text', text: 'a' }), true],
    ['a thinking block that begins with text', start(0, { type: 'thinking', thinking: 'a' }), true],
    ['a tool use', start(0, { type: 'tool_use', id: 'u', name: 'f', input: {} }), true],
    ['a tool use of the provider', start(0, { type: 'server_tool_use', id: 'u', name: 'f', input: {} }), true],
    ['a result', start(0, { type: 'web_search_tool_result', content: [] }), false],
    ['an empty delta', delta(0, { type: 'text_delta', text: '' }), false],
    ['a delta', delta(0, { type: 'text_delta', text: 'a' }), true],
  ])('%s: is it content?', (_what, event, expected) => {
    expect(assembled(anthropicMessages, [event]).assembler.hasContent()).toBe(expected)
  })

  test('what comes with the beginning of a block is shown', () => {
    const { deltas } = assembled(anthropicMessages, [
      start(0, { type: 'text', text: 'a' }),
      start(1, { type: 'thinking', thinking: 'b' }),
      start(2, { type: 'tool_use', name: 'f', input: { c: 1 } }),
      start(3, { type: 'tool_use', name: 'f', input: {} }),
    ])
    expect(deltas).toEqual([
      { kind: 'text', channel: '0/text', text: 'a' },
      { kind: 'reasoning', channel: '1/reasoning', text: 'b' },
      { kind: 'tool_call', channel: '2/tool', text: '{"c":1}' },
    ])
  })

  test('a message that starts twice keeps its text and its usage', () => {
    const { assembler } = assembled(anthropicMessages, [
      START,
      start(0, TEXT),
      delta(0, { type: 'text_delta', text: 'a' }),
      { type: 'message_start', message: { id: 'msg-2', usage: { output_tokens: 2 } } },
      delta(0, { type: 'text_delta', text: 'b' }),
    ])
    expect(assembler.body()).toEqual({
      ...MESSAGE,
      id: 'msg-2',
      content: [{ type: 'text', text: 'ab' }],
      usage: { input_tokens: 10, output_tokens: 2 },
    })
  })

  test.each<readonly [string, JsonRecord, JsonRecord, JsonRecord]>([
    [
      'later counts replace earlier ones, never add',
      { input_tokens: 5, output_tokens: 1 },
      { input_tokens: 7, output_tokens: 9 },
      { input_tokens: 7, output_tokens: 9 },
    ],
    [
      'counts left out stay',
      { input_tokens: 5, output_tokens: 1 },
      { output_tokens: 9 },
      { input_tokens: 5, output_tokens: 9 },
    ],
    [
      'null counts stay what they were',
      { input_tokens: 5 },
      { input_tokens: null, output_tokens: 9 },
      { input_tokens: 5, output_tokens: 9 },
    ],
    [
      'the split of written cache tokens follows their total where one class holds all',
      { cache_creation_input_tokens: 10, cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 10 } },
      { cache_creation_input_tokens: 15 },
      { cache_creation_input_tokens: 15, cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 15 } },
    ],
    [
      'the split stays where two classes are used',
      { cache_creation_input_tokens: 10, cache_creation: { ephemeral_5m_input_tokens: 4, ephemeral_1h_input_tokens: 6 } },
      { cache_creation_input_tokens: 15 },
      { cache_creation_input_tokens: 15, cache_creation: { ephemeral_5m_input_tokens: 4, ephemeral_1h_input_tokens: 6 } },
    ],
    [
      'the split stays where none is used',
      { cache_creation: { ephemeral_5m_input_tokens: 0 } },
      { cache_creation_input_tokens: 15 },
      { cache_creation_input_tokens: 15, cache_creation: { ephemeral_5m_input_tokens: 0 } },
    ],
    [
      'the split stays where there is no total',
      { cache_creation: { ephemeral_5m_input_tokens: 3 } },
      { output_tokens: 1 },
      { output_tokens: 1, cache_creation: { ephemeral_5m_input_tokens: 3 } },
    ],
    [
      'a later split stays as it is, also where it does not add up',
      { cache_creation: { ephemeral_5m_input_tokens: 10 } },
      { cache_creation_input_tokens: 15, cache_creation: { ephemeral_5m_input_tokens: 11 } },
      { cache_creation_input_tokens: 15, cache_creation: { ephemeral_5m_input_tokens: 11 } },
    ],
    [
      'a later split replaces the earlier one',
      { cache_creation_input_tokens: 10, cache_creation: { ephemeral_5m_input_tokens: 10 } },
      { cache_creation_input_tokens: 15, cache_creation: { ephemeral_5m_input_tokens: 11, ephemeral_1h_input_tokens: 4 } },
      { cache_creation_input_tokens: 15, cache_creation: { ephemeral_5m_input_tokens: 11, ephemeral_1h_input_tokens: 4 } },
    ],
  ])('usage: %s', (_why, first, last, expected) => {
    const { assembler } = assembled(anthropicMessages, [
      { type: 'message_start', message: { ...MESSAGE, usage: first } },
      { type: 'message_delta', delta: {}, usage: last },
    ])
    expect(assembler.body()?.['usage']).toEqual(expected)
  })

  test('no usage is no usage', () => {
    const { assembler } = assembled(anthropicMessages, [start(0, TEXT), { type: 'message_delta', delta: { stop_reason: 'x' } }])
    expect(assembler.body()).toEqual({
      id: '',
      type: 'message',
      role: 'assistant',
      model: '',
      stop_reason: 'x',
      stop_sequence: null,
      content: [TEXT],
    })
  })

  test('blocks without a message stand in an empty one', () => {
    expect(assembled(anthropicMessages, [start(0, TEXT)]).assembler.body()).toEqual({
      id: '',
      type: 'message',
      role: 'assistant',
      model: '',
      stop_reason: null,
      stop_sequence: null,
      content: [TEXT],
    })
  })

  test('when another model takes over, the answer is that model’s', () => {
    const block = { type: 'fallback', from: { model: 'claude-x' }, to: { model: 'claude-y' } }
    expect(assembled(anthropicMessages, [START, start(0, block)]).assembler.body()).toMatchObject({
      model: 'claude-y',
      content: [block],
    })
    const other = { type: 'text', text: '', to: { model: 'claude-z' } }
    expect(assembled(anthropicMessages, [START, start(0, other)]).assembler.body()).toMatchObject({ model: 'claude-x' })
    expect(assembled(anthropicMessages, [start(0, block)]).assembler.body()).toMatchObject({
      role: 'assistant',
      model: 'claude-y',
    })
    expect(assembled(anthropicMessages, [START, start(0, { type: 'fallback' })]).assembler.body()).toMatchObject({
      model: 'claude-x',
    })
    expect(assembled(anthropicMessages, [START, start(0, { type: 'fallback', to: {} })]).assembler.body()).toMatchObject({
      model: 'claude-x',
    })
  })

  test.each<readonly [string, JsonRecord, JsonRecord]>([
    [
      'with its object',
      { type: 'error', error: { type: 'overloaded_error', message: 'm' } },
      { type: 'overloaded_error', message: 'm' },
    ],
    ['without', { type: 'error' }, { type: 'error', message: null }],
  ])('an error in mid-stream, %s, is kept beside the text', (_why, event, error) => {
    const { assembler } = assembled(anthropicMessages, [START, start(0, { type: 'text', text: 'a' }), event])
    expect(anthropicMessages.readAnswer(assembler.body() ?? {})).toMatchObject({
      segments: [segment('assistant', '/content/0/text', 'a')],
      error,
    })
    expect(assembler.isComplete()).toBe(false)
  })

  test('an error alone is the body of an error', () => {
    const error = { type: 'overloaded_error', message: 'm' }
    expect(assembled(anthropicMessages, [{ type: 'error', error }]).assembler.body()).toEqual({ type: 'error', error })
  })

  test('the event’s name serves where the data has no type', () => {
    const assembler = anthropicMessages.assemble(null)
    assembler.push({ event: 'content_block_delta', data: { index: 0, delta: { type: 'text_delta', text: 'a' } } })
    expect(atPointer(assembler.body(), '/content/0/text')).toBe('a')
  })

  test('is stopped: open blocks end, the reason is a refusal, the message ends', () => {
    const { assembler } = assembled(anthropicMessages, [
      START,
      start(0, TEXT),
      stop(0),
      start(1, TEXT),
      start(2, TEXT),
      { type: 'message_delta', delta: {}, usage: { output_tokens: 6 } },
    ])
    expect(sseEvents(assembler.stop())).toEqual([
      { event: 'content_block_stop', data: { type: 'content_block_stop', index: 1 } },
      { event: 'content_block_stop', data: { type: 'content_block_stop', index: 2 } },
      {
        event: 'message_delta',
        data: { type: 'message_delta', delta: { stop_reason: 'refusal', stop_sequence: null }, usage: { output_tokens: 6 } },
      },
      { event: 'message_stop', data: { type: 'message_stop' } },
    ])
  })

  test('is stopped before its first event: a message begins first', () => {
    expect(sseEvents(anthropicMessages.assemble(null).stop())).toEqual([
      {
        event: 'message_start',
        data: {
          type: 'message_start',
          message: {
            id: '',
            type: 'message',
            role: 'assistant',
            model: '',
            stop_reason: null,
            stop_sequence: null,
            content: [],
            usage: { input_tokens: 0, output_tokens: 0 },
          },
        },
      },
      {
        event: 'message_delta',
        data: { type: 'message_delta', delta: { stop_reason: 'refusal', stop_sequence: null }, usage: { output_tokens: 0 } },
      },
      { event: 'message_stop', data: { type: 'message_stop' } },
    ])
  })
})

describe('an error', () => {
  test.each<readonly [AppErrorCode, string]>([
    ['auth.required', 'authentication_error'],
    ['auth.denied', 'permission_error'],
    ['request.malformed', 'invalid_request_error'],
    ['request.too_large', 'request_too_large'],
    ['request.provider_unknown', 'invalid_request_error'],
    ['request.not_found', 'not_found_error'],
    ['guard.blocked', 'security_enforcement_blocked'],
    ['limit.budget_exhausted', 'cost_cap_exceeded'],
    ['limit.rate_exceeded', 'rate_limit_exceeded'],
    ['limit.tokens_exceeded', 'invalid_request_error'],
    ['limit.model_unpriced', 'permission_error'],
    ['upstream.timeout', 'timeout_error'],
    ['upstream.unreachable', 'api_error'],
    ['upstream.refused', 'overloaded_error'],
    ['gateway.unavailable', 'overloaded_error'],
    ['gateway.bug', 'api_error'],
  ])('%s is a %s', (code, type) => {
    expect(anthropicMessages.renderError(appError(code, 'why', { extra: { limit: 5 } }), 'req-1')).toEqual({
      type: 'error',
      error: { type, message: 'why', code, limit: 5 },
      request_id: 'req-1',
    })
  })

  test.each([
    [400, 'invalid_request_error'],
    [401, 'authentication_error'],
    [403, 'permission_error'],
    [404, 'not_found_error'],
    [413, 'request_too_large'],
    [429, 'rate_limit_error'],
    [500, 'api_error'],
    [502, 'api_error'],
    [503, 'overloaded_error'],
    [504, 'timeout_error'],
    [529, 'overloaded_error'],
    [418, 'own_word'],
  ])('of status %d is a %s', (status, type) => {
    const error = { ...appError('gateway.bug', 'why'), status, type: 'own_word' }
    expect(anthropicMessages.renderError(error, 'r')).toMatchObject({ error: { type } })
  })
})
