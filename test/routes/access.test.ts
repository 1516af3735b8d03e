import { describe, expect, test } from 'bun:test'
import { ACCESS, FOR_PROXY_KEYS, ROUTE_NAMES, type RouteName } from '../../src/routes/query/access.ts'
import { ADMIN_KEY, ROLES, createApi, keyOf, type Api } from './api.ts'
import { aFinding, aSpan, anAction, spanIdOf, tenant, traceIdOf } from './spans.ts'
import { storeOf } from './store.ts'

const RANK = ['viewer', 'operator', 'admin', 'root']

/** Span and trace 1 are acme's, 2 are globex's. */
const store = () =>
  storeOf([
    aSpan(1, { tags: { of: 'acme' }, actions: [anAction()], findings: [aFinding()] }),
    aSpan(2, {
      tenantId: tenant('globex'),
      tags: { of: 'globex' },
      actions: [anAction({ name: 'globex_tool' })],
      findings: [aFinding({ id: 'f-globex', findingType: 'globex_finding' })],
    }),
  ])

const BODIES: { readonly [name in RouteName]?: string } = {
  'POST /traces/{trace_id}/actions': '{"action_type":"tool_call","name":"x"}',
  'POST /guard/scan': '{"inputs":[{"text":"x"}]}',
}

const mayUse = (name: RouteName, role: string): boolean =>
  role === 'proxy' ? name === 'POST /guard/scan' : RANK.indexOf(role) >= RANK.indexOf(ACCESS[name])

/** Asks a route for the records number `n`. */
function askRoute(api: Api, name: RouteName, n: number, init: Parameters<Api['ask']>[1] = {}): ReturnType<Api['ask']> {
  const [method = '', path = ''] = name.split(' ')
  const filled = path.replace('{trace_id}', traceIdOf(n)).replace('{span_id}', spanIdOf(n))
  const body = method === 'POST' ? { body: BODIES[name] ?? '' } : {}
  return api.ask(filled, { method, ...body, ...init, headers: { 'content-type': 'application/json', ...init.headers } })
}

describe.each(ROUTE_NAMES)('%s', (name) => {
  test.each([...ROLES, 'root'])(`is open to ${ACCESS[name]} and above, judged for %s`, async (role) => {
    const key = role === 'root' ? ADMIN_KEY : keyOf('acme', role)
    const api = createApi(await store())
    const { status, json } = await askRoute(api, name, 1, {
      key,
      headers: role === 'root' ? { 'x-llmtrace-tenant-id': 'acme' } : {},
    })
    if (mayUse(name, role)) {
      expect([200, 201, 204]).toContain(status)
      return
    }
    expect(status).toBe(403)
    expect(json).toEqual({
      error: {
        message: 'this key may not do that',
        type: 'permission_error',
        code: 'auth.denied',
        param: null,
        request_id: '',
      },
    })
    expect(api.log).toMatchObject([{ event: 'query.denied', fields: { route: name, reason: `role ${role}` } }])
  })

  test.each([
    [null, 'no key'],
    ['llmt_unknown', 'unknown key'],
    [keyOf('acme', 'expired'), 'expired key'],
    [keyOf('acme', 'revoked'), 'revoked key'],
    ['sk-of-a-provider', 'no gateway key'],
  ])('refuses %p with one generic text, before it reads anything else', async (key) => {
    const api = createApi(await store())
    const { status, json, text } = await askRoute(api, name, 1, { key })
    expect(status).toBe(401)
    expect(json).toMatchObject({ error: { message: 'a valid gateway key is required', code: 'auth.required' } })
    if (key !== null) expect(text + JSON.stringify(api.log)).not.toContain(key)
  })

  test('an unknown parameter is told only to who may use the route', async () => {
    const [method = '', path = ''] = name.split(' ')
    const filled = path.replace('{trace_id}', traceIdOf(1)).replace('{span_id}', spanIdOf(1))
    const api = createApi(await store())
    expect((await api.ask(`${filled}?nonsense=1`, { method, key: null })).status).toBe(401)
    const stranger = keyOf('acme', FOR_PROXY_KEYS.has(name) ? 'viewer' : 'proxy')
    expect((await api.ask(`${filled}?nonsense=1`, { method, key: stranger })).status).toBe(403)
  })

  test("a tenant never sees or changes another's", async () => {
    const api = createApi(await store())
    const key = ACCESS[name] === 'root' ? ADMIN_KEY : keyOf('acme', 'admin')
    const { status, text } = await askRoute(api, name, 2, { key })
    if (name.includes('{')) expect(status).toBe(404)
    // Whatever the answer is, it holds nothing of globex's.
    for (const theirs of ['globex', traceIdOf(2), 'answer 2', 'globex_tool']) expect(text).not.toContain(theirs)
    const after = await api.ask(`/spans/${spanIdOf(2)}`, { key: keyOf('globex', 'viewer') })
    expect(after.json).toMatchObject({ tenant_id: 'globex', agent_actions: [{ name: 'globex_tool' }] })
  })

  test('a key of one tenant does not speak for another by header', async () => {
    if (ACCESS[name] === 'root') return
    const { status } = await askRoute(createApi(await store()), name, 2, { headers: { 'x-llmtrace-tenant-id': 'globex' } })
    expect(status).toBe(403)
  })

  test('open mode answers without a key, as the tenant of the header', async () => {
    const api = createApi(await store(), { mode: 'open', adminKey: null })
    expect([200, 201, 204]).toContain(
      (await askRoute(api, name, 2, { key: null, headers: { 'x-llmtrace-tenant-id': 'globex' } })).status,
    )
  })
})

test('counts of one tenant leave out the other', async () => {
  const api = createApi(await store())
  for (const path of ['/traces', '/spans'])
    expect((await api.ask(path)).json).toMatchObject({ total: 1, data: [{ tenant_id: 'acme' }] })
  expect((await api.ask('/security/findings')).json).toMatchObject({ total: 1, data: [{ span_id: spanIdOf(1) }] })
  for (const path of ['/stats', '/actions/summary']) expect((await api.ask(path)).json).toMatchObject({ total_spans: 1 })
})

test('the key may come in our own header, beside a key of the provider', async () => {
  const { ask } = createApi(await store())
  const { status } = await ask('/spans', { key: 'sk-of-a-provider', headers: { 'x-llmtrace-key': keyOf('acme', 'viewer') } })
  expect(status).toBe(200)
})
