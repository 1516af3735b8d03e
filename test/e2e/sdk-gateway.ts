/** The official SDKs, unchanged, through a running gateway: they see what they would see without it, and every call is kept as it was. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { startGateway, type RunningGateway, type Runtime } from '../runtime/gateways.ts'
import { startFakeUpstream, type FakeUpstream } from '../support/fake-upstream.ts'
import { askJson } from '../support/http.ts'
import { SDK_CASES, type SpanFacts } from './sdk-cases.ts'

const TRIES_MAX = 300
const PAUSE_MS = 20

type WireSpan = { readonly span_id: string; readonly [field: string]: unknown }

export function describeSdks(runtime: Runtime): void {
  describe(`official SDKs through the gateway on ${runtime}`, () => {
    let upstream: FakeUpstream
    let gateway: RunningGateway
    beforeAll(async () => {
      upstream = await startFakeUpstream()
      gateway = await startGateway(runtime, {
        env: { LLMTRACE_UPSTREAM_URL: upstream.url, LLMTRACE_CIRCUIT_BREAKER_ENABLED: 'false' },
      })
    }, 60_000)
    afterAll(async () => {
      await gateway?.dispose()
      await upstream?.close()
    }, 30_000)

    SDK_CASES.forEach((entry, i) => {
      test(entry.name, async () => {
        const session = `case-${i}`
        await entry.run(gateway.url, upstream, { 'X-LLMTrace-Session-ID': session })
        expect((await spansOf(session, entry.spans.length)).map(factsOf)).toEqual(entry.spans.map(comparable))
      })
    })

    async function spansOf(session: string, count: number): Promise<readonly WireSpan[]> {
      for (let tries = 0; ; tries += 1) {
        const { json } = await askJson(`${gateway.url}/api/v1/spans?session_id=${session}&order=asc`)
        const { data } = json as { data?: readonly WireSpan[] }
        if (data !== undefined && data.length >= count) {
          return Promise.all(
            data.map(async ({ span_id }) => (await askJson(`${gateway.url}/api/v1/spans/${span_id}`)).json as WireSpan),
          )
        }
        if (tries >= TRIES_MAX)
          throw new Error(`${data?.length ?? 0} of ${count} spans were stored: ${JSON.stringify(json).slice(0, 500)}`)
        await Bun.sleep(PAUSE_MS)
      }
    }
  })
}

function factsOf(span: WireSpan) {
  const usage = span['usage'] as { readonly [unit: string]: number } | null
  const actions = span['agent_actions'] as readonly { readonly name: string; readonly arguments: string | null }[]
  return {
    operation: span['operation_name'],
    dialect: span['dialect'],
    provider: span['provider'],
    model: span['model_name'],
    isStreaming: span['is_streaming'],
    status: span['status'],
    statusCode: span['status_code'],
    text: span['response'] ?? '',
    toolCalls: actions.map((action) => ({ name: action.name, arguments: JSON.parse(action.arguments ?? 'null') as unknown })),
    usage:
      usage === null
        ? null
        : (span['notes'] as readonly string[]).includes('usage.estimated')
          ? 'estimated'
          : {
              input: usage['input'],
              cacheRead: usage['cache_read'],
              cacheWrite: usage['cache_write'],
              output: usage['output'],
              reasoning: usage['reasoning'],
            },
  }
}

function comparable(facts: SpanFacts) {
  return { ...facts, toolCalls: facts.toolCalls.map(({ name, arguments: args }) => ({ name, arguments: args })) }
}
