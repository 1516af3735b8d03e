/** Texts in the lines of Ollama's `/api/chat` and `/api/generate`. */
import { asRecord, asString } from '../../domain/json.ts'
import { createTextList, recordsOf, saysOnly, type StreamTexts } from './stream-texts.ts'

export function ollamaTexts(): StreamTexts {
  let calls = 0
  return {
    hasRepeats: false,
    read: ({ data }) => {
      const line = asRecord(data) ?? {}
      const list = createTextList()
      const tokens = Array.isArray(line['logprobs']) ? ['/logprobs'] : []
      const message = asRecord(line['message']) ?? {}
      const thinking = { kind: 'reasoning', tokens } as const
      list.add('/message/thinking', message['thinking'], 'message/thinking', { ...thinking, bodyPointer: '/message/thinking' })
      list.add('/thinking', line['thinking'], 'answer/thinking', { ...thinking, bodyPointer: '/thinking' })
      list.add('/message/content', message['content'], 'message/content', { bodyPointer: '/message/content', tokens })
      list.add('/response', line['response'], 'answer/response', { bodyPointer: '/response', tokens })
      for (const [call, at] of recordsOf(message['tool_calls'], '/message/tool_calls')) {
        const target = asRecord(call['function'])
        list.addArguments(`${at}/function/arguments`, target?.['arguments'] ?? {}, `message/tool-${calls}`, {
          bodyPointer: `/message/tool_calls/${calls}/function/arguments`,
          toolName: asString(target?.['name']),
        })
        calls += 1
      }
      const isDone = line['done'] === true
      const isSplittable = !isDone && list.texts.length === 1 && saysOnly(message, ['role', 'content', 'thinking'])
      return { texts: list.texts, ends: isDone ? 'all' : [], isSplittable, isKeepAlive: false }
    },
  }
}
