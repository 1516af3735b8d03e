import { afterEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createMetrics, type PromMetrics } from '../../../src/adapters/selfhost/metrics.ts'
import { openPriceFile } from '../../../src/adapters/selfhost/price-file.ts'
import { runtimeName, serve, type Server } from '../../../src/adapters/selfhost/serve.ts'
import type { Finding } from '../../../src/core/domain/finding.ts'
import type { NanoUsd } from '../../../src/core/domain/money.ts'
import { err, ok, type Result } from '../../../src/core/domain/result.ts'
import type { TraceSpan } from '../../../src/core/domain/span.ts'
import { usageOf } from '../../../src/core/domain/usage.ts'
import { aSpan } from '../../support/a-span.ts'
import { createTestClock, turn } from '../../support/clock.ts'
import { createLog } from '../../support/fakes.ts'

describe('metrics', () => {
  const NOTHING = { accepted: 0, queued: 0, stored: 0, shed: {} }

  /** Samples by their name and labels. */
  async function samples(metrics: PromMetrics): Promise<{ readonly [sample: string]: number }> {
    const lines = (await metrics.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    return Object.fromEntries(
      lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
    )
  }

  function finished(...spans: readonly Partial<TraceSpan>[]): PromMetrics {
    const metrics = createMetrics(() => NOTHING)
    for (const more of spans) {
      const span = aSpan(more)
      metrics.callStarted()
      metrics.callFinished(span, span.cost.amount)
    }
    return metrics
  }

  const priced = { status: 'priced', amount: 2_500_000 as NanoUsd, priceId: 'p', effectiveDate: 'd' } as const

  test('count a call by provider, model, status and how it ended', async () => {
    const found = await samples(
      finished(
        {
          usage: usageOf({ input_tokens: 30, output_tokens: 12, output_reasoning_tokens: 2 }),
          cost: priced,
          ttftMs: 40,
          durationMs: 1_500,
        },
        { status: 'cancelled', statusCode: null, responseModel: 'gpt-4o-2024', requestModel: 'gpt-4o' },
      ),
    )
    expect(found).toMatchObject({
      'llmtrace_requests_total{provider="openai",model="gpt-4o",status_code="200",status="ok"}': 1,
      'llmtrace_requests_total{provider="openai",model="gpt-4o-2024",status_code="0",status="cancelled"}': 1,
      'llmtrace_tokens_total{direction="prompt",provider="openai",model="gpt-4o"}': 30,
      'llmtrace_tokens_total{direction="completion",provider="openai",model="gpt-4o"}': 12,
      'llmtrace_cost_usd_total{tenant="default",model="gpt-4o"}': 0.0025,
      'llmtrace_request_duration_seconds_sum{provider="openai",model="gpt-4o"}': 1.5,
      'llmtrace_time_to_first_token_seconds_sum{provider="openai",model="gpt-4o"}': 0.04,
      llmtrace_active_connections: 0,
    })
    expect(Object.keys(found).filter((name) => name.startsWith('llmtrace_time_to_first_token_seconds_count'))).toHaveLength(1)
    expect(Object.keys(found).filter((name) => name.startsWith('llmtrace_unpriced'))).toEqual([])
  })

  test('tell calls that go on', async () => {
    const metrics = createMetrics(() => NOTHING)
    metrics.callStarted()
    metrics.callStarted()
    metrics.callFinished(aSpan(), null)
    expect(await samples(metrics)).toMatchObject({ llmtrace_active_connections: 1 })
  })

  test('count answered calls without a price, and no others', async () => {
    const found = await samples(finished({}, {}, { status: 'error' }, { status: 'refused' }, { cost: priced }))
    expect(found['llmtrace_unpriced_requests_total{provider="openai",model="gpt-4o"}']).toBe(2)
  })

  test('count findings and failures of upstreams', async () => {
    const finding = { severity: 'high', findingType: 'jailbreak', action: 'flag' } as Finding
    const found = await samples(
      finished(
        { findings: [finding, finding] },
        { status: 'error', errorCode: 'upstream.timeout' },
        { status: 'refused', errorCode: 'auth.required' },
      ),
    )
    expect(found).toMatchObject({
      'llmtrace_security_findings_total{severity="high",finding_type="jailbreak",action="flag"}': 2,
      'llmtrace_upstream_errors_total{provider="openai",code="upstream.timeout"}': 1,
    })
    expect(Object.keys(found).filter((name) => name.includes('auth.required'))).toEqual([])
  })

  test('have a bounded number of labels, whatever callers name', async () => {
    const spans = Array.from({ length: 500 }, (_, i) => ({
      requestModel: `m${i}`,
      provider: `p${i}`,
      tenantId: `t${i}` as TraceSpan['tenantId'],
      cost: priced,
    }))
    const found = await samples(finished(...spans, { requestModel: null, provider: 'p0' }))
    const requests = Object.keys(found).filter((name) => name.startsWith('llmtrace_requests_total'))
    expect(requests.length).toBeLessThanOrEqual(202)
    expect(found['llmtrace_requests_total{provider="other",model="other",status_code="200",status="ok"}']).toBe(300)
    expect(found['llmtrace_cost_usd_total{tenant="other",model="other"}']).toBeCloseTo(0.75)
    // A name that was there before the bound was reached stays itself.
    expect(found['llmtrace_requests_total{provider="p0",model="other",status_code="200",status="ok"}']).toBe(1)
  })

  test('show the one state that a breaker is in', async () => {
    const metrics = createMetrics(() => NOTHING)
    metrics.breaker('openai', 'open')
    metrics.breaker('openai', 'half_open')
    expect(await samples(metrics)).toMatchObject({
      'llmtrace_circuit_breaker_state{subsystem="upstream:openai",state="closed"}': 0,
      'llmtrace_circuit_breaker_state{subsystem="upstream:openai",state="open"}': 0,
      'llmtrace_circuit_breaker_state{subsystem="upstream:openai",state="half_open"}': 1,
    })
  })

  test('show what became of spans, as of now', async () => {
    let delivery: { accepted: number; queued: number; stored: number; shed: { [reason: string]: number } } = NOTHING
    const metrics = createMetrics(() => delivery)
    expect((await samples(metrics))['llmtrace_spans{state="accepted"}']).toBe(0)
    delivery = { accepted: 9, queued: 2, stored: 4, shed: { queue_full: 1, shutdown: 2 } }
    expect(await samples(metrics)).toMatchObject({
      'llmtrace_spans{state="accepted"}': 9,
      'llmtrace_spans{state="queued"}': 2,
      'llmtrace_spans{state="stored"}': 4,
      'llmtrace_spans{state="shed"}': 3,
    })
    expect(metrics.contentType).toContain('text/plain')
  })
})

describe('a price file', () => {
  const folders: string[] = []
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
  })

  const read = (value: unknown): Result<ReadonlyMap<string, number>, string> => {
    if (typeof value !== 'object' || value === null) return err('not an object')
    return ok(new Map(Object.entries(value as { [model: string]: number })))
  }

  function aFile(text: string): string {
    const folder = mkdtempSync(path.join(tmpdir(), 'prices-'))
    folders.push(folder)
    const file = path.join(folder, 'prices.yaml')
    writeFileSync(file, text)
    return file
  }

  /** The time of change as well, since two writes may fall into one tick of the file system. */
  function rewrite(file: string, text: string, seconds: number): void {
    writeFileSync(file, text)
    utimesSync(file, seconds, seconds)
  }

  /** Looking takes a few turns of the loop: the file system answers when it likes. */
  async function until(isSo: () => boolean): Promise<void> {
    for (let i = 0; i < 10_000 && !isSo(); i += 1) await turn()
    expect(isSo()).toBe(true)
  }

  test('is read at the start, as YAML or JSON', async () => {
    for (const text of ['gpt: 1\nclaude: 2\n', '{"gpt": 1, "claude": 2}']) {
      const clock = createTestClock()
      const prices = await openPriceFile(aFile(text), read, clock, createLog())
      expect([...prices.current()]).toEqual([
        ['gpt', 1],
        ['claude', 2],
      ])
      prices.close()
      expect(clock.pending()).toBe(0)
    }
  })

  test('that is missing or wrong at the start is an error', async () => {
    const clock = createTestClock()
    await expect(openPriceFile('does-not-exist.yaml', read, clock, createLog())).rejects.toThrow('ENOENT')
    await expect(openPriceFile(aFile('just text'), read, clock, createLog())).rejects.toThrow('not an object')
    await expect(openPriceFile(aFile('a: [1'), read, clock, createLog())).rejects.toThrow()
    expect(clock.pending()).toBe(0)
  })

  test('is read again when it changed, and left alone when it did not', async () => {
    const clock = createTestClock()
    const log = createLog()
    const file = aFile('gpt: 1\n')
    const prices = await openPriceFile(file, read, clock, log)
    clock.advance(2_000)
    await until(() => clock.pending() === 1)
    expect(log.lines).toEqual([])
    rewrite(file, 'gpt: 5\n', 1_000_000)
    clock.advance(1_999)
    await turn(5)
    expect(prices.current().get('gpt')).toBe(1)
    clock.advance(1)
    await until(() => clock.pending() === 1)
    expect(prices.current().get('gpt')).toBe(5)
    expect(log.lines).toEqual([{ level: 'info', event: 'pricing.file_read', fields: { path: file, models: 1 } }])
    prices.close()
  })

  test('that turns wrong keeps the last good prices, says so once a change, and heals', async () => {
    const clock = createTestClock()
    const log = createLog()
    const file = aFile('gpt: 1\n')
    const prices = await openPriceFile(file, read, clock, log)
    const look = async (): Promise<void> => {
      clock.advance(2_000)
      await until(() => clock.pending() === 1)
    }
    rewrite(file, 'gpt: [', 1_000_000)
    await look()
    await look()
    expect([prices.current().get('gpt'), log.lines.map(({ event }) => event)]).toEqual([1, ['pricing.file_kept_old']])
    rewrite(file, 'just text', 1_000_001)
    await look()
    expect(log.lines).toHaveLength(2)
    rewrite(file, 'gpt: 9\n', 1_000_002)
    await look()
    expect([prices.current().get('gpt'), log.lines.at(-1)?.event]).toEqual([9, 'pricing.file_read'])
    prices.close()
  })

  test('is not looked at any more when it is closed, not even when it was just being looked at', async () => {
    const clock = createTestClock()
    const prices = await openPriceFile(aFile('gpt: 1\n'), read, clock, createLog())
    clock.advance(2_000)
    prices.close()
    await turn(20)
    expect(clock.pending()).toBe(0)
  })
})

describe('the server', () => {
  const servers: Server[] = []
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.stop(0)
  })

  async function start(fetch: (request: Request) => Response | Promise<Response>, port = 0): Promise<Server> {
    const server = await serve({ hostname: '127.0.0.1', port, fetch })
    servers.push(server)
    return server
  }

  test('answers on the address that it tells', async () => {
    const server = await start((request) => new Response(new URL(request.url).pathname))
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect([server.runtime, runtimeName()]).toEqual(['bun', 'bun'])
    expect(await (await fetch(`${server.url}/x`)).text()).toBe('/x')
  })

  test('writes an IPv6 address so that it can be used', async () => {
    const server = await serve({ hostname: '::1', port: 0, fetch: () => new Response('six') })
    servers.push(server)
    expect(server.url).toMatch(/^http:\/\/\[::1\]:\d+$/)
    expect(await (await fetch(server.url)).text()).toBe('six')
  })

  test('says which error keeps it from starting', async () => {
    const first = await start(() => new Response())
    await expect(start(() => new Response(), Number(new URL(first.url).port))).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })

  test('stops by waiting for the answers in flight', async () => {
    const waiting = Promise.withResolvers<void>()
    const arrived = Promise.withResolvers<void>()
    const server = await start(async () => {
      arrived.resolve()
      await waiting.promise
      return new Response('late, but whole')
    })
    const asking = fetch(server.url).then((answer) => answer.text())
    await arrived.promise
    const stopping = server.stop(60_000)
    waiting.resolve()
    expect(await asking).toBe('late, but whole')
    await stopping
    await expect(fetch(server.url)).rejects.toThrow()
  })

  test('cuts what is left after the deadline', async () => {
    const arrived = Promise.withResolvers<void>()
    const server = await start(() => {
      arrived.resolve()
      return new Promise<never>(() => {})
    })
    const asking = fetch(server.url).then(
      () => 'answered',
      () => 'cut',
    )
    await arrived.promise
    await server.stop(1)
    expect(await asking).toBe('cut')
  })
})
