/** Free TCP ports on the loopback address. */
import net from 'node:net'

/** A port that was free a moment ago. Another process may take it first: whoever can listen on 0 should. */
export async function freePort(): Promise<number> {
  const server = net.createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as net.AddressInfo
  await new Promise<void>((resolve) => server.close(() => resolve()))
  return port
}

/** A base URL that refuses every connection. */
export async function refusingUrl(): Promise<string> {
  return `http://127.0.0.1:${await freePort()}`
}
