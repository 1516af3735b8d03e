/**
 * The application on every runtime: our own routes first, everything else is proxied. It sees ports only; the two roots (`worker.ts`,
 * `node.ts`) bring the adapters.
 */
import { Hono, type Context } from 'hono'
import { appError } from './core/domain/errors.ts'
import { identify } from './core/identify/identify.ts'
import type { Pipeline } from './core/pipeline.ts'
import type { Background, Log } from './core/ports.ts'
import { docsRoutes, type DocsAssets } from './routes/docs.ts'
import { healthRoutes, type HealthSource } from './routes/health.ts'
import { loopbackOnly } from './routes/loopback-only.ts'
import { proxyHandler } from './routes/proxy.ts'
import { queryRoutes, type QueryDeps } from './routes/query/routes.ts'
import { renderError } from './routes/render-error.ts'

const OWN_PATHS: readonly string[] = [
  '/health',
  '/live',
  '/ready',
  '/metrics',
  '/openapi.json',
  '/docs',
  '/docs/*',
  '/dashboard',
  '/dashboard/*',
  '/mcp',
  '/v1/traces',
  '/favicon.ico',
]

export type AppDeps = {
  readonly pipeline: Pipeline
  readonly query: QueryDeps
  readonly health: HealthSource
  /** Prometheus text; null where the runtime has no process to count in. */
  readonly metrics: { text(): Promise<string>; readonly contentType: string } | null
  readonly docs: DocsAssets
  readonly backgroundOf: (c: Context) => Background
  /** Open mode that serves this machine only. */
  readonly isLoopbackOnly: boolean
  readonly log: Log
}

export function createApp(deps: AppDeps): Hono {
  const app = new Hono()
  if (deps.isLoopbackOnly) app.use('*', loopbackOnly())
  app.route('/', healthRoutes(deps.health))
  app.get('/metrics', async (c) => {
    // They tell of every tenant.
    const who = await identify(c.req.raw.headers, deps.query)
    if (!who.ok) return renderError(who.error)
    if (who.value.caller.role !== 'root') return renderError(appError('auth.denied', 'metrics are for the root key'))
    if (deps.metrics === null)
      return renderError(appError('request.not_found', 'metrics are kept by the process; there is none here'))
    return c.body(await deps.metrics.text(), 200, { 'content-type': deps.metrics.contentType })
  })
  const query = queryRoutes(deps.query)
  app.route('/api/v1', query.routes)
  app.route('/', docsRoutes(query.openapi, deps.docs))
  app.all('/api/v1/*', () => renderError(appError('request.not_found', 'there is no such route under /api/v1')))
  app.get('/', (c) => c.redirect('/docs'))
  // Ours, also where this version has nothing there: what is meant for us must not reach a provider.
  for (const path of OWN_PATHS)
    app.all(path, () => renderError(appError('request.not_found', `${path} has nothing to answer this here`)))
  app.all('*', proxyHandler(deps.pipeline, deps.backgroundOf))
  app.onError((error) => {
    deps.log.write('error', 'bug', { error })
    return renderError(appError('gateway.bug', 'something went wrong inside the gateway'))
  })
  return app
}
