import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig, parseYaml, readConfigFile } from '../../src/adapters/selfhost/config-file.ts'

let folder = ''
const before = process.cwd()

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'llmtrace-test-'))
  process.chdir(folder)
  writeFileSync('a.yaml', 'listen_addr: 127.0.0.1:1\n')
  writeFileSync('b.yaml', 'listen_addr: 127.0.0.1:2\n')
  writeFileSync('empty.yaml', '# nothing yet\n')
  writeFileSync('large.yaml', `# ${'x'.repeat(1024 * 1024)}\n`)
  mkdirSync('folder.yaml')
})

afterAll(() => {
  process.chdir(before)
  rmSync(folder, { recursive: true })
})

async function content(named: string | null, env: { readonly [name: string]: string }): Promise<unknown> {
  const file = await readConfigFile(named, env)
  return file.ok ? file.value : file.error
}

describe('which file is read', () => {
  test('none, where none is named and there is no llmtrace.yaml', async () => {
    expect(await readConfigFile(null, {})).toEqual({ ok: true, value: { path: null, content: null } })
  })

  test('the one that --config names, before the one of LLMTRACE_CONFIG, before ./llmtrace.yaml', async () => {
    writeFileSync('llmtrace.yaml', 'listen_addr: 127.0.0.1:3\n')
    expect(await content('a.yaml', { LLMTRACE_CONFIG: 'b.yaml' })).toEqual({
      path: 'a.yaml',
      content: { listen_addr: '127.0.0.1:1' },
    })
    expect(await content(null, { LLMTRACE_CONFIG: 'b.yaml' })).toEqual({
      path: 'b.yaml',
      content: { listen_addr: '127.0.0.1:2' },
    })
    expect(await content(null, { LLMTRACE_CONFIG: '' })).toEqual({
      path: 'llmtrace.yaml',
      content: { listen_addr: '127.0.0.1:3' },
    })
    rmSync('llmtrace.yaml')
  })

  test('an empty one says nothing', async () => {
    expect(await readConfigFile('empty.yaml', {})).toEqual({ ok: true, value: { path: 'empty.yaml', content: null } })
  })

  const CASES: readonly (readonly [why: string, named: string | null, env: { [name: string]: string }, error: string])[] = [
    ['a named file that is missing', 'no.yaml', {}, 'no.yaml: no such file (named by --config)'],
    ['the same by variable', null, { LLMTRACE_CONFIG: 'no.yaml' }, 'no.yaml: no such file (named by LLMTRACE_CONFIG)'],
    ['a folder', 'folder.yaml', {}, 'folder.yaml: cannot be read: EISDIR'],
    [
      'something far too large',
      'large.yaml',
      {},
      'large.yaml: cannot be read: it has 1048579 bytes, and a configuration has at most 1048576',
    ],
  ]
  for (const [why, named, env, error] of CASES) {
    test(`${why} is a problem`, async () => expect(await readConfigFile(named, env)).toEqual({ ok: false, error }))
  }
})

describe('malformed YAML is one line with file, line, column and what was expected', () => {
  const CASES: readonly (readonly [yaml: string, error: string])[] = [
    ['a: b: c', '1:4: malformed YAML: expected one "key: value" a line; a value that holds ": " needs quotes'],
    ['auth:\n\tmode: open', '2:1: malformed YAML: expected spaces: YAML does not take tabs for indentation'],
    ['a: [1, 2', '1:9: malformed YAML: expected the same indentation as the lines beside it, or a closing bracket'],
    ['a: "canary', '1:11: malformed YAML: expected a closing quote, bracket or brace, or a space after the colon'],
    ['a: 1\na: 2', '2:1: malformed YAML: expected every key once; this one was given before'],
    ['  a: 1\n b: 2', '2:2: malformed YAML: expected "key: value" at the indentation of the keys before it'],
    ['a: @canary', '1:4: malformed YAML: expected quotes around a value that begins with a special character'],
    ['a: 1\ncanary\nb: 2', '2:1: malformed YAML: expected "key: value": there is no colon after this'],
    ['a: 1\n---\nb: 2', '2:1: malformed YAML: expected one document: no "---" between two parts'],
    ['a: "\\q"', '1:5: malformed YAML: expected a known escape after the backslash; single quotes take a backslash as it is'],
    ['a: !canary 1', '1:4: malformed YAML: expected a plain value, or quotes around one that begins with !'],
    ['&a &b c: 1', '1:4: malformed YAML: expected YAML as in llmtrace.example.yaml'],
  ]
  for (const [yaml, error] of CASES) {
    test(JSON.stringify(yaml), () => expect(parseYaml(yaml, 'my.yaml')).toEqual({ ok: false, error: `my.yaml:${error}` }))
  }

  test('so are aliases without an anchor, and those that multiply without end', () => {
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      ...['b', 'c', 'd', 'e', 'f'].map((name, i) => `${name}: &${name} [${`*${'abcde'[i]},`.repeat(9)}]`),
    ].join('\n')
    for (const yaml of ['a: *nowhere', bomb]) {
      const read = parseYaml(yaml, 'my.yaml')
      expect(read.ok ? '' : read.error).toStartWith('my.yaml: malformed YAML: expected every alias (*name) to have its anchor')
    }
  })
})

describe('loading', () => {
  test('joins file, environment and flags, and fetches credentials', async () => {
    const loaded = await loadConfig(
      { configPath: 'a.yaml', flags: { 'providers.openai.credential-env': 'MY_KEY' } },
      { LLMTRACE_DATA_DIR: 'kept', MY_KEY: 'sk-1' },
    )
    if (!loaded.ok) throw new Error(loaded.error.join('\n'))
    expect(loaded.value).toMatchObject({ filePath: 'a.yaml', config: { listen_addr: '127.0.0.1:1', data_dir: 'kept' } })
    expect(loaded.value.gateway.providers.get('openai')?.credential).toBe('sk-1')
    expect(Object.fromEntries([...loaded.value.sources].map(([key, source]) => [key, source.name]))).toEqual({
      listen_addr: '',
      data_dir: 'LLMTRACE_DATA_DIR',
      'providers.openai.credential_env': '--providers.openai.credential-env',
    })
  })

  test('takes the environment of the process unless another is given', async () => {
    process.env['LLMTRACE_DATA_DIR'] = 'from-the-process'
    const loaded = await loadConfig({ configPath: null, flags: {} })
    delete process.env['LLMTRACE_DATA_DIR']
    expect(loaded.ok && loaded.value.config.data_dir).toBe('from-the-process')
  })
})
