import { describe, expect, test } from 'bun:test'
import { assert, integer, property } from 'fast-check'
import {
  describeIssues,
  readBoolean,
  readInteger,
  readLine,
  readNumber,
  readTime,
  strictObject,
} from '../../../src/contract/common.ts'
import { z } from 'zod'

describe('a time', () => {
  const read: readonly (readonly [text: string, utc: string, why: string])[] = [
    ['2026-11-20T08:30:00Z', '2026-11-20T08:30:00.000Z', 'plain'],
    ['2026-11-20t08:30:00z', '2026-11-20T08:30:00.000Z', 'lower case is allowed'],
    ['2026-11-20 08:30:00Z', '2026-11-20T08:30:00.000Z', 'a blank between day and hour is allowed'],
    ['2026-11-20T08:30:00.1239Z', '2026-11-20T08:30:00.123Z', 'digits below the millisecond are dropped'],
    ['2026-11-20T08:30:00.5Z', '2026-11-20T08:30:00.500Z', 'one digit is tenths'],
    ['2026-11-20T00:30:00+02:00', '2026-11-19T22:30:00.000Z', 'east of Greenwich'],
    ['2026-11-20T00:30:00 02:00', '2026-11-19T22:30:00.000Z', 'a plus sign that the query string made a blank'],
    ['2026-11-20T23:30:00-05:30', '2026-11-21T05:00:00.000Z', 'west of Greenwich, by half an hour'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z', 'a leap day'],
    ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00.000Z', 'a leap second'],
    ['1969-12-31T23:59:59Z', '1969-12-31T23:59:59.000Z', 'before the epoch'],
  ]
  test.each(read)('%s is %s: %s', (text, utc) => {
    expect(readTime(text)).toBe(Date.parse(utc))
  })

  const refused = [
    '',
    'now',
    '2026-11-20',
    '2026-11-20T08:30Z',
    '2026-11-20T08:30:00',
    '1763627400',
    '2026-02-30T00:00:00Z',
    '2025-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-10T00:00:00Z',
    '2026-11-20T24:00:00Z',
    '2026-11-20T08:60:00Z',
    '2026-11-20T08:30:61Z',
    '2026-11-20T08:30:00+24:00',
    '2026-11-20T08:30:00+02:60',
    '2026-11-20T08:30:00+0200',
    ' 2026-11-20T08:30:00Z',
    '2026-11-20T08:30:00.Z',
    '+002026-11-20T08:30:00Z',
    '2026-11-20T08:30:00Z\n',
  ]
  test.each(refused)('%j is none', (text) => {
    expect(readTime(text)).toBeUndefined()
  })

  test('what the API prints is read back to the same millisecond, with any offset', () => {
    assert(
      property(integer({ min: 0, max: 4e12 }), integer({ min: -1439, max: 1439 }), (time, offsetMinutes) => {
        const local = new Date(time + offsetMinutes * 60_000).toISOString().slice(0, -1)
        const [hours, minutes] = [Math.trunc(Math.abs(offsetMinutes) / 60), Math.abs(offsetMinutes) % 60]
        const offset = `${offsetMinutes < 0 ? '-' : '+'}${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`
        expect(readTime(`${local}${offset}`)).toBe(time)
      }),
    )
  })
})

describe('a number', () => {
  test.each([
    ['0', 0],
    ['5', 5],
    ['0.25', 0.25],
    ['100', 100],
  ])('%s is %d', (text, value) => {
    expect(readNumber(text, 0, 100)).toBe(value)
  })

  test.each(['', ' 5', '5 ', '-1', '+1', '1e2', '0x10', '1,5', '.5', '5.', 'NaN', 'Infinity', '101', '99999999999999999'])(
    '%j is none',
    (text) => {
      expect(readNumber(text, 0, 100)).toBeUndefined()
    },
  )

  test('a whole number has no fraction, not even an empty one', () => {
    expect(readInteger('7', 0, 10)).toBe(7)
    expect(readInteger('7.0', 0, 10)).toBeUndefined()
  })

  test('only true and false are booleans', () => {
    expect(['true', 'false', 'TRUE', '1', ''].map(readBoolean)).toEqual([true, false, undefined, undefined, undefined])
  })
})

test('a line is neither empty, too long nor holds a control character', () => {
  expect(['a', 'ä b', '', 'abcd', 'a\nb', 'a\u0000', 'a\u007f'].map((text) => readLine(text, 3))).toEqual([
    'a',
    'ä b',
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ])
})

describe('an unknown name', () => {
  const schema = strictObject('parameter', { model: z.string().optional(), provider: z.string().optional() })
  const problem = (value: object) => {
    const parsed = schema.safeParse(value)
    return parsed.success ? null : describeIssues('parameter', parsed.error.issues)
  }

  test.each([
    ['modle', 'unknown parameter modle: did you mean model?', 'a swap'],
    ['Provider', 'unknown parameter Provider: did you mean provider?', 'a capital'],
    ['zzzzzzzzz', 'unknown parameter zzzzzzzzz; known are model, provider', 'nothing near'],
  ])('%s: %s', (name, message) => {
    expect(problem({ [name]: 'x' })).toEqual({ message, param: name })
  })

  test('is shown no longer than 64 characters', () => {
    const found = problem({ ['x'.repeat(10_000)]: '' })
    expect(found?.message.length).toBeLessThan(200)
    expect(found?.param).toHaveLength(64)
  })

  test('on a route without any is told so', () => {
    const parsed = strictObject('parameter', {}).safeParse({ a: '1' })
    expect(parsed.error?.issues[0]?.message).toBe('unknown parameter a: this route takes no parameter')
  })
})

test('at most five issues are named', () => {
  const schema = z.object(
    Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`f${i}`, z.string({ error: 'must be a text' })])),
  )
  const { message, param } = describeIssues('field', schema.safeParse({}).error?.issues ?? [])
  expect(message.split('; ')).toHaveLength(5)
  expect(param).toBe('f0')
})
