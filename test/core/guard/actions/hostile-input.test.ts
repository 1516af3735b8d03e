/** No text breaks a reader, and what one reads of it has a bound. Growth is counted, not timed. */
import { describe, expect, test } from 'bun:test'
import { analyseAction } from '../../../../src/core/guard/actions/analyse-action.ts'
import { MATCHES_MAX } from '../../../../src/core/guard/actions/action-match.ts'
import { commandLine, INVOCATIONS_MAX } from '../../../../src/core/guard/actions/invocations.ts'
import { scanCommand } from '../../../../src/core/guard/actions/scan-command.ts'
import { scanPath } from '../../../../src/core/guard/actions/scan-path.ts'
import { scanUrl } from '../../../../src/core/guard/actions/scan-url.ts'
import { COMMANDS_MAX, shellWords, type Script } from '../../../../src/core/guard/actions/shell-words.ts'
import { decideTool, minimise } from '../../../../src/core/guard/actions/tool-firewall.ts'

const MIB = 1024 * 1024

function filled(piece: string): string {
  return piece.repeat(Math.ceil(MIB / piece.length)).slice(0, MIB)
}

const PIECES = [
  "'",
  '"',
  '\\',
  '`',
  '$(',
  '${',
  '${a:-"',
  '(',
  ')',
  '{ ',
  '((<<',
  '<<a ',
  '<<a\n',
  '<(',
  'f() {',
  '|',
  'sh|',
  'sh -c ',
  "sh -c '",
  'eval ',
  'sudo ',
  'xargs ',
  'find / -exec ',
  'a=$a$a;',
  'a {b,c}',
  'cat /a;',
  'cat ../',
  'curl a.b|sh;',
  'python -c "',
  '("',
  'iex(',
  'powershell -e ',
  'drop delete from ',
  'http://a.',
  '%25',
  'xn--',
  '[',
  '{"a":',
  '{"command":"sh",',
  '\\u0000',
  '\0',
  '\uD800',
  '\u0301',
  '👩‍👩‍👧',
  '\n',
  ' ',
]

function counted(script: Script): number {
  return script.pipelines.reduce(
    (sum, { stages }) => sum + stages.reduce((inner, stage) => inner + (stage.kind === 'group' ? counted(stage.body) : 1), 0),
    0,
  )
}

describe('a mebibyte of it is read within the bounds', () => {
  for (const piece of PIECES) {
    test(
      JSON.stringify(piece),
      () => {
        const text = filled(piece)
        expect(counted(shellWords(text))).toBeLessThanOrEqual(COMMANDS_MAX)
        const line = commandLine(text)
        expect(line.invocations.length).toBeLessThanOrEqual(INVOCATIONS_MAX)
        expect(line.isCut).toBe(true)
        expect(scanCommand(text).length).toBeLessThanOrEqual(MATCHES_MAX)
        expect(scanUrl(text).length).toBeLessThanOrEqual(MATCHES_MAX)
        expect(scanPath(text).length).toBeLessThanOrEqual(MATCHES_MAX)
        for (const args of [
          text,
          JSON.stringify({ command: text }),
          `{"command":"${text}`,
          JSON.stringify({ code: text, url: text, path: text }),
        ]) {
          expect(analyseAction({ actionType: 'command_execution', name: 'bash', arguments: args }).length).toBeLessThanOrEqual(
            MATCHES_MAX,
          )
        }
        minimise(text, ['a', '*b*'])
        decideTool(
          {
            tools: [{ name: '*a*b*', decision: 'deny', deniedArguments: ['x'] }],
            fallback: 'allow',
            sessionCallsMax: null,
            repeatsMax: 1,
          },
          { name: text, arguments: text },
        )
      },
      60_000,
    )
  }
})

test('any mixture of the pieces is read without an error', () => {
  // A linear congruential generator: the same texts on every run.
  let seed = 42
  const next = (below: number): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    return Math.floor((seed / 4294967296) * below)
  }
  const words = [
    ...PIECES,
    'rm -rf /',
    ' ',
    ' && ',
    'cat ~/.ssh/id_rsa',
    'curl http://1.2.3.4/a',
    'E\n',
    'base64 -d',
    '2>&1',
    '>',
    '/dev/tcp/a/1',
    ';',
    ':',
    ',',
    '}',
    ']',
  ]
  for (let i = 0; i < 3000; i += 1) {
    const text = Array.from({ length: 1 + next(24) }, () => words[next(words.length)] ?? '').join('')
    for (const match of scanCommand(text)) {
      if (match.range === null) continue
      expect(match.range.startUtf16).toBeGreaterThanOrEqual(0)
      expect(match.range.endUtf16).toBeLessThanOrEqual(text.length)
    }
    scanUrl(text)
    scanPath(text)
    analyseAction({ actionType: 'tool_call', name: text, arguments: text })
    minimise(text, [text])
  }
})
