/** What is compared: the bare passthroughs and our gateway, each started as a process of its own on a loopback port and ended by its id. */
import { mkdirSync, mkdtempSync, openSync, closeSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { requestBytes } from './load.ts'
import type { Shape } from './frames.ts'
import { meterOf, type Meter } from './proc.ts'

export const TARGET_NAMES = ['direct', 'bun', 'bun again', 'node http', 'node hono', 'ours bun', 'ours node'] as const
export type TargetName = (typeof TARGET_NAMES)[number]

/** What our gateway says of the spans it took. */
export type Delivery = {
  readonly accepted: number
  readonly queued: number
  readonly stored: number
  /** Spans given up. */
  readonly shed: number
  /** Spans stored without their texts, because the store was slower than the load. */
  readonly textsShed: number
}

export type Running = {
  readonly name: TargetName
  readonly port: number
  /** Null for `direct`, which is the mock itself. */
  readonly meter: Meter | null
  /** From the start of the process to its first proxied 200; ms. */
  readonly startMs: number
  readonly isOurs: boolean
  /** Null for a passthrough, or where `/health` has no such counts. */
  delivery(): Promise<Delivery | null>
  /** Spans that the query API finds in the store; null for a passthrough, or where it does not say. */
  storedRows(): Promise<number | null>
  stop(): Promise<void>
}

const ROOT = join(import.meta.dir, '..', '..')
export const OUT = join(ROOT, 'bench', 'out')
const BUN = join(ROOT, 'node_modules', '.bin', 'bun')
const NODE = join(ROOT, 'node_modules', '.bin', 'node')
const START_TIMEOUT_MS = 20_000
const STOP_TIMEOUT_MS = 15_000
const PROBE: Shape = { api: 'openai', kind: 'json', chunks: 16, gapMs: 0, bytes: 256 }

export function targetNamed(name: string): TargetName | null {
  return TARGET_NAMES.find((each) => each === name || each.replaceAll(' ', '-') === name) ?? null
}

/** `profileDir`: our gateway on Bun writes a CPU profile there when it ends. */
export async function startTarget(name: TargetName, mockPort: number, profileDir: string | null): Promise<Running> {
  if (name === 'direct') {
    return {
      name,
      port: mockPort,
      meter: null,
      startMs: 0,
      isOurs: false,
      delivery: async () => null,
      storedRows: async () => null,
      stop: async () => {},
    }
  }
  const isOurs = name.startsWith('ours')
  const port = freePort()
  const upstream = `http://127.0.0.1:${mockPort}`
  const dataDir = isOurs ? mkdtempSync(join(tmpdir(), 'llmtrace-bench-')) : null
  const begun = performance.now()
  const child = spawn(name, commandOf(name, String(port), upstream, profileDir), {
    LLMTRACE_LISTEN_ADDR: `127.0.0.1:${port}`,
    LLMTRACE_UPSTREAM_URL: upstream,
    LLMTRACE_LOGGING_LEVEL: 'warn',
    ...(dataDir === null ? {} : { LLMTRACE_DATA_DIR: dataDir }),
  })
  const stop = async (): Promise<void> => {
    await end(child)
    if (dataDir !== null) rmSync(dataDir, { recursive: true, force: true })
  }
  const startMs = await firstAnswer(child, port, begun)
  if (startMs === null) {
    await stop()
    throw new Error(`${name} gave no good answer within ${START_TIMEOUT_MS} ms: see bench/out/${logName(name)}`)
  }
  return {
    name,
    port,
    meter: meterOf(child.pid),
    startMs,
    isOurs,
    delivery: async () => (isOurs ? deliveryOf(port) : null),
    storedRows: async () => (isOurs ? rowsOf(port) : null),
    stop,
  }
}

export async function startMock(): Promise<{
  readonly port: number
  readonly meter: Meter
  requests(): Promise<number>
  stop(): Promise<void>
}> {
  const port = freePort()
  const child = spawn('mock', [BUN, join(import.meta.dir, 'mock.ts'), String(port)], {})
  if ((await firstAnswer(child, port, performance.now())) === null)
    throw new Error('the mock did not start: see bench/out/mock.log')
  return {
    port,
    meter: meterOf(child.pid),
    requests: async () => ((await (await fetch(`http://127.0.0.1:${port}/__stats`)).json()) as { requests: number }).requests,
    stop: () => end(child),
  }
}

function commandOf(name: TargetName, port: string, upstream: string, profileDir: string | null): readonly string[] {
  switch (name) {
    case 'node http':
      return [NODE, script('node-http.ts'), port, upstream]
    case 'node hono':
      return [NODE, script('hono-fetch.ts'), port, upstream]
    case 'ours bun':
      return [
        BUN,
        'run',
        ...(profileDir === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`]),
        'src/node.ts',
        'serve',
      ]
    case 'ours node':
      return [NODE, 'src/node.ts', 'serve']
    default:
      return [BUN, script('bun-fetch.ts'), port, upstream]
  }
}

function script(file: string): string {
  return join(import.meta.dir, 'targets', file)
}

type Child = ReturnType<typeof Bun.spawn>

function spawn(name: string, command: readonly string[], env: { readonly [key: string]: string }): Child {
  mkdirSync(OUT, { recursive: true })
  const log = openSync(join(OUT, logName(name)), 'w')
  const inherited = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '/', NODE_ENV: 'production' }
  const child = Bun.spawn([...command], { cwd: ROOT, env: { ...inherited, ...env }, stdin: 'ignore', stdout: log, stderr: log })
  closeSync(log)
  process.on('exit', () => child.kill('SIGKILL'))
  return child
}

async function end(child: Child): Promise<void> {
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
  await child.exited
  clearTimeout(timer)
}

/** Milliseconds from `begun` to the first good answer; null where the process ends or the time runs out. */
async function firstAnswer(child: Child, port: number, begun: number): Promise<number | null> {
  const request = requestBytes({ port, shape: PROBE, promptBytes: 64 })
  while (performance.now() - begun < START_TIMEOUT_MS && child.exitCode === null) {
    if (await probe(port, request)) return performance.now() - begun
    await Bun.sleep(2)
  }
  return null
}

/** Nobody listening yet is the expected answer here. */
async function probe(port: number, request: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), 2_000)
    const settle = (isGood: boolean): void => {
      clearTimeout(timer)
      resolve(isGood)
    }
    Bun.connect({
      hostname: '127.0.0.1',
      port,
      socket: {
        open: (socket) => void socket.write(request),
        data: (socket, bytes) => {
          settle(bytes.toString('latin1', 9, 12) === '200')
          socket.end()
        },
        close: () => settle(false),
        error: () => settle(false),
      },
    }).catch(() => settle(false))
  })
}

async function deliveryOf(port: number): Promise<Delivery | null> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/health`, { signal: AbortSignal.timeout(5_000) })
    const queue = ((await answer.json()) as { subsystems?: { queue?: { [key: string]: unknown } } }).subsystems?.queue ?? {}
    const { accepted, queued, stored, shed } = queue
    if (typeof accepted !== 'number' || typeof queued !== 'number' || typeof stored !== 'number') return null
    const { texts = 0, ...spans } = (shed ?? {}) as { readonly [reason: string]: number }
    return { accepted, queued, stored, shed: Object.values(spans).reduce((sum, each) => sum + each, 0), textsShed: texts }
  } catch {
    return null
  }
}

async function rowsOf(port: number): Promise<number | null> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/spans?limit=1`, { signal: AbortSignal.timeout(10_000) })
    const { total } = (await answer.json()) as { total?: unknown }
    return typeof total === 'number' ? total : null
  } catch {
    return null
  }
}

function freePort(): number {
  const server = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => {} } })
  const { port } = server
  server.stop(true)
  return port
}

function logName(name: string): string {
  return `${name.replaceAll(' ', '-')}.log`
}
