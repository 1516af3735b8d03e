import { describe, expect, test } from 'bun:test'
import { appError } from '../../../src/core/domain/errors.ts'
import type { Json, JsonRecord } from '../../../src/core/domain/json.ts'
import type { Inspection, Segment } from '../../../src/core/domain/segment.ts'
import type { ToolCall } from '../../../src/core/dialects/dialect.ts'
import { openaiResponses } from '../../../src/core/dialects/openai-responses.ts'
import { assembled, atPointer, deeplyNested, segment, sseEvents } from '../../support/dialect.ts'

const TARGET = { path: '/v1/responses', search: '' }

describe('a Responses request', () => {
  test('is of the dialect of that name', () => expect(openaiResponses.name).toBe('openai-responses'))

  test('gives its settings, and leaves texts, tools and the end user out of its parameters', () => {
    const { inspect: _inspect, ...view } = openaiResponses.readRequest(
      {
        model: 'gpt-5',
        input: 'hi',
        instructions: 'be kind',
        prompt: { id: 'p', variables: {} },
        tools: [],
        stream: true,
        user: 'u-1',
        safety_identifier: 's-1',
        max_output_tokens: 20,
        n: 5,
        reasoning: { effort: 'low' },
      },
      TARGET,
    )
    expect(view).toEqual({
      operation: 'chat',
      model: 'gpt-5',
      isStreaming: true,
      maxOutputTokens: 20,
      choiceCount: 1,
      userId: 'u-1',
      parameters: { max_output_tokens: 20, n: 5, reasoning: { effort: 'low' } },
    })
  })

  test.each<readonly [string, JsonRecord, JsonRecord]>([
    ['the newer end-user field', { safety_identifier: 's' }, { userId: 's' }],
    ['streaming is true and nothing else', { stream: 1 }, { isStreaming: false }],
    ['no cap', {}, { maxOutputTokens: null, userId: null, model: null }],
  ])('%s', (_why, body, expected) => {
    expect(openaiResponses.readRequest(body, TARGET)).toMatchObject(expected)
  })

  test.each<readonly [string, Json, Inspection['segments'], Inspection['uninspected']]>([
    ['nothing', {}, [], []],
    [
      'instructions and input as texts',
      { instructions: 'a', input: 'b' },
      [segment('system', '/instructions', 'a'), segment('user', '/input', 'b')],
      [],
    ],
    [
      'instructions as items, odd ones named',
      { instructions: [{ role: 'developer', content: 'a' }, 'b', { content: 'c' }], input: { a: 1 } },
      [
        segment('system', '/instructions/0/content', 'a'),
        segment('system', '/instructions/1', 'b'),
        segment('system', '/instructions/2/content', 'c'),
      ],
      [{ pointer: '/input', reason: 'not an array' }],
    ],
    [
      'what a stored prompt is filled with',
      {
        prompt: {
          id: 'p',
          variables: {
            city: 'Rome',
            'a/b': { type: 'input_text', text: 'x' },
            pic: { type: 'input_image' },
            odd: 5,
            none: null,
          },
        },
      },
      [segment('user', '/prompt/variables/city', 'Rome'), segment('user', '/prompt/variables/a~1b/text', 'x')],
      [
        { pointer: '/prompt/variables/pic', reason: 'input_image' },
        { pointer: '/prompt/variables/odd', reason: 'unknown part' },
        { pointer: '/prompt/variables/none', reason: 'unknown part' },
      ],
    ],
    [
      'messages of all roles; unknown ones count as the user',
      {
        input: [
          { role: 'system', content: 'a' },
          { role: 'developer', content: 'b' },
          { type: 'message', role: 'user', content: 'c' },
          { role: 'assistant', content: 'd' },
          { role: 'tool', content: 'e' },
          { role: 'critic', content: 'f' },
          { role: 'toString', content: 'g' },
          'h',
          5,
          { role: 'user' },
          { type: 'message', content: null },
          { type: 'message', role: 'user', content: 7 },
        ],
      },
      [
        segment('system', '/input/0/content', 'a'),
        segment('system', '/input/1/content', 'b'),
        segment('user', '/input/2/content', 'c'),
        segment('assistant', '/input/3/content', 'd'),
        segment('tool_result', '/input/4/content', 'e'),
        segment('user', '/input/5/content', 'f'),
        segment('user', '/input/6/content', 'g'),
        segment('user', '/input/7', 'h'),
      ],
      [
        { pointer: '/input/8', reason: 'not an object' },
        { pointer: '/input/9', reason: 'unknown item' },
        { pointer: '/input/11/content', reason: 'not an array' },
      ],
    ],
    [
      'all kinds of part',
      {
        input: [
          {
            role: 'user',
            content: [
              { type: 'input_text', text: 'a' },
              { type: 'output_text', text: 'b', annotations: [] },
              { type: 'refusal', refusal: 'c' },
              { type: 'reasoning_text', text: 'd' },
              { type: 'summary_text', text: 'e' },
              { type: 'input_audio', transcript: 'f' },
              'g',
              { type: 'input_image', image_url: 'data:' },
              { type: 'input_file', file_data: 'x' },
              { type: 'input_text', text: null },
              { text: 3 },
              null,
            ],
          },
        ],
      },
      [
        segment('user', '/input/0/content/0/text', 'a'),
        segment('user', '/input/0/content/1/text', 'b'),
        segment('user', '/input/0/content/2/refusal', 'c', { kind: 'refusal' }),
        segment('user', '/input/0/content/3/text', 'd', { kind: 'reasoning' }),
        segment('user', '/input/0/content/4/text', 'e', { kind: 'reasoning' }),
        segment('user', '/input/0/content/5/transcript', 'f'),
        segment('user', '/input/0/content/6', 'g'),
      ],
      [
        { pointer: '/input/0/content/7', reason: 'input_image' },
        { pointer: '/input/0/content/8', reason: 'input_file' },
        { pointer: '/input/0/content/9', reason: 'input_text' },
        { pointer: '/input/0/content/10', reason: 'unknown part' },
        { pointer: '/input/0/content/11', reason: 'unknown part' },
      ],
    ],
    [
      'reasoning: summaries and content; what is encrypted is named',
      {
        input: [
          {
            type: 'reasoning',
            summary: [{ type: 'summary_text', text: 'a' }, 5],
            content: [{ type: 'reasoning_text', text: 'b' }],
            encrypted_content: 'gAAA',
          },
          { type: 'reasoning', summary: [], encrypted_content: '' },
        ],
      },
      [
        segment('assistant', '/input/0/summary/0/text', 'a', { kind: 'reasoning' }),
        segment('assistant', '/input/0/content/0/text', 'b', { kind: 'reasoning' }),
      ],
      [
        { pointer: '/input/0/summary/1', reason: 'unknown part' },
        { pointer: '/input/0/encrypted_content', reason: 'encrypted' },
      ],
    ],
    [
      'calls and their outputs, which bear the name of the call',
      {
        input: [
          { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{}' },
          { type: 'function_call_output', call_id: 'c1', output: 'a' },
          { type: 'function_call_output', call_id: 'c9', output: [{ type: 'input_text', text: 'b' }, { type: 'input_image' }] },
          { type: 'custom_tool_call', call_id: 'c2', name: 'g', input: 'free' },
          { type: 'custom_tool_call_output', call_id: 'c2', output: 'c' },
          { type: 'local_shell_call', call_id: 'c3', action: { command: ['ls'] } },
          { type: 'local_shell_call_output', id: 'c3', output: 'd' },
          { type: 'shell_call', call_id: 'c4', action: { commands: ['pwd'] } },
          {
            type: 'shell_call_output',
            call_id: 'c4',
            output: [{ stdout: 'out', stderr: 'err', outcome: { type: 'exit' } }, { stdout: '', stderr: '' }, 'plain', 4],
          },
          { type: 'computer_call', call_id: 'c5', action: { type: 'click' } },
          { type: 'computer_call_output', call_id: 'c5', output: { type: 'computer_screenshot', image_url: 'x' } },
          { type: 'apply_patch_call', call_id: 'c6', operation: { diff: '+a' } },
          { type: 'apply_patch_call_output', call_id: 'c6', output: null },
          { type: 'program', call_id: 'c7', code: 'run()' },
          { type: 'program_output', call_id: 'c7', result: 'e' },
        ],
      },
      [
        segment('tool_call', '/input/0/arguments', '{}', { name: 'f' }),
        segment('tool_result', '/input/1/output', 'a', { name: 'f' }),
        segment('tool_result', '/input/2/output/0/text', 'b'),
        segment('tool_call', '/input/3/input', 'free', { name: 'g' }),
        segment('tool_result', '/input/4/output', 'c', { name: 'g' }),
        segment('tool_call', '/input/5/action', '{"command":["ls"]}', { kind: 'json', name: 'local_shell' }),
        segment('tool_result', '/input/6/output', 'd', { name: 'local_shell' }),
        segment('tool_call', '/input/7/action', '{"commands":["pwd"]}', { kind: 'json', name: 'shell' }),
        segment('tool_result', '/input/8/output/0/stdout', 'out', { name: 'shell' }),
        segment('tool_result', '/input/8/output/0/stderr', 'err', { name: 'shell' }),
        segment('tool_result', '/input/8/output/2', 'plain', { name: 'shell' }),
        segment('tool_call', '/input/9/action', '{"type":"click"}', { kind: 'json', name: 'computer' }),
        segment('tool_call', '/input/11/operation', '{"diff":"+a"}', { kind: 'json', name: 'apply_patch' }),
        segment('tool_call', '/input/13/code', 'run()', { name: 'program' }),
        segment('tool_result', '/input/14/result', 'e', { name: 'program' }),
      ],
      [
        { pointer: '/input/2/output/1', reason: 'input_image' },
        { pointer: '/input/8/output/3', reason: 'unknown part' },
        { pointer: '/input/10/output', reason: 'computer_screenshot' },
      ],
    ],
    [
      'an output without an id bears no name, though a call without one came before; odd results are named',
      {
        input: [
          { type: 'function_call', name: 'f', arguments: null, input: 'a' },
          { type: 'function_call_output', output: 'b' },
          { type: 'function_call_output', call_id: null, output: 'c' },
          { type: 'custom_tool_call_output', output: 'd' },
          { type: 'image_generation_call', result: 'iVBO', error: 5 },
        ],
      },
      [
        segment('tool_call', '/input/0/input', 'a', { name: 'f' }),
        segment('tool_result', '/input/1/output', 'b'),
        segment('tool_result', '/input/2/output', 'c'),
        segment('tool_result', '/input/3/output', 'd'),
      ],
      [
        { pointer: '/input/4/error', reason: 'unknown part' },
        { pointer: '/input/4/result', reason: 'image' },
      ],
    ],
    [
      'MCP: listed tools, approvals, calls with output or error',
      {
        input: [
          { type: 'mcp_list_tools', server_label: 's', tools: [{ name: 't', description: 'd' }], error: null },
          { type: 'mcp_approval_request', id: 'a', name: 't', arguments: '{"q":1}', server_label: 's' },
          { type: 'mcp_approval_response', approval_request_id: 'a', approve: false, reason: 'why' },
          { type: 'mcp_call', name: 't', arguments: '{"q":2}', output: 'found', error: null },
          { type: 'mcp_call', name: 't', arguments: '{"q":3}', output: null, error: 'broke' },
          { type: 'mcp_call', name: 't', error: { code: 5, reason: 'x' } },
          { type: 'tool_search_call', execution: 'server', arguments: { paths: ['p'] } },
          { type: 'tool_search_output', execution: 'server', tools: [{ type: 'function', name: 'found' }] },
          { type: 'additional_tools', role: 'developer', tools: [{ type: 'custom', name: 'more' }] },
          { type: 'mcp_list_tools', tools: 'odd' },
        ],
      },
      [
        segment('tool_definition', '/input/0/tools/0', '{"name":"t","description":"d"}', { kind: 'json', name: 't' }),
        segment('tool_call', '/input/1/arguments', '{"q":1}', { name: 't' }),
        segment('user', '/input/2/reason', 'why'),
        segment('tool_call', '/input/3/arguments', '{"q":2}', { name: 't' }),
        segment('tool_result', '/input/3/output', 'found', { name: 't' }),
        segment('tool_call', '/input/4/arguments', '{"q":3}', { name: 't' }),
        segment('tool_result', '/input/4/error', 'broke', { name: 't' }),
        segment('tool_result', '/input/5/error', '{"code":5,"reason":"x"}', { kind: 'json', name: 't' }),
        segment('tool_call', '/input/6/arguments', '{"paths":["p"]}', { kind: 'json', name: 'tool_search' }),
        segment('tool_definition', '/input/7/tools/0', '{"type":"function","name":"found"}', { kind: 'json', name: 'found' }),
        segment('tool_definition', '/input/8/tools/0', '{"type":"custom","name":"more"}', { kind: 'json', name: 'more' }),
      ],
      [{ pointer: '/input/9/tools', reason: 'not an array' }],
    ],
    [
      'items that cannot be read are named by their type',
      {
        input: [
          { type: 'item_reference', id: 'x' },
          { type: 'compaction', encrypted_content: 'x' },
          { type: 'mystery', text: 'x' },
          { type: 5, content: 'read as a message' },
        ],
      },
      [segment('user', '/input/3/content', 'read as a message')],
      [
        { pointer: '/input/0', reason: 'item_reference' },
        { pointer: '/input/1', reason: 'compaction' },
        { pointer: '/input/2', reason: 'mystery' },
      ],
    ],
    [
      'tools, without the credentials of their servers',
      {
        tools: [
          { type: 'function', name: 'f', description: 'd' },
          { type: 'web_search' },
          { type: 'mcp', server_label: 'dice', server_url: 'u', authorization: 'secret', headers: { 'x-key': 'secret' } },
          'odd',
        ],
      },
      [
        segment('tool_definition', '/tools/0', '{"type":"function","name":"f","description":"d"}', { kind: 'json', name: 'f' }),
        segment('tool_definition', '/tools/1', '{"type":"web_search"}', { kind: 'json', name: 'web_search' }),
        segment('tool_definition', '/tools/2', '{"type":"mcp","server_label":"dice","server_url":"u"}', {
          kind: 'json',
          name: 'dice',
        }),
        segment('tool_definition', '/tools/3', '"odd"', { kind: 'json' }),
      ],
      [],
    ],
  ])('is inspected: %s', (_why, body, segments, uninspected) => {
    expect(openaiResponses.readRequest(body, TARGET).inspect()).toEqual({ segments, uninspected })
  })
})

describe('a Responses answer', () => {
  test.each<readonly [string, JsonRecord, readonly Segment[], readonly ToolCall[]]>([
    [
      'a message; an unknown role is the model',
      {
        type: 'message',
        role: 'narrator',
        content: [
          { type: 'output_text', text: 'a' },
          { type: 'refusal', refusal: 'b' },
        ],
      },
      [
        segment('assistant', '/output/0/content/0/text', 'a'),
        segment('assistant', '/output/0/content/1/refusal', 'b', { kind: 'refusal' }),
      ],
      [],
    ],
    [
      'a function call is the caller’s, with or without call id',
      { type: 'function_call', id: 'fc', name: 'f', arguments: '{"a":1}' },
      [segment('tool_call', '/output/0/arguments', '{"a":1}', { name: 'f' })],
      [{ id: 'fc', name: 'f', arguments: '{"a":1}', isServerSide: false }],
    ],
    [
      'a nameless function call has no name',
      { type: 'function_call', call_id: 'c', arguments: '' },
      [],
      [{ id: 'c', name: '', arguments: '', isServerSide: false }],
    ],
    [
      'a custom tool call is the caller’s, with or without call id and name',
      { type: 'custom_tool_call', id: 'x', input: 'a' },
      [segment('tool_call', '/output/0/input', 'a', { name: '' })],
      [{ id: 'x', name: '', arguments: 'a', isServerSide: false }],
    ],
    [
      'a custom tool call',
      { type: 'custom_tool_call', id: 'x', call_id: 'c', name: 'sql', input: 'SELECT 1' },
      [segment('tool_call', '/output/0/input', 'SELECT 1', { name: 'sql' })],
      [{ id: 'c', name: 'sql', arguments: 'SELECT 1', isServerSide: false }],
    ],
    [
      'web search is run by the provider',
      { type: 'web_search_call', id: 'ws', action: { type: 'search', query: 'q' } },
      [segment('tool_call', '/output/0/action', '{"type":"search","query":"q"}', { kind: 'json', name: 'web_search' })],
      [{ id: 'ws', name: 'web_search', arguments: '{"type":"search","query":"q"}', isServerSide: true }],
    ],
    [
      'a server tool with a name and an empty call id of its own (xAI)',
      { type: 'x_search_call', id: 'fc', call_id: '', name: 'x_semantic_search', arguments: '{"q":1}' },
      [segment('tool_call', '/output/0/arguments', '{"q":1}', { name: 'x_semantic_search' })],
      [{ id: 'fc', name: 'x_semantic_search', arguments: '{"q":1}', isServerSide: true }],
    ],
    [
      'file search with what it found',
      { type: 'file_search_call', id: 'fs', queries: ['q'], results: [{ filename: 'a.pdf', text: 'found' }, { file_id: 'x' }] },
      [
        segment('tool_call', '/output/0/queries', '["q"]', { kind: 'json', name: 'file_search' }),
        segment('tool_result', '/output/0/results/0/text', 'found', { name: 'file_search' }),
      ],
      [{ id: 'fs', name: 'file_search', arguments: '["q"]', isServerSide: true }],
    ],
    [
      'a code interpreter with its logs',
      {
        type: 'code_interpreter_call',
        id: 'ci',
        code: '1+1',
        outputs: [
          { type: 'logs', logs: '2' },
          { type: 'image', url: 'u' },
        ],
      },
      [
        segment('tool_call', '/output/0/code', '1+1', { name: 'code_interpreter' }),
        segment('tool_result', '/output/0/outputs/0/logs', '2', { name: 'code_interpreter' }),
      ],
      [{ id: 'ci', name: 'code_interpreter', arguments: '1+1', isServerSide: true }],
    ],
    [
      'a generated image: the prompt that the model wrote',
      { type: 'image_generation_call', id: 'ig', revised_prompt: 'a cat', result: 'iVBO' },
      [segment('tool_call', '/output/0/revised_prompt', 'a cat', { name: 'image_generation' })],
      [{ id: 'ig', name: 'image_generation', arguments: 'a cat', isServerSide: true }],
    ],
    [
      'a generated image as xAI names its prompt',
      { type: 'image_generation_call', id: 'ig', prompt: 'a dog', result: null },
      [segment('tool_call', '/output/0/prompt', 'a dog', { name: 'image_generation' })],
      [{ id: 'ig', name: 'image_generation', arguments: 'a dog', isServerSide: true }],
    ],
    [
      'a shell of the caller',
      { type: 'shell_call', call_id: 'c', action: { commands: ['ls'] }, environment: { type: 'local' } },
      [segment('tool_call', '/output/0/action', '{"commands":["ls"]}', { kind: 'json', name: 'shell' })],
      [{ id: 'c', name: 'shell', arguments: '{"commands":["ls"]}', isServerSide: false }],
    ],
    [
      'a shell in the provider’s container',
      { type: 'shell_call', call_id: 'c', action: { commands: ['ls'] }, environment: { type: 'container_reference' } },
      [segment('tool_call', '/output/0/action', '{"commands":["ls"]}', { kind: 'json', name: 'shell' })],
      [{ id: 'c', name: 'shell', arguments: '{"commands":["ls"]}', isServerSide: true }],
    ],
    [
      'an MCP call and its output',
      { type: 'mcp_call', id: 'm', name: 'roll', arguments: '{}', output: '6', error: null },
      [
        segment('tool_call', '/output/0/arguments', '{}', { name: 'roll' }),
        segment('tool_result', '/output/0/output', '6', { name: 'roll' }),
      ],
      [{ id: 'm', name: 'roll', arguments: '{}', isServerSide: true }],
    ],
    [
      'a call that only awaits approval is no call yet',
      { type: 'mcp_approval_request', id: 'a', name: 'roll', arguments: '{}' },
      [segment('tool_call', '/output/0/arguments', '{}', { name: 'roll' })],
      [],
    ],
    [
      'a tool search, by the provider or by the caller',
      { type: 'tool_search_call', call_id: 'c', execution: 'server', arguments: {} },
      [segment('tool_call', '/output/0/arguments', '{}', { kind: 'json', name: 'tool_search' })],
      [{ id: 'c', name: 'tool_search', arguments: '{}', isServerSide: true }],
    ],
    [
      'a tool search by the caller',
      { type: 'tool_search_call', call_id: 'c', execution: 'client', arguments: {} },
      [segment('tool_call', '/output/0/arguments', '{}', { kind: 'json', name: 'tool_search' })],
      [{ id: 'c', name: 'tool_search', arguments: '{}', isServerSide: false }],
    ],
    [
      'a program that calls tools',
      { type: 'program', id: 'p', call_id: 'c', code: 'x()' },
      [segment('tool_call', '/output/0/code', 'x()', { name: 'program' })],
      [{ id: 'c', name: 'program', arguments: 'x()', isServerSide: true }],
    ],
    [
      'several computer actions',
      { type: 'computer_call', call_id: 'c', actions: [{ type: 'click' }] },
      [segment('tool_call', '/output/0/actions', '[{"type":"click"}]', { kind: 'json', name: 'computer' })],
      [{ id: 'c', name: 'computer', arguments: '[{"type":"click"}]', isServerSide: false }],
    ],
    [
      'a call without arguments',
      { type: 'future_call' },
      [],
      [{ id: null, name: 'future', arguments: '', isServerSide: true }],
    ],
    ['an item of no use', { type: 'compaction', encrypted_content: 'x' }, [], []],
  ])('with %s', (_why, item, segments, toolCalls) => {
    const view = openaiResponses.readAnswer({ model: 'm', status: 'completed', output: [item], error: null })
    expect(view).toEqual({ model: 'm', segments, toolCalls, finishReason: 'completed', error: null })
  })

  test.each<readonly [string, JsonRecord, JsonRecord]>([
    ['completed', { status: 'completed', incomplete_details: { reason: 'x' } }, { finishReason: 'completed' }],
    [
      'cut at the cap',
      { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } },
      { finishReason: 'max_output_tokens' },
    ],
    ['incomplete for no given reason', { status: 'incomplete', incomplete_details: null }, { finishReason: 'incomplete' }],
    ['cancelled', { status: 'cancelled' }, { finishReason: 'cancelled' }],
    [
      'failed, with a code in place of a type',
      { status: 'failed', error: { code: 'server_error', message: 'm' } },
      { finishReason: 'failed', error: { type: 'server_error', message: 'm' } },
    ],
    ['still queued', { status: 'queued' }, { finishReason: null }],
    ['in progress', { status: 'in_progress' }, { finishReason: null }],
    ['of no status', {}, { finishReason: null, model: null, error: null, segments: [], toolCalls: [] }],
    ['an HTTP error', { error: { type: 'invalid', code: 'c', message: 'm' } }, { error: { type: 'invalid', message: 'm' } }],
    ['an error text', { error: 'm' }, { error: { type: null, message: 'm' } }],
  ])('that is %s', (_why, body, expected) => {
    expect(openaiResponses.readAnswer(body)).toMatchObject(expected)
  })
})

const RESPONSE = { id: 'resp-1', object: 'response', created_at: 9, model: 'm', status: 'in_progress', output: [], usage: null }
const CREATED = { type: 'response.created', sequence_number: 0, response: RESPONSE }

function added(index: number, item: JsonRecord): JsonRecord {
  return { type: 'response.output_item.added', output_index: index, item }
}

function done(index: number, item: JsonRecord): JsonRecord {
  return { type: 'response.output_item.done', output_index: index, item }
}

const MESSAGE = { type: 'message', id: 'msg', role: 'assistant', status: 'in_progress', content: [] }

describe('a Responses stream', () => {
  test('nothing readable is no body, no content, no end', () => {
    const { assembler } = assembled(openaiResponses, [
      null,
      5,
      {},
      { type: 'keepalive' },
      { type: 'response.unknown.delta', delta: 'x' },
    ])
    expect([assembler.body(), assembler.hasContent(), assembler.isComplete()]).toEqual([null, false, false])
  })

  test('the last event is the answer', () => {
    const final = {
      ...RESPONSE,
      status: 'completed',
      output: [{ ...MESSAGE, content: [{ type: 'output_text', text: 'Hello' }] }],
      usage: { a: 1 },
    }
    const { assembler, deltas } = assembled(openaiResponses, [
      CREATED,
      added(0, MESSAGE),
      { type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: 'Hel' },
      { type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: 'lo' },
      { type: 'response.output_text.done', output_index: 0, content_index: 0, text: 'Hello' },
      done(0, { ...MESSAGE, content: [{ type: 'output_text', text: 'Hello' }] }),
      { type: 'response.completed', response: final },
    ])
    expect(assembler.body()).toEqual(final)
    expect([assembler.hasContent(), assembler.isComplete()]).toEqual([true, true])
    expect(deltas).toEqual([
      { kind: 'text', channel: '0/output_text/0', text: 'Hel' },
      { kind: 'text', channel: '0/output_text/0', text: 'lo' },
    ])
  })

  test.each(['response.completed', 'response.incomplete', 'response.failed'])('%s is an end', (type) => {
    const { assembler } = assembled(openaiResponses, [CREATED, { type, response: { ...RESPONSE, status: 'x' } }])
    expect([assembler.isComplete(), assembler.body()?.['status']]).toEqual([true, 'x'])
  })

  test('an end without its response keeps what came before', () => {
    const { assembler } = assembled(openaiResponses, [CREATED, { type: 'response.completed' }])
    expect([assembler.isComplete(), assembler.body()]).toEqual([true, RESPONSE])
  })

  test('the output of the last event goes before that of the items', () => {
    const response = {
      id: 'r',
      output: [
        { ...MESSAGE, content: 'a' },
        { ...MESSAGE, content: 'b' },
      ],
    }
    const { assembler } = assembled(openaiResponses, [
      done(0, { ...MESSAGE, content: 'x' }),
      { type: 'response.completed', response },
    ])
    expect(assembler.body()).toEqual(response)
  })

  test('a last event without output, after no items, is the answer as it is', () => {
    expect(assembled(openaiResponses, [{ type: 'response.failed', response: { id: 'r' } }]).assembler.body()).toEqual({
      id: 'r',
    })
  })

  test('an end with an empty output keeps the items that came before', () => {
    const item = { ...MESSAGE, content: [{ type: 'output_text', text: 'a' }] }
    const { assembler } = assembled(openaiResponses, [
      done(0, item),
      { type: 'response.completed', response: { id: 'r', output: [] } },
    ])
    expect(assembler.body()).toEqual({ id: 'r', output: [item] })
  })

  test.each<readonly [string, readonly JsonRecord[], readonly Json[], readonly string[]]>([
    [
      'text',
      [added(0, MESSAGE), { type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: 'a' }],
      [{ ...MESSAGE, content: [{ type: 'output_text', text: 'a' }] }],
      ['text 0/output_text/0 a'],
    ],
    [
      'parts past a gap',
      [added(0, MESSAGE), { type: 'response.refusal.delta', output_index: 0, content_index: 2, delta: 'n' }],
      [
        {
          ...MESSAGE,
          content: [
            { type: 'refusal', refusal: '' },
            { type: 'refusal', refusal: '' },
            { type: 'refusal', refusal: 'n' },
          ],
        },
      ],
      ['text 0/refusal/2 n'],
    ],
    [
      'two parts of one message, and what the part had already',
      [
        added(0, { ...MESSAGE, content: [{ type: 'output_text', text: '', annotations: [] }] }),
        { type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: 'a' },
        { type: 'response.output_text.delta', output_index: 0, content_index: 1, delta: 'b' },
      ],
      [
        {
          ...MESSAGE,
          content: [
            { type: 'output_text', text: 'a', annotations: [] },
            { type: 'output_text', text: 'b' },
          ],
        },
      ],
      ['text 0/output_text/0 a', 'text 0/output_text/1 b'],
    ],
    [
      'reasoning: summary and content',
      [
        added(1, { type: 'reasoning', id: 'rs', summary: [] }),
        { type: 'response.reasoning_summary_text.delta', output_index: 1, summary_index: 0, delta: 's' },
        { type: 'response.reasoning_text.delta', output_index: 1, content_index: 0, delta: 'r' },
      ],
      [
        {
          type: 'reasoning',
          id: 'rs',
          summary: [{ type: 'summary_text', text: 's' }],
          content: [{ type: 'reasoning_text', text: 'r' }],
        },
      ],
      ['reasoning 1/summary_text/0 s', 'reasoning 1/reasoning_text/0 r'],
    ],
    [
      'arguments of a function',
      [
        added(0, { type: 'function_call', name: 'f', arguments: '' }),
        { type: 'response.function_call_arguments.delta', output_index: 0, delta: '{"a"' },
        { type: 'response.function_call_arguments.delta', output_index: 0, delta: ':1' },
      ],
      [{ type: 'function_call', name: 'f', arguments: '{"a":1' }],
      ['tool_call 0/tool {"a"', 'tool_call 0/tool :1'],
    ],
    [
      'input of a custom tool',
      [
        added(0, { type: 'custom_tool_call', name: 'f', input: '' }),
        { type: 'response.custom_tool_call_input.delta', output_index: 0, delta: 'x' },
      ],
      [{ type: 'custom_tool_call', name: 'f', input: 'x' }],
      ['tool_call 0/tool x'],
    ],
    [
      'arguments of an MCP call, all at once',
      [
        added(0, { type: 'mcp_call', name: 'f', arguments: '' }),
        { type: 'response.mcp_call_arguments.done', output_index: 0, arguments: '{}' },
      ],
      [{ type: 'mcp_call', name: 'f', arguments: '{}' }],
      ['tool_call 0/tool {}'],
    ],
    [
      'interpreter code, corrected at the end',
      [
        added(0, { type: 'code_interpreter_call', id: 'ci' }),
        { type: 'response.code_interpreter_call_code.delta', output_index: 0, delta: '1+' },
        { type: 'response.code_interpreter_call_code.done', output_index: 0, code: '1+1' },
      ],
      [{ type: 'code_interpreter_call', id: 'ci', code: '1+1' }],
      ['tool_call 0/tool 1+'],
    ],
    [
      'shell commands',
      [
        added(0, { type: 'shell_call', action: { commands: [], timeout_ms: 5 } }),
        { type: 'response.shell_call_command.delta', output_index: 0, command_index: 0, delta: 'ls' },
        { type: 'response.shell_call_command.delta', output_index: 0, command_index: 2, delta: 'pwd' },
      ],
      [{ type: 'shell_call', action: { commands: ['ls', '', 'pwd'], timeout_ms: 5 } }],
      ['tool_call 0/tool/0 ls', 'tool_call 0/tool/2 pwd'],
    ],
    [
      'a patch',
      [
        added(0, { type: 'apply_patch_call', operation: { type: 'update_file', path: 'a' } }),
        { type: 'response.apply_patch_call_operation_diff.delta', output_index: 0, delta: '+x' },
      ],
      [{ type: 'apply_patch_call', operation: { type: 'update_file', path: 'a', diff: '+x' } }],
      ['tool_call 0/tool +x'],
    ],
    [
      'items that nobody announced, in their order',
      [
        { type: 'response.function_call_arguments.delta', output_index: 3, delta: '{}' },
        { type: 'response.reasoning_summary_text.delta', output_index: 0, summary_index: 0, delta: 's' },
        { type: 'response.output_text.delta', output_index: 1, content_index: 0, delta: 't' },
        { type: 'response.shell_call_command.delta', output_index: 2, command_index: 0, delta: 'ls' },
      ],
      [
        { type: 'reasoning', summary: [{ type: 'summary_text', text: 's' }] },
        { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 't' }] },
        { type: 'shell_call', action: { commands: ['ls'] } },
        { type: 'function_call', arguments: '{}' },
      ],
      ['tool_call 3/tool {}', 'reasoning 0/summary_text/0 s', 'text 1/output_text/0 t', 'tool_call 2/tool/0 ls'],
    ],
    [
      'a missing index is the first',
      [{ type: 'response.output_text.delta', delta: 'a' }],
      [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'a' }] }],
      ['text 0/output_text/0 a'],
    ],
    [
      'an item that comes only when it is done',
      [done(0, { type: 'local_shell_call', call_id: 'c', action: { command: ['ls'] } })],
      [{ type: 'local_shell_call', call_id: 'c', action: { command: ['ls'] } }],
      ['tool_call 0/tool {"command":["ls"]}'],
    ],
    [
      'a done message without deltas: text, refusal, and no tool results',
      [
        done(0, {
          ...MESSAGE,
          content: [
            { type: 'output_text', text: 'a' },
            { type: 'refusal', refusal: 'b' },
          ],
        }),
        done(1, { type: 'reasoning', summary: [{ text: 'c' }] }),
        done(2, { type: 'shell_call_output', output: [{ stdout: 'd' }] }),
      ],
      [
        {
          ...MESSAGE,
          content: [
            { type: 'output_text', text: 'a' },
            { type: 'refusal', refusal: 'b' },
          ],
        },
        { type: 'reasoning', summary: [{ text: 'c' }] },
        { type: 'shell_call_output', output: [{ stdout: 'd' }] },
      ],
      ['text 0/text a', 'text 0/refusal b', 'reasoning 1/reasoning c'],
    ],
    [
      'a done item replaces what grew, and is shown once',
      [
        added(0, MESSAGE),
        { type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: 'a' },
        done(0, { ...MESSAGE, content: [{ type: 'output_text', text: 'ab' }] }),
        done(0, { ...MESSAGE, content: [{ type: 'output_text', text: 'ab' }] }),
      ],
      [{ ...MESSAGE, content: [{ type: 'output_text', text: 'ab' }] }],
      ['text 0/output_text/0 a'],
    ],
    [
      'what cannot be placed is passed over',
      [
        added(0, MESSAGE),
        ...[-1, 0.5, 4096, '0', {}].map((output_index) => ({
          type: 'response.output_text.delta',
          output_index,
          delta: 'x',
        })),
        ...[-1, 0.5, 1024, '0'].map((content_index) => ({
          type: 'response.output_text.delta',
          output_index: 0,
          content_index,
          delta: 'x',
        })),
        { type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: { text: 'x' } },
        { type: 'response.output_item.added', output_index: 4096, item: MESSAGE },
        { type: 'response.output_item.added', output_index: 1, item: 'x' },
        { type: 'response.output_text.future', output_index: 0, content_index: 0, delta: 'x', text: 'x' },
      ],
      [MESSAGE],
      [],
    ],
  ])('a stream that breaks off shows %s', (_why, payloads, output, deltas) => {
    const run = assembled(openaiResponses, [CREATED, ...payloads])
    expect(run.assembler.body()).toEqual({ ...RESPONSE, output })
    expect(run.deltas.map(({ kind, channel, text }) => `${kind} ${channel} ${text}`)).toEqual([...deltas])
    expect(run.assembler.isComplete()).toBe(false)
  })

  test.each<readonly [string, JsonRecord, JsonRecord]>([
    [
      'output_text',
      { text: 'x', content_index: 1 },
      {
        type: 'message',
        role: 'assistant',
        content: [
          { type: 'output_text', text: '' },
          { type: 'output_text', text: 'x' },
        ],
      },
    ],
    ['refusal', { refusal: 'x' }, { type: 'message', role: 'assistant', content: [{ type: 'refusal', refusal: 'x' }] }],
    [
      'reasoning_text',
      { text: 'x', content_index: 1 },
      {
        type: 'reasoning',
        summary: [],
        content: [
          { type: 'reasoning_text', text: '' },
          { type: 'reasoning_text', text: 'x' },
        ],
      },
    ],
    [
      'reasoning_summary_text',
      { text: 'x', summary_index: 1 },
      {
        type: 'reasoning',
        summary: [
          { type: 'summary_text', text: '' },
          { type: 'summary_text', text: 'x' },
        ],
      },
    ],
    ['function_call_arguments', { arguments: 'x' }, { type: 'function_call', arguments: 'x' }],
    ['mcp_call_arguments', { arguments: 'x' }, { type: 'mcp_call', arguments: 'x' }],
    ['custom_tool_call_input', { input: 'x' }, { type: 'custom_tool_call', input: 'x' }],
    ['code_interpreter_call_code', { code: 'x' }, { type: 'code_interpreter_call', code: 'x' }],
    ['shell_call_command', { command: 'x', command_index: 1 }, { type: 'shell_call', action: { commands: ['', 'x'] } }],
    ['apply_patch_call_operation_diff', { diff: 'x' }, { type: 'apply_patch_call', operation: { diff: 'x' } }],
  ])('response.%s.done alone gives the whole text, of an item that nobody announced', (name, fields, item) => {
    const { assembler, deltas } = assembled(openaiResponses, [{ type: `response.${name}.done`, output_index: 0, ...fields }])
    expect(assembler.body()).toEqual({ object: 'response', output: [item] })
    expect(deltas.map(({ text }) => text)).toEqual(['x'])
  })

  test('the last valid places are taken', () => {
    const { assembler } = assembled(openaiResponses, [
      { type: 'response.output_text.delta', output_index: 4095, content_index: 1023, delta: 'x' },
    ])
    expect(atPointer(assembler.body(), '/output/0/content/1023')).toEqual({ type: 'output_text', text: 'x' })
  })

  test('the head is that of the latest event that has one', () => {
    const { assembler } = assembled(openaiResponses, [
      CREATED,
      { type: 'response.queued', response: { ...RESPONSE, status: 'queued' } },
      { type: 'response.in_progress', response: { ...RESPONSE, model: 'm2' } },
      { type: 'response.in_progress' },
    ])
    expect(assembled(openaiResponses, [{ type: 'response.queued', response: RESPONSE }]).assembler.body()).toEqual({
      ...RESPONSE,
    })
    expect(assembler.body()).toEqual({ ...RESPONSE, model: 'm2', output: [] })
  })

  test('without a head, items stand in a bare response', () => {
    expect(assembled(openaiResponses, [added(0, MESSAGE)]).assembler.body()).toEqual({ object: 'response', output: [MESSAGE] })
  })

  test.each<readonly [string, JsonRecord, JsonRecord]>([
    [
      'in the event',
      { type: 'error', code: 'server_error', message: 'gone', param: 'p' },
      { type: 'server_error', message: 'gone' },
    ],
    [
      'in an object',
      { type: 'error', error: { type: 'overloaded', message: 'gone' } },
      { type: 'overloaded', message: 'gone' },
    ],
  ])('an error %s is kept beside the text', (_where, event, error) => {
    const { assembler } = assembled(openaiResponses, [
      CREATED,
      { type: 'response.output_text.delta', output_index: 0, delta: 'a' },
      event,
    ])
    expect(openaiResponses.readAnswer(assembler.body() ?? {})).toMatchObject({
      segments: [segment('assistant', '/output/0/content/0/text', 'a')],
      error,
    })
    expect(assembler.isComplete()).toBe(false)
  })

  test('an error alone is a body', () => {
    const event = { type: 'error', sequence_number: 1, code: 'c', message: 'm', param: 'p' }
    expect(assembled(openaiResponses, [event]).assembler.body()?.['error']).toEqual({ code: 'c', message: 'm', param: 'p' })
    expect(assembled(openaiResponses, [{ type: 'error', error: { message: 'x' } }]).assembler.body()).toEqual({
      object: 'response',
      output: [],
      error: { message: 'x' },
    })
  })

  test('the event’s name serves where the data has no type', () => {
    const assembler = openaiResponses.assemble(null)
    assembler.push({ event: 'response.output_text.delta', data: { output_index: 0, content_index: 0, delta: 'a' } })
    expect(assembler.hasContent()).toBe(true)
  })

  test.each<readonly [string, JsonRecord, boolean]>([
    ['a message that begins', added(0, MESSAGE), false],
    ['an item without a type', added(0, {}), false],
    ['a message without a role that comes whole', done(0, { type: 'message', content: 'a' }), true],
    ['a call that begins', added(0, { type: 'function_call', name: 'f', arguments: '' }), true],
    ['a call that comes whole, without arguments', done(0, { type: 'future_call' }), true],
    ['an empty delta', { type: 'response.output_text.delta', output_index: 0, delta: '' }, false],
    ['a text', { type: 'response.output_text.delta', output_index: 0, delta: 'a' }, true],
    ['an end with text', { type: 'response.completed', response: { output: [{ ...MESSAGE, content: 'a' }] } }, true],
    ['an end without', { type: 'response.completed', response: { output: [MESSAGE] } }, false],
  ])('%s: is it content?', (_what, event, expected) => {
    expect(assembled(openaiResponses, [event]).assembler.hasContent()).toBe(expected)
  })

  test('texts that only the last event brings are shown, others not again', () => {
    const { deltas } = assembled(openaiResponses, [
      { type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: 'seen' },
      {
        type: 'response.completed',
        response: {
          output: [
            { ...MESSAGE, content: 'seen' },
            { ...MESSAGE, content: 'new' },
          ],
        },
      },
    ])
    expect(deltas.map(({ channel, text }) => `${channel} ${text}`)).toEqual(['0/output_text/0 seen', '1/text new'])
  })

  test('is stopped by an incomplete response of the same id, without the output that was held back', () => {
    const { assembler } = assembled(openaiResponses, [
      CREATED,
      { type: 'response.output_text.delta', sequence_number: 4, output_index: 0, delta: 'secret' },
      { type: 'response.output_text.delta', output_index: 0, delta: 'x' },
    ])
    expect(sseEvents(assembler.stop())).toEqual([
      {
        event: 'response.incomplete',
        data: {
          type: 'response.incomplete',
          sequence_number: 5,
          response: { ...RESPONSE, status: 'incomplete', incomplete_details: { reason: 'content_filter' }, output: [] },
        },
      },
    ])
  })

  test('is stopped before its first event', () => {
    const bare = { id: '', object: 'response', created_at: 0, model: '', output: [] }
    expect(sseEvents(openaiResponses.assemble(null).stop())).toEqual([
      {
        event: 'response.incomplete',
        data: {
          type: 'response.incomplete',
          sequence_number: 0,
          response: { ...bare, status: 'incomplete', incomplete_details: { reason: 'content_filter' } },
        },
      },
    ])
  })

  test('is stopped with its id alone where the head cannot be written', () => {
    const { assembler } = assembled(openaiResponses, [{ ...CREATED, response: { ...RESPONSE, tools: deeplyNested() } }])
    expect(sseEvents(assembler.stop())).toMatchObject([
      { data: { response: { id: 'resp-1', status: 'incomplete', model: '' } } },
    ])
  })
})

test('an error is the object that OpenAI clients read', () => {
  expect(openaiResponses.renderError(appError('auth.required', 'key?'), 'r')).toMatchObject({
    error: { type: 'authentication_error', code: 'auth.required', request_id: 'r' },
  })
})
