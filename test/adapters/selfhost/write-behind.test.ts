import { describe, expect, test } from 'bun:test'
import { createWriteBehind } from '../../../src/adapters/selfhost/write-behind.ts'
import type { Envelope } from '../../../src/core/domain/envelope.ts'
import { NO_TEXT, type TraceSpan } from '../../../src/core/domain/span.ts'
import { aSpan } from '../../support/a-span.ts'
import { createTestClock, turn, type TestClock } from '../../support/clock.ts'
import { aSegment, createLog, type LogLine } from '../../support/fakes.ts'
import { spanIdOf } from '../../support/ids.ts'

type Bench = {
  readonly queue: ReturnType<typeof createWriteBehind>
  readonly clock: TestClock
  readonly lines: readonly LogLine[]
  /** Span numbers of each batch that the store took. */
  readonly batches: readonly (readonly number[])[]
  readonly envelopes: readonly Envelope[]
  /** How often the store was asked. */
  attempts(): number
  /** From now on the store answers by this: throws, waits, or takes. */
  behave(store: (batch: readonly Envelope[]) => Promise<void>): void
  send(...numbers: readonly number[]): void
}

const down = async (): Promise<void> => {
  throw new Error('store down')
}

function bench(
  more: {
    readonly batchMax?: number
    readonly batchCharsMax?: number
    readonly textCharsMax?: number
    readonly queuedCharsMax?: number
  } = {},
): Bench {
  const clock = createTestClock()
  const log = createLog()
  const batches: number[][] = []
  const envelopes: Envelope[] = []
  let attempts = 0
  let behave: (batch: readonly Envelope[]) => Promise<void> = async () => {}
  const queue = createWriteBehind({
    store: {
      write: async (batch) => {
        attempts += 1
        await behave(batch)
        batches.push(batch.map(({ span }) => parseInt(span.spanId, 16)))
        envelopes.push(...batch)
      },
    },
    clock,
    log,
    writer: 'w1',
    windowMs: 100,
    batchMax: more.batchMax ?? 3,
    batchCharsMax: more.batchCharsMax ?? 1_000_000,
    textCharsMax: more.textCharsMax ?? 1_000_000,
    queuedCharsMax: more.queuedCharsMax ?? 1_000_000,
  })
  return {
    queue,
    clock,
    lines: log.lines,
    batches,
    envelopes,
    attempts: () => attempts,
    behave: (next) => void (behave = next),
    send: (...numbers) => {
      for (const n of numbers) expect(queue.send(numbered(n))).toBeNull()
    },
  }
}

function numbered(n: number): TraceSpan {
  return aSpan({ spanId: spanIdOf(n) })
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}

describe('spans go to the store', () => {
  test('within the window, together, in order, numbered from 1', async () => {
    const b = bench()
    b.send(1)
    b.clock.advance(99)
    b.send(2)
    await turn()
    expect(b.batches).toEqual([])
    expect(b.queue.delivery()).toEqual({ accepted: 2, queued: 2, stored: 0, shed: {} })
    b.clock.advance(1)
    await turn()
    expect(b.batches).toEqual([[1, 2]])
    expect(b.envelopes.map(({ version, writer, sequence }) => [version, writer, sequence])).toEqual([
      [1, 'w1', 1],
      [1, 'w1', 2],
    ])
    expect([b.queue.delivery(), b.clock.pending()]).toEqual([{ accepted: 2, queued: 0, stored: 2, shed: {} }, 0])
  })

  test('at once where a batch is full', async () => {
    const b = bench()
    b.send(1, 2, 3)
    await turn()
    expect([b.batches, b.clock.pending()]).toEqual([[[1, 2, 3]], 0])
  })

  test('in batches of a bounded size', async () => {
    const b = bench()
    b.send(...range(1, 8))
    await turn()
    expect(b.batches).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ])
    b.clock.advance(100)
    await turn()
    expect(b.batches[2]).toEqual([7, 8])
  })

  test('in full batches under load: what comes while one is written waits for its own time', async () => {
    const b = bench()
    const first = Promise.withResolvers<void>()
    b.behave(() => first.promise)
    b.send(...range(1, 5))
    b.behave(async () => {})
    first.resolve()
    await turn()
    b.send(6)
    await turn()
    expect(b.batches).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ])
  })

  test('one batch at a time; what comes meanwhile waits its turn', async () => {
    const b = bench()
    const first = Promise.withResolvers<void>()
    b.behave(() => first.promise)
    b.send(1, 2, 3)
    b.send(4, 5, 6, 7)
    await turn()
    b.clock.advance(1_000)
    await turn()
    expect([b.attempts(), b.batches]).toEqual([1, []])
    b.behave(async () => {})
    first.resolve()
    await turn()
    b.clock.advance(100)
    await turn()
    expect(b.batches).toEqual([[1, 2, 3], [4, 5, 6], [7]])
  })

  test('once each, whatever the store does', async () => {
    const b = bench()
    let n = 0
    b.behave(async () => {
      n += 1
      if (n % 2 === 1) throw new Error('now and then')
    })
    b.send(...range(1, 10))
    for (let i = 0; i < 40; i += 1) {
      await turn()
      b.clock.advance(5_000)
    }
    expect(b.batches.flat()).toEqual([...range(1, 10)])
    expect(b.queue.delivery()).toEqual({ accepted: 10, queued: 0, stored: 10, shed: {} })
  })
})

describe('a store that is down', () => {
  test('is asked again after longer and longer, up to a bound; nothing is lost', async () => {
    const b = bench()
    b.behave(down)
    b.send(1, 2, 3)
    await turn()
    const waits: (number | null)[] = []
    for (let i = 0; i < 9; i += 1) {
      const next = b.clock.next()
      waits.push(next)
      b.clock.advance(next ?? 0)
      await turn()
    }
    expect(waits).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000])
    expect([b.queue.isDegraded(), b.queue.delivery()]).toEqual([true, { accepted: 3, queued: 3, stored: 0, shed: {} }])
    b.behave(async () => {})
    b.clock.advance(5_000)
    await turn()
    expect(b.batches.flat()).toEqual([1, 2, 3])
    expect([b.queue.isDegraded(), b.clock.pending()]).toEqual([false, 0])
    expect(new Set(b.lines.map(({ event }) => event))).toEqual(new Set(['store.write_failed', 'store.recovered']))
  })

  test('is not asked more often because more spans come', async () => {
    const b = bench()
    b.behave(down)
    b.send(1, 2, 3)
    await turn()
    b.send(...range(4, 50))
    await turn()
    b.clock.advance(99)
    await turn()
    expect(b.attempts()).toBe(1)
    b.clock.advance(1)
    await turn()
    expect(b.attempts()).toBe(2)
  })

  test('that says nothing but that it failed is down too', async () => {
    const b = bench()
    b.behave(() => Promise.reject(undefined))
    b.send(1, 2, 3)
    await turn()
    expect(b.queue.delivery()).toMatchObject({ queued: 3, stored: 0 })
  })

  test('gives up new texts before it gives up spans: counted, noted, and the rest of the span is kept', async () => {
    const weighty = (n: number): TraceSpan => ({
      ...numbered(n),
      input: { segments: [aSegment('x'.repeat(2_000))], textBytes: 2_000, isTruncated: false },
      parameters: '{"temperature":1}',
      notes: ['own'],
    })
    const b = bench({ textCharsMax: 2 * (1_024 + 2_128 + 17) })
    b.behave(down)
    for (const n of range(1, 4)) b.queue.send(weighty(n))
    b.send(5)
    await turn()
    expect(b.queue.delivery()).toEqual({ accepted: 5, queued: 5, stored: 0, shed: { texts: 2 } })
    b.behave(async () => {})
    b.clock.advance(5_000)
    await turn()
    expect(b.batches.flat()).toEqual([1, 2, 3, 4, 5])
    const [, second, third] = b.envelopes.map(({ span }) => span)
    expect(second).toEqual(weighty(2))
    expect(third).toEqual({
      ...weighty(3),
      input: { segments: [], textBytes: 2_000, isTruncated: true },
      parameters: null,
      notes: ['text.shed', 'own'],
    })
  })

  test('takes large spans in small batches, and one that is larger than a batch alone', async () => {
    const weighty = (n: number, chars: number): TraceSpan => ({
      ...numbered(n),
      input: { ...NO_TEXT, segments: [aSegment('x'.repeat(chars))] },
    })
    const b = bench({ batchMax: 9, batchCharsMax: 5_000 })
    b.queue.send(weighty(1, 2_000))
    b.queue.send(weighty(2, 10))
    b.queue.send(weighty(3, 2_000))
    b.queue.send(weighty(4, 9_000))
    b.queue.send(weighty(5, 10))
    b.clock.advance(100)
    await turn()
    b.clock.advance(100)
    await turn()
    expect(b.batches).toEqual([[1, 2], [3], [4], [5]])
  })

  test('beyond the bound has new spans shed, counted, and old ones kept', async () => {
    const text = 'x'.repeat(1_000)
    const weighty = (n: number): TraceSpan => ({
      ...numbered(n),
      input: { ...NO_TEXT, segments: [aSegment(text)] },
      output: { ...NO_TEXT, segments: [aSegment(text)] },
    })
    // A span weighs its texts, 128 more each, and 1024 more.
    const b = bench({ queuedCharsMax: 3 * (1_024 + 2 * 1_128) + 1_024 })
    b.behave(down)
    for (const n of range(1, 5)) b.queue.send(weighty(n))
    await turn()
    expect(b.queue.delivery()).toEqual({ accepted: 5, queued: 3, stored: 0, shed: { queue_full: 2 } })
    b.send(6)
    expect(b.queue.delivery()).toEqual({ accepted: 6, queued: 4, stored: 0, shed: { queue_full: 2 } })
    b.behave(async () => {})
    b.clock.advance(5_000)
    await turn()
    expect(b.batches.flat()).toEqual([1, 2, 3, 6])
    expect(b.envelopes.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4])
    // All that weight is gone with them.
    for (const n of range(7, 9)) b.queue.send(weighty(n))
    expect(b.queue.delivery().shed).toEqual({ queue_full: 2 })
  })
})

describe('a span that the store will not take', () => {
  /** Takes every batch without the given spans. */
  const refusing =
    (...bad: readonly number[]) =>
    async (batch: readonly Envelope[]): Promise<void> => {
      if (batch.some(({ span }) => bad.includes(parseInt(span.spanId, 16)))) throw new Error('value out of range')
    }

  async function settle(b: Bench): Promise<void> {
    for (let i = 0; i < 40; i += 1) {
      await turn()
      b.clock.advance(5_000)
    }
  }

  for (const bad of [[1], [3], [5], [2, 3], [1, 5], [4, 5], [1, 2, 3, 4]] as const) {
    test(`holds up no other: ${bad.join(', ')}`, async () => {
      const b = bench()
      b.behave(refusing(...bad))
      b.send(...range(1, 5))
      await settle(b)
      const good = (last: number): readonly number[] => range(1, last).filter((n) => !(bad as readonly number[]).includes(n))
      expect(b.batches.flat().toSorted((x, y) => x - y)).toEqual([...good(5)])
      // Whether it is the span or the store shows by what comes after it.
      for (const n of [6, 7, 8]) {
        b.send(n)
        await settle(b)
      }
      expect(b.batches.flat().toSorted((x, y) => x - y)).toEqual([...good(8)])
      expect(b.queue.delivery()).toEqual({ accepted: 8, queued: 0, stored: good(8).length, shed: { rejected: bad.length } })
      expect(b.queue.isDegraded()).toBe(false)
      const rejected = b.lines.filter(({ event }) => event === 'store.span_rejected').map(({ fields }) => fields['span_id'])
      expect(rejected.toSorted()).toEqual(bad.map((n) => spanIdOf(n)))
      expect(b.clock.pending()).toBe(0)
    })
  }

  test('is told from an outage that ends while spans are tried one by one', async () => {
    for (const takesFrom of range(4, 60)) {
      const b = bench({ batchMax: 100 })
      b.behave(async () => {
        if (b.attempts() < takesFrom) throw new Error('store down')
      })
      b.send(...range(1, 20))
      await settle(b)
      expect([takesFrom, b.queue.delivery()]).toEqual([takesFrom, { accepted: 20, queued: 0, stored: 20, shed: {} }])
      expect(b.batches.flat().toSorted((x, y) => x - y)).toEqual([...range(1, 20)])
    }
  })

  test('is kept while it is alone: the store may be down', async () => {
    const b = bench()
    b.behave(refusing(1))
    b.send(1)
    await settle(b)
    expect(b.queue.delivery()).toEqual({ accepted: 1, queued: 1, stored: 0, shed: {} })
  })

  test('is looked for among the first ones only, while the store is down', async () => {
    const b = bench({ batchMax: 100 })
    b.behave(down)
    b.send(...range(1, 100))
    for (const [i, attempts] of [1, 2, 3, 3 + 32, 3 + 64].entries()) {
      await turn()
      expect([i, b.attempts()]).toEqual([i, attempts])
      b.clock.advance(5_000)
    }
    b.behave(async () => {})
    await settle(b)
    expect(b.batches.flat().toSorted((x, y) => x - y)).toEqual([...range(1, 100)])
  })

  test('is not looked for after a single failure', async () => {
    const b = bench()
    b.behave(down)
    b.send(1, 2, 3)
    await turn()
    b.clock.advance(100)
    await turn()
    expect([b.attempts(), b.queue.delivery().queued]).toEqual([2, 3])
  })
})

describe('flush', () => {
  test('resolves at once where nothing waits', async () => {
    await bench().queue.flush()
  })

  test('stores what waits without waiting for the window', async () => {
    const b = bench()
    b.send(1, 2)
    await b.queue.flush()
    expect(b.batches).toEqual([[1, 2]])
  })

  test('resolves only when all is stored, also over an outage', async () => {
    const b = bench()
    b.behave(down)
    b.send(1, 2)
    let isDone = false
    const flushing = Promise.all([b.queue.flush(), b.queue.flush()]).then(() => (isDone = true))
    await turn(3)
    b.clock.advance(100)
    await turn(3)
    expect([isDone, b.attempts()]).toEqual([false, 2])
    b.behave(async () => {})
    b.clock.advance(200)
    await flushing
    expect(b.batches).toEqual([[1, 2]])
  })
})

describe('the end', () => {
  test('stores what waits', async () => {
    const b = bench()
    b.send(1, 2)
    await b.queue.close(1_000)
    expect([b.batches, b.queue.delivery(), b.clock.pending()]).toEqual([
      [[1, 2]],
      { accepted: 2, queued: 0, stored: 2, shed: {} },
      0,
    ])
    expect(b.lines).toEqual([])
  })

  test('tries again until the deadline', async () => {
    const b = bench()
    b.behave(async () => {
      if (b.attempts() < 3) throw new Error('not yet')
    })
    b.send(1, 2)
    await b.queue.close(5_000)
    expect(b.queue.delivery()).toEqual({ accepted: 2, queued: 0, stored: 2, shed: {} })
  })

  test('counts as shed what no one took in time, and says so', async () => {
    const b = bench()
    b.behave(down)
    b.send(1, 2)
    await b.queue.close(20)
    expect(b.queue.delivery()).toEqual({ accepted: 2, queued: 0, stored: 0, shed: { shutdown: 2 } })
    expect(b.lines.at(-1)).toMatchObject({ event: 'store.spans_lost', fields: { spans: 2 } })
  })

  test('does not wait for a store that hangs; what it takes later is not counted twice', async () => {
    const b = bench()
    const hanging = Promise.withResolvers<void>()
    b.behave(() => hanging.promise)
    b.send(1, 2)
    await b.queue.close(20)
    hanging.resolve()
    await turn(3)
    expect(b.queue.delivery()).toEqual({ accepted: 2, queued: 0, stored: 0, shed: { shutdown: 2 } })
    expect(b.clock.pending()).toBe(0)
  })

  test('sheds what comes after it', async () => {
    const b = bench()
    await b.queue.close(20)
    b.send(1)
    expect([b.queue.delivery(), b.clock.pending()]).toEqual([{ accepted: 1, queued: 0, stored: 0, shed: { shutdown: 1 } }, 0])
  })
})
