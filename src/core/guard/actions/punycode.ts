/** Decodes the part of an international host label behind `xn--` (RFC 3492 section 6.2). Encodes nothing. */

const BASE = 36
const T_MIN = 1
const T_MAX = 26
/** A label of a host name has no more. */
const LABEL_CHARS_MAX = 63

/** Null where it is not punycode. */
export function decodePunycode(label: string): string | null {
  if (label.length > LABEL_CHARS_MAX) return null
  const delimiter = label.lastIndexOf('-')
  const output = delimiter > 0 ? Array.from(label.slice(0, delimiter), (c) => c.codePointAt(0) ?? 0) : []
  let code = 128
  let i = 0
  let bias = 72
  let at = delimiter > 0 ? delimiter + 1 : 0
  while (at < label.length) {
    const before = i
    let weight = 1
    for (let k = BASE; ; k += BASE) {
      const digit = digitOf(label.charCodeAt(at))
      if (digit === null) return null
      at += 1
      i += digit * weight
      const t = k <= bias ? T_MIN : k >= bias + T_MAX ? T_MAX : k - bias
      if (digit < t) break
      weight *= BASE - t
      if (weight > 0x7fffffff) return null
    }
    bias = adapt(i - before, output.length + 1, before === 0)
    code += Math.floor(i / (output.length + 1))
    if (code > 0x10ffff) return null
    i %= output.length + 1
    output.splice(i, 0, code)
    i += 1
  }
  return String.fromCodePoint(...output)
}

function digitOf(unit: number): number | null {
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30 + 26
  if (unit >= 0x61 && unit <= 0x7a) return unit - 0x61
  if (unit >= 0x41 && unit <= 0x5a) return unit - 0x41
  return null
}

function adapt(delta: number, points: number, isFirst: boolean): number {
  let rest = isFirst ? Math.floor(delta / 700) : delta >> 1
  rest += Math.floor(rest / points)
  let k = 0
  while (rest > ((BASE - T_MIN) * T_MAX) >> 1) {
    rest = Math.floor(rest / (BASE - T_MIN))
    k += BASE
  }
  return k + Math.floor(((BASE - T_MIN + 1) * rest) / (rest + 38))
}
