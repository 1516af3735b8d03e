/** A trace store over an array, as plain as the questions allow: what the routes are tested against, whatever the real store does. */
import { scoreOf } from '../../src/contract/trace.ts'
import type { Page, PageRequest, SpanFilter, StatsRow, TraceRow } from '../../src/core/domain/query.ts'
import type { NanoUsd } from '../../src/core/domain/money.ts'
import { modelOf, type AgentAction, type TraceSpan } from '../../src/core/domain/span.ts'
import { totalTokens } from '../../src/core/domain/usage.ts'
import type { TraceStore } from '../../src/core/ports.ts'
import { NOW } from './spans.ts'

const NONE = { p50: null, p95: null, p99: null }

export function createArrayStore(initial: readonly TraceSpan[]): TraceStore {
  let spans = [...initial]

  const matching = (filter: SpanFilter): readonly TraceSpan[] => spans.filter((span) => matches(span, filter))

  return {
    write: async (envelopes) => {
      spans.push(...envelopes.map(({ span }) => span))
    },
    traces: async (filter, page) => {
      const ids = new Set(matching(filter).map(({ traceId }) => traceId))
      const rows = tracesOf(spans.filter((span) => span.tenantId === filter.tenantId && ids.has(span.traceId)))
      return pageOf(rows, page, (row) => `${row.startTime}.${row.traceId}`)
    },
    trace: async (tenantId, traceId) => {
      const own = spans.filter((span) => span.tenantId === tenantId && span.traceId === traceId)
      return own.length === 0 ? null : { traceId, tenantId, spans: own }
    },
    deleteTrace: async (tenantId, traceId) => {
      const left = spans.filter((span) => span.tenantId !== tenantId || span.traceId !== traceId)
      const isDeleted = left.length < spans.length
      spans = left
      return isDeleted
    },
    spans: async (filter, page) => pageOf(matching(filter), page, (span) => `${span.startTime}.${span.spanId}`),
    span: async (tenantId, spanId) => spans.find((span) => span.tenantId === tenantId && span.spanId === spanId) ?? null,
    stats: async ({ filter, groupBy, acrossTenants }) => {
      const found = acrossTenants
        ? spans.filter((span) => matches(span, { ...filter, tenantId: span.tenantId }))
        : matching(filter)
      const groups = groupBy === null ? [] : [...Map.groupBy(found, (span) => modelOf(span)).entries()]
      return {
        total: statsOf(null, found),
        groups: groups.map(([key, members]) => statsOf(key, members)),
        traces: tracesOf(found).length,
        oldest: found.length === 0 ? null : Math.min(...found.map(({ startTime }) => startTime)),
        newest: found.length === 0 ? null : Math.max(...found.map(({ startTime }) => startTime)),
      }
    },
    actionsSummary: async (filter) => {
      const found = matching(filter)
      const has = (type: AgentAction['actionType']): number =>
        found.filter(({ actions }) => actions.some(({ actionType }) => actionType === type)).length
      return {
        totalSpans: found.length,
        spansWithToolCalls: found.filter(({ actions }) => actions.length > 0).length,
        spansWithWebAccess: has('web_access'),
        spansWithCommands: has('command_execution'),
        actionCounts: Object.fromEntries(
          [
            ...Map.groupBy(
              found.flatMap(({ actions }) => actions),
              ({ actionType }) => actionType,
            ),
          ].map(([type, all]) => [type, all.length]),
        ),
        topActions: [
          ...Map.groupBy(
            found.flatMap(({ actions }) => actions),
            ({ name }) => name,
          ),
        ].map(([name, all]) => ({
          name,
          actionType: all[0]?.actionType ?? 'tool_call',
          count: all.length,
        })),
      }
    },
    addAction: async (tenantId, traceId, action) => {
      const root = spans.find((span) => span.tenantId === tenantId && span.traceId === traceId)
      if (root === undefined) return null
      const added = { ...action, id: `${root.spanId}-r${root.actions.length}`, time: NOW }
      spans = spans.map((span) => (span === root ? { ...root, actions: [...root.actions, added] } : span))
      return added
    },
    ping: async () => {},
    close: async () => {},
  }
}

function matches(span: TraceSpan, filter: SpanFilter): boolean {
  const has = (type: AgentAction['actionType']): boolean => span.actions.some(({ actionType }) => actionType === type)
  const score = scoreOf(span.findings)
  const texts = [...span.input.segments, ...span.output.segments].map(({ text }) => text).join(' ')
  const { tag } = filter
  return [
    span.tenantId === filter.tenantId,
    filter.startTime === null || span.startTime >= filter.startTime,
    filter.endTime === null || span.startTime < filter.endTime,
    filter.provider === null || span.provider === filter.provider,
    filter.model === null || span.requestModel === filter.model || span.responseModel === filter.model,
    filter.operation === null || span.operation === filter.operation,
    filter.agentId === null || span.agentId === filter.agentId,
    filter.userId === null || span.userId === filter.userId,
    filter.sessionId === null || span.sessionId === filter.sessionId,
    tag === null || (tag.value === null ? tag.key in span.tags : span.tags[tag.key] === tag.value),
    filter.status === null || span.status === filter.status,
    filter.scoreMin === null || (score !== null && score >= filter.scoreMin),
    filter.scoreMax === null || (score !== null && score <= filter.scoreMax),
    filter.findingType === null || span.findings.some(({ findingType }) => findingType === filter.findingType),
    filter.costMin === null || (span.cost.amount !== null && span.cost.amount >= filter.costMin),
    filter.durationMsMin === null || span.durationMs >= filter.durationMsMin,
    filter.hasToolCalls === null || span.actions.length > 0 === filter.hasToolCalls,
    filter.hasWebAccess === null || has('web_access') === filter.hasWebAccess,
    filter.hasCommands === null || has('command_execution') === filter.hasCommands,
    filter.actionName === null || span.actions.some(({ name }) => name === filter.actionName),
    filter.text === null || filter.text.split(' ').every((word) => texts.includes(word)),
  ].every(Boolean)
}

function pageOf<T>(all: readonly T[], page: PageRequest, keyOf: (row: T) => string): Page<T> {
  const sign = page.order === 'asc' ? 1 : -1
  const sorted = all.toSorted((a, b) => sign * (keyOf(a) < keyOf(b) ? -1 : 1))
  const start = page.cursor === null ? page.offset : sorted.findIndex((row) => keyOf(row) === page.cursor) + 1
  const data = sorted.slice(start, start + page.limit)
  const last = data.at(-1)
  return { data, total: all.length, nextCursor: last === undefined || start + page.limit >= all.length ? null : keyOf(last) }
}

function tracesOf(spans: readonly TraceSpan[]): readonly TraceRow[] {
  return [...Map.groupBy(spans, (span) => span.traceId).values()].map(rowOf)
}

function rowOf(spans: readonly TraceSpan[]): TraceRow {
  const [root] = spans.toSorted((a, b) => a.startTime - b.startTime) as [TraceSpan]
  const costs = spans.flatMap(({ cost }) => (cost.amount === null ? [] : [cost.amount]))
  return {
    traceId: root.traceId,
    startTime: root.startTime,
    endTime: Math.max(...spans.map(({ startTime, durationMs }) => startTime + durationMs)),
    root,
    spanCount: spans.length,
    totalTokens: spans.reduce((sum, { usage }) => sum + (usage === null ? 0 : totalTokens(usage)), 0),
    cost: costs.length === 0 ? null : sumOf(costs),
    errorCount: spans.filter(({ status }) => status !== 'ok').length,
    findingCount: spans.flatMap(({ findings }) => findings).length,
    scoreMax: scoreOf(spans.flatMap(({ findings }) => findings)),
  }
}

function statsOf(key: string | null, spans: readonly TraceSpan[]): StatsRow {
  const sum = (read: (span: TraceSpan) => number): number => spans.reduce((total, span) => total + read(span), 0)
  return {
    key,
    requests: spans.length,
    errors: spans.filter(({ status }) => status !== 'ok').length,
    tokens: {
      input: sum(({ usage }) => usage?.input ?? 0),
      cacheRead: sum(({ usage }) => usage?.cacheRead ?? 0),
      cacheWrite: sum(({ usage }) => usage?.cacheWrite ?? 0),
      output: sum(({ usage }) => usage?.output ?? 0),
      reasoning: sum(({ usage }) => usage?.reasoning ?? 0),
      total: sum(({ usage }) => (usage === null ? 0 : totalTokens(usage))),
    },
    cost: sumOf(spans.flatMap(({ cost }) => (cost.amount === null ? [] : [cost.amount]))),
    unpricedRequests: spans.filter(({ cost }) => cost.amount === null).length,
    findings: {},
    latencyMs: NONE,
    ttftMs: NONE,
  }
}

function sumOf(amounts: readonly NanoUsd[]): NanoUsd {
  return amounts.reduce<number>((sum, amount) => sum + amount, 0) as NanoUsd
}
