/**
 * What the demo provider answers, before any wire format. The demo traffic writes the reply itself and sends it along in a header,
 * so that question and answer fit; a call without that header (your own curl, an SDK) gets an improvised one.
 */
import { asArray, asNumber, asRecord, asString, parseJson, type Json, type JsonRecord } from '../../core/domain/json.ts'

/** Carries a reply as base64url of its JSON. An ordinary header: the gateway passes it on like any other. */
export const REPLY_HEADER = 'x-demo-reply'

export type ReplyCall = { readonly id: string; readonly name: string; readonly arguments: JsonRecord }

export type Reply = {
  readonly text: string
  /** Shown as thinking where the API shows it, only counted where it does not. */
  readonly reasoning: string
  readonly toolCalls: readonly ReplyCall[]
  /** Answers this instead of the text. */
  readonly error: { readonly status: number; readonly message: string } | null
  /** Wait before the first byte, in milliseconds. */
  readonly firstTokenMs: number
  /** Null: the provider's own pace, 20 to 60. */
  readonly tokensPerSecond: number | null
  /** Shares of the prompt, 0 to 1, that the provider's cache served and stored. */
  readonly cacheRead: number
  readonly cacheWrite: number
}

export const PLAIN_REPLY: Reply = {
  text: '',
  reasoning: '',
  toolCalls: [],
  error: null,
  firstTokenMs: 0,
  tokensPerSecond: null,
  cacheRead: 0,
  cacheWrite: 0,
}

/** What an API's own reader found in a request: enough to answer it and to count it. */
export type Ask = {
  readonly model: string
  readonly isStreaming: boolean
  /** Texts of the whole prompt, for counting. */
  readonly promptText: string
  readonly imageCount: number
  /** The last thing said, by the user or by a tool. */
  readonly lastText: string
  readonly isToolResult: boolean
  readonly tools: readonly { readonly name: string; readonly schema: JsonRecord }[]
  /** The schema that the answer must follow; null where text is wanted. */
  readonly answerSchema: JsonRecord | null
  readonly maxTokens: number | null
  readonly wantsThinking: boolean
}

export type Counts = {
  readonly prompt: number
  readonly cacheRead: number
  readonly cacheWrite: number
  readonly output: number
  readonly reasoning: number
}

const IMAGE_TOKENS = 765
const TIMES_MS_MAX = 60_000

/**
 * Cuts a text into pieces about the size of a token; joined they are the text again. Letters without spaces between words (Chinese,
 * Japanese) come in short pieces by themselves.
 */
export function piecesOf(text: string): readonly string[] {
  return text.match(/\s*\S{1,5}|\s+$/gu) ?? []
}

export function countsOf(ask: Ask, reply: Reply): Counts {
  const prompt = piecesOf(ask.promptText).length + ask.imageCount * IMAGE_TOKENS + 7
  const cacheRead = Math.floor(prompt * reply.cacheRead)
  const calls = reply.toolCalls.map((call) => `${call.name}${JSON.stringify(call.arguments)}`).join('')
  return {
    prompt,
    cacheRead,
    cacheWrite: Math.min(Math.floor(prompt * reply.cacheWrite), prompt - cacheRead),
    output: piecesOf(textOf(ask, reply)).length + piecesOf(calls).length,
    reasoning: piecesOf(reply.reasoning).length,
  }
}

/** For an API where the caller decides whether the model thinks at all. */
export function asAsked(ask: Ask, reply: Reply): Reply {
  return ask.wantsThinking ? reply : { ...reply, reasoning: '' }
}

/** The reply's text within the caller's cap. */
export function textOf(ask: Ask, reply: Reply): string {
  const pieces = piecesOf(reply.text)
  return ask.maxTokens !== null && pieces.length > ask.maxTokens ? pieces.slice(0, ask.maxTokens).join('') : reply.text
}

export function isCut(ask: Ask, reply: Reply): boolean {
  return ask.maxTokens !== null && piecesOf(reply.text).length > ask.maxTokens
}

export function encodeReply(reply: Partial<Reply>): string {
  let binary = ''
  for (const byte of new TextEncoder().encode(JSON.stringify(reply))) binary += String.fromCharCode(byte)
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** Null where the header is no reply: the call is then answered like any other. */
export function decodeReply(header: string): Reply | null {
  if (!/^[A-Za-z0-9_-]+$/.test(header) || header.length % 4 === 1) return null
  const binary = atob(header.replaceAll('-', '+').replaceAll('_', '/'))
  const record = asRecord(parseJson(new TextDecoder().decode(Uint8Array.from(binary, (char) => char.charCodeAt(0)))))
  if (record === null) return null
  const error = asRecord(record['error'])
  return {
    text: asString(record['text']) ?? '',
    reasoning: asString(record['reasoning']) ?? '',
    toolCalls: asArray(record['toolCalls']).flatMap((value) => {
      const call = asRecord(value)
      const name = asString(call?.['name'])
      return name === null
        ? []
        : [{ id: asString(call?.['id']) ?? 'call_demo', name, arguments: asRecord(call?.['arguments']) ?? {} }]
    }),
    error: error === null ? null : { status: asNumber(error['status']) ?? 500, message: asString(error['message']) ?? 'error' },
    firstTokenMs: Math.min(asNumber(record['firstTokenMs']) ?? 0, TIMES_MS_MAX),
    tokensPerSecond: asNumber(record['tokensPerSecond']),
    cacheRead: shareOf(record['cacheRead']),
    cacheWrite: shareOf(record['cacheWrite']),
  }
}

function shareOf(value: Json): number {
  return Math.min(Math.max(asNumber(value) ?? 0, 0), 1)
}

/** An answer for a prompt that nobody wrote a script for. Uses the first tool on offer once, then speaks. */
export function improvise(ask: Ask): Reply {
  const tool = ask.tools[0]
  if (tool !== undefined && !ask.isToolResult) {
    const id = `call_${crypto.randomUUID().replaceAll('-', '').slice(0, 20)}`
    const made = asRecord(exampleOf(tool.schema, ask.lastText, 0)) ?? {}
    return { ...PLAIN_REPLY, toolCalls: [{ id, name: tool.name, arguments: made }], firstTokenMs: 250 }
  }
  if (ask.answerSchema !== null) {
    return { ...PLAIN_REPLY, text: JSON.stringify(exampleOf(ask.answerSchema, ask.lastText, 0)), firstTokenMs: 250 }
  }
  const heard = ask.lastText.replaceAll(/\s+/g, ' ').trim().slice(0, 80)
  const text = ask.isToolResult
    ? `Thank you, the tool said: “${heard}”. That is all I needed to know.`
    : `You said: “${heard}”. There is no model in here: I am the demo's stand-in for a provider, and I answer at a human pace so that ` +
      'you can watch a stream pass through the gateway. Set a real provider key and the same call goes to the real thing.'
  return {
    ...PLAIN_REPLY,
    text,
    reasoning: ask.wantsThinking ? 'A greeting from a curious person. Be brief and friendly.' : '',
    firstTokenMs: 250,
  }
}

/** The smallest value that satisfies the common parts of a JSON schema; strings are taken from the prompt. */
function exampleOf(schema: Json, text: string, depth: number): Json {
  const record = asRecord(schema)
  const type = Array.isArray(record?.['type']) ? record['type'][0] : record?.['type']
  const first = asArray(record?.['enum'])[0]
  if (first !== undefined) return first
  if (record?.['const'] !== undefined) return record['const']
  // A schema may refer to itself through its own nesting: deeper than this nobody looks.
  if (type === 'object' && depth < 8) {
    const made: { [key: string]: Json } = {}
    for (const [key, inner] of Object.entries(asRecord(record?.['properties']) ?? {}))
      made[key] = exampleOf(inner, text, depth + 1)
    return made
  }
  if (type === 'array') return [exampleOf(record?.['items'], text, depth + 1)]
  if (type === 'number' || type === 'integer') return asNumber(record?.['minimum']) ?? 1
  if (type === 'boolean') return true
  if (type === 'null') return null
  return text.replaceAll(/\s+/g, ' ').trim().slice(0, 40)
}
