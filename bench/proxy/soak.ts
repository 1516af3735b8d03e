/** Hours in small: a mixed load at a steady rate, and whether memory stays where it is. */
import { drained, LOAD_SCENARIOS } from './cells.ts'
import { load, type LoadResult } from './load.ts'
import { median, slope } from './statistics.ts'
import type { Delivery, Running } from './targets.ts'

export type Sample = { readonly minute: number; readonly rssMb: number; readonly anonMb: number }

export type Soak = {
  readonly minutes: number
  readonly samples: readonly Sample[]
  /** Over the samples after the warm-up. */
  readonly slopeMbPerMinute: number
  readonly firstQuarterMb: number
  readonly lastQuarterMb: number
  readonly loads: readonly LoadResult[]
  readonly spans: Delivery | null
  /** Flat, no errors, every span stored with its texts. */
  readonly isGood: boolean
}

/** Flat = the median of the last quarter lies at most so much over that of the first. */
export const GROWTH_MB_MAX = 10
/** What part of the time counts as warm-up: heaps, caches and compiled code grow to their size. */
const WARM_UP_SHARE = 0.2
const SAMPLE_MS = 1_000
const MINUTES_MAX = 24 * 60

/** Of `perSecond` calls a second, a sixth are streams of 32 deltas and a sixteenth have prompts of 64 KB. */
export async function soak(target: Running, minutesAsked: number, perSecond: number): Promise<Soak> {
  const minutes = Math.min(minutesAsked, MINUTES_MAX)
  const samples: Sample[] = []
  const begun = performance.now()
  const timer = setInterval(() => {
    const { meter } = target
    if (meter !== null)
      samples.push({ minute: (performance.now() - begun) / 60_000, rssMb: meter.rssMb(), anonMb: meter.anonMb() })
  }, SAMPLE_MS)
  const shares = { requests: 1 - 1 / 6 - 1 / 16, open: 1 / 6, prompt: 1 / 16 } as const
  const loads = await Promise.all(
    (['requests', 'open', 'prompt'] as const).map((name) => {
      const scenario = LOAD_SCENARIOS.find((each) => each.name === name)
      if (scenario === undefined) throw new Error(`no scenario ${name}`)
      const pace = { kind: 'open', perSecond: perSecond * shares[name], connectionsMax: 256 } as const
      return load({ ...scenario, pace, port: target.port, seconds: minutes * 60, requestsMax: Number.MAX_SAFE_INTEGER })
    }),
  )
  clearInterval(timer)
  const steady = samples.filter(({ minute }) => minute > minutes * WARM_UP_SHARE)
  const quarter = Math.max(1, steady.length >> 2)
  const firstQuarterMb = median(steady.slice(0, quarter).map(({ rssMb }) => rssMb))
  const lastQuarterMb = median(steady.slice(-quarter).map(({ rssMb }) => rssMb))
  const answers = loads.reduce((sum, { ok }) => sum + ok, 0)
  const spans = await drained(target, answers)
  const isStored =
    !target.isOurs ||
    (spans !== null && spans.shed === 0 && spans.textsShed === 0 && spans.queued === 0 && spans.stored >= answers)
  return {
    minutes,
    samples,
    slopeMbPerMinute: slope(steady.map(({ minute, rssMb }) => ({ x: minute, y: rssMb }))),
    firstQuarterMb,
    lastQuarterMb,
    loads,
    spans,
    isGood: lastQuarterMb - firstQuarterMb <= GROWTH_MB_MAX && isStored && loads.every((each) => each.ok === each.issued),
  }
}
