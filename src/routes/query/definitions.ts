/** Every route of the query API as data: method and path, what it takes and what it answers. The handlers are in `routes.ts`. */
import { createRoute, z } from '@hono/zod-openapi'
import { errorSchema, spanIdSchema, traceIdSchema } from '../../contract/common.ts'
import { costsQuery, costsSchema } from '../../contract/costs.ts'
import {
  actionAddedSchema,
  actionsSummaryQuery,
  actionsSummarySchema,
  noQuery,
  reportedActionSchema,
  spanListQuery,
  statsQuery,
  statsSchema,
  traceListQuery,
} from '../../contract/query.ts'
import { findingListQuery, findingPageSchema, scanAnswerSchema, scanRequestSchema } from '../../contract/security.ts'
import { spanPageSchema, spanSchema, tracePageSchema, traceSchema } from '../../contract/trace.ts'
import { ACCESS, FOR_PROXY_KEYS, type RouteName } from './access.ts'

/** Where the routes are mounted. */
export const BASE_PATH = '/api/v1'

type MethodOf<Name extends string> = Name extends `${infer Method} ${string}` ? Lowercase<Method> : never
type PathOf<Name extends string> = Name extends `${string} ${infer Path}` ? Path : never

const json = <Schema extends z.ZodType>(description: string, schema: Schema) => ({
  description,
  content: { 'application/json': { schema } },
})

const problem = (description: string) => json(description, errorSchema)

const REFUSALS = {
  400: problem('`request.malformed`: the parameter or field, and what it may be.'),
  401: problem('`auth.required`: no gateway key, or one that is unknown, expired or revoked.'),
  403: problem('`auth.denied`: the key may not do this.'),
  503: problem('`gateway.unavailable`: the store does not answer; `Retry-After` says when to try again.'),
} as const

const TOO_LARGE = { 413: problem('`request.too_large`: the body is over the limit.') } as const

const NOT_FOUND = { 404: problem("`request.not_found`: there is none of that id, or it is another tenant's.") } as const

/** Method and path stand in the name, so that no route is without its row in the access table. */
function at<const Name extends RouteName>(name: Name, description?: string) {
  const [method = '', path] = name.split(' ')
  const proxyToo = FOR_PROXY_KEYS.has(name) ? ', or of role `proxy`' : ''
  const role = ACCESS[name] === 'root' ? 'the root key' : `a key of role \`${ACCESS[name]}\` or above${proxyToo}`
  return {
    method: method.toLowerCase() as MethodOf<Name>,
    path: path as PathOf<Name>,
    description: `${description === undefined ? '' : `${description} `}Takes ${role}.`,
    security: [{ bearer: [] }, { gatewayKey: [] }],
    operationId: operationIdOf(name),
    'x-minimum-role': ACCESS[name],
  }
}

/** `GET /traces/{trace_id}` becomes `get_traces_trace_id`. */
function operationIdOf(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z]+/g, '_')
    .replace(/_$/, '')
}

const traceParams = z.object({ trace_id: traceIdSchema })
const spanParams = z.object({ span_id: spanIdSchema })

export const definitions = {
  'GET /traces': createRoute({
    ...at('GET /traces', 'A trace is listed when one of its spans matches every filter.'),
    tags: ['traces'],
    summary: 'List traces',
    request: { query: traceListQuery },
    responses: { 200: json('A page of traces.', tracePageSchema), ...REFUSALS },
  }),
  'GET /traces/{trace_id}': createRoute({
    ...at('GET /traces/{trace_id}', 'At most the first 1000 spans.'),
    tags: ['traces'],
    summary: 'One trace with all its spans, texts included',
    request: { params: traceParams, query: noQuery },
    responses: { 200: json('The trace.', traceSchema), ...REFUSALS, ...NOT_FOUND },
  }),
  'DELETE /traces/{trace_id}': createRoute({
    ...at('DELETE /traces/{trace_id}'),
    tags: ['traces'],
    summary: 'Delete a trace and its spans',
    request: { params: traceParams, query: noQuery },
    responses: { 204: { description: 'It is gone.' }, ...REFUSALS, ...NOT_FOUND },
  }),
  'POST /traces/{trace_id}/actions': createRoute({
    ...at('POST /traces/{trace_id}/actions', "Adds the action to the trace's first span."),
    tags: ['actions'],
    summary: 'Report what an agent did',
    request: {
      params: traceParams,
      query: noQuery,
      body: { required: true, content: { 'application/json': { schema: reportedActionSchema } } },
    },
    responses: {
      201: json('The action as it was stored.', actionAddedSchema),
      ...REFUSALS,
      ...NOT_FOUND,
      ...TOO_LARGE,
    },
  }),
  'GET /spans': createRoute({
    ...at('GET /spans'),
    tags: ['spans'],
    summary: 'List spans',
    request: { query: spanListQuery },
    responses: { 200: json('A page of spans, without texts.', spanPageSchema), ...REFUSALS },
  }),
  'GET /spans/{span_id}': createRoute({
    ...at('GET /spans/{span_id}'),
    tags: ['spans'],
    summary: 'One span, texts included',
    request: { params: spanParams, query: noQuery },
    responses: { 200: json('The span.', spanSchema), ...REFUSALS, ...NOT_FOUND },
  }),
  'GET /stats': createRoute({
    ...at('GET /stats', 'Without times: the last 24 hours. The answer says which range was used.'),
    tags: ['stats'],
    summary: 'Requests, tokens, cost, errors and latencies of a range',
    request: { query: statsQuery },
    responses: { 200: json('The figures.', statsSchema), ...REFUSALS },
  }),
  'GET /stats/global': createRoute({
    ...at('GET /stats/global'),
    tags: ['stats'],
    summary: 'The same over all tenants',
    request: { query: statsQuery },
    responses: { 200: json('The figures.', statsSchema), ...REFUSALS },
  }),
  'GET /actions/summary': createRoute({
    ...at('GET /actions/summary'),
    tags: ['actions'],
    summary: 'What agents did: counts by kind, and the most frequent actions',
    request: { query: actionsSummaryQuery },
    responses: { 200: json('The counts.', actionsSummarySchema), ...REFUSALS },
  }),
  'GET /security/findings': createRoute({
    ...at('GET /security/findings'),
    tags: ['security'],
    summary: 'List findings, with the spans that they were found in',
    request: { query: findingListQuery },
    responses: { 200: json('A page of findings.', findingPageSchema), ...REFUSALS },
  }),
  'GET /costs/current': createRoute({
    ...at('GET /costs/current', 'The budgets and rates of the tenant, and of each agent, user, project and key that is named.'),
    tags: ['costs'],
    summary: 'What is spent, what is held, when it resets',
    request: { query: costsQuery },
    responses: { 200: json('The limits that hold now.', costsSchema), ...REFUSALS, ...NOT_FOUND },
  }),
  'POST /guard/scan': createRoute({
    ...at(
      'POST /guard/scan',
      "Judges texts as the data plane would, by the same rules and the tenant's policy. Nothing of them is stored, sent on or alerted.",
    ),
    tags: ['security'],
    summary: 'What the guard makes of texts',
    request: { query: noQuery, body: { required: true, content: { 'application/json': { schema: scanRequestSchema } } } },
    responses: { 200: json('What it made of each of them.', scanAnswerSchema), ...REFUSALS, ...TOO_LARGE },
  }),
} as const satisfies { readonly [name in RouteName]: object }
