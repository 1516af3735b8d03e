/**
 * Reads the captured copy of an answer, by its content type: events of a stream through the dialect's assembler, a JSON body as a
 * whole, everything else only counted. All paths give the body of the unstreamed answer. Bounded: `JSON_BYTES_MAX` of a JSON body,
 * `DECODED_BYTES_MAX` of a compressed one; beyond that the copy is given up and named, and the caller's bytes flow on.
 */
import { joinBytes } from '../domain/bytes.ts'
import type { Assembler, Dialect, StreamEvent } from '../dialects/dialect.ts'
import { createEventStreamReader } from '../dialects/framing/event-stream.ts'
import type { FrameReader, FrameSink } from '../dialects/framing/frame-reader.ts'
import { createNdjsonReader } from '../dialects/framing/ndjson.ts'
import { createSseReader } from '../dialects/framing/sse.ts'
import { asRecord, parseJson, type JsonRecord } from '../domain/json.ts'
import { isNestedTooDeeply } from '../domain/nesting.ts'
import type { Decompress } from '../ports.ts'

export const JSON_BYTES_MAX = 8 * 1024 * 1024
/** Bytes of a stream that are put together; text beyond is passed on, and not kept. */
export const STREAM_BYTES_MAX = 4 * 1024 * 1024
/** Events kept from the end of a longer one. */
const TAIL_EVENTS = 16
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
  const inner = guarded(readerFor(dialect, contentType))
  const coding = encoding?.trim().toLowerCase() ?? 'identity'
  return coding === '' || coding === 'identity' ? inner : decoded(inner, coding, decompress)
}

/** `application/stream+json` is Cohere's word for it. */
const NDJSON_TYPES: readonly string[] = [
  'application/x-ndjson',
  'application/ndjson',
  'application/jsonl',
  'application/stream+json',
]

/** A bug in the reading of a copy must not touch the caller's answer: the copy is given up, and its span says so. */
function guarded(inner: ChunkReader): ChunkReader {
  const failed: AnswerRead = { body: null, isComplete: true, notes: ['response.reader_failed'] }
  let hasFailed = false
  return {
    push: (chunk) => {
      if (hasFailed) return
      try {
        inner.push(chunk)
      } catch {
        hasFailed = true
      }
    },
    hasContent: () => inner.hasContent(),
    finish: () => {
      if (hasFailed) return failed
      try {
        return inner.finish()
      } catch {
        return failed
      }
    },
  }
}

function readerFor(dialect: Dialect, contentType: string): ChunkReader {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (type === 'text/event-stream') return framed(dialect, createSseReader)
  if (NDJSON_TYPES.includes(type)) return framed(dialect, createNdjsonReader)
  if (type === 'application/vnd.amazon.eventstream') return framed(dialect, createEventStreamReader)
  if (type === 'application/json' || type.endsWith('+json') || type === '') return whole(dialect)
  return { push: () => {}, hasContent: () => false, finish: () => ({ body: null, isComplete: true, notes: [] }) }
}

function framed(dialect: Dialect, createReader: (sink: FrameSink) => FrameReader): ChunkReader {
  const assembler = dialect.assemble(null)
  let bytes = 0
  let unread = 0
  let hasEndMark = false
  // Of a very long stream the middle is given up; its end carries the finish reason and the usage.
  const tail: StreamEvent[] = []
  let skipped = 0
  const reader = createReader({
    onEvent: (event) => {
      if (bytes <= STREAM_BYTES_MAX) return assembler.push(event)
      tail.push(event)
      if (tail.length > TAIL_EVENTS) {
        tail.shift()
        skipped += 1
      }
    },
    onEnd: () => {
      hasEndMark = true
    },
    onUnread: () => {
      unread += 1
    },
  })
  return {
    push: (chunk) => {
      bytes += chunk.byteLength
      reader.push(chunk)
    },
    hasContent: () => assembler.hasContent(),
    finish: () => {
      reader.end()
      for (const event of tail.splice(0)) assembler.push(event)
      return {
        body: assembler.body(),
        isComplete: hasEndMark || assembler.isComplete(),
        notes: [
          ...(unread === 0 ? [] : [`response.unread_events:${unread}`]),
          ...(skipped === 0 ? [] : [`response.skipped_events:${skipped}`]),
        ],
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
      const joined = joinBytes(chunks, bytes)
      if (isNestedTooDeeply(joined)) return { body: null, isComplete: true, notes: ['response.nested_too_deeply'] }
      const json = parseJson(decoder.decode(joined))
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

/**
 * Puts a decompressor in front. It works beside the stream: the caller's bytes never wait for it. What it gives is bounded, so that a
 * small answer that unpacks to a huge one is given up early.
 */
function decoded(inner: ChunkReader, coding: string, decompress: Decompress): AnswerReader {
  const pair = decompress(coding)
  if (pair === null) {
    const unread: AnswerRead = { body: null, isComplete: true, notes: [`response.encoding_unknown:${coding.slice(0, 32)}`] }
    return { push: () => {}, hasContent: () => false, finish: () => unread }
  }
  const writer = pair.writable.getWriter()
  writer.closed.catch(ignore)
  let outcome: DrainEnd | null = null
  const read = async (): Promise<void> => {
    outcome = await drain(pair.readable, (chunk) => inner.push(chunk))
  }
  const reading = read()
  return {
    push: (chunk) => {
      if (outcome === null) writer.write(chunk as Uint8Array<ArrayBuffer>).catch(ignore)
    },
    hasContent: () => inner.hasContent(),
    finish: async () => {
      writer.close().catch(ignore)
      await reading
      const answer = inner.finish()
      if (outcome === 'whole') return answer
      // Where we stopped reading, nothing can be said of the end mark; where the encoding broke off, so did the answer.
      const isComplete = outcome === 'too_large_to_read' || answer.isComplete
      return { ...answer, isComplete, notes: [...new Set([...answer.notes, `response.${outcome}`])] }
    },
  }
}

/** Failures show at the reading end; the writing end only must not leave them unhandled. */
function ignore(): void {}

type DrainEnd = 'whole' | 'too_large_to_read' | 'encoding_broken'

async function drain(readable: ReadableStream<Uint8Array>, onChunk: (chunk: Uint8Array) => void): Promise<DrainEnd> {
  const reader = readable.getReader()
  let bytes = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return 'whole'
      bytes += value.byteLength
      if (bytes > DECODED_BYTES_MAX) {
        reader.cancel().catch(ignore)
        return 'too_large_to_read'
      }
      onChunk(value)
    }
  } catch {
    return 'encoding_broken'
  }
}
