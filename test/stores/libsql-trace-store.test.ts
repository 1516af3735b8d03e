import type { Client, InStatement } from '@libsql/client'
import { describe, expect, test } from 'bun:test'
import { migrate } from '../../src/adapters/libsql/migrate.ts'
import { traceMigrations } from '../../src/adapters/libsql/migrations-node.ts'
import { openLibsqlFile } from '../../src/adapters/libsql/open.ts'
import { createLibsqlTraceStore } from '../../src/adapters/libsql/trace-store.ts'
import { openMemoryTraceStore } from '../../src/adapters/memory/trace-store.ts'
import type { FindingFilter, SpanFilter } from '../../src/core/domain/query.ts'
import { PortError } from '../../src/core/ports.ts'
import { aFinding, anAction, aSpan, captured, envelopesOf, spanIdOf, START, tenantOf, traceIdOf } from '../support/spans.ts'
import { allFindings, everything, FIRST_PAGE } from './filters.ts'

const tenantId = tenantOf('acme')

async function openClient(): Promise<Client> {
  const client = await openLibsqlFile(':memory:')
  await migrate(client, traceMigrations())
  return client
}

const countOf = async (client: Client, sql: string): Promise<number> => Number((await client.execute(sql)).rows[0]?.[0])

describe('the trace store on libSQL', () => {
  test('asks no question that reads a whole table', async () => {
    const client = await openClient()
    const asked: InStatement[] = []
    const recording: Client = {
      ...client,
      execute: async (...args: Parameters<Client['execute']>) => {
        asked.push(args[0])
        return client.execute(...args)
      },
      batch: async (...args: Parameters<Client['batch']>) => {
        asked.push(...(args[0] as InStatement[]))
        return client.batch(...args)
      },
      close: () => client.close(),
    }
    const store = createLibsqlTraceStore(recording)
    const filters: readonly Partial<SpanFilter>[] = [
      {},
      { startTime: START, endTime: START + 1 },
      { provider: 'a' },
      { model: 'a' },
      { operation: 'chat' },
      { agentId: 'a' },
      { userId: 'a' },
      { sessionId: 'a' },
      { tag: { key: 'a', value: 'b' } },
      { tag: { key: 'a', value: null } },
      { status: 'ok' },
      { scoreMin: 1 },
      { findingType: 'a' },
      { hasToolCalls: true },
      { actionName: 'a' },
      { text: 'a' },
      { text: 'a', sessionId: 'a' },
      { provider: 'a', model: 'b', tag: { key: 'a', value: null }, findingType: 'a' },
    ]
    for (const more of filters) {
      const filter = { ...everything(tenantId), ...more }
      for (const order of ['asc', 'desc'] as const) {
        await store.spans(filter, { ...FIRST_PAGE, order })
        await store.traces(filter, { ...FIRST_PAGE, order })
      }
      await store.stats({ filter, groupBy: 'tag', timeZone: 'UTC', acrossTenants: false })
      await store.actionsSummary(filter)
    }
    const findingFilters: readonly Partial<FindingFilter>[] = [
      {},
      { startTime: START, endTime: START + 1 },
      { model: 'a' },
      { agentId: 'a' },
      { findingType: 'a' },
      { findingType: 'a', severity: 'high', category: 'pii', confidenceMin: 0.5 },
      { severity: 'high' },
      { category: 'pii' },
      { confidenceMin: 0.5 },
      { findingType: 'a', model: 'b', agentId: 'c' },
    ]
    const cursor = btoa(`${START}.1`).replaceAll('=', '')
    for (const more of findingFilters) {
      for (const order of ['asc', 'desc'] as const) {
        await store.findings({ ...allFindings(tenantId), ...more }, { ...FIRST_PAGE, order })
        await store.findings({ ...allFindings(tenantId), ...more }, { ...FIRST_PAGE, order, cursor })
      }
    }
    await store.span(tenantId, spanIdOf(1))
    await store.trace(tenantId, traceIdOf(1))
    await store.deleteTrace(tenantId, traceIdOf(1))
    await store.addAction(tenantId, traceIdOf(1), anAction(), [aFinding()])
    await store.write(envelopesOf([aSpan({ tags: { a: 'b' }, actions: [anAction()], findings: [aFinding()] })]))
    expect(asked.length).toBeGreaterThan(200)
    for (const statement of asked) {
      const { sql, args = [] } = typeof statement === 'string' ? { sql: statement } : statement
      const plan = await client.execute({ sql: `EXPLAIN QUERY PLAN ${sql}`, args })
      const scans = plan.rows
        .map((row) => String(row['detail']))
        .filter((step) => /^SCAN (spans|span_t|actions|findings|s|t|a|f|r|x)\b/.test(step))
      expect({ sql, scans }).toEqual({ sql, scans: [] })
    }
    client.close()
  })

  test('holds more spans of one millisecond than it has slots for, whatever their time', async () => {
    const client = await openClient()
    const store = createLibsqlTraceStore(client)
    const times = [START, -5, -6, -5.5, 0, 2 ** 43, 2 ** 44, 1e300, START + 0.25, START + 0.75]
    await store.write(envelopesOf(times.map((startTime, i) => aSpan({ startTime }, i + 1))))
    // As if 2^20 - 1 others were there.
    await client.execute(`UPDATE spans SET seq = (${START} << 20) + 1048575 WHERE seq = (${START} << 20)`)
    await store.write(envelopesOf([11, 12, 13].map((n) => aSpan({ startTime: START }, n))))
    await store.write(envelopesOf([14].map((n) => aSpan({ startTime: START }, n))))
    const page = await store.spans(everything(tenantId), FIRST_PAGE)
    expect(page.total).toBe(14)
    expect(page.data.slice(0, 4).map((span) => span.spanId)).toEqual([14, 13, 12, 11].map(spanIdOf))
    expect((await store.span(tenantId, spanIdOf(14)))?.startTime).toBe(START)
    await store.close()
  })

  test('keeps nothing of a deleted trace in any table', async () => {
    const client = await openClient()
    const store = createLibsqlTraceStore(client)
    await store.write(envelopesOf([aSpan({ tags: { a: 'b' }, actions: [anAction()], findings: [aFinding()] })]))
    await store.deleteTrace(tenantId, traceIdOf(1))
    for (const table of ['spans', 'span_texts', 'span_tags', 'actions', 'findings', 'spans_fts']) {
      expect([table, await countOf(client, `SELECT count(*) FROM ${table}`)]).toEqual([table, 0])
    }
    await store.close()
  })

  test('lists the findings of a database that an earlier version wrote by all that it filters by', async () => {
    const client = await openLibsqlFile(':memory:')
    const migrations = traceMigrations()
    await migrate(client, migrations.slice(0, 2))
    const findings = [aFinding({ category: 'pii', confidence: 0.6 }), aFinding({ id: 'f-2', confidence: 0.7 })]
    await client.execute({
      sql: `INSERT INTO spans (seq, tenant_id, trace_id, span_id, operation_name, provider, start_time, duration_ms, status, cost_status,
        action_types, details) VALUES (1, 'acme', 't', 's', 'chat', 'openai', 1, 1, 'ok', 'unpriced', 0, '{}')`,
      args: [],
    })
    for (const [i, finding] of findings.entries()) {
      await client.execute({
        sql: `INSERT INTO findings (seq, tenant_id, position, finding_type, severity, data) VALUES (1, 'acme', ?, 'x', 'high', ?)`,
        args: [i, JSON.stringify(finding)],
      })
    }
    await migrate(client, migrations)
    const store = createLibsqlTraceStore(client)
    const found = async (more: Partial<FindingFilter>) =>
      (await store.findings({ ...allFindings(tenantId), ...more }, FIRST_PAGE)).data.map(({ finding }) => finding)
    expect(await found({})).toEqual(findings.toReversed())
    expect(await found({ category: 'pii' })).toEqual(findings.slice(0, 1))
    expect(await found({ confidenceMin: 0.7 })).toEqual(findings.slice(1))
    await store.close()
  })

  test('gives a trace of any length within its bounds', async () => {
    const store = createLibsqlTraceStore(await openClient())
    const traceId = traceIdOf(1)
    const large = captured(['user', 'x'.repeat(1024 * 1024)])
    await store.write(
      envelopesOf(Array.from({ length: 1100 }, (_, i) => aSpan({ traceId, ...(i < 20 ? { input: large } : {}) }, i + 1))),
    )
    const trace = await store.trace(tenantId, traceId)
    expect(trace?.spans).toHaveLength(1000)
    const withTexts = trace?.spans.filter((span) => span.input.segments.length > 0).length ?? 0
    expect(withTexts).toBe(15)
    expect(trace?.spans[19]?.input.textBytes).toBe(1024 * 1024)
    await store.close()
  })

  test('says what failed and keeps the words of a search out of it', async () => {
    const client = await openLibsqlFile(':memory:')
    const store = createLibsqlTraceStore(client)
    const failure: unknown = await store
      .spans({ ...everything(tenantId), text: 'confidential' }, FIRST_PAGE)
      .catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(PortError)
    expect(failure).toMatchObject({ dependency: 'trace_store', message: 'listing spans failed' })
    expect(Bun.inspect(failure)).not.toContain('confidential')
    await store.close()
    expect(await store.ping().catch((error: unknown) => error)).toBeInstanceOf(PortError)
  })
})

test('the store in memory is bounded: the oldest spans go', async () => {
  const store = await openMemoryTraceStore({ maxBytes: 4 * 1024 * 1024 })
  const input = captured(['user', 'memory '.repeat(1500)])
  for (let batch = 0; batch < 20; batch += 1) {
    await store.write(envelopesOf(Array.from({ length: 50 }, (_, i) => aSpan({ input }, batch * 50 + i + 1))))
  }
  const page = await store.spans(everything(tenantId), { ...FIRST_PAGE, limit: 1 })
  expect(page.total).toBeGreaterThan(50)
  expect(page.total).toBeLessThan(500)
  expect(page.data[0]?.spanId).toBe(spanIdOf(1000))
  expect(await store.span(tenantId, spanIdOf(1))).toBeNull()
  await store.close()
})
