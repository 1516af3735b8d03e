/**
 * The one engine behind the data plane, `guard/scan`, `llmtrace scan` and the benches: a text and its place to all that matches in it.
 * It knows no policy. Agents send their history again with every call, so what was judged is remembered.
 */
import type { TextRange } from '../domain/finding.ts'
import type { Form, Match, Place, Scanner } from './match.ts'

/** Characters of remembered texts, in all: a few hundred ordinary histories. */
const REMEMBERED_CHARS_MAX = 4 * 1024 * 1024
/** A longer text is judged anew each time. */
const REMEMBERED_TEXT_MAX = 256 * 1024
/** A shorter one is judged faster than it is looked up. */
const REMEMBERED_TEXT_MIN = 64
/** Matches of one text. What lies beyond is not known, and told as a failure: a redaction must not leave the rest. */
const MATCHES_MAX = 16_384

export type Engine = {
  /** `more` are scanners of one policy or one call; what they find is not remembered. */
  scan(text: string, place: Place, more?: readonly NamedScanner[]): Scan
}

export type Scan = {
  readonly matches: readonly Match[]
  /** Scanners that threw, by name: nothing is known of what they look for. */
  readonly failed: readonly string[]
}

export type NamedScanner = { readonly name: string; readonly scan: Scanner }

export function createEngine(scanners: readonly NamedScanner[], forms: (text: string) => readonly Form[]): Engine {
  const remembered = new Map<string, Scan>()
  let rememberedChars = 0

  function scanWith(used: readonly NamedScanner[], text: string, place: Place): Scan {
    const matches: Match[] = []
    const failed: string[] = []
    try {
      const read = forms(text)
      for (const { name, scan } of used) {
        try {
          const found = withoutEchoes(scan(read, place))
          for (const match of found.slice(0, MATCHES_MAX - matches.length)) matches.push(match)
          if (matches.length === MATCHES_MAX) failed.push(`${name}:too_many`)
        } catch {
          failed.push(name)
        }
      }
    } catch {
      failed.push('normalize')
    }
    return { matches, failed }
  }

  function remember(key: string, scan: Scan): void {
    rememberedChars += key.length
    remembered.set(key, scan)
    for (const oldest of remembered.keys()) {
      if (rememberedChars <= REMEMBERED_CHARS_MAX) return
      remembered.delete(oldest)
      rememberedChars -= oldest.length
    }
  }

  function scanOwn(text: string, place: Place): Scan {
    if (text.length < REMEMBERED_TEXT_MIN || text.length > REMEMBERED_TEXT_MAX) return scanWith(scanners, text, place)
    const key = `${place.direction}/${place.origin}/${place.toolName ?? ''}\n${text}`
    const known = remembered.get(key)
    if (known !== undefined) {
      // The latest at the end: the oldest goes first.
      remembered.delete(key)
      remembered.set(key, known)
      return known
    }
    const scan = scanWith(scanners, text, place)
    if (scan.failed.length === 0) remember(key, scan)
    return scan
  }

  return {
    scan: (text, place, more = []) => {
      // Answers do not come again.
      if (place.direction === 'output') return scanWith(more.length === 0 ? scanners : [...scanners, ...more], text, place)
      const own = scanOwn(text, place)
      if (more.length === 0) return own
      const others = scanWith(more, text, place)
      return { matches: [...own.matches, ...others.matches], failed: [...own.failed, ...others.failed] }
    },
  }
}

/** What a rule found in the plain text is not told again for a decoded form of the same place. */
function withoutEchoes(matches: readonly Match[]): readonly Match[] {
  if (matches.every(({ via }) => via.length === 0)) return matches
  const plain = new Map<string, Match[]>()
  for (const match of matches) {
    if (match.via.length > 0) continue
    const known = plain.get(match.ruleId)
    if (known === undefined) plain.set(match.ruleId, [match])
    else if (known.length < MATCHES_MAX) known.push(match)
  }
  const isEcho = ({ ruleId, confidence, range }: Match) =>
    plain.get(ruleId)?.some((other) => other.confidence >= confidence && overlap(other.range, range)) === true
  return matches.filter((match) => match.via.length === 0 || !isEcho(match))
}

function overlap(a: TextRange | null, b: TextRange | null): boolean {
  return a === null || b === null || (a.startUtf16 < b.endUtf16 && b.startUtf16 < a.endUtf16)
}
