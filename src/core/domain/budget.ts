/** Limits and holds. One ledger decides over every scope at once: money, requests, tokens, streams, key uses. */
import type { SpanId, TenantId } from './ids.ts'
import type { EpochMs } from './time.ts'

export type ScopeUnit = 'nano_usd' | 'requests' | 'tokens' | 'streams' | 'key_uses'

/**
 * How a scope fills and empties. `window`: what is spent stays until the window ends (`endsAt: null`: for ever). `bucket`: what was
 * taken flows out at a steady rate, the scope's limit is its burst. `gauge`: only what is held at the moment counts.
 */
export type Meter =
  | { readonly kind: 'window'; readonly endsAt: EpochMs | null }
  | { readonly kind: 'bucket'; readonly perSecond: number }
  | { readonly kind: 'gauge' }

/** One counter that a call touches, e.g. the tenant's money of this month. */
export type Scope = {
  /** Unique within a tenant; a window's start is part of it, so that a new window begins at zero. */
  readonly id: string
  readonly unit: ScopeUnit
  readonly meter: Meter
}

/** What a call asks of one scope. Amounts are integers of the scope's unit, from 0 to 2^53 - 1. */
export type Ask = {
  readonly scope: Scope
  readonly limit: number
  /** An upper bound of what the call will take. */
  readonly amount: number
  /** No less is of any use; equal to `amount` unless the hold may be cut to what is left. */
  readonly least: number
  /** Booked where the hold expires: what is spent in any case once a call was sent. */
  readonly lost: number
}

/** All amounts or none. Idempotent per `spanId`: the same reservation again is answered with the hold that is there. */
export type Reservation = {
  readonly tenantId: TenantId
  readonly spanId: SpanId
  /** At most `ASKS_MAX`, each of another scope. */
  readonly asks: readonly Ask[]
  readonly expiresAt: EpochMs
  /** Of what is left in a scope, a hold that asks for more than its least takes this part at most: above 0 and up to 1. */
  readonly share: number
  /** Kept with the hold and given back when it is lost, e.g. what a span of the call needs. At most `NOTE_CHARS_MAX`. */
  readonly note: string
}

export const ASKS_MAX = 64
export const NOTE_CHARS_MAX = 2048

/** What one scope holds. For a bucket `spent` is what has not flowed out yet; a gauge spends nothing. */
export type Balance = { readonly spent: number; readonly held: number }

export type Held = {
  readonly scope: Scope
  readonly limit: number
  /** What was granted. */
  readonly amount: number
  /** After this hold. */
  readonly balance: Balance
}

/** Proof that the ledger agreed: no upstream stream is opened without one. */
export type Hold = {
  readonly spanId: SpanId
  /** In the order of the asks. */
  readonly entries: readonly Held[]
}

/** Of several scopes that refuse, the one that refuses for longest. */
export type Refusal = {
  readonly scopeId: string
  readonly balance: Balance
  /** When the least that was asked for may fit; null: never by itself. */
  readonly retryAt: EpochMs | null
}

/**
 * What a call has taken and still holds, as totals of this hold, so that the same settlement twice changes nothing. `held: 0` in all
 * entries ends the hold. A span without a hold (it was let through while the ledger was away) is booked in full.
 */
export type Settlement = {
  readonly tenantId: TenantId
  readonly spanId: SpanId
  /** Grows with every settlement of a hold; one that is not newer than the last is ignored. */
  readonly revision: number
  readonly entries: readonly { readonly scope: Scope; readonly spent: number; readonly held: number }[]
  /** When a hold that goes on is lost. */
  readonly expiresAt: EpochMs
}

/** The revision of a hold's last settlement. */
export const FINAL_REVISION = Number.MAX_SAFE_INTEGER

/** `overHold`: scope ids in which more was spent than was held. `late`: the hold had been given up as lost, and is corrected now. */
export type Settled = { readonly overHold: readonly string[]; readonly isLate: boolean }

/** A hold that expired: nobody told what the call took, so its `lost` amounts are booked. */
export type LostHold = {
  readonly tenantId: TenantId
  readonly spanId: SpanId
  readonly note: string
}
