/** Texts in the chunks of Gemini's `streamGenerateContent`. */
import { asArray, asRecord, asString, pointerToken, type Json, type JsonRecord } from '../../domain/json.ts'
import { createTextList, keyOf, recordsOf, saysOnly, type StreamTexts, type TextList } from './stream-texts.ts'

type Candidate = {
  /** Parts of the unstreamed answer so far: texts of one kind that follow each other are one part there. */
  parts: number
  last: 'text' | 'reasoning' | 'other' | null
  calls: number
  /** A call whose arguments go on. */
  open: { readonly at: number; readonly name: string | null } | null
}

export function geminiTexts(): StreamTexts {
  const candidates = new Map<string, Candidate>()

  function readText(list: TextList, candidate: Candidate, part: JsonRecord, at: string, group: string): void {
    const kind = part['thought'] === true ? 'reasoning' : 'text'
    if (candidate.last !== kind) candidate.parts += 1
    candidate.last = kind
    const bodyPointer = `/candidates/${group}/content/parts/${candidate.parts - 1}/text`
    list.add(`${at}/text`, part['text'], `${group}/${kind}`, { kind, bodyPointer })
  }

  function readCall(list: TextList, candidate: Candidate, call: JsonRecord, at: string, group: string): void {
    const name = asString(call['name'])
    const pieces = call['partialArgs'] === undefined ? 'partial_args' : 'partialArgs'
    const goesOn = (call['willContinue'] ?? call['will_continue']) === true
    if (candidate.open === null || name !== null) {
      candidate.open = { at: candidate.calls, name }
      candidate.calls += 1
      candidate.parts += 1
      candidate.last = 'other'
    }
    const open = candidate.open
    const bodyPointer = `/candidates/${group}/content/parts/${candidate.parts - 1}/functionCall/args`
    const more = { bodyPointer, toolName: open.name }
    // A call that is all in one event leaves with it: without arguments too it is judged there.
    const isWhole = !goesOn && call[pieces] === undefined && name !== null
    list.addArguments(`${at}/args`, call['args'] ?? (isWhole ? {} : ''), `${group}/tool-${open.at}`, more)
    for (const [piece, place] of recordsOf(call[pieces], `${at}/${pieces}`)) {
      const field = piece['stringValue'] === undefined ? 'string_value' : 'stringValue'
      const path = asString(piece['jsonPath'] ?? piece['json_path']) ?? ''
      const channel = `${group}/tool-${open.at}-${pointerToken(path)}`
      list.add(`${place}/${field}`, piece[field], channel, { ...more, kind: 'tool_call', group })
    }
    if (!goesOn) candidate.open = null
  }

  function readPart(list: TextList, candidate: Candidate, part: JsonRecord, at: string, group: string): void {
    const field = part['functionCall'] === undefined ? 'function_call' : 'functionCall'
    const call = asRecord(part[field])
    if (typeof part['text'] === 'string') return readText(list, candidate, part, at, group)
    if (call !== null) return readCall(list, candidate, call, `${at}/${field}`, group)
    candidate.parts += 1
    candidate.last = 'other'
    const body = `/candidates/${group}/content/parts/${candidate.parts - 1}`
    const more = { form: 'whole', group } as const
    const code = asRecord(part['executableCode'])?.['code']
    const codeMore = {
      ...more,
      kind: 'tool_call',
      toolName: 'code_execution',
      bodyPointer: `${body}/executableCode/code`,
    } as const
    list.add(`${at}/executableCode/code`, code, `${group}/code`, codeMore)
    const output = asRecord(part['codeExecutionResult'])?.['output']
    const outputMore = { ...more, origin: 'tool_result', bodyPointer: `${body}/codeExecutionResult/output` } as const
    list.add(`${at}/codeExecutionResult/output`, output, `${group}/result`, outputMore)
  }

  return {
    hasRepeats: false,
    read: ({ data }) => {
      const list = createTextList()
      const ends: string[] = []
      let isSplittable = true
      for (const [record, at] of recordsOf(asRecord(data)?.['candidates'], '/candidates')) {
        const group = keyOf(record['index'], '0')
        let candidate = candidates.get(group)
        if (candidate === undefined) {
          candidate = { parts: 0, last: null, calls: 0, open: null }
          candidates.set(group, candidate)
        }
        const parts: Json = asRecord(record['content'])?.['parts']
        for (const [part, place] of recordsOf(parts, `${at}/content/parts`)) readPart(list, candidate, part, place, group)
        // What the answer rests on quotes it.
        for (const field of ['groundingMetadata', 'citationMetadata']) {
          list.addAll(`${at}/${field}`, record[field], `${group}/grounds`, { bodyPointer: `/candidates/${group}/${field}` })
        }
        if (typeof record['finishReason'] === 'string') ends.push(group)
        const [only, ...more] = asArray(parts)
        isSplittable &&= more.length === 0 && isPlainText(asRecord(only)) && saysOnly(record, ['content', 'index'])
      }
      return { texts: list.texts, ends, isSplittable: isSplittable && ends.length === 0, isKeepAlive: false }
    },
  }
}

function isPlainText(part: JsonRecord | null): boolean {
  return (
    part !== null && typeof part['text'] === 'string' && Object.keys(part).every((key) => key === 'text' || key === 'thought')
  )
}
