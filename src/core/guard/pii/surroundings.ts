/** What stands round a number: the words before it, and the head of the column in which it stands. */

/** Characters before a value in which a context word counts. */
const WINDOW = 64
/** A longer line is no line of a table. */
const LINE_MAX = 1024
/** Heads of one text. */
const HEADS_MAX = 256

type Head = { readonly end: number; readonly delimiter: string; readonly names: readonly string[] }

export type Surroundings = {
  /** Whether a word of `context` stands before the value at `start`, or names its column. Ask from left to right. */
  isNamed(context: RegExp, start: number): boolean
  /** Whether `isNamed` can be true there of any context at all. */
  hasWords(start: number): boolean
  /** The characters before `start` that may tell what it is. */
  before(start: number): string
}

/** Of every table in the text; a delimiter in double quotes divides nothing. */
function headsOf(text: string): readonly Head[] {
  const heads: Head[] = []
  let start = 0
  while (start < text.length && heads.length < HEADS_MAX) {
    const newline = text.indexOf('\n', start)
    const end = newline < 0 ? text.length : newline
    if (end - start <= LINE_MAX) {
      const line = text.slice(start, end)
      const delimiter = [',', '|', '\t', ';'].find((sign) => line.split(sign, 3).length === 3)
      // Names have no digits and are short: a sentence with two commas seldom passes, and then its words must still fit.
      if (delimiter !== undefined && !/[\d@]/.test(line)) {
        const names = line.split(delimiter)
        if (names.every((name) => name.length <= 40))
          heads.push({ end, delimiter, names: names.map((name) => name.replaceAll('_', ' ')) })
      }
    }
    start = end + 1
  }
  return heads
}

export function surroundingsOf(text: string): Surroundings {
  let heads: readonly Head[] | null = null
  let headIndex = -1
  /** The line that was read last, as far as `readTo`, with the delimiters so far. */
  let lineStart = -1
  let readTo = 0
  let column = 0
  let isQuoted = false
  /** The value that was asked for last: rows ask for the same one after another. */
  let windowAt = -1
  let window = ''

  function columnAt(start: number): string {
    heads ??= headsOf(text)
    if (heads.length === 0) return ''
    const near = text.slice(Math.max(0, start - LINE_MAX), start)
    const newline = near.lastIndexOf('\n')
    if (newline < 0) return ''
    const newStart = start - near.length + newline + 1
    if (newStart < lineStart) headIndex = -1
    while ((heads[headIndex + 1]?.end ?? Infinity) < newStart) headIndex += 1
    const head = heads[headIndex]
    if (head === undefined) return ''
    if (newStart !== lineStart || start < readTo) {
      lineStart = newStart
      readTo = newStart
      column = 0
      isQuoted = false
    }
    for (; readTo < start; readTo += 1) {
      const char = text[readTo]
      if (char === '"') isQuoted = !isQuoted
      else if (char === head.delimiter && !isQuoted) column += 1
    }
    return head.names[column] ?? ''
  }

  /** What is before the value, if there are words in it; empty elsewhere. */
  function wordsBefore(start: number): string {
    if (start !== windowAt) {
      windowAt = start
      const name = columnAt(start)
      // Beyond the first column of a table the lines above it speak about other columns.
      const from = Math.max(0, start - WINDOW, name !== '' && column > 0 ? lineStart : 0)
      const near = `${name}\n${text.slice(from, start)}`
      window = /\p{L}/u.test(near) ? near : ''
    }
    return window
  }

  return {
    before: (start) => text.slice(Math.max(0, start - WINDOW), start),
    hasWords: (start) => wordsBefore(start) !== '',
    isNamed: (context, start) => {
      const near = wordsBefore(start)
      return near !== '' && context.test(near)
    },
  }
}

/** Digits that somebody typed to have some: all the same, or counted up or down. */
export function isPlaceholder(digits: string): boolean {
  return /^(\d)\1*$/.test(digits) || '01234567890123456789'.includes(digits) || '98765432109876543210'.includes(digits)
}
