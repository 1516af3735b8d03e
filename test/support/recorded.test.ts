import { expect, test } from 'bun:test'
import { parseJson } from '../../src/core/domain/json.ts'
import { cut, describeWithData, randomOf, recordedStreams, sseBytes } from './recorded.ts'

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

test('pieces of a cut join to the same bytes, whatever the seed and the count', () => {
  const bytes = new TextEncoder().encode('data: {"text":"äöü€𝄞"}\r\n\r\ndata: [DONE]\n\n')
  for (let seed = 0; seed < 50; seed++) {
    for (const n of [1, 2, 7, 1000]) {
      const pieces = cut(bytes, seed, n)
      expect(pieces.length).toBeLessThanOrEqual(n)
      expect(pieces.every((piece) => piece.length > 0)).toBe(true)
      expect(Buffer.concat(pieces)).toEqual(Buffer.from(bytes))
    }
  }
  expect(cut(new Uint8Array(0), 1, 5)).toEqual([new Uint8Array(0)])
})

test('a seed gives the same numbers again, another seed others', () => {
  const [a, b, c] = [randomOf(1), randomOf(1), randomOf(2)]
  const first = [a(), a(), a()]
  expect([b(), b(), b()]).toEqual(first)
  expect([c(), c(), c()]).not.toEqual(first)
})

test('SSE bytes carry event names and the end mark only where asked', () => {
  expect(text(sseBytes(['{"a":1}']))).toBe('data: {"a":1}\n\n')
  expect(text(sseBytes(['{"type":"ping"}'], { withEvent: true }))).toBe('event: ping\ndata: {"type":"ping"}\n\n')
  expect(text(sseBytes(['1'], { withDone: true }))).toBe('data: 1\n\ndata: [DONE]\n\n')
})

describeWithData('recorded streams', () => {
  test('are found by provider, api and name', () => {
    expect(recordedStreams(['groq']).map((entry) => entry.name)).toEqual(['groq-reasoning', 'groq-tool-call'])
    expect(new Set(recordedStreams(['xai/responses']).map((entry) => entry.api))).toEqual(new Set(['responses']))
    expect(recordedStreams(['openai/*/openai-text']).map((entry) => entry.api)).toEqual(['chat'])
    expect(recordedStreams(['nobody'])).toEqual([])
  })

  test('are JSON line by line', () => {
    const chunks = recordedStreams().flatMap((entry) => entry.chunks)
    expect(chunks.length).toBeGreaterThan(1000)
    expect(chunks.filter((chunk) => parseJson(chunk) === undefined)).toEqual([])
  })
})
