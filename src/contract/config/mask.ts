/** The configuration as it may be shown: every secret is replaced, nothing else is changed. */
import { asRecord, type JsonRecord } from '../../core/domain/json.ts'
import { ROOT, childOf, type KeyNode } from './keys.ts'
import type { Config } from './schema.ts'

/** Stands for a secret that is set. */
export const MASK = '********'

/** A deep copy. Secrets that are not set stay null. Variable names (`credential_env`) are no secrets; what they hold is not in here. */
export function maskedConfig(config: Config): JsonRecord {
  return asRecord(masked(config, ROOT)) ?? {}
}

function masked(value: unknown, node: KeyNode | null): unknown {
  const mapping = asRecord(value)
  if (mapping !== null) {
    return Object.fromEntries(
      Object.entries(mapping).map(([name, child]) => [name, masked(child, node && childOf(node, name))]),
    )
  }
  return value === null || node?.isSecret === false ? value : MASK
}
