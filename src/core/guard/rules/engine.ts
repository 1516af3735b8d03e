/**
 * Runs rules over the forms of a text. One pass finds the literals; a rule's pattern is tried only near them, so that most texts touch
 * few patterns. Time is linear: windows of one rule are joined before its pattern sees them, and patterns have bounded gaps only.
 */
import { ORIGINS } from '../../domain/segment.ts'
import type { Form, Match, Place, Scanner } from '../match.ts'
import type { Rule, Span } from './rule.ts'
import { CONFIDENCE_OF_TALK, isTalk } from './talk.ts'
import { createWordIndex, type WordIndex } from './word-index.ts'

const REACH_UTF16 = 240
/** Numbers that are kept between texts: no memory for one that was long. */
const KEPT_MAX = 65_536
const STARTS_MIN = 4096
/** Matches of one rule in one text. More say nothing new. */
const MATCHES_MAX = 32
/** Of these, those that the user only speaks about. */
const WEAK_MATCHES_MAX = 16
/** What `notAfter` sees. */
const BEFORE_MAX = 80
/** A window's end is moved to the end of its word, so that a pattern sees no half words. */
const WORD_REST_MAX = 64

type Compiled = {
  readonly rule: Rule
  /** Null for a structural rule. */
  readonly regex: RegExp | null
  readonly reach: number
  /** Numbers of its groups of literals. */
  readonly groups: readonly number[]
  /** Bits of `placeBit`. */
  readonly places: number
}

/** Throws where two rules have the same id. */
export function compileRules(rules: readonly Rule[]): Scanner {
  const groups = new Map<string, number>()
  const groupsOfWord = new Map<string, number[]>()
  const always: Compiled[] = []
  /** By the number of their first group. */
  const byGroup: Compiled[][] = []
  const ids = new Set<string>()
  for (const rule of rules) {
    if (ids.has(rule.id)) throw new Error(`rule id used twice: ${rule.id}`)
    ids.add(rule.id)
    const numbers = rule.words.map((words) => {
      const key = [...words].sort().join('\n')
      const known = groups.get(key)
      if (known !== undefined) return known
      const number = groups.size
      groups.set(key, number)
      byGroup.push([])
      for (const word of new Set(words)) groupsOfWord.set(word, [...(groupsOfWord.get(word) ?? []), number])
      return number
    })
    const compiled: Compiled = {
      rule,
      regex: rule.pattern instanceof RegExp ? new RegExp(rule.pattern.source, flagsOf(rule)) : null,
      reach: rule.reachUtf16 ?? REACH_UTF16,
      groups: numbers,
      places: placeBits(rule),
    }
    const [first] = numbers
    if (first === undefined) always.push(compiled)
    else byGroup[first]?.push(compiled)
  }
  const words = [...groupsOfWord.keys()]
  const groupsOf = words.map((word) => groupsOfWord.get(word) ?? [])
  const hits = createHits(groups.size, groupsOf, createWordIndex(words))

  return (forms, place) => {
    const bit = placeBit(place)
    const matches = new Map<Rule, Match[]>()
    for (const form of forms) {
      hits.find(form.folded)
      for (const compiled of always) if ((compiled.places & bit) !== 0) run({ compiled, form, hits, place }, matches)
      for (let at = 0; at < hits.touched.length; at++) {
        for (const compiled of byGroup[hits.touched[at] as number] as Compiled[]) {
          if ((compiled.places & bit) !== 0 && hasAll(compiled, hits)) run({ compiled, form, hits, place }, matches)
        }
      }
    }
    return [...matches.values()].flat()
  }
}

/** Where literals stand in the text that was looked at last, group by group: all in one list, from `from` to `to` of a group. */
type Hits = {
  find(text: string): void
  /** Numbers of the groups of which a literal occurs. */
  readonly touched: readonly number[]
  readonly from: Int32Array
  readonly to: Int32Array
  /** Where the literal at this place of the list begins in the text. */
  start(at: number): number
}

/** Memory is kept between texts: this runs over every one of them. Only what the last text touched has to be emptied. */
function createHits(count: number, groupsOf: readonly (readonly number[])[], findWords: WordIndex): Hits {
  const touched: number[] = []
  const from = new Int32Array(count)
  const to = new Int32Array(count)
  let found: number[] = []
  let starts = new Int32Array(STARTS_MIN)

  const find = (text: string) => {
    for (let i = 0; i < touched.length; i++) {
      from[touched[i] as number] = 0
      to[touched[i] as number] = 0
    }
    touched.length = 0
    const numbers = findWords(text, found)
    let all = 0
    for (let at = 0; at < numbers; at += 2) {
      const of = groupsOf[found[at] as number] as readonly number[]
      for (let i = 0; i < of.length; i++) {
        const group = of[i] as number
        if (to[group] === 0) touched.push(group)
        to[group] = (to[group] as number) + 1
        all++
      }
    }
    if (all > starts.length) starts = new Int32Array(2 * all)
    else if (starts.length > KEPT_MAX && all < KEPT_MAX) starts = new Int32Array(STARTS_MIN + all)
    let next = 0
    for (let i = 0; i < touched.length; i++) {
      const group = touched[i] as number
      from[group] = next
      next += to[group] as number
      to[group] = from[group] as number
    }
    for (let at = 0; at < numbers; at += 2) {
      const of = groupsOf[found[at] as number] as readonly number[]
      const start = found[at + 1] as number
      for (let i = 0; i < of.length; i++) {
        const group = of[i] as number
        const end = to[group] as number
        // One literal may be the beginning of another.
        if (end > (from[group] as number) && starts[end - 1] === start) continue
        starts[end] = start
        to[group] = end + 1
      }
    }
    if (found.length > KEPT_MAX) found = []
  }
  return { find, touched, from, to, start: (at) => starts[at] as number }
}

function hasAll({ groups }: Compiled, { from, to }: Hits): boolean {
  for (let i = 0; i < groups.length; i++) {
    const group = groups[i] as number
    if ((to[group] as number) <= (from[group] as number)) return false
  }
  return true
}

type Trial = {
  readonly compiled: Compiled
  readonly form: Form
  readonly hits: Hits
  readonly place: Place
}

function run({ compiled, form, hits, place }: Trial, matches: Map<Rule, Match[]>): void {
  const { rule, regex } = compiled
  let known = matches.get(rule)
  const report = (start: number, end: number): boolean => {
    if (known === undefined) matches.set(rule, (known = []))
    const confidence = isTalk(rule, form, place, start, end) ? Math.min(rule.confidence, CONFIDENCE_OF_TALK) : rule.confidence
    // What is weak takes no room from what is not.
    if (confidence < rule.confidence && known.length >= WEAK_MATCHES_MAX) return true
    add(known, rule, form, confidence, start, end)
    return known.length < MATCHES_MAX
  }
  if (known !== undefined && known.length >= MATCHES_MAX) return
  const text = rule.isExact === true ? form.text : form.folded
  if (typeof rule.pattern === 'function') {
    for (const { start, end } of rule.pattern(form)) if (!report(start, end)) return
    return
  }
  if (regex === null) return
  const isTrusted = place.origin === 'system' || place.origin === 'assistant'
  const [first = 0] = compiled.groups
  let next = hits.from[first] as number
  const last = hits.to[first] as number
  for (const window of windowsOf(compiled, text, hits)) {
    const seen = window.end === text.length ? text : text.slice(0, window.end)
    let at = window.start
    for (;;) {
      if (rule.beginsWithWord === true) {
        while (next < last && hits.start(next) < at) next++
        if (next === last || hits.start(next) >= window.end) break
        at = hits.start(next)
      }
      regex.lastIndex = at
      const found = regex.exec(seen)
      if (found === null) {
        if (rule.beginsWithWord !== true) break
        at++
        continue
      }
      const end = found.index + found[0].length
      at = Math.max(end, found.index + 1)
      if (end === found.index) continue
      if (isDenied(rule, text, found.index, isTrusted)) {
        // Another match may begin within this one.
        at = found.index + 1
      } else if (!report(found.index, end)) return
    }
  }
}

/** True where what stands before makes a match none. */
function isDenied(rule: Rule, text: string, start: number, isTrusted: boolean): boolean {
  const { notAfter, notAfterWhenTrusted } = rule
  if (notAfter === undefined && notAfterWhenTrusted === undefined) return false
  const before = text.slice(Math.max(0, start - BEFORE_MAX), start)
  return notAfter?.test(before) === true || (isTrusted && notAfterWhenTrusted?.test(before) === true)
}

/** Where a match can be: near those of the rarest group's literals that have one of each other group near. Ascending, apart. */
function windowsOf({ groups, reach }: Compiled, text: string, hits: Hits): readonly Span[] {
  if (groups.length === 0) return [{ start: 0, end: text.length }]
  const { from, to } = hits
  let rarest = groups[0] as number
  for (const group of groups) {
    if ((to[group] as number) - (from[group] as number) < (to[rarest] as number) - (from[rarest] as number)) rarest = group
  }
  const windows: Span[] = []
  let start = -1
  let end = -1
  const last = to[rarest] as number
  for (let at = from[rarest] as number; at < last; at++) {
    const hit = hits.start(at)
    if (!isNearAll(groups, rarest, hits, hit, reach)) continue
    const first = Math.max(0, hit - reach)
    if (first > end) {
      if (start >= 0) windows.push({ start, end: endOfWord(text, end) })
      start = first
    }
    end = Math.min(text.length, hit + reach)
  }
  if (start >= 0) windows.push({ start, end: endOfWord(text, end) })
  return windows
}

function isNearAll(groups: readonly number[], rarest: number, hits: Hits, hit: number, reach: number): boolean {
  for (const group of groups) {
    if (group === rarest) continue
    // The first that is not too far before.
    let low = hits.from[group] as number
    const end = hits.to[group] as number
    let high = end
    while (low < high) {
      const middle = (low + high) >> 1
      if (hits.start(middle) < hit - reach) low = middle + 1
      else high = middle
    }
    if (low === end || hits.start(low) > hit + reach) return false
  }
  return true
}

function endOfWord(text: string, end: number): number {
  const last = Math.min(text.length, end + WORD_REST_MAX)
  let at = end
  while (at < last && isOfWord(text, at)) at++
  return at
}

function isOfWord(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  if (code < 0x80) return (code >= 0x30 && code <= 0x39) || ((code | 32) >= 0x61 && (code | 32) <= 0x7a)
  return /[\p{L}\p{M}\p{N}]/u.test(text.charAt(at))
}

/** Overlapping matches of one rule become one; what a decoded form repeats of the text itself is dropped. */
function add(known: Match[], rule: Rule, form: Form, confidence: number, start: number, end: number): void {
  const range = form.rangeOf(start, end)
  for (let i = known.length - 1; i >= 0; i--) {
    const other = known[i]
    if (other?.range == null || other.range.startUtf16 >= range.endUtf16 || other.range.endUtf16 <= range.startUtf16) continue
    if (other.via.length === form.via.length) {
      const startUtf16 = Math.min(other.range.startUtf16, range.startUtf16)
      known[i] = {
        ...other,
        confidence: Math.max(other.confidence, confidence),
        range: { startUtf16, endUtf16: Math.max(other.range.endUtf16, range.endUtf16) },
      }
    }
    return
  }
  known.push({
    ruleId: rule.id,
    findingType: rule.findingType,
    category: rule.category,
    severity: rule.severity,
    confidence,
    description: rule.description,
    range,
    via: form.via,
    tag: rule.tag ?? null,
  })
}

/** Sticky for what is tried at given places only. */
function flagsOf(rule: Rule): string {
  const flags = rule.pattern instanceof RegExp ? rule.pattern.flags.replace(/[gy]/g, '') : ''
  return flags + (rule.beginsWithWord === true ? 'y' : 'g')
}

function placeBit(place: Pick<Place, 'direction' | 'origin'>): number {
  return 1 << (ORIGINS.indexOf(place.origin) * 2 + (place.direction === 'input' ? 0 : 1))
}

function placeBits(rule: Rule): number {
  let bits = 0
  for (const direction of rule.directions) for (const origin of rule.origins) bits |= placeBit({ direction, origin })
  return bits
}
