import { describe, expect, test } from 'bun:test'
import { decodePunycode } from '../../../../src/core/guard/actions/punycode.ts'
import { isExternalUrl, scanUrl, URL_RULES } from '../../../../src/core/guard/actions/scan-url.ts'

function idsOf(url: string): readonly string[] {
  return scanUrl(url).map(({ ruleId }) => ruleId)
}

describe('each rule finds its example and leaves its counter-example alone', () => {
  for (const rule of URL_RULES) {
    test(rule.id, () => {
      expect(idsOf(rule.example)).toContain(rule.id)
      expect(idsOf(rule.counterExample)).not.toContain(rule.id)
    })
  }
})

describe('a metadata endpoint is found in all its spellings', () => {
  const spellings = [
    'http://169.254.169.254/latest/meta-data/',
    'http://2852039166/',
    'http://0xa9fea9fe/',
    'http://0251.0376.0251.0376/',
    'http://0xa9.254.43518/',
    'http://169.254.43518/',
    'http://169.254.169.254:80/',
    'http://169.254.169.254./',
    'http://user@169.254.169.254/',
    'http:/\\169.254.169.254/',
    'HTTP://169。254。169。254/',
    'http://①⑥⑨.254.169.254/',
    'http://%31%36%39.254.169.254/',
    'http://[::ffff:169.254.169.254]/',
    'http://[::ffff:a9fe:a9fe]/',
    'http://[64:ff9b::a9fe:a9fe]/',
    'http://[2002:a9fe:a9fe::]/',
    'http://[fd00:ec2::254]/',
    'http://169.254.169.254.nip.io/',
    'http://a9fea9fe.nip.io/',
    'http://metadata.google.internal/computeMetadata/v1/',
    'http://METADATA.google.internal./',
    'http://100.100.100.200/latest/',
    'http://169.254.170.2/v2/credentials',
    'gopher://2852039166/',
    'ht\ntp://169.254.169.254/',
  ]
  for (const url of spellings) {
    test(JSON.stringify(url), () => {
      expect(idsOf(url)).toContain('action.url.metadata')
    })
  }
})

describe('hosts inside the network', () => {
  const rows: readonly (readonly [url: string, id: string])[] = [
    ['http://localhost:8080/', 'loopback'],
    ['http://app.localhost/', 'loopback'],
    ['http://[::1]/', 'loopback'],
    ['http://0.0.0.0/', 'loopback'],
    ['http://10.1.2.3/', 'private-host'],
    ['http://172.31.0.1/', 'private-host'],
    ['http://[fd12::1]/', 'private-host'],
    ['http://db.internal/', 'private-host'],
    ['http://2130706433/', 'disguised-address'],
    ['http://[::ffff:10.0.0.1]/', 'disguised-address'],
    ['http://10-0-0-1.sslip.io/', 'disguised-address'],
    ['http://8.8.8.8/', 'raw-address'],
    ['http://[2001:db8::1]/', 'raw-address'],
  ]
  for (const [url, id] of rows) {
    test(url, () => {
      expect(idsOf(url)).toEqual([`action.url.${id}`])
      expect(isExternalUrl(url)).toBe(id === 'raw-address')
    })
  }
})

describe('ordinary addresses have no finding', () => {
  const urls = [
    'https://example.com/',
    'https://github.com/a/b/blob/main/README.md#L10',
    'https://www.google.com/search?q=169.254.169.254+metadata',
    'https://pastebin.example.com/pastebin.com',
    'https://notngrok.io.example.com/',
    'https://bucket.s3.amazonaws.com/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Security-Token=IQoJb3JpZ2luX2VjEJr%2F%2F%2F%2F%2F%2F%2F%2F%2F%2FwEaCXVzLWVhc3QtMSJHMEUCIQ&X-Amz-Signature=aaaabbbbccccddddeeeeffff0000111122223333444455556666777788889999',
    'https://auth.example.com/callback?code=SplxlOBeZQQYbYS6WxSbIASplxlOBeZQQYbYS6WxSbIA1234567890abcdef&state=af0ifjsldkj',
    'https://example.com/a?token=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4ifQ.abc',
    'https://xn--e1afmkfd.xn--p1ai/',
    `https://chat.example.com/invite/${btoa('5883fd9f-7b2a72e215ab6ebbd8e5-67535d1bc5a37841bbcb')}`,
    'https://xn--bcher-kva.example/',
    'mailto:a@example.com',
    'ssh://git@github.com/a/b.git',
    'wss://example.com/socket',
    'not a url',
    '',
  ]
  for (const url of urls) {
    test(url.slice(0, 80), () => {
      expect(scanUrl(url)).toEqual([])
    })
  }
})

test('a file is judged by its path', () => {
  expect(idsOf('file:///etc/shadow')).toContain('action.path.shadow')
  expect(idsOf('file:///%65tc/shadow')).toContain('action.path.shadow')
})

describe('punycode', () => {
  const rows: readonly (readonly [label: string, text: string | null])[] = [
    ['bcher-kva', 'bücher'],
    ['e1afmkfd', 'пример'],
    ['pple-43d', 'аpple'],
    ['', ''],
    ['!', null],
    ['9'.repeat(63), null],
    ['a'.repeat(64), null],
  ]
  for (const [label, text] of rows) {
    test(label.slice(0, 20), () => {
      expect(decodePunycode(label)).toBe(text)
    })
  }
})
