/** What a tenant decided: how much text is kept, what is refused. Policies are data; no stage knows a tenant by name. */
import type { GuardPolicy } from './guard-policy.ts'
import type { LimitPolicy } from './limit-policy.ts'

/** `full` keeps texts, `metadata` keeps a span without texts, `none` keeps no span at all (only counters). */
export type CaptureText = 'full' | 'metadata' | 'none'

export type CapturePolicy = {
  readonly text: CaptureText
  /** Bytes of UTF-8 kept of the request's texts, and as many of the answer's. */
  readonly textBytesMax: number
}

export type Policy = {
  /** Grows with every change; part of every cache key that depends on a policy. */
  readonly version: number
  readonly capture: CapturePolicy
  readonly guard: GuardPolicy
  readonly limits: LimitPolicy
}
