/** Texts in the events of Anthropic Messages: one channel a content block. */
import { asRecord, asString, pointerToken, type JsonRecord } from '../../domain/json.ts'
import { createTextList, keyOf, NO_TEXTS, type StreamTexts, type TextList } from './stream-texts.ts'

/** Delta types and their field, which the block has under the same name. */
const DELTAS = [
  ['text_delta', 'text', 'text'],
  ['thinking_delta', 'thinking', 'reasoning'],
  ['compaction_delta', 'content', 'reasoning'],
] as const

export function messageTexts(): StreamTexts {
  const names = new Map<string, string>()

  function readStart(list: TextList, block: JsonRecord, index: string): void {
    const body = `/content/${pointerToken(index)}`
    const type = asString(block['type']) ?? ''
    const name = asString(block['name'])
    if (name !== null) names.set(index, name)
    for (const [, field, kind] of DELTAS) {
      if (typeof block[field] !== 'string') continue
      list.add(`/content_block/${field}`, block[field], `${index}/${field}`, { kind, bodyPointer: `${body}/${field}` })
    }
    if (type.endsWith('tool_use')) {
      const input = asRecord(block['input'])
      // What comes in pieces begins as `{}`; so does a call without arguments.
      const given = input === null || Object.keys(input).length === 0 ? '' : input
      list.addArguments('/content_block/input', given, `${index}/tool`, { bodyPointer: `${body}/input`, toolName: name })
    } else if (typeof block['content'] !== 'string') {
      const more = { origin: 'tool_result', bodyPointer: `${body}/content` } as const
      list.addAll('/content_block/content', block['content'], `${index}/result`, more)
    }
  }

  function readDelta(list: TextList, delta: JsonRecord, index: string): boolean {
    const body = `/content/${pointerToken(index)}`
    const type = asString(delta['type'])
    for (const [name, field, kind] of DELTAS) {
      if (type !== name) continue
      list.add(`/delta/${field}`, delta[field], `${index}/${field}`, { kind, bodyPointer: `${body}/${field}` })
      return true
    }
    if (type === 'input_json_delta') {
      const more = { bodyPointer: `${body}/input`, toolName: names.get(index) ?? null }
      list.addArguments('/delta/partial_json', delta['partial_json'], `${index}/tool`, more)
      return true
    }
    const more = { origin: 'tool_result', bodyPointer: `${body}/citations` } as const
    if (type === 'citations_delta') list.addAll('/delta/citation', delta['citation'], `${index}/citations`, more)
    return false
  }

  return {
    hasRepeats: false,
    read: ({ event, data: value }) => {
      const data = asRecord(value)
      if (data === null) return NO_TEXTS
      const list = createTextList()
      const index = keyOf(data['index'], '0')
      const type = asString(data['type']) ?? event
      let isSplittable = false
      let ends: 'all' | readonly string[] = []
      if (type === 'ping') return { ...NO_TEXTS, isKeepAlive: true }
      if (type === 'message_start') {
        list.addAll('/message/content', asRecord(data['message'])?.['content'], 'start/content', { bodyPointer: '/content' })
      } else if (type === 'content_block_start') readStart(list, asRecord(data['content_block']) ?? {}, index)
      else if (type === 'content_block_delta') isSplittable = readDelta(list, asRecord(data['delta']) ?? {}, index)
      else if (type === 'content_block_stop') ends = [index]
      else if (type === 'message_delta' || type === 'message_stop' || type === 'error') ends = 'all'
      return { texts: list.texts, ends, isSplittable, isKeepAlive: false }
    },
  }
}
