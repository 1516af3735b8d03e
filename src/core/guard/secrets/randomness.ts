/** Tells keys that a machine made from words, names and placeholders. */

/** Shannon entropy of the characters, in bits per character; 0 for the empty text. */
export function entropy(value: string): number {
  const counts = new Map<string, number>()
  for (const char of value) counts.set(char, (counts.get(char) ?? 0) + 1)
  let bits = 0
  for (const count of counts.values()) bits -= (count / value.length) * Math.log2(count / value.length)
  return bits
}

/** Whether a token looks drawn at random: hex needs less than letters of both cases. */
export function isRandom(value: string): boolean {
  const hasDigit = /\d/.test(value)
  if (/^[0-9a-fA-F-]+$/.test(value)) return hasDigit && /[a-fA-F]/.test(value) && entropy(value) >= 2.8
  return (hasDigit || (/[a-z]/.test(value) && /[A-Z]/.test(value))) && entropy(value) >= 3.2
}

const PLACEHOLDER =
  /(.)\1{5,}|^(?:x{3,}|\*{3,}|\.{3,})|\*{4,}|[xX]{4,}|^<.*>$|^\[.*\]$|\$\{|\{\{|^\$[A-Za-z_]+$|^\$\(|^%[A-Za-z_]+%$|your|change.?me|placeholder|redacted|insert|dummy|example|todo|^(?:password|passwd|secret|token|undefined|null|none|true|false|string|required|optional|hidden|hunter2?)$/i

/** What stands for a secret without being one. */
export const isPlaceholderSecret = (value: string): boolean => PLACEHOLDER.test(value)

/** The same for tokens with a prefix that says what they are: only what is plainly filled in. */
export const isMasked = (value: string): boolean => /[xX*.]{8,}|(.)\1{9,}/.test(value) || entropy(value) < 2.5

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  return value
})

/** CRC-32 of ASCII text, unsigned. */
export function crc32(value: string): number {
  let crc = 0xffffffff
  for (let i = 0; i < value.length; i += 1) crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ value.charCodeAt(i)) & 255] ?? 0)
  return (crc ^ 0xffffffff) >>> 0
}

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** GitHub and npm end their tokens with the CRC-32 of what stands before, in six digits of base 62. */
export function hasTokenChecksum(body: string): boolean {
  let check = crc32(body.slice(0, -6))
  let digits = ''
  for (let i = 0; i < 6; i += 1) {
    digits = (BASE62[check % 62] ?? '') + digits
    check = Math.floor(check / 62)
  }
  return body.endsWith(digits)
}

/** The first part of a JWT: base64url of a JSON object that names its algorithm. */
export function isJwtHeader(value: string): boolean {
  try {
    const header: unknown = JSON.parse(atob(value.replaceAll('-', '+').replaceAll('_', '/')))
    return typeof header === 'object' && header !== null && 'alg' in header
  } catch {
    return false
  }
}
