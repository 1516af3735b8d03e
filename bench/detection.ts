/**
 * How well the rules tell attacks from harmless texts: precision, recall, F1 and false positives, in all, by kind and by source, for each
 * tier. Reads labelled data and prints; keeps nothing.
 *
 *   npm run bench:detection -- [--set injection] [--split dev|train] [--rules] [--misses 20]
 */
import { benchPii } from './detection/pii.ts'
import { INJECTION_SPLITS, runInjection } from './detection/injection.ts'

type Bench = { readonly splits: readonly string[]; run(args: readonly string[]): Promise<string> }

const SETS: ReadonlyMap<string, Bench> = new Map([
  ['injection', { splits: INJECTION_SPLITS, run: runInjection }],
  ['pii', { splits: [], run: (args) => benchPii(args.includes('--misses')) }],
])

const args = process.argv.slice(2)
const bench = SETS.get(valueOf('--set') ?? 'injection')
const split = valueOf('--split')
if (bench === undefined || (split !== null && !bench.splits.includes(split))) {
  const known = [...SETS].map(([name, { splits }]) => `${name} (${splits.join(', ')})`)
  console.error(`known sets and splits: ${known.join('; ')}`)
  process.exitCode = 2
} else console.log(await bench.run(args))

function valueOf(flag: string): string | null {
  const at = args.indexOf(flag)
  return at < 0 ? null : (args[at + 1] ?? null)
}
