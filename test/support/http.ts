/**
 * A plain HTTP client for tests that look at bytes: node:http without decompression, so that nothing is read into what came. It tells a
 * body that ended from one that broke off.
 */
import http from 'node:http'

export type RawAnswer = {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly body: Uint8Array
  /** False where the connection broke before the body's end. */
  readonly isComplete: boolean
}

export type RawAsk = {
  readonly method?: string
  readonly headers?: { readonly [name: string]: string }
  readonly body?: Uint8Array | string
}

export async function ask(url: string, options: RawAsk = {}): Promise<RawAnswer> {
  const { response } = await open(url, options)
  const chunks: Uint8Array[] = []
  let isComplete = true
  try {
    for await (const chunk of response) chunks.push(chunk as Uint8Array)
  } catch {
    isComplete = false
  }
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    rawHeaders: response.rawHeaders,
    body: new Uint8Array(Buffer.concat(chunks)),
    isComplete: isComplete && response.complete,
  }
}

export type OpenAnswer = { readonly response: http.IncomingMessage; readonly leave: () => void }

/** The head only; the caller reads the body, or leaves. */
export function open(url: string, options: RawAsk = {}): Promise<OpenAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<OpenAnswer>()
  const body = typeof options.body === 'string' ? Buffer.from(options.body) : options.body
  const request = http.request(url, {
    method: options.method ?? (body === undefined ? 'GET' : 'POST'),
    headers: { ...options.headers, ...(body === undefined ? {} : { 'content-length': String(body.byteLength) }) },
    agent: false,
  })
  request.on('error', reject)
  request.on('response', (response) => {
    response.on('error', () => undefined)
    resolve({ response, leave: () => request.destroy() })
  })
  request.end(body)
  return promise
}

export async function askJson(
  url: string,
  options: RawAsk = {},
): Promise<{ readonly status: number; readonly json: unknown; readonly answer: RawAnswer }> {
  const answer = await ask(url, options)
  return { status: answer.status, json: JSON.parse(new TextDecoder().decode(answer.body)) as unknown, answer }
}
