import { expect, test } from 'bun:test'
import { freePort } from './ports.ts'
import { onRuntime, runtimePath, startProcess, type RuntimeName } from './process.ts'

const RUNTIMES: readonly RuntimeName[] = ['bun', 'node', 'deno']

const SERVER = `
import { createServer } from 'node:http'
const port = Number(process.argv.at(-1))
const server = createServer((req, res) => { res.statusCode = req.url === '/ready' ? 200 : 503; res.end('x') })
server.listen(port, '127.0.0.1', () => console.log('listening on ' + port + ', word ' + process.env.WORD))
process.on('SIGTERM', () => { console.log('goodbye'); server.close(() => process.exit(3)); server.closeAllConnections() })
`

function evalOn(runtime: RuntimeName, code: string, args: readonly string[] = []) {
  const flags: { readonly [name in RuntimeName]: readonly string[] } = {
    bun: ['-e', code],
    node: ['--input-type=module', '-e', code],
    deno: ['eval', code],
  }
  return { command: runtimePath(runtime), args: [...flags[runtime], ...args] }
}

for (const runtime of RUNTIMES) {
  test(`a ${runtime} server is waited for, heard and stopped by SIGTERM`, async () => {
    const port = await freePort()
    const child = startProcess({ ...evalOn(runtime, SERVER, [String(port)]), env: { WORD: 'plum', DENO_NO_UPDATE_CHECK: '1' } })
    const line = await child.waitForLine(/listening on (\d+), word (\w+)/)
    expect([line[1], line[2]]).toEqual([String(port), 'plum'])
    await child.waitForHttp(`http://127.0.0.1:${port}/ready`)
    expect((await child.stop()).code).toBe(3)
    expect(child.output()).toContain('goodbye')
    expect(await child.stop()).toEqual(await child.exited)
  })
}

test('a process deaf to SIGTERM is killed after the grace', async () => {
  const child = startProcess(
    evalOn('node', `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('deaf')`),
  )
  await child.waitForLine(/^deaf$/)
  expect((await child.stop(50)).signal).toBe('SIGKILL')
})

test('a line or an answer that does not come fails with the output so far', async () => {
  const child = startProcess(evalOn('node', `console.log('only this')`))
  await expect(child.waitForLine(/never/)).rejects.toThrow(/the process ended \(code 0.*only this/s)
  const silent = startProcess(evalOn('node', 'setInterval(() => {}, 1000)'))
  await expect(silent.waitForHttp(`http://127.0.0.1:${await freePort()}/`, 100)).rejects.toThrow(/not within 100 ms/)
  await silent.stop()
  await child.exited
})

test('a program that is not there ends at once and says so', async () => {
  const child = startProcess({ command: 'no-such-program', args: [] })
  await expect(child.waitForLine(/never/)).rejects.toThrow(/could not start/)
  expect((await child.stop()).code).toBeNull()
})

test('each runtime starts a script in its own way', () => {
  expect(onRuntime('deno', 'a.ts', ['b']).args).toEqual(['run', '--allow-all', '--no-prompt', 'a.ts', 'b'])
  expect(onRuntime('bun', 'a.ts', ['b']).args).toEqual(['a.ts', 'b'])
})
