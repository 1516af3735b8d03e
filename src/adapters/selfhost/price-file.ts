/**
 * The operator's own price file (YAML or JSON: `MODEL: {input_per_million, output_per_million, …}`), looked at every few seconds and
 * read again when it changed. A file that cannot be read or is wrong keeps the last good prices and says so, once a change.
 */
import { readFile, stat } from 'node:fs/promises'
import { parse } from 'yaml'
import type { Result } from '../../core/domain/result.ts'
import type { Clock, Log } from '../../core/ports.ts'

const LOOK_EVERY_MS = 2_000

export type PriceFile<Price> = {
  current(): ReadonlyMap<string, Price>
  close(): void
}

/** `read` checks the parsed file. Rejects where the file is missing or wrong at the start: a typing error must not go unseen. */
export async function openPriceFile<Price>(
  path: string,
  read: (value: unknown) => Result<ReadonlyMap<string, Price>, string>,
  clock: Clock,
  log: Log,
): Promise<PriceFile<Price>> {
  let seen = await versionOf(path)
  let current = await load(path, read)
  let isClosed = false
  let stopTimer = clock.after(LOOK_EVERY_MS, look)

  function look(): void {
    void reload().finally(() => {
      if (!isClosed) stopTimer = clock.after(LOOK_EVERY_MS, look)
    })
  }

  async function reload(): Promise<void> {
    try {
      const version = await versionOf(path)
      if (version === seen) return
      seen = version
      current = await load(path, read)
      log.write('info', 'pricing.file_read', { path, models: current.size })
    } catch (error) {
      log.write('error', 'pricing.file_kept_old', { path, error })
    }
  }

  return {
    current: () => current,
    close: () => {
      isClosed = true
      stopTimer()
    },
  }
}

async function versionOf(path: string): Promise<string> {
  const { mtimeMs, size, ino } = await stat(path)
  return `${mtimeMs}:${size}:${ino}`
}

async function load<Price>(
  path: string,
  read: (value: unknown) => Result<ReadonlyMap<string, Price>, string>,
): Promise<ReadonlyMap<string, Price>> {
  const prices = read(parse(await readFile(path, 'utf8')))
  if (!prices.ok) throw new Error(prices.error)
  return prices.value
}
