/**
 * Judges a path by where it leads, after `~`, `..`, double slashes, percent signs and backslashes are resolved. It knows well-known
 * places only: a password in `notes.txt` is the secret rules' to find, and links of the file system are not followed.
 */
import type { Severity } from '../../domain/finding.ts'
import type { Match } from '../match.ts'
import { matchOf, SINCE, type TextRule } from './action-match.ts'
import { globMatches } from './glob.ts'

/** Characters of a path that are read. Linux takes 4096 bytes. */
export const PATH_CHARS_MAX = 4096
const DECODE_ROUNDS_MAX = 3

export type PathAccess = 'read' | 'write'

export type PathRule = TextRule & {
  readonly access: PathAccess
  /** On the normalised path in lower case: `~` is anybody's home. */
  readonly pattern: RegExp
  /** Reading it gives a credential away. */
  readonly isCredential: boolean
}

type Row = readonly [
  id: string,
  severity: Severity,
  confidence: number,
  description: string,
  pattern: RegExp,
  example: string,
  counterExample: string,
]

const CREDENTIALS: readonly Row[] = [
  [
    'ssh-key',
    'high',
    0.9,
    'a private SSH key',
    /(^|\/)\.ssh\/(id_[a-z0-9_-]+|identity|[^/]+\.pem|[^/]*_rsa|[^/]*\*[^/]*)$/,
    '~/.ssh/id_rsa',
    '~/.ssh/id_rsa.pub',
  ],
  [
    'ssh-host-key',
    'high',
    0.9,
    "a host's private SSH key",
    /^\/etc\/ssh\/ssh_host_[a-z0-9_]+_key$/,
    '/etc/ssh/ssh_host_rsa_key',
    '/etc/ssh/ssh_host_rsa_key.pub',
  ],
  [
    'shadow',
    'high',
    0.9,
    'password hashes of the system',
    /^\/etc\/(g?shadow-?|master\.passwd|security\/passwd)$/,
    '/etc/shadow',
    '/etc/shadow.md',
  ],
  [
    'windows-sam',
    'high',
    0.9,
    'password hashes of Windows',
    /\/windows\/(system32\/config|repair)\/(sam|system|security)$|\/ntds\.dit$/,
    'C:\\Windows\\System32\\config\\SAM',
    'C:\\Windows\\System32\\drivers\\etc\\hosts',
  ],
  [
    'aws-credentials',
    'high',
    0.9,
    'AWS credentials',
    /(^|\/)\.aws\/(credentials|sso\/cache\/.+|cli\/cache\/.+)$/,
    '~/.aws/credentials',
    '~/.aws/config',
  ],
  [
    'gcloud-credentials',
    'high',
    0.9,
    'Google Cloud credentials',
    /\/gcloud\/(application_default_credentials\.json|credentials\.db|access_tokens\.db|legacy_credentials(\/.*)?)$/,
    '~/.config/gcloud/application_default_credentials.json',
    '~/.config/gcloud/configurations/config_default',
  ],
  [
    'azure-credentials',
    'high',
    0.9,
    'Azure credentials',
    /(^|\/)\.azure\/(accesstokens\.json|msal_token_cache\.[a-z]+|service_principal_entries\.[a-z]+)$/,
    '~/.azure/accessTokens.json',
    '~/.azure/config',
  ],
  [
    'kube-config',
    'high',
    0.8,
    'credentials of a Kubernetes cluster',
    /(^|\/)\.kube\/config$|^\/etc\/kubernetes\/(admin|super-admin)\.conf$|^\/etc\/rancher\/k3s\/k3s\.yaml$/,
    '~/.kube/config',
    '~/.kube/cache/discovery',
  ],
  [
    'service-token',
    'high',
    0.85,
    'the token of a Kubernetes service account',
    /^\/(var\/)?run\/secrets\/(kubernetes\.io|eks\.amazonaws\.com)\/serviceaccount\/token$/,
    '/var/run/secrets/kubernetes.io/serviceaccount/token',
    '/var/run/secrets/kubernetes.io/serviceaccount/namespace',
  ],
  [
    'login-file',
    'high',
    0.85,
    'stored passwords or tokens',
    /(^|\/)(\.netrc|_netrc|\.git-credentials|\.pgpass|\.vault-token|\.config\/gh\/hosts\.yml|\.config\/git\/credentials|\.terraform\.d\/credentials\.tfrc\.json|\.config\/op\/config|\.s3cfg|\.boto)$/,
    '~/.git-credentials',
    '~/.gitconfig',
  ],
  [
    'package-token',
    'medium',
    0.6,
    "a package registry's or container registry's token",
    /^~\/(\.npmrc|\.pypirc|\.docker\/config\.json|\.cargo\/credentials(\.toml)?|\.gem\/credentials|\.m2\/settings\.xml|\.my\.cnf|\.yarnrc\.yml|\.claude\/\.credentials\.json|\.codex\/auth\.json)$/,
    '~/.npmrc',
    './.npmrc',
  ],
  [
    'env-file',
    'medium',
    0.6,
    'settings that usually hold secrets',
    /(^|\/)\.env(\.(local|prod(uction)?|stag(e|ing)|live|secrets?))?$/,
    'app/.env.production',
    'app/.env.example',
  ],
  [
    'private-key',
    'medium',
    0.6,
    'a private key or a key store',
    /(^|\/)((private[-_.]?key|privkey|server|tls|client)[^/]*\.(pem|key)|[^/]+\.(p12|pfx|jks|keystore|ppk))$/,
    'certs/private_key.pem',
    'certs/ca-bundle.crt',
  ],
  [
    'browser-store',
    'high',
    0.9,
    "a browser's passwords or cookies",
    /\/(google\/chrome|google-chrome|chromium|microsoft\/edge|microsoft-edge|bravesoftware|opera)[^/]*\/.*(login data|cookies|web data|local state)$|\/(firefox|\.mozilla)\/.*\/(logins\.json|key[34]\.db|cookies\.sqlite|signons\.sqlite)$|(^|\/)library\/cookies\/cookies\.binarycookies$/,
    '~/.config/google-chrome/Default/Login Data',
    '~/.config/google-chrome/Default/Bookmarks',
  ],
  [
    'keychain',
    'high',
    0.9,
    'a key ring, a password store or a wallet',
    /(^|\/)(library\/keychains(\/.*)?|login\.keychain(-db)?|\.local\/share\/keyrings(\/.*)?|\.gnupg\/(private-keys-v1\.d(\/.*)?|secring\.gpg)|\.password-store(\/.*)?|[^/]+\.kdbx|wallet\.dat|\.ethereum\/keystore(\/.*)?|\.electrum\/wallets(\/.*)?|\.config\/solana\/id\.json|appdata\/(roaming|local)\/microsoft\/(credentials|protect|vault)(\/.*)?)$/,
    '~/Library/Keychains/login.keychain-db',
    '~/.gnupg/pubring.kbx',
  ],
  [
    'process-environment',
    'high',
    0.8,
    "a process's environment or memory",
    /^\/proc\/(self|thread-self|\d+|\*)\/(environ|mem)$|^\/dev\/(k?mem|port)$|^\/proc\/kcore$/,
    '/proc/self/environ',
    '/proc/self/status',
  ],
  ['ssh-folder', 'medium', 0.7, 'the whole folder of SSH keys', /(^|\/)\.ssh$/, '~/.ssh/', '~/.sshrc'],
  [
    'cloud-folder',
    'medium',
    0.7,
    'a whole folder of credentials',
    /^~\/\.(aws|gnupg|kube|azure|password-store)(\/\*)?$|^~\/\.config\/gcloud$/,
    '~/.aws/',
    '~/.config/',
  ],
]

const OTHER_READS: readonly Row[] = [
  [
    'accounts',
    'low',
    0.5,
    'the list of accounts of the system',
    /^\/etc\/(passwd-?|group)$/,
    '/etc/passwd',
    '/srv/app/etc/passwd',
  ],
  ['sudoers-read', 'medium', 0.6, 'who may become root', /^\/etc\/sudoers(\.d(\/.*)?)?$/, '/etc/sudoers', '/etc/sudo.conf'],
  [
    'shell-history',
    'medium',
    0.6,
    "a shell's history, which often holds secrets",
    /(^|\/)\.(bash|zsh|sh|python|mysql|psql|node_repl)_history$|\/psreadline\/consolehost_history\.txt$/,
    '~/.bash_history',
    '~/.bash_logout',
  ],
]

const WRITES: readonly Row[] = [
  [
    'authorized-keys',
    'high',
    0.85,
    'lets another key log in',
    /(^|\/)\.ssh\/authorized_keys2?$/,
    '~/.ssh/authorized_keys',
    '~/.ssh/known_hosts',
  ],
  [
    'ssh-config-write',
    'medium',
    0.6,
    'changes how SSH connects',
    /(^|\/)\.ssh\/(config|rc|environment)$|^\/etc\/ssh\/sshd?_config(\.d\/.*)?$/,
    '/etc/ssh/sshd_config',
    '/etc/ssh/moduli',
  ],
  [
    'sudoers-write',
    'critical',
    0.9,
    'changes who may become root',
    /^\/etc\/(sudoers|sudoers\.d\/.+|doas\.conf)$/,
    '/etc/sudoers.d/agent',
    '/etc/sudo.conf',
  ],
  [
    'accounts-write',
    'high',
    0.9,
    'changes the accounts of the system',
    /^\/etc\/(passwd|g?shadow|group|pam\.d\/.+|security\/access\.conf)$/,
    '/etc/passwd',
    '/etc/motd',
  ],
  [
    'preload',
    'critical',
    0.9,
    'loads code into every program',
    /^\/etc\/ld\.so\.(preload|conf\.d\/.+)$/,
    '/etc/ld.so.preload',
    '/etc/localtime',
  ],
  [
    'cron-file',
    'high',
    0.8,
    'runs at set times from now on',
    /^\/(etc\/(crontab|cron\.(d|daily|hourly|weekly|monthly)\/.+|anacrontab)|var\/spool\/(cron|at)\/.+)$/,
    '/etc/cron.d/job',
    'docs/cron.d/job',
  ],
  [
    'service-file',
    'medium',
    0.7,
    'runs as a service from now on',
    /^\/(etc|lib|usr\/lib)\/systemd\/(system|user)\/.+\.(service|timer|path)$|^\/etc\/(init\.d\/.+|rc\.local)$|(^|\/)\.config\/systemd\/user\/.+|\/library\/launch(agents|daemons)\/.+\.plist$/,
    '/etc/systemd/system/agent.service',
    'deploy/agent.service',
  ],
  [
    'login-script',
    'low',
    0.5,
    'runs at every login',
    /^~\/\.(bashrc|bash_profile|bash_login|profile|zshrc|zshenv|zprofile|zlogin|xprofile|xinitrc)$|^\/etc\/(profile|bash\.bashrc|zsh\/zshrc|environment)$|(^|\/)\.config\/fish\/config\.fish$/,
    '~/.bashrc',
    '~/.vimrc',
  ],
  [
    'login-script-all',
    'high',
    0.8,
    "runs at everybody's login",
    /^\/etc\/(profile\.d|update-motd\.d)\/.+|\/start menu\/programs\/startup\/.+/,
    '/etc/profile.d/agent.sh',
    '/etc/skel/.bashrc',
  ],
  ['git-hook', 'low', 0.5, 'runs with Git', /(^|\/)\.git\/hooks\/[^.]+$/, '.git/hooks/pre-commit', '.husky/pre-commit'],
  [
    'hosts-file',
    'medium',
    0.6,
    'changes which host a name leads to',
    /^\/etc\/(hosts|resolv\.conf|nsswitch\.conf)$|\/drivers\/etc\/hosts$/,
    '/etc/hosts',
    '/etc/hostname',
  ],
  [
    'device',
    'critical',
    0.95,
    'overwrites a disk',
    /^\/dev\/(sd[a-z]+\d*|hd[a-z]\d*|vd[a-z]\d*|xvd[a-z]\d*|nvme\d+n\d+(p\d+)?|mmcblk\d+(p\d+)?|r?disk\d+(s\d+)?|mapper\/.+|md\d+|dm-\d+|disk\/.+)$|^\/\/\.\/physicaldrive\d+$/,
    '/dev/sda',
    '/dev/null',
  ],
  [
    'kernel-setting',
    'medium',
    0.65,
    'changes the running kernel or boot',
    /^\/(proc\/(sys\/.+|sysrq-trigger)|sys\/(kernel|firmware)\/.+|boot\/.+)$/,
    '/proc/sysrq-trigger',
    '/proc/self/fd/1',
  ],
  [
    'system-program',
    'medium',
    0.65,
    'replaces a program of the system',
    /^\/(usr\/)?s?bin\/[^/]+$|\/windows\/system32\/[^/]+\.(exe|dll|sys)$/,
    '/usr/bin/sudo',
    '/usr/local/bin/tool',
  ],
]

function rulesOf(rows: readonly Row[], access: PathAccess, isCredential: boolean): readonly PathRule[] {
  return rows.map(([id, severity, confidence, description, pattern, example, counterExample]) => ({
    id: `action.path.${id}`,
    version: 1,
    since: SINCE,
    findingType: 'sensitive_file_access',
    severity,
    confidence,
    description,
    pattern,
    example,
    counterExample,
    access,
    isCredential,
  }))
}

const READ_RULES = [...rulesOf(CREDENTIALS, 'read', true), ...rulesOf(OTHER_READS, 'read', false)]
const WRITE_RULES = rulesOf(WRITES, 'write', false)
export const PATH_RULES: readonly PathRule[] = [...READ_RULES, ...WRITE_RULES]
const CREDENTIAL_RULE_IDS: ReadonlySet<string> = new Set(READ_RULES.filter((rule) => rule.isCredential).map((rule) => rule.id))

/** What a glob is tried on, for those who write `/etc/sh?dow`. */
const GLOB_TARGETS = [
  '/etc/shadow',
  '/etc/passwd',
  '/etc/sudoers',
  '~/.ssh/id_rsa',
  '~/.ssh/id_ed25519',
  '~/.aws/credentials',
  '~/.kube/config',
  '~/.netrc',
  '~/.git-credentials',
  '~/.bash_history',
  '/proc/self/environ',
]

/** What is found at `path`, for somebody who reads it or writes to it. The range is null: the whole of it is meant. */
export function scanPath(path: string, access: PathAccess = 'read'): readonly Match[] {
  const normal = normalPath(path).toLowerCase()
  if (normal === '') return []
  const targets = /[*?[]/.test(normal) ? [normal, ...GLOB_TARGETS.filter((target) => globMatches(normal, target))] : [normal]
  return (access === 'read' ? READ_RULES : WRITE_RULES)
    .filter((rule) => targets.some((target) => rule.pattern.test(target)))
    .map((rule) => matchOf(rule, null))
}

/** True for a match of a path whose content gives access to something. */
export function isCredentialMatch(match: Match): boolean {
  return CREDENTIAL_RULE_IDS.has(match.ruleId)
}

/**
 * One way of writing a path: `/`, no `.` and `..`, homes as `~`. What climbs above its own beginning (`../../../etc/passwd`) is taken
 * to arrive at the root. Empty for what is none.
 */
export function normalPath(path: string): string {
  let text = path.slice(0, PATH_CHARS_MAX).normalize('NFKC').trim()
  for (let i = 0; i < DECODE_ROUNDS_MAX && /%[0-9a-f]{2}/i.test(text); i += 1) text = decodePercents(text)
  const nul = text.indexOf('\0')
  if (nul !== -1) text = text.slice(0, nul)
  text = text
    .replaceAll('\\', '/')
    .replace(/^file:(\/\/(localhost)?)?(?=\/|[a-z]:)/i, '')
    .replace(/^(\$\{?HOME\}?|%USERPROFILE%|%HOMEPATH%|\$env:USERPROFILE|\$env:HOME)(?=\/|$)/i, '~')
    .replace(/^%(APPDATA)%/i, '~/AppData/Roaming')
    .replace(/^%(LOCALAPPDATA)%/i, '~/AppData/Local')
    .replace(/^%(SYSTEMROOT|WINDIR)%/i, 'C:/Windows')
  const drive = /^\/?[a-z]:(?=\/|$)/i.exec(text)?.[0]
  if (drive !== undefined) text = text.slice(drive.length) || '/'
  if (text.startsWith('//./')) return text
  const isAbsolute = text.startsWith('/')
  const segments: string[] = []
  let climbs = 0
  for (const segment of text.split('/')) {
    if (segment === '' || segment === '.') continue
    if (segment !== '..') segments.push(segment)
    else if (segments.pop() === undefined) climbs += 1
  }
  const rest = segments.join('/')
  if (isAbsolute || climbs > 1 || (climbs > 0 && /^(etc|proc|root|home|users|var|windows)\//i.test(rest)))
    return shortHome(rooted(rest))
  return shortHome(rest)
}

/** `/proc/self/root` is `/`, and `/private` on a Mac is where `/etc` and `/var` are. */
function rooted(rest: string): string {
  return (
    `/${rest}`
      .replace(/^(\/proc\/(self|thread-self|\d+)\/(root|cwd))+(?=\/|$)/i, '')
      .replace(/^\/private(?=\/(etc|var)\/)/i, '') || '/'
  )
}

function shortHome(path: string): string {
  return path
    .replace(/^\/root(?=\/|$)/i, '~')
    .replace(/^(\/home|\/users|~[^/]*\/\.\.)\/[^/]+(?=\/|$)/i, '~')
    .replace(/^~[a-z_][\w.-]*(?=\/|$)/i, '~')
}

function decodePercents(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
