/** Policies out of the configuration: its defaults with what it says of single tenants. */
import type { LimitPolicy } from '../../core/domain/limit-policy.ts'
import type { CapturePolicy, Policy } from '../../core/domain/policy.ts'
import type { PolicyStore } from '../../core/ports.ts'

/** `limits: null` is as for all. */
type Override = { readonly capture: Partial<CapturePolicy>; readonly limits: LimitPolicy | null }

export function createConfigPolicies(
  { capture, guard, limits }: Omit<Policy, 'version'>,
  overrides: ReadonlyMap<string, Override>,
): PolicyStore {
  const defaults: Policy = { version: 1, capture, guard, limits }
  const policies = new Map<string, Policy>(
    [...overrides].map(([tenant, own]) => [
      tenant,
      { version: 1, capture: { ...capture, ...own.capture }, guard, limits: own.limits ?? limits },
    ]),
  )
  return { policy: async (tenantId) => policies.get(tenantId) ?? defaults }
}
