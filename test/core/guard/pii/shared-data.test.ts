import { expect, test } from 'bun:test'
import { measurePii } from '../../../../bench/detection/pii.ts'
import { describeWithData } from '../../../support/recorded.ts'

describeWithData('structured personal data on the clean sets', () => {
  test('at least 97 of 100 are found, and at least 97 of 100 finds are right, in each type as well', async () => {
    const measured = await measurePii()
    expect(measured.length).toBeGreaterThan(10)
    for (const { type, precision, recall } of measured) {
      expect([type, precision >= 0.97, recall >= 0.97]).toEqual([type, true, true])
    }
  })
})
