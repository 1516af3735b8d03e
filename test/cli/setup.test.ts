/** The set-up script in folders of its own. Its install takes the packages from Bun's cache, where this repository's own came from. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url))
const COPIED = ['package.json', 'bun.lock', 'bunfig.toml', '.npmrc', 'src/cli/setup.mjs']
const STAMP = 'node_modules/.llmtrace-setup'
const BUN = 'node_modules/bun/bin/bun.exe'
const NODE = Bun.which('node') ?? 'node'
const INSTALL_MS = 60_000

let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'llmtrace-test-'))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A fresh checkout; `hasBun` gives it the pinned Bun, as an earlier install would have left it. */
function checkout(name: string, hasBun: boolean): string {
  const root = join(folder, name)
  for (const file of COPIED) {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    copyFileSync(join(REPOSITORY, file), join(root, file))
  }
  if (hasBun)
    cpSync(join(REPOSITORY, 'node_modules/bun'), join(root, 'node_modules/bun'), { recursive: true, dereference: true })
  return root
}

/** Without `path`, neither npm nor a Bun of this machine is found. */
function setup(root: string, args: readonly string[], path = '/nonexistent') {
  const { exitCode, stdout, stderr } = Bun.spawnSync([NODE, 'src/cli/setup.mjs', ...args], {
    cwd: root,
    env: { PATH: path, HOME: process.env['HOME'] ?? '' },
  })
  return { exitCode, out: stdout.toString(), err: stderr.toString() }
}

function edit(root: string, name: string, change: (text: string) => string): void {
  const path = join(root, name)
  writeFileSync(path, change(readFileSync(path, 'utf8')))
}

function modeOf(root: string): unknown {
  return existsSync(join(root, STAMP)) ? JSON.parse(readFileSync(join(root, STAMP), 'utf8')).mode : null
}

describe('with the pinned Bun at hand', () => {
  test(
    '--production installs what running needs and nothing else, once',
    () => {
      const root = checkout('production', true)
      const first = setup(root, ['--production'])
      expect(first).toMatchObject({ exitCode: 0 })
      expect(first.out).toContain('(for running only)')
      expect(modeOf(root)).toBe('production')
      expect([existsSync(join(root, 'node_modules/hono')), existsSync(join(root, 'node_modules/typescript'))]).toEqual([
        true,
        false,
      ])
      expect(readFileSync(join(root, 'bun.lock'), 'utf8')).toBe(readFileSync(join(REPOSITORY, 'bun.lock'), 'utf8'))

      const written = statSync(join(root, STAMP)).mtimeMs
      expect(setup(root, ['--production'])).toEqual({ exitCode: 0, out: '', err: '' })
      expect(statSync(join(root, STAMP)).mtimeMs).toBe(written)

      // Everything includes what running needs, not the other way round.
      edit(root, STAMP, (text) => text.replace('production', 'full'))
      expect(setup(root, ['--production'])).toEqual({ exitCode: 0, out: '', err: '' })
      edit(root, STAMP, (text) => text.replace('full', 'production'))
      rmSync(join(root, BUN))
      expect(setup(root, [])).toMatchObject({ exitCode: 1, err: expect.stringContaining('npm was not found') })
    },
    INSTALL_MS,
  )

  test(
    'a changed package.json is installed again, in the same mode; one that the lock does not hold is refused',
    () => {
      const root = checkout('changed', true)
      expect(setup(root, ['--production']).exitCode).toBe(0)
      edit(root, 'package.json', (text) => text.replace('"description": "', '"description": "changed: '))
      expect(setup(root, ['--production']).out).toContain('installing')
      expect(setup(root, ['--production']).out).toBe('')

      edit(root, 'package.json', (text) => text.replace(/"zod": "[^"]+"/, '"zod": "1.0.0"'))
      const refused = setup(root, ['--production'])
      expect(refused.exitCode).toBe(1)
      expect(refused.err).toContain('"bun install --frozen-lockfile --production" failed. Try: ')
      expect(refused.err).toContain('run "bun install" once to bring bun.lock up to date')
      // Half an install is none.
      expect(modeOf(root)).toBeNull()
    },
    INSTALL_MS,
  )
})

describe('what cannot be done is said with what to try', () => {
  test('npm is not there', () => {
    const { exitCode, err } = setup(checkout('no-npm', false), [])
    expect([exitCode, err]).toEqual([
      1,
      'llmtrace setup: npm was not found. Try: install Node with npm (https://nodejs.org), or run "npm run setup"\n',
    ])
  })

  test('a checkout that is not complete', () => {
    const root = checkout('incomplete', false)
    rmSync(join(root, 'bun.lock'))
    expect(setup(root, [])).toMatchObject({
      exitCode: 1,
      err: 'llmtrace setup: bun.lock cannot be read (ENOENT): run this from a complete checkout\n',
    })
  })

  test('a Bun that is not pinned', () => {
    const root = checkout('unpinned', false)
    edit(root, 'package.json', (text) => text.replace(/"bun": "\d/, '"bun": "^1'))
    expect(setup(root, []).err).toBe('llmtrace setup: package.json must name one exact version in dependencies.bun\n')
  })

  test('an argument that is none', () => {
    expect(setup(checkout('argument', false), ['--prod']).err).toBe(
      'llmtrace setup: unknown argument "--prod"; there is --production\n',
    )
  })

  test('a stamp that was not written to its end is none', () => {
    const root = checkout('stamp', false)
    mkdirSync(join(root, 'node_modules'))
    writeFileSync(join(root, STAMP), '{"hash":"ab')
    expect(setup(root, []).err).toContain('npm was not found')
  })
})
