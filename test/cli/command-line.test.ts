import { describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import manifest from '../../package.json'
import { parseCommand, runText, type Command } from '../../src/cli/main.ts'
import { readConfig } from '../../src/contract/config.ts'
import { KEYS, flagOf } from '../../src/contract/config/keys.ts'

function commandOf(...argv: readonly string[]): Command {
  const command = parseCommand(argv)
  if (!command.ok) throw new Error(command.error)
  return command.value
}

async function run(argv: readonly string[], env: { readonly [name: string]: string } = {}) {
  let out = ''
  let err = ''
  const code = await runText(commandOf(...argv), { env, out: (text) => (out += text), err: (text) => (err += text) })
  return { code, out, err }
}

describe('a command line that is understood', () => {
  const CASES: readonly (readonly [argv: readonly string[], command: Partial<Command>])[] = [
    [[], { name: 'serve', flags: {}, configPath: null }],
    [['serve'], { name: 'serve' }],
    [['validate'], { name: 'validate' }],
    [['migrate', '--config', 'a.yaml'], { name: 'migrate', configPath: 'a.yaml' }],
    [['demo'], { name: 'demo' }],
    [['--config=a.yaml'], { name: 'serve', configPath: 'a.yaml' }],
    [['-c', 'a.yaml', 'validate'], { name: 'validate', configPath: 'a.yaml' }],
    [
      ['--listen-addr', '127.0.0.1:1', '--auth.mode=required'],
      { flags: { 'listen-addr': '127.0.0.1:1', 'auth.mode': 'required' } },
    ],
    [['--storage-profile', 'memory'], { flags: { 'storage.profile': 'memory' } }],
    [['--log-level', 'debug'], { flags: { 'logging.level': 'debug' } }],
    [['--debug.server-timing'], { flags: { 'debug.server-timing': 'true' } }],
    [['--debug.server-timing=false'], { flags: { 'debug.server-timing': 'false' } }],
    [['--debug.server-timing', 'serve'], { name: 'serve', flags: { 'debug.server-timing': 'true' } }],
    [['--providers.my-vllm.base-url', 'http://a'], { flags: { 'providers.my-vllm.base-url': 'http://a' } }],
    [['--providers.my_vllm.base-url', 'http://a'], { flags: { 'providers.my_vllm.base-url': 'http://a' } }],
    [['--providers={"openai":{}}'], { flags: { providers: '{"openai":{}}' } }],
    [['--upstream-url', 'null'], { flags: { 'upstream-url': 'null' } }],
    [['--data-dir=-x'], { flags: { 'data-dir': '-x' } }],
    [['scan', 'a.txt', '-'], { name: 'scan', files: ['a.txt', '-'], options: {} }],
    [
      ['--fail-on', 'block', 'scan', '--origin=system', 'a.txt', '--log-level', 'warn'],
      {
        name: 'scan',
        files: ['a.txt'],
        options: { 'fail-on': 'block', origin: 'system' },
        flags: { 'logging.level': 'warn' },
      },
    ],
    [['backtest', '--policy', 'new.yaml', '--since', '7d'], { name: 'backtest', options: { policy: 'new.yaml', since: '7d' } }],
    [['help'], { name: 'help' }],
    [['--help'], { name: 'help' }],
    [['-h'], { name: 'help' }],
    [['serve', '--help', '--no-such-flag'], { name: 'help' }],
    [['--version'], { name: 'version' }],
    [['-v'], { name: 'version' }],
    [['version'], { name: 'version' }],
  ]
  for (const [argv, command] of CASES)
    test(argv.join(' ') || '(nothing)', () => expect(commandOf(...argv)).toMatchObject(command))

  test('has a flag for every key, which the configuration takes', () => {
    for (const node of KEYS) {
      const isTruth = node.type === 'boolean'
      const { flags } = commandOf(isTruth ? `--${flagOf(node.path)}` : `--${flagOf(node.path)}=x`)
      const config = readConfig({ file: null, env: {}, flags })
      const unknown = config.ok ? [] : config.error.filter(({ message }) => message.startsWith('unknown'))
      expect(unknown).toEqual([])
    }
  })
})

describe('a command line that is not', () => {
  const CASES: readonly (readonly [argv: readonly string[], problem: string])[] = [
    [['validat'], 'unknown command "validat", did you mean validate?'],
    [['proxy'], 'unknown command "proxy", there are serve, validate, migrate, demo, scan, backtest, help, version'],
    [['serve', 'now'], 'unexpected "now" after serve: a flag takes its value as --flag VALUE or --flag=VALUE'],
    [['--lisen-addr', 'x'], 'unknown flag --lisen-addr, did you mean --listen-addr?'],
    [['--listen_adr', 'x'], 'unknown flag --listen_adr, did you mean --listen-addr?'],
    [['--max-request-bytes', '5'], 'unknown flag --max-request-bytes, did you mean --limits.max-request-bytes?'],
    [['--auth.mdoe', 'open'], 'unknown flag --auth.mdoe, did you mean --auth.mode?'],
    [['--confg', 'x'], 'unknown flag --confg, did you mean --config?'],
    [['-x'], 'unknown flag -x, there are -c, -h, -v'],
    [['--alerts.mode', 'log'], '--alerts.mode: alerts is not in this version'],
    [['--redis-url', 'x'], '--redis-url: storage.redis_url is not in this version'],
    [['--listen-addr'], '--listen-addr needs a value: --listen-addr=VALUE'],
    [['--listen-addr='], '--listen-addr needs a value: --listen-addr=VALUE'],
    [['--listen-addr', '--data-dir', 'x'], '--listen-addr needs a value: --listen-addr=VALUE'],
    [['--config'], '--config needs a value: --config=VALUE'],
    [['--config', 'a', '--config', 'b'], '--config is given twice'],
    [['--auth.mode', 'open', '--auth-mode', 'required'], '--auth.mode is given twice'],
    [['scan', '--fial-on', 'block'], 'unknown flag --fial-on, did you mean --fail-on?'],
    [['scan', '--fail-on', 'pass'], '--fail-on must be one of flag, redact, block, got "pass"'],
    [['scan', '--format', 'json', '--format', 'text'], '--format is given twice'],
    [['scan', '--since', '7d'], '--since is a flag of backtest'],
    [['--policy', 'new.yaml'], '--policy is a flag of scan and backtest'],
    [['backtest', 'now'], 'unexpected "now" after backtest: a flag takes its value as --flag VALUE or --flag=VALUE'],
    [['--', 'serve'], 'unexpected "--": every value stands behind its flag'],
    [
      ['\u001b[31mserve'],
      'unknown command "?[31mserve", there are serve, validate, migrate, demo, scan, backtest, help, version',
    ],
  ]
  for (const [argv, problem] of CASES) {
    test(argv.join(' '), () =>
      expect(parseCommand(argv)).toEqual({ ok: false, error: `llmtrace: ${problem}\nTry: llmtrace --help` }),
    )
  }
})

describe('what is printed', () => {
  test('help fits a terminal and names every command', async () => {
    const { code, out, err } = await run(['--help'])
    expect([code, err]).toEqual([0, ''])
    for (const command of ['serve', 'demo', 'validate', 'migrate', 'scan', 'backtest', '--config', '--help', '--version'])
      expect(out).toContain(command)
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120)
  })

  test('the examples of the help text are understood', async () => {
    const { out } = await run(['--help'])
    const examples = out
      .split('\n')
      .filter((line) => /^ {2}(LLMTRACE_\S+ )?llmtrace(?! *\[)/.test(line) && !/\S {2,}\S/.test(line))
    expect(examples.length).toBeGreaterThanOrEqual(5)
    for (const line of examples)
      commandOf(
        ...line
          .trim()
          .split(' ')
          .slice(line.includes('=... ') ? 2 : 1),
      )
  })

  test('the version is the one of package.json', async () => {
    expect(await run(['--version'])).toEqual({ code: 0, out: `llmtrace ${manifest.version} (bun)\n`, err: '' })
  })

  test('validate shows what holds, who said so, and no secret', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'llmtrace-test-'))
    const path = join(folder, 'my.yaml')
    try {
      writeFileSync(
        path,
        'limits:\n  max_request_bytes: 2000\nproviders:\n  openai:\n    headers:\n      x-team: canary-header\n',
      )
      const { code, out, err } = await run(['validate', '--config', path, '--log-level', 'warn'], {
        LLMTRACE_ADMIN_KEY: 'canary-root-key-of-the-test',
      })
      expect([code, err]).toEqual([0, ''])
      expect(out).not.toContain('canary')
      expect(out.split('\n')).toEqual(
        expect.arrayContaining([
          `# File: ${path}`,
          'listen_addr: 127.0.0.1:8080',
          '  admin_key: "********" # LLMTRACE_ADMIN_KEY',
          `      x-team: "********" # ${path}`,
          `  max_request_bytes: 2000 # ${path}`,
          '  level: warn # --logging.level',
          '  format: text',
        ]),
      )
      // It is a configuration file itself, but for its masked root key being too short to be one.
      const again = readConfig({ file: parse(out.replace('"********"', 'null')), env: {}, flags: {} })
      expect(again.ok && again.value.limits.max_request_bytes).toBe(2000)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('validate tells all problems and fails', async () => {
    expect(await run(['validate', '--limits.max-request-bytes', 'lots'], { LLMTRACE_AUTH_MODE: 'x' })).toEqual({
      code: 1,
      out: '',
      err: [
        'llmtrace: the configuration has problems',
        '  auth.mode (LLMTRACE_AUTH_MODE): must be one of open, required, got "x"',
        '  limits.max_request_bytes (--limits.max-request-bytes): must be a whole number of bytes of at least 1024, got "lots"',
        '',
      ].join('\n'),
    })
  })

  test('validate finds a credential whose variable is not set', async () => {
    const { code, err } = await run(['validate', '--providers.openai.credential-env', 'NO_SUCH_KEY'])
    expect(code).toBe(1)
    expect(err).toContain('  providers.openai.credential_env: names the environment variable NO_SUCH_KEY, which is not set\n')
  })
})
