/** What `drizzle-kit generate` reads. Trace and account data are two databases: `SCHEMA=accounts drizzle-kit generate` is for the second. */
import { defineConfig } from 'drizzle-kit'

const schema = process.env['SCHEMA'] === 'accounts' ? 'account' : 'trace'

export default defineConfig({
  dialect: 'sqlite',
  schema: `./src/adapters/libsql/${schema}-schema.ts`,
  out: `./migrations/libsql/${schema}s`,
})
