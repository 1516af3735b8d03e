/**
 * What the calls of a session add up to: loops, a credential that is read and then sent, a tool that does what a suspicious result said.
 * It looks when an answer has ended, so it tells and stops nothing; only the limit of calls is asked for before a call is sent. A memory
 * that fails is passed over and counted.
 */
import { actionTypeOf } from '../domain/action-type.ts'
import type { Finding } from '../domain/finding.ts'
import type { GuardPolicy } from '../domain/guard-policy.ts'
import type { Inspection } from '../domain/segment.ts'
import type { TraceSpan } from '../domain/span.ts'
import { PortError, type SessionMemory } from '../ports.ts'
import { createSessionAnalyser, readSession, type SessionEvent, type SessionState } from './actions/session.ts'
import { decide } from './decide/decide.ts'
import { toFinding } from './guard.ts'
import type { Match, Place } from './match.ts'

const TTL_SECONDS = 24 * 3600
/** Tool results of one request that are looked at, the newest ones. */
const RESULTS_MAX = 16

const TOOL_CALL: Place = { direction: 'output', origin: 'tool_call', toolName: null }

export type SessionWatch = {
  /** True where the session has made as many tool calls as the policy allows. */
  isSpent(call: SessionCall, policy: GuardPolicy): Promise<boolean>
  /** The span with what it adds to its session; the span itself where it is of none. */
  watch(span: TraceSpan, request: Inspection, policy: GuardPolicy): Promise<TraceSpan>
}

export type SessionCall = Pick<TraceSpan, 'tenantId' | 'sessionId'>

export function createSessionWatch(memory: SessionMemory, onFailure: (error: PortError) => void): SessionWatch {
  // Calls of one session that end together must not forget each other.
  const underway = new Map<string, Promise<unknown>>()

  async function inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
    const turn = (underway.get(key) ?? Promise.resolve()).then(work)
    const settled = turn.catch(() => undefined)
    underway.set(key, settled)
    try {
      return await turn
    } finally {
      if (underway.get(key) === settled) underway.delete(key)
    }
  }

  async function guarded<T>(otherwise: T, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof PortError)) throw error
      onFailure(error)
      return otherwise
    }
  }

  async function step(
    span: TraceSpan,
    sessionId: string,
    events: readonly SessionEvent[],
    policy: GuardPolicy,
  ): Promise<TraceSpan> {
    const analyser = createSessionAnalyser(policy.tools)
    let state: SessionState = readSession(await memory.read(span.tenantId, sessionId))
    const matches: Match[] = []
    for (const event of events) {
      const next = analyser.step({ ...state }, event)
      state = next.memory
      matches.push(...next.matches)
    }
    await memory.write(span.tenantId, sessionId, { ...state }, TTL_SECONDS)
    const findings = matches.flatMap((match, i): readonly Finding[] => {
      const judged = decide(match, TOOL_CALL, '', policy)
      if (judged === null) return []
      // It has happened already.
      const action = judged.action === 'pass' ? 'pass' : 'flag'
      const site = { origin: 'tool_call', pointer: '', matched: null } as const
      return [toFinding(`${span.spanId}-session-${i}`, { ...judged, action }, site, 'output')]
    })
    return findings.length === 0 ? span : { ...span, findings: [...span.findings, ...findings] }
  }

  return {
    isSpent: async ({ tenantId, sessionId }, { tools }) => {
      if (sessionId === null || tools.sessionCallsMax === null) return false
      const { sessionCallsMax } = tools
      return guarded(false, async () => readSession(await memory.read(tenantId, sessionId)).calls >= sessionCallsMax)
    },
    watch: async (span, request, policy) => {
      const { sessionId } = span
      if (sessionId === null) return span
      const events = eventsOf(span, request)
      if (events.length === 0) return span
      return guarded(span, () => inTurn(`${span.tenantId} ${sessionId}`, () => step(span, sessionId, events, policy)))
    },
  }
}

function eventsOf(span: TraceSpan, request: Inspection): readonly SessionEvent[] {
  const { startTime: time } = span
  const suspicious = new Set(span.findings.filter(({ origin }) => origin === 'tool_result').map(({ pointer }) => pointer))
  const results = request.segments
    .filter(({ origin, pointer }) => origin === 'tool_result' && suspicious.has(pointer))
    .slice(-RESULTS_MAX)
    .map(({ text }): SessionEvent => ({ kind: 'tool_result', time, text, isTainted: true }))
  const calls = span.actions.map(({ name, arguments: text }): SessionEvent => ({
    kind: 'tool_call',
    time,
    actionType: actionTypeOf(name),
    name,
    arguments: text,
  }))
  const { amount } = span.cost
  return [...results, ...calls, ...(amount === null ? [] : [{ kind: 'spend', time, amount } as const])]
}
