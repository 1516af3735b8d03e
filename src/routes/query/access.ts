/** Who may ask what: every route of the query API and the least role it takes. The middleware and the API's document both read it. */
import type { Role } from '../../core/domain/tenant.ts'

export const ACCESS = {
  'GET /traces': 'viewer',
  'GET /traces/{trace_id}': 'viewer',
  'DELETE /traces/{trace_id}': 'admin',
  'POST /traces/{trace_id}/actions': 'operator',
  'GET /spans': 'viewer',
  'GET /spans/{span_id}': 'viewer',
  'GET /stats': 'viewer',
  'GET /stats/global': 'root',
  'GET /costs/current': 'viewer',
  'GET /actions/summary': 'viewer',
  'GET /security/findings': 'viewer',
  'POST /guard/scan': 'operator',
} as const satisfies { readonly [route: string]: Exclude<Role, 'proxy'> }

export type RouteName = keyof typeof ACCESS

export const ROUTE_NAMES = Object.keys(ACCESS) as readonly RouteName[]

/** What keys of role `proxy` may use too: it is a part of their traffic. */
export const FOR_PROXY_KEYS: ReadonlySet<RouteName> = new Set<RouteName>(['POST /guard/scan'])

/** `proxy` keys send traffic and may ask nothing else. */
const RANK: { readonly [role in Role]: number } = { proxy: 0, viewer: 1, operator: 2, admin: 3, root: 4 }

export function mayUse(route: RouteName, role: Role): boolean {
  return role === 'proxy' ? FOR_PROXY_KEYS.has(route) : RANK[role] >= RANK[ACCESS[route]]
}
