/**
 * The bytes that the mock upstream sends. The load generator builds the same bytes from the same shape, so it can compare what came
 * through a gateway with what was sent. Deterministic but for the time stamps in the deltas.
 */
import { nowUs } from './clock.ts'

export type Api = 'openai' | 'anthropic'

/** What an answer looks like. It travels in the header `x-bench`, which a transparent gateway passes on. */
export type Shape = {
  readonly api: Api
  readonly kind: 'json' | 'stream' | 'flood'
  /** Deltas of a stream. */
  readonly chunks: number
  /** Between two deltas of a stream; 0 = the next turn of the event loop. */
  readonly gapMs: number
  /** Text of an unstreamed answer, or of a whole flood. */
  readonly bytes: number
}

export type Plan = {
  readonly shape: Shape
  /** Head and, for `json`, the whole answer. */
  readonly opening: Buffer
  /** Body bytes of a `json` answer; empty otherwise. */
  readonly body: Buffer
  /** HTTP chunks of a stream, each with a place for a time stamp. */
  readonly deltas: readonly { readonly bytes: Buffer; readonly stampAt: number }[]
  readonly closing: Buffer
}

export const MODELS: { readonly [api in Api]: string } = { openai: 'gpt-4o-mini', anthropic: 'claude-sonnet-4-5' }
export const PATHS: { readonly [api in Api]: string } = { openai: '/v1/chat/completions', anthropic: '/v1/messages' }

/** Every delta carries `qqz` and eight letters: the time it was sent, in microseconds modulo 26^8 (58 hours). Letters only, so that no
 * detector of numbers and secrets takes it for one. */
export const MARK = 'qqz'
export const STAMP_LETTERS = 8
const STAMP_MODULUS = 26 ** STAMP_LETTERS
const HOLE = MARK + 'a'.repeat(STAMP_LETTERS)
const PROSE = 'The quick brown fox reads a short note about gateways and jumps over the lazy dog once more. '
const PROMPT_TOKENS = 48
const FLOOD_TEXT_BYTES = 1_024
/** Deltas of a flood that go out in one write. */
const FLOOD_BATCH = 64

export function stampInto(bytes: Buffer, at: number): void {
  let left = Math.floor(nowUs()) % STAMP_MODULUS
  for (let i = at + STAMP_LETTERS - 1; i >= at; i--) {
    bytes[i] = 97 + (left % 26)
    left = Math.floor(left / 26)
  }
}

/** Microseconds between the stamp that starts at `at` and `now`; negative or huge where it is no stamp. */
export function sinceStamp(bytes: Buffer, at: number, now: number): number {
  let sent = 0
  for (let i = at; i < at + STAMP_LETTERS; i++) sent = sent * 26 + ((bytes[i] ?? 97) - 97)
  const since = (now % STAMP_MODULUS) - sent
  return since < -STAMP_MODULUS / 2 ? since + STAMP_MODULUS : since
}

export function shapeHeader(shape: Shape): string {
  return [shape.kind, shape.chunks, shape.gapMs, shape.bytes].join(',')
}

export function shapeOf(api: Api, header: string): Shape {
  const [kind = 'json', chunks = '32', gapMs = '0', bytes = '1024'] = header.split(',')
  const isKnown = kind === 'stream' || kind === 'flood'
  return { api, kind: isKnown ? kind : 'json', chunks: Number(chunks), gapMs: Number(gapMs), bytes: Number(bytes) }
}

export function planOf(shape: Shape): Plan {
  if (shape.kind === 'json') {
    const body = Buffer.from(JSON.stringify(answerBody(shape)))
    const head = Buffer.from(`${HEAD}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`)
    return { shape, opening: Buffer.concat([head, body]), body, deltas: [], closing: Buffer.alloc(0) }
  }
  const events = shape.api === 'openai' ? openaiEvents(shape) : anthropicEvents(shape)
  const head = Buffer.from(`${HEAD}Content-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n`)
  return {
    shape,
    opening: Buffer.concat([head, ...events.first.map(httpChunk)]),
    body: Buffer.alloc(0),
    deltas: shape.kind === 'flood' ? [flood(shape, events.delta)] : stamped(shape, events.delta),
    closing: Buffer.concat([...events.last.map(httpChunk), Buffer.from('0\r\n\r\n')]),
  }
}

/** How often the one batch of a flood is sent. */
export function floodWrites(shape: Shape): number {
  return Math.ceil(shape.bytes / (FLOOD_BATCH * FLOOD_TEXT_BYTES))
}

function stamped(shape: Shape, delta: (text: string) => string): Plan['deltas'] {
  const words = PROSE.trim().split(' ')
  return Array.from({ length: shape.chunks }, (_, i) => {
    const bytes = httpChunk(delta(`${HOLE} ${words[i % words.length]} `))
    return { bytes, stampAt: bytes.indexOf(HOLE) + MARK.length }
  })
}

function flood(shape: Shape, delta: (text: string) => string): Plan['deltas'][number] {
  const one = httpChunk(delta(prose(FLOOD_TEXT_BYTES)))
  return {
    bytes: Buffer.concat(Array.from({ length: Math.min(FLOOD_BATCH, Math.max(1, shape.bytes)) }, () => one)),
    stampAt: -1,
  }
}

const HEAD = 'HTTP/1.1 200 OK\r\nx-request-id: req-bench\r\n'

function prose(bytes: number): string {
  return PROSE.repeat(Math.ceil(bytes / PROSE.length)).slice(0, bytes)
}

function httpChunk(text: string): Buffer {
  return Buffer.from(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`)
}

function answerBody(shape: Shape): object {
  const text = prose(shape.bytes)
  const model = MODELS[shape.api]
  if (shape.api === 'anthropic') {
    return {
      id: 'msg_bench',
      type: 'message',
      role: 'assistant',
      model,
      content: [{ type: 'text', text }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: { input_tokens: PROMPT_TOKENS, output_tokens: shape.chunks },
    }
  }
  return {
    id: 'chatcmpl-bench',
    object: 'chat.completion',
    created: 1_750_000_000,
    model,
    choices: [
      { index: 0, message: { role: 'assistant', content: text, refusal: null }, logprobs: null, finish_reason: 'stop' },
    ],
    usage: { prompt_tokens: PROMPT_TOKENS, completion_tokens: shape.chunks, total_tokens: PROMPT_TOKENS + shape.chunks },
  }
}

type Events = { readonly first: readonly string[]; readonly delta: (text: string) => string; readonly last: readonly string[] }

function openaiEvents(shape: Shape): Events {
  const base = { id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1_750_000_000, model: MODELS.openai }
  const event = (delta: object, finish: string | null): string =>
    `data: ${JSON.stringify({ ...base, choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }], usage: null })}\n\n`
  const usage = { prompt_tokens: PROMPT_TOKENS, completion_tokens: shape.chunks, total_tokens: PROMPT_TOKENS + shape.chunks }
  return {
    first: [event({ role: 'assistant', content: '' }, null)],
    delta: (text) => event({ content: text }, null),
    last: [event({}, 'stop'), `data: ${JSON.stringify({ ...base, choices: [], usage })}\n\n`, 'data: [DONE]\n\n'],
  }
}

function anthropicEvent(type: string, rest: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`
}

function anthropicEvents(shape: Shape): Events {
  const message = {
    id: 'msg_bench',
    type: 'message',
    role: 'assistant',
    model: MODELS.anthropic,
    content: [],
    stop_reason: null,
  }
  return {
    first: [
      anthropicEvent('message_start', { message: { ...message, usage: { input_tokens: PROMPT_TOKENS, output_tokens: 1 } } }),
      anthropicEvent('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
    ],
    delta: (text) => anthropicEvent('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }),
    last: [
      anthropicEvent('content_block_stop', { index: 0 }),
      anthropicEvent('message_delta', {
        delta: { stop_reason: 'end_turn', stop_sequence: null },
        usage: { output_tokens: shape.chunks },
      }),
      anthropicEvent('message_stop', {}),
    ],
  }
}
