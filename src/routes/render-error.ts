/** The one place where an error of our own API becomes a response. The data plane's errors speak the caller's dialect instead. */
import type { AppError } from '../core/domain/errors.ts'
import { renderOpenAiError } from '../core/dialects/openai-error.ts'

/** `requestId` is empty where the request has no span. */
export function renderError(error: AppError, requestId = ''): Response {
  const headers = new Headers({ 'content-type': 'application/json' })
  if (error.retryAfterSeconds !== null) headers.set('retry-after', String(error.retryAfterSeconds))
  return new Response(JSON.stringify(renderOpenAiError(error, requestId)), { status: error.status, headers })
}
