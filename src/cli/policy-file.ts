/** The guard policy of a file: the configuration's `guard` section by itself, or the section of a whole configuration. */
import { readFile, stat } from 'node:fs/promises'
import { parseYaml } from '../adapters/selfhost/config-file.ts'
import { problemLines, readConfig } from '../contract/config.ts'
import { toGuardPolicy } from '../contract/config/guard.ts'
import type { GuardPolicy } from '../core/domain/guard-policy.ts'
import { asRecord } from '../core/domain/json.ts'
import { err, ok, type Result } from '../core/domain/result.ts'

/** A policy is a page or two; this keeps a wrong path from being read whole. */
const FILE_BYTES_MAX = 1024 * 1024

/** The error is one line a problem, each with the file's name; those of a value name its key as in the configuration. */
export async function readPolicyFile(path: string): Promise<Result<GuardPolicy, readonly string[]>> {
  let text: string
  try {
    const { size } = await stat(path)
    if (size > FILE_BYTES_MAX) return err([`${path}: has ${size} bytes, and a policy has at most ${FILE_BYTES_MAX}`])
    text = await readFile(path, 'utf8')
  } catch (error) {
    return err([`${path}: ${readProblem(error)}`])
  }
  const content = parseYaml(text, path)
  if (!content.ok) return err([content.error])
  const record = content.value === null ? {} : asRecord(content.value)
  if (record === null) return err([`${path}: must be a mapping, as the configuration's guard section is`])
  const config = readConfig({ file: { guard: 'guard' in record ? record['guard'] : record }, env: {}, flags: {} })
  if (!config.ok) return err(problemLines(config.error).map((line) => `${path}: ${line}`))
  return ok(toGuardPolicy(config.value.guard))
}

const REASONS: { readonly [code: string]: string } = {
  ENOENT: 'no such file',
  EISDIR: 'is a folder: name its files',
  EACCES: 'no permission to read it',
  EPERM: 'no permission to read it',
}

/** Why a file cannot be read, in words. */
export function readProblem(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return REASONS[code] ?? `cannot be read: ${code === '' ? String(error) : code}`
}
