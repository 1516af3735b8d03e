/** A start that cannot go on ends with exit code 1 (2 for a wrong command line) and one line that names what to change. */
import { afterAll, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onRuntime, startProcess } from '../../support/process.ts'

const folder = mkdtempSync(join(tmpdir(), 'llmtrace-start-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function run(args: readonly string[], env: { readonly [name: string]: string } = {}) {
  const child = startProcess({
    ...onRuntime('bun', 'src/node.ts', args),
    env: { LLMTRACE_DATA_DIR: join(folder, 'data'), LLMTRACE_LISTEN_ADDR: '127.0.0.1:0', ...env },
  })
  const { code } = await child.exited
  return { code, lines: child.output().trim().split('\n') }
}

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

describe('the start stops with one line that names the key', () => {
  test('an unknown key, with the nearest known one', async () => {
    const { code, lines } = await run(['--config', file('unknown.yaml', 'upstream:\n  retires: 3\n')])
    expect(code).toBe(1)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain('upstream.retires')
    expect(lines[0]).toContain('retries')
  })

  test('malformed YAML, with file, line and column', async () => {
    const { code, lines } = await run(['--config', file('broken.yaml', 'auth: {mode: open\nlogging: [')])
    expect(code).toBe(1)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/broken\.yaml:\d+:\d+/)
  })

  test('a value out of bounds from the environment', async () => {
    const { code, lines } = await run([], { LLMTRACE_LIMITS_MAX_REQUEST_BYTES: 'lots' })
    expect(code).toBe(1)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain('limits.max_request_bytes')
  })

  test('a taken port', async () => {
    const server = net.createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
    const { port } = server.address() as net.AddressInfo
    const { code, lines } = await run([], { LLMTRACE_LISTEN_ADDR: `127.0.0.1:${port}` })
    server.close()
    expect(code).toBe(1)
    expect(lines).toEqual([`listen_addr: cannot listen on 127.0.0.1:${port}: another program uses that port`])
  })

  test('a data folder that cannot be made', async () => {
    const { code, lines } = await run([], { LLMTRACE_DATA_DIR: join(file('a-file', 'x'), 'data') })
    expect(code).toBe(1)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^data_dir: cannot write to .*: a part of the path is not a folder$/)
  })

  test('a data folder whose database is a folder', async () => {
    mkdirSync(join(folder, 'odd', 'traces.db'), { recursive: true })
    const { code, lines } = await run([], { LLMTRACE_DATA_DIR: join(folder, 'odd') })
    expect(code).toBe(1)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^storage: the trace store cannot be opened: /)
  })

  test('an open gateway for the whole network', async () => {
    const { code, lines } = await run([], { LLMTRACE_LISTEN_ADDR: '0.0.0.0:0' })
    expect(code).toBe(1)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain('listen_addr')
  })

  test('a price file that is wrong', async () => {
    const { code, lines } = await run([], {
      LLMTRACE_PRICING_FILE: file('prices.yaml', 'my-model: { input_per_million: cheap }\n'),
    })
    expect(code).toBe(1)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^pricing\.file: .*my-model/)
  })

  test('an unknown command, with exit code 2', async () => {
    const { code, lines } = await run(['serv'])
    expect(code).toBe(2)
    expect(lines[0]).toContain('serve')
  })
})

test('--version and --help answer without a data folder', async () => {
  expect((await run(['--version'])).code).toBe(0)
  const { code, lines } = await run(['--help'])
  expect(code).toBe(0)
  expect(lines.join('\n')).toContain('serve')
})
