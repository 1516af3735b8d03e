/** Limits and holds. One ledger decides over every scope at once: money, requests, tokens, streams, key uses. */
import type { SpanId, TenantId } from './ids.ts'
import type { EpochMs } from './time.ts'

export type ScopeUnit = 'nano_usd' | 'requests' | 'tokens' | 'streams' | 'key_uses'

/** One counter that a call touches, e.g. the tenant's monthly money or a key's requests per minute. */
export type Scope = {
  readonly id: string
  readonly unit: ScopeUnit
  readonly window: string
  readonly limit: number
}

/** What a call asks to hold: an upper bound in each scope. Idempotent per `spanId`. */
export type Reservation = {
  readonly tenantId: TenantId
  readonly spanId: SpanId
  readonly amounts: readonly { readonly scope: Scope; readonly amount: number }[]
  readonly expiresAt: EpochMs
}

/** Proof that the ledger agreed: no upstream stream is opened without one. */
export type Hold = {
  readonly spanId: SpanId
  readonly amounts: Reservation['amounts']
}

/** The real amounts, booked once per span id. */
export type Settlement = {
  readonly tenantId: TenantId
  readonly spanId: SpanId
  readonly amounts: readonly { readonly scopeId: string; readonly amount: number }[]
}

/** What a scope holds now. */
export type ScopeBalance = {
  readonly scope: Scope
  readonly spent: number
  readonly held: number
  readonly resetsAt: EpochMs
}
