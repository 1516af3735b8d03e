/** The span of a call whose process went away: all that is known of it is what its hold carried. */
import type { LostHold } from '../domain/budget.ts'
import { parseTraceId } from '../domain/ids.ts'
import { asNumber, asRecord, asString, parseJson } from '../domain/json.ts'
import type { NanoUsd } from '../domain/money.ts'
import { NO_TEXT, UNPRICED, type TraceSpan } from '../domain/span.ts'
import type { KeyId, ProjectId } from '../domain/ids.ts'
import type { EpochMs } from '../domain/time.ts'
import type { HeldFor } from './charge.ts'
import type { SpendAsk } from './spend.ts'

/** Bounds: model names come from callers. */
const MODEL_CHARS_MAX = 256

/** The note of a hold: JSON with short keys, since one is written with every call. */
export function lostNote({ caller, provider, model, isStreaming, now }: SpendAsk, held: HeldFor): string {
  return JSON.stringify({
    t: caller.traceId,
    at: now,
    p: provider,
    m: model?.slice(0, MODEL_CHARS_MAX) ?? null,
    s: isStreaming,
    pr: caller.projectId,
    k: caller.keyId,
    a: caller.agentId,
    u: caller.userId,
    se: caller.sessionId,
    c: held.likely,
  })
}

/** Null where the note cannot be read (another version wrote it). */
export function lostSpan({ tenantId, spanId, note }: LostHold, now: EpochMs): TraceSpan | null {
  const kept = asRecord(parseJson(note))
  const traceId = parseTraceId(asString(kept?.['t']) ?? '')
  const startTime = asNumber(kept?.['at'])
  if (kept === null || traceId === null || startTime === null) return null
  const amount = asNumber(kept['c']) as NanoUsd | null
  return {
    traceId,
    spanId,
    parentSpanId: null,
    tenantId,
    projectId: asString(kept['pr']) as ProjectId | null,
    keyId: asString(kept['k']) as KeyId | null,
    agentId: asString(kept['a']),
    userId: asString(kept['u']),
    sessionId: asString(kept['se']),
    tags: {},
    operation: 'other',
    dialect: 'opaque',
    provider: asString(kept['p']) ?? 'none',
    requestModel: asString(kept['m']),
    responseModel: null,
    isStreaming: kept['s'] === true,
    method: 'POST',
    path: '',
    parameters: null,
    startTime,
    durationMs: Math.max(0, now - startTime),
    upstreamMs: null,
    ttftMs: null,
    status: 'incomplete',
    statusCode: null,
    errorCode: null,
    errorMessage: 'the gateway went away in mid-call; its cost is an estimate of the prompt alone',
    finishReason: null,
    upstreamRequestId: null,
    usage: null,
    cost: amount === null ? UNPRICED : { status: 'estimated', amount, priceId: null, effectiveDate: null },
    input: NO_TEXT,
    output: NO_TEXT,
    requestBytes: 0,
    responseBytes: 0,
    actions: [],
    findings: [],
    notes: ['ledger.lost'],
  }
}
