/** Medians, percentiles and a line through points. NaN where there is nothing to say. */

export type Spread = { readonly count: number; readonly p50: number; readonly p99: number; readonly max: number }

/** `scale` divides every value, e.g. 1000 for microseconds in, milliseconds out. */
export function spreadOf(values: readonly number[], scale: number): Spread {
  const sorted = Float64Array.from(values).sort()
  const at = (share: number): number => (sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN) / scale
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) }
}

/** Values that are no number are left out. */
export function median(values: readonly number[]): number {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/** Least squares: how much `y` grows for one `x`. */
export function slope(points: readonly { readonly x: number; readonly y: number }[]): number {
  const meanX = points.reduce((sum, { x }) => sum + x, 0) / points.length
  const meanY = points.reduce((sum, { y }) => sum + y, 0) / points.length
  const covariance = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0)
  const variance = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0)
  return variance > 0 ? covariance / variance : Number.NaN
}
