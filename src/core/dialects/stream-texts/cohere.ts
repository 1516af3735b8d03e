/** Texts in the events of a Cohere chat stream: v2 by `type`, v1 by `event_type`. */
import { asRecord, asString, pointerToken, type JsonRecord } from '../../domain/json.ts'
import { createTextList, keyOf, recordsOf, saysOnly, type EventTexts, type StreamTexts, type TextList } from './stream-texts.ts'

export function cohereTexts(): StreamTexts {
  const names = new Map<string, string>()

  function readMessage(list: TextList, event: JsonRecord, message: JsonRecord): void {
    const index = keyOf(event['index'], '0')
    const at = '/delta/message'
    list.add(`${at}/tool_plan`, message['tool_plan'], 'plan/plan', { kind: 'reasoning', bodyPointer: '/message/tool_plan' })
    const content = asRecord(message['content'])
    const body = `/message/content/${pointerToken(index)}`
    list.add(`${at}/content/thinking`, content?.['thinking'], `content-${index}/thinking`, {
      kind: 'reasoning',
      bodyPointer: `${body}/thinking`,
    })
    const tokens = asRecord(event['logprobs']) === null ? [] : ['/logprobs']
    list.add(`${at}/content/text`, content?.['text'], `content-${index}/text`, { bodyPointer: `${body}/text`, tokens })
    const target = asRecord(asRecord(message['tool_calls'])?.['function'])
    const name = asString(target?.['name'])
    if (name !== null) names.set(index, name)
    if (target !== null) {
      list.addArguments(`${at}/tool_calls/function/arguments`, target['arguments'], `tool-${index}/arguments`, {
        bodyPointer: `/message/tool_calls/${pointerToken(index)}/function/arguments`,
        toolName: names.get(index) ?? null,
      })
    }
    // Citations quote the answer.
    list.addAll(`${at}/citations`, message['citations'], 'citations/all', { bodyPointer: '/message/citations' })
  }

  return {
    hasRepeats: true,
    read: ({ data }) => {
      const event = asRecord(data) ?? {}
      const list = createTextList()
      if (typeof event['event_type'] === 'string' || typeof event['is_finished'] === 'boolean') return readOlder(list, event)
      const message = asRecord(asRecord(event['delta'])?.['message'])
      if (message !== null) readMessage(list, event, message)
      const type = event['type']
      const index = keyOf(event['index'], '0')
      const isEnd = type === 'message-end'
      const ends: string[] = []
      if (type === 'content-end') ends.push(`content-${index}`)
      if (type === 'tool-call-end') ends.push(`tool-${index}`)
      // The plan is over when the calls or the answer begin.
      if (type === 'tool-call-start' || type === 'content-start') ends.push('plan')
      const isPiece = type === 'content-delta' || type === 'tool-plan-delta' || type === 'tool-call-delta'
      const isSplittable = isPiece && list.texts.length === 1 && !saysOnly(event, ['index'])
      return { texts: list.texts, ends: isEnd ? 'all' : ends, isSplittable, isKeepAlive: false }
    },
  }
}

function readOlder(list: TextList, event: JsonRecord): EventTexts {
  const kind = event['event_type']
  const isEnd = event['is_finished'] === true || kind === 'stream-end'
  // With the calls, the plan comes once more as a whole.
  const form = kind === 'tool-calls-generation' || isEnd ? 'repeat' : 'piece'
  list.add('/text', event['text'], 'text/text', { form, bodyPointer: '/text' })
  const piece = asRecord(event['tool_call_delta'])
  if (piece !== null) {
    const index = keyOf(piece['index'], '0')
    const bodyPointer = `/tool_calls/${pointerToken(index)}/parameters`
    list.addArguments('/tool_call_delta/parameters', piece['parameters'], `tool-${index}/parameters`, { bodyPointer })
  }
  addCalls(list, event, '')
  list.addAll('/citations', event['citations'], 'citations/all', { bodyPointer: '/citations' })
  const { text, tool_calls: _calls, ...rest } = asRecord(event['response']) ?? {}
  list.add('/response/text', text, 'text/text', { form: 'repeat', bodyPointer: '/text' })
  addCalls(list, asRecord(event['response']) ?? {}, '/response')
  list.addAll('/response', rest, 'response/rest', { bodyPointer: '' })
  return {
    texts: list.texts,
    ends: isEnd ? 'all' : kind === 'tool-calls-generation' ? ['text'] : [],
    isSplittable: kind === 'text-generation',
    isKeepAlive: false,
  }
}

function addCalls(list: TextList, record: JsonRecord, at: string): void {
  recordsOf(record['tool_calls'], `${at}/tool_calls`).forEach(([call, place], i) => {
    list.addArguments(`${place}/parameters`, call['parameters'] ?? {}, `calls-${i}/parameters`, {
      bodyPointer: `/tool_calls/${i}/parameters`,
      toolName: asString(call['name']),
    })
  })
}
