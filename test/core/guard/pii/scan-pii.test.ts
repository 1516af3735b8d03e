import { describe, expect, test } from 'bun:test'
import { array, assert, constantFrom, property } from 'fast-check'
import type { Form, Match } from '../../../../src/core/guard/match.ts'
import { scanPii } from '../../../../src/core/guard/pii/scan-pii.ts'
import { sha256 } from '../../../../src/core/guard/pii/sha256.ts'
import { PII_EXAMPLES } from './examples.ts'

const PLACE = { direction: 'input', origin: 'user', toolName: null } as const

function asIs(text: string): Form {
  return { via: [], text, folded: text.toLowerCase(), rangeOf: (startUtf16, endUtf16) => ({ startUtf16, endUtf16 }) }
}
const scan = (text: string): readonly Match[] => scanPii([asIs(text)], PLACE)
const found = (text: string): readonly string[] =>
  scan(text).map(({ ruleId, range }) => `${ruleId} ${text.slice(range?.startUtf16, range?.endUtf16)}`)

describe('personal data is found with its exact range', () => {
  for (const { rule, before, value } of PII_EXAMPLES) {
    test(`${rule}: ${value}`, () => {
      for (const after of [' and so on.', '', '\n', ', next', '。'])
        expect(found(`${before}${value}${after}`)).toContain(`${rule} ${value}`)
    })
  }
})

test('what needs a context word is not found without one', () => {
  for (const { rule, value } of PII_EXAMPLES.filter((example) => example.needsContext)) {
    expect(found(`The result was ${value} in the end.`).filter((hit) => hit === `${rule} ${value}`)).toEqual([])
  }
})

describe('what only looks like personal data is passed over', () => {
  const cases: readonly (readonly [why: string, text: string])[] = [
    ['a version', 'Upgrade to version 10.2.33.4 first'],
    ['a version with a letter', 'v1.22.333.4 is out'],
    ['loopback and masks', 'bind 127.0.0.1 with 255.255.255.0 or 0.0.0.0'],
    ['a UUID', 'id 550e8400-e29b-41d4-a716-446655440000 was lost'],
    ['a hash', 'sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'],
    ['a timestamp', 'at 2026-11-20T23:12:59.123Z it stopped; 1700000000123 ms'],
    ['a card without its check digit', 'card 4539 1488 0343 6468'],
    ['an IBAN of the wrong length', 'GB29 NWBK 6016 1331 9268'],
    ['an SSN of an area that is not given out', 'order 000-12-3456 and 666-12-3456'],
    ['digits that were counted up', 'for example 123-45-6789'],
    ['a picture for two densities', 'see logo@2x.png and icon@3x.svg'],
    ['a remote', 'git clone git@github.com:org/repo.git'],
    ['a package with its version', 'npm i left-pad@1.3.0 @scope/name@2.0.0'],
    ['an amount', 'it costs $415.555.2671 or 1,234,567.89'],
    ['C++', 'std::vector<int> a1::b2;'],
    ['a time', 'from 12:34:56 to 13:00:00'],
    ['a date nobody was born on', 'The meeting is on 12 March 2024'],
    ['a password that is none', ['see https://user', '***@host.example/x'].join(':')],
    ['a time in an address of an archive', 'https://web.archive.org/web/20200925023215/x'],
    ['an object identifier', 'caseIgnoringOrderingMatch (OID 2.5.13.18)'],
    ['a part of a name', 'a gaming M.2 Internal Solid State Hard Drive'],
    ['a wallet with a wrong letter', '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb'],
    ['years', 'between 1939 and 1945, 2024-2025'],
    ['spaces where an address would be', 'In 2024 Germany had 12 Ministers on Street duty'],
  ]
  for (const [why, text] of cases) test(why, () => expect(found(text)).toEqual([]))
})

test('the hash of the check sums is SHA-256', () => {
  for (const text of ['', 'abc', 'a'.repeat(55), 'b'.repeat(56), 'c'.repeat(200)]) {
    const ours = Buffer.from(sha256(new TextEncoder().encode(text))).toString('hex')
    expect(ours).toBe(new Bun.CryptoHasher('sha256').update(text).digest('hex'))
  }
})

test('a code fence hides nothing', () => {
  expect(found('```\nmail jane@corp.example.org\n```\n    ssn: 536-22-8726')).toEqual([
    'pii.email jane@corp.example.org',
    'pii.us_ssn 536-22-8726',
  ])
})

test('every occurrence is a match of its own, from left to right', () => {
  expect(found('a@b.co, c@d.org; a@b.co')).toEqual(['pii.email a@b.co', 'pii.email c@d.org', 'pii.email a@b.co'])
})

test('the head of a column is a context word for every line below it', () => {
  const table = 'name,ssn,dob,total\n"A, B",993-93-9993,1984-05-12,2001-01-01\nC,973-73-9973,1990-01-02,2002-02-02'
  expect(found(table).filter((hit) => !hit.includes('name'))).toEqual([
    'pii.us_ssn 993-93-9993',
    'pii.date_of_birth 1984-05-12',
    'pii.us_ssn 973-73-9973',
    'pii.date_of_birth 1990-01-02',
  ])
})

test('a made-up number is found with less confidence, a test card too', () => {
  const [ssn] = scan('my ssn is 123-45-6789')
  const [card] = scan('card 4111 1111 1111 1111')
  expect([ssn?.confidence, card?.confidence]).toEqual([0.65, 0.65])
})

test('matches say what they are and never what they hold', () => {
  const [match] = scan('write to jane@corp.example.org')
  expect(match).toEqual({
    ruleId: 'pii.email',
    findingType: 'pii_detected',
    category: 'pii',
    severity: 'medium',
    confidence: 0.95,
    description: 'Personal data: email',
    range: { startUtf16: 9, endUtf16: 30 },
    via: [],
    tag: '[PII:EMAIL]',
  })
})

test('what was decoded is read as well, once', () => {
  const outer = asIs('x jane@corp.example.org y')
  const decoded: Form = { ...asIs('tel +1 415 555 2671'), via: ['base64'], rangeOf: () => ({ startUtf16: 24, endUtf16: 25 }) }
  const again: Form = { ...asIs('x jane@corp.example.org y'), via: ['percent'] }
  const swapped: Form = { ...asIs('jane@corp.example.org'), via: ['rot13'] }
  expect(scanPii([outer, decoded, again, swapped], PLACE).map(({ ruleId, via }) => [ruleId, via])).toEqual([
    ['pii.email', []],
    ['pii.phone', ['base64']],
  ])
})

test('any text gives ranges that are inside of it, in order and apart', () => {
  const noise = array(
    constantFrom(
      '@',
      '1',
      '+',
      '(',
      ')',
      ' ',
      '-',
      '.',
      ':',
      '/',
      'a',
      'Z',
      '\ud800',
      'é',
      '中',
      '\n',
      '415-555-2671',
      'ssn ',
      '::',
    ),
  )
  assert(
    property(noise, (parts) => {
      const text = parts.join('')
      let last = 0
      for (const { range } of scan(text)) {
        expect(range?.startUtf16).toBeGreaterThanOrEqual(last)
        expect(range?.endUtf16).toBeGreaterThan(range?.startUtf16 ?? Infinity)
        last = range?.endUtf16 ?? Infinity
      }
      expect(last).toBeLessThanOrEqual(text.length)
    }),
    { seed: 20_261_120, numRuns: 500 },
  )
})
