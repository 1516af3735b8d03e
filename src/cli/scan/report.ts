/** How `scan` tells what it found: lines for people, and one JSON object a line for programs. Never a part of a text. */
import type { TextRange, VerdictAction } from '../../core/domain/finding.ts'
import type { Segment } from '../../core/domain/segment.ts'
import { excerptOf } from '../../core/guard/excerpt.ts'
import type { Judged } from '../../core/guard/match.ts'
import { lineEndsIn } from './inputs.ts'

/** Characters of a name that someone chose: a file, a JSON pointer. */
const NAME_CHARS_MAX = 256

export type Site = {
  readonly file: string
  readonly line: number
  /** From 1, in UTF-16 code units; null where the finding is about the whole, or stands within a line of JSON. */
  readonly column: number | null
  /** Into the line's JSON; null for a file of text. */
  readonly pointer: string | null
}

export type Tally = {
  readonly files: number
  readonly texts: number
  readonly verdicts: { readonly [verdict in VerdictAction]: number }
  readonly findings: number
  /** Parts of bodies that are no text: images and the like. */
  readonly uninspected: number
  readonly problems: number
}

export type Reporter = {
  finding(site: Site, judged: Judged, segment: Segment): string
  summary(tally: Tally): string
}

export const TEXT_REPORT: Reporter = {
  finding: (site, judged, segment) => {
    const { findingType, severity, confidence, ruleId, description } = judged
    const would = judged.shadowAction === null ? '' : ` (shadow: ${judged.shadowAction})`
    const details = [
      excerptOfRange(segment.text, judged.range),
      ...(judged.via.length > 0 ? [`in ${judged.via.join(', ')}`] : []),
    ]
    const what = `${judged.action}${would} ${findingType} ${severity} ${confidence.toFixed(2)} ${ruleId}`
    const from = site.pointer === null ? '' : ` ${segment.origin} ${printable(site.pointer)}`
    return `${placeText(site)}: ${what}:${from} ${description} [${details.join('; ')}]\n`
  },
  summary: ({ files, texts, verdicts, findings, uninspected, problems }) => {
    const told = (['block', 'redact', 'flag', 'pass'] as const).map((verdict) => `${verdict} ${verdicts[verdict]}`)
    const more = [
      ...(uninspected > 0 ? [`${plural(uninspected, 'part')} that ${uninspected === 1 ? 'is' : 'are'} no text`] : []),
      ...(problems > 0 ? [`${problems} could not be judged`] : []),
    ]
    const rest = more.map((one) => `; ${one}`).join('')
    return `${plural(texts, 'text')} in ${plural(files, 'input')}: ${told.join(', ')}; ${plural(findings, 'finding')}${rest}\n`
  },
}

export const JSON_REPORT: Reporter = {
  finding: (site, judged, segment) =>
    line({
      type: 'finding',
      file: site.file,
      line: site.line,
      column: site.column,
      location: site.pointer,
      origin: segment.origin,
      action: judged.action,
      shadow_action: judged.shadowAction,
      finding_type: judged.findingType,
      category: judged.category,
      severity: judged.severity,
      confidence_score: judged.confidence,
      rule_id: judged.ruleId,
      description: judged.description,
      via: judged.via,
      range: judged.range === null ? null : { start_utf16: judged.range.startUtf16, end_utf16: judged.range.endUtf16 },
      excerpt: excerptOfRange(segment.text, judged.range),
    }),
  summary: ({ files, texts, verdicts, findings, uninspected, problems }) =>
    line({ type: 'summary', files, texts, verdicts, findings, uninspected, problems }),
}

/** `FILE:LINE:COLUMN`, as editors and terminals follow it. */
export function placeText({ file, line, column }: Pick<Site, 'file' | 'line' | 'column'>): string {
  return `${printable(file)}:${line}${column === null ? '' : `:${column}`}`
}

/** Without what a terminal would act on, and not endlessly long. */
export function printable(name: string): string {
  return name.replaceAll(/\p{C}/gu, '?').slice(0, NAME_CHARS_MAX)
}

/** Line and column of findings in a text; they must be asked for in the order of the text. */
export function createPlaces(text: string, firstLine: number): (range: TextRange) => { line: number; column: number } {
  let at = 0
  let line = firstLine
  return ({ startUtf16 }) => {
    line += lineEndsIn(text, at, startUtf16)
    at = startUtf16
    return { line, column: startUtf16 - text.lastIndexOf('\n', startUtf16 - 1) }
  }
}

function excerptOfRange(text: string, range: TextRange | null): string {
  return excerptOf(range === null ? text : text.slice(range.startUtf16, range.endUtf16))
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

function line(value: object): string {
  return `${JSON.stringify(value)}\n`
}
