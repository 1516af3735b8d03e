/**
 * How well the rules tell attacks from harmless texts: precision, recall, F1 and false positives, in all, by kind and by source, for each
 * tier. Reads labelled data and prints; keeps nothing.
 *
 *   npm run bench:detection -- [--set injection] [--split dev|train] [--rules] [--misses 20]
 */
import { INJECTION_SETS, runInjection } from './detection/injection.ts'

const SETS: ReadonlyMap<string, (args: readonly string[]) => Promise<string>> = new Map([['injection', runInjection]])

const args = process.argv.slice(2)
const set = valueOf('--set') ?? 'injection'
const run = SETS.get(set)
if (run === undefined || !INJECTION_SETS.has(valueOf('--split') ?? 'dev')) {
  console.error(`known sets: ${[...SETS.keys()].join(', ')}; splits: ${[...INJECTION_SETS].join(', ')}`)
  process.exitCode = 2
} else console.log(await run(args))

function valueOf(flag: string): string | null {
  const at = args.indexOf(flag)
  return at < 0 ? null : (args[at + 1] ?? null)
}
