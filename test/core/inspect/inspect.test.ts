import { describe, expect, test } from 'bun:test'
import type { Dialect } from '../../../src/core/dialects/dialect.ts'
import { openaiChat } from '../../../src/core/dialects/openai-chat.ts'
import { inspect, PARSED_BYTES_MAX, type Inspected } from '../../../src/core/inspect/inspect.ts'
import { bytes } from '../../support/fakes.ts'

const TARGET = { path: '/v1/chat/completions', search: '' }
const BOM = [0xef, 0xbb, 0xbf]

function read(
  body: Uint8Array | string | null,
  headers: { readonly [name: string]: string } = {},
  dialect: Dialect = openaiChat,
): Inspected {
  return inspect(typeof body === 'string' ? bytes(body) : body, new Headers(headers), dialect, TARGET)
}

/** A chat of `length` bytes. */
function padded(length: number): Uint8Array {
  const body = new Uint8Array(length).fill(0x20)
  body.set(bytes(CHAT))
  return body
}

const CHAT = '{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}'

describe('a JSON body is read', () => {
  const BODIES: readonly (readonly [why: string, body: Uint8Array | string, headers?: { readonly [name: string]: string }])[] =
    [
      ['as it is', CHAT],
      ['with white space before it', `\r\n\t ${CHAT}`],
      ['with a byte order mark', new Uint8Array([...BOM, ...bytes(CHAT)])],
      ['with a byte order mark and white space', new Uint8Array([...BOM, ...bytes(`\n ${CHAT}`)])],
      ['under a wrong content-type', CHAT, { 'content-type': 'text/plain' }],
      ['under a content-encoding of nothing', CHAT, { 'content-encoding': 'identity' }],
      ['under a content-encoding of nothing, shouted', CHAT, { 'content-encoding': ' Identity ' }],
      ['with unknown fields', CHAT.replace('{', '{"new_field":{"a":[1]},')],
      [
        'as part of a larger buffer',
        new Uint8Array([...bytes('xx'), ...bytes(CHAT), ...bytes('yy')]).subarray(2, 2 + CHAT.length),
      ],
    ]
  for (const [why, body, headers] of BODIES) {
    test(why, () => {
      const { view, unread, inspection } = read(body, headers)
      expect([view.model, unread]).toEqual(['gpt-4o', null])
      expect(inspection().segments.map((segment) => segment.text)).toEqual(['hi'])
    })
  }

  test('with invalid UTF-8 as replacement characters', () => {
    const body = bytes(CHAT.replace('hi', 'h_'))
    body[body.indexOf(0x5f)] = 0xff
    expect(read(body).inspection().segments[0]?.text).toBe('h\ufffd')
  })
})

describe('a body that cannot be read is named, and fails nothing', () => {
  const BODIES: readonly (readonly [
    why: string,
    body: Uint8Array | string | null,
    unread: string | null,
    headers?: { readonly [name: string]: string },
  ])[] = [
    ['no body', null, null],
    ['an empty body', '', null],
    ['an empty body that says it is compressed', '', null, { 'content-encoding': 'gzip' }],
    ['a form', 'a=1&b=2', 'request.not_json'],
    ['a multipart upload', '--xyz\r\ncontent-disposition: form-data\r\n\r\n{}', 'request.not_json'],
    ['JSON that breaks off', CHAT.slice(0, -1), 'request.not_json'],
    ['JSON with text behind it', `${CHAT}x`, 'request.not_json'],
    ['a bare JSON text', '"hi"', 'request.not_json'],
    ['only white space', ' \n', 'request.not_json'],
    ['only a byte order mark', new Uint8Array(BOM), 'request.not_json'],
    ['a byte that begins like a mark', new Uint8Array([0xef, 0x7b, 0x7d]), 'request.not_json'],
    ['a byte order mark that breaks off', new Uint8Array([0xef, 0xbb]), 'request.not_json'],
    ['UTF-16', new Uint8Array(new Uint16Array([0xfeff, 0x7b, 0x7d]).buffer), 'request.not_json'],
    ['a compressed body', CHAT, 'request.encoded', { 'content-encoding': 'gzip' }],
    ['a body compressed twice', CHAT, 'request.encoded', { 'content-encoding': 'gzip, identity' }],
    ['an array', `[${CHAT}]`, null],
  ]
  for (const [why, body, unread, headers] of BODIES) {
    test(why, () => {
      const outcome = read(body, headers)
      expect([outcome.unread, outcome.view.model, outcome.view.isStreaming]).toEqual([unread, null, false])
      expect(outcome.inspection().segments).toEqual([])
    })
  }

  test('a body over the limit, and not one at it', () => {
    expect(read(padded(PARSED_BYTES_MAX + 1)).unread).toBe('request.too_large_to_read')
    expect(read(padded(PARSED_BYTES_MAX)).view.model).toBe('gpt-4o')
  })

  test('a body nested deeper than a stack', () => {
    const deep = `{"model":"gpt-4o","metadata":${'['.repeat(200_000)}${']'.repeat(200_000)},"tools":[${'['.repeat(200_000)}${']'.repeat(200_000)}]}`
    const outcome = read(deep)
    expect([outcome.unread, outcome.view.model]).toEqual(['request.nested_too_deeply', null])
    expect(() => outcome.inspection()).not.toThrow()
  })
})

test('segments are computed once, and only when someone asks', () => {
  let runs = 0
  const counting: Dialect = {
    ...openaiChat,
    readRequest: (body, target) => {
      const view = openaiChat.readRequest(body, target)
      return {
        ...view,
        inspect: () => {
          runs += 1
          return view.inspect()
        },
      }
    },
  }
  const { inspection } = read(CHAT, {}, counting)
  expect(runs).toBe(0)
  expect(inspection()).toBe(inspection())
  expect(runs).toBe(1)
})

test('the dialect is given the body and the place where it went', () => {
  const seen: unknown[] = []
  const spying: Dialect = {
    ...openaiChat,
    readRequest: (body, target) => {
      seen.push(body, target)
      return openaiChat.readRequest(body, target)
    },
  }
  read('{"a":1}', {}, spying)
  read('no json', {}, spying)
  expect(seen).toEqual([{ a: 1 }, TARGET, undefined, TARGET])
})

test('a bug in a dialect fails no call: nothing is inspected, and that is named', () => {
  const broken: Dialect = {
    ...openaiChat,
    readRequest: (body, target) => ({
      ...openaiChat.readRequest(body, target),
      inspect: () => {
        throw new TypeError('bug')
      },
    }),
  }
  const { view, inspection } = read(CHAT, {}, broken)
  expect([view.model, inspection()] as unknown).toEqual([
    'gpt-4o',
    { segments: [], uninspected: [{ pointer: '', reason: 'reader failed' }] },
  ])
})
