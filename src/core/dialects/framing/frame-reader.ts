/** How a framing (SSE, NDJSON, event-stream) hands over what it found. Push only: no framing holds bytes back from the caller. */
import type { StreamEvent } from '../dialect.ts'

export type FrameSink = {
  readonly onEvent: (event: StreamEvent) => void
  /** The framing's own end mark (`[DONE]`). */
  readonly onEnd: () => void
  /** An event that could not be read: not JSON, too large, a checksum that fails. */
  readonly onUnread: () => void
}

export type FrameReader = {
  /** Takes the next bytes of the (decoded) body, cut anywhere. Never throws. */
  push(bytes: Uint8Array): void
  /** The body came to its end. */
  end(): void
}
