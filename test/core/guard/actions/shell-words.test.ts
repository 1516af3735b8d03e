import { describe, expect, test } from 'bun:test'
import {
  COMMAND_CHARS_MAX,
  OPAQUE,
  shellWords,
  type Script,
  type SimpleCommand,
} from '../../../../src/core/guard/actions/shell-words.ts'

function commandsOf(script: Script): readonly SimpleCommand[] {
  return script.pipelines.flatMap(({ stages }) =>
    stages.flatMap((stage) => (stage.kind === 'group' ? commandsOf(stage.body) : [stage])),
  )
}

function wordsOf(command: string): readonly (readonly string[])[] {
  return commandsOf(shellWords(command)).map(({ words }) => words.map(({ text }) => text))
}

describe('words are what the shell would make of them', () => {
  const rows: readonly (readonly [command: string, words: readonly string[], why: string])[] = [
    ["r''m -rf /", ['rm', '-rf', '/'], 'empty quotes'],
    ['r\\m -rf "/"', ['rm', '-rf', '/'], 'an escape and quotes'],
    ['\\\nrm\\\n -rf /', ['rm', '-rf', '/'], 'joined lines'],
    ["$'\\x72\\155' -rf /", ['rm', '-rf', '/'], 'ANSI-C quotes in hexadecimal and octal'],
    ["$'\\u0072m'", ['rm'], 'ANSI-C quotes in Unicode'],
    ['rm$IFS-rf${IFS}/', ['rm', '-rf', '/'], 'the separator as a variable'],
    ['{rm,-rf,/}', ['rm', '-rf', '/'], 'braces'],
    ['cat /etc/{passwd,shadow}', ['cat', '/etc/passwd', '/etc/shadow'], 'braces inside of a word'],
    ['r$@m -rf /', ['rm', '-rf', '/'], 'positional parameters are empty'],
    ['$(echo rm) -rf /', ['echo', 'rm'], 'what echo prints is known'],
    ['${x:-rm -rf} /', ['rm', '-rf', '/'], "an unset variable's default"],
    ['cat ${HOME:0:1}etc', ['cat', '/etc'], 'the first letter of a path'],
    ['ls "$HOME/x" ${HOME}', ['ls', '~/x', '~'], 'the home folder'],
    ['echo "a $b c"', ['echo', `a ${OPAQUE} c`], 'an unknown variable'],
    ["echo 'a $b'", ['echo', 'a $b'], 'nothing is expanded in single quotes'],
    ['echo a#b # c', ['echo', 'a#b'], 'a comment begins a word'],
    ["echo 'open", ['echo', 'open'], 'a quote that is not closed'],
  ]
  for (const [command, words, why] of rows) {
    test(why, () => {
      const all = wordsOf(command)
      expect(all[0]).toEqual(command.startsWith('$(') ? ['rm', '-rf', '/'] : words)
    })
  }

  test('a variable that the line itself has set is known, any other is not', () => {
    expect(wordsOf('a=r; b=m; $a$b -rf /').at(-1)).toEqual(['rm', '-rf', '/'])
    expect(wordsOf('$a -rf /')).toEqual([[OPAQUE, '-rf', '/']])
  })
})

describe('how commands are joined', () => {
  test('lists, pipes and the background', () => {
    const { pipelines } = shellWords('a && b || c; d | e |& f & g\nh')
    expect(pipelines.map(({ joinedBy, stages, isBackground }) => [joinedBy, stages.length, isBackground])).toEqual([
      ['start', 1, false],
      ['and', 1, false],
      ['or', 1, false],
      ['sequence', 3, true],
      ['background', 1, false],
      ['sequence', 1, false],
    ])
  })

  test('groups keep their place in a pipe', () => {
    const [pipeline] = shellWords('curl x | (cd /tmp; sh) > log').pipelines
    const group = pipeline?.stages[1]
    expect(group?.kind).toBe('group')
    expect(group?.redirections.map(({ operator, target }) => operator + target.text)).toEqual(['>log'])
  })

  test('reserved words are no programs', () => {
    expect(wordsOf('if true; then { rm x; }; else (ls); fi; while a; do b; done')).toEqual([
      ['true'],
      ['rm', 'x'],
      ['ls'],
      ['a'],
      ['b'],
    ])
  })

  test('a function has a name and a body', () => {
    const [stage] = shellWords(':(){ :|:& };:').pipelines[0]?.stages ?? []
    expect(stage?.kind === 'group' ? stage.functionName : null).toBe(':')
  })
})

describe('redirections and what runs inside', () => {
  const rows: readonly (readonly [command: string, redirections: readonly string[]])[] = [
    ['a >b 2>&1 <c', ['>b', '>&1', '<c']],
    ['a &>>b', ['&>>b']],
    ['a <<<"b c"', ['<<<b c']],
    ['sh 196<>/dev/tcp/h/1', ['<>/dev/tcp/h/1']],
    ["cat <<'E'\n$x\nE\nls", ['<<$x\n']],
    ['cat <<-E\n\tone\n\tE\nls', ['<<-\tone\n']],
    ['cat <<E\nnever closed', ['<<never closed\n']],
  ]
  for (const [command, redirections] of rows) {
    test(JSON.stringify(command), () => {
      const [first] = commandsOf(shellWords(command))
      expect(first?.redirections.map(({ operator, target }) => operator + target.text)).toEqual([...redirections])
    })
  }

  test('a shift in arithmetic is no here-document that swallows the next lines', () => {
    expect(wordsOf('echo $((1<<2))\nrm -rf /').at(-1)).toEqual(['rm', '-rf', '/'])
  })

  for (const command of [
    'a $(b c)',
    'a `b c`',
    'a "$(b c)"',
    'a <(b c)',
    'a "${x:-$(b c)}"',
    'a <<E\n$(b c)\nE',
    'x=$(b c) a',
  ]) {
    test(`the script inside of ${JSON.stringify(command)} is read`, () => {
      const [first] = commandsOf(shellWords(command))
      const words = [
        ...(first?.words ?? []),
        ...(first?.assignments ?? []).map(({ value }) => value),
        ...(first?.redirections ?? []).map(({ target }) => target),
      ]
      expect(
        words.flatMap(({ scripts }) => scripts.flatMap(commandsOf)).map(({ words: inner }) => inner.map(({ text }) => text)),
      ).toEqual([['b', 'c']])
    })
  }
})

test('ranges are those of the simple commands', () => {
  const command = 'ls -la; rm -rf / | cat'
  expect(commandsOf(shellWords(command)).map(({ startUtf16, endUtf16 }) => command.slice(startUtf16, endUtf16).trim())).toEqual(
    ['ls -la', 'rm -rf /', 'cat'],
  )
})

test('what is longer than the bound is read up to it, and says so', () => {
  expect(shellWords('a '.repeat(COMMAND_CHARS_MAX)).isCut).toBe(true)
  expect(shellWords('a').isCut).toBe(false)
})
