/**
 * The ledger as a state machine over rows: every function reads the rows it needs, decides, and writes them, without waiting in
 * between. Whoever calls it sees to it that one call runs at a time and that its writes are kept together (a transaction, a Durable
 * Object's turn). `adapters/upstash/ledger.lua` is the same machine in Lua; one suite holds them equal.
 *
 * Nothing here knows a limit by name: what a scope means is the reserve stage's business.
 */
import type { Ask, Balance, Held, Hold, LostHold, Meter, Refusal, Reservation, Settled, Settlement } from '../domain/budget.ts'
import { ASKS_MAX, NOTE_CHARS_MAX } from '../domain/budget.ts'
import type { SpanId, TenantId } from '../domain/ids.ts'
import { err, invariant, ok, type Result } from '../domain/result.ts'
import type { EpochMs } from '../domain/time.ts'

/** A settled hold is remembered so long, so that settling it again changes nothing. */
export const SETTLED_KEPT_MS = 600_000
/** A window's counter is kept so long after its end: for settles that come late, and for a clock that goes back. */
export const SCOPE_KEPT_MS = 86_400_000
/** A counter without an end is kept so long after its last use. */
const ENDLESS_KEPT_MS = 400 * 86_400_000
/** Clocks of several machines differ by so much; a step back beyond it means that the clock was set. */
const CLOCK_SKEW_MS = 5_000
/** Until a slot may be free; nobody knows how long a stream takes. */
const GAUGE_RETRY_MS = 1_000

/** `at`: when a bucket was last drained. */
export type ScopeRow = { readonly spent: number; readonly held: number; readonly at: EpochMs }

export type HoldEntry = {
  readonly scopeId: string
  readonly meter: Meter
  readonly limit: number
  readonly granted: number
  readonly held: number
  readonly spent: number
  readonly lost: number
}

export type HoldRow = {
  readonly tenantId: TenantId
  readonly spanId: SpanId
  readonly state: 'open' | 'settled' | 'lost'
  readonly revision: number
  readonly reservedAt: EpochMs
  readonly expiresAt: EpochMs
  /** When the row may be deleted; null while it is open. */
  readonly keptUntil: EpochMs | null
  readonly entries: readonly HoldEntry[]
  readonly note: string
}

/** Rows of one or many tenants. */
export type LedgerRows = {
  scope(tenantId: TenantId, id: string): ScopeRow | null
  putScope(tenantId: TenantId, id: string, row: ScopeRow, keptUntil: EpochMs): void
  hold(tenantId: TenantId, spanId: SpanId): HoldRow | null
  putHold(row: HoldRow): void
  /** Open holds whose time is over, oldest first. */
  due(now: EpochMs, max: number): readonly HoldRow[]
}

const EMPTY: ScopeRow = { spent: 0, held: 0, at: 0 }

/** Holds every amount or none. */
export function reserve(rows: LedgerRows, ask: Reservation, now: EpochMs): Result<Hold, Refusal> {
  invariant(ask.asks.length <= ASKS_MAX, `a call asks at most ${ASKS_MAX} scopes`)
  const known = rows.hold(ask.tenantId, ask.spanId)
  if (known !== null) return ok(holdOf(rows, known, ask, now))

  const found: { readonly row: ScopeRow; readonly granted: number }[] = []
  let refusal: Refusal | null = null
  for (const one of ask.asks) {
    const row = drained(rows.scope(ask.tenantId, one.scope.id) ?? EMPTY, one.scope.meter, now)
    const granted = grant(one, row, ask.share)
    if (granted === null) refusal = longer(refusal, refusalOf(one, row, now))
    else found.push({ row, granted })
  }
  if (refusal !== null) return err(refusal)

  const entries: HoldEntry[] = []
  const held: Held[] = []
  for (const [i, { scope, limit, lost }] of ask.asks.entries()) {
    const { row, granted } = found[i] as (typeof found)[number]
    const balance = taken(scope.meter, row, granted)
    put(rows, ask.tenantId, scope, { ...balance, at: row.at }, now)
    entries.push({ scopeId: scope.id, meter: scope.meter, limit, granted, held: granted, spent: 0, lost })
    held.push({ scope, limit, amount: granted, balance })
  }
  const hold: HoldRow = {
    tenantId: ask.tenantId,
    spanId: ask.spanId,
    state: 'open',
    revision: 0,
    reservedAt: now,
    expiresAt: ask.expiresAt,
    keptUntil: null,
    entries,
    note: ask.note.slice(0, NOTE_CHARS_MAX),
  }
  rows.putHold(hold)
  return ok({ spanId: hold.spanId, entries: held })
}

/** Books what a call has taken so far; ends its hold where nothing is held any longer. */
export function settle(rows: LedgerRows, settlement: Settlement, now: EpochMs): Settled {
  const { tenantId, spanId, revision, expiresAt } = settlement
  const known = rows.hold(tenantId, spanId)
  if (known !== null && (known.state === 'settled' || revision <= known.revision)) return { overHold: [], isLate: false }
  const hold = known ?? unheld(settlement, now)
  const isFinal = settlement.entries.every(({ held }) => held === 0)
  const overHold: string[] = []
  const totals = new Map(settlement.entries.map((entry) => [entry.scope.id, entry]))
  const entries = hold.entries.map((entry) => {
    const { spent, held } = totals.get(entry.scopeId) ?? { spent: 0, held: 0 }
    if (known !== null && entry.meter.kind !== 'gauge' && spent > entry.granted && entry.spent <= entry.granted)
      overHold.push(entry.scopeId)
    return moved(rows, hold, entry, spent, held, now)
  })
  rows.putHold({
    ...hold,
    state: isFinal ? 'settled' : 'open',
    revision,
    expiresAt,
    keptUntil: isFinal ? now + SETTLED_KEPT_MS : null,
    entries,
  })
  return { overHold, isLate: known?.state === 'lost' }
}

/** Gives up holds whose time is over: their `lost` amounts are booked, a settle that comes later corrects them. */
export function expire(rows: LedgerRows, now: EpochMs, max: number): readonly LostHold[] {
  return rows.due(now, max).map((hold) => {
    const entries = hold.entries.map((entry) => moved(rows, hold, entry, lostOf(entry), 0, now))
    rows.putHold({ ...hold, state: 'lost', entries, keptUntil: now + SCOPE_KEPT_MS })
    return { tenantId: hold.tenantId, spanId: hold.spanId, note: hold.note }
  })
}

/** What scopes hold now, in the order of the question. */
export function read(
  rows: LedgerRows,
  tenantId: TenantId,
  scopes: readonly { readonly id: string; readonly meter: Meter }[],
  now: EpochMs,
): readonly Balance[] {
  return scopes.map(({ id, meter }) => balanceOf(drained(rows.scope(tenantId, id) ?? EMPTY, meter, now)))
}

/** No more than was still held, no less than was booked: a hold that was settled in parts has told of some of it. */
function lostOf({ lost, spent, held }: HoldEntry): number {
  return Math.max(spent, Math.min(lost, spent + held))
}

/** What has flowed out of a bucket since it was last looked at. */
function drained(row: ScopeRow, meter: Meter, now: EpochMs): ScopeRow {
  if (meter.kind !== 'bucket') return row
  const elapsedMs = now - row.at
  // A little back: another machine's clock. Far back: the clock was set, and time goes on from there.
  if (elapsedMs < 0) return elapsedMs >= -CLOCK_SKEW_MS ? row : { ...row, at: now }
  return { ...row, spent: Math.max(0, row.spent - (elapsedMs * meter.perSecond) / 1000), at: now }
}

function grant({ limit, amount, least }: Ask, { spent, held }: ScopeRow, share: number): number | null {
  const room = limit - spent - held
  if (least > 0 && room < least) return null
  return Math.min(amount, Math.max(least, Math.floor(room * share)))
}

function refusalOf({ scope, limit, least }: Ask, row: ScopeRow, now: EpochMs): Refusal {
  const balance = balanceOf(row)
  const { meter } = scope
  if (meter.kind === 'window') return { scopeId: scope.id, balance, retryAt: meter.endsAt }
  if (meter.kind === 'gauge') return { scopeId: scope.id, balance, retryAt: now + GAUGE_RETRY_MS }
  const missing = least - (limit - row.spent)
  return { scopeId: scope.id, balance, retryAt: least > limit ? null : now + Math.ceil((missing * 1000) / meter.perSecond) }
}

function longer(one: Refusal | null, other: Refusal): Refusal {
  if (one === null) return other
  return (other.retryAt ?? Infinity) > (one.retryAt ?? Infinity) ? other : one
}

/** A bucket takes at once, so that what a long call holds flows out while it runs; the others hold. */
function taken(meter: Meter, { spent, held }: ScopeRow, amount: number): Balance {
  return meter.kind === 'bucket' ? { spent: spent + amount, held } : { spent, held: held + amount }
}

/** Brings a scope from what an entry had spent and held to what it has now. */
function moved(rows: LedgerRows, hold: HoldRow, entry: HoldEntry, spent: number, held: number, now: EpochMs): HoldEntry {
  const { meter, scopeId } = entry
  const row = drained(rows.scope(hold.tenantId, scopeId) ?? EMPTY, meter, now)
  let next: ScopeRow
  if (meter.kind === 'bucket') {
    let more = spent + held - entry.spent - entry.held
    // What has flowed out since cannot be given back: it would be free twice.
    if (more < 0) more = Math.min(0, more + (Math.max(0, now - hold.reservedAt) * meter.perSecond) / 1000)
    next = { ...row, spent: Math.max(0, row.spent + more) }
  } else if (meter.kind === 'gauge') {
    next = { ...row, held: Math.max(0, row.held + held - entry.held) }
  } else {
    next = {
      ...row,
      spent: Math.max(0, row.spent + spent - entry.spent),
      held: Math.max(0, row.held + held - entry.held),
    }
  }
  put(rows, hold.tenantId, { id: scopeId, meter }, next, now)
  return { ...entry, spent, held }
}

function put(
  rows: LedgerRows,
  tenantId: TenantId,
  { id, meter }: { readonly id: string; readonly meter: Meter },
  row: ScopeRow,
  now: EpochMs,
): void {
  const until = meter.kind === 'window' ? (meter.endsAt ?? now + ENDLESS_KEPT_MS) : now
  rows.putScope(tenantId, id, row, Math.max(until, now) + SCOPE_KEPT_MS)
}

function balanceOf({ spent, held }: ScopeRow): Balance {
  return { spent, held }
}

/** Of a hold that is there already. */
function holdOf(rows: LedgerRows, hold: HoldRow, ask: Reservation, now: EpochMs): Hold {
  const entries = ask.asks.flatMap(({ scope, limit }) => {
    const entry = hold.entries.find(({ scopeId }) => scopeId === scope.id)
    if (entry === undefined) return []
    const balance = balanceOf(drained(rows.scope(ask.tenantId, scope.id) ?? EMPTY, scope.meter, now))
    return [{ scope, limit, amount: entry.granted, balance }]
  })
  return { spanId: hold.spanId, entries }
}

/** A call that was let through without a hold: all that it took is new. */
function unheld({ tenantId, spanId, entries, expiresAt }: Settlement, now: EpochMs): HoldRow {
  return {
    tenantId,
    spanId,
    state: 'open',
    revision: 0,
    reservedAt: now,
    expiresAt,
    keptUntil: null,
    entries: entries.map(({ scope }) => ({
      scopeId: scope.id,
      meter: scope.meter,
      limit: 0,
      granted: 0,
      held: 0,
      spent: 0,
      lost: 0,
    })),
    note: '',
  }
}
