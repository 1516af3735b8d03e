import { describe, expect, test } from 'bun:test'
import {
  RESULT_BYTES_MAX,
  actionsSummaryQuery,
  reportedActionSchema,
  spanListQuery,
  statsQuery,
  statsSchema,
  toFilter,
  toPage,
  toReportedAction,
  toWireStats,
  withStatsRange,
} from '../../../src/contract/query.ts'
import type { Stats, StatsRow } from '../../../src/core/domain/query.ts'
import { NOW, tenant, usd } from '../spans.ts'

const acme = tenant('acme')

describe('a filter', () => {
  const empty = toFilter({}, acme)
  const rows: readonly (readonly [query: Record<string, string>, filter: object])[] = [
    [{ start_time: '2026-11-20T09:00:00+01:00' }, { startTime: NOW }],
    [{ end_time: '2026-11-20T08:00:00Z' }, { endTime: NOW }],
    [{ provider: 'OpenAI' }, { provider: 'openai' }],
    [{ model: 'gpt-4o' }, { model: 'gpt-4o' }],
    [{ agent_id: 'a' }, { agentId: 'a' }],
    [{ user_id: 'u' }, { userId: 'u' }],
    [{ session_id: 's' }, { sessionId: 's' }],
    [{ tag: 'env' }, { tag: { key: 'env', value: null } }],
    [{ tag: 'env=prod' }, { tag: { key: 'env', value: 'prod' } }],
    [{ tag: 'env:prod' }, { tag: { key: 'env', value: 'prod' } }],
    [{ tag: 'url=http://x?a=b' }, { tag: { key: 'url', value: 'http://x?a=b' } }],
    [{ tag: 'a:b=c' }, { tag: { key: 'a:b', value: 'c' } }],
    [{ tag: 'env=' }, { tag: { key: 'env', value: '' } }],
    [{ status: 'cancelled' }, { status: 'cancelled' }],
    [{ min_score: '60' }, { scoreMin: 60 }],
    [
      { security_score_min: '60', security_score_max: '95' },
      { scoreMin: 60, scoreMax: 95 },
    ],
    [{ min_score: '30', security_score_min: '60' }, { scoreMin: 60 }],
    [{ finding_type: 'pii_detected' }, { findingType: 'pii_detected' }],
    [{ min_cost_usd: '0.000000001' }, { costMin: 1 }],
    [{ min_duration_ms: '1500.5' }, { durationMsMin: 1500.5 }],
    [{ has_tool_calls: 'true' }, { hasToolCalls: true }],
    [{ has_web_access: 'false' }, { hasWebAccess: false }],
    [{ has_commands: 'true' }, { hasCommands: true }],
    [{ action_name: 'get_weather' }, { actionName: 'get_weather' }],
    [{ operation_name: 'embeddings' }, { operation: 'embeddings' }],
    [{ q: 'refund policy' }, { text: 'refund policy' }],
  ]
  test.each(rows)('%j', (query, filter) => {
    const read = toFilter(actionsSummaryQuery.parse(query), acme)
    expect(read).toEqual({ ok: true, value: { ...(empty.ok ? empty.value : {}), ...filter } } as typeof read)
  })

  test('every parameter has a row above', () => {
    expect(new Set(rows.flatMap(([query]) => Object.keys(query)))).toEqual(new Set(Object.keys(actionsSummaryQuery.shape)))
  })

  test('of nothing asks for everything of the tenant', () => {
    expect(Object.entries(empty.ok ? empty.value : {}).filter(([, value]) => value !== null)).toEqual([['tenantId', 'acme']])
  })

  test('a range that ends before or where it begins is refused', () => {
    for (const end_time of [NOW, NOW - 1]) {
      expect(toFilter({ start_time: NOW, end_time }, acme)).toEqual({
        ok: false,
        error: { message: 'parameter end_time must be later than start_time', param: 'end_time' },
      })
    }
  })
})

describe('a page', () => {
  test.each([
    [{}, { limit: 50, offset: 0, cursor: null, order: 'desc' }],
    [{ limit: '1000' }, { limit: 1000 }],
    [{ limit: '5000' }, { limit: 1000 }],
    [
      { limit: '1', offset: '7', order: 'asc' },
      { limit: 1, offset: 7, order: 'asc' },
    ],
    [{ cursor: 'eyJhIjoxfQ==' }, { cursor: 'eyJhIjoxfQ==' }],
  ])('%j', (query, page) => {
    expect(toPage(spanListQuery.parse(query))).toMatchObject(page)
  })
})

describe('a range of stats', () => {
  const day = 86_400_000
  test.each([
    [{}, NOW - day, NOW, 'the last day'],
    [{ start_time: NOW - 5 }, NOW - 5, NOW, 'up to now'],
    [{ end_time: NOW - 5 }, NOW - 5 - day, NOW - 5, 'a day before the end'],
    [{ start_time: 1, end_time: 2 }, 1, 2, 'as asked'],
  ])('%j', (query, start_time, end_time) => {
    expect(withStatsRange(query, NOW)).toMatchObject({ start_time, end_time })
  })

  test.each(['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires', 'Etc/GMT+5'])('%s is a zone', (tz) => {
    expect(statsQuery.parse({ tz }).tz).toBe(tz)
  })
  test.each(['', 'Mars/Olympus', '+02:00', 'Europe/Berlin;', '../UTC', 'x'.repeat(65)])('%j is none', (tz) => {
    expect(statsQuery.safeParse({ tz }).success).toBe(false)
  })
})

const row = (more: Partial<StatsRow> = {}): StatsRow => ({
  key: null,
  requests: 3,
  errors: 1,
  tokens: { input: 1, cacheRead: 2, cacheWrite: 3, output: 4, reasoning: 5, total: 15 },
  cost: usd(0.5),
  unpricedRequests: 1,
  findings: { high: 2 },
  latencyMs: { p50: 1, p95: 2, p99: 3 },
  ttftMs: { p50: null, p95: null, p99: null },
  ...more,
})

describe('stats', () => {
  const stats = (total: StatsRow): Stats => ({
    total,
    groups: [row({ key: 'gpt-4o' }), row()],
    traces: 2,
    oldest: NOW,
    newest: null,
  })
  const asked = { start_time: NOW - 5, end_time: NOW, groupBy: 'model', timeZone: 'UTC' } as const

  test('say which range they cover, with every severity and null percentiles where nothing was measured', () => {
    const wire = toWireStats(stats(row()), asked)
    expect(wire).toMatchObject({
      start_time: new Date(NOW - 5).toISOString(),
      end_time: new Date(NOW).toISOString(),
      group_by: 'model',
      tz: 'UTC',
      total_traces: 2,
      total_spans: 3,
      oldest_trace: new Date(NOW).toISOString(),
      newest_trace: null,
      total: {
        requests: 3,
        errors: 1,
        total_tokens: 15,
        cost_usd: 0.5,
        unpriced_requests: 1,
        findings: { info: 0, low: 0, medium: 0, high: 2, critical: 0 },
        usage: { input: 1, cache_read: 2, cache_write: 3, output: 4, reasoning: 5 },
        time_to_first_token_ms: { p50: null, p95: null, p99: null },
      },
    })
    expect(wire.groups.map(({ key }) => key)).toEqual(['gpt-4o', null])
    expect(statsSchema.parse(wire)).toEqual(wire)
  })

  test.each([
    [row({ unpricedRequests: 3, cost: usd(0) }), null, 'calls without a price cost an unknown amount'],
    [row({ requests: 0, unpricedRequests: 0, cost: usd(0) }), 0, 'no calls cost nothing'],
  ])('%#: %j', (total, cost) => {
    expect(toWireStats(stats(total), asked).total.cost_usd).toBe(cost)
  })
})

const problemOf = (body: unknown): string | null => reportedActionSchema.safeParse(body).error?.issues[0]?.message ?? null

describe('a reported action', () => {
  const action = { action_type: 'command_execution', name: 'ls' }

  test('needs a type and a name; the rest is null, and success is assumed', () => {
    expect(toReportedAction(reportedActionSchema.parse(action))).toEqual({
      actionType: 'command_execution',
      name: 'ls',
      arguments: null,
      result: null,
      durationMs: null,
      isSuccess: true,
      exitCode: null,
      httpMethod: null,
      httpStatus: null,
      fileOperation: null,
      metadata: {},
    })
  })

  test('keeps all that is given', () => {
    const body = {
      ...action,
      arguments: '-la',
      result: 'x',
      duration_ms: 1.5,
      success: false,
      exit_code: -1,
      http_method: 'GET',
      http_status: 404,
      file_operation: 'read',
      metadata: { cwd: '/' },
    }
    expect(toReportedAction(reportedActionSchema.parse(body))).toEqual({
      actionType: 'command_execution',
      name: 'ls',
      arguments: '-la',
      result: 'x',
      durationMs: 1.5,
      isSuccess: false,
      exitCode: -1,
      httpMethod: 'GET',
      httpStatus: 404,
      fileOperation: 'read',
      metadata: { cwd: '/' },
    })
  })

  test('a long result is cut between two code points', () => {
    const result = reportedActionSchema.parse({ ...action, result: `x${'𝄞'.repeat(2000)}` }).result ?? ''
    expect(Buffer.byteLength(result)).toBe(RESULT_BYTES_MAX - 3)
    expect(result.isWellFormed()).toBe(true)
  })

  test.each([
    [{ ...action, action_type: 'dance' }, /must be one of tool_call, /, 'an unknown type'],
    [{ name: 'ls' }, /must be one of tool_call, /, 'no type'],
    [{ action_type: 'tool_call' }, /must be a text of 1 to 256/, 'no name'],
    [{ ...action, name: '' }, /must be a text of 1 to 256/, 'an empty name'],
    [{ ...action, sucess: true }, /unknown field sucess: did you mean success\?/, 'a mistyped field'],
    [{ ...action, id: 'mine' }, /unknown field id/, 'an id is ours to give'],
    [{ ...action, arguments: { a: 1 } }, /must be a text/, 'arguments are text'],
    [{ ...action, duration_ms: -1 }, /must be a number of milliseconds/, 'negative time'],
    [{ ...action, exit_code: 1.5 }, /must be a whole number/, 'a fraction'],
    [{ ...action, http_status: 99 }, /must be a whole number from 100 to 599/, 'no status'],
    [{ ...action, success: 'yes' }, /must be true or false/, 'a word'],
    [{ ...action, metadata: { a: 1 } }, /must be a text/, 'metadata holds texts'],
    [
      { ...action, metadata: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`k${i}`, ''])) },
      /at most 32/,
      'too much metadata',
    ],
    [[], /must be a JSON object/, 'an array'],
    [null, /must be a JSON object/, 'null'],
  ])('%#: %j is refused', (body, message) => {
    expect(problemOf(body)).toMatch(message)
  })
})
