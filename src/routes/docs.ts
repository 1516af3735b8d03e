/**
 * The API's document and a page to read it. Everything comes from our own origin: no CDN, no inline script, and nothing of a request
 * is ever written into a page.
 */
import { Hono } from 'hono'
import { html } from 'hono/html'
import { asArray, asRecord, asString, type Json, type JsonRecord } from '../core/domain/json.ts'

/** Files of `swagger-ui-dist`. */
export type DocsAssetName = 'swagger-ui.css' | 'swagger-ui-bundle.js'

export type DocsAssets = {
  /** Null where the file was not installed or deployed. */
  readonly read: (name: DocsAssetName) => Promise<Uint8Array | null>
}

const ASSETS: readonly { readonly name: DocsAssetName; readonly contentType: string }[] = [
  { name: 'swagger-ui.css', contentType: 'text/css; charset=utf-8' },
  { name: 'swagger-ui-bundle.js', contentType: 'text/javascript; charset=utf-8' },
]

/** `data:` images are the icons inside Swagger UI's style sheet. */
const PAGE_HEADERS: { readonly [name: string]: string } = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache',
}

/** No option may come from the page's address, no key is remembered, and no other host is asked about the document. */
const INIT_SCRIPT = `window.addEventListener('load', () => {
  window.SwaggerUIBundle({
    url: '/openapi.json',
    dom_id: '#docs',
    deepLinking: true,
    docExpansion: 'list',
    queryConfigEnabled: false,
    persistAuthorization: false,
    validatorUrl: null,
  })
})
`

const METHODS: readonly string[] = ['get', 'post', 'put', 'patch', 'delete']

export function docsRoutes(openapi: () => object, assets: DocsAssets): Hono {
  const routes = new Hono()

  routes.get('/openapi.json', (c) => c.json(openapi(), 200, { 'cache-control': 'no-cache' }))

  routes.get('/docs', async (c) => {
    const files = await Promise.all(ASSETS.map(({ name }) => assets.read(name)))
    const page = files.includes(null) ? plainPage(openapi()) : uiPage(openapi())
    return c.html(page, 200, PAGE_HEADERS)
  })
  routes.get('/docs/', (c) => c.redirect('/docs', 301))

  routes.get('/docs/init.js', (c) => c.body(INIT_SCRIPT, 200, assetHeaders('text/javascript; charset=utf-8')))
  for (const { name, contentType } of ASSETS) {
    routes.get(`/docs/${name}`, async (c) => {
      const file = await assets.read(name)
      return file === null ? c.notFound() : c.body(file as Uint8Array<ArrayBuffer>, 200, assetHeaders(contentType))
    })
  }
  return routes
}

function assetHeaders(contentType: string): { readonly [name: string]: string } {
  return { 'content-type': contentType, 'x-content-type-options': 'nosniff', 'cache-control': 'public, max-age=3600' }
}

function uiPage(document: object) {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>LLMTrace API</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="/docs/swagger-ui.css" />
        <script src="/docs/swagger-ui-bundle.js" defer></script>
        <script src="/docs/init.js" defer></script>
      </head>
      <body>
        <div id="docs"></div>
        <noscript>${routeList(document)}</noscript>
      </body>
    </html>`
}

/** What a reader gets where Swagger UI is not there: every route with its parameters. */
function plainPage(document: object) {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>LLMTrace API</title>
        <link rel="icon" href="data:," />
      </head>
      <body>
        ${routeList(document)}
      </body>
    </html>`
}

/** `html` escapes every value, so that no text of the document becomes markup. */
function routeList(document: object) {
  const root = asRecord(document)
  const info = asRecord(root?.['info'])
  const tags = recordsOf(root?.['tags'])
  const operations = Object.entries(asRecord(root?.['paths']) ?? {}).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = asRecord(asRecord(item)?.[method])
      return operation === null ? [] : [{ name: `${method.toUpperCase()} ${path}`, operation }]
    }),
  )
  return html`<h1>${asString(info?.['title'])} ${asString(info?.['version'])}</h1>
    <p>${asString(info?.['description'])}</p>
    <p>The whole document: <a href="/openapi.json">/openapi.json</a></p>
    ${tags.map((tag) => {
      const ours = operations.filter(({ operation }) => asArray(operation['tags']).includes(tag['name']))
      return html`<h2>${asString(tag['name'])}</h2>
        <p>${asString(tag['description'])}</p>
        ${ours.map(
          ({ name, operation }) =>
            html`<h3><code>${name}</code></h3>
              <p>${asString(operation['summary'])} ${asString(operation['description'])}</p>
              ${parameterList(operation['parameters'])}`,
        )}`
    })}`
}

function parameterList(parameters: Json) {
  const items = recordsOf(parameters)
  if (items.length === 0) return ''
  return html`<ul>
    ${items.map((item) => html`<li><code>${asString(item['name'])}</code>: ${asString(item['description'])}</li>`)}
  </ul>`
}

function recordsOf(value: Json): readonly JsonRecord[] {
  return asArray(value).flatMap((item): readonly JsonRecord[] => {
    const record = asRecord(item)
    return record === null ? [] : [record]
  })
}
