/**
 * OpenAI embeddings (`/v1/embeddings`), also as spoken by Mistral, Voyage, Jina and others. The answer is numbers only.
 * Format: https://platform.openai.com/docs/api-reference/embeddings
 */
import { asRecord, asString, type Json, type JsonRecord } from '../domain/json.ts'
import { errorOf, parametersOf } from './collector.ts'
import type { AnswerView, Dialect, RequestView } from './dialect.ts'
import { firstText, inspectBody } from './fields.ts'
import { assembleOpaque } from './opaque.ts'
import { readTexts } from './openai-completions.ts'
import { renderOpenAiError } from './openai-error.ts'

const OMIT: ReadonlySet<string> = new Set(['model', 'input', 'user'])

export const openaiEmbeddings: Dialect = {
  name: 'openai-embeddings',
  readRequest: readEmbeddingsRequest,
  readAnswer: readEmbeddingsAnswer,
  // Embeddings are never streamed; should a server do so, model and usage are kept.
  assemble: assembleOpaque,
  renderError: renderOpenAiError,
}

function readEmbeddingsRequest(body: Json | undefined): RequestView {
  const record = asRecord(body) ?? {}
  return {
    operation: 'embeddings',
    model: asString(record['model']),
    isStreaming: false,
    // No tokens are written: the bound of the answer's cost is that of the input.
    maxOutputTokens: 0,
    choiceCount: 1,
    userId: firstText(record['user']),
    parameters: parametersOf(record, OMIT),
    inspect: () => inspectBody(body, (collector, { input }) => readTexts(collector, input, '/input')),
  }
}

function readEmbeddingsAnswer(body: JsonRecord): AnswerView {
  return { model: asString(body['model']), segments: [], toolCalls: [], finishReason: null, error: errorOf(body) }
}
