/** Texts in the events of Chat Completions and of the older text completions, with the additions of other servers. */
import { asArray, asNumber, asRecord, asString, type Json, type JsonRecord } from '../../domain/json.ts'
import { firstText } from '../fields.ts'
import { createTextList, keyOf, recordsOf, saysOnly, type StreamTexts, type TextList } from './stream-texts.ts'

type Calls = { count: number; readonly byIndex: Map<number, Call>; last: Call | null }
type Call = { readonly at: number; readonly id: string | null; name: string | null }

const PLAIN_FIELDS = ['content', 'reasoning_content', 'reasoning', 'refusal'] as const
const REASONING_FIELDS = ['reasoning_content', 'reasoning'] as const

export function chatTexts(): StreamTexts {
  const callsOf = new Map<string, Calls>()
  /** Of the older form, one a choice. */
  const functionOf = new Map<string, string>()

  /** The same rule as the assembler's: a new id with a new name under a known index is another call. */
  function callOf(choice: string, delta: JsonRecord, name: string | null): Call {
    let calls = callsOf.get(choice)
    if (calls === undefined) {
      calls = { count: 0, byIndex: new Map(), last: null }
      callsOf.set(choice, calls)
    }
    const id = firstText(delta['id'])
    const index = asNumber(delta['index'])
    const known = index === null ? calls.last : (calls.byIndex.get(index) ?? null)
    const isOther = known !== null && id !== null && known.id !== null && id !== known.id
    const isNew = known === null || (isOther && (index === null || name !== null))
    const call = isNew ? { at: calls.count, id, name } : known
    if (isNew) calls.count += 1
    call.name ??= name
    if (index !== null) calls.byIndex.set(index, call)
    calls.last = call
    return call
  }

  function readToolCall(list: TextList, delta: JsonRecord, at: string, group: string, body: string): void {
    const kind = asRecord(delta['function']) === null ? 'custom' : 'function'
    const target = asRecord(delta[kind])
    if (target === null) return
    const call = callOf(group, delta, firstText(target['name']))
    const field = target['arguments'] === undefined ? 'input' : 'arguments'
    const pointer = `${body}/tool_calls/${call.at}/${kind}/${field}`
    const more = { group, bodyPointer: pointer, toolName: call.name }
    if (kind === 'function') list.addArguments(`${at}/function/${field}`, target[field], `${group}/tool/${call.at}`, more)
    else list.add(`${at}/custom/${field}`, target[field] ?? '', `${group}/tool/${call.at}`, { ...more, kind: 'tool_call' })
  }

  function readDelta(list: TextList, delta: JsonRecord, at: string, group: string, tokens: readonly string[]): void {
    const body = `/choices/${group}/message`
    for (const field of REASONING_FIELDS) {
      list.add(`${at}/${field}`, delta[field], `${group}/${field}`, { kind: 'reasoning', bodyPointer: `${body}/${field}` })
    }
    for (const [detail, place] of recordsOf(delta['reasoning_details'], `${at}/reasoning_details`)) {
      for (const field of ['text', 'summary']) {
        const channel = `${group}/details-${keyOf(detail['index'], '0')}-${field}`
        list.add(`${place}/${field}`, detail[field], channel, { kind: 'reasoning', bodyPointer: `${body}/reasoning_details` })
      }
    }
    readContent(list, delta['content'], `${at}/content`, group, body, tokens)
    list.add(`${at}/refusal`, delta['refusal'], `${group}/refusal`, { bodyPointer: `${body}/refusal`, tokens })
    const transcript = asRecord(delta['audio'])?.['transcript']
    list.add(`${at}/audio/transcript`, transcript, `${group}/audio`, { bodyPointer: `${body}/audio/transcript` })
    list.addAll(`${at}/annotations`, delta['annotations'], `${group}/annotations`, { bodyPointer: `${body}/annotations` })
    for (const [call, place] of recordsOf(delta['tool_calls'], `${at}/tool_calls`)) readToolCall(list, call, place, group, body)
    const legacy = asRecord(delta['function_call'])
    if (legacy === null) return
    const name = functionOf.get(group) ?? firstText(legacy['name'])
    if (name !== null) functionOf.set(group, name)
    const more = { bodyPointer: `${body}/function_call/arguments`, toolName: name }
    list.addArguments(`${at}/function_call/arguments`, legacy['arguments'], `${group}/function`, more)
  }

  return {
    hasRepeats: false,
    read: ({ data }) => {
      const list = createTextList()
      const ends: string[] = []
      let isSplittable = true
      for (const [choice, at] of recordsOf(asRecord(data)?.['choices'], '/choices')) {
        const group = keyOf(choice['index'], '0')
        const tokens = tokensOf(choice, at)
        list.add(`${at}/text`, choice['text'], `${group}/text`, { bodyPointer: `/choices/${group}/text`, tokens })
        const field = asRecord(choice['delta']) === null ? 'message' : 'delta'
        const delta = asRecord(choice[field])
        if (delta !== null) {
          readDelta(list, delta, `${at}/${field}`, group, tokens)
          isSplittable &&= isPlain(delta)
        }
        if ((choice['finish_reason'] ?? choice['stop_reason'] ?? null) !== null) ends.push(group)
      }
      return { texts: list.texts, ends, isSplittable: isSplittable && ends.length === 0, isKeepAlive: false }
    },
  }
}

function readContent(list: TextList, value: Json, at: string, group: string, body: string, tokens: readonly string[]): void {
  const bodyPointer = `${body}/content`
  if (typeof value === 'string') return list.add(at, value, `${group}/text`, { bodyPointer, tokens })
  for (const [part, place] of recordsOf(value, at)) {
    if (part['type'] !== 'thinking') {
      list.add(`${place}/text`, part['text'], `${group}/text`, { bodyPointer, tokens })
      continue
    }
    const more = { kind: 'reasoning', bodyPointer } as const
    if (typeof part['thinking'] === 'string') list.add(`${place}/thinking`, part['thinking'], `${group}/thinking`, more)
    for (const [inner, innerPlace] of recordsOf(part['thinking'], `${place}/thinking`)) {
      list.add(`${innerPlace}/text`, inner['text'], `${group}/thinking`, more)
    }
  }
}

/** `{content: […]}` or the older `{tokens: […], …}`. */
function tokensOf(choice: JsonRecord, at: string): readonly string[] {
  return asRecord(choice['logprobs']) === null ? [] : [`${at}/logprobs`]
}

/** Some clients join every string of a delta, so that a role or a name told twice would double. */
function isPlain(delta: JsonRecord): boolean {
  if (PLAIN_FIELDS.some((field) => saysOnly(delta, [field]))) return true
  const [call, ...more] = asArray(delta['tool_calls'])
  const record = asRecord(call)
  if (record === null || more.length > 0 || !saysOnly(delta, ['tool_calls'])) return false
  return saysOnly(record, ['index', 'type', 'function']) && isNameless(asRecord(record['function']))
}

function isNameless(target: JsonRecord | null): boolean {
  return target !== null && (asString(target['name']) ?? '') === '' && saysOnly(target, ['arguments'])
}
