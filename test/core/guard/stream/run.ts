/** A whole stream through a guard. */
import type { Judge } from '../../../../src/core/guard/match.ts'
import { createStreamGuard, type StreamFinding } from '../../../../src/core/guard/stream/stream-guard.ts'
import { join } from '../../../support/event-stream.ts'
import { fakeJudge, type FakeActions } from './fake-judge.ts'
import type { Sample } from './samples.ts'

export type Run = {
  readonly bytes: Uint8Array
  readonly found: readonly StreamFinding[]
  readonly isStopped: boolean
  readonly isSame: boolean
}

export type Settings = FakeActions & {
  readonly mode?: 'observe' | 'hold'
  readonly onFinding?: 'redact' | 'stop'
  readonly windowChars?: number
  readonly judge?: Judge
}

export function run(
  sample: Pick<Sample, 'dialect' | 'contentType'>,
  chunks: readonly Uint8Array[],
  settings: Settings = {},
): Run {
  const { mode = 'hold', onFinding = 'redact', windowChars = 256, judge = fakeJudge(settings) } = settings
  const guard = createStreamGuard({ ...sample, judge, mode, windowChars, onFinding })
  const out: Uint8Array[] = []
  const found: StreamFinding[] = []
  let isStopped = false
  let isSame = true
  for (const chunk of chunks) {
    const step = guard.push(chunk)
    out.push(...step.bytes)
    found.push(...step.judged)
    isSame &&= step.bytes.length === 1 && step.bytes[0] === chunk
    isStopped = step.stop
    if (isStopped) break
  }
  if (!isStopped) {
    const step = guard.end()
    out.push(...step.bytes)
    found.push(...step.judged)
    isStopped = step.stop
  }
  return { bytes: join(out), found, isStopped, isSame }
}
