/**
 * Texts in the events of the Responses API. Every text comes in pieces and then whole, up to four times: as its own end, in its part,
 * in its item, in the response.
 */
import { asRecord, asString, pointerToken, type Json, type JsonRecord } from '../../domain/json.ts'
import { createCollector } from '../collector.ts'
import { jsonText } from '../fields.ts'
import { readItem } from '../openai-responses-items.ts'
import { createTextList, keyOf, recordsOf, type EventTexts, type StreamTexts, type TextList } from './stream-texts.ts'

type Growth = {
  readonly kind: 'text' | 'reasoning' | 'tool_call'
  readonly isJson: boolean
  /** The text's field in the event that ends it. */
  readonly field: string
  /** Where the text stands in its item; `#` is the value of `index`. */
  readonly place: string
  /** The event's field that tells the texts of one item apart; null where it has but one. */
  readonly index: string | null
}

/** Events `NAME.delta` add to a text, `NAME.done` repeat all of it. */
const GROWTHS: ReadonlyMap<string, Growth> = new Map([
  ['response.output_text', part('text', 'text', 'content')],
  ['response.refusal', part('text', 'refusal', 'content')],
  ['response.reasoning_text', part('reasoning', 'text', 'content')],
  ['response.reasoning_summary_text', part('reasoning', 'text', 'summary')],
  ['response.function_call_arguments', call('arguments', true)],
  ['response.mcp_call_arguments', call('arguments', true)],
  ['response.custom_tool_call_input', call('input', false)],
  ['response.code_interpreter_call_code', call('code', false)],
  ['response.shell_call_command', { ...call('command', false), place: '/action/commands/#', index: 'command_index' }],
  ['response.apply_patch_call_operation_diff', { ...call('diff', false), place: '/operation/diff' }],
])

function part(kind: 'text' | 'reasoning', field: string, list: 'content' | 'summary'): Growth {
  return { kind, isJson: false, field, place: `/${list}/#/${field}`, index: `${list}_index` }
}

function call(field: string, isJson: boolean): Growth {
  return { kind: 'tool_call', isJson, field, place: `/${field}`, index: null }
}

/** Places in an item whose text came in pieces before. */
const GROWN_PLACE =
  /^\/(content\/\d+\/(text|refusal)|summary\/\d+\/text|arguments|input|code|action\/commands\/\d+|operation\/diff)$/

export function responsesTexts(): StreamTexts {
  const names = new Map<string, string>()

  function readGrowth(list: TextList, data: JsonRecord, growth: Growth, isWhole: boolean): EventTexts {
    const item = keyOf(data['output_index'], '0')
    const at = growth.index === null ? '0' : keyOf(data[growth.index], '0')
    const place = growth.place.replace('#', pointerToken(at))
    const field = isWhole ? growth.field : 'delta'
    const group = `${item}${place}`
    list.add(`/${field}`, data[field], `${group}/`, {
      form: isWhole ? 'repeat' : 'piece',
      kind: growth.kind,
      isJson: growth.isJson,
      group,
      bodyPointer: `/output/${item}${place}`,
      toolName: names.get(item) ?? null,
      tokens: Array.isArray(data['logprobs']) && data['logprobs'].length > 0 ? ['/logprobs'] : [],
    })
    return { texts: list.texts, ends: isWhole ? [group] : [], isSplittable: !isWhole, isKeepAlive: false }
  }

  /** A whole item: texts that grew before are repeats, the rest stand for themselves. */
  function addItem(list: TextList, item: JsonRecord, at: string, index: string): void {
    const name = asString(item['name'])
    if (name !== null) names.set(index, name)
    const collector = createCollector()
    readItem({ collector, names: new Map() }, item, '', 'assistant')
    const seen = new Set<string>()
    for (const segment of collector.done().segments) {
      seen.add(segment.pointer)
      const isGrown = GROWN_PLACE.test(segment.pointer)
      const bodyPointer = `/output/${index}${segment.pointer}`
      list.add(at + segment.pointer, segment.text, `${index}${segment.pointer}/`, {
        form: segment.kind === 'json' ? 'value' : isGrown ? 'repeat' : 'whole',
        kind: segment.origin === 'tool_call' ? 'tool_call' : segment.kind === 'reasoning' ? 'reasoning' : 'text',
        origin: segment.origin,
        group: `${index}${segment.pointer}`,
        isJson: segment.kind === 'json' || segment.pointer === '/arguments',
        bodyPointer,
        toolName: segment.name,
        tokens: tokensOf(item, at, segment.pointer),
      })
    }
    for (const [content, place] of recordsOf(item['content'], '/content')) {
      list.addAll(`${at}${place}/annotations`, content['annotations'], `${index}${place}/annotations/`, {
        bodyPointer: `/output/${index}${place}/annotations`,
      })
    }
    // The commands of a shell call grow as texts, but are read as one value.
    const commands = asRecord(item['action'])?.['commands']
    if (!seen.has('/action') || !Array.isArray(commands)) return
    commands.forEach((command: Json, i) => {
      const place = `/action/commands/${i}`
      const more = {
        form: 'repeat',
        kind: 'tool_call',
        group: `${index}${place}`,
        bodyPointer: `/output/${index}${place}`,
      } as const
      list.add(at + place, command, `${index}${place}/`, more)
    })
  }

  return {
    hasRepeats: true,
    read: ({ event, data: value }) => {
      const data = asRecord(value)
      const type = asString(data?.['type']) ?? event ?? ''
      const list = createTextList()
      const whole = (ends: EventTexts['ends']): EventTexts => ({
        texts: list.texts,
        ends,
        isSplittable: false,
        isKeepAlive: false,
      })
      if (data === null) return whole([])
      const isWhole = type.endsWith('.done')
      const growth = isWhole || type.endsWith('.delta') ? GROWTHS.get(type.slice(0, type.lastIndexOf('.'))) : undefined
      if (growth !== undefined) return readGrowth(list, data, growth, isWhole)
      const index = keyOf(data['output_index'], '0')
      const item = asRecord(data['item'])
      if (type === 'response.output_item.added' || type === 'response.output_item.done') {
        if (item !== null) addItem(list, item, '/item', index)
        return whole(type.endsWith('.done') ? [index] : [])
      }
      if (type === 'response.output_text.annotation.added') {
        list.addAll('/annotation', data['annotation'], `${index}/annotations/`, { bodyPointer: `/output/${index}` })
      } else if (data['part'] !== undefined) {
        addPart(list, data)
        return whole([])
      } else if (data['response'] !== undefined) {
        const isFinal = type === 'response.completed' || type === 'response.incomplete' || type === 'response.failed'
        recordsOf(asRecord(data['response'])?.['output'], '/response/output').forEach(([output, at], i) => {
          addItem(list, output, at, String(i))
        })
        return whole(isFinal ? 'all' : [])
      } else if (type.startsWith('response.') && type.endsWith('.delta')) {
        // A text of a kind that is not known yet.
        const text = typeof data['delta'] === 'string' ? data['delta'] : null
        const group = `${index}/${type.replaceAll('/', '_')}`
        if (text !== null && isText(type)) list.add('/delta', text, `${group}/`, { group, bodyPointer: `/output/${index}` })
        else if (text === null) list.addAll('/delta', data['delta'], `${group}/`, { bodyPointer: `/output/${index}` })
      }
      return whole([])
    },
  }
}

function addPart(list: TextList, data: JsonRecord): void {
  const record = asRecord(data['part'])
  const item = keyOf(data['output_index'], '0')
  const kind = asString(record?.['type'])?.startsWith('summary') === true ? 'summary' : 'content'
  const place = `/${kind}/${keyOf(data[`${kind}_index`], '0')}`
  for (const field of ['text', 'refusal']) {
    list.add(`/part/${field}`, record?.[field], `${item}${place}/${field}/`, {
      form: 'repeat',
      kind: kind === 'summary' || record?.['type'] === 'reasoning_text' ? 'reasoning' : 'text',
      group: `${item}${place}/${field}`,
      bodyPointer: `/output/${item}${place}/${field}`,
      tokens: Array.isArray(record?.['logprobs']) && record['logprobs'].length > 0 ? ['/part/logprobs'] : [],
    })
  }
  list.addAll('/part/annotations', record?.['annotations'], `${item}${place}/annotations/`, {
    bodyPointer: `/output/${item}${place}/annotations`,
  })
}

/** Sound comes as base64 in events of this form. */
function isText(type: string): boolean {
  return !/audio\.delta$|image/.test(type)
}

function tokensOf(item: JsonRecord, at: string, pointer: string): readonly string[] {
  const place = /^\/content\/(\d+)\/text$/.exec(pointer)?.[1]
  if (place === undefined || !Array.isArray(item['content'])) return []
  const logprobs = asRecord(item['content'][Number(place)])?.['logprobs']
  return Array.isArray(logprobs) && jsonText(logprobs) !== '[]' ? [`${at}/content/${place}/logprobs`] : []
}
