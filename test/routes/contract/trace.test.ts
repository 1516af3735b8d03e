import { scoreOf } from '../../../src/core/domain/finding.ts'
import { describe, expect, test } from 'bun:test'
import {
  promptOf,
  responseOf,
  spanSchema,
  toWireSpan,
  toWireTrace,
  toWireTraceRow,
  traceRowSchema,
  traceSchema,
} from '../../../src/contract/trace.ts'
import type { Segment } from '../../../src/core/domain/segment.ts'
import { NO_TEXT, UNPRICED } from '../../../src/core/domain/span.ts'
import { usageOf } from '../../../src/core/domain/usage.ts'
import { NOW, aFinding, aSpan, anAction, spanIdOf, texts, traceIdOf, usd } from '../spans.ts'

const segment = (origin: Segment['origin'], text: string, more: Partial<Segment> = {}): Segment => ({
  origin,
  text,
  pointer: '/x',
  kind: 'text',
  name: null,
  ...more,
})

describe('a span', () => {
  const rich = aSpan(1, {
    parentSpanId: spanIdOf(9),
    tags: { env: 'prod' },
    usage: usageOf({
      input_tokens: 100,
      cache_read_tokens: 30,
      cache_write_tokens: 20,
      output_tokens: 40,
      output_reasoning_tokens: 15,
    }),
    actions: [anAction()],
    findings: [aFinding(), aFinding({ severity: 'low' })],
    notes: ['uninspected:/messages/0/content/1 image_url'],
  })

  test('keeps LLMTrace names, with times, tokens and money in the units of the API', () => {
    expect(toWireSpan(rich, 'full')).toMatchObject({
      trace_id: traceIdOf(1),
      span_id: spanIdOf(1),
      parent_span_id: spanIdOf(9),
      operation_name: 'chat',
      model_name: 'gpt-4o-2024-08-06',
      request_model: 'gpt-4o',
      start_time: new Date(NOW - 60_000 + 1).toISOString(),
      end_time: new Date(NOW - 60_000 + 101).toISOString(),
      prompt: 'system: Be brief.\nuser: question 1',
      response: 'answer 1',
      parameters: { temperature: 0.2 },
      prompt_tokens: 100,
      completion_tokens: 40,
      total_tokens: 140,
      usage: { input: 50, cache_read: 30, cache_write: 20, output: 25, reasoning: 15 },
      estimated_cost_usd: 0.001,
      cost: { usd: 0.001, status: 'priced', price_id: 'openai/gpt-4o', effective_date: '2026-11-20' },
      security_score: 80,
      time_to_first_token_ms: 90,
      request_id: 'req-1',
      events: [],
    })
    expect(toWireSpan(rich, 'full').security_findings[0]).toEqual({
      id: 'f-1',
      finding_type: 'prompt_injection',
      category: 'injection',
      severity: 'high',
      confidence_score: 0.9,
      description: 'asks to ignore what came before',
      direction: 'input',
      origin: 'user',
      location: '/messages/0/content',
      range: { start_utf16: 2, end_utf16: 9 },
      rule_id: 'ignore-previous',
      via: [],
      excerpt: '14 chars, sha256:1f9c2ab4',
      action: 'flag',
      shadow_action: null,
    })
  })

  test('of a list carries no text at all', () => {
    const secret = 'hunter2'
    const row = toWireSpan(
      aSpan(1, {
        input: texts(['user', secret]),
        output: texts(['assistant', secret]),
        parameters: JSON.stringify({ stop: secret }),
        actions: [anAction({ arguments: secret, result: secret })],
      }),
      'row',
    )
    expect(JSON.stringify(row)).not.toContain(secret)
    expect(row).toMatchObject({ prompt: null, response: null, input: null, output: null, parameters: null, prompt_bytes: 7 })
    expect(row.agent_actions[0]).toMatchObject({ name: 'get_weather', arguments: null, result: null })
  })

  test('what was not measured is null, never 0', () => {
    const bare = aSpan(1, {
      responseModel: null,
      requestModel: null,
      parameters: null,
      upstreamMs: null,
      ttftMs: null,
      status: 'refused',
      statusCode: null,
      finishReason: null,
      upstreamRequestId: null,
      usage: null,
      cost: UNPRICED,
      input: NO_TEXT,
      output: NO_TEXT,
    })
    expect(toWireSpan(bare, 'full')).toMatchObject({
      model_name: null,
      request_model: null,
      parameters: null,
      upstream_ms: null,
      time_to_first_token_ms: null,
      status_code: null,
      prompt_tokens: null,
      completion_tokens: null,
      total_tokens: null,
      usage: null,
      estimated_cost_usd: null,
      cost: { usd: null, status: 'unpriced', price_id: null, effective_date: null },
      prompt: null,
      response: null,
      security_score: null,
    })
  })

  test('parameters that were cut, or are no object, are null', () => {
    for (const parameters of ['{"stop":"abc', '[1]', '""'])
      expect(toWireSpan(aSpan(1, { parameters }), 'full').parameters).toBeNull()
  })

  test.each(['row', 'full'] as const)('has every field of the schema and no other (%s)', (detail) => {
    const wire = toWireSpan(rich, detail)
    expect(spanSchema.parse(wire)).toEqual(wire)
  })
})

describe('the prompt', () => {
  const rows: readonly (readonly [why: string, segments: readonly Segment[], prompt: string | null])[] = [
    ['nothing kept', [], null],
    ['tool definitions are no part of it', [segment('tool_definition', '{}')], null],
    ['one line a part', [segment('system', 'a'), segment('user', 'b'), segment('user', 'c')], 'system: a\nuser: b\nuser: c'],
    [
      'tools by name',
      [segment('tool_call', '{"x":1}', { name: 'f', kind: 'json' }), segment('tool_result', 'ok', { name: 'f' })],
      'tool_call f: {"x":1}\ntool_result f: ok',
    ],
    ["a user's name is not a tool's", [segment('user', 'hi', { name: 'ann' })], 'user: hi'],
  ]
  test.each(rows)('%s', (_, segments, prompt) => {
    expect(promptOf(segments)).toBe(prompt)
  })
})

describe('the response', () => {
  const rows: readonly (readonly [why: string, segments: readonly Segment[], response: string | null])[] = [
    ['nothing kept', [], null],
    ['tool calls alone', [segment('tool_call', '{}')], null],
    ['reasoning is not visible', [segment('assistant', 'hm', { kind: 'reasoning' })], null],
    ['a refusal is', [segment('assistant', 'no', { kind: 'refusal' })], 'no'],
    ['an empty answer is an answer', [segment('assistant', '')], ''],
  ]
  test.each(rows)('%s', (_, segments, response) => {
    expect(responseOf(segments)).toBe(response)
  })
})

test('a score is that of the worst finding', () => {
  expect(scoreOf([])).toBeNull()
  expect((['info', 'low', 'medium', 'high', 'critical'] as const).map((severity) => scoreOf([aFinding({ severity })]))).toEqual(
    [10, 30, 60, 80, 95],
  )
  expect(scoreOf([aFinding({ severity: 'low' }), aFinding({ severity: 'critical' }), aFinding({ severity: 'info' })])).toBe(95)
})

describe('a trace', () => {
  const spans = [
    aSpan(2, {
      traceId: traceIdOf(1),
      startTime: NOW + 50,
      durationMs: 100,
      status: 'error',
      cost: UNPRICED,
      usage: null,
      findings: [aFinding()],
    }),
    aSpan(1, { startTime: NOW, durationMs: 120.4 }),
    aSpan(3, { traceId: traceIdOf(1), startTime: NOW + 10, durationMs: 5, cost: { ...aSpan(1).cost, amount: usd(0.002) } }),
  ]

  test('sums what its spans say, the earliest first', () => {
    const trace = toWireTrace({ traceId: traceIdOf(1), tenantId: spans[0]!.tenantId, spans })
    expect(trace.spans.map(({ span_id }) => span_id)).toEqual([spanIdOf(1), spanIdOf(3), spanIdOf(2)])
    expect(trace).toMatchObject({
      created_at: new Date(NOW).toISOString(),
      start_time: new Date(NOW).toISOString(),
      end_time: new Date(NOW + 150).toISOString(),
      duration_ms: 150,
      span_count: 3,
      total_tokens: 24,
      estimated_cost_usd: 0.003,
      error_count: 1,
      finding_count: 1,
      security_score: 80,
    })
    expect(traceSchema.parse(trace)).toEqual(trace)
  })

  test('without a priced span costs null', () => {
    const trace = toWireTrace({ traceId: traceIdOf(1), tenantId: spans[0]!.tenantId, spans: [aSpan(1, { cost: UNPRICED })] })
    expect(trace.estimated_cost_usd).toBeNull()
  })

  test('of a list has the same totals and its root span without texts', () => {
    const row = toWireTraceRow({
      traceId: traceIdOf(1),
      startTime: NOW,
      endTime: NOW + 150,
      root: spans[1]!,
      spanCount: 3,
      totalTokens: 24,
      cost: usd(0.003),
      errorCount: 1,
      findingCount: 1,
      scoreMax: 80,
    })
    expect(row).toMatchObject({
      span_count: 3,
      duration_ms: 150,
      estimated_cost_usd: 0.003,
      root_span: { span_id: spanIdOf(1), prompt: null },
    })
    expect(traceRowSchema.parse(row)).toEqual(row)
  })
})
