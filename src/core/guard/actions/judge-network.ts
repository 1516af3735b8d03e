/** Commands that bring something in and run it, hand a shell out, or send something away. Sending to the own network is left alone. */
import type { Match } from '../match.ts'
import { hasOption, operands, optionValues, textsOf, type Notes } from './command-words.ts'
import { LANGUAGES, readsInput, SHELLS, type Flow, type Invocation } from './invocations.ts'
import { isCredentialMatch, normalPath, scanPath } from './scan-path.ts'
import { isExternalUrl, scanUrl } from './scan-url.ts'
import { OPAQUE } from './shell-words.ts'

const DOWNLOADERS = new Set(
  'curl wget wget2 fetch aria2c http https xh xhs lwp-request get axel httpie ftp tftp lynx links w3m'.split(' '),
)
const NETCATS = new Set(['nc', 'ncat', 'netcat', 'nc.traditional', 'nc.openbsd', 'pwncat', 'cryptcat'])
const COPIERS = new Set(['scp', 'rsync', 'sftp', 'rclone', 'lftp', 'croc', 'magic-wormhole', 'wormhole'])
const LOOKUPS = new Set(['nslookup', 'dig', 'host', 'drill', 'ping', 'ping6', 'resolvectl', 'getent'])
/** What prints the state of the machine or its secrets. */
const STATE_PRINTERS = new Set(['env', 'printenv', 'history', 'export', 'declare', 'set', 'ps', 'netstat', 'ifconfig', 'lsof'])
const DATA_PRINTERS = new Set([
  ...STATE_PRINTERS,
  'cat',
  'whoami',
  'id',
  'base64',
  'xxd',
  'uname',
  'head',
  'tail',
  'od',
  'hexdump',
  'grep',
  'ls',
])
const PASSING_PLACE = /^(\/tmp|\/var\/tmp|\/dev\/shm|\/run\/user)\//
/** Where projects that most developers know keep their installers; https only. */
const KNOWN_INSTALLERS =
  /^https:\/\/(sh\.rustup\.rs|(raw\.githubusercontent\.com\/(nvm-sh\/nvm|Homebrew\/install|ohmyzsh\/ohmyzsh|pyenv\/pyenv-installer|helm\/helm|rancher\/k3d|golangci\/golangci-lint|aquasecurity\/trivy|anchore\/syft)\/)|get\.docker\.com|deno\.land\/(x\/)?install|bun\.(sh|com)\/install|astral\.sh\/|get\.pnpm\.io|install\.python-poetry\.org|get\.sdkman\.io|get\.k3s\.io|deb\.nodesource\.com|rpm\.nodesource\.com|starship\.rs\/install|fnm\.vercel\.app|get\.volta\.sh|ollama\.com\/install|claude\.ai\/install|cli\.github\.com|tailscale\.com\/install|get\.helm\.sh|sdk\.cloud\.google\.com|dl\.google\.com|aka\.ms\/|pyenv\.run|mise\.run|get-ghcup\.haskell\.org|install\.determinate\.systems|nixos\.org\/nix\/install|raw\.github\.com\/ohmyzsh|esm\.sh|yarnpkg\.com\/install|foundry\.paradigm\.xyz|ohmyposh\.dev\/install)/i

/** Programs before a pipe's end that are looked at. */
const STAGE_PROGRAMS_MAX = 64

/** One pipeline, and what its programs are given to run. */
export function judgeFlow(flow: Flow, notes: Notes): void {
  const before: Invocation[] = []
  flow.forEach((stage, i) => {
    for (const invocation of stage) {
      if (i > 0 && readsInput(invocation)) judgeInput(invocation, before, notes)
      if (isSender(invocation) && i > 0) judgePiped(invocation, before, notes)
    }
    if (before.length < STAGE_PROGRAMS_MAX) before.push(...stage.slice(0, STAGE_PROGRAMS_MAX))
  })
  const hasNetcat = before.some((invocation) => isSocket(invocation))
  const shell = before.find((invocation) => SHELLS.has(invocation.program) && readsInput(invocation))
  if (flow.length > 1 && hasNetcat && shell !== undefined) runsUnread('reverse-shell', shell, notes)
}

/** One program with its own arguments. */
export function judgeNetwork(invocation: Invocation, notes: Notes): void {
  const { program } = invocation
  judgeFeeders(invocation, notes)
  judgeSocketPaths(invocation, notes)
  const texts = textsOf(invocation.args)
  if (NETCATS.has(program)) {
    const runs =
      texts.some((text) => /^-[a-z]*[ec][a-z]*$/i.test(text) && !/^-[a-z]*C/.test(text)) ||
      texts.some((text) => /^--(sh-)?exec/.test(text))
    if (
      runs &&
      (SHELLS.has(baseOf(texts)) || texts.some((text) => /(^|\/)(sh|bash|zsh|dash|cmd(\.exe)?|powershell(\.exe)?)$/.test(text)))
    ) {
      runsUnread('reverse-shell', invocation, notes)
    }
  }
  if (
    program === 'socat' &&
    texts.some((text) => /^(exec|system):/i.test(text)) &&
    texts.some((text) => /^(tcp|udp|openssl|ssl|sctp)/i.test(text))
  ) {
    runsUnread('reverse-shell', invocation, notes)
  }
  if (LOOKUPS.has(program)) judgeLookup(invocation, notes)
  if (DOWNLOADERS.has(program)) {
    notes.downloads()
    judgeUpload(invocation, notes)
  }
  if (COPIERS.has(program) || isCloudCopy(invocation)) judgeCopy(invocation, notes)
  if (NETCATS.has(program) && !hasOption(invocation, 'lz')) {
    notes.sends()
    for (const { operator, target } of invocation.redirections) {
      if (operator === '<' && isSensitive(target.text)) sendsSensitive(invocation, notes)
    }
  }
}

/** Downloads a program in one command and runs it in a later one. */
export function judgeDownloads(invocations: readonly Invocation[], notes: Notes): void {
  const saved = new Map<string, Invocation>()
  for (const invocation of invocations) {
    if (DOWNLOADERS.has(invocation.program)) {
      for (const path of savedTo(invocation)) saved.set(normalPath(path), invocation)
      continue
    }
    const isRunner =
      SHELLS.has(invocation.program) ||
      LANGUAGES.test(invocation.program) ||
      invocation.program === 'source' ||
      invocation.program === '.'
    const file = isRunner ? operands(invocation)[0] : invocation.path.text.includes('/') ? invocation.path.text : undefined
    const source = file === undefined ? undefined : saved.get(normalPath(file))
    if (source === undefined || file === undefined) continue
    const isHidden = PASSING_PLACE.test(normalPath(file)) || severityOfUrls([source]) === 'hidden'
    const isKnown = severityOfUrls([source]) === 'known'
    runsUnread(isKnown ? 'pipe-to-shell-known' : isHidden ? 'download-run-hidden' : 'download-run', invocation, notes)
  }
}

function runsUnread(name: Parameters<Notes['found']>[0], at: Invocation, notes: Notes): void {
  if (name !== 'pipe-to-shell-known' && name !== 'unknown-run') notes.exploits()
  notes.found(name, at)
}

function baseOf(texts: readonly string[]): string {
  const last = texts.at(-1) ?? ''
  return last.slice(last.lastIndexOf('/') + 1)
}

// --- what is run unread ------------------------------------------------------------------------------------------------------------

function judgeInput(invocation: Invocation, before: readonly Invocation[], notes: Notes): void {
  const sources = before.filter(({ program }) => DOWNLOADERS.has(program))
  if (sources.length > 0) runsUnread(pipeRule(sources), invocation, notes)
  if (before.some((source) => decodes(source))) runsUnread('encoded-run', invocation, notes)
}

function pipeRule(sources: readonly Invocation[]) {
  const severity = severityOfUrls(sources)
  return severity === 'known' ? 'pipe-to-shell-known' : severity === 'hidden' ? 'pipe-to-shell-hidden' : 'pipe-to-shell'
}

/** `known`: all from installers that most know. `hidden`: from an address, over plain http, or from somewhere suspicious. */
function severityOfUrls(sources: readonly Invocation[]): 'known' | 'hidden' | 'other' {
  const urls = sources.flatMap((source) => urlsOf(source))
  if (urls.length > 0 && urls.every((url) => KNOWN_INSTALLERS.test(url))) return 'known'
  return urls.some(isHidden) ? 'hidden' : 'other'
}

function isHidden(url: string): boolean {
  return (
    (url.startsWith('http:') && isExternalUrl(url)) ||
    scanUrl(url).some(({ severity }) => severity !== 'info' && severity !== 'low')
  )
}

/** URLs of a downloader, also those without a scheme. */
export function urlsOf(invocation: Invocation): readonly string[] {
  return [...operands(invocation), ...optionValues(invocation, '--url')]
    .filter((text) => /^[a-z][a-z0-9+.-]{0,20}:\/\//i.test(text) || /^[\w[][\w.:[\]-]*(\/|:\d+|$)/.test(text))
    .filter((text) => text.includes('://') || /[.:]|^localhost|^\d+$|^0x/.test(text))
    .map((text) => (text.includes('://') ? text : `http://${text}`))
}

function decodes(invocation: Invocation): boolean {
  const { program } = invocation
  if (program === 'base64' || program === 'base32' || program === 'basenc') return hasOption(invocation, 'dD', '--decode')
  if (program === 'xxd') return hasOption(invocation, 'r', '-revert')
  if (program === 'openssl') return textsOf(invocation.args).includes('-d')
  return program === 'uudecode' || program === 'rev'
}

/** `bash -c "$(curl …)"`, `eval "$(…)"`, `. <(curl …)`: what is made by other commands and then run. */
function judgeFeeders(invocation: Invocation, notes: Notes): void {
  const { program, args, feeders } = invocation
  const isShell = SHELLS.has(program)
  const runsText = isShell || program === 'eval' || program === 'source' || program === '.' || LANGUAGES.test(program)
  const isUnknownProgram = program === OPAQUE
  if (!runsText && !isUnknownProgram) return
  const option = args.findIndex((arg) => /^-[a-zA-Z]*[ce]$/.test(arg.text))
  const given = program === 'eval' ? textsOf(args).join(' ') : (args[option === -1 ? 0 : option + 1]?.text ?? '')
  const hereString = invocation.redirections.some(
    ({ operator, target }) => operator === '<<<' && target.text.startsWith(OPAQUE),
  )
  // Only what stands where a command begins is run; `bash -c "echo $(curl …)"` prints.
  const isRun = isUnknownProgram || /(^|[;&|\n(]\s{0,9})\uFFFC/.test(given) || hereString
  if (!isRun) return
  const sources = feeders.filter((feeder) => DOWNLOADERS.has(feeder.program))
  if (sources.length > 0) runsUnread(pipeRule(sources), invocation, notes)
  else if (feeders.some((feeder) => decodes(feeder))) runsUnread('encoded-run', invocation, notes)
  else if (program === 'eval' && feeders.length === 0) notes.found('unknown-run', invocation)
}

function isSocket(invocation: Invocation): boolean {
  const { program } = invocation
  if (NETCATS.has(program)) return !hasOption(invocation, 'z')
  return program === 'telnet' || program === 'socat' || (program === 'openssl' && invocation.args[0]?.text === 's_client')
}

function judgeSocketPaths(invocation: Invocation, notes: Notes): void {
  for (const { operator, target } of invocation.redirections) {
    if (!/^\/dev\/(tcp|udp)\//.test(target.text)) continue
    const isShell = SHELLS.has(invocation.program) && (hasOption(invocation, 'i') || operator !== '<')
    const isHeld = invocation.program === 'exec' || /^\d+$/.test(invocation.program)
    const isLocal = /^\/dev\/(tcp|udp)\/(localhost|127\.|\uFFFC)/.test(target.text)
    if (isShell || (isHeld && operator === '<>' && !isLocal)) runsUnread('reverse-shell', invocation, notes)
    else notes.found('socket-path', invocation)
  }
}

function savedTo(invocation: Invocation): readonly string[] {
  const named = optionValues(invocation, '-o', '-O', '--output', '--output-document').filter(
    (path) => path !== '' && path !== '-' && !path.includes('://'),
  )
  const redirected = invocation.redirections.filter(({ operator }) => operator.startsWith('>')).map(({ target }) => target.text)
  if (named.length + redirected.length > 0) return [...named, ...redirected]
  return urlsOf(invocation).map((url) => url.replace(/[?#].*$/, '').replace(/^.*\//, ''))
}

// --- what is sent away -------------------------------------------------------------------------------------------------------------

function isSender(invocation: Invocation): boolean {
  if (isSocket(invocation)) return !hasOption(invocation, 'l')
  if (invocation.program === 'curl') return bodiesOf(invocation).some((body) => /@-$|^-$/.test(body))
  if (invocation.program === 'wget') return optionValues(invocation, '--post-file', '--body-file').includes('-')
  return /^(mail|mailx|sendmail|mutt|ssh|http|https|xh)$/.test(invocation.program)
}

function judgePiped(invocation: Invocation, before: readonly Invocation[], notes: Notes): void {
  if (isLocalOnly(invocation)) return
  if (invocation.program !== 'ssh') notes.sends()
  if (before.some((source) => readsSensitive(source))) sendsSensitive(invocation, notes)
  else if (before.some(({ program }) => STATE_PRINTERS.has(program)) && invocation.program !== 'ssh')
    notes.found('upload-output', invocation)
}

function sendsSensitive(invocation: Invocation, notes: Notes): void {
  notes.readsCredential()
  notes.sends()
  notes.found('upload-sensitive', invocation)
}

/** Credentials and password hashes; not `.env.example`, not a list of accounts. */
function isSensitive(path: string): boolean {
  return scanPath(path).some((match: Match) => isCredentialMatch(match) || match.ruleId === 'action.path.accounts')
}

function readsSensitive({ args, redirections }: Invocation): boolean {
  return (
    args.some(({ text }) => isSensitive(text)) ||
    redirections.some(({ operator, target }) => operator === '<' && isSensitive(target.text))
  )
}

function bodiesOf(invocation: Invocation): readonly string[] {
  return [
    ...optionValues(
      invocation,
      '-d',
      '--data',
      '--data-binary',
      '--data-raw',
      '--data-ascii',
      '--data-urlencode',
      '--json',
      '-F',
      '--form',
      '--form-string',
    ),
    ...optionValues(invocation, '-T', '--upload-file'),
  ]
}

/** True where every URL leads to the machine itself or its network. */
function isLocalOnly(invocation: Invocation): boolean {
  const urls = urlsOf(invocation)
  return urls.length > 0 && urls.every((url) => !isExternalUrl(url))
}

function judgeUpload(invocation: Invocation, notes: Notes): void {
  if (isLocalOnly(invocation)) return
  const bodies = invocation.program === 'curl' ? bodiesOf(invocation) : []
  const files = [
    ...bodies
      .filter((body) => /^@|=@|=</.test(body))
      .map((body) => body.slice(Math.max(body.indexOf('@'), body.indexOf('<')) + 1)),
    ...(invocation.program === 'curl' ? optionValues(invocation, '-T', '--upload-file') : []),
    ...optionValues(invocation, '--post-file', '--body-file'),
    ...(/^(https?|xhs?|httpie)$/.test(invocation.program)
      ? operands(invocation)
          .filter((text) => /^\w*@/.test(text))
          .map((text) => text.slice(text.indexOf('@') + 1))
      : []),
  ].map((path) => path.replace(/;.*$/, ''))
  const carries = invocation.feeders
  const isCarried = invocation.args.some((arg) => arg.isOpaque) && carries.length > 0
  if (files.length + bodies.length > 0) notes.sends()
  if (files.some(isSensitive) || (isCarried && carries.some(readsSensitive))) return sendsSensitive(invocation, notes)
  if (isCarried && carries.some(({ program }) => STATE_PRINTERS.has(program))) {
    notes.sends()
    notes.found('upload-output', invocation)
  }
  const isCaught = urlsOf(invocation).some((url) =>
    scanUrl(url).some(({ ruleId }) => /\.(catcher|out-of-band|paste)$/.test(ruleId)),
  )
  if (isCaught && (bodies.length + files.length > 0 || isCarried)) notes.found('upload-catcher', invocation)
  else if (files.some((path) => path !== '-')) notes.found('upload-file', invocation)
}

function isCloudCopy({ program, args }: Invocation): boolean {
  return (
    (program === 'aws' || program === 'gsutil' || program === 'gcloud' || program === 'az') &&
    args.some(({ text }) => text === 'cp' || text === 'sync' || text === 'mv')
  )
}

function isRemote(path: string): boolean {
  return /^[\w.@-]{2,}:|^[a-z0-9]+:\/\//i.test(path) && !/^[a-z]:[\\/]/i.test(path)
}

function judgeCopy(invocation: Invocation, notes: Notes): void {
  const paths = operands(invocation)
  const target = paths.at(-1) ?? ''
  if (!isRemote(target)) return
  notes.sends()
  const local = paths.slice(0, -1).filter((path) => !isRemote(path))
  const isHome = local.some((path) => /^(~|\/|\/etc|\/home|\/root)(\/\*)?$/.test(normalPath(path)))
  if (local.some(isSensitive)) sendsSensitive(invocation, notes)
  else notes.found(isHome ? 'upload-output' : 'upload-file', invocation)
}

function judgeLookup(invocation: Invocation, notes: Notes): void {
  const isCarried = invocation.args.some(({ text }) => /\uFFFC[^\s/]*\.[\w-]+\.?[\w-]*/.test(text))
  if (!isCarried || !invocation.feeders.some(({ program }) => DATA_PRINTERS.has(program))) return
  notes.sends()
  notes.found('dns-data', invocation)
}
