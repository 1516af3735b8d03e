import { describe, expect, test } from 'bun:test'
import { createPriceBook } from '../../../src/adapters/prices/price-book.ts'
import type { AnswerRead } from '../../../src/core/capture/answer-reader.ts'
import { answeredSpan, refusedSpan, type AnswerFacts, type CallFacts } from '../../../src/core/capture/capture.ts'
import type { TapEnd } from '../../../src/core/capture/tap.ts'
import { anthropicMessages } from '../../../src/core/dialects/anthropic-messages.ts'
import type { Dialect } from '../../../src/core/dialects/dialect.ts'
import { openaiChat } from '../../../src/core/dialects/openai-chat.ts'
import { openaiCompletions } from '../../../src/core/dialects/openai-completions.ts'
import { openaiEmbeddings } from '../../../src/core/dialects/openai-embeddings.ts'
import { appError, type AppErrorCode } from '../../../src/core/domain/errors.ts'
import type { KeyId, ProjectId, TenantId } from '../../../src/core/domain/ids.ts'
import type { JsonRecord } from '../../../src/core/domain/json.ts'
import type { CapturePolicy } from '../../../src/core/domain/policy.ts'
import type { TraceSpan } from '../../../src/core/domain/span.ts'
import { inspect } from '../../../src/core/inspect/inspect.ts'
import { TEST_TIME } from '../../support/clock.ts'
import { aCaller, bytes } from '../../support/fakes.ts'
import { spanIdOf, traceIdOf } from '../../support/ids.ts'

const prices = createPriceBook({
  custom: () =>
    new Map([
      ['deployment-1', { inputPerMillion: 1, outputPerMillion: 2, cachedInputPerMillion: null, cacheWritePerMillion: null }],
    ]),
})

const FULL: CapturePolicy = { text: 'full', textBytesMax: 65_536 }

type CallMore = {
  readonly request?: JsonRecord | string | null
  readonly policy?: CapturePolicy
  readonly dialect?: Dialect
  readonly facts?: Partial<CallFacts>
}

const CHAT = { model: 'gpt-4o', messages: [{ role: 'user', content: 'question' }], temperature: 0.5 }

function aCall(more: CallMore = {}): CallFacts {
  const dialect = more.dialect ?? openaiChat
  const request = more.request === undefined ? CHAT : more.request
  const body = request === null ? null : bytes(typeof request === 'string' ? request : JSON.stringify(request))
  return {
    spanId: spanIdOf(7),
    caller: aCaller(),
    provider: 'openai',
    dialect,
    method: 'POST',
    path: '/v1/chat/completions',
    startTime: TEST_TIME,
    policy: more.policy ?? FULL,
    request:
      body === null ? null : { ...inspect(body, new Headers(), dialect, { path: '/', search: '' }), bytes: body.byteLength },
    findings: [],
    guardNotes: [],
    ...more.facts,
  }
}

const ANSWER = {
  model: 'gpt-4o-2024-08-06',
  choices: [{ index: 0, message: { role: 'assistant', content: 'answer' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1_000, completion_tokens: 100, total_tokens: 1_100 },
}

type AnswerMore = Partial<Omit<AnswerFacts, 'read' | 'headers'>> & {
  readonly body?: JsonRecord | null
  readonly read?: Partial<AnswerRead>
  readonly headers?: HeadersInit
}

function anAnswered(more: AnswerMore = {}): AnswerFacts {
  const { body, read, headers, ...facts } = more
  return {
    status: 200,
    upstreamMs: 20,
    ttftMs: 30,
    durationMs: 40,
    responseBytes: 123,
    end: 'complete',
    conclude: () => ({ findings: [], notes: [] }),
    ...facts,
    headers: new Headers(headers),
    read: { body: body === undefined ? ANSWER : body, isComplete: true, notes: [], ...read },
  }
}

function span(call: CallMore = {}, answer: AnswerMore = {}): TraceSpan {
  return answeredSpan(aCall(call), anAnswered(answer), prices)
}

describe('the span of an answered call', () => {
  test('says everything that is known of it', () => {
    const caller = aCaller({
      tenantId: 'acme' as TenantId,
      projectId: 'p' as ProjectId,
      keyId: 'k' as KeyId,
      agentId: 'a',
      userId: 'u',
      sessionId: 's',
      tags: { t: '1' },
      traceId: traceIdOf(9),
      parentSpanId: spanIdOf(8),
    })
    const finding = {
      id: 'f',
      findingType: 't',
      category: 'injection',
      direction: 'input',
      origin: 'user',
      via: [],
      excerpt: null,
      action: 'flag',
      shadowAction: null,
      severity: 'low',
      confidence: 1,
      description: '',
      pointer: null,
      range: null,
      ruleId: null,
    } as const
    const request = { ...CHAT, stream: true, tools: [{ type: 'function', function: { name: 'bash' } }] }
    const body = {
      ...ANSWER,
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: 'answer',
            tool_calls: [{ id: 'c1', type: 'function', function: { name: 'bash', arguments: '{}' } }],
          },
          finish_reason: 'tool_calls',
        },
      ],
    }
    const built = span({ request, facts: { caller, findings: [finding] } }, { body, headers: { 'x-request-id': 'req_1' } })
    expect(built).toEqual({
      traceId: traceIdOf(9),
      spanId: spanIdOf(7),
      parentSpanId: spanIdOf(8),
      tenantId: 'acme' as TenantId,
      projectId: 'p' as ProjectId,
      keyId: 'k' as KeyId,
      agentId: 'a',
      userId: 'u',
      sessionId: 's',
      tags: { t: '1' },
      operation: 'chat',
      dialect: 'openai-chat',
      provider: 'openai',
      requestModel: 'gpt-4o',
      responseModel: 'gpt-4o-2024-08-06',
      isStreaming: true,
      method: 'POST',
      path: '/v1/chat/completions',
      parameters: '{"temperature":0.5}',
      startTime: TEST_TIME,
      durationMs: 40,
      upstreamMs: 20,
      ttftMs: 30,
      status: 'ok',
      statusCode: 200,
      errorCode: null,
      errorMessage: null,
      finishReason: 'tool_calls',
      upstreamRequestId: 'req_1',
      usage: {
        input: 1_000,
        cacheRead: 0,
        cacheWrite: 0,
        output: 100,
        reasoning: 0,
        reported: { input_tokens: 1_000, output_tokens: 100 },
      },
      cost: { status: 'priced', amount: 3_500_000 as never, priceId: 'openai/gpt-4o', effectiveDate: '2026-11-20' },
      input: {
        segments: [
          { origin: 'user', pointer: '/messages/0/content', kind: 'text', text: 'question', name: null },
          { origin: 'tool_definition', pointer: '/tools/0/function', kind: 'json', text: '{"name":"bash"}', name: 'bash' },
        ],
        textBytes: 23,
        isTruncated: false,
      },
      output: {
        segments: [
          { origin: 'assistant', pointer: '/choices/0/message/content', kind: 'text', text: 'answer', name: null },
          {
            origin: 'tool_call',
            pointer: '/choices/0/message/tool_calls/0/function/arguments',
            kind: 'text',
            text: '{}',
            name: 'bash',
          },
        ],
        textBytes: 8,
        isTruncated: false,
      },
      requestBytes: JSON.stringify(request).length,
      responseBytes: 123,
      actions: [
        {
          id: `${spanIdOf(7)}-0`,
          actionType: 'command_execution',
          name: 'bash',
          arguments: '{}',
          result: null,
          durationMs: null,
          isSuccess: true,
          exitCode: null,
          httpMethod: null,
          httpStatus: null,
          fileOperation: null,
          time: TEST_TIME,
          metadata: { tool_call_id: 'c1' },
        },
      ],
      findings: [finding],
      notes: [],
    })
  })

  test('of a body that nobody could read says only how it went', () => {
    const built = span({}, { body: null, read: { notes: ['response.not_json'] } })
    expect(built).toMatchObject({
      status: 'ok',
      responseModel: null,
      finishReason: null,
      usage: null,
      actions: [],
      notes: ['response.not_json'],
    })
    expect(built.cost).toEqual({ status: 'unpriced', amount: null, priceId: null, effectiveDate: null })
    expect(built.output).toEqual({ segments: [], textBytes: 0, isTruncated: false })
  })

  test('is there also where a bug keeps its answer from being read, and says so', () => {
    const dialect: Dialect = {
      ...openaiChat,
      readAnswer: () => {
        throw new TypeError('bug')
      },
    }
    const built = span({ dialect }, { end: 'died', read: { notes: ['response.unread_events:1'] } })
    expect([built.status, built.usage, built.notes]).toEqual([
      'incomplete',
      null,
      ['response.died', 'response.reader_failed', 'response.unread_events:1'],
    ])
    expect(built.input.segments).toHaveLength(1)
  })

  test('takes the user of the body where no header names one', () => {
    const request = { ...CHAT, user: `u${'x'.repeat(200)}` }
    expect(span({ request }).userId).toBe(`u${'x'.repeat(127)}`)
    expect(span({ request, facts: { caller: aCaller({ userId: 'header' }) } }).userId).toBe('header')
    expect(span({ request: { ...CHAT, user: '' } }).userId).toBeNull()
  })

  const ID_HEADERS = ['x-request-id', 'request-id', 'x-amzn-requestid', 'apim-request-id', 'x-goog-request-id']
  for (const name of ID_HEADERS) {
    test(`keeps the provider’s own id of ${name}`, () => {
      expect(span({}, { headers: { [name]: 'r'.repeat(200), 'x-other': 'o' } }).upstreamRequestId).toBe('r'.repeat(128))
    })
  }
  test('has no time to a first content that never came', () => {
    expect([span({}, { ttftMs: null }).ttftMs, span({}, { ttftMs: 0 }).ttftMs]).toEqual([null, 0])
  })

  test('has no such id where the provider gives none', () => expect(span().upstreamRequestId).toBeNull())
})

describe('how an answer ended', () => {
  const stream = { request: { ...CHAT, stream: true } }
  const gone = { read: { isComplete: false } }
  const failed = (error: unknown): AnswerMore => ({ status: 429, body: { error } as JsonRecord })
  type Row = readonly [
    why: string,
    call: CallMore,
    answer: AnswerMore,
    outcome: readonly [status: TraceSpan['status'], code: AppErrorCode | null, message: string | null],
    notes?: readonly string[],
  ]
  const ROWS: readonly Row[] = [
    ['whole', {}, {}, ['ok', null, null]],
    ['whole, with a redirect', {}, { status: 304, body: null }, ['ok', null, null]],
    ['whole, as a stream', stream, {}, ['ok', null, null]],
    ['a stream without its end mark', stream, gone, ['incomplete', null, 'the stream ended without its end mark']],
    ['no stream, so no end mark is missed', {}, gone, ['ok', null, null]],
    ['refused with words', {}, failed({ type: 'rate_limit', message: 'slow down' }), ['error', null, 'slow down']],
    ['refused with a type only', {}, failed({ type: 'rate_limit' }), ['error', null, 'rate_limit']],
    ['refused with a bare text', {}, failed('no'), ['error', null, 'no']],
    ['refused without words', {}, { status: 500, body: null }, ['error', null, 'the upstream answered 500']],
    ['refused at 400', {}, { status: 400, body: {} }, ['error', null, 'the upstream answered 400']],
    ['not refused at 399', {}, { status: 399 }, ['ok', null, null]],
    ['an error inside of a 200', stream, { body: { error: { message: 'overloaded' } } }, ['error', null, 'overloaded']],
    ['an error without words inside of a 200', {}, { body: { error: {} } }, ['error', null, 'the answer carries an error']],
    [
      'cancelled',
      stream,
      { end: 'cancelled', ...gone },
      ['cancelled', null, 'the caller left before the end of the answer'],
      ['response.cancelled'],
    ],
    ['left at the end mark', stream, { end: 'cancelled' }, ['ok', null, null], ['response.cancelled']],
    [
      'left at the end mark of an error',
      stream,
      { end: 'cancelled', status: 400 },
      ['cancelled', null, 'the caller left before the end of the answer'],
      ['response.cancelled'],
    ],
    [
      'left in a body that is no stream',
      {},
      { end: 'cancelled' },
      ['cancelled', null, 'the caller left before the end of the answer'],
      ['response.cancelled'],
    ],
    [
      'died',
      stream,
      { end: 'died', ...gone },
      ['incomplete', 'upstream.unreachable', 'the upstream closed the connection in mid-answer'],
      ['response.died'],
    ],
    [
      'short',
      {},
      { end: 'short', body: null, read: { notes: ['response.not_json'] } },
      ['incomplete', 'upstream.unreachable', 'the upstream sent fewer bytes than it announced'],
      ['response.short', 'response.not_json'],
    ],
    [
      'idle',
      stream,
      { end: 'idle', ...gone },
      ['incomplete', 'upstream.timeout', 'the upstream fell silent in mid-answer'],
      ['response.idle'],
    ],
    [
      'died, though the status was bad',
      {},
      { end: 'died', status: 500 },
      ['incomplete', 'upstream.unreachable', 'the upstream closed the connection in mid-answer'],
      ['response.died'],
    ],
  ]
  for (const [why, call, answer, outcome, notes] of ROWS) {
    test(why, () => {
      const built = span(call, answer)
      expect([built.status, built.errorCode, built.errorMessage] as unknown).toEqual(outcome)
      expect(built.notes).toEqual(notes ?? [])
      expect(built.statusCode).toBe(answer.status ?? 200)
    })
  }

  test('a long message is cut, on a character', () => {
    const { errorMessage } = span({}, failed({ message: `${'x'.repeat(1_022)}𝄞𝄞` }))
    expect(errorMessage).toBe(`${'x'.repeat(1_022)}…`)
    expect(span({}, failed({ message: 'x'.repeat(1_024) })).errorMessage).toBe('x'.repeat(1_024))
  })
})

describe('usage and cost', () => {
  const tokens = (built: TraceSpan): readonly [number, number] | null =>
    built.usage === null ? null : [built.usage.input, built.usage.output]
  const nano = (built: TraceSpan): readonly [TraceSpan['cost']['status'], number | null] => [
    built.cost.status,
    built.cost.amount,
  ]

  test('are the provider’s own report', () => {
    const built = span()
    expect([tokens(built), nano(built)] as unknown).toEqual([
      [1_000, 100],
      ['priced', 3_500_000],
    ])
  })

  test('of an answer without a report are estimated from the texts, in bytes', () => {
    // 8 bytes asked, 9 answered.
    const built = span(
      {},
      {
        body: {
          ...ANSWER,
          usage: undefined,
          choices: [{ message: { role: 'assistant', content: '日本語' }, finish_reason: 'stop' }],
        },
      },
    )
    expect([tokens(built), nano(built)] as unknown).toEqual([
      [2, 3],
      ['estimated', 2 * 2_500 + 3 * 10_000],
    ])
    expect(built.cost.priceId).toBe('openai/gpt-4o')
  })

  test('that are estimated are named so, and those that are reported are not', () => {
    const estimated = span({}, { body: { ...ANSWER, usage: null }, read: { notes: ['response.unread_events:1'] } })
    expect(estimated.notes).toEqual(['usage.estimated', 'response.unread_events:1'])
    expect(span().notes).toEqual([])
  })

  test('of a completion are estimated as of a chat', () => {
    const request = { model: 'gpt-3.5-turbo-instruct', prompt: 'question' }
    const body = { model: 'gpt-3.5-turbo-instruct', choices: [{ text: 'answer', finish_reason: 'stop' }] }
    const built = span({ dialect: openaiCompletions, request }, { body })
    expect([built.operation, tokens(built), built.cost.status] as unknown).toEqual(['text_completion', [2, 2], 'estimated'])
  })

  test('of a call whose request was never read are the report’s, or none', () => {
    const reported = span({ request: null })
    expect([tokens(reported), reported.status, reported.isStreaming] as unknown).toEqual([[1_000, 100], 'ok', false])
    const silent = span({ request: null }, { body: { ...ANSWER, usage: null }, read: { isComplete: false } })
    expect([silent.usage, silent.status]).toEqual([null, 'ok'])
  })

  test('of no model are unpriced, also where a price holds for all models', () => {
    const everything = createPriceBook({
      custom: () =>
        new Map([['*', { inputPerMillion: 1, outputPerMillion: 1, cachedInputPerMillion: null, cacheWritePerMillion: null }]]),
    })
    const call = aCall({ request: { messages: [] } })
    expect(answeredSpan(call, anAnswered({ body: { ...ANSWER, model: null } }), everything).cost.status).toBe('unpriced')
    expect(answeredSpan(call, anAnswered(), everything).cost.status).toBe('priced')
  })

  test('are estimated from the whole request where no texts are kept', () => {
    const policy = { text: 'metadata', textBytesMax: 100 } as const
    const built = span({ policy }, { body: { ...ANSWER, usage: null } })
    expect(tokens(built) as unknown).toEqual([Math.ceil(JSON.stringify(CHAT).length / 4), 2])
  })

  test('are estimated from all of the request’s texts, also of those that are not kept', () => {
    const request = { ...CHAT, messages: [{ role: 'user', content: 'x'.repeat(4_000) }] }
    const built = span({ request, policy: { text: 'full', textBytesMax: 10 } }, { body: { ...ANSWER, usage: null } })
    expect(tokens(built)?.[0]).toBe(1_000)
  })

  test('of an answer without texts are unknown, not estimated and not zero', () => {
    const built = span({}, { body: { model: 'gpt-4o', choices: [] } })
    expect([built.usage, nano(built)] as unknown).toEqual([null, ['unpriced', null]])
  })

  test('of what generates no text are never estimated', () => {
    const built = span(
      { dialect: openaiEmbeddings, request: { model: 'text-embedding-3-small', input: 'x' } },
      { body: { model: 'text-embedding-3-small', data: [] } },
    )
    expect([built.operation, built.usage, built.cost.status]).toEqual(['embeddings', null, 'unpriced'])
  })

  test('of a refused call are none, also where it reports some', () => {
    const built = span({}, { status: 400 })
    expect([built.usage, built.cost.status]).toEqual([null, 'unpriced'])
    expect(span({}, { status: 399 }).cost.status).toBe('priced')
  })

  test('of an unknown model are reported and unpriced, never zero', () => {
    const built = span({ request: { ...CHAT, model: 'no-such' } }, { body: { ...ANSWER, model: 'no-such' } })
    expect([tokens(built), nano(built)] as unknown).toEqual([
      [1_000, 100],
      ['unpriced', null],
    ])
    const estimated = span({ request: { ...CHAT, model: 'no-such' } }, { body: { ...ANSWER, model: 'no-such', usage: null } })
    expect([estimated.usage !== null, nano(estimated)] as unknown).toEqual([true, ['unpriced', null]])
  })

  test('of no model at all are unpriced', () => {
    const built = span({ request: { messages: [] } }, { body: { ...ANSWER, model: undefined } })
    expect([tokens(built), nano(built), built.requestModel, built.responseModel] as unknown).toEqual([
      [1_000, 100],
      ['unpriced', null],
      null,
      null,
    ])
  })

  test('take the price of the model that answered', () => {
    const built = span({ request: { ...CHAT, model: 'gpt-4o-mini' } })
    expect([built.requestModel, built.responseModel, built.cost.priceId]).toEqual([
      'gpt-4o-mini',
      'gpt-4o-2024-08-06',
      'openai/gpt-4o',
    ])
  })

  test('take the price of the model asked for, where nobody knows the one that answered', () => {
    const built = span({}, { body: { ...ANSWER, model: 'snapshot-of-tomorrow' } })
    expect([nano(built), built.responseModel, built.cost.priceId] as unknown).toEqual([
      ['priced', 3_500_000],
      'snapshot-of-tomorrow',
      'openai/gpt-4o',
    ])
    const alias = span({ request: { ...CHAT, model: 'deployment-1' } }, { body: { ...ANSWER, model: 'unknown' } })
    expect([nano(alias), alias.cost.priceId] as unknown).toEqual([['priced', 1_200_000], 'custom/deployment-1'])
    const silent = span({}, { body: { ...ANSWER, model: '' } })
    expect([nano(silent), silent.responseModel] as unknown).toEqual([['priced', 3_500_000], null])
  })

  test('are priced as of the day of the call', () => {
    const at = (startTime: number): string | null =>
      span({ facts: { startTime }, request: { ...CHAT, model: 'o3' } }, { body: { ...ANSWER, model: 'o3' } }).cost.effectiveDate
    expect(at(Date.UTC(2025, 0, 1, 23, 59))).toBe('2025-01-01')
  })

  test('of a self-hosted provider are known and unpriced', () => {
    const built = span({ facts: { provider: 'vllm' } })
    expect([tokens(built), nano(built)] as unknown).toEqual([
      [1_000, 100],
      ['unpriced', null],
    ])
  })
})

describe('an answer that broke off', () => {
  const message = (text: string, more: JsonRecord = {}): JsonRecord => ({
    model: 'claude-sonnet-4-5',
    content: text === '' ? [] : [{ type: 'text', text }],
    stop_reason: null,
    usage: { input_tokens: 1_000, output_tokens: 1 },
    ...more,
  })
  const call: CallMore = {
    dialect: anthropicMessages,
    request: { ...CHAT, stream: true, max_tokens: 5 },
    facts: { provider: 'anthropic' },
  }
  const ended = (end: TapEnd, body: JsonRecord, isComplete = false): TraceSpan =>
    span(call, { end, body, read: { isComplete } })

  for (const end of ['cancelled', 'died', 'idle', 'short', 'complete'] as const) {
    test(`${end}: keeps the reported prompt, and counts the answer by what was seen of it`, () => {
      const built = ended(end, message('x'.repeat(4_000)))
      expect([built.usage?.input, built.usage?.output, built.cost.status]).toEqual([1_000, 1_000, 'estimated'])
      expect(built.cost.amount as number | null).toBe(1_000 * 3_000 + 1_000 * 15_000)
    })
  }

  test('keeps a report that is larger than what was seen', () => {
    const built = ended('cancelled', message('seen', { usage: { input_tokens: 10, output_tokens: 500 } }))
    expect([built.usage?.output, built.cost.status]).toEqual([500, 'priced'])
    const same = ended('cancelled', message('seen', { usage: { input_tokens: 10, output_tokens: 1 } }))
    expect([same.usage?.output, same.cost.status]).toEqual([1, 'priced'])
  })

  test('after its last report keeps that report: the end of the texts was told', () => {
    const built = ended(
      'cancelled',
      message('x'.repeat(4_000), { stop_reason: 'end_turn', usage: { input_tokens: 10, output_tokens: 7 } }),
    )
    expect([built.usage?.output, built.cost.status]).toEqual([7, 'priced'])
  })

  test('keeps the report of a whole answer as it is, however long its text', () => {
    const built = ended('complete', message('x'.repeat(4_000)), true)
    expect([built.usage?.output, built.cost.status]).toEqual([1, 'priced'])
  })

  test('behind its end mark is whole, however it ended', () => {
    for (const end of ['cancelled', 'died', 'idle'] as const) {
      const built = ended(end, message('x'.repeat(4_000)), true)
      expect([end, built.usage?.output, built.cost.status]).toEqual([end, 1, 'priced'])
    }
  })

  test('without any text keeps the report of its prompt', () => {
    const built = ended('cancelled', message(''))
    expect([built.usage?.input, built.usage?.output, built.cost.status]).toEqual([1_000, 1, 'priced'])
  })
})

describe('what is kept is what the policy says', () => {
  const request = {
    ...CHAT,
    user: 'u1',
    messages: [{ role: 'user', content: 'secret question' }],
    response_format: { type: 'json_object' },
  }
  const body = {
    ...ANSWER,
    choices: [
      {
        message: {
          role: 'assistant',
          content: 'secret answer',
          tool_calls: [{ id: 'c', function: { name: 'bash', arguments: '{"cmd":"secret"}' } }],
        },
        finish_reason: 'stop',
      },
    ],
  }

  for (const text of ['metadata', 'none'] as const) {
    test(`${text}: no texts, no parameters, no arguments, and everything else`, () => {
      const built = span({ request, policy: { text, textBytesMax: 65_536 } }, { body })
      expect(JSON.stringify(built)).not.toContain('secret')
      expect(built).toMatchObject({
        parameters: null,
        requestModel: 'gpt-4o',
        finishReason: 'stop',
        status: 'ok',
        requestBytes: JSON.stringify(request).length,
      })
      expect([built.input, built.output]).toEqual([
        { segments: [], textBytes: 0, isTruncated: false },
        { segments: [], textBytes: 0, isTruncated: false },
      ])
      expect(built.actions).toMatchObject([{ name: 'bash', arguments: null, actionType: 'command_execution' }])
      expect(built.cost.status).toBe('priced')
    })
  }

  test('metadata: the texts are not even gathered', () => {
    const call = aCall({ policy: { text: 'metadata', textBytesMax: 10 } })
    const refusing = {
      ...call,
      request: {
        ...call.request!,
        inspection: () => {
          throw new Error('gathered')
        },
      },
    }
    expect(() => answeredSpan(refusing, anAnswered(), prices)).not.toThrow()
    expect(() => refusedSpan(refusing, appError('guard.blocked', 'x'), 1, false)).not.toThrow()
  })

  test('full: texts up to the limit, on each side', () => {
    const built = span({ request, policy: { text: 'full', textBytesMax: 6 } }, { body })
    expect([built.input.segments.map(({ text }) => text), built.input.isTruncated, built.input.textBytes]).toEqual([
      ['secret'],
      true,
      15,
    ])
    expect([built.output.segments.map(({ text }) => text), built.output.isTruncated]).toEqual([['{"cmd"'], true])
  })
})

describe('everything that a caller or an upstream chose is bounded', () => {
  test('names, words and paths', () => {
    const long = 'm'.repeat(1_000)
    const built = span(
      { request: { ...CHAT, model: long }, facts: { path: `/${'p'.repeat(1_000)}` } },
      { body: { ...ANSWER, model: `r${long}`, choices: [{ message: { content: 'x' }, finish_reason: long }] } },
    )
    expect([built.requestModel?.length, built.responseModel?.length, built.finishReason?.length, built.path.length]).toEqual([
      256, 256, 128, 512,
    ])
  })

  test('parameters, which stay JSON and keep the small settings', () => {
    const schema = { response_format: { type: 'json_schema', json_schema: 'x'.repeat(5_000) } }
    expect(span({ request: { ...CHAT, ...schema, seed: 7, stop: 'x'.repeat(600), n: null, logprobs: true } }).parameters).toBe(
      '{"temperature":0.5,"seed":7,"logprobs":true}',
    )
    const many = Object.fromEntries(Array.from({ length: 2_000 }, (_, i) => [`k${i}`, `"${'v'.repeat(50)}\\`]))
    const kept = span({ request: { ...CHAT, ...many } }).parameters ?? ''
    expect(kept.length).toBeLessThanOrEqual(4_096)
    expect(kept.length).toBeGreaterThan(3_900)
    expect(JSON.parse(kept)).toMatchObject({ temperature: 0.5, k0: many['k0']! })
    const edge = { ...CHAT, temperature: undefined, a: 'x'.repeat(4_096 - 8) }
    expect(span({ request: edge }).parameters?.length).toBe(4_096)
    expect(span({ request: { ...edge, a: `${edge.a}x` } }).parameters).toBe('{}')
    // One setting of 512 characters with its name, one of 513, and as many as fit.
    const large = { big: 'x'.repeat(5_000) }
    expect(span({ request: { model: 'm', ...large, b: 'x'.repeat(506) } }).parameters?.length).toBe(514)
    expect(span({ request: { model: 'm', ...large, b: 'x'.repeat(507) } }).parameters).toBe('{}')
    const eights = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`k${i}`, 'x'.repeat(504)]))
    const exact = { model: 'm', ...large, ...eights, k7: 'x'.repeat(502) }
    expect(span({ request: exact }).parameters?.length).toBe(4_095)
    expect(
      Object.keys(JSON.parse(span({ request: { ...exact, k7: 'x'.repeat(503) } }).parameters ?? '') as object),
    ).toHaveLength(7)
  })

  test('parameters nested deeper than they can be written again', () => {
    const deep = `{"model":"gpt-4o","seed":1,"x":${'['.repeat(7_000)}${']'.repeat(7_000)}}`
    expect(span({ request: deep }).parameters).toBe('{"seed":1}')
  })

  test('notes: what could not be read of the request, then of the answer, then parts of the request', () => {
    const content = Array.from({ length: 100 }, () => ({ type: 'image_url', image_url: { url: 'x' } }))
    const request = { ...CHAT, messages: [{ role: 'user', content }] }
    const { notes } = span({ request }, { end: 'died', read: { notes: ['response.unread_events:1'] } })
    expect([notes.length, notes.slice(0, 3)]).toEqual([
      32,
      ['response.died', 'response.unread_events:1', 'uninspected:/messages/0/content/0 image_url'],
    ])
    const odd = span({ request: { ...CHAT, messages: [{ role: 'user', content: [{ type: 't'.repeat(1_000) }] }] } })
    expect([odd.notes.length, odd.notes[0]?.length]).toEqual([1, 256])
    expect(span({ request: 'no json' }, { read: { notes: ['response.not_json'] } }).notes.slice(0, 2)).toEqual([
      'request.not_json',
      'response.not_json',
    ])
  })
})

describe('the span of a call that got no answer', () => {
  type Row = readonly [code: AppErrorCode, status: TraceSpan['status'], statusCode: number]
  const ROWS: readonly Row[] = [
    ['auth.required', 'refused', 401],
    ['auth.denied', 'refused', 403],
    ['request.malformed', 'refused', 400],
    ['request.too_large', 'refused', 413],
    ['request.provider_unknown', 'refused', 400],
    ['guard.blocked', 'refused', 403],
    ['limit.budget_exhausted', 'refused', 429],
    ['limit.rate_exceeded', 'refused', 429],
    ['upstream.refused', 'refused', 503],
    ['gateway.unavailable', 'refused', 503],
    ['upstream.unreachable', 'error', 502],
    ['upstream.timeout', 'error', 504],
  ]
  for (const [code, status, statusCode] of ROWS) {
    test(`${code} is ${status}`, () => {
      const built = refusedSpan(aCall(), appError(code, 'the message', { reason: 'the reason' }), 12, false)
      expect(built).toMatchObject({
        status,
        statusCode,
        errorCode: code,
        errorMessage: 'the message: the reason',
        durationMs: 12,
      })
    })
  }

  test('has nothing of an answer, and the texts of its request', () => {
    const built = refusedSpan(aCall(), appError('guard.blocked', 'blocked'), 12, false)
    expect(built).toMatchObject({
      errorMessage: 'blocked',
      upstreamMs: null,
      ttftMs: null,
      finishReason: null,
      upstreamRequestId: null,
      responseModel: null,
      usage: null,
      cost: { status: 'unpriced', amount: null, priceId: null, effectiveDate: null },
      output: { segments: [], textBytes: 0, isTruncated: false },
      responseBytes: 0,
      actions: [],
      requestModel: 'gpt-4o',
      operation: 'chat',
      parameters: '{"temperature":0.5}',
      notes: [],
    })
    expect(built.input.segments.map(({ text }) => text)).toEqual(['question'])
  })

  test('of a caller who left is nobody’s error', () => {
    const built = refusedSpan(aCall(), appError('upstream.unreachable', 'the caller left before the answer'), 12, true)
    expect(built).toMatchObject({
      status: 'cancelled',
      statusCode: null,
      errorCode: null,
      errorMessage: 'the caller left before the answer',
    })
  })

  test('whose body was never read has nothing of it', () => {
    const built = refusedSpan(aCall({ request: null }), appError('auth.required', 'x'), 1, false)
    expect(built).toMatchObject({
      operation: 'other',
      requestModel: null,
      isStreaming: false,
      parameters: null,
      requestBytes: 0,
      notes: [],
    })
    expect(built.input).toEqual({ segments: [], textBytes: 0, isTruncated: false })
  })

  test('has a message within bounds', () => {
    const built = refusedSpan(aCall(), appError('upstream.unreachable', 'm', { reason: 'r'.repeat(5_000) }), 1, false)
    expect([built.errorMessage?.length, built.errorMessage?.endsWith('r…')]).toEqual([1_024, true])
  })
})
