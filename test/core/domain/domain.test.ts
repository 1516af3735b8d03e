import { describe, expect, test } from 'bun:test'
import { array, assert, dictionary, constantFrom, double, nat, property, string } from 'fast-check'
import { appError, type AppErrorCode } from '../../../src/core/domain/errors.ts'
import { parseSpanId, parseTenantId, parseTraceId } from '../../../src/core/domain/ids.ts'
import { asArray, asNumber, asRecord, asString, parseJson, pointerToken } from '../../../src/core/domain/json.ts'
import { nanoUsd, toUsd, ZERO_USD } from '../../../src/core/domain/money.ts'
import { err, invariant, ok } from '../../../src/core/domain/result.ts'
import { visibleText } from '../../../src/core/domain/segment.ts'
import { modelOf } from '../../../src/core/domain/span.ts'
import { rfc3339 } from '../../../src/core/domain/time.ts'
import { completionTokens, promptTokens, totalTokens, usageOf } from '../../../src/core/domain/usage.ts'
import { aSegment } from '../../support/fakes.ts'

describe('ids', () => {
  const UUID = '0af76519-16cd-43dd-8448-eb211c80319c'
  const TRACES: readonly (readonly [text: string, id: string | null, why: string])[] = [
    [UUID, UUID, 'a UUID'],
    [UUID.toUpperCase(), UUID, 'a UUID in upper case'],
    [UUID.replaceAll('-', ''), UUID, '32 hex digits'],
    [UUID.slice(1), null, 'too short'],
    [`${UUID}0`, null, 'too long'],
    [`{${UUID}}`, null, 'braces'],
    [UUID.replace('0', 'g'), null, 'not hexadecimal'],
    ['0'.repeat(32), null, 'all zero'],
    ['00000000-0000-0000-0000-000000000000', null, 'all zero with dashes'],
    [`${UUID}\n`, null, 'a line end'],
    ['', null, 'empty'],
  ]
  for (const [text, id, why] of TRACES) test(`trace id: ${why}`, () => expect(parseTraceId(text) as string | null).toBe(id))

  test('a span id has 16 hex digits and is not all zero', () => {
    expect(parseSpanId('B7AD6B7169203331') as string | null).toBe('b7ad6b7169203331')
    for (const bad of ['', '0'.repeat(16), 'b7ad6b716920333', 'b7ad6b71692033311', 'g7ad6b7169203331'])
      expect(parseSpanId(bad)).toBeNull()
  })

  test('a tenant id is a short slug', () => {
    for (const good of ['a', 'A.b_c-9', UUID, 'x'.repeat(64)]) expect(parseTenantId(good) as string | null).toBe(good)
    for (const bad of ['', 'x'.repeat(65), 'a b', 'a/b', 'ä', 'a\n']) expect(parseTenantId(bad)).toBeNull()
  })
})

describe('money', () => {
  const CASES: readonly (readonly [usd: number, nano: number | null])[] = [
    [0, 0],
    [1, 1_000_000_000],
    [0.000_000_001, 1],
    [0.000_000_000_5, 1],
    [0.000_000_000_4, 0],
    [0.1 + 0.2, 300_000_000],
    [9_000_000, 9e15],
    [-1e-9, null],
    [Number.NaN, null],
    [Infinity, null],
  ]
  for (const [usd, nano] of CASES)
    test(`${usd} USD is ${nano} nano-USD`, () => expect(nanoUsd(usd) as number | null).toBe(nano))

  test('is shown in USD', () => {
    expect(toUsd(ZERO_USD)).toBe(0)
    expect(toUsd(nanoUsd(12.345_678_901)!)).toBe(12.345678901)
  })
})

describe('usage', () => {
  type Row = readonly [
    why: string,
    reported: { readonly [unit: string]: number },
    classes: readonly [number, number, number, number, number],
  ]
  const ROWS: readonly Row[] = [
    ['nothing reported is nothing used', {}, [0, 0, 0, 0, 0]],
    ['plain counts', { input_tokens: 10, output_tokens: 5 }, [10, 0, 0, 5, 0]],
    [
      'inclusive counts are split',
      { input_tokens: 100, cache_read_tokens: 60, cache_write_tokens: 30, output_tokens: 50, output_reasoning_tokens: 20 },
      [10, 60, 30, 30, 20],
    ],
    [
      'cache writes by duration are added',
      { input_tokens: 100, cache_write_5m_tokens: 20, cache_write_1h_tokens: 30 },
      [50, 0, 50, 0, 0],
    ],
    ['their total wins over them', { input_tokens: 100, cache_write_tokens: 40, cache_write_5m_tokens: 20 }, [60, 0, 40, 0, 0]],
    ['details beyond their total are cut', { input_tokens: 10, cache_read_tokens: 8, cache_write_tokens: 9 }, [0, 8, 2, 0, 0]],
    ['a detail without its total counts nothing', { cache_read_tokens: 8, output_reasoning_tokens: 3 }, [0, 0, 0, 0, 0]],
    [
      'odd numbers count nothing',
      { input_tokens: -5, output_tokens: Number.NaN, cache_read_tokens: Infinity },
      [0, 0, 0, 0, 0],
    ],
  ]
  for (const [why, reported, [input, cacheRead, cacheWrite, output, reasoning]] of ROWS) {
    test(why, () => expect(usageOf(reported)).toEqual({ input, cacheRead, cacheWrite, output, reasoning, reported }))
  }

  test('classes are disjoint, never negative, and add up to what was reported', () => {
    const units = constantFrom(
      'input_tokens',
      'output_tokens',
      'cache_read_tokens',
      'cache_write_tokens',
      'cache_write_5m_tokens',
      'cache_write_1h_tokens',
      'output_reasoning_tokens',
      'input_audio_tokens',
    )
    assert(
      property(dictionary(units, nat(1_000_000)), (reported) => {
        const usage = usageOf(reported)
        const classes = [usage.input, usage.cacheRead, usage.cacheWrite, usage.output, usage.reasoning]
        expect(classes.every((tokens) => tokens >= 0)).toBe(true)
        expect(promptTokens(usage)).toBe(reported['input_tokens'] ?? 0)
        expect(completionTokens(usage)).toBe(reported['output_tokens'] ?? 0)
        expect(totalTokens(usage)).toBe(classes.reduce((sum, tokens) => sum + tokens, 0))
      }),
    )
  })
})

describe('errors', () => {
  const STATUS: { readonly [code in AppErrorCode]: number } = {
    'auth.required': 401,
    'auth.denied': 403,
    'request.malformed': 400,
    'request.too_large': 413,
    'request.provider_unknown': 400,
    'request.not_found': 404,
    'guard.blocked': 403,
    'limit.budget_exhausted': 429,
    'limit.rate_exceeded': 429,
    'limit.tokens_exceeded': 400,
    'limit.model_unpriced': 403,
    'upstream.timeout': 504,
    'upstream.unreachable': 502,
    'upstream.refused': 503,
    'gateway.unavailable': 503,
    'gateway.bug': 500,
  }
  for (const [code, status] of Object.entries(STATUS)) {
    test(`${code} is ${status}${status === 503 ? ' and says when to try again' : ''}`, () => {
      const error = appError(code as AppErrorCode, 'text')
      expect(error).toMatchObject({ code, status, message: 'text', extra: {}, reason: null })
      expect(error.retryAfterSeconds).toBe(status === 503 ? 5 : null)
    })
  }

  test('what is given is kept', () => {
    const more = { retryAfterSeconds: 7, extra: { limit: 1 }, reason: 'why' }
    expect(appError('limit.rate_exceeded', 'text', more)).toMatchObject({ ...more, type: 'rate_limit_exceeded' })
    expect(appError('guard.blocked', 'text').type).toBe('security_enforcement_blocked')
    expect(appError('limit.budget_exhausted', 'text').type).toBe('cost_cap_exceeded')
  })
})

describe('loose JSON', () => {
  test('an odd value is null, never an exception', () => {
    for (const value of [null, undefined, 1, 'x', true, []]) expect(asRecord(value)).toBeNull()
    for (const value of [null, undefined, 1, 'x', {}]) expect(asArray(value)).toEqual([])
    for (const value of [null, undefined, 1, {}, []]) expect(asString(value)).toBeNull()
    for (const value of [null, '1', Number.NaN, Infinity, {}]) expect(asNumber(value)).toBeNull()
    expect([asRecord({ a: 1 }), asArray([1]), asString(''), asNumber(0)]).toEqual([{ a: 1 }, [1], '', 0])
  })

  test('text that is no JSON is undefined, and null is JSON', () => {
    for (const text of ['', '{', 'undefined', "{'a':1}"]) expect(parseJson(text)).toBeUndefined()
    expect(parseJson('null')).toBeNull()
    assert(
      property(array(double({ noNaN: true, noDefaultInfinity: true })), (values) =>
        expect(parseJson(JSON.stringify(values))).toEqual(JSON.parse(JSON.stringify(values))),
      ),
    )
  })

  test('a pointer token can be read back (RFC 6901)', () => {
    expect([pointerToken(3), pointerToken('a/b'), pointerToken('a~b'), pointerToken('~1')]).toEqual([
      '3',
      'a~1b',
      'a~0b',
      '~01',
    ])
    assert(
      property(string(), (key) => {
        const token = pointerToken(key)
        expect(token).not.toContain('/')
        expect(token.replaceAll('~1', '/').replaceAll('~0', '~')).toBe(key)
      }),
    )
  })
})

test('a result is told by ok, and a broken invariant is thrown', () => {
  expect([ok(1), err('x')]).toEqual([
    { ok: true, value: 1 },
    { ok: false, error: 'x' },
  ])
  expect(() => invariant(false, 'settle before reserve')).toThrow('invariant broken: settle before reserve')
  expect(() => invariant(true, 'x')).not.toThrow()
})

test('times are shown in UTC with milliseconds', () =>
  expect(rfc3339(Date.UTC(2026, 0, 2, 3, 4, 5, 6))).toBe('2026-01-02T03:04:05.006Z'))

test('visible text is what the assistant says, without reasoning and tool calls', () => {
  const segments = [
    aSegment('question'),
    aSegment('hidden', { origin: 'assistant', kind: 'reasoning' }),
    aSegment('answer', { origin: 'assistant' }),
    aSegment('{}', { origin: 'tool_call' }),
    aSegment(' no', { origin: 'assistant', kind: 'refusal' }),
  ]
  expect(visibleText(segments)).toBe('answer no')
})

test('the model is the one that answered, else the one asked for', () => {
  expect(modelOf({ requestModel: 'a', responseModel: 'b' })).toBe('b')
  expect(modelOf({ requestModel: 'a', responseModel: null })).toBe('a')
  expect(modelOf({ requestModel: null, responseModel: null })).toBeNull()
})
