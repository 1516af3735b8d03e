/** The least time of many runs: what else the machine does only ever adds to it. */

/** Enough runs to see one without an interruption, and no more time than this. */
const RUNS_MIN = 5
const TIME_MS = 60

export type Effort = { readonly runsMin: number; readonly timeMs: number }

export const THOROUGH: Effort = { runsMin: RUNS_MIN, timeMs: TIME_MS }
export const QUICK: Effort = { runsMin: 3, timeMs: 15 }

/** Milliseconds of the fastest run. `run` gets its number. */
export function leastMs(run: (n: number) => unknown, { runsMin, timeMs }: Effort): number {
  let least = Number.POSITIVE_INFINITY
  const start = performance.now()
  for (let n = 0; n < runsMin || performance.now() - start < timeMs; n += 1) {
    const began = performance.now()
    // Looked at, so that the work for it cannot be left out.
    if (run(n) === NEVER) throw new Error('a run gave what no run gives')
    least = Math.min(least, performance.now() - began)
  }
  return least
}

const NEVER = Symbol('never')

/** The power with which `ms` grows with `bytes`: 1 is linear. Least squares over the logarithms. */
export function exponentOf(points: readonly { readonly bytes: number; readonly ms: number }[]): number {
  const logs = points.map(({ bytes, ms }) => ({ x: Math.log(bytes), y: Math.log(ms) }))
  const [x0, y0] = [mean(logs.map(({ x }) => x)), mean(logs.map(({ y }) => y))]
  const covariance = logs.reduce((sum, { x, y }) => sum + (x - x0) * (y - y0), 0)
  return covariance / logs.reduce((sum, { x }) => sum + (x - x0) ** 2, 0)
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
