/**
 * The injection set: `../shared/data/injection/{dev,train}.jsonl`. A row counts as found at the balanced operating point where a match of
 * injection, jailbreak, extraction or encoding has at least severity high and confidence 0.8. Every text is judged as a user's, whatever
 * it was composed for: the data names no channel. Rows of kind `spml` are left out: their labels depend on a system prompt that is not there.
 */
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { SEVERITIES, type Category } from '../../src/core/domain/finding.ts'
import type { Match, Place } from '../../src/core/guard/match.ts'
import { normalize } from '../../src/core/guard/normalize/normalize.ts'
import { createRuleScanner } from '../../src/core/guard/rules/input-rules.ts'
import { count, figuresOf, noCounts, percent, table, type Counts } from './figures.ts'

export const INJECTION_SPLITS: readonly string[] = ['dev', 'train']

const Row = z.object({ text: z.string(), label: z.enum(['attack', 'benign']), kind: z.string(), source: z.string() })
type Row = z.infer<typeof Row>

const CONFIDENCE_MIN = 0.8
const CATEGORIES: ReadonlySet<Category> = new Set(['injection', 'jailbreak', 'extraction', 'encoding'])
const PLACE: Place = { direction: 'input', origin: 'user', toolName: null }

/** A way to judge, on top of those before it. */
type Tier = { readonly name: string; judge(text: string): readonly Match[] }

export async function runInjection(args: readonly string[]): Promise<string> {
  const split = textAfter(args, '--split') ?? 'dev'
  const scan = createRuleScanner()
  const tiers: readonly Tier[] = [{ name: 'rules', judge: (text) => scan(normalize(text), PLACE) }]
  const wanted = Number(textAfter(args, '--misses') ?? 0)
  const all = tiers.map(noCounts)
  const groups = new Map<string, Counts[]>()
  const ruleHits = new Map<string, { attacks: number; alone: number; benigns: number }>()
  const misses: string[] = []
  const falseAlarms: string[] = []
  let seen = 0
  for await (const row of rows(`../shared/data/injection/${split}.jsonl`)) {
    if (row.kind === 'spml') continue
    seen++
    const isAttack = row.label === 'attack'
    tiers.forEach((tier, i) => {
      const found = tier.judge(row.text).filter(isBalanced)
      for (const key of [`kind ${row.kind}`, `source ${row.source}`]) {
        let counts = groups.get(key)
        if (counts === undefined) groups.set(key, (counts = tiers.map(noCounts)))
        count(counts[i] ?? noCounts(), isAttack, found.length > 0)
      }
      count(all[i] ?? noCounts(), isAttack, found.length > 0)
      const ids = new Set(found.map((match) => match.ruleId))
      for (const id of ids) {
        const hits = ruleHits.get(id) ?? { attacks: 0, alone: 0, benigns: 0 }
        ruleHits.set(id, hits)
        hits[isAttack ? 'attacks' : 'benigns']++
        if (isAttack && ids.size === 1) hits.alone++
      }
      if (isAttack && ids.size === 0) misses.push(`${row.kind}: ${row.text}`)
      if (!isAttack && ids.size > 0) falseAlarms.push(`${row.kind} (${[...ids].join(', ')}): ${excerptOf(row, found)}`)
    })
  }
  const header = ['', 'attacks', 'benign', ...tiers.flatMap(({ name }) => [`${name}: precision`, 'recall', 'F1', 'false +'])]
  const lines = [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, counts]) => figureRow(name, counts))
  const parts = [`${split}: ${seen} rows without kind spml`, table([header, figureRow('all', all), ...lines])]
  if (args.includes('--rules')) {
    const byHits = [...ruleHits].sort(([, a], [, b]) => b.attacks - a.attacks || b.benigns - a.benigns)
    const cells = byHits.map(([id, hits]) => [id, String(hits.attacks), String(hits.alone), String(hits.benigns)])
    parts.push(table([['rule', 'attacks', 'alone', 'benign'], ...cells]))
  }
  if (wanted > 0) parts.push(sample('missed', misses, wanted), sample('false alarms', falseAlarms, wanted))
  return parts.join('\n\n')
}

function isBalanced(match: Match): boolean {
  const isGrave = SEVERITIES.indexOf(match.severity) >= SEVERITIES.indexOf('high')
  return isGrave && match.confidence >= CONFIDENCE_MIN && CATEGORIES.has(match.category)
}

function figureRow(name: string, tiers: readonly Counts[]): string[] {
  const figures = tiers.map(figuresOf)
  const cells = figures.flatMap((of) => [of.precision, of.recall, of.f1, of.falsePositiveRate].map(percent))
  return [name, String(figures[0]?.attacks ?? 0), String(figures[0]?.benigns ?? 0), ...cells]
}

/** Evenly spread over the list, so that the same run shows the same rows. */
function sample(title: string, texts: readonly string[], wanted: number): string {
  const step = Math.max(1, Math.floor(texts.length / wanted))
  const shown = texts.filter((_, i) => i % step === 0).slice(0, wanted)
  return [`${title}: ${texts.length}`, ...shown.map((text) => `- ${text.replaceAll('\n', '⏎').slice(0, 300)}`)].join('\n')
}

function excerptOf(row: Row, found: readonly Match[]): string {
  const range = found[0]?.range
  if (range == null) return row.text
  return row.text.slice(Math.max(0, range.startUtf16 - 60), range.endUtf16 + 40)
}

/** Not by `readline`, which also ends a line at U+2028. */
async function* rows(path: string): AsyncGenerator<Row> {
  for (const line of (await readFile(path, 'utf8')).split('\n')) if (line !== '') yield Row.parse(JSON.parse(line))
}

function textAfter(args: readonly string[], flag: string): string | null {
  const at = args.indexOf(flag)
  return at < 0 ? null : (args[at + 1] ?? null)
}
