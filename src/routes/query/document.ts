/** The OpenAPI document, made from the routes' own definitions. What is not a query route (data plane, health) is described here. */
import { OpenAPIHono, z, type RouteConfig } from '@hono/zod-openapi'
import { errorSchema } from '../../contract/common.ts'
import { BASE_PATH, definitions } from './definitions.ts'

const INFO = {
  title: 'LLMTrace',
  description: [
    'A transparent gateway for LLM traffic. A program changes its base URL; every other path than the ones listed here is passed to the provider as it is, and traced.',
    'Errors are `{"error": {"message", "type", "code", "param", "request_id"}}` here; on the data plane they have the form of the dialect that the caller speaks, always with our `code`.',
    'Times are RFC 3339, UTC. Null means: not measured.',
  ].join('\n\n'),
  license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
}

const TAGS = [
  { name: 'traces', description: 'A trace is all the calls that share a trace id.' },
  { name: 'spans', description: 'A span is one call through the gateway.' },
  { name: 'stats', description: 'Figures over many calls.' },
  { name: 'actions', description: "What agents did or asked for: tool calls of answers, and reports of the agents' own." },
  { name: 'security', description: 'What the guard found, and what it makes of a text.' },
  { name: 'costs', description: 'Budgets and rates, and how much of them is used.' },
  { name: 'data plane', description: 'Paths of the providers. Bodies, headers and answers are theirs, byte for byte.' },
  { name: 'operation', description: 'Is it up, how does it fare, and this document.' },
]

/** A path of a provider, with a word on the client that calls it. */
export const DATA_PLANE: readonly { readonly method: 'get' | 'post'; readonly path: string; readonly summary: string }[] = [
  { method: 'post', path: '/v1/chat/completions', summary: 'OpenAI chat completions' },
  { method: 'post', path: '/v1/completions', summary: 'OpenAI completions' },
  { method: 'post', path: '/v1/responses', summary: 'OpenAI responses' },
  { method: 'post', path: '/v1/embeddings', summary: 'OpenAI embeddings' },
  { method: 'get', path: '/v1/models', summary: 'OpenAI models' },
  { method: 'post', path: '/v1/messages', summary: 'Anthropic messages' },
  { method: 'post', path: '/v1/messages/count_tokens', summary: 'Anthropic token counting' },
  { method: 'post', path: '/v1beta/models/{model}:generateContent', summary: 'Gemini' },
  { method: 'post', path: '/v1beta/models/{model}:streamGenerateContent', summary: 'Gemini, streamed' },
  { method: 'post', path: '/v1beta/models/{model}:embedContent', summary: 'Gemini embeddings' },
  { method: 'post', path: '/api/chat', summary: 'Ollama chat' },
  { method: 'post', path: '/api/generate', summary: 'Ollama generate' },
  { method: 'post', path: '/api/embed', summary: 'Ollama embeddings' },
  { method: 'post', path: '/openai/deployments/{deployment}/chat/completions', summary: 'Azure OpenAI' },
  { method: 'post', path: '/model/{model}/converse', summary: 'Bedrock converse' },
  { method: 'post', path: '/model/{model}/converse-stream', summary: 'Bedrock converse, streamed' },
  { method: 'post', path: '/model/{model}/invoke', summary: 'Bedrock invoke' },
  {
    method: 'post',
    path: '/p/{provider}/{path}',
    summary: "Any provider by name; `path` is the provider's own, slashes included",
  },
]

const healthSchema = z
  .looseObject({ status: z.string().openapi({ example: 'healthy' }) })
  .openapi('Health', { description: 'Each subsystem is named, with what is wrong with it.' })

const ANSWERS = {
  health: { 'application/json': { schema: healthSchema } },
  text: { 'text/plain': { schema: z.string() } },
  html: { 'text/html': { schema: z.string() } },
  object: { 'application/json': { schema: z.looseObject({}) } },
  error: { 'application/json': { schema: errorSchema } },
}

const OPERATION: readonly RouteConfig[] = [
  {
    method: 'get',
    path: '/health',
    summary: 'Health of each subsystem',
    responses: {
      200: { description: 'Healthy or degraded.', content: ANSWERS.health },
      503: { description: 'Starting or draining.', content: ANSWERS.health },
    },
  },
  {
    method: 'get',
    path: '/live',
    summary: 'The process answers',
    responses: { 200: { description: 'It does.', content: ANSWERS.health } },
  },
  {
    method: 'get',
    path: '/ready',
    summary: 'It takes traffic',
    responses: {
      200: { description: 'It does.', content: ANSWERS.health },
      503: { description: 'Starting or draining.', content: ANSWERS.health },
    },
  },
  {
    method: 'get',
    path: '/metrics',
    summary: 'Prometheus metrics',
    responses: {
      200: { description: 'Text exposition.', content: ANSWERS.text },
      404: { description: 'This runtime keeps none.', content: ANSWERS.error },
    },
  },
  {
    method: 'get',
    path: '/openapi.json',
    summary: 'This document',
    responses: { 200: { description: 'OpenAPI 3.1.', content: ANSWERS.object } },
  },
  {
    method: 'get',
    path: '/docs',
    summary: 'This document, to read and to try',
    responses: { 200: { description: 'A page.', content: ANSWERS.html } },
  },
]

/** The whole document. Two calls with the same version give the same JSON. */
export function openApiDocument(version: string): object {
  const { openAPIRegistry: registry, getOpenAPI31Document } = new OpenAPIHono()
  registry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    description: 'A gateway key (`llmt_…`). None is needed in `auth.mode: open`.',
  })
  registry.registerComponent('securitySchemes', 'gatewayKey', {
    type: 'apiKey',
    in: 'header',
    name: 'X-LLMTrace-Key',
    description: "The same key, where `Authorization` carries the provider's own.",
  })
  for (const definition of Object.values(definitions)) {
    registry.registerPath({ ...definition, path: `${BASE_PATH}${definition.path}` })
  }
  for (const { method, path, summary } of DATA_PLANE) registry.registerPath(dataPlaneRoute(method, path, summary))
  for (const route of OPERATION) registry.registerPath({ ...route, tags: ['operation'] })
  return getOpenAPI31Document({ openapi: '3.1.0', info: { ...INFO, version }, servers: [{ url: '/' }], tags: TAGS })
}

function dataPlaneRoute(method: 'get' | 'post', path: string, summary: string): RouteConfig {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
  return {
    method,
    path,
    tags: ['data plane'],
    summary,
    security: [{}, { bearer: [] }, { gatewayKey: [] }],
    request: {
      params: z.object(Object.fromEntries(names.map((name) => [name, z.string()]))),
      ...(method === 'get' ? {} : { body: { content: ANSWERS.object } }),
    },
    responses: { default: { description: "The provider's own answer, or a refusal in its dialect." } },
  }
}
