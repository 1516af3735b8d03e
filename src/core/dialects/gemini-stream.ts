/**
 * Puts a Gemini stream together. Texts of one kind that follow each other are one part, as in an unstreamed answer; a function call
 * whose arguments come in pieces (`partialArgs`, Vertex AI) becomes one part with its `args`; of everything else the last word holds.
 */
import { asArray, asNumber, asRecord, asString, type Json, type JsonRecord } from '../domain/json.ts'
import { utf8, type Assembler, type Delta } from './dialect.ts'
import { jsonText } from './fields.ts'

// An index is the upstream's word: without a bound, one odd number would fill the memory.
const CANDIDATES_MAX = 128
/** Steps of one `jsonPath`. */
const PATH_STEPS_MAX = 64

/** Arguments while they grow. Maps and not objects: a path's step is the model's word, also `__proto__`. */
type ArgsNode = Map<string, ArgsNode> | ArgsNode[] | { value: Json }

type CallState = { head: JsonRecord; args: Map<string, ArgsNode>; at: number }
type PartState = { fields: JsonRecord; text: string | null; isThought: boolean; call: CallState | null }
type CandidateState = { fields: JsonRecord; role: Json; parts: PartState[]; open: CallState | null; calls: number }

export function assembleGemini(onDelta: ((delta: Delta) => void) | null): Assembler {
  const candidates = new Map<number, CandidateState>()
  let head: JsonRecord = {}
  let usage: JsonRecord | null = null
  let seen = false
  let content = false

  function emit(kind: Delta['kind'], channel: string, text: string): void {
    content = true
    if (text !== '') onDelta?.({ kind, channel, text })
  }

  function pushText(candidate: CandidateState, index: number, part: JsonRecord, text: string): void {
    const isThought = part['thought'] === true
    const last = candidate.parts.at(-1)
    if (last !== undefined && last.text !== null && last.isThought === isThought) {
      last.text += text
      last.fields = { ...last.fields, ...part }
    } else candidate.parts.push({ fields: part, text, isThought, call: null })
    if (text !== '') emit(isThought ? 'reasoning' : 'text', `${index}/${isThought ? 'reasoning' : 'text'}`, text)
  }

  function pushCall(candidate: CandidateState, index: number, part: JsonRecord, call: JsonRecord): void {
    const { args, partialArgs, partial_args: snake, willContinue, will_continue: snakeContinue, ...rest } = call
    const pieces = asArray(partialArgs ?? snake)
    const goesOn = (willContinue ?? snakeContinue) === true
    const id = asString(call['id'])
    const isSame = id !== null && candidate.open?.head['id'] === id
    // A name opens the next call, also where the last one was never closed; a bare `{}` only closes.
    if (!isSame && (asString(call['name']) !== null || (candidate.open === null && pieces.length > 0))) {
      const state: CallState = { head: {}, args: new Map(), at: candidate.calls }
      candidate.open = state
      candidate.calls += 1
      candidate.parts.push({ fields: part, text: null, isThought: false, call: state })
    }
    const state = candidate.open
    if (state === null) return
    state.head = { ...state.head, ...rest }
    const channel = `${index}/tool/${state.at}`
    content = true
    const whole = asRecord(args)
    if (whole !== null) {
      for (const key of Object.keys(whole)) state.args.set(key, { value: whole[key] })
      emit('tool_call', channel, jsonText(whole) ?? '')
    }
    for (const piece of pieces) emit('tool_call', channel, addPiece(state.args, asRecord(piece) ?? {}))
    if (!goesOn) candidate.open = null
  }

  function pushCandidate(value: Json): void {
    const record = asRecord(value)
    if (record === null) return
    const index = asNumber(record['index']) ?? 0
    if (!Number.isInteger(index) || index < 0 || index >= CANDIDATES_MAX) return
    let candidate = candidates.get(index)
    if (candidate === undefined) {
      candidate = { fields: {}, role: 'model', parts: [], open: null, calls: 0 }
      candidates.set(index, candidate)
    }
    const { content: turn, index: _index, ...fields } = record
    candidate.fields = { ...candidate.fields, ...fields }
    const message = asRecord(turn)
    if (typeof message?.['role'] === 'string') candidate.role = message['role']
    for (const item of asArray(message?.['parts'])) {
      const part = asRecord(item)
      if (part === null) continue
      const call = asRecord(part['functionCall'] ?? part['function_call'])
      if (typeof part['text'] === 'string') pushText(candidate, index, part, part['text'])
      else if (call !== null) pushCall(candidate, index, part, call)
      else {
        candidate.parts.push({ fields: part, text: null, isThought: false, call: null })
        pushOther(index, part)
      }
    }
  }

  /** Code that Google runs, and its result: whole parts. */
  function pushOther(index: number, part: JsonRecord): void {
    const code = asString(asRecord(part['executableCode'])?.['code'])
    if (code !== null) emit('tool_call', `${index}/code`, code)
  }

  return {
    push: ({ data }) => {
      const record = asRecord(data)
      if (record === null) return
      seen = true
      const { candidates: values, usageMetadata, ...fields } = record
      head = { ...head, ...fields }
      const counts = asRecord(usageMetadata)
      if (counts !== null) usage = { ...usage, ...counts }
      for (const value of asArray(values)) pushCandidate(value)
    },
    hasContent: () => content,
    isComplete: () => {
      if (candidates.size === 0) return typeof asRecord(head['promptFeedback'])?.['blockReason'] === 'string'
      return [...candidates.values()].every((candidate) => typeof candidate.fields['finishReason'] === 'string')
    },
    body: () => {
      if (!seen) return null
      const ordered = [...candidates].sort(([a], [b]) => a - b)
      return {
        ...(ordered.length === 0 ? {} : { candidates: ordered.map(([index, candidate]) => candidateOf(index, candidate)) }),
        ...(usage === null ? {} : { usageMetadata: usage }),
        ...head,
      }
    },
    stop: () => {
      const indexes = candidates.size === 0 ? [0] : [...candidates.keys()].sort((a, b) => a - b)
      const modelVersion = asString(head['modelVersion'])
      const responseId = asString(head['responseId'])
      const chunk = {
        candidates: indexes.map((index) => ({ finishReason: 'SAFETY', index })),
        ...(modelVersion === null ? {} : { modelVersion }),
        ...(responseId === null ? {} : { responseId }),
      }
      return utf8(`data: ${JSON.stringify(chunk)}\n\n`)
    },
  }
}

function candidateOf(index: number, { fields, role, parts }: CandidateState): JsonRecord {
  // An unstreamed answer that was blocked has no content at all.
  const content = parts.length === 0 ? {} : { content: { parts: parts.map(partOf), role } }
  return { ...content, ...fields, index }
}

function partOf({ fields, text, call }: PartState): JsonRecord {
  if (text !== null) return { ...fields, text }
  if (call === null) return fields
  const { function_call: _snake, ...rest } = fields
  return { ...rest, functionCall: { ...call.head, args: plainOf(call.args) } }
}

/**
 * Adds one piece of streamed arguments and gives its text. Texts of the same path follow each other. A path that cannot be read is
 * kept as a name, so that its value is not lost.
 */
function addPiece(args: Map<string, ArgsNode>, piece: JsonRecord): string {
  const path = asString(piece['jsonPath'] ?? piece['json_path'])
  const value = valueOf(piece)
  if (path === null || value === undefined) return ''
  if (!addAt(args, stepsOf(path), value)) addAt(args, [path], value)
  return typeof value === 'string' ? value : (jsonText(value) ?? '')
}

function valueOf(piece: JsonRecord): Json | undefined {
  for (const key of ['stringValue', 'numberValue', 'boolValue', 'string_value', 'number_value', 'bool_value']) {
    if (piece[key] !== undefined) return piece[key]
  }
  return piece['nullValue'] === undefined && piece['null_value'] === undefined ? undefined : null
}

/** The steps of a singular JSONPath (RFC 9535 section 2.3.5.1): `$.a.b[0]['c']`; empty for anything else. */
function stepsOf(path: string): readonly (string | number)[] {
  const steps: (string | number)[] = []
  const step = /\.([^.[\]]+)|\[(\d{1,9})\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]/y
  step.lastIndex = 1
  while (step.lastIndex < path.length) {
    const match = path.startsWith('$') ? step.exec(path) : null
    if (match === null || steps.length >= PATH_STEPS_MAX) return []
    const quoted = match[3] ?? match[4]
    if (match[2] !== undefined) steps.push(Number(match[2]))
    else steps.push(match[1] ?? (quoted ?? '').replaceAll(/\\(.)/g, '$1'))
  }
  return steps
}

/** False where the path does not fit what is there. Arrays grow by one: a far index would fill the memory. */
function addAt(root: Map<string, ArgsNode>, steps: readonly (string | number)[], value: Json): boolean {
  let node: ArgsNode = root
  for (const [i, step] of steps.entries()) {
    const isLast = i === steps.length - 1
    const old = childOf(node, step)
    if (old === undefined) return false
    if (isLast) {
      if (old !== null && !('value' in old)) return false
      const isAppended = typeof old?.value === 'string' && typeof value === 'string'
      setChild(node, step, { value: isAppended ? `${old.value}${value}` : value })
      return true
    }
    const next: ArgsNode = old ?? (typeof steps[i + 1] === 'number' ? [] : new Map<string, ArgsNode>())
    if (old === null) setChild(node, step, next)
    node = next
  }
  return false
}

/** Null where the step leads to nothing yet, undefined where it cannot be taken. */
function childOf(node: ArgsNode, step: string | number): ArgsNode | null | undefined {
  if (Array.isArray(node)) return typeof step === 'number' && step <= node.length ? (node[step] ?? null) : undefined
  if (node instanceof Map) return typeof step === 'string' ? (node.get(step) ?? null) : undefined
  return undefined
}

function setChild(node: ArgsNode, step: string | number, child: ArgsNode): void {
  if (Array.isArray(node)) node[step as number] = child
  else if (node instanceof Map) node.set(step as string, child)
}

function plainOf(node: ArgsNode): Json {
  if (Array.isArray(node)) return node.map(plainOf)
  // `fromEntries` makes own properties of any name.
  if (node instanceof Map) return Object.fromEntries([...node].map(([key, child]) => [key, plainOf(child)]))
  return node.value
}
