import { describe, expect, test } from 'bun:test'
import { tap, type TapEnd, type TapFilter } from '../../../src/core/capture/tap.ts'
import { createTestClock, turn, type TestClock } from '../../support/clock.ts'
import { bytes, createSource, readText, streamOf, type Source } from '../../support/fakes.ts'

const IDLE_MS = 1_000

type Bench = {
  readonly source: Source
  readonly clock: TestClock
  readonly body: ReadableStream<Uint8Array>
  readonly seen: readonly string[]
  readonly ends: readonly TapEnd[]
  aborts(): number
}

function bench(
  stream: ReadableStream<Uint8Array> | null = null,
  announcedBytes: number | null = null,
  filter: TapFilter | null = null,
): Bench {
  const source = createSource()
  const clock = createTestClock()
  const seen: string[] = []
  const ends: TapEnd[] = []
  let aborts = 0
  const body = tap(
    stream ?? source.stream,
    { onChunk: (chunk) => seen.push(new TextDecoder().decode(chunk)), onEnd: (end) => ends.push(end) },
    { clock, idleTimeoutMs: IDLE_MS, announcedBytes, abort: () => void (aborts += 1), filter },
  )
  return { source, clock, body, seen, ends, aborts: () => aborts }
}

describe('every chunk', () => {
  test('goes to the caller as it came, the same object, and is shown on its way', async () => {
    const chunks = [bytes('a'), bytes('bc'), new Uint8Array(0), bytes('d')]
    const { body, seen, ends } = bench(streamOf(chunks))
    const got: Uint8Array[] = []
    for await (const chunk of body) got.push(chunk)
    expect(got.map((chunk, i) => chunk === chunks[i])).toEqual([true, true, true, true])
    expect([seen, ends]).toEqual([['a', 'bc', '', 'd'], ['complete']])
  })

  test('is shown before the caller has it', async () => {
    const order: string[] = []
    const body = tap(
      streamOf(['a']),
      { onChunk: () => order.push('seen'), onEnd: () => order.push('end') },
      { clock: createTestClock(), idleTimeoutMs: IDLE_MS, announcedBytes: null, abort: () => {}, filter: null },
    )
    const reader = body.getReader()
    await reader.read()
    order.push('read')
    await reader.read()
    expect(order).toEqual(['seen', 'read', 'end'])
  })

  test('is read from upstream only when the caller asks', async () => {
    const { source, body } = bench()
    await turn(3)
    expect(source.pulls()).toBe(0)
    const reader = body.getReader()
    const first = reader.read()
    await turn()
    expect(source.pulls()).toBe(1)
    source.push('a')
    await first
    await turn(3)
    expect(source.pulls()).toBe(1)
  })
})

describe('the end is told once, and by its kind', () => {
  test('complete: the upstream closed the body', async () => {
    const { body, ends, clock, aborts } = bench(streamOf(['a']))
    expect(await readText(body)).toBe('a')
    clock.advance(100 * IDLE_MS)
    expect([ends, aborts(), clock.pending()]).toEqual([['complete'], 0, 0])
  })

  test('complete: as many bytes as announced, or more', async () => {
    for (const announced of [0, 3, 5]) {
      const { body, ends } = bench(streamOf(['ab', 'cde']), announced)
      expect([announced, await readText(body), ends]).toEqual([announced, 'abcde', ['complete']])
    }
  })

  test('short: fewer bytes than announced, and the caller’s stream breaks off', async () => {
    const { body, ends, seen, clock } = bench(streamOf(['ab', 'c']), 4)
    await expect(readText(body)).rejects.toThrow('announced 4 bytes and sent 3')
    clock.advance(100 * IDLE_MS)
    expect([ends, seen, clock.pending()]).toEqual([['short'], ['ab', 'c'], 0])
  })

  test('died: the connection broke, and the caller’s stream breaks too, without the words of the runtime', async () => {
    const error = new Error('ECONNRESET')
    const { body, ends, seen, clock, aborts } = bench(streamOf(['a', error]))
    const reader = body.getReader()
    await reader.read()
    await expect(reader.read()).rejects.toThrow('the upstream broke off')
    clock.advance(100 * IDLE_MS)
    expect([ends, seen, clock.pending(), aborts()]).toEqual([['died'], ['a'], 0, 0])
  })

  test('died: also where fewer bytes than announced came', async () => {
    const { body, ends } = bench(streamOf(['a', new Error('x')]), 10)
    await expect(readText(body)).rejects.toThrow('the upstream broke off')
    expect(ends).toEqual(['died'])
  })

  test('cancelled: the caller left between two chunks, and upstream is told at once', async () => {
    const { source, body, ends, aborts, clock } = bench()
    const reader = body.getReader()
    const first = reader.read()
    await turn()
    source.push('a')
    await first
    await reader.cancel('bye')
    expect([ends, aborts(), source.isCancelled(), clock.pending()]).toEqual([['cancelled'], 1, true, 0])
  })

  test('cancelled: the caller left while a chunk was awaited', async () => {
    const { source, body, ends, aborts, clock } = bench()
    const reader = body.getReader()
    const pending = reader.read()
    await turn()
    await reader.cancel()
    expect(await pending).toEqual({ done: true, value: undefined })
    clock.advance(100 * IDLE_MS)
    await turn()
    expect([ends, aborts(), source.isCancelled()]).toEqual([['cancelled'], 1, true])
  })

  test('cancelled: before anything was read', async () => {
    const { source, body, ends, aborts } = bench()
    await body.cancel()
    expect([ends, aborts(), source.isCancelled()]).toEqual([['cancelled'], 1, true])
  })

  test('cancelled: also where upstream cannot be cancelled any more', async () => {
    const stubborn = new ReadableStream<Uint8Array>({ cancel: () => Promise.reject(new Error('gone')) }, { highWaterMark: 0 })
    const { body, ends } = bench(stubborn)
    await body.cancel()
    expect(ends).toEqual(['cancelled'])
  })

  test('cancelled: an upstream that breaks because of it changes nothing', async () => {
    const { source, body, ends } = bench()
    const reader = body.getReader()
    const pending = reader.read()
    await turn()
    const leaving = reader.cancel()
    await leaving
    await pending
    expect(() => source.fail(new Error('aborted'))).not.toThrow()
    await turn()
    expect(ends).toEqual(['cancelled'])
  })

  test('nothing is told after a cancel that follows the end', async () => {
    const { body, ends } = bench(streamOf([]))
    const reader = body.getReader()
    await reader.read()
    await reader.cancel()
    expect(ends).toEqual(['complete'])
  })
})

describe('silence of the upstream', () => {
  test('ends the stream after the limit, not before, and upstream is told', async () => {
    const { source, clock, body, ends, aborts } = bench()
    const reading = body.getReader().read()
    const outcome = reading.catch((error: Error) => error.message)
    await turn()
    clock.advance(IDLE_MS - 1)
    expect(ends).toEqual([])
    clock.advance(1)
    expect(await outcome).toBe('the upstream fell silent')
    await turn()
    expect([ends, aborts(), source.isCancelled(), clock.pending()]).toEqual([['idle'], 1, true, 0])
  })

  test('is measured from the last chunk', async () => {
    const { source, clock, body, ends } = bench()
    const reader = body.getReader()
    for (let i = 0; i < 5; i += 1) {
      const reading = reader.read()
      await turn()
      clock.advance(IDLE_MS - 100)
      source.push('a')
      await reading
    }
    expect(ends).toEqual([])
    const last = reader.read().catch(() => 'silent')
    await turn()
    clock.advance(IDLE_MS - 1)
    expect(ends).toEqual([])
    clock.advance(1)
    expect([await last, ends]).toEqual(['silent', ['idle']])
  })

  test('does not count the time that a slow caller takes', async () => {
    const { source, clock, body, ends } = bench()
    const reader = body.getReader()
    clock.advance(10 * IDLE_MS)
    const first = reader.read()
    await turn()
    source.push('a')
    await first
    clock.advance(10 * IDLE_MS + 17)
    expect(ends).toEqual([])
    const second = reader.read().catch(() => 'silent')
    await turn()
    clock.advance(IDLE_MS - 1)
    expect(ends).toEqual([])
    clock.advance(1)
    expect([await second, ends]).toEqual(['silent', ['idle']])
  })

  test('cannot be told from outside when upstream closes at the same time: the first holds', async () => {
    const { source, clock, body, ends } = bench()
    const reading = body
      .getReader()
      .read()
      .catch(() => 'silent')
    await turn()
    clock.advance(IDLE_MS)
    expect(() => source.close()).toThrow()
    expect([await reading, ends]).toEqual(['silent', ['idle']])
  })

  test('after which a late chunk goes nowhere', async () => {
    let give: ((value: Uint8Array) => void) | null = null
    const stubborn = new ReadableStream<Uint8Array>(
      {
        pull: (controller) =>
          new Promise<void>((resolve) => {
            give = (value) => {
              controller.enqueue(value)
              resolve()
            }
          }),
        cancel: () => Promise.reject(new Error('cannot')),
      },
      { highWaterMark: 0 },
    )
    const { clock, body, ends, seen } = bench(stubborn)
    const reading = body
      .getReader()
      .read()
      .catch(() => 'silent')
    await turn()
    clock.advance(IDLE_MS)
    expect(await reading).toBe('silent')
    expect(give).not.toBeNull()
    await turn()
    expect([ends, seen]).toEqual([['idle'], []])
  })

  test('costs one timer a stream, not one a chunk', async () => {
    const { source, clock, body } = bench()
    const reader = body.getReader()
    for (let i = 0; i < 100; i += 1) {
      const reading = reader.read()
      await turn()
      source.push('a')
      await reading
      expect(clock.pending()).toBe(1)
    }
  })
})

describe('a filter', () => {
  const text = (chunk: Uint8Array): string => new TextDecoder().decode(chunk)
  /** Holds everything up to a full stop; `stop` ends the body. */
  function sentences(): TapFilter {
    let held = ''
    return {
      push: (chunk) => {
        held += text(chunk)
        if (held.includes('stop')) return { bytes: [bytes('[end]')], isStopped: true }
        if (!held.endsWith('.')) return { bytes: [], isStopped: false }
        const whole = held
        held = ''
        return { bytes: [bytes(whole)], isStopped: false }
      },
      end: () => ({ bytes: held === '' ? [] : [bytes(held)], isStopped: false }),
    }
  }

  test('may hold chunks back: they leave together, are shown as they leave, and nothing is lost at the end', async () => {
    const { body, seen, ends } = bench(streamOf(['a', 'b', 'c.', 'd']), null, sentences())
    expect(await readText(body)).toBe('abc.d')
    expect([seen, ends]).toEqual([['abc.', 'd'], ['complete']])
  })

  test('may stop a body: it ends cleanly, and the upstream is let go', async () => {
    const b = bench(null, null, sentences())
    b.source.push('stop it')
    b.source.push('never seen')
    expect(await readText(b.body)).toBe('[end]')
    expect([b.seen, b.ends, b.aborts()]).toEqual([['[end]'], ['stopped'], 1])
  })

  test('loses what it holds when the upstream dies: what was not judged never leaves', async () => {
    const b = bench(null, null, sentences())
    b.source.push('held')
    const reading = readText(b.body).catch((error: unknown) => String(error))
    await turn(3)
    b.source.fail(new Error('gone'))
    expect(await reading).toContain('broke off')
    expect([b.seen, b.ends]).toEqual([[], ['died']])
  })
})
