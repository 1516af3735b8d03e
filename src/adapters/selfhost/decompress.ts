/** Decompression of captured copies with all that node:zlib knows: gzip, deflate, brotli and zstd. */
import { Readable, Writable, type Transform } from 'node:stream'
import zlib from 'node:zlib'
import type { Decompress } from '../../core/ports.ts'

const MAKERS: ReadonlyMap<string, () => Transform> = new Map<string, () => Transform>([
  ['gzip', () => zlib.createGunzip()],
  ['x-gzip', () => zlib.createGunzip()],
  ['deflate', () => zlib.createInflate()],
  ['br', () => zlib.createBrotliDecompress()],
  // Node has it from version 22.15 on.
  ...('createZstdDecompress' in zlib ? [['zstd', () => zlib.createZstdDecompress()] as const] : []),
])

export const nodeDecompress: Decompress = (encoding) => {
  const transform = MAKERS.get(encoding)?.()
  if (transform === undefined) return null
  return {
    readable: Readable.toWeb(transform) as unknown as ReadableStream<Uint8Array>,
    writable: Writable.toWeb(transform) as WritableStream<BufferSource>,
  }
}
