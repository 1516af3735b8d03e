/** The tool firewall as a scanner: the calls of an answer, by what the policy says of their tools. */
import type { ToolPolicy } from '../../domain/guard-policy.ts'
import type { Scanner } from '../match.ts'
import { decideTool, firewallMatches } from './tool-firewall.ts'

/** True where the policy says nothing about any tool. */
export function isOpenToAll(policy: ToolPolicy): boolean {
  return policy.tools.length === 0 && policy.fallback === 'allow'
}

/** Calls in a request were made already: only those of an answer can still be stopped. */
export function scanToolCalls(policy: ToolPolicy): Scanner {
  return ([form], { direction, origin, toolName }) => {
    if (direction !== 'output' || origin !== 'tool_call' || toolName === null || form === undefined) return []
    return firewallMatches(decideTool(policy, { name: toolName, arguments: form.text }))
  }
}
