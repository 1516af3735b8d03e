/**
 * `llmtrace scan`: judges files, lines of JSON and standard input as the guard judges calls. It changes nothing, sends nothing, and
 * never prints a text.
 */
import { createReadStream } from 'node:fs'
import process from 'node:process'
import { loadConfig } from '../adapters/selfhost/config-file.ts'
import type { TextRange, VerdictAction } from '../core/domain/finding.ts'
import type { GuardPolicy } from '../core/domain/guard-policy.ts'
import { ok, type Result } from '../core/domain/result.ts'
import { ORIGINS, type Inspection, type Origin, type Segment } from '../core/domain/segment.ts'
import { actionOnFailure, stricter } from '../core/guard/decide/decide.ts'
import type { Guard } from '../core/guard/guard.ts'
import { usageText } from './help.ts'
import type { Command } from './main.ts'
import { readPolicyFile, readProblem } from './policy-file.ts'
import { createProgress, type ProgressIo } from './progress.ts'
import { linesOf, peekLine, piecesOf, textOf } from './scan/inputs.ts'
import { readRecord } from './scan/record.ts'
import { JSON_REPORT, TEXT_REPORT, createPlaces, placeText, printable, type Reporter, type Site } from './scan/report.ts'

/** A text reached the verdict of `--fail-on`. */
export const EXIT_REACHED = 1
/** A wrong command line, or an input that could not be judged. */
export const EXIT_USAGE = 2

/** Characters of a text that are judged at once; a longer file is judged in pieces. */
const PIECE_CHARS_MAX = 8 * 1024 * 1024
/** Characters of a line of JSON. */
const LINE_CHARS_MAX = 16 * 1024 * 1024

export type ScanIo = ProgressIo & {
  readonly env: { readonly [name: string]: string | undefined }
  readonly stdin: AsyncIterable<Uint8Array>
  readonly isStdinTerminal: boolean
  /** False once nobody reads any more; may wait for a slow reader. */
  readonly out: (text: string) => boolean | Promise<boolean>
}

/** The exit code. Where it is no usage error, every other input is still judged after one that cannot be. */
export async function runScan(command: Command, guard: Guard, io: ScanIo = processIo()): Promise<number> {
  if (command.files.length === 0 && io.isStdinTerminal) {
    io.err(`${usageText('scan needs files, or - for what comes on standard input')}\n`)
    return EXIT_USAGE
  }
  const policy = await policyOf(command, io)
  if (!policy.ok) {
    io.err(policy.error.map((line) => `llmtrace: ${line}\n`).join(''))
    return EXIT_USAGE
  }
  const failOn = (['flag', 'redact', 'block'] as const).find((verdict) => verdict === command.options['fail-on']) ?? null
  if (failOn !== null && stricter(strictestOf(policy.value), failOn) !== strictestOf(policy.value)) {
    io.err(
      `llmtrace: --fail-on ${failOn} is never reached: the strictest verdict of this policy is ${strictestOf(policy.value)}\n`,
    )
  }
  const scan = createScan(guard, policy.value, {
    io,
    report: command.options['format'] === 'json' ? JSON_REPORT : TEXT_REPORT,
    origin: ORIGINS.find((origin) => origin === command.options['origin']) ?? 'user',
  })
  for (const file of command.files.length === 0 ? ['-'] : command.files) {
    if (!(await scan.input(file))) break
  }
  const { strictest, problems } = await scan.end()
  if (failOn !== null && stricter(strictest, failOn) === strictest) return EXIT_REACHED
  return problems > 0 ? EXIT_USAGE : 0
}

/** `--policy`, else the configuration's. Where neither says what is done with findings, they are flagged: a scan that only logs says nothing. */
async function policyOf(command: Command, io: ScanIo): Promise<Result<GuardPolicy, readonly string[]>> {
  const path = command.options['policy']
  if (path !== undefined) return readPolicyFile(path)
  const loaded = await loadConfig(command, io.env)
  if (!loaded.ok) return loaded
  const { gateway, sources } = loaded.value
  return ok(sources.has('guard.enforcement.mode') ? gateway.guard : { ...gateway.guard, mode: 'flag' })
}

/** The strictest verdict that anything can get under a policy. */
function strictestOf(policy: GuardPolicy): VerdictAction {
  if (policy.isShadow) return 'pass'
  const { mode, categories, pii } = policy
  const actions = [mode, ...categories.filter((rule) => !rule.isShadow).map((rule) => rule.action)]
  const isRedacting = pii.action !== 'alert_only' && pii.directions.includes('input')
  return actions.reduce<VerdictAction>(
    (strictest, action) => stricter(strictest, action === 'log' ? 'pass' : action),
    isRedacting ? 'redact' : 'pass',
  )
}

type Options = { readonly io: ScanIo; readonly report: Reporter; readonly origin: Origin }

type Scan = {
  /** False once nobody reads what is told. */
  input(file: string): Promise<boolean>
  end(): Promise<{ readonly strictest: VerdictAction; readonly problems: number }>
}

function createScan(guard: Guard, policy: GuardPolicy, { io, report, origin }: Options): Scan {
  const verdicts: { [verdict in VerdictAction]: number } = { pass: 0, flag: 0, redact: 0, block: 0 }
  const tally = { files: 0, texts: 0, findings: 0, uninspected: 0, problems: 0 }
  const progress = createProgress(io)
  let strictest: VerdictAction = 'pass'
  let isRead = true
  let chars = 0

  function problem(place: string, what: string): void {
    tally.problems += 1
    progress.clear()
    io.err(`${place}: ${what}\n`)
  }

  function advance(file: string, length: number): void {
    chars += length
    progress.show(
      () => `${printable(file)}: ${(chars / 1e6).toFixed(1)} M characters, ${tally.texts} texts, ${tally.findings} findings`,
    )
  }

  async function judge(segment: Segment, siteOf: (range: TextRange | null) => Site): Promise<void> {
    const place = { direction: 'input', origin: segment.origin, toolName: segment.name } as const
    const { judged, failed } = guard.judgeText(segment.text, place, policy, [])
    let verdict: VerdictAction = failed.length > 0 ? actionOnFailure(policy) : 'pass'
    for (const one of judged.toSorted((a, b) => (a.range?.startUtf16 ?? 0) - (b.range?.startUtf16 ?? 0))) {
      verdict = stricter(verdict, one.action)
      progress.clear()
      isRead = (await io.out(report.finding(siteOf(one.range), one, segment))) && isRead
    }
    if (failed.length > 0) problem(placeText(siteOf(null)), `could not be judged: ${failed.join(', ')} failed`)
    tally.texts += 1
    tally.findings += judged.length
    verdicts[verdict] += 1
    strictest = stricter(strictest, verdict)
  }

  async function judgeText(file: string, texts: AsyncIterable<string>): Promise<void> {
    for await (const { text, line } of piecesOf(texts, PIECE_CHARS_MAX)) {
      const place = createPlaces(text, line)
      await judge({ origin, pointer: '', kind: 'text', text, name: null }, (range) => ({
        file,
        pointer: null,
        ...(range === null ? { line, column: null } : place(range)),
      }))
      advance(file, text.length)
      if (!isRead) return
    }
  }

  async function judgeLines(file: string, texts: AsyncIterable<string>): Promise<void> {
    for await (const { number: line, text } of linesOf(texts, LINE_CHARS_MAX)) {
      if (text === null) problem(placeText({ file, line, column: null }), `is longer than ${LINE_CHARS_MAX} characters`)
      else if (text.trim() !== '') await judgeRecord(file, line, text)
      advance(file, text?.length ?? 0)
      if (!isRead) return
    }
  }

  async function judgeRecord(file: string, line: number, text: string): Promise<void> {
    const read: Result<Inspection, string> = readRecord(text, origin)
    if (!read.ok) return problem(placeText({ file, line, column: null }), read.error)
    tally.uninspected += read.value.uninspected.length
    for (const segment of read.value.segments) {
      await judge(segment, () => ({ file, line, column: null, pointer: segment.pointer }))
    }
  }

  async function input(file: string): Promise<boolean> {
    try {
      const isStdin = file === '-'
      const texts = textOf(isStdin ? io.stdin : createReadStream(file))
      if (!isStdin && /\.(jsonl|ndjson)$/i.test(file)) await judgeLines(file, texts)
      else if (isStdin) {
        const { line, all } = await peekLine(texts, LINE_CHARS_MAX)
        await (line.trimStart().startsWith('{') && readRecord(line, origin).ok ? judgeLines : judgeText)('(stdin)', all)
      } else await judgeText(file, texts)
      tally.files += 1
    } catch (error) {
      problem(printable(file), readProblem(error))
    }
    return isRead
  }

  async function end(): Promise<{ strictest: VerdictAction; problems: number }> {
    progress.clear()
    if (isRead) await io.out(report.summary({ ...tally, verdicts }))
    return { strictest, problems: tally.problems }
  }

  return { input, end }
}

function processIo(): ScanIo {
  let isRead = true
  let goOn: (() => void) | null = null
  process.stdout.on('drain', () => goOn?.())
  // The reader of a pipe may leave: `llmtrace scan big.txt | head`.
  process.stdout.on('error', () => {
    isRead = false
    goOn?.()
  })
  return {
    env: process.env,
    stdin: process.stdin,
    isStdinTerminal: process.stdin.isTTY,
    isStderrTerminal: process.stderr.isTTY,
    out: (text) => {
      if (!isRead) return false
      if (process.stdout.write(text)) return true
      return new Promise((resolve) => {
        goOn = () => resolve(isRead)
      })
    },
    err: (text) => process.stderr.write(text),
    now: () => performance.now(),
  }
}
