/**
 * Which programs a command line would run, with what stands before them taken off: `sudo`, `env`, `xargs`, `timeout`, `ssh` and the
 * like, and the scripts inside of `sh -c`, `eval`, `find -exec`, here-documents and literal pipes. It judges nothing.
 */
import { globMatches } from './glob.ts'
import {
  COMMAND_CHARS_MAX,
  OPAQUE,
  plainWord,
  shellWords,
  type Group,
  type Redirection,
  type Script,
  type SimpleCommand,
  type Word,
} from './shell-words.ts'

/** Scripts inside scripts: `bash -c "sh -c '…'"`. */
const UNWRAP_MAX = 8
/** Characters of all scripts inside of one command line together. */
const INNER_CHARS_MAX = 2 * COMMAND_CHARS_MAX
/** Programs of one command line. */
export const INVOCATIONS_MAX = 2048
/** Arguments kept of one program: the first and the last ones. */
const FIRST_ARGS_MAX = 192
const LAST_ARGS_MAX = 64
/** Arguments of all programs of one command line. */
const ARGS_MAX = 4096
/** Pipes into a shell or another language whose text is read. */
const PIPED_TEXTS_MAX = 64
/** Programs of one stage of a pipe whose text is read. */
const STAGE_TEXTS_MAX = 64
/** Programs that made one variable. */
const MADE_BY_MAX = 16
/** Words that are joined into one inner script. */
const JOINED_WORDS_MAX = 4096

export type Invocation = {
  /** Base name in lower case, without `.exe`; `OPAQUE` where it is not known before it runs. */
  readonly program: string
  /** As it was written, with its path. */
  readonly path: Word
  readonly args: readonly Word[]
  readonly assignments: readonly string[]
  readonly redirections: readonly Redirection[]
  /** What stood before it, the outer one first: `['sudo', 'env']`. */
  readonly wrappers: readonly string[]
  /** What runs to make its arguments: `$(…)`, backticks, `<(…)`. */
  readonly feeders: readonly Invocation[]
  readonly startUtf16: number
  readonly endUtf16: number
}

/** The programs that are joined by pipes, stage by stage. */
export type Flow = readonly (readonly Invocation[])[]

/** A program in another language, given on the command line. */
export type InlineCode = {
  readonly language: string
  readonly code: string
  readonly startUtf16: number
  readonly endUtf16: number
}

export type CommandLine = {
  /** All of them, in the order in which they stand. */
  readonly invocations: readonly Invocation[]
  readonly flows: readonly Flow[]
  readonly codes: readonly InlineCode[]
  /** Scripts for PowerShell or cmd.exe that were found inside. */
  readonly windows: readonly InlineCode[]
  /** A function that calls itself twice at once. */
  readonly hasForkBomb: boolean
  readonly isCut: boolean
}

export const SHELLS = new Set(['sh', 'bash', 'zsh', 'dash', 'ksh', 'ash', 'fish', 'csh', 'tcsh', 'mksh', 'rbash'])
export const LANGUAGES = /^(python|perl|ruby|node|nodejs|php|lua|deno|bun|osascript)[\d.]*$/
const CODE_OPTIONS: { readonly [language: string]: RegExp } = {
  python: /^-[a-zA-Z]*c$/,
  perl: /^-[a-zA-Z]*[eE]$/,
  ruby: /^-[a-zA-Z]*e$/,
  node: /^(-e|-p|-pe|--eval|--print)$/,
  nodejs: /^(-e|-p|-pe|--eval|--print)$/,
  php: /^-r$/,
  lua: /^-e$/,
  deno: /^eval$/,
  bun: /^(-e|--eval)$/,
  osascript: /^-e$/,
}

type Wrapper = {
  /** Options that take the next word. */
  readonly valued: readonly string[]
  /** Words before the program that are no options. */
  readonly positionals?: number
}

const WRAPPERS: { readonly [name: string]: Wrapper } = {
  sudo: {
    valued: [
      '-u',
      '-g',
      '-h',
      '-p',
      '-C',
      '-T',
      '-r',
      '-t',
      '-D',
      '-R',
      '-U',
      '--user',
      '--group',
      '--host',
      '--prompt',
      '--chdir',
    ],
  },
  doas: { valued: ['-u', '-C'] },
  pkexec: { valued: ['--user'] },
  gosu: { valued: [], positionals: 1 },
  env: { valued: ['-u', '-C', '--unset', '--chdir'] },
  nohup: { valued: [] },
  setsid: { valued: [] },
  nice: { valued: ['-n', '--adjustment'] },
  ionice: { valued: ['-c', '-n', '--class', '--classdata'] },
  chrt: { valued: [], positionals: 1 },
  taskset: { valued: [], positionals: 1 },
  timeout: { valued: ['-s', '-k', '--signal', '--kill-after'], positionals: 1 },
  stdbuf: { valued: ['-i', '-o', '-e'] },
  unbuffer: { valued: [] },
  time: { valued: ['-f', '-o'] },
  command: { valued: [] },
  builtin: { valued: [] },
  exec: { valued: ['-a'] },
  strace: { valued: ['-e', '-o', '-s', '-u'] },
  ltrace: { valued: ['-e', '-o', '-s', '-u'] },
  xargs: { valued: ['-I', '-n', '-P', '-d', '-a', '-L', '-s', '-E', '--max-args', '--max-procs', '--delimiter', '--replace'] },
  chroot: { valued: [], positionals: 1 },
  unshare: { valued: [] },
  busybox: { valued: [] },
  toybox: { valued: [] },
  caffeinate: { valued: ['-t', '-w'] },
  proxychains: { valued: ['-f'] },
  proxychains4: { valued: ['-f'] },
  torsocks: { valued: [] },
  torify: { valued: [] },
}

const SSH_VALUED = new Set('-b -c -D -E -e -F -I -i -J -L -l -m -O -o -p -Q -R -S -W -w'.split(' '))
/** Names that a glob in the place of a program (`/bin/r?`) is tried on. */
const GUESSED = [
  'rm',
  'sh',
  'bash',
  'dash',
  'zsh',
  'cat',
  'nc',
  'ncat',
  'curl',
  'wget',
  'dd',
  'python',
  'python3',
  'perl',
  'shred',
  'mkfs',
  'base64',
]

export function commandLine(command: string): CommandLine {
  const invocations: Invocation[] = []
  const flows: Flow[] = []
  const codes: InlineCode[] = []
  const windows: InlineCode[] = []
  /** What ran to make a variable: `x=$(curl …)`. */
  const made = new Map<string, readonly Invocation[]>()
  let hasForkBomb = false
  let innerChars = 0
  let isCut = false
  let argsLeft = ARGS_MAX
  let pipedTextsLeft = PIPED_TEXTS_MAX

  type Context = {
    readonly depth: number
    readonly wrappers: readonly string[]
    readonly range: readonly [number, number] | null
  }

  function visit(script: Script, context: Context): Invocation[] {
    isCut ||= script.isCut
    const found: Invocation[] = []
    for (const pipeline of script.pipelines) {
      const stages: Invocation[][] = []
      for (const stage of pipeline.stages) {
        const before = stages.at(-1) ?? []
        const programs = stage.kind === 'group' ? visitGroup(stage, context) : visitSimple(stage, context, before)
        stages.push(programs)
        found.push(...programs)
      }
      if (stages.some((stage) => stage.length > 0)) flows.push(stages)
    }
    return found
  }

  function visitGroup(group: Group, context: Context): Invocation[] {
    const name = group.functionName
    if (name !== null) {
      hasForkBomb ||= group.body.pipelines.some((pipeline) => {
        const calls = pipeline.stages.filter((stage) => stage.kind === 'simple' && stage.words[0]?.text === name).length
        return calls > 1 || (calls > 0 && pipeline.isBackground)
      })
    }
    const programs = visit(group.body, context)
    return [...programs, ...bare(group.redirections, context)]
  }

  function inner(text: string, context: Context): Invocation[] {
    if (context.depth >= UNWRAP_MAX || innerChars + text.length > INNER_CHARS_MAX) {
      isCut = true
      return []
    }
    innerChars += text.length
    return visit(shellWords(text), { ...context, depth: context.depth + 1 })
  }

  function visitSimple(command: SimpleCommand, outer: Context, before: readonly Invocation[]): Invocation[] {
    const range = outer.range ?? ([command.startUtf16, command.endUtf16] as const)
    const context: Context = { ...outer, range }
    const feeders: Invocation[] = []
    const words = [
      ...command.words,
      ...command.assignments.map((assignment) => assignment.value),
      ...command.redirections.map((redirection) => redirection.target),
    ]
    for (const word of words) for (const script of word.scripts) feeders.push(...visit(script, context))
    for (const { name, value } of command.assignments) {
      if (value.scripts.length > 0) made.set(name, feeders.slice(-MADE_BY_MAX))
    }
    const earlier = words.flatMap((word) => word.variables).flatMap((name) => made.get(name) ?? [])
    const assignments = command.assignments.map((assignment) => `${assignment.name}=${assignment.value.text}`)
    const programs =
      command.words.length === 0
        ? bare(command.redirections, context)
        : run(command.words, { command, context, assignments, feeders: [...feeders, ...earlier.slice(0, MADE_BY_MAX)], before })
    return [...feeders, ...programs]
  }

  /** A redirection opens its file, whether a program stands there or not. */
  function bare(redirections: readonly Redirection[], context: Context): Invocation[] {
    if (redirections.length === 0) return []
    const [startUtf16, endUtf16] = context.range ?? [0, command.length]
    const invocation: Invocation = {
      program: '',
      path: plainWord(''),
      args: [],
      assignments: [],
      redirections,
      wrappers: context.wrappers,
      feeders: [],
      startUtf16,
      endUtf16,
    }
    if (invocations.length >= INVOCATIONS_MAX) isCut = true
    else invocations.push(invocation)
    return [invocation]
  }

  type Setting = {
    readonly command: SimpleCommand
    readonly context: Context
    readonly assignments: readonly string[]
    readonly feeders: readonly Invocation[]
    /** The programs whose output it reads. */
    readonly before: readonly Invocation[]
  }

  /** What `words` run, with all that stands before the program taken off. */
  function run(words: readonly Word[], setting: Setting): Invocation[] {
    const [startUtf16, endUtf16] = setting.context.range ?? [0, command.length]
    const wrappers = [...setting.context.wrappers]
    const assignments = [...setting.assignments]
    let at = 0
    for (let i = 0; i < 16; i += 1) {
      const name = programName(words[at])
      const wrapper = WRAPPERS[name]
      if (wrapper === undefined) break
      const next = behind(words, at + 1, wrapper, assignments)
      const option = words[at + 1]?.text
      // `command -v x` asks where it is; a wrapper without a program runs none.
      if (next >= words.length || (name === 'command' && (option === '-v' || option === '-V'))) break
      wrappers.push(name)
      at = next
    }
    const path = words[at]
    if (path === undefined) return []
    const found: Invocation[] = []
    if (invocations.length >= INVOCATIONS_MAX) {
      isCut = true
      return found
    }
    const invocation: Invocation = {
      program: programName(path),
      path,
      args: kept([...words.slice(at + 1), ...(wrappers.includes('xargs') ? passed(setting) : [])]),
      assignments,
      redirections: setting.command.redirections,
      wrappers,
      feeders: setting.feeders,
      startUtf16,
      endUtf16,
    }
    invocations.push(invocation)
    found.push(invocation, ...within(invocation, setting))
    return found
  }

  function kept(args: readonly Word[]): readonly Word[] {
    const few =
      args.length > FIRST_ARGS_MAX + LAST_ARGS_MAX ? [...args.slice(0, FIRST_ARGS_MAX), ...args.slice(-LAST_ARGS_MAX)] : args
    isCut ||= few.length > argsLeft
    const all = few.slice(0, argsLeft)
    argsLeft -= all.length
    return all
  }

  /** `xargs` adds what it reads to the arguments. */
  function passed({ before, command: { redirections } }: Setting): readonly Word[] {
    const listed = before
      .filter(({ program }) => program === 'ls')
      .flatMap(({ args }) => args.filter((arg) => arg.text.startsWith('/') || arg.text.startsWith('~')))
    const here = redirections.filter(({ operator }) => operator === '<<<').map(({ target }) => target.text)
    const texts = [...piped(before), ...here].flatMap((text) => text.split(/\s+/, LAST_ARGS_MAX)).filter((text) => text !== '')
    return [...texts.slice(0, LAST_ARGS_MAX).map(plainWord), ...listed]
  }

  function piped(before: readonly Invocation[]): readonly string[] {
    if (pipedTextsLeft <= 0) {
      isCut = true
      return []
    }
    pipedTextsLeft -= 1
    return literalOutput(before)
  }

  /** What a program runs that it was given as text. */
  function within(invocation: Invocation, setting: Setting): Invocation[] {
    const { program, args, startUtf16, endUtf16 } = invocation
    const context: Context = { ...setting.context, wrappers: invocation.wrappers }
    const script = (text: string, name?: string): Invocation[] =>
      inner(text, name === undefined ? context : { ...context, wrappers: [...context.wrappers, name] })
    if (SHELLS.has(program)) {
      const option = args.findIndex((arg) => /^-[a-zA-Z]*c[a-zA-Z]*$/.test(arg.text))
      const given = option === -1 ? undefined : args[option + 1]
      if (given !== undefined) return script(given.text)
      if (!readsInput(invocation)) return []
      return [...standardInput(invocation), ...piped(setting.before)].flatMap((text) => script(text))
    }
    if (program === 'eval' || program === 'watch') return script(joinWords(args))
    if (program === 'su' || program === 'runuser' || program === 'flock' || program === 'script') {
      const option = args.findIndex((arg) => arg.text === '-c' || arg.text === '--command')
      return option === -1 ? [] : script(args[option + 1]?.text ?? '', program)
    }
    if (program === 'ssh') {
      let at = 0
      while (at < args.length && args[at]?.text.startsWith('-') === true) at += SSH_VALUED.has(args[at]?.text ?? '') ? 2 : 1
      return script(joinWords(args.slice(at + 1)), 'ssh')
    }
    if (program === 'find') return findActions(args, setting, invocation)
    if (program === 'docker' || program === 'podman' || program === 'nerdctl' || program === 'kubectl' || program === 'oc') {
      const shell = args.findIndex((arg) => SHELLS.has(programName(arg)))
      const isRun = args.slice(0, 8).some((arg) => arg.text === 'exec' || arg.text === 'run')
      return shell === -1 || !isRun
        ? []
        : run(args.slice(shell), {
            ...setting,
            context: { ...context, wrappers: [...context.wrappers, program] },
            feeders: [],
            before: [],
          })
    }
    if (program === 'env' || program === 'parallel') {
      const option = args.findIndex((arg) => arg.text === '-S' || arg.text === '--split-string')
      return program === 'env' && option !== -1
        ? script(joinWords(args.slice(option + 1)))
        : program === 'parallel'
          ? script(joinWords(args))
          : []
    }
    const language = LANGUAGES.exec(program)?.[1]
    if (language !== undefined) {
      const option = args.findIndex((arg) => CODE_OPTIONS[language]?.test(arg.text) === true)
      const given = option === -1 ? undefined : args[option + 1]
      const texts =
        given !== undefined
          ? [given.text]
          : args.every((arg) => arg.text.startsWith('-'))
            ? [...standardInput(invocation), ...piped(setting.before)]
            : []
      for (const code of texts) codes.push({ language, code, startUtf16, endUtf16 })
      return []
    }
    if (program === 'awk' || program === 'gawk' || program === 'mawk' || program === 'nawk') {
      const code = args.find((arg) => !arg.text.startsWith('-'))?.text
      if (code !== undefined) codes.push({ language: 'awk', code, startUtf16, endUtf16 })
      return []
    }
    if (program === 'powershell' || program === 'pwsh' || program === 'cmd') {
      windows.push({ language: program, code: args.map((arg) => arg.text).join(' '), startUtf16, endUtf16 })
    }
    return []
  }

  function findActions(args: readonly Word[], setting: Setting, invocation: Invocation): Invocation[] {
    const found: Invocation[] = []
    for (let at = 0; at < args.length; at += 1) {
      if (!/^-(exec|ok)(dir)?$/.test(args[at]?.text ?? '')) continue
      const from = at + 1
      while (at < args.length && args[at]?.text !== ';' && args[at]?.text !== '+') at += 1
      const wrappers = [...invocation.wrappers, 'find']
      found.push(
        ...run(args.slice(from, at), { ...setting, context: { ...setting.context, wrappers }, feeders: [], before: [] }),
      )
    }
    return found
  }

  const script = shellWords(command)
  visit(script, { depth: 0, wrappers: [], range: null })
  return { invocations, flows, codes, windows, hasForkBomb, isCut }
}

/** The place of the first word behind a wrapper's own. */
function behind(words: readonly Word[], from: number, wrapper: Wrapper, assignments: string[]): number {
  let at = from
  let positionals = wrapper.positionals ?? 0
  while (at < words.length) {
    const text = words[at]?.text ?? ''
    if (text === '--') at += 1
    else if (text === '-S' || text === '--split-string') return words.length
    else if (text.startsWith('-') && text !== '-') at += wrapper.valued.includes(text) ? 2 : 1
    else if (/^[A-Za-z_]\w*=/.test(text)) {
      assignments.push(text)
      at += 1
    } else if (positionals > 0) {
      positionals -= 1
      at += 1
    } else break
  }
  return at
}

/** Base name in lower case. A glob is the one program of those worth hiding that it can stand for. */
export function programName(word: Word | undefined): string {
  if (word === undefined) return ''
  const base = word.text.slice(Math.max(word.text.lastIndexOf('/'), word.text.lastIndexOf('\\')) + 1, undefined).toLowerCase()
  if (base.includes(OPAQUE)) return OPAQUE
  if (word.isGlob) return GUESSED.find((name) => globMatches(base, name)) ?? base
  return base.endsWith('.exe') ? base.slice(0, -4) : base
}

/** True for a shell or another language that was given neither a script nor a file: it runs what it reads. */
export function readsInput({ program, args }: Invocation): boolean {
  if (program === 'source' || program === '.') return args[0]?.text === '/dev/stdin'
  if (!SHELLS.has(program) && !LANGUAGES.test(program)) return false
  if (SHELLS.has(program) && args.some((arg) => /^-[a-zA-Z]*s$/.test(arg.text))) return true
  return (
    args.every((arg) => /^[-+]/.test(arg.text) || arg.text === '/dev/stdin') &&
    !args.some((arg) => /^--?(version|help|V|v)$/.test(arg.text))
  )
}

/** What here-documents and here-strings give it to read. */
function standardInput(invocation: Invocation): readonly string[] {
  return invocation.redirections.filter(({ operator }) => operator.startsWith('<<')).map(({ target }) => target.text)
}

/** What is known of the text that the programs before it print: `echo 'rm -rf /' | sh`. */
export function literalOutput(before: readonly Invocation[]): readonly string[] {
  return before.slice(-STAGE_TEXTS_MAX).flatMap(({ program, args, redirections }) => {
    if (program === 'echo' || program === 'printf') return [joinWords(args.filter((arg) => !/^-[neE]+$/.test(arg.text)))]
    if (program === 'cat')
      return redirections.filter(({ operator }) => operator.startsWith('<<')).map(({ target }) => target.text)
    return []
  })
}

function joinWords(words: readonly Word[]): string {
  return words
    .slice(0, JOINED_WORDS_MAX)
    .map((word) => word.text)
    .join(' ')
}

/** A list of arguments as one command line that reads the same. */
export function quoteWords(words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./~-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(' ')
}
