import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openMemoryTraceStore } from '../../src/adapters/memory/trace-store.ts'
import { runBacktest } from '../../src/cli/backtest.ts'
import { parseCommand } from '../../src/cli/main.ts'
import type { TenantId } from '../../src/core/domain/ids.ts'
import { asRecord, parseJson } from '../../src/core/domain/json.ts'
import { err, ok } from '../../src/core/domain/result.ts'
import type { TraceSpan } from '../../src/core/domain/span.ts'
import { PortError, type TraceStore } from '../../src/core/ports.ts'
import { aSpan } from '../support/a-span.ts'
import { TEST_TIME } from '../support/clock.ts'
import { aGuard, wordScanner } from '../support/guard.ts'
import { spanIdOf, traceIdOf } from '../support/ids.ts'
import { envelopesOf } from '../support/spans.ts'

const ATTACK = 'canary-attack'
const DAY_MS = 86_400_000

let folder = ''
let policy = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'llmtrace-backtest-'))
  policy = join(folder, 'new.yaml')
  writeFileSync(policy, 'enforcement:\n  mode: block\n')
})
afterAll(() => rmSync(folder, { recursive: true }))

function asking(n: number, text: string, more: Partial<TraceSpan> = {}): TraceSpan {
  const segment = { origin: 'user', pointer: '/messages/0/content', kind: 'text', text, name: null } as const
  return aSpan({
    spanId: spanIdOf(n),
    traceId: traceIdOf(n),
    input: { segments: [segment], textBytes: text.length, isTruncated: false },
    ...more,
  })
}

async function storeOf(spans: readonly TraceSpan[]): Promise<TraceStore> {
  const store = await openMemoryTraceStore()
  await store.write(envelopesOf(spans))
  return store
}

async function backtest(argv: readonly string[], store: TraceStore | string) {
  const command = parseCommand(['backtest', ...argv])
  if (!command.ok) throw new Error(command.error)
  let out = ''
  let said = ''
  const ports = {
    guard: aGuard([{ name: 'word', scan: wordScanner(ATTACK) }]),
    openStore: async () => (typeof store === 'string' ? err(store) : ok(store)),
  }
  const code = await runBacktest(command.value, ports, {
    env: {},
    isStderrTerminal: false,
    out: (text) => (out += text),
    err: (text) => (said += text),
    now: () => 0,
    time: () => TEST_TIME + DAY_MS,
  })
  expect(out + said).not.toContain(ATTACK)
  return { code, out, err: said }
}

async function report(argv: readonly string[], spans: readonly TraceSpan[]) {
  const { code, out, err } = await backtest(['--policy', policy, '--format', 'json', ...argv], await storeOf(spans))
  expect([code, err]).toEqual([0, ''])
  return asRecord(parseJson(out))
}

describe('the report', () => {
  test('tells people what changes, and which calls', async () => {
    const spans = [asking(1, ATTACK), asking(2, 'peace'), aSpan({ spanId: spanIdOf(3), traceId: traceIdOf(3) })]
    const { code, out } = await backtest(['--policy', policy], await storeOf(spans))
    expect(code).toBe(0)
    expect(out.split('\n')).toEqual([
      `3 calls of tenant default since ${new Date(TEST_TIME - 6 * DAY_MS).toISOString()}`,
      '2 judged; not judged, or one side of it not: 1 without texts, 0 with a text that was cut, 0 that a detector failed on',
      '',
      'calls   then  now  change',
      'block   0     1    +1',
      'redact  0     0    0',
      'flag    0     0    0',
      'pass    2     1    -1',
      '',
      'category   action  then  now  change  for example',
      `injection  block   0     1    +1      ${spanIdOf(1)}`,
      '',
      '1 newly blocked, 0 no longer blocked',
      `  ${spanIdOf(1)}  trace ${traceIdOf(1)}  ${new Date(TEST_TIME).toISOString()}  gpt-4o  pass then  prompt_injection`,
      '',
    ])
  })

  test('is one JSON object for programs', async () => {
    expect(await report([], [asking(1, ATTACK)])).toMatchObject({
      tenant_id: 'default',
      calls: 1,
      judged: 1,
      not_judged: { without_texts: 0, truncated: 0, failed: 0 },
      verdicts: { pass: { before: 1, after: 0 }, block: { before: 0, after: 1 } },
      rows: [{ category: 'injection', action: 'block', before: 0, after: 1, after_examples: [spanIdOf(1)] }],
      newly_blocked: [{ span_id: spanIdOf(1), trace_id: traceIdOf(1), finding_types: ['prompt_injection'] }],
      newly_blocked_count: 1,
    })
  })

  test('reads every page, the newest calls first', async () => {
    const spans = Array.from({ length: 450 }, (_, i) => asking(i + 1, i < 440 ? ATTACK : 'peace', { startTime: TEST_TIME + i }))
    expect(await report([], spans)).toMatchObject({ calls: 450, newly_blocked_count: 440 })
    expect(await report(['--limit', '250'], spans)).toMatchObject({ calls: 250, newly_blocked_count: 240 })
  })

  test('looks back as far as it is asked, at one tenant', async () => {
    const spans = [
      asking(1, ATTACK, { startTime: TEST_TIME - 10 * DAY_MS }),
      asking(2, ATTACK),
      asking(3, ATTACK, { tenantId: 'other' as TenantId }),
    ]
    for (const [argv, calls] of [
      [[], 1],
      [['--since', '2w'], 2],
      [['--since', '1h'], 0],
      [['--since', new Date(TEST_TIME - DAY_MS).toISOString()], 1],
      [['--tenant', 'other'], 1],
      [['--tenant', 'none'], 0],
    ] as const) {
      expect([argv, (await report(argv, spans))?.['calls']]).toEqual([argv, calls])
    }
  })

  test('changes nothing in the store', async () => {
    const store = await storeOf([asking(1, ATTACK)])
    const before = await store.span('default' as TenantId, spanIdOf(1))
    await backtest(['--policy', policy], { ...store, close: async () => {} })
    expect(await store.span('default' as TenantId, spanIdOf(1))).toEqual(before)
  })
})

describe('what keeps it from running is one line, and 2', () => {
  test('a command line that is wrong', async () => {
    for (const [argv, problem] of [
      [[], 'backtest needs the policy to try: --policy=FILE'],
      [
        ['--policy', policy, '--since', 'yesterday'],
        '--since must be a time back, as 90m, 24h or 7d, or a time as 2026-11-01T00:00:00Z',
      ],
      [['--policy', policy, '--limit', '0'], '--limit must be a whole number from 1 to 1000000'],
      [['--policy', policy, '--tenant', 'a b'], '--tenant must be the id of a tenant'],
    ] as const) {
      expect(await backtest(argv, 'unused')).toEqual({ code: 2, out: '', err: `llmtrace: ${problem}\nTry: llmtrace --help\n` })
    }
  })

  test('a policy that is missing or does not hold', async () => {
    const broken = join(folder, 'broken.yaml')
    writeFileSync(broken, 'enforcement: {mode: maybe}')
    expect((await backtest(['--policy', join(folder, 'none.yaml')], 'unused')).err).toEndWith('none.yaml: no such file\n')
    expect((await backtest(['--policy', broken], 'unused')).err).toContain(
      'broken.yaml: guard.enforcement.mode: must be one of',
    )
  })

  test('a store that is not there or does not answer', async () => {
    expect(await backtest(['--policy', policy], 'no such database')).toEqual({
      code: 2,
      out: '',
      err: 'llmtrace: no such database\n',
    })
    const store = await storeOf([])
    const dead: TraceStore = { ...store, spans: () => Promise.reject(new PortError('trace_store', 'it is down')) }
    const { code, err } = await backtest(['--policy', policy], dead)
    expect([code, err]).toEqual([2, 'llmtrace: the trace store does not answer: it is down (an older one: llmtrace migrate)\n'])
  })
})
