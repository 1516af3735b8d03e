import { afterAll, describe, expect, test } from 'bun:test'
import { startFakeUpstream } from '../support/fake-upstream.ts'
import { SDK_CASES } from './sdk-cases.ts'

const upstream = await startFakeUpstream()
afterAll(() => upstream.close())

describe('SDK cases hold against the provider itself', () => {
  test('their names tell them apart', () => {
    expect(new Set(SDK_CASES.map((entry) => entry.name)).size).toBe(SDK_CASES.length)
  })

  for (const entry of SDK_CASES) test(entry.name, () => entry.run(upstream.url, upstream))
})
