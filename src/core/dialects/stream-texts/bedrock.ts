/**
 * Texts in the messages of a Bedrock stream: Converse's events, or the chunks of a model that was invoked, in its own format. Told
 * apart by their form, as the assembler does it.
 */
import { asArray, asRecord, asString, pointerToken, type JsonRecord } from '../../domain/json.ts'
import type { StreamEvent } from '../dialect.ts'
import { messageTexts } from './anthropic-messages.ts'
import { cohereTexts } from './cohere.ts'
import { chatTexts } from './openai-chat.ts'
import { createTextList, keyOf, NO_TEXTS, recordsOf, type StreamTexts, type TextList } from './stream-texts.ts'

const EVENTS = ['messageStart', 'contentBlockStart', 'contentBlockDelta', 'contentBlockStop', 'messageStop', 'metadata']

export function bedrockTexts(): StreamTexts {
  let inner: StreamTexts | null = null
  return {
    hasRepeats: true,
    read: (event) => {
      inner ??= readerFor(event)
      return inner?.read(event) ?? NO_TEXTS
    },
  }
}

function readerFor({ event, data: value }: StreamEvent): StreamTexts | null {
  const data = asRecord(value)
  if (data === null) return null
  if (EVENTS.some((name) => name === event || name in data)) return converseTexts()
  const type = asString(data['type'])
  if (type !== null && /^(message_|content_block_|ping$)/.test(type)) return messageTexts()
  const first = asRecord(asArray(data['choices'])[0])
  if (first !== null && ('delta' in first || 'message' in first)) return chatTexts()
  if ('event_type' in data || 'is_finished' in data || (type !== null && /^(message|content|tool)-/.test(type)))
    return cohereTexts()
  // An error, or the counts alone, do not tell it yet.
  return LOOSE_KEYS.some((key) => key in data) ? looseTexts() : null
}

function converseTexts(): StreamTexts {
  const names = new Map<string, string>()

  function readDelta(list: TextList, delta: JsonRecord, at: string, index: string): void {
    const body = `/output/message/content/${pointerToken(index)}`
    list.add(`${at}/text`, delta['text'], `${index}/text`, { bodyPointer: `${body}/text` })
    list.addArguments(`${at}/toolUse/input`, asRecord(delta['toolUse'])?.['input'], `${index}/tool`, {
      bodyPointer: `${body}/toolUse/input`,
      toolName: names.get(index) ?? null,
    })
    list.add(`${at}/reasoningContent/text`, asRecord(delta['reasoningContent'])?.['text'], `${index}/reasoning`, {
      kind: 'reasoning',
      bodyPointer: `${body}/reasoningContent/reasoningText/text`,
    })
    const more = { origin: 'tool_result', bodyPointer: body } as const
    list.addAll(`${at}/citation`, delta['citation'], `${index}/citations`, more)
    list.addAll(`${at}/toolResult`, delta['toolResult'], `${index}/result`, more)
  }

  return {
    hasRepeats: false,
    read: ({ event, data }) => {
      const record = asRecord(data) ?? {}
      const list = createTextList()
      const ends: string[] = []
      let isAll = false
      let isSplittable = false
      const named = EVENTS.includes(event ?? '')
      for (const name of named ? [event ?? ''] : EVENTS) {
        const value = named ? record : Object.hasOwn(record, name) ? asRecord(record[name]) : null
        if (value === null) continue
        const at = named ? '' : `/${name}`
        const index = keyOf(value['contentBlockIndex'], '0')
        if (name === 'contentBlockStart') {
          const tool = asString(asRecord(asRecord(value['start'])?.['toolUse'])?.['name'])
          if (tool === null) continue
          names.set(index, tool)
          const bodyPointer = `/output/message/content/${pointerToken(index)}/toolUse/input`
          list.addArguments(`${at}/start/toolUse/input`, '', `${index}/tool`, { bodyPointer, toolName: tool })
        } else if (name === 'contentBlockDelta') {
          readDelta(list, asRecord(value['delta']) ?? {}, `${at}/delta`, index)
          isSplittable = list.texts.length === 1
        } else if (name === 'contentBlockStop') ends.push(index)
        else if (name === 'messageStop') isAll = true
      }
      return { texts: list.texts, ends: isAll ? 'all' : ends, isSplittable, isKeepAlive: false }
    },
  }
}

const TEXTS = ['generation', 'completion', 'outputText'] as const
const LISTS = [
  ['results', 'outputText'],
  ['outputs', 'text'],
  ['choices', 'text'],
] as const
const REASONS = ['stop_reason', 'completionReason', 'finish_reason', 'stopReason'] as const
const LOOSE_KEYS: readonly string[] = [...TEXTS, ...LISTS.map(([list]) => list)]

/** Titan, Llama, Mistral and others: a text in a field, or in the only element of a list. */
function looseTexts(): StreamTexts {
  return {
    hasRepeats: false,
    read: ({ data }) => {
      const record = asRecord(data) ?? {}
      const list = createTextList()
      let isEnd = 'amazon-bedrock-invocationMetrics' in record || hasReason(record)
      for (const key of TEXTS) list.add(`/${key}`, record[key], 'answer/text', { bodyPointer: `/${key}` })
      for (const [name, field] of LISTS) {
        for (const [item, at] of recordsOf(record[name], `/${name}`)) {
          list.add(`${at}/${field}`, item[field], `${at.slice(1)}/text`, { bodyPointer: `${at}/${field}` })
          isEnd ||= hasReason(item)
        }
      }
      return {
        texts: list.texts,
        ends: isEnd ? 'all' : [],
        isSplittable: !isEnd && list.texts.length === 1,
        isKeepAlive: false,
      }
    },
  }
}

function hasReason(record: JsonRecord): boolean {
  return REASONS.some((key) => typeof record[key] === 'string')
}
