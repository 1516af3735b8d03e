/** Tokens where a provider reported none: a rough count, always marked `estimated`, never used where there is a report. */
import type { Usage } from '../domain/usage.ts'
import { usageOf } from '../domain/usage.ts'

/** English text has about four bytes a token in the common tokenizers; other scripts have more tokens a character, but also more bytes. */
const BYTES_PER_TOKEN = 4

export function estimateUsage(inputBytes: number, outputBytes: number): Usage {
  return usageOf({
    input_tokens: Math.ceil(inputBytes / BYTES_PER_TOKEN),
    output_tokens: Math.ceil(outputBytes / BYTES_PER_TOKEN),
  })
}
