/**
 * What every runtime's gateway must do, seen from outside: a fake upstream on one side, an HTTP client on the other, the query API for
 * what was kept. Run by `gateway.{bun,node,deno,workerd}.test.ts`.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { dialectOfPath } from '../../src/core/dialects/registry.ts'
import { visibleText } from '../../src/core/domain/segment.ts'
import { startGateway, type RunningGateway, type Runtime } from '../runtime/gateways.ts'
import { eventStreamBytes } from '../support/event-stream.ts'
import {
  brotli,
  bytesOf,
  error,
  gzip,
  json,
  neverAnswer,
  plan,
  raw,
  sse,
  startFakeUpstream,
  type FakeUpstream,
} from '../support/fake-upstream.ts'
import { ask, askJson, open } from '../support/http.ts'
import { cut, describeWithData, recordedStreams, sseBytes, type Recorded } from '../support/recorded.ts'

const FIRST_BYTE_MS = 1_500
const IDLE_MS = 1_500
const BODY_BYTES_MAX = 1_048_576

const CHAT_ANSWER = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'gpt-4o-2024-08-06',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Grüße aus Köln 👋' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100, prompt_tokens_details: { cached_tokens: 200 } },
}
const CHAT = { model: 'gpt-4o', messages: [{ role: 'user', content: 'Say hello' }] }
const JSON_HEADERS = { 'content-type': 'application/json' }

type Span = { readonly [field: string]: unknown }

export function describeGateway(runtime: Runtime): void {
  describe(`gateway on ${runtime}`, () => {
    let upstream: FakeUpstream
    let gateway: RunningGateway

    beforeAll(async () => {
      upstream = await startFakeUpstream()
      gateway = await startGateway(runtime, {
        env: {
          LLMTRACE_UPSTREAM_URL: upstream.url,
          LLMTRACE_UPSTREAM_FIRST_BYTE_TIMEOUT_MS: String(FIRST_BYTE_MS),
          LLMTRACE_UPSTREAM_IDLE_TIMEOUT_MS: String(IDLE_MS),
          LLMTRACE_LIMITS_MAX_REQUEST_BYTES: String(BODY_BYTES_MAX),
          LLMTRACE_CIRCUIT_BREAKER_ENABLED: 'false',
          LLMTRACE_GUARD_CUSTOM_RULES: JSON.stringify([{ id: 'bluebird', pattern: 'project bluebird', severity: 'medium' }]),
        },
      })
    }, 60_000)
    afterAll(async () => {
      await gateway?.dispose()
      await upstream?.close()
    }, 30_000)
    beforeEach(() => upstream.reset())

    function post(path: string, body: unknown, headers: { readonly [name: string]: string } = {}) {
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      return ask(gateway.url + path, { body: text, headers: { ...JSON_HEADERS, ...headers } })
    }

    /** The span as the API gives it: it is stored a moment after the answer ended. */
    async function spanOf(
      headers: { readonly [name: string]: unknown },
      more: { readonly [name: string]: string } = {},
    ): Promise<Span> {
      const spanId = String(headers['x-llmtrace-span-id'])
      for (let tries = 0; ; tries += 1) {
        const { status, json: span } = await askJson(`${gateway.url}/api/v1/spans/${spanId}`, { headers: more })
        if (status === 200) return span as Span
        if (tries >= 500) throw new Error(`span ${spanId} was never stored: ${JSON.stringify(span)}\n${gateway.output()}`)
        await Bun.sleep(10)
      }
    }

    describe('an unstreamed call', () => {
      test('passes status, headers and body untouched in both directions', async () => {
        upstream.respond(() =>
          json(CHAT_ANSWER, {
            status: 201,
            headers: [
              ['Content-Type', 'application/json'],
              ['X-Request-Id', 'req_1'],
              ['Set-Cookie', 'a=1'],
              ['Set-Cookie', 'b=2'],
              ['Openai-Processing-Ms', '12'],
            ],
          }),
        )
        const body = `{ "model":"gpt-4o",  "messages":[{"role":"user","content":"h\\u00e9"}], "future_field": {"x": [1, 2.50, 1e3]} }`
        const answer = await post('/v1/chat/completions?beta=a%2Fb&x=1', body, {
          authorization: 'Bearer sk-own',
          'x-custom': 'kept',
          'x-llmtrace-tags': 'a=b',
          'x-llmtrace-tenant-id': 'acme',
        })
        expect(answer.status).toBe(201)
        expect(new TextDecoder().decode(answer.body)).toBe(JSON.stringify(CHAT_ANSWER))
        expect(answer.headers['x-request-id']).toBe('req_1')
        expect(answer.headers['openai-processing-ms']).toBe('12')
        expect(answer.headers['set-cookie']).toEqual(['a=1', 'b=2'])
        const sent = await upstream.request(0)
        expect(sent.method).toBe('POST')
        expect(sent.path).toBe('/v1/chat/completions?beta=a%2Fb&x=1')
        expect(new TextDecoder().decode(sent.body)).toBe(body)
        expect(sent.header('authorization')).toBe('Bearer sk-own')
        expect(sent.header('x-custom')).toBe('kept')
        expect(sent.header('host')).toBe(new URL(upstream.url).host)
        expect(sent.headers.filter(([name]) => name.toLowerCase().startsWith('x-llmtrace'))).toEqual([])
      })

      test('is kept with text, usage by class, cost, timing and attribution', async () => {
        upstream.respond(() =>
          json(CHAT_ANSWER, {
            headers: [
              ['content-type', 'application/json'],
              ['x-request-id', 'req_7'],
            ],
          }),
        )
        const own = {
          'x-llmtrace-tenant-id': 'acme',
          'x-llmtrace-agent-id': 'planner',
          'x-llmtrace-user-id': 'u-1',
          'x-llmtrace-session-id': 's-1',
          'x-llmtrace-tags': 'env=test, team=blue',
        }
        const answer = await post('/v1/chat/completions', { ...CHAT, temperature: 0.2 }, own)
        const span = await spanOf(answer.headers, { 'x-llmtrace-tenant-id': 'acme' })
        expect(span).toMatchObject({
          tenant_id: 'acme',
          agent_id: 'planner',
          user_id: 'u-1',
          session_id: 's-1',
          tags: { env: 'test', team: 'blue' },
          operation_name: 'chat',
          dialect: 'openai-chat',
          provider: 'openai',
          model_name: 'gpt-4o-2024-08-06',
          request_model: 'gpt-4o',
          status: 'ok',
          status_code: 200,
          finish_reason: 'stop',
          request_id: 'req_7',
          prompt_tokens: 1000,
          completion_tokens: 100,
          total_tokens: 1100,
          usage: { input: 800, cache_read: 200, cache_write: 0, output: 100, reasoning: 0 },
          // 800 × 2.5 + 200 × 1.25 + 100 × 10 USD a million tokens.
          estimated_cost_usd: 0.00325,
          response: 'Grüße aus Köln 👋',
          parameters: { temperature: 0.2 },
        })
        expect(span['prompt']).toContain('Say hello')
        expect(span['duration_ms']).toBeGreaterThan(0)
        expect(span['trace_id']).toBe(String(answer.headers['x-llmtrace-trace-id']))
      })

      test('of another tenant is a 404', async () => {
        upstream.respond(() => json(CHAT_ANSWER))
        const answer = await post('/v1/chat/completions', CHAT, { 'x-llmtrace-tenant-id': 'acme' })
        await spanOf(answer.headers, { 'x-llmtrace-tenant-id': 'acme' })
        const { status } = await askJson(`${gateway.url}/api/v1/spans/${String(answer.headers['x-llmtrace-span-id'])}`, {
          headers: { 'x-llmtrace-tenant-id': 'other' },
        })
        expect(status).toBe(404)
      })

      test('joins the trace of the caller', async () => {
        upstream.respond(() => json(CHAT_ANSWER))
        const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
        const answer = await post('/v1/chat/completions', CHAT, { traceparent })
        expect(answer.headers['x-llmtrace-trace-id']).toBe('4bf92f35-77b3-4da6-a3ce-929d0e0e4736')
        expect(await spanOf(answer.headers)).toMatchObject({ parent_span_id: '00f067aa0ba902b7' })
        // The span joins; the provider is not told of the caller's own tracing.
        expect((await upstream.request(0)).header('traceparent')).toBeNull()
      })

      test('that the upstream refuses passes untouched and is kept with its message', async () => {
        const refusal = { error: { message: 'Rate limit reached', type: 'requests', code: 'rate_limit_exceeded', param: null } }
        upstream.respond(() =>
          error(429, refusal, {
            headers: [
              ['content-type', 'application/json'],
              ['retry-after', '7'],
            ],
          }),
        )
        const answer = await post('/v1/chat/completions', CHAT)
        expect(answer.status).toBe(429)
        expect(answer.headers['retry-after']).toBe('7')
        expect(JSON.parse(new TextDecoder().decode(answer.body))).toEqual(refusal)
        expect(await spanOf(answer.headers)).toMatchObject({
          status: 'error',
          status_code: 429,
          error_message: 'Rate limit reached',
          estimated_cost_usd: null,
        })
      })

      test('with a body that is not JSON is forwarded untouched and noted', async () => {
        upstream.respond(() => error(400, { error: { message: 'bad json', type: 'invalid_request_error' } }))
        const answer = await post('/v1/chat/completions', '{"model": "gpt-4o", "messages": [')
        expect(answer.status).toBe(400)
        expect(new TextDecoder().decode((await upstream.request(0)).body)).toBe('{"model": "gpt-4o", "messages": [')
        expect((await spanOf(answer.headers))['notes']).toContain('request.not_json')
      })

      test('of no known dialect is proxied and kept', async () => {
        upstream.respond(() =>
          plan({
            status: 200,
            headers: [['content-type', 'audio/mpeg']],
            chunks: [new Uint8Array([0, 255, 1, 254])],
            framing: 'length',
          }),
        )
        const answer = await post('/v1/audio/speech', { model: 'tts-1', input: 'hello', voice: 'alloy' })
        expect([...answer.body]).toEqual([0, 255, 1, 254])
        expect(await spanOf(answer.headers)).toMatchObject({
          dialect: 'opaque',
          operation_name: 'audio',
          model_name: 'tts-1',
          status: 'ok',
        })
      })

      test('may use any method, and answers without a body stay so', async () => {
        upstream.respond((request) =>
          request.method === 'DELETE' ? plan({ status: 204, framing: 'close' }) : json({ method: request.method }),
        )
        expect((await ask(`${gateway.url}/v1/files/f-1`, { method: 'DELETE' })).status).toBe(204)
        const put = await ask(`${gateway.url}/v1/anything`, { method: 'PUT', body: 'x' })
        expect(JSON.parse(new TextDecoder().decode(put.body))).toEqual({ method: 'PUT' })
        const listed = await ask(`${gateway.url}/v1/models`)
        expect(JSON.parse(new TextDecoder().decode(listed.body))).toEqual({ method: 'GET' })
      })

      test('that is redirected is not followed', async () => {
        upstream.respond(() =>
          plan({ status: 302, headers: [['location', 'http://127.0.0.1:1/elsewhere']], framing: 'length' }),
        )
        const answer = await post('/v1/chat/completions', CHAT)
        expect(answer.status).toBe(302)
        expect(answer.headers['location']).toBe('http://127.0.0.1:1/elsewhere')
        expect(upstream.requests.length).toBe(1)
      })
    })

    describe('what a rule of the configuration finds', () => {
      test('is listed with its span and where it stands in the text', async () => {
        upstream.respond(() => json(CHAT_ANSWER))
        const { status, headers } = await post(
          '/v1/chat/completions',
          { ...CHAT, messages: [{ role: 'user', content: 'Tell of Project Bluebird.' }] },
          { 'x-llmtrace-agent-id': 'birdwatcher' },
        )
        expect(status).toBe(200)
        const span = await spanOf(headers)
        const asked = 'type=custom_rule&severity=medium&min_confidence=0.9&agent_id=birdwatcher&limit=1'
        const { json: page } = await askJson(`${gateway.url}/api/v1/security/findings?${asked}`)
        expect(page).toMatchObject({
          data: [
            {
              category: 'custom',
              rule_id: 'custom.bluebird',
              location: '/messages/0/content',
              range: { start_utf16: 8, end_utf16: 24 },
              span_id: span['span_id'],
              trace_id: span['trace_id'],
              model_name: 'gpt-4o-2024-08-06',
              agent_id: 'birdwatcher',
            },
          ],
          total: 1,
          next_cursor: null,
        })
      })

      test('is found in a scan too, which leaves no span', async () => {
        const count = async (): Promise<unknown> =>
          ((await askJson(`${gateway.url}/api/v1/security/findings`)).json as { total: number }).total
        const before = await count()
        const { status, json: body } = await askJson(`${gateway.url}/api/v1/guard/scan`, {
          body: JSON.stringify({ inputs: [{ text: 'a robin' }, { text: 'Project Bluebird', origin: 'tool_result' }] }),
          headers: JSON_HEADERS,
        })
        expect([status, body]).toMatchObject([
          200,
          {
            results: [
              { score: 0, verdict: 'pass', findings: [] },
              { score: 0, verdict: 'pass', findings: [{ rule_id: 'custom.bluebird', location: '/inputs/1/text' }] },
            ],
          },
        ])
        expect(await count()).toBe(before)
        expect(upstream.requests.length).toBe(0)
      })
    })

    describe('a compressed answer', () => {
      for (const encoding of ['gzip', 'br'] as const) {
        test(`in ${encoding} is passed on ${runtime === 'workerd' ? 'equal after decoding' : 'byte for byte'} and captured decoded`, async () => {
          const made = await (encoding === 'gzip' ? gzip : brotli)(json(CHAT_ANSWER))
          upstream.respond(() => made)
          const answer = await post('/v1/chat/completions', CHAT, { 'accept-encoding': encoding })
          expect((await upstream.request(0)).header('accept-encoding')).toContain(encoding)
          if (runtime === 'workerd') {
            expect(answer.headers['content-encoding'] ?? null).toBeNull()
            expect(JSON.parse(new TextDecoder().decode(answer.body))).toEqual(CHAT_ANSWER)
          } else {
            expect(answer.headers['content-encoding']).toBe(encoding)
            expect(
              Buffer.from(answer.body).equals(Buffer.concat(made.chunks.filter((piece) => piece instanceof Uint8Array))),
            ).toBe(true)
          }
          expect(await spanOf(answer.headers)).toMatchObject({ response: 'Grüße aus Köln 👋', total_tokens: 1100 })
        })
      }
    })

    describe('a streamed call', () => {
      const CHUNK = (delta: unknown, more: object = {}) => ({
        data: {
          id: 'c',
          object: 'chat.completion.chunk',
          created: 1,
          model: 'gpt-4o',
          choices: [{ index: 0, delta, finish_reason: null }],
          ...more,
        },
      })

      test('arrives as it is sent, event by event', async () => {
        upstream.respond(() =>
          sse([CHUNK({ role: 'assistant', content: 'Hel' }), { delayMs: 400 }, CHUNK({ content: 'lo' }), { data: '[DONE]' }]),
        )
        const { response } = await open(`${gateway.url}/v1/chat/completions`, {
          body: JSON.stringify({ ...CHAT, stream: true }),
          headers: JSON_HEADERS,
        })
        const arrivals: { at: number; text: string }[] = []
        for await (const chunk of response) arrivals.push({ at: performance.now(), text: String(chunk) })
        const first = arrivals.find(({ text }) => text.includes('Hel'))
        const second = arrivals.find(({ text }) => text.includes('"lo"'))
        expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(200)
        const span = await spanOf(response.headers)
        expect(span).toMatchObject({ is_streaming: true, response: 'Hello', status: 'ok' })
        expect(span['time_to_first_token_ms']).toBeLessThan(span['duration_ms'] as number)
      })

      test('without reported usage is priced by an estimate and says so', async () => {
        upstream.respond(() => sse([CHUNK({ content: 'Hello there' }), { data: '[DONE]' }]))
        const answer = await post('/v1/chat/completions', { ...CHAT, stream: true })
        expect(await spanOf(answer.headers)).toMatchObject({ cost: { status: 'estimated' } })
      })

      test('that the caller leaves is cancelled upstream within a second and kept as cancelled', async () => {
        // workerd learns of it at its next write; elsewhere the socket tells, also while the upstream is silent.
        const rest =
          runtime === 'workerd'
            ? Array.from({ length: 50 }, () => [{ delayMs: 100 }, { data: {} }]).flat()
            : (['stall'] as const)
        upstream.respond(() => sse([CHUNK({ content: 'one' }), ...rest]))
        const { response, leave } = await open(`${gateway.url}/v1/chat/completions`, {
          body: JSON.stringify({ ...CHAT, stream: true }),
          headers: JSON_HEADERS,
        })
        await new Promise((resolve) => response.once('data', resolve))
        const left = performance.now()
        leave()
        const outcome = await (await upstream.request(0)).ended
        expect(outcome.kind).toBe('aborted')
        expect(outcome.at - left).toBeLessThan(1_000)
        expect(await spanOf(response.headers)).toMatchObject({ status: 'cancelled', response: 'one' })
      })

      for (const [how, last, note] of [
        ['dies', 'die', 'response.died'],
        ['falls silent', 'stall', 'response.idle'],
      ] as const) {
        test(`whose upstream ${how} in mid-stream never ends cleanly`, async () => {
          upstream.respond(() => sse([CHUNK({ content: 'partial' }), { delayMs: 50 }, last]))
          const answer = await post('/v1/chat/completions', { ...CHAT, stream: true })
          expect(answer.isComplete).toBe(false)
          const span = await spanOf(answer.headers)
          expect(span).toMatchObject({ status: 'incomplete', response: 'partial' })
          expect(span['notes']).toContain(note)
        }, 15_000)
      }

      test('that ends without its end mark is kept as incomplete', async () => {
        upstream.respond(() => sse([CHUNK({ content: 'partial' })]))
        const answer = await post('/v1/chat/completions', { ...CHAT, stream: true })
        expect(answer.isComplete).toBe(true)
        expect(await spanOf(answer.headers)).toMatchObject({ status: 'incomplete', response: 'partial' })
      })
    })

    describe('an upstream in trouble', () => {
      test('that announces more bytes than it sends is a 502, since nothing was passed on yet', async () => {
        upstream.respond(() =>
          plan({
            headers: [['content-type', 'application/json']],
            chunks: [bytesOf('{"id":')],
            framing: { contentLength: 100 },
          }),
        )
        const {
          status,
          json: body,
          answer,
        } = await askJson(`${gateway.url}/v1/chat/completions`, {
          body: JSON.stringify(CHAT),
          headers: JSON_HEADERS,
        })
        expect(status).toBe(502)
        expect(body).toMatchObject({ error: { code: 'upstream.unreachable' } })
        expect(await spanOf(answer.headers)).toMatchObject({ status: 'incomplete', status_code: 200 })
      })

      test('that announces more bytes of a long answer than it sends never ends cleanly', async () => {
        upstream.respond(() =>
          plan({
            headers: [['content-type', 'application/octet-stream']],
            chunks: [new Uint8Array(2_000_000)],
            framing: { contentLength: 3_000_000 },
          }),
        )
        const answer = await post('/v1/files/f/content', CHAT)
        expect(answer.isComplete).toBe(false)
        expect(await spanOf(answer.headers)).toMatchObject({ status: 'incomplete' })
      })

      test('that sends no head in time is a 504 in the dialect of the caller', async () => {
        upstream.respond(() => neverAnswer())
        const {
          status,
          json: body,
          answer,
        } = await askJson(`${gateway.url}/v1/messages`, {
          body: JSON.stringify({ model: 'claude-sonnet-4-5', max_tokens: 5, messages: [] }),
          headers: JSON_HEADERS,
        })
        expect(status).toBe(504)
        expect(body).toMatchObject({ type: 'error', error: { type: 'timeout_error', code: 'upstream.timeout' } })
        expect(await spanOf(answer.headers)).toMatchObject({
          status: 'error',
          error_code: 'upstream.timeout',
          provider: 'anthropic',
        })
      }, 15_000)

      test('that switches protocols unasked is a 502 and is kept', async () => {
        upstream.respond(() => raw(bytesOf('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n')))
        const { status, json: body, answer } = await askJson(`${gateway.url}/v1/models`)
        expect(status).toBe(502)
        expect(body).toMatchObject({ error: { code: 'upstream.unreachable' } })
        expect(await spanOf(answer.headers)).toMatchObject({ status: 'error' })
      })

      test('that resets the connection before a head is a 502 and is kept', async () => {
        upstream.respond(() => plan({ head: 'die' }))
        const {
          status,
          json: body,
          answer,
        } = await askJson(`${gateway.url}/v1/chat/completions`, { body: JSON.stringify(CHAT), headers: JSON_HEADERS })
        expect(status).toBe(502)
        expect(body).toMatchObject({ error: { code: 'upstream.unreachable', type: 'api_error', param: null } })
        expect(await spanOf(answer.headers)).toMatchObject({ status: 'error', error_code: 'upstream.unreachable' })
      })
    })

    describe('a request out of bounds', () => {
      const big = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'x'.repeat(BODY_BYTES_MAX) }] })
      for (const [path, expected] of [
        ['/v1/chat/completions', { error: { code: 'request.too_large', limit_bytes: BODY_BYTES_MAX } }],
        ['/v1/messages', { type: 'error', error: { type: 'request_too_large', code: 'request.too_large' } }],
      ] as const) {
        test(`is a 413 in the dialect of ${path}, and nothing is sent`, async () => {
          const { status, json: body } = await askJson(gateway.url + path, { body: big, headers: JSON_HEADERS })
          expect(status).toBe(413)
          expect(body).toMatchObject(expected)
          expect(upstream.requests.length).toBe(0)
        })
      }

      test('in an attribution header is a 400 that names it', async () => {
        const { status, json: body } = await askJson(`${gateway.url}/v1/chat/completions`, {
          body: JSON.stringify(CHAT),
          headers: { ...JSON_HEADERS, 'x-llmtrace-agent-id': 'a'.repeat(129) },
        })
        expect(status).toBe(400)
        expect(JSON.stringify(body)).toContain('X-LLMTrace-Agent-ID')
      })

      test('that is meant for us is never proxied, also where there is nothing', async () => {
        for (const path of ['/v1/traces', '/mcp', '/dashboard/x', '/favicon.ico', '/api/v1/nothing', '/health']) {
          const { status } = await ask(gateway.url + path, { body: '{}', headers: JSON_HEADERS })
          expect([path, status]).toEqual([path, 404])
        }
        expect(upstream.requests.length).toBe(0)
      })

      test('of a browser that navigates is never proxied', async () => {
        const { status } = await ask(`${gateway.url}/v1/models`, { headers: { 'sec-fetch-mode': 'navigate' } })
        expect(status).toBe(404)
        expect(upstream.requests.length).toBe(0)
      })
    })

    describeWithData('recorded provider streams', () => {
      for (const recorded of recordedStreams().filter((each) => each.chunks.length > 0)) {
        const wire = wireOf(recorded)
        if (wire === null) continue
        test(`${recorded.provider}/${recorded.api}/${recorded.name} passes byte for byte and is captured`, async () => {
          const pieces = cut(wire.bytes, seedOf(recorded.name), 12)
          upstream.respond(() =>
            plan({ headers: [['content-type', wire.contentType]], chunks: [...pieces], framing: 'chunked' }),
          )
          const answer = await post(wire.path, wire.request, { 'x-llmtrace-provider': wire.provider })
          expect(Buffer.from(answer.body).equals(Buffer.from(wire.bytes))).toBe(true)
          const expected = expectedOf(wire, recorded)
          const span = await spanOf(answer.headers)
          expect(span['response'] ?? '').toBe(expected.text)
          expect(span['finish_reason']).toBe(expected.finishReason)
          expect((span['agent_actions'] as { name: string }[]).map(({ name }) => name)).toEqual(expected.tools)
          expect(span['provider']).toBe(wire.provider)
          if (expected.hasUsage) expect(span['total_tokens']).toBeGreaterThan(0)
        })
      }
    })
  })
}

type Wire = {
  readonly path: string
  readonly provider: string
  readonly contentType: string
  readonly request: object
  readonly bytes: Uint8Array
}

const PROVIDER: { readonly [folder: string]: string } = { 'amazon-bedrock': 'bedrock', 'openai-compatible': 'vllm' }

/** How each recording went over the wire; null for realtime sessions, which are no HTTP streams. */
function wireOf({ provider: folder, api, name, chunks }: Recorded): Wire | null {
  const provider = PROVIDER[folder] ?? folder
  const sseWire = (
    path: string,
    withEvent: boolean,
    withDone: boolean,
    request: object = { model: 'm', stream: true },
  ): Wire => ({
    path,
    provider,
    contentType: 'text/event-stream; charset=utf-8',
    request,
    bytes: sseBytes(chunks, { withEvent, withDone }),
  })
  if (/realtime|live-speech/.test(name)) return null
  if (folder === 'amazon-bedrock') {
    return {
      path: '/model/amazon.nova-lite-v1%3A0/converse-stream',
      provider,
      contentType: 'application/vnd.amazon.eventstream',
      request: { messages: [] },
      bytes: eventStreamBytes(chunks),
    }
  }
  if (folder === 'google')
    return sseWire('/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse', false, false, { contents: [] })
  if (folder === 'anthropic') return sseWire('/v1/messages', true, false)
  if (folder === 'cohere') return sseWire('/v2/chat', true, false)
  if (api === 'responses' || folder === 'azure')
    return sseWire(folder === 'azure' ? '/openai/v1/responses' : '/v1/responses', true, false)
  return sseWire('/v1/chat/completions', false, true)
}

/** What the dialect reads out of the whole stream at once: the gateway, which saw it in pieces, must have kept the same. */
function expectedOf(wire: Wire, recorded: Recorded) {
  const [path = '', search = ''] = wire.path.split('?')
  const { dialect } = dialectOfPath({ path, search: search === '' ? '' : `?${search}` })
  const assembler = dialect.assemble(null)
  for (const chunk of recorded.chunks) assembler.push({ event: null, data: JSON.parse(chunk) as unknown })
  const body = assembler.body()
  const view = dialect.readAnswer(body ?? {})
  return {
    text: visibleText(view.segments),
    finishReason: view.finishReason,
    tools: view.toolCalls.map(({ name }) => name),
    hasUsage: body !== null && (body['usage'] != null || body['usageMetadata'] != null),
  }
}

function seedOf(name: string): number {
  return [...name].reduce((seed, char) => (seed * 31 + (char.codePointAt(0) ?? 0)) | 0, 7)
}
