/** Failures by which a runtime says that a request never left: what was not sent is not billed. Unknown ones count as sent. */

const NEVER_SENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  // Bun's words for the same.
  'ConnectionRefused',
  'FailedToOpenSocket',
  'DNSResolveFailed',
])

/** `code` is that of the innermost cause. */
export function isNeverSent(code: string | undefined): boolean {
  return code !== undefined && NEVER_SENT.has(code)
}
