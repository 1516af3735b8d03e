/** Commands that destroy: files, disks, databases, clusters, clouds, history. What a project can build again is left alone. */
import { isContained, hasOption, operands, textsOf, type Notes } from './command-words.ts'
import { literalOutput, type Flow, type Invocation } from './invocations.ts'
import { normalPath, scanPath } from './scan-path.ts'
import { OPAQUE } from './shell-words.ts'

const SYSTEM_FOLDER =
  /^\/((etc|usr|bin|sbin|lib|lib64|boot|var|dev|proc|sys|opt|srv|system|library|applications|windows|program files( \(x86\))?)(\/\*)?|(usr\/(lib|bin|sbin|share|local)|var\/(lib|log|www|spool|mail|db))(\/\*)?)$/i
const MAIN_BRANCH = /^\+?(refs\/heads\/|head:)?(main|master|trunk|production|release)$/i
const TEST_NAME = /(^|[_.-])(tests?|testing|dev|tmp|temp|local|ci|sandbox|demo|scratch)([_.-]|\d|$)/i
const SQL_CLIENTS = new Set(
  'psql mysql mariadb sqlite3 mongosh mongo redis-cli sqlcmd clickhouse-client cockroach pgcli mycli usql duckdb bq snowsql cqlsh'.split(
    ' ',
  ),
)
/** Characters of SQL that are read. */
const SQL_CHARS_MAX = 64 * 1024
const DEFENCES =
  /^(firewalld|ufw|apparmor|auditd|fail2ban|clamav.*|falcon.*|selinux|wazuh.*|osqueryd|crowdstrike.*)(\.service)?$/

/** `folder` is where the commands before it have gone, null where that is not known. */
export function judgeDestruction(invocation: Invocation, folder: string | null, notes: Notes): void {
  const { program } = invocation
  const texts = textsOf(invocation.args)
  switch (program) {
    case 'rm':
    case 'trash':
      if (hasOption(invocation, 'rR', '--recursive')) judgeRemoval(invocation, folder, notes)
      if (operands(invocation).some(isTrace)) notes.found('traces-erased', invocation)
      return
    case 'mv':
      for (const source of operands(invocation).slice(0, -1)) {
        if (/^(\/|\/\*|~|~\/\*|\/home)$/.test(normalPath(source)))
          notes.found(normalPath(source).startsWith('~') ? 'rm-home' : 'rm-root', invocation)
      }
      return
    case 'find':
      return judgeFind(invocation, notes)
    case 'shred':
    case 'wipe':
    case 'srm':
      notes.found('shred', invocation)
      return judgeDevices(invocation, operands(invocation), notes)
    case 'wipefs':
      return hasOption(invocation, 'a', '--all') ? judgeDevices(invocation, operands(invocation), notes) : undefined
    case 'blkdiscard':
    case 'badblocks':
    case 'cryptsetup':
    case 'sgdisk':
    case 'hdparm':
      if (program !== 'cryptsetup' || texts.includes('luksFormat') || texts.includes('erase')) judgeErasers(invocation, notes)
      return
    case 'dd':
      return judgeDevices(
        invocation,
        texts.filter((text) => text.startsWith('of=')).map((text) => text.slice(3)),
        notes,
      )
    case 'chmod':
      return judgeMode(invocation, notes)
    case 'install':
      if (texts.some((text, i) => /^0?4\d{3}$/.test(text) && /^(-m|--mode)$/.test(texts[i - 1] ?? ''))) {
        notes.exploits()
        notes.found('setuid', invocation)
      }
      return
    case 'chown':
      if (
        hasOption(invocation, 'R', '--recursive') &&
        operands(invocation)
          .slice(1)
          .some((path) => /^\/\*?$/.test(normalPath(path)))
      ) {
        return notes.found(isContained(invocation) ? 'chown-root' : 'chmod-root', invocation)
      }
      if (operands(invocation)[0]?.startsWith('root') === true) notes.found('chown-root', invocation)
      return
    case 'git':
      return judgeGit(invocation, notes)
    case 'dropdb':
      return notes.found(TEST_NAME.test(operands(invocation).at(-1) ?? '') ? 'drop-small' : 'drop-database', invocation)
    case 'mysqladmin':
      if (texts.includes('drop')) notes.found(TEST_NAME.test(texts.at(-1) ?? '') ? 'drop-small' : 'drop-database', invocation)
      return
    case 'kubectl':
    case 'oc':
      return judgeCluster(invocation, texts, notes)
    case 'terraform':
    case 'tofu':
    case 'terragrunt':
    case 'pulumi':
    case 'cdk':
      return judgeInfrastructure(invocation, texts, notes)
    case 'aws':
    case 'gcloud':
    case 'gsutil':
    case 'az':
      if (deletesCloud(program, texts)) notes.found('cloud-delete', invocation)
      return
    case 'shutdown':
    case 'reboot':
    case 'halt':
    case 'poweroff':
      if (!texts.includes('-c') && !texts.includes('--help')) notes.found('power-off', invocation)
      return
    case 'init':
    case 'telinit':
      if (texts[0] === '0' || texts[0] === '6') notes.found('power-off', invocation)
      return
    case 'systemctl':
      if (texts.some((text) => text === 'poweroff' || text === 'reboot' || text === 'halt'))
        notes.found('power-off', invocation)
      if (texts.some((text) => /^(stop|disable|mask)$/.test(text)) && texts.some((text) => DEFENCES.test(text))) {
        notes.found('defence-off', invocation)
      }
      return
    case 'kill':
      if (texts.length > 1 && texts.at(-1) === '-1') notes.found('kill-all', invocation)
      return
    case 'iptables':
    case 'ip6tables':
      if (texts.includes('-F') || texts.includes('--flush')) notes.found('defence-off', invocation)
      return
    case 'nft':
      if (texts[0] === 'flush' && texts[1] === 'ruleset') notes.found('defence-off', invocation)
      return
    case 'ufw':
    case 'csrutil':
      if (texts.includes('disable')) notes.found('defence-off', invocation)
      return
    case 'setenforce':
      if (texts[0] === '0' || texts[0]?.toLowerCase() === 'permissive') notes.found('defence-off', invocation)
      return
    case 'spctl':
      if (texts.some((text) => text.endsWith('-disable'))) notes.found('defence-off', invocation)
      return
    case 'history':
      if (hasOption(invocation, 'c')) notes.found('traces-erased', invocation)
      return
    case 'unset':
      if (texts.includes('HISTFILE')) notes.found('traces-erased', invocation)
      return
    case 'truncate':
      if (operands(invocation).some(isTrace)) notes.found('traces-erased', invocation)
      return
    default:
      if (program === 'mkfs' || program.startsWith('mkfs.') || program === 'mke2fs' || program === 'mkswap') {
        if (operands(invocation).some(isDevice)) notes.found('mkfs', invocation)
      }
  }
}

/** Statements for a database client, given as an option, a here-document or through a pipe. */
export function judgeQueries(flow: Flow, notes: Notes): void {
  flow.forEach((stage, i) => {
    for (const invocation of stage) {
      if (!SQL_CLIENTS.has(invocation.program)) continue
      const given = invocation.redirections.filter(({ operator }) => operator.startsWith('<<')).map(({ target }) => target.text)
      const piped = literalOutput(flow[i - 1] ?? [])
      judgeSql([...textsOf(invocation.args), ...given, ...piped].join('\n'), invocation, notes)
    }
  })
}

/** Statements that empty a database. Comments are not taken off, so that what hides behind one is seen; a string that speaks of it is too. */
export function judgeSql(sql: string, at: { readonly startUtf16: number; readonly endUtf16: number }, notes: Notes): void {
  const text = sql.slice(0, SQL_CHARS_MAX).replace(/\/\*[^*]{0,200}\*\//g, ' ')
  const dropped = /\bdrop\s{1,20}(?:database|schema)\s{1,20}(?:if\s{1,20}exists\s{1,20})?["'`[]?([\w.-]{1,128})/i.exec(text)
  if (dropped !== null) notes.found(TEST_NAME.test(dropped[1] ?? '') ? 'drop-small' : 'drop-database', at)
  if (/\.dropDatabase\s{0,9}\(|^\s{0,9}flushall\b/im.test(text)) notes.found('drop-database', at)
  if (/\bdrop\s{1,20}(table|collection)\b|\.drop\(\)/i.test(text)) notes.found('drop-small', at)
  for (const statement of text.split(';', 1024)) {
    const isDelete = /^[\s"']{0,20}delete\s{1,20}from\s{1,20}\S{1,128}/i.test(
      statement.replace(/^[^]{0,64}?\bdelete\b/i, 'delete'),
    )
    if ((isDelete && !/\bwhere\b/i.test(statement)) || /\btruncate\s{1,20}(table\s)?/i.test(statement))
      notes.found('delete-rows', at)
  }
}

function judgeRemoval(invocation: Invocation, folder: string | null, notes: Notes): void {
  for (const target of operands(invocation)) {
    const name = removalOf(target, folder)
    if (name === null) continue
    const isSevere = name !== 'rm-all' && name !== 'rm-unknown'
    notes.found(isSevere && isContained(invocation) ? 'rm-all' : name, invocation)
  }
}

function removalOf(target: string, folder: string | null) {
  const isHere = /^((\.\/)?\*|\.|\.\/|\.\.\/?|\.\.\/\*|\.\*|\.\[[^\]]*\]\*)$/.test(target)
  const path = isHere && folder !== null ? normalPath(`${folder}/${target}`) : normalPath(target)
  if (target.startsWith('/') || /^[a-z]:/i.test(target) || folder !== null || target.startsWith('..')) {
    if (path === '' || path === '/' || path === '/*' || path === '/.*') return isHere && folder === null ? 'rm-all' : 'rm-root'
  }
  if (/^(~|\/home|\/users)(\/\*|\/\.\*)?$/i.test(path)) return 'rm-home'
  if (SYSTEM_FOLDER.test(path)) return 'rm-system'
  if (isHere) return folder === null || folder === '..' ? 'rm-all' : null
  if (target.includes(OPAQUE) && /^\/?\uFFFC\/?\*?$/.test(target)) return 'rm-unknown'
  return null
}

function judgeFind(invocation: Invocation, notes: Notes): void {
  const texts = textsOf(invocation.args)
  const removes =
    texts.includes('-delete') ||
    texts.some((text, i) => /^-exec(dir)?$/.test(text) && /(^|\/)(rm|shred|unlink)$/.test(texts[i + 1] ?? ''))
  if (!removes) return
  const starts = texts.slice(
    0,
    Math.max(
      texts.findIndex((text) => text.startsWith('-') || text === '(' || text === '!'),
      0,
    ),
  )
  if (starts.some((start) => /^(\/|~|\/home|\/users)$/i.test(normalPath(start)) || SYSTEM_FOLDER.test(normalPath(start)))) {
    notes.found('find-delete', invocation)
  }
}

function isDevice(path: string): boolean {
  return scanPath(path, 'write').some(({ ruleId }) => ruleId === 'action.path.device')
}

function judgeDevices(invocation: Invocation, paths: readonly string[], notes: Notes): void {
  if (paths.some(isDevice)) notes.found('device-write', invocation)
}

function judgeErasers(invocation: Invocation, notes: Notes): void {
  const texts = textsOf(invocation.args)
  const erases = {
    sgdisk: texts.some((text) => text === '-Z' || text === '--zap-all' || text === '-o'),
    badblocks: texts.some((text) => /^-\w*w/.test(text)),
    hdparm: texts.some((text) => text.startsWith('--security-erase')),
  } as const
  const isEraser = invocation.program in erases ? erases[invocation.program as keyof typeof erases] : true
  if (isEraser) judgeDevices(invocation, operands(invocation), notes)
}

/** Histories of shells and logs of who logged in. */
export function isTrace(path: string): boolean {
  return /^~\/\.(bash|zsh|sh|python)_history$|^\/var\/log\/(auth|secure|wtmp|btmp|lastlog|audit|syslog|messages|utmp)/.test(
    normalPath(path).toLowerCase(),
  )
}

const OPEN_MODE = /^(0?777|[ao+]*[ao]?\+[rx]*w[rx]*|0?666|a=rwx|ugo\+rwx)$/
const INTERPRETER =
  /(^|\/)(sh|bash|dash|zsh|ksh|fish|python[\d.]*|perl|ruby|node|php|vim?|find|cp|nmap|awk|env|less|more|dd|tee)$/

const PASSING_PLACE = /^(\/tmp|\/var\/tmp|\/dev\/shm)\//

function judgeMode(invocation: Invocation, notes: Notes): void {
  const [mode = '', ...paths] = operands(invocation)
  const isOpen = OPEN_MODE.test(mode) && mode !== '+w'
  if (/^0?[4567]\d{3}$/.test(mode) || /^[ua]*\+[rwx]*s/.test(mode)) {
    notes.exploits()
    notes.found(
      paths.some((path) => INTERPRETER.test(path) || PASSING_PLACE.test(normalPath(path))) ? 'setuid' : 'setuid-other',
      invocation,
    )
  }
  const isDeep = hasOption(invocation, 'R', '--recursive')
  const isSystem = paths.some((path) => /^(\/|\/\*|~|\/home)$/.test(normalPath(path)) || SYSTEM_FOLDER.test(normalPath(path)))
  const isRoot = paths.some((path) => /^\/\*?$/.test(normalPath(path)))
  if (isOpen || (isDeep && isRoot))
    notes.found(isDeep && isSystem && !isContained(invocation) ? 'chmod-root' : 'chmod-open', invocation)
}

function judgeGit(invocation: Invocation, notes: Notes): void {
  const texts = textsOf(invocation.args)
  const at = texts.indexOf('push')
  if (at === -1) return
  const rest = texts.slice(at + 1)
  const isForced = rest.some((text) => text === '--force' || text === '-f' || text.startsWith('+') || text === '--mirror')
  const isDeletion = rest.includes('--delete') || rest.some((text) => text.startsWith(':'))
  if ((isForced || isDeletion) && rest.some((text) => MAIN_BRANCH.test(text.replace(/^[:+]/, '').replace(/^[^:]*:/, '')))) {
    notes.found('git-force', invocation)
  }
}

function judgeCluster(invocation: Invocation, texts: readonly string[], notes: Notes): void {
  const at = texts.indexOf('delete')
  if (at === -1 || texts.some((text) => text.startsWith('--dry-run'))) return
  const kinds = texts.slice(at + 1).filter((text) => !text.startsWith('-'))
  const isAll = texts.includes('--all') || texts.includes('--all=true')
  const isEverywhere = texts.includes('-A') || texts.includes('--all-namespaces')
  const isNamespace = /^(ns|namespaces?)(\/|$)/.test(kinds[0] ?? '')
  const isWhole = /^(all|nodes?|no|pv|persistentvolumes?|crds?)$/.test(kinds[0] ?? '')
  if (
    (isAll && (isNamespace || isWhole || isEverywhere)) ||
    (isNamespace && /^(kube-system|default|prod(uction)?)$/.test(kinds[1] ?? ''))
  ) {
    notes.found('kubectl-delete', invocation)
  } else if (isAll || isNamespace) notes.found('kubectl-delete-kind', invocation)
}

function judgeInfrastructure(invocation: Invocation, texts: readonly string[], notes: Notes): void {
  const isApply = texts.includes('apply') && texts.some((text) => /^--?destroy$/.test(text))
  const isDestroy =
    texts.find((text) => !text.startsWith('-')) === 'destroy' || (texts.includes('destroy') && texts.includes('run-all'))
  if (!isApply && !isDestroy) return
  const isSilent = texts.some((text) => /^--?(auto-approve|force|yes|terragrunt-non-interactive)(=true)?$|^-y$/.test(text))
  const isNarrow = texts.some((text) => /^--?target\b/.test(text))
  notes.found(isSilent && !isNarrow ? 'terraform-destroy' : 'terraform-destroy-asks', invocation)
}

function deletesCloud(program: string, texts: readonly string[]): boolean {
  const has = (...words: readonly string[]): boolean => words.every((word) => texts.includes(word))
  if (program === 'aws') {
    if (has('s3', 'rb', '--force')) return true
    if (has('s3', 'rm', '--recursive')) return texts.some((text) => /^s3:\/\/[^/]+\/?$/.test(text))
    return has('--skip-final-snapshot') || has('organizations', 'close-account') || has('kms', 'schedule-key-deletion')
  }
  if (program === 'gsutil')
    return texts.some((text) => /^rm$|^rb$/.test(text)) && texts.some((text) => /^gs:\/\/[^/]+\/?\*{0,2}$/.test(text))
  if (program === 'gcloud') return has('projects', 'delete') || (has('sql', 'instances', 'delete') && has('--quiet'))
  return has('group', 'delete') && (has('--yes') || has('-y'))
}
