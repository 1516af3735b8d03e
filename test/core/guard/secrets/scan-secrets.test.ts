import { describe, expect, test } from 'bun:test'
import type { Form, Match } from '../../../../src/core/guard/match.ts'
import { crc32, hasTokenChecksum } from '../../../../src/core/guard/secrets/randomness.ts'
import { scanSecrets } from '../../../../src/core/guard/secrets/scan-secrets.ts'
import { aPrivateKey, SECRET_EXAMPLES } from './examples.ts'

const PLACE = { direction: 'output', origin: 'assistant', toolName: null } as const

function asIs(text: string): Form {
  return { via: [], text, folded: text.toLowerCase(), rangeOf: (startUtf16, endUtf16) => ({ startUtf16, endUtf16 }) }
}
const scan = (text: string): readonly Match[] => scanSecrets([asIs(text)], PLACE)
const found = (text: string): readonly string[] =>
  scan(text).map(({ ruleId, range }) => `${ruleId} ${text.slice(range?.startUtf16, range?.endUtf16)}`)

describe('keys are found with their exact range', () => {
  SECRET_EXAMPLES.forEach(({ rule, before, value }, index) => {
    test(`${index} ${rule}`, () => {
      for (const after of [' and so on', '\n', '', '"', "'"])
        expect(found(`${before}${value}${after}`)).toContain(`${rule} ${value}`)
    })
  })
})

describe('what only looks like a key is passed over', () => {
  const cases: readonly (readonly [why: string, text: string])[] = [
    ['a slug', 'see sk-learn-contributors-guide-for-everyone and sk-something-with-many-words'],
    ['a filled-in key', `OPENAI_API_KEY=sk-${'x'.repeat(40)}`],
    ['a name for a key', 'api_key = "YOUR_API_KEY_HERE_PLEASE"; token: ${GITHUB_TOKEN_FROM_ENV}'],
    ['a variable', 'password = process.env.DB_PASSWORD'],
    ['a call', 'secret = getSecretFromVault(name); token := readTokenFromFile(path1)'],
    ['a type', 'password: string; token?: string | undefined'],
    ['a count', 'max_tokens: 4096, total_tokens = 123456789'],
    ['prose', 'The secret: never give up. My token: a small thing. The password: forgotten again.'],
    ['a hash', 'commit 9fceb02d0ae598e95dc970b74767f19372d61af8, md5 5d41402abc4b2a76b9719d911017c592'],
    ['a UUID', 'request 550e8400-e29b-41d4-a716-446655440000'],
    ['a certificate', '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----'],
    ['a public key', '-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----'],
    ['base64 that is no JWT', 'eyJub3QiOiJhIGp3dCJ9.eyJub3QiOiJhIGp3dCJ9.abcdefghijk'],
    ['a database without a password', 'postgres://localhost:5432/app and postgres://app@db/app'],
    ['a documented database', ['postgres://user', 'password@localhost/app'].join(':')],
  ]
  for (const [why, text] of cases) test(why, () => expect(found(text)).toEqual([]))
})

test('the checksum of a GitHub token tells a real one from a typed one', () => {
  // The check value of CRC-32 itself.
  expect(crc32('123456789')).toBe(0xcbf43926)
  const real = SECRET_EXAMPLES.find(({ value }) => value.startsWith('ghp_'))?.value ?? ''
  const typed = `${real.slice(0, -1)}${real.endsWith('a') ? 'b' : 'a'}`
  expect([hasTokenChecksum(real.slice(4)), hasTokenChecksum(typed.slice(4))]).toEqual([true, false])
  expect([scan(real)[0]?.confidence, scan(typed)[0]?.confidence]).toEqual([0.99, 0.85])
})

test('a private key that was cut off is found as far as it came, and not the prose after it', () => {
  const key = aPrivateKey('EC PRIVATE KEY')
  const cut = key.slice(0, key.indexOf('\n', 300))
  expect(found(`here: ${cut}\nAnd that was all.`)).toEqual([`secret.private-key ${cut}`])
})

test('a key in text that is still escaped is found without the escape', () => {
  const key = SECRET_EXAMPLES.find(({ rule }) => rule === 'secret.groq-key')?.value ?? ''
  expect(found(`first line\\n${key}\\nlast line`)).toEqual([`secret.groq-key ${key}`])
})

test('the example key of a manual is found with less confidence', () => {
  const [match] = scan(`use ${['AKIA', 'IOSFODNN7', 'EXAMPLE'].join('')} here`)
  expect([match?.ruleId, match?.confidence]).toEqual(['secret.aws-access-key', 0.7])
})

test('matches say what they are and never what they hold', () => {
  const key = SECRET_EXAMPLES.find(({ value }) => value.startsWith('ghp_'))?.value ?? ''
  expect(scan(key)).toEqual([
    {
      ruleId: 'secret.github-token',
      findingType: 'secret_leakage',
      category: 'secret',
      severity: 'critical',
      confidence: 0.99,
      description: 'Secret: github token',
      range: { startUtf16: 0, endUtf16: key.length },
      via: [],
      tag: '[SECRET:GITHUB_TOKEN]',
    },
  ])
})
