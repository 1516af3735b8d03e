/**
 * The dependency rule, tried: each row plants a breach in a tree of its own, with this repository's own lint configuration, and expects
 * the linter to name it. A configuration that stops matching anything would otherwise pass in silence.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const BIN = path.join(ROOT, 'node_modules/.bin')

type Found = { readonly code: string; readonly message: string; readonly filename: string; readonly help?: string }

const IMPORTS = 'eslint(no-restricted-imports)'
const GLOBALS = 'eslint(no-restricted-globals)'
const PROPERTIES = 'eslint(no-restricted-properties)'

/** `null`: allowed. */
type Row = readonly [file: string, code: string, rule: string | null]

const CORE_FILES = [
  'src/core/zz.ts',
  'src/core/domain/zz.ts',
  'src/core/dialects/zz.ts',
  'src/core/capture/zz.ts',
  'src/core/write/zz.ts',
]

const CORE: readonly Row[] = CORE_FILES.flatMap((file): readonly Row[] => {
  const up = file === 'src/core/zz.ts' ? '..' : '../..'
  return [
    [file, `import { x } from 'node:fs'\nexport const y = x`, IMPORTS],
    [file, `import type { X } from 'node:fs'\nexport type Y = X`, IMPORTS],
    [file, `import 'node:fs'`, IMPORTS],
    [file, `export { x } from 'node:fs'`, IMPORTS],
    [file, `export * from 'node:fs'`, IMPORTS],
    [file, `export const x = import('node:fs')`, IMPORTS],
    [file, `import { x } from 'bun'\nexport const y = x`, IMPORTS],
    [file, `import { x } from 'bun:sqlite'\nexport const y = x`, IMPORTS],
    [file, `import { x } from 'cloudflare:workers'\nexport const y = x`, IMPORTS],
    [file, `import { x } from 'hono'\nexport const y = x`, IMPORTS],
    [file, `import type { X } from 'hono/types'\nexport type Y = X`, IMPORTS],
    [file, `import { x } from '@hono/zod-openapi'\nexport const y = x`, IMPORTS],
    [file, `import { x } from 'zod'\nexport const y = x`, IMPORTS],
    [file, `import { x } from 'drizzle-orm/libsql'\nexport const y = x`, IMPORTS],
    [file, `import { x } from '@pydantic/genai-prices'\nexport const y = x`, IMPORTS],
    [file, `import { x } from 'a-package-of-tomorrow'\nexport const y = x`, IMPORTS],
    [file, `import { x } from '${up}/adapters/web/clock.ts'\nexport const y = x`, IMPORTS],
    [file, `import type { X } from '${up}/adapters/web/clock.ts'\nexport type Y = X`, IMPORTS],
    [file, `export const x = import('${up}/adapters/web/clock.ts')`, IMPORTS],
    [file, `import { x } from '${up}/routes/proxy.ts'\nexport const y = x`, IMPORTS],
    [file, `import { x } from '${up}/contract/config.ts'\nexport const y = x`, IMPORTS],
    [file, `import { x } from '${up}/cli/main.ts'\nexport const y = x`, IMPORTS],
    [file, `import { x } from '${up}/app.ts'\nexport const y = x`, IMPORTS],
    [file, `import { x } from '${up}/node.ts'\nexport const y = x`, IMPORTS],
    [file, `import { x } from '${up}/worker.ts'\nexport const y = x`, IMPORTS],
    [file, `export const x = fetch('https://x.example')`, GLOBALS],
    [file, `export const x = globalThis.fetch`, GLOBALS],
    [file, `export const x = self.fetch`, GLOBALS],
    [file, `export const x = Date.now()`, GLOBALS],
    [file, `export const x = new Date()`, GLOBALS],
    [file, `export const x = performance.now()`, GLOBALS],
    [file, `export const x = process.env`, GLOBALS],
    [file, `export const x = setTimeout(() => {}, 1)`, GLOBALS],
    [file, `export const x = setInterval(() => {}, 1)`, GLOBALS],
    [file, `export const x = setImmediate(() => {})`, GLOBALS],
    [file, `queueMicrotask(() => {})`, GLOBALS],
    [file, `export const x = Buffer.from('x')`, GLOBALS],
    [file, `export const x = Bun.version`, GLOBALS],
    [file, `export const x = Deno.version`, GLOBALS],
    [file, `export const x = new WebSocket('wss://x.example')`, GLOBALS],
    [file, `export const x = Math.random()`, PROPERTIES],
    [file, `export const x = crypto.randomUUID()`, PROPERTIES],
    [file, `export const x = crypto.getRandomValues(new Uint8Array(1))`, PROPERTIES],
    [file, `console.log('x')`, 'eslint(no-console)'],
    [file, `export function x(y: any): void {\n  void y\n}`, 'typescript(no-explicit-any)'],
  ]
})

const STAGES = ['identify', 'inspect', 'guard', 'spend', 'forward', 'capture', 'ship', 'write', 'query', 'alert']

const BETWEEN: readonly Row[] = [
  ...STAGES.flatMap((stage): readonly Row[] => {
    const other = stage === 'forward' ? 'capture' : 'forward'
    return [
      [`src/core/${stage}/zz.ts`, `import { x } from '../${other}/route.ts'\nexport const y = x`, IMPORTS],
      [`src/core/${stage}/zz.ts`, `import type { X } from '../${other}/route.ts'\nexport type Y = X`, IMPORTS],
      [`src/core/${stage}/zz.ts`, `import { x } from './../${other}/route.ts'\nexport const y = x`, IMPORTS],
      [`src/core/${stage}/zz.ts`, `import { x } from '../../core/${other}/route.ts'\nexport const y = x`, IMPORTS],
      [`src/core/${stage}/zz.ts`, `import { x } from '../pipeline.ts'\nexport const y = x`, IMPORTS],
      [`src/core/${stage}/zz.ts`, `import { x } from '../domain/ids.ts'\nexport const y = x`, null],
      [`src/core/${stage}/zz.ts`, `import { x } from '../ports.ts'\nexport const y = x`, null],
      [`src/core/${stage}/zz.ts`, `import { x } from '../dialects/dialect.ts'\nexport const y = x`, null],
      [`src/core/${stage}/zz.ts`, `import { x } from './own.ts'\nexport const y = x`, null],
    ]
  }),
  ['src/core/pipeline.ts', `import { x } from './capture/tap.ts'\nexport const y = x`, null],
  ['src/core/domain/zz.ts', `import { x } from '../ports.ts'\nexport const y = x`, IMPORTS],
  ['src/core/domain/zz.ts', `import type { X } from '../dialects/dialect.ts'\nexport type Y = X`, IMPORTS],
  ['src/core/domain/zz.ts', `import { x } from './ids.ts'\nexport const y = x`, null],
  ['src/core/domain/time.ts', `export const x = new Date(0)`, null],
  ['src/core/domain/time.ts', `export const x = Date.now()`, PROPERTIES],
  ['src/core/dialects/zz.ts', `import { x } from '../capture/tap.ts'\nexport const y = x`, IMPORTS],
  ['src/core/dialects/zz.ts', `import { x } from '../ports.ts'\nexport const y = x`, IMPORTS],
  ['src/core/dialects/zz.ts', `import { x } from '../pipeline.ts'\nexport const y = x`, IMPORTS],
  ['src/core/dialects/framing/zz.ts', `import { x } from '../../capture/tap.ts'\nexport const y = x`, IMPORTS],
  ['src/core/dialects/framing/zz.ts', `import { x } from 'eventsource-parser'\nexport const y = x`, IMPORTS],
  ['src/core/dialects/framing/sse.ts', `import { x } from 'eventsource-parser'\nexport const y = x`, null],
  ['src/core/dialects/framing/sse.ts', `import { x } from 'node:fs'\nexport const y = x`, IMPORTS],
  ['src/core/dialects/zz.ts', `import { x } from '../domain/json.ts'\nexport const y = x`, null],
]

const OUTSIDE: readonly Row[] = [
  ...[
    'src/routes/zz.ts',
    'src/routes/query/zz.ts',
    'src/app.ts',
    'src/contract/zz.ts',
    'src/contract/config/zz.ts',
    'src/sdk/zz.ts',
  ].flatMap((file): readonly Row[] => {
    const up = file === 'src/app.ts' ? '.' : file.split('/').length === 4 ? '../..' : '..'
    return [
      [file, `import { x } from '${up}/adapters/web/clock.ts'\nexport const y = x`, IMPORTS],
      [file, `import type { X } from '${up}/adapters/web/clock.ts'\nexport type Y = X`, IMPORTS],
      [file, `import { x } from '${up}/cli/main.ts'\nexport const y = x`, IMPORTS],
      [file, `import { x } from '${up}/node.ts'\nexport const y = x`, IMPORTS],
      [file, `import { x } from 'node:fs'\nexport const y = x`, IMPORTS],
      [file, `import { x } from 'bun:sqlite'\nexport const y = x`, IMPORTS],
      [file, `import { x } from 'cloudflare:workers'\nexport const y = x`, IMPORTS],
      [file, `import { x } from '${up}/core/ports.ts'\nexport const y = x`, null],
    ]
  }),
  ['src/contract/zz.ts', `import { x } from '../routes/proxy.ts'\nexport const y = x`, IMPORTS],
  ['src/contract/zz.ts', `import { x } from '../app.ts'\nexport const y = x`, IMPORTS],
  ['src/contract/zz.ts', `import { x } from 'zod'\nexport const y = x`, null],
  ['src/routes/zz.ts', `import { x } from '../contract/query.ts'\nexport const y = x`, null],
  ...[
    'web',
    'workerd',
    'selfhost',
    'clickhouse',
    'libsql',
    'upstash',
    'onnx',
    'otlp',
    'mcp',
    'channels',
    'prices',
    'memory',
  ].flatMap((own): readonly Row[] => {
    const other = own === 'libsql' ? 'memory' : 'libsql'
    return [
      [`src/adapters/${own}/zz.ts`, `import { x } from '../${other}/open.ts'\nexport const y = x`, IMPORTS],
      [`src/adapters/${other}/zz.ts`, `import { x } from '../${own}/open.ts'\nexport const y = x`, IMPORTS],
      [`src/adapters/${own}/zz.ts`, `import type { X } from '../${other}/open.ts'\nexport type Y = X`, IMPORTS],
      [`src/adapters/${own}/deep/zz.ts`, `import { x } from '../../${other}/open.ts'\nexport const y = x`, IMPORTS],
      [`src/adapters/${own}/zz.ts`, `import { x } from '../../adapters/${other}/open.ts'\nexport const y = x`, IMPORTS],
      [`src/adapters/${own}/zz.ts`, `import { x } from '../../routes/proxy.ts'\nexport const y = x`, IMPORTS],
      [`src/adapters/${own}/zz.ts`, `import { x } from '../../app.ts'\nexport const y = x`, IMPORTS],
      [`src/adapters/${own}/zz.ts`, `import { x } from '../../core/ports.ts'\nexport const y = x`, null],
      [`src/adapters/${own}/zz.ts`, `import { x } from './own.ts'\nexport const y = x`, null],
      [`src/adapters/${own}/zz.ts`, `import { x } from 'node:fs'\nexport const y = x`, null],
    ]
  }),
]

type Linted = { readonly diagnostics: readonly Found[]; readonly files: number }

async function run(
  command: string,
  args: readonly string[],
  cwd: string,
): Promise<{ readonly code: number; readonly out: string }> {
  const child = Bun.spawn([path.join(BIN, command), ...args], { cwd, stdout: 'pipe', stderr: 'pipe' })
  const [out, complaint, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  return { code, out: out === '' ? complaint : out }
}

async function lint(cwd: string): Promise<Linted> {
  const { out } = await run('oxlint', ['--format', 'json', 'src'], cwd)
  const { diagnostics, number_of_files: files } = JSON.parse(out) as { diagnostics: readonly Found[]; number_of_files: number }
  return { diagnostics, files }
}

describe('the linter', () => {
  const rows = [...CORE, ...BETWEEN, ...OUTSIDE]
  let folder = ''
  let linted: Linted = { diagnostics: [], files: 0 }

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'fences-'))
    const config = readFileSync(path.join(ROOT, '.oxlintrc.json'), 'utf8')
    // One run over all rows: each in a tree of its own, `src/{row}/src/…`.
    writeFileSync(path.join(folder, '.oxlintrc.json'), config.replaceAll('"src/', '"src/*/src/'))
    for (const [i, [file, code]] of rows.entries()) {
      const place = path.join(folder, 'src', String(i), file)
      mkdirSync(path.dirname(place), { recursive: true })
      writeFileSync(place, `${code}\n`)
    }
    linted = await lint(folder)
  }, 60_000)

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('looked at every planted file', () => {
    expect(linted.files).toBe(rows.length)
  })

  for (const [i, [file, code, rule]] of rows.entries()) {
    test(`${rule === null ? 'allows' : 'names'} in ${file}: ${code.split('\n')[0]}`, () => {
      const here = linted.diagnostics.filter(({ filename }) => filename.startsWith(`src/${i}/`)).map((found) => found.code)
      if (rule === null) expect(here).toEqual([])
      else expect(here).toContain(rule)
    })
  }

  test('looks at the sources themselves, with the same configuration', async () => {
    const own = await lint(ROOT)
    expect(own.files).toBeGreaterThan(50)
    expect(own.diagnostics.filter(({ code }) => [IMPORTS, GLOBALS, PROPERTIES].includes(code))).toEqual([])
  }, 60_000)
})

describe('the compiler, as the second fence', () => {
  let folder = ''

  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'fences-'))
    mkdirSync(path.join(folder, 'src/core'), { recursive: true })
    cpSync(path.join(ROOT, 'tsconfig.base.json'), path.join(folder, 'tsconfig.base.json'))
    cpSync(path.join(ROOT, 'src/core/tsconfig.json'), path.join(folder, 'src/core/tsconfig.json'))
    // Types of a runtime are there to be found, as in this repository.
    mkdirSync(path.join(folder, 'node_modules/@types'), { recursive: true })
    for (const name of ['node', 'bun']) {
      mkdirSync(path.join(folder, 'node_modules/@types', name))
      writeFileSync(
        path.join(folder, 'node_modules/@types', name, 'index.d.ts'),
        `declare const ${name === 'bun' ? 'Bun' : 'process'}: unknown\ndeclare module 'node:fs' {}\n`,
      )
    }
  })

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const CODE: readonly (readonly [why: string, code: string, complaint: RegExp | null])[] = [
    ['plain code', 'export const x = new Headers()', null],
    ['process', 'export const x = process', /Cannot find name 'process'/],
    ['Bun', 'export const x = Bun', /Cannot find name 'Bun'/],
    ['Buffer', 'export const x = Buffer', /Cannot find name 'Buffer'/],
    ['node:fs', `import fs from 'node:fs'\nexport const x = fs`, /Cannot find name 'node:fs'/],
    [
      'cloudflare:workers',
      `import { env } from 'cloudflare:workers'\nexport const x = env`,
      /Cannot find module 'cloudflare:workers'/,
    ],
  ]
  for (const [why, code, complaint] of CODE) {
    test(`${complaint === null ? 'takes' : 'knows no'} ${why} in core`, async () => {
      writeFileSync(path.join(folder, 'src/core/zz.ts'), `${code}\n`)
      const { code: exit, out } = await run('tsc', ['-p', 'src/core'], folder)
      if (complaint === null) expect([exit, out]).toEqual([0, ''])
      else {
        expect(exit).not.toBe(0)
        expect(out).toMatch(complaint)
      }
    }, 60_000)
  }
})
