/** What makes a national number a real one, by country. Values come without separators, letters in upper case. */
import { ean13, isDay, luhn, mod11And10, mod97, verhoeff, weighted } from './checksums.ts'

const num = (value: string, start: number, end: number): number => Number(value.slice(start, end))

/** The check digit of a weighted sum modulo 11, with 10 and 11 as the country has them. */
function mod11Digit(value: string, weights: readonly number[], ifTen: number | null): number | null {
  const rest = 11 - (weighted(value, weights) % 11)
  if (rest === 11) return 0
  return rest === 10 ? ifTen : rest
}

export function isUsSsn(value: string): boolean {
  const area = num(value, 0, 3)
  return area > 0 && area !== 666 && area < 900 && isUsSsnShape(value)
}

/** No part is all zeros; the area may be one that was never given out. */
export function isUsSsnShape(value: string): boolean {
  return num(value, 0, 3) > 0 && num(value, 3, 5) > 0 && num(value, 5, 9) > 0
}

export function isUsItin(value: string): boolean {
  const group = num(value, 3, 5)
  return value.startsWith('9') && group >= 50 && group !== 89 && group !== 93 && (group <= 65 || group >= 70)
}

const NINO_UNUSED = new Set(['BG', 'GB', 'KN', 'NK', 'NT', 'TN', 'ZZ'])
export const isUkNino = (value: string): boolean => !NINO_UNUSED.has(value.slice(0, 2))

export const isUkNhs = (value: string): boolean => mod11Digit(value, [10, 9, 8, 7, 6, 5, 4, 3, 2], null) === num(value, 9, 10)

/** Numbers that begin with 0 or 8 are not given out to people; they are typed all the same. */
export const isCaSin = luhn

export function isAuTfn(value: string): boolean {
  return value.length === 9 && weighted(value, [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 === 0
}

export function isAuAbn(value: string): boolean {
  return (weighted(value, [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]) - 10) % 89 === 0
}

export function isAuMedicare(value: string): boolean {
  return /^[2-6]/.test(value) && weighted(value, [1, 3, 7, 9, 1, 3, 7, 9]) % 10 === num(value, 8, 9)
}

export function isDeSteuerId(value: string): boolean {
  const counts = new Map<string, number>()
  for (const digit of value.slice(0, 10)) counts.set(digit, (counts.get(digit) ?? 0) + 1)
  const repeated = [...counts.values()].filter((count) => count > 1)
  return !value.startsWith('0') && repeated.length === 1 && (repeated[0] ?? 0) <= 3 && mod11And10(value)
}

/** Nine characters, or ten with the check digit of ICAO 9303. */
export function isDePersonalausweis(value: string): boolean {
  if (value.length < 10) return true
  const sum = Array.from(value.slice(0, 9)).reduce(
    (all, char, i) => all + Number.parseInt(char, 36) * ([7, 3, 1][i % 3] ?? 0),
    0,
  )
  return sum % 10 === num(value, 9, 10)
}

export function isFrNir(value: string): boolean {
  // Corsica's letters stand for numbers: 2A is 19, 2B is 18.
  const body = value.slice(0, 13).replace('2A', '19').replace('2B', '18')
  return 97 - (mod97(body) % 97) === num(value, 13, 15)
}

const CF_ODD = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23] as const

export function isItCodiceFiscale(value: string): boolean {
  let sum = 0
  for (let i = 0; i < 15; i += 1) {
    const code = value.charCodeAt(i)
    const place = code < 58 ? code - 48 : code - 65
    sum += i % 2 === 0 ? (CF_ODD[place] ?? 0) : place
  }
  return String.fromCharCode(65 + (sum % 26)) === value[15]
}

const DNI_LETTERS = 'TRWAGMYFPDXBNJZSQVHLCKE'
export const isEsDni = (value: string): boolean => DNI_LETTERS[num(value, 0, 8) % 23] === value[8]
export const isEsNie = (value: string): boolean => isEsDni(`${'XYZ'.indexOf(value[0] ?? '')}${value.slice(1)}`)

export const isNlBsn = (value: string): boolean => Number(value) > 0 && weighted(value, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0

export function isPlPesel(value: string): boolean {
  return isDay(num(value, 2, 4) % 20, num(value, 4, 6)) && weighted(value, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 === 0
}

/** Ten digits, or twelve with the century. A co-ordination number has 60 added to its day. */
export function isSePersonnummer(value: string): boolean {
  const short = value.slice(-10)
  return isDay(num(short, 2, 4), num(short, 4, 6) % 60) && luhn(short)
}

export function isBeRrn(value: string): boolean {
  const check = num(value, 9, 11)
  const body = value.slice(0, 9)
  // Born in 2000 or later: a 2 goes before it.
  return 97 - mod97(body) === check || 97 - mod97(`2${body}`) === check
}

export const isPtNif = (value: string): boolean => {
  const rest = weighted(value, [9, 8, 7, 6, 5, 4, 3, 2]) % 11
  return (rest < 2 ? 0 : 11 - rest) === num(value, 8, 9)
}

const HETU_CHECK = '0123456789ABCDEFHJKLMNPRSTUVWXY'
/** Six digits, the sign of the century, three digits, the check character. */
export function isFiHetu(value: string): boolean {
  const digits = value.slice(0, 6) + value.slice(-4, -1)
  return isDay(num(value, 2, 4), num(value, 0, 2)) && HETU_CHECK[Number(digits) % 31] === value.at(-1)
}

export const isDkCpr = (value: string): boolean => isDay(num(value, 2, 4), num(value, 0, 2))

export function isNoFnr(value: string): boolean {
  // D-numbers have 40 added to the day.
  const day = num(value, 0, 2)
  return (
    isDay(num(value, 2, 4), day > 40 ? day - 40 : day) &&
    mod11Digit(value, [3, 7, 6, 1, 8, 9, 4, 5, 2], null) === num(value, 9, 10) &&
    mod11Digit(value, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2], null) === num(value, 10, 11)
  )
}

export const isChAhv = ean13

export function isAtSvnr(value: string): boolean {
  return isDay(num(value, 6, 8), num(value, 4, 6)) && weighted(value, [3, 7, 9, 0, 5, 8, 4, 2, 1, 6]) % 11 === num(value, 3, 4)
}

export const isInAadhaar = verhoeff

export function isBrCpf(value: string): boolean {
  return (
    mod11Digit(value, [10, 9, 8, 7, 6, 5, 4, 3, 2], 0) === num(value, 9, 10) &&
    mod11Digit(value, [11, 10, 9, 8, 7, 6, 5, 4, 3, 2], 0) === num(value, 10, 11)
  )
}

export function isBrCnpj(value: string): boolean {
  return (
    mod11Digit(value, [5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2], 0) === num(value, 12, 13) &&
    mod11Digit(value, [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2], 0) === num(value, 13, 14)
  )
}

const CURP_ORDER = '0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ'
export function isMxCurp(value: string): boolean {
  const sum = Array.from(value.slice(0, 17)).reduce((all, char, i) => all + CURP_ORDER.indexOf(char) * (18 - i), 0)
  return isDay(num(value, 6, 8), num(value, 8, 10)) && (10 - (sum % 10)) % 10 === num(value, 17, 18)
}

export function isCnResidentId(value: string): boolean {
  const year = num(value, 6, 10)
  const rest = weighted(value, [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]) % 11
  return year >= 1880 && year < 2100 && isDay(num(value, 10, 12), num(value, 12, 14)) && '10X98765432'[rest] === value[17]
}

export function isJpMyNumber(value: string): boolean {
  const rest = weighted(value, [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11
  return (rest <= 1 ? 0 : 11 - rest) === num(value, 11, 12)
}

/** Since October 2020 the last digits are random: the date is all there is to check. */
export const isKrRrn = (value: string): boolean => isDay(num(value, 2, 4), num(value, 4, 6))

const NRIC_LETTERS: { readonly [prefix: string]: { readonly letters: string; readonly offset: number } } = {
  S: { letters: 'JZIHGFEDCBA', offset: 0 },
  T: { letters: 'JZIHGFEDCBA', offset: 4 },
  F: { letters: 'XWUTRQPNMLK', offset: 0 },
  G: { letters: 'XWUTRQPNMLK', offset: 4 },
  M: { letters: 'XWUTRQPNJLK', offset: 3 },
}
export function isSgNric(value: string): boolean {
  const series = NRIC_LETTERS[value[0] ?? '']
  if (series === undefined) return false
  const rest = (weighted(value.slice(1), [2, 7, 6, 5, 4, 3, 2]) + series.offset) % 11
  return series.letters[value.startsWith('M') ? 10 - rest : rest] === value[8]
}

export const isZaId = (value: string): boolean => isDay(num(value, 2, 4), num(value, 4, 6)) && luhn(value)
