/** Decompression of captured copies with all that node:zlib knows: gzip, deflate, brotli and zstd. */
import { Readable, Writable } from 'node:stream'
import zlib from 'node:zlib'
import type { Decompress } from '../../core/ports.ts'

const MAKERS: { readonly [encoding: string]: (() => zlib.Gunzip) | undefined } = {
  gzip: () => zlib.createGunzip(),
  'x-gzip': () => zlib.createGunzip(),
  deflate: () => zlib.createInflate(),
  br: () => zlib.createBrotliDecompress() as unknown as zlib.Gunzip,
  zstd: 'createZstdDecompress' in zlib ? () => zlib.createZstdDecompress() as unknown as zlib.Gunzip : undefined,
}

export const nodeDecompress: Decompress = (encoding) => {
  const transform = MAKERS[encoding]?.()
  if (transform === undefined) return null
  return {
    readable: Readable.toWeb(transform) as unknown as ReadableStream<Uint8Array>,
    writable: Writable.toWeb(transform) as WritableStream<BufferSource>,
  }
}
