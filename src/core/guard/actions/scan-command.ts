/**
 * Judges a command line: which programs it runs with what, what flows between them, which files and addresses they touch. A file that a
 * script reads or a program that it starts later is not seen; a word that is put together at run time is judged by what is known of it.
 */
import type { Match } from '../match.ts'
import { createNotes, operands, optionValues, rangeOf, textsOf, type Notes, type Traits } from './command-words.ts'
import { commandLine, literalOutput, LANGUAGES, SHELLS, type CommandLine, type Invocation } from './invocations.ts'
import { judgeAccess, judgeCron } from './judge-access.ts'
import { readCode } from './judge-code.ts'
import { isTrace, judgeDestruction, judgeQueries } from './judge-destruction.ts'
import { judgeDownloads, judgeFlow, judgeNetwork, urlsOf } from './judge-network.ts'
import { isCredentialMatch, normalPath, scanPath } from './scan-path.ts'
import { base64Text, isExternalUrl, scanUrl } from './scan-url.ts'
import { scanWindows } from './scan-windows.ts'

/** Command lines inside of code inside of command lines. */
const CODE_NESTING_MAX = 2
/** Encoded texts that are decoded and judged like a command line. */
const DECODED_MAX = 8

export type CommandReport = { readonly matches: readonly Match[]; readonly traits: Traits }

/** Every finding about `command`. Ranges are into it: the simple command that is meant, null for the whole. Linear; never throws. */
export function scanCommand(command: string): readonly Match[] {
  return inspectCommand(command).matches
}

export function inspectCommand(command: string): CommandReport {
  const notes = createNotes()
  judge(command, null, notes, 0)
  return { matches: notes.matches.list(), traits: notes.traits() }
}

/** Code of another language. Ranges are null: the whole of it is meant. */
export function inspectCode(code: string): CommandReport {
  const notes = createNotes()
  judgeCode(code, { startUtf16: 0, endUtf16: code.length }, notes, 0)
  return { matches: notes.matches.list().map((match) => ({ ...match, range: null })), traits: notes.traits() }
}

type At = { readonly startUtf16: number; readonly endUtf16: number }

/** `within`: the range that all findings get, for a command line inside of something else. */
function judge(command: string, within: At | null, notes: Notes, depth: number): void {
  const line = placed(commandLine(command), within)
  if (line.hasForkBomb) notes.found('fork-bomb', within)
  if (line.isCut) notes.found('unread', within)
  let folder: string | null = null
  for (const invocation of line.invocations) {
    if (invocation.program === 'cd' || invocation.program === 'pushd') folder = operands(invocation)[0] ?? '~'
    judgeDestruction(invocation, folder, notes)
    judgeNetwork(invocation, notes)
    judgeAccess(invocation, notes)
    judgeFiles(invocation, folder, notes)
    judgeUrls(invocation, notes)
  }
  judgeDownloads(line.invocations, notes)
  let decodedLeft = DECODED_MAX
  for (const flow of line.flows) {
    judgeFlow(flow, notes)
    judgeQueries(flow, notes)
    judgeCron(flow, notes)
    if (depth >= CODE_NESTING_MAX || flow.length < 3) continue
    for (const text of literalOutput(flow[0] ?? []).slice(0, decodedLeft)) {
      const decoded = flow[1]?.some(({ program }) => program === 'base64') === true ? base64Text(text.trim()) : null
      const [first] = flow[0] ?? []
      decodedLeft -= 1
      if (decoded !== null && first !== undefined) judge(decoded, first, notes, depth + 1)
    }
  }
  for (const { code, startUtf16, endUtf16 } of line.codes) {
    if (depth < CODE_NESTING_MAX) judgeCode(code, { startUtf16, endUtf16 }, notes, depth)
  }
  for (const { language, code, startUtf16, endUtf16 } of line.windows)
    scanWindows(`${language} ${code}`, { startUtf16, endUtf16 }, notes)
  scanWindows(command, within, notes)
}

function placed(line: CommandLine, within: At | null): CommandLine {
  if (within === null) return line
  const { startUtf16, endUtf16 } = within
  const moved = new Map<Invocation, Invocation>(
    line.invocations.map((invocation) => [invocation, { ...invocation, startUtf16, endUtf16 }]),
  )
  return {
    ...line,
    invocations: [...moved.values()],
    flows: line.flows.map((flow) => flow.map((stage) => stage.map((invocation) => moved.get(invocation) ?? invocation))),
    codes: line.codes.map((code) => ({ ...code, startUtf16, endUtf16 })),
    windows: line.windows.map((code) => ({ ...code, startUtf16, endUtf16 })),
  }
}

function judgeCode(code: string, at: At, notes: Notes, depth: number): void {
  const { commands, texts } = readCode(code, at, notes)
  for (const command of commands) judge(command, at, notes, depth + 1)
  for (const text of texts) {
    if (/^[a-z][a-z0-9+.-]{1,20}:/i.test(text)) addAll(scanUrl(text), at, notes)
    else if (isPathLike(text)) addAll(scanPath(text), at, notes)
  }
}

function addAll(matches: readonly Match[], at: At, notes: Notes): void {
  for (const match of matches) {
    if (isCredentialMatch(match)) notes.readsCredential()
    notes.matches.add({ ...match, range: rangeOf(at) })
  }
}

// --- files -------------------------------------------------------------------------------------------------------------------------

/** They print, copy or send what they read. */
const READERS = new Set(
  'cat less more head tail tac nl bat batcat cp mv scp rsync tar zip gzip bzip2 xz 7z base64 base32 xxd od hexdump strings grep egrep fgrep rg ag awk gawk mawk sed cut sort uniq tr tee dd curl wget nc ncat netcat socat vim vi nvim nano emacs code xclip xsel pbcopy jq yq column paste rev fold fmt diff cmp split install ln rclone sftp ftp openssl gpg age mail source . sqlite3'.split(
    ' ',
  ),
)
/** They use a key without showing it, change how it is protected, or only name it. */
const USERS = new Set(
  'ssh ssh-add ssh-keygen ssh-copy-id autossh mosh sshfs chmod chown chgrp ls ll la stat test [ [[ git gh kubectl helm k9s kubectx docker docker-compose podman terraform ansible ansible-playbook echo printf mkdir touch cd pushd find fd locate which type file du df rm rmdir unlink export alias set unset man tree make cargo pytest realpath readlink basename dirname shred certbot npm npx pnpm yarn bun node-gyp aws gcloud az rm trash if for case return exit true false sleep wait visudo systemctl dotenv direnv'.split(
    ' ',
  ),
)
const ENV_FILE = 'action.path.env-file'

function judgeFiles(invocation: Invocation, folder: string | null, notes: Notes): void {
  const { program, redirections } = invocation
  for (const { operator, target } of redirections) {
    if (operator.startsWith('<<')) continue
    const isWrite = operator.includes('>')
    if (isWrite && isTrace(target.text)) notes.found('traces-erased', invocation)
    addFile(target.text, isWrite, 1, invocation, notes)
  }
  for (const path of writtenBy(invocation)) addFile(path, true, 1, invocation, notes)
  if (USERS.has(program)) return
  const weight = READERS.has(program) || SHELLS.has(program) || LANGUAGES.test(program) ? 1 : 0.7
  const lastIsTarget = program === 'cp' || program === 'mv' || program === 'install' || program === 'ln'
  const paths = lastIsTarget ? invocation.args.slice(0, -1) : program === 'tee' ? [] : invocation.args
  for (const { text } of paths) {
    const path = /^(@|-\w@|--?[\w-]+=@?|\w+=@?)/.test(text) ? text.replace(/^[^=@]*[=@]@?/, '') : text
    if (isPathLike(path)) addFile(path, false, weight, invocation, notes)
    // `cd ~/.ssh && cat id_rsa`
    else if (folder !== null && weight === 1 && /^[~/]/.test(folder))
      addFile(`${folder}/${path}`, false, weight, invocation, notes)
  }
}

function addFile(path: string, isWrite: boolean, weight: number, invocation: Invocation, notes: Notes): void {
  for (const match of scanPath(path, isWrite ? 'write' : 'read')) {
    // `source .env` is how an application is started, `cp .env.example .env` how it is set up.
    const isSourced = match.ruleId === ENV_FILE && (invocation.program === 'source' || invocation.program === '.')
    const isCopied = match.ruleId === ENV_FILE && (invocation.program === 'cp' || invocation.program === 'mv')
    if (match.ruleId === 'action.path.device') notes.found('device-write', invocation)
    if (isCredentialMatch(match) && !isSourced) notes.readsCredential()
    const isWeak = weight < 1 && (match.severity === 'high' || match.severity === 'critical')
    notes.matches.add({
      ...match,
      severity: isSourced || isCopied ? 'low' : isWeak ? 'medium' : match.severity,
      confidence: match.confidence * weight,
      range: rangeOf(invocation),
    })
  }
}

function writtenBy(invocation: Invocation): readonly string[] {
  const paths = operands(invocation)
  switch (invocation.program) {
    case 'tee':
    case 'sponge':
      return paths
    case 'cp':
    case 'mv':
    case 'install':
    case 'ln':
      return [...paths.slice(-1), ...optionValues(invocation, '-t', '--target-directory')].flatMap((target) =>
        target.endsWith('/')
          ? [target, ...paths.slice(0, -1).map((path) => target + normalPath(path).replace(/^.*\//, ''))]
          : [target],
      )
    case 'sed':
      return textsOf(invocation.args).some((text) => /^-i|^--in-place/.test(text)) ? paths.slice(1) : []
    case 'dd':
      return paths.filter((text) => text.startsWith('of=')).map((text) => text.slice(3))
    case 'curl':
    case 'wget':
      return optionValues(invocation, '-o', '-O', '--output', '--output-document')
    default:
      return []
  }
}

export function isPathLike(text: string): boolean {
  return (
    text.length <= 4096 &&
    (/^[~./\\]|^[a-z]:[\\/]|^file:|^%2e|^%2f|^%\w+%/i.test(text) ||
      (text.includes('/') && !/\s/.test(text) && !text.includes('://')))
  )
}

// --- addresses ---------------------------------------------------------------------------------------------------------------------

/** They only print or search the text, or keep it. */
const MENTIONERS = new Set(['echo', 'printf', 'grep', 'egrep', 'rg', 'sed', 'awk', 'git', 'gh', 'jq', 'test', '[', '[['])
const WEB = /^(curl|wget2?|fetch|aria2c|https?|xhs?|lynx|w3m|links|axel|get|lwp-request|httpie)$/

function judgeUrls(invocation: Invocation, notes: Notes): void {
  const { program, args } = invocation
  const isFetch = WEB.test(program)
  if (
    MENTIONERS.has(program) &&
    !(program === 'git' && args.some(({ text }) => text === 'clone' || text === 'push' || text === 'remote'))
  )
    return
  const given = args
    .map(({ text }) => text.replace(/^--?[\w-]+=/, ''))
    .filter((text) => /^[a-z][a-z0-9+.-]{0,20}:\/{0,2}\S/i.test(text) && /:\/\/|^(javascript|data|file):/i.test(text))
  const urls = new Set([...given, ...(isFetch ? urlsOf(invocation) : [])])
  for (const url of urls) addAll(scanUrl(url), invocation, notes)
  if (
    isFetch &&
    [...urls].some(isExternalUrl) &&
    args.some(({ text }) => /^(-d|--data.*|--json|-F|--form|-T|--upload-file|--post-data.*|--post-file.*|POST|PUT)$/.test(text))
  ) {
    notes.sends()
  }
}
