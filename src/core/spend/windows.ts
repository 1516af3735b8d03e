/**
 * Calendar windows of a time zone: the hour, day, week (from Monday) and month that a time is in. A day of 23 or 25 hours is one day,
 * a day whose midnight a change of the clock leaves out begins with the change, and the hour that autumn repeats is two hours.
 */
import type { BudgetWindow } from '../domain/limit-policy.ts'
import type { EpochMs } from '../domain/time.ts'

/** Half-open: `startsAt` is in it, `endsAt` is not. */
export type Window = { readonly startsAt: EpochMs; readonly endsAt: EpochMs }

/** Gives the window that a time is in. */
export type Windows = (window: BudgetWindow, time: EpochMs) => Window

const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000

/** Throws `RangeError` for a zone that is not known. The last window of each kind is kept, since most times are in it. */
export function createWindows(timeZone: string): Windows {
  const offsetAt = offsetsOf(timeZone)
  const last = new Map<BudgetWindow, Window>()

  /** The first moment of a local day. `day` counts local days since 1970-01-01. */
  function startOfDay(day: number): EpochMs {
    const midnight = day * DAY_MS
    const candidates = [midnight - offsetAt(midnight - DAY_MS), midnight - offsetAt(midnight + DAY_MS)]
    const inDay = candidates.filter((time) => time + offsetAt(time) >= midnight)
    return Math.min(...(inDay.length > 0 ? inDay : candidates))
  }

  function windowOf(window: BudgetWindow, time: EpochMs): Window {
    const offset = offsetAt(time)
    const local = time + offset
    if (window === 'hourly') {
      const startsAt = Math.floor(local / HOUR_MS) * HOUR_MS - offset
      return { startsAt, endsAt: startsAt + HOUR_MS }
    }
    const day = Math.floor(local / DAY_MS)
    if (window === 'daily') return { startsAt: startOfDay(day), endsAt: startOfDay(day + 1) }
    if (window === 'weekly') {
      // 1970-01-01 was a Thursday.
      const monday = day - ((((day + 3) % 7) + 7) % 7)
      return { startsAt: startOfDay(monday), endsAt: startOfDay(monday + 7) }
    }
    const { year, month } = civilOf(day)
    return { startsAt: startOfDay(dayOf(year, month)), endsAt: startOfDay(dayOf(year, month + 1)) }
  }

  return (window, time) => {
    const known = last.get(window)
    if (known !== undefined && time >= known.startsAt && time < known.endsAt) return known
    const found = windowOf(window, time)
    last.set(window, found)
    return found
  }
}

/** Milliseconds that local time is ahead of UTC, by time. */
function offsetsOf(timeZone: string): (time: EpochMs) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  return (time) => {
    const parts = new Map(format.formatToParts(time).map(({ type, value }) => [type, Number(value)]))
    const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0
    const days = dayOf(part('year'), part('month')) + part('day') - 1
    const local = ((days * 24 + part('hour')) * 60 + part('minute')) * 60 + part('second')
    return (local - Math.floor(time / 1000)) * 1000
  }
}

/**
 * Days from 1970-01-01 to the first of a month of the Gregorian calendar; month 13 is the next January. Years are counted from March,
 * so that the leap day is the last of its year, in eras of 400 years.
 */
function dayOf(year: number, month: number): number {
  const months = year * 12 + month - 3
  const y = Math.floor(months / 12)
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (months - y * 12) + 2) / 5)
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
}

function civilOf(day: number): { readonly year: number; readonly month: number } {
  const shifted = day + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const month = Math.floor((5 * dayOfYear + 2) / 153)
  return { year: yearOfEra + era * 400 + (month >= 10 ? 1 : 0), month: month < 10 ? month + 3 : month - 9 }
}
