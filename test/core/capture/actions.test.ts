import { describe, expect, test } from 'bun:test'
import { ACTIONS_MAX, actionsOf, ARGUMENTS_CHARS_MAX } from '../../../src/core/capture/actions.ts'
import { actionTypeOf } from '../../../src/core/domain/action-type.ts'
import { estimateUsage } from '../../../src/core/capture/estimate.ts'
import type { ToolCall } from '../../../src/core/dialects/dialect.ts'
import type { ActionType } from '../../../src/core/domain/span.ts'
import { spanIdOf } from '../../support/ids.ts'

const NAMES: { readonly [type in ActionType]: readonly string[] } = {
  command_execution: [
    'bash',
    'Bash',
    'BASH',
    'shell',
    'run_shell',
    'runShell',
    'sh',
    'cmd',
    'powershell',
    'open-terminal',
    'exec',
    'python_exec',
    'execute',
    'execute_sql',
    'command',
    'runCommand',
    'subprocess',
    'run_code',
    'runCode',
    'runcode',
    'code_execution',
    'code_interpreter',
    'codeInterpreter',
    'bash.run',
    'bash2',
  ],
  web_access: [
    'web',
    'web_search',
    'webSearch',
    'getWebPage',
    'http_get',
    'HTTPGet',
    'https',
    'open_url',
    'openURL',
    'browser',
    'browse',
    'fetch',
    'fetchPage',
    'curl',
    'wget',
    'x_search',
    'google',
    'google_search',
    'bing',
    'crawl',
    'scrape',
    'scrape-site',
  ],
  file_access: [
    'file',
    'read_file',
    'readFile',
    'readfile',
    'write_file',
    'writefile',
    'list_files',
    'fs',
    'fs.read',
    'list_directory',
    'str_replace',
    'str_replace_based_edit_tool',
    'edit',
    'Edit',
    'glob',
    'Grep',
    'ls',
  ],
  skill_invocation: ['skill', 'Skill', 'run_skills', 'useSkill'],
  tool_call: [
    '',
    'get_weather',
    'getWeather',
    'bashful',
    'marshal',
    'shelf',
    'cmdlet',
    'execution',
    'website',
    'urls',
    'browsers',
    'fetcher',
    'profile',
    'filesystem',
    'editor',
    'credit',
    'lsof',
    'skillful',
    'commander',
    'nöth',
  ],
}

describe('the kind of an action is told by its name', () => {
  for (const [type, names] of Object.entries(NAMES)) {
    for (const name of names) test(`${name} is ${type}`, () => expect(actionTypeOf(name)).toBe(type as ActionType))
  }

  test('the more dangerous kind wins', () => {
    expect([actionTypeOf('bash_fetch_file'), actionTypeOf('fetch_file'), actionTypeOf('file_skill')]).toEqual([
      'command_execution',
      'web_access',
      'file_access',
    ])
  })

  test('in time that grows no faster than the name', () => {
    for (const name of ['a'.repeat(1e6), 'A'.repeat(1e6), 'aA'.repeat(5e5), '_sh'.repeat(3e5), 'run_'.repeat(2e5)]) {
      const start = performance.now()
      actionTypeOf(name)
      expect(performance.now() - start).toBeLessThan(100)
    }
  })
})

const CALL: ToolCall = { id: 'call_1', name: 'bash', arguments: '{"cmd":"ls"}', isServerSide: false }

describe('actions of an answer', () => {
  test('are its tool calls, in order, with ids that come out the same again', () => {
    const calls = [CALL, { ...CALL, id: null, name: 'web_search', arguments: '', isServerSide: true }]
    expect(actionsOf(calls, spanIdOf(7), 1_234, 65_536)).toEqual([
      {
        id: '0000000000000007-0',
        actionType: 'command_execution',
        name: 'bash',
        arguments: '{"cmd":"ls"}',
        result: null,
        durationMs: null,
        isSuccess: true,
        exitCode: null,
        httpMethod: null,
        httpStatus: null,
        fileOperation: null,
        time: 1_234,
        metadata: { tool_call_id: 'call_1' },
      },
      {
        id: '0000000000000007-1',
        actionType: 'web_access',
        name: 'web_search',
        arguments: '',
        result: null,
        durationMs: null,
        isSuccess: true,
        exitCode: null,
        httpMethod: null,
        httpStatus: null,
        fileOperation: null,
        time: 1_234,
        metadata: { run_by: 'provider' },
      },
    ])
  })

  test('share one budget for their arguments', () => {
    const calls = ['12345', '67890', 'abc'].map((text) => ({ ...CALL, arguments: text }))
    expect(actionsOf(calls, spanIdOf(1), 0, 7).map((action) => action.arguments)).toEqual(['12345', '67', null])
  })

  test('carry no arguments where no texts are kept', () => {
    expect(actionsOf([CALL], spanIdOf(1), 0, 0)[0]).toMatchObject({
      name: 'bash',
      arguments: null,
      actionType: 'command_execution',
    })
  })

  test('are bounded in number and size', () => {
    const huge: ToolCall = { id: 'i'.repeat(1e4), name: 'n'.repeat(1e4), arguments: '𝄞'.repeat(1e4), isServerSide: false }
    const actions = actionsOf(
      Array.from({ length: ACTIONS_MAX + 1 }, () => huge),
      spanIdOf(1),
      0,
      Number.MAX_SAFE_INTEGER,
    )
    expect([actions.length, actions.at(-1)?.id]).toEqual([ACTIONS_MAX, `0000000000000001-${ACTIONS_MAX - 1}`])
    expect([actions[0]?.name.length, actions[0]?.arguments?.length, actions[0]?.metadata['tool_call_id']?.length]).toEqual([
      256,
      ARGUMENTS_CHARS_MAX,
      256,
    ])
    expect(
      actionsOf([{ ...CALL, arguments: `x${'𝄞'.repeat(5_000)}` }], spanIdOf(1), 0, 65_536)[0]?.arguments?.isWellFormed(),
    ).toBe(true)
  })
})

test('an estimate takes four bytes a token, rounded up, and nothing for nothing', () => {
  const rows: readonly (readonly [input: number, output: number, tokens: readonly [number, number]])[] = [
    [0, 0, [0, 0]],
    [1, 4, [1, 1]],
    [5, 8, [2, 2]],
    [4_000, 4_001, [1_000, 1_001]],
  ]
  for (const [input, output, [inputTokens, outputTokens]] of rows) {
    expect(estimateUsage(input, output)).toMatchObject({
      input: inputTokens,
      output: outputTokens,
      cacheRead: 0,
      cacheWrite: 0,
      reasoning: 0,
    })
  }
})
