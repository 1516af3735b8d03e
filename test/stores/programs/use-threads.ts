/** One pass through the threaded store on the file that is its argument, for each runtime. */
import process from 'node:process'
import { openThreadedTraceStore } from '../../../src/adapters/selfhost/store-thread.ts'
import { PortError } from '../../../src/core/ports.ts'
import { aSpan, captured, envelopesOf, tenantOf } from '../../support/spans.ts'
import { everything, FIRST_PAGE } from '../filters.ts'

const path = process.argv[2] ?? ''
const tenantId = tenantOf('acme')
const store = await openThreadedTraceStore({ path, autoMigrate: true })
await store.write(envelopesOf([aSpan({ input: captured(['user', 'grüße']) }, 1), aSpan({}, 2)]))
const page = await store.spans({ ...everything(tenantId), text: 'GRÜSSE'.toLowerCase().replace('ss', 'ß') }, FIRST_PAGE)
const stats = await store.stats({
  filter: everything(tenantId),
  groupBy: 'day',
  timeZone: 'Asia/Kolkata',
  acrossTenants: false,
})
const failure = await store.spans(everything(tenantId), { ...FIRST_PAGE, cursor: '?' }).catch((error: unknown) => error)
const unopened = await openThreadedTraceStore({ path: `${path}/no/such/folder`, autoMigrate: true }).catch(
  (error: unknown) => error,
)
await store.close()
const closed = await store.ping().catch((error: unknown) => error)

const isGood =
  page.total === 1 &&
  page.data[0]?.spanId === aSpan({}, 1).spanId &&
  stats.groups[0]?.key === '2026-10-19T18:30:00.000Z' &&
  [failure, unopened, closed].every((error) => error instanceof PortError)
console.log(
  isGood ? 'all good' : 'wrong',
  JSON.stringify({ total: page.total, groups: stats.groups, failure, unopened, closed }),
)
