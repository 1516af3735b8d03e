/**
 * What the gateway costs: our gateway, bare passthroughs and a mock upstream side by side in one run, on loopback, for Linux.
 * `bun bench/proxy.ts --help` lists the options. Prints Markdown and writes the raw figures to `bench/out/`.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, release } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { LOAD_SCENARIOS, measure, SCENARIO_NAMES, type Cell, type ScenarioName } from './proxy/cells.ts'
import { load } from './proxy/load.ts'
import { measureLarge, measureStart, type Large, type Start } from './proxy/once.ts'
import { barsOf, render, renderSoak } from './proxy/report.ts'
import { soak } from './proxy/soak.ts'
import { OUT, startMock, startTarget, TARGET_NAMES, targetNamed, type Running, type TargetName } from './proxy/targets.ts'

const HELP = `bun bench/proxy.ts [options]
  --quick               one short round, under a minute
  --rounds N            default 3; the order of the targets turns round in every second one
  --seconds S           of each cell, default 1.5
  --scenarios a,b       of ${SCENARIO_NAMES.join(', ')}; default all but anthropic
  --targets a,b         of ${TARGET_NAMES.map((name) => name.replaceAll(' ', '-')).join(', ')}; default all
  --soak MINUTES        instead: a mixed load on ours-bun (or --targets) and whether memory stays flat
  --soak-rate N         calls a second of it, default 150
  --profile             ours-bun writes a CPU profile to bench/out/
  --strict              exit 1 where a bar is missed or could not be measured`

const STARTS = 3

const { values: options } = parseArgs({
  options: {
    help: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    scenarios: { type: 'string' },
    targets: { type: 'string' },
    soak: { type: 'string' },
    'soak-rate': { type: 'string', default: '150' },
    profile: { type: 'boolean', default: false },
    strict: { type: 'boolean', default: false },
  },
})

if (options.help) {
  console.log(HELP)
  process.exit(0)
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))
mkdirSync(OUT, { recursive: true })
const rounds = within('rounds', options.rounds ?? (options.quick ? '1' : '3'), 1, 100)
const seconds = within('seconds', options.seconds ?? (options.quick ? '0.7' : '1.5'), 0.1, 60)
const scenarios = chosen('scenarios', options.scenarios, (name) => SCENARIO_NAMES.find((each) => each === name) ?? null)
const wanted = chosen('targets', options.targets, targetNamed)
const targetNames: readonly TargetName[] = wanted ?? TARGET_NAMES
const isAsked = (name: ScenarioName): boolean => (scenarios === null ? name !== 'anthropic' : scenarios.includes(name))
const profileDir = options.profile ? OUT : null

const mock = await startMock()
const isPassed = options.soak === undefined ? await compare() : await soakAll(within('soak', options.soak, 0.1, 1_440))
await mock.stop()
process.exit(isPassed || !options.strict ? 0 : 1)

async function compare(): Promise<boolean> {
  const cells: Cell[] = []
  const rows: { target: TargetName; accepted: number; rows: number }[] = []
  const planned = LOAD_SCENARIOS.filter(({ name }) => isAsked(name))
  if (planned.length > 0) {
    const running: Running[] = []
    for (const name of targetNames) running.push(...(await tryStart(name)))
    for (const target of running) await warmUp(target)
    for (let round = 0; round < rounds; round++) {
      const order = round % 2 === 0 ? running : running.toReversed()
      for (const scenario of planned) {
        for (const target of order) {
          const cell = await measure({ mock }, target, scenario, round, seconds)
          cells.push(cell)
          progress(cell)
        }
      }
    }
    for (const target of running) {
      const [found, delivery] = [await target.storedRows(), await target.delivery()]
      if (found !== null && delivery !== null) rows.push({ target: target.name, accepted: delivery.accepted, rows: found })
      await target.stop()
    }
  }
  const starts: Start[] = []
  const larges: Large[] = []
  const own = targetNames.filter((name) => name !== 'direct' && name !== 'bun again')
  for (const name of own) {
    for (let i = 0; isAsked('start') && i < (options.quick ? 1 : STARTS); i++)
      starts.push(...(await attempt(() => measureStart(name, mock.port))))
    for (const kind of ['json', 'flood'] as const) {
      if (isAsked('large')) larges.push(...(await attempt(() => measureLarge(name, mock.port, kind))))
    }
  }
  const measured = { cells, starts, larges, rows }
  const bars = barsOf(measured)
  console.log(`## Proxy bench\n\n${machine()}; ${rounds} rounds of ${seconds} s.\n\n${render(measured, bars)}`)
  keep('proxy', { ...measured, bars })
  return bars.every(({ verdict }) => verdict === 'pass')
}

async function soakAll(minutes: number): Promise<boolean> {
  let isGood = true
  for (const name of wanted ?? (['ours bun'] as const)) {
    for (const target of await tryStart(name)) {
      const result = await soak(target, minutes, within('soak-rate', options['soak-rate'], 1, 10_000))
      await target.stop()
      console.log(`${machine()}\n\n${renderSoak(name, result)}`)
      keep(`soak-${name.replaceAll(' ', '-')}`, result)
      isGood &&= result.isGood
    }
  }
  return isGood
}

/** Compiled code and connection pools, before anything counts. */
async function warmUp(target: Running): Promise<void> {
  for (const { shape, promptBytes } of LOAD_SCENARIOS.filter(({ name }) => isAsked(name))) {
    const pace = { kind: 'closed', connections: 16 } as const
    await load({ port: target.port, shape, promptBytes, pace, seconds: options.quick ? 0.25 : 0.9, requestsMax: 20_000 })
  }
}

/** Empty where it does not start; the bars that need it then have no data. */
async function tryStart(name: TargetName): Promise<readonly Running[]> {
  return attempt(() => startTarget(name, mock.port, name === 'ours bun' ? profileDir : null))
}

async function attempt<T>(run: () => Promise<T>): Promise<readonly T[]> {
  try {
    return [await run()]
  } catch (error) {
    console.error(`left out: ${error instanceof Error ? error.message : String(error)}`)
    return []
  }
}

function progress({ round, scenario, target, result, cpuSecondsPer1k, spans }: Cell): void {
  const errors = Object.keys(result.errors).length > 0 ? `  errors ${JSON.stringify(result.errors)}` : ''
  const stored = spans !== null && spans.stored < result.ok ? `  stored ${spans.stored} of ${result.ok}` : ''
  const texts = spans !== null && spans.textsShed > 0 ? `  ${spans.textsShed} without texts` : ''
  const figures = `${result.ok} ok, p50 ${result.latencyMs.p50.toFixed(3)} ms, ${cpuSecondsPer1k.toFixed(4)} CPU s/1k`
  console.error(`round ${round + 1}/${rounds}  ${scenario.padEnd(9)} ${target.padEnd(9)} ${figures}${errors}${stored}${texts}`)
}

function machine(): string {
  const model = cpus()[0]?.model ?? 'unknown CPU'
  return `${new Date().toISOString().slice(0, 10)}, ${model}, ${availableParallelism()} cores, Linux ${release()}, Bun ${Bun.version}`
}

function keep(name: string, content: object): void {
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(':', '-')
  writeFileSync(join(OUT, `${name}-${stamp}.json`), JSON.stringify({ machine: machine(), rounds, seconds, ...content }))
}

function within(name: string, text: string, min: number, max: number): number {
  const value = Number(text)
  if (value >= min && value <= max) return value
  console.error(`--${name} is a number from ${min} to ${max}`)
  process.exit(2)
}

/** Null where the option is not given. */
function chosen<T>(option: string, text: string | undefined, find: (name: string) => T | null): readonly T[] | null {
  if (text === undefined) return null
  return text.split(',').map((name) => {
    const found = find(name.trim())
    if (found !== null) return found
    console.error(`--${option}: there is no ${name}\n\n${HELP}`)
    process.exit(2)
  })
}
