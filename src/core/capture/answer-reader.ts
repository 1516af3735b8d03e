/**
 * Reads the captured copy of an answer, by its content type: events of a stream through the dialect's assembler, a JSON body as a
 * whole, everything else only counted. All paths give the body of the unstreamed answer. Bounded: `JSON_BYTES_MAX` of a JSON body,
 * `DECODED_BYTES_MAX` of a compressed one; beyond that the copy is given up and named, and the caller's bytes flow on.
 */
import type { Assembler, Dialect, StreamEvent } from '../dialects/dialect.ts'
import { createEventStreamReader } from '../dialects/framing/event-stream.ts'
import type { FrameReader, FrameSink } from '../dialects/framing/frame-reader.ts'
import { createNdjsonReader } from '../dialects/framing/ndjson.ts'
import { createSseReader } from '../dialects/framing/sse.ts'
import { asRecord, parseJson, type JsonRecord } from '../domain/json.ts'
import type { Decompress } from '../ports.ts'

export const JSON_BYTES_MAX = 8 * 1024 * 1024
export const DECODED_BYTES_MAX = 64 * 1024 * 1024

export type AnswerRead = {
  readonly body: JsonRecord | null
  /** False where the dialect's end mark was expected and did not come. */
  readonly isComplete: boolean
  readonly notes: readonly string[]
}

export type AnswerReader = {
  push(chunk: Uint8Array): void
  hasContent(): boolean
  /** The body has ended, or will not go on. A compressed copy needs a moment; everything else answers at once. */
  finish(): AnswerRead | Promise<AnswerRead>
}

type ChunkReader = {
  push(chunk: Uint8Array): void
  hasContent(): boolean
  finish(): AnswerRead
}

/** `encoding` is the body's content-encoding, null where it has none (or where the runtime decoded it already). */
export function createAnswerReader(
  dialect: Dialect,
  contentType: string,
  encoding: string | null,
  decompress: Decompress,
): AnswerReader {
  const inner = readerFor(dialect, contentType)
  if (encoding === null || encoding === 'identity') return inner
  return decoded(inner, encoding, decompress)
}

function readerFor(dialect: Dialect, contentType: string): ChunkReader {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (type === 'text/event-stream') return framed(dialect, createSseReader)
  if (type === 'application/x-ndjson' || type === 'application/ndjson' || type === 'application/jsonl') {
    return framed(dialect, createNdjsonReader)
  }
  if (type === 'application/vnd.amazon.eventstream') return framed(dialect, createEventStreamReader)
  if (type === 'application/json' || type.endsWith('+json') || type === '') return whole(dialect)
  return { push: () => {}, hasContent: () => false, finish: () => ({ body: null, isComplete: true, notes: [] }) }
}

function framed(dialect: Dialect, createReader: (sink: FrameSink) => FrameReader): ChunkReader {
  const assembler = dialect.assemble(null)
  let unread = 0
  let hasEndMark = false
  const reader = createReader({
    onEvent: (event) => assembler.push(event),
    onEnd: () => {
      hasEndMark = true
    },
    onUnread: () => {
      unread += 1
    },
  })
  return {
    push: (chunk) => reader.push(chunk),
    hasContent: () => assembler.hasContent(),
    finish: () => {
      reader.end()
      return {
        body: assembler.body(),
        isComplete: hasEndMark || assembler.isComplete(),
        notes: unread === 0 ? [] : [`response.unread_events:${unread}`],
      }
    },
  }
}

function whole(dialect: Dialect): ChunkReader {
  const chunks: Uint8Array[] = []
  let bytes = 0
  return {
    push: (chunk) => {
      bytes += chunk.byteLength
      if (bytes <= JSON_BYTES_MAX) chunks.push(chunk)
      else chunks.length = 0
    },
    hasContent: () => false,
    finish: () => {
      if (bytes > JSON_BYTES_MAX) return { body: null, isComplete: true, notes: ['response.too_large_to_read'] }
      if (bytes === 0) return { body: null, isComplete: true, notes: [] }
      const json = parseJson(textOf(chunks, bytes))
      if (Array.isArray(json)) return assembled(dialect, json)
      const body = asRecord(json)
      return { body, isComplete: true, notes: body === null ? ['response.not_json'] : [] }
    },
  }
}

/** Gemini streams a JSON array of chunks where the caller did not ask for SSE. */
function assembled(dialect: Dialect, chunks: readonly unknown[]): AnswerRead {
  const assembler: Assembler = dialect.assemble(null)
  for (const data of chunks) assembler.push({ event: null, data } satisfies StreamEvent)
  return { body: assembler.body(), isComplete: true, notes: [] }
}

const decoder = new TextDecoder()

function textOf(chunks: readonly Uint8Array[], bytes: number): string {
  if (chunks.length === 1) return decoder.decode(chunks[0])
  const joined = new Uint8Array(bytes)
  let at = 0
  for (const chunk of chunks) {
    joined.set(chunk, at)
    at += chunk.byteLength
  }
  return decoder.decode(joined)
}

/** Puts a decompressor in front. It works beside the stream: the caller's bytes never wait for it. */
function decoded(inner: ChunkReader, encoding: string, decompress: Decompress): AnswerReader {
  const pair = decompress(encoding.toLowerCase())
  if (pair === null) {
    const read: AnswerRead = { body: null, isComplete: true, notes: [`response.encoding_unknown:${encoding.slice(0, 32)}`] }
    return { push: () => {}, hasContent: () => false, finish: () => read }
  }
  const writer = pair.writable.getWriter()
  const notes: string[] = []
  let decodedBytes = 0
  let isGivenUp = false
  const reading = drain(pair.readable, (chunk) => {
    decodedBytes += chunk.byteLength
    if (decodedBytes <= DECODED_BYTES_MAX) inner.push(chunk)
    else if (!isGivenUp) {
      isGivenUp = true
      notes.push('response.too_large_to_read')
    }
  }).catch(() => {
    isGivenUp = true
    notes.push('response.encoding_broken')
  })
  // Failures show at the reading end; here they only must not become unhandled rejections.
  const swallow = (): void => {}
  return {
    push: (chunk) => {
      if (!isGivenUp) writer.write(chunk as Uint8Array<ArrayBuffer>).catch(swallow)
    },
    hasContent: () => inner.hasContent(),
    finish: async () => {
      writer.close().catch(swallow)
      await reading
      const read = inner.finish()
      return { ...read, notes: [...read.notes, ...notes] }
    },
  }
}

async function drain(readable: ReadableStream<Uint8Array>, onChunk: (chunk: Uint8Array) => void): Promise<void> {
  const reader = readable.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    onChunk(value)
  }
}
