import { describe, expect, test } from 'bun:test'
import { anthropicMessages } from '../../../../src/core/dialects/anthropic-messages.ts'
import { bedrock } from '../../../../src/core/dialects/bedrock.ts'
import { cohere } from '../../../../src/core/dialects/cohere.ts'
import type { Dialect } from '../../../../src/core/dialects/dialect.ts'
import { gemini } from '../../../../src/core/dialects/gemini.ts'
import { ollama } from '../../../../src/core/dialects/ollama.ts'
import { openaiChat } from '../../../../src/core/dialects/openai-chat.ts'
import { openaiCompletions } from '../../../../src/core/dialects/openai-completions.ts'
import { openaiResponses } from '../../../../src/core/dialects/openai-responses.ts'
import type { Json } from '../../../../src/core/domain/json.ts'
import { redactBody } from '../../../../src/core/guard/redact/redact-body.ts'
import { redactSegments } from '../../../../src/core/guard/redact/redact-segments.ts'
import { segment } from '../../../support/dialect.ts'
import { describeWithData, recordedStreams } from '../../../support/recorded.ts'
import { fakeJudge } from '../stream/fake-judge.ts'

const MAIL = 'max.muster@example.com'
const TAG = '[PII:EMAIL]'
const encoder = new TextEncoder()

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

const call = { name: 'send', arguments: JSON.stringify({ to: MAIL, n: 1 }) }
const BODIES: readonly [name: string, dialect: Dialect, body: Json][] = [
  ['chat', openaiChat, { choices: [{ index: 0, message: { role: 'assistant', content: `to ${MAIL}`, reasoning: MAIL } }] }],
  ['chat, parts', openaiChat, { choices: [{ message: { content: [{ type: 'text', text: `to ${MAIL}` }] } }] }],
  ['chat, a call', openaiChat, { choices: [{ message: { content: null, tool_calls: [{ id: 'c', function: call }] } }] }],
  [
    'chat, an annotation',
    openaiChat,
    { choices: [{ message: { content: `to ${MAIL}`, annotations: [{ url_citation: { title: `on ${MAIL}` } }] } }] },
  ],
  ['completions', openaiCompletions, { choices: [{ text: `to ${MAIL}` }] }],
  ['responses', openaiResponses, { output: [{ type: 'message', content: [{ type: 'output_text', text: `to ${MAIL}` }] }] }],
  ['responses, a call', openaiResponses, { output: [{ type: 'function_call', call_id: 'c', ...call }] }],
  [
    'messages',
    anthropicMessages,
    {
      type: 'message',
      content: [
        { type: 'text', text: `to ${MAIL}` },
        { type: 'tool_use', id: 't', name: 'f', input: { to: [MAIL] } },
      ],
    },
  ],
  [
    'messages, a citation',
    anthropicMessages,
    { content: [{ type: 'text', text: `to ${MAIL}`, citations: [{ cited_text: `x ${MAIL}` }] }] },
  ],
  [
    'gemini',
    gemini,
    { candidates: [{ content: { parts: [{ text: `to ${MAIL}` }, { functionCall: { name: 'f', args: { to: MAIL } } }] } }] },
  ],
  [
    'gemini, grounds',
    gemini,
    {
      candidates: [
        {
          content: { parts: [{ text: `to ${MAIL}` }] },
          groundingMetadata: { groundingSupports: [{ segment: { text: MAIL } }] },
        },
      ],
    },
  ],
  ['cohere', cohere, { message: { content: [{ type: 'text', text: `to ${MAIL}` }], citations: [{ text: MAIL }] } }],
  ['cohere v1', cohere, { text: `to ${MAIL}`, chat_history: [{ role: 'CHATBOT', message: `to ${MAIL}` }] }],
  [
    'ollama',
    ollama,
    {
      message: { role: 'assistant', content: `to ${MAIL}`, tool_calls: [{ function: { name: 'f', arguments: { to: MAIL } } }] },
    },
  ],
  [
    'converse',
    bedrock({ path: '/model/m/converse', search: '' }),
    { output: { message: { content: [{ text: `to ${MAIL}` }, { toolUse: { name: 'f', input: { to: MAIL } } }] } } },
  ],
  ['titan', bedrock({ path: '/model/m/invoke', search: '' }), { results: [{ outputText: `to ${MAIL}` }] }],
]

describe('redactBody', () => {
  test.each(BODIES)('every place of a match changes, nothing else: %s', (_name, dialect, body) => {
    const json = JSON.stringify({ first: 1.0, ...(body as object), usage: { total: 10 } }, null, 1).replace(
      '"total": 10',
      '"total": 1.50e1',
    )
    const { bytes, judged, unredacted, isRead } = redactBody(encoder.encode(json), dialect, fakeJudge())
    expect(textOf(bytes)).toBe(json.replaceAll(MAIL, TAG))
    expect(judged.length).toBeGreaterThan(0)
    expect(judged.every(({ matched }) => matched === MAIL)).toBe(true)
    expect([unredacted, isRead]).toEqual([[], true])
  })

  test('a body without a match is the very same bytes', () => {
    const bytes = encoder.encode('{"choices":[{"message":{"content":"hi"}}]}')
    expect(redactBody(bytes, openaiChat, fakeJudge()).bytes).toBe(bytes)
  })

  test('what is only flagged or blocked is told and stays', () => {
    const bytes = encoder.encode(JSON.stringify(BODIES[0]?.[2]))
    for (const email of ['flag', 'block', 'pass'] as const) {
      const redacted = redactBody(bytes, openaiChat, fakeJudge({ email }))
      expect(redacted.bytes).toBe(bytes)
      expect(redacted.judged.map(({ judged }) => judged.action)).toEqual([email, email])
    }
  })

  test('tokens that spell a changed answer are emptied', () => {
    const logprobs = { content: [{ token: 'max' }] }
    const body = { choices: [{ message: { content: MAIL }, logprobs }], logprobs: [{ token: 'max' }] }
    const { bytes } = redactBody(encoder.encode(JSON.stringify(body)), openaiChat, fakeJudge())
    expect(JSON.parse(textOf(bytes))).toEqual({ choices: [{ message: { content: TAG }, logprobs: null }], logprobs: [] })
  })

  test.each([
    ['a key', { candidates: [{ content: { parts: [{ functionCall: { name: 'f', args: { [MAIL]: 1 } } }] } }] }, gemini],
    [
      'a key in JSON text',
      { choices: [{ message: { tool_calls: [{ function: { name: 'f', arguments: `{"a":1} ${MAIL}` } }] } }] },
      openaiChat,
    ],
  ])('what cannot be taken out is told: %s', (_why, body, dialect) => {
    const { bytes, unredacted } = redactBody(encoder.encode(JSON.stringify(body)), dialect, fakeJudge())
    expect(textOf(bytes)).toContain(MAIL)
    expect(unredacted).toHaveLength(1)
  })

  test.each([
    ['not JSON', '{"choices"'],
    ['an array', '[{"text":"a@b.io"}]'],
    ['nested too deeply', `{"x":${'['.repeat(20_000)}${']'.repeat(20_000)}}`],
  ])('a body that cannot be read is handed back as it is: %s', (_why, text) => {
    const bytes = encoder.encode(text)
    expect(redactBody(bytes, openaiChat, fakeJudge())).toEqual({ bytes, judged: [], unredacted: [], isRead: false })
  })
})

describe('redactSegments', () => {
  const edit = { startUtf16: 0, endUtf16: 1, replacement: 'X' }

  test('a segment that leads to no string is told', () => {
    const redaction = { segment: segment('user', '/a', 'joined'), ranges: [edit] }
    for (const json of ['{"a":1}', '{"a":["j"]}', '{}']) {
      expect(redactSegments(json, [redaction])).toEqual({ text: json, unredacted: [redaction] })
    }
  })

  test('a value’s JSON text changes where its strings stand', () => {
    const text = '{"to":"a@b.io"}'
    const redaction = {
      segment: segment('tool_definition', '/tools/0', text, { kind: 'json' }),
      ranges: [{ startUtf16: 7, endUtf16: 13, replacement: 'X' }],
    }
    expect(redactSegments('{"tools":[{ "to" : "\\u0061@b.io" }]}', [redaction]).text).toBe('{"tools":[{ "to" : "X" }]}')
  })
})

describeWithData('recorded answers', () => {
  const DIALECTS: { readonly [provider: string]: Dialect } = { anthropic: anthropicMessages, cohere, google: gemini }

  test('a word of a text is taken out wherever it is told, and all stays JSON', () => {
    for (const { provider, api, answer } of recordedStreams()) {
      const dialect = DIALECTS[provider] ?? (api === 'responses' ? openaiResponses : openaiChat)
      if (answer === null || typeof answer !== 'object' || Array.isArray(answer)) continue
      const segments = dialect.readAnswer(answer as { readonly [key: string]: Json }).segments
      const json = JSON.stringify(answer)
      const redactions = segments.map((one) => ({
        segment: one,
        ranges: [...one.text.matchAll(/[a-z]{5,}/g)].map(({ 0: word, index }) => ({
          startUtf16: index,
          endUtf16: index + word.length,
          replacement: '',
        })),
      }))
      const { text } = redactSegments(json, redactions)
      const after = dialect.readAnswer(JSON.parse(text) as { readonly [key: string]: Json }).segments
      for (const one of after.filter(({ kind }) => kind !== 'json')) expect(one.text).not.toMatch(/^[a-z]{5,}$/)
    }
  })
})
