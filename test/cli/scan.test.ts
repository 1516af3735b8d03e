import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseCommand } from '../../src/cli/main.ts'
import { runScan, type ScanIo } from '../../src/cli/scan.ts'
import { asRecord, parseJson } from '../../src/core/domain/json.ts'
import type { Guard } from '../../src/core/guard/guard.ts'
import type { NamedScanner } from '../../src/core/guard/engine.ts'
import { aGuard, wordScanner } from '../support/guard.ts'

const ATTACK = 'canary-attack'
const WORD: NamedScanner = { name: 'word', scan: wordScanner(ATTACK) }
const BROKEN: NamedScanner = {
  name: 'broken',
  scan: () => {
    throw new Error('bug')
  },
}

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'llmtrace-scan-'))
  mkdirSync(join(folder, 'sub'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Writes the files, scans `argv` (names of files become their paths) and gives all that was said, paths taken out again. */
async function scan(
  files: { readonly [name: string]: string | Uint8Array },
  argv: readonly string[],
  more: Partial<ScanIo> & { readonly guard?: Guard } = {},
) {
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
  const command = parseCommand([
    'scan',
    ...argv.map((arg) => (/\.[a-z]+$/.test(arg) || arg === 'sub' ? join(folder, arg) : arg)),
  ])
  if (!command.ok) throw new Error(command.error)
  let out = ''
  let err = ''
  const { guard = aGuard([WORD]), ...io } = more
  const code = await runScan(command.value, guard, {
    env: {},
    stdin: chunksOf(''),
    isStdinTerminal: true,
    isStderrTerminal: false,
    out: (text) => {
      out += text
      return true
    },
    err: (text) => {
      err += text
    },
    now: () => 0,
    ...io,
  })
  expect(out + err).not.toContain(ATTACK)
  return { code, out: out.replaceAll(`${folder}/`, ''), err: err.replaceAll(`${folder}/`, '') }
}

async function* chunksOf(text: string, size = 7): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(text)
  for (let i = 0; i < bytes.byteLength; i += size) yield bytes.subarray(i, i + size)
}

const line = (value: unknown): string => `${JSON.stringify(value)}\n`

describe('what is found is told by its place, never by its text', () => {
  test('in a file of text: line and column', async () => {
    const { out, code } = await scan({ 'a.txt': `one\ntwo 🦊 ${ATTACK}\n${ATTACK}` }, ['a.txt'])
    expect(code).toBe(0)
    expect(out.split('\n')).toEqual([
      expect.stringMatching(/^a\.txt:2:8: flag prompt_injection high 0\.90 test\.word: a word \[13 chars, #[0-9a-f]{4}\]$/),
      expect.stringMatching(/^a\.txt:3:1: flag /),
      '1 text in 1 input: block 0, redact 0, flag 1, pass 0; 2 findings',
      '',
    ])
  })

  test('in a line of JSON: the line, whose text it is, and the pointer into it', async () => {
    const { out } = await scan({ 'a.jsonl': `${line({ text: 'x' })}\n${line({ text: ATTACK, origin: 'tool_result' })}` }, [
      'a.jsonl',
    ])
    expect(out).toMatch(/^a\.jsonl:3: flag prompt_injection high 0\.90 test\.word: tool_result \/text a word \[/)
    expect(out).toEndWith('2 texts in 1 input: block 0, redact 0, flag 1, pass 1; 1 finding\n')
  })

  test('as JSON, one object a line with the words of the API', async () => {
    const { out } = await scan({ 'a.txt': `a ${ATTACK}` }, ['a.txt', '--format', 'json', '--origin', 'system'])
    const [finding, summary] = out.split('\n').map((text) => asRecord(parseJson(text)))
    expect(finding).toMatchObject({
      type: 'finding',
      line: 1,
      column: 3,
      origin: 'system',
      action: 'flag',
      finding_type: 'prompt_injection',
      rule_id: 'test.word',
      range: { start_utf16: 2, end_utf16: 15 },
    })
    expect(summary).toEqual({
      type: 'summary',
      files: 1,
      texts: 1,
      verdicts: { pass: 0, flag: 1, redact: 0, block: 0 },
      findings: 1,
      uninspected: 0,
      problems: 0,
    })
  })

  test('with nothing in a file’s name that a terminal would act on', async () => {
    const { err } = await scan({}, ['\u001b[31m.txt'])
    expect(err).toEndWith('?[31m.txt: no such file\n')
  })
})

describe('the body of a request is read as its format has it', () => {
  const tool = { type: 'tool_result', tool_use_id: 't', content: ATTACK }
  const CASES: readonly (readonly [name: string, body: unknown, where: string])[] = [
    ['OpenAI chat', { messages: [{ role: 'tool', content: ATTACK }] }, 'tool_result /messages/0/content'],
    [
      'OpenAI parts',
      { messages: [{ role: 'user', content: [{ type: 'text', text: ATTACK }] }] },
      'user /messages/0/content/0/text',
    ],
    ['Anthropic system', { system: ATTACK, messages: [] }, 'system /system'],
    ['Anthropic blocks', { messages: [{ role: 'user', content: [tool] }] }, 'tool_result /messages/0/content/0/content'],
    ['Responses', { input: ATTACK, text: { format: {} } }, 'user /input'],
    ['embeddings', { input: ['x', ATTACK] }, 'user /input/1'],
    ['completions', { prompt: ATTACK }, 'user /prompt'],
    ['Gemini', { contents: [{ role: 'user', parts: [{ text: ATTACK }] }] }, 'user /contents/0/parts/0/text'],
  ]
  for (const [name, body, where] of CASES) {
    test(name, async () => {
      const { out, err } = await scan({ 'a.jsonl': line(body) }, ['a.jsonl'])
      expect([out, err]).toEqual([
        expect.stringContaining(`a.jsonl:1: flag prompt_injection high 0.90 test.word: ${where} a word`),
        '',
      ])
    })
  }

  test('and what is no text in it is counted', async () => {
    const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AA' } }
    const { out } = await scan({ 'a.jsonl': line({ messages: [{ role: 'user', content: [image] }] }) }, ['a.jsonl'])
    expect(out).toEndWith('0 findings; 1 part that is no text\n')
  })
})

describe('what cannot be judged is named, and the rest is judged', () => {
  test('missing files, folders, broken lines', async () => {
    const deep = `{"text":"${'x'.repeat(20_000)}","a":${'['.repeat(10_000)}`
    const { code, out, err } = await scan(
      {
        'a.jsonl': `{"text":\n[1]\n{"text":"x","origin":"me"}\n${deep}\n{"text":5}\n${line({ text: ATTACK })}`,
        'b.txt': ATTACK,
      },
      ['none.txt', 'sub', 'a.jsonl', 'b.txt'],
    )
    expect(err.split('\n')).toEqual([
      'none.txt: no such file',
      'sub: is a folder: name its files',
      'a.jsonl:1: is not JSON',
      expect.stringMatching(/^a\.jsonl:2: expected \{"text"/),
      expect.stringMatching(/^a\.jsonl:3: "origin" must be one of system, user/),
      'a.jsonl:4: is nested too deeply to be read',
      expect.stringMatching(/^a\.jsonl:5: expected /),
      '',
    ])
    expect(out).toEndWith('2 texts in 2 inputs: block 0, redact 0, flag 2, pass 0; 2 findings; 7 could not be judged\n')
    expect(code).toBe(2)
  })

  test('a detector that fails is told with the place', async () => {
    const { code, err } = await scan({ 'a.txt': 'x' }, ['a.txt'], { guard: aGuard([BROKEN, WORD]) })
    expect([code, err]).toEqual([2, 'a.txt:1: could not be judged: broken failed\n'])
  })

  test('a policy that does not hold, every problem with its key', async () => {
    const { code, err, out } = await scan({ 'p.yaml': 'enforcement:\n  mode: maybe\n  mod: x\n' }, ['--policy', 'p.yaml', '-'])
    expect([code, out]).toEqual([2, ''])
    expect(err.split('\n')).toEqual([
      expect.stringMatching(
        /^llmtrace: p\.yaml: guard\.enforcement\.mod: unknown key, did you mean guard\.enforcement\.mode\?$/,
      ),
      expect.stringMatching(/^llmtrace: p\.yaml: guard\.enforcement\.mode: must be one of log, flag, redact, block/),
      '',
    ])
  })

  test('no input at all on a terminal is a usage error', async () => {
    expect(await scan({}, [])).toEqual({
      code: 2,
      out: '',
      err: 'llmtrace: scan needs files, or - for what comes on standard input\nTry: llmtrace --help\n',
    })
  })
})

describe('the policy decides, and the exit code follows --fail-on', () => {
  const CASES: readonly (readonly [policy: string, failOn: string, code: number])[] = [
    ['enforcement: {mode: block}', 'block', 1],
    ['enforcement: {mode: block}', 'flag', 1],
    ['enforcement: {mode: flag}', 'block', 0],
    ['enforcement: {mode: flag}', 'flag', 1],
    ['guard: {enforcement: {mode: redact}}', 'redact', 1],
    ['enforcement: {mode: block, shadow: true}', 'flag', 0],
    ['enforcement: {mode: block, min_severity: critical}', 'flag', 0],
    ['allow: [{rule_id: test.word}]', 'flag', 0],
  ]
  for (const [policy, failOn, code] of CASES) {
    test(`${policy}, ${failOn}: ${code}`, async () => {
      const scanned = await scan({ 'p.yaml': policy, 'a.txt': ATTACK }, ['a.txt', '--policy', 'p.yaml', '--fail-on', failOn])
      expect(scanned.code).toBe(code)
    })
  }

  test('the configuration’s policy holds where no other is named', async () => {
    writeFileSync(join(folder, 'c.yaml'), 'guard:\n  enforcement:\n    mode: log\n')
    const { code, out, err } = await scan({ 'a.txt': ATTACK }, ['a.txt', '--config', 'c.yaml', '--fail-on', 'flag'])
    expect([code, out.slice(0, 13)]).toEqual([0, 'a.txt:1:1: pas'.slice(0, 13)])
    expect(err).toBe('llmtrace: --fail-on flag is never reached: the strictest verdict of this policy is pass\n')
  })

  test('a verdict that is reached counts more than an input that is missing', async () => {
    const { code } = await scan({ 'a.txt': ATTACK }, ['none.txt', 'a.txt', '--fail-on', 'flag'])
    expect(code).toBe(1)
  })
})

describe('standard input', () => {
  test('is text', async () => {
    const { out } = await scan({}, [], { isStdinTerminal: false, stdin: chunksOf(`für\n {x} ${ATTACK}`) })
    expect(out).toStartWith('(stdin):2:6: flag')
  })

  test('is lines of JSON where its first line is one', async () => {
    const { out } = await scan({}, ['-'], { stdin: chunksOf(`${line({ text: 'x' })}${line({ text: ATTACK })}`) })
    expect(out).toStartWith('(stdin):2: flag')
  })

  test('stands between files at its place', async () => {
    const { out } = await scan({ 'a.txt': ATTACK, 'b.txt': ATTACK }, ['a.txt', '-', 'b.txt'], { stdin: chunksOf(ATTACK) })
    expect(out.split('\n').map((text) => text.slice(0, 7))).toEqual(['a.txt:1', '(stdin)', 'b.txt:1', '3 texts', ''])
  })
})

describe('inputs of any length', () => {
  test('a text is judged in pieces, with the lines of the whole', async () => {
    const { out } = await scan({ 'a.txt': `${'line of text\n'.repeat(1_000_000)}${ATTACK}` }, ['a.txt'])
    expect(out).toStartWith('a.txt:1000001:1: flag')
    expect(out).toContain('\n2 texts in 1 input: ')
  })

  test('a line that is too long is named and not kept', async () => {
    const { out, err } = await scan({ 'a.jsonl': `{"text":"${'x'.repeat(17_000_000)}"}\n${line({ text: ATTACK })}` }, [
      'a.jsonl',
    ])
    expect(err).toBe('a.jsonl:1: is longer than 16777216 characters\n')
    expect(out).toStartWith('a.jsonl:2: flag')
  })

  test('UTF-16 is read where its mark says so', async () => {
    const { out } = await scan({ 'a.txt': Buffer.from(`\ufeffx ${ATTACK}`, 'utf16le') }, ['a.txt'])
    expect(out).toStartWith('a.txt:1:3: flag')
  })

  test('progress is shown on a terminal and wiped before anything else', async () => {
    let time = 0
    const { err } = await scan({ 'a.jsonl': line({ text: 'x' }).repeat(2) }, ['a.jsonl', 'none.txt'], {
      isStderrTerminal: true,
      now: () => (time += 200),
    })
    const wiped = '\r\u001b[K'
    expect(err).toBe(`${wiped}a.jsonl: 0.0 M characters, 2 texts, 0 findings${wiped}none.txt: no such file\n`)
  })

  test('nothing more is read once nobody reads what is told', async () => {
    let said = 0
    const { code } = await scan({ 'a.jsonl': line({ text: ATTACK }).repeat(100), 'b.txt': ATTACK }, ['a.jsonl', 'b.txt'], {
      out: () => {
        said += 1
        return false
      },
    })
    expect([code, said]).toEqual([0, 1])
  })
})
