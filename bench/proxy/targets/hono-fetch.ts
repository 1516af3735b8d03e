/**
 * A bare passthrough on Hono, @hono/node-server and the global fetch: what most gateways written for Node cost before they do anything.
 * Use: `node hono-fetch.ts PORT UPSTREAM`.
 */
import { serve } from '@hono/node-server'
import { Hono } from 'hono'

const [, , port, upstream] = process.argv
const app = new Hono()

app.all('*', async (c) => {
  const { pathname, search } = new URL(c.req.url)
  const headers = new Headers(c.req.raw.headers)
  headers.delete('host')
  headers.delete('connection')
  headers.delete('content-length')
  const body = c.req.method === 'GET' ? null : await c.req.raw.arrayBuffer()
  const answer = await fetch(`${upstream}${pathname}${search}`, { method: c.req.method, headers, body, redirect: 'manual' })
  const out = new Headers(answer.headers)
  out.delete('connection')
  out.delete('transfer-encoding')
  return new Response(answer.body, { status: answer.status, headers: out })
})

serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(port) })
