/** The kind of a tool call, told by the tool's name: a hint for filters, not a judgement. */
import type { ActionType } from './span.ts'

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
  const words = name
    .slice(0, NAME_CHARS_MAX)
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1_$2')
  return KINDS.find(([pattern]) => pattern.test(words))?.[1] ?? 'tool_call'
}
