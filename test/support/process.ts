/**
 * Child processes for tests: a program on Bun, Node or Deno, its output, and a stop that always ends it. Waiting is bounded, and what
 * was not seen in time fails with the output so far.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const OUTPUT_CHARS_MAX = 1024 * 1024
const POLL_MS = 25

export type RuntimeName = 'bun' | 'node' | 'deno'

export type Exit = { readonly code: number | null; readonly signal: string | null }

export type RunningProcess = {
  readonly pid: number
  /** Standard output and error as they came, at most the last 1,048,576 characters. */
  output(): string
  /** The first line, past or future, that fits; rejects after `timeoutMs` or when the process ends without it. */
  waitForLine(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>
  /** Resolves when `url` answers 200; rejects after `timeoutMs` or when the process ends. */
  waitForHttp(url: string, timeoutMs?: number): Promise<void>
  readonly exited: Promise<Exit>
  /** SIGTERM, and SIGKILL after `graceMs`. Resolves when the process is gone; a second call only waits. */
  stop(graceMs?: number): Promise<Exit>
}

export type ProcessRequest = {
  readonly command: string
  readonly args: readonly string[]
  /** Added to this process's environment; undefined removes a name. */
  readonly env?: { readonly [name: string]: string | undefined }
  /** The repository root unless set. */
  readonly cwd?: string
}

/** The program itself, never a wrapper: a signal sent to a wrapper would not reach what it started. */
export function runtimePath(runtime: RuntimeName): string {
  const places: { readonly [name in RuntimeName]: readonly string[] } = {
    bun: ['node_modules/bun/bin/bun.exe', 'node_modules/.bin/bun'],
    node: ['node_modules/node/bin/node'],
    deno: ['node_modules/deno/deno', 'node_modules/@deno/linux-x64-glibc/deno', 'node_modules/@deno/linux-arm64-glibc/deno'],
  }
  const found = places[runtime].map((place) => `${ROOT}${place}`).find((place) => existsSync(place))
  return found ?? runtime
}

/** How each runtime starts a TypeScript file. */
export function onRuntime(
  runtime: RuntimeName,
  script: string,
  args: readonly string[] = [],
): Pick<ProcessRequest, 'command' | 'args'> {
  const first = runtime === 'deno' ? ['run', '--allow-all', '--no-prompt'] : []
  return { command: runtimePath(runtime), args: [...first, script, ...args] }
}

export function startProcess(request: ProcessRequest): RunningProcess {
  const env: { [name: string]: string } = {}
  for (const [name, value] of Object.entries({ ...process.env, ...request.env })) if (value !== undefined) env[name] = value
  const child = spawn(request.command, request.args, { cwd: request.cwd ?? ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  let exit: Exit | null = null
  const listeners = new Set<() => void>()
  const tell = () => {
    for (const listener of listeners) listener()
  }
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8')
    stream.on('data', (piece: string) => {
      text = `${text}${piece}`.slice(-OUTPUT_CHARS_MAX)
      tell()
    })
  }
  const exited = new Promise<Exit>((resolve) => {
    const end = (code: number | null, signal: string | null) => {
      exit ??= { code, signal }
      resolve(exit)
      tell()
    }
    child.once('error', (cause) => {
      text += `\ncould not start: ${String(cause)}\n`
      end(null, null)
    })
    // `close` and not `exit`: only then is all output here.
    child.once('close', end)
  })

  function until<T>(what: string, timeoutMs: number, look: () => T | null): Promise<T> {
    return new Promise((resolve, reject) => {
      const finish = (act: () => void) => {
        clearTimeout(timer)
        listeners.delete(check)
        act()
      }
      const fail = (why: string) => finish(() => reject(new Error(`${what}: ${why}; output so far:\n${text}`)))
      const check = () => {
        const found = look()
        if (found !== null) finish(() => resolve(found))
        else if (exit !== null) fail(`the process ended (code ${exit.code}, signal ${exit.signal})`)
      }
      const timer = setTimeout(() => fail(`not within ${timeoutMs} ms`), timeoutMs)
      listeners.add(check)
      check()
    })
  }

  return {
    pid: child.pid ?? -1,
    output: () => text,
    waitForLine: (pattern, timeoutMs = 10_000) =>
      until(`no line like ${pattern}`, timeoutMs, () => {
        const lines = text.split('\n')
        // What follows the last line end may be half a line.
        if (exit === null) lines.pop()
        for (const line of lines) {
          const match = new RegExp(pattern.source, pattern.flags.replace('g', '')).exec(line)
          if (match !== null) return match
        }
        return null
      }),
    waitForHttp: async (url, timeoutMs = 10_000) => {
      let isUp = false
      const stopAsking = new AbortController()
      void ask(url, stopAsking.signal, () => {
        isUp = true
        tell()
      })
      await until(`no 200 from ${url}`, timeoutMs, () => (isUp ? true : null)).finally(() => stopAsking.abort())
    },
    exited,
    stop: async (graceMs = 5000) => {
      if (exit !== null) return exit
      child.kill('SIGTERM')
      const kill = setTimeout(() => child.kill('SIGKILL'), graceMs)
      return await exited.finally(() => clearTimeout(kill))
    },
  }
}

async function ask(url: string, signal: AbortSignal, found: () => void): Promise<void> {
  while (!signal.aborted) {
    const status = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(2000)]) }).then(
      async (response) => {
        await response.body?.cancel()
        return response.status
      },
      // Not listening yet: the next try tells.
      () => null,
    )
    if (status === 200) return found()
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}
