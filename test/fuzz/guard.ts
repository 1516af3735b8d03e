/**
 * Hostile calls through the guard for as long as one likes. Every call is made from a number, so that one that fails can be made again.
 *
 *   npm run fuzz:guard -- [--minutes 5] [--from 1] [--chars 20000]
 */
import { performance } from 'node:perf_hooks'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { callOf, fuzz } from '../support/guard-fuzz.ts'

/** Failures that are told before it is enough. */
const FAILURES_MAX = 20
const TOLD_EVERY_MS = 10_000
/** A call of ordinary size that takes longer is told too: something in it is not linear. */
const SLOW_MS = 5_000

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    from: { type: 'string', default: '1' },
    chars: { type: 'string', default: '20000' },
  },
})
const [minutes, from, charsMax] = [Number(values.minutes), Number(values.from), Number(values.chars)]
if (!(minutes > 0) || !Number.isInteger(from) || !(charsMax >= 1)) {
  console.error('--minutes, --from and --chars must be numbers')
  process.exitCode = 2
} else process.exitCode = await run()

async function run(): Promise<number> {
  const start = performance.now()
  let told = start
  let failures = 0
  let slowestMs = 0
  let seed = from
  for (; performance.now() - start < minutes * 60_000 && failures < FAILURES_MAX; seed += 1) {
    const began = performance.now()
    try {
      await fuzz(callOf(seed, charsMax))
    } catch (error) {
      failures += 1
      console.log(`call ${seed}: ${error instanceof Error ? error.message : String(error)}`)
    }
    const tookMs = performance.now() - began
    if (tookMs > SLOW_MS) console.log(`call ${seed}: took ${Math.round(tookMs)} ms`)
    slowestMs = Math.max(slowestMs, tookMs)
    if (performance.now() - told < TOLD_EVERY_MS) continue
    told = performance.now()
    console.log(`${seed - from + 1} calls, ${failures} failed, the slowest took ${Math.round(slowestMs)} ms`)
  }
  console.log(`${seed - from} calls from ${from} on, ${failures} failed, the slowest took ${Math.round(slowestMs)} ms`)
  return failures > 0 ? 1 : 0
}
