/**
 * Judges code of other languages by the texts and calls in it: commands it would run, paths it opens, URLs it asks. It reads no grammar;
 * what is put together from pieces at run time is not seen.
 */
import type { Notes } from './command-words.ts'
import { quoteWords } from './invocations.ts'
import { normalPath } from './scan-path.ts'

/** Characters of code that are read. */
export const CODE_CHARS_MAX = 256 * 1024
/** Texts of one piece of code that are looked at. */
const LITERALS_MAX = 512

type At = { readonly startUtf16: number; readonly endUtf16: number }

export type CodeReading = {
  /** Command lines that it gives to a shell. */
  readonly commands: readonly string[]
  /** Other texts in it: paths, URLs, whatever they are. */
  readonly texts: readonly string[]
}

/** Names of functions that run a command, just before their `(`. */
const RUNS =
  /(?:\b(?:os\.(?:system|popen|exec\w*|spawn\w*)|subprocess\.\w+|commands\.getoutput|pty\.spawn|exec(?:Sync|File|FileSync)?|spawn(?:Sync)?|system|popen|shell_exec|passthru|proc_open|ProcessBuilder|Runtime\.getRuntime\(\)\.exec|Bun\.spawn(?:Sync)?|execa(?:Command)?|Deno\.Command|check_output|check_call|Popen|Process\.Start|do shell script))\s{0,3}$/
const SOCKET =
  /\bsocket\b|TCPSocket|fsockopen|net\.(connect|createConnection|Socket)|IO::Socket|\/inet\/tcp\/|TcpClient|create_connection/
const HANDS_OVER = /dup2|pty\.spawn|\/bin\/(ba|z|da)?sh|cmd\.exe|powershell|child_process|\/system\b|open\(STDIN|\|&/
const DECODES =
  /b64decode|base64\.decode|base64_decode|atob\s{0,3}\(|fromhex|unhexlify|Base64\.decode64|decode_base64|Buffer\.from\([^)]{0,4096}['"](base64|hex)['"]|codecs\.decode|zlib\.decompress|gzinflate|marshal\.loads/
const EVALUATES = /(^|[^\w.])(exec|eval|create_function|new Function|instance_eval|vm\.runIn\w+)\s{0,3}\(/
const EVALUATES_INPUT =
  /(^|[^\w.])(exec|eval)\s{0,3}\([^\n]{0,200}(urlopen|requests\.get|fetch\s{0,3}\(|file_get_contents|https?\.get|readFileSync\(0|stdin\.read)/
const REMOVES =
  /(?:shutil\.rmtree|rmSync|rm|rmdirSync|FileUtils\.rm_rf|remove_tree|rimraf(?:\.sync)?|Deno\.remove(?:Sync)?|deleteDirectory)\s{0,3}\(\s{0,9}$/

/** Reads `code` once, from its beginning to `CODE_CHARS_MAX`. */
export function readCode(code: string, at: At | null, notes: Notes): CodeReading {
  const text = code.slice(0, CODE_CHARS_MAX)
  const commands: string[] = []
  const texts: string[] = []
  if (SOCKET.test(text) && HANDS_OVER.test(text) && /connect|TCPSocket|fsockopen|\/inet\/|TcpClient/.test(text)) {
    notes.exploits()
    notes.found('reverse-shell', at)
  }
  if (DECODES.test(text) && EVALUATES.test(text)) {
    notes.exploits()
    notes.found('code-encoded', at)
  }

  if (EVALUATES_INPUT.test(text)) {
    notes.exploits()
    notes.found('code-download-run', at)
  }

  let isRunning = false
  let list: string[] | null = null
  let last = 0
  let literals = 0
  const finishList = (): void => {
    if (list !== null && list.length > 0) commands.push(quoteWords(list))
    list = null
  }
  for (let i = 0; i < text.length && literals < LITERALS_MAX; i += 1) {
    const c = text[i]
    if (c === '(') {
      finishList()
      isRunning = RUNS.test(text.slice(Math.max(last, i - 64), i))
      if (isRunning) notes.found('code-shell', at)
    } else if (c === '[') {
      if (isRunning) list = []
    } else if (c === ']' || c === ')') {
      finishList()
      if (c === ')') isRunning = false
    } else if (c === '"' || c === "'" || c === '`') {
      literals += 1
      const literal = literalAt(text, i, c)
      const before = text.slice(Math.max(last, i - 64), i)
      if (REMOVES.test(before) && /^(\/|~|\/home|\/etc|\/usr|\/var|\/\*|~\/\*)$/.test(normalPath(literal.value)))
        notes.found('code-remove', at)
      if (isRunning && list !== null) list.push(literal.value)
      else if (isRunning || (c === '`' && /(^|[\s=(])(%x)?$/.test(before) && !/\$\{/.test(literal.value)))
        commands.push(literal.value)
      texts.push(literal.value)
      i = literal.end - 1
      last = literal.end
    }
  }
  finishList()
  return { commands, texts }
}

/** The text from the quote at `from`; three quotes where there are three. */
function literalAt(text: string, from: number, quote: string): { readonly value: string; readonly end: number } {
  const isTriple = text[from + 1] === quote && text[from + 2] === quote
  const close = isTriple ? quote.repeat(3) : quote
  const start = from + close.length
  let value = ''
  let i = start
  while (i < text.length && !text.startsWith(close, i)) {
    if (text[i] === '\\' && i + 1 < text.length) {
      const hex = text[i + 1] === 'x' ? /^[0-9a-f]{2}/i.exec(text.slice(i + 2, i + 4))?.[0] : undefined
      const next = text[i + 1] ?? ''
      value +=
        hex === undefined ? (next === 'n' ? '\n' : next === 't' ? '\t' : next) : String.fromCharCode(Number.parseInt(hex, 16))
      i += hex === undefined ? 2 : 4
    } else {
      value += text[i]
      i += 1
    }
  }
  return { value, end: Math.min(text.length, i + close.length) }
}
