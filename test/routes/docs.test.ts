import { describe, expect, test } from 'bun:test'
import { createDocsAssets } from '../../src/adapters/selfhost/docs-assets.ts'
import { docsRoutes, type DocsAssets } from '../../src/routes/docs.ts'
import { openApiDocument } from '../../src/routes/query/document.ts'

const installed = createDocsAssets()
const absent: DocsAssets = createDocsAssets('swagger-ui-that-nobody-installed')
const get = (path: string, assets: DocsAssets = installed, document: object = openApiDocument('1.2.3')) =>
  docsRoutes(() => document, assets).request(path)

test('the document is served as JSON', async () => {
  const response = await get('/openapi.json')
  expect(response.headers.get('content-type')).toStartWith('application/json')
  expect(await response.json()).toEqual(openApiDocument('1.2.3'))
})

describe('the page', () => {
  test.each([
    ['with Swagger UI', installed],
    ['without it', absent],
  ])('%s allows no inline script or style, no other origin and no frame', async (_, assets) => {
    const response = await get('/docs', assets)
    const policy = response.headers.get('content-security-policy') ?? ''
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toStartWith('text/html')
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toMatch(/unsafe|\*|https?:/)
    const page = await response.text()
    // What the policy would refuse is not there, so nothing breaks silently.
    expect(page).not.toMatch(/<script(?![^>]*\ssrc="\/docs\/)|\son\w+=|\sstyle=|<style|javascript:/i)
    expect(
      [...page.matchAll(/\s(?:src|href)="([^"]*)"/g)]
        .map(([, url]) => url)
        .every((url) => /^(\/(?!\/)|data:,$)/.test(url ?? '')),
    ).toBe(true)
  })

  test('finds every file that it asks for, each of the right type', async () => {
    const page = await (await get('/docs')).text()
    const files = [...page.matchAll(/(?:src|href)="(\/docs\/[^"]+)"/g)].map(([, url]) => url ?? '')
    expect(files).toEqual(['/docs/swagger-ui.css', '/docs/swagger-ui-bundle.js', '/docs/init.js'])
    for (const file of files) {
      const response = await get(file)
      expect(response.status).toBe(200)
      expect(response.headers.get('content-type')).toBe(
        file.endsWith('.css') ? 'text/css; charset=utf-8' : 'text/javascript; charset=utf-8',
      )
      expect((await response.arrayBuffer()).byteLength).toBeGreaterThan(100)
    }
  })

  test('takes no option from its address and remembers no key', async () => {
    expect(await (await get('/docs?url=https://evil.example/x.json&configUrl=//evil.example')).text()).toBe(
      await (await get('/docs')).text(),
    )
    const script = await (await get('/docs/init.js')).text()
    expect(script).toContain('queryConfigEnabled: false')
    expect(script).toContain('persistAuthorization: false')
    expect(script).toContain('validatorUrl: null')
    expect(script).not.toMatch(/https?:|\/\//)
  })

  test('without Swagger UI lists every route with its parameters', async () => {
    const page = await (await get('/docs', absent)).text()
    for (const path of Object.keys((openApiDocument('1.2.3') as { paths: object }).paths)) expect(page).toContain(` ${path}<`)
    expect(page).toContain('<code>min_cost_usd</code>')
    expect(page).not.toContain('<script')
    expect((await get('/docs/swagger-ui-bundle.js', absent)).status).toBe(404)
  })

  test('shows markup in the document as text, with and without Swagger UI', async () => {
    const evil = '"><img src=x onerror=alert(1)></noscript><script>alert(1)</script>'
    const document = {
      info: { title: evil, version: evil, description: evil },
      tags: [{ name: evil, description: evil }],
      paths: {
        [`/${evil}`]: {
          get: { tags: [evil], summary: evil, description: evil, parameters: [{ name: evil, description: evil }] },
        },
      },
    }
    for (const assets of [installed, absent]) {
      const page = await (await get('/docs', assets, document)).text()
      expect(page).not.toContain('<img')
      expect(page).not.toContain('<script>')
      expect(page.match(/<\/noscript>/g)?.length ?? 0).toBeLessThanOrEqual(1)
      expect(page.split('&lt;script&gt;').length).toBeGreaterThan(8)
    }
  })

  test('a document of another shape breaks nothing', async () => {
    for (const document of [{}, { paths: null, tags: 'x' }, { paths: { '/x': { get: 1 } }, tags: [1] }]) {
      expect((await get('/docs', absent, document)).status).toBe(200)
    }
  })
})

test('a name that is no asset is not read', async () => {
  for (const path of ['/docs/package.json', '/docs/../package.json', '/docs/%2e%2e%2fpackage.json', '/docs/swagger-ui.js']) {
    expect((await get(path)).status).toBe(404)
  }
})
