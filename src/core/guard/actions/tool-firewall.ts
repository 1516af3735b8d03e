/** Which tools may be called, and which of their arguments go through. It looks at names only; what is in the arguments is `analyse-action.ts`'s. */
import type { ToolDecision, ToolPolicy } from '../../domain/guard-policy.ts'
import { parseJson } from '../../domain/json.ts'
import { err, ok, type Result } from '../../domain/result.ts'
import type { Match } from '../match.ts'
import { matchOf, SINCE, type ActionFindingType, type ActionRule } from './action-match.ts'
import { globMatches } from './glob.ts'
import { latinLook, visible } from './look-alikes.ts'

export type ToolCallView = {
  readonly name: string
  /** JSON text; null where there are none. */
  readonly arguments: string | null
}

/** `look_alike`: it would be allowed if its letters were what they look like. */
export type FirewallReason = 'listed' | 'unlisted' | 'look_alike' | 'argument_denied' | 'arguments_unreadable'

export type FirewallDecision = {
  readonly decision: ToolDecision
  readonly reason: FirewallReason
  /** Those of the policy's that the call carries, as dotted paths of the call (`options.shell`). */
  readonly deniedArguments: readonly string[]
}

/** Characters of a tool's name and of a pattern for it. */
const NAME_CHARS_MAX = 256
/** Objects and lists inside one another that are read; deeper arguments are unreadable. */
const NESTING_MAX = 64
const DENIED_MAX = 256

/**
 * The first entry whose name fits decides; case and look-alike letters do not matter, except that they never turn into an `allow`: such
 * a name is asked for. Arguments that cannot be read are asked for where some of them are denied.
 */
export function decideTool(policy: ToolPolicy, call: ToolCallView): FirewallDecision {
  const name = call.name.slice(0, NAME_CHARS_MAX)
  const looks = latinLook(name)
  const entry = policy.tools.find((tool) => globMatches(latinLook(tool.name), looks))
  if (entry === undefined) return { decision: policy.fallback, reason: 'unlisted', deniedArguments: [] }
  // Letter case and full-width forms are one name to most programs; letters of another script and what cannot be seen are not.
  const isTrick = visible(name) !== looks || name.normalize('NFKC').toLowerCase() !== visible(name)
  const isOwn = globMatches(entry.name.normalize('NFKC').toLowerCase(), name.normalize('NFKC').toLowerCase())
  const decision = entry.decision === 'allow' && isTrick && !isOwn ? 'ask' : entry.decision
  const reason: FirewallReason = decision === entry.decision ? 'listed' : 'look_alike'
  if (entry.deniedArguments.length === 0 || call.arguments === null || call.arguments.trim() === '')
    return { decision, reason, deniedArguments: [] }
  const minimised = minimise(call.arguments, entry.deniedArguments)
  if (!minimised.ok)
    return { decision: decision === 'deny' ? 'deny' : 'ask', reason: 'arguments_unreadable', deniedArguments: [] }
  const { removed } = minimised.value
  return { decision, reason: removed.length > 0 && decision === 'allow' ? 'argument_denied' : reason, deniedArguments: removed }
}

export type Minimised = { readonly text: string; readonly removed: readonly string[] }

/**
 * JSON text without the arguments that `denied` names: a key at the top (`shell`), one further in (`options.shell`), `*` in place of any
 * part of a name; letter case does not matter. All other bytes stay as they are. Fails for what is no JSON object or list, and for what
 * is nested deeper than `NESTING_MAX`.
 */
export function minimise(text: string, denied: readonly string[]): Result<Minimised, 'unreadable'> {
  const value = parseJson(text)
  if (typeof value !== 'object' || value === null) return err('unreadable')
  const patterns = denied.slice(0, DENIED_MAX).map((name) => latinLook(name))
  const removed = new Set<string>()
  const cut = cutMembers(text, (path) => {
    const isDenied = patterns.some((pattern) => globMatches(pattern, latinLook(path)))
    if (isDenied) removed.add(path)
    return isDenied
  })
  return cut === null ? err('unreadable') : ok({ text: cut, removed: [...removed] })
}

/** Copies JSON that is known to be valid, without the members that `isDenied`. Null where it is too deep. */
function cutMembers(text: string, isDenied: (path: string) => boolean): string | null {
  let pos = 0
  let isTooDeep = false

  function blanks(): string {
    const from = pos
    while (/[ \t\r\n]/.test(text[pos] ?? '')) pos += 1
    return text.slice(from, pos)
  }

  function string(): string {
    const from = pos
    pos += 1
    while (pos < text.length && text[pos] !== '"') pos += text[pos] === '\\' ? 2 : 1
    pos += 1
    return text.slice(from, pos)
  }

  function copy(path: string, depth: number): string {
    if (depth > NESTING_MAX || isTooDeep) {
      isTooDeep = true
      pos = text.length
      return ''
    }
    const c = text[pos]
    if (c === '"') return string()
    if (c === '{' || c === '[') return members(path, c === '{', depth)
    const from = pos
    while (pos < text.length && !/[,\]}\s]/.test(text[pos] ?? '')) pos += 1
    return text.slice(from, pos)
  }

  function members(path: string, isObject: boolean, depth: number): string {
    const parts: string[] = [text[pos] ?? '']
    let kept = 0
    pos += 1
    while (pos < text.length) {
      const before = blanks()
      const c = text[pos]
      if (c === '}' || c === ']') {
        parts.push(before, c)
        pos += 1
        break
      }
      if (c === ',') {
        pos += 1
        continue
      }
      let head = ''
      let own = path
      if (isObject) {
        const name = string()
        const decoded = parseJson(name)
        own = path === '' ? String(decoded) : `${path}.${String(decoded)}`
        head = name + blanks() + (text[pos] ?? '')
        pos += 1
        head += blanks()
      }
      const isOut = isObject && isDenied(own)
      const value = copy(own, depth + 1)
      const after = blanks()
      if (isOut) continue
      if (kept > 0) parts.push(',')
      parts.push(before, head, value, after)
      kept += 1
    }
    return parts.join('')
  }

  const result = blanks() + copy('', 0) + blanks()
  return isTooDeep ? null : result
}

function rule(id: string, findingType: ActionFindingType, description: string): ActionRule {
  return {
    id: `action.tool.${id}`,
    version: 1,
    since: SINCE,
    findingType,
    severity: 'high',
    confidence: 1,
    description,
  }
}

const UNREGISTERED = rule('unregistered', 'unregistered_tool', 'a tool that the policy does not name')
const APPROVAL = rule('approval', 'tool_requires_approval', 'a tool whose calls a person has to allow')
const DENIED = rule('denied', 'tool_input_blocked', 'a tool that the policy forbids')
const ARGUMENT_DENIED = rule('argument-denied', 'tool_input_blocked', 'an argument that the policy forbids')
const LOOK_ALIKE = rule('look-alike', 'tool_requires_approval', "a name that imitates an allowed tool's")

/** A decision as findings. Sure, since the policy says so; an argument that is taken out leaves a call that may go on. */
export function firewallMatches({ decision, reason, deniedArguments }: FirewallDecision): readonly Match[] {
  const matches: Match[] = []
  if (reason === 'unlisted' && decision !== 'allow') matches.push(matchOf(UNREGISTERED, null))
  if (reason === 'look_alike') matches.push(matchOf(LOOK_ALIKE, null))
  else if (decision === 'ask') matches.push(matchOf(APPROVAL, null, { severity: 'medium' }))
  else if (decision === 'deny' && reason !== 'unlisted') matches.push(matchOf(DENIED, null))
  if (deniedArguments.length > 0)
    matches.push(matchOf(ARGUMENT_DENIED, null, { severity: decision === 'allow' ? 'medium' : 'high' }))
  return matches
}
