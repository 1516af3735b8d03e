/** A bare passthrough on node:http, both sides piped: the least that a gateway on Node can cost. Use: `node node-http.ts PORT UPSTREAM`. */
import { Agent, createServer, request } from 'node:http'

const [, , port, upstream] = process.argv
const { hostname, port: upstreamPort, host } = new URL(upstream ?? '')
const agent = new Agent({ keepAlive: true, maxSockets: 1_024 })

createServer((incoming, outgoing) => {
  const headers = { ...incoming.headers, host }
  delete headers.connection
  const sent = request(
    { hostname, port: upstreamPort, method: incoming.method, path: incoming.url, headers, agent },
    (answer) => {
      const out = { ...answer.headers }
      delete out.connection
      delete out['keep-alive']
      outgoing.writeHead(answer.statusCode ?? 502, out)
      answer.pipe(outgoing)
    },
  )
  sent.on('error', () => {
    if (!outgoing.headersSent) outgoing.writeHead(502)
    outgoing.end()
  })
  outgoing.on('close', () => sent.destroy())
  incoming.pipe(sent)
}).listen(Number(port), '127.0.0.1')
