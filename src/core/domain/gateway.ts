/** What the pipeline must know of the configuration, already checked and typed (`contract/config.ts` makes it). */
import type { GuardPolicy } from './guard-policy.ts'
import type { LimitPolicy } from './limit-policy.ts'
import type { CapturePolicy } from './policy.ts'
import type { DialectName } from './span.ts'

export type AwsCredentials = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string | null
  readonly region: string
}

export type Provider = {
  readonly name: string
  /** Absolute http(s) URL without a trailing slash; its path stands before every request path. Null: not configured. */
  readonly baseUrl: string | null
  /** Forces a dialect for every path; null: by path. */
  readonly dialect: DialectName | null
  /** The provider's key from configuration; null: the caller's own is passed through. */
  readonly credential: string | null
  /** Extra headers for every request to it. */
  readonly headers: { readonly [name: string]: string }
  /** Where set, requests are signed anew (SigV4). */
  readonly aws: AwsCredentials | null
}

export type GatewayConfig = {
  /** One upstream for every call; null: by provider. */
  readonly upstreamUrl: string | null
  readonly providers: ReadonlyMap<string, Provider>
  readonly auth: {
    readonly mode: 'open' | 'required'
    /** The root key; null: there is none (open mode). */
    readonly adminKey: string | null
  }
  readonly requestBytesMax: number
  readonly upstream: {
    readonly connectTimeoutMs: number
    readonly firstByteTimeoutMs: number
    /** Longest silence of a moving stream. There is no total limit. */
    readonly idleTimeoutMs: number
    /** Tries after the first one, only before the first byte, only for connection failures and 502, 503, 504, 529. */
    readonly retries: number
  }
  readonly breaker: {
    readonly isEnabled: boolean
    /** Failures in a row that open it. */
    readonly failureThreshold: number
    readonly recoveryTimeoutMs: number
    /** Calls let through while half open. */
    readonly halfOpenCallsMax: number
  }
  readonly capture: CapturePolicy
  readonly guard: GuardPolicy
  readonly limits: LimitPolicy
  readonly serverTiming: boolean
}
