import { expect, test } from 'bun:test'
import type { TraceSpan } from '../../../src/core/domain/span.ts'
import { ship } from '../../../src/core/ship/ship.ts'
import { createFakeBackground, createFakeQueue } from '../../support/fakes.ts'

const SPAN = { spanId: 'x' } as unknown as TraceSpan

test('a span goes to the queue, and nothing waits for it', () => {
  const queue = createFakeQueue()
  const background = createFakeBackground()
  ship(SPAN, true, queue, background.run)
  expect([queue.spans, background.names]).toEqual([[SPAN], []])
})

test('a span that the policy does not keep goes nowhere', () => {
  const queue = createFakeQueue()
  ship(SPAN, false, queue, createFakeBackground().run)
  expect(queue.spans).toEqual([])
})

test('delivery that takes time is background work, and its failure is not thrown here', async () => {
  const background = createFakeBackground()
  ship(SPAN, true, { ...createFakeQueue(), send: async () => Promise.reject(new Error('queue down')) }, background.run)
  expect(background.names).toEqual(['ship'])
  expect(await background.idle()).toEqual([new Error('queue down')])
})
