/** Tool calls of an answer as agent actions. */
import type { ToolCall } from '../dialects/dialect.ts'
import type { SpanId } from '../domain/ids.ts'
import { actionTypeOf } from '../domain/action-type.ts'
import type { AgentAction } from '../domain/span.ts'
import type { EpochMs } from '../domain/time.ts'
import { clipText } from './kept-text.ts'

/** Characters kept of one action's arguments. */
export const ARGUMENTS_CHARS_MAX = 8192
/** Actions kept of one answer. */
export const ACTIONS_MAX = 256
/** Characters kept of a tool's name and of a call's id. */
const NAME_CHARS_MAX = 256

/** `argumentsCharsMax` is for all of them together, and 0 where the capture policy keeps no texts: then none has arguments. */
export function actionsOf(
  calls: readonly ToolCall[],
  spanId: SpanId,
  time: EpochMs,
  argumentsCharsMax: number,
): readonly AgentAction[] {
  let left = argumentsCharsMax
  const argumentsOf = (call: ToolCall): string | null => {
    if (left <= 0) return null
    const kept = clipText(call.arguments, Math.min(ARGUMENTS_CHARS_MAX, left))
    left -= kept.length
    return kept
  }
  return calls.slice(0, ACTIONS_MAX).map((call, i) => ({
    // Made from the span id, so that writing the span again gives the same actions.
    id: `${spanId}-${i}`,
    actionType: actionTypeOf(call.name),
    name: clipText(call.name, NAME_CHARS_MAX),
    arguments: argumentsOf(call),
    result: null,
    durationMs: null,
    isSuccess: true,
    exitCode: null,
    httpMethod: null,
    httpStatus: null,
    fileOperation: null,
    time,
    metadata: {
      ...(call.id === null ? {} : { tool_call_id: clipText(call.id, NAME_CHARS_MAX) }),
      ...(call.isServerSide ? { run_by: 'provider' } : {}),
    },
  }))
}
