import { describe, expect, test } from 'bun:test'
import { join } from '../../../support/event-stream.ts'
import { cut } from '../../../support/recorded.ts'
import { EMAIL_TAG, redacted, SECRET_TAG } from './fake-judge.ts'
import { run, type Run } from './run.ts'
import { answerOf, SAMPLES, type Sample } from './samples.ts'

const SECRETS = ['max.muster@example.com', 'SECRET-12345678']
const TEXT = `Write to ${SECRETS[0]} or use ${SECRETS[1]}, Größe 😀 ok.`
const ARGUMENTS = JSON.stringify({ to: SECRETS[0], note: `a\nb "${SECRETS[1]}" é`, n: 12 })

function textFor({ kind }: Sample): string {
  return kind === 'arguments' ? ARGUMENTS : TEXT
}

/** The text in two pieces, cut at `at`; never inside of a pair, which no provider does. */
function twoPieces(text: string, at: number): readonly string[] {
  return [text.slice(0, at), text.slice(at)].filter((piece) => piece !== '')
}

function pairFree(text: string): readonly number[] {
  return Array.from(text, (_, i) => i).filter((i) => (text.charCodeAt(i) & 0xfc00) !== 0xdc00)
}

describe.each(SAMPLES)('$name', (sample) => {
  const text = textFor(sample)
  const expected = redacted(text)

  async function expectRedacted(outcome: Run, where: string): Promise<void> {
    const { texts, notes, isComplete } = await answerOf(sample, outcome.bytes)
    const told = sample.kind === 'arguments' ? texts.map(sameJson) : texts
    const wanted = sample.name.startsWith('gemini argument') ? JSON.stringify({ to: expected }) : expected
    expect({ where, told, notes, isComplete }).toMatchObject({ where, notes: [], isComplete: true })
    expect(told).toContain(sample.kind === 'arguments' ? sameJson(wanted) : wanted)
    const raw = new TextDecoder().decode(outcome.bytes)
    for (const secret of SECRETS) expect(raw).not.toContain(secret)
    expect(outcome.found.filter(({ reaction }) => reaction === 'redact').length).toBeGreaterThanOrEqual(2)
    expect(outcome.isStopped).toBe(false)
  }

  test('a secret cut between two events at any place never leaves, and all else does', async () => {
    for (const at of pairFree(text)) await expectRedacted(run(sample, sample.frames(twoPieces(text, at))), `cut at ${at}`)
  })

  test('a secret told letter by letter never leaves', async () => {
    await expectRedacted(run(sample, sample.frames(Array.from(text))), 'letters')
  })

  test('a stream cut at any byte gives the same', async () => {
    const frames = sample.frames(twoPieces(text, 20))
    const whole = join(frames)
    const first = run(sample, [whole])
    for (let at = 1; at < whole.length; at += 1) {
      const outcome = run(sample, [whole.subarray(0, at), whole.subarray(at)])
      await expectRedacted(outcome, `byte ${at}`)
    }
    await expectRedacted(first, 'whole')
    await expectRedacted(
      run(
        sample,
        Array.from(whole, (byte) => Uint8Array.of(byte)),
      ),
      'every byte',
    )
  })

  test('observe finds the same at any cut and changes nothing', () => {
    for (const at of pairFree(text)) {
      const frames = sample.frames(twoPieces(text, at))
      const { found, bytes, isSame } = run(sample, frames, { mode: 'observe' })
      expect(isSame).toBe(true)
      expect(bytes).toEqual(join(frames))
      expect(new Set(found.map(({ matched }) => matched))).toEqual(new Set(SECRETS))
      expect(found.every(({ reaction }) => reaction === 'record')).toBe(true)
    }
  })

  test('observe finds the same however the bytes are cut', () => {
    const whole = join(sample.frames(twoPieces(text, 20)))
    for (let seed = 0; seed < 40; seed += 1) {
      const { found } = run(sample, cut(whole, seed, 12), { mode: 'observe' })
      expect(new Set(found.map(({ matched }) => matched))).toEqual(new Set(SECRETS))
    }
  })

  test('a block stops before the match, and the stream ends as its dialect ends', async () => {
    for (const at of pairFree(text)) {
      const { bytes, isStopped } = run(sample, sample.frames(twoPieces(text, at)), { secret: 'block' })
      expect(isStopped).toBe(true)
      const raw = new TextDecoder().decode(bytes)
      expect(raw).not.toContain('SECRET')
      const { texts, notes, isComplete } = await answerOf(sample, bytes)
      expect({ at, notes, isComplete }).toEqual({ at, notes: [], isComplete: true })
      expect(texts.join('')).not.toContain('1234')
    }
  })

  test('a block stops an observed stream at the end of an event, wherever it is cut', async () => {
    const whole = join(sample.frames(Array.from(`${text} and then more. `.repeat(30))))
    for (let seed = 0; seed < 20; seed += 1) {
      const { bytes, isStopped } = run(sample, cut(whole, seed, 200), { secret: 'block', mode: 'observe' })
      const { notes, isComplete } = await answerOf(sample, bytes)
      expect({ seed, isStopped, notes, isComplete }).toEqual({ seed, isStopped: true, notes: [], isComplete: true })
      expect(bytes.length).toBeLessThan(whole.length)
    }
  })

  test('a stop on any finding stops what would else be taken out', async () => {
    const { bytes, isStopped, found } = run(sample, sample.frames(twoPieces(text, 20)), { onFinding: 'stop' })
    expect(isStopped).toBe(true)
    expect(found.some(({ reaction }) => reaction === 'stop')).toBe(true)
    expect((await answerOf(sample, bytes)).texts.join('')).not.toContain('example')
  })

  test('what is only flagged leaves as it came', () => {
    const whole = join(sample.frames(twoPieces(text, 20)))
    const { bytes, found, isSame } = run(sample, [whole], { email: 'flag', secret: 'pass' })
    expect(bytes).toEqual(whole)
    expect(isSame).toBe(true)
    expect(found.map(({ action }) => action)).toContain('flag')
  })
})

/** JSON in one form of writing. */
function sameJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text))
  } catch {
    return text
  }
}

test('tags are those of the matches', () => {
  expect(redacted(TEXT)).toBe(`Write to ${EMAIL_TAG} or use ${SECRET_TAG}, Größe 😀 ok.`)
})
