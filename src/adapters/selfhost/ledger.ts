/**
 * The ledger of one process: decided at once on the serving thread, since a file of its own is written in some ten microseconds and
 * nothing else waits for that file. A commit survives `kill -9`; the end of the machine may take the last commits.
 * One process owns the file: a second one would decide beside it, and is refused at its start.
 */
import { resolve } from 'node:path'
import Database from 'libsql'
import type { LostHold } from '../../core/domain/budget.ts'
import { PortError, type Clock, type Ledger, type Log } from '../../core/ports.ts'
import { cachedRows } from '../../core/spend/cached-rows.ts'
import { LEDGER_SCHEMA, ledgerRows, prune, putScopes, type SqlNow } from '../../core/spend/ledger-table.ts'
import { expire, read, reserve, settle } from '../../core/spend/ledger.ts'

/** How often holds whose time is over are looked for. */
const SWEEP_MS = 1_000
/** Until the next look where the last one did not see the end: the calls between two looks must not leave more than one takes. */
const SWEEP_ON_MS = 10
/** Holds given up, and rows deleted, in one sweep: a bound for how long it keeps the loop busy. */
const SWEPT_MAX = 500

export type FileLedger = Ledger & { isDegraded(): boolean; close(): void }

export type FileLedgerOptions = {
  /** `:memory:` keeps nothing. */
  readonly path: string
  readonly clock: Clock
  readonly log: Log
  /** Called for each hold that expired. */
  readonly onLost: (lost: LostHold) => void
}

/** Throws `PortError` where the file cannot be opened or another process has it. */
export function openFileLedger({ path, clock, log, onLost }: FileLedgerOptions): FileLedger {
  const database = opened(path)
  const sql = sqlNow(database)
  const rows = cachedRows(ledgerRows(sql), (written) => putScopes(sql, written))
  let isFailing = false
  let stopTimer: (() => void) | null = null

  /** All that `work` writes is kept, or nothing. */
  async function together<T>(work: () => T): Promise<T> {
    try {
      sql.run('BEGIN IMMEDIATE', [])
      const result = work()
      rows.flush()
      sql.run('COMMIT', [])
      isFailing = false
      return result
    } catch (cause) {
      isFailing = true
      if (database.inTransaction) database.exec('ROLLBACK')
      rows.forget()
      throw new PortError('ledger', 'the ledger could not be written', { cause })
    }
  }

  async function sweep(): Promise<void> {
    let isMore = false
    try {
      const now = clock.now()
      const lost = await together(() => {
        // What is deleted here has no other use than to be remembered as it was.
        isMore = prune(sql, now, SWEPT_MAX)
        return expire(rows, now, SWEPT_MAX)
      })
      isMore ||= lost.length >= SWEPT_MAX
      for (const hold of lost) onLost(hold)
    } catch (error) {
      log.write('error', 'ledger.sweep_failed', { error })
    }
    stopTimer = clock.after(isMore ? SWEEP_ON_MS : SWEEP_MS, () => void sweep())
  }

  stopTimer = clock.after(0, () => void sweep())
  return {
    reserve: (ask) => together(() => reserve(rows, ask, clock.now())),
    settle: (settlement) => together(() => settle(rows, settlement, clock.now())),
    read: async (tenantId, scopes) => {
      try {
        return read(rows, tenantId, scopes, clock.now())
      } catch (cause) {
        throw new PortError('ledger', 'the ledger could not be read', { cause })
      }
    },
    isDegraded: () => isFailing,
    close: () => {
      stopTimer?.()
      database.close()
    },
  }
}

function opened(path: string): Database.Database {
  let database: Database.Database | null = null
  try {
    database = new Database(path === ':memory:' ? path : resolve(path), { timeout: 0 })
    database.exec('PRAGMA journal_mode = WAL')
    // Kept by this process alone as long as it lives; the first write takes the lock.
    database.exec('PRAGMA locking_mode = EXCLUSIVE')
    database.exec('PRAGMA synchronous = NORMAL')
    database.exec('PRAGMA wal_autocheckpoint = 4000')
    database.exec('BEGIN IMMEDIATE')
    for (const statement of LEDGER_SCHEMA) database.exec(statement)
    database.exec('COMMIT')
    return database
  } catch (cause) {
    database?.close()
    const isLocked = cause instanceof Error && 'code' in cause && String(cause.code).startsWith('SQLITE_BUSY')
    throw new PortError('ledger', isLocked ? 'another process uses it' : 'the ledger cannot be opened', { cause })
  }
}

function sqlNow(database: Database.Database): SqlNow {
  const prepared = new Map<string, Database.Statement>()
  function statementOf(text: string, isRead: boolean): Database.Statement {
    let statement = prepared.get(text)
    if (statement === undefined) {
      statement = database.prepare(text)
      if (isRead) statement.raw(true)
      prepared.set(text, statement)
    }
    return statement
  }
  return {
    run: (text, parameters) => void statementOf(text, false).run(parameters),
    all: (text, parameters) => statementOf(text, true).all(parameters) as ReturnType<SqlNow['all']>,
  }
}
