/** The same migrations as in `migrations-node.ts` where there are no files: the bundler puts their text in. For `worker.ts` only. */
// An import would be left in the bundle, and the compiler's run for workerd sees only what `worker.ts` leads to.
// oxlint-disable-next-line typescript/triple-slash-reference
/// <reference path="./sql-text.d.ts" />
import accounts0000 from '../../../migrations/libsql/accounts/0000_accounts.sql'
import traces0000 from '../../../migrations/libsql/traces/0000_spans.sql'
import traces0001 from '../../../migrations/libsql/traces/0001_search_and_cascade.sql'
import traces0002 from '../../../migrations/libsql/traces/0002_findings_by_time.sql'
import type { Migration } from './migrate.ts'

export const traceMigrations: readonly Migration[] = [
  { name: 'traces/0000_spans.sql', sql: traces0000 },
  { name: 'traces/0001_search_and_cascade.sql', sql: traces0001 },
  { name: 'traces/0002_findings_by_time.sql', sql: traces0002 },
]

export const accountMigrations: readonly Migration[] = [{ name: 'accounts/0000_accounts.sql', sql: accounts0000 }]
