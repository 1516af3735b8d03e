/** Tokens where a provider reported none: a rough count, always marked `estimated`, never used where there is a report. */
import { BYTES_PER_TOKEN } from '../domain/token-bound.ts'
import type { Usage } from '../domain/usage.ts'
import { usageOf } from '../domain/usage.ts'

export function estimateUsage(inputBytes: number, outputBytes: number): Usage {
  return usageOf({
    input_tokens: Math.ceil(inputBytes / BYTES_PER_TOKEN),
    output_tokens: Math.ceil(outputBytes / BYTES_PER_TOKEN),
  })
}
