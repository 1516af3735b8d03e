/**
 * The ledger of one tenant as a Durable Object: one thread decides, its SQLite keeps. A call is decided without waiting in between, and the
 * runtime sends no answer before what it rests on is on disk. An alarm gives up holds whose time is over.
 */
import { DurableObject } from 'cloudflare:workers'
import type { Balance, Hold, LostHold, Refusal, Reservation, Scope, Settled, Settlement } from '../../core/domain/budget.ts'
import type { SpanId, TenantId } from '../../core/domain/ids.ts'
import type { Result } from '../../core/domain/result.ts'
import type { EpochMs } from '../../core/domain/time.ts'
import type { Clock } from '../../core/ports.ts'
import { cachedRows, type CachedRows } from '../../core/spend/cached-rows.ts'
import { LEDGER_SCHEMA, ledgerRows, nextTimes, prune, putScopes, type SqlNow } from '../../core/spend/ledger-table.ts'
import { expire, read, reserve, settle } from '../../core/spend/ledger.ts'

/** Holds given up, and rows deleted, in one alarm. */
const SWEPT_MAX = 1_000
/** Between two alarms that only delete rows, since each alarm is a request of its own. */
const PRUNE_EVERY_MS = 60_000
/** Until a lost hold is told of again where nobody could be told. */
const TELL_AGAIN_MS = 30_000

/** Lost holds of which nobody could be told yet: their ledger rows are done with. */
const UNTOLD_SCHEMA =
  'CREATE TABLE IF NOT EXISTS untold (tenant_id TEXT NOT NULL, span_id TEXT PRIMARY KEY, note TEXT NOT NULL)'

export type LedgerObjectDeps = {
  readonly clock: Pick<Clock, 'now'>
  /** Rejects where nobody could be told: then it is called again with the same holds. */
  readonly onLost: (lost: readonly LostHold[]) => Promise<void>
}

/** The class to export from a Worker; `depsOf` is called once an object. */
export function ledgerObject<Env>(depsOf: (env: Env) => LedgerObjectDeps) {
  return class LedgerObject extends DurableObject<Env> {
    readonly #storage: DurableObjectStorage
    readonly #sql: SqlNow
    readonly #rows: CachedRows
    readonly #deps: LedgerObjectDeps
    #alarmAt: EpochMs | null = null

    constructor(ctx: DurableObjectState, env: Env) {
      super(ctx, env)
      this.#storage = ctx.storage
      this.#sql = sqlNow(ctx.storage.sql)
      this.#rows = cachedRows(ledgerRows(this.#sql), (written) => putScopes(this.#sql, written))
      this.#deps = depsOf(env)
      void ctx.blockConcurrencyWhile(async () => {
        for (const statement of [...LEDGER_SCHEMA, UNTOLD_SCHEMA]) this.#sql.run(statement, [])
        this.#alarmAt = await ctx.storage.getAlarm()
      })
    }

    async reserve(ask: Reservation): Promise<Result<Hold, Refusal>> {
      const answer = this.#together((now) => reserve(this.#rows, ask, now))
      if (answer.ok) await this.#wakeBy(ask.expiresAt)
      return answer
    }

    async settle(settlement: Settlement): Promise<Settled> {
      const answer = this.#together((now) => settle(this.#rows, settlement, now))
      if (this.#alarmAt === null) await this.#wakeNext()
      return answer
    }

    async read(tenantId: TenantId, scopes: readonly Scope[]): Promise<readonly Balance[]> {
      return read(this.#rows, tenantId, scopes, this.#deps.clock.now())
    }

    override async alarm(): Promise<void> {
      this.#alarmAt = null
      const isMore = this.#together((now) => {
        const isPruning = prune(this.#sql, now, SWEPT_MAX)
        const lost = expire(this.#rows, now, SWEPT_MAX)
        for (const { tenantId, spanId, note } of lost)
          this.#sql.run('INSERT OR REPLACE INTO untold (tenant_id, span_id, note) VALUES (?, ?, ?)', [tenantId, spanId, note])
        return isPruning || lost.length >= SWEPT_MAX
      })
      const isTold = await this.#tell()
      if (isMore) await this.#wakeBy(this.#deps.clock.now())
      else await this.#wakeNext()
      if (!isTold) await this.#wakeBy(this.#deps.clock.now() + TELL_AGAIN_MS)
    }

    /** False where somebody is still to be told. */
    async #tell(): Promise<boolean> {
      const rows = this.#sql.all('SELECT tenant_id, span_id, note FROM untold LIMIT ?', [SWEPT_MAX])
      if (rows.length === 0) return true
      try {
        await this.#deps.onLost(
          rows.map(([tenantId, spanId, note]) => ({
            tenantId: String(tenantId) as TenantId,
            spanId: String(spanId) as SpanId,
            note: String(note),
          })),
        )
      } catch {
        // `onLost` has logged it; the rows stay.
        return false
      }
      for (const [, spanId] of rows) this.#sql.run('DELETE FROM untold WHERE span_id = ?', [spanId ?? null])
      return rows.length < SWEPT_MAX
    }

    async #wakeNext(): Promise<void> {
      const { expiry, end } = nextTimes(this.#sql)
      if (expiry !== null) await this.#wakeBy(expiry)
      if (end !== null) await this.#wakeBy(Math.max(end, this.#deps.clock.now() + PRUNE_EVERY_MS))
    }

    async #wakeBy(time: EpochMs): Promise<void> {
      if (this.#alarmAt !== null && this.#alarmAt <= time) return
      this.#alarmAt = time
      await this.#storage.setAlarm(time)
    }

    #together<T>(work: (now: EpochMs) => T): T {
      try {
        return this.#storage.transactionSync(() => {
          const result = work(this.#deps.clock.now())
          this.#rows.flush()
          return result
        })
      } catch (error) {
        this.#rows.forget()
        throw error
      }
    }
  }
}

function sqlNow(sql: SqlStorage): SqlNow {
  return {
    run: (statement, parameters) => void sql.exec(statement, ...parameters),
    all: (statement, parameters) => [...sql.exec(statement, ...parameters).raw()] as ReturnType<SqlNow['all']>,
  }
}
