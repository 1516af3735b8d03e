/**
 * Prometheus metrics of one process (`prom-client`). Label sets are bounded: model names and tenants come from callers, so beyond a
 * number of distinct values the rest is counted as `other`.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { toUsd, type NanoUsd } from '../../core/domain/money.ts'
import { modelOf, type TraceSpan } from '../../core/domain/span.ts'
import { completionTokens, promptTokens } from '../../core/domain/usage.ts'
import type { Delivery, Metrics } from '../../core/ports.ts'

const LABEL_VALUES_MAX = 200
const DURATION_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
const TTFT_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

export type PromMetrics = Metrics & { text(): Promise<string>; readonly contentType: string }

export function createMetrics(delivery: () => Delivery): PromMetrics {
  const registry = new Registry()
  const registers = [registry]
  const requests = new Counter({
    name: 'llmtrace_requests_total',
    help: 'Calls, by provider, model, HTTP status (0: none) and how they ended.',
    labelNames: ['provider', 'model', 'status_code', 'status'],
    registers,
  })
  const duration = new Histogram({
    name: 'llmtrace_request_duration_seconds',
    help: 'Time from the request to the end of its answer, in seconds.',
    labelNames: ['provider', 'model'],
    buckets: DURATION_BUCKETS,
    registers,
  })
  const ttft = new Histogram({
    name: 'llmtrace_time_to_first_token_seconds',
    help: 'Time from the request to the first content of a streamed answer, in seconds.',
    labelNames: ['provider', 'model'],
    buckets: TTFT_BUCKETS,
    registers,
  })
  const tokens = new Counter({
    name: 'llmtrace_tokens_total',
    help: 'Tokens, by direction (prompt, completion).',
    labelNames: ['direction', 'provider', 'model'],
    registers,
  })
  const cost = new Counter({
    name: 'llmtrace_cost_usd_total',
    help: 'Cost of priced and estimated calls, in USD.',
    labelNames: ['tenant', 'model'],
    registers,
  })
  const unpriced = new Counter({
    name: 'llmtrace_unpriced_requests_total',
    help: 'Answered calls whose cost is unknown.',
    labelNames: ['provider', 'model'],
    registers,
  })
  const findings = new Counter({
    name: 'llmtrace_security_findings_total',
    help: 'Findings, by severity and type.',
    labelNames: ['severity', 'finding_type', 'action'],
    registers,
  })
  const guardTime = new Histogram({
    name: 'llmtrace_security_detector_latency_seconds',
    help: 'Time that judging the texts of one side of a call took.',
    labelNames: ['direction'],
    buckets: [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1],
    registers,
  })
  const guardFailures = new Counter({
    name: 'llmtrace_security_failures_total',
    help: 'Calls that the guard could not judge in full, by reason.',
    labelNames: ['reason'],
    registers,
  })
  const refusals = new Counter({
    name: 'llmtrace_limit_refusals_total',
    help: 'Calls that a budget, a rate or a cap refused, by code.',
    labelNames: ['code'],
    registers,
  })
  const ledgerEvents = new Counter({
    name: 'llmtrace_ledger_events_total',
    help: 'What the ledger tells: over_hold (a call cost more than its upper bound), lost, late, unavailable, settle_failed, warning.',
    labelNames: ['event'],
    registers,
  })
  const upstreamErrors = new Counter({
    name: 'llmtrace_upstream_errors_total',
    help: 'Calls whose upstream failed, by kind of failure.',
    labelNames: ['provider', 'code'],
    registers,
  })
  const active = new Gauge({ name: 'llmtrace_active_connections', help: 'Calls that are being answered now.', registers })
  const circuit = new Gauge({
    name: 'llmtrace_circuit_breaker_state',
    help: 'State of a circuit breaker: 1 for the state it is in.',
    labelNames: ['subsystem', 'state'],
    registers,
  })
  const spans = new Gauge({
    name: 'llmtrace_spans',
    help: 'Spans of this process, by what became of them.',
    labelNames: ['state'],
    registers: [],
    collect() {
      const now = delivery()
      this.set({ state: 'accepted' }, now.accepted)
      this.set({ state: 'queued' }, now.queued)
      this.set({ state: 'stored' }, now.stored)
      this.set(
        { state: 'shed' },
        Object.values(now.shed).reduce((sum, count) => sum + count, 0),
      )
    },
  })
  registry.registerMetric(spans)
  const bound = boundedValues()

  return {
    callStarted: () => active.inc(),
    callFinished: (span: TraceSpan, amount: NanoUsd | null) => {
      active.dec()
      const provider = bound('provider', span.provider)
      const model = bound('model', modelOf(span) ?? 'none')
      requests.inc({ provider, model, status_code: String(span.statusCode ?? 0), status: span.status })
      duration.observe({ provider, model }, span.durationMs / 1000)
      if (span.ttftMs !== null) ttft.observe({ provider, model }, span.ttftMs / 1000)
      if (span.usage !== null) {
        tokens.inc({ direction: 'prompt', provider, model }, promptTokens(span.usage))
        tokens.inc({ direction: 'completion', provider, model }, completionTokens(span.usage))
      }
      if (amount !== null) cost.inc({ tenant: bound('tenant', span.tenantId), model }, toUsd(amount))
      else if (span.status === 'ok') unpriced.inc({ provider, model })
      for (const finding of span.findings) {
        findings.inc({
          severity: finding.severity,
          finding_type: bound('finding_type', finding.findingType),
          action: finding.action,
        })
      }
      if (span.errorCode?.startsWith('limit.') === true) refusals.inc({ code: span.errorCode })
      if (span.errorCode?.startsWith('upstream.') === true) upstreamErrors.inc({ provider, code: span.errorCode })
    },
    breaker: (provider, state) => {
      for (const each of ['closed', 'open', 'half_open'])
        circuit.set({ subsystem: `upstream:${provider}`, state: each }, each === state ? 1 : 0)
    },
    ledger: (event) => ledgerEvents.inc({ event }),
    guarded: (direction, tookMs, notes) => {
      guardTime.observe({ direction }, tookMs / 1000)
      for (const reason of notes) guardFailures.inc({ reason })
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}

function boundedValues(): (label: string, value: string) => string {
  const seen = new Map<string, Set<string>>()
  return (label, value) => {
    let values = seen.get(label)
    if (values === undefined) {
      values = new Set()
      seen.set(label, values)
    }
    if (values.has(value)) return value
    if (values.size >= LABEL_VALUES_MAX) return 'other'
    values.add(value)
    return value
  }
}
