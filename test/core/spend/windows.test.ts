import { describe, expect, test } from 'bun:test'
import type { BudgetWindow } from '../../../src/core/domain/limit-policy.ts'
import { createWindows } from '../../../src/core/spend/windows.ts'

const at = (text: string): number => new Date(text).getTime()
const CASES: readonly (readonly [
  why: string,
  zone: string,
  window: BudgetWindow,
  time: string,
  startsAt: string,
  endsAt: string,
])[] = [
  ['an hour', 'UTC', 'hourly', '2026-11-30T18:59:59.999Z', '2026-11-30T18:00:00Z', '2026-11-30T19:00:00Z'],
  [
    'an hour of a zone that is half an hour off',
    'Asia/Kolkata',
    'hourly',
    '2026-11-30T18:59:00Z',
    '2026-11-30T18:30:00Z',
    '2026-11-30T19:30:00Z',
  ],
  ['a day', 'UTC', 'daily', '2026-11-30T00:00:00Z', '2026-11-30T00:00:00Z', '2026-12-01T00:00:00Z'],
  ['a day east of UTC', 'Asia/Tokyo', 'daily', '2026-11-30T16:00:00Z', '2026-11-30T15:00:00Z', '2026-12-01T15:00:00Z'],
  ['a day of 23 hours', 'Europe/Berlin', 'daily', '2026-03-29T12:00:00Z', '2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z'],
  ['a day of 25 hours', 'Europe/Berlin', 'daily', '2026-10-25T12:00:00Z', '2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z'],
  [
    'the last moment of a day of 25 hours',
    'America/New_York',
    'daily',
    '2026-11-02T04:59:59.999Z',
    '2026-11-01T04:00:00Z',
    '2026-11-02T05:00:00Z',
  ],
  [
    'a day whose midnight does not exist',
    'Africa/Cairo',
    'daily',
    '2026-04-24T10:00:00Z',
    '2026-04-23T22:00:00Z',
    '2026-04-24T21:00:00Z',
  ],
  ['the day before it', 'Africa/Cairo', 'daily', '2026-04-23T21:59:59Z', '2026-04-22T22:00:00Z', '2026-04-23T22:00:00Z'],
  [
    'the first of two hours of one name',
    'Europe/Berlin',
    'hourly',
    '2026-10-25T00:30:00Z',
    '2026-10-25T00:00:00Z',
    '2026-10-25T01:00:00Z',
  ],
  ['the second of them', 'Europe/Berlin', 'hourly', '2026-10-25T01:30:00Z', '2026-10-25T01:00:00Z', '2026-10-25T02:00:00Z'],
  ['a week from Monday', 'UTC', 'weekly', '2026-11-29T23:59:59Z', '2026-11-23T00:00:00Z', '2026-11-30T00:00:00Z'],
  ['a Monday begins one', 'UTC', 'weekly', '2026-11-30T00:00:00Z', '2026-11-30T00:00:00Z', '2026-12-07T00:00:00Z'],
  [
    'a week over a change of the clock',
    'Europe/Berlin',
    'weekly',
    '2026-03-27T12:00:00Z',
    '2026-03-22T23:00:00Z',
    '2026-03-29T22:00:00Z',
  ],
  ['a month', 'UTC', 'monthly', '2026-11-30T23:59:59Z', '2026-11-01T00:00:00Z', '2026-12-01T00:00:00Z'],
  [
    'a month in local time',
    'America/Los_Angeles',
    'monthly',
    '2026-12-01T07:59:59Z',
    '2026-11-01T07:00:00Z',
    '2026-12-01T08:00:00Z',
  ],
  ['December', 'UTC', 'monthly', '2026-12-31T23:59:59Z', '2026-12-01T00:00:00Z', '2027-01-01T00:00:00Z'],
  ['February of a leap year', 'UTC', 'monthly', '2028-02-29T12:00:00Z', '2028-02-01T00:00:00Z', '2028-03-01T00:00:00Z'],
  ['February of another', 'UTC', 'monthly', '2027-02-28T12:00:00Z', '2027-02-01T00:00:00Z', '2027-03-01T00:00:00Z'],
  ['the leap day', 'UTC', 'daily', '2028-02-29T12:00:00Z', '2028-02-29T00:00:00Z', '2028-03-01T00:00:00Z'],
  ['before 1970', 'UTC', 'weekly', '1969-12-31T12:00:00Z', '1969-12-29T00:00:00Z', '1970-01-05T00:00:00Z'],
]

describe('windows', () => {
  for (const [why, zone, window, time, startsAt, endsAt] of CASES) {
    test(why, () => {
      expect(createWindows(zone)(window, at(time))).toEqual({ startsAt: at(startsAt), endsAt: at(endsAt) })
    })
  }

  test('follow one another without a gap, over years and changes of the clock', () => {
    for (const zone of ['UTC', 'Europe/Berlin', 'America/New_York', 'Africa/Cairo', 'America/Sao_Paulo', 'Pacific/Chatham']) {
      for (const window of ['daily', 'weekly', 'monthly'] as const) {
        const windows = createWindows(zone)
        let { startsAt, endsAt } = windows(window, at('2025-12-31T12:00:00Z'))
        while (startsAt < at('2029-01-01T00:00:00Z')) {
          const next = windows(window, endsAt)
          expect([zone, window, next.startsAt]).toEqual([zone, window, endsAt])
          expect(windows(window, next.endsAt - 1)).toEqual(next)
          ;({ startsAt, endsAt } = next)
        }
      }
    }
  })

  test('a zone that is not known is refused', () => {
    expect(() => createWindows('Europe/Nowhere')).toThrow(RangeError)
  })
})
