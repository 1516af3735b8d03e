/** Who calls: tenant, project, key, role, and what a call is attributed to. */
import type { KeyId, ProjectId, SpanId, TenantId, TraceId } from './ids.ts'
import type { EpochMs } from './time.ts'

/** `admin > operator > viewer` ask and steer; `proxy` may only send traffic; `root` is the instance itself. */
export type Role = 'root' | 'admin' | 'operator' | 'viewer' | 'proxy'

export type Tenant = {
  readonly id: TenantId
  readonly name: string
  readonly createdAt: EpochMs
  readonly deletedAt: EpochMs | null
}

export type Project = {
  readonly id: ProjectId
  readonly tenantId: TenantId
  readonly name: string
  readonly isActive: boolean
  readonly createdAt: EpochMs
}

/** A gateway key as stored: the secret itself is never kept. */
export type ApiKey = {
  readonly id: KeyId
  readonly tenantId: TenantId
  readonly projectId: ProjectId | null
  readonly role: Exclude<Role, 'root'>
  readonly prefix: string
  readonly expiresAt: EpochMs | null
  readonly revokedAt: EpochMs | null
}

/** The answer of the identify stage: everything later stages may know of the caller. */
export type Caller = {
  readonly tenantId: TenantId
  readonly projectId: ProjectId | null
  readonly keyId: KeyId | null
  readonly role: Role
  readonly agentId: string | null
  readonly userId: string | null
  readonly sessionId: string | null
  readonly tags: { readonly [key: string]: string }
  readonly traceId: TraceId
  /** The caller's own span, when a `traceparent` came in. */
  readonly parentSpanId: SpanId | null
}
