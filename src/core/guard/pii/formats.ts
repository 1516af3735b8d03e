/** What makes a card, an account, an address of a machine or a wallet a real one. */
import { luhn, mod97 } from './checksums.ts'
import { sha256 } from './sha256.ts'

/** Issuer prefixes with their lengths: Visa, Mastercard, Amex, Diners, Discover, JCB, UnionPay, Maestro, Mir, RuPay, Troy. */
const ISSUERS: readonly { readonly prefix: RegExp; readonly lengths: readonly number[] }[] = [
  { prefix: /^4/, lengths: [13, 16, 19] },
  { prefix: /^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, lengths: [16] },
  { prefix: /^3[47]/, lengths: [15] },
  { prefix: /^3(?:0[0-59]|[689])/, lengths: [14, 16, 19] },
  { prefix: /^6(?:011|4[4-9]|5)/, lengths: [16, 19] },
  { prefix: /^35(?:2[89]|[3-8])/, lengths: [16, 17, 18, 19] },
  { prefix: /^(?:62|81)/, lengths: [16, 17, 18, 19] },
  { prefix: /^(?:5018|5020|5038|5[678]|6304|6390|67)/, lengths: [13, 15, 16, 18, 19] },
  { prefix: /^220[0-4]/, lengths: [16, 17, 18, 19] },
  { prefix: /^(?:60|9792)/, lengths: [16] },
]

export function isCard(digits: string): boolean {
  return luhn(digits) && ISSUERS.some(({ prefix, lengths }) => lengths.includes(digits.length) && prefix.test(digits))
}

/** Characters of an IBAN by country, as the register of SWIFT has them. */
const IBAN_LENGTHS: { readonly [country: string]: number } = Object.fromEntries(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 ' +
    'FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 ' +
    'LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 ' +
    'SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
)

export function isIban(value: string): boolean {
  return IBAN_LENGTHS[value.slice(0, 2)] === value.length && mod97(value.slice(4) + value.slice(0, 4)) === 1
}

/** A country that has IBANs and a length that one of them has. For texts that say "IBAN": a mistyped one is one. */
export function isIbanShape(value: string): boolean {
  return IBAN_LENGTHS[value.slice(0, 2)] !== undefined && value.length >= 15 && value.length <= 34
}

/** Not loopback, not a mask, not "this network": they name no machine of anybody. */
export function isIpv4(value: string): boolean {
  const parts = value.split('.')
  return (
    parts.every((part) => Number(part) <= 255 && (part === '0' || !part.startsWith('0'))) &&
    parts[0] !== '0' &&
    parts[0] !== '127' &&
    parts[0] !== '255'
  )
}

export function isIpv6(value: string): boolean {
  const halves = value.split('::')
  if (halves.length > 2) return false
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')))
  if (!groups.every((group) => /^[0-9A-Fa-f]{1,4}$/.test(group))) return false
  if (halves.length === 1) return groups.length === 8
  // Two short groups round a double colon are more often code than an address.
  return groups.length < 8 && (groups.length >= 3 || /^(?:f[cde]|2[0-9a-f]{3})/i.test(value)) && groups.length >= 2
}

export const isMac = (value: string): boolean => !/^(?:0+|f+)$/i.test(value.replaceAll(/[^0-9A-Fa-f]/g, ''))

const BECH32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const BECH32_STEPS = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3] as const

/** BIP 173 and BIP 350. */
export function isBech32(value: string): boolean {
  const lower = value.toLowerCase()
  const split = lower.lastIndexOf('1')
  const values: number[] = []
  for (const char of lower.slice(0, split)) values.push(char.charCodeAt(0) >> 5)
  values.push(0)
  for (const char of lower.slice(0, split)) values.push(char.charCodeAt(0) & 31)
  for (const char of lower.slice(split + 1)) values.push(BECH32.indexOf(char))
  let check = 1
  for (const value of values) {
    const top = check >>> 25
    check = ((check & 0x1ffffff) << 5) ^ value
    BECH32_STEPS.forEach((step, i) => {
      if ((top >>> i) & 1) check ^= step
    })
  }
  return check === 1 || check === 0x2bc830a3
}

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

/** Base58Check: 25 bytes that end with the beginning of their double hash. Bitcoin, Litecoin, Dogecoin, Tron and their kin. */
export function isBase58Wallet(value: string): boolean {
  let number = 0n
  for (const char of value) {
    const digit = BASE58.indexOf(char)
    if (digit < 0) return false
    number = number * 58n + BigInt(digit)
  }
  if (number >> 200n !== 0n) return false
  const bytes = new Uint8Array(25)
  for (let i = 24; i >= 0; i -= 1) {
    bytes[i] = Number(number & 0xffn)
    number >>= 8n
  }
  const check = sha256(sha256(bytes.subarray(0, 21)))
  return bytes.subarray(21).every((byte, i) => byte === check[i])
}
