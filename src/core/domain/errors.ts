/**
 * Every way a call can be refused or fail, as a closed union. `code` is the API; messages are not.
 * A dialect renders it (`dialects/dialect.ts`); `routes/render-error.ts` renders it for our own API.
 */

export type AppErrorCode =
  | 'auth.required'
  | 'auth.denied'
  | 'request.malformed'
  | 'request.too_large'
  | 'request.provider_unknown'
  | 'request.not_found'
  | 'guard.blocked'
  | 'limit.budget_exhausted'
  | 'limit.rate_exceeded'
  | 'limit.tokens_exceeded'
  | 'limit.model_unpriced'
  | 'upstream.timeout'
  | 'upstream.unreachable'
  | 'upstream.refused'
  | 'gateway.unavailable'
  | 'gateway.bug'

export type AppError = {
  readonly code: AppErrorCode
  /** HTTP status of the answer. */
  readonly status: number
  /** The `type` word that SDKs and LLMTrace clients look for. */
  readonly type: string
  /** Safe to show: never a secret, never matched text. */
  readonly message: string
  /** Seconds, on 429 and 503. */
  readonly retryAfterSeconds: number | null
  /** More fields of the error object, e.g. `limit_bytes`. */
  readonly extra: { readonly [key: string]: unknown }
  /** Why, for the span and the log only; null where the message says it all. */
  readonly reason: string | null
}

const STATUS: { readonly [code in AppErrorCode]: readonly [status: number, type: string] } = {
  'auth.required': [401, 'authentication_error'],
  'auth.denied': [403, 'permission_error'],
  'request.malformed': [400, 'invalid_request_error'],
  'request.too_large': [413, 'request_too_large'],
  'request.provider_unknown': [400, 'invalid_request_error'],
  'request.not_found': [404, 'not_found_error'],
  'guard.blocked': [403, 'security_enforcement_blocked'],
  'limit.budget_exhausted': [429, 'cost_cap_exceeded'],
  'limit.rate_exceeded': [429, 'rate_limit_exceeded'],
  'limit.tokens_exceeded': [400, 'invalid_request_error'],
  'limit.model_unpriced': [403, 'permission_error'],
  'upstream.timeout': [504, 'timeout_error'],
  'upstream.unreachable': [502, 'api_error'],
  'upstream.refused': [503, 'overloaded_error'],
  'gateway.unavailable': [503, 'api_error'],
  'gateway.bug': [500, 'api_error'],
}

/** Builds an error; status and type follow from the code. */
export function appError(
  code: AppErrorCode,
  message: string,
  more: Partial<Pick<AppError, 'retryAfterSeconds' | 'extra' | 'reason'>> = {},
): AppError {
  const [status, type] = STATUS[code]
  return {
    code,
    status,
    type,
    message,
    retryAfterSeconds: more.retryAfterSeconds ?? (status === 503 ? 5 : null),
    extra: more.extra ?? {},
    reason: more.reason ?? null,
  }
}
