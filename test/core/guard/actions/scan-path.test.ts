import { describe, expect, test } from 'bun:test'
import { normalPath, PATH_RULES, scanPath } from '../../../../src/core/guard/actions/scan-path.ts'

describe('each rule finds its example and leaves its counter-example alone', () => {
  for (const rule of PATH_RULES) {
    test(rule.id, () => {
      expect(scanPath(rule.example, rule.access).map(({ ruleId }) => ruleId)).toContain(rule.id)
      expect(scanPath(rule.counterExample, rule.access).map(({ ruleId }) => ruleId)).not.toContain(rule.id)
    })
  }
})

describe('a path is what it leads to', () => {
  const rows: readonly (readonly [written: string, normal: string])[] = [
    ['/etc//./shadow', '/etc/shadow'],
    ['/srv/../etc/shadow', '/etc/shadow'],
    ['../../../../etc/shadow', '/etc/shadow'],
    ['../etc/shadow', '/etc/shadow'],
    ['../lib/a.ts', 'lib/a.ts'],
    ['%2fetc%2fshadow', '/etc/shadow'],
    ['%252fetc%252fshadow', '/etc/shadow'],
    ['/etc/shadow\0.png', '/etc/shadow'],
    ['/proc/self/root/etc/shadow', '/etc/shadow'],
    ['/private/etc/passwd', '/etc/passwd'],
    ['file:///etc/shadow', '/etc/shadow'],
    ['/home/bob/.ssh/id_rsa', '~/.ssh/id_rsa'],
    ['/Users/bob/.ssh/id_rsa', '~/.ssh/id_rsa'],
    ['/root/.ssh/id_rsa', '~/.ssh/id_rsa'],
    ['~bob/.ssh/id_rsa', '~/.ssh/id_rsa'],
    ['$HOME/.ssh/id_rsa', '~/.ssh/id_rsa'],
    ['C:\\Users\\bob\\.aws\\credentials', '~/.aws/credentials'],
    ['%USERPROFILE%\\.aws\\credentials', '~/.aws/credentials'],
    ['/', '/'],
    ['', ''],
    ['.', ''],
  ]
  for (const [written, normal] of rows) {
    test(JSON.stringify(written), () => {
      expect(normalPath(written)).toBe(normal)
    })
  }
})

test('a glob is taken for what it would find', () => {
  expect(scanPath('/etc/sh?dow').map(({ ruleId }) => ruleId)).toEqual(['action.path.shadow'])
  expect(scanPath('/etc/[s]h*w').map(({ ruleId }) => ruleId)).toEqual(['action.path.shadow'])
  expect(scanPath('src/*.ts')).toEqual([])
})

describe('ordinary paths have no finding', () => {
  for (const path of [
    'src/a.ts',
    '/srv/app/config.json',
    '~/.ssh/id_rsa.pub',
    '~/.ssh/known_hosts',
    '.env.example',
    '.env.sample',
    'docs/etc/shadow.md',
    '/etc/hosts',
    '~/.aws/config',
    '/tmp/x',
    'shadow',
    'environment.ts',
  ]) {
    test(path, () => {
      expect(scanPath(path)).toEqual([])
    })
  }
})

test('who reads a list of accounts does less than who writes it', () => {
  expect(scanPath('/etc/passwd', 'read')[0]?.severity).toBe('low')
  expect(scanPath('/etc/passwd', 'write')[0]?.severity).toBe('high')
})
