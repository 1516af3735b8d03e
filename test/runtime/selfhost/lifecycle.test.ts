/** One process from start to end on each runtime: streams finish, traces stay, a store that is away costs nobody a call. */
import { afterEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startSqld } from '../../stores/sqld.ts'
import { gzip, json, sse, startFakeUpstream, type FakeUpstream } from '../../support/fake-upstream.ts'
import { ask, askJson, open } from '../../support/http.ts'
import { startGateway, type RunningGateway } from '../gateways.ts'

const CHAT = JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: 'hi' }] })
const STREAM = JSON.stringify({ model: 'gpt-4o', stream: true, messages: [{ role: 'user', content: 'hi' }] })
const JSON_HEADERS = { 'content-type': 'application/json' }
const ANSWER = {
  object: 'chat.completion',
  model: 'gpt-4o',
  choices: [{ index: 0, message: { role: 'assistant', content: 'ok' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
}
const chunk = (content: string) => ({
  data: {
    id: 'c',
    object: 'chat.completion.chunk',
    model: 'gpt-4o',
    choices: [{ index: 0, delta: { content }, finish_reason: null }],
  },
})

const toClose: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const close of toClose.splice(0).toReversed()) await close()
})

async function upstreamAnd(runtime: 'bun' | 'node' | 'deno', env: { readonly [name: string]: string } = {}, dataDir?: string) {
  const upstream: FakeUpstream = await startFakeUpstream()
  toClose.push(() => upstream.close())
  const gateway: RunningGateway = await startGateway(runtime, {
    env: { LLMTRACE_UPSTREAM_URL: upstream.url, ...env },
    ...(dataDir === undefined ? {} : { dataDir }),
  })
  toClose.push(() => gateway.dispose())
  return { upstream, gateway }
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'llmtrace-life-'))
  toClose.push(() => rmSync(path, { recursive: true, force: true }))
  return path
}

async function total(gateway: RunningGateway, path = '/api/v1/spans'): Promise<number> {
  return ((await askJson(gateway.url + path)).json as { total: number }).total
}

async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    if (await holds()) return
    await Bun.sleep(50)
  }
  throw new Error(`never: ${what}`)
}

for (const runtime of ['bun', 'node', 'deno'] as const) {
  describe(`a process on ${runtime}`, () => {
    test('told to stop finishes the stream in flight, writes every span and exits with 0', async () => {
      const dataDir = folder()
      const { upstream, gateway } = await upstreamAnd(runtime, { LLMTRACE_CAPTURE_WINDOW_MS: '60000' }, dataDir)
      upstream.respond((request) =>
        (request.json() as { stream?: boolean }).stream === true
          ? sse([chunk('one'), { delayMs: 700 }, chunk(' two'), { data: '[DONE]' }])
          : json(ANSWER),
      )
      for (let i = 0; i < 5; i += 1) await ask(`${gateway.url}/v1/chat/completions`, { body: CHAT, headers: JSON_HEADERS })
      const { response } = await open(`${gateway.url}/v1/chat/completions`, { body: STREAM, headers: JSON_HEADERS })
      const exit = gateway.stop(10_000)
      let text = ''
      for await (const piece of response) text += String(piece)
      expect(response.complete).toBe(true)
      expect(text).toContain('[DONE]')
      expect((await exit).code).toBe(0)
      const again = await startGateway(runtime, { env: { LLMTRACE_UPSTREAM_URL: upstream.url }, dataDir })
      toClose.push(() => again.dispose())
      expect(await total(again)).toBe(6)
    }, 40_000)
  })
}

for (const runtime of ['bun', 'node', 'deno'] as const) {
  describe(`the last answers of a process on ${runtime}`, () => {
    test('leave their spans: compressed ones, and streams that the deadline cuts', async () => {
      const dataDir = folder()
      const { upstream, gateway } = await upstreamAnd(runtime, { LLMTRACE_SHUTDOWN_TIMEOUT_SECONDS: '2' }, dataDir)
      const packed = await gzip(json(ANSWER, { headDelayMs: 400 }))
      upstream.respond((request) =>
        (request.json() as { stream?: boolean }).stream === true ? sse([chunk('one'), 'stall']) : packed,
      )
      const stalled = await Promise.all(
        Array.from({ length: 4 }, () => open(`${gateway.url}/v1/chat/completions`, { body: STREAM, headers: JSON_HEADERS })),
      )
      await Promise.all(stalled.map(({ response }) => new Promise((resolve) => response.once('data', resolve))))
      const answers = Array.from({ length: 8 }, () =>
        ask(`${gateway.url}/v1/chat/completions`, { body: CHAT, headers: JSON_HEADERS }),
      )
      await upstream.request(11)
      const exit = gateway.stop(15_000)
      expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200))
      expect((await exit).code).toBe(0)
      const again = await startGateway(runtime, { env: { LLMTRACE_UPSTREAM_URL: upstream.url }, dataDir })
      toClose.push(() => again.dispose())
      expect([await total(again, '/api/v1/spans?status=ok'), await total(again, '/api/v1/spans?status=cancelled')]).toEqual([
        8, 4,
      ])
    }, 40_000)
  })
}

describe('the trace store', () => {
  test('that goes away costs nobody a call; what it missed is written when it is back', async () => {
    const dir = folder()
    const first = await startSqld({ dir })
    const { upstream, gateway } = await upstreamAnd('bun', { LLMTRACE_STORAGE_LIBSQL_URL: first.url })
    upstream.respond(() => json(ANSWER))
    await ask(`${gateway.url}/v1/chat/completions`, { body: CHAT, headers: JSON_HEADERS })
    await until(async () => (await total(gateway)) === 1, 'the first span is stored')
    await first.stop()
    for (let i = 0; i < 3; i += 1) {
      expect((await ask(`${gateway.url}/v1/chat/completions`, { body: CHAT, headers: JSON_HEADERS })).status).toBe(200)
    }
    await until(
      async () => ((await askJson(`${gateway.url}/health`)).json as { status: string }).status === 'degraded',
      'health says degraded',
    )
    const query = await ask(`${gateway.url}/api/v1/spans`)
    expect(query.status).toBe(503)
    expect(query.headers['retry-after']).toBeDefined()
    const second = await startSqld({ dir, port: first.port })
    toClose.push(() => second.stop())
    await until(
      async () => (await ask(`${gateway.url}/api/v1/spans`)).status === 200 && (await total(gateway)) === 4,
      'all spans are stored',
    )
    expect(((await askJson(`${gateway.url}/health`)).json as { status: string }).status).toBe('healthy')
  }, 40_000)
})

describe('keys', () => {
  test('in mode required a root key is made once, kept for its owner alone, and never sent upstream', async () => {
    const dataDir = folder()
    const { upstream, gateway } = await upstreamAnd('bun', { LLMTRACE_AUTH_MODE: 'required' }, dataDir)
    upstream.respond(() => json(ANSWER))
    const key = /llmt_\S+/.exec(gateway.output())?.[0] ?? ''
    expect(key.length).toBeGreaterThan(40)
    expect(statSync(join(dataDir, 'root.key')).mode & 0o777).toBe(0o600)
    const bare = await askJson(`${gateway.url}/v1/messages`, { body: CHAT, headers: JSON_HEADERS })
    expect(bare.status).toBe(401)
    expect(bare.json).toMatchObject({ type: 'error', error: { type: 'authentication_error', code: 'auth.required' } })
    expect((await ask(`${gateway.url}/api/v1/traces`)).status).toBe(401)
    const own = await ask(`${gateway.url}/v1/chat/completions`, {
      body: CHAT,
      headers: { ...JSON_HEADERS, 'x-llmtrace-key': key, authorization: 'Bearer sk-own' },
    })
    expect(own.status).toBe(200)
    const inPlace = await ask(`${gateway.url}/v1/chat/completions`, {
      body: CHAT,
      headers: { ...JSON_HEADERS, authorization: `Bearer ${key}` },
    })
    expect(inPlace.status).toBe(200)
    expect(upstream.requests.map((request) => request.header('authorization'))).toEqual(['Bearer sk-own', null])
    expect(JSON.stringify(upstream.requests.map(({ headers }) => headers))).not.toContain(key)
    await until(
      async () => (await ask(`${gateway.url}/api/v1/spans`, { headers: { authorization: `Bearer ${key}` } })).status === 200,
      'the root key asks',
    )
    const again = await startGateway('bun', {
      env: { LLMTRACE_UPSTREAM_URL: upstream.url, LLMTRACE_AUTH_MODE: 'required' },
      dataDir: folder(),
    })
    toClose.push(() => again.dispose())
    expect(again.output()).not.toContain(key)
  }, 30_000)

  test('of a provider come from the variable that is named, go to it alone, and are in no log', async () => {
    const providers = (url: string) =>
      JSON.stringify({ openai: { base_url: url, credential_env: 'OWN_OPENAI_KEY' }, groq: { base_url: url } })
    const upstream = await startFakeUpstream()
    toClose.push(() => upstream.close())
    const gateway = await startGateway('bun', {
      env: {
        LLMTRACE_PROVIDERS: providers(upstream.url),
        OWN_OPENAI_KEY: 'sk-canary-0123456789',
        LLMTRACE_LOGGING_LEVEL: 'debug',
      },
    })
    toClose.push(() => gateway.dispose())
    upstream.respond(() => json(ANSWER))
    await ask(`${gateway.url}/v1/chat/completions`, {
      body: CHAT,
      headers: { ...JSON_HEADERS, authorization: 'Bearer anything' },
    })
    await ask(`${gateway.url}/p/groq/v1/chat/completions`, {
      body: CHAT,
      headers: { ...JSON_HEADERS, authorization: 'Bearer gsk-own' },
    })
    expect(upstream.requests.map((request) => request.header('authorization'))).toEqual([
      'Bearer sk-canary-0123456789',
      'Bearer gsk-own',
    ])
    const unknown = await askJson(`${gateway.url}/p/nobody/v1/chat/completions`, { body: CHAT, headers: JSON_HEADERS })
    expect(unknown.status).toBe(400)
    expect(unknown.json).toMatchObject({ error: { code: 'request.provider_unknown', provider: 'nobody' } })
    await until(async () => (await total(gateway)) === 3, 'all calls are kept')
    const all = JSON.stringify((await askJson(`${gateway.url}/api/v1/spans`)).json)
    expect(all + gateway.output()).not.toContain('sk-canary')
  }, 30_000)
})

describe('prices', () => {
  test('of the price file are read again without a restart', async () => {
    const path = join(folder(), 'prices.yaml')
    writeFileSync(path, 'gpt-4o: { input_per_million: 250000, output_per_million: 250000 }\n')
    const { upstream, gateway } = await upstreamAnd('bun', { LLMTRACE_PRICING_FILE: path })
    upstream.respond(() => json(ANSWER))
    const costOf = async (): Promise<unknown> => {
      const answer = await ask(`${gateway.url}/v1/chat/completions`, { body: CHAT, headers: JSON_HEADERS })
      let span: unknown
      await until(async () => {
        const found = await askJson(`${gateway.url}/api/v1/spans/${String(answer.headers['x-llmtrace-span-id'])}`)
        span = found.json
        return found.status === 200
      }, 'the span is stored')
      return (span as { estimated_cost_usd: unknown }).estimated_cost_usd
    }
    expect(await costOf()).toBe(0.5)
    writeFileSync(path, 'gpt-4o: { input_per_million: 750000, output_per_million: 750000 } # dearer\n')
    await until(async () => (await costOf()) === 1.5, 'the new price holds')
    writeFileSync(path, 'gpt-4o: { input_per_million: oops }\n')
    await until(async () => gateway.output().includes('pricing.file_kept_old'), 'the wrong file is told')
    expect(await costOf()).toBe(1.5)
  }, 40_000)
})

describe('the circuit breaker', () => {
  test('pauses a provider that keeps failing, says for how long, and lets a probe through', async () => {
    const { upstream, gateway } = await upstreamAnd('bun', {
      LLMTRACE_CIRCUIT_BREAKER_FAILURE_THRESHOLD: '3',
      LLMTRACE_CIRCUIT_BREAKER_RECOVERY_TIMEOUT_MS: '500',
    })
    upstream.respond(() => json({ error: { message: 'down' } }, { status: 503 }))
    for (let i = 0; i < 3; i += 1) await ask(`${gateway.url}/v1/chat/completions`, { body: CHAT, headers: JSON_HEADERS })
    const paused = await askJson(`${gateway.url}/v1/chat/completions`, { body: CHAT, headers: JSON_HEADERS })
    expect(paused.status).toBe(503)
    expect(paused.answer.headers['retry-after']).toBe('1')
    expect(paused.json).toMatchObject({ error: { code: 'upstream.refused' } })
    expect(upstream.requests.length).toBe(3)
    expect((await askJson(`${gateway.url}/health`)).json).toMatchObject({ status: 'degraded' })
    upstream.respond(() => json(ANSWER))
    await until(
      async () => (await ask(`${gateway.url}/v1/chat/completions`, { body: CHAT, headers: JSON_HEADERS })).status === 200,
      'a probe succeeds',
    )
    expect((await askJson(`${gateway.url}/health`)).json).toMatchObject({ status: 'healthy' })
  }, 30_000)
})

test('metrics count what was seen, and the API documents itself', async () => {
  const { upstream, gateway } = await upstreamAnd('bun')
  upstream.respond(() => json(ANSWER))
  await ask(`${gateway.url}/v1/chat/completions`, { body: CHAT, headers: JSON_HEADERS })
  await until(async () => (await total(gateway)) === 1, 'the span is stored')
  const metrics = new TextDecoder().decode((await ask(`${gateway.url}/metrics`)).body)
  expect(metrics).toContain('llmtrace_requests_total{provider="openai",model="gpt-4o",status_code="200",status="ok"} 1')
  expect(metrics).toContain('llmtrace_tokens_total{direction="prompt",provider="openai",model="gpt-4o"} 1')
  expect(metrics).toContain('llmtrace_spans{state="stored"} 1')
  expect(metrics).toContain('llmtrace_active_connections 0')
  expect((await askJson(`${gateway.url}/openapi.json`)).json).toMatchObject({ openapi: expect.any(String) })
  expect((await ask(`${gateway.url}/docs`)).status).toBe(200)
  expect((await ask(`${gateway.url}/live`)).status).toBe(200)
})
