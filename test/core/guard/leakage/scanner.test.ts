/** Leakage of the system prompt and of canary tokens, in whole answers and in streams. */
import { describe, expect, test } from 'bun:test'
import * as fc from 'fast-check'
import { plantCanary } from '../../../../src/core/guard/leakage/canary.ts'
import { createLeakageScanner, type LeakageScanner } from '../../../../src/core/guard/leakage/scanner.ts'
import type { Form, Match, Place } from '../../../../src/core/guard/match.ts'

const PLACE: Place = { direction: 'output', origin: 'assistant', toolName: null }
const PERSONA =
  'You are Orla, the assistant of the Harbour Street Library. You answer questions about opening hours, loans and events. Never promise a ' +
  'book that you have not looked up. Staff discounts are internal: do not mention the code or how it is calculated.'
const RULES_TEXT =
  'If a visitor is angry, stay calm and offer a call with the duty librarian. Fines are waived for children under twelve, and for anyone who ' +
  'asks a second time; this is not to be told to visitors. When the catalogue cannot be reached, say so and offer to write down the request. ' +
  'Do not guess the shelf of a book. Answer in the language of the visitor, in short sentences, without lists unless somebody asks for one.'
const SYSTEM = `${PERSONA}\n\n${RULES_TEXT}`
const HOLIDAYS = Array.from(
  { length: 30 },
  (_, i) => `Branch ${i} opens at ${7 + (i % 4)} and closes at ${17 + (i % 5)} on every weekday but the first.`,
).join(' ')
const JAPANESE =
  'あなたは港町図書館の案内係です。開館時間と貸出についてだけ答えてください。職員割引の番号は決して来館者に教えないでください。'

function plain(text: string, via: Form['via'] = []): Form {
  return { via, text, folded: text.toLowerCase(), rangeOf: (start, end) => ({ startUtf16: start, endUtf16: end }) }
}

function found(scanner: LeakageScanner, text: string): readonly string[] {
  return scanner.scan([plain(text)], PLACE).map(({ ruleId }) => ruleId)
}

/** The last match for each start: what a reader of a stream is left with. */
function streamed(scanner: LeakageScanner, pieces: readonly string[]): readonly Match[] {
  const follower = scanner.follow()
  const last = new Map<string, Match>()
  for (const match of [...pieces.flatMap((piece) => follower.push(piece)), ...follower.end()]) {
    last.set(`${match.findingType} ${match.range?.startUtf16}`, match)
  }
  return [...last.values()].sort(byStart)
}

function byStart(a: Match, b: Match): number {
  return (a.range?.startUtf16 ?? 0) - (b.range?.startUtf16 ?? 0) || a.ruleId.localeCompare(b.ruleId)
}

describe('the system prompt in an answer', () => {
  const most = ['leakage.system-prompt.most']
  const passage = ['leakage.system-prompt.passage']
  test.each<[string, string, readonly string[]]>([
    ['the whole prompt', SYSTEM, most],
    ['the whole prompt within an answer', `Sure! Here it is:\n\n"${SYSTEM}"\n\nAnything else?`, most],
    ['its first paragraph', PERSONA, most],
    ['its first paragraph, shouted', PERSONA.toUpperCase(), most],
    ['its first paragraph as a list without punctuation', PERSONA.replace(/[.,:] /gu, '\n* '), most],
    [
      'its first paragraph with a changed word here and there',
      PERSONA.replace('looked up', 'checked').replace('internal', 'private'),
      most,
    ],
    ['its first paragraph with invisible characters', PERSONA.replaceAll('e', 'e\u200b'), most],
    ['its second paragraph', RULES_TEXT, most],
    ['two sentences from its middle', RULES_TEXT.split('. ').slice(2, 4).join('. '), passage],
    [
      'one long sentence',
      'Fines are waived for children under twelve, and for anyone who asks a second time; this is not to be told to visitors.',
      passage,
    ],
    ['a shared sentence of six words', 'Do not guess the shelf of a book: I looked it up for you.', []],
    [
      'the topic in other words',
      'I help with opening hours, loans and events here at the library. Is there a book you are looking for?',
      [],
    ],
    [
      'an answer that has nothing to do with it',
      'The river is 230 km long and rises in the hills above the town. It is not navigable.',
      [],
    ],
    ['nothing', '', []],
  ])('%s', (_, answer, expected) => {
    expect(found(createLeakageScanner([SYSTEM]), answer)).toEqual(expected)
  })

  test('a long passage that a prompt is there to tell is reported, and too weak for a block at balanced', () => {
    const scanner = createLeakageScanner([PERSONA, HOLIDAYS])
    const matches = scanner.scan([plain(`Here are the hours. ${HOLIDAYS.slice(200, 620)}`)], PLACE)
    expect(matches.map(({ ruleId }) => ruleId)).toEqual(['leakage.system-prompt.long'])
    expect(matches.every(({ confidence }) => confidence < 0.8)).toBe(true)
  })

  test('the range is what was repeated, and nothing beside it', () => {
    const answer = `Sure, with pleasure: ${PERSONA} That was it.`
    const [match] = createLeakageScanner([SYSTEM]).scan([plain(answer)], PLACE)
    expect(answer.slice(match?.range?.startUtf16, match?.range?.endUtf16)).toBe(PERSONA.slice(0, -1))
  })

  test('one sentence over and over counts once', () => {
    expect(found(createLeakageScanner([SYSTEM]), 'Do not guess the shelf of a book. '.repeat(50))).toEqual([])
  })

  test('a prompt in a script without spaces', () => {
    const scanner = createLeakageScanner([JAPANESE])
    expect(found(scanner, `はい。${JAPANESE}以上です。`)).toEqual(most)
    expect(found(scanner, '開館時間は九時から十八時までです。ほかに何かお手伝いできますか。')).toEqual([])
  })

  test('a decoded form is read too, and names its encoding', () => {
    const matches = createLeakageScanner([SYSTEM]).scan([plain('WW91IGFyZSBPcmxh'), plain(PERSONA, ['base64'])], PLACE)
    expect(matches.map(({ ruleId, via }) => [ruleId, via])).toEqual([['leakage.system-prompt.most', ['base64']]])
  })

  test('a short prompt, an empty one and none are no leakage, whatever the answer says', () => {
    for (const texts of [['You are a helpful assistant.'], [''], []]) {
      expect(found(createLeakageScanner(texts), `You are a helpful assistant. ${PERSONA}`)).toEqual([])
    }
  })

  test('texts that are not output are not looked at', () => {
    expect(
      createLeakageScanner([SYSTEM]).scan([plain(SYSTEM)], { direction: 'input', origin: 'user', toolName: null }),
    ).toEqual([])
  })
})

describe('a stream', () => {
  const canary = plantCanary('0192f7a1-5a0e-7cc3-98c4-dc0c0c07398f')
  const scanner = createLeakageScanner([SYSTEM, JAPANESE], [canary])

  test('however an answer is cut, the last matches are those of the whole answer', () => {
    const piece = fc.constantFrom(
      ...RULES_TEXT.split('. '),
      PERSONA,
      SYSTEM.slice(40, 400),
      JAPANESE,
      canary,
      canary.slice(0, 17),
      'So it goes, and nobody knows why.',
      '\n\n',
      ' ',
      'é\u200b',
      '\ud83d',
    )
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 12 }),
        fc.array(fc.nat({ max: 60 }), { minLength: 1, maxLength: 40 }),
        (parts, lengths) => {
          const text = parts.join(' ')
          const pieces: string[] = []
          for (let at = 0, i = 0; at < text.length; i++) {
            const length = (lengths[i % lengths.length] ?? 0) + 1
            pieces.push(text.slice(at, at + length))
            at += length
          }
          const whole = [...scanner.scan([plain(text)], PLACE)].sort(byStart)
          const systemOf = (matches: readonly Match[]) =>
            matches.filter(({ findingType }) => findingType === 'system_prompt_leakage')
          expect(systemOf(streamed(scanner, pieces))).toEqual(systemOf(whole))
        },
      ),
      { numRuns: 300 },
    )
  })

  test('a stretch is reported as soon as it is long enough, not when the stream is over', () => {
    const follower = scanner.follow()
    const words = PERSONA.split(' ')
    const at = words.findIndex((word) =>
      follower.push(`${word} `).some(({ ruleId }) => ruleId === 'leakage.system-prompt.most'),
    )
    expect(at).toBeGreaterThan(10)
    expect(at).toBeLessThan(25)
  })

  test('a canary that is cut anywhere is found', () => {
    const text = `It is ${canary}, I think.`
    const start = text.indexOf(canary) + 'CANARY-'.length
    for (let cut = 0; cut <= text.length; cut++) {
      const matches = streamed(scanner, [text.slice(0, cut), text.slice(cut)])
      expect(matches.map(({ ruleId, range }) => [ruleId, range])).toEqual([
        ['leakage.canary', { startUtf16: start, endUtf16: start + 16 }],
      ])
    }
    expect(streamed(scanner, [...text]).map(({ ruleId }) => ruleId)).toEqual(['leakage.canary'])
  })

  test('what may still grow is told, so that it can be held', () => {
    const follower = scanner.follow()
    follower.push('Here we go: ')
    expect(follower.openFrom()).toBe(12)
    follower.push(`${PERSONA.slice(0, 60)}`)
    expect(follower.openFrom()).toBe(12)
    follower.push(' and now something completely different, of which no word stands anywhere else in there. ')
    expect(follower.openFrom()).toBe(12 + 60 + 89)
    follower.push(`Then ${canary.slice(0, 13)}`)
    expect(follower.openFrom()).toBeLessThanOrEqual(12 + 60 + 89 + 5 + 7)
  })

  test('a token is reported once, however long the stream goes on', () => {
    const follower = scanner.follow()
    const matches = [canary, ...Array.from({ length: 200 }, () => ' and so on')].flatMap((piece) => follower.push(piece))
    expect(matches.map(({ ruleId }) => ruleId)).toEqual(['leakage.canary'])
  })
})

describe('canary tokens', () => {
  const canary = plantCanary('0192f7a1-5a0e-7cc3-98c4-dc0c0c07398f')
  const body = canary.slice('CANARY-'.length)
  const scanner = createLeakageScanner([], [canary])
  const hex = [...body].map((letter) => letter.charCodeAt(0).toString(16)).join('')
  const rot13 = body.replace(/[a-z]/gu, (letter) => String.fromCharCode(((letter.charCodeAt(0) - 84) % 26) + 97))

  test('the same id makes the same token, another id another one', () => {
    expect(canary).toMatch(/^CANARY-[a-z]{16}$/u)
    expect(plantCanary('0192f7a1-5a0e-7cc3-98c4-dc0c0c07398f')).toBe(canary)
    const tokens = Array.from({ length: 2_000 }, (_, i) => plantCanary(`id-${i}`))
    expect(new Set(tokens.map((token) => token.slice(7, 15))).size).toBe(2_000)
    expect(new Set(tokens.map((token) => token.slice(15))).size).toBe(2_000)
  })

  test.each<[string, string, string, readonly string[]]>([
    ['as it is', canary, 'leakage.canary', []],
    ['in capitals', canary.toUpperCase(), 'leakage.canary', []],
    ['without its prefix', body, 'leakage.canary', []],
    ['letter by letter', [...canary].join(' '), 'leakage.canary', []],
    ['with dashes', body.replace(/(.{3})/gu, '$1-'), 'leakage.canary', []],
    ['its first half', body.slice(0, 8), 'leakage.canary.part', []],
    ['its last half', body.slice(8), 'leakage.canary.part', []],
    ['eight letters of its middle', body.slice(3, 11), 'leakage.canary.part', []],
    ['reversed', [...canary].toReversed().join(''), 'leakage.canary', ['reversed']],
    ['rot13', rot13, 'leakage.canary', ['rot13']],
    ['hex', `0x${hex}`, 'leakage.canary', ['hex']],
    ['hex with spaces', hex.replace(/(..)/gu, '$1 '), 'leakage.canary', ['hex']],
    ['base64', btoa(canary), 'leakage.canary', ['base64']],
    ['base64 of a text that holds it', btoa(`The token is ${canary}!`), 'leakage.canary', ['base64']],
    ['base64, wrapped', btoa(`Token: ${canary}!`).replace(/(.{10})/gu, '$1\n'), 'leakage.canary', ['base64']],
  ])('found %s', (_, text, ruleId, via) => {
    const matches = scanner.scan([plain(`So: ${text} .`)], PLACE)
    expect(matches.map((match) => [match.ruleId, match.via])).toEqual([[ruleId, [...via]] as [string, Match['via']]])
    expect(matches[0]?.findingType).toBe('canary_token_leakage')
  })

  test.each([
    ['seven of its letters', body.slice(0, 7)],
    ['the word itself', 'The canary in the coal mine: CANARY-.'],
    ['another token', plantCanary('somebody else')],
    ['nothing', ''],
  ])('not found: %s', (_, text) => {
    expect(scanner.scan([plain(text)], PLACE)).toEqual([])
  })

  test('tokens that are too short to mean anything are passed over', () => {
    expect(createLeakageScanner([], ['abc', '', 'CANARY-x']).scan([plain('abc x CANARY-x')], PLACE)).toEqual([])
  })
})

test('texts of any kind neither throw nor give ranges outside of them', () => {
  const canary = plantCanary('a')
  const scanner = createLeakageScanner([SYSTEM, JAPANESE], [canary])
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(PERSONA, canary, '\ud800', '\0')), { maxLength: 8 }),
      (parts) => {
        const text = parts.join('')
        for (const { range } of [...scanner.scan([plain(text)], PLACE), ...streamed(scanner, parts)]) {
          expect(range?.startUtf16).toBeGreaterThanOrEqual(0)
          expect(range?.endUtf16).toBeLessThanOrEqual(text.length)
          expect(range?.startUtf16).toBeLessThan(range?.endUtf16 ?? 0)
        }
      },
    ),
    { numRuns: 300 },
  )
})
