/**
 * Where the events of a stream carry text: what a guard needs to judge it while it flows and to change it in place. A reader of one
 * stream, by dialect; it keeps only what tells parallel texts apart.
 */
import { asArray, asRecord, pointerToken, type Json, type JsonRecord } from '../../domain/json.ts'
import type { Origin } from '../../domain/segment.ts'
import type { StreamEvent } from '../dialect.ts'
import { indexIn, jsonText } from '../fields.ts'

export type StreamText = {
  /** RFC 6901 pointer into the event's data. */
  readonly pointer: string
  readonly text: string
  /**
   * `piece`: goes on where the channel's last piece ended. `repeat`: the whole text of a channel once more. `whole`: a text by itself.
   * `value`: the JSON text of an object or array, by itself.
   */
  readonly form: 'piece' | 'repeat' | 'whole' | 'value'
  readonly kind: 'text' | 'reasoning' | 'tool_call'
  readonly origin: Origin
  /** Tells parallel texts apart. Those of one answer or block begin with the same `group` and a slash. */
  readonly channel: string
  readonly group: string
  /** Pointer into the body of the unstreamed answer, or to what holds the text there. */
  readonly bodyPointer: string
  readonly toolName: string | null
  /** The pieces together are JSON text. */
  readonly isJson: boolean
  /** Values of the event (objects or arrays) that tell the text's tokens once more. */
  readonly tokens: readonly string[]
}

export type EventTexts = {
  readonly texts: readonly StreamText[]
  /** Groups that end with this event. */
  readonly ends: 'all' | readonly string[]
  /** The event may be sent twice, each time with a part of its only piece. */
  readonly isSplittable: boolean
  /** Says nothing of the answer and may overtake what waits. */
  readonly isKeepAlive: boolean
}

export type StreamTexts = {
  /** True where whole texts are repeated after their pieces. */
  readonly hasRepeats: boolean
  read(event: StreamEvent): EventTexts
}

export const NO_TEXTS: EventTexts = { texts: [], ends: [], isSplittable: false, isKeepAlive: false }

type More = Partial<Omit<StreamText, 'pointer' | 'text' | 'channel'>>

/** Gathers the texts of one event. Empty pieces are left out, but for those of a tool's call: it may come without arguments. */
export type TextList = {
  add(pointer: string, text: Json, channel: string, more?: More): void
  /** Arguments as text, or as an object by itself. */
  addArguments(pointer: string, value: Json, channel: string, more?: More): void
  /** Every string in a value, each by itself: citations, results, annotations. */
  addAll(pointer: string, value: Json, channel: string, more?: More): void
  readonly texts: readonly StreamText[]
}

/** Fields that hold no text: names and ids of things, and what only the provider can read. */
const UNREAD_FIELDS: ReadonlySet<string> = new Set([
  'type',
  'id',
  'encrypted_content',
  'encrypted_index',
  'signature',
  'data',
  'redactedContent',
  'thoughtSignature',
])

/** Levels of a value whose strings are looked at. */
const DEPTH_MAX = 16

export function createTextList(): TextList {
  const texts: StreamText[] = []

  function add(pointer: string, text: Json, channel: string, more: More = {}): void {
    if (typeof text !== 'string' || (text === '' && (more.kind !== 'tool_call' || (more.toolName ?? '') === ''))) return
    const group = more.group ?? channel.slice(0, Math.max(0, channel.lastIndexOf('/')))
    texts.push({
      form: 'piece',
      kind: 'text',
      origin: more.kind === 'tool_call' ? 'tool_call' : 'assistant',
      bodyPointer: '',
      toolName: null,
      isJson: false,
      tokens: [],
      ...more,
      pointer,
      text,
      channel,
      group,
    })
  }

  function addAll(pointer: string, value: Json, channel: string, more: More, depth: number): void {
    if (typeof value === 'string') return add(pointer, value, channel, { ...more, form: 'whole' })
    if (typeof value !== 'object' || value === null || depth > DEPTH_MAX) return
    if (Array.isArray(value)) {
      return value.forEach((item: Json, i) => addAll(`${pointer}/${i}`, item, channel, more, depth + 1))
    }
    for (const [key, item] of Object.entries(value)) {
      if (!UNREAD_FIELDS.has(key)) addAll(`${pointer}/${pointerToken(key)}`, item, channel, more, depth + 1)
    }
  }

  return {
    texts,
    add,
    addArguments: (pointer, value, channel, more = {}) => {
      const told: More = { ...more, kind: 'tool_call', isJson: true }
      const given = value ?? ''
      if (typeof given === 'string') return add(pointer, given, channel, told)
      if (typeof given !== 'object') return
      add(pointer, jsonText(given), channel, { ...told, form: 'value' })
    },
    addAll: (pointer, value, channel, more = {}) => addAll(pointer, value, channel, more, 0),
  }
}

/** True where no field of `record` but the named ones says anything. */
export function saysOnly(record: JsonRecord, names: readonly string[]): boolean {
  return Object.keys(record).every((key) => names.includes(key) || record[key] === null || record[key] === '')
}

/** Elements of an array that are objects, with their places. */
export function recordsOf(value: Json, pointer: string): readonly (readonly [record: JsonRecord, pointer: string])[] {
  return asArray(value).flatMap((item, i) => {
    const record = asRecord(item)
    return record === null ? [] : [[record, `${pointer}/${i}`] as const]
  })
}

/** Numbers that tell parts apart. They are the upstream's word: without a bound, odd ones would fill the memory. */
const INDEX_MAX = 65_536

/** An index as a key; `fallback` where there is none that counts. */
export function keyOf(value: Json, fallback: string): string {
  const index = indexIn(value, INDEX_MAX)
  return index === null ? fallback : String(index)
}
