/** One JSON value a line, out of byte chunks of any size (Ollama, Cohere v1). The end of the body is the only end mark there is. */
import { parseJson } from '../../domain/json.ts'
import type { FrameReader, FrameSink } from './frame-reader.ts'

/** Characters of one line; a longer one is given up (and counted once) rather than buffered. */
export const LINE_CHARS_MAX = 8 * 1024 * 1024

export function createNdjsonReader(sink: FrameSink): FrameReader {
  const decoder = new TextDecoder()
  // Pieces of the line that has no end yet. Joined once: adding to a text and searching it again would be quadratic.
  let pieces: string[] = []
  let length = 0
  let isTooLong = false

  function keep(piece: string): void {
    length += piece.length
    if (length > LINE_CHARS_MAX) {
      isTooLong = true
      pieces = []
    } else pieces.push(piece)
  }

  function endLine(): void {
    const line = isTooLong ? '' : pieces.join('')
    if (isTooLong) sink.onUnread()
    pieces = []
    length = 0
    isTooLong = false
    // A carriage return before the line end is white space to JSON.
    if (line.trim() === '') return
    const data = parseJson(line)
    if (data === undefined) sink.onUnread()
    else sink.onEvent({ event: null, data })
  }

  function feed(text: string): void {
    let start = 0
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      keep(text.slice(start, end))
      endLine()
      start = end + 1
    }
    if (start < text.length) keep(text.slice(start))
  }

  return {
    push: (bytes) => feed(decoder.decode(bytes, { stream: true })),
    end: () => {
      feed(decoder.decode())
      endLine()
    },
  }
}
