import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'bun:test'
import { openFileLedger } from '../../src/adapters/selfhost/ledger.ts'
import { FINAL_REVISION, type LostHold } from '../../src/core/domain/budget.ts'
import type { TenantId } from '../../src/core/domain/ids.ts'
import { PortError } from '../../src/core/ports.ts'
import { createLog } from '../support/fakes.ts'
import { spanIdOf } from '../support/ids.ts'
import { createTestClock, TEST_TIME } from '../support/clock.ts'
import { describeLedger } from './ledger.ts'

const TENANT = 'acme' as TenantId
const SCOPE = { id: 'tenant:usd', unit: 'nano_usd', meter: { kind: 'window', endsAt: null } } as const

function folder(): { readonly path: string; remove(): void } {
  const dir = mkdtempSync(join(tmpdir(), 'llmtrace-ledger-'))
  return { path: join(dir, 'ledger.db'), remove: () => rmSync(dir, { recursive: true, force: true }) }
}

describeLedger('one process, a file', async () => {
  const { path, remove } = folder()
  let now = 0
  // A clock of its own without timers: `expire` below is the sweep.
  let sweep: (() => void) | null = null
  const clock = {
    now: () => now,
    monotonic: () => now,
    after: (_ms: number, run: () => void) => {
      sweep = run
      return () => {}
    },
  }
  const ledger = openFileLedger({ path, clock, log: createLog(), onLost: () => {} })
  return {
    ...ledger,
    setTime: (time) => {
      now = time
    },
    expire: async () => sweep?.(),
    dispose: async () => {
      ledger.close()
      remove()
    },
  }
})

function asked(amount: number) {
  return [{ scope: SCOPE, limit: 100, amount, least: amount, lost: 7 }]
}

test('what was held and spent is there after the process has gone, and a hold that nobody settles is lost after its time', async () => {
  const { path, remove } = folder()
  const clock = createTestClock()
  const log = createLog()
  const first = openFileLedger({ path, clock, log, onLost: () => {} })
  const held = { tenantId: TENANT, spanId: spanIdOf(1), asks: asked(60), expiresAt: TEST_TIME + 900_000, share: 1, note: 'n' }
  expect((await first.reserve(held)).ok).toBe(true)
  const spent = { tenantId: TENANT, spanId: spanIdOf(2), asks: asked(30), expiresAt: TEST_TIME + 900_000, share: 1, note: '' }
  expect((await first.reserve(spent)).ok).toBe(true)
  const entries = [{ scope: SCOPE, spent: 11, held: 0 }]
  await first.settle({ tenantId: TENANT, spanId: spanIdOf(2), revision: FINAL_REVISION, entries, expiresAt: 0 })
  // As a killed process leaves them.
  const left = folder()
  for (const end of ['', '-wal']) copyFileSync(`${path}${end}`, `${left.path}${end}`)
  first.close()

  const lost: LostHold[] = []
  const second = openFileLedger({ path: left.path, clock, log, onLost: (hold) => lost.push(hold) })
  expect(await second.read(TENANT, [SCOPE])).toEqual([{ spent: 11, held: 60 }])
  clock.advance(899_000)
  await Promise.resolve()
  expect(lost).toEqual([])
  clock.advance(3_000)
  for (let i = 0; i < 5; i += 1) await Promise.resolve()
  expect(lost).toEqual([{ tenantId: TENANT, spanId: spanIdOf(1), note: 'n' }])
  expect(await second.read(TENANT, [SCOPE])).toEqual([{ spent: 18, held: 0 }])

  // Late, but told after all.
  const late = {
    tenantId: TENANT,
    spanId: spanIdOf(1),
    revision: FINAL_REVISION,
    entries: [{ scope: SCOPE, spent: 42, held: 0 }],
    expiresAt: 0,
  }
  expect(await second.settle(late)).toEqual({ overHold: [], isLate: true })
  expect(await second.settle(late)).toEqual({ overHold: [], isLate: false })
  expect(await second.read(TENANT, [SCOPE])).toEqual([{ spent: 53, held: 0 }])
  second.close()
  left.remove()
  remove()
})

test('a second process is refused the file, with a word that says why', () => {
  const { path, remove } = folder()
  const options = { path, clock: createTestClock(), log: createLog(), onLost: () => {} }
  const first = openFileLedger(options)
  expect(() => openFileLedger(options)).toThrow(new PortError('ledger', 'another process uses it'))
  first.close()
  remove()
})
