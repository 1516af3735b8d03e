/** Decompression of captured copies by what every runtime has: gzip and deflate. */
import type { Decompress } from '../../core/ports.ts'

export const webDecompress: Decompress = (encoding) => {
  if (encoding === 'gzip' || encoding === 'x-gzip') return new DecompressionStream('gzip')
  if (encoding === 'deflate') return new DecompressionStream('deflate')
  return null
}
