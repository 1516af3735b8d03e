/** The parts of `llmtrace demo` beside the gateway itself: the provider to send to and the traffic to look at. */
import process from 'node:process'
import { startDemoProvider } from './provider.ts'
import { runDemoTraffic } from './traffic.ts'

export type Demo = {
  /**
   * Configuration for the gateway. Every call goes to the demo's provider, so that none leaves the machine whatever else is
   * configured, and the data lies apart from real traces.
   */
  readonly flags: { readonly [name: string]: string }
  /** Starts the traffic; `stop` resolves when no call is in flight. */
  run(gatewayUrl: string): { stop(): Promise<void> }
  close(): Promise<void>
}

export async function startDemo(): Promise<Demo> {
  const provider = await startDemoProvider()
  return {
    flags: { 'upstream-url': provider.baseUrl, 'auth.mode': 'open', 'data-dir': './data/demo' },
    run: (gatewayUrl) => {
      const ending = new AbortController()
      const traffic = runDemoTraffic({ gatewayUrl, signal: ending.signal, log: (line) => process.stdout.write(`  ${line}\n`) })
      return {
        stop: async () => {
          ending.abort()
          await traffic
        },
      }
    },
    close: provider.close,
  }
}
