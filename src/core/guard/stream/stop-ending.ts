/** The bytes that end a stopped stream in its own dialect: what they are depends on what the caller has seen so far. */
import { utf8, type Assembler, type Dialect, type StreamEvent } from '../../dialects/dialect.ts'
import type { FramingName } from './frames-of.ts'
import { NO_BYTES } from './frames.ts'

/** Events with text that are remembered; later ones change nothing of an ending but what it repeats. */
const EVENTS_MAX = 100_000

export type StopEnding = {
  /** An event that the caller got, as it was changed. */
  tell(event: StreamEvent, hasText: boolean): void
  /** The ending; empty where the dialect's own end has been told already. */
  bytes(): Uint8Array
  /** Ends a frame that broke off. */
  frameEnd(): Uint8Array
}

export function createStopEnding(dialect: Dialect, framing: FramingName): StopEnding {
  const assembler = dialect.assemble(null)
  let events = 0
  return {
    tell: (event, hasText) => {
      events += 1
      if (hasText && events > EVENTS_MAX) return
      assembler.push(event)
    },
    bytes: () => {
      if (framing === 'json-array') return utf8(arrayEnd(assembler, events > 0))
      return assembler.isComplete() ? NO_BYTES : assembler.stop()
    },
    frameEnd: () => (framing === 'sse' || framing === 'ndjson' ? utf8(framing === 'sse' ? '\n\n' : '\n') : NO_BYTES),
  }
}

/** The dialect's last events as the last elements. */
function arrayEnd(assembler: Assembler, hasElements: boolean): string {
  const lines = assembler.isComplete() ? [] : new TextDecoder().decode(assembler.stop()).split('\n')
  const elements = lines.flatMap((line) => (line.startsWith('data: {') ? [line.slice('data: '.length)] : []))
  return `${hasElements ? '' : '['}${hasElements && elements.length > 0 ? ',' : ''}${elements.join(',')}]`
}
