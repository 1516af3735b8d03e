/**
 * Judges the answer of one call. Where nothing of it may change it is judged once it has ended; where the policy redacts or blocks, a
 * whole body is judged before it leaves and a stream on its way.
 */
import type { Dialect } from '../dialects/dialect.ts'
import { joinBytes } from '../domain/bytes.ts'
import type { Finding } from '../domain/finding.ts'
import type { GuardPolicy } from '../domain/guard-policy.ts'
import type { SpanId } from '../domain/ids.ts'
import type { Inspection, Segment } from '../domain/segment.ts'
import { actionOnFailure, mayChange } from './decide/decide.ts'
import { FINDINGS_MAX, tagOf, toFinding, wholeOf, type Guard, type Judgement } from './guard.ts'
import type { Judge, Judged, Place } from './match.ts'
import { redactBody } from './redact/redact-body.ts'
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
type WholeAnswer = {
  readonly bytes: Uint8Array
  readonly isBlocked: boolean
  /** What may be kept of it. */
  readonly kept: Uint8Array
}
type Told = Judged & { readonly pointer: string; readonly place: Place; readonly matched: string | null }
type Step = { readonly bytes: readonly Uint8Array[]; readonly isStopped: boolean }

export type GuardedAnswer = {
  /** Null: whatever is found, the answer stays as it is. */
  readonly screen: {
    filter(contentType: string): { push(chunk: Uint8Array): Step; end(): Step } | null
    whole(body: Uint8Array): WholeAnswer
    refusesUnread(reason: string): boolean
  } | null
  conclude(segments: readonly Segment[] | null): Concluded
  /** What was found so far. */
  findings(): readonly Finding[]
}

const NO_BYTES = new Uint8Array(0)
/** A note: events of a stream that are no JSON, too large or nested too deeply. */
const UNREAD_EVENTS = 'guard.unread_events'

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

  const judgeText: Judge['judge'] = (text, place) => {
    const { judged, failed } = guard.judgeText(text, place, policy, more)
    for (const name of failed) notes.add(`guard.failed:${name}`)
    return judged
  }

  function mayNotPass(): boolean {
    return notes.size > 0 && actionOnFailure(policy) === 'block'
  }

  function whole(body: Uint8Array): WholeAnswer {
    // What is blocked is taken out too: what is kept of the answer must not hold it.
    const blocked = new Set<string>()
    const judge: Judge = {
      judge: (text, place) =>
        judgeText(text, place).map((judged) => {
          if (judged.action !== 'block') return judged
          blocked.add(judged.ruleId)
          return { ...judged, action: 'redact', range: judged.range ?? wholeOf(text), tag: tagOf(judged) }
        }),
      openFrom: guard.openFrom,
    }
    const { result, tookMs } = guard.timed(() => redactBody(body, dialect, judge))
    if (!result.isRead && opensArray(body)) return wholeStream(body)
    if (!result.isRead) {
      const isBlocked = judgeAll([], 'response.not_json').action === 'block'
      return { bytes: body, isBlocked, kept: NO_BYTES }
    }
    isJudged = true
    onJudged(tookMs, [...notes])
    tell(
      result.judged.map(({ judged, segment, place, matched }) => ({
        ...judged,
        pointer: segment.pointer,
        place,
        matched,
        action: blocked.has(judged.ruleId) && judged.action === 'redact' ? 'block' : judged.action,
      })),
    )
    // What cannot be taken out must not pass.
    const isBlocked = blocked.size > 0 || result.unredacted.length > 0 || mayNotPass()
    return { bytes: result.bytes, isBlocked, kept: result.unredacted.length > 0 ? NO_BYTES : result.bytes }
  }

  /** Gemini streams an array of chunks where it is not asked for events. */
  function wholeStream(body: Uint8Array): WholeAnswer {
    const { windowChars, onFinding } = policy.streaming
    const judge: Judge = { judge: judgeText, openFrom: guard.openFrom }
    const options = { dialect, contentType: 'application/json', judge, mode: 'hold', windowChars, onFinding } as const
    const { result: steps, tookMs } = guard.timed(() => {
      const stream = createStreamGuard(options)
      const first = stream.push(body)
      const all = first.stop ? [first] : [first, stream.end()]
      if (stream.unread() > 0) notes.add(UNREAD_EVENTS)
      return all
    })
    isJudged = true
    onJudged(tookMs, [...notes])
    for (const { judged } of steps) tell(judged.map(streamed))
    const bytes = joinBytes(steps.flatMap((step) => step.bytes))
    return { bytes, isBlocked: steps.some(({ stop }) => stop) || mayNotPass(), kept: bytes }
  }

  function tell(found: readonly Told[]): void {
    for (const { pointer, place, matched, ...judged } of found) {
      if (findings.length >= FINDINGS_MAX) return
      const id = `${spanId}-output-${findings.length}`
      findings.push(toFinding(id, judged, { origin: place.origin, pointer, matched }, 'output'))
    }
  }

  function filter(contentType: string): { push(chunk: Uint8Array): Step; end(): Step } | null {
    const { mode, windowChars, onFinding } = policy.streaming
    const judge: Judge = { judge: judgeText, openFrom: guard.openFrom }
    const stream = createStreamGuard({ dialect, contentType, judge, mode, windowChars, onFinding })
    isJudged = true
    let tookMs = 0
    const step = (next: () => ReturnType<typeof stream.push>): Step => {
      const timed = guard.timed(next)
      tookMs += timed.tookMs
      const { bytes, judged, stop } = timed.result
      tell(judged.map(streamed))
      if (stream.unread() > 0) notes.add(UNREAD_EVENTS)
      // What could not be judged is among these bytes: none of them may leave.
      if (!stop && mayNotPass()) return { bytes: [dialect.assemble(null).stop()], isStopped: true }
      return { bytes, isStopped: stop }
    }
    return {
      push: (chunk) => step(() => stream.push(chunk)),
      end: () => {
        const last = step(() => stream.end())
        onJudged(tookMs, [...notes])
        return last
      },
    }
  }

  return {
    screen: mayChange(policy)
      ? {
          filter,
          whole,
          refusesUnread: (reason) => {
            const { action } = judgeAll([], reason)
            // What passes may still be read when it has ended.
            isJudged = action === 'block'
            return isJudged
          },
        }
      : null,
    conclude: (segments) => {
      if (!isJudged && segments !== null && segments.length > 0) {
        const before = findings.length
        judgeAll(segments, null)
        // It has left: nothing was taken out or stopped.
        for (const [i, finding] of findings.entries()) {
          if (i >= before && finding.action !== 'pass') findings[i] = { ...finding, action: 'flag' }
        }
      }
      return { findings, notes: [...notes] }
    },
    findings: () => findings,
  }
}

function opensArray(body: Uint8Array): boolean {
  const start = body.findIndex((byte) => byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d)
  return body[start] === 0x5b
}

/** What came too late to be taken out was only told. */
function streamed({ reaction, action, ...found }: StreamFinding): Told {
  if (reaction === 'stop') return { ...found, action: 'block' }
  if (reaction === 'redact') return { ...found, action: 'redact' }
  return { ...found, action: action === 'pass' ? 'pass' : 'flag' }
}
