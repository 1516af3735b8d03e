/**
 * `llmtrace backtest`: what another guard policy would have done to the calls of the configured store. It only reads; a gateway may run
 * on the same store meanwhile.
 */
import process from 'node:process'
import { loadConfig } from '../adapters/selfhost/config-file.ts'
import type { Config } from '../contract/config.ts'
import type { GuardPolicy } from '../core/domain/guard-policy.ts'
import { DEFAULT_TENANT, parseTenantId, type TenantId } from '../core/domain/ids.ts'
import { err, ok, type Result } from '../core/domain/result.ts'
import type { EpochMs } from '../core/domain/time.ts'
import { createBacktest } from '../core/guard/backtest.ts'
import type { Guard } from '../core/guard/guard.ts'
import { PortError, type TraceStore } from '../core/ports.ts'
import { backtestJson, backtestText, type Asked } from './backtest/report.ts'
import { usageText } from './help.ts'
import type { Command } from './main.ts'
import { readPolicyFile } from './policy-file.ts'
import { createProgress, type ProgressIo } from './progress.ts'

/** A wrong command line, a policy that does not hold, a store that does not answer. */
export const EXIT_USAGE = 2

const LIMIT_DEFAULT = 10_000
const LIMIT_MAX = 1_000_000
const SINCE_DEFAULT = '7d'
/** Spans of one question to the store. */
const PAGE_SPANS = 200

export type BacktestIo = ProgressIo & {
  readonly env: { readonly [name: string]: string | undefined }
  readonly out: (text: string) => void
  /** Milliseconds since 1970. */
  readonly time: () => EpochMs
}

export type BacktestPorts = {
  readonly guard: Guard
  /** Opens what is stored, and makes nothing; the error is one line. */
  readonly openStore: (config: Config) => Promise<Result<TraceStore, string>>
}

/** The exit code: 0, or `EXIT_USAGE`. */
export async function runBacktest(command: Command, ports: BacktestPorts, io: BacktestIo = processIo()): Promise<number> {
  const path = command.options['policy']
  if (path === undefined) return usage(io, 'backtest needs the policy to try: --policy=FILE')
  const asked = askedOf(command, io.time())
  if (!asked.ok) return usage(io, asked.error)
  const policy = await readPolicyFile(path)
  if (!policy.ok) return failed(io, policy.error)
  const loaded = await loadConfig(command, io.env)
  if (!loaded.ok) return failed(io, loaded.error)
  try {
    const store = await ports.openStore(loaded.value.config)
    if (!store.ok) return failed(io, [store.error])
    try {
      const report = await backtestOf(store.value, ports.guard, policy.value, asked.value, io)
      const print = command.options['format'] === 'json' ? backtestJson : backtestText
      io.out(print(report, asked.value))
      return 0
    } finally {
      await store.value.close()
    }
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    return failed(io, [`the trace store does not answer: ${error.message} (an older one: llmtrace migrate)`])
  }
}

async function backtestOf(store: TraceStore, guard: Guard, policy: GuardPolicy, asked: Asked, io: BacktestIo) {
  const backtest = createBacktest(guard, policy)
  const progress = createProgress(io)
  const filter = { ...NO_FILTER, tenantId: asked.tenantId, startTime: asked.startTime }
  let seen = 0
  let cursor: string | null = null
  do {
    const limit = Math.min(PAGE_SPANS, asked.limit - seen)
    const page: Awaited<ReturnType<TraceStore['spans']>> = await store.spans(filter, {
      limit,
      offset: 0,
      cursor,
      order: 'desc',
    })
    const all = Math.min(page.total, asked.limit)
    for (const { spanId } of page.data) {
      const span = await store.span(asked.tenantId, spanId)
      // It may have been deleted meanwhile.
      if (span !== null) backtest.add(span)
      seen += 1
      progress.show(() => `${seen} of ${all} calls`)
    }
    cursor = page.nextCursor
  } while (cursor !== null && seen < asked.limit)
  progress.clear()
  return backtest.report()
}

const NO_FILTER = {
  endTime: null,
  provider: null,
  model: null,
  operation: null,
  agentId: null,
  userId: null,
  sessionId: null,
  tag: null,
  status: null,
  scoreMin: null,
  scoreMax: null,
  findingType: null,
  costMin: null,
  durationMsMin: null,
  hasToolCalls: null,
  hasWebAccess: null,
  hasCommands: null,
  actionName: null,
  text: null,
} as const

function askedOf({ options }: Command, now: EpochMs): Result<Asked, string> {
  const tenantId: TenantId | null = options['tenant'] === undefined ? DEFAULT_TENANT : parseTenantId(options['tenant'])
  if (tenantId === null) return err('--tenant must be the id of a tenant')
  const limit = Number(options['limit'] ?? LIMIT_DEFAULT)
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX) {
    return err(`--limit must be a whole number from 1 to ${LIMIT_MAX}`)
  }
  const startTime = timeOf(options['since'] ?? SINCE_DEFAULT, now)
  if (startTime === null) return err('--since must be a time back, as 90m, 24h or 7d, or a time as 2026-11-01T00:00:00Z')
  return ok({ tenantId, limit, startTime, endTime: now })
}

const UNIT_MS: { readonly [unit: string]: number } = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

function timeOf(since: string, now: EpochMs): EpochMs | null {
  const [, count, unit] = /^([0-9]{1,6})([mhdw])$/.exec(since) ?? []
  if (count !== undefined && unit !== undefined) return Math.max(0, now - Number(count) * (UNIT_MS[unit] ?? 0))
  const time = /^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:.]+(Z|[+-][0-9]{2}:[0-9]{2}))?$/.test(since) ? Date.parse(since) : Number.NaN
  return Number.isNaN(time) || time > now ? null : time
}

function usage(io: BacktestIo, problem: string): number {
  io.err(`${usageText(problem)}\n`)
  return EXIT_USAGE
}

function failed(io: BacktestIo, lines: readonly string[]): number {
  io.err(lines.map((line) => `llmtrace: ${line}\n`).join(''))
  return EXIT_USAGE
}

function processIo(): BacktestIo {
  return {
    env: process.env,
    isStderrTerminal: process.stderr.isTTY,
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    now: () => performance.now(),
    time: () => Date.now(),
  }
}
