/** The migrations, read from the folders `migrations/libsql/*` where there are files. */
import { readdirSync, readFileSync } from 'node:fs'
import type { Migration } from './migrate.ts'

const FOLDER = new URL('../../../migrations/libsql/', import.meta.url)

export function traceMigrations(): readonly Migration[] {
  return readFolder('traces')
}

export function accountMigrations(): readonly Migration[] {
  return readFolder('accounts')
}

/** The folder is part of the name, since both may live in one database. */
function readFolder(folder: string): readonly Migration[] {
  const at = new URL(`${folder}/`, FOLDER)
  const names = readdirSync(at).filter((name) => name.endsWith('.sql'))
  return names.toSorted().map((name) => ({ name: `${folder}/${name}`, sql: readFileSync(new URL(name, at), 'utf8') }))
}
