import { describe, expect, test } from 'bun:test'
import type { ToolPolicy } from '../../../../src/core/domain/guard-policy.ts'
import { decideTool, firewallMatches, minimise, type FirewallReason } from '../../../../src/core/guard/actions/tool-firewall.ts'

const POLICY: ToolPolicy = {
  tools: [
    { name: 'delete_user', decision: 'deny', deniedArguments: [] },
    { name: 'read_*', decision: 'allow', deniedArguments: ['raw', 'options.shell'] },
    { name: 'pay', decision: 'ask', deniedArguments: [] },
    { name: 'mcp__files__*', decision: 'allow', deniedArguments: [] },
    { name: 'mcp__*', decision: 'deny', deniedArguments: [] },
    { name: 'été', decision: 'allow', deniedArguments: [] },
  ],
  fallback: 'ask',
  sessionCallsMax: null,
  repeatsMax: 3,
}

describe('the first entry that fits decides, and tricks with letters never allow', () => {
  const rows: readonly (readonly [name: string, decision: string, reason: FirewallReason, why: string])[] = [
    ['delete_user', 'deny', 'listed', 'by its name'],
    ['Delete_User', 'deny', 'listed', 'another letter case'],
    ['delete_u\u200Bser', 'deny', 'listed', 'a letter that cannot be seen'],
    ['dеlete_user', 'deny', 'listed', 'a Cyrillic letter'],
    ['ｄｅｌｅｔｅ_user', 'deny', 'listed', 'full-width letters'],
    ['read_file', 'allow', 'listed', 'by a pattern'],
    ['READ_FILE', 'allow', 'listed', 'a pattern in another letter case'],
    ['rеad_file', 'ask', 'look_alike', 'a Cyrillic letter in an allowed name'],
    ['read_\u200Bfile', 'allow', 'listed', 'a pattern that takes anything there'],
    ['r\u200Bead_file', 'ask', 'look_alike', 'what cannot be seen, in an allowed name'],
    ['pay', 'ask', 'listed', 'to be asked for'],
    ['mcp__files__read', 'allow', 'listed', 'the narrow pattern stands first'],
    ['mcp__mail__send', 'deny', 'listed', 'the wide pattern comes next'],
    ['été', 'allow', 'listed', 'a name that is not ASCII'],
    ['unknown', 'ask', 'unlisted', 'no entry'],
    ['xread_file', 'ask', 'unlisted', 'a pattern fits whole names'],
  ]
  for (const [name, decision, reason, why] of rows) {
    test(`${why}: ${JSON.stringify(name)}`, () => {
      expect(decideTool(POLICY, { name, arguments: '{}' })).toEqual({ decision, reason, deniedArguments: [] } as never)
    })
  }
})

test('arguments that are denied are named', () => {
  expect(decideTool(POLICY, { name: 'read_file', arguments: '{"Raw":1,"options":{"shell":"x","a":1}}' })).toEqual({
    decision: 'allow',
    reason: 'argument_denied',
    deniedArguments: ['Raw', 'options.shell'],
  })
})

test('arguments that cannot be read are asked for where some are denied', () => {
  expect(decideTool(POLICY, { name: 'read_file', arguments: '{"raw":' })).toEqual({
    decision: 'ask',
    reason: 'arguments_unreadable',
    deniedArguments: [],
  })
  expect(decideTool(POLICY, { name: 'read_file', arguments: null }).decision).toBe('allow')
})

describe('denied arguments are taken out, and every other byte stays', () => {
  const rows: readonly (readonly [text: string, denied: readonly string[], left: string, removed: readonly string[]])[] = [
    ['{"a":1, "b" : 2}', ['b'], '{"a":1}', ['b']],
    ['{"a":1, "b" : 2}', ['a'], '{ "b" : 2}', ['a']],
    ['{"a":1}', ['a'], '{}', ['a']],
    ['{"a":1}', ['x'], '{"a":1}', []],
    [' {"n":12345678901234567890,"a":"\\u0041"} ', ['x'], ' {"n":12345678901234567890,"a":"\\u0041"} ', []],
    ['{"a":1,"a":2,"b":3}', ['a'], '{"b":3}', ['a']],
    ['{"\\u0061":1,"b":3}', ['a'], '{"b":3}', ['a']],
    ['{"o":{"a":1,"b":[{"c":2},{"d":3}]}}', ['o.b.c'], '{"o":{"a":1,"b":[{},{"d":3}]}}', ['o.b.c']],
    ['{"x_a":1,"x_b":[1,"}"],"y":null}', ['x_*'], '{"y":null}', ['x_a', 'x_b']],
    ['[{"a":1},2]', ['a'], '[{},2]', ['a']],
    ['{}', ['a'], '{}', []],
  ]
  for (const [text, denied, left, removed] of rows) {
    test(`${text} without ${denied.join(', ')}`, () => {
      const result = minimise(text, denied)
      expect(result).toEqual({ ok: true, value: { text: left, removed } })
      expect(() => JSON.parse(left)).not.toThrow()
    })
  }

  for (const text of ['', 'x', '1', 'null', '{"a":', '['.repeat(100) + ']'.repeat(100)]) {
    test(`${text.slice(0, 20)} is unreadable`, () => {
      expect(minimise(text, ['a'])).toEqual({ ok: false, error: 'unreadable' })
    })
  }
})

test('a decision is a finding of its kind', () => {
  const typesOf = (name: string, args = '{}') =>
    firewallMatches(decideTool(POLICY, { name, arguments: args })).map(
      ({ findingType, severity }) => `${findingType} ${severity}`,
    )
  expect(typesOf('read_file')).toEqual([])
  expect(typesOf('unknown')).toEqual(['unregistered_tool high', 'tool_requires_approval medium'])
  expect(typesOf('pay')).toEqual(['tool_requires_approval medium'])
  expect(typesOf('delete_user')).toEqual(['tool_input_blocked high'])
  expect(typesOf('rеad_file')).toEqual(['tool_requires_approval high'])
  expect(typesOf('read_file', '{"raw":1}')).toEqual(['tool_input_blocked medium'])
})
