/** The OpenAI error object, which most other dialects' clients understand as well. */
import type { AppError } from '../domain/errors.ts'
import type { JsonRecord } from '../domain/json.ts'

export function renderOpenAiError(error: AppError, requestId: string): JsonRecord {
  return {
    error: {
      message: error.message,
      type: error.type,
      code: error.code,
      param: null,
      request_id: requestId,
      ...error.extra,
    },
  }
}
