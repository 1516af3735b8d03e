/** Puts a conversation into the request body of each API, the way that its official SDK would. */
import type { Json, JsonRecord } from '../../core/domain/json.ts'
import type { ReplyCall } from './reply.ts'
import { toolSchema, type Agent, type DemoApi, type DemoTool } from './scene.ts'

export type Said =
  | { readonly by: 'user'; readonly text: string; readonly hasImage: boolean }
  | { readonly by: 'assistant'; readonly text: string; readonly calls: readonly ReplyCall[] }
  | { readonly by: 'tool'; readonly results: readonly { readonly call: ReplyCall; readonly text: string }[] }

export type Conversation = {
  readonly agent: Agent
  readonly model: string
  readonly said: readonly Said[]
  readonly isStreaming: boolean
  readonly wantsThinking: boolean
}

/** A picture of one grey pixel: small, and a real PNG. */
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

export const PATHS: { readonly [api in DemoApi]: string } = {
  'openai-chat': '/v1/chat/completions',
  'openai-responses': '/v1/responses',
  'openai-embeddings': '/v1/embeddings',
  anthropic: '/v1/messages',
  'ollama-chat': '/api/chat',
  'ollama-generate': '/api/generate',
}

const BODIES: { readonly [api in DemoApi]: (conversation: Conversation) => JsonRecord } = {
  'openai-chat': openaiChatBody,
  'openai-responses': openaiResponsesBody,
  'openai-embeddings': ({ model, said }) => ({ model, input: said.map(textOf), encoding_format: 'float', dimensions: 64 }),
  anthropic: anthropicBody,
  'ollama-chat': ollamaChatBody,
  'ollama-generate': ({ agent, model, said, isStreaming }) => ({
    model,
    system: agent.system,
    prompt: said.map(textOf).at(-1) ?? '',
    stream: isStreaming,
    options: { temperature: 0.2, num_predict: 64 },
  }),
}

export function bodyOf(conversation: Conversation): JsonRecord {
  return BODIES[conversation.agent.api](conversation)
}

function textOf(said: Said): string {
  return said.by === 'tool' ? said.results.map((result) => result.text).join('\n') : said.text
}

function openaiChatBody({ agent, model, said, isStreaming }: Conversation): JsonRecord {
  const messages: JsonRecord[] = [{ role: 'system', content: agent.system }]
  for (const one of said) {
    if (one.by === 'user') messages.push({ role: 'user', content: one.hasImage ? chatParts(one.text) : one.text })
    else if (one.by === 'tool') {
      for (const { call, text } of one.results) messages.push({ role: 'tool', tool_call_id: call.id, content: text })
    } else {
      const calls = one.calls.map(({ id, name, arguments: given }) => ({
        id,
        type: 'function',
        function: { name, arguments: JSON.stringify(given) },
      }))
      messages.push({
        role: 'assistant',
        content: one.text === '' ? null : one.text,
        ...(calls.length === 0 ? {} : { tool_calls: calls }),
      })
    }
  }
  return {
    model,
    messages,
    ...(agent.tools.length === 0 ? {} : { tools: agent.tools.map(functionTool) }),
    ...(isReasoning(model) ? { reasoning_effort: 'low', max_completion_tokens: 4096 } : { temperature: 0.4, max_tokens: 1024 }),
    ...(isStreaming ? { stream: true, stream_options: { include_usage: true } } : {}),
  }
}

function chatParts(text: string): readonly JsonRecord[] {
  return [
    { type: 'text', text },
    { type: 'image_url', image_url: { url: `data:image/png;base64,${PIXEL}`, detail: 'low' } },
  ]
}

function functionTool(tool: DemoTool): JsonRecord {
  return {
    type: 'function',
    function: { name: tool.name, description: tool.description, parameters: toolSchema(tool), strict: true },
  }
}

/** These models refuse a temperature. */
function isReasoning(model: string): boolean {
  return /^gpt-[5-9]/.test(model)
}

function openaiResponsesBody({ agent, model, said, isStreaming }: Conversation): JsonRecord {
  const input: JsonRecord[] = []
  for (const one of said) {
    if (one.by === 'user') input.push({ role: 'user', content: [{ type: 'input_text', text: one.text }] })
    else if (one.by === 'tool') {
      for (const { call, text } of one.results) input.push({ type: 'function_call_output', call_id: call.id, output: text })
    } else {
      if (one.text !== '') input.push({ role: 'assistant', content: [{ type: 'output_text', text: one.text }] })
      for (const { id, name, arguments: given } of one.calls) {
        input.push({ type: 'function_call', call_id: id, name, arguments: JSON.stringify(given) })
      }
    }
  }
  return {
    model,
    instructions: agent.system,
    input,
    tools: agent.tools.map((tool) => ({
      type: 'function',
      name: tool.name,
      description: tool.description,
      parameters: toolSchema(tool),
      strict: true,
    })),
    reasoning: { effort: 'low' },
    max_output_tokens: 4096,
    store: false,
    ...(isStreaming ? { stream: true } : {}),
  }
}

function anthropicBody({ agent, model, said, isStreaming, wantsThinking }: Conversation): JsonRecord {
  const messages: JsonRecord[] = said.map((one) => {
    if (one.by === 'user') return { role: 'user', content: one.text }
    if (one.by === 'tool') {
      return {
        role: 'user',
        content: one.results.map(({ call, text }) => ({ type: 'tool_result', tool_use_id: call.id, content: text })),
      }
    }
    const text: readonly Json[] = one.text === '' ? [] : [{ type: 'text', text: one.text }]
    return {
      role: 'assistant',
      content: [...text, ...one.calls.map(({ id, name, arguments: given }) => ({ type: 'tool_use', id, name, input: given }))],
    }
  })
  return {
    model,
    max_tokens: 4096,
    system: [{ type: 'text', text: agent.system, cache_control: { type: 'ephemeral' } }],
    messages,
    ...(agent.tools.length === 0
      ? {}
      : {
          tools: agent.tools.map((tool) => ({
            name: tool.name,
            description: tool.description,
            input_schema: toolSchema(tool),
          })),
        }),
    ...(wantsThinking ? { thinking: thinkingOf(model) } : {}),
    ...(isStreaming ? { stream: true } : {}),
  }
}

/** Newer models decide themselves how long they think. */
function thinkingOf(model: string): JsonRecord {
  return model.includes('haiku-4') ? { type: 'enabled', budget_tokens: 2048 } : { type: 'adaptive', display: 'summarized' }
}

function ollamaChatBody({ agent, model, said, isStreaming, wantsThinking }: Conversation): JsonRecord {
  const messages: JsonRecord[] = [{ role: 'system', content: agent.system }]
  for (const one of said) {
    if (one.by === 'user') messages.push({ role: 'user', content: one.text, ...(one.hasImage ? { images: [PIXEL] } : {}) })
    else if (one.by === 'tool') {
      for (const { call, text } of one.results) messages.push({ role: 'tool', tool_name: call.name, content: text })
    } else {
      const calls = one.calls.map(({ name, arguments: given }) => ({ function: { name, arguments: given } }))
      messages.push({ role: 'assistant', content: one.text, ...(calls.length === 0 ? {} : { tool_calls: calls }) })
    }
  }
  return {
    model,
    messages,
    tools: agent.tools.map(functionTool),
    stream: isStreaming,
    ...(wantsThinking ? { think: true } : {}),
    options: { temperature: 0.6 },
  }
}
