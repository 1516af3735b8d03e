/** What a host is, however it is written: the address behind decimal, octal, hexadecimal, IPv6-mapped and name-encoded forms. Looks nothing up. */

export type HostKind = 'metadata' | 'loopback' | 'link_local' | 'private' | 'public_ip' | 'name'

export type Host = {
  readonly kind: HostKind
  /** Lower case, without a trailing dot; dotted for IPv4. */
  readonly name: string
  /** The address was written in a form that people do not write: `0xa9fea9fe`, `[::ffff:169.254.169.254]`, `127.0.0.1.nip.io`. */
  readonly isDisguised: boolean
}

const METADATA_NAMES = new Set([
  'metadata.google.internal',
  'metadata.goog',
  'metadata',
  'instance-data',
  'instance-data.ec2.internal',
  'metadata.azure.internal',
  'metadata.packet.net',
  'metadata.platformequinix.com',
  'metadata.tencentyun.com',
  'metadata.oraclecloud.com',
  'rancher-metadata',
])
/** AWS, Azure, Google and others; ECS tasks and EKS pods; Alibaba; Azure's wire server; Oracle. */
const METADATA_V4 = new Set([
  '169.254.169.254',
  '169.254.170.2',
  '169.254.170.23',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
])
const METADATA_V6 = ['fd00:ec2:0:0:0:0:0:254', 'fd00:ec2:0:0:0:0:0:23', 'fd20:ce:0:0:0:0:0:254', 'fd00:42:0:0:0:0:0:42']
/** Names that lead to the address that they begin with. */
const ECHO_DOMAIN = /^(.+)\.(nip\.io|sslip\.io|xip\.io|traefik\.me|1u\.ms|rbndr\.us)$/
const LOOPBACK_DOMAIN = /(^|\.)(localhost|localhost\.localdomain|localtest\.me|lvh\.me|vcap\.me|lacolhost\.com|yoogle\.com)$/
const PRIVATE_DOMAIN = /\.(local|internal|intranet|lan|corp|home|home\.arpa|localdomain|cluster\.local|svc)$/

/** `hostname` as the URL class gives it; `written` as it stood in the text. */
export function readHost(hostname: string, written: string): Host {
  const name = hostname.toLowerCase().replace(/\.$/, '')
  if (name.startsWith('[')) return readV6(name.slice(1, -1))
  const v4 = dotted(name)
  if (v4 !== null) return { kind: kindOfV4(v4), name, isDisguised: !plainlyWritten(written, name) }
  if (METADATA_NAMES.has(name)) return { kind: 'metadata', name, isDisguised: false }
  const echoed = ECHO_DOMAIN.exec(name)?.[1]
  const echoedV4 = echoed === undefined ? null : addressIn(echoed)
  if (echoedV4 !== null) return { kind: kindOfV4(echoedV4), name, isDisguised: true }
  if (LOOPBACK_DOMAIN.test(name)) return { kind: 'loopback', name, isDisguised: false }
  if (PRIVATE_DOMAIN.test(name)) return { kind: 'private', name, isDisguised: false }
  return { kind: 'name', name, isDisguised: false }
}

function plainlyWritten(written: string, name: string): boolean {
  return written.toLowerCase().replace(/\.$/, '') === name
}

function dotted(name: string): readonly number[] | null {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(name)) return null
  const parts = name.split('.').map(Number)
  return parts.every((part) => part < 256) ? parts : null
}

/** `10-0-0-1`, `app.10.0.0.1`, `7f000001`. */
function addressIn(text: string): readonly number[] | null {
  const decimal = /(?:^|[.-])(\d{1,3})[.-](\d{1,3})[.-](\d{1,3})[.-](\d{1,3})$/.exec(text.slice(-64))
  if (decimal !== null) return dotted(decimal.slice(1).join('.'))
  const hex = /(?:^|[.-])([0-9a-f]{8})$/.exec(text.slice(-64))?.[1]
  return hex === undefined ? null : bytesOf(Number.parseInt(hex, 16))
}

function bytesOf(value: number): readonly number[] {
  return [(value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]
}

function kindOfV4(parts: readonly number[]): HostKind {
  const [a = 0, b = 0] = parts
  if (METADATA_V4.has(parts.join('.'))) return 'metadata'
  if (a === 127 || a === 0) return 'loopback'
  if (a === 169 && b === 254) return 'link_local'
  if (a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168) || (a === 100 && b >= 64 && b < 128))
    return 'private'
  return 'public_ip'
}

/** The URL class has made it short and lower case; mapped IPv4 it has made hexadecimal. */
function readV6(text: string): Host {
  const groups = v6Groups(text)
  const name = `[${text}]`
  if (groups === null) return { kind: 'public_ip', name, isDisguised: false }
  const full = groups.map((group) => group.toString(16)).join(':')
  if (METADATA_V6.includes(full)) return { kind: 'metadata', name, isDisguised: false }
  const inner = embeddedV4(groups)
  if (inner !== null) return { kind: kindOfV4(inner), name, isDisguised: true }
  const [first = 0] = groups
  if (groups.slice(0, 7).every((group) => group === 0) && (groups[7] ?? 0) <= 1)
    return { kind: 'loopback', name, isDisguised: false }
  if ((first & 0xffc0) === 0xfe80) return { kind: 'link_local', name, isDisguised: false }
  if ((first & 0xfe00) === 0xfc00) return { kind: 'private', name, isDisguised: false }
  return { kind: 'public_ip', name, isDisguised: false }
}

function v6Groups(text: string): readonly number[] | null {
  const [head = '', tail, more] = text.split('::')
  if (more !== undefined) return null
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const missing = 8 - before.length - after.length
  if (missing < 0 || (tail === undefined && missing !== 0)) return null
  const groups = [...before, ...Array.from({ length: missing }, () => '0'), ...after].map((group) => Number.parseInt(group, 16))
  return groups.every((group) => group >= 0 && group <= 0xffff) ? groups : null
}

/** IPv4 in IPv6: mapped (::ffff:0:0/96), compatible (::/96), NAT64 (64:ff9b::/96), 6to4 (2002::/16). */
function embeddedV4(groups: readonly number[]): readonly number[] | null {
  const [a = 0, b = 0, c = 0] = groups
  const last = bytesOf((groups[6] ?? 0) * 0x10000 + (groups[7] ?? 0))
  if (a === 0x2002) return bytesOf(b * 0x10000 + c)
  if (a === 0x64 && b === 0xff9b) return last
  if (!groups.slice(0, 5).every((group) => group === 0)) return null
  if (groups[5] === 0xffff) return last
  return groups[5] === 0 && (groups[6] ?? 0) > 0 ? last : null
}
