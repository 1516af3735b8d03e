/**
 * What a session's tool calls add up to: too many, the same again and again, a credential and then a host outside, a look around and
 * then an attack, words of a poisoned tool result in a later call, calls that cost more and more. A pure step from one small memory to
 * the next; the memory holds counts and hashes, never a text. Two steps at the same time lose one of them: it counts, it does not bill.
 */
import type { ToolPolicy } from '../../domain/guard-policy.ts'
import { asArray, asNumber, asString, type JsonRecord } from '../../domain/json.ts'
import type { NanoUsd } from '../../domain/money.ts'
import type { EpochMs } from '../../domain/time.ts'
import type { Match } from '../match.ts'
import { matchOf, SINCE, type ActionFindingType, type ActionRule } from './action-match.ts'
import { inspectAction, type ActionCall } from './analyse-action.ts'
import type { Traits } from './command-words.ts'
import { hashesOf, hashText } from './text-hashes.ts'

/** Different calls whose repeats are counted; the oldest is forgotten. */
export const CALLS_KEPT = 64
/** Hashes of poisoned tool results: the newest ones. */
export const TAINTS_KEPT = 512
const TAINTED_NAMES_KEPT = 128
/** Times of the last calls. */
const TIMES_KEPT = 128
const COSTS_KEPT = 8
const RECON_KEPT = 8
/** Calls after which what was read or looked at no longer counts as the beginning of a sequence. */
export const SEQUENCE_CALLS_MAX = 25
/** Calls in a minute. */
export const MINUTE_CALLS_MAX = 120
/** Calls in a second: answers carry several at once, but not that many. */
export const SECOND_CALLS_MAX = 20
/** Different ways of looking around that make it a reconnaissance. */
const RECON_MIN = 3
/** The last of eight calls costs so many times the first, and each no less than the one before. */
const SPEND_SLOPE_MIN = 4
/** Below this nobody minds: a tenth of a US dollar. */
const SPEND_MIN_NANO_USD = 100_000_000
/** Shared runs of five words that make a call a repetition of a poisoned result. */
const SHINGLES_MIN = 2

export type SessionState = {
  readonly version: 1
  readonly calls: number
  /** How often each of the last different calls was made: hash and count, the newest last. */
  readonly repeats: readonly (readonly [hash: number, count: number])[]
  /** Epoch milliseconds, the newest last. */
  readonly times: readonly EpochMs[]
  /** The number of the call that last read a credential; null where none did. */
  readonly credentialCall: number | null
  /** Ways of looking around, and the number of the call that last did. */
  readonly recon: readonly string[]
  readonly reconCall: number | null
  readonly costs: readonly number[]
  readonly taints: readonly number[]
  readonly taintedNames: readonly number[]
}

export type SessionEvent =
  | ({ readonly kind: 'tool_call'; readonly time: EpochMs } & ActionCall)
  /** `isTainted`: something was found in it. */
  | { readonly kind: 'tool_result'; readonly time: EpochMs; readonly text: string; readonly isTainted: boolean }
  /** One model call was paid. */
  | { readonly kind: 'spend'; readonly time: EpochMs; readonly amount: NanoUsd }

export type SessionStep = {
  readonly memory: SessionState
  /** Without the findings about the call itself: `analyseAction` gives those. */
  readonly matches: readonly Match[]
}

export type SessionAnalyser = {
  /** `memory` is what `SessionMemory` gave: null and anything odd begin anew. */
  step(memory: JsonRecord | null, event: SessionEvent): SessionStep
}

function rule(
  id: string,
  findingType: ActionFindingType,
  severity: ActionRule['severity'],
  confidence: number,
  description: string,
): ActionRule {
  return {
    id: `action.session.${id}`,
    version: 1,
    since: SINCE,
    findingType,
    severity,
    confidence,
    description,
  }
}

const LIMIT = rule('limit', 'policy_session_limit_exceeded', 'high', 1, 'more tool calls than the policy allows in a session')
const LOOP = rule('loop', 'action_loop', 'high', 0.8, 'the same tool call again and again')
const RATE = rule('rate', 'action_rate_limit_exceeded', 'medium', 0.7, 'very many tool calls in a minute')
const RAPID = rule('rapid', 'rapid_action_alert', 'medium', 0.5, 'very many tool calls in a second')
const EXFILTRATION = rule(
  'exfiltration',
  'exfiltration_sequence',
  'high',
  0.85,
  'a credential was read, and then something is sent away',
)
const ESCALATION = rule(
  'escalation',
  'privilege_escalation_sequence',
  'high',
  0.8,
  'a look around, and then something unread is run or rights are gained',
)
const TAINT = rule('taint', 'tainted_action', 'medium', 0.7, 'repeats what a suspicious tool result said')
const SPEND = rule('spend', 'spend_slope', 'medium', 0.6, 'each call costs more than the one before')
export const SESSION_RULES: readonly ActionRule[] = [LIMIT, LOOP, RATE, RAPID, EXFILTRATION, ESCALATION, TAINT, SPEND]

export const EMPTY_SESSION: SessionState = {
  version: 1,
  calls: 0,
  repeats: [],
  times: [],
  credentialCall: null,
  recon: [],
  reconCall: null,
  costs: [],
  taints: [],
  taintedNames: [],
}

export function createSessionAnalyser(policy: ToolPolicy): SessionAnalyser {
  return {
    step(memory, event) {
      const state = readSession(memory)
      if (event.kind === 'spend') return stepSpend(state, event.amount)
      if (event.kind === 'tool_result') return { memory: event.isTainted ? tainted(state, event.text) : state, matches: [] }
      return stepCall(state, event, policy)
    },
  }
}

/** Reads a stored memory. Lists are cut to their bounds; what is odd in them is left out. */
export function readSession(memory: JsonRecord | null): SessionState {
  if (memory === null || memory['version'] !== 1) return EMPTY_SESSION
  return {
    version: 1,
    calls: countOf(memory['calls']) ?? 0,
    repeats: asArray(memory['repeats'])
      .slice(-CALLS_KEPT)
      .flatMap((entry) => {
        const [hash, count] = asArray(entry).map(countOf)
        return typeof hash === 'number' && typeof count === 'number' ? [[hash, count] as const] : []
      }),
    times: numbersOf(memory['times'], TIMES_KEPT),
    credentialCall: countOf(memory['credentialCall']),
    recon: asArray(memory['recon'])
      .slice(-RECON_KEPT)
      .flatMap((name) => asString(name)?.slice(0, 32) ?? []),
    reconCall: countOf(memory['reconCall']),
    costs: numbersOf(memory['costs'], COSTS_KEPT),
    taints: numbersOf(memory['taints'], TAINTS_KEPT),
    taintedNames: numbersOf(memory['taintedNames'], TAINTED_NAMES_KEPT),
  }
}

function countOf(value: unknown): number | null {
  const count = asNumber(value)
  return count === null || count < 0 ? null : Math.floor(count)
}

function numbersOf(value: unknown, max: number): readonly number[] {
  return asArray(value)
    .slice(-max)
    .flatMap((entry) => countOf(entry) ?? [])
}

// --- a tool call -------------------------------------------------------------------------------------------------------------------

function stepCall(state: SessionState, call: Extract<SessionEvent, { kind: 'tool_call' }>, policy: ToolPolicy): SessionStep {
  const { matches: found, traits } = inspectAction(call)
  const calls = state.calls + 1
  const matches: Match[] = []

  if (policy.sessionCallsMax !== null && calls > policy.sessionCallsMax) matches.push(matchOf(LIMIT, null))

  const hash = hashText(`${call.name} ${call.arguments ?? ''}`)
  const count = (state.repeats.find(([known]) => known === hash)?.[1] ?? 0) + 1
  const repeats = [...state.repeats.filter(([known]) => known !== hash), [hash, count] as const].slice(-CALLS_KEPT)
  if (count > policy.repeatsMax) {
    // Asking again whether something is done is a loop too, but a harmless one for a while.
    matches.push(matchOf(LOOP, null, count > 2 * policy.repeatsMax ? { confidence: 0.9 } : { severity: 'medium' }))
  }

  const times = [...state.times, call.time].slice(-TIMES_KEPT)
  if (times.filter((time) => time > call.time - 60_000).length > MINUTE_CALLS_MAX) matches.push(matchOf(RATE, null))
  if (times.filter((time) => time > call.time - 1000).length > SECOND_CALLS_MAX) matches.push(matchOf(RAPID, null))

  const isRecent = (at: number | null): boolean => at !== null && calls - at <= SEQUENCE_CALLS_MAX
  const sendsSecret = traits.sends && isRecent(state.credentialCall)
  if (sendsSecret) matches.push(matchOf(EXFILTRATION, null))

  const known = isRecent(state.reconCall) ? state.recon : []
  const recon = [...new Set([...known, ...traits.recon])].slice(-RECON_KEPT)
  if (known.length >= RECON_MIN && (traits.exploits || traits.downloads)) {
    const isExploit = traits.exploits && found.some(({ severity }) => severity === 'high' || severity === 'critical')
    // Looking around and then fetching something is also what every set-up does.
    if (traits.exploits) matches.push(matchOf(ESCALATION, null, isExploit ? {} : { severity: 'medium', confidence: 0.7 }))
    else matches.push(matchOf(ESCALATION, null, { severity: 'low', confidence: 0.4 }))
  }

  const taint = taintOf(state, call, traits, found)
  if (taint !== null) matches.push(taint)

  return {
    memory: {
      ...state,
      calls,
      repeats,
      times,
      credentialCall: traits.readsCredential ? calls : state.credentialCall,
      recon,
      reconCall: traits.recon.length > 0 ? calls : state.reconCall,
    },
    matches,
  }
}

function taintOf(state: SessionState, call: ActionCall, traits: Traits, found: readonly Match[]): Match | null {
  if (call.arguments === null || state.taints.length + state.taintedNames.length === 0) return null
  const { shingles, names } = hashesOf(call.arguments, TAINTS_KEPT * 4)
  const taints = new Set(state.taints)
  const tainted = new Set(state.taintedNames)
  const shared = shingles.filter((hash) => taints.has(hash)).length
  const sharedNames = names.filter((hash) => tainted.has(hash)).length
  if (shared === 0 && sharedNames === 0) return null
  const acts =
    traits.sends ||
    traits.exploits ||
    call.actionType === 'command_execution' ||
    found.some(({ severity }) => severity !== 'info' && severity !== 'low')
  if (acts && (shared >= SHINGLES_MIN || (sharedNames > 0 && (traits.sends || traits.exploits)))) {
    return matchOf(TAINT, null, { severity: 'high', confidence: 0.85 })
  }
  // To quote it, or to follow a link in it, is what one does with a result.
  return matchOf(TAINT, null, shared >= SHINGLES_MIN ? {} : { severity: 'low', confidence: 0.5 })
}

function tainted(state: SessionState, text: string): SessionState {
  const { shingles, names } = hashesOf(text, TAINTS_KEPT)
  return {
    ...state,
    taints: [...new Set([...state.taints, ...shingles])].slice(-TAINTS_KEPT),
    taintedNames: [...new Set([...state.taintedNames, ...names])].slice(-TAINTED_NAMES_KEPT),
  }
}

// --- money -------------------------------------------------------------------------------------------------------------------------

function stepSpend(state: SessionState, amount: NanoUsd): SessionStep {
  const costs = [...state.costs, Math.max(0, Math.round(amount))].slice(-COSTS_KEPT)
  const [first = 0] = costs
  const last = costs.at(-1) ?? 0
  const isRising = costs.every((cost, i) => i === 0 || cost >= (costs[i - 1] ?? 0))
  const isSteep = costs.length === COSTS_KEPT && isRising && last >= SPEND_SLOPE_MIN * first && last >= SPEND_MIN_NANO_USD
  return { memory: { ...state, costs }, matches: isSteep ? [matchOf(SPEND, null)] : [] }
}
