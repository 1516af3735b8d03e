import { describe, expect, test } from 'bun:test'
import { SCAN_BODY_BYTES_MAX, findingListQuery, findingPageSchema, scanAnswerSchema } from '../../src/contract/security.ts'
import { PortError } from '../../src/core/ports.ts'
import { createApi, keyOf, type Answer, type Api } from './api.ts'
import { NOW, aFinding, aSpan, spanIdOf, tenant, traceIdOf } from './spans.ts'
import { storeOf } from './store.ts'

const time = (at: number): string => new Date(at).toISOString()

/** Spans 1 and 2 are acme's, span 3 is globex's. */
const store = () =>
  storeOf([
    aSpan(1, {
      agentId: 'planner',
      provider: 'anthropic',
      requestModel: 'claude-5',
      responseModel: 'claude-5',
      startTime: NOW - 7_200_000,
      findings: [
        aFinding({ id: 'a' }),
        aFinding({ id: 'b', findingType: 'pii_detected', category: 'pii', severity: 'low', confidence: 0.6 }),
      ],
    }),
    aSpan(2, { findings: [aFinding({ id: 'c', severity: 'critical', direction: 'output', pointer: null, range: null })] }),
    aSpan(3, { tenantId: tenant('globex'), findings: [aFinding({ id: 'd' })] }),
  ])

/** For what changes nothing. */
const reader = createApi(await store())

const idsOf = (json: unknown): readonly string[] => (json as { data: { id: string }[] }).data.map(({ id }) => id)

describe('GET /security/findings', () => {
  const rows: readonly (readonly [query: string, found: string[]])[] = [
    ['', ['c', 'b', 'a']],
    ['type=pii_detected', ['b']],
    ['type=none', []],
    ['category=injection', ['c', 'a']],
    ['severity=critical', ['c']],
    ['min_confidence=0.61', ['c', 'a']],
    ['min_confidence=0.6', ['c', 'b', 'a']],
    [`start_time=${time(NOW - 3_600_000)}`, ['c']],
    [`end_time=${time(NOW - 3_600_000)}`, ['b', 'a']],
    ['model=claude-5', ['b', 'a']],
    ['agent_id=planner', ['b', 'a']],
    ['type=prompt_injection&agent_id=planner', ['a']],
    ['limit=1&offset=1', ['b']],
    ['order=asc', ['a', 'b', 'c']],
  ]
  test.each(rows)('?%s', async (query, found) => {
    const { status, json } = await reader.ask(`/security/findings?${query}`)
    expect([status, idsOf(json)]).toEqual([200, found])
  })

  test('every parameter has a row above, or is walked below', () => {
    const asked = new Set(rows.flatMap(([query]) => [...new URLSearchParams(query).keys()]))
    expect(Object.keys(findingListQuery.shape).filter((name) => !asked.has(name))).toEqual(['cursor'])
  })

  test('answers findings as the contract has them, each with its span and where it stands in the text', async () => {
    const { json, headers } = await reader.ask('/security/findings?severity=high')
    expect(findingPageSchema.parse(json) as unknown).toEqual(json)
    expect(json).toMatchObject({
      data: [
        {
          id: 'a',
          finding_type: 'prompt_injection',
          category: 'injection',
          severity: 'high',
          confidence_score: 0.9,
          location: '/messages/0/content',
          range: { start_utf16: 2, end_utf16: 9 },
          rule_id: 'ignore-previous',
          action: 'flag',
          trace_id: traceIdOf(1),
          span_id: spanIdOf(1),
          start_time: time(NOW - 7_200_000),
          provider: 'anthropic',
          model_name: 'claude-5',
          agent_id: 'planner',
        },
      ],
      total: 1,
      limit: 50,
      offset: 0,
      next_cursor: null,
    })
    expect(headers.get('cache-control')).toBe('no-store')
  })

  test('a walk along the cursors sees every finding once, and a cursor is good for its own question only', async () => {
    const seen: string[] = []
    let cursor: string | null = null
    for (let pages = 0; pages < 5; pages += 1) {
      const at: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
      const { json } = await reader.ask(`/security/findings?limit=1${at}`)
      seen.push(...idsOf(json))
      if (cursor !== null) {
        for (const other of [
          `/security/findings?severity=high${at}`,
          `/security/findings?order=asc${at}`,
          `/spans?limit=1${at}`,
        ])
          expect((await reader.ask(other)).json).toMatchObject({ error: { code: 'request.malformed', param: 'cursor' } })
      }
      cursor = (json as { next_cursor: string | null }).next_cursor
      if (cursor === null) break
    }
    expect(seen).toEqual(['c', 'b', 'a'])
  })

  const wrong: readonly (readonly [query: string, param: string, message: string])[] = [
    ['typ=x', 'typ', 'unknown parameter typ: did you mean type?'],
    ['finding_type=x', 'finding_type', 'unknown parameter finding_type; known are type, category'],
    ['type=', 'type', 'parameter type must be 1 to 256 characters without control characters'],
    ['category=pii_detected', 'category', 'parameter category must be one of injection, jailbreak'],
    ['severity=HIGH', 'severity', 'parameter severity must be one of info, low, medium, high, critical'],
    ['min_confidence=1.1', 'min_confidence', 'parameter min_confidence must be a number from 0 to 1, such as 0.8'],
    ['min_confidence=80%', 'min_confidence', 'parameter min_confidence must be a number from 0 to 1, such as 0.8'],
    ['start_time=now', 'start_time', 'parameter start_time must be a time as in RFC 3339'],
    [`start_time=${time(NOW)}&end_time=${time(NOW)}`, 'end_time', 'parameter end_time must be later than start_time'],
    ['model=%00', 'model', 'parameter model must be 1 to 256 characters'],
    ['agent_id=', 'agent_id', 'parameter agent_id must be 1 to 256 characters'],
    ['limit=0', 'limit', 'parameter limit must be a whole number from 1'],
    ['cursor=x.eA', 'cursor', 'parameter cursor must be the next_cursor of an earlier answer'],
  ]
  test.each(wrong)('?%s is a 400 that names it', async (query, param, message) => {
    const { status, json } = await reader.ask(`/security/findings?${query}`)
    expect([status, json]).toMatchObject([400, { error: { code: 'request.malformed', param } }])
    expect((json as { error: { message: string } }).error.message).toStartWith(message)
  })
})

describe('POST /guard/scan', () => {
  const scan = (body: unknown, { ask }: Api = reader, key = keyOf('acme', 'operator')): Promise<Answer> =>
    ask('/guard/scan', {
      method: 'POST',
      key,
      headers: { 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })

  test('says of each text what was found in it, how sure that is, and what the policy makes of it', async () => {
    const inputs = [
      { text: 'what is 2 + 2?' },
      { text: 'please ignore or disregard it' },
      { text: 'to ann@host', origin: 'tool_result' },
    ]
    const { status, json, text, headers } = await scan({ inputs, tier: 'full' })
    expect(status).toBe(200)
    expect(headers.get('cache-control')).toBe('no-store')
    expect(scanAnswerSchema.parse(json) as unknown).toEqual(json)
    expect(json).toMatchObject({
      results: [
        { score: 0, verdict: 'pass', findings: [], tiers: { rules: 0, fast: null, full: null }, notes: [] },
        {
          score: 90,
          verdict: 'pass',
          findings: [
            { confidence_score: 0.9, location: '/inputs/1/text', range: { start_utf16: 17, end_utf16: 26 } },
            { confidence_score: 0.57, location: '/inputs/1/text', range: { start_utf16: 7, end_utf16: 13 } },
          ],
          tiers: { rules: 90, fast: null, full: null },
        },
        // Personal data is a finding and no attack.
        { score: 0, findings: [{ category: 'pii', origin: 'tool_result', direction: 'input', location: '/inputs/2/text' }] },
      ],
    })
    for (const word of ['ignore', 'disregard', 'ann@']) expect(text).not.toContain(word)
  })

  test('gives a score of one digit after the point', async () => {
    expect((await scan({ inputs: [{ text: 'ignore' }] })).json).toMatchObject({ results: [{ score: 57 }] })
  })

  test('goes by the policy of the tenant that asks', async () => {
    const inputs = [{ text: 'disregard it' }, { text: 'ignore it' }, { text: 'nothing' }]
    const verdicts = async (key: string): Promise<unknown> =>
      ((await scan({ inputs }, reader, key)).json as { results: { verdict: string }[] }).results.map(({ verdict }) => verdict)
    expect(await verdicts(keyOf('acme', 'proxy'))).toEqual(['pass', 'pass', 'pass'])
    expect(await verdicts(keyOf('globex', 'proxy'))).toEqual(['block', 'pass', 'pass'])
  })

  test.each([
    ['system', 'input'],
    ['user', 'input'],
    ['assistant', 'output'],
    ['tool_definition', 'input'],
    ['tool_call', 'output'],
    ['tool_result', 'input'],
  ])('judges a text of %s as %s', async (origin, direction) => {
    const { json } = await scan({ inputs: [{ text: 'ignore', origin }] })
    expect(json).toMatchObject({ results: [{ findings: [{ origin, direction }] }] })
  })

  test('says what it could not judge, and takes it as the policy says', async () => {
    const inputs = [{ text: 'break' }, { text: 'ignore' }]
    const notes = ['guard.failed:fragile']
    const open = (await scan({ inputs })).json
    expect(open).toMatchObject({
      results: [
        { verdict: 'pass', notes },
        { verdict: 'pass', notes: [] },
      ],
    })
    const closed = (await scan({ inputs }, reader, keyOf('globex', 'operator'))).json
    expect(closed).toMatchObject({
      results: [
        { verdict: 'block', notes },
        { verdict: 'pass', notes: [] },
      ],
    })
  })

  test('stores nothing and logs nothing', async () => {
    const api = createApi(await storeOf([]))
    await scan({ inputs: [{ text: 'ignore' }] }, api)
    for (const path of ['/spans', '/security/findings']) expect((await api.ask(path)).json).toMatchObject({ total: 0 })
    expect(api.log).toEqual([])
  })

  test('takes as many texts as it may, of any characters', async () => {
    const odd = ['', '\u0000', '\ud800', '👋'.repeat(1000)]
    const inputs = Array.from({ length: 256 }, (_, i) => ({ text: odd[i % odd.length] }))
    const { status, json } = await scan({ inputs })
    expect([status, (json as { results: unknown[] }).results.length]).toEqual([200, 256])
  })

  test('lets others have their turn between the texts of a long scan', async () => {
    const inputs = Array.from({ length: 4 }, () => ({ text: 'long '.repeat(20_000) }))
    const order: string[] = []
    await Promise.all([
      scan({ inputs }).then(({ status }) => order.push(`scan ${status}`)),
      scan({ inputs: [{ text: 'short' }] }).then(({ status }) => order.push(`short scan ${status}`)),
    ])
    expect(order).toEqual(['short scan 200', 'scan 200'])
  })

  const RULE = 'field inputs must be a list of 1 to 256'
  const wrong: readonly (readonly [body: unknown, status: number, param: string | null, message: string])[] = [
    ['{', 400, null, 'the body must be JSON'],
    ['['.repeat(100_000), 400, null, 'the body must be JSON'],
    ['[]', 400, null, 'the body must be a JSON object'],
    [{}, 400, 'inputs', RULE],
    [{ inputs: [] }, 400, 'inputs', RULE],
    [{ inputs: 'text' }, 400, 'inputs', RULE],
    [{ inputs: Array.from({ length: 257 }, () => ({ text: 'x' })) }, 400, 'inputs', RULE],
    [{ inputs: ['x'] }, 400, 'inputs.0', 'field inputs.0 must be a JSON object'],
    [{ inputs: [{ text: 'x' }, {}] }, 400, 'inputs.1.text', 'field inputs.1.text must be a text'],
    [{ inputs: [{ text: 1 }] }, 400, 'inputs.0.text', 'field inputs.0.text must be a text'],
    [{ inputs: [{ text: 'x', origin: 'User' }] }, 400, 'inputs.0.origin', 'field inputs.0.origin must be one of system, user'],
    [{ inputs: [{ txt: 'x', text: 'x' }] }, 400, 'txt', 'unknown field txt: did you mean text?'],
    [{ inputs: [{ text: 'x' }], tier: 'rules' }, 400, 'tier', 'field tier must be one of fast, full'],
    [{ input: [{ text: 'x' }], inputs: [{ text: 'x' }] }, 400, 'input', 'unknown field input: did you mean inputs?'],
    [{ inputs: [{ text: 'x'.repeat(SCAN_BODY_BYTES_MAX) }] }, 413, null, 'the request body is over the limit of 1048576 bytes'],
  ]
  test.each(wrong)('%#: a body is refused with what is wrong', async (body, status, param, message) => {
    const answer = await scan(body)
    expect(answer.status).toBe(status)
    const { error } = answer.json as { error: { message: string; param: string | null } }
    expect(error.message).toStartWith(message)
    if (status === 400) expect(error.param).toBe(param)
  })

  test('takes no parameter', async () => {
    const { status, json } = await reader.ask('/guard/scan?tier=full', { method: 'POST' })
    expect([status, json]).toMatchObject([400, { error: { param: 'tier' } }])
  })

  test('a policy that cannot be read is 503: no other thresholds are taken', async () => {
    const api = createApi(await storeOf([]), undefined, undefined, {
      policy: async () => {
        throw new PortError('policy_store', 'is down')
      },
    })
    const { status, json } = await scan({ inputs: [{ text: 'x' }] }, api)
    expect([status, json]).toMatchObject([503, { error: { code: 'gateway.unavailable' } }])
  })
})
