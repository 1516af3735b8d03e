import { describe, expect, test } from 'bun:test'
import {
  actionAddedSchema,
  actionsSummarySchema,
  spanListQuery,
  statsQuery,
  statsSchema,
  traceListQuery,
} from '../../src/contract/query.ts'
import { spanPageSchema, spanSchema, tracePageSchema, traceSchema } from '../../src/contract/trace.ts'
import { UNPRICED } from '../../src/core/domain/span.ts'
import { PortError, type TraceStore } from '../../src/core/ports.ts'
import { createApi, keyOf } from './api.ts'
import { NOW, aFinding, aSpan, anAction, spanIdOf, tenant, texts, traceIdOf, usd } from './spans.ts'
import { storeOf } from './store.ts'

const time = (at: number): string => new Date(at).toISOString()

/** Span 1 differs from span 2 in everything that can be asked for; span 3 is another tenant's twin of span 1. */
const special = {
  provider: 'anthropic',
  requestModel: 'claude-5',
  responseModel: 'claude-5',
  operation: 'text_completion',
  agentId: 'planner',
  userId: 'ann',
  sessionId: 's-1',
  tags: { env: 'prod' },
  status: 'error',
  startTime: NOW - 7_200_000,
  durationMs: 9_000,
  findings: [aFinding({ severity: 'critical' })],
  cost: { status: 'priced', amount: usd(2), priceId: 'p', effectiveDate: '2026-11-20' },
  input: texts(['user', 'refund policy please']),
  actions: [anAction({ name: 'curl', actionType: 'web_access' }), anAction({ name: 'ls', actionType: 'command_execution' })],
} as const
const store = () =>
  storeOf([aSpan(1, special), aSpan(2, { cost: UNPRICED }), aSpan(3, { ...special, tenantId: tenant('globex') })])

/** For what changes nothing. */
const reader = createApi(await store())

const idsOf = (json: unknown): readonly string[] =>
  (json as { data: { span_id?: string; root_span?: { span_id: string } }[] }).data.map(
    (row) => row.span_id ?? row.root_span?.span_id ?? '',
  )

/** Which of span 1 and 2 each question finds. */
const FILTERS: readonly (readonly [query: string, found: readonly number[]])[] = [
  [`start_time=${time(NOW - 3_600_000)}`, [2]],
  [`end_time=${time(NOW - 3_600_000)}`, [1]],
  [`start_time=${time(NOW - 7_200_000)}&end_time=${time(NOW - 7_199_999)}`, [1]],
  ['start_time=2026-11-20T08:30:00%2B01:00', [2]],
  ['start_time=2026-11-20T08:30:00+01:00', [2]],
  ['provider=anthropic', [1]],
  ['provider=Anthropic', [1]],
  ['provider=mistral', []],
  ['model=claude-5', [1]],
  ['model=gpt-4o-2024-08-06', [2]],
  ['agent_id=planner', [1]],
  ['user_id=ann', [1]],
  ['session_id=s-1', [1]],
  ['tag=env', [1]],
  ['tag=env=prod', [1]],
  ['tag=env:prod', [1]],
  ['tag=env:test', []],
  ['status=error', [1]],
  ['status=ok', [2]],
  ['min_score=95', [1]],
  ['min_score=96', []],
  ['finding_type=prompt_injection', [1]],
  ['min_cost_usd=2', [1]],
  ['min_cost_usd=2.000000001', []],
  ['min_duration_ms=9000', [1]],
  ['has_tool_calls=true', [1]],
  ['has_tool_calls=false', [2]],
  ['has_web_access=true', [1]],
  ['has_web_access=false', [2]],
  ['has_commands=true', [1]],
  ['has_commands=false', [2]],
  ['action_name=curl', [1]],
  ['q=refund%20policy', [1]],
  ['q=answer', [1, 2]],
  ['limit=1', [2]],
  ['limit=1&offset=1', [1]],
  ['limit=1&order=asc', [1]],
  ['offset=2', []],
  ['provider=anthropic&status=ok', []],
]
const SPAN_FILTERS: typeof FILTERS = [
  ['operation_name=text_completion', [1]],
  ['security_score_min=90', [1]],
  ['security_score_max=95', [1]],
  ['security_score_max=94.5', []],
]

describe.each(['/traces', '/spans'])('GET %s', (path) => {
  const { ask } = reader

  test.each(path === '/spans' ? [...FILTERS, ...SPAN_FILTERS] : FILTERS)('?%s', async (query, found) => {
    const { status, json } = await ask(`${path}?${query}`)
    expect(status).toBe(200)
    expect([...idsOf(json)].sort()).toEqual(found.map(spanIdOf))
  })

  test('every parameter has a row above, or is walked below', () => {
    const asked = new Set([...FILTERS, ...SPAN_FILTERS].flatMap(([query]) => [...new URLSearchParams(query).keys()]))
    const { shape } = path === '/spans' ? spanListQuery : traceListQuery
    expect(Object.keys(shape).filter((name) => !asked.has(name))).toEqual(['cursor'])
  })

  test('answers a page as the contract has it: newest first, fifty rows, no texts', async () => {
    const many = createApi(await storeOf(Array.from({ length: 60 }, (_, i) => aSpan(i + 1))))
    const { json, headers } = await many.ask(path)
    const page = (path === '/spans' ? spanPageSchema : tracePageSchema).parse(json)
    expect(page as unknown).toEqual(json)
    expect(page).toMatchObject({ total: 60, limit: 50, offset: 0 })
    expect(idsOf(json)).toEqual(Array.from({ length: 50 }, (_, i) => spanIdOf(60 - i)))
    expect(JSON.stringify(json)).not.toMatch(/question|answer|Be brief/)
    expect(headers.get('cache-control')).toBe('no-store')
  })

  test.each(['asc', 'desc'])('a walk along the cursors sees every row once (%s)', async (order) => {
    const walk = createApi(await storeOf(Array.from({ length: 23 }, (_, i) => aSpan(i + 1))))
    const seen: string[] = []
    let cursor = ''
    for (let pages = 0; pages < 10; pages += 1) {
      const { json } = await walk.ask(
        `${path}?limit=5&order=${order}${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
      )
      seen.push(...idsOf(json))
      const next = (json as { next_cursor: string | null }).next_cursor
      if (next === null) break
      cursor = next
    }
    const all = Array.from({ length: 23 }, (_, i) => spanIdOf(i + 1))
    expect(seen).toEqual(order === 'asc' ? all : all.toReversed())
  })

  test('a cursor is good for its own question only', async () => {
    const walk = createApi(await storeOf([aSpan(1), aSpan(2), aSpan(3)]))
    const { json } = await walk.ask(`${path}?limit=1&status=ok`)
    const cursor = encodeURIComponent((json as { next_cursor: string }).next_cursor)
    expect(idsOf((await walk.ask(`${path}?limit=2&status=ok&cursor=${cursor}&offset=7`)).json)).toEqual([
      spanIdOf(2),
      spanIdOf(1),
    ])
    for (const other of [
      `${path}?cursor=${cursor}`,
      `${path}?status=error&cursor=${cursor}`,
      `${path}?status=ok&order=asc&cursor=${cursor}`,
      `${path === '/spans' ? '/traces' : '/spans'}?status=ok&cursor=${cursor}`,
      `${path}?status=ok&cursor=x${cursor}`,
      `${path}?status=ok&cursor=1`,
      `${path}?status=ok&cursor=.`,
    ]) {
      const { status, json: refused } = await walk.ask(other)
      expect(status).toBe(400)
      expect(refused).toMatchObject({
        error: {
          message: 'parameter cursor must be the next_cursor of an earlier answer, with the same filters and order',
          param: 'cursor',
        },
      })
    }
  })

  test('more than a thousand rows a page is read as a thousand', async () => {
    const { json } = await ask(`${path}?limit=100000`)
    expect(json).toMatchObject({ limit: 1000 })
  })
})

describe('one trace', () => {
  test('comes with all its spans and their texts, by either form of its id', async () => {
    const { ask } = createApi(
      await storeOf([aSpan(1), aSpan(2, { traceId: traceIdOf(1), parentSpanId: spanIdOf(1) }), aSpan(3)]),
    )
    for (const id of [traceIdOf(1), traceIdOf(1).replaceAll('-', ''), traceIdOf(1).toUpperCase()]) {
      const { status, json } = await ask(`/traces/${id}`)
      expect(status).toBe(200)
      const trace = traceSchema.parse(json)
      expect(trace as unknown).toEqual(json)
      expect(trace.spans.map(({ response }) => response)).toEqual(['answer 1', 'answer 2'])
      expect(trace).toMatchObject({ trace_id: traceIdOf(1), span_count: 2, total_tokens: 24, estimated_cost_usd: 0.002 })
    }
  })

  test('once deleted is gone, and who did it is logged', async () => {
    const { ask, log } = createApi(await store())
    const gone = await ask(`/traces/${traceIdOf(1)}`, { method: 'DELETE' })
    expect([gone.status, gone.text]).toEqual([204, ''])
    expect((await ask(`/traces/${traceIdOf(1)}`)).status).toBe(404)
    expect((await ask(`/traces/${traceIdOf(1)}`, { method: 'DELETE' })).status).toBe(404)
    expect((await ask('/traces')).json).toMatchObject({ total: 1 })
    expect(log.filter(({ event }) => event === 'trace.deleted')).toEqual([
      {
        level: 'info',
        event: 'trace.deleted',
        fields: { tenant_id: tenant('acme'), trace_id: traceIdOf(1), key_id: 'key-acme-admin', role: 'admin' },
      },
    ])
  })
})

test('one span comes with its texts', async () => {
  const { status, json } = await createApi(await store()).ask(`/spans/${spanIdOf(1)}`)
  expect(status).toBe(200)
  const span = spanSchema.parse(json)
  expect(span as unknown).toEqual(json)
  expect(span).toMatchObject({
    prompt: 'user: refund policy please',
    response: 'answer 1',
    security_score: 95,
    parameters: { temperature: 0.2 },
  })
  expect(span.input).toEqual([
    { origin: 'user', pointer: '/messages/0/content', kind: 'text', text: 'refund policy please', name: null },
  ])
})

describe('an id that is not there', () => {
  const { ask } = reader
  const action = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"action_type":"tool_call","name":"x"}',
  }
  test.each([
    [`/traces/${traceIdOf(9)}`, {}],
    ['/traces/nonsense', {}],
    ['/traces/00000000-0000-0000-0000-000000000000', {}],
    ['/traces/%00', {}],
    [`/traces/${'x'.repeat(2000)}`, {}],
    [`/spans/${spanIdOf(9)}`, {}],
    ['/spans/nonsense', {}],
    [`/traces/${traceIdOf(9)}`, { method: 'DELETE' }],
    ['/traces/nonsense', { method: 'DELETE' }],
    [`/traces/${traceIdOf(9)}/actions`, action],
    ['/traces/nonsense/actions', action],
  ])('%s %j is 404', async (path, init) => {
    const { status, json } = await ask(path, init)
    expect(status).toBe(404)
    expect(json).toMatchObject({ error: { code: 'request.not_found', type: 'not_found_error', param: null } })
  })
})

describe('stats', () => {
  test('are of the last day unless told otherwise, and say so', async () => {
    const { json } = await createApi(await store()).ask('/stats')
    const stats = statsSchema.parse(json)
    expect(stats as unknown).toEqual(json)
    expect(stats).toMatchObject({
      start_time: time(NOW - 86_400_000),
      end_time: time(NOW),
      tz: 'UTC',
      group_by: null,
      groups: [],
      total_spans: 2,
    })
  })

  test('take a range, groups, a zone and every filter of spans', async () => {
    const { json } = await createApi(await store()).ask(
      `/stats?end_time=${time(NOW - 3_600_000)}&group_by=model&tz=Europe/Berlin&status=error`,
    )
    expect(json).toMatchObject({
      start_time: time(NOW - 90_000_000),
      end_time: time(NOW - 3_600_000),
      group_by: 'model',
      tz: 'Europe/Berlin',
      total_spans: 1,
      total: { requests: 1, errors: 1, cost_usd: 2 },
      groups: [{ key: 'claude-5', requests: 1 }],
    })
  })

  test('over all tenants count them all', async () => {
    const { ask } = createApi(await store())
    expect((await ask('/stats/global', { key: 'root-key-of-the-test' })).json).toMatchObject({ total_spans: 3 })
    expect((await ask('/stats', { key: 'root-key-of-the-test' })).json).toMatchObject({ total_spans: 0 })
  })
})

const post = (body: unknown, init: RequestInit = {}) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: typeof body === 'string' ? body : JSON.stringify(body),
  ...init,
})

describe('actions', () => {
  const action = { action_type: 'command_execution', name: 'ls', exit_code: 0 }

  test('once reported stand in the trace and in the summary', async () => {
    const { ask } = createApi(await store())
    const { status, json } = await ask(`/traces/${traceIdOf(2)}/actions`, post({ ...action, result: 'x'.repeat(5000) }))
    expect(status).toBe(201)
    const added = actionAddedSchema.parse(json)
    expect(added as unknown).toEqual(json)
    expect(added).toMatchObject({
      status: 'ok',
      trace_id: traceIdOf(2),
      action: { name: 'ls', success: true, result: 'x'.repeat(4096) },
    })
    expect((await ask(`/traces/${traceIdOf(2)}`)).json).toMatchObject({ spans: [{ agent_actions: [added.action] }] })
    const summary = (await ask('/actions/summary')).json
    expect(actionsSummarySchema.parse(summary) as unknown).toEqual(summary)
    expect(summary).toEqual({
      total_spans: 2,
      spans_with_tool_calls: 2,
      spans_with_web_access: 1,
      spans_with_commands: 2,
      action_counts: { web_access: 1, command_execution: 2 },
      top_actions: [
        { name: 'ls', action_type: 'command_execution', count: 2 },
        { name: 'curl', action_type: 'web_access', count: 1 },
      ],
    })
    expect((await ask('/actions/summary?provider=anthropic')).json).toMatchObject({ total_spans: 1, spans_with_commands: 1 })
  })

  const path = `/traces/${traceIdOf(1)}/actions`
  test.each([
    ['{', {}, 400, 'the body must be JSON', 'not JSON'],
    ['', {}, 400, /^field action_type must be one of /, 'no body'],
    [
      action,
      { headers: { 'content-type': 'text/plain' } },
      400,
      'content-type must be application/json',
      'not said to be JSON',
    ],
    [{ ...action, nmae: 'x' }, {}, 400, 'unknown field nmae: did you mean name?', 'a mistyped field'],
    [
      { ...action, action_type: 'x', name: '' },
      {},
      400,
      'field action_type must be one of tool_call, skill_invocation, command_execution, web_access, file_access; field name must be a text of 1 to 256 characters',
      'two fields',
    ],
    [{ ...action, metadata: { a: 1 } }, {}, 400, 'field metadata.a must be a text', 'a field within'],
    ['[]', {}, 400, 'the body must be a JSON object', 'an array'],
    [{ ...action, result: 'x'.repeat(70_000) }, {}, 413, 'the request body is over the limit of 65536 bytes', 'too large'],
  ] as const)('%#: a body is refused (%s)', async (body, init, status, message) => {
    const { ask } = createApi(await store())
    const answer = await ask(path, body === '' ? { method: 'POST' } : post(body, init))
    expect(answer.status).toBe(status)
    const said = (answer.json as { error: { message: string } }).error.message
    if (typeof message === 'string') expect(said).toBe(message)
    else expect(said).toMatch(message)
    expect((await ask('/actions/summary')).json).toMatchObject({ action_counts: { command_execution: 1 } })
  })

  test('a body that is too large is refused whether or not its length was told', async () => {
    const large = JSON.stringify({ ...action, result: 'x'.repeat(70_000) })
    const chunks = () =>
      new ReadableStream({
        start: (controller) => {
          for (let at = 0; at < large.length; at += 1000)
            controller.enqueue(new TextEncoder().encode(large.slice(at, at + 1000)))
          controller.close()
        },
      })
    const { ask } = createApi(await store())
    for (const init of [
      post(large, { headers: { 'content-type': 'application/json', 'content-length': String(large.length) } }),
      { ...post(large), body: chunks(), duplex: 'half' as const },
    ]) {
      expect(await ask(path, init)).toMatchObject({
        status: 413,
        json: { error: { code: 'request.too_large', limit_bytes: 65_536 } },
      })
    }
  })
})

describe('a parameter that is wrong is named', () => {
  const { ask } = reader
  const word = 'must be 1 to 256 characters without control characters'
  const rows: readonly (readonly [path: string, param: string, message: string])[] = [
    ['/traces?modle=x', 'modle', 'unknown parameter modle: did you mean model?'],
    ['/traces?start=2026-11-20T08:30:00Z', 'start', 'unknown parameter start; known are start_time, end_time, '],
    ['/traces?operation_name=chat', 'operation_name', 'unknown parameter operation_name; known are start_time'],
    ['/spans?monitoring_scope=hybrid', 'monitoring_scope', 'unknown parameter monitoring_scope; known are'],
    ['/actions/summary?limit=5', 'limit', 'unknown parameter limit'],
    ['/stats?cursor=x', 'cursor', 'unknown parameter cursor'],
    [`/traces/${traceIdOf(1)}?full=1`, 'full', 'unknown parameter full: this route takes no parameter'],
    [`/spans/${spanIdOf(1)}?full=1`, 'full', 'unknown parameter full: this route takes no parameter'],
    ['/traces?__proto__=x', '__proto__', 'unknown parameter __proto__'],
    [
      '/traces?start_time=yesterday',
      'start_time',
      'parameter start_time must be a time as in RFC 3339, such as 2026-11-20T08:30:00Z',
    ],
    ['/traces?end_time=', 'end_time', 'parameter end_time must be a time as in RFC 3339'],
    [`/traces?start_time=${time(NOW)}&end_time=${time(NOW)}`, 'end_time', 'parameter end_time must be later than start_time'],
    [`/stats?start_time=${time(NOW + 1)}`, 'end_time', 'parameter end_time must be later than start_time'],
    ['/spans?provider=', 'provider', `parameter provider ${word}`],
    ['/spans?model=%0A', 'model', `parameter model ${word}`],
    [`/spans?agent_id=${'x'.repeat(257)}`, 'agent_id', `parameter agent_id ${word}`],
    ['/spans?user_id=%00', 'user_id', `parameter user_id ${word}`],
    ['/spans?session_id=', 'session_id', `parameter session_id ${word}`],
    ['/spans?tag==x', 'tag', 'parameter tag must be key, key=value or key:value'],
    ['/spans?status=OK', 'status', 'parameter status must be one of ok, error, refused, cancelled, incomplete'],
    ['/spans?min_score=101', 'min_score', 'parameter min_score must be a number from 0 to 100'],
    ['/spans?security_score_min=-1', 'security_score_min', 'parameter security_score_min must be a number from 0 to 100'],
    ['/spans?security_score_max=x', 'security_score_max', 'parameter security_score_max must be a number from 0 to 100'],
    ['/spans?finding_type=', 'finding_type', `parameter finding_type ${word}`],
    ['/spans?min_cost_usd=-1', 'min_cost_usd', 'parameter min_cost_usd must be a number of US dollars'],
    ['/spans?min_duration_ms=1s', 'min_duration_ms', 'parameter min_duration_ms must be a number of milliseconds'],
    ['/spans?has_tool_calls=1', 'has_tool_calls', 'parameter has_tool_calls must be true or false'],
    ['/spans?has_web_access=yes', 'has_web_access', 'parameter has_web_access must be true or false'],
    ['/spans?has_commands=', 'has_commands', 'parameter has_commands must be true or false'],
    ['/spans?action_name=', 'action_name', `parameter action_name ${word}`],
    [`/spans?q=${'x'.repeat(513)}`, 'q', 'parameter q must be 1 to 512 characters'],
    ['/spans?operation_name=chat_completion', 'operation_name', 'parameter operation_name must be one of chat, '],
    ['/spans?limit=0', 'limit', 'parameter limit must be a whole number from 1'],
    ['/spans?limit=1.5', 'limit', 'parameter limit must be a whole number from 1'],
    ['/spans?offset=-1', 'offset', 'parameter offset must be a whole number from 0'],
    ['/spans?cursor=%20', 'cursor', 'parameter cursor must be the next_cursor of an earlier answer'],
    ['/spans?order=up', 'order', 'parameter order must be one of desc, asc'],
    ['/stats?group_by=week', 'group_by', 'parameter group_by must be one of hour, day, model, provider, agent, user, tag'],
    ['/stats?tz=Mars', 'tz', 'parameter tz must be an IANA time zone, such as Europe/Berlin'],
    ['/spans?limit=1&limit=2', 'limit', 'parameter limit must be given once'],
    [
      '/spans?limit=x&order=up',
      'limit',
      'parameter limit must be a whole number from 1; parameter order must be one of desc, asc',
    ],
  ]
  test.each(rows)('%s', async (path, param, message) => {
    const { status, json } = await ask(path)
    expect(status).toBe(400)
    expect(json).toMatchObject({ error: { code: 'request.malformed', type: 'invalid_request_error', param } })
    expect((json as { error: { message: string } }).error.message).toStartWith(message)
  })

  test('every parameter has a row above', () => {
    const named = new Set(rows.map(([, param]) => param))
    expect([...Object.keys(spanListQuery.shape), ...Object.keys(statsQuery.shape)].filter((name) => !named.has(name))).toEqual(
      [],
    )
  })
})

const fail = async (): Promise<never> => {
  throw new PortError('libsql', 'database is locked at /secret/path')
}
const bug = async (): Promise<never> => {
  throw new TypeError('undefined is not a function')
}

describe('a store that fails', () => {
  const broken: TraceStore = {
    write: fail,
    traces: fail,
    trace: fail,
    deleteTrace: fail,
    spans: fail,
    span: fail,
    findings: fail,
    stats: fail,
    actionsSummary: fail,
    addAction: fail,
    ping: fail,
    close: fail,
  }
  test.each([
    ['GET', '/traces'],
    ['GET', `/traces/${traceIdOf(1)}`],
    ['DELETE', `/traces/${traceIdOf(1)}`],
    ['GET', '/spans'],
    ['GET', `/spans/${spanIdOf(1)}`],
    ['GET', '/stats'],
    ['GET', '/stats/global'],
    ['GET', '/actions/summary'],
    ['GET', '/security/findings'],
    ['POST', `/traces/${traceIdOf(1)}/actions`],
  ])('%s %s is 503 with a time to come back, and only the log says why', async (method, path) => {
    const { ask, log } = createApi(broken)
    const body =
      method === 'POST'
        ? { body: '{"action_type":"tool_call","name":"x"}', headers: { 'content-type': 'application/json' } }
        : {}
    const answer = await ask(path, { method, ...body, key: 'root-key-of-the-test' })
    expect(answer.status).toBe(503)
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(answer.json).toMatchObject({ error: { code: 'gateway.unavailable' } })
    expect(answer.text).not.toContain('secret')
    expect(log).toMatchObject([{ level: 'error', event: 'query.store_failed', fields: { dependency: 'libsql' } }])
  })

  test('a bug is left to the application', async () => {
    const { ask } = createApi({ ...broken, traces: bug })
    expect(await ask('/traces')).toMatchObject({ status: 500, json: { thrown: 'undefined is not a function' } })
  })

  test('a key store that fails is 503 too', async () => {
    const keys = { find: fail, tenant: async () => null, ensureTenant: async () => {}, project: async () => null }
    const { ask } = createApi(await store(), { mode: 'required', adminKey: null }, keys)
    expect((await ask('/traces', { key: keyOf('acme', 'viewer') })).status).toBe(503)
  })
})
