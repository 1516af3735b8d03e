/**
 * The form of the demo's conversations: agents with scenes, scenes with turns, and `{slots}` that are filled anew for every session.
 * All texts are made up for this demo; names, addresses and numbers are of the kinds set aside for examples.
 */
import type { JsonRecord } from '../../core/domain/json.ts'
import type { Random } from './random.ts'

export type DemoApi = 'openai-chat' | 'openai-responses' | 'openai-embeddings' | 'anthropic' | 'ollama-chat' | 'ollama-generate'

export type DemoTool = {
  readonly name: string
  readonly description: string
  /** Names of its arguments; all are strings and required. */
  readonly parameters: readonly string[]
}

/** A tool that the model asks for, and what the agent then reports back. */
export type ToolUse = {
  readonly tool: string
  readonly arguments: { readonly [name: string]: string }
  readonly result: string
}

/** One question of the user and all calls until its answer: one trace. */
export type Turn = {
  readonly user: string
  readonly hasImage?: true
  readonly thinking?: string
  /** Calls before the last one; tools in one row are asked for together. */
  readonly uses?: readonly (readonly ToolUse[])[]
  readonly answer: string
}

export type Scene = readonly Turn[]

export type Agent = {
  readonly id: string
  readonly api: DemoApi
  readonly models: readonly string[]
  readonly system: string
  readonly tools: readonly DemoTool[]
  /** Share of its calls that stream. */
  readonly streamShare: number
  /** Null: no tenant is named, the default one is meant. */
  readonly tenants: readonly (string | null)[]
  readonly users: readonly string[]
  readonly tags: { readonly [key: string]: string }
  readonly scenes: readonly Scene[]
}

/** Fills `{slots}`; the same slot has the same value all through a session. */
export type Cast = { fill(template: string): string }

const WORDS: { readonly [slot: string]: readonly string[] } = {
  person: ['Mara', 'Jonas', 'Aiko', 'Tomás', 'Nadia', 'Oluwaseun', 'Freya', 'Priya', 'Emil', 'Lucía'],
  city: ['Lisbon', 'Utrecht', 'Kyoto', 'Gdańsk', 'Porto', 'Ljubljana', 'Bergen', 'Valencia', 'Tallinn', 'Graz'],
  otherCity: ['Vienna', 'Copenhagen', 'Osaka', 'Bologna', 'Ghent', 'Split', 'Uppsala', 'Basel'],
  item: [
    'a walnut desk lamp',
    'two linen curtains',
    'a cast-iron teapot',
    'a pair of trail shoes',
    'a folding bicycle basket',
    'an espresso grinder',
  ],
  day: ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'],
  file: [
    'src/cart/total.ts',
    'lib/parser/tokens.py',
    'internal/queue/worker.go',
    'app/models/invoice.rb',
    'src/ui/calendar.tsx',
  ],
  service: ['checkout', 'search', 'billing', 'inbox', 'image-resizer'],
  branch: ['fix/rounding', 'feat/saved-filters', 'chore/bump-deps', 'fix/timezone-week'],
  product: ['Harbor Pass', 'Quill Pro', 'Lumen Desk', 'Fieldnotes Cloud'],
  animal: ['red squirrel', 'barn owl', 'common swift', 'alpine ibex', 'pond turtle'],
}

const NUMBERS: { readonly [slot: string]: (random: Random) => string } = {
  order: (random) => `LT-${random.between(10_000, 99_999)}`,
  ticket: (random) => `T-${random.between(1000, 9999)}`,
  amount: (random) => `${random.between(12, 480)}.${random.between(10, 99)}`,
  count: (random) => String(random.between(3, 48)),
  percent: (random) => String(random.between(4, 61)),
  guests: (random) => String(random.between(2, 5)),
  email: (random) =>
    `${random.pick(['mara', 'jonas', 'aiko', 'tomas', 'nadia'])}.${random.pick(['lind', 'weber', 'costa', 'okafor'])}@example.com`,
  phone: (random) => `+1 202-555-01${random.between(10, 99)}`,
  testKey: (random) =>
    `sk-test-${Array.from({ length: 24 }, () => random.pick([...'abcdefghjkmnpqrstuvwxyz23456789'])).join('')}`,
  transcript: transcriptOf,
}

export const SLOTS: readonly string[] = [...Object.keys(WORDS), ...Object.keys(NUMBERS)]

export function createCast(random: Random): Cast {
  const chosen = new Map<string, string>()
  return {
    fill: (template) =>
      template.replaceAll(/\{(\w+)\}/g, (whole, slot: string) => {
        const value =
          chosen.get(slot) ?? NUMBERS[slot]?.(random) ?? (WORDS[slot] === undefined ? whole : random.pick(WORDS[slot]))
        chosen.set(slot, value)
        return value
      }),
  }
}

export function toolSchema(tool: DemoTool): JsonRecord {
  return {
    type: 'object',
    properties: Object.fromEntries(tool.parameters.map((name) => [name, { type: 'string' }])),
    required: tool.parameters,
    additionalProperties: false,
  }
}

const SPEAKERS: readonly string[] = ['Ines', 'Bo', 'Kwame', 'Saskia', 'Ravi']
const REMARKS: readonly string[] = [
  'the migration ran in eleven minutes on the copy, so the window on Sunday is enough',
  'I would rather ship the smaller change first and watch it for a day',
  'support has had nine questions about the new invoice layout, most of them about the VAT line',
  'the map tiles are the slowest part of the page now, everything else is under a second',
  'can we agree that nobody deploys after four on the day of the fair',
  'the translation agency sends the last two languages on Tuesday',
  'I talked to three customers, and all of them export the table and sort it again in a spreadsheet',
  'the budget is fine, we have used a little more than half of it',
  'we should write the decision down this time, I keep explaining it',
  'the battery test failed once in forty runs, and nobody knows why yet',
  'let us move the demo to the big room, the small one has no screen',
  'I will take the follow-up with the warehouse people',
]

/** A meeting of 25 to 60 remarks: a prompt of some kilobytes. */
function transcriptOf(random: Random): string {
  let minute = 0
  return Array.from({ length: random.between(25, 60) }, () => {
    minute += random.between(0, 2)
    return `[10:${String(minute % 60).padStart(2, '0')}] ${random.pick(SPEAKERS)}: ${random.pick(REMARKS)}.`
  }).join('\n')
}
