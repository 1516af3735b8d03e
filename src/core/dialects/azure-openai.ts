/**
 * Azure OpenAI: OpenAI's formats under paths of its own, where the deployment's name stands in place of the model
 * (`/openai/deployments/{deployment}/chat/completions`, `/openai/v1/…`, `/openai/responses`).
 */
import type { Dialect, RequestTarget } from './dialect.ts'
import { opaque } from './opaque.ts'
import { openaiChat } from './openai-chat.ts'
import { openaiCompletions } from './openai-completions.ts'
import { openaiEmbeddings } from './openai-embeddings.ts'
import { openaiResponses } from './openai-responses.ts'
import { unescaped } from './unescaped.ts'

/** By the end of the path, first match wins; what no row matches is `opaque`. */
const TAILS: readonly (readonly [tail: string, dialect: Dialect])[] = [
  ['/chat/completions', openaiChat],
  ['/completions', openaiCompletions],
  ['/embeddings', openaiEmbeddings],
  ['/responses', openaiResponses],
]

/** The dialect of one Azure path. The model is the body's, else the deployment's name. */
export function azureOpenai(target: RequestTarget): Dialect {
  const inner = TAILS.find(([tail]) => target.path.endsWith(tail))?.[1] ?? opaque
  const deployment = deploymentOf(target.path)
  return {
    ...inner,
    name: 'azure-openai',
    readRequest: (body) => {
      const view = inner.readRequest(body, target)
      return { ...view, model: view.model ?? deployment }
    },
  }
}

function deploymentOf(path: string): string | null {
  const name = /^\/openai\/deployments\/([^/]+)\//.exec(path)?.[1]
  return name === undefined ? null : unescaped(name)
}
