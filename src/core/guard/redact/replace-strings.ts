/**
 * Changes strings inside of a JSON text and keeps every other character as it is: numbers, the order of keys, white space and the
 * escapes of what stays. It does not check the text: that is the caller's, who has parsed it. Linear in the text and in the edits.
 */
import { asString, parseJson } from '../../domain/json.ts'

/** Half-open, in UTF-16 code units of the string's value. */
export type RangeEdit = { readonly startUtf16: number; readonly endUtf16: number; readonly replacement: string }

/** Ranges of the string at `pointer` (RFC 6901), or JSON text that takes the place of whatever stands there. */
export type JsonEdit =
  | { readonly pointer: string; readonly ranges: readonly RangeEdit[] }
  | { readonly pointer: string; readonly json: string }

export type Replaced = {
  readonly text: string
  /** Nothing was changed for these: their pointer leads nowhere, or to something that is no string. */
  readonly unredacted: readonly JsonEdit[]
}

/** Steps of a pointer that is followed; bounds our own recursion. */
const STEPS_MAX = 1024

type Span = { readonly start: number; readonly end: number }
type Node = { readonly children: Map<string, Node>; readonly edits: JsonEdit[]; span: Span | null }

/**
 * Where a key stands twice in an object, the last one is meant, as for `JSON.parse`. Of ranges that overlap the first one's
 * replacement stands for all; a range that cuts a surrogate pair takes the whole of it.
 */
export function replaceStrings(json: string, edits: readonly JsonEdit[]): Replaced {
  if (edits.length === 0) return { text: json, unredacted: [] }
  const unredacted: JsonEdit[] = []
  const root = newNode()
  const targets = new Set<Node>()
  for (const edit of edits) {
    const node = nodeAt(root, edit.pointer)
    if (node === null) unredacted.push(edit)
    else {
      node.edits.push(edit)
      targets.add(node)
    }
  }
  visit(json, skipSpace(json, json.startsWith('\ufeff') ? 1 : 0), root)

  const found = [...targets].map((node) => ({ node, span: node.span }))
  const placed: { readonly span: Span; readonly edits: readonly JsonEdit[] }[] = []
  for (const { node, span } of found) {
    if (span === null) unredacted.push(...node.edits)
    else placed.push({ span, edits: node.edits })
  }
  placed.sort((a, b) => a.span.start - b.span.start)
  let text = ''
  let at = 0
  for (const { span, edits: wanted } of placed) {
    // Inside of a value that was replaced as a whole.
    if (span.start < at) continue
    const token = json.slice(span.start, span.end)
    const { text: changed, unredacted: left } = changedToken(token, wanted)
    unredacted.push(...left)
    text += json.slice(at, span.start) + changed
    at = span.end
  }
  return { text: text + json.slice(at), unredacted }
}

function newNode(): Node {
  return { children: new Map(), edits: [], span: null }
}

function nodeAt(root: Node, pointer: string): Node | null {
  if (pointer === '') return root
  const steps = pointer.split('/')
  if (steps[0] !== '' || steps.length > STEPS_MAX) return null
  let node = root
  for (const step of steps.slice(1)) {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~')
    let child = node.children.get(key)
    if (child === undefined) {
      child = newNode()
      node.children.set(key, child)
    }
    node = child
  }
  return node
}

/** What was found under an earlier key of the same name does not count. */
function forget(node: Node): void {
  node.span = null
  for (const child of node.children.values()) forget(child)
}

/** Follows the wanted pointers through the value that begins at `start`; gives its end. */
function visit(json: string, start: number, node: Node): number {
  forget(node)
  const open = json[start]
  let end = start
  if (node.children.size === 0 || (open !== '{' && open !== '[')) end = skipValue(json, start)
  else if (open === '{') end = visitObject(json, start, node)
  else end = visitArray(json, start, node)
  node.span = { start, end }
  return end
}

function visitObject(json: string, start: number, node: Node): number {
  let at = skipSpace(json, start + 1)
  while (at < json.length && json[at] !== '}') {
    const keyEnd = skipValue(json, at)
    const child = node.children.get(keyOf(json.slice(at, keyEnd)))
    at = skipSpace(json, skipSpace(json, keyEnd) + 1)
    at = skipSpace(json, child === undefined ? skipValue(json, at) : visit(json, at, child))
    if (json[at] === ',') at = skipSpace(json, at + 1)
  }
  return at + 1
}

function visitArray(json: string, start: number, node: Node): number {
  let at = skipSpace(json, start + 1)
  for (let i = 0; at < json.length && json[at] !== ']'; i += 1) {
    const child = node.children.get(String(i))
    at = skipSpace(json, child === undefined ? skipValue(json, at) : visit(json, at, child))
    if (json[at] === ',') at = skipSpace(json, at + 1)
  }
  return at + 1
}

function keyOf(token: string): string {
  return token.includes('\\') ? (asString(parseJson(token)) ?? '') : token.slice(1, -1)
}

export function skipSpace(json: string, start: number): number {
  let at = start
  while (at < json.length) {
    const code = json.charCodeAt(at)
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) break
    at += 1
  }
  return at
}

/** The end of the string whose quote is at `start`. */
export function skipString(json: string, start: number): number {
  let at = start + 1
  for (;;) {
    const quote = json.indexOf('"', at)
    if (quote === -1) return json.length
    let slashes = 0
    while (json.charCodeAt(quote - 1 - slashes) === 0x5c) slashes += 1
    at = quote + 1
    if (slashes % 2 === 0) return at
  }
}

/** Without recursion: a value that nobody points into may be nested as deeply as it likes. Always moves on by at least one. */
function skipValue(json: string, start: number): number {
  let depth = 0
  let at = start
  while (at < json.length) {
    const code = json.charCodeAt(at)
    if (code === 0x22) at = skipString(json, at)
    else if (code === 0x7b || code === 0x5b) {
      depth += 1
      at += 1
    } else if (code === 0x7d || code === 0x5d) {
      if (depth === 0) break
      depth -= 1
      at += 1
    } else if (depth === 0 && (code === 0x2c || code === 0x3a || code <= 0x20)) break
    else {
      at += 1
      continue
    }
    if (depth === 0) return at
  }
  return Math.max(at, start + 1)
}

function changedToken(token: string, edits: readonly JsonEdit[]): Replaced {
  const whole = edits.find((edit) => 'json' in edit)
  if (whole !== undefined) return { text: whole.json, unredacted: [] }
  const ranges = edits.flatMap((edit) => ('ranges' in edit ? edit.ranges : []))
  if (!token.startsWith('"')) return { text: token, unredacted: edits }
  return { text: withRanges(token, ranges), unredacted: [] }
}

function withRanges(token: string, ranges: readonly RangeEdit[]): string {
  const sorted = [...ranges].sort((a, b) => a.startUtf16 - b.startUtf16 || b.endUtf16 - a.endUtf16)
  const places = createPlaces(token)
  let text = ''
  let kept = 0
  for (const { startUtf16, endUtf16, replacement } of sorted) {
    const start = places.placeOf(startUtf16, 'start')
    const end = places.placeOf(Math.max(endUtf16, startUtf16), 'end')
    if (start < kept) {
      kept = Math.max(kept, end)
      continue
    }
    text += token.slice(kept, start) + JSON.stringify(replacement).slice(1, -1)
    kept = end
  }
  return text + token.slice(kept)
}

/** Places in a string's token of offsets in its value. Offsets may be asked in any order; usually they grow. */
function createPlaces(token: string): { placeOf(offset: number, side: 'start' | 'end'): number } {
  const hasEscapes = token.includes('\\')
  const last = token.length - 1
  let place = 1
  let offset = 0

  function move(wanted: number): void {
    if (!hasEscapes) {
      place = Math.min(1 + Math.max(0, wanted), last)
      return
    }
    if (wanted < offset) {
      place = 1
      offset = 0
    }
    while (offset < wanted && place < last) {
      place = unitEnd(token, place)
      offset += 1
    }
  }

  return {
    placeOf: (wanted, side) => {
      move(wanted)
      if (!isLowSurrogate(token, place) || wanted <= 0 || place >= last) return place
      move(wanted - 1)
      const isPair = isHighSurrogate(token, place)
      move(isPair ? (side === 'start' ? wanted - 1 : wanted + 1) : wanted)
      return place
    },
  }
}

/** The end of the code unit that stands at `place` of a string's token: one character, or an escape of two or six. */
export function unitEnd(token: string, place: number): number {
  if (token.charCodeAt(place) !== 0x5c) return place + 1
  return place + (token[place + 1] === 'u' ? 6 : 2)
}

function unitAt(token: string, place: number): number {
  if (token.charCodeAt(place) !== 0x5c || token[place + 1] !== 'u') return token.charCodeAt(place)
  return Number.parseInt(token.slice(place + 2, place + 6), 16)
}

function isHighSurrogate(token: string, place: number): boolean {
  return (unitAt(token, place) & 0xfc00) === 0xd800
}

function isLowSurrogate(token: string, place: number): boolean {
  return (unitAt(token, place) & 0xfc00) === 0xdc00
}
