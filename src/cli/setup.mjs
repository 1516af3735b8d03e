/**
 * Makes node_modules match bun.lock, on a machine that has only Node and npm: `node src/cli/setup.mjs [--production]`.
 * Does nothing where it already matches. Plain JavaScript without dependencies: it runs before anything is installed.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const NODE_MAJOR_MIN = 20
const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const MODULES = join(ROOT, 'node_modules')
const STAMP = join(MODULES, '.llmtrace-setup')
// The package's own file, called so on every system: npm, Bun and Windows differ in what they put into .bin.
const LOCAL_BUN = join(MODULES, 'bun', 'bin', 'bun.exe')

/** What can go wrong here, with what to try. */
class SetupError extends Error {}

/** @param {readonly string[]} argv */
function main(argv) {
  const unknown = argv.find((arg) => arg !== '--production')
  if (unknown !== undefined) throw new SetupError(`unknown argument "${unknown}"; there is --production`)
  const nodeMajor = Number(process.versions.node.split('.')[0])
  if (nodeMajor < NODE_MAJOR_MIN) throw new SetupError(`Node ${NODE_MAJOR_MIN} or newer is needed, this is ${process.version}`)

  const hash = wantedHash()
  const before = readStamp()
  const isProduction = argv.includes('--production')
  if (before?.hash === hash && (isProduction || before.mode === 'full') && existsSync(LOCAL_BUN)) return

  // Once everything is there, a start keeps all of it up to date, not only what it needs itself.
  const mode = isProduction && before?.mode !== 'full' ? 'production' : 'full'
  const version = pinnedBun()
  say(`installing dependencies with Bun ${version} (${mode === 'full' ? 'all' : 'for running only'})`)
  const { bun, remove } = findBun(version)
  try {
    // No stamp while it runs: an install that is cut off is done again.
    rmSync(STAMP, { force: true })
    const args = ['install', '--frozen-lockfile', ...(mode === 'production' ? ['--production'] : [])]
    const { status, error } = spawnSync(bun, args, { cwd: ROOT, stdio: 'inherit' })
    if (status !== 0) {
      throw new SetupError(
        `"bun ${args.join(' ')}" failed${error === undefined ? '' : ` (${error.message})`}. Try: check the network, the registry (npm ping) and the free disk space, delete node_modules, run it again. ` +
          'If package.json was changed, run "bun install" once to bring bun.lock up to date.',
      )
    }
  } finally {
    remove()
  }
  finishLocalBun(version)
  mkdirSync(MODULES, { recursive: true })
  writeFileSync(STAMP, `${JSON.stringify({ hash, mode })}\n`)
  say('done')
}

/** Changes with what is to be installed and with what it is installed for. */
function wantedHash() {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}\n`)
  for (const name of ['package.json', 'bun.lock']) hash.update(readNeeded(name)).update('\n')
  return hash.digest('hex')
}

/** @returns {{ hash: string, mode: string } | null} null for no stamp and for one that was not written to its end. */
function readStamp() {
  if (!existsSync(STAMP)) return null
  try {
    const stamp = JSON.parse(readFileSync(STAMP, 'utf8'))
    return typeof stamp?.hash === 'string' && typeof stamp.mode === 'string' ? stamp : null
  } catch {
    return null
  }
}

function pinnedBun() {
  const version = JSON.parse(readNeeded('package.json')).dependencies?.bun
  if (typeof version === 'string' && /^\d+\.\d+\.\d+$/.test(version)) return version
  throw new SetupError('package.json must name one exact version in dependencies.bun')
}

/** @param {string} name */
function readNeeded(name) {
  try {
    return readFileSync(join(ROOT, name), 'utf8')
  } catch (error) {
    throw new SetupError(`${name} cannot be read (${error.code ?? error.message}): run this from a complete checkout`)
  }
}

/**
 * The Bun that is here, else one that npm puts into a temporary folder. Its native program is called by its path, so that it works
 * where install scripts are switched off too.
 * @param {string} version
 */
function findBun(version) {
  if (versionOf(LOCAL_BUN) === version) return { bun: LOCAL_BUN, remove: () => {} }
  const folder = mkdtempSync(join(tmpdir(), 'llmtrace-setup-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  try {
    npm([
      'install',
      '--prefix',
      folder,
      '--no-save',
      '--no-package-lock',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
      `bun@${version}`,
    ])
    const modules = join(folder, 'node_modules')
    const scope = join(modules, '@oven')
    const natives = existsSync(scope)
      ? readdirSync(scope).map((name) => join(scope, name, 'bin', process.platform === 'win32' ? 'bun.exe' : 'bun'))
      : []
    const bun = [join(modules, 'bun', 'bin', 'bun.exe'), ...natives].find((path) => versionOf(path) === version)
    if (bun === undefined) {
      throw new SetupError(
        `npm installed bun@${version}, but it does not run on ${process.platform}-${process.arch}. Try: install Bun ${version} by hand (https://bun.com), then "bun install --frozen-lockfile"`,
      )
    }
    return { bun, remove }
  } catch (error) {
    remove()
    throw error
  }
}

/** @param {readonly string[]} args */
function npm(args) {
  // npm tells its scripts where it is; that also spares Windows its shell.
  const own = process.env['npm_execpath'] ?? ''
  const [program, first] = basename(own) === 'npm-cli.js' ? [process.execPath, [own]] : ['npm', []]
  const { status, error } = spawnSync(program, [...first, ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: program === 'npm' && process.platform === 'win32',
  })
  if (error?.code === 'ENOENT')
    throw new SetupError('npm was not found. Try: install Node with npm (https://nodejs.org), or run "npm run setup"')
  if (status !== 0) {
    throw new SetupError(
      `npm could not fetch Bun${error === undefined ? '' : ` (${error.message})`}. Try: check the network and the registry (npm ping), then run it again`,
    )
  }
}

/** Where install scripts are switched off, Bun's own has not put its program in place. @param {string} version */
function finishLocalBun(version) {
  if (versionOf(LOCAL_BUN) === version) return
  spawnSync(process.execPath, ['install.js'], { cwd: join(MODULES, 'bun'), stdio: ['ignore', 'ignore', 'inherit'] })
  if (versionOf(LOCAL_BUN) === version) return
  throw new SetupError(`node_modules/bun does not run as Bun ${version}. Try: delete node_modules and run this again`)
}

/** @param {string} bun */
function versionOf(bun) {
  if (!existsSync(bun)) return null
  const { status, stdout } = spawnSync(bun, ['--version'], { encoding: 'utf8' })
  return status === 0 ? stdout.trim() : null
}

/** @param {string} text */
function say(text) {
  process.stdout.write(`llmtrace setup: ${text}\n`)
}

try {
  main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof SetupError)) throw error
  process.stderr.write(`llmtrace setup: ${error.message}\n`)
  process.exitCode = 1
}
