/**
 * The ledger's rows in SQLite, for every engine that runs statements at once: libSQL's file in one process, a Durable Object's storage.
 * Only statements and their codec are here; transactions are the caller's.
 *
 * Amounts are REAL: they are integers up to 2^53 or the fractions of a bucket, both exact in a double, and no driver turns them into
 * anything else. Times are epoch milliseconds.
 */
import type { Meter } from '../domain/budget.ts'
import type { SpanId, TenantId } from '../domain/ids.ts'
import type { EpochMs } from '../domain/time.ts'
import type { HoldEntry, HoldRow, LedgerRows } from './ledger.ts'

/** Values as the drivers give them. */
export type SqlValue = string | number | null

/** Runs a statement with its parameters; `all` gives rows as arrays of columns. */
export type SqlNow = {
  run(statement: string, parameters: readonly SqlValue[]): void
  all(statement: string, parameters: readonly SqlValue[]): readonly (readonly SqlValue[])[]
}

/** Idempotent. `scopes.kept_until` and `holds.kept_until` say when a row may go. */
export const LEDGER_SCHEMA: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS scopes (
    tenant_id TEXT NOT NULL, id TEXT NOT NULL,
    spent REAL NOT NULL, held REAL NOT NULL, drained_at REAL NOT NULL, kept_until REAL NOT NULL,
    PRIMARY KEY (tenant_id, id)
  ) WITHOUT ROWID`,
  `CREATE INDEX IF NOT EXISTS scopes_by_end ON scopes (kept_until)`,
  `CREATE TABLE IF NOT EXISTS holds (
    tenant_id TEXT NOT NULL, span_id TEXT NOT NULL, state TEXT NOT NULL, revision REAL NOT NULL,
    reserved_at REAL NOT NULL, expires_at REAL NOT NULL, kept_until REAL,
    entries TEXT NOT NULL, note TEXT NOT NULL,
    PRIMARY KEY (tenant_id, span_id)
  ) WITHOUT ROWID`,
  `CREATE INDEX IF NOT EXISTS holds_open ON holds (expires_at) WHERE state = 'open'`,
  `CREATE INDEX IF NOT EXISTS holds_by_end ON holds (kept_until) WHERE kept_until IS NOT NULL`,
]

const READ_SCOPE = 'SELECT spent, held, drained_at FROM scopes WHERE tenant_id = ? AND id = ?'
const PUT_SCOPES = `INSERT INTO scopes (tenant_id, id, spent, held, drained_at, kept_until)
  SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5 FROM json_each(?) WHERE true
  ON CONFLICT DO UPDATE SET spent = excluded.spent, held = excluded.held, drained_at = excluded.drained_at, kept_until = excluded.kept_until`
const HOLD_COLUMNS = 'tenant_id, span_id, state, revision, reserved_at, expires_at, kept_until, entries, note'
const READ_HOLD = `SELECT ${HOLD_COLUMNS} FROM holds WHERE tenant_id = ? AND span_id = ?`
const PUT_HOLD = `INSERT INTO holds (${HOLD_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET state = excluded.state, revision = excluded.revision, expires_at = excluded.expires_at,
    kept_until = excluded.kept_until, entries = excluded.entries`
const DUE_HOLDS = `SELECT ${HOLD_COLUMNS} FROM holds WHERE state = 'open' AND expires_at <= ? ORDER BY expires_at LIMIT ?`
const PRUNE: readonly string[] = [
  `DELETE FROM holds WHERE (tenant_id, span_id) IN
    (SELECT tenant_id, span_id FROM holds WHERE kept_until <= ? AND kept_until IS NOT NULL LIMIT ?) RETURNING 1`,
  `DELETE FROM scopes WHERE (tenant_id, id) IN (SELECT tenant_id, id FROM scopes WHERE kept_until <= ? LIMIT ?) RETURNING 1`,
]
const NEXT_EXPIRY = `SELECT min(expires_at) FROM holds WHERE state = 'open'`
const NEXT_END = `SELECT min(kept_until) FROM holds WHERE kept_until IS NOT NULL UNION ALL SELECT min(kept_until) FROM scopes`

export function ledgerRows(sql: SqlNow): LedgerRows {
  return {
    scope: (tenantId, id) => {
      const row = sql.all(READ_SCOPE, [tenantId, id])[0]
      return row === undefined ? null : { spent: Number(row[0]), held: Number(row[1]), at: Number(row[2]) }
    },
    putScope: (tenantId, id, { spent, held, at }, keptUntil) => putScopes(sql, [[tenantId, id, spent, held, at, keptUntil]]),
    hold: (tenantId, spanId) => {
      const row = sql.all(READ_HOLD, [tenantId, spanId])[0]
      return row === undefined ? null : holdOf(row)
    },
    putHold: (hold) =>
      sql.run(PUT_HOLD, [
        hold.tenantId,
        hold.spanId,
        hold.state,
        hold.revision,
        hold.reservedAt,
        hold.expiresAt,
        hold.keptUntil,
        JSON.stringify(hold.entries.map(packed)),
        hold.note,
      ]),
    due: (now, max) => sql.all(DUE_HOLDS, [now, max]).map(holdOf),
  }
}

/** Tenant, id, spent, held, drained at, kept until. */
export type PutScope = readonly [TenantId, string, number, number, EpochMs, EpochMs]

/** Of two rows of one scope the later one stays. */
export function putScopes(sql: SqlNow, rows: readonly PutScope[]): void {
  sql.run(PUT_SCOPES, [JSON.stringify(rows)])
}

/** Deletes rows whose time is over, at most `max` of each table; true where more may be left. */
export function prune(sql: SqlNow, now: EpochMs, max: number): boolean {
  return PRUNE.map((statement) => sql.all(statement, [now, max]).length).some((deleted) => deleted >= max)
}

/** When the first open hold expires, and when the first row may be deleted; null: there is none. */
export function nextTimes(sql: SqlNow): { readonly expiry: EpochMs | null; readonly end: EpochMs | null } {
  const ends = sql.all(NEXT_END, []).flatMap(([end]) => (typeof end === 'number' ? [end] : []))
  const expiry = sql.all(NEXT_EXPIRY, [])[0]?.[0]
  return { expiry: typeof expiry === 'number' ? expiry : null, end: ends.length === 0 ? null : Math.min(...ends) }
}

type Packed = readonly [string, number | string | null, number, number, number, number, number]

/** Short, since one is written with every call. A bucket's rate is a number, a window's end a text. */
function packed({ scopeId, meter, limit, granted, held, spent, lost }: HoldEntry): Packed {
  return [scopeId, packedMeter(meter), limit, granted, held, spent, lost]
}

function packedMeter(meter: Meter): number | string | null {
  if (meter.kind === 'bucket') return meter.perSecond
  return meter.kind === 'gauge' ? null : `${meter.endsAt ?? ''}`
}

function meterOf(value: number | string | null): Meter {
  if (value === null) return { kind: 'gauge' }
  if (typeof value === 'number') return { kind: 'bucket', perSecond: value }
  return { kind: 'window', endsAt: value === '' ? null : Number(value) }
}

function holdOf(row: readonly SqlValue[]): HoldRow {
  const entries = JSON.parse(String(row[7])) as readonly Packed[]
  return {
    tenantId: String(row[0]) as TenantId,
    spanId: String(row[1]) as SpanId,
    state: String(row[2]) as HoldRow['state'],
    revision: Number(row[3]),
    reservedAt: Number(row[4]),
    expiresAt: Number(row[5]),
    keptUntil: row[6] === null || row[6] === undefined ? null : Number(row[6]),
    entries: entries.map(([scopeId, meter, limit, granted, held, spent, lost]) => ({
      scopeId,
      meter: meterOf(meter),
      limit,
      granted,
      held,
      spent,
      lost,
    })),
    note: String(row[8]),
  }
}
