/** SHA-256 of a few bytes, at once: Web Crypto answers with a promise, and scanners are synchronous. For check sums, not for secrets. */

const fraction = (root: number): number => ((root - Math.floor(root)) * 0x1_0000_0000) >>> 0

const PRIMES: readonly number[] = Array.from({ length: 310 }, (_, i) => i + 2).filter((candidate) => {
  for (let divisor = 2; divisor * divisor <= candidate; divisor += 1) if (candidate % divisor === 0) return false
  return true
})
/** FIPS 180-4: the fractions of the cube roots of the first 64 primes, and of the square roots of the first eight. */
const ROUND = Uint32Array.from(PRIMES.slice(0, 64), (prime) => fraction(Math.cbrt(prime)))
const START = Uint32Array.from(PRIMES.slice(0, 8), (prime) => fraction(Math.sqrt(prime)))

const rotate = (value: number, bits: number): number => (value >>> bits) | (value << (32 - bits))

/** 32 bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  const padded = new Uint8Array(Math.ceil((bytes.length + 9) / 64) * 64)
  padded.set(bytes)
  padded[bytes.length] = 0x80
  const view = new DataView(padded.buffer)
  view.setUint32(padded.length - 4, bytes.length * 8)
  const state = START.slice()
  const words = new Uint32Array(64)
  for (let block = 0; block < padded.length; block += 64) {
    for (let i = 0; i < 16; i += 1) words[i] = view.getUint32(block + i * 4)
    for (let i = 16; i < 64; i += 1) {
      const a = words[i - 15] ?? 0
      const b = words[i - 2] ?? 0
      const near = rotate(a, 7) ^ rotate(a, 18) ^ (a >>> 3)
      const far = rotate(b, 17) ^ rotate(b, 19) ^ (b >>> 10)
      words[i] = (words[i - 16] ?? 0) + near + (words[i - 7] ?? 0) + far
    }
    let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state
    for (let i = 0; i < 64; i += 1) {
      const high = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + (ROUND[i] ?? 0) + (words[i] ?? 0)
      const low = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))
      h = g
      g = f
      f = e
      e = (d + high) >>> 0
      d = c
      c = b
      b = a
      a = (high + low) >>> 0
    }
    for (const [i, value] of [a, b, c, d, e, f, g, h].entries()) state[i] = (state[i] ?? 0) + value
  }
  const digest = new Uint8Array(32)
  const out = new DataView(digest.buffer)
  state.forEach((value, i) => out.setUint32(i * 4, value))
  return digest
}
