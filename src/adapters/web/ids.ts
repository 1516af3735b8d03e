/** Fresh ids from the runtime's cryptographic randomness, drawn in blocks: one draw an id would be the dear part. */
import type { SpanId, TraceId } from '../../core/domain/ids.ts'
import type { IdSource } from '../../core/ports.ts'

const BLOCK_BYTES = 4096
const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

export function createIdSource(now: () => number): IdSource {
  const block = new Uint8Array(BLOCK_BYTES)
  let at = BLOCK_BYTES

  function hex(bytes: number): string {
    if (at + bytes > BLOCK_BYTES) {
      // Not at module scope: Workers allow randomness only while a request is handled.
      crypto.getRandomValues(block)
      at = 0
    }
    let text = ''
    for (let i = 0; i < bytes; i += 1) text += HEX[block[at + i] as number]
    at += bytes
    return text
  }

  /** UUIDv7 (RFC 9562 section 5.7): 48 bits of milliseconds, then randomness. */
  function uuid(): string {
    const time = now().toString(16).padStart(12, '0')
    const random = hex(10)
    const variant = HEX[(parseInt(random.slice(4, 6), 16) & 0x3f) | 0x80] as string
    return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(1, 4)}-${variant}${random.slice(6, 8)}-${random.slice(8)}`
  }

  return {
    traceId: () => uuid() as TraceId,
    spanId: () => hex(8) as SpanId,
    uuid,
  }
}
