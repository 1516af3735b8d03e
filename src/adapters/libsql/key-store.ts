/** Accounts on libSQL: tenants, projects, keys by their hash, policies. What a key may do is the caller's to judge. */
import type { Client } from '@libsql/client/http'
import { eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/libsql/http'
import { z } from 'zod'
import { GUARD, toGuardPolicy } from '../../contract/config/guard.ts'
import { COST_CAPS, LIMITS, toLimitPolicy } from '../../contract/config/limits.ts'
import { constantTimeEqual } from '../../core/domain/constant-time.ts'
import type { Policy } from '../../core/domain/policy.ts'
import type { ApiKey } from '../../core/domain/tenant.ts'
import { PortError, type KeyStore, type PolicyStore } from '../../core/ports.ts'
import { keys, policies, projects, tenants } from './account-schema.ts'
import { portErrors } from './port-errors.ts'

/** 256 random bits in base64url behind our mark. Anything else is no key of ours and asks no database. */
const SECRET = /^llmt_[A-Za-z0-9_-]{43}$/

/** `llmt_` and 48 bits: enough to find a key by, too few to guess the rest. */
const KEY_PREFIX_CHARS = 13

/** Keys that may share a prefix by chance; more is no chance. */
const KEYS_OF_PREFIX_MAX = 16

const policySchema = z.object({
  capture: z.object({ text: z.enum(['full', 'metadata', 'none']), textBytesMax: z.int().min(0) }),
  guard: GUARD.prefault({}),
  limits: LIMITS.prefault({}),
  cost_caps: COST_CAPS.prefault({}),
})

export function createLibsqlKeyStore(client: Client): KeyStore & PolicyStore {
  const db = drizzle(client)
  const attempt = portErrors('account_store')

  async function find(secret: string): Promise<ApiKey | null> {
    if (!SECRET.test(secret)) return null
    const candidates = await db
      .select()
      .from(keys)
      .where(eq(keys.prefix, keyPrefix(secret)))
      .limit(KEYS_OF_PREFIX_MAX)
    const hash = await hashSecret(secret)
    const found = candidates.find((key) => constantTimeEqual(key.secretSha256, hash))
    if (found === undefined) return null
    const { id, tenantId, projectId, role, prefix, expiresAt, revokedAt } = found
    return { id, tenantId, projectId, role, prefix, expiresAt, revokedAt }
  }

  return {
    find: (secret) => attempt('finding a key', () => find(secret)),
    tenant: (id) =>
      attempt('reading a tenant', async () => {
        const [tenant] = await db.select().from(tenants).where(eq(tenants.id, id))
        return tenant ?? null
      }),
    ensureTenant: (tenant) =>
      attempt('making a tenant', async () => {
        await db.insert(tenants).values(tenant).onConflictDoNothing()
      }),
    project: (id) =>
      attempt('reading a project', async () => {
        const [project] = await db.select().from(projects).where(eq(projects.id, id))
        return project ?? null
      }),
    policy: (tenantId) =>
      attempt('reading a policy', async () => {
        const [row] = await db.select().from(policies).where(eq(policies.tenantId, tenantId))
        return row === undefined ? null : readPolicy(row)
      }),
  }
}

function readPolicy({ tenantId, version, policy }: typeof policies.$inferSelect): Policy {
  const parsed = policySchema.safeParse(JSON.parse(policy))
  if (!parsed.success) {
    throw new PortError('account_store', `the policy of tenant ${tenantId} is none`, { cause: parsed.error })
  }
  return { version, capture: parsed.data.capture, guard: toGuardPolicy(parsed.data.guard), limits: toLimitPolicy(parsed.data) }
}

/** The part of a secret that may be shown and stored. */
export function keyPrefix(secret: string): string {
  return secret.slice(0, KEY_PREFIX_CHARS)
}

/** What is stored of a secret: SHA-256 in lower-case hex. */
export async function hashSecret(secret: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(secret))
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
