/** Builders for spans: one call with everything usual about it, and any call at all. */
import * as fc from 'fast-check'
import { ENVELOPE_VERSION, type Envelope } from '../../src/core/domain/envelope.ts'
import { CATEGORIES, type Finding } from '../../src/core/domain/finding.ts'
import type { KeyId, ProjectId, SpanId, TenantId, TraceId } from '../../src/core/domain/ids.ts'
import type { NanoUsd } from '../../src/core/domain/money.ts'
import type { Origin, Segment } from '../../src/core/domain/segment.ts'
import { UNPRICED, type AgentAction, type CapturedText, type TraceSpan } from '../../src/core/domain/span.ts'
import { usageOf } from '../../src/core/domain/usage.ts'

/** 2026-10-20T08:00:00Z. */
export const START = Date.UTC(2026, 9, 20, 8)

export function traceIdOf(n: number): TraceId {
  return `019aa0b4-7d3e-7c10-9b1f-${n.toString(16).padStart(12, '0')}` as TraceId
}

export function spanIdOf(n: number): SpanId {
  return n.toString(16).padStart(16, '0') as SpanId
}

export function tenantOf(name: string): TenantId {
  return name as TenantId
}

export function nano(amount: number): NanoUsd {
  return amount as NanoUsd
}

export function captured(...texts: readonly (readonly [origin: Origin, text: string])[]): CapturedText {
  const segments = texts.map(([origin, text], i): Segment => ({
    origin,
    pointer: `/messages/${i}/content`,
    kind: 'text',
    text,
    name: null,
  }))
  return {
    segments,
    textBytes: segments.reduce((sum, { text }) => sum + new TextEncoder().encode(text).length, 0),
    isTruncated: false,
  }
}

/** The n-th span: its ids and its trace are its own, it starts `n` seconds after `START`. */
export function aSpan(more: Partial<TraceSpan> = {}, n = 1): TraceSpan {
  return {
    traceId: traceIdOf(n),
    spanId: spanIdOf(n),
    parentSpanId: null,
    tenantId: tenantOf('acme'),
    projectId: null,
    keyId: null,
    agentId: null,
    userId: null,
    sessionId: null,
    tags: {},
    operation: 'chat',
    dialect: 'openai-chat',
    provider: 'openai',
    requestModel: 'gpt-4.1-mini',
    responseModel: 'gpt-4.1-mini-2025-04-14',
    isStreaming: false,
    method: 'POST',
    path: '/v1/chat/completions',
    parameters: '{"temperature":0.2}',
    startTime: START + n * 1000,
    durationMs: 100,
    upstreamMs: 80,
    ttftMs: 90,
    status: 'ok',
    statusCode: 200,
    errorCode: null,
    errorMessage: null,
    finishReason: 'stop',
    upstreamRequestId: `req_${n}`,
    usage: usageOf({ input_tokens: 12, output_tokens: 34 }),
    cost: { status: 'priced', amount: nano(59_200), priceId: 'openai/gpt-4.1-mini', effectiveDate: '2026-10-20' },
    input: captured(['system', 'You are helpful.'], ['user', `What is ${n} squared?`]),
    output: captured(['assistant', `It is ${n * n}.`]),
    requestBytes: 220,
    responseBytes: 640,
    actions: [],
    findings: [],
    notes: [],
    ...more,
  }
}

export function anAction(more: Partial<AgentAction> = {}): AgentAction {
  return {
    id: 'a-1',
    actionType: 'tool_call',
    name: 'get_weather',
    arguments: '{"city":"Cologne"}',
    result: null,
    durationMs: null,
    isSuccess: true,
    exitCode: null,
    httpMethod: null,
    httpStatus: null,
    fileOperation: null,
    time: START,
    metadata: {},
    ...more,
  }
}

export function aFinding(more: Partial<Finding> = {}): Finding {
  return {
    id: 'f-1',
    findingType: 'prompt_injection',
    category: 'injection',
    direction: 'input',
    origin: 'user',
    via: [],
    excerpt: '14 chars, sha256:1f9c2ab4',
    action: 'flag',
    shadowAction: null,
    severity: 'high',
    confidence: 0.9,
    description: 'asks to ignore what came before',
    pointer: '/messages/1/content',
    range: { startUtf16: 3, endUtf16: 17 },
    ruleId: 'inj-001',
    ...more,
  }
}

export function envelopesOf(spans: readonly TraceSpan[], writer = 'test'): Envelope[] {
  return spans.map((span, i) => ({ version: ENVELOPE_VERSION, writer, sequence: i + 1, span }))
}

// --- any span at all --------------------------------------------------------------------------------------------------------------

/** Text as a header or a model's name may hold it: any character but NUL, which SQL texts end at. */
const label = fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }).map((text) => text.replaceAll('\u0000', '-'))
/** Text as a body may hold it: anything, halves of surrogate pairs and NUL included. */
const content = fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.constantFrom('\ud800', 'a\u0000b', '"\\\u2028', ''))
const maybe = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: null })
const whole = fc.oneof(fc.nat(), fc.constantFrom(0, Number.MAX_SAFE_INTEGER))
const milliseconds = fc.oneof(
  whole,
  fc.double({ min: 0, max: 1e12, noNaN: true }).map((ms) => ms + 0),
)

const segment: fc.Arbitrary<Segment> = fc.record({
  origin: fc.constantFrom('system', 'user', 'assistant', 'tool_definition', 'tool_call', 'tool_result'),
  pointer: content,
  kind: fc.constantFrom('text', 'reasoning', 'refusal', 'json'),
  text: content,
  name: maybe(content),
})

const capturedText: fc.Arbitrary<CapturedText> = fc.record({
  segments: fc.array(segment, { maxLength: 4 }),
  textBytes: whole,
  isTruncated: fc.boolean(),
})

const action: fc.Arbitrary<AgentAction> = fc.record({
  id: content,
  actionType: fc.constantFrom('tool_call', 'skill_invocation', 'command_execution', 'web_access', 'file_access'),
  name: label,
  arguments: maybe(content),
  result: maybe(content),
  durationMs: maybe(milliseconds),
  isSuccess: fc.boolean(),
  exitCode: maybe(fc.integer()),
  httpMethod: maybe(content),
  httpStatus: maybe(fc.nat()),
  fileOperation: maybe(content),
  time: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  metadata: fc.dictionary(label, content, { maxKeys: 3 }),
})

const finding: fc.Arbitrary<Finding> = fc.record({
  id: content,
  findingType: label,
  category: fc.constantFrom(...CATEGORIES),
  direction: fc.constantFrom('input', 'output'),
  origin: maybe(fc.constantFrom('system', 'user', 'assistant', 'tool_definition', 'tool_call', 'tool_result')),
  via: fc.array(label, { maxLength: 2 }),
  excerpt: maybe(content),
  action: fc.constantFrom('pass', 'flag', 'redact', 'block'),
  shadowAction: maybe(fc.constantFrom('pass', 'flag', 'redact', 'block')),
  severity: fc.constantFrom('info', 'low', 'medium', 'high', 'critical'),
  confidence: fc.double({ min: 0, max: 1, noNaN: true }).map((confidence) => confidence + 0),
  description: content,
  pointer: maybe(content),
  range: maybe(fc.record({ startUtf16: fc.nat(), endUtf16: fc.nat() })),
  ruleId: maybe(content),
})

/** Every field in every state it may have, of any tenant, trace and span. */
export const anySpan: fc.Arbitrary<TraceSpan> = fc.record({
  traceId: fc.nat({ max: 2 ** 31 }).map(traceIdOf),
  spanId: fc.nat({ max: 2 ** 31 }).map(spanIdOf),
  parentSpanId: maybe(fc.nat().map(spanIdOf)),
  tenantId: fc.stringMatching(/^[A-Za-z0-9._-]{1,64}$/).map(tenantOf),
  projectId: maybe(label.map((id) => id as ProjectId)),
  keyId: maybe(label.map((id) => id as KeyId)),
  agentId: maybe(label),
  userId: maybe(label),
  sessionId: maybe(label),
  tags: fc.dictionary(label, label, { maxKeys: 4 }),
  operation: fc.constantFrom(
    'chat',
    'text_completion',
    'embeddings',
    'rerank',
    'count_tokens',
    'moderation',
    'image',
    'audio',
    'other',
  ),
  dialect: fc.constantFrom('openai-chat', 'anthropic-messages', 'gemini', 'bedrock', 'opaque'),
  provider: label,
  requestModel: maybe(label),
  responseModel: maybe(label),
  isStreaming: fc.boolean(),
  method: fc.constantFrom('GET', 'POST'),
  path: content,
  parameters: maybe(content),
  startTime: fc.nat({ max: 4_102_444_800_000 }),
  durationMs: milliseconds,
  upstreamMs: maybe(milliseconds),
  ttftMs: maybe(milliseconds),
  status: fc.constantFrom('ok', 'error', 'refused', 'cancelled', 'incomplete'),
  statusCode: maybe(fc.integer({ min: 100, max: 599 })),
  errorCode: maybe(fc.constantFrom('auth.required', 'limit.rate_exceeded', 'upstream.timeout')),
  errorMessage: maybe(content),
  finishReason: maybe(content),
  upstreamRequestId: maybe(content),
  usage: maybe(
    fc.record({
      input: whole,
      cacheRead: whole,
      cacheWrite: whole,
      output: whole,
      reasoning: whole,
      reported: fc.dictionary(label, whole, { maxKeys: 4 }),
    }),
  ),
  cost: fc.oneof(
    fc.constant(UNPRICED),
    fc.record({
      status: fc.constantFrom('priced', 'estimated'),
      amount: whole.map(nano),
      priceId: maybe(content),
      effectiveDate: maybe(fc.constant('2026-10-20')),
    }),
  ),
  input: capturedText,
  output: capturedText,
  requestBytes: whole,
  responseBytes: whole,
  actions: fc.array(action, { maxLength: 3 }),
  findings: fc.array(finding, { maxLength: 3 }),
  notes: fc.array(content, { maxLength: 3 }),
})
