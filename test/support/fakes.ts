/** Small in-memory ports and builders. Each keeps what it was told, so that a test can look at a state instead of at calls. */
import { DEFAULT_GUARD_POLICY } from '../../src/contract/config/guard.ts'
import type { GatewayConfig, Provider } from '../../src/core/domain/gateway.ts'
import { NO_LIMITS } from '../../src/core/domain/limit-policy.ts'
import { DEFAULT_TENANT, type KeyId, type TenantId } from '../../src/core/domain/ids.ts'
import type { NanoUsd } from '../../src/core/domain/money.ts'
import { isNeverSent } from '../../src/core/forward/never-sent.ts'
import type { Policy } from '../../src/core/domain/policy.ts'
import { err, ok, type Result } from '../../src/core/domain/result.ts'
import type { Segment } from '../../src/core/domain/segment.ts'
import type { TraceSpan } from '../../src/core/domain/span.ts'
import type { ApiKey, Caller } from '../../src/core/domain/tenant.ts'
import type {
  Background,
  KeyStore,
  LedgerEvent,
  Log,
  LogLevel,
  Metrics,
  PolicyStore,
  TraceQueue,
  Upstream,
  UpstreamFailure,
  UpstreamRequest,
  UpstreamResponse,
} from '../../src/core/ports.ts'
import { traceIdOf } from './ids.ts'

// --- builders --------------------------------------------------------------------------------------------------------------------

export function aProvider(more: Partial<Provider> = {}): Provider {
  return { name: 'openai', baseUrl: 'https://api.openai.com', dialect: null, credential: null, headers: {}, aws: null, ...more }
}

export function providersOf(...providers: readonly Provider[]): ReadonlyMap<string, Provider> {
  return new Map(providers.map((provider) => [provider.name, provider]))
}

export function aConfig(more: Partial<GatewayConfig> = {}): GatewayConfig {
  return {
    upstreamUrl: null,
    providers: providersOf(aProvider()),
    auth: { mode: 'open', adminKey: null },
    requestBytesMax: 1_000_000,
    upstream: { connectTimeoutMs: 1_000, firstByteTimeoutMs: 2_000, idleTimeoutMs: 3_000, retries: 0 },
    breaker: { isEnabled: true, failureThreshold: 3, recoveryTimeoutMs: 10_000, halfOpenCallsMax: 2 },
    capture: { text: 'full', textBytesMax: 65_536 },
    guard: DEFAULT_GUARD_POLICY,
    limits: NO_LIMITS,
    serverTiming: false,
    ...more,
  }
}

export function aCaller(more: Partial<Caller> = {}): Caller {
  return {
    tenantId: DEFAULT_TENANT,
    projectId: null,
    keyId: null,
    role: 'root',
    agentId: null,
    userId: null,
    sessionId: null,
    tags: {},
    traceId: traceIdOf(1),
    parentSpanId: null,
    ...more,
  }
}

export function aKey(more: Partial<ApiKey> = {}): ApiKey {
  return {
    id: 'key-1' as KeyId,
    tenantId: 'acme' as TenantId,
    projectId: null,
    role: 'proxy',
    prefix: 'llmt_abc',
    expiresAt: null,
    revokedAt: null,
    ...more,
  }
}

export function aSegment(text: string, more: Partial<Segment> = {}): Segment {
  return { origin: 'user', pointer: '/messages/0/content', kind: 'text', text, name: null, ...more }
}

// --- ports -----------------------------------------------------------------------------------------------------------------------

export function keyStoreOf(keys: { readonly [secret: string]: ApiKey }): KeyStore {
  return {
    find: async (secret) => (Object.hasOwn(keys, secret) ? (keys[secret] as ApiKey) : null),
    tenant: async () => null,
    ensureTenant: async () => {},
    project: async () => null,
  }
}

export function policyStoreOf(policies: { readonly [tenantId: string]: Policy }): PolicyStore {
  return { policy: async (tenantId) => policies[tenantId] ?? null }
}

export type LogLine = { readonly level: LogLevel; readonly event: string; readonly fields: { readonly [key: string]: unknown } }

export function createLog(): Log & { readonly lines: readonly LogLine[] } {
  const lines: LogLine[] = []
  return {
    lines,
    isEnabled: () => true,
    write: (level, event, fields) => void lines.push({ level, event, fields: fields ?? {} }),
  }
}

export type FakeMetrics = Metrics & {
  readonly finished: readonly { readonly span: TraceSpan; readonly amount: NanoUsd | null }[]
  readonly breakers: readonly string[]
  readonly ledgerEvents: readonly LedgerEvent[]
  active(): number
}

export function createFakeMetrics(): FakeMetrics {
  const finished: { span: TraceSpan; amount: NanoUsd | null }[] = []
  const breakers: string[] = []
  const ledgerEvents: LedgerEvent[] = []
  let started = 0
  return {
    finished,
    breakers,
    ledgerEvents,
    ledger: (event) => void ledgerEvents.push(event),
    active: () => started - finished.length,
    callStarted: () => void (started += 1),
    callFinished: (span, amount) => void finished.push({ span, amount }),
    guarded: () => undefined,
    breaker: (provider, state) => void breakers.push(`${provider}:${state}`),
  }
}

export function createFakeQueue(): TraceQueue & { readonly spans: readonly TraceSpan[] } {
  const spans: TraceSpan[] = []
  return {
    spans,
    send: (span) => {
      spans.push(span)
      return null
    },
    flush: async () => {},
    delivery: () => ({ accepted: spans.length, queued: 0, stored: spans.length, shed: {} }),
  }
}

/** Background work with its names; `idle` resolves when all of it has ended and gives the rejections. */
export function createFakeBackground(): {
  readonly run: Background
  readonly names: readonly string[]
  idle(): Promise<readonly unknown[]>
} {
  const names: string[] = []
  const works: Promise<unknown>[] = []
  const failures: unknown[] = []
  return {
    names,
    run: (name, work) => {
      names.push(name)
      works.push(work.catch((error: unknown) => failures.push(error)))
    },
    idle: async () => {
      for (let i = 0; i < works.length; i += 1) await works[i]
      return failures
    },
  }
}

export type UpstreamAnswer = Result<UpstreamResponse, UpstreamFailure> | Error

/** An upstream that answers by the given function (the n-th call, from 0) and keeps what it was asked. An `Error` is thrown. */
export function createFakeUpstream(
  answer: (request: UpstreamRequest, n: number) => UpstreamAnswer | Promise<UpstreamAnswer>,
): Upstream & { readonly requests: readonly UpstreamRequest[] } {
  const requests: UpstreamRequest[] = []
  return {
    requests,
    send: async (request) => {
      requests.push(request)
      const outcome = await answer(request, requests.length - 1)
      if (outcome instanceof Error) throw outcome
      return outcome
    },
  }
}

export function anAnswer(
  body: ReadableStream<Uint8Array> | string | null = '{}',
  more: { readonly status?: number; readonly headers?: HeadersInit; readonly isDecoded?: boolean } = {},
): { readonly ok: true; readonly value: UpstreamResponse } {
  const stream = typeof body === 'string' ? streamOf([body]) : body
  return ok({
    status: more.status ?? 200,
    headers: new Headers(more.headers ?? { 'content-type': 'application/json' }),
    body: stream,
    bytes: async () => new Uint8Array(await new Response(stream).arrayBuffer()),
    isDecoded: more.isDecoded ?? false,
  })
}

export function aFailure(
  kind: UpstreamFailure['kind'],
  reason = 'ECONNREFUSED',
): { readonly ok: false; readonly error: UpstreamFailure } {
  return err({ kind, reason, isSent: !isNeverSent(reason) })
}

// --- streams ---------------------------------------------------------------------------------------------------------------------

const encoder = new TextEncoder()

export function bytes(text: string): Uint8Array {
  return encoder.encode(text)
}

/** Gives one piece a pull; an `Error` breaks the stream. */
export function streamOf(pieces: readonly (string | Uint8Array | Error)[]): ReadableStream<Uint8Array> {
  let at = 0
  return new ReadableStream<Uint8Array>(
    {
      pull: (controller) => {
        const piece = pieces[at]
        at += 1
        if (piece === undefined) controller.close()
        else if (piece instanceof Error) controller.error(piece)
        else controller.enqueue(typeof piece === 'string' ? bytes(piece) : piece)
      },
    },
    { highWaterMark: 0 },
  )
}

export type Source = {
  readonly stream: ReadableStream<Uint8Array>
  /** How often the reader asked. */
  pulls(): number
  isCancelled(): boolean
  push(piece: string | Uint8Array): void
  close(): void
  fail(error: Error): void
}

/** A stream that a test feeds by hand. */
export function createSource(): Source {
  let controller: ReadableStreamDefaultController<Uint8Array> | null = null
  let pulls = 0
  let isCancelled = false
  const stream = new ReadableStream<Uint8Array>(
    {
      start: (own) => void (controller = own),
      pull: () => void (pulls += 1),
      cancel: () => void (isCancelled = true),
    },
    { highWaterMark: 0 },
  )
  return {
    stream,
    pulls: () => pulls,
    isCancelled: () => isCancelled,
    push: (piece) => controller?.enqueue(typeof piece === 'string' ? bytes(piece) : piece),
    close: () => controller?.close(),
    fail: (error) => controller?.error(error),
  }
}

export async function readAll(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  const reader = stream.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return new Uint8Array(Buffer.concat(chunks))
    chunks.push(value)
  }
}

export async function readText(stream: ReadableStream<Uint8Array>): Promise<string> {
  return new TextDecoder().decode(await readAll(stream))
}
