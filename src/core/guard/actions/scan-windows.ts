/**
 * Judges PowerShell and cmd.exe command lines: their quotes, escapes, pipes and lists, aliases, encoded scripts. Only what is needed to
 * know which program gets which arguments; expressions of PowerShell are read as words.
 */
import { matchOf } from './action-match.ts'
import { commandRule, type CommandRuleName } from './command-rules.ts'
import { rangeOf, type Notes } from './command-words.ts'
import { normalPath, scanPath, isCredentialMatch } from './scan-path.ts'
import { base64Text, isExternalUrl, scanUrl } from './scan-url.ts'

/** Characters that are read, and words. */
const CHARS_MAX = 64 * 1024
const WORDS_MAX = 8192
const PATHS_MAX = 512
const NESTING_MAX = 4

type At = { readonly startUtf16: number; readonly endUtf16: number }

/** Worth a look at all: a word of these shells stands in the text. */
const SPEAKS =
  /\b(remove-item|invoke-\w+|iex|iwr|irm|powershell|pwsh|cmd|del|erase|rd|rmdir|ri|rm|format|reg|vssadmin|wmic|wbadmin|bcdedit|wevtutil|clear-eventlog|certutil|bitsadmin|mshta|regsvr32|rundll32|schtasks|new-\w+|register-scheduledtask|net1?|set-mppreference|add-mppreference|netsh|sc|get-content|type|gc|copy-item|downloadstring|start-process|stop-service|frombase64string|cscript|wscript|clear-disk|format-volume|clear-recyclebin)\b/i

const DOWNLOAD =
  /^(iwr|irm|invoke-webrequest|invoke-restmethod|curl|wget|start-bitstransfer)$|downloadstring|downloaddata|openread|frombase64string|net\.webclient/i
const RUN = /^(iex|invoke-expression)$|^&?\(?\[scriptblock\]::create/i
const ALIASES: { readonly [name: string]: string } = {
  ri: 'remove-item',
  rmdir: 'remove-item',
  rd: 'remove-item',
  del: 'remove-item',
  erase: 'remove-item',
  gc: 'get-content',
  type: 'get-content',
  cat: 'get-content',
}

type WindowsCommand = { readonly program: string; readonly words: readonly string[] }

/** `at`: where it stands in the text that is judged. */
export function scanWindows(command: string, at: At | null, notes: Notes, depth = 0): void {
  const text = command.slice(0, CHARS_MAX)
  if (depth > NESTING_MAX || !SPEAKS.test(text)) return
  const found = (name: CommandRuleName): void => notes.matches.add(matchOf(commandRule(name), at === null ? null : rangeOf(at)))
  let pathsLeft = PATHS_MAX
  for (const statement of statementsOf(text)) {
    const all = statement.flatMap((stage) => stage.words)
    const runs = statement.some((stage) => stage.words.some((word) => RUN.test(word)))
    if (runs && all.some((word) => DOWNLOAD.test(word))) {
      notes.exploits()
      notes.downloads()
      found('windows-download-run')
    }
    for (const stage of statement) {
      for (const name of rulesOf(stage)) {
        if (name === 'windows-secrets') notes.readsCredential()
        if (/download|encoded|loader|admin/.test(name)) notes.exploits()
        found(name)
      }
      for (const inner of innerScripts(stage)) scanWindows(inner, at, notes, depth + 1)
      for (const word of stage.words) {
        if ((pathsLeft -= 1) < 0) return
        if (/^https?:/i.test(word)) {
          for (const match of scanUrl(word)) notes.matches.add({ ...match, range: at === null ? null : rangeOf(at) })
          if (isExternalUrl(word)) notes.downloads()
        } else if (stage.program === 'get-content' || /^copy(-item)?$|^xcopy$/.test(stage.program)) {
          for (const match of scanPath(word)) {
            if (isCredentialMatch(match)) notes.readsCredential()
            notes.matches.add({ ...match, range: at === null ? null : rangeOf(at) })
          }
        }
      }
    }
  }
}

/** Lists of pipelines of words. Parentheses and braces end a word and begin a new stage, since what stands in them runs by itself. */
function statementsOf(text: string): readonly (readonly WindowsCommand[])[] {
  const statements: WindowsCommand[][] = [[]]
  let words: string[] = []
  let word = ''
  let isOpen = false
  let count = 0
  const endWord = (): void => {
    if (isOpen && word !== '' && (count += 1) <= WORDS_MAX) words.push(word)
    word = ''
    isOpen = false
  }
  const endStage = (): void => {
    endWord()
    const first = words[0] === '&' || words[0] === '.' ? words[1] : words[0]
    if (first !== undefined)
      statements.at(-1)?.push({ program: isPowerShellRemoval(words) ? 'remove-item' : programOf(first), words })
    words = []
  }
  for (let i = 0; i < text.length; i += 1) {
    const c = text[i] ?? ''
    if (c === '"' || c === "'") {
      // An apostrophe inside of a word is one (`don't`): cmd.exe has no such quotes.
      const close = c === "'" && isOpen ? -1 : text.indexOf(c, i + 1)
      if (close === -1 && c === "'") {
        word += c
        isOpen = true
        continue
      }
      word += text.slice(i + 1, close === -1 ? text.length : close)
      isOpen = true
      i = close === -1 ? text.length : close
    } else if ((c === '`' || c === '^') && i + 1 < text.length) {
      i += 1
      if (text[i] !== '\n' && text[i] !== '\r') {
        word += text[i]
        isOpen = true
      }
    } else if (c === ' ' || c === '\t' || c === ',') endWord()
    else if (c === '|' || c === '(' || c === ')' || c === '{' || c === '}') {
      if (c === '|' && text[i + 1] === '|') {
        endStage()
        statements.push([])
        i += 1
      } else endStage()
    } else if (c === ';' || c === '\n' || c === '\r' || (c === '&' && (isOpen || words.length > 0))) {
      endStage()
      statements.push([])
    } else {
      word += c
      isOpen = true
    }
  }
  endStage()
  return statements
}

/** `rm` is another program outside of PowerShell, and takes no such options. */
function isPowerShellRemoval(words: readonly string[]): boolean {
  return words[0]?.toLowerCase() === 'rm' && words.some((word) => /^-(recurse|force)$/i.test(word))
}

function programOf(word: string): string {
  const base = word
    .slice(Math.max(word.lastIndexOf('\\'), word.lastIndexOf('/')) + 1)
    .toLowerCase()
    .replace(/\.(exe|cmd|com|bat)$/, '')
  return ALIASES[base] ?? base
}

function innerScripts({ program, words }: WindowsCommand): readonly string[] {
  if (program === 'cmd') {
    const at = words.findIndex((word) => /^\/[ckr]$/i.test(word))
    return at === -1 ? [] : [words.slice(at + 1).join(' ')]
  }
  if (program === 'powershell' || program === 'pwsh') {
    const encoded = words.findIndex((word) => /^[-/]e(c|nc?o?d?e?d?c?o?m?m?a?n?d?)?$/i.test(word))
    if (encoded !== -1) return [wideText(words[encoded + 1] ?? '')]
    const at = words.findIndex((word) => /^[-/]c(o?m?m?a?n?d?)?$/i.test(word))
    return [words.slice(at === -1 ? 1 : at + 1).join(' ')]
  }
  if (program === 'iex' || program === 'invoke-expression') return [words.slice(1).join(' ')]
  return []
}

/** Base64 of UTF-16LE, as PowerShell wants it; empty where it is none. */
function wideText(encoded: string): string {
  const bytes = base64Text(encoded)
  if (bytes === null) return ''
  let out = ''
  for (let i = 0; i + 1 < bytes.length; i += 2) out += String.fromCharCode(bytes.charCodeAt(i) | (bytes.charCodeAt(i + 1) << 8))
  return out
}

const FOLDER_OF_SYSTEM =
  /^(\/|\/\*|\/\*\.\*|~|~\/\*|\/users|\/users\/\*|\/windows(\/.*)?|\/program files( \(x86\))?|\/programdata)$/

function rulesOf({ program, words }: WindowsCommand): readonly CommandRuleName[] {
  const lower = words.map((word) => word.toLowerCase())
  const has = (pattern: RegExp): boolean => lower.some((word) => pattern.test(word))
  const rules: CommandRuleName[] = []
  switch (program) {
    case 'remove-item': {
      const isDeep = has(/^-r(e?c?u?r?s?e?)?$|^-[a-z]*r[a-z]*f?$/) || has(/^\/s/)
      if (
        isDeep &&
        words
          .slice(1)
          .some(
            (word) =>
              /^[a-z]:|^~|^[\\/]|^%|^\$env:/i.test(word) &&
              FOLDER_OF_SYSTEM.test(windowsPath(word)) &&
              !/^\/[a-z]$/i.test(word),
          )
      ) {
        rules.push('windows-remove')
      }
      break
    }
    case 'format':
      if (lower.slice(1).some((word) => /^[a-z]:$/.test(word))) rules.push('windows-format')
      break
    case 'format-volume':
    case 'clear-disk':
      rules.push('windows-format')
      break
    case 'vssadmin':
      if (has(/^delete$/) && has(/^shadows$/)) rules.push('windows-shadows')
      break
    case 'wmic':
      if (has(/^shadowcopy$/) && has(/^delete$/)) rules.push('windows-shadows')
      if (has(/^call$/) && has(/^create$/)) rules.push('windows-loader')
      break
    case 'wbadmin':
      if (has(/^delete$/)) rules.push('windows-shadows')
      break
    case 'bcdedit':
      if (has(/^recoveryenabled$/) || has(/^bootstatuspolicy$/)) rules.push('windows-shadows')
      break
    case 'powershell':
    case 'pwsh':
      if (has(/^[-/]e(c|nc|nco\w*)?$/)) rules.push('windows-encoded')
      break
    case 'certutil':
      if (has(/^[-/](urlcache|decode|encode)$/) && (has(/^https?:/) || has(/^[-/]decode$/))) rules.push('windows-loader')
      break
    case 'bitsadmin':
      if (has(/^\/transfer$/)) rules.push('windows-loader')
      break
    case 'mshta':
    case 'regsvr32':
    case 'rundll32':
      if (has(/https?:|^javascript:|^vbscript:|scrobj/)) rules.push('windows-loader')
      break
    case 'set-mppreference':
      if (has(/^-disable\w+/)) rules.push('windows-defence-off')
      break
    case 'add-mppreference':
      if (has(/^-exclusion/)) rules.push('windows-defence-off')
      break
    case 'netsh':
      if (has(/^advfirewall$/) && has(/^off$/)) rules.push('windows-defence-off')
      break
    case 'reg':
      if (has(/^add$/) && has(/\\currentversion\\run(once)?(\\|$)/)) rules.push('windows-autostart')
      if (has(/^(save|export)$/) && has(/^(hklm|hkey_local_machine)\\(sam|security|system)$/)) rules.push('windows-secrets')
      break
    case 'new-itemproperty':
    case 'set-itemproperty':
      if (has(/\\currentversion\\run(once)?$/)) rules.push('windows-autostart')
      break
    case 'schtasks':
      if (has(/^\/create$/)) rules.push('windows-task')
      break
    case 'register-scheduledtask':
      rules.push('windows-task')
      break
    case 'net':
    case 'net1':
      if (has(/^localgroup$/) && has(/^administrators$/) && has(/^\/add$/)) rules.push('windows-admin')
      break
    case 'add-localgroupmember':
      if (has(/^administrators$/)) rules.push('windows-admin')
      break
    case 'wevtutil':
      if (lower[1] === 'cl' || lower[1] === 'clear-log') rules.push('windows-logs-erased')
      break
    case 'clear-eventlog':
      rules.push('windows-logs-erased')
      break
    default:
  }
  return rules
}

function windowsPath(word: string): string {
  return normalPath(
    word.replace(/^\$env:(systemdrive|homedrive)/i, 'C:').replace(/^%(systemdrive|homedrive)%/i, 'C:'),
  ).toLowerCase()
}
