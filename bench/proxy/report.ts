/** Tables and verdicts. Ratios and differences are taken within one round, where both targets saw the same machine; then the median. */
import { LOAD_SCENARIOS, lostSpans, type Cell, type ScenarioName } from './cells.ts'
import type { Large, Start } from './once.ts'
import { GROWTH_MB_MAX, type Soak } from './soak.ts'
import { median } from './statistics.ts'
import type { TargetName } from './targets.ts'

export type Measured = {
  readonly cells: readonly Cell[]
  readonly starts: readonly Start[]
  readonly larges: readonly Large[]
  /** What the store holds at the end, and what had been accepted by then; of ours. */
  readonly rows: readonly { readonly target: TargetName; readonly accepted: number; readonly rows: number }[]
}

export type Bar = {
  readonly what: string
  readonly atMost: string
  readonly measured: string
  /** Lowest and highest round. */
  readonly rounds: string
  /** The same figure for the passthrough measured twice: no smaller difference means anything. */
  readonly noise: string
  readonly verdict: 'pass' | 'miss' | 'no data'
  readonly why: string
}

type Figure = (cell: Cell) => number
/** Share of the answers that may be stored without their texts before a CPU figure no longer counts. */
const TEXTS_SHED_SHARE_MAX = 0.01

type Pairing = 'ratio' | 'difference'

const cpu: Figure = (cell) => cell.cpuSecondsPer1k
const p50: Figure = (cell) => cell.result.latencyMs.p50
const ttft: Figure = (cell) => cell.result.ttftMs.p50
const transit: Figure = (cell) => cell.result.transitMs.p50

export function barsOf(measured: Measured): readonly Bar[] {
  const { cells } = measured
  const compare = (
    what: string,
    scenario: ScenarioName,
    target: TargetName,
    base: TargetName,
    figure: Figure,
    pairing: Pairing,
    limit: number,
    unit: string,
  ): Bar => {
    const values = paired(cells, scenario, target, base, figure, pairing)
    const noise = median(paired(cells, scenario, 'bun again', 'bun', figure, pairing))
    const own = cells.filter((cell) => cell.scenario === scenario && cell.target === target)
    const lost = own.some(lostSpans)
    const failed = own.some(hasErrors)
    // CPU that was saved by not storing texts is not the gateway's cost. A latency is what it is.
    const isPartial = figure === cpu && own.some((cell) => (cell.spans?.textsShed ?? 0) > cell.result.ok * TEXTS_SHED_SHARE_MAX)
    return bar(what, values, limit, unit, Number.isFinite(noise) ? show(noise, pairing, unit) : '–', pairing, [
      ...(lost ? ['spans lost'] : []),
      ...(isPartial ? ['texts given up'] : []),
      ...(failed ? ['errors'] : []),
    ])
  }
  const peak = (ours: TargetName, base: TargetName): Bar => {
    const noise = highest(cells, 'bun again') - highest(cells, 'bun')
    const rise = highest(cells, ours) - highest(cells, base)
    const values = Number.isFinite(rise) ? [rise] : []
    return bar(
      `peak RSS, ${ours} over ${base}`,
      values,
      100,
      ' MB',
      Number.isFinite(noise) ? show(noise, 'difference', ' MB') : '–',
      'difference',
      [],
    )
  }
  const start = (name: TargetName): Bar => {
    const values = measured.starts.filter(({ target }) => target === name).map(({ startMs }) => startMs)
    return bar(`start to first proxied 200, ${name}`, values, 1_000, ' ms', '–', 'difference', [])
  }
  const large = (name: TargetName, kind: Large['kind'], what: string): Bar => {
    const rows = measured.larges.filter((row) => row.target === name && row.kind === kind)
    const why = rows.some(({ errors }) => Object.keys(errors).length > 0) ? ['errors'] : []
    return bar(
      `RSS rise, ${what}, ${name}`,
      rows.map(({ riseMb }) => riseMb),
      80,
      ' MB',
      '–',
      'difference',
      why,
    )
  }
  const lost = (name: TargetName): Bar => {
    const shed = cells.reduce((sum, cell) => sum + (cell.target === name ? (cell.spans?.shed ?? 0) : 0), 0)
    const kept = measured.rows.find(({ target }) => target === name)
    const values = kept === undefined ? [] : [Math.max(shed, kept.accepted - kept.rows)]
    return bar(`spans not in the store, ${name}`, values, 0, '', '–', 'difference', [])
  }
  return [
    compare('requests: CPU, ours bun / node hono', 'requests', 'ours bun', 'node hono', cpu, 'ratio', 1, ''),
    compare('64 KB prompt: p50 added over bun', 'prompt', 'ours bun', 'bun', p50, 'difference', 0.5, ' ms'),
    compare('streams: CPU, ours bun / bun', 'streams', 'ours bun', 'bun', cpu, 'ratio', 2, ''),
    compare('streams: CPU, ours node / node http', 'streams', 'ours node', 'node http', cpu, 'ratio', 2, ''),
    compare('streams 1 ms apart: CPU, ours bun / bun', 'spaced', 'ours bun', 'bun', cpu, 'ratio', 2, ''),
    compare('streams 1 ms apart: CPU, ours node / node http', 'spaced', 'ours node', 'node http', cpu, 'ratio', 2, ''),
    compare('paced streams: TTFT p50 added over bun', 'open', 'ours bun', 'bun', ttft, 'difference', 0.3, ' ms'),
    compare('paced streams: transit p50 added over bun', 'open', 'ours bun', 'bun', transit, 'difference', 0.1, ' ms'),
    lost('ours bun'),
    lost('ours node'),
    peak('ours bun', 'bun'),
    peak('ours node', 'node http'),
    start('ours bun'),
    start('ours node'),
    large('ours bun', 'json', 'one 50 MB answer'),
    large('ours bun', 'flood', 'one 50 MB stream'),
    large('ours node', 'json', 'one 50 MB answer'),
    large('ours node', 'flood', 'one 50 MB stream'),
  ]
}

function highest(cells: readonly Cell[], name: TargetName): number {
  return Math.max(...cells.filter((cell) => cell.target === name).map((cell) => cell.peakMb))
}

function bar(
  what: string,
  values: readonly number[],
  limit: number,
  unit: string,
  noise: string,
  pairing: Pairing,
  reasons: readonly string[],
): Bar {
  const value = median(values)
  const isMeasured = Number.isFinite(value)
  const isGood = value <= limit && reasons.length === 0
  return {
    what,
    atMost: pairing === 'ratio' ? `× ${limit}` : `${limit}${unit}`,
    measured: isMeasured ? show(value, pairing, unit) : '–',
    rounds: isMeasured ? `${show(Math.min(...values), pairing, unit)} … ${show(Math.max(...values), pairing, unit)}` : '–',
    noise,
    verdict: isMeasured ? (isGood ? 'pass' : 'miss') : 'no data',
    why: reasons.join(', '),
  }
}

/** One value a round in which both targets ran. */
function paired(
  cells: readonly Cell[],
  scenario: ScenarioName,
  target: TargetName,
  base: TargetName,
  figure: Figure,
  pairing: Pairing,
): readonly number[] {
  return cells
    .filter((cell) => cell.scenario === scenario && cell.target === target)
    .flatMap((cell) => {
      const other = cells.find((each) => each.scenario === scenario && each.target === base && each.round === cell.round)
      if (other === undefined) return []
      const value = pairing === 'ratio' ? figure(cell) / figure(other) : figure(cell) - figure(other)
      return Number.isFinite(value) ? [value] : []
    })
}

function hasErrors(cell: Cell): boolean {
  return Object.keys(cell.result.errors).length > 0 || cell.reached < cell.result.ok
}

export function render(measured: Measured, bars: readonly Bar[]): string {
  const { cells } = measured
  const names = [...new Set(cells.map((cell) => cell.target))]
  const parts: string[] = []
  parts.push(
    `Other load on this machine during the cells: median ${number(median(cells.map((cell) => cell.foreignCores)), 2)} cores.`,
  )
  parts.push(
    table(
      ['bar', 'at most', 'measured', 'rounds', 'A/A noise', 'verdict'],
      bars.map((each) => [
        each.what,
        each.atMost,
        each.measured,
        each.rounds,
        each.noise,
        each.why === '' ? each.verdict : `${each.verdict}: ${each.why}`,
      ]),
    ),
  )
  for (const scenario of LOAD_SCENARIOS) {
    const rows = cells.filter((cell) => cell.scenario === scenario.name)
    if (rows.length > 0)
      parts.push(`### ${scenario.title}`, scenarioTable(rows, names, scenario.name, scenario.shape.kind === 'stream'))
  }
  parts.push('### Processes', processTable(measured, names))
  const ours = names.filter((name) => name.startsWith('ours'))
  if (ours.length > 0) parts.push('### Spans', spanTable(measured, ours))
  return parts.join('\n\n')
}

function scenarioTable(rows: readonly Cell[], names: readonly TargetName[], name: ScenarioName, isStream: boolean): string {
  const of = (target: TargetName, figure: Figure, digits: number): string =>
    number(median(rows.filter((cell) => cell.target === target).map(figure)), digits)
  const over = (target: TargetName, figure: Figure): string =>
    number(median(paired(rows, name, target, 'bun', figure, 'difference')), 3)
  const times = (target: TargetName, base: TargetName): string => {
    const value = median(paired(rows, name, target, base, cpu, 'ratio'))
    return Number.isFinite(value) ? `× ${number(value, 2)}` : '–'
  }
  const head = [
    'target',
    '1/s',
    'p50 ms',
    'p99 ms',
    'p50 over bun',
    'CPU s/1k',
    'CPU / bun',
    'CPU / node http',
    'CPU / node hono',
  ]
  const more = ['TTFT p50 ms', 'TTFT over bun', 'transit p50 ms', 'transit over bun', 'transit p99 ms', 'deltas a read']
  return table(
    [...head, ...(isStream ? more : []), 'errors'],
    names
      .filter((target) => rows.some((cell) => cell.target === target))
      .map((target) => [
        target,
        of(target, (cell) => cell.result.perSecond, 0),
        of(target, p50, 3),
        of(target, (cell) => cell.result.latencyMs.p99, 2),
        over(target, p50),
        of(target, cpu, 4),
        times(target, 'bun'),
        times(target, 'node http'),
        times(target, 'node hono'),
        ...(isStream
          ? [
              of(target, ttft, 3),
              over(target, ttft),
              of(target, transit, 3),
              over(target, transit),
              of(target, (cell) => cell.result.transitMs.p99, 2),
              of(target, (cell) => cell.result.deltasPerRead, 1),
            ]
          : []),
        errorsOf(rows.filter((cell) => cell.target === target)),
      ]),
  )
}

function errorsOf(cells: readonly Cell[]): string {
  const sums = new Map<string, number>()
  for (const cell of cells) {
    for (const [reason, count] of Object.entries(cell.result.errors)) sums.set(reason, (sums.get(reason) ?? 0) + count)
    if (cell.reached < cell.result.ok)
      sums.set('never reached the mock', (sums.get('never reached the mock') ?? 0) + cell.result.ok - cell.reached)
  }
  return sums.size === 0 ? '0' : [...sums].map(([reason, count]) => `${count} ${reason}`).join(', ')
}

function processTable({ cells, starts, larges }: Measured, names: readonly TargetName[]): string {
  const all = [...new Set([...names, ...starts.map(({ target }) => target), ...larges.map(({ target }) => target)])]
  const rise = (target: TargetName, kind: Large['kind']): string =>
    number(median(larges.filter((row) => row.target === target && row.kind === kind).map(({ riseMb }) => riseMb)), 0)
  return table(
    [
      'target',
      'start ms',
      'RSS started MB',
      'RSS peak MB',
      '50 MB answer: rise MB',
      '50 MB stream: rise MB',
      'errors of these',
    ],
    all
      .filter((target) => target !== 'direct')
      .map((target) => {
        const begun = starts.filter((start) => start.target === target)
        const peaks = cells.filter((cell) => cell.target === target).map((cell) => cell.peakMb)
        return [
          target,
          number(median(begun.map(({ startMs }) => startMs)), 0),
          number(median(begun.map(({ rssMb }) => rssMb)), 0),
          peaks.length === 0 ? '–' : number(Math.max(...peaks), 0),
          rise(target, 'json'),
          rise(target, 'flood'),
          larges.flatMap((row) => (row.target === target ? Object.keys(row.errors) : [])).join(', ') || '0',
        ]
      }),
  )
}

function spanTable({ cells, rows: held }: Measured, names: readonly TargetName[]): string {
  return table(
    [
      'target',
      'good answers',
      'accepted',
      'stored',
      'shed',
      'texts given up',
      'not stored in time',
      'rows in the store',
      'verdict',
    ],
    names.map((name) => {
      const rows = cells.filter((cell) => cell.target === name)
      const sum = (pick: (spans: NonNullable<Cell['spans']>) => number): string =>
        String(rows.reduce((total, cell) => total + (cell.spans === null ? 0 : pick(cell.spans)), 0))
      const isLost = rows.some(lostSpans)
      const kept = held.find((each) => each.target === name)
      const isHeld = kept === undefined || kept.rows >= kept.accepted
      const isSilent = rows.some((cell) => cell.spans === null)
      return [
        name,
        String(rows.reduce((total, cell) => total + cell.result.ok, 0)),
        sum((spans) => spans.accepted),
        sum((spans) => spans.stored),
        sum((spans) => spans.shed),
        sum((spans) => spans.textsShed),
        sum((spans) => spans.left),
        kept === undefined ? '–' : `${kept.rows} of ${kept.accepted}`,
        isSilent ? 'no counts' : isLost || !isHeld ? 'LOST' : 'all stored',
      ]
    }),
  )
}

export function renderSoak(name: TargetName, soak: Soak): string {
  const { minutes, samples, loads, spans } = soak
  const growth = soak.lastQuarterMb - soak.firstQuarterMb
  const answers = loads.reduce((sum, { ok }) => sum + ok, 0)
  const errors = loads.flatMap((each) => Object.entries(each.errors)).map(([reason, count]) => `${count} ${reason}`)
  const at = (minute: number): string => number(samples.find((sample) => sample.minute >= minute)?.rssMb ?? Number.NaN, 0)
  const points = Array.from({ length: 11 }, (_, i) => (minutes * i) / 10)
  return [
    `### Soak: ${name}, ${minutes} minutes, ${answers} good answers, errors: ${errors.length === 0 ? '0' : errors.join(', ')}`,
    table(
      [
        'first quarter MB',
        'last quarter MB',
        'growth MB',
        'at most',
        'slope MB/min',
        'accepted',
        'stored',
        'shed',
        'texts given up',
        'verdict',
      ],
      [
        [
          number(soak.firstQuarterMb, 1),
          number(soak.lastQuarterMb, 1),
          number(growth, 1),
          String(GROWTH_MB_MAX),
          number(soak.slopeMbPerMinute, 3),
          String(spans?.accepted ?? '–'),
          String(spans?.stored ?? '–'),
          String(spans?.shed ?? '–'),
          String(spans?.textsShed ?? '–'),
          soak.isGood ? 'pass' : 'miss',
        ],
      ],
    ),
    table(['minute', ...points.map((minute) => number(minute, 1))], [['RSS MB', ...points.map(at)]]),
  ].join('\n\n')
}

function show(value: number, pairing: Pairing, unit: string): string {
  if (pairing === 'ratio') return `× ${value.toFixed(2)}`
  const text = value.toFixed(unit === ' ms' && Math.abs(value) < 10 ? 3 : 0)
  return `${text.replace(/^-(0\.?0*)$/, '$1')}${unit}`
}

function number(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits).replace(/^-(0\.?0*)$/, '$1') : '–'
}

function line(fields: readonly string[]): string {
  return `| ${fields.join(' | ')} |`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n')
}
