/**
 * What every `TraceStore` must do. One store serves all cases of a run: each case has tenants of its own, so that it also shows that
 * the rows of others do not disturb.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import * as fc from 'fast-check'
import type { SpanId, TenantId } from '../../src/core/domain/ids.ts'
import type {
  FindingFilter,
  FindingRow,
  Page,
  PageRequest,
  SpanFilter,
  StatsGroup,
  TraceRow,
} from '../../src/core/domain/query.ts'
import { modelOf, type AgentAction, type TraceSpan } from '../../src/core/domain/span.ts'
import { usageOf } from '../../src/core/domain/usage.ts'
import { PortError, type TraceStore } from '../../src/core/ports.ts'
import {
  aFinding,
  anAction,
  anySpan,
  aSpan,
  captured,
  envelopesOf,
  nano,
  spanIdOf,
  START,
  tenantOf,
  traceIdOf,
} from '../support/spans.ts'
import { allFindings, everything, FIRST_PAGE } from '../stores/filters.ts'
import { randomSpans, statsByHand } from './trace-store-by-hand.ts'

const ROUND_TRIPS = 60

let tenants = 0
function newTenant(): TenantId {
  tenants += 1
  return tenantOf(`tenant-${tenants}`)
}

const idsOf = (page: Page<TraceSpan>): readonly SpanId[] => page.data.map((span) => span.spanId)
const tracesOf = (page: Page<TraceRow>) => page.data.map((row) => row.traceId)
/** `span/finding`, both by what the cases call them. */
const findingsOf = (page: Page<FindingRow>) => page.data.map((row) => `${Number.parseInt(row.spanId, 16)}/${row.finding.id}`)
const ids = (...ns: readonly number[]) => ns.map(spanIdOf)

/** Not `expect().rejects`: it waits without letting a thread's messages in. */
function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'no failure',
    (error: unknown) => error,
  )
}

function withoutTexts(span: TraceSpan): TraceSpan {
  return { ...span, input: { ...span.input, segments: [] }, output: { ...span.output, segments: [] } }
}

/** `open` gives a store whose database is of this version and empty. */
export function describeTraceStore(name: string, open: () => Promise<TraceStore>): void {
  describe(`the trace store: ${name}`, () => {
    let store: TraceStore
    beforeAll(async () => {
      store = await open()
    })
    afterAll(() => store.close())

    const write = (...spans: readonly TraceSpan[]) => store.write(envelopesOf(spans))
    const list = (filter: SpanFilter, page: Partial<PageRequest> = {}) => store.spans(filter, { ...FIRST_PAGE, ...page })
    const listFindings = (filter: FindingFilter, page: Partial<PageRequest> = {}) =>
      store.findings(filter, { ...FIRST_PAGE, ...page })
    const listTraces = (filter: SpanFilter, page: Partial<PageRequest> = {}) => store.traces(filter, { ...FIRST_PAGE, ...page })

    describe('write', () => {
      test('gives back every field of any span, in a list without its texts', async () => {
        await fc.assert(
          fc.asyncProperty(anySpan, async (span) => {
            await write(span)
            expect(await store.span(span.tenantId, span.spanId)).toEqual(span)
            const rows = await list({ ...everything(span.tenantId), startTime: span.startTime, endTime: span.startTime + 1 })
            expect(rows.data.find((row) => row.spanId === span.spanId)).toEqual(withoutTexts(span))
            const trace = await store.trace(span.tenantId, span.traceId)
            expect(trace?.spans.find((one) => one.spanId === span.spanId)).toEqual(span)
          }),
          { numRuns: ROUND_TRIPS },
        )
      })

      test('replaces a span that is there, with all that belonged to it', async () => {
        const tenantId = newTenant()
        const first = aSpan({
          tenantId,
          tags: { env: 'old', team: 'blue' },
          actions: [anAction({ name: 'old_tool' }), anAction({ id: 'a-2', name: 'older_tool' })],
          findings: [aFinding({ findingType: 'old_finding' })],
          input: captured(['user', 'antiquated words']),
        })
        const second: TraceSpan = {
          ...first,
          startTime: first.startTime + 5000,
          status: 'error',
          tags: { env: 'new' },
          actions: [anAction({ name: 'new_tool' })],
          findings: [],
          input: captured(['user', 'fresh phrases']),
        }
        await write(first)
        await write(first)
        await write(second)
        expect(await store.span(tenantId, first.spanId)).toEqual(second)
        expect((await list(everything(tenantId))).total).toBe(1)
        for (const gone of [
          { tag: { key: 'env', value: 'old' } },
          { tag: { key: 'team', value: null } },
          { actionName: 'old_tool' },
          { findingType: 'old_finding' },
          { text: 'antiquated' },
          { status: 'ok' as const },
          { endTime: second.startTime },
        ]) {
          expect({ gone, total: (await list({ ...everything(tenantId), ...gone })).total }).toEqual({ gone, total: 0 })
        }
        expect((await list({ ...everything(tenantId), text: 'fresh' })).total).toBe(1)
      })

      test('takes the later of two envelopes with one span in one batch', async () => {
        const tenantId = newTenant()
        await write(aSpan({ tenantId, provider: 'first' }), aSpan({ tenantId, provider: 'second' }))
        expect((await list(everything(tenantId))).data.map((span) => span.provider)).toEqual(['second'])
      })

      test('stores a batch larger than one statement, whatever its order', async () => {
        const tenantId = newTenant()
        const spans = Array.from({ length: 450 }, (_, i) =>
          aSpan({ tenantId, tags: { a: '1', b: `${i % 7}` }, actions: [anAction(), anAction({ id: 'a-2' })] }, i + 1),
        )
        await write(...spans.toReversed())
        const page = await list(everything(tenantId), { limit: 1000, order: 'asc' })
        expect(page.data).toEqual(spans.map(withoutTexts))
        expect((await list({ ...everything(tenantId), tag: { key: 'b', value: '3' } })).total).toBe(64)
      })

      test('stores all of a batch or nothing', async () => {
        const tenantId = newTenant()
        const kept = aSpan({ tenantId, provider: 'kept' }, 1)
        await write(kept)
        const broken = { ...aSpan({ tenantId }, 3), provider: null as unknown as string }
        expect(await failureOf(write({ ...kept, provider: 'changed' }, aSpan({ tenantId }, 2), broken))).toBeInstanceOf(
          PortError,
        )
        expect((await list(everything(tenantId))).data).toEqual([withoutTexts(kept)])
        expect((await store.span(tenantId, kept.spanId))?.input).toEqual(kept.input)
      })

      test('takes an empty batch', async () => {
        await store.write([])
      })

      test('keeps lists and sums alive whatever numbers a provider reports', async () => {
        const tenantId = newTenant()
        const huge = usageOf({ input_tokens: 2 ** 62, output_tokens: 2 ** 62 })
        await write(
          ...[1, 2, 3, 4].map((n) =>
            aSpan({ tenantId, usage: huge, durationMs: 2 ** 60, cost: { ...aSpan().cost, amount: nano(2 ** 62) } }, n),
          ),
        )
        expect((await list(everything(tenantId))).data[0]?.usage).toEqual(huge)
        const stats = await store.stats({
          filter: everything(tenantId),
          groupBy: 'model',
          timeZone: 'UTC',
          acrossTenants: false,
        })
        expect(stats.total.tokens.input).toBe(2 ** 64)
        expect(stats.total.cost).toBe(nano(2 ** 64))
        expect((await listTraces(everything(tenantId))).data).toHaveLength(4)
      })
    })

    describe('tenants', () => {
      test('see, count, change and delete nothing of one another', async () => {
        const [mine, theirs] = [newTenant(), newTenant()]
        const span = (tenantId: TenantId): TraceSpan =>
          aSpan({
            tenantId,
            agentId: 'shared',
            userId: 'shared',
            sessionId: 'shared',
            tags: { shared: 'yes' },
            actions: [anAction()],
            findings: [aFinding()],
            input: captured(['user', `a shared secret of ${tenantId}`]),
          })
        await write(span(mine), span(theirs))
        const { traceId, spanId } = span(mine)
        // The same ids in both: each tenant has its own.
        expect(await store.span(theirs, spanId)).toEqual(span(theirs))
        expect((await store.trace(mine, traceId))?.spans).toEqual([span(mine)])
        for (const [what, more] of SHARED_FILTERS) {
          const filter = { ...everything(mine), ...more }
          const found = await list(filter)
          expect({ what, total: found.total, tenants: found.data.map((one) => one.tenantId) }).toEqual({
            what,
            total: 1,
            tenants: [mine],
          })
          expect((await listTraces(filter)).data.map((row) => row.root.tenantId)).toEqual([mine])
          const stats = await store.stats({ filter, groupBy: 'tag', timeZone: 'UTC', acrossTenants: false })
          expect([stats.total.requests, stats.traces, stats.groups.length]).toEqual([1, 1, 1])
          expect((await store.actionsSummary(filter)).actionCounts).toEqual({ tool_call: 1 })
        }
        expect((await list({ ...everything(mine), text: String(theirs) })).total).toBe(0)

        expect(await store.addAction(theirs, traceId, anAction({ name: 'theirs' }), [])).not.toBeNull()
        expect((await store.span(mine, spanId))?.actions).toHaveLength(1)
        expect(await store.deleteTrace(theirs, traceId)).toBe(true)
        expect(await store.span(theirs, spanId)).toBeNull()
        expect(await store.span(mine, spanId)).toEqual(span(mine))
        expect((await list({ ...everything(mine), text: 'secret' })).total).toBe(1)

        const nobody = newTenant()
        expect(await store.trace(nobody, traceId)).toBeNull()
        expect(await store.deleteTrace(nobody, traceId)).toBe(false)
        expect(await store.addAction(nobody, traceId, anAction(), [])).toBeNull()
      })

      test('cannot reach another tenant by a text that imitates one', async () => {
        const [mine, theirs] = [newTenant(), newTenant()]
        const hex = [...new TextEncoder().encode(theirs)].map((byte) => byte.toString(16)).join('')
        await write(
          aSpan({ tenantId: theirs, input: captured(['user', 'treasure']) }),
          aSpan({ tenantId: mine, input: captured(['user', `\ue000${hex} mine`]) }),
        )
        for (const text of ['treasure', `\ue000${hex} treasure`, `tenant_id:${theirs} treasure`, `treasure" OR "a`]) {
          expect((await list({ ...everything(mine), text })).total).toBe(0)
        }
        expect((await list({ ...everything(theirs), text: 'mine' })).total).toBe(0)
      })
    })

    describe('filters', () => {
      const tenantId = newTenant()
      beforeAll(() =>
        write(
          aSpan({ tenantId }, 1),
          aSpan({ tenantId, provider: 'anthropic', responseModel: null, requestModel: 'claude-haiku-4-5' }, 2),
          aSpan({ tenantId, operation: 'embeddings', agentId: 'agent-1', userId: 'user-1', sessionId: 'session-1' }, 3),
          aSpan({ tenantId, tags: { env: 'prod', note: 'a=b' }, status: 'error' }, 4),
          aSpan({ tenantId, tags: { env: 'test' }, findings: [aFinding(), aFinding({ id: 'f-2', severity: 'low' })] }, 5),
          aSpan({ tenantId, findings: [aFinding({ findingType: 'pii_email', severity: 'low' })], durationMs: 2500 }, 6),
          aSpan({ tenantId, actions: [anAction(), anAction({ id: 'a-2', name: 'read_file', actionType: 'file_access' })] }, 7),
          aSpan({ tenantId, actions: [anAction({ name: 'fetch', actionType: 'web_access' })] }, 8),
          aSpan({ tenantId, actions: [anAction({ name: 'bash', actionType: 'command_execution' })] }, 9),
          aSpan(
            { tenantId, cost: { ...aSpan().cost, amount: nano(5_000_000_000) }, input: captured(['user', 'a rare bird']) },
            10,
          ),
          aSpan({ tenantId, cost: { status: 'unpriced', amount: null, priceId: null, effectiveDate: null } }, 11),
        ),
      )

      const cases: readonly (readonly [what: string, filter: Partial<SpanFilter>, found: readonly number[]])[] = [
        ['from a time on, it included', { startTime: START + 9000 }, [9, 10, 11]],
        ['before a time, it excluded', { endTime: START + 3000 }, [1, 2]],
        ['a range of time', { startTime: START + 4000, endTime: START + 6000 }, [4, 5]],
        ['a range of one millisecond', { startTime: START + 4000, endTime: START + 4001 }, [4]],
        ['provider', { provider: 'anthropic' }, [2]],
        ['the model that answered', { model: 'gpt-4.1-mini-2025-04-14' }, [1, 3, 4, 5, 6, 7, 8, 9, 10, 11]],
        ['the model asked for, where none answered', { model: 'claude-haiku-4-5' }, [2]],
        ['not the model asked for, where another answered', { model: 'gpt-4.1-mini' }, []],
        ['operation', { operation: 'embeddings' }, [3]],
        ['agent', { agentId: 'agent-1' }, [3]],
        ['user', { userId: 'user-1' }, [3]],
        ['session', { sessionId: 'session-1' }, [3]],
        ['a tag of any value', { tag: { key: 'env', value: null } }, [4, 5]],
        ['a tag and its value', { tag: { key: 'env', value: 'prod' } }, [4]],
        ['a value with an equals sign', { tag: { key: 'note', value: 'a=b' } }, [4]],
        ['no such tag', { tag: { key: 'en', value: null } }, []],
        ['status', { status: 'error' }, [4]],
        ['least score', { scoreMin: 80 }, [5]],
        ['greatest score, of those that have one', { scoreMax: 30 }, [6]],
        ['scores between', { scoreMin: 10, scoreMax: 90 }, [5, 6]],
        ['finding type, once for two findings', { findingType: 'prompt_injection' }, [5]],
        ['least cost', { costMin: nano(5_000_000_000) }, [10]],
        ['least duration', { durationMsMin: 2500 }, [6]],
        ['with actions', { hasToolCalls: true }, [7, 8, 9]],
        ['without actions', { hasToolCalls: false }, [1, 2, 3, 4, 5, 6, 10, 11]],
        ['with web access', { hasWebAccess: true }, [8]],
        ['without web access', { hasWebAccess: false }, [1, 2, 3, 4, 5, 6, 7, 9, 10, 11]],
        ['with commands', { hasCommands: true }, [9]],
        ['without commands', { hasCommands: false }, [1, 2, 3, 4, 5, 6, 7, 8, 10, 11]],
        ['action name', { actionName: 'read_file' }, [7]],
        ['text', { text: 'rare' }, [10]],
        ['two indexed columns', { provider: 'openai', agentId: 'agent-1' }, [3]],
        ['columns that contradict', { provider: 'anthropic', agentId: 'agent-1' }, []],
        ['a tag and a status', { tag: { key: 'env', value: null }, status: 'error' }, [4]],
        ['a tag and a finding', { tag: { key: 'env', value: null }, findingType: 'prompt_injection' }, [5]],
        ['text and cost', { text: 'bird', costMin: nano(1) }, [10]],
        ['text, session and action', { text: 'squared', sessionId: 'session-1', actionName: 'bash' }, []],
        ['text and session', { text: 'squared', sessionId: 'session-1' }, [3]],
        ['finding, action and time', { findingType: 'pii_email', hasToolCalls: false, startTime: START }, [6]],
        ['two kinds of action', { hasToolCalls: true, actionName: 'get_weather' }, [7]],
      ]
      test.each(cases)('%s', async (_, more, found) => {
        const filter = { ...everything(tenantId), ...more }
        const page = await list(filter, { order: 'asc' })
        expect([idsOf(page), page.total]).toEqual([ids(...found), found.length])
        // Each trace has one span here: traces, stats and actions mean the same spans.
        const traces = await listTraces(filter, { order: 'asc' })
        expect([tracesOf(traces), traces.total]).toEqual([found.map(traceIdOf), found.length])
        expect(tracesOf(await listTraces(filter))).toEqual(found.toReversed().map(traceIdOf))
        const stats = await store.stats({ filter, groupBy: null, timeZone: 'UTC', acrossTenants: false })
        expect([stats.total.requests, stats.traces]).toEqual([found.length, found.length])
        expect((await store.actionsSummary(filter)).totalSpans).toBe(found.length)
      })
    })

    describe('text search', () => {
      const tenantId = newTenant()
      const filler = 'lorem ipsum '.repeat(400)
      beforeAll(() =>
        write(
          aSpan({ tenantId, input: captured(['system', 'Be terse.'], ['user', 'The quick brown fox']) }, 1),
          aSpan(
            { tenantId, input: captured(['user', 'A slow FOX']), output: captured(['assistant', 'It jumps, quickly.']) },
            2,
          ),
          aSpan({ tenantId, input: captured(['user', 'Größe: Ünïcode naïve Ω ПРИВЕТ мир']) }, 3),
          aSpan(
            { tenantId, input: captured(['user', '请把这段话翻译成英文']), output: captured(['assistant', '東京タワー']) },
            4,
          ),
          aSpan({ tenantId, input: captured(['user', `isn't "NEAR(" <script>alert(1)</script> user@example.com 3.14`]) }, 5),
          aSpan(
            { tenantId, input: captured(['user', filler], ['user', 'afterwards']), output: captured(['assistant', 'end']) },
            6,
          ),
          aSpan({ tenantId, input: captured(['user', `${filler}${filler}toolate`]) }, 7),
          aSpan({ tenantId, input: captured(), output: captured() }, 8),
          aSpan({ tenantId, input: captured(['user', 'nul\u0000inside \ud800lone “quoted”—dashed ’tis']) }, 9),
          aSpan({ tenantId, output: captured(['assistant', 'ｆｕｌｌｗｉｄｔｈ cafe\u0301 ﬁne']) }, 10),
        ),
      )

      const cases: readonly (readonly [why: string, text: string, found: readonly number[]])[] = [
        ['a word of the prompt', 'brown', [1]],
        ['a word of the answer', 'jumps', [2]],
        ['any case', 'fOx', [1, 2]],
        ['every word, from either side', 'fox jumps', [2]],
        ['every word, or nothing', 'fox elephant', []],
        ['whole words only', 'quic', []],
        ['any order, repeated', 'fox fox brown', [1]],
        ['a word of the system prompt', 'terse', [1]],
        ['accents do not matter', 'grosse GRÖẞE', []],
        ['accents do not matter in the question', 'größe unicode', [3]],
        ['accents do not matter in the text', 'naive', [3]],
        ['Greek', 'ω', [3]],
        ['Cyrillic, any case', 'привет МИР', [3]],
        ['Han: a part of a run of characters', '翻译', [4]],
        ['Han: not characters that are not there', '翻译法', []],
        ['kana and Han of the answer', '東京', [4]],
        ['words joined by signs', 'user@example.com', [5]],
        ['numbers', '3.14', [5]],
        ['full width', 'fullwidth', [10]],
        ['full width in the question', 'ｆｏｘ', [1, 2]],
        ['a combining accent', 'café', [10]],
        ['a ligature', 'fine', [10]],
        ['typographic quotes and dashes', '“quoted” dashed', [9]],
        ['a word after a lone surrogate', 'lone', [9]],
        ['a word of the latest message, however long those before', 'afterwards', [6]],
        ['not a word beyond the first 4 KiB of a side', 'toolate', []],
      ]
      test.each(cases)('finds by words: %s', async (_, text, found) => {
        const page = await list({ ...everything(tenantId), text }, { order: 'asc' })
        expect([idsOf(page), page.total]).toEqual([ids(...found), found.length])
      })

      const odd = [
        '"',
        '""',
        '*',
        'fo*',
        'NEAR(',
        'NEAR(fox, 2)',
        'fox AND',
        'OR',
        'NOT fox',
        '^fox',
        'a:b',
        '(',
        ')',
        '-fox',
        '{',
        "'",
        ';',
        '\\',
        '\u0000',
        '\ud800',
        '%',
        '_',
        'words : fox',
        '"fox',
        '+',
        '🦊',
        ' ',
        'fox\tfox',
        'x'.repeat(600),
        'a b c d e f g '.repeat(40),
      ]
      test.each(odd)('is no query language: %j', async (text) => {
        const page = await list({ ...everything(tenantId), text })
        expect(page.total).toBeGreaterThanOrEqual(0)
        expect((await listTraces({ ...everything(tenantId), text })).total).toBe(page.total)
      })

      test('without any word is no filter', async () => {
        for (const text of ['', '  ', '"*"', '—']) expect((await list({ ...everything(tenantId), text })).total).toBe(10)
      })

      test('is not what operators of a query language would make of it', async () => {
        expect((await list({ ...everything(tenantId), text: 'brown OR slow' })).total).toBe(0)
        expect((await list({ ...everything(tenantId), text: 'fox NOT brown' })).total).toBe(0)
        expect((await list({ ...everything(tenantId), text: 'qui*' })).total).toBe(0)
      })
    })

    describe('pages of spans', () => {
      const tenantId = newTenant()
      // Several in one millisecond, and written in another order than that of time.
      const spans = Array.from({ length: 25 }, (_, i) => aSpan({ tenantId, startTime: START + Math.floor(i / 3) * 10 }, i + 1))
      beforeAll(async () => {
        for (const part of [spans.slice(10), spans.slice(0, 5), spans.slice(5, 10)]) await write(...part)
      })

      test.each(['asc', 'desc'] as const)('by offset show every span once and say how many there are: %s', async (order) => {
        const seen: SpanId[] = []
        for (let offset = 0; offset < 30; offset += 7) {
          const page = await list(everything(tenantId), { limit: 7, offset, order })
          expect(page.total).toBe(25)
          expect(page.data.length).toBe(Math.max(0, Math.min(7, 25 - offset)))
          seen.push(...idsOf(page))
        }
        expect(new Set(seen).size).toBe(25)
      })

      test.each(['asc', 'desc'] as const)('by cursor show every span once, in the order of time: %s', async (order) => {
        const times: number[] = []
        const seen: SpanId[] = []
        let cursor: string | null = null
        for (let pages = 0; pages < 10; pages += 1) {
          const page: Page<TraceSpan> = await list(everything(tenantId), { limit: 4, cursor, order, offset: 3 * pages })
          if (pages > 0) expect(page.total).toBe(25)
          times.push(...page.data.map((span) => span.startTime))
          seen.push(...idsOf(page))
          cursor = page.nextCursor
          if (cursor === null) break
        }
        expect(cursor).toBeNull()
        expect(new Set(seen).size).toBe(25)
        expect(times).toEqual(times.toSorted((a, b) => (order === 'asc' ? a - b : b - a)))
      })

      test('asc is desc reversed', async () => {
        const up = idsOf(await list(everything(tenantId), { order: 'asc' }))
        expect(idsOf(await list(everything(tenantId), { order: 'desc' }))).toEqual(up.toReversed())
      })

      test('by cursor neither repeat nor skip while spans are added', async () => {
        const own = newTenant()
        await write(...Array.from({ length: 6 }, (_, i) => aSpan({ tenantId: own }, i + 1)))
        const first = await list(everything(own), { limit: 3 })
        expect(idsOf(first)).toEqual(ids(6, 5, 4))
        await write(
          aSpan({ tenantId: own }, 7),
          aSpan({ tenantId: own }, 8),
          aSpan({ tenantId: own, startTime: START + 2500 }, 9),
        )
        const second = await list(everything(own), { limit: 10, cursor: first.nextCursor })
        expect([idsOf(second), second.nextCursor]).toEqual([ids(3, 9, 2, 1), null])
        await write(...ids(4).map((spanId) => aSpan({ tenantId: own, spanId }, 4)))
        expect(idsOf(await list(everything(own), { limit: 10, cursor: first.nextCursor }))).toEqual(ids(3, 9, 2, 1))
      })

      test('hold at least one row and at most 1000', async () => {
        expect((await list(everything(tenantId), { limit: 0 })).data).toHaveLength(1)
        expect((await list(everything(tenantId), { limit: 1_000_000 })).data).toHaveLength(25)
      })

      test('refuse a cursor that is none of theirs', async () => {
        for (const cursor of ['nonsense', '', '!', 'eyJhIjoxfQ', '9'.repeat(40)]) {
          expect(await failureOf(list(everything(tenantId), { cursor }))).toBeInstanceOf(PortError)
          expect(await failureOf(listTraces(everything(tenantId), { cursor }))).toBeInstanceOf(PortError)
        }
      })
    })

    describe('traces', () => {
      const tenantId = newTenant()
      const trace = traceIdOf(100)
      const spans = [
        aSpan(
          { tenantId, traceId: trace, startTime: START + 50, durationMs: 10.5, findings: [aFinding({ severity: 'low' })] },
          2,
        ),
        aSpan(
          {
            tenantId,
            traceId: trace,
            startTime: START + 20,
            durationMs: 1000,
            status: 'incomplete',
            usage: null,
            cost: { status: 'unpriced', amount: null, priceId: null, effectiveDate: null },
          },
          1,
        ),
        aSpan(
          { tenantId, traceId: trace, startTime: START + 90, parentSpanId: spanIdOf(1), findings: [aFinding(), aFinding()] },
          3,
        ),
      ]
      beforeAll(() => write(...spans, aSpan({ tenantId, startTime: START + 60 }, 4), aSpan({ tenantId, startTime: START }, 5)))

      test('are one row each, at the time of their first span', async () => {
        const page = await listTraces(everything(tenantId))
        expect(tracesOf(page)).toEqual([traceIdOf(4), trace, traceIdOf(5)])
        expect(page.total).toBe(3)
        const [, first] = spans
        expect(page.data[1]).toEqual({
          traceId: trace,
          startTime: START + 20,
          endTime: START + 1020,
          root: withoutTexts(first as TraceSpan),
          spanCount: 3,
          totalTokens: 92,
          cost: nano(118_400),
          errorCount: 1,
          findingCount: 3,
          scoreMax: 80,
        })
      })

      test('have no cost where none of their spans is priced', async () => {
        const own = newTenant()
        await write(aSpan({ tenantId: own, cost: { status: 'unpriced', amount: null, priceId: null, effectiveDate: null } }))
        expect((await listTraces(everything(own))).data[0]).toMatchObject({ cost: null, scoreMax: null, findingCount: 0 })
      })

      test('are listed when any span matches, and then as a whole', async () => {
        const page = await listTraces({ ...everything(tenantId), status: 'incomplete' })
        expect(page.data.map((row) => [row.traceId, row.spanCount])).toEqual([[trace, 3]])
        expect(tracesOf(await listTraces({ ...everything(tenantId), startTime: START + 80 }))).toEqual([trace])
      })

      test('are read with all spans in the order of time, texts included', async () => {
        const found = await store.trace(tenantId, trace)
        expect(found).toEqual({ traceId: trace, tenantId, spans: spans.toSorted((a, b) => a.startTime - b.startTime) })
        expect(await store.trace(tenantId, traceIdOf(999))).toBeNull()
      })

      test.each([
        ['asc', {}],
        ['desc', {}],
        ['asc', { provider: 'openai' }],
        ['desc', { provider: 'openai' }],
        ['desc', { text: 'squared' }],
      ] as const)('come page by page, each once, by offset and by cursor: %s %j', async (order, more) => {
        const own = newTenant()
        const many = Array.from({ length: 60 }, (_, i) => aSpan({ tenantId: own, traceId: traceIdOf(i % 20) }, i + 1))
        await write(...many)
        const filter = { ...everything(own), ...more }
        const expected = Array.from({ length: 20 }, (_, i) => traceIdOf(i))
        if (order === 'desc') expected.reverse()
        const byCursor: string[] = []
        for (let cursor: string | null = null, pages = 0; pages < 10; pages += 1) {
          const page: Page<TraceRow> = await listTraces(filter, { limit: 3, cursor, order })
          expect(page.total).toBe(20)
          byCursor.push(...tracesOf(page))
          cursor = page.nextCursor
          if (cursor === null) break
        }
        expect(byCursor).toEqual(expected)
        const byOffset: string[] = []
        for (let offset = 0; offset < 21; offset += 7)
          byOffset.push(...tracesOf(await listTraces(filter, { limit: 7, offset, order })))
        expect(byOffset).toEqual(expected)
      })

      test('newest first are certain even where one trace spans all the others', async () => {
        const own = newTenant()
        const long = traceIdOf(500)
        await write(
          ...Array.from({ length: 300 }, (_, i) =>
            aSpan({ tenantId: own, traceId: i % 60 === 59 ? traceIdOf(i) : long }, i + 1),
          ),
        )
        const filter = { ...everything(own), status: 'ok' as const }
        expect(tracesOf(await listTraces(filter, { limit: 2 }))).toEqual([traceIdOf(299), traceIdOf(239)])
        const all = tracesOf(await listTraces(filter, { limit: 10 }))
        expect(all).toEqual([traceIdOf(299), traceIdOf(239), traceIdOf(179), traceIdOf(119), traceIdOf(59), long])
      })

      test('move to an earlier span that comes late', async () => {
        const own = newTenant()
        await write(aSpan({ tenantId: own, traceId: trace }, 5), aSpan({ tenantId: own }, 3))
        expect(tracesOf(await listTraces(everything(own)))).toEqual([trace, traceIdOf(3)])
        await write(aSpan({ tenantId: own, traceId: trace }, 1))
        const page = await listTraces(everything(own))
        expect(page.data.map((row) => [row.traceId, row.root.spanId])).toEqual([
          [traceIdOf(3), spanIdOf(3)],
          [trace, spanIdOf(1)],
        ])
      })

      test('are deleted as a whole, with texts, tags, actions and findings, and only they', async () => {
        const own = newTenant()
        const gone = { tenantId: own, traceId: trace, tags: { env: 'x' }, actions: [anAction()], findings: [aFinding()] }
        await write(aSpan(gone, 1), aSpan(gone, 2), aSpan({ tenantId: own }, 3))
        expect(await store.deleteTrace(own, trace)).toBe(true)
        expect(await store.deleteTrace(own, trace)).toBe(false)
        expect(await store.trace(own, trace)).toBeNull()
        expect(idsOf(await list(everything(own)))).toEqual(ids(3))
        for (const filter of [
          { tag: { key: 'env', value: null } },
          { actionName: 'get_weather' },
          { findingType: 'prompt_injection' },
        ]) {
          expect((await list({ ...everything(own), ...filter })).total).toBe(0)
        }
        expect(idsOf(await list({ ...everything(own), text: 'squared' }))).toEqual(ids(3))
        expect((await store.actionsSummary(everything(own))).actionCounts).toEqual({})
      })
    })

    describe('findings', () => {
      const tenantId = newTenant()
      const spans = [
        aSpan({ tenantId, findings: [aFinding({ id: 'a' })] }, 1),
        aSpan(
          {
            tenantId,
            agentId: 'agent-1',
            findings: [
              aFinding({ id: 'a', severity: 'critical', confidence: 0.99 }),
              aFinding({ id: 'b', findingType: 'pii_detected', category: 'pii', severity: 'medium', confidence: 0.6 }),
              aFinding({ id: 'c', category: 'jailbreak', confidence: 0.7 }),
            ],
          },
          2,
        ),
        aSpan({ tenantId }, 3),
        aSpan(
          {
            tenantId,
            provider: 'anthropic',
            requestModel: 'claude-haiku-4-5',
            responseModel: null,
            findings: [
              aFinding({ id: 'a', findingType: 'pii_detected', category: 'pii', severity: 'low', confidence: 0.1 + 0.2 }),
            ],
          },
          4,
        ),
        aSpan(
          { tenantId, agentId: 'agent-1', findings: [aFinding({ id: 'a', direction: 'output', pointer: null, range: null })] },
          5,
        ),
      ]
      beforeAll(() => write(...spans))

      test('are rows of their own, each whole and with the span that it was found in', async () => {
        const page = await listFindings(allFindings(tenantId), { order: 'asc' })
        const expected = spans.flatMap((span) =>
          span.findings.map((finding): FindingRow => ({
            finding,
            traceId: span.traceId,
            spanId: span.spanId,
            startTime: span.startTime,
            provider: span.provider,
            model: modelOf(span),
            agentId: span.agentId,
          })),
        )
        expect(page).toEqual({ data: expected, total: 6, nextCursor: null })
        expect((await listFindings(allFindings(tenantId))).data).toEqual(expected.toReversed())
      })

      const cases: readonly (readonly [what: string, filter: Partial<FindingFilter>, found: string[]])[] = [
        ['from a time on, it included', { startTime: START + 4000 }, ['4/a', '5/a']],
        ['before a time, it excluded', { endTime: START + 2000 }, ['1/a']],
        ['a range of one millisecond', { startTime: START + 2000, endTime: START + 2001 }, ['2/a', '2/b', '2/c']],
        ['model', { model: 'claude-haiku-4-5' }, ['4/a']],
        ['agent', { agentId: 'agent-1' }, ['2/a', '2/b', '2/c', '5/a']],
        ['type', { findingType: 'pii_detected' }, ['2/b', '4/a']],
        ['a type that is none but a category', { findingType: 'pii' }, []],
        ['category', { category: 'injection' }, ['1/a', '2/a', '5/a']],
        ['severity, that one alone', { severity: 'high' }, ['1/a', '2/c', '5/a']],
        ['least confidence, it included', { confidenceMin: 0.9 }, ['1/a', '2/a', '5/a']],
        ['least confidence to the last digit', { confidenceMin: 0.1 + 0.2, severity: 'low' }, ['4/a']],
        ['type, severity and confidence', { findingType: 'pii_detected', severity: 'medium', confidenceMin: 0.5 }, ['2/b']],
        ['type and agent', { findingType: 'prompt_injection', agentId: 'agent-1' }, ['2/a', '2/c', '5/a']],
        ['type and time', { findingType: 'prompt_injection', startTime: START + 2000, endTime: START + 5000 }, ['2/a', '2/c']],
        ['agent and model that contradict', { agentId: 'agent-1', model: 'claude-haiku-4-5' }, []],
      ]
      test.each(cases)('are found by %s', async (_, more, found) => {
        const filter = { ...allFindings(tenantId), ...more }
        const page = await listFindings(filter, { order: 'asc' })
        expect([findingsOf(page), page.total]).toEqual([found, found.length])
        expect(findingsOf(await listFindings(filter))).toEqual(found.toReversed())
      })

      test.each([
        ['asc', {}],
        ['desc', {}],
        ['asc', { findingType: 'prompt_injection' }],
        ['desc', { findingType: 'prompt_injection' }],
        ['desc', { agentId: 'agent-1' }],
      ] as const)('come page by page, each once, by offset and by cursor: %s %j', async (order, more) => {
        const own = newTenant()
        // Pages end within a span, and several spans are of one millisecond.
        const many = Array.from({ length: 12 }, (_, i) =>
          aSpan(
            {
              tenantId: own,
              agentId: 'agent-1',
              startTime: START + Math.floor(i / 3),
              findings: Array.from({ length: i % 4 }, (__, n) =>
                aFinding({ id: `f-${n}`, severity: n % 2 === 0 ? 'low' : 'high' }),
              ),
            },
            i + 1,
          ),
        )
        await write(...many)
        const filter = { ...allFindings(own), ...more }
        const up: string[] = many.flatMap((span, i) => span.findings.map(({ id }) => `${i + 1}/${id}`))
        const expected = order === 'asc' ? up : up.toReversed()
        const byCursor: string[] = []
        for (let cursor: string | null = null, pages = 0; pages < 10; pages += 1) {
          const page: Page<FindingRow> = await listFindings(filter, { limit: 4, cursor, order, offset: pages })
          expect(page.total).toBe(18)
          byCursor.push(...findingsOf(page))
          cursor = page.nextCursor
          if (cursor === null) break
        }
        expect(byCursor).toEqual(expected)
        const byOffset: string[] = []
        for (let offset = 0; offset < 20; offset += 5)
          byOffset.push(...findingsOf(await listFindings(filter, { limit: 5, offset, order })))
        expect(byOffset).toEqual(expected)
      })

      test('neither repeat nor skip while spans are added', async () => {
        const own = newTenant()
        const flagged = (n: number): TraceSpan =>
          aSpan({ tenantId: own, findings: [aFinding({ id: 'a' }), aFinding({ id: 'b' })] }, n)
        await write(flagged(1), flagged(3))
        const first = await listFindings(allFindings(own), { limit: 1 })
        await write(flagged(2), flagged(4))
        const second = await listFindings(allFindings(own), { cursor: first.nextCursor })
        expect([...findingsOf(first), ...findingsOf(second)]).toEqual(['3/b', '3/a', '2/b', '2/a', '1/b', '1/a'])
      })

      test('are those of the own tenant alone, and go with their span', async () => {
        const [mine, theirs] = [newTenant(), newTenant()]
        const flagged = (own: TenantId): TraceSpan =>
          aSpan({ tenantId: own, agentId: 'shared', findings: [aFinding({ id: String(own) })] })
        await write(flagged(mine), flagged(theirs))
        for (const more of [{}, { findingType: 'prompt_injection' }, { agentId: 'shared' }, { confidenceMin: 0 }]) {
          const page = await listFindings({ ...allFindings(mine), ...more })
          expect([page.data.map(({ finding }) => finding.id), page.total]).toEqual([[String(mine)], 1])
        }
        await store.deleteTrace(mine, flagged(mine).traceId)
        expect(await listFindings(allFindings(mine))).toEqual({ data: [], total: 0, nextCursor: null })
        await write({ ...flagged(theirs), findings: [] })
        expect((await listFindings(allFindings(theirs))).total).toBe(0)
      })

      test('refuse a cursor that is none of theirs, also that of another list', async () => {
        const { nextCursor } = await list(everything(tenantId), { limit: 1 })
        for (const cursor of ['nonsense', '', '!', 'eyJhIjoxfQ', '9'.repeat(40), nextCursor]) {
          expect(await failureOf(listFindings(allFindings(tenantId), { cursor }))).toBeInstanceOf(PortError)
        }
        const own = await listFindings(allFindings(tenantId), { limit: 1 })
        expect(await failureOf(list(everything(tenantId), { cursor: own.nextCursor }))).toBeInstanceOf(PortError)
      })
    })

    describe('actions', () => {
      test('reported from outside are added to the first span of the trace', async () => {
        const tenantId = newTenant()
        const traceId = traceIdOf(7)
        const own = anAction({ name: 'own' })
        await write(aSpan({ tenantId, traceId }, 2), aSpan({ tenantId, traceId, actions: [own] }, 1))
        const {
          id: _,
          time: __,
          ...reported
        } = anAction({
          actionType: 'command_execution',
          name: 'bash',
          result: 'done',
          durationMs: 12.25,
          isSuccess: false,
          exitCode: -1,
          metadata: { cwd: 'src' },
        })
        const before = Date.now()
        const found = aFinding({ id: 'reported', findingType: 'dangerous_command', category: 'action', severity: 'critical' })
        const earlier = (await store.span(tenantId, spanIdOf(1)))?.findings ?? []
        const added = await store.addAction(tenantId, traceId, reported, [found])
        expect((await store.span(tenantId, spanIdOf(1)))?.findings).toEqual([...earlier, found])
        expect(idsOf(await list({ ...everything(tenantId), scoreMin: 95 }))).toEqual(ids(1))
        expect(added).toMatchObject(reported)
        expect(added?.id).toMatch(/^[0-9a-f-]{36}$/)
        expect(added?.time).toBeGreaterThanOrEqual(before)
        expect((await store.span(tenantId, spanIdOf(1)))?.actions).toEqual([own, added as AgentAction])
        expect((await store.span(tenantId, spanIdOf(2)))?.actions).toEqual([])
        expect(idsOf(await list({ ...everything(tenantId), hasCommands: true }))).toEqual(ids(1))
        expect(idsOf(await list({ ...everything(tenantId), actionName: 'bash' }))).toEqual(ids(1))
        expect(await store.addAction(tenantId, traceIdOf(8), reported, [])).toBeNull()
      })

      test('are counted by kind, and the most frequent named', async () => {
        const tenantId = newTenant()
        const named = (name: string, times: number, actionType: AgentAction['actionType'] = 'tool_call') =>
          Array.from({ length: times }, (_, i) => anAction({ id: `${name}-${i}`, name, actionType }))
        await write(
          aSpan({ tenantId, actions: [...named('search', 3), ...named('bash', 2, 'command_execution')] }, 1),
          aSpan({ tenantId, actions: [...named('search', 1), ...named('search', 1, 'web_access')], provider: 'other' }, 2),
          aSpan({ tenantId }, 3),
          aSpan(
            {
              tenantId,
              actions: Array.from({ length: 30 }, (_, i) => anAction({ name: `tool-${String(i).padStart(2, '0')}` })),
            },
            4,
          ),
        )
        const summary = await store.actionsSummary(everything(tenantId))
        expect(summary).toMatchObject({
          totalSpans: 4,
          spansWithToolCalls: 3,
          spansWithWebAccess: 1,
          spansWithCommands: 1,
          actionCounts: { tool_call: 34, command_execution: 2, web_access: 1 },
        })
        expect(summary.topActions).toHaveLength(20)
        expect(summary.topActions.slice(0, 4)).toEqual([
          { name: 'search', actionType: 'tool_call', count: 4 },
          { name: 'bash', actionType: 'command_execution', count: 2 },
          { name: 'search', actionType: 'web_access', count: 1 },
          { name: 'tool-00', actionType: 'tool_call', count: 1 },
        ])
        expect(await store.actionsSummary({ ...everything(tenantId), provider: 'other' })).toMatchObject({
          totalSpans: 1,
          actionCounts: { tool_call: 1, web_access: 1 },
        })
      })
    })

    describe('stats', () => {
      const tenantId = newTenant()
      const other = newTenant()
      const spans = randomSpans(tenantId, 300)
      const ofOther = randomSpans(other, 40, 99)
      beforeAll(async () => {
        await write(...spans)
        await write(...ofOther)
      })
      const filter = everything(tenantId)

      test.each([null, 'hour', 'day', 'model', 'provider', 'agent', 'user', 'tag'] as const)(
        'are those computed by hand, by %s',
        async (groupBy) => {
          const request = { groupBy, timeZone: 'Europe/Berlin', acrossTenants: false }
          expect(await store.stats({ filter, ...request })).toEqual(statsByHand(spans, request))
        },
      )

      test('are of the spans that match', async () => {
        const request = { groupBy: 'model' as StatsGroup, timeZone: 'UTC', acrossTenants: false }
        const some = spans.filter((span) => span.provider === 'openai' && span.status === 'ok')
        const found = await store.stats({ filter: { ...filter, provider: 'openai', status: 'ok' }, ...request })
        expect(found).toEqual(statsByHand(some, request))
        const tagged = spans.filter((span) => span.tags['env'] === 'prod')
        const byTag = { ...request, groupBy: 'tag' as const }
        const narrow = { ...filter, tag: { key: 'env', value: 'prod' } }
        expect(await store.stats({ filter: narrow, ...byTag })).toEqual(statsByHand(tagged, byTag))
        const flagged = spans.filter((span) => span.findings.some((finding) => finding.findingType === 'pii_email'))
        const ofFinding = { ...filter, findingType: 'pii_email' }
        expect(await store.stats({ filter: ofFinding, ...request })).toEqual(statsByHand(flagged, request))
      })

      test('over all tenants are those of each together', async () => {
        const request = { groupBy: 'user' as StatsGroup, timeZone: 'UTC', acrossTenants: true }
        // The provider is of this case alone, so that the spans of other cases stay out.
        const mark = { provider: 'across-tenants' }
        const here = [...spans, ...ofOther].map((span) => ({ ...span, ...mark }))
        const tenants = new Map([
          [tenantId, newTenant()],
          [other, newTenant()],
        ])
        const moved = here.map((span) => ({ ...span, tenantId: tenants.get(span.tenantId) ?? span.tenantId }))
        await write(...moved)
        expect(await store.stats({ filter: { ...filter, ...mark }, ...request })).toEqual(statsByHand(moved, request))
        expect((await store.stats({ filter: { ...filter, ...mark, text: 'squared' }, ...request })).total.requests).toBe(340)
      })

      test('of nothing are zero, and null where nothing was measured', async () => {
        const request = { groupBy: 'day' as StatsGroup, timeZone: 'UTC', acrossTenants: false }
        const nobody = everything(newTenant())
        expect(await store.stats({ filter: nobody, ...request })).toEqual(statsByHand([], request))
      })

      test('add up money to the last nano-USD, also where a number cannot', async () => {
        const own = newTenant()
        const amounts = [Number.MAX_SAFE_INTEGER, 1, 2, Number.MAX_SAFE_INTEGER - 4, 3]
        await write(
          ...amounts.map((amount, n) =>
            aSpan({ tenantId: own, traceId: traceIdOf(n % 2), cost: { ...aSpan().cost, amount: nano(amount) } }, n + 1),
          ),
        )
        const exact = amounts.reduce((sum, amount) => sum + BigInt(amount), 0n)
        const stats = await store.stats({ filter: everything(own), groupBy: 'provider', timeZone: 'UTC', acrossTenants: false })
        expect([stats.total.cost, stats.groups[0]?.cost]).toEqual([nano(Number(exact)), nano(Number(exact))])
        const rows = (await listTraces(everything(own), { order: 'asc' })).data
        expect(rows.map((row) => row.cost)).toEqual([
          nano(Number(BigInt(Number.MAX_SAFE_INTEGER) + 5n)),
          nano(Number.MAX_SAFE_INTEGER - 3),
        ])
      })

      test.each(TIME_CASES)('begin %s in %s where it begins there: %s', async (unit, timeZone, _, times, keys) => {
        const own = newTenant()
        await write(...times.map((time, n) => aSpan({ tenantId: own, startTime: Date.parse(time) }, n + 1)))
        const { groups } = await store.stats({ filter: everything(own), groupBy: unit, timeZone, acrossTenants: false })
        expect(groups.map(({ key, requests }) => [key, requests])).toEqual(
          keys.map(([key, n]) => [new Date(key).toISOString(), n]),
        )
      })

      test('refuse a zone that is not known', async () => {
        const asking = store.stats({ filter, groupBy: 'day', timeZone: 'Mars/Olympus', acrossTenants: false })
        expect(await failureOf(asking)).toBeInstanceOf(PortError)
      })
    })

    test('answers a ping', async () => {
      await store.ping()
    })
  })
}

const SHARED_FILTERS: readonly (readonly [what: string, filter: Partial<SpanFilter>])[] = [
  ['none', {}],
  ['provider', { provider: 'openai' }],
  ['model', { model: 'gpt-4.1-mini-2025-04-14' }],
  ['agent', { agentId: 'shared' }],
  ['user', { userId: 'shared' }],
  ['session', { sessionId: 'shared' }],
  ['tag', { tag: { key: 'shared', value: 'yes' } }],
  ['tag of any value', { tag: { key: 'shared', value: null } }],
  ['finding', { findingType: 'prompt_injection' }],
  ['action', { actionName: 'get_weather' }],
  ['text', { text: 'shared secret' }],
  ['text and session', { text: 'shared', sessionId: 'shared' }],
  ['score', { scoreMin: 1 }],
  ['time', { startTime: START }],
]

type TimeCase = readonly [
  unit: 'hour' | 'day',
  timeZone: string,
  why: string,
  times: readonly string[],
  keys: readonly (readonly [start: string, spans: number])[],
]

const TIME_CASES: readonly TimeCase[] = [
  [
    'day',
    'Europe/Berlin',
    'a day of 25 hours',
    ['2026-10-24T21:59:59Z', '2026-10-24T22:00:00Z', '2026-10-25T00:30:00Z', '2026-10-25T22:59:59Z', '2026-10-25T23:00:00Z'],
    [
      ['2026-10-23T22:00:00Z', 1],
      ['2026-10-24T22:00:00Z', 3],
      ['2026-10-25T23:00:00Z', 1],
    ],
  ],
  [
    'day',
    'Europe/Berlin',
    'a day of 23 hours',
    ['2026-03-28T22:59:59Z', '2026-03-28T23:00:00Z', '2026-03-29T21:59:59Z', '2026-03-29T22:00:00Z'],
    [
      ['2026-03-27T23:00:00Z', 1],
      ['2026-03-28T23:00:00Z', 2],
      ['2026-03-29T22:00:00Z', 1],
    ],
  ],
  [
    'hour',
    'Europe/Berlin',
    'the hour that comes twice is two',
    ['2026-10-24T23:59:59Z', '2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z', '2026-10-25T02:00:00Z'],
    [
      ['2026-10-24T23:00:00Z', 1],
      ['2026-10-25T00:00:00Z', 1],
      ['2026-10-25T01:00:00Z', 1],
      ['2026-10-25T02:00:00Z', 1],
    ],
  ],
  [
    'hour',
    'Asia/Kolkata',
    'half an hour beside UTC',
    ['2026-10-25T00:29:59Z', '2026-10-25T00:30:00Z', '2026-10-25T01:29:59Z', '2026-10-25T01:30:00Z'],
    [
      ['2026-10-24T23:30:00Z', 1],
      ['2026-10-25T00:30:00Z', 2],
      ['2026-10-25T01:30:00Z', 1],
    ],
  ],
  [
    'day',
    'Asia/Kolkata',
    'half an hour beside UTC',
    ['2026-10-24T18:29:59Z', '2026-10-24T18:30:00Z', '2026-10-25T18:29:59Z'],
    [
      ['2026-10-23T18:30:00Z', 1],
      ['2026-10-24T18:30:00Z', 2],
    ],
  ],
  [
    'hour',
    'Asia/Kathmandu',
    'a quarter of an hour beside UTC',
    ['2026-10-25T00:14:59Z', '2026-10-25T00:15:00Z'],
    [
      ['2026-10-24T23:15:00Z', 1],
      ['2026-10-25T00:15:00Z', 1],
    ],
  ],
  [
    'hour',
    'Australia/Lord_Howe',
    'a change of half an hour cuts an hour',
    ['2026-04-04T14:45:00Z', '2026-04-04T15:10:00Z', '2026-04-04T15:40:00Z'],
    [
      ['2026-04-04T14:00:00Z', 1],
      ['2026-04-04T15:00:00Z', 1],
      ['2026-04-04T15:30:00Z', 1],
    ],
  ],
  [
    'day',
    'America/Sao_Paulo',
    'a day without a midnight',
    ['2018-11-04T02:59:59Z', '2018-11-04T03:00:00Z', '2018-11-05T01:59:59Z', '2018-11-05T02:00:00Z'],
    [
      ['2018-11-03T03:00:00Z', 1],
      ['2018-11-04T03:00:00Z', 2],
      ['2018-11-05T02:00:00Z', 1],
    ],
  ],
  [
    'day',
    'America/Havana',
    'a day with two midnights',
    ['2026-11-01T03:59:59Z', '2026-11-01T04:00:00Z', '2026-11-01T05:30:00Z', '2026-11-02T05:00:00Z'],
    [
      ['2026-10-31T04:00:00Z', 1],
      ['2026-11-01T04:00:00Z', 2],
      ['2026-11-02T05:00:00Z', 1],
    ],
  ],
  [
    'day',
    'Europe/Berlin',
    'years apart',
    ['1970-01-01T00:00:00Z', '1996-07-01T12:00:00Z', '2026-11-20T12:00:00Z', '2100-01-01T12:00:00Z'],
    [
      ['1969-12-31T23:00:00Z', 1],
      ['1996-06-30T22:00:00Z', 1],
      ['2026-11-19T23:00:00Z', 1],
      ['2099-12-31T23:00:00Z', 1],
    ],
  ],
  ['day', 'UTC', 'the beginning of time', ['1970-01-01T00:00:00Z', '1970-01-01T23:59:59.999Z'], [['1970-01-01T00:00:00Z', 2]]],
]
