/** Policies out of the configuration: its defaults with what it says of single tenants. */
import type { CapturePolicy, Policy } from '../../core/domain/policy.ts'
import type { PolicyStore } from '../../core/ports.ts'

export function createConfigPolicies(
  { capture, guard }: Omit<Policy, 'version'>,
  overrides: ReadonlyMap<string, Partial<CapturePolicy>>,
): PolicyStore {
  const defaults: Policy = { version: 1, capture, guard }
  const policies = new Map<string, Policy>(
    [...overrides].map(([tenant, own]) => [tenant, { version: 1, capture: { ...capture, ...own }, guard }]),
  )
  return { policy: async (tenantId) => policies.get(tenantId) ?? defaults }
}
