/** Writes batches of ten spans to the file that is its argument until it is killed, and says so after each. */
import process from 'node:process'
import { openThreadedTraceStore } from '../../../src/adapters/selfhost/store-thread.ts'
import { aFinding, anAction, aSpan, envelopesOf } from '../../support/spans.ts'

const store = await openThreadedTraceStore({ path: process.argv[2] ?? '', autoMigrate: true })
for (let written = 0; ; written += 10) {
  const more = { tags: { env: 'test' }, actions: [anAction()], findings: [aFinding()] }
  await store.write(envelopesOf(Array.from({ length: 10 }, (_, i) => aSpan(more, written + i + 1))))
  console.log(`stored ${written + 10}`)
}
