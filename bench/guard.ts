/**
 * What judging a text costs on one core: by kind of text and by part of the guard, which rules the prefilter lets through, which of them
 * are slow, how time grows with length, and what a history that is sent again costs. Prints Markdown; keeps nothing.
 *
 *   npm run bench:guard -- [--quick] [--kind prose]
 */
import process from 'node:process'
import { parseArgs } from 'node:util'
import { DEFAULT_GUARD_POLICY } from '../src/contract/config/guard.ts'
import type { SpanId } from '../src/core/domain/ids.ts'
import type { Segment } from '../src/core/domain/segment.ts'
import type { Place } from '../src/core/guard/match.ts'
import { normalize } from '../src/core/guard/normalize/normalize.ts'
import { scanPii } from '../src/core/guard/pii/scan-pii.ts'
import { compileRules } from '../src/core/guard/rules/engine.ts'
import { createDefaultGuard } from '../src/core/guard/scanners.ts'
import { scanSecrets } from '../src/core/guard/secrets/scan-secrets.ts'
import { exponentOf, leastMs, QUICK, THOROUGH } from './guard/measure.ts'
import { createPrefilter, patternMs, rulesAt } from './guard/rules.ts'
import { RULES } from '../src/core/guard/scanners.ts'
import { KINDS, type Kind } from './guard/texts.ts'

const KB = 1024
const TEXT_BYTES = 64 * KB
const RULE_TEXT_BYTES = 16 * KB
const SIZES: readonly number[] = [1, 4, 16, 64, 256, 1024].map((kilobytes) => kilobytes * KB)
/** What the prefilter lets through is a matter of length: in a long text there is some of everything. */
const PIECE_CHARS = 1024
const WORST_RULES = 10
/** Of a history that is sent again with each call, and of the one message that is new. */
const HISTORY_MESSAGES = 32
const MESSAGE_BYTES = 2 * KB

/** Milliseconds a KB; growth is a power of the length; whole prompts are milliseconds. */
const BARS = { ordinary: 0.03, worst: 0.25, growth: 1.1, promptMs: 2, repeatedMs: 0.3 } as const

/** Most rules apply there. */
const PLACE: Place = { direction: 'input', origin: 'tool_result', toolName: null }

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false }, kind: { type: 'string' } } })
const effort = values.quick ? QUICK : THOROUGH
const kinds = KINDS.filter(({ name }) => values.kind === undefined || name.toLowerCase().includes(values.kind.toLowerCase()))
if (kinds.length === 0) {
  console.error(`--kind must be a part of one of: ${KINDS.map(({ name }) => name).join(', ')}`)
  process.exitCode = 2
} else run()

function run(): void {
  const guard = createDefaultGuard({ monotonic: () => performance.now() })
  const rules = compileRules(RULES)
  const policy = { ...DEFAULT_GUARD_POLICY, timeoutMs: Number.POSITIVE_INFINITY }
  const bars: string[] = []
  let judged = 0
  // Never the same text twice: what was judged is remembered.
  const all = (text: string): unknown => guard.judgeText(`${(judged += 1)} ${text}`, PLACE, policy, [])
  warmUp(all, rules)

  console.log(
    `# Guard\n\nMilliseconds a KB (1024 bytes of UTF-8), one core, the fastest run; texts of ${TEXT_BYTES / KB} KB.\n`,
  )
  const prefilter = createPrefilter()
  const applying = rulesAt(PLACE).length
  const perKb: { readonly kind: Kind; readonly rulesAndNormalize: number }[] = []
  const rows = kinds.map((kind) => {
    const text = kind.text(TEXT_BYTES)
    const forms = normalize(text)
    const kilobytes = TEXT_BYTES / KB
    const parts = [
      leastMs(() => normalize(text), effort),
      leastMs(() => rules(forms, PLACE), effort),
      leastMs(() => scanPii(forms, PLACE), effort),
      leastMs(() => scanSecrets(forms, PLACE), effort),
      leastMs(() => all(text), effort),
    ].map((ms) => ms / kilobytes)
    const rulesAndNormalize = (parts[0] ?? 0) + (parts[1] ?? 0)
    perKb.push({ kind, rulesAndNormalize })
    const tried = meanOf(piecesOf(text, PIECE_CHARS).map((piece) => prefilter(normalize(piece), PLACE).size / applying))
    return [kind.name, ...parts.map(figure), figure(rulesAndNormalize), String(forms.length), `${(tried * 100).toFixed(1)} %`]
  })
  const header = ['text', 'normalise', 'rules', 'pii', 'secrets', 'all', 'rules + normalise', 'forms', 'rules tried in 1 KB']
  console.log(table([header, ...rows]))
  const ordinary = perKb.filter(({ kind }) => kind.isOrdinary)
  bars.push(...barOf('rules and normaliser, ordinary text, ms/KB', ordinary, BARS.ordinary))
  bars.push(...barOf('rules and normaliser, worst text, ms/KB', perKb, BARS.worst))

  console.log(`\n## The slowest patterns\n\n${RULES.length} rules, ${applying} of them at this place. Milliseconds a KB.\n`)
  console.log(table([['rule', 'text', 'ms/KB'], ...slowestRules(prefilter)]))

  console.log(`\n## Growth\n\nAll of it, in milliseconds, and the power of the length with which it grows (1: linear).\n`)
  const grown = kinds.map((kind) => growthOf(kind, all))
  console.log(
    table([['text', ...SIZES.map((bytes) => `${bytes / KB} KB`), 'power', 'from 64 KB'], ...grown.map(({ cells }) => cells)]),
  )
  const steepest = grown.reduce((worst, one) => (one.upper > worst.upper ? one : worst))
  bars.push(bar(`growth from 64 KB to 1 MB, steepest (${steepest.name})`, steepest.upper, BARS.growth))

  const { firstMs, againMs } = history()
  console.log(`\n## A prompt of ${TEXT_BYTES / KB} KB\n`)
  console.log(
    table([
      ['', 'ms'],
      [`${HISTORY_MESSAGES} messages, all of them new`, figure(firstMs)],
      ['the same again, with one more', figure(againMs)],
    ]),
  )
  bars.push(
    bar('a new prompt of 64 KB, ms', firstMs, BARS.promptMs),
    bar('a repeated history of 64 KB, ms', againMs, BARS.repeatedMs),
  )
  console.log(`\n## Bars\n\n${bars.map((line) => `- ${line}`).join('\n')}`)
}

/** Compiled code only: what the first texts of a process cost is another question. */
function warmUp(all: (text: string) => unknown, rules: ReturnType<typeof compileRules>): void {
  for (const kind of KINDS) {
    const text = kind.text(16 * KB)
    for (let n = 0; n < 3; n += 1) {
      all(text)
      rules(normalize(text), PLACE)
    }
  }
}

function slowestRules(prefilter: ReturnType<typeof createPrefilter>): readonly (readonly string[])[] {
  const worst = new Map<string, { readonly kind: string; readonly ms: number }>()
  for (const kind of kinds) {
    const forms = normalize(kind.text(RULE_TEXT_BYTES))
    const tried = prefilter(forms, PLACE)
    for (const rule of rulesAt(PLACE)) {
      if (!tried.has(rule.id)) continue
      const ms = patternMs(rule, forms, PLACE, { runsMin: 3, timeMs: 0 }) / (RULE_TEXT_BYTES / KB)
      if (ms > (worst.get(rule.id)?.ms ?? 0)) worst.set(rule.id, { kind: kind.name, ms })
    }
  }
  return [...worst]
    .toSorted(([, a], [, b]) => b.ms - a.ms)
    .slice(0, WORST_RULES)
    .map(([id, { kind, ms }]) => [id, kind, figure(ms)])
}

function growthOf(kind: Kind, all: (text: string) => unknown) {
  const points = SIZES.map((bytes) => {
    const text = kind.text(bytes)
    return { bytes, ms: leastMs(() => all(text), bytes >= 256 * KB ? { ...effort, runsMin: effort.runsMin * 2 } : effort) }
  })
  const upper = exponentOf(points.filter(({ bytes }) => bytes >= TEXT_BYTES))
  const cells = [kind.name, ...points.map(({ ms }) => figure(ms)), exponentOf(points).toFixed(2), upper.toFixed(2)]
  return { name: kind.name, upper, cells }
}

/** A conversation in ordinary words, judged as the messages of one request: all new, and with all but the last one known. */
function history(): { readonly firstMs: number; readonly againMs: number } {
  const guard = createDefaultGuard({ monotonic: () => performance.now() })
  const policy = { ...DEFAULT_GUARD_POLICY, timeoutMs: Number.POSITIVE_INFINITY }
  const text = (KINDS.find(({ name }) => name === 'chat log') ?? KINDS[0])?.text(MESSAGE_BYTES) ?? ''
  const message = (name: string, i: number): Segment => ({
    origin: 'user',
    pointer: `/messages/${i}/content`,
    kind: 'text',
    text: `${name} ${i} ${text}`,
    name: null,
  })
  const judge = (segments: readonly Segment[]): unknown =>
    guard.judge({
      spanId: 'bench' as SpanId,
      direction: 'input',
      policy,
      inspection: { segments, uninspected: [] },
      unread: null,
      more: [],
    })
  const conversation = (name: string): readonly Segment[] =>
    Array.from({ length: HISTORY_MESSAGES }, (_, i) => message(name, i))
  const firstMs = leastMs((n) => judge(conversation(`new ${n}`)), effort)
  const known = conversation('known')
  judge(known)
  const againMs = leastMs((n) => judge([...known, message(`next ${n}`, HISTORY_MESSAGES)]), effort)
  return { firstMs, againMs }
}

function barOf(
  name: string,
  measured: readonly { readonly kind: Kind; readonly rulesAndNormalize: number }[],
  most: number,
): string[] {
  if (measured.length === 0) return []
  const worst = measured.reduce((slowest, one) => (one.rulesAndNormalize > slowest.rulesAndNormalize ? one : slowest))
  return [bar(`${name} (${worst.kind.name})`, worst.rulesAndNormalize, most)]
}

function bar(name: string, value: number, most: number): string {
  return `${value <= most ? 'pass' : 'MISS'}: ${name}: ${figure(value)}, at most ${most}`
}

/** The first column to the left, figures to the right. */
function table(rows: readonly (readonly string[])[]): string {
  const [head = '', ...rest] = rows.map((row) => `| ${row.join(' | ')} |`)
  const rule = (rows[0] ?? []).map((_, i) => (i === 0 ? '---' : '---:'))
  return [head, `| ${rule.join(' | ')} |`, ...rest].join('\n')
}

function piecesOf(text: string, chars: number): readonly string[] {
  return Array.from({ length: Math.ceil(text.length / chars) }, (_, i) => text.slice(i * chars, (i + 1) * chars))
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(2) : value.toFixed(4)
}
