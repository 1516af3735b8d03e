/** A bare passthrough on Bun.serve and fetch: the least that a gateway on Bun can cost. Use: `bun bun-fetch.ts PORT UPSTREAM`. */
const [, , port, upstream] = process.argv

Bun.serve({
  hostname: '127.0.0.1',
  port: Number(port),
  idleTimeout: 60,
  fetch: async (request) => {
    const { pathname, search } = new URL(request.url)
    const headers = new Headers(request.headers)
    headers.delete('host')
    headers.delete('connection')
    const body = request.method === 'GET' ? null : await request.arrayBuffer()
    const answer = await fetch(`${upstream}${pathname}${search}`, { method: request.method, headers, body, redirect: 'manual' })
    const out = new Headers(answer.headers)
    out.delete('connection')
    out.delete('transfer-encoding')
    return new Response(answer.body, { status: answer.status, headers: out })
  },
})
