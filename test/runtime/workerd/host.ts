/**
 * Hosts the gateway Worker in real workerd for tests. It runs under Node (wrangler's harness does not work in Bun) as a child process:
 * prints `listening on URL`, and ends on SIGTERM or when its parent has gone. `WORKER_VARS` is a JSON object of vars.
 */
import { createTestHarness } from 'wrangler'

const vars = JSON.parse(process.env['WORKER_VARS'] ?? '{}') as Record<string, string>
const server = createTestHarness({ root: process.cwd(), workers: [{ configPath: './wrangler.toml', vars }] })
const { url } = await server.listen()
console.log(`listening on ${url.origin}`)

async function end(): Promise<void> {
  await server.close()
  process.exit(0)
}
process.on('SIGTERM', () => void end())
const parent = process.ppid
setInterval(() => {
  if (process.ppid !== parent) void end()
}, 1_000)
