/** What `scan` reads, as texts: in lines or in pieces, so that an input of any length needs a bounded memory. */

export type Line = {
  /** From 1. */
  readonly number: number
  /** Null for a line longer than the bound, which is not kept. */
  readonly text: string | null
}

export type Piece = {
  readonly text: string
  /** Line of its first character, from 1. */
  readonly line: number
}

/** UTF-8, or UTF-16 where a byte order mark says so. What is not text in it comes out as U+FFFD. */
export async function* textOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let decoder: TextDecoder | null = null
  let head = new Uint8Array(0)
  for await (const chunk of chunks) {
    if (decoder === null) {
      head = joined(head, chunk)
      if (head.byteLength < 2) continue
      decoder = new TextDecoder(encodingOf(head))
      yield decoder.decode(head, { stream: true })
    } else yield decoder.decode(chunk, { stream: true })
  }
  yield decoder === null ? new TextDecoder().decode(head) : decoder.decode()
}

/** Ends are LF and CRLF; nothing else ends a line of JSON. */
export async function* linesOf(texts: AsyncIterable<string>, charsMax: number): AsyncGenerator<Line> {
  let parts: string[] = []
  let chars = 0
  let number = 1
  const take = (): Line => {
    const text = chars > charsMax ? null : parts.join('').replace(/\r$/, '')
    parts = []
    chars = 0
    return { number: number++, text }
  }
  const keep = (part: string): void => {
    chars += part.length
    if (chars > charsMax) parts = []
    else parts.push(part)
  }
  for await (const text of texts) {
    let start = 0
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      keep(text.slice(start, end))
      yield take()
      start = end + 1
    }
    keep(text.slice(start))
  }
  if (chars > 0) yield take()
}

/** All of it as one piece where it has at most `charsMax` characters, else cut where a line ends. */
export async function* piecesOf(texts: AsyncIterable<string>, charsMax: number): AsyncGenerator<Piece> {
  let kept: string[] = []
  let chars = 0
  let line = 1
  for await (const text of texts) {
    kept.push(text)
    chars += text.length
    while (chars > charsMax) {
      const all = kept.join('')
      const end = cutOf(all, charsMax)
      const piece = all.slice(0, end)
      yield { text: piece, line }
      line += lineEndsIn(piece, 0, piece.length)
      kept = [all.slice(end)]
      chars = all.length - end
    }
  }
  const rest = kept.join('')
  if (rest !== '') yield { text: rest, line }
}

/** The beginning of `texts` up to its first line end or `charsMax`, and all of it again. */
export async function peekLine(
  texts: AsyncGenerator<string>,
  charsMax: number,
): Promise<{ readonly line: string; readonly all: AsyncGenerator<string> }> {
  let head = ''
  while (!head.includes('\n') && head.length <= charsMax) {
    const next = await texts.next()
    if (next.done === true) break
    head += next.value
  }
  async function* all(): AsyncGenerator<string> {
    yield head
    yield* texts
  }
  return { line: head.slice(0, head.includes('\n') ? head.indexOf('\n') : charsMax), all: all() }
}

export function lineEndsIn(text: string, start: number, end: number): number {
  let count = 0
  for (let at = text.indexOf('\n', start); at >= 0 && at < end; at = text.indexOf('\n', at + 1)) count += 1
  return count
}

function cutOf(text: string, charsMax: number): number {
  const end = text.lastIndexOf('\n', charsMax - 1) + 1
  if (end > 0) return end
  const last = text.charCodeAt(charsMax - 1)
  return last >= 0xd800 && last <= 0xdbff && charsMax > 1 ? charsMax - 1 : charsMax
}

function encodingOf(head: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le'
  return head[0] === 0xfe && head[1] === 0xff ? 'utf-16be' : 'utf-8'
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(a.byteLength + b.byteLength)
  all.set(a)
  all.set(b, a.byteLength)
  return all
}
