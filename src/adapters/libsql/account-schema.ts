/** Tables of the account database: who may call and under which policy. `docs/storage.md` describes them. */
import { index, integer, real, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { KeyId, ProjectId, TenantId } from '../../core/domain/ids.ts'
import type { ApiKey } from '../../core/domain/tenant.ts'

/** Times are epoch milliseconds, REAL for the reason that `trace-schema.ts` gives. */
export const tenants = sqliteTable('tenants', {
  id: text('id').$type<TenantId>().primaryKey(),
  name: text('name').notNull(),
  createdAt: real('created_at').notNull(),
  deletedAt: real('deleted_at'),
})

export const projects = sqliteTable(
  'projects',
  {
    id: text('id').$type<ProjectId>().primaryKey(),
    tenantId: text('tenant_id')
      .$type<TenantId>()
      .notNull()
      .references(() => tenants.id),
    name: text('name').notNull(),
    isActive: integer('is_active', { mode: 'boolean' }).notNull(),
    createdAt: real('created_at').notNull(),
  },
  (t) => [index('projects_by_tenant').on(t.tenantId)],
)

export const keys = sqliteTable(
  'keys',
  {
    id: text('id').$type<KeyId>().primaryKey(),
    tenantId: text('tenant_id')
      .$type<TenantId>()
      .notNull()
      .references(() => tenants.id),
    projectId: text('project_id')
      .$type<ProjectId>()
      .references(() => projects.id),
    role: text('role').$type<ApiKey['role']>().notNull(),
    /** The first `KEY_PREFIX_CHARS` characters of the secret: found by it and shown in lists. */
    prefix: text('prefix').notNull(),
    /** SHA-256 of the whole secret in lower-case hex. The secret has 256 random bits, so a slow hash would add nothing. */
    secretSha256: text('secret_sha256').notNull(),
    createdAt: real('created_at').notNull(),
    expiresAt: real('expires_at'),
    revokedAt: real('revoked_at'),
  },
  (t) => [index('keys_by_prefix').on(t.prefix), index('keys_by_tenant').on(t.tenantId)],
)

export const policies = sqliteTable('policies', {
  tenantId: text('tenant_id')
    .$type<TenantId>()
    .primaryKey()
    .references(() => tenants.id),
  /** Grows with every change. */
  version: real('version').notNull(),
  /** JSON without the version, checked when it is read. */
  policy: text('policy').notNull(),
})
