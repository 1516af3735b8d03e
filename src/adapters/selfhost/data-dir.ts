/** The folder that holds everything one process keeps. It is made at the first start, readable by its owner alone. */
import { randomBytes } from 'node:crypto'
import { access, chmod, constants, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Rejects with the system's error (`EACCES`, `ENOTDIR`, `EROFS`) where the folder cannot be made or written. */
export async function openDataDir(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 })
  await access(path, constants.W_OK | constants.X_OK)
  // Root may write anywhere by permission bits; a read-only disk shows only when something is written.
  const probe = join(path, '.writable')
  await writeFile(probe, '')
}

/** The root key of this instance: the file's, or a new one, which is then `isNew` and to be shown once. */
export async function rootKeyIn(path: string): Promise<{ readonly key: string; readonly isNew: boolean }> {
  const file = join(path, 'root.key')
  const known = await readFile(file, 'utf8').catch(() => null)
  if (known !== null && known.trim() !== '') return { key: known.trim(), isNew: false }
  const key = `llmt_${randomBytes(32).toString('base64url')}`
  await writeFile(file, `${key}\n`, { mode: 0o600 })
  await chmod(file, 0o600)
  return { key, isNew: true }
}
