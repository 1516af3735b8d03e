/**
 * The lengths that numbers have in the numbering plans of the world, from libphonenumber's smallest metadata (82 KB; `max` has 145 KB
 * more to say which ranges are given out today, and would miss numbers that are given out tomorrow or were typed wrong). Its parser
 * takes 9 µs for a number, so only the lengths are taken out of it.
 */
import { Metadata } from 'libphonenumber-js/core'
import metadata from 'libphonenumber-js/min/metadata'

/** Shorter ones are services, not people. */
const NATIONAL_DIGITS_MIN = 6

const LENGTHS: ReadonlyMap<string, ReadonlySet<number>> = new Map(
  Object.entries(metadata.country_calling_codes).map(([callingCode, countries]) => {
    const reader = new Metadata(metadata)
    const lengths = countries.flatMap((country) => {
      reader.selectNumberingPlan(country)
      return reader.numberingPlan?.possibleLengths() ?? []
    })
    return [callingCode, new Set(lengths)]
  }),
)

/** Whether digits after a plus have a calling code, and a length that its plan knows. */
export function isInternational(digits: string): boolean {
  // No calling code begins with another one.
  for (let length = 1; length <= 3; length += 1) {
    const lengths = LENGTHS.get(digits.slice(0, length))
    const national = digits.length - length
    if (lengths !== undefined) return national >= NATIONAL_DIGITS_MIN && lengths.has(national)
  }
  return false
}
