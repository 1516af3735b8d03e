/**
 * Server-sent events out of byte chunks of any size. Parsing is `eventsource-parser`'s; here only UTF-8 is joined across chunks
 * and each event's JSON parsed once. Data that is not JSON is counted, never an error: the bytes went to the caller untouched.
 */
import { createParser } from 'eventsource-parser'
import { parseJson } from '../../domain/json.ts'
import type { FrameReader, FrameSink } from './frame-reader.ts'

/** Characters of one event; a longer one is given up (and counted) rather than buffered. */
const EVENT_CHARS_MAX = 8 * 1024 * 1024

export function createSseReader(sink: FrameSink): FrameReader {
  const decoder = new TextDecoder()
  let isOverfull = false
  const parser = createParser({
    maxBufferSize: EVENT_CHARS_MAX,
    onEvent: (message) => {
      if (message.data.startsWith('[DONE]')) return sink.onEnd()
      const data = parseJson(message.data)
      if (data === undefined) return sink.onUnread()
      sink.onEvent({ event: message.event ?? null, data })
    },
    onError: (error) => {
      // Unknown fields are allowed by the specification; only data that was given up counts.
      if (error.type === 'max-buffer-size-exceeded') isOverfull = true
    },
  })

  function feed(text: string): void {
    parser.feed(text)
    if (!isOverfull) return
    // The parser takes nothing more until it is reset. The rest of the line it gave up then reads as a comment.
    isOverfull = false
    sink.onUnread()
    parser.reset()
    parser.feed(':')
  }

  return {
    push: (bytes) => feed(decoder.decode(bytes, { stream: true })),
    end: () => {
      feed(decoder.decode())
      // A last event without its blank line is not an event by the specification, but some servers end so: take it.
      feed('\n\n')
    },
  }
}
