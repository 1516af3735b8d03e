/** The guard of the data plane: every scanner, in the order in which they look. */
import { actionTypeOf } from '../domain/action-type.ts'
import type { Inspection } from '../domain/segment.ts'
import type { Clock } from '../ports.ts'
import { analyseAction } from './actions/analyse-action.ts'
import { createEngine, type NamedScanner } from './engine.ts'
import { createGuard, type Guard } from './guard.ts'
import { createLeakageScanner } from './leakage/scanner.ts'
import { STATED_RULES } from './leakage/stated-rules.ts'
import { normalize } from './normalize/normalize.ts'
import { openFrom } from './open.ts'
import { scanPii } from './pii/scan-pii.ts'
import { createRuleScanner, INPUT_RULES } from './rules/input-rules.ts'
import type { Rule } from './rules/rule.ts'
import { EXFILTRATION_RULES } from './rules/tables/exfiltration.ts'
import { MCP_RULES } from './rules/tables/mcp.ts'
import { SHELL_RULES } from './rules/tables/shell.ts'
import { UNSAFE_CODE_RULES } from './rules/tables/unsafe-code.ts'
import { scanSecrets } from './secrets/scan-secrets.ts'

/** All rules but those that a policy has to ask for. */
export const RULES: readonly Rule[] = [
  ...INPUT_RULES,
  ...EXFILTRATION_RULES,
  ...SHELL_RULES,
  ...MCP_RULES,
  ...UNSAFE_CODE_RULES,
  ...STATED_RULES,
]

const SCANNERS: readonly NamedScanner[] = [
  { name: 'rules', scan: createRuleScanner(RULES) },
  { name: 'secrets', scan: scanSecrets },
  { name: 'pii', scan: scanPii },
  {
    name: 'actions',
    scan: ([form], { origin, toolName }) =>
      origin !== 'tool_call' || form === undefined
        ? []
        : analyseAction({ actionType: actionTypeOf(toolName ?? ''), name: toolName ?? '', arguments: form.text }),
  },
]

export function createDefaultGuard(clock: Pick<Clock, 'monotonic'>): Guard {
  const engine = createEngine(SCANNERS, normalize)
  return createGuard({ engine, clock, openFrom, scannersFor })
}

/** An answer must not repeat what the request's system prompt says. */
function scannersFor({ segments }: Inspection): readonly NamedScanner[] {
  const systemTexts = segments.filter(({ origin }) => origin === 'system').map(({ text }) => text)
  if (systemTexts.length === 0) return []
  return [{ name: 'leakage', scan: createLeakageScanner(systemTexts).scan }]
}
