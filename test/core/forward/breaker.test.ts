import { describe, expect, test } from 'bun:test'
import { createBreaker, isDownStatus, type BreakerState } from '../../../src/core/forward/breaker.ts'
import { createTestClock } from '../../support/clock.ts'

const CONFIG = { isEnabled: true, failureThreshold: 3, recoveryTimeoutMs: 10_000, halfOpenCallsMax: 2 }

/** `+`/`-`: admitted or not; `ok`, `fail`, `left`: how a call ended; a number: milliseconds that pass; a state: what it is in. */
type Step = '+' | '-' | 'ok' | 'fail' | 'left' | number | BreakerState

const ROWS: readonly (readonly [why: string, steps: readonly Step[]])[] = [
  ['it begins closed', ['closed', '+']],
  ['failures below the threshold leave it closed', ['+', 'fail', '+', 'fail', 'closed', '+']],
  ['failures in a row open it', ['fail', 'fail', 'closed', 'fail', 'open', '-']],
  ['a success between them starts the count again', ['fail', 'fail', 'ok', 'fail', 'fail', 'closed', 'fail', 'open']],
  ['calls that were left do not count', ['fail', 'fail', 'left', 'closed', 'fail', 'open']],
  ['it stays open for the whole time', ['fail', 'fail', 'fail', 9_999, '-', 'open', 1, '+', 'half_open']],
  ['half open, only as many probes go through as told', ['fail', 'fail', 'fail', 10_000, '+', '+', '-', '-', 'half_open']],
  ['the first probe that succeeds closes it', ['fail', 'fail', 'fail', 10_000, '+', '+', 'ok', 'closed', '+', '+', '+']],
  [
    'a probe that fails opens it again, for the whole time',
    ['fail', 'fail', 'fail', 10_000, '+', 'fail', 'open', 9_999, '-', 1, '+'],
  ],
  ['a probe that was left gives its place back', ['fail', 'fail', 'fail', 10_000, '+', '+', '-', 'left', '+', '-']],
  [
    'no more places come back than were taken',
    ['fail', 'fail', 'fail', 10_000, '+', '+', 'left', 'left', 'left', '+', '+', '-'],
  ],
  ['probes are counted anew each time', ['fail', 'fail', 'fail', 10_000, '+', '+', 'fail', 10_000, '+', '+', '-']],
  [
    'after it closed, the whole threshold holds again',
    ['fail', 'fail', 'fail', 10_000, '+', 'ok', 'fail', 'fail', 'closed', 'fail', 'open'],
  ],
  [
    'failures of calls from before do not make the pause longer',
    ['fail', 'fail', 'fail', 9_000, 'fail', 'fail', 1_000, '+', 'half_open'],
  ],
  ['a success of a call from before closes it', ['fail', 'fail', 'fail', 'open', 'ok', 'closed', '+']],
]

describe('a breaker', () => {
  for (const [why, steps] of ROWS) {
    test(why, () => {
      const clock = createTestClock()
      const breaker = createBreaker(CONFIG, () => {})
      steps.forEach((step, i) => {
        const at = `step ${i}: ${step}`
        if (step === '+' || step === '-') expect([at, breaker.admit(clock.now())]).toEqual([at, step === '+'])
        else if (step === 'ok') breaker.succeeded()
        else if (step === 'fail') breaker.failed(clock.now())
        else if (step === 'left') breaker.abandoned()
        else if (typeof step === 'number') clock.advance(step)
        else expect([at, breaker.state()]).toEqual([at, step])
      })
    })
  }

  test('tells each change once', () => {
    const clock = createTestClock()
    const seen: BreakerState[] = []
    const breaker = createBreaker(CONFIG, (state) => seen.push(state))
    breaker.succeeded()
    for (let i = 0; i < 5; i += 1) breaker.failed(clock.now())
    clock.advance(10_000)
    breaker.admit(clock.now())
    breaker.admit(clock.now())
    breaker.succeeded()
    breaker.succeeded()
    expect(seen).toEqual(['open', 'half_open', 'closed'])
  })

  test('says how long to wait', () => {
    const clock = createTestClock()
    const breaker = createBreaker(CONFIG, () => {})
    expect(breaker.waitMs(clock.now())).toBe(0)
    for (let i = 0; i < 3; i += 1) breaker.failed(clock.now())
    expect(breaker.waitMs(clock.now())).toBe(10_000)
    clock.advance(4_000)
    expect(breaker.waitMs(clock.now())).toBe(6_000)
    clock.advance(60_000)
    expect(breaker.waitMs(clock.now())).toBe(0)
    breaker.admit(clock.now())
    expect(breaker.waitMs(clock.now())).toBe(0)
  })

  test('that is switched off lets everything through', () => {
    const clock = createTestClock()
    const seen: BreakerState[] = []
    const breaker = createBreaker({ ...CONFIG, isEnabled: false }, (state) => seen.push(state))
    for (let i = 0; i < 10; i += 1) breaker.failed(clock.now())
    expect([breaker.admit(clock.now()), breaker.state(), breaker.waitMs(clock.now()), seen]).toEqual([true, 'closed', 0, []])
  })
})

test('only statuses that mean "down" are failures', () => {
  const down = Array.from({ length: 500 }, (_, i) => 100 + i).filter(isDownStatus)
  expect(down).toEqual([502, 503, 504, 529])
})
