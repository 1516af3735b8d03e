/** A stored span, as small as its type allows. */
import { DEFAULT_TENANT } from '../../src/core/domain/ids.ts'
import { NO_TEXT, UNPRICED, type TraceSpan } from '../../src/core/domain/span.ts'
import { TEST_TIME } from './clock.ts'
import { spanIdOf, traceIdOf } from './ids.ts'

export function aSpan(more: Partial<TraceSpan> = {}): TraceSpan {
  return {
    traceId: traceIdOf(1),
    spanId: spanIdOf(1),
    parentSpanId: null,
    tenantId: DEFAULT_TENANT,
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
    responseModel: null,
    isStreaming: false,
    method: 'POST',
    path: '/v1/chat/completions',
    parameters: null,
    startTime: TEST_TIME,
    durationMs: 100,
    upstreamMs: 90,
    ttftMs: null,
    status: 'ok',
    statusCode: 200,
    errorCode: null,
    errorMessage: null,
    finishReason: 'stop',
    upstreamRequestId: null,
    usage: null,
    cost: UNPRICED,
    input: NO_TEXT,
    output: NO_TEXT,
    requestBytes: 10,
    responseBytes: 20,
    actions: [],
    findings: [],
    notes: [],
    ...more,
  }
}
