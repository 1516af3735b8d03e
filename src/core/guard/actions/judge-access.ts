/** Commands that stay (persistence), rise (privilege) or take credentials. Reading and writing of files by path is `scan-command.ts`'s. */
import { hasOption, operands, optionValues, textsOf, type Notes } from './command-words.ts'
import { literalOutput, type Flow, type Invocation } from './invocations.ts'
import { normalPath } from './scan-path.ts'

const ADMIN_GROUPS = /^(sudo|wheel|admin|root|adm|shadow|disk)$/
const DOWNLOADING = /\b(curl|wget|nc|ncat|python[\d.]*|perl|base64)\b|\/dev\/tcp\//
const DUMPERS = new Set([
  'mimikatz',
  'lazagne',
  'secretsdump.py',
  'impacket-secretsdump',
  'procdump',
  'pypykatz',
  'linpeas.sh',
  'linpeas',
  'hashdump',
  'chainsaw',
])
const KEY_NAME =
  /^\*?(id_(rsa|dsa|ecdsa|ed25519)|identity|\.env|\.netrc|credentials|\.git-credentials|authorized_keys)\*?$|\*?\.(pem|key|kdbx|p12|pfx|ppk|ovpn)\*?$|^\*?(wallet|passw(or)?ds?)\b/i
const KEY_TEXT = /AKIA|PRIVATE KEY|passw(or)?d|secret|api_?key|token/i
const RECON = new Set(
  'whoami id uname hostname ifconfig ip netstat ss arp route w who last lastlog users groups lsb_release hostnamectl nmap masscan zmap arp-scan rustscan nikto gobuster ffuf enum4linux systeminfo ipconfig tasklist getent lscpu dmidecode'.split(
    ' ',
  ),
)
const SCANNERS = new Set(['nmap', 'masscan', 'zmap', 'rustscan', 'nikto', 'gobuster', 'enum4linux'])

export function judgeAccess(invocation: Invocation, notes: Notes): void {
  judgeRecon(invocation, notes)
  const texts = textsOf(invocation.args)
  const rest = operands(invocation)
  const risesTo = (name: Parameters<Notes['found']>[0]): void => {
    notes.exploits()
    notes.found(name, invocation)
  }
  const preloaded = invocation.assignments.find((assignment) =>
    /^(LD_PRELOAD|LD_AUDIT|DYLD_INSERT_LIBRARIES)=./.test(assignment),
  )
  if (preloaded !== undefined && !/=(\/usr|\/opt|\/lib)/.test(preloaded)) notes.found('library-injection', invocation)

  switch (invocation.program) {
    case 'useradd':
    case 'usermod':
    case 'adduser':
    case 'gpasswd':
      if (optionValues(invocation, '-u', '--uid').includes('0')) risesTo('root-account')
      else if (
        rest
          .concat(optionValues(invocation, '-G', '-aG', '-Ga', '--groups', '-g'))
          .some((text) => text.split(',').some((group) => ADMIN_GROUPS.test(group)))
      ) {
        risesTo('admin-group')
      }
      return
    case 'chpasswd':
      return notes.found('password', invocation)
    case 'passwd':
      if (rest.length > 0) notes.found('password', invocation)
      return
    case 'setcap':
      if (texts.some((text) => /cap_(setuid|sys_admin|dac_override|dac_read_search|sys_ptrace|sys_module)/i.test(text)))
        risesTo('setuid')
      return
    case 'docker':
    case 'podman':
    case 'nerdctl':
      if (escapes(invocation, texts)) risesTo('container-escape')
      return
    case 'nsenter':
      if (optionValues(invocation, '-t', '--target').includes('1')) risesTo('container-escape')
      return
    case 'getcap':
      if (hasOption(invocation, 'r') && rest.includes('/')) notes.found('privilege-search', invocation)
      return
    case 'find':
      return judgeSearch(invocation, texts, notes)
    case 'grep':
    case 'egrep':
    case 'rg':
    case 'ag': {
      const isDeep = invocation.program === 'rg' || invocation.program === 'ag' || hasOption(invocation, 'rR', '--recursive')
      if (isDeep && KEY_TEXT.test(rest[0] ?? '') && rest.slice(1).some(isEverywhere)) notes.found('secret-search', invocation)
      return
    }
    case 'security':
      if (texts[0] === 'dump-keychain') takes('secret-dump', invocation, notes)
      else if (/^find-(generic|internet)-password$/.test(texts[0] ?? '') && texts.some((text) => /^-\w*[wg]/.test(text)))
        takes('secret-print', invocation, notes)
      return
    case 'gpg':
    case 'gpg2':
      if (texts.some((text) => text.startsWith('--export-secret'))) takes('secret-dump', invocation, notes)
      return
    case 'gcore':
      return takes('secret-dump', invocation, notes)
    case 'at':
    case 'batch':
      if (!hasOption(invocation, 'lcdrq')) notes.found('schedule', invocation)
      return
    case 'launchctl':
      if (/^(load|bootstrap|submit)$/.test(texts[0] ?? '')) notes.found('schedule', invocation)
      return
    default:
      if (DUMPERS.has(invocation.program)) takes('secret-dump', invocation, notes)
      else if (printsSecret(invocation.program, texts)) takes('secret-print', invocation, notes)
  }
}

/** `crontab` reads what the programs before it print. */
export function judgeCron(flow: Flow, notes: Notes): void {
  flow.forEach((stage, i) => {
    for (const invocation of stage) {
      if (invocation.program !== 'crontab') continue
      const rest = operands(invocation)
      if (
        hasOption(invocation, 'l') ||
        (rest.length === 0 && i === 0 && !hasOption(invocation, 'r') && invocation.redirections.length === 0)
      )
        continue
      const given = [...literalOutput(flow[i - 1] ?? []), ...invocation.redirections.map(({ target }) => target.text)]
      notes.found(given.some((text) => DOWNLOADING.test(text)) ? 'cron-download' : 'cron', invocation)
    }
  })
}

function takes(name: 'secret-dump' | 'secret-print', invocation: Invocation, notes: Notes): void {
  notes.readsCredential()
  notes.found(name, invocation)
}

function judgeRecon(invocation: Invocation, notes: Notes): void {
  const { program, args } = invocation
  if (RECON.has(program)) notes.recon(program)
  else if ((program === 'env' || program === 'printenv') && args.length === 0) notes.recon('env')
  else if (program === 'sudo' && args[0]?.text === '-l') notes.recon('sudo -l')
  else if (program === 'ls' && operands(invocation).some((path) => /^(\/|\/etc|\/home|\/root|~)$/.test(normalPath(path))))
    notes.recon('ls /')
  else if (
    program === 'cat' &&
    operands(invocation).some((path) => /^(\/etc\/(passwd|issue|.*release|hosts)|\/proc\/version)$/.test(normalPath(path)))
  ) {
    notes.recon('cat /etc')
  } else if (SCANNERS.has(program)) notes.recon(program)
}

function escapes(invocation: Invocation, texts: readonly string[]): boolean {
  if (!texts.includes('run') && !texts.includes('create')) return false
  const mounts = [...optionValues(invocation, '-v', '--volume'), ...optionValues(invocation, '--mount')]
  return mounts.some((mount) => /^\/(etc|root|proc|sys|boot|var)?\/?:|(source|src)=\/(etc|root)?(,|$)/.test(mount))
}

function isEverywhere(path: string): boolean {
  return /^(\/|~|\/home|\/etc|\/root|\/users|\/var|\/opt|\/srv)$/i.test(normalPath(path))
}

function judgeSearch(invocation: Invocation, texts: readonly string[], notes: Notes): void {
  const starts = texts.slice(
    0,
    Math.max(
      texts.findIndex((text) => text.startsWith('-') || text === '(' || text === '!'),
      0,
    ),
  )
  if (!starts.some(isEverywhere)) return
  const names = texts.filter((_, i) => /^-i?(name|path|regex)$/.test(texts[i - 1] ?? ''))
  if (names.some((name) => KEY_NAME.test(name))) notes.found('secret-search', invocation)
  const permissions = texts.filter((_, i) => texts[i - 1] === '-perm')
  if (permissions.some((permission) => /^[-/]?(u[=+]s|\+?[4-6]000|\/6000)/.test(permission))) {
    notes.recon('find -perm')
    notes.found('privilege-search', invocation)
  }
}

/** Ways in which well-known tools print what they keep. */
function printsSecret(program: string, texts: readonly string[]): boolean {
  const has = (...words: readonly string[]): boolean => words.every((word) => texts.includes(word))
  switch (program) {
    case 'aws':
      return (
        (has('configure', 'get') && texts.some((text) => /secret|session_token/.test(text))) ||
        has('configure', 'export-credentials') ||
        has('secretsmanager', 'get-secret-value')
      )
    case 'gh':
      return has('auth', 'token') || (has('auth', 'status') && texts.some((text) => text === '-t' || text === '--show-token'))
    case 'gcloud':
      return has('auth', 'print-access-token') || has('auth', 'print-identity-token') || has('secrets', 'versions', 'access')
    case 'az':
      return has('account', 'get-access-token') || has('keyvault', 'secret', 'show')
    case 'kubectl':
      return (
        has('get') &&
        texts.some((text) => /^secrets?(\/|$)/.test(text)) &&
        texts.some((text) => /^(-o|--output|--template)/.test(text))
      )
    case 'secret-tool':
      return texts[0] === 'lookup' || texts[0] === 'search'
    case 'vault':
      return has('kv', 'get') || texts[0] === 'read'
    case 'op':
      return texts[0] === 'read'
    case 'git':
      return has('credential', 'fill')
    default:
      return false
  }
}
