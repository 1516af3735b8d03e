import { unlimitedLedger } from '../../src/adapters/memory/unlimited-ledger.ts'
import { NO_LIMITS } from '../../src/core/domain/limit-policy.ts'
import { describe, expect, test } from 'bun:test'
import { readFile } from 'node:fs/promises'
import { createIdSource } from '../../src/adapters/web/ids.ts'
import { createApp } from '../../src/app.ts'
import { openApiText } from '../../src/cli/write-openapi.ts'
import { dialectOfPath } from '../../src/core/dialects/registry.ts'
import { asArray, asRecord, asString, type Json, type JsonRecord } from '../../src/core/domain/json.ts'
import { ACCESS, ROUTE_NAMES } from '../../src/routes/query/access.ts'
import { BASE_PATH } from '../../src/routes/query/definitions.ts'
import { DATA_PLANE, openApiDocument } from '../../src/routes/query/document.ts'
import { aGuard, aPolicy } from '../support/guard.ts'
import { NOW } from './spans.ts'
import { storeOf } from './store.ts'

const document = asRecord(openApiDocument('1.2.3')) ?? {}
const METHODS = ['get', 'post', 'put', 'patch', 'delete']

type Operation = { readonly name: string; readonly path: string; readonly operation: JsonRecord }

const operations: readonly Operation[] = Object.entries(asRecord(document['paths']) ?? {}).flatMap(([path, item]) =>
  METHODS.flatMap((method) => {
    const operation = asRecord(asRecord(item)?.[method])
    return operation === null ? [] : [{ name: `${method.toUpperCase()} ${path}`, path, operation }]
  }),
)

const unused = (): never => {
  throw new Error('no call is made')
}

test('docs/openapi.json is what the code says; `npm run openapi` writes it anew', async () => {
  const committed = await readFile(new URL('../../docs/openapi.json', import.meta.url), 'utf8')
  expect(committed).toBe(await openApiText())
})

test('the same version gives the same document', () => {
  expect(JSON.stringify(openApiDocument('1.2.3'))).toBe(JSON.stringify(document))
})

describe('the document', () => {
  test('lists the routes of the application, each of them and no other', async () => {
    const clock = { now: () => NOW, monotonic: () => 0, after: () => () => {} }
    const log = { isEnabled: () => false, write: () => {} }
    const app = createApp({
      pipeline: { handle: unused } as unknown as Parameters<typeof createApp>[0]['pipeline'],
      query: {
        store: await storeOf([]),
        auth: { mode: 'open', adminKey: null },
        keys: { find: unused, tenant: unused, ensureTenant: unused, project: unused },
        guard: aGuard(),
        policies: { policy: async () => null },
        guardPolicy: aPolicy(),
        limitPolicy: NO_LIMITS,
        ledger: unlimitedLedger,
        clock,
        ids: createIdSource(clock.now),
        log,
        version: '1.2.3',
      },
      health: {
        version: '1.2.3',
        phase: () => 'running',
        pingStore: async () => {},
        isQueueDegraded: () => false,
        delivery: unused,
        breakers: () => new Map(),
      },
      metrics: null,
      docs: { read: async () => null },
      backgroundOf: unused,
      isLoopbackOnly: false,
      log,
    })
    const routed = app.routes
      .filter(({ method }) => method !== 'ALL')
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`)
      // Parts of the documentation's page, and the way to it.
      .filter((name) => name !== 'GET /' && !name.startsWith('GET /docs/'))
    const described = operations
      .filter(({ operation }) => !asArray(operation['tags']).includes('data plane'))
      .map(({ name }) => name)
    expect(new Set(routed)).toEqual(new Set(described))
  })

  test('says for every query route which role it takes', () => {
    for (const name of ROUTE_NAMES) {
      const [method, path] = name.split(' ')
      const found = operations.find((candidate) => candidate.name === `${method} ${BASE_PATH}${path}`)
      expect(found?.operation['x-minimum-role']).toBe(ACCESS[name])
      expect(asString(found?.operation['description'])).toContain(ACCESS[name])
      expect(found?.operation['security']).toEqual([{ bearer: [] }, { gatewayKey: [] }])
      for (const status of ['400', '401', '403', '503'])
        expect(Object.keys(asRecord(found?.operation['responses']) ?? {})).toContain(status)
    }
  })

  test('shows of the data plane only paths whose dialect is known, or that are passed on as they are', () => {
    const opaque = DATA_PLANE.filter(({ path }) => dialectOfPath({ path, search: '' }).dialect.name === 'opaque').map(
      ({ path }) => path,
    )
    expect(opaque).toEqual(['/v1/models', '/p/{provider}/{path}'])
  })

  test('has no reference into nothing, and no component that nothing refers to', () => {
    const components = asRecord(asRecord(document['components'])?.['schemas']) ?? {}
    const refs = new Set([...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref))
    expect(refs).toEqual(new Set(Object.keys(components).map((name) => `#/components/schemas/${name}`)))
  })

  test('names every operation and its path parameters once, with a summary and a known tag', () => {
    const ids = operations.flatMap(({ operation }) => asString(operation['operationId']) ?? [])
    expect(new Set(ids).size).toBe(ids.length)
    const tags = asArray(document['tags']).map((tag) => asRecord(tag)?.['name'])
    for (const { path, operation } of operations) {
      const parameters = asArray(operation['parameters']).map((value) => asRecord(value))
      const inPath = parameters.filter((value) => value?.['in'] === 'path').map((value) => value?.['name'])
      expect(inPath as unknown[]).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))
      expect(asString(operation['summary'])).toBeTruthy()
      expect(asArray(operation['tags']).every((tag) => tags.includes(tag as string))).toBe(true)
      expect(parameters.every((value) => asString(value?.['description']) !== null || value?.['in'] === 'path')).toBe(true)
    }
  })

  test('gives every schema a type, a reference or a choice, and examples of that type', () => {
    const problems: string[] = []
    const visit = (value: Json, at: string): void => {
      const schema = asRecord(value)
      if (schema === null) return
      const types = [schema['type']].flat()
      if (
        'example' in schema &&
        !types.includes(typeOf(schema['example'])) &&
        !(types.includes('number') && typeOf(schema['example']) === 'integer')
      ) {
        problems.push(`${at}: example is no ${types.join('|')}`)
      }
      if (types[0] === undefined && !('$ref' in schema) && !('anyOf' in schema) && Object.keys(schema).length > 0)
        problems.push(`${at}: no type`)
      for (const [name, property] of Object.entries(asRecord(schema['properties']) ?? {})) visit(property, `${at}.${name}`)
      for (const key of asArray(schema['required'])) {
        if (!(String(key) in (asRecord(schema['properties']) ?? {}))) problems.push(`${at}: requires ${String(key)}`)
      }
      visit(schema['items'], `${at}[]`)
      visit(schema['additionalProperties'], `${at}{}`)
    }
    for (const [name, schema] of Object.entries(asRecord(asRecord(document['components'])?.['schemas']) ?? {}))
      visit(schema, name)
    for (const { name, operation } of operations) {
      for (const value of asArray(operation['parameters']))
        visit(asRecord(value)?.['schema'], `${name} ${String(asRecord(value)?.['name'])}`)
    }
    expect(problems).toEqual([])
  })

  test('says null only where a thing may be null', () => {
    const schemas = asRecord(asRecord(document['components'])?.['schemas']) ?? {}
    for (const [name, schema] of Object.entries(schemas))
      expect(`${name} ${String(asRecord(schema)?.['type'])}`).toBe(`${name} object`)
    const span = asRecord(asRecord(schemas['Span'])?.['properties']) ?? {}
    expect(asRecord(span['prompt_tokens'])?.['type']).toEqual(['integer', 'null'])
    expect(span['usage']).toEqual({ anyOf: [{ $ref: '#/components/schemas/Usage' }, { type: 'null' }] })
  })
})

function typeOf(value: Json): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return typeof value === 'number' && Number.isInteger(value) ? 'integer' : typeof value
}
