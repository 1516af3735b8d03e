/**
 * Judges a tool call by its arguments: the command lines, code, SQL, URLs and paths in them. What a tool is told to write or say
 * (`content`, `body`, `message`) is data, not a command: a page about `rm -rf /` may be written.
 */
import type { ActionType } from '../../domain/span.ts'
import type { Match } from '../match.ts'
import { createMatches, type Matches } from './action-match.ts'
import { argumentTexts, type ArgumentText } from './argument-texts.ts'
import { createNotes, joinTraits, NO_TRAITS, type Traits } from './command-words.ts'
import { judgeSql } from './judge-destruction.ts'
import { quoteWords } from './invocations.ts'
import { inspectCode, inspectCommand, isPathLike, type CommandReport } from './scan-command.ts'
import { isCredentialMatch, scanPath, type PathAccess } from './scan-path.ts'
import { isExternalUrl, scanUrl } from './scan-url.ts'

export type ActionCall = {
  readonly actionType: ActionType
  readonly name: string
  /** JSON text as the model wrote it, possibly cut; free text of a custom tool; null where it was not kept. */
  readonly arguments: string | null
}

export type ActionReport = { readonly matches: readonly Match[]; readonly traits: Traits }

/** Characters of arguments that are read; the rest is not judged. */
export const ARGUMENTS_CHARS_MAX = 1024 * 1024
/** JSON inside of a string of JSON. */
const NESTING_MAX = 3
/** Command lines of one call. */
const COMMANDS_MAX = 64

const COMMAND_KEYS =
  /^(commands?|cmds?|cmdline|command_?line|shell(_?command)?|bash(_?command)?|sh|powershell|script|argv|exec(ute)?|run|terminal_?input|keystrokes)$/
const CODE_KEYS = /^(code|source(_?code)?|python|javascript|js|snippet|program|expression)$/
const SQL_KEYS = /^(sql|query|statement|queries|sql_?query)$/
const URL_KEYS =
  /^(urls?|uris?|href|link|endpoint|address|webhook(_?url)?|callback(_?url)?|base_?url|host(name)?|website|target_?url|image_?url)$/
const PATH_KEYS =
  /^(paths?|files?|file_?paths?|file_?names?|absolute_?path|relative_?path|target_?file|dir(ectory)?|folder|source|src|destination|dest|dst|target|old_?path|new_?path|input_?file|output_?file|uri|notebook_path|workdir|cwd)$/
/** For people to read, or for a file to hold. */
const PROSE_KEYS =
  /^(descriptions?|explanation|reason(ing)?|thoughts?|title|summary|comment|content|contents|text|body|message|subject|new_?str(ing)?|old_?str(ing)?|file_?text|patch|diff|prompt|instructions?|question|note|notes|label|name|language|data)$/
const SHELL_TOOL = /(^|[^a-z])(bash|shell|sh|cmd|powershell|pwsh|terminal|command|subprocess|exec)([^a-z]|$)/i
const SQL_TOOL = /(^|[^a-z])(sql|query|database|db|postgres(ql)?|mysql|sqlite|bigquery|snowflake)([^a-z]|$)/i
const WRITING_TOOL =
  /(^|[^a-z])(write|edit|create|append|save|delete|remove|move|rename|replace|insert|update|patch|put|upload|copy)([^a-z]|$)/i
const SENDING_TOOL = /(^|[^a-z])(send|post|email|mail|upload|publish|tweet|notify|webhook|share|forward|message)([^a-z]|$)/i
const WRITE_COMMANDS = /^(create|str_replace|insert|write|append|delete|move|rename|edit)$/

/** Every finding about a tool call. Ranges are into `arguments`: the value that is meant. Linear; never throws. */
export function analyseAction(call: ActionCall): readonly Match[] {
  return inspectAction(call).matches
}

export function inspectAction(call: ActionCall): ActionReport {
  const matches = createMatches()
  if (call.arguments === null) return { matches: [], traits: NO_TRAITS }
  const reading = createReading(call, matches)
  reading.read(argumentTexts(call.arguments.slice(0, ARGUMENTS_CHARS_MAX)), null, 0)
  return { matches: matches.list(), traits: joinTraits(reading.traits) }
}

type At = { readonly startUtf16: number; readonly endUtf16: number }

function createReading(call: ActionCall, matches: Matches) {
  // `runShell` and `run_shell` are judged alike.
  const tool = call.name.slice(0, 256).replace(/([a-z0-9])([A-Z])/g, '$1_$2')
  const isShell = SHELL_TOOL.test(tool)
  const isRunner = call.actionType === 'command_execution'
  const isSql = SQL_TOOL.test(tool)
  const traits: Traits[] = []
  let commandsLeft = COMMANDS_MAX

  function add(found: readonly Match[], at: At): void {
    for (const match of found) matches.add({ ...match, range: { startUtf16: at.startUtf16, endUtf16: at.endUtf16 } })
  }

  function report({ matches: found, traits: seen }: CommandReport, at: At): void {
    add(found, at)
    traits.push(seen)
  }

  function readCommand(value: string, at: At, isCut: boolean): void {
    if ((commandsLeft -= 1) < 0) return
    report(inspectCommand(isCut ? wholeWords(value) : value), at)
  }

  /** `within`: where the JSON text stands in which these texts were found; null for the arguments themselves. */
  function read(texts: readonly ArgumentText[], within: At | null, depth: number): void {
    const access = accessOf(texts, tool)
    readPair(texts, within)
    for (let i = 0; i < texts.length; i += 1) {
      const text = texts[i]
      if (text === undefined) break
      const at = within ?? text
      if (text.list !== null && isCommandKey(text.key, text.value)) {
        const words = [text.value]
        while (texts[i + 1]?.list === text.list && texts[i + 1]?.key === text.key) words.push(texts[(i += 1)]?.value ?? '')
        const last = texts[i] ?? text
        const place = within ?? { startUtf16: text.startUtf16, endUtf16: last.endUtf16 }
        // A list is one command's words, or one command a line: read as both where they hold spaces.
        readCommand(quoteWords(last.isCut ? words.slice(0, -1) : words), place, false)
        if (words[0]?.includes(' ') === true) readCommand(words.join('\n'), place, last.isCut)
        continue
      }
      readText(text, at, access, depth)
    }
  }

  /** `{ command: "bash", args: ["-c", "…"] }`: the program and its words apart. */
  function readPair(texts: readonly ArgumentText[], within: At | null): void {
    const program = texts.find(
      ({ key, list }) => list === null && key !== null && /^(command|cmd|program|executable|file|binary)$/.test(key),
    )
    const words = texts.filter(
      ({ key, list, isCut }) => list !== null && !isCut && key !== null && /^(args|arguments|argv|params)$/.test(key),
    )
    const last = words.at(-1)
    if (program === undefined || last === undefined) return
    const place = within ?? {
      startUtf16: Math.min(program.startUtf16, words[0]?.startUtf16 ?? 0),
      endUtf16: Math.max(program.endUtf16, last.endUtf16),
    }
    readCommand(quoteWords([program.value, ...words.map(({ value }) => value)]), place, false)
  }

  function isCommandKey(key: string | null, value: string): boolean {
    if (key !== null && (COMMAND_KEYS.test(key) || (isRunner && /^(args|arguments|input|params)$/.test(key)))) return true
    return isShell && (key === null || !PROSE_KEYS.test(key)) && !isPlainPathOrUrl(key, value)
  }

  function readText(text: ArgumentText, at: At, access: PathAccess, depth: number): void {
    const { key, value, isCut } = text
    if (/^\s{0,64}[{[]/.test(value) && depth < NESTING_MAX && /["']/.test(value)) {
      const inner = argumentTexts(value)
      if (inner.some(({ key: innerKey }) => innerKey !== null)) read(inner, at, depth + 1)
    }
    if (isCommandKey(key, value)) readCommand(value, at, isCut)
    else if (isRunner && (key === null || CODE_KEYS.test(key) || /^(input|args|arguments)$/.test(key))) {
      readCode(value, at)
      if ((commandsLeft -= 1) >= 0) report(inspectCommand(isCut ? wholeWords(value) : value), at)
    } else if (key !== null && CODE_KEYS.test(key)) readCode(value, at)
    if (key === null || SQL_KEYS.test(key) || (isSql && CODE_KEYS.test(key))) readSql(value, at)
    readUrl(key, value, at, isCut)
    readPath(key, value, at, isCut, access)
  }

  function readCode(value: string, at: At): void {
    if ((commandsLeft -= 1) >= 0) report(inspectCode(value), at)
  }

  function readSql(value: string, at: At): void {
    if (!isSql && !isRunner && !/^\s{0,64}(drop|delete|truncate|select|update|insert|alter|with)\b/i.test(value)) return
    const notes = createNotes()
    judgeSql(value, at, notes)
    add(notes.matches.list(), at)
  }

  function readUrl(key: string | null, value: string, at: At, isCut: boolean): void {
    const trimmed = value.length > 20_000 ? '' : value.trim()
    const hasScheme =
      /^[a-z][a-z0-9+.-]{0,20}:/i.test(trimmed) &&
      (trimmed.includes('://') || /^(javascript|vbscript|data|file|jar|php):/i.test(trimmed))
    const isNamed = key !== null && URL_KEYS.test(key)
    if (trimmed === '' || (!hasScheme && !(isNamed && /^[\w/[]/.test(trimmed))) || (!isNamed && /\s/.test(trimmed))) return
    const url = hasScheme ? trimmed : `http://${trimmed.replace(/^\/\//, '')}`
    // What is cut inside of its host may lead anywhere.
    if (isCut && !/^[^:]+:\/\/[^/?#]+[/?#]/.test(url)) return
    add(scanUrl(url), at)
    if (isExternalUrl(url)) {
      traits.push({ ...NO_TRAITS, downloads: true, sends: SENDING_TOOL.test(tool) || /[?&][^=]+=[^&]{256,}/.test(url) })
    }
  }

  function readPath(key: string | null, value: string, at: At, isCut: boolean, access: PathAccess): void {
    if (value.length > 4096 || isCut || value.includes('\n')) return
    const isNamed = key !== null && PATH_KEYS.test(key)
    if (!isNamed && (!isPathLike(value) || (key !== null && PROSE_KEYS.test(key)))) return
    // `uri: https://…` is no path.
    if (/^(?!file:)[a-z][a-z0-9+.-]+:\/\//i.test(value)) return
    const found = scanPath(value, access)
    add(found, at)
    if (found.some(isCredentialMatch)) traits.push({ ...NO_TRAITS, readsCredential: true })
    // A tool that moves or copies reads what it writes.
    if (access === 'write' && /(^|[^a-z])(move|copy|rename|upload)([^a-z]|$)/i.test(tool)) {
      const read = scanPath(value)
      add(read, at)
      if (read.some(isCredentialMatch)) traits.push({ ...NO_TRAITS, readsCredential: true })
    }
  }

  if (SENDING_TOOL.test(tool)) traits.push({ ...NO_TRAITS, sends: true })
  return { read, traits }
}

/** A tool that edits says so in its name, or in a `command` of its own. */
function accessOf(texts: readonly ArgumentText[], tool: string): PathAccess {
  const isWriting =
    WRITING_TOOL.test(tool) ||
    texts.some(
      ({ key, value }) =>
        (key === 'command' || key === 'operation' || key === 'mode' || key === 'action') && WRITE_COMMANDS.test(value),
    )
  const isViewing = texts.some(
    ({ key, value }) =>
      (key === 'command' || key === 'operation' || key === 'action') && /^(view|read|list|open|cat|get)$/.test(value),
  )
  return isWriting && !isViewing ? 'write' : 'read'
}

function isPlainPathOrUrl(key: string | null, value: string): boolean {
  return key !== null && (PATH_KEYS.test(key) || URL_KEYS.test(key)) && !/[\s;|&$`]/.test(value)
}

/** Without the word in which a cut text ends: `rm -rf /` may be the beginning of `rm -rf /tmp/x`. */
function wholeWords(text: string): string {
  let end = text.length
  while (end > 0 && !/[\s;|&()]/.test(text[end - 1] ?? '')) end -= 1
  return text.slice(0, end)
}
