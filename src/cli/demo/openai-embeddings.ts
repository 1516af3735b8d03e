/** OpenAI embeddings of the demo provider: vectors without meaning, but always the same for the same text. */
import { asArray, asNumber, asString, type JsonRecord } from '../../core/domain/json.ts'
import { createRandom } from './random.ts'
import { piecesOf } from './reply.ts'

const DIMENSIONS_MAX = 3072

export function embeddingsAnswer(body: JsonRecord): JsonRecord {
  const model = asString(body['model']) ?? 'text-embedding-3-small'
  const inputs = textsOf(body)
  const dimensions = Math.min(Math.max(Math.floor(asNumber(body['dimensions']) ?? 1536), 1), DIMENSIONS_MAX)
  const tokens = inputs.reduce((sum, text) => sum + piecesOf(text).length, 0)
  return {
    object: 'list',
    data: inputs.map((text, index) => {
      const vector = vectorOf(text, dimensions)
      return {
        object: 'embedding',
        index,
        embedding: body['encoding_format'] === 'base64' ? base64Of(vector) : Array.from(vector),
      }
    }),
    model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  }
}

/** The texts of `input`: one or many. Token arrays count as one text each. */
export function textsOf(body: JsonRecord): readonly string[] {
  const input = body['input']
  if (typeof input === 'string') return [input]
  return asArray(input).map((item) => asString(item) ?? JSON.stringify(item))
}

/** Of length 1, as OpenAI's are. */
export function vectorOf(text: string, dimensions: number): Float32Array {
  let seed = 7
  for (const char of text) seed = (Math.imul(seed, 31) + (char.codePointAt(0) ?? 0)) | 0
  const random = createRandom(seed)
  const vector = Float32Array.from({ length: dimensions }, () => random.next() * 2 - 1)
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0))
  return vector.map((value) => value / length)
}

/** Little-endian 32-bit floats, as the API sends them under `encoding_format: base64`. */
function base64Of(vector: Float32Array): string {
  const view = new DataView(new ArrayBuffer(vector.length * 4))
  vector.forEach((value, i) => view.setFloat32(i * 4, value, true))
  let binary = ''
  for (let i = 0; i < view.byteLength; i++) binary += String.fromCharCode(view.getUint8(i))
  return btoa(binary)
}
