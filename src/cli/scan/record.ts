/** One line of JSON as texts to judge: a text with its origin, or the body of a request as its dialect reads it. */
import type { RequestTarget } from '../../core/dialects/dialect.ts'
import { dialectOfPath } from '../../core/dialects/registry.ts'
import { asArray, asRecord, asString, parseJson, type JsonRecord } from '../../core/domain/json.ts'
import { isNestedTooDeeply } from '../../core/domain/nesting.ts'
import { err, ok, type Result } from '../../core/domain/result.ts'
import { ORIGINS, type Inspection, type Origin } from '../../core/domain/segment.ts'
import { inspect } from '../../core/inspect/inspect.ts'

const encoder = new TextEncoder()
const NO_HEADERS = new Headers()

const EXPECTED = 'expected {"text": "...", "origin": "user"} or the body of a request, such as {"messages": [...]}'

/** The error is one line and repeats nothing of the content. `origin` is that of a text that names none. */
export function readRecord(line: string, origin: Origin): Result<Inspection, string> {
  const bytes = encoder.encode(line)
  if (isNestedTooDeeply(bytes)) return err('is nested too deeply to be read')
  const json = parseJson(line)
  if (json === undefined) return err('is not JSON')
  const record = asRecord(json)
  if (record === null) return err(EXPECTED)
  const target = targetOf(record)
  if (target === null) return readText(record, origin)
  const inspected = inspect(bytes, NO_HEADERS, dialectOfPath(target).dialect, target)
  const inspection = inspected.inspection()
  const isFailed = inspected.unread !== null || inspection.uninspected.some(({ reason }) => reason === 'reader failed')
  return isFailed ? err(`cannot be read: ${inspected.unread ?? 'the reader failed'}`) : ok(inspection)
}

function readText(record: JsonRecord, origin: Origin): Result<Inspection, string> {
  const text = asString(record['text'])
  if (text === null) return err(EXPECTED)
  const named = record['origin'] ?? origin
  const known = ORIGINS.find((one) => one === named)
  if (known === undefined) return err(`"origin" must be one of ${ORIGINS.join(', ')}`)
  return ok({ segments: [{ origin: known, pointer: '/text', kind: 'text', text, name: null }], uninspected: [] })
}

/** A path on which such a body is sent; null for no body of a request that we know. */
function targetOf(record: JsonRecord): RequestTarget | null {
  const path = pathOf(record)
  return path === null ? null : { path, search: '' }
}

function pathOf(record: JsonRecord): string | null {
  if (Array.isArray(record['messages'])) return isAnthropic(record) ? '/v1/messages' : '/v1/chat/completions'
  if (Array.isArray(record['contents'])) return '/v1beta/models/any:generateContent'
  if (typeof record['text'] === 'string') return null
  const input = record['input']
  if (Array.isArray(input)) return input.every((one) => typeof one === 'string') ? '/v1/embeddings' : '/v1/responses'
  if (typeof input === 'string') return '/v1/responses'
  return record['prompt'] === undefined ? null : '/v1/completions'
}

/** Parts that only Anthropic's format has. A body without them reads the same in both. */
const BLOCKS: ReadonlySet<unknown> = new Set([
  'tool_use',
  'tool_result',
  'thinking',
  'document',
  'server_tool_use',
  'mcp_tool_use',
  'mcp_tool_result',
  'web_search_tool_result',
])

function isAnthropic(record: JsonRecord): boolean {
  if (record['system'] !== undefined || record['anthropic_version'] !== undefined) return true
  if (asArray(record['tools']).some((tool) => asRecord(tool)?.['input_schema'] !== undefined)) return true
  return asArray(record['messages']).some((message) =>
    asArray(asRecord(message)?.['content']).some((block) => BLOCKS.has(asRecord(block)?.['type'])),
  )
}
