/**
 * The query API under `/api/v1`: who asks is identified, what is asked is checked against the contract, and the store answers. The
 * tenant comes from the caller alone, never from a parameter.
 */
import { OpenAPIHono } from '@hono/zod-openapi'
import type { Context, MiddlewareHandler, TypedResponse } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { HTTPException } from 'hono/http-exception'
import type { z } from 'zod'
import { describeIssues, type Problem } from '../../contract/common.ts'
import {
  ACTION_BODY_BYTES_MAX,
  CURSOR_RULE,
  toFilter,
  toPage,
  toReportedAction,
  toWireActionsSummary,
  toWireStats,
  withStatsRange,
  type statsQuery,
} from '../../contract/query.ts'
import { toWho, toWireCosts } from '../../contract/costs.ts'
import { SCAN_BODY_BYTES_MAX, toFindingFilter, toWireFindingRow, toWireTextScan } from '../../contract/security.ts'
import { toWireAction, toWireFinding, toWireSpan, toWireTrace, toWireTraceRow } from '../../contract/trace.ts'
import { appError, type AppError } from '../../core/domain/errors.ts'
import type { GuardPolicy } from '../../core/domain/guard-policy.ts'
import type { GatewayConfig } from '../../core/domain/gateway.ts'
import type { LimitPolicy } from '../../core/domain/limit-policy.ts'
import { parseSpanId, parseTraceId } from '../../core/domain/ids.ts'
import type { FindingFilter, Page, PageRequest, SpanFilter } from '../../core/domain/query.ts'
import { err, invariant, ok } from '../../core/domain/result.ts'
import type { Caller } from '../../core/domain/tenant.ts'
import type { Guard } from '../../core/guard/guard.ts'
import { scanText } from '../../core/guard/scan.ts'
import { judgeReported } from '../../core/guard/reported-action.ts'
import { identify } from '../../core/identify/identify.ts'
import { createLimits } from '../../core/spend/limits.ts'
import {
  PortError,
  type Clock,
  type IdSource,
  type KeyStore,
  type Ledger,
  type Log,
  type PolicyStore,
  type TraceStore,
} from '../../core/ports.ts'
import { renderError } from '../render-error.ts'
import { mayUse, ROUTE_NAMES, type RouteName } from './access.ts'
import { openCursor, sealCursor } from './cursor.ts'
import { definitions } from './definitions.ts'
import { openApiDocument } from './document.ts'

export type QueryDeps = {
  readonly store: TraceStore
  readonly auth: GatewayConfig['auth']
  readonly keys: KeyStore
  /** That of the data plane. */
  readonly guard: Guard
  readonly policies: PolicyStore
  /** For a tenant without a policy of its own. */
  readonly guardPolicy: GuardPolicy
  readonly limitPolicy: LimitPolicy
  /** That of the data plane. */
  readonly ledger: Pick<Ledger, 'read'>
  readonly clock: Clock
  readonly ids: IdSource
  readonly log: Log
  /** Of this program, for the document. */
  readonly version: string
}

/** Characters of a scan that are judged before others have their turn. */
const SCAN_CHARS_AT_ONCE = 65_536

type QueryEnv = { Variables: { caller: Caller } }

/** To be mounted at `BASE_PATH`. Fails at once where a row of the access table has no handler. */
export function queryRoutes(deps: QueryDeps): { readonly routes: OpenAPIHono<QueryEnv>; readonly openapi: () => object } {
  const { store, guard, policies, clock, ids, log } = deps
  const routes = new OpenAPIHono<QueryEnv>({
    defaultHook: (result) => {
      if (result.success) return undefined
      return refuse(malformed(describeIssues(result.target === 'json' ? 'field' : 'parameter', result.error.issues)))
    },
  })
  routes.onError((error, c) => renderFailure(error, c, log))

  const served = new Set<RouteName>()
  const at = <Name extends RouteName>(name: Name, ...more: MiddlewareHandler[]) => {
    served.add(name)
    return { ...definitions[name], middleware: [requireRole(name, deps), ...more] as MiddlewareHandler<QueryEnv>[] }
  }

  routes.openapi(at('GET /traces'), async (c) => {
    const query = c.req.valid('query')
    const filter = toFilter(query, c.get('caller').tenantId)
    if (!filter.ok) return refuse(malformed(filter.error))
    const asked = pageAsked('traces', filter.value, toPage(query))
    if (!asked.ok) return refuse(malformed(asked.error))
    const { page, toWire } = asked.value
    return c.json(toWire(await store.traces(filter.value, page), toWireTraceRow), 200)
  })

  routes.openapi(at('GET /traces/{trace_id}'), async (c) => {
    const traceId = parseTraceId(c.req.valid('param').trace_id)
    const trace = traceId === null ? null : await store.trace(c.get('caller').tenantId, traceId)
    return trace === null ? refuse(notFound('trace')) : c.json(toWireTrace(trace), 200)
  })

  routes.openapi(at('DELETE /traces/{trace_id}'), async (c) => {
    const { tenantId, keyId, role } = c.get('caller')
    const traceId = parseTraceId(c.req.valid('param').trace_id)
    const isDeleted = traceId !== null && (await store.deleteTrace(tenantId, traceId))
    if (!isDeleted) return refuse(notFound('trace'))
    log.write('info', 'trace.deleted', { tenant_id: tenantId, trace_id: traceId, key_id: keyId, role })
    return c.body(null, 204)
  })

  routes.openapi(at('POST /traces/{trace_id}/actions', limitBody(ACTION_BODY_BYTES_MAX)), async (c) => {
    const traceId = parseTraceId(c.req.valid('param').trace_id)
    const reported = toReportedAction(c.req.valid('json'))
    const { tenantId } = c.get('caller')
    const policy = (await policies.policy(tenantId))?.guard ?? deps.guardPolicy
    const { findings, action } = judgeReported(guard, { action: reported, policy, findingId: () => ids.uuid() })
    const added = traceId === null ? null : await store.addAction(tenantId, traceId, action, findings)
    if (traceId === null || added === null) return refuse(notFound('trace'))
    return c.json(
      {
        status: 'ok' as const,
        action_id: added.id,
        trace_id: traceId,
        action: toWireAction(added, 'full'),
        security_findings: findings.map(toWireFinding),
      },
      201,
    )
  })

  routes.openapi(at('GET /spans'), async (c) => {
    const query = c.req.valid('query')
    const filter = toFilter(query, c.get('caller').tenantId)
    if (!filter.ok) return refuse(malformed(filter.error))
    const asked = pageAsked('spans', filter.value, toPage(query))
    if (!asked.ok) return refuse(malformed(asked.error))
    const { page, toWire } = asked.value
    return c.json(
      toWire(await store.spans(filter.value, page), (span) => toWireSpan(span, 'row')),
      200,
    )
  })

  routes.openapi(at('GET /spans/{span_id}'), async (c) => {
    const spanId = parseSpanId(c.req.valid('param').span_id)
    const span = spanId === null ? null : await store.span(c.get('caller').tenantId, spanId)
    return span === null ? refuse(notFound('span')) : c.json(toWireSpan(span, 'full'), 200)
  })

  const statsOf = async (caller: Caller, query: z.infer<typeof statsQuery>, acrossTenants: boolean) => {
    const asked = withStatsRange(query, clock.now())
    const filter = toFilter(asked, caller.tenantId)
    if (!filter.ok) return filter
    const groupBy = asked.group_by ?? null
    const timeZone = asked.tz ?? 'UTC'
    const stats = await store.stats({ filter: filter.value, groupBy, timeZone, acrossTenants })
    return { ok: true, value: toWireStats(stats, { ...asked, groupBy, timeZone }) } as const
  }

  routes.openapi(at('GET /stats'), async (c) => {
    const stats = await statsOf(c.get('caller'), c.req.valid('query'), false)
    return stats.ok ? c.json(stats.value, 200) : refuse(malformed(stats.error))
  })

  routes.openapi(at('GET /stats/global'), async (c) => {
    const stats = await statsOf(c.get('caller'), c.req.valid('query'), true)
    return stats.ok ? c.json(stats.value, 200) : refuse(malformed(stats.error))
  })

  routes.openapi(at('GET /actions/summary'), async (c) => {
    const filter = toFilter(c.req.valid('query'), c.get('caller').tenantId)
    if (!filter.ok) return refuse(malformed(filter.error))
    return c.json(toWireActionsSummary(await store.actionsSummary(filter.value)), 200)
  })

  routes.openapi(at('GET /security/findings'), async (c) => {
    const query = c.req.valid('query')
    const filter = toFindingFilter(query, c.get('caller').tenantId)
    if (!filter.ok) return refuse(malformed(filter.error))
    const asked = pageAsked('findings', filter.value, toPage(query))
    if (!asked.ok) return refuse(malformed(asked.error))
    const { page, toWire } = asked.value
    return c.json(toWire(await store.findings(filter.value, page), toWireFindingRow), 200)
  })

  routes.openapi(at('POST /guard/scan', limitBody(SCAN_BODY_BYTES_MAX)), async (c) => {
    const { inputs } = c.req.valid('json')
    const policy = (await policies.policy(c.get('caller').tenantId))?.guard ?? deps.guardPolicy
    const results: ReturnType<typeof toWireTextScan>[] = []
    let chars = 0
    for (const [i, { text, origin = 'user' }] of inputs.entries()) {
      chars += text.length
      if (chars > SCAN_CHARS_AT_ONCE && i > 0) {
        // The streams under way have their turn.
        await new Promise<void>((resolve) => clock.after(0, resolve))
        chars = text.length
      }
      const ask = { spanId: ids.spanId(), policy, text, origin, pointer: `/inputs/${i}/text` }
      results.push(toWireTextScan(scanText(guard, ask)))
    }
    return c.json({ results }, 200)
  })

  const limitsOf = createLimits()
  routes.openapi(at('GET /costs/current'), async (c) => {
    const { tenantId } = c.get('caller')
    const policy = (await policies.policy(tenantId))?.limits ?? deps.limitPolicy
    const now = clock.now()
    const limits = limitsOf(policy, toWho(c.req.valid('query')), now)
    if (limits.length === 0) return refuse(appError('request.not_found', 'no budget or rate is set for this tenant'))
    const balances = await deps.ledger.read(
      tenantId,
      limits.map(({ scope }) => scope),
    )
    return c.json(toWireCosts(limits, balances, policy.budgets?.timeZone ?? 'UTC', now), 200)
  })

  const unserved = ROUTE_NAMES.filter((name) => !served.has(name))
  invariant(unserved.length === 0, `every route of the access table has a handler: ${unserved.join(', ')}`)

  let document: object | null = null
  return { routes, openapi: () => (document ??= openApiDocument(deps.version)) }
}

/** Who calls, and may they. Runs before any parameter is read, so that a stranger learns nothing of them. */
function requireRole(name: RouteName, deps: QueryDeps): MiddlewareHandler<QueryEnv> {
  return async (c, next) => {
    const identified = await identify(c.req.raw.headers, deps)
    if (!identified.ok) return denied(name, identified.error, deps.log)
    const { caller } = identified.value
    if (!mayUse(name, caller.role)) {
      return denied(name, appError('auth.denied', 'this key may not do that', { reason: `role ${caller.role}` }), deps.log)
    }
    c.set('caller', caller)
    await next()
    c.res.headers.set('cache-control', 'no-store')
  }
}

function denied(name: RouteName, error: AppError, log: Log): Response {
  log.write('info', 'query.denied', { route: name, code: error.code, reason: error.reason })
  return renderError(error)
}

function limitBody(bytesMax: number): MiddlewareHandler {
  return bodyLimit({
    maxSize: bytesMax,
    onError: () => {
      const message = `the request body is over the limit of ${bytesMax} bytes`
      return renderError(appError('request.too_large', message, { extra: { limit_bytes: bytesMax } }))
    },
  })
}

/** What a handler threw: a dependency's failure is told and logged, a bug goes on to the application. */
function renderFailure(error: Error, c: Context, log: Log): Response {
  if (error instanceof PortError) {
    log.write('error', 'query.store_failed', { dependency: error.dependency, path: c.req.path, error })
    return renderError(appError('gateway.unavailable', 'a part of the gateway does not answer; try again'))
  }
  if (error instanceof HTTPException && error.status === 415) {
    return renderError(appError('request.malformed', 'content-type must be application/json'))
  }
  if (error instanceof HTTPException && error.status === 400) {
    return renderError(appError('request.malformed', 'the body must be JSON'))
  }
  throw error
}

/** A response that suits every route's type: the definitions list each refusal with the one shape that `renderError` writes. */
type Refusal = Response & TypedResponse<never, never, never>

function refuse(error: AppError): Refusal {
  return renderError(error) as Refusal
}

function malformed({ message, param }: Problem): AppError {
  return appError('request.malformed', message, { extra: { param } })
}

function notFound(what: 'trace' | 'span'): AppError {
  return appError('request.not_found', `there is no such ${what}`)
}

/** What a list's page asks of the store, and how its answer is shown. Fails for a cursor that belongs to another question. */
function pageAsked(route: string, filter: SpanFilter | FindingFilter, page: PageRequest) {
  const question = { route, filter, order: page.order }
  const cursor = page.cursor === null ? null : openCursor(page.cursor, question)
  if (cursor === null && page.cursor !== null) {
    return err({ message: `parameter cursor ${CURSOR_RULE}, with the same filters and order`, param: 'cursor' })
  }
  const toWire = <Row, Wire>(found: Page<Row>, rowToWire: (row: Row) => Wire) => ({
    data: found.data.map(rowToWire),
    total: found.total,
    limit: page.limit,
    offset: page.offset,
    next_cursor: sealCursor(found.nextCursor, question),
  })
  return ok({ page: { ...page, cursor }, toWire })
}
