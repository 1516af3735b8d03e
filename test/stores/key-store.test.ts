import { NO_LIMITS } from '../../src/core/domain/limit-policy.ts'
import type { Client, InStatement } from '@libsql/client'
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createLibsqlKeyStore, hashSecret, keyPrefix } from '../../src/adapters/libsql/key-store.ts'
import { migrate } from '../../src/adapters/libsql/migrate.ts'
import { accountMigrations } from '../../src/adapters/libsql/migrations-node.ts'
import { DEFAULT_GUARD_POLICY } from '../../src/contract/config/guard.ts'
import { openLibsqlFile } from '../../src/adapters/libsql/open.ts'
import type { ProjectId } from '../../src/core/domain/ids.ts'
import { PortError, type KeyStore, type PolicyStore } from '../../src/core/ports.ts'
import { tenantOf } from '../support/spans.ts'

const acme = { id: tenantOf('acme'), name: 'Acme', createdAt: 1_760_000_000_000, deletedAt: null }
const secret = `llmt_${'a'.repeat(42)}B`
/** Of the same prefix. */
const sibling = `llmt_${'a'.repeat(42)}C`

describe('the account store on libSQL', () => {
  let client: Client
  let store: KeyStore & PolicyStore
  const asked: InStatement[] = []

  beforeAll(async () => {
    client = await openLibsqlFile(':memory:')
    await migrate(client, accountMigrations())
    const execute = client.execute.bind(client)
    client.execute = async (...args: Parameters<Client['execute']>) => {
      asked.push(args[0])
      return execute(...args)
    }
    store = createLibsqlKeyStore(client)
    await store.ensureTenant(acme)
    await execute(
      "INSERT INTO projects VALUES ('web', 'acme', 'Web', 1, 1760000000000), ('old', 'acme', 'Old', 0, 1760000000000)",
    )
    for (const [id, key, project, revokedAt] of [
      ['key-1', secret, 'web', null],
      ['key-2', sibling, null, 1_760_000_009_000],
    ] as const) {
      await execute({
        sql: 'INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
        args: [id, 'acme', project, 'proxy', keyPrefix(key), await hashSecret(key), 1_760_000_000_000, null, revokedAt],
      })
    }
    await execute(`INSERT INTO policies VALUES ('acme', 3, '{"capture":{"text":"metadata","textBytesMax":1024}}')`)
  })
  afterAll(() => client.close())

  test('finds a key by its whole secret, also beside one of the same prefix', async () => {
    const common = { tenantId: 'acme', role: 'proxy', prefix: 'llmt_aaaaaaaa', expiresAt: null }
    expect(await store.find(secret)).toEqual({ ...common, id: 'key-1', projectId: 'web', revokedAt: null } as never)
    expect(await store.find(sibling)).toEqual({
      ...common,
      id: 'key-2',
      projectId: null,
      revokedAt: 1_760_000_009_000,
    } as never)
    expect(await store.find(`llmt_${'a'.repeat(43)}`)).toBeNull()
    expect(await store.find(`llmt_${'b'.repeat(43)}`)).toBeNull()
  })

  test.each([
    ['', 'nothing'],
    ['sk-proj-abcdef', "a provider's key"],
    [`llmt_${'a'.repeat(42)}`, 'too short'],
    [`${secret}a`, 'too long'],
    [`llmt_${'a'.repeat(42)}'`, 'another alphabet'],
    [`LLMT_${'a'.repeat(43)}`, 'another mark'],
    [`${secret}\n`, 'a line end'],
  ])('asks no database about %j: %s', async (text) => {
    const before = asked.length
    expect(await store.find(text)).toBeNull()
    expect(asked.length).toBe(before)
  })

  test('keeps and compares no secret in clear', async () => {
    asked.length = 0
    await store.find(secret)
    expect(JSON.stringify(asked)).not.toContain(secret.slice(13))
    const { rows } = await client.execute('SELECT * FROM keys')
    expect(JSON.stringify(rows, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value))).not.toContain(
      secret,
    )
  })

  test('makes a tenant once', async () => {
    await store.ensureTenant({ ...acme, name: 'Another name' })
    expect(await store.tenant(acme.id)).toEqual(acme)
    expect(await store.tenant(tenantOf('nobody'))).toBeNull()
  })

  test('knows projects', async () => {
    expect(await store.project('web' as ProjectId)).toEqual({
      id: 'web',
      tenantId: 'acme',
      name: 'Web',
      isActive: true,
      createdAt: 1_760_000_000_000,
    } as never)
    expect((await store.project('old' as ProjectId))?.isActive).toBe(false)
    expect(await store.project('none' as ProjectId)).toBeNull()
  })

  test('gives the policy of a tenant, and fails on one that is none', async () => {
    expect(await store.policy(acme.id)).toEqual({
      version: 3,
      capture: { text: 'metadata', textBytesMax: 1024 },
      guard: DEFAULT_GUARD_POLICY,
      limits: NO_LIMITS,
    })
    expect(await store.policy(tenantOf('nobody'))).toBeNull()
    for (const policy of ['{}', 'no json', '{"capture":{"text":"all","textBytesMax":1}}']) {
      await client.execute({ sql: 'UPDATE policies SET policy = ?', args: [policy] })
      expect(await store.policy(acme.id).catch((error: unknown) => error)).toBeInstanceOf(PortError)
    }
  })
})
