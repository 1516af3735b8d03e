/** Ollama's native API as the demo provider speaks it: NDJSON unless `stream` is false. Format: https://docs.ollama.com/api */
import { asArray, asNumber, asRecord, asString, type JsonRecord } from '../../core/domain/json.ts'
import { textsOf, vectorOf } from './openai-embeddings.ts'
import { asAsked, countsOf, isCut, piecesOf, textOf, type Ask, type Reply } from './reply.ts'
import type { Frame, Wire } from './wire.ts'

const NANOSECONDS = 1e9
const EMBEDDING_DIMENSIONS = 768

export const ollamaChatWire: Wire = {
  streamType: 'application/x-ndjson',
  readAsk: readChat,
  answer: (ask, reply) => ({ ...headOf(ask), message: messageOf(ask, reply, textOf(ask, reply), true), ...endOf(ask, reply) }),
  stream: function* (ask, reply) {
    const head = headOf(ask)
    if (ask.wantsThinking) {
      for (const piece of piecesOf(reply.reasoning)) {
        yield line({ ...head, message: { role: 'assistant', content: '', thinking: piece }, done: false })
      }
    }
    for (const piece of piecesOf(textOf(ask, reply))) {
      yield line({ ...head, message: { role: 'assistant', content: piece }, done: false })
    }
    // Ollama says a tool call whole, never in pieces.
    if (reply.toolCalls.length > 0) yield line({ ...head, message: messageOf(ask, reply, '', false), done: false })
    yield line({ ...head, message: { role: 'assistant', content: '' }, ...endOf(ask, reply) })
  },
  error,
}

export const ollamaGenerateWire: Wire = {
  streamType: 'application/x-ndjson',
  readAsk: (body) => {
    const prompt = asString(body['prompt']) ?? ''
    const system = asString(body['system']) ?? ''
    return {
      ...readCommon(body),
      promptText: `${system}\n${prompt}`,
      imageCount: asArray(body['images']).length,
      lastText: prompt,
      isToolResult: false,
    }
  },
  answer: (ask, reply) => ({ ...headOf(ask), response: textOf(ask, reply), ...endOf(ask, reply), context: [1, 2, 3] }),
  stream: function* (ask, reply) {
    const head = headOf(ask)
    for (const piece of piecesOf(textOf(ask, reply))) yield line({ ...head, response: piece, done: false })
    yield line({ ...head, response: '', ...endOf(ask, reply), context: [1, 2, 3] })
  },
  error,
}

export function ollamaEmbed(body: JsonRecord): JsonRecord {
  const texts = textsOf(body)
  return {
    model: asString(body['model']) ?? 'nomic-embed-text',
    embeddings: texts.map((text) => Array.from(vectorOf(text, EMBEDDING_DIMENSIONS))),
    total_duration: 14_000_000,
    load_duration: 1_000_000,
    prompt_eval_count: texts.reduce((sum, text) => sum + piecesOf(text).length, 0),
  }
}

export function ollamaTags(models: readonly string[]): JsonRecord {
  return {
    models: models.map((name) => ({
      name,
      model: name,
      modified_at: '2026-09-01T08:00:00Z',
      size: 2_019_393_189,
      digest: '0'.repeat(64),
      details: {
        parent_model: '',
        format: 'gguf',
        family: 'llama',
        families: ['llama'],
        parameter_size: '3.2B',
        quantization_level: 'Q4_K_M',
      },
    })),
  }
}

function readChat(body: JsonRecord): Ask {
  const messages = asArray(body['messages']).map((message) => asRecord(message) ?? {})
  const texts = messages.map((message) => asString(message['content']) ?? '')
  return {
    ...readCommon(body),
    promptText: `${texts.join('\n')}${body['tools'] === undefined ? '' : JSON.stringify(body['tools'])}`,
    imageCount: messages.reduce((count, message) => count + asArray(message['images']).length, 0),
    lastText: texts.at(-1) ?? '',
    isToolResult: messages.at(-1)?.['role'] === 'tool',
  }
}

function readCommon(
  body: JsonRecord,
): Pick<Ask, 'model' | 'isStreaming' | 'tools' | 'answerSchema' | 'maxTokens' | 'wantsThinking'> {
  const limit = asNumber(asRecord(body['options'])?.['num_predict'])
  return {
    model: asString(body['model']) ?? 'llama3.2',
    isStreaming: body['stream'] !== false,
    tools: asArray(body['tools']).flatMap((tool) => {
      const target = asRecord(asRecord(tool)?.['function'])
      const name = asString(target?.['name'])
      return name === null ? [] : [{ name, schema: asRecord(target?.['parameters']) ?? {} }]
    }),
    answerSchema: asRecord(body['format']),
    // A negative number means no limit.
    maxTokens: limit !== null && limit > 0 ? limit : null,
    wantsThinking: body['think'] === true,
  }
}

function headOf(ask: Ask): JsonRecord {
  return { model: ask.model, created_at: new Date().toISOString() }
}

function messageOf(ask: Ask, reply: Reply, text: string, withThinking: boolean): JsonRecord {
  return {
    role: 'assistant',
    content: text,
    ...(withThinking && ask.wantsThinking && reply.reasoning !== '' ? { thinking: reply.reasoning } : {}),
    ...(reply.toolCalls.length === 0
      ? {}
      : {
          tool_calls: reply.toolCalls.map(({ id, name, arguments: given }, index) => ({
            id,
            function: { index, name, arguments: given },
          })),
        }),
  }
}

/** Durations are nanoseconds; made up from the counts, as if from a small machine. */
function endOf(ask: Ask, reply: Reply): JsonRecord {
  const counts = countsOf(ask, asAsked(ask, reply))
  const output = counts.output + counts.reasoning
  const promptTime = Math.round((counts.prompt / 400) * NANOSECONDS)
  const outputTime = Math.round((output / 40) * NANOSECONDS)
  return {
    done: true,
    done_reason: isCut(ask, reply) ? 'length' : 'stop',
    total_duration: promptTime + outputTime + 35_000_000,
    load_duration: 35_000_000,
    prompt_eval_count: counts.prompt,
    prompt_eval_duration: promptTime,
    eval_count: output,
    eval_duration: outputTime,
  }
}

function line(value: JsonRecord): Frame {
  return { text: `${JSON.stringify(value)}\n`, tokens: value['done'] === true ? 0 : 1 }
}

function error(_status: number, message: string): JsonRecord {
  return { error: message }
}
