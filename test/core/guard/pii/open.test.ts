import { describe, expect, test } from 'bun:test'
import type { Form } from '../../../../src/core/guard/match.ts'
import { OPEN_CHARS_MAX, openFrom } from '../../../../src/core/guard/open.ts'
import { scanPii } from '../../../../src/core/guard/pii/scan-pii.ts'
import { scanSecrets } from '../../../../src/core/guard/secrets/scan-secrets.ts'
import { SECRET_EXAMPLES } from '../secrets/examples.ts'
import { PII_EXAMPLES } from './examples.ts'

const PLACE = { direction: 'output', origin: 'assistant', toolName: null } as const

function asIs(text: string): Form {
  return { via: [], text, folded: text.toLowerCase(), rangeOf: (startUtf16, endUtf16) => ({ startUtf16, endUtf16 }) }
}

const PROSE =
  'The committee met on a rainy Tuesday, as it had for years; nobody could say why (least of all its chairman, who slept through most of ' +
  "the sessions). It decided – after two hours – that the bridge wasn't safe, that 3 of its 12 pillars had to be rebuilt, and that it would " +
  'cost more than the town had. "We shall see," said Anna, and went home. In 1987 a second report came to the same end. Das Geld reichte ' +
  'nicht, und die Brücke blieb, wie sie war: schön und gefährlich. '.repeat(3)

describe('nothing of a match leaves before it is whole, wherever the text is cut', () => {
  const examples = [...PII_EXAMPLES, ...SECRET_EXAMPLES]
  examples.forEach(({ rule, before, value }, index) => {
    test(`${index} ${rule}`, () => {
      for (const [lead, trail] of [
        ['', ''],
        ['Well, IN 2024 he wrote: ', ' and more of it, 5 times.'],
        ['{"a":["', '"],"b":1}'],
      ] as const) {
        const text = `${lead}${before}${value}${trail}`
        const forms = [asIs(text)]
        const matches = [...scanPii(forms, PLACE), ...scanSecrets(forms, PLACE)]
        expect(matches.map(({ ruleId }) => ruleId)).toContain(rule)
        for (const { range, ruleId } of matches) {
          for (let cut = (range?.startUtf16 ?? 0) + 1; cut < (range?.endUtf16 ?? 0); cut += 1) {
            const open = openFrom(text.slice(0, cut))
            if (open > (range?.startUtf16 ?? 0))
              expect(`${ruleId} cut at ${cut}: ${text.slice(0, cut)}| open ${open}`).toBe('held')
          }
        }
      }
    })
  })
})

test('of prose at least 95 of 100 characters leave with the next word at the latest', () => {
  let late = 0
  for (let i = 0; i < PROSE.length; i += 1) {
    const text = PROSE.slice(0, i + 1)
    const lastWord = text.trimEnd().lastIndexOf(' ') + 1
    const wordBefore = text.slice(0, Math.max(0, lastWord - 1)).lastIndexOf(' ') + 1
    if (openFrom(text) < wordBefore) late += 1
  }
  expect(late / PROSE.length).toBeLessThan(0.05)
})

test('finished prose holds nothing back', () => {
  for (const text of ['That is all. ', 'Is it? Yes!\n', 'a, b and c; ', '这是一句话。', 'Alles gut – '])
    expect(openFrom(text)).toBe(text.length)
})

test('Chinese and Japanese are not held though they have no spaces', () => {
  const text = '今天天气很好我们去公园散步吧'
  expect(openFrom(text)).toBe(text.length)
  expect(openFrom(`${text}1380013`)).toBe(text.length)
})

test('what is open longer than the cap is decided as it stands', () => {
  const head = ['-----', 'BEGIN PRIVATE KEY-----\n'].join('')
  for (const text of ['a'.repeat(20_000), '1'.repeat(20_000), `${head}${'A'.repeat(20_000)}`, ' 1'.repeat(20_000)]) {
    expect(openFrom(text)).toBeGreaterThanOrEqual(text.length - OPEN_CHARS_MAX)
  }
})

test('the halves of an emoji are not parted', () => {
  for (const text of ['hi 😀', 'hi 😀😀x', 'ok😀']) {
    const open = openFrom(text)
    expect(/[\udc00-\udfff]/.test(text[open] ?? '')).toBe(false)
  }
})

test('what hides in invisible or full-width letters or in entities is held as well', () => {
  for (const text of ['mail jo\u200bhn@exa', 'mail ｊｏｈｎ＠ｅｘａ', 'call ＋４９ ３０ ９０', 'mail john&#64;exa'])
    expect(openFrom(text)).toBeLessThanOrEqual(5)
})
