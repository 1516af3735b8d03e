/** The data plane's own guard on the streams of every dialect: what a policy takes out never leaves, however it is cut. */
import { describe, expect, test } from 'bun:test'
import * as fc from 'fast-check'
import type { Judge } from '../../../../src/core/guard/match.ts'
import { createDefaultGuard } from '../../../../src/core/guard/scanners.ts'
import { join } from '../../../support/event-stream.ts'
import { aPolicy, testClock } from '../../../support/guard.ts'
import { run } from './run.ts'
import { answerOf, SAMPLES } from './samples.ts'

const SEED = 20261120
const MAIL = 'max.muster@example.net'
// Put together here, so that nobody takes it for a key that leaked.
const KEY = ['AKIA', 'Q3EGRJ7VX5ZTLWNB'].join('')
const TEXT = `Write to ${MAIL} or use ${KEY}, Größe 😀 ok.`
const CLEAN = /^Write to \[PII:EMAIL\] or use \[SECRET:[A-Z_]+\], Größe 😀 ok\.$/

const guard = createDefaultGuard(testClock)
const policy = aPolicy({
  mode: 'redact',
  pii: { action: 'alert_and_redact', directions: ['input', 'output'] },
})
const judge: Judge = {
  judge: (text, place) => guard.judgeText(text, place, policy, []).judged,
  openFrom: guard.openFrom,
}

describe.each(SAMPLES.filter(({ kind }) => kind !== 'arguments'))('$name', (sample) => {
  test('a key and an address never leave in hold mode, and the client reads the rest', async () => {
    const pieces = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 60, maxLength: 60 })
    await fc.assert(
      fc.asyncProperty(pieces, fc.integer({ min: 1, max: 200 }), async (lengths, step) => {
        const letters = Array.from(TEXT)
        const texts: string[] = []
        for (const length of lengths) if (letters.length > 0) texts.push(letters.splice(0, length).join(''))
        const whole = join(sample.frames(texts))
        const chunks: Uint8Array[] = []
        for (let at = 0; at < whole.length; at += step) chunks.push(whole.subarray(at, at + step))
        const { bytes, isStopped } = run(sample, chunks, { judge })
        const raw = new TextDecoder().decode(bytes)
        expect(raw).not.toContain(MAIL)
        expect(raw).not.toContain(KEY)
        expect(isStopped).toBe(false)
        const told = await answerOf(sample, bytes)
        expect(told.texts.some((text) => CLEAN.test(text))).toBe(true)
      }),
      { numRuns: 8, seed: SEED },
    )
  })

  test('both are found in observe mode, at every cut', () => {
    for (let at = 0; at < TEXT.length; at += 1) {
      if ((TEXT.charCodeAt(at) & 0xfc00) === 0xdc00) continue
      const frames = sample.frames([TEXT.slice(0, at), TEXT.slice(at)].filter((piece) => piece !== ''))
      const { found, isSame } = run(sample, frames, { judge, mode: 'observe' })
      expect([isSame, new Set(found.map(({ matched }) => matched))]).toEqual([true, new Set([MAIL, KEY])])
    }
  })
})
