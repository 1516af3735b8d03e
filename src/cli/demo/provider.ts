/**
 * The demo's provider: OpenAI, Anthropic and Ollama on one port, without a model. It answers as a demo caller scripted it, else with
 * a few friendly words, and streams at a human pace. For demos and tests on this machine: it checks no key and keeps nothing.
 */
import { Buffer } from 'node:buffer'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { asRecord, asString, parseJson, type JsonRecord } from '../../core/domain/json.ts'
import { anthropicWire, readAsk as readMessages } from './anthropic-wire.ts'
import { ollamaChatWire, ollamaEmbed, ollamaGenerateWire, ollamaTags } from './ollama-wire.ts'
import { openaiChatWire, openaiError } from './openai-chat-wire.ts'
import { embeddingsAnswer } from './openai-embeddings.ts'
import { openaiResponsesWire } from './openai-responses-wire.ts'
import { countsOf, decodeReply, improvise, PLAIN_REPLY, REPLY_HEADER, type Reply } from './reply.ts'
import { freshId, nowSeconds, type Wire } from './wire.ts'

const BODY_BYTES_MAX = 20 * 1024 * 1024
const PACE_FROM = 20
const PACE_TO = 60
/** A client that pools connections must not meet one that this side is about to close. */
const KEEP_ALIVE_MS = 65_000

const MODELS: readonly string[] = ['gpt-4o-mini', 'gpt-4.1', 'gpt-5', 'gpt-5-mini', 'text-embedding-3-small']
const CLAUDE_MODELS: readonly string[] = ['claude-sonnet-5', 'claude-haiku-4-5']
const LOCAL_MODELS: readonly string[] = ['llama3.2:latest', 'qwen3:8b']

const WIRES: { readonly [path: string]: Wire } = {
  '/v1/chat/completions': openaiChatWire,
  '/v1/responses': openaiResponsesWire,
  '/v1/messages': anthropicWire,
  '/api/chat': ollamaChatWire,
  '/api/generate': ollamaGenerateWire,
}

export type DemoProviderOptions = {
  /** A free one unless set. */
  readonly port?: number
  /** `fast` leaves out every wait, scripted ones too. */
  readonly pace?: 'human' | 'fast'
}

export type DemoProvider = {
  /** `http://127.0.0.1:PORT`, without a path. */
  readonly baseUrl: string
  close(): Promise<void>
}

/** Rejects when the port is taken. */
export async function startDemoProvider(options: DemoProviderOptions = {}): Promise<DemoProvider> {
  const isFast = options.pace === 'fast'
  const server = createServer((request, response) => {
    handle(request, response, isFast).catch((cause: unknown) => {
      if (response.headersSent) return void response.destroy()
      sendJson(response, 500, openaiError(500, `the demo provider failed: ${String(cause)}`))
    })
  })
  server.keepAliveTimeout = KEEP_ALIVE_MS
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', () => resolve())
  })
  const { port } = server.address() as AddressInfo
  return {
    baseUrl: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function handle(request: IncomingMessage, response: ServerResponse, isFast: boolean): Promise<void> {
  const path = new URL(request.url ?? '/', 'http://demo').pathname
  if (request.method === 'GET') return answerGet(path, request, response)
  const text = await readBody(request)
  const wire = WIRES[path]
  if (text === null)
    return sendJson(response, 413, (wire ?? openaiChatWire).error(413, `the demo takes ${BODY_BYTES_MAX} bytes at most`))
  const body = asRecord(parseJson(text))
  if (body === null) return sendJson(response, 400, (wire ?? openaiChatWire).error(400, 'the body is not a JSON object'))
  const scripted = scriptedReply(request)
  if (wire === undefined) return await answerOther(path, body, scripted, response, isFast)

  const ask = wire.readAsk(body)
  const reply = scripted ?? improvise(ask)
  await pause(response, isFast ? 0 : reply.firstTokenMs)
  if (reply.error !== null) return sendError(response, wire, reply.error)
  const head = headersOf(path, ask.model)
  const tokensPerSecond = isFast ? null : (reply.tokensPerSecond ?? PACE_FROM + Math.random() * (PACE_TO - PACE_FROM))
  if (!ask.isStreaming) {
    const counts = countsOf(ask, reply)
    await pause(response, tokensPerSecond === null ? 0 : ((counts.output + counts.reasoning) / tokensPerSecond) * 1000)
    return sendJson(response, 200, wire.answer(ask, reply), head)
  }
  response.writeHead(200, { 'content-type': wire.streamType, 'cache-control': 'no-cache', ...head })
  for (const frame of wire.stream(ask, reply)) {
    // The client has gone: the rest is for nobody.
    if (response.destroyed) return
    const hasRoom = response.write(frame.text)
    if (tokensPerSecond !== null) await pause(response, (frame.tokens / tokensPerSecond) * 1000 * (0.4 + Math.random() * 1.2))
    else if (!hasRoom) await drained(response)
  }
  response.end()
}

function answerGet(path: string, request: IncomingMessage, response: ServerResponse): void {
  if (path === '/v1/models' && request.headers['anthropic-version'] !== undefined) {
    const data = CLAUDE_MODELS.map((id) => ({ type: 'model', id, display_name: id, created_at: '2025-10-01T00:00:00Z' }))
    return sendJson(response, 200, { data, has_more: false, first_id: CLAUDE_MODELS[0], last_id: CLAUDE_MODELS.at(-1) })
  }
  if (path === '/v1/models') {
    return sendJson(response, 200, {
      object: 'list',
      data: MODELS.map((id) => ({ id, object: 'model', created: nowSeconds(), owned_by: 'demo' })),
    })
  }
  if (path === '/api/tags') return sendJson(response, 200, ollamaTags(LOCAL_MODELS))
  if (path === '/api/version') return sendJson(response, 200, { version: '0.6.4' })
  if (path === '/') return sendJson(response, 200, { demo: 'a provider without a model', apis: Object.keys(WIRES) })
  sendJson(response, 404, openaiError(404, `the demo provider has nothing at ${path}`))
}

/** Calls that are no conversation: embeddings and counting. */
async function answerOther(
  path: string,
  body: JsonRecord,
  scripted: Reply | null,
  response: ServerResponse,
  isFast: boolean,
): Promise<void> {
  await pause(response, isFast ? 0 : (scripted?.firstTokenMs ?? 60))
  if (scripted?.error) return sendError(response, path.startsWith('/api/') ? ollamaChatWire : openaiChatWire, scripted.error)
  if (path === '/v1/embeddings') return sendJson(response, 200, embeddingsAnswer(body), headersOf(path, ''))
  if (path === '/api/embed') return sendJson(response, 200, ollamaEmbed(body))
  if (path === '/v1/messages/count_tokens') {
    return sendJson(response, 200, { input_tokens: countsOf(readMessages(body), PLAIN_REPLY).prompt }, headersOf(path, ''))
  }
  sendJson(response, 404, openaiError(404, `the demo provider has nothing at ${path}`))
}

function scriptedReply(request: IncomingMessage): Reply | null {
  const header = request.headers[REPLY_HEADER]
  return typeof header === 'string' ? decodeReply(header) : null
}

type HeaderRecord = { readonly [name: string]: string }

/** What the real ones say beside their answer. */
function headersOf(path: string, model: string): HeaderRecord {
  if (path.startsWith('/api/')) return {}
  if (path.startsWith('/v1/messages'))
    return { 'request-id': freshId('req_'), 'anthropic-ratelimit-requests-remaining': '3999' }
  return {
    'x-request-id': freshId('req_'),
    'openai-processing-ms': '212',
    'openai-version': '2020-10-01',
    'x-ratelimit-remaining-requests': '9999',
    ...(model === '' ? {} : { 'openai-model': model }),
  }
}

function sendError(response: ServerResponse, wire: Wire, error: { readonly status: number; readonly message: string }): void {
  const retry: HeaderRecord = error.status === 429 || error.status === 529 ? { 'retry-after': '2' } : {}
  const body = wire.error(error.status, error.message)
  sendJson(response, error.status, body, { ...idHeader(wire, body), ...retry })
}

/** Anthropic says the id of a failed request in its header and its body. */
function idHeader(wire: Wire, body: JsonRecord): HeaderRecord {
  if (wire === anthropicWire) return { 'request-id': asString(body['request_id']) ?? '' }
  return wire === ollamaChatWire || wire === ollamaGenerateWire ? {} : { 'x-request-id': freshId('req_') }
}

function sendJson(response: ServerResponse, status: number, body: JsonRecord, headers: HeaderRecord = {}): void {
  const bytes = new TextEncoder().encode(JSON.stringify(body))
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': String(bytes.length), ...headers })
  response.end(bytes)
}

/** Null where it is over the limit; the rest is read and dropped, so that the answer arrives. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    bytes += chunk.length
    if (bytes <= BODY_BYTES_MAX) chunks.push(chunk)
  }
  return bytes > BODY_BYTES_MAX ? null : new TextDecoder().decode(Buffer.concat(chunks))
}

/** Ends early when the client leaves. */
async function pause(response: ServerResponse, delayMs: number): Promise<void> {
  if (delayMs <= 0 || response.destroyed) return
  await new Promise<void>((resolve) => {
    const finish = () => {
      clearTimeout(timer)
      response.off('close', finish)
      resolve()
    }
    const timer = setTimeout(finish, delayMs)
    response.once('close', finish)
  })
}

async function drained(response: ServerResponse): Promise<void> {
  if (response.destroyed) return
  await new Promise<void>((resolve) => {
    const finish = () => {
      response.off('drain', finish)
      response.off('close', finish)
      resolve()
    }
    response.once('drain', finish)
    response.once('close', finish)
  })
}
