/** The address to listen on, and whether other machines can reach it. */

export type ListenAddr = {
  /** Without brackets. */
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** True for 127.0.0.0/8, ::1 and localhost. Anything else counts as reachable. */
  readonly isLoopback: boolean
}

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/

/** Reads `HOST:PORT`, with an IPv6 host in brackets; null for anything else. A name is taken as it is, never resolved. */
export function parseListenAddr(text: string): ListenAddr | null {
  const match = /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([^:[\]]{1,253})):(\d{1,5})$/.exec(text)
  if (match === null) return null
  const [, ipv6, name, digits] = match
  const port = Number(digits)
  if (port > 65_535) return null
  if (ipv6 !== undefined) {
    const host = canonicalIpv6(ipv6)
    return host === null ? null : { host, port, isLoopback: host === '::1' }
  }
  const host = name ?? ''
  // What looks like an IPv4 address must be one: 127.1 and 0177.0.0.1 mean different things to different resolvers.
  if (/^[\d.]+$/.test(host)) return IPV4.test(host) ? { host, port, isLoopback: host.startsWith('127.') } : null
  return NAME.test(host) ? { host, port, isLoopback: host.toLowerCase() === 'localhost' } : null
}

function canonicalIpv6(text: string): string | null {
  const url = URL.parse(`http://[${text}]/`)
  return url === null ? null : url.hostname.slice(1, -1)
}
