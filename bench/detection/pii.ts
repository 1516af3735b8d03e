/**
 * Precision, recall and F1 of personal data and secrets on the shared clean sets, by type. A found range and a label count as the same
 * where they overlap by half of the longer one. `bun bench/detection/pii.ts` runs it alone; `--misses` shows shapes, never texts.
 */
import type { Form, Match, Place } from '../../src/core/guard/match.ts'
import { scanPii } from '../../src/core/guard/pii/scan-pii.ts'
import { scanSecrets } from '../../src/core/guard/secrets/scan-secrets.ts'

const DATA = '../shared/data/pii'
const SETS = ['piianon_technology', 'piianon_format_variations', 'presidio_generated_large'] as const
const PLACE: Place = { direction: 'input', origin: 'user', toolName: null }

type Label = { readonly type: string; readonly start: number; readonly end: number }
type Row = { readonly text: string; readonly spans: readonly Label[] }

/** Our rules by the names of the data. Structured: what has a form that can be checked, or a field that names it. */
const STRUCTURED: { readonly [label: string]: readonly string[] } = {
  EMAIL_ADDRESS: ['pii.email'],
  PHONE_NUMBER: ['pii.phone'],
  SOCIAL_SECURITY_NUMBER: ['pii.us_ssn', 'pii.us_itin'],
  IBAN: ['pii.iban'],
  IP_ADDRESS: ['pii.ip_address'],
  MAC_ADDRESS: ['pii.mac_address'],
  TAX_ID: ['pii.us_ein'],
  BANK_ACCOUNT_NUMBER: ['pii.bank_account'],
  MEDICAL_RECORD_NUMBER: ['pii.medical_record'],
  NATIONAL_ID_NUMBER: ['pii.national_id'],
  DATE_OF_BIRTH: ['pii.date_of_birth'],
  API_KEY: ['secret.openai-key', 'secret.generic'],
  PASSWORD: ['secret.password'],
}
const WORDY: { readonly [label: string]: readonly string[] } = {
  PERSON_NAME: ['pii.person_name'],
  PERSON: ['pii.person_name'],
  STREET_ADDRESS: ['pii.address'],
  ADDRESS: ['pii.address'],
}

/**
 * Holes in the labels, by what the data itself says elsewhere: the same field of the same generator is labelled in some rows and not in
 * others (`Phone: +1 (…) …` and `MAC: …` in its logs). Such finds are counted apart, not as false.
 */
const LABEL_HOLES: { readonly [rule: string]: RegExp } = {
  'pii.phone': /Phone: $/,
  'pii.mac_address': /MAC(?: whitelist)?: (?:.*, )?$/,
}

type Tally = { found: number; missed: number; wrong: number; unlabelled: number }

/** Code points to UTF-16. */
function utf16Offsets(text: string): readonly number[] {
  const offsets: number[] = []
  let at = 0
  for (const char of text) {
    offsets.push(at)
    at += char.length
  }
  offsets.push(at)
  return offsets
}

function identity(text: string): readonly Form[] {
  return [{ via: [], text, folded: text.toLowerCase(), rangeOf: (startUtf16, endUtf16) => ({ startUtf16, endUtf16 }) }]
}

function isSame(match: Match, start: number, end: number): boolean {
  if (match.range === null) return false
  const { startUtf16, endUtf16 } = match.range
  const shared = Math.min(endUtf16, end) - Math.max(startUtf16, start)
  return shared * 2 >= Math.max(end - start, endUtf16 - startUtf16)
}

const percent = (value: number): string => (value * 100).toFixed(1).padStart(6)

function line(name: string, { found, missed, wrong, unlabelled }: Tally): string {
  const precision = found / (found + wrong || 1)
  const recall = found / (found + missed || 1)
  const f1 = (2 * precision * recall) / (precision + recall || 1)
  return `${name.padEnd(26)}${percent(precision)}${percent(recall)}${percent(f1)}  ${String(found).padStart(6)}${String(missed).padStart(6)}${String(wrong).padStart(6)}${String(unlabelled).padStart(8)}`
}

type Counts = {
  readonly tallies: ReadonlyMap<string, Tally>
  /** How often which rule found what the data has no label for. */
  readonly others: ReadonlyMap<string, number>
  /** Digits as 9, capitals as A. */
  readonly shapes: ReadonlyMap<string, number>
}

/** Null where the data is not there. */
async function countAll(): Promise<Counts | null> {
  const tallies = new Map<string, Tally>()
  const shapes = new Map<string, number>()
  const others = new Map<string, number>()
  const tallyOf = (label: string): Tally => {
    const tally = tallies.get(label) ?? { found: 0, missed: 0, wrong: 0, unlabelled: 0 }
    tallies.set(label, tally)
    return tally
  }
  const count = (kind: string, type: string, text: string, start: number, end: number): void => {
    const shape = text
      .slice(Math.max(0, start - 18), end)
      .replaceAll(/\d/g, '9')
      .replaceAll(/\p{Lu}/gu, 'A')
      .replaceAll('\n', '⏎')
    const key = `${kind} ${type} ${shape}`
    shapes.set(key, (shapes.get(key) ?? 0) + 1)
  }
  for (const set of SETS) {
    const file = Bun.file(`${DATA}/${set}.jsonl`)
    if (!(await file.exists())) return null
    for (const row of (await file.text()).trim().split('\n')) {
      const { text, spans } = JSON.parse(row) as Row
      const offsets = utf16Offsets(text)
      const forms = identity(text)
      const matches = [...scanPii(forms, PLACE), ...scanSecrets(forms, PLACE)]
      const used = new Set<Match>()
      for (const span of spans) {
        const rules = STRUCTURED[span.type] ?? WORDY[span.type]
        if (rules === undefined) continue
        const [start, end] = [offsets[span.start] ?? 0, offsets[span.end] ?? 0]
        const match = matches.find((candidate) => rules.includes(candidate.ruleId) && isSame(candidate, start, end))
        if (match !== undefined) used.add(match)
        else if (STRUCTURED[span.type] !== undefined) count('missed', span.type, text, start, end)
        tallyOf(span.type)[match === undefined ? 'missed' : 'found'] += 1
      }
      for (const match of matches) {
        if (used.has(match) || match.range === null) continue
        const { startUtf16, endUtf16 } = match.range
        const label = Object.entries({ ...STRUCTURED, ...WORDY }).find(([, rules]) => rules.includes(match.ruleId))?.[0]
        if (label === undefined) {
          others.set(match.ruleId, (others.get(match.ruleId) ?? 0) + 1)
          tallyOf('(no such label)').wrong += 1
        } else {
          const isHole = LABEL_HOLES[match.ruleId]?.test(text.slice(Math.max(0, startUtf16 - 80), startUtf16)) === true
          tallyOf(label)[isHole ? 'unlabelled' : 'wrong'] += 1
          if (isHole) continue
        }
        count('wrong', match.ruleId, text, startUtf16, endUtf16)
      }
    }
  }
  return { tallies, others, shapes }
}

/** Precision and recall of each structured type and of all of them, 0 to 1; empty where the data is not there. */
export async function measurePii(): Promise<
  readonly { readonly type: string; readonly precision: number; readonly recall: number }[]
> {
  const counts = await countAll()
  if (counts === null) return []
  const all = [...counts.tallies].filter(([label]) => STRUCTURED[label] !== undefined)
  return [...all, ['all', sumOf(counts, STRUCTURED_LABELS)] as const].map(([type, { found, missed, wrong }]) => ({
    type,
    precision: found / (found + wrong || 1),
    recall: found / (found + missed || 1),
  }))
}

const STRUCTURED_LABELS: readonly string[] = [...Object.keys(STRUCTURED), '(no such label)']

function sumOf(counts: Counts, labels: readonly string[]): Tally {
  const sum: Tally = { found: 0, missed: 0, wrong: 0, unlabelled: 0 }
  for (const label of labels) {
    const tally = counts.tallies.get(label)
    sum.found += tally?.found ?? 0
    sum.missed += tally?.missed ?? 0
    sum.wrong += tally?.wrong ?? 0
    sum.unlabelled += tally?.unlabelled ?? 0
  }
  return sum
}

/** A table by type; `showMisses` adds the shapes of what was missed and of what was found in error. */
export async function benchPii(showMisses = false): Promise<string> {
  const counts = await countAll()
  if (counts === null) return `pii: ${DATA} is not there`
  const { tallies, others, shapes } = counts
  const table = (labels: readonly string[]): string[] =>
    labels.flatMap((label) => {
      const tally = tallies.get(label)
      return tally === undefined ? [] : [line(label, tally)]
    })
  return [
    `${'type'.padEnd(26)}  prec   rec    f1   found missed wrong  no label`,
    ...table(STRUCTURED_LABELS),
    line('structured, all', sumOf(counts, STRUCTURED_LABELS)),
    ...table(Object.keys(WORDY)),
    ...Array.from(others, ([rule, times]) => `no such label: ${rule} ${times}`),
    ...(showMisses
      ? [...shapes]
          .sort((a, b) => b[1] - a[1])
          .slice(0, 60)
          .map(([shape, times]) => `${times} ${shape}`)
      : []),
  ].join('\n')
}

// oxlint-disable-next-line no-console -- a bench prints
if (import.meta.main) console.log(await benchPii(process.argv.includes('--misses')))
