/** What stands round a number: the words before it, and the head of the column in which it stands. */

/** Characters before a value in which a context word counts. */
const WINDOW = 64
/** A longer line is no head of a table. */
const HEAD_CHARS_MAX = 1024
/** Heads of one text. */
const HEADS_MAX = 256

type Head = { readonly start: number; readonly end: number; readonly delimiter: string; readonly names: readonly string[] }

export type Surroundings = {
  /** The words that tell what the value at `start` is. */
  before(start: number): string
  /** The head of its column, where the text is a table of comma-separated or ruled lines; empty elsewhere. */
  columnAt(start: number): string
}

/** The fields of a line; a delimiter in double quotes divides nothing. */
function fieldsOf(line: string, delimiter: string): string[] {
  const fields: string[] = []
  let field = ''
  let isQuoted = false
  for (const char of line) {
    if (char === '"') isQuoted = !isQuoted
    if (char === delimiter && !isQuoted) {
      fields.push(field)
      field = ''
    } else field += char
  }
  fields.push(field)
  return fields
}

function headsOf(text: string): readonly Head[] {
  const heads: Head[] = []
  let start = 0
  while (start < text.length && heads.length < HEADS_MAX) {
    const newline = text.indexOf('\n', start)
    const end = newline < 0 ? text.length : newline
    if (end - start <= HEAD_CHARS_MAX) {
      const line = text.slice(start, end)
      const delimiter = [',', '|', '\t', ';'].find((sign) => line.split(sign, 3).length === 3)
      // Names have no digits and are short: a sentence with two commas seldom passes, and then its words must still fit.
      if (delimiter !== undefined && !/\d|@/.test(line)) {
        const names = fieldsOf(line, delimiter)
        if (names.every((name) => name.length <= 40)) heads.push({ start, end, delimiter, names })
      }
    }
    start = end + 1
  }
  return heads
}

export function surroundingsOf(text: string): Surroundings {
  let heads: readonly Head[] | null = null
  return {
    before: (start) => text.slice(Math.max(0, start - WINDOW), start),
    columnAt: (start) => {
      const lineStart = text.lastIndexOf('\n', start - 1) + 1
      if (lineStart === 0 || start - lineStart > HEAD_CHARS_MAX) return ''
      heads ??= headsOf(text)
      const head = heads.findLast((candidate) => candidate.end < lineStart && candidate.names.length > 2)
      if (head === undefined) return ''
      return head.names[fieldsOf(text.slice(lineStart, start), head.delimiter).length - 1] ?? ''
    },
  }
}

/** Digits that somebody typed to have some: all the same, or counted up or down. */
export function isPlaceholder(digits: string): boolean {
  return /^(\d)\1*$/.test(digits) || '01234567890123456789'.includes(digits) || '98765432109876543210'.includes(digits)
}
