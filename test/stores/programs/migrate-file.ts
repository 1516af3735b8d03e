/** Migrates the file that is its argument and says what it applied. */
import process from 'node:process'
import { migrate } from '../../../src/adapters/libsql/migrate.ts'
import { traceMigrations } from '../../../src/adapters/libsql/migrations-node.ts'
import { openLibsqlFile } from '../../../src/adapters/libsql/open.ts'

const client = await openLibsqlFile(process.argv[2] ?? '')
const applied = await migrate(client, traceMigrations())
client.close()
console.log(`applied ${applied.length}`)
