/**
 * Judges the answer of one call. Where nothing of it may change it is judged once it has ended; where the policy redacts or blocks, a
 * whole body is judged before it leaves and a stream on its way.
 */
import type { Dialect } from '../dialects/dialect.ts'
import type { Finding } from '../domain/finding.ts'
import type { GuardPolicy } from '../domain/guard-policy.ts'
import type { SpanId } from '../domain/ids.ts'
import { asRecord, parseJson, type JsonRecord } from '../domain/json.ts'
import { isNestedTooDeeply } from '../domain/nesting.ts'
import type { Inspection, Segment } from '../domain/segment.ts'
import { actionOnFailure, mayChange } from './decide/decide.ts'
import { FINDINGS_MAX, toFinding, type Guard, type Judgement } from './guard.ts'
import type { Judge } from './match.ts'
import { redactBytes } from './redact/redact-bytes.ts'
import { createStreamGuard, type StreamFinding } from './stream/stream-guard.ts'

export type AnswerAsk = {
  readonly spanId: SpanId
  readonly policy: GuardPolicy
  readonly dialect: Dialect
  /** What was asked: an answer must not repeat its system prompt. */
  readonly request: Inspection
  /** Told once for every answer that was judged as a whole, and for every stream with what its judging took. */
  readonly onJudged: (tookMs: number, notes: readonly string[]) => void
}

type Concluded = { readonly findings: readonly Finding[]; readonly notes: readonly string[] }
type Step = { readonly bytes: readonly Uint8Array[]; readonly isStopped: boolean }

export type GuardedAnswer = {
  /** Null: whatever is found, the answer stays as it is. */
  readonly screen: {
    filter(contentType: string): { push(chunk: Uint8Array): Step; end(): Step } | null
    whole(body: Uint8Array): { readonly bytes: Uint8Array; readonly isBlocked: boolean; readonly kept: Uint8Array }
    refusesUnread(reason: string): boolean
  } | null
  conclude(segments: readonly Segment[] | null): Concluded
  /** What was found so far. */
  findings(): readonly Finding[]
}

const NO_BYTES = new Uint8Array(0)
const decoder = new TextDecoder()

export function createGuardedAnswer(guard: Guard, ask: AnswerAsk): GuardedAnswer {
  const { spanId, policy, dialect, request, onJudged } = ask
  const findings: Finding[] = []
  const notes = new Set<string>()
  let isJudged = false
  const more = guard.scannersFor(request)

  function judgeAll(segments: readonly Segment[], unread: string | null): Judgement {
    isJudged = true
    const inspection: Inspection = { segments, uninspected: [] }
    const judged = guard.judge({ spanId, direction: 'output', policy, inspection, unread, more })
    findings.push(...judged.findings)
    for (const note of judged.notes) notes.add(note)
    onJudged(judged.tookMs, judged.notes)
    return judged
  }

  function whole(body: Uint8Array): { readonly bytes: Uint8Array; readonly isBlocked: boolean; readonly kept: Uint8Array } {
    const read = readBody(body)
    const judged = read === null ? judgeAll([], 'response.not_json') : judgeAll(dialect.readAnswer(read).segments, null)
    if (judged.action === 'pass' || judged.action === 'flag') return { bytes: body, isBlocked: false, kept: body }
    const redacted = redactBytes(body, judged.edits)
    // What cannot be taken out must not pass.
    const isBlocked = judged.action === 'block' || redacted === null
    return { bytes: redacted ?? NO_BYTES, isBlocked, kept: redacted ?? NO_BYTES }
  }

  function tell(found: readonly StreamFinding[]): void {
    for (const { range, reaction, action, ...one } of found) {
      if (findings.length >= FINDINGS_MAX) return
      // What came too late to be taken out was only told.
      const done = reaction === 'stop' ? 'block' : reaction === 'redact' ? 'redact' : action === 'pass' ? 'pass' : 'flag'
      findings.push(
        toFinding(
          `${spanId}-output-${findings.length}`,
          { ...one, action: done, range },
          { origin: one.place.origin, pointer: one.pointer, matched: one.matched },
          'output',
        ),
      )
    }
  }

  function filter(contentType: string): { push(chunk: Uint8Array): Step; end(): Step } | null {
    const { mode, windowChars, onFinding } = policy.streaming
    const judge: Judge = {
      judge: (text, place) => {
        const { judged, failed } = guard.judgeText(text, place, policy, more)
        for (const name of failed) notes.add(`guard.failed:${name}`)
        return judged
      },
      openFrom: guard.openFrom,
    }
    const stream = createStreamGuard({ dialect, contentType, judge, mode, windowChars, onFinding })
    isJudged = true
    let isEnded = false
    const step = (next: ReturnType<typeof stream.push>): Step => {
      tell(next.judged)
      return { bytes: next.bytes, isStopped: next.stop || (notes.size > 0 && actionOnFailure(policy) === 'block') }
    }
    return {
      push: (chunk) => step(stream.push(chunk)),
      end: () => {
        if (!isEnded) onJudged(0, [...notes])
        isEnded = true
        return step(stream.end())
      },
    }
  }

  return {
    screen: mayChange(policy)
      ? {
          filter,
          whole,
          refusesUnread: (reason) => actionOnFailure(policy) === 'block' && judgeAll([], reason).action === 'block',
        }
      : null,
    conclude: (segments) => {
      if (!isJudged && segments !== null && segments.length > 0) judgeAll(segments, null)
      return { findings, notes: [...notes] }
    },
    findings: () => findings,
  }
}

function readBody(body: Uint8Array): JsonRecord | null {
  return isNestedTooDeeply(body) ? null : asRecord(parseJson(decoder.decode(body)))
}
