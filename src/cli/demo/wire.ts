/** One API of the demo provider: how it reads a request and how it says a reply, in one body or as a stream. */
import type { JsonRecord } from '../../core/domain/json.ts'
import type { Ask, Reply } from './reply.ts'

/** Text to write, and how many tokens of time it stands for. */
export type Frame = { readonly text: string; readonly tokens: number }

export type Wire = {
  readonly streamType: string
  readAsk(body: JsonRecord): Ask
  answer(ask: Ask, reply: Reply): JsonRecord
  stream(ask: Ask, reply: Reply): Iterable<Frame>
  error(status: number, message: string): JsonRecord
}

export function sseFrame(data: JsonRecord | '[DONE]', event: string | null, tokens: number): Frame {
  const text = typeof data === 'string' ? data : JSON.stringify(data)
  return { text: `${event === null ? '' : `event: ${event}\n`}data: ${text}\n\n`, tokens }
}

export function freshId(prefix: string): string {
  return `${prefix}${crypto.randomUUID().replaceAll('-', '').slice(0, 24)}`
}

export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000)
}

/** Providers answer with the dated name of what they ran. */
export function answeringModel(model: string): string {
  return DATED[model] ?? model
}

const DATED: { readonly [model: string]: string } = {
  'gpt-4o-mini': 'gpt-4o-mini-2024-07-18',
  'gpt-4o': 'gpt-4o-2024-08-06',
  'gpt-4.1': 'gpt-4.1-2025-04-14',
  'gpt-5': 'gpt-5-2025-08-07',
  'gpt-5-mini': 'gpt-5-mini-2025-08-07',
  'claude-haiku-4-5': 'claude-haiku-4-5-20251001',
}
