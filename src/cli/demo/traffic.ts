/**
 * Sample traffic for the demo, sent through the gateway like any client's: a burst at the start so that every screen has something to
 * show, then a calm, never-ending mix. It expects the demo provider upstream and would make no sense against a real one.
 */
import { createDeck, createRandom, type Random } from './random.ts'
import { dataAnalyst, codeAssistant, opsAgent, researchAgent, supportBot } from './scenes-office.ts'
import { homeServer, invoiceReader, nightShift, searchIndexer, travelPlanner, tutor, writingDesk } from './scenes-daily.ts'
import type { Agent, Scene } from './scene.ts'
import { callsOf, type DemoCall, type Fate } from './session.ts'

export const AGENTS: readonly Agent[] = [
  supportBot,
  codeAssistant,
  travelPlanner,
  researchAgent,
  opsAgent,
  writingDesk,
  tutor,
  dataAnalyst,
  invoiceReader,
  searchIndexer,
  nightShift,
  homeServer,
]

/** Forty calls hold one of each trouble, two slow ones, and otherwise go well. */
const FATES: readonly Fate[] = [
  ...Array.from({ length: 32 }, (): Fate => 'plain'),
  'slow',
  'slow',
  'rate-limited',
  'server-error',
  'overloaded',
  'bad-request',
  'bad-key',
  'cancelled',
]

const IN_FLIGHT_MAX = 24
const IN_FLIGHT_AT_START = 10
const SESSIONS_AT_ONCE = 8
const CALL_TIMEOUT_MS = 120_000
/** Lines logged about failed calls; after these only the count goes on. */
const FAILURE_LINES_MAX = 10

export type DemoTrafficOptions = {
  /** `http://HOST:PORT`, without a path. */
  readonly gatewayUrl: string
  /** Ends the traffic; calls in flight are dropped and not counted as failures. */
  readonly signal: AbortSignal
  /** Sent as `X-LLMTrace-Key` where the gateway asks for one. */
  readonly gatewayKey?: string
  readonly log?: (line: string) => void
  /** Calls of the quick burst at the start; 60 unless set. */
  readonly initialCalls?: number
  /** Calm rate after it; 1 unless set. 0 stops after the burst. */
  readonly callsPerSecond?: number
  /** The same seed deals the same stories, though quick answers may change their order; ids are always new. The time unless set. */
  readonly seed?: number
}

export type DemoTrafficSummary = {
  readonly calls: number
  /** Calls that ended otherwise than their script: no answer, or another status. */
  readonly failures: number
}

/** Resolves when the signal is aborted (or the burst is over at a rate of 0) and no call is in flight. Never rejects. */
export async function runDemoTraffic(options: DemoTrafficOptions): Promise<DemoTrafficSummary> {
  const random = createRandom(options.seed ?? Date.now())
  const initialCalls = options.initialCalls ?? 60
  const callsPerSecond = options.callsPerSecond ?? 1
  const inFlight = new Set<Promise<void>>()
  let calls = 0
  let failures = 0
  const nextCall = createStage(random, () => calls < initialCalls)

  async function tell({ call, done }: Cue): Promise<void> {
    const problem = await send(call, options)
    done()
    if (problem === null || options.signal.aborted) return
    failures++
    if (failures <= FAILURE_LINES_MAX) options.log?.(`demo: ${call.path} ${problem}`)
  }

  function begin(): void {
    calls++
    const work = tell(nextCall()).finally(() => inFlight.delete(work))
    inFlight.add(work)
  }

  while (!options.signal.aborted && calls < initialCalls) {
    if (inFlight.size >= IN_FLIGHT_AT_START) await Promise.race(inFlight)
    else begin()
  }
  if (initialCalls > 0 && !options.signal.aborted) options.log?.(`demo: ${calls} calls sent, now ${callsPerSecond} a second`)
  if (callsPerSecond > 0)
    await keepCalm(random, callsPerSecond, options.signal, () => {
      if (inFlight.size < IN_FLIGHT_MAX) begin()
    })
  await Promise.all(inFlight)
  return { calls, failures }
}

/** Until the signal: calls at random gaps and, about once a minute, a short crowd of them. */
async function keepCalm(random: Random, callsPerSecond: number, signal: AbortSignal, begin: () => void): Promise<void> {
  let crowd = 0
  while (!signal.aborted) {
    if (crowd > 0) crowd--
    else if (random.chance(1 / 60)) crowd = random.between(6, 14)
    await pause(crowd > 0 ? random.between(40, 160) : gapMs(random, callsPerSecond), signal)
    if (!signal.aborted) begin()
  }
}

type Cue = { readonly call: DemoCall; readonly done: () => void }

/** All sessions that are under way. Within a session one call waits for the answer to the one before. */
function createStage(random: Random, isQuick: () => boolean): () => Cue {
  type Running = { readonly calls: Iterator<DemoCall, void>; isBusy: boolean }
  const running: Running[] = []
  const nextAgent = createDeck(AGENTS, random)
  const nextScene = new Map<Agent, () => Scene>(AGENTS.map((agent) => [agent, createDeck(agent.scenes, random)]))
  const dealFate = createFates(random)

  function open(): Running {
    const agent = nextAgent()
    const scene = nextScene.get(agent)?.() ?? []
    const sessionId = `${agent.id}-${hexId(10)}`
    return { calls: callsOf({ agent, scene, sessionId, random, dealFate, hexId, isQuick }), isBusy: false }
  }

  return () => {
    for (;;) {
      const idle = running.filter((session) => !session.isBusy)
      // Old sessions go on and new ones come: about as many of the one as of the other while there is room.
      const isNew = idle.length === 0 || (running.length < SESSIONS_AT_ONCE && random.chance(0.5))
      const session = isNew ? open() : random.pick(idle)
      const step = session.calls.next()
      if (isNew && step.done !== true) running.push(session)
      if (step.done === true) {
        if (!isNew) running.splice(running.indexOf(session), 1)
        continue
      }
      session.isBusy = true
      return {
        call: step.value,
        done: () => {
          session.isBusy = false
        },
      }
    }
  }
}

/** Fates that do not fit the call at hand wait for one that they fit. */
function createFates(random: Random): (fits: (fate: Fate) => boolean) => Fate {
  const deal = createDeck(FATES, random)
  const waiting: Fate[] = []
  return (fits) => {
    const at = waiting.findIndex(fits)
    if (at !== -1) return waiting.splice(at, 1)[0] ?? 'plain'
    const fate = deal()
    if (fits(fate)) return fate
    // A few kinds only: more of the same would come all at once later.
    if (!waiting.includes(fate)) waiting.push(fate)
    return 'plain'
  }
}

/** Null when the call went as written, else what was wrong. */
async function send(call: DemoCall, options: DemoTrafficOptions): Promise<string | null> {
  const leave = new AbortController()
  const signal = AbortSignal.any([options.signal, leave.signal, AbortSignal.timeout(CALL_TIMEOUT_MS)])
  const key: { readonly [name: string]: string } =
    options.gatewayKey === undefined ? {} : { 'x-llmtrace-key': options.gatewayKey }
  try {
    const response = await fetch(new URL(call.path, options.gatewayUrl), {
      method: 'POST',
      headers: { ...call.headers, ...key },
      body: JSON.stringify(call.body),
      signal,
    })
    let chunks = 0
    const reader = response.body?.getReader()
    for (;;) {
      const step = await reader?.read()
      if (step === undefined || step.done) break
      chunks++
      if (chunks === call.leaveAfterChunks) leave.abort()
    }
    return response.status === call.expectedStatus ? null : `answered ${response.status} instead of ${call.expectedStatus}`
  } catch (error) {
    return leave.signal.aborted ? null : `got no answer: ${String(error)}`
  }
}

/** Gaps of a random arrival, without its long tail: a demo that stands still looks broken. */
function gapMs(random: Random, callsPerSecond: number): number {
  const gap = -Math.log(1 - random.next()) / callsPerSecond
  return Math.min(gap, 3 / callsPerSecond) * 1000
}

async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => {
    const finish = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', finish)
      resolve()
    }
    const timer = setTimeout(finish, delayMs)
    signal.addEventListener('abort', finish, { once: true })
  })
}

function hexId(digits: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(Math.ceil(digits / 2)))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'))
    .join('')
    .slice(0, digits)
}
