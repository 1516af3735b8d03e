import { describe, expect, test } from 'bun:test'
import { array, assert, oneof, property, type Arbitrary } from 'fast-check'
import { anthropicMessages } from '../../../src/core/dialects/anthropic-messages.ts'
import { azureOpenai } from '../../../src/core/dialects/azure-openai.ts'
import type { Dialect, RequestTarget } from '../../../src/core/dialects/dialect.ts'
import { opaque } from '../../../src/core/dialects/opaque.ts'
import { openaiChat } from '../../../src/core/dialects/openai-chat.ts'
import { openaiCompletions } from '../../../src/core/dialects/openai-completions.ts'
import { openaiEmbeddings } from '../../../src/core/dialects/openai-embeddings.ts'
import { openaiResponses } from '../../../src/core/dialects/openai-responses.ts'
import { asRecord, type Json } from '../../../src/core/domain/json.ts'
import { assembled, damaged, deeplyNested, oddJson, unresolved } from '../../support/dialect.ts'
import { ANTHROPIC_SAMPLE, CHAT_SAMPLE, PLAIN_SAMPLE, RESPONSES_SAMPLE, type Sample } from '../../support/sample-bodies.ts'

const CHAT = words(`
  messages role user tool assistant content type text thinking refusal image_url name tool_calls function custom
  arguments input id index tool_call_id function_call tools functions choices message delta finish_reason usage
  reasoning reasoning_content audio transcript error prediction n max_tokens max_completion_tokens model x_groq
  service_tier
`)
const RESPONSES = words(`
  input instructions prompt variables tools type message role content output text refusal reasoning summary
  function_call function_call_output call_id arguments name mcp_call error shell_call action commands
  mcp_list_tools status incomplete incomplete_details reason item delta output_index content_index summary_index
  command_index response response.created response.completed response.output_item.added
  response.output_item.done response.output_text.delta response.output_text.done
  response.function_call_arguments.delta response.shell_call_command.delta response.reasoning_summary_text.delta
  response.apply_patch_call_operation_diff.delta operation diff encrypted_content results result usage
`)
const ANTHROPIC = words(`
  system messages role user content type text tools input name id tool_use tool_result tool_use_id document
  source data title context search_result web_search_tool_result lines stdout thinking compaction
  context_management edits instructions tool definition tool_addition usage message_start message
  content_block_start content_block content_block_delta content_block_stop index message_delta delta text_delta
  input_json_delta partial_json thinking_delta signature_delta signature citations_delta citation citations
  compaction_delta message_stop error fallback to model cache_creation cache_creation_input_tokens
  ephemeral_5m_input_tokens metadata user_id
`)
const PLAIN = [
  'input',
  'prompt',
  'suffix',
  'text',
  'choices',
  'index',
  'finish_reason',
  'usage',
  'model',
  'n',
  'best_of',
  'data',
]

const DIALECTS: readonly (readonly [string, Dialect, readonly string[], RequestTarget, Sample])[] = [
  ['openai-chat', openaiChat, CHAT, at('/v1/chat/completions'), CHAT_SAMPLE],
  ['openai-responses', openaiResponses, RESPONSES, at('/v1/responses'), RESPONSES_SAMPLE],
  ['anthropic-messages', anthropicMessages, ANTHROPIC, at('/v1/messages'), ANTHROPIC_SAMPLE],
  ['openai-completions', openaiCompletions, PLAIN, at('/v1/completions'), PLAIN_SAMPLE],
  ['openai-embeddings', openaiEmbeddings, PLAIN, at('/v1/embeddings'), PLAIN_SAMPLE],
  ['opaque', opaque, [...PLAIN, 'instructions', 'revised_prompt', 'error'], at('/v1/images/generations'), PLAIN_SAMPLE],
  ['azure-openai', azureOpenai(at('/openai/v1/responses')), RESPONSES, at('/openai/v1/responses'), RESPONSES_SAMPLE],
]

function words(text: string): readonly string[] {
  return text.trim().split(/\s+/)
}

function at(path: string): RequestTarget {
  return { path, search: '' }
}

function oddOrDamaged(words: readonly string[], sound: Json): Arbitrary<Json> {
  return oneof(oddJson(words), { arbitrary: damaged(sound), weight: 4 })
}

describe.each(DIALECTS)('%s takes any JSON', (_name, dialect, words, target, sample) => {
  test('as a request: never throws, and every pointer leads to its text', () => {
    assert(
      property(oddOrDamaged(words, sample.request), (body) => {
        const view = dialect.readRequest(body, target)
        const { segments, uninspected } = view.inspect()
        expect(unresolved(body, segments)).toEqual([])
        expect(uninspected.filter(({ pointer, reason }) => typeof pointer !== 'string' || typeof reason !== 'string')).toEqual(
          [],
        )
        expect(view.choiceCount).toBeGreaterThanOrEqual(1)
        expect(view.maxOutputTokens ?? 0).toBeGreaterThanOrEqual(0)
        expect(view.model === null || typeof view.model === 'string').toBe(true)
        expect(view.userId === null || typeof view.userId === 'string').toBe(true)
        expect(asRecord(view.parameters)).not.toBeNull()
      }),
      { numRuns: 500 },
    )
  })

  test('as an answer: never throws, and every pointer leads to its text', () => {
    assert(
      property(oddOrDamaged(words, sample.answer), (body) => {
        const record = asRecord(body) ?? { body }
        const view = dialect.readAnswer(record)
        expect(unresolved(record, view.segments)).toEqual([])
        expect(view.finishReason === null || typeof view.finishReason === 'string').toBe(true)
        for (const call of view.toolCalls)
          expect(typeof call.name === 'string' && typeof call.arguments === 'string').toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  test('as a stream: never throws, and the pointers lead into the body that it gives', () => {
    assert(
      property(oneof(array(oddJson(words), { maxLength: 8 }), { arbitrary: damaged(sample.stream), weight: 4 }), (odd) => {
        const payloads = Array.isArray(odd) ? odd : [odd]
        const { assembler, deltas } = assembled(dialect, payloads)
        const body = assembler.body()
        const segments = body === null ? [] : dialect.readAnswer(body).segments
        expect(unresolved(body, segments)).toEqual([])
        expect(deltas.filter(({ text }) => text === '')).toEqual([])
        expect(deltas.length === 0 || assembler.hasContent()).toBe(true)
        expect(assembler.stop()).toBeInstanceOf(Uint8Array)
      }),
      { numRuns: 500 },
    )
  })

  test('nested deeper than it can be written again', () => {
    const deep = deeplyNested()
    const body = Object.fromEntries(words.map((word) => [word, deep]))
    expect(() => dialect.readRequest(body, target).inspect()).not.toThrow()
    expect(() => dialect.readAnswer(body)).not.toThrow()
    const { assembler } = assembled(dialect, [body, ...words.map((type) => ({ ...body, type }))])
    expect(() => assembler.body()).not.toThrow()
    expect(() => assembler.stop()).not.toThrow()
  })
})

test.each<readonly [string, Json | undefined, string]>([
  ['no JSON', undefined, 'body is not JSON'],
  ['a list', [1], 'body is not an object'],
  ['null', null, 'body is not an object'],
  ['a text', 'hi', 'body is not an object'],
])('a body that is %s is an empty view that says so, in every dialect', (_name, body, reason) => {
  for (const [name, dialect, , target] of DIALECTS) {
    const { inspect, ...view } = dialect.readRequest(body, target)
    expect(view).toMatchObject({ model: null, isStreaming: false, choiceCount: 1, userId: null, parameters: {} })
    expect({ name, ...inspect() }).toEqual({ name, segments: [], uninspected: [{ pointer: '', reason }] })
  }
})
