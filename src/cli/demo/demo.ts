/** `llmtrace demo`: the built-in provider as the only upstream, a data folder of its own, and sample traffic once the gateway is up. */
import { startDemoProvider } from './provider.ts'
import { runDemoTraffic } from './traffic.ts'

export type Demo = {
  /** Configuration that a flag of the caller's own may override. */
  readonly flags: { readonly [name: string]: string }
  run(gatewayUrl: string): { stop(): Promise<void> }
  close(): Promise<void>
}

export async function startDemo(): Promise<Demo> {
  const provider = await startDemoProvider()
  return {
    flags: { 'upstream-url': provider.baseUrl, 'data-dir': './data/demo', 'auth.mode': 'open' },
    run: (gatewayUrl) => {
      const end = new AbortController()
      const traffic = runDemoTraffic({ gatewayUrl, signal: end.signal, log: (line) => process.stderr.write(`${line}\n`) })
      return {
        stop: async () => {
          end.abort()
          await traffic
        },
      }
    },
    close: () => provider.close(),
  }
}
