/** A sound request, answer and stream per dialect that together use every field a reader looks at; for tests that damage them. */
import type { Json, JsonRecord } from '../../src/core/domain/json.ts'

export type Sample = { readonly request: JsonRecord; readonly answer: JsonRecord; readonly stream: readonly Json[] }

function chunk(delta: JsonRecord, finishReason: string | null = null): JsonRecord {
  return { id: 'c', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: finishReason }], usage: null }
}

export const CHAT_SAMPLE: Sample = {
  request: {
    model: 'm',
    stream: true,
    n: 2,
    max_tokens: 5,
    user: 'u',
    messages: [
      { role: 'system', content: 'a' },
      {
        role: 'user',
        name: 'n',
        content: [
          { type: 'text', text: 'b' },
          { type: 'image_url', image_url: { url: 'u' } },
        ],
      },
      {
        role: 'assistant',
        reasoning_content: 'r',
        content: [{ type: 'thinking', thinking: [{ type: 'text', text: 't' }] }],
        audio: { id: 'i', transcript: 'x' },
        refusal: 'no',
        tool_calls: [
          { id: 'c1', function: { name: 'f', arguments: '{}' } },
          { id: 'c2', custom: { name: 'g', input: 'i' } },
        ],
        function_call: { name: 'h', arguments: '{}' },
      },
      { role: 'tool', tool_call_id: 'c1', content: 'd' },
    ],
    prediction: { type: 'content', content: 'p' },
    tools: [{ type: 'function', function: { name: 'f', parameters: {} } }],
    functions: [{ name: 'h' }],
  },
  answer: {
    model: 'm',
    choices: [
      {
        finish_reason: 'stop',
        message: {
          reasoning: 'r',
          content: 'c',
          refusal: 'n',
          audio: { transcript: 't' },
          tool_calls: [{ id: 'c1', function: { name: 'f', arguments: '{}' } }],
          function_call: { name: 'h', arguments: '{}' },
        },
      },
    ],
    error: { type: 't', message: 'm' },
  },
  stream: [
    chunk({ role: 'assistant', content: 'a', reasoning: 'r', refusal: 'n', audio: { id: 'i', transcript: 't' } }),
    chunk({
      content: [
        { type: 'thinking', thinking: [{ type: 'text', text: 'b' }] },
        { type: 'text', text: 'c' },
      ],
    }),
    chunk({
      tool_calls: [{ index: 0, id: 'c1', function: { name: 'f', arguments: '{' } }, { custom: { name: 'g', input: 'i' } }],
    }),
    chunk({ tool_calls: [{ index: 0, function: { arguments: '}' } }], function_call: { name: 'h', arguments: '{}' } }),
    chunk({}, 'stop'),
    { choices: [], usage: { prompt_tokens: 1 }, x_groq: { usage: {} }, error: { message: 'm' } },
  ],
}

const ITEMS: readonly JsonRecord[] = [
  {
    type: 'message',
    role: 'user',
    content: [
      { type: 'input_text', text: 'a' },
      { type: 'input_audio', transcript: 'b' },
    ],
  },
  { type: 'reasoning', summary: [{ text: 's' }], content: [{ text: 'r' }], encrypted_content: 'x' },
  { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{}' },
  { type: 'function_call_output', call_id: 'c1', output: [{ type: 'input_text', text: 'o' }] },
  { type: 'shell_call', call_id: 'c2', action: { commands: ['ls'] }, environment: { type: 'container_auto' } },
  { type: 'shell_call_output', call_id: 'c2', output: [{ stdout: 'o', stderr: 'e' }] },
  { type: 'code_interpreter_call', id: 'x', code: 'c', outputs: [{ logs: 'l' }] },
  { type: 'file_search_call', queries: ['q'], results: [{ text: 't' }] },
  { type: 'mcp_call', name: 'm', arguments: '{}', output: 'o', error: { code: 1 } },
  { type: 'mcp_list_tools', tools: [{ name: 't', headers: {} }] },
  { type: 'mcp_approval_request', name: 'm', arguments: '{}' },
  { type: 'mcp_approval_response', reason: 'r' },
  { type: 'image_generation_call', revised_prompt: 'p', result: 'r' },
  { type: 'tool_search_call', execution: 'server', arguments: {} },
  { type: 'program', call_id: 'c3', code: 'c' },
  { type: 'program_output', call_id: 'c3', result: 'r' },
]

export const RESPONSES_SAMPLE: Sample = {
  request: {
    model: 'm',
    stream: true,
    max_output_tokens: 5,
    user: 'u',
    instructions: [{ role: 'developer', content: 'i' }],
    prompt: { variables: { a: 'x', b: { text: 'y' } } },
    input: [...ITEMS, { role: 'user', content: 'z' }],
    tools: [{ type: 'function', name: 'f', parameters: {} }],
  },
  answer: {
    model: 'm',
    status: 'incomplete',
    incomplete_details: { reason: 'r' },
    output: ITEMS,
    error: { code: 'c', message: 'm' },
  },
  stream: [
    { type: 'response.created', sequence_number: 0, response: { id: 'r', model: 'm', status: 'in_progress', output: [] } },
    { type: 'response.output_item.added', output_index: 0, item: { type: 'message', content: [] } },
    { type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: 'a' },
    { type: 'response.refusal.delta', output_index: 0, content_index: 1, delta: 'b' },
    { type: 'response.output_text.done', output_index: 0, content_index: 0, text: 'a' },
    { type: 'response.reasoning_summary_text.delta', output_index: 1, summary_index: 0, delta: 's' },
    { type: 'response.function_call_arguments.delta', output_index: 2, delta: '{' },
    { type: 'response.shell_call_command.delta', output_index: 3, command_index: 1, delta: 'ls' },
    { type: 'response.apply_patch_call_operation_diff.delta', output_index: 4, delta: '+' },
    { type: 'response.output_item.done', output_index: 5, item: { type: 'custom_tool_call', call_id: 'c', input: 'i' } },
    { type: 'error', code: 'c', message: 'm' },
    { type: 'response.completed', response: { id: 'r', status: 'completed', output: [], usage: {} } },
  ],
}

const BLOCKS: readonly JsonRecord[] = [
  { type: 'text', text: 'a' },
  { type: 'thinking', thinking: 't', signature: 's' },
  { type: 'compaction', content: 'c', encrypted_content: 'e' },
  { type: 'document', title: 't', context: 'c', source: { type: 'text', data: 'd' } },
  { type: 'document', source: { type: 'content', content: [{ type: 'text', text: 'd' }] } },
  { type: 'search_result', source: 's', title: 't', content: [{ type: 'text', text: 'r' }] },
  { type: 'tool_use', id: 'u1', name: 'f', input: { a: 1 } },
  {
    type: 'tool_result',
    tool_use_id: 'u1',
    content: [
      { type: 'text', text: 'r' },
      { type: 'image', source: {} },
    ],
  },
  { type: 'bash_code_execution_tool_result', content: { type: 'x', stdout: 'o', stderr: 'e', content: [{ file_id: 'f' }] } },
  { type: 'web_fetch_tool_result', content: { url: 'u', content: { type: 'document', source: { type: 'text', data: 'd' } } } },
  { type: 'text_editor_code_execution_tool_result', content: { lines: ['+a'] } },
  { type: 'mcp_tool_listing', tools: [{ name: 't' }] },
  { type: 'tool_addition', tool: { definition: { name: 'd' } } },
]

export const ANTHROPIC_SAMPLE: Sample = {
  request: {
    model: 'm',
    stream: true,
    max_tokens: 5,
    metadata: { user_id: 'u' },
    system: [{ type: 'text', text: 's' }],
    messages: [
      { role: 'user', content: BLOCKS },
      { role: 'assistant', content: 'x' },
    ],
    tools: [{ name: 't', authorization_token: 's' }],
    compaction: { instructions: 'i' },
    context_management: { edits: [{ instructions: 'e' }] },
  },
  answer: { model: 'm', content: BLOCKS, stop_reason: 'end_turn', error: { type: 't', message: 'm' } },
  stream: [
    {
      type: 'message_start',
      message: { id: 'i', model: 'm', usage: { input_tokens: 1, cache_creation: { ephemeral_5m_input_tokens: 1 } } },
    },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: 'a', citations: [] } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'b' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'citations_delta', citation: {} } },
    { type: 'content_block_stop', index: 0 },
    { type: 'content_block_start', index: 1, content_block: { type: 'thinking', thinking: 't' } },
    { type: 'content_block_delta', index: 1, delta: { type: 'thinking_delta', thinking: 'u' } },
    { type: 'content_block_delta', index: 1, delta: { type: 'signature_delta', signature: 's' } },
    { type: 'content_block_start', index: 2, content_block: { type: 'tool_use', id: 'u', name: 'f', input: { a: 1 } } },
    { type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: '{"a":1}' } },
    { type: 'content_block_start', index: 3, content_block: { type: 'fallback', to: { model: 'n' } } },
    { type: 'content_block_start', index: 4, content_block: { type: 'compaction', content: null } },
    { type: 'content_block_delta', index: 4, delta: { type: 'compaction_delta', content: 'c' } },
    { type: 'message_delta', delta: { stop_reason: 'x' }, usage: { output_tokens: 2, cache_creation_input_tokens: 3 } },
    { type: 'error', error: { type: 't', message: 'm' } },
    { type: 'message_stop' },
  ],
}

/** Completions, embeddings and the opaque formats share these few fields. */
export const PLAIN_SAMPLE: Sample = {
  request: {
    model: 'm',
    prompt: ['a', [1, 2], { text: 'b' }],
    input: ['a', [1], { type: 'text', text: 'b' }],
    suffix: 's',
    instructions: 'i',
    n: 2,
    best_of: 3,
    max_tokens: 5,
    user: 'u',
  },
  answer: {
    model: 'm',
    text: 't',
    choices: [{ text: 'a', finish_reason: 'stop' }],
    data: [{ revised_prompt: 'p' }],
    error: { type: 't', message: 'm' },
  },
  stream: [
    { id: 'c', created: 1, model: 'm', choices: [{ index: 0, text: 'a', finish_reason: null }] },
    {
      choices: [{ index: 1, text: 'b', finish_reason: 'stop' }],
      usage: { total_tokens: 1 },
      error: { message: 'm' },
      text: 't',
    },
  ],
}
