import { describe, expect, test } from 'bun:test'
import type { KeyId, ProjectId, TenantId } from '../../../src/core/domain/ids.ts'
import { identify } from '../../../src/core/identify/identify.ts'
import { PortError, type KeyStore } from '../../../src/core/ports.ts'
import { createTestClock, TEST_TIME } from '../../support/clock.ts'
import { aKey, keyStoreOf } from '../../support/fakes.ts'
import { createCountedIds, traceIdOf } from '../../support/ids.ts'

const SECRET = 'llmt_secret'
const ROOT = 'root-key-of-the-instance'

type Setup = { readonly mode?: 'open' | 'required'; readonly adminKey?: string | null; readonly keys?: KeyStore }

function ask(headers: { readonly [name: string]: string }, setup: Setup = {}): ReturnType<typeof identify> {
  return identify(new Headers(headers), {
    auth: { mode: setup.mode ?? 'required', adminKey: setup.adminKey === undefined ? ROOT : setup.adminKey },
    keys: setup.keys ?? keyStoreOf({ [SECRET]: aKey() }),
    clock: createTestClock(),
    ids: createCountedIds(),
  })
}

async function codeOf(headers: { readonly [name: string]: string }, setup: Setup = {}): Promise<string> {
  const who = await ask(headers, setup)
  return who.ok ? `ok ${who.value.caller.role} ${who.value.caller.tenantId} ${who.value.gatewayKeyHeader}` : who.error.code
}

/** A store whose every answer is this failure. */
function failing(error: Error): KeyStore {
  return {
    ...keyStoreOf({}),
    find: async () => {
      throw error
    },
  }
}

/** A tag header of `n` pairs. */
function manyTags(n: number): string {
  return Array.from({ length: n }, (_, i) => `k${i}=v`).join(',')
}

describe('a key of ours is found', () => {
  const PLACES: readonly (readonly [name: string, value: string, header: string])[] = [
    ['x-llmtrace-key', SECRET, 'x-llmtrace-key'],
    ['authorization', `Bearer ${SECRET}`, 'authorization'],
    ['authorization', `bearer   ${SECRET} `, 'authorization'],
    ['authorization', SECRET, 'authorization'],
    ['x-api-key', SECRET, 'x-api-key'],
    ['api-key', SECRET, 'api-key'],
    ['x-goog-api-key', SECRET, 'x-goog-api-key'],
  ]
  for (const [name, value, header] of PLACES) {
    test(`in ${name}: ${value}`, async () => {
      expect(await codeOf({ [name]: value })).toBe(`ok proxy acme ${header}`)
      expect(await codeOf({ [name]: value.replace(SECRET, ROOT) })).toBe(`ok root default ${header}`)
    })
  }

  test('beside the key of a provider, which is left alone', async () => {
    expect(await codeOf({ authorization: 'Bearer sk-provider', 'x-llmtrace-key': SECRET })).toBe('ok proxy acme x-llmtrace-key')
    expect(await codeOf({ authorization: 'Bearer sk-provider', 'x-api-key': SECRET })).toBe('ok proxy acme x-api-key')
  })

  test('in our own header first, and a wrong one there is not mended by another place', async () => {
    const keys = keyStoreOf({ [SECRET]: aKey(), llmt_other: aKey({ tenantId: 'other' as TenantId }) })
    expect(await codeOf({ 'x-llmtrace-key': 'llmt_other', authorization: `Bearer ${SECRET}` }, { keys })).toBe(
      'ok proxy other x-llmtrace-key',
    )
    expect(await codeOf({ 'x-llmtrace-key': 'wrong', authorization: `Bearer ${SECRET}` }, { keys })).toBe('auth.required')
    expect(await codeOf({ 'x-llmtrace-key': '', authorization: `Bearer ${SECRET}` }, { keys })).toBe('auth.required')
  })
})

describe('a call is refused', () => {
  const now = TEST_TIME
  const CASES: readonly (readonly [why: string, key: ReturnType<typeof aKey> | null, code: string])[] = [
    ['with an unknown key', null, 'auth.required'],
    ['with a key that expired before', aKey({ expiresAt: now - 1 }), 'auth.required'],
    ['with a key that expires now', aKey({ expiresAt: now }), 'auth.required'],
    ['with a key that was revoked', aKey({ revokedAt: now - 1 }), 'auth.required'],
    ['with a key that is revoked now', aKey({ revokedAt: now }), 'auth.required'],
    ['not with a key that expires in a millisecond', aKey({ expiresAt: now + 1 }), 'ok proxy acme authorization'],
    ['not with a key whose revocation lies ahead', aKey({ revokedAt: now + 1 }), 'ok proxy acme authorization'],
  ]
  for (const [why, key, code] of CASES) {
    test(why, async () => {
      const keys = keyStoreOf(key === null ? {} : { [SECRET]: key })
      expect(await codeOf({ authorization: `Bearer ${SECRET}` }, { keys })).toBe(code)
      expect(await codeOf({ authorization: `Bearer ${SECRET}` }, { keys, mode: 'open' })).toBe(code)
    })
  }

  test('without a key where one is required, also with a provider key alone', async () => {
    expect(await codeOf({})).toBe('auth.required')
    expect(await codeOf({ authorization: 'Bearer sk-provider' })).toBe('auth.required')
    expect(await codeOf({ 'x-api-key': 'sk-ant', 'x-llmtrace-tenant-id': 'acme' })).toBe('auth.required')
  })

  test('by a text that says nothing of the reason, and a reason that says nothing of the key', async () => {
    const texts: string[] = []
    for (const key of [{}, { [SECRET]: aKey({ revokedAt: 1 }) }, { [SECRET]: aKey({ expiresAt: 1 }) }]) {
      const who = await ask(
        { authorization: `Bearer ${SECRET}` },
        { keys: keyStoreOf(key as { [secret: string]: ReturnType<typeof aKey> }) },
      )
      if (who.ok) throw new Error('must be refused')
      texts.push(who.error.message)
      expect(JSON.stringify(who.error)).not.toContain(SECRET)
      expect(who.error.status).toBe(401)
    }
    expect(new Set(texts).size).toBe(1)
  })

  test('with a reason for the span', async () => {
    const reasons: (string | null)[] = []
    for (const [headers, key] of [
      [{}, aKey()],
      [{ 'x-api-key': 'llmt_other' }, aKey()],
      [{ 'x-api-key': SECRET }, aKey({ revokedAt: 1 })],
      [{ 'x-api-key': SECRET }, aKey({ expiresAt: 1 })],
      [{ 'x-api-key': SECRET, 'x-llmtrace-tenant-id': 'other' }, aKey()],
    ] as const) {
      const who = await ask(headers as { [name: string]: string }, { keys: keyStoreOf({ [SECRET]: key }) })
      reasons.push(who.ok ? null : `${who.error.message}: ${who.error.reason}`)
    }
    expect(reasons).toEqual([
      'a valid gateway key is required: no gateway key',
      'a valid gateway key is required: unknown key',
      'a valid gateway key is required: revoked key',
      'a valid gateway key is required: expired key',
      'this key may not do that: tenant header differs from the key',
    ])
  })

  test('as unavailable where the store of keys does not answer, and a bug there stays a bug', async () => {
    const who = await ask({ authorization: `Bearer ${SECRET}` }, { keys: failing(new PortError('keys', 'down')) })
    expect(who.ok ? null : who.error).toMatchObject({
      code: 'gateway.unavailable',
      status: 503,
      retryAfterSeconds: 5,
      message: 'the gateway cannot check keys right now',
      reason: 'key store down',
    })
    await expect(ask({ authorization: `Bearer ${SECRET}` }, { keys: failing(new TypeError('bug')) })).rejects.toThrow('bug')
  })
})

describe('the root key', () => {
  test('is compared as a whole', async () => {
    for (const value of [ROOT.slice(0, -1), `${ROOT}x`, ROOT.toUpperCase(), `${ROOT}${ROOT}`]) {
      expect(await codeOf({ authorization: `Bearer ${value}` })).toBe('auth.required')
    }
  })

  test('is nobody’s where none is set, or an empty one', async () => {
    for (const adminKey of [null, '']) {
      for (const name of ['authorization', 'x-api-key', 'api-key', 'x-goog-api-key', 'x-llmtrace-key']) {
        expect(await codeOf({ [name]: '' }, { adminKey })).toBe('auth.required')
        expect(await codeOf({ [name]: 'null' }, { adminKey })).toBe('auth.required')
      }
    }
  })

  test('may look like a gateway key', async () => {
    expect(await codeOf({ 'x-api-key': 'llmt_root' }, { adminKey: 'llmt_root' })).toBe('ok root default x-api-key')
  })

  test('speaks for the tenant that it names', async () => {
    expect(await codeOf({ authorization: `Bearer ${ROOT}`, 'x-llmtrace-tenant-id': 'acme' })).toBe('ok root acme authorization')
  })
})

describe('the tenant', () => {
  const key = { authorization: `Bearer ${SECRET}` }
  const CASES: readonly (readonly [
    why: string,
    headers: { readonly [name: string]: string },
    setup: Setup,
    outcome: string,
  ])[] = [
    ['is the default one in open mode', {}, { mode: 'open' }, 'ok root default null'],
    ['is the header’s in open mode', { 'x-llmtrace-tenant-id': 'acme' }, { mode: 'open' }, 'ok root acme null'],
    ['is the key’s, also in open mode', key, { mode: 'open' }, 'ok proxy acme authorization'],
    ['may be named again beside its key', { ...key, 'x-llmtrace-tenant-id': 'acme' }, {}, 'ok proxy acme authorization'],
    ['cannot be changed by a header', { ...key, 'x-llmtrace-tenant-id': 'other' }, {}, 'auth.denied'],
    ['cannot be changed in open mode either', { ...key, 'x-llmtrace-tenant-id': 'other' }, { mode: 'open' }, 'auth.denied'],
    ['is compared with its case', { ...key, 'x-llmtrace-tenant-id': 'ACME' }, {}, 'auth.denied'],
    ['has only safe characters', { 'x-llmtrace-tenant-id': 'a/b' }, { mode: 'open' }, 'request.malformed'],
    ['has at most 64 characters', { 'x-llmtrace-tenant-id': 'a'.repeat(65) }, { mode: 'open' }, 'request.malformed'],
    ['is not empty', { 'x-llmtrace-tenant-id': '' }, { mode: 'open' }, 'request.malformed'],
    ['is not injected', { 'x-llmtrace-tenant-id': "a' OR 1=1--" }, { mode: 'open' }, 'request.malformed'],
  ]
  for (const [why, headers, setup, outcome] of CASES) {
    test(why, async () => expect(await codeOf(headers, setup)).toBe(outcome))
  }
})

test('project and key come with the key', async () => {
  const keys = keyStoreOf({ [SECRET]: aKey({ projectId: 'p1' as ProjectId, role: 'operator' }) })
  const who = await ask({ 'x-api-key': SECRET, 'x-llmtrace-agent-id': 'a' }, { keys })
  expect(who.ok && who.value.caller).toMatchObject({ projectId: 'p1', keyId: 'key-1' as KeyId, role: 'operator', agentId: 'a' })
})

describe('attribution', () => {
  const NAMES = ['agent', 'user', 'session'] as const
  test('is taken from its three headers', async () => {
    const who = await ask(
      { 'x-llmtrace-agent-id': 'bot 7', 'x-llmtrace-user-id': '~!@#$%', 'x-llmtrace-session-id': 'x'.repeat(128) },
      { mode: 'open' },
    )
    expect(who.ok && who.value.caller).toMatchObject({ agentId: 'bot 7', userId: '~!@#$%', sessionId: 'x'.repeat(128) })
  })

  for (const name of NAMES) {
    test(`${name} out of bounds is malformed and names its header`, async () => {
      for (const value of ['', 'x'.repeat(129), 'tab\there', 'ümlaut', 'Ã¼', '\u0080']) {
        const who = await ask({ [`x-llmtrace-${name}-id`]: value }, { mode: 'open' })
        expect(who.ok ? null : [who.error.code, who.error.status]).toEqual(['request.malformed', 400])
        expect(who.ok ? null : String(who.error.extra['header']).toLowerCase()).toBe(`x-llmtrace-${name}-id`)
      }
    })
  }

  test('out of bounds says which bounds', async () => {
    const texts: (string | null)[] = []
    for (const [name, value] of [
      ['user-id', ''],
      ['tenant-id', 'a b'],
      ['tags', 'x'],
      ['tags', manyTags(17)],
    ] as const) {
      const who = await ask({ [`x-llmtrace-${name}`]: value }, { mode: 'open' })
      texts.push(who.ok ? null : who.error.message)
    }
    const tags =
      'header X-LLMTrace-Tags must be at most 16 of key=value, separated by commas, each at most 128 printable characters'
    expect(texts).toEqual([
      'header X-LLMTrace-User-ID must be 1 to 128 printable characters',
      'header X-LLMTrace-Tenant-ID must be a UUID, or 1 to 64 of A-Z a-z 0-9 . _ -',
      tags,
      tags,
    ])
  })

  test('is absent where no header says it', async () => {
    const who = await ask({}, { mode: 'open' })
    expect(who.ok && who.value.caller).toEqual({
      tenantId: 'default' as TenantId,
      projectId: null,
      keyId: null,
      role: 'root',
      agentId: null,
      userId: null,
      sessionId: null,
      tags: {},
      traceId: traceIdOf(1),
      parentSpanId: null,
    })
  })
})

describe('tags', () => {
  const CASES: readonly (readonly [why: string, header: string, tags: { readonly [key: string]: string } | null])[] = [
    ['are pairs', 'env=prod,team=search', { env: 'prod', team: 'search' }],
    ['may have spaces around', ' env = prod , team = a b ', { env: 'prod', team: 'a b' }],
    ['may have no value', 'env=', { env: '' }],
    ['keep further equals signs', 'q=a=b', { q: 'a=b' }],
    ['skip empty pairs', 'a=1,, ,b=2,', { a: '1', b: '2' }],
    ['are none in an empty header', '', {}],
    ['of one key: the last one holds', 'a=1,a=2', { a: '2' }],
    ['need an equals sign', 'env', null],
    ['need a key', '=prod', null],
    ['have printable keys', 'ü=1', null],
    ['have printable values', 'a=ü', null],
    ['have keys of at most 128 characters', `${'k'.repeat(129)}=1`, null],
    ['have values of at most 128 characters', `k=${'v'.repeat(129)}`, null],
    ['have values of 128 characters', `k=${'v'.repeat(128)}`, { k: 'v'.repeat(128) }],
    ['are at most 16', manyTags(17), null],
    ['may be 16', manyTags(16), Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`k${i}`, 'v']))],
  ]
  for (const [why, header, tags] of CASES) {
    test(why, async () => {
      const who = await ask({ 'x-llmtrace-tags': header }, { mode: 'open' })
      if (tags === null) expect(who.ok ? null : who.error.code).toBe('request.malformed')
      else expect(who.ok && who.value.caller.tags).toEqual(tags)
    })
  }

  test('may be named like what every object has, and change nothing by it', async () => {
    const who = await ask({ 'x-llmtrace-tags': '__proto__=x,constructor=y,toString=z' }, { mode: 'open' })
    if (!who.ok) throw new Error(who.error.message)
    expect(Object.entries(who.value.caller.tags)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
      ['toString', 'z'],
    ])
    expect(Object.getPrototypeOf(who.value.caller.tags)).toBe(Object.prototype)
  })
})

test('a call joins the caller’s trace, or begins one of its own', async () => {
  const joined = await ask({ traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }, { mode: 'open' })
  expect(joined.ok && ([joined.value.caller.traceId, joined.value.caller.parentSpanId] as unknown)).toEqual([
    '0af76519-16cd-43dd-8448-eb211c80319c',
    'b7ad6b7169203331',
  ])
  const fresh = await ask({ traceparent: 'nonsense' }, { mode: 'open' })
  expect(fresh.ok && [fresh.value.caller.traceId, fresh.value.caller.parentSpanId]).toEqual([traceIdOf(1), null])
})
