/** Which dialect a path speaks. One table, first match wins; what no row matches is proxied as `opaque`. */
import type { DialectName } from '../domain/span.ts'
import { anthropicMessages } from './anthropic-messages.ts'
import { azureOpenai } from './azure-openai.ts'
import { bedrock } from './bedrock.ts'
import { cohere } from './cohere.ts'
import type { Dialect, RequestTarget } from './dialect.ts'
import { gemini } from './gemini.ts'
import { ollama } from './ollama.ts'
import { opaque } from './opaque.ts'
import { openaiChat } from './openai-chat.ts'
import { openaiCompletions } from './openai-completions.ts'
import { openaiEmbeddings } from './openai-embeddings.ts'
import { openaiResponses } from './openai-responses.ts'

type Row = { readonly path: RegExp; readonly name: DialectName; readonly provider: string }

/**
 * Paths are matched by their end, because providers mount the same format under prefixes of their own
 * (`/openai/v1`, `/v1beta/openai`, `/api/v1`). `provider` is the default one for a bare path.
 */
const ROWS: readonly Row[] = [
  { path: /^\/openai\//, name: 'azure-openai', provider: 'azure' },
  {
    // A model may be an ARN, which holds slashes.
    path: /^\/model\/.+\/(converse|converse-stream|invoke|invoke-with-response-stream|count-tokens)$/,
    name: 'bedrock',
    provider: 'bedrock',
  },
  // Anthropic's models behind Vertex AI keep their own format.
  { path: /\/publishers\/anthropic\/models\/[^/]+:(raw|streamRaw)Predict$/, name: 'anthropic-messages', provider: 'google' },
  { path: /\/models\/[^/]+(:|%3A)[a-z]+$/i, name: 'gemini', provider: 'google' },
  { path: /\/chat\/completions$/, name: 'openai-chat', provider: 'openai' },
  { path: /\/v1\/messages(\/count_tokens)?$/, name: 'anthropic-messages', provider: 'anthropic' },
  { path: /^\/v1\/messages\/batches(\/|$)/, name: 'opaque', provider: 'anthropic' },
  { path: /\/responses$/, name: 'openai-responses', provider: 'openai' },
  { path: /^\/v[12]\/(chat|embed|rerank)$/, name: 'cohere', provider: 'cohere' },
  { path: /^\/api\//, name: 'ollama', provider: 'ollama' },
  { path: /\/completions$/, name: 'openai-completions', provider: 'openai' },
  { path: /\/embeddings$/, name: 'openai-embeddings', provider: 'openai' },
  { path: /^\/v1beta\//, name: 'opaque', provider: 'google' },
]

const BY_NAME: { readonly [name in DialectName]: (target: RequestTarget) => Dialect } = {
  'openai-chat': () => openaiChat,
  'openai-completions': () => openaiCompletions,
  'openai-responses': () => openaiResponses,
  'openai-embeddings': () => openaiEmbeddings,
  'anthropic-messages': () => anthropicMessages,
  gemini: () => gemini,
  cohere: () => cohere,
  ollama: () => ollama,
  'azure-openai': azureOpenai,
  bedrock,
  opaque: () => opaque,
}

/** The dialect of a name, for the paths of `target` (Azure and Bedrock read the model out of the path). */
export function dialectNamed(name: DialectName, target: RequestTarget): Dialect {
  return BY_NAME[name](target)
}

/** The dialect that `target` speaks by its path, and the provider that a bare path means. */
export function dialectOfPath(target: RequestTarget): { readonly dialect: Dialect; readonly provider: string } {
  const row = ROWS.find((candidate) => candidate.path.test(target.path))
  if (row === undefined) return { dialect: opaque, provider: 'openai' }
  return { dialect: BY_NAME[row.name](target), provider: row.provider }
}
