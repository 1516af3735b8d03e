/** The scenarios, and one cell of the table: one scenario against one target, with what it cost. */
import type { Shape } from './frames.ts'
import { load, type LoadResult, type LoadSpec } from './load.ts'
import { machineBusySeconds, type Meter } from './proc.ts'
import type { Running, TargetName } from './targets.ts'

export const SCENARIO_NAMES = ['requests', 'prompt', 'streams', 'spaced', 'open', 'anthropic', 'start', 'large'] as const
export type ScenarioName = (typeof SCENARIO_NAMES)[number]

/** Those that run as cells of a round; `start` and `large` need processes of their own. */
export type LoadScenario = Pick<LoadSpec, 'shape' | 'promptBytes' | 'pace'> & {
  readonly name: ScenarioName
  readonly title: string
  /** Some need time to gather enough samples. */
  readonly secondsFactor: number
}

const json: Shape = { api: 'openai', kind: 'json', chunks: 200, gapMs: 0, bytes: 1_024 }
const stream: Shape = { api: 'openai', kind: 'stream', chunks: 64, gapMs: 0, bytes: 0 }

export const LOAD_SCENARIOS: readonly LoadScenario[] = [
  {
    name: 'requests',
    title: 'Requests: 1 KB answer, 32 connections, closed loop',
    shape: json,
    promptBytes: 200,
    pace: { kind: 'closed', connections: 32 },
    secondsFactor: 1,
  },
  {
    name: 'prompt',
    title: 'Prompt of 64 KB, 1 KB answer, one connection',
    shape: json,
    promptBytes: 65_536,
    pace: { kind: 'closed', connections: 1 },
    secondsFactor: 1,
  },
  {
    name: 'streams',
    title: 'Streams: 64 deltas without delay, 16 connections, closed loop',
    shape: stream,
    promptBytes: 200,
    pace: { kind: 'closed', connections: 16 },
    secondsFactor: 1,
  },
  {
    // Without a delay several deltas come in one read, the more of them the slower the reader; here each comes alone, as from a provider.
    name: 'spaced',
    title: 'Streams: 64 deltas 1 ms apart, 16 connections, closed loop',
    shape: { ...stream, gapMs: 1 },
    promptBytes: 200,
    pace: { kind: 'closed', connections: 16 },
    secondsFactor: 1,
  },
  {
    name: 'open',
    title: 'Streams: 32 deltas 5 ms apart, 20 a second, open loop',
    shape: { ...stream, chunks: 32, gapMs: 5 },
    promptBytes: 200,
    pace: { kind: 'open', perSecond: 20, connectionsMax: 256 },
    secondsFactor: 1.5,
  },
  {
    name: 'anthropic',
    title: 'Anthropic streams: 64 deltas without delay, 16 connections, closed loop',
    shape: { ...stream, api: 'anthropic' },
    promptBytes: 200,
    pace: { kind: 'closed', connections: 16 },
    secondsFactor: 1,
  },
]

export type Cell = {
  readonly round: number
  readonly scenario: ScenarioName
  readonly target: TargetName
  readonly result: LoadResult
  /** NaN for `direct`. Counts the work after the answers too: it is read when the spans are stored. */
  readonly cpuSecondsPer1k: number
  readonly peakMb: number
  /** How many calls the mock saw; fewer than `ok` would mean that somebody answered from a cache. */
  readonly reached: number
  /** Spans taken, stored and lost during the cell; null for a passthrough. */
  readonly spans: {
    readonly accepted: number
    readonly stored: number
    readonly shed: number
    readonly textsShed: number
    readonly left: number
  } | null
  /** Cores that others on this machine used meanwhile. */
  readonly foreignCores: number
}

const REQUESTS_MAX = 300_000
const DRAIN_MS_MAX = 15_000

type Bench = { readonly mock: { readonly port: number; readonly meter: Meter; requests(): Promise<number> } }

export async function measure(
  bench: Bench,
  target: Running,
  scenario: LoadScenario,
  round: number,
  seconds: number,
): Promise<Cell> {
  const before = await target.delivery()
  const requestsBefore = await bench.mock.requests()
  const busyBefore = machineBusySeconds()
  const ownBefore = process.cpuUsage()
  const mockBefore = bench.mock.meter.cpuUs()
  const cpuBefore = target.meter?.cpuUs() ?? Number.NaN
  const begun = performance.now()
  const result = await load({
    ...scenario,
    port: target.port,
    seconds: seconds * scenario.secondsFactor,
    requestsMax: REQUESTS_MAX,
  })
  const after = await drained(target, before === null ? 0 : before.accepted + result.ok)
  if (!target.isOurs) await Bun.sleep(50)
  const cpuUs = (target.meter?.cpuUs() ?? Number.NaN) - cpuBefore
  const own = process.cpuUsage(ownBefore)
  const known = own.user + own.system + bench.mock.meter.cpuUs() - mockBefore + (Number.isFinite(cpuUs) ? cpuUs : 0)
  const wall = (performance.now() - begun) / 1_000
  return {
    round,
    scenario: scenario.name,
    target: target.name,
    result,
    cpuSecondsPer1k: cpuUs / 1_000 / Math.max(1, result.ok),
    peakMb: target.meter?.peakMb() ?? Number.NaN,
    reached: (await bench.mock.requests()) - requestsBefore,
    spans:
      before === null || after === null
        ? null
        : {
            accepted: after.accepted - before.accepted,
            stored: after.stored - before.stored,
            shed: after.shed - before.shed,
            textsShed: after.textsShed - before.textsShed,
            left: after.queued,
          },
    foreignCores: Math.max(0, (machineBusySeconds() - busyBefore - known / 1e6) / wall),
  }
}

/** Waits until our gateway has taken `accepted` spans in all and its queue is empty; gives up after a while and says what it saw. */
export async function drained(target: Running, accepted: number): ReturnType<Running['delivery']> {
  const until = performance.now() + DRAIN_MS_MAX
  for (;;) {
    const delivery = await target.delivery()
    if (delivery === null) return null
    if ((delivery.queued === 0 && delivery.accepted >= accepted) || performance.now() > until) return delivery
    await Bun.sleep(20)
  }
}

/** True where a span was lost or never came: a row that is fast because of it must not pass. */
export function lostSpans(cell: Cell): boolean {
  if (cell.spans === null) return cell.target.startsWith('ours')
  const { accepted, stored, shed, left } = cell.spans
  return shed > 0 || left > 0 || stored < accepted || accepted < cell.result.ok
}
