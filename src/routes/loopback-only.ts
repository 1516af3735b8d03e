/**
 * Open mode serves this machine only. A page on the web can point a name of its own at 127.0.0.1 and then read our answers as its own
 * (DNS rebinding); such a request carries the page's host or origin, and is refused.
 */
import type { MiddlewareHandler } from 'hono'
import { appError } from '../core/domain/errors.ts'
import { renderError } from './render-error.ts'

const LOOPBACK_HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i

export function loopbackOnly(): MiddlewareHandler {
  return async (c, next) => {
    const host = c.req.header('host')
    const origin = c.req.header('origin')
    if (host !== undefined && !LOOPBACK_HOST.test(host)) return refused('Host')
    if (origin !== undefined && !isLoopbackOrigin(origin)) return refused('Origin')
    return next()
  }
}

function isLoopbackOrigin(origin: string): boolean {
  const rest = origin.replace(/^https?:\/\//i, '')
  return rest !== origin && LOOPBACK_HOST.test(rest)
}

function refused(header: string): Response {
  return renderError(
    appError(
      'auth.denied',
      `open mode answers this machine only: the ${header} header names another; set auth.mode to required to serve others`,
    ),
  )
}
