import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import Anthropic, * as anthropic from '@anthropic-ai/sdk'
import { calcPrice } from '@pydantic/genai-prices'
import { Ollama } from 'ollama'
import OpenAI, * as openai from 'openai'
import { asArray, asRecord, asString } from '../../src/core/domain/json.ts'
import { startDemoProvider, type DemoProvider } from '../../src/cli/demo/provider.ts'
import { createDeck, createRandom } from '../../src/cli/demo/random.ts'
import { decodeReply, encodeReply, PLAIN_REPLY, piecesOf, REPLY_HEADER, type Reply } from '../../src/cli/demo/reply.ts'
import { createCast, SLOTS } from '../../src/cli/demo/scene.ts'
import { AGENTS, runDemoTraffic } from '../../src/cli/demo/traffic.ts'
import { answeringModel } from '../../src/cli/demo/wire.ts'
import { plan, startFakeUpstream } from '../support/fake-upstream.ts'
import { refusingUrl } from '../support/ports.ts'

let provider: DemoProvider
beforeAll(async () => {
  provider = await startDemoProvider({ pace: 'fast' })
})
afterAll(() => provider.close())

function scripted(reply: Partial<Reply>): { readonly headers: { readonly [name: string]: string } } {
  return { headers: { [REPLY_HEADER]: encodeReply(reply) } }
}

const WEATHER = {
  type: 'object' as const,
  properties: { city: { type: 'string' }, days: { type: 'integer' } },
  required: ['city'],
}
const CALLS = [
  { id: 'call_1', name: 'get_weather', arguments: { city: 'Graz' } },
  { id: 'call_2', name: 'get_weather', arguments: { city: 'Gdańsk "old town"' } },
]
const SAY = 'Grüße aus Graz – 晴れ、二十度です。'

function openaiClient(): OpenAI {
  return new OpenAI({ apiKey: 'demo', baseURL: `${provider.baseUrl}/v1`, maxRetries: 0 })
}

function anthropicClient(): Anthropic {
  return new Anthropic({ apiKey: 'demo', baseURL: provider.baseUrl, maxRetries: 0 })
}

function ollamaClient(reply: Partial<Reply> = {}): Ollama {
  return new Ollama({ host: provider.baseUrl, ...scripted(reply) })
}

/** What a call was rejected with; null where it was not. */
async function failureOf(call: PromiseLike<unknown>): Promise<unknown> {
  return await call.then(
    () => null,
    (reason: unknown) => reason,
  )
}

async function embed(input: string, encoding: 'float' | 'base64' | null): Promise<readonly number[]> {
  const format = encoding === null ? {} : { encoding_format: encoding }
  const answer = await openaiClient().embeddings.create({ model: 'text-embedding-3-small', input, dimensions: 8, ...format })
  return answer.data[0]?.embedding ?? []
}

describe('the OpenAI SDK reads the demo provider', () => {
  test('a chat answer with its usage', async () => {
    const answer = await openaiClient().chat.completions.create(
      { model: 'gpt-5', messages: [{ role: 'user', content: 'hello' }] },
      scripted({ text: SAY, reasoning: 'a thought or two', cacheRead: 0.5 }),
    )
    expect(answer.choices[0]?.message.content).toBe(SAY)
    expect(answer.choices[0]?.finish_reason).toBe('stop')
    const { usage } = answer
    expect(usage?.total_tokens).toBe((usage?.prompt_tokens ?? 0) + (usage?.completion_tokens ?? 0))
    expect(usage?.completion_tokens_details?.reasoning_tokens).toBeGreaterThan(0)
    expect(usage?.prompt_tokens_details?.cached_tokens).toBeGreaterThan(0)
  })

  test('a chat stream in pieces, with usage only where it is asked for', async () => {
    for (const include_usage of [true, false]) {
      const chunks = await Array.fromAsync(
        await openaiClient().chat.completions.create(
          {
            model: 'gpt-4o-mini',
            stream: true,
            messages: [{ role: 'user', content: 'hi' }],
            stream_options: { include_usage },
          },
          scripted({ text: SAY }),
        ),
      )
      const texts = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').filter((text) => text !== '')
      expect(texts.length).toBeGreaterThan(3)
      expect(texts.join('')).toBe(SAY)
      expect(chunks.filter((chunk) => chunk.usage).length).toBe(include_usage ? 1 : 0)
    }
  })

  test('two tool calls, whole and streamed', async () => {
    const body = {
      model: 'gpt-4.1',
      messages: [{ role: 'user' as const, content: 'weather?' }],
      tools: [{ type: 'function' as const, function: { name: 'get_weather', parameters: WEATHER } }],
    }
    const reply = scripted({ toolCalls: CALLS })
    const whole = (await openaiClient().chat.completions.create(body, reply)).choices[0]
    const streamed = (await openaiClient().chat.completions.stream(body, reply).finalChatCompletion()).choices[0]
    for (const choice of [whole, streamed]) {
      expect(choice?.finish_reason).toBe('tool_calls')
      const calls = (choice?.message.tool_calls ?? []).flatMap((call) => (call.type === 'function' ? [call] : []))
      expect(calls.map((call) => [call.id, JSON.parse(call.function.arguments)])).toEqual(
        CALLS.map((call) => [call.id, call.arguments]),
      )
    }
  })

  test('Responses, whole and streamed', async () => {
    const reply = scripted({ text: SAY, reasoning: 'hm', toolCalls: CALLS.slice(0, 1) })
    const body = { model: 'gpt-5', input: 'weather?' }
    const whole = await openaiClient().responses.create(body, reply)
    const stream = openaiClient().responses.stream(body, reply)
    const deltas: string[] = []
    stream.on('response.output_text.delta', (event) => deltas.push(event.delta))
    const streamed = await stream.finalResponse()
    expect(deltas.length).toBeGreaterThan(3)
    for (const answer of [whole, streamed]) {
      expect(answer.output_text).toBe(SAY)
      expect(answer.output.map((item) => item.type)).toEqual(['reasoning', 'message', 'function_call'])
      expect(answer.usage?.output_tokens_details.reasoning_tokens).toBeGreaterThan(0)
    }
  })

  test('embeddings, always the same for the same text and of length 1', async () => {
    const vector = await embed('one', null)
    expect(vector.length).toBe(8)
    expect(vector.reduce((sum, value) => sum + value * value, 0)).toBeCloseTo(1, 5)
    expect((await embed('one', 'float')).map((value) => Math.fround(value))).toEqual([...vector])
    expect(await embed('two', null)).not.toEqual(vector)
  })

  const errors = [
    [400, openai.BadRequestError],
    [401, openai.AuthenticationError],
    [429, openai.RateLimitError],
    [500, openai.InternalServerError],
  ] as const
  for (const [status, type] of errors) {
    test(`${status} is its typed error`, async () => {
      const call = openaiClient().chat.completions.create(
        { model: 'gpt-5', messages: [] },
        scripted({ error: { status, message: 'oh no' } }),
      )
      expect(await failureOf(call)).toBeInstanceOf(type)
    })
  }

  test('the list of models', async () => {
    expect((await openaiClient().models.list()).data.map((model) => model.id)).toContain('gpt-5')
  })
})

describe('the Anthropic SDK reads the demo provider', () => {
  const body = { model: 'claude-sonnet-5', max_tokens: 4096, messages: [{ role: 'user' as const, content: 'weather?' }] }

  test('thinking, text and tool use, whole and streamed', async () => {
    const reply = scripted({ text: SAY, reasoning: 'first look outside', toolCalls: CALLS, cacheWrite: 0.5 })
    const asked = { ...body, thinking: { type: 'enabled' as const, budget_tokens: 1024 } }
    const whole = await anthropicClient().messages.create(asked, reply)
    const stream = anthropicClient().messages.stream(asked, reply)
    let thinking = ''
    stream.on('thinking', (delta) => (thinking += delta))
    const streamed = await stream.finalMessage()
    expect(thinking).toBe('first look outside')
    for (const message of [whole, streamed]) {
      expect(message.content.map((block) => block.type)).toEqual(['thinking', 'text', 'tool_use', 'tool_use'])
      expect(message.content.flatMap((block) => (block.type === 'tool_use' ? [block.input] : []))).toEqual(
        CALLS.map((call) => call.arguments),
      )
      expect(message.stop_reason).toBe('tool_use')
      expect(message.usage.cache_creation_input_tokens).toBeGreaterThan(0)
      expect(message.usage.output_tokens).toBeGreaterThan(5)
    }
  })

  test('a cap cuts the answer and says so', async () => {
    const message = await anthropicClient().messages.create(
      { ...body, max_tokens: 2 },
      scripted({ text: 'one two three four' }),
    )
    expect([message.stop_reason, message.content]).toEqual(['max_tokens', [{ type: 'text', text: 'one two' }]] as never)
  })

  test('tokens are counted', async () => {
    expect(
      (await anthropicClient().messages.countTokens({ model: body.model, messages: body.messages })).input_tokens,
    ).toBeGreaterThan(1)
  })

  const errors = [
    [400, anthropic.BadRequestError],
    [401, anthropic.AuthenticationError],
    [429, anthropic.RateLimitError],
    [529, anthropic.InternalServerError],
  ] as const
  for (const [status, type] of errors) {
    test(`${status} is its typed error`, async () => {
      expect(
        await failureOf(anthropicClient().messages.create(body, scripted({ error: { status, message: 'oh no' } }))),
      ).toBeInstanceOf(type)
    })
  }
})

describe('the Ollama client reads the demo provider', () => {
  const messages = [{ role: 'user', content: 'hi' }]

  test('chat, whole and streamed, with thinking and a tool call', async () => {
    const reply = { text: SAY, reasoning: 'hm, hm', toolCalls: CALLS }
    const whole = await ollamaClient(reply).chat({ model: 'qwen3:8b', messages, think: true })
    expect([whole.message.content, whole.message.thinking, whole.done_reason]).toEqual([SAY, 'hm, hm', 'stop'])
    const parts = await Array.fromAsync(
      await ollamaClient(reply).chat({ model: 'qwen3:8b', messages, think: true, stream: true }),
    )
    expect(parts.map((part) => part.message.content).join('')).toBe(SAY)
    expect(parts.map((part) => part.message.thinking ?? '').join('')).toBe('hm, hm')
    expect(parts.at(-1)?.eval_count).toBe(whole.eval_count)
    const calls = parts.flatMap((part) => part.message.tool_calls ?? [])
    expect(calls.map((call) => call.function.arguments)).toEqual(CALLS.map((call) => call.arguments))
  })

  test('generate, embed, the list of models and an error', async () => {
    expect((await ollamaClient({ text: SAY }).generate({ model: 'llama3.2', prompt: 'hi' })).response).toBe(SAY)
    const parts = await Array.fromAsync(
      await ollamaClient({ text: SAY }).generate({ model: 'llama3.2', prompt: 'hi', stream: true }),
    )
    expect(parts.map((part) => part.response).join('')).toBe(SAY)
    expect((await ollamaClient().embed({ model: 'nomic-embed-text', input: ['a', 'b'] })).embeddings.length).toBe(2)
    expect((await ollamaClient().list()).models.length).toBeGreaterThan(0)
    await expect(ollamaClient({ error: { status: 500, message: 'oh no' } }).chat({ model: 'x', messages })).rejects.toThrow(
      'oh no',
    )
  })
})

describe('a call that nobody scripted', () => {
  test('uses the tool on offer once and then speaks', async () => {
    const tools = [{ type: 'function' as const, function: { name: 'get_weather', parameters: WEATHER } }]
    const question = { role: 'user' as const, content: 'Sun in Graz?' }
    const first = (await openaiClient().chat.completions.create({ model: 'gpt-5', messages: [question], tools })).choices[0]
      ?.message
    const call = first?.tool_calls?.[0]
    expect(call?.type === 'function' && JSON.parse(call.function.arguments)).toEqual({ city: 'Sun in Graz?', days: 1 })
    const result = { role: 'tool' as const, tool_call_id: call?.id ?? '', content: '20 degrees' }
    const second = await openaiClient().chat.completions.create({
      model: 'gpt-5',
      messages: [question, first as never, result],
      tools,
    })
    expect(second.choices[0]?.message.content).toContain('20 degrees')
  })

  test('follows the schema that the answer shall have', async () => {
    const schema = {
      type: 'object',
      properties: { tags: { type: 'array', items: { type: 'string' } }, kind: { enum: ['a', 'b'] } },
    }
    const answer = await openaiClient().chat.completions.create({
      model: 'gpt-5',
      messages: [{ role: 'user', content: 'plums' }],
      response_format: { type: 'json_schema', json_schema: { name: 'it', schema } },
    })
    expect(JSON.parse(answer.choices[0]?.message.content ?? '')).toEqual({ tags: ['plums'], kind: 'a' })
  })

  test('that is no JSON or goes nowhere is refused in the dialect of its path', async () => {
    const bad = await fetch(`${provider.baseUrl}/v1/messages`, { method: 'POST', body: 'no json' })
    expect([bad.status, asRecord(await bad.json())?.['type']]).toEqual([400, 'error'])
    expect((await fetch(`${provider.baseUrl}/nowhere`)).status).toBe(404)
    expect((await fetch(`${provider.baseUrl}/nowhere`, { method: 'POST', body: '{}' })).status).toBe(404)
  })
})

test('at a human pace the answer takes its time, and a client that leaves ends it', async () => {
  const slow = await startDemoProvider()
  const client = new OpenAI({ apiKey: 'demo', baseURL: `${slow.baseUrl}/v1` })
  const ask = { model: 'gpt-5', stream: true as const, messages: [] }
  const start = performance.now()
  const text = 'ten little tokens take a while to be said aloud'
  const stream = await client.chat.completions.create(ask, scripted({ text, firstTokenMs: 50, tokensPerSecond: 100 }))
  await Array.fromAsync(stream)
  expect(performance.now() - start).toBeGreaterThan(50 + 10 * 0.4 * 10)
  const endless = await client.chat.completions.create(ask, scripted({ text: text.repeat(100), tokensPerSecond: 50 }))
  for await (const _ of endless) break
  await slow.close()
})

describe('replies in a header', () => {
  test('come back as they were written', () => {
    const reply: Reply = {
      ...PLAIN_REPLY,
      text: SAY,
      toolCalls: CALLS,
      error: { status: 429, message: 'ü' },
      tokensPerSecond: 4,
      cacheRead: 0.5,
    }
    expect(encodeReply(reply)).toMatch(/^[A-Za-z0-9_-]+$/)
    expect(decodeReply(encodeReply(reply))).toEqual(reply)
  })

  test('that are none count as absent', () => {
    for (const header of ['', 'a b', 'AAAAA', encodeReply([] as never), '!!!!']) expect(decodeReply(header)).toBeNull()
  })

  test('pieces join to the text, whatever it is', () => {
    for (const text of ['', ' ', SAY, 'a\n\n  b ', '👩‍👩‍👧 family', 'x'.repeat(99)]) expect(piecesOf(text).join('')).toBe(text)
  })
})

describe('the scenes', () => {
  test('use only slots that exist, and keep one value for each in a session', () => {
    const used = [...JSON.stringify(AGENTS).matchAll(/(?<!\\p)\{(\w+)\}/g)].map((match) => match[1] ?? '')
    expect([...new Set(used)].filter((slot) => !SLOTS.includes(slot))).toEqual([])
    const cast = createCast(createRandom(3))
    expect(cast.fill('{order} {city}')).toBe(cast.fill('{order} {city}'))
    expect(createCast(createRandom(4)).fill('{order} {email}')).not.toBe(createCast(createRandom(5)).fill('{order} {email}'))
  })

  test('ask only for tools that their agent has, with all of the arguments', () => {
    for (const agent of AGENTS) {
      for (const use of agent.scenes.flat().flatMap((turn) => (turn.uses ?? []).flat())) {
        const tool = agent.tools.find((tool) => tool.name === use.tool)
        expect([agent.id, use.tool, Object.keys(use.arguments)]).toEqual([
          agent.id,
          tool?.name ?? '',
          [...(tool?.parameters ?? [])],
        ])
      }
    }
  })

  test('run on models whose price is known, except the local ones', () => {
    for (const agent of AGENTS.filter((agent) => !agent.api.startsWith('ollama'))) {
      const providerId = agent.api === 'anthropic' ? 'anthropic' : 'openai'
      for (const model of agent.models.flatMap((model) => [model, answeringModel(model)])) {
        const price = calcPrice({ input_tokens: 1000, output_tokens: 1000 }, model, { providerId })
        expect([model, (price?.total_price ?? 0) > 0]).toEqual([model, true])
      }
    }
  })

  test('a deck deals every card once before it repeats one', () => {
    const deal = createDeck(['a', 'b', 'c', 'd'], createRandom(1))
    for (let round = 0; round < 5; round++) expect([deal(), deal(), deal(), deal()].sort()).toEqual(['a', 'b', 'c', 'd'])
  })
})

describe('the traffic', () => {
  test('goes through without a failure and shows every kind of call', async () => {
    const upstream = await startFakeUpstream()
    const seen = new Set<string>()
    const paths = new Set<string>()
    // Stands between traffic and provider, as the gateway will.
    upstream.respond(async (request) => {
      const body = asRecord(request.json()) ?? {}
      const headers = request.headers.filter(([name]) => !/^(host|content-length|connection|accept-encoding)$/i.test(name))
      const reply = decodeReply(request.header(REPLY_HEADER) ?? '')
      const answer = await fetch(`${provider.baseUrl}${request.path}`, {
        method: 'POST',
        headers: headers.map(([name, value]): [string, string] => [name, value]),
        body: request.text(),
      })
      paths.add(request.path)
      seen.add(`status ${answer.status}`)
      seen.add(`tenant ${request.header('x-llmtrace-tenant-id') ?? 'default'}`)
      seen.add(`agent ${request.header('x-llmtrace-agent-id') ?? ''}`)
      if (request.header('traceparent') !== null) seen.add('trace')
      if (body['stream'] === true) seen.add('stream')
      if (body['thinking'] !== undefined) seen.add('thinking')
      if (reply !== null && reply.toolCalls.length > 1) seen.add('parallel tools')
      if (asArray(body['messages']).some((message) => asString(asRecord(message)?.['role']) === 'tool')) seen.add('tool result')
      const bytes = new Uint8Array(await answer.arrayBuffer())
      return plan({
        status: answer.status,
        headers: [['content-type', answer.headers.get('content-type') ?? '']],
        chunks: [bytes.slice(0, 200), { delayMs: 2 }, bytes.slice(200)],
        framing: 'chunked',
      })
    })
    const lines: string[] = []
    const summary = await runDemoTraffic({
      gatewayUrl: upstream.url,
      signal: AbortSignal.timeout(8000),
      log: (line) => lines.push(line),
      initialCalls: 150,
      callsPerSecond: 0,
      seed: 7,
    })
    await upstream.close()
    expect(lines).toEqual(['demo: 150 calls sent, now 0 a second'])
    expect(summary).toEqual({ calls: 150, failures: 0 })
    expect([...paths].sort()).toEqual([
      '/api/chat',
      '/api/generate',
      '/v1/chat/completions',
      '/v1/embeddings',
      '/v1/messages',
      '/v1/responses',
    ])
    const wanted = [
      'status 200',
      'status 400',
      'status 401',
      'status 429',
      'status 500',
      'tenant default',
      'tenant harbor-travel',
      'tenant quill-studio',
    ]
    wanted.push('trace', 'stream', 'thinking', 'parallel tools', 'tool result', ...AGENTS.map((agent) => `agent ${agent.id}`))
    expect(wanted.filter((kind) => !seen.has(kind))).toEqual([])
  })

  test('counts what fails, and ends at once when it is stopped', async () => {
    const lines: string[] = []
    const dead = {
      gatewayUrl: await refusingUrl(),
      signal: AbortSignal.timeout(5000),
      callsPerSecond: 0,
      initialCalls: 15,
      seed: 1,
    }
    const summary = await runDemoTraffic({ ...dead, log: (line) => lines.push(line) })
    expect(summary).toEqual({ calls: 15, failures: 15 })
    expect(lines.length).toBe(11)

    const stop = new AbortController()
    const running = runDemoTraffic({
      gatewayUrl: provider.baseUrl,
      signal: stop.signal,
      initialCalls: 5,
      callsPerSecond: 1,
      seed: 1,
    })
    const start = performance.now()
    stop.abort()
    expect((await running).failures).toBe(0)
    expect(performance.now() - start).toBeLessThan(500)
  })
})
