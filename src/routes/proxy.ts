/** The data plane: whatever is not ours is proxied. Here a web request becomes the pipeline's `Call` and its `Answer` a response. */
import type { Context } from 'hono'
import { joinBytes } from '../core/domain/bytes.ts'
import { appError, type AppError } from '../core/domain/errors.ts'
import { err, ok, type Result } from '../core/domain/result.ts'
import type { Answer, Call, Pipeline } from '../core/pipeline.ts'
import type { Background } from '../core/ports.ts'
import { renderError } from './render-error.ts'

/** `backgroundOf` ties work to the request on Workers and to the process elsewhere. */
export function proxyHandler(pipeline: Pipeline, backgroundOf: (c: Context) => Background): (c: Context) => Promise<Response> {
  return async (c) => {
    const request = c.req.raw
    // A page of a provider must never share an origin with the dashboard and the control API.
    if (request.headers.get('sec-fetch-mode') === 'navigate') {
      return renderError(appError('request.not_found', 'there is no page here; this address is for programs'))
    }
    const call: Call = {
      method: request.method,
      target: targetOf(request.url),
      headers: request.headers,
      readBody: (bytesMax) => readBody(request, bytesMax),
      signal: request.signal,
      background: backgroundOf(c),
    }
    return toResponse(await pipeline.handle(call))
  }
}

/** Path and query exactly as they came: parsing and printing a URL again could change an escape. */
function targetOf(url: string): { readonly path: string; readonly search: string } {
  const pathStart = url.indexOf('/', url.indexOf('//') + 2)
  if (pathStart === -1) return { path: '/', search: '' }
  const queryStart = url.indexOf('?', pathStart)
  if (queryStart === -1) return { path: url.slice(pathStart), search: '' }
  return { path: url.slice(pathStart, queryStart), search: url.slice(queryStart) }
}

async function readBody(request: Request, bytesMax: number): Promise<Result<Uint8Array | null, AppError>> {
  if (request.method === 'GET' || request.method === 'HEAD') return ok(null)
  const announced = request.headers.get('content-length')
  if (announced !== null && Number(announced) > bytesMax) return err(tooLarge(bytesMax))
  if (announced === '0') return ok(null)
  try {
    if (announced !== null) return ok(new Uint8Array(await request.arrayBuffer()))
    return await readBounded(request.body, bytesMax)
  } catch (error) {
    return err(appError('request.malformed', 'the request body broke off', { reason: String(error) }))
  }
}

/** A body of unknown length is read chunk by chunk, so that the limit holds before the memory is gone. */
async function readBounded(
  body: ReadableStream<Uint8Array> | null,
  bytesMax: number,
): Promise<Result<Uint8Array | null, AppError>> {
  if (body === null) return ok(null)
  const chunks: Uint8Array[] = []
  let bytes = 0
  const reader = body.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    bytes += value.byteLength
    if (bytes > bytesMax) {
      await reader.cancel()
      return err(tooLarge(bytesMax))
    }
    chunks.push(value)
  }
  if (bytes === 0) return ok(null)
  return ok(joinBytes(chunks, bytes))
}

function tooLarge(bytesMax: number): AppError {
  return appError('request.too_large', `the request body is over the limit of ${bytesMax} bytes`, {
    extra: { limit_bytes: bytesMax },
  })
}

function toResponse(answer: Answer): Response {
  const hasBody = answer.status !== 204 && answer.status !== 205 && answer.status !== 304
  return new Response(hasBody ? (answer.body as BodyInit | null) : null, { status: answer.status, headers: answer.headers })
}
