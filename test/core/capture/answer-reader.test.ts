import { describe, expect, test } from 'bun:test'
import zlib from 'node:zlib'
import { nodeDecompress } from '../../../src/adapters/selfhost/decompress.ts'
import { webDecompress } from '../../../src/adapters/web/decompress.ts'
import {
  createAnswerReader,
  DECODED_BYTES_MAX,
  JSON_BYTES_MAX,
  type AnswerRead,
  type AnswerReader,
} from '../../../src/core/capture/answer-reader.ts'
import { bedrock } from '../../../src/core/dialects/bedrock.ts'
import type { Dialect } from '../../../src/core/dialects/dialect.ts'
import { gemini } from '../../../src/core/dialects/gemini.ts'
import { ollama } from '../../../src/core/dialects/ollama.ts'
import { openaiChat } from '../../../src/core/dialects/openai-chat.ts'
import type { Decompress } from '../../../src/core/ports.ts'
import { turn } from '../../support/clock.ts'
import { eventMessage, join } from '../../support/event-stream.ts'
import { bytes } from '../../support/fakes.ts'

const none: Decompress = () => null

async function readAs(
  body: Uint8Array | string | readonly Uint8Array[],
  contentType: string,
  more: { readonly dialect?: Dialect; readonly encoding?: string | null; readonly decompress?: Decompress } = {},
): Promise<AnswerRead> {
  const reader = createAnswerReader(more.dialect ?? openaiChat, contentType, more.encoding ?? null, more.decompress ?? none)
  const chunks = typeof body === 'string' ? [bytes(body)] : body instanceof Uint8Array ? [body] : body
  for (const chunk of chunks) reader.push(chunk)
  return reader.finish()
}

function textOf(read: AnswerRead, dialect: Dialect = openaiChat): string {
  return read.body === null
    ? '(no body)'
    : dialect
        .readAnswer(read.body)
        .segments.map(({ text }) => text)
        .join('|')
}

const JSON_BODY =
  '{"model":"gpt-4o","choices":[{"index":0,"message":{"role":"assistant","content":"hëllo"},"finish_reason":"stop"}]}'
const SSE_BODY =
  'data: {"model":"gpt-4o","choices":[{"index":0,"delta":{"content":"hë"}}]}\n\n' +
  'data: {"choices":[{"index":0,"delta":{"content":"llo"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
const NDJSON_BODY =
  '{"model":"llama","message":{"role":"assistant","content":"hë"},"done":false}\n' +
  '{"model":"llama","message":{"role":"assistant","content":"llo"},"done":true,"prompt_eval_count":3,"eval_count":2}\n'
const EVENT_BODY = join([
  eventMessage('messageStart', { role: 'assistant' }),
  eventMessage('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'hëllo' } }),
  eventMessage('messageStop', { stopReason: 'end_turn' }),
  eventMessage('metadata', { usage: { inputTokens: 1, outputTokens: 2, totalTokens: 3 } }),
])
const converse = bedrock({ path: '/model/anthropic.claude/converse-stream', search: '' })

describe('an answer is read by its content type', () => {
  const ROWS: readonly (readonly [type: string, body: Uint8Array | string, dialect: Dialect])[] = [
    ['application/json', JSON_BODY, openaiChat],
    ['application/json; charset=utf-8', JSON_BODY, openaiChat],
    ['Application/JSON', JSON_BODY, openaiChat],
    ['application/problem+json', JSON_BODY, openaiChat],
    ['', JSON_BODY, openaiChat],
    ['text/event-stream', SSE_BODY, openaiChat],
    [' text/event-stream ;charset=utf-8', SSE_BODY, openaiChat],
    ['TEXT/EVENT-STREAM', SSE_BODY, openaiChat],
    ['application/x-ndjson', NDJSON_BODY, ollama],
    ['application/ndjson', NDJSON_BODY, ollama],
    ['application/jsonl', NDJSON_BODY, ollama],
    ['application/stream+json', NDJSON_BODY, ollama],
    ['application/vnd.amazon.eventstream', EVENT_BODY, converse],
  ]
  for (const [type, body, dialect] of ROWS) {
    test(type === '' ? 'none at all' : type, async () => {
      const read = await readAs(body, type, { dialect })
      expect([textOf(read, dialect), read.isComplete, read.notes]).toEqual(['hëllo', true, []])
    })
  }

  test('a JSON array is a stream of chunks (Gemini without SSE)', async () => {
    const part = (text: string, more = {}): unknown => ({
      candidates: [{ content: { role: 'model', parts: [{ text }] }, ...more }],
    })
    const read = await readAs(JSON.stringify([part('hë'), part('llo', { finishReason: 'STOP' })]), 'application/json', {
      dialect: gemini,
    })
    expect([textOf(read, gemini), read.isComplete, read.notes]).toEqual(['hëllo', true, []])
    expect(await readAs('[]', 'application/json', { dialect: gemini })).toEqual({ body: null, isComplete: true, notes: [] })
  })

  test('anything else is only counted, and nothing of it is kept', async () => {
    for (const type of [
      'audio/mpeg',
      'application/octet-stream',
      'text/html',
      'image/png',
      'text/plain',
      'application/jsonx',
    ]) {
      expect(await readAs(JSON_BODY, type)).toEqual({ body: null, isComplete: true, notes: [] })
    }
  })
})

describe('a JSON body', () => {
  test('may come in pieces, cut inside a character', async () => {
    const all = bytes(JSON_BODY)
    const inside = all.indexOf(0xc3) + 1
    expect(textOf(await readAs([all.subarray(0, inside), all.subarray(inside)], 'application/json'))).toBe('hëllo')
    expect(
      textOf(
        await readAs(
          Array.from(all, (byte) => new Uint8Array([byte])),
          'application/json',
        ),
      ),
    ).toBe('hëllo')
  })

  const ODD: readonly (readonly [why: string, body: string, notes: readonly string[]])[] = [
    ['that is empty has nothing to say', '', []],
    ['that is no JSON is named', '<html>', ['response.not_json']],
    ['that broke off is named', JSON_BODY.slice(0, -1), ['response.not_json']],
    ['that is a text is named', '"hello"', ['response.not_json']],
    ['that is null is named', 'null', ['response.not_json']],
  ]
  for (const [why, body, notes] of ODD) {
    test(why, async () => expect(await readAs(body, 'application/json')).toEqual({ body: null, isComplete: true, notes }))
  }

  test('that is nested too deeply is given up before it is parsed', async () => {
    const deep = bytes(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)
    const read: AnswerRead = { body: null, isComplete: true, notes: ['response.nested_too_deeply'] }
    expect(await readAs(deep, 'application/json')).toEqual(read)
    expect(await readAs([deep.subarray(0, 9), deep.subarray(9)], 'application/json')).toEqual(read)
  })

  test('is read up to the limit, and given up beyond it', async () => {
    const padded = (length: number): Uint8Array => bytes(`{"model":"${'x'.repeat(length - 12)}"}`)
    const atLimit = padded(JSON_BYTES_MAX)
    expect(atLimit.byteLength).toBe(JSON_BYTES_MAX)
    expect((await readAs([atLimit.subarray(0, 9), atLimit.subarray(9)], 'application/json')).notes).toEqual([])
    const over = padded(JSON_BYTES_MAX + 1)
    const read = await readAs([over.subarray(0, 9), over.subarray(9), bytes('x')], 'application/json')
    expect(read).toEqual({ body: null, isComplete: true, notes: ['response.too_large_to_read'] })
  })

  test('has no first content before its end', () => {
    const reader = createAnswerReader(openaiChat, 'application/json', null, none)
    reader.push(bytes(JSON_BODY))
    expect(reader.hasContent()).toBe(false)
  })
})

describe('a stream', () => {
  test('has content from the first event that carries some', () => {
    const reader = createAnswerReader(openaiChat, 'text/event-stream', null, none)
    reader.push(bytes('data: {"choices":[{"index":0,"delta":{"role":"assistant"}}]}\n\n'))
    expect(reader.hasContent()).toBe(false)
    reader.push(bytes('data: {"choices":[{"index":0,"delta":{"content":"x"}}]}\n'))
    expect(reader.hasContent()).toBe(false)
    reader.push(bytes('\n'))
    expect(reader.hasContent()).toBe(true)
  })

  test('without any end mark is not complete', async () => {
    const read = await readAs(SSE_BODY.split('data: {"choices"')[0] ?? '', 'text/event-stream')
    expect([textOf(read), read.isComplete]).toEqual(['hë', false])
    expect((await readAs('', 'text/event-stream')).isComplete).toBe(false)
  })

  test('is complete by the framing’s end mark, or by the dialect’s', async () => {
    expect((await readAs('data: [DONE]\n\n', 'text/event-stream')).isComplete).toBe(true)
    expect((await readAs(SSE_BODY.replace('data: [DONE]\n\n', ''), 'text/event-stream')).isComplete).toBe(true)
  })

  test('names how many events could not be read, and reads the rest', async () => {
    const read = await readAs(`data: {oops\n\n${SSE_BODY}data: also no JSON\n\n`, 'text/event-stream')
    expect([textOf(read), read.notes]).toEqual(['hëllo', ['response.unread_events:2']])
  })

  test('takes a last event without its blank line', async () => {
    const read = await readAs(
      'data: {"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}]}',
      'text/event-stream',
    )
    expect([textOf(read), read.isComplete]).toEqual(['x', true])
  })
})

describe('a compressed answer', () => {
  type Coding = readonly [encoding: string, pack: (body: Uint8Array) => Uint8Array, adapters: readonly Decompress[]]
  const both = [webDecompress, nodeDecompress]
  const CODINGS: readonly Coding[] = [
    ['gzip', (body) => zlib.gzipSync(body), both],
    ['GZIP', (body) => zlib.gzipSync(body), both],
    ['x-gzip', (body) => zlib.gzipSync(body), both],
    ['deflate', (body) => zlib.deflateSync(body), both],
    ['br', (body) => zlib.brotliCompressSync(body), [nodeDecompress]],
    ['zstd', (body) => zlib.zstdCompressSync(body), [nodeDecompress]],
  ]
  for (const [encoding, pack, adapters] of CODINGS) {
    for (const decompress of adapters) {
      const by = decompress === webDecompress ? 'the web' : 'node:zlib'
      test(`in ${encoding} is read by ${by}, whatever its pieces`, async () => {
        for (const [body, type, dialect] of [
          [bytes(JSON_BODY), 'application/json', openaiChat],
          [bytes(SSE_BODY), 'text/event-stream', openaiChat],
          [bytes(NDJSON_BODY), 'application/x-ndjson', ollama],
          [EVENT_BODY, 'application/vnd.amazon.eventstream', converse],
        ] as const) {
          const packed = pack(body)
          for (const size of [1, 7, packed.byteLength]) {
            const pieces = Array.from({ length: Math.ceil(packed.byteLength / size) }, (_, i) =>
              packed.subarray(i * size, (i + 1) * size),
            )
            const read = await readAs(pieces, type, { dialect, encoding, decompress })
            expect([type, size, textOf(read, dialect), read.isComplete, read.notes]).toEqual([type, size, 'hëllo', true, []])
          }
        }
      })
    }
  }

  test('by the compression stream of the web is read too', async () => {
    const packing = new Blob([SSE_BODY]).stream().pipeThrough(new CompressionStream('gzip'))
    const packed = new Uint8Array(await new Response(packing).arrayBuffer())
    for (const decompress of both) {
      const read = await readAs(packed, 'text/event-stream', { encoding: 'gzip', decompress })
      expect([textOf(read), read.notes]).toEqual(['hëllo', []])
    }
  })

  test('that is not compressed is read as it is', async () => {
    for (const encoding of ['identity', 'Identity', ' identity ', '']) {
      expect(textOf(await readAs(JSON_BODY, 'application/json', { encoding }))).toBe('hëllo')
    }
  })

  test('in an encoding that nobody here knows is named, and its bytes are let go', async () => {
    for (const encoding of ['compress', 'gzip, br', 'aws-chunked', `x${'y'.repeat(100)}`]) {
      const reader = createAnswerReader(openaiChat, 'application/json', encoding, nodeDecompress)
      reader.push(bytes('x'))
      expect(reader.hasContent()).toBe(false)
      expect(await reader.finish()).toEqual({
        body: null,
        isComplete: true,
        notes: [`response.encoding_unknown:${encoding.slice(0, 32)}`],
      })
    }
  })

  for (const decompress of both) {
    const by = decompress === webDecompress ? 'the web' : 'node:zlib'
    test(`that is broken is named (${by})`, async () => {
      const packed = zlib.gzipSync(bytes(SSE_BODY))
      const cases: readonly Uint8Array[] = [
        bytes('no gzip at all, but long enough to be looked at'),
        packed.subarray(0, packed.byteLength - 9),
        packed.subarray(0, 5),
        new Uint8Array(0),
        Uint8Array.from(packed, (byte, i) => (i === 20 ? byte ^ 0xff : byte)),
      ]
      for (const body of cases) {
        const read = await readAs(body, 'text/event-stream', { encoding: 'gzip', decompress })
        expect(read.notes).toContain('response.encoding_broken')
      }
    })

    test(`that breaks off keeps what was read before (${by})`, async () => {
      const long = Array.from(
        { length: 2_000 },
        (_, i) => `data: {"model":"m${i}","choices":[{"index":0,"delta":{"content":"${Math.random()}"}}]}\n\n`,
      ).join('')
      const packed = zlib.gzipSync(bytes(long))
      const read = await readAs(packed.subarray(0, packed.byteLength / 2), 'text/event-stream', {
        encoding: 'gzip',
        decompress,
      })
      expect(read.notes).toContain('response.encoding_broken')
      expect([read.isComplete, textOf(read).length > 1_000]).toEqual([false, true])
    })

    test(`that unpacks to a huge one is given up, and the rest is not unpacked (${by})`, async () => {
      // 96 MB of white space in about 100 KB.
      const bomb = zlib.gzipSync(Buffer.alloc(96 * 1024 * 1024, 0x20))
      let unpacked = 0
      const counting: Decompress = (encoding) => {
        const pair = decompress(encoding)
        if (pair === null) return null
        const count = new TransformStream<Uint8Array, Uint8Array>({
          transform: (chunk, controller) => {
            unpacked += chunk.byteLength
            controller.enqueue(chunk)
          },
        })
        return { readable: pair.readable.pipeThrough(count), writable: pair.writable }
      }
      const read = await readAs(bomb, 'text/event-stream', { encoding: 'gzip', decompress: counting })
      expect([read.isComplete, read.notes]).toEqual([true, ['response.too_large_to_read']])
      expect(unpacked).toBeGreaterThan(DECODED_BYTES_MAX)
      expect(unpacked).toBeLessThan(DECODED_BYTES_MAX + 8 * 1024 * 1024)
    }, 20_000)
  }

  test('that was given up says so once', async () => {
    const bomb = zlib.gzipSync(Buffer.alloc(80 * 1024 * 1024, 0x20))
    const read = await readAs(bomb, 'application/json', { encoding: 'gzip', decompress: nodeDecompress })
    expect(read.notes).toEqual(['response.too_large_to_read'])
  }, 20_000)

  test('takes no further bytes once it is broken', async () => {
    const reader = createAnswerReader(openaiChat, 'text/event-stream', 'gzip', webDecompress)
    reader.push(bytes('this is no gzip at all'))
    await turn(5)
    for (let i = 0; i < 100; i += 1) reader.push(bytes('more'))
    expect((await reader.finish()).notes).toEqual(['response.encoding_broken'])
  })

  test('has content once it is unpacked', async () => {
    const reader = createAnswerReader(openaiChat, 'text/event-stream', 'gzip', nodeDecompress)
    reader.push(zlib.gzipSync(bytes(SSE_BODY)))
    expect(reader.hasContent()).toBe(false)
    await reader.finish()
    expect(reader.hasContent()).toBe(true)
  })
})

describe('a bug in a dialect', () => {
  function broken(where: 'push' | 'body'): Dialect {
    return {
      ...openaiChat,
      assemble: (onDelta) => {
        const inner = openaiChat.assemble(onDelta)
        const fail = (): never => {
          throw new TypeError('bug')
        }
        return { ...inner, ...(where === 'push' ? { push: fail } : { body: fail }) }
      },
    }
  }

  function pushed(reader: AnswerReader): AnswerReader {
    for (const chunk of [bytes(SSE_BODY), bytes(SSE_BODY)]) reader.push(chunk)
    return reader
  }

  for (const where of ['push', 'body'] as const) {
    test(`in ${where} never reaches the caller’s answer, and is named`, async () => {
      for (const encoding of [null, 'gzip']) {
        const reader = createAnswerReader(broken(where), 'text/event-stream', encoding, nodeDecompress)
        if (encoding === null) pushed(reader)
        else reader.push(zlib.gzipSync(bytes(SSE_BODY)))
        expect(await reader.finish()).toEqual({ body: null, isComplete: true, notes: ['response.reader_failed'] })
      }
    })
  }
})
