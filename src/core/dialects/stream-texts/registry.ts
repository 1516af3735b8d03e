/** The reader of a stream's texts, by dialect. */
import { asArray, asRecord, asString } from '../../domain/json.ts'
import type { DialectName } from '../../domain/span.ts'
import type { StreamEvent } from '../dialect.ts'
import { messageTexts } from './anthropic-messages.ts'
import { bedrockTexts } from './bedrock.ts'
import { cohereTexts } from './cohere.ts'
import { geminiTexts } from './gemini.ts'
import { ollamaTexts } from './ollama.ts'
import { chatTexts } from './openai-chat.ts'
import { responsesTexts } from './openai-responses.ts'
import { createTextList, NO_TEXTS, type StreamTexts } from './stream-texts.ts'

const BY_NAME: { readonly [name in DialectName]: () => StreamTexts } = {
  'openai-chat': chatTexts,
  // A choice's `text` is read with the rest of its kin.
  'openai-completions': chatTexts,
  'openai-responses': responsesTexts,
  'openai-embeddings': noTexts,
  'anthropic-messages': messageTexts,
  gemini: geminiTexts,
  cohere: cohereTexts,
  ollama: ollamaTexts,
  'azure-openai': azureTexts,
  bedrock: bedrockTexts,
  opaque: noTexts,
}

export function streamTextsOf(dialect: DialectName): StreamTexts {
  return withErrors(BY_NAME[dialect]())
}

/** Errors in mid-stream look alike everywhere, and quote what was asked. */
function withErrors({ hasRepeats, read }: StreamTexts): StreamTexts {
  return {
    hasRepeats,
    read: (event) => {
      const told = read(event)
      const data = asRecord(event.data)
      const own = data?.['error'] ?? null
      const error = own ?? asRecord(data?.['response'])?.['error'] ?? null
      const message = data?.['type'] === 'error' ? (data['message'] ?? null) : null
      if (error === null && message === null) return told
      const list = createTextList()
      list.addAll(own === null ? '/response/error' : '/error', error, 'error/all', { bodyPointer: '/error' })
      list.addAll('/message', message, 'error/message', { bodyPointer: '/error/message' })
      return { ...told, texts: [...told.texts, ...list.texts], isSplittable: false }
    },
  }
}

function noTexts(): StreamTexts {
  return { hasRepeats: false, read: () => NO_TEXTS }
}

/** The path is not known here; the first event with a type or with choices tells which of OpenAI's formats it is. */
function azureTexts(): StreamTexts {
  let inner: StreamTexts | null = null
  return {
    hasRepeats: true,
    read: (event) => {
      inner ??= readerFor(event)
      return inner?.read(event) ?? NO_TEXTS
    },
  }
}

function readerFor({ event, data }: StreamEvent): StreamTexts | null {
  const record = asRecord(data)
  const type = asString(record?.['type']) ?? event ?? ''
  if (type.startsWith('response.')) return responsesTexts()
  return asArray(record?.['choices']).length > 0 ? chatTexts() : null
}
