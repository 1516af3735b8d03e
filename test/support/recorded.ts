/**
 * Recorded provider streams of `../shared/data/streams` (one JSON payload a line), as tests need them: their payloads, their SSE
 * bytes, and those bytes cut at seeded random places.
 */
import { describe, expect, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const STREAMS = fileURLToPath(new URL('../../../shared/data/streams/', import.meta.url))

/** One recording: `NAME.chunks.txt`, and `NAME.json` where there is one (not always of the same call). */
export type Recorded = {
  readonly name: string
  readonly provider: string
  readonly api: string
  /** JSON texts, in order; none where only an unstreamed answer was recorded. */
  readonly chunks: readonly string[]
  readonly answer: unknown | null
}

export function hasRecordedData(): boolean {
  return existsSync(STREAMS)
}

/**
 * `describe` for tests that read the shared data: its name says so. Where the data is absent the group is skipped by name, and
 * under `CI=true` it fails instead.
 */
export function describeWithData(name: string, group: () => void): void {
  const title = `${name} (needs ../shared/data)`
  if (hasRecordedData()) return void describe(title, group)
  if (process.env['CI'] === 'true') {
    return void test(title, () => expect('../shared/data is absent').toBe('present'))
  }
  test.skip(title, () => undefined)
}

/**
 * All recordings in order of provider, api and name; empty where the data is absent. A glob is `provider`, `provider/api` or
 * `provider/api/name`, with `*` for any text within one of them.
 */
export function recordedStreams(providerGlobs: readonly string[] = ['*']): readonly Recorded[] {
  if (!hasRecordedData()) return []
  const patterns = providerGlobs.map(patternOf)
  const found: Recorded[] = []
  for (const provider of foldersOf(STREAMS)) {
    for (const api of foldersOf(`${STREAMS}${provider}`)) {
      const folder = `${STREAMS}${provider}/${api}/`
      const files = new Set(readdirSync(folder))
      const names = new Set([...files].map((file) => file.replace(/\.(chunks\.txt|json)$/, '')))
      for (const name of [...names].sort()) {
        if (!patterns.some((pattern) => pattern.test(`${provider}/${api}/${name}`))) continue
        found.push({
          name,
          provider,
          api,
          chunks: files.has(`${name}.chunks.txt`) ? linesOf(readFileSync(`${folder}${name}.chunks.txt`, 'utf8')) : [],
          answer: files.has(`${name}.json`) ? (JSON.parse(readFileSync(`${folder}${name}.json`, 'utf8')) as unknown) : null,
        })
      }
    }
  }
  return found
}

/**
 * The bytes that a provider sends for these payloads. `withEvent` adds an `event:` line with the payload's `type` (Anthropic,
 * Responses); `withDone` ends with `data: [DONE]` (Chat Completions and its kin).
 */
export function sseBytes(
  chunks: readonly string[],
  options: { readonly withEvent?: boolean; readonly withDone?: boolean } = {},
): Uint8Array {
  let text = ''
  for (const chunk of chunks) {
    if (options.withEvent === true) {
      const payload = JSON.parse(chunk) as { type?: unknown }
      text += `event: ${String(payload.type)}\n`
    }
    text += `data: ${chunk}\n\n`
  }
  if (options.withDone === true) text += 'data: [DONE]\n\n'
  return new TextEncoder().encode(text)
}

/** `bytes` in at most `n` pieces, cut at places that depend on `seed` alone: also inside a character or a line end. */
export function cut(bytes: Uint8Array, seed: number, n: number): readonly Uint8Array[] {
  const random = randomOf(seed)
  const places = new Set<number>()
  for (let i = 1; i < n; i++) places.add(1 + Math.floor(random() * Math.max(0, bytes.length - 1)))
  const sorted = [...places].filter((place) => place < bytes.length).sort((a, b) => a - b)
  return [0, ...sorted].map((start, i) => bytes.slice(start, sorted[i] ?? bytes.length))
}

/** Mulberry32: numbers in [0, 1) that a seed decides. */
export function randomOf(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
}

function foldersOf(path: string): readonly string[] {
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
}

function linesOf(text: string): readonly string[] {
  return text.split('\n').filter((line) => line.trim() !== '')
}

function patternOf(glob: string): RegExp {
  const source = glob.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]*')
  return new RegExp(`^${source}(/|$)`)
}
