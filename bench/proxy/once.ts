/** What needs a process of its own: how long a start takes, and how far memory rises under one very large answer. */
import { drained, LOAD_SCENARIOS } from './cells.ts'
import type { Shape } from './frames.ts'
import { load } from './load.ts'
import { startTarget, type TargetName } from './targets.ts'

export type Start = { readonly target: TargetName; readonly startMs: number; readonly rssMb: number }

export async function measureStart(name: TargetName, mockPort: number): Promise<Start> {
  const target = await startTarget(name, mockPort, null)
  const start = { target: name, startMs: target.startMs, rssMb: target.meter?.rssMb() ?? Number.NaN }
  await target.stop()
  return start
}

export type Large = {
  readonly target: TargetName
  readonly kind: Shape['kind']
  readonly beforeMb: number
  readonly riseMb: number
  readonly seconds: number
  readonly errors: { readonly [reason: string]: number }
}

const LARGE_BYTES = 50 * 2 ** 20

/** A fresh process, warmed up by ordinary calls, so that memory from earlier load cannot hide the rise. */
export async function measureLarge(name: TargetName, mockPort: number, kind: 'json' | 'flood'): Promise<Large> {
  const target = await startTarget(name, mockPort, null)
  const { meter } = target
  if (meter === null) throw new Error('direct has no process to measure')
  const warm = LOAD_SCENARIOS.find((scenario) => scenario.name === (kind === 'json' ? 'requests' : 'streams'))
  if (warm === undefined) throw new Error('no scenario to warm up with')
  await load({ ...warm, port: target.port, pace: { kind: 'closed', connections: 4 }, seconds: 0.5, requestsMax: 2_000 })
  await drained(target, 0)
  meter.resetPeak()
  const beforeMb = meter.rssMb()
  const shape: Shape = { api: 'openai', kind, chunks: 16, gapMs: 0, bytes: LARGE_BYTES }
  const pace = { kind: 'closed', connections: 1 } as const
  const result = await load({ port: target.port, shape, promptBytes: 200, pace, seconds: 1, requestsMax: 1 })
  await drained(target, 0)
  const large = {
    target: name,
    kind,
    beforeMb,
    riseMb: meter.peakMb() - beforeMb,
    seconds: result.wallSeconds,
    errors: result.errors,
  }
  await target.stop()
  return large
}
