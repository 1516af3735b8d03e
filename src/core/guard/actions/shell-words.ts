/**
 * Reads a command line as a POSIX shell would read it, without running any of it: quotes, escapes, pipes, lists, subshells,
 * substitutions, redirections, here-documents, assignments. What only a shell could know (an unknown variable, what a substitution
 * prints, what a glob finds) is `OPAQUE` or marked. One pass over the text, bounded in length, depth and number of commands; it takes
 * any text and never throws, since what a shell would refuse is still worth judging. One long file, since all of the grammar reads on from
 * one position.
 */

/** Characters read of one command line. Here-documents of coding agents are long; past it `isCut` says so. */
export const COMMAND_CHARS_MAX = 256 * 1024
/** Simple commands of one command line, nested ones included. */
export const COMMANDS_MAX = 2048
/** Subshells and substitutions inside one another. */
export const NESTING_MAX = 12
/** Characters of one variable's value, and of all that variables and braces may add to a command line. */
const VALUE_CHARS_MAX = 256
const EXPANSION_CHARS_MAX = 64 * 1024
/** Words that one word may become. */
const FIELDS_MAX = 64

/** Digits of a descriptor before `<` or `>`. */
const DESCRIPTOR_DIGITS_MAX = 4

/** Stands in a word for what only the shell knows. U+FFFC is in no program's name. */
export const OPAQUE = '\uFFFC'

export type Word = {
  /** Without quotes and escapes. Your home is `~`, however it was written. */
  readonly text: string
  /** A part of it is not known before it runs. */
  readonly isOpaque: boolean
  /** Holds `*`, `?` or `[` that the shell would fill in. */
  readonly isGlob: boolean
  /** What `$( )`, backticks and `<( )` in it run. */
  readonly scripts: readonly Script[]
  /** Variables in it whose value is not known. */
  readonly variables: readonly string[]
}

export type Redirection = {
  /** `<`, `>`, `>>`, `>|`, `<>`, `<&`, `>&`, `&>`, `&>>`, `<<` and `<<-` (here-document: the target is its body), `<<<`. */
  readonly operator: string
  readonly descriptor: number | null
  readonly target: Word
}

export type SimpleCommand = {
  readonly kind: 'simple'
  readonly assignments: readonly { readonly name: string; readonly value: Word }[]
  /** The program and its arguments; empty for a line of assignments or redirections alone. */
  readonly words: readonly Word[]
  readonly redirections: readonly Redirection[]
  /** In the text that was read, UTF-16 code units. */
  readonly startUtf16: number
  readonly endUtf16: number
}

/** `( … )`, `{ …; }` or the body of a function. */
export type Group = {
  readonly kind: 'group'
  readonly functionName: string | null
  readonly body: Script
  readonly redirections: readonly Redirection[]
}

/** How a pipeline is joined to the one before it. */
export type Join = 'start' | 'and' | 'or' | 'sequence' | 'background'

export type Pipeline = {
  readonly joinedBy: Join
  /** Each one's output is the next one's input. */
  readonly stages: readonly (SimpleCommand | Group)[]
  readonly isBackground: boolean
}

export type Script = {
  readonly pipelines: readonly Pipeline[]
  /** Something was too long, too deep or too much to be read. */
  readonly isCut: boolean
}

const RESERVED = new Set(['if', 'then', 'elif', 'else', 'fi', 'while', 'until', 'do', 'done', 'esac', '!', 'time', 'coproc'])
const ESCAPES: { readonly [letter: string]: string } = {
  a: '\x07',
  b: '\b',
  e: '\x1b',
  E: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}
/** Positions whose first letter is a slash on every system: the trick that writes `/` as `${HOME:0:1}`. */
const ABSOLUTE = new Set(['HOME', 'PATH', 'PWD', 'SHELL', 'OLDPWD'])

type Shared = {
  /** Literal values that the command line itself has set. */
  readonly variables: Map<string, string>
  commands: number
  expandedChars: number
  isCut: boolean
}

type HereDocument = {
  readonly delimiter: string
  readonly isLiteral: boolean
  readonly stripsTabs: boolean
  readonly slot: Slot
}
type Slot = { operator: string; descriptor: number | null; target: Word }
type End = ')' | '}' | null

/** Reads `command`. Texts longer than `COMMAND_CHARS_MAX` are read up to there. */
export function shellWords(command: string): Script {
  const shared: Shared = { variables: new Map(), commands: 0, expandedChars: 0, isCut: command.length > COMMAND_CHARS_MAX }
  return createReader(command.slice(0, COMMAND_CHARS_MAX), shared).script(0)
}

/** A word of plain text, for what was put together outside of a command line. */
export function plainWord(text: string): Word {
  return { text, isOpaque: false, isGlob: false, scripts: [], variables: [] }
}

function isBlank(c: string | undefined): boolean {
  return c === ' ' || c === '\t' || c === '\r'
}

/** Ends an unquoted word. */
function isBreak(c: string): boolean {
  return (
    c === ' ' ||
    c === '\t' ||
    c === '\r' ||
    c === '\n' ||
    c === ';' ||
    c === '&' ||
    c === '|' ||
    c === '(' ||
    c === ')' ||
    c === '<' ||
    c === '>'
  )
}

/** Not a quote, not a break, and no glob sign. */
function isOrdinary(c: string): boolean {
  return !isBreak(c) && c !== "'" && c !== '"' && c !== '\\' && c !== '$' && c !== '`' && c !== '*' && c !== '?' && c !== '['
}

function isNameStart(c: string | undefined): boolean {
  return c !== undefined && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c === '_')
}

function isDigit(c: string | undefined): boolean {
  return c !== undefined && c >= '0' && c <= '9'
}

/** A word while it is read: the fields that it falls apart into. */
function createDraft() {
  const fields: Word[] = []
  let out = ''
  let isOpaque = false
  let isGlob = false
  let isStarted = false
  let scripts: Script[] = []
  let variables: string[] = []
  return {
    add(piece: string): void {
      out += piece
      isStarted = true
    },
    opaque(variable?: string): void {
      if (variable !== undefined && variables.length < FIELDS_MAX) variables.push(variable)
      out += OPAQUE
      isOpaque = true
      isStarted = true
    },
    glob(): void {
      isGlob = true
    },
    runs(script: Script): void {
      scripts.push(script)
    },
    split(): void {
      if (!isStarted || fields.length >= FIELDS_MAX) return
      fields.push({ text: out, isOpaque, isGlob, scripts, variables })
      out = ''
      isOpaque = false
      isGlob = false
      isStarted = false
      scripts = []
      variables = []
    },
    finish(): Word[] {
      if (isStarted || scripts.length > 0) fields.push({ text: out, isOpaque, isGlob, scripts, variables })
      return fields
    },
  }
}
type Draft = ReturnType<typeof createDraft>

/** An unquoted value falls apart at its spaces. */
function addSplit(draft: Draft, value: string): void {
  const fields = value.split(/[ \t\n]+/, FIELDS_MAX)
  fields.forEach((field, i) => {
    if (i > 0) draft.split()
    if (field !== '') draft.add(field)
  })
}

function createReader(text: string, shared: Shared) {
  let pos = 0
  const end = text.length
  let waiting: HereDocument[] = []

  function nameAt(from: number): string {
    let to = from
    while (to < end && (isNameStart(text[to]) || isDigit(text[to]))) to += 1
    return text.slice(from, to)
  }

  function skipBlanks(): void {
    while (pos < end) {
      if (isBlank(text[pos])) pos += 1
      else if (text[pos] === '\\' && text[pos + 1] === '\n') pos += 2
      else return
    }
  }

  function readScript(until: End, depth: number, isArithmetic: boolean): Script {
    const pipelines: Pipeline[] = []
    let stages: (SimpleCommand | Group)[] = []
    let joinedBy: Join = 'start'

    function finish(next: Join, isBackground = false): void {
      if (stages.length > 0) {
        pipelines.push({ joinedBy, stages, isBackground })
        stages = []
        joinedBy = next
      } else if (pipelines.length > 0) joinedBy = next
    }

    while (pos < end) {
      skipBlanks()
      const c = text[pos]
      if (c === undefined) break
      if (c === '\n') {
        pos += 1
        readHereDocuments(depth)
        finish('sequence')
      } else if (c === '#') {
        const line = text.indexOf('\n', pos)
        pos = line === -1 ? end : line
      } else if (c === ';') {
        pos += 1
        finish('sequence')
      } else if (c === '&' && text[pos + 1] !== '>') {
        const isAnd = text[pos + 1] === '&'
        pos += isAnd ? 2 : 1
        finish(isAnd ? 'and' : 'background', !isAnd)
      } else if (c === '|') {
        const isOr = text[pos + 1] === '|'
        pos += isOr || text[pos + 1] === '&' ? 2 : 1
        if (isOr) finish('or')
      } else if (c === ')') {
        pos += 1
        if (until === ')') break
        finish('sequence')
      } else if (c === '(') {
        pos += 1
        if (depth >= NESTING_MAX) shared.isCut = true
        else stages.push(readGroup(')', depth, null, isArithmetic))
      } else if (c === '{' && isBraceWord()) {
        pos += 1
        if (depth >= NESTING_MAX) shared.isCut = true
        else stages.push(readGroup('}', depth, null, isArithmetic))
      } else if (c === '}' && isBraceWord()) {
        pos += 1
        if (until === '}') break
      } else {
        if (shared.commands >= COMMANDS_MAX) {
          shared.isCut = true
          pos = end
          break
        }
        shared.commands += 1
        const command = readSimple(depth, isArithmetic)
        if (command !== null) stages.push(command)
      }
    }
    finish('sequence')
    return { pipelines, isCut: shared.isCut }
  }

  function isBraceWord(): boolean {
    const next = text[pos + 1]
    return next === undefined || isBreak(next)
  }

  function readGroup(close: ')' | '}', depth: number, functionName: string | null, isArithmetic: boolean): Group {
    const body = readScript(close, depth + 1, isArithmetic)
    const redirections: Slot[] = []
    skipBlanks()
    while (pos < end && isRedirection() && readRedirection(redirections, depth, isArithmetic)) skipBlanks()
    return { kind: 'group', functionName, body, redirections }
  }

  function readSimple(depth: number, isArithmetic: boolean): SimpleCommand | Group | null {
    const startUtf16 = pos
    const assignments: { name: string; value: Word }[] = []
    const words: Word[] = []
    const redirections: Slot[] = []
    while (pos < end) {
      skipBlanks()
      const c = text[pos]
      if (c === undefined || c === '\n' || c === ';' || c === '|' || c === ')') break
      if (isRedirection()) {
        if (readRedirection(redirections, depth, isArithmetic)) continue
      } else if (c === '&') break
      else if (c === '(') {
        const isFunction = words.length === 1 && assignments.length === 0 && isEmptyParentheses()
        if (!isFunction) break
        return readFunction(words[0]?.text ?? '', depth)
      }
      if (c === '#' && words.length + assignments.length > 0) break
      const isFirst = words.length === 0
      const name = isFirst && isNameStart(c) ? nameAt(pos) : ''
      const after = pos + name.length
      if (name !== '' && (text[after] === '=' || (text[after] === '+' && text[after + 1] === '='))) {
        pos = after + (text[after] === '+' ? 2 : 1)
        assignments.push({ name, value: readValue(name, depth) })
        continue
      }
      const from = pos
      const fields = readWord(depth)
      // What follows a reserved word is a command of its own, or a group.
      if (isFirst && assignments.length + redirections.length === 0 && RESERVED.has(text.slice(from, pos))) return null
      words.push(...fields)
      // Always forward, whatever stands there.
      if (pos === from) pos += 1
    }
    if (words.length === 0 && assignments.length === 0 && redirections.length === 0) return null
    return { kind: 'simple', assignments, words, redirections, startUtf16, endUtf16: pos }
  }

  function isEmptyParentheses(): boolean {
    let to = pos + 1
    while (isBlank(text[to])) to += 1
    return text[to] === ')'
  }

  function readFunction(name: string, depth: number): Group | null {
    pos = text.indexOf(')', pos) + 1
    while (pos < end && (isBlank(text[pos]) || text[pos] === '\n')) pos += 1
    const open = text[pos]
    if (open !== '{' && open !== '(') return null
    pos += 1
    if (depth >= NESTING_MAX) {
      shared.isCut = true
      return null
    }
    return readGroup(open === '{' ? '}' : ')', depth, name, false)
  }

  /** The value of an assignment, which is one word whatever is in it; or the words of an array. */
  function readValue(name: string, depth: number): Word {
    if (text[pos] === '(') {
      pos += 1
      const parts: Word[] = []
      while (pos < end && text[pos] !== ')') {
        const from = pos
        if (isBlank(text[pos]) || text[pos] === '\n') pos += 1
        else parts.push(...readWord(depth))
        if (pos === from) pos += 1
      }
      pos += 1
      return joined(parts)
    }
    const c = text[pos]
    const value = c === undefined || isBreak(c) ? plainWord('') : joined(readWord(depth))
    if (value.isOpaque || value.text.length > VALUE_CHARS_MAX) shared.variables.delete(name)
    else shared.variables.set(name, value.text)
    return value
  }

  // --- redirections --------------------------------------------------------------------------------------------------------------

  function isRedirection(): boolean {
    const c = text[pos]
    if (c === '<' || c === '>') return true
    if (c === '&') return text[pos + 1] === '>'
    const after = text[pos + digitsAt(pos)]
    return isDigit(c) && (after === '<' || after === '>')
  }

  function digitsAt(at: number): number {
    let digits = 0
    while (digits < DESCRIPTOR_DIGITS_MAX && isDigit(text[at + digits])) digits += 1
    return digits
  }

  /** False where what stands there is a process substitution, which is a word. */
  function readRedirection(into: Slot[], depth: number, isArithmetic: boolean): boolean {
    const from = pos
    const digits = digitsAt(pos)
    const descriptor = digits > 0 ? Number(text.slice(pos, pos + digits)) : null
    pos += digits
    if (descriptor === null && text[pos] !== '&' && text[pos + 1] === '(') return false
    const operator = operatorAt(pos)
    pos += operator.length
    const isHere = (operator === '<<' || operator === '<<-') && !isArithmetic
    skipBlanks()
    const c = text[pos]
    const quoteFrom = pos
    const isMissing = c === undefined || (isBreak(c) && !((c === '<' || c === '>') && text[pos + 1] === '('))
    const target = isMissing ? plainWord('') : joined(isHere ? [readDelimiter()] : readWord(depth))
    const slot: Slot = { operator, descriptor, target }
    into.push(slot)
    if (isHere && !isMissing) {
      const isLiteral = /['"\\]/.test(text.slice(quoteFrom, pos))
      slot.target = plainWord('')
      waiting.push({ delimiter: target.text, isLiteral, stripsTabs: operator === '<<-', slot })
    }
    if (pos === from) pos += 1
    return true
  }

  function operatorAt(at: number): string {
    const three = text.slice(at, at + 3)
    if (three === '<<<' || three === '<<-' || three === '&>>') return three
    const two = three.slice(0, 2)
    if (two === '<<' || two === '>>' || two === '<&' || two === '>&' || two === '<>' || two === '>|' || two === '&>') return two
    return three.slice(0, 1)
  }

  /** A here-document's delimiter: nothing in it is expanded. */
  function readDelimiter(): Word {
    let out = ''
    while (pos < end) {
      const c = text[pos] ?? ''
      if (c === "'" || c === '"') {
        const close = text.indexOf(c, pos + 1)
        out += text.slice(pos + 1, close === -1 ? end : close)
        pos = close === -1 ? end : close + 1
      } else if (c === '\\') {
        out += text[pos + 1] ?? ''
        pos = Math.min(end, pos + 2)
      } else if (isBreak(c)) break
      else {
        out += c
        pos += 1
      }
    }
    return plainWord(out)
  }

  /** Their bodies begin at the line after the one that names them, in its order. */
  function readHereDocuments(depth: number): void {
    const documents = waiting
    waiting = []
    for (const { delimiter, isLiteral, stripsTabs, slot } of documents) {
      let body = ''
      while (pos < end) {
        const newline = text.indexOf('\n', pos)
        const to = newline === -1 ? end : newline
        const line = text.slice(pos, to)
        pos = Math.min(end, to + 1)
        if ((stripsTabs ? line.replace(/^\t+/, '') : line).replace(/\r$/, '') === delimiter) break
        body += line + '\n'
      }
      const expands = !isLiteral && (body.includes('$') || body.includes('`'))
      if (!expands) slot.target = plainWord(body)
      else if (depth >= NESTING_MAX) shared.isCut = true
      else slot.target = createReader(body, shared).quoted(depth + 1)
    }
  }

  // --- words ---------------------------------------------------------------------------------------------------------------------

  /** One word, as the words that it becomes: variables and braces may give several, an empty variable none. */
  function readWord(depth: number): Word[] {
    const from = pos
    const draft = createDraft()
    let isPlain = true
    while (pos < end) {
      const c = text[pos] ?? ''
      if (c === "'") {
        const close = text.indexOf("'", pos + 1)
        draft.add(text.slice(pos + 1, close === -1 ? end : close))
        pos = close === -1 ? end : close + 1
        isPlain = false
      } else if (c === '"') {
        pos += 1
        readQuoted(draft, depth, '"')
        isPlain = false
      } else if (c === '\\') {
        if (text[pos + 1] !== '\n') draft.add(text[pos + 1] ?? '\\')
        pos = Math.min(end, pos + 2)
        isPlain = false
      } else if (c === '$') {
        readDollar(draft, depth, false)
        isPlain = false
      } else if (c === '`') {
        readBackticks(draft, depth)
        isPlain = false
      } else if ((c === '<' || c === '>') && text[pos + 1] === '(') {
        pos += 2
        readSubstitution(draft, depth, false, true)
        isPlain = false
      } else if (isBreak(c)) break
      else {
        const start = pos
        while (pos < end && isOrdinary(text[pos] ?? '')) pos += 1
        if (pos === start) {
          draft.glob()
          pos += 1
        }
        draft.add(text.slice(start, pos))
      }
    }
    const fields = draft.finish()
    const only = fields[0]
    if (isPlain && fields.length === 1 && only !== undefined) {
      const raw = text.slice(from, pos)
      const open = raw.indexOf('{')
      if (open !== -1 && raw.indexOf(',', open) !== -1) return braces(only)
    }
    return fields
  }

  /** `{rm,-rf,/}` and `/etc/{passwd,shadow}`: one pair of braces, since more of them in one word is no command that hides. */
  function braces(word: Word): Word[] {
    const open = word.text.indexOf('{')
    const close = word.text.indexOf('}', open)
    if (close === -1) return [word]
    const head = word.text.slice(0, open)
    const tail = word.text.slice(close + 1)
    const parts = word.text
      .slice(open + 1, close)
      .split(',', FIELDS_MAX)
      .map((part) => head + part + tail)
    const added = parts.reduce((sum, part) => sum + part.length, 0) - word.text.length
    if (!mayAdd(added)) return [word]
    return parts.filter((part) => part !== '').map((part) => ({ ...word, text: part }))
  }

  function mayAdd(chars: number): boolean {
    if (chars <= 0) return true
    if (shared.expandedChars + chars > EXPANSION_CHARS_MAX) {
      shared.isCut = true
      return false
    }
    shared.expandedChars += chars
    return true
  }

  /** Up to the closing `"` or `}` (or to the end, for a here-document). */
  function readQuoted(draft: Draft, depth: number, close: '"' | '}' | null): void {
    draft.add('')
    let start = pos
    while (pos < end) {
      const c = text[pos]
      if (c !== close && c !== '\\' && c !== '$' && c !== '`') {
        pos += 1
        continue
      }
      if (start < pos) draft.add(text.slice(start, pos))
      if (c === close) {
        pos += 1
        return
      }
      if (c === '\\') {
        const next = text[pos + 1]
        if (next === '"' || next === '$' || next === '`' || next === '\\') draft.add(next)
        else if (next !== '\n') draft.add('\\' + (next ?? ''))
        pos = Math.min(end, pos + 2)
      } else if (c === '$') readDollar(draft, depth, true)
      else readBackticks(draft, depth)
      start = pos
    }
    if (start < pos) draft.add(text.slice(start, pos))
  }

  function readDollar(draft: Draft, depth: number, isQuoted: boolean): void {
    const next = text[pos + 1]
    if (next === '(') {
      const isArithmetic = text[pos + 2] === '('
      pos += 2
      readSubstitution(draft, depth, isArithmetic, isQuoted)
    } else if (next === '{') {
      pos += 2
      readParameter(draft, depth, isQuoted)
    } else if (next === "'" && !isQuoted) {
      pos += 2
      readAnsi(draft)
    } else if (next === '"' && !isQuoted) {
      pos += 1
    } else if (isNameStart(next)) {
      const name = nameAt(pos + 1)
      pos += 1 + name.length
      expand(draft, name, isQuoted)
    } else if (isDigit(next) || next === '@' || next === '*') {
      // A command line has no positional parameters: `r$@m` is `rm`.
      pos += 2
      draft.add('')
    } else if (next === '?' || next === '#' || next === '$' || next === '!' || next === '-') {
      pos += 2
      draft.opaque()
    } else {
      pos += 1
      draft.add('$')
    }
  }

  function readSubstitution(draft: Draft, depth: number, isArithmetic: boolean, isQuoted: boolean): void {
    if (depth >= NESTING_MAX) {
      shared.isCut = true
      draft.opaque()
      return
    }
    const script = readScript(')', depth + 1, isArithmetic)
    const printed = literalOf(script)
    draft.runs(script)
    if (printed === null) draft.opaque()
    else if (isQuoted) draft.add(printed)
    else addSplit(draft, printed)
  }

  function readBackticks(draft: Draft, depth: number): void {
    draft.opaque()
    pos += 1
    let inner = ''
    let start = pos
    while (pos < end && text[pos] !== '`') {
      const next = text[pos + 1]
      if (text[pos] === '\\' && (next === '`' || next === '\\' || next === '$')) {
        inner += text.slice(start, pos) + next
        pos += 2
        start = pos
      } else pos += 1
    }
    pos = Math.min(pos, end)
    inner += text.slice(start, pos)
    pos = Math.min(end, pos + 1)
    if (depth >= NESTING_MAX) shared.isCut = true
    else draft.runs(createReader(inner, shared).script(depth + 1))
  }

  /** `${NAME}` and its kin, behind the opening brace. */
  function readParameter(draft: Draft, depth: number, isQuoted: boolean): void {
    const name = nameAt(pos)
    const after = pos + name.length
    if (name !== '' && text[after] === '}') {
      pos = after + 1
      return expand(draft, name, isQuoted)
    }
    const operator = text.slice(after, after + 5)
    if (depth >= NESTING_MAX) {
      shared.isCut = true
      draft.opaque()
      return
    }
    pos = after
    const inner = createDraft()
    readQuoted(inner, depth + 1, '}')
    const parts = inner.finish()
    for (const part of parts) for (const script of part.scripts) draft.runs(script)
    const isDefault = /^:?[-=]/.test(operator)
    if (ABSOLUTE.has(name) && operator === ':0:1}') draft.add('/')
    else if (isDefault && name !== '' && !shared.variables.has(name)) {
      const word = parts[0]?.text.replace(/^:?[-=]/, '') ?? ''
      if (isQuoted) draft.add(word)
      else addSplit(draft, word)
      if (parts[0]?.isOpaque === true) draft.opaque()
    } else if (isDefault && shared.variables.has(name)) expand(draft, name, isQuoted)
    else draft.opaque()
  }

  function expand(draft: Draft, name: string, isQuoted: boolean): void {
    const value = name === 'HOME' ? '~' : name === 'IFS' ? ' ' : name === 'PWD' ? '.' : shared.variables.get(name)
    if (value === undefined || !mayAdd(value.length)) return draft.opaque(name)
    if (isQuoted) draft.add(value)
    else addSplit(draft, value)
  }

  /** `$'…'`, behind the opening quote. */
  function readAnsi(draft: Draft): void {
    let out = ''
    while (pos < end && text[pos] !== "'") {
      if (text[pos] !== '\\') {
        out += text[pos]
        pos += 1
        continue
      }
      const coded = /^(?:x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{1,4}|U[0-9a-fA-F]{1,8}|[0-7]{1,3})/.exec(
        text.slice(pos + 1, pos + 10),
      )?.[0]
      if (coded === undefined) {
        const letter = text[pos + 1] ?? ''
        out += ESCAPES[letter] ?? letter
        pos = Math.min(end, pos + 2)
        continue
      }
      const code = isDigit(coded[0]) ? Number.parseInt(coded, 8) : Number.parseInt(coded.slice(1), 16)
      out += code <= 0x10ffff ? String.fromCodePoint(code) : '\uFFFD'
      pos += 1 + coded.length
    }
    pos = Math.min(end, pos + 1)
    draft.add(out)
  }

  return {
    script: (depth: number): Script => readScript(null, depth, false),
    /** The whole text as if it stood between double quotes that end nowhere. */
    quoted: (depth: number): Word => {
      const draft = createDraft()
      readQuoted(draft, depth, null)
      return joined(draft.finish())
    },
  }
}

/** What a script prints, where it is `echo` of a known text: the trick that writes `rm` as `$(echo rm)`. */
function literalOf(script: Script): string | null {
  const [pipeline, another] = script.pipelines
  const [stage, piped] = pipeline?.stages ?? []
  if (another !== undefined || piped !== undefined || stage?.kind !== 'simple' || stage.redirections.length > 0) return null
  const [program, ...words] = stage.words
  if (
    (program?.text !== 'echo' && program?.text !== 'printf') ||
    words[0]?.text.startsWith('-') === true ||
    words.some((word) => word.isOpaque)
  )
    return null
  return words.map((word) => word.text).join(' ')
}

function joined(words: readonly Word[]): Word {
  const [first] = words
  if (words.length === 1 && first !== undefined) return first
  return {
    text: words.map((word) => word.text).join(' '),
    isOpaque: words.some((word) => word.isOpaque),
    isGlob: words.some((word) => word.isGlob),
    scripts: words.flatMap((word) => word.scripts),
    variables: words.flatMap((word) => word.variables),
  }
}
