/**
 * Budgets through the real gateway, in one process and in workerd with its Durable Object: parallel calls never pass a limit together, and
 * what is spent outlives a killed process.
 */
import { afterEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json, slowHead, startFakeUpstream, type FakeUpstream } from '../support/fake-upstream.ts'
import { ask, askJson } from '../support/http.ts'
import { startGateway, type RunningGateway, type Runtime } from './gateways.ts'

const HEADERS = { 'content-type': 'application/json' }
const CALL = JSON.stringify({ model: 'm', max_tokens: 1000, messages: [{ role: 'user', content: 'hi' }] })
const ANSWER = {
  object: 'chat.completion',
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'ok' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 5, completion_tokens: 1000, total_tokens: 1005 },
}
/** A call costs 0.001 USD at most, so the budget is worth 40. */
const ENV = {
  LLMTRACE_COST_CAPS_ENABLED: 'true',
  LLMTRACE_COST_CAPS_DEFAULT_BUDGET_CAPS: '[{"window":"monthly","hard_limit_usd":0.04}]',
  LLMTRACE_PRICING_CUSTOM_MODELS: '{"m":{"input_per_million":0,"output_per_million":1}}',
}

type Costs = { readonly windows: readonly { readonly spent_usd: number; readonly reserved_usd: number }[] }

const toClose: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const close of toClose.splice(0).toReversed()) await close()
})

async function upstream(): Promise<FakeUpstream> {
  const fake = await startFakeUpstream()
  toClose.push(() => fake.close())
  return fake
}

async function gatewayOn(
  runtime: Runtime,
  url: string,
  dataDir: string,
  more: { readonly [name: string]: string } = {},
): Promise<RunningGateway> {
  const gateway = await startGateway(runtime, { env: { LLMTRACE_UPSTREAM_URL: url, ...ENV, ...more }, dataDir })
  toClose.push(() => gateway.dispose())
  return gateway
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'llmtrace-limits-'))
  toClose.push(() => rmSync(path, { recursive: true, force: true }))
  return path
}

async function money(gateway: RunningGateway): Promise<{ readonly spent: number; readonly held: number }> {
  const { windows } = (await askJson(`${gateway.url}/api/v1/costs/current`)).json as Costs
  return { spent: windows[0]?.spent_usd ?? -1, held: windows[0]?.reserved_usd ?? -1 }
}

describe('budgets', () => {
  const each = test.each(['bun', 'workerd'] as const)
  each('on %s: of 256 calls at once 40 pass a budget worth 40, whatever agent they name', async (runtime) => {
    const fake = await upstream()
    fake.respond(() => slowHead(200, json(ANSWER)))
    const gateway = await gatewayOn(runtime, fake.url, folder())
    const calls = Array.from({ length: 256 }, (_, i) =>
      ask(`${gateway.url}/v1/chat/completions`, {
        body: CALL,
        headers: i % 2 === 0 ? HEADERS : { ...HEADERS, 'x-llmtrace-agent-id': `agent-${i}` },
      }),
    )
    const answered = new AbortController()
    const watching = (async () => {
      while (!answered.signal.aborted) {
        const { spent, held } = await money(gateway)
        expect(spent + held).toBeLessThanOrEqual(0.04 + 1e-12)
      }
    })()
    const answers = await Promise.all(calls)
    answered.abort()
    await watching
    const counts = {
      passed: answers.filter(({ status }) => status === 200).length,
      refused: answers.filter(({ status }) => status === 429).length,
    }
    expect(counts).toEqual({ passed: 40, refused: 216 })
    // On a Worker what a call took is booked after its answer.
    for (let tries = 0; (await money(gateway)).held !== 0 && tries < 200; tries += 1) await Bun.sleep(25)
    expect(await money(gateway)).toEqual({ spent: 0.04, held: 0 })
    const last = await askJson(`${gateway.url}/v1/chat/completions`, { body: CALL, headers: HEADERS })
    expect(last.status).toBe(429)
    expect(last.json).toMatchObject({
      error: {
        code: 'limit.budget_exhausted',
        type: 'cost_cap_exceeded',
        scope: 'tenant',
        window: 'monthly',
        limit_usd: 0.04,
        spent_usd: 0.04,
        reserved_usd: 0,
      },
    })
  })

  each('on %s: a kill forgets nothing that was spent, and the open hold ends as the price of its prompt', async (runtime) => {
    const fake = await upstream()
    fake.respond(() => json(ANSWER))
    const dataDir = folder()
    const short = { LLMTRACE_COST_CAPS_HOLD_TTL_SECONDS: '3' }
    const first = await gatewayOn(runtime, fake.url, dataDir, short)
    for (let i = 0; i < 3; i += 1) await ask(`${first.url}/v1/chat/completions`, { body: CALL, headers: HEADERS })
    fake.respond(() => slowHead(60_000, json(ANSWER)))
    const hanging = ask(`${first.url}/v1/chat/completions`, { body: CALL, headers: HEADERS }).catch(() => null)
    for (let tries = 0; (await money(first)).held === 0 && tries < 100; tries += 1) await Bun.sleep(20)
    process.kill(first.pid, 'SIGKILL')
    await hanging
    await first.dispose()

    const second = await gatewayOn(runtime, fake.url, dataDir, short)
    expect((await money(second)).spent).toBe(0.003)
    for (let tries = 0; (await money(second)).held !== 0 && tries < 200; tries += 1) await Bun.sleep(50)
    expect(await money(second)).toEqual({ spent: 0.003, held: 0 })
    const lost = async (): Promise<number> =>
      ((await askJson(`${second.url}/api/v1/spans?limit=50`)).json as { data: { status: string }[] }).data.filter(
        ({ status }) => status === 'incomplete',
      ).length
    for (let tries = 0; (await lost()) === 0 && tries < 200; tries += 1) await Bun.sleep(50)
    expect(await lost()).toBe(1)
  })
})
