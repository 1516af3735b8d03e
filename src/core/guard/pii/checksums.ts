/** Check digits that several kinds of number share. All take digits only and are true where the last digits fit the others. */

function digitsOf(value: string): number[] {
  return Array.from(value, Number)
}

/** Cards, Canadian SIN, IMEI, South African and Swedish numbers. */
export function luhn(value: string): boolean {
  let sum = 0
  for (let i = 0; i < value.length; i += 1) {
    const digit = value.charCodeAt(value.length - 1 - i) - 48
    const doubled = i % 2 === 0 ? digit : digit * 2
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}

/** The sum of digits times weights; digits beyond the weights do not count. */
export function weighted(value: string, weights: readonly number[]): number {
  return weights.reduce((sum, weight, i) => sum + weight * (value.charCodeAt(i) - 48), 0)
}

/** ISO 7064 mod 97-10 over digits and letters (A = 10), as in an IBAN that was turned round. */
export function mod97(value: string): number {
  let rest = 0
  for (let i = 0; i < value.length; i += 1) {
    const code = value.charCodeAt(i)
    rest = code < 58 ? (rest * 10 + code - 48) % 97 : (rest * 100 + code - 55) % 97
  }
  return rest
}

/** ISO 7064 mod 11,10: German tax numbers. */
export function mod11And10(value: string): boolean {
  let product = 10
  for (const digit of digitsOf(value.slice(0, -1))) {
    const sum = (digit + product) % 10 || 10
    product = (sum * 2) % 11
  }
  return (11 - product) % 10 === Number(value.at(-1))
}

const VERHOEFF_PRODUCT: readonly (readonly number[])[] = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
  [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
  [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
  [4, 0, 1, 2, 3, 9, 5, 6, 7, 8],
  [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
  [6, 5, 9, 8, 7, 1, 0, 4, 3, 2],
  [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
  [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
  [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
]
const VERHOEFF_STEP = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4] as const
/** The step applied as often as the place counts; it repeats after eight. */
const VERHOEFF_PLACES: readonly (readonly number[])[] = Array.from({ length: 8 }, (_, place) =>
  Array.from({ length: 10 }, (_, digit) => {
    let stepped = digit
    for (let turn = 0; turn < place; turn += 1) stepped = VERHOEFF_STEP[stepped] ?? 0
    return stepped
  }),
)

/** Aadhaar. */
export function verhoeff(value: string): boolean {
  let check = 0
  for (let i = 0; i < value.length; i += 1) {
    const digit = VERHOEFF_PLACES[i % 8]?.[value.charCodeAt(value.length - 1 - i) - 48] ?? 0
    check = VERHOEFF_PRODUCT[check]?.[digit] ?? 0
  }
  return check === 0
}

/** EAN-13: Swiss AHV numbers. */
export function ean13(value: string): boolean {
  return weighted(value, [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]) % 10 === 0
}

const MONTH_DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const

/** A day that a calendar has; the 29th of February passes in every year, where the century is not known. */
export function isDay(month: number, day: number): boolean {
  return day >= 1 && day <= (MONTH_DAYS[month - 1] ?? 0)
}
