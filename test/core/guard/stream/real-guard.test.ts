/** The data plane's own guard on the streams of every dialect: what a policy takes out never leaves, however it is cut. */
import { describe, expect, test } from 'bun:test'
import * as fc from 'fast-check'
import { dialectOfPath } from '../../../../src/core/dialects/registry.ts'
import type { Judge } from '../../../../src/core/guard/match.ts'
import { redactBody } from '../../../../src/core/guard/redact/redact-body.ts'
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

describe('a tool that the policy forbids', () => {
  const tools = { ...policy.tools, tools: [{ name: 'wipe_*', decision: 'deny', deniedArguments: [] }] } as const
  const strict = aPolicy({ tools })
  const firewall: Judge = {
    judge: (text, place) => guard.judgeText(text, place, strict, []).judged,
    openFrom: guard.openFrom,
  }
  const encoder = new TextEncoder()
  const sse = (...events: readonly object[]): readonly Uint8Array[] =>
    events.map((data) => encoder.encode(`data: ${JSON.stringify(data)}\n\n`))
  const chunk = (delta: object, finish: string | null = null): object => ({
    choices: [{ index: 0, delta, finish_reason: finish }],
  })
  const start = (name: string): object => chunk({ tool_calls: [{ index: 0, id: 'a', type: 'function', function: { name } }] })
  const block = { type: 'tool_use', id: 'a', name: 'wipe_disk', input: {} }

  test.each([
    ['Chat', '/v1/chat/completions', sse(start('wipe_disk'), chunk({}, 'tool_calls'))],
    [
      'older Chat, with arguments',
      '/v1/chat/completions',
      sse(
        chunk({ function_call: { name: 'wipe_disk', arguments: '' } }),
        chunk({ function_call: { arguments: '{"a":1}' } }),
        chunk({}, 'function_call'),
      ),
    ],
    [
      'Anthropic',
      '/v1/messages',
      sse({ type: 'content_block_start', index: 0, content_block: block }, { type: 'content_block_stop', index: 0 }),
    ],
    [
      'Gemini',
      '/v1beta/models/g:streamGenerateContent',
      sse({ candidates: [{ content: { parts: [{ functionCall: { name: 'wipe_disk' } }] } }] }),
    ],
  ])('is not called without arguments either: streamed by %s', (_name, path, frames) => {
    const { dialect } = dialectOfPath({ path, search: '' })
    for (const mode of ['hold', 'observe'] as const) {
      const outcome = run({ dialect, contentType: 'text/event-stream' }, frames, { judge: firewall, mode })
      expect([mode, outcome.isStopped, outcome.found.map(({ ruleId }) => ruleId)]).toEqual([mode, true, ['action.tool.denied']])
    }
  })

  test.each([
    [
      'Chat',
      '/v1/chat/completions',
      { choices: [{ message: { tool_calls: [{ id: 'a', function: { name: 'wipe_disk' } }] } }] },
    ],
    ['older Chat', '/v1/chat/completions', { choices: [{ message: { function_call: { name: 'wipe_disk', arguments: '' } } }] }],
    [
      'Gemini',
      '/v1beta/models/g:generateContent',
      { candidates: [{ content: { parts: [{ functionCall: { name: 'wipe_disk' } }] } }] },
    ],
    ['Responses', '/v1/responses', { output: [{ type: 'function_call', call_id: 'a', name: 'wipe_disk', arguments: '' }] }],
  ])('is not called without arguments either: answered by %s', (_name, path, body) => {
    const { dialect } = dialectOfPath({ path, search: '' })
    const { judged } = redactBody(encoder.encode(JSON.stringify(body)), dialect, firewall)
    expect(judged.map((one) => [one.judged.ruleId, one.judged.action])).toEqual([['action.tool.denied', 'block']])
  })
})
