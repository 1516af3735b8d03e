/** Tool calls of an answer as agent actions. The kind is told by the tool's name: a hint for filters, not a judgement. */
import type { ToolCall } from '../dialects/dialect.ts'
import type { SpanId } from '../domain/ids.ts'
import type { ActionType, AgentAction } from '../domain/span.ts'
import type { EpochMs } from '../domain/time.ts'
import { clipText } from './kept-text.ts'

/** Characters kept of one action's arguments. */
export const ARGUMENTS_CHARS_MAX = 8192
/** Actions kept of one answer. */
export const ACTIONS_MAX = 256
/** Characters kept of a tool's name and of a call's id. */
const NAME_CHARS_MAX = 256

const KINDS: readonly (readonly [RegExp, ActionType])[] = [
  [
    /(^|[^a-z])(bash|shell|sh|cmd|powershell|terminal|exec|execute|command|subprocess|run_?code|code_(execution|interpreter))([^a-z]|$)/i,
    'command_execution',
  ],
  [/(^|[^a-z])(web|http|https|url|browser|browse|fetch|curl|wget|x_search|google|bing|crawl|scrape)([^a-z]|$)/i, 'web_access'],
  [
    /(^|[^a-z])(file|files|fs|directory|read_?file|write_?file|str_replace(_based_edit_tool)?|edit|glob|grep|ls)([^a-z]|$)/i,
    'file_access',
  ],
  [/(^|[^a-z])skills?([^a-z]|$)/i, 'skill_invocation'],
]

/** `getWebPage`, `HTTPGet` and `get_web_page` are judged alike. */
export function actionTypeOf(name: string): ActionType {
  const words = clipText(name, NAME_CHARS_MAX)
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1_$2')
  return KINDS.find(([pattern]) => pattern.test(words))?.[1] ?? 'tool_call'
}

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
