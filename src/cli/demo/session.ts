/** Plays a scene: the calls of one session in their order, each with the reply that the demo provider shall give. Sends nothing. */
import type { JsonRecord } from '../../core/domain/json.ts'
import type { Random } from './random.ts'
import { encodeReply, REPLY_HEADER, type Reply, type ReplyCall } from './reply.ts'
import { bodyOf, PATHS, type Said } from './request.ts'
import { createCast, type Agent, type Scene, type ToolUse, type Turn } from './scene.ts'

/** How a call goes. Most are `plain`; the others are dealt so that each is seen now and then. */
export type Fate = 'plain' | 'slow' | 'rate-limited' | 'server-error' | 'overloaded' | 'bad-request' | 'bad-key' | 'cancelled'

export type DemoCall = {
  readonly path: string
  readonly headers: { readonly [name: string]: string }
  readonly body: JsonRecord
  readonly fate: Fate
  readonly expectedStatus: number
  /** The caller leaves after so many chunks of the answer; null: it stays. */
  readonly leaveAfterChunks: number | null
}

export type SessionSetup = {
  readonly agent: Agent
  readonly scene: Scene
  readonly sessionId: string
  readonly random: Random
  /** Gives the first fate on hand that fits. */
  readonly dealFate: (fits: (fate: Fate) => boolean) => Fate
  /** A random hex id of so many digits, new in every run. */
  readonly hexId: (digits: number) => string
  /** Read for every call: short waits while the demo fills its first screens. */
  readonly isQuick: () => boolean
}

const ERRORS: { readonly [fate in Fate]?: { readonly status: number; readonly message: string } } = {
  'rate-limited': { status: 429, message: 'Rate limit reached for requests per minute. Please try again in 2s.' },
  'server-error': { status: 500, message: 'The server had an error while processing your request. Sorry about that!' },
  'bad-request': {
    status: 400,
    message: 'This model has a maximum context length that your messages exceed. Please shorten them.',
  },
  'bad-key': { status: 401, message: 'Incorrect API key provided. You can find your keys in your account settings.' },
}

/** Ends early where a call's fate ends the conversation: the caller left, or its request was wrong. */
export function* callsOf(setup: SessionSetup): Generator<DemoCall, void> {
  const { agent, random } = setup
  const cast = createCast(random)
  const player: Player = {
    setup,
    model: random.pick(agent.models),
    headers: sessionHeaders(setup),
    said: [],
  }
  for (const turn of setup.scene) {
    player.said.push({ by: 'user', text: cast.fill(turn.user), hasImage: turn.hasImage === true })
    const trace = traceHeaders(turn, setup)
    const thinking = turn.thinking === undefined ? '' : cast.fill(turn.thinking)
    for (const [row, uses] of (turn.uses ?? []).entries()) {
      const calls = uses.map((use) => replyCall(agent, use, cast.fill, setup.hexId))
      const goesOn = yield* callUntilAnswered(player, trace, {
        text: '',
        reasoning: row === 0 ? thinking : '',
        toolCalls: calls,
      })
      if (!goesOn) return
      player.said.push({ by: 'assistant', text: '', calls })
      player.said.push({
        by: 'tool',
        results: uses.map((use, i) => ({ call: calls[i] as ReplyCall, text: cast.fill(use.result) })),
      })
    }
    const text = cast.fill(turn.answer)
    const goesOn = yield* callUntilAnswered(player, trace, {
      text,
      reasoning: turn.uses === undefined ? thinking : '',
      toolCalls: [],
    })
    if (!goesOn) return
    player.said.push({ by: 'assistant', text, calls: [] })
    // Batch work has no history: each of its calls stands alone.
    if (agent.api === 'openai-embeddings' || agent.api === 'ollama-generate') player.said.length = 0
  }
}

type Player = {
  readonly setup: SessionSetup
  readonly model: string
  readonly headers: { readonly [name: string]: string }
  readonly said: Said[]
}

type Line = Pick<Reply, 'text' | 'reasoning' | 'toolCalls'>

/** One call, and its repetition where a client would try again; false where the conversation ends. */
function* callUntilAnswered(
  player: Player,
  trace: { readonly [name: string]: string },
  line: Line,
): Generator<DemoCall, boolean> {
  const { agent, dealFate, random } = player.setup
  const isStreaming = random.chance(agent.streamShare)
  const fate = dealFate((given) => fits(given, agent, isStreaming && line.text.length > 60))
  yield callOf(player, trace, line, fate, isStreaming)
  if (fate === 'plain' || fate === 'slow') return true
  if (fate === 'bad-request' || fate === 'bad-key' || fate === 'cancelled') return false
  yield callOf(player, trace, line, 'plain', isStreaming)
  return true
}

function fits(fate: Fate, agent: Agent, isLongStream: boolean): boolean {
  if (fate === 'cancelled') return isLongStream
  // A server of one's own knows no keys and no quotas.
  if (fate === 'bad-key' || fate === 'rate-limited') return !agent.api.startsWith('ollama')
  return true
}

function callOf(
  player: Player,
  trace: { readonly [name: string]: string },
  line: Line,
  fate: Fate,
  isStreaming: boolean,
): DemoCall {
  const { agent, isQuick, random } = player.setup
  const error = errorOf(fate, agent)
  const isFirst = player.said.length <= 1
  const isQuickNow = isQuick()
  const cacheShare = random.between(55, 85) / 100
  const usesCache = agent.api === 'anthropic' || agent.api === 'openai-responses'
  const reply: Partial<Reply> = {
    ...line,
    error,
    firstTokenMs: firstTokenMs(fate, isQuickNow, random),
    tokensPerSecond: isQuickNow ? random.between(250, 500) : random.between(20, 60),
    cacheRead: usesCache && !isFirst ? cacheShare : 0,
    cacheWrite: agent.api === 'anthropic' && isFirst ? cacheShare : 0,
  }
  const said = [...player.said]
  const wantsThinking = line.reasoning !== '' || (agent.api === 'anthropic' && said.length > 1 && random.chance(0.3))
  return {
    path: PATHS[agent.api],
    headers: { ...player.headers, ...trace, [REPLY_HEADER]: encodeReply(reply) },
    body: bodyOf({ agent, model: player.model, said, isStreaming, wantsThinking }),
    fate,
    expectedStatus: error?.status ?? 200,
    leaveAfterChunks: fate === 'cancelled' ? random.between(3, 12) : null,
  }
}

function errorOf(fate: Fate, agent: Agent): { readonly status: number; readonly message: string } | null {
  if (fate === 'overloaded')
    return { status: agent.api === 'anthropic' ? 529 : 503, message: 'Overloaded. Please try again shortly.' }
  return ERRORS[fate] ?? null
}

function firstTokenMs(fate: Fate, isQuick: boolean, random: Random): number {
  if (fate === 'slow') return isQuick ? random.between(1500, 2500) : random.between(4000, 9000)
  return isQuick ? random.between(10, 120) : random.between(180, 900)
}

function replyCall(
  agent: Agent,
  use: ToolUse,
  fill: (template: string) => string,
  hexId: (digits: number) => string,
): ReplyCall {
  const given = Object.fromEntries(Object.entries(use.arguments).map(([name, value]) => [name, fill(value)]))
  return { id: `${agent.api === 'anthropic' ? 'toolu_01' : 'call_'}${hexId(20)}`, name: use.tool, arguments: given }
}

function sessionHeaders({ agent, sessionId, random }: SessionSetup): { readonly [name: string]: string } {
  const tenant = random.pick(agent.tenants)
  const tags = Object.entries(agent.tags).map(([key, value]) => `${key}=${value}`)
  return {
    'content-type': 'application/json',
    ...(agent.api === 'anthropic' ? { 'x-api-key': 'demo-key', 'anthropic-version': '2023-06-01' } : {}),
    ...(agent.api.startsWith('openai') ? { authorization: 'Bearer demo-key' } : {}),
    ...(tenant === null ? {} : { 'x-llmtrace-tenant-id': tenant }),
    'x-llmtrace-agent-id': agent.id,
    'x-llmtrace-user-id': random.pick(agent.users),
    'x-llmtrace-session-id': sessionId,
    'x-llmtrace-tags': tags.join(','),
  }
}

/** The calls of a turn with tools belong together: the agent's own span, which is not ours to send, is their common parent. */
function traceHeaders(turn: Turn, { hexId }: SessionSetup): { readonly [name: string]: string } {
  return turn.uses === undefined ? {} : { traceparent: `00-${hexId(32)}-${hexId(16)}-01` }
}
