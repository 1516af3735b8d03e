/** A Worker of nothing but the ledger's object, asked over HTTP: `{object, now, method, args}`. Its clock is the test's. */
import { ledgerObject } from '../../../src/adapters/workerd/ledger-object.ts'

type Asked = { readonly object: string; readonly now: number; readonly method: string; readonly args: readonly unknown[] }
type Stub = { readonly [method: string]: (...args: readonly unknown[]) => Promise<unknown> }
type Env = { readonly LEDGER: { getByName(name: string): Stub } }

const clock = { time: 0, now: (): number => clock.time }

export class LedgerObject extends ledgerObject<Env>(() => ({ clock, onLost: async () => {} })) {
  /** The runtime's own alarms go by the real time. */
  override async alarm(): Promise<void> {}

  async expire(): Promise<void> {
    await super.alarm()
  }
}

export default {
  fetch: async (request: Request, env: Env): Promise<Response> => {
    if (request.method === 'GET') return new Response('ready')
    const { object, now, method, args }: Asked = await request.json()
    clock.time = now
    const answer = await env.LEDGER.getByName(object)[method]?.(...args)
    return Response.json({ answer: answer ?? null })
  },
}
