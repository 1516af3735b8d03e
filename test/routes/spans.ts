/** Builders for the records that the query API shows. */
import type { Finding } from '../../src/core/domain/finding.ts'
import type { SpanId, TenantId, TraceId } from '../../src/core/domain/ids.ts'
import type { NanoUsd } from '../../src/core/domain/money.ts'
import type { CapturedText, AgentAction, TraceSpan } from '../../src/core/domain/span.ts'
import { usageOf } from '../../src/core/domain/usage.ts'
import { aFinding as baseFinding, anAction as baseAction } from '../support/spans.ts'

/** 2026-11-20T08:00:00Z. */
export const NOW = Date.UTC(2026, 10, 20, 8)

export function traceIdOf(n: number): TraceId {
  return `019aa0b4-7d3e-7c10-9b1f-${n.toString(16).padStart(12, '0')}` as TraceId
}

export function spanIdOf(n: number): SpanId {
  return n.toString(16).padStart(16, '0') as SpanId
}

export const tenant = (name: string): TenantId => name as TenantId
export const usd = (amount: number): NanoUsd => Math.round(amount * 1e9) as NanoUsd

export function texts(
  ...all: readonly (readonly [origin: CapturedText['segments'][number]['origin'], text: string])[]
): CapturedText {
  const segments = all.map(([origin, text], i) => ({
    origin,
    pointer: `/messages/${i}/content`,
    kind: 'text' as const,
    text,
    name: null,
  }))
  return { segments, textBytes: all.reduce((sum, [, text]) => sum + Buffer.byteLength(text), 0), isTruncated: false }
}

export function anAction(more: Partial<AgentAction> = {}): AgentAction {
  return baseAction({ result: 'sunny', durationMs: 3, time: NOW, ...more })
}

export function aFinding(more: Partial<Finding> = {}): Finding {
  return baseFinding({
    pointer: '/messages/0/content',
    range: { startUtf16: 2, endUtf16: 9 },
    ruleId: 'ignore-previous',
    ...more,
  })
}

/** A chat call that went well: 100 ms, 12 tokens, 0.001 USD. */
export function aSpan(n: number, more: Partial<TraceSpan> = {}): TraceSpan {
  return {
    traceId: traceIdOf(n),
    spanId: spanIdOf(n),
    parentSpanId: null,
    tenantId: tenant('acme'),
    projectId: null,
    keyId: null,
    agentId: null,
    userId: null,
    sessionId: null,
    tags: {},
    operation: 'chat',
    dialect: 'openai-chat',
    provider: 'openai',
    requestModel: 'gpt-4o',
    responseModel: 'gpt-4o-2024-08-06',
    isStreaming: false,
    method: 'POST',
    path: '/v1/chat/completions',
    parameters: '{"temperature":0.2}',
    startTime: NOW - 60_000 + n,
    durationMs: 100,
    upstreamMs: 80,
    ttftMs: 90,
    status: 'ok',
    statusCode: 200,
    errorCode: null,
    errorMessage: null,
    finishReason: 'stop',
    upstreamRequestId: 'req-1',
    usage: usageOf({ input_tokens: 10, output_tokens: 2 }),
    cost: { status: 'priced', amount: usd(0.001), priceId: 'openai/gpt-4o', effectiveDate: '2026-11-20' },
    input: texts(['system', 'Be brief.'], ['user', `question ${n}`]),
    output: texts(['assistant', `answer ${n}`]),
    requestBytes: 200,
    responseBytes: 300,
    actions: [],
    findings: [],
    notes: [],
    ...more,
  }
}
