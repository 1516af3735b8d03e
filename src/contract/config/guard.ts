/** The `guard` section: what a policy may say, and the policy that it stands for. The API takes and gives the same form. */
import { z } from 'zod'
import { CATEGORIES, FINDING_TYPES, SEVERITIES } from '../../core/domain/finding.ts'
import type { CustomRule, GuardPolicy, OperatingPoint } from '../../core/domain/guard-policy.ts'
import { ORIGINS } from '../../core/domain/segment.ts'
import { customPattern } from '../../core/guard/custom-rules.ts'
import { choice, flag, group, key, matching, satisfying, text, whole } from './values.ts'

const PATTERN_CHARS_MAX = 1024
const RULES_MAX = 256
const EXAMPLES_MAX = 16

const same = <const T extends readonly string[]>(names: T): { readonly [name in T[number]]: name } =>
  Object.fromEntries(names.map((name) => [name, name])) as never

const MODES = same(['log', 'flag', 'redact', 'block'])
const DIRECTIONS = same(['input', 'output'])
const DECISIONS = same(['allow', 'ask', 'deny'])

const list = <T extends z.ZodType>(value: T, max = RULES_MAX) =>
  z
    .array(value, { error: 'must be a list' })
    .max(max, { error: `must be a list of at most ${max}` })
    .readonly()

const share = z
  .number({ error: 'must be a number from 0 to 1' })
  .min(0, { error: 'must be a number from 0 to 1' })
  .max(1, { error: 'must be a number from 0 to 1' })

// A slip here would leave a policy that does nothing.
const NAMES: ReadonlySet<string> = new Set([...CATEGORIES, ...FINDING_TYPES])
const findingName = satisfying(
  'a finding type or a category, such as prompt_injection or pii: docs/guard.md lists them',
  (name) => NAMES.has(name),
)
const origins = list(choice(same(ORIGINS)))
const directions = list(choice(DIRECTIONS))

const category = group({
  finding_type: key(`A finding type or a category (${CATEGORIES.join(', ')}).`, findingName),
  origins: key('Whose texts it is about. null: all.', origins.nullable().default(null)),
  action: key('What is done with such a finding.', choice(MODES)),
  threshold: key('Confidence from which on it holds; weaker findings are logged.', share.default(0.8)),
  shadow: key('Decided and recorded, but nothing is done.', flag().default(false)),
})

const customRule = group({
  id: key(
    'Its name in findings, as custom.ID.',
    matching('1 to 64 letters, digits, dots and dashes', /^[a-z0-9][a-z0-9.-]{0,63}$/i),
  ),
  pattern: key('What it looks for, in RE2 syntax: no text makes it slow.', text('a pattern').max(PATTERN_CHARS_MAX)),
  case_sensitive: key('Whether capitals count.', flag().default(false)),
  severity: key('How bad it is.', choice(same(SEVERITIES)).default('high')),
  confidence: key('How sure it is.', share.default(0.9)),
  directions: key('In what is sent, in what is answered.', directions.default(['input', 'output'])),
  origins: key('Whose texts it is looked for in. null: all.', origins.nullable().default(null)),
  description: key('For people who read the finding.', text('text').default('a rule of your own')),
  examples: key('Texts that it must find.', list(text('text'), EXAMPLES_MAX).default([])),
  counter_examples: key('Texts that it must not find.', list(text('text'), EXAMPLES_MAX).default([])),
}).superRefine((rule, context) => {
  const compiled = customPattern(rule.pattern, rule.case_sensitive)
  if (!compiled.ok) {
    context.addIssue({ code: 'custom', path: ['pattern'], message: `must be a pattern in RE2 syntax: ${compiled.error}` })
    return
  }
  for (const [name, wanted] of [
    ['examples', true],
    ['counter_examples', false],
  ] as const) {
    for (const [i, example] of rule[name].entries()) {
      if (compiled.value(example).length > 0 === wanted) continue
      context.addIssue({
        code: 'custom',
        path: [name, i],
        message: wanted ? 'must be found by the pattern' : 'must not be found by the pattern',
      })
    }
  }
})

/** Findings name a rule by its id alone. */
function uniqueIds(rules: readonly { readonly id: string }[], context: z.RefinementCtx): void {
  const seen = new Set<string>()
  for (const [i, { id }] of rules.entries()) {
    if (seen.has(id)) context.addIssue({ code: 'custom', path: [i, 'id'], message: 'must be a name that no other rule has' })
    seen.add(id)
  }
}

const allowEntry = group({
  finding_type: key('A finding type or a category. null: any.', findingName.nullable().default(null)),
  rule_id: key('A rule, as findings name it. null: any.', text('text').nullable().default(null)),
  text: key('The exact text that may stand. null: any.', text('text').nullable().default(null)),
}).refine((entry) => entry.finding_type !== null || entry.rule_id !== null || entry.text !== null, {
  error: 'must name a finding_type, a rule_id or a text: an empty entry would allow everything',
})

const tool = group({
  name: key('A tool; * stands for anything.', text('text')),
  decision: key('allow, ask or deny.', choice(DECISIONS).default('allow')),
  denied_arguments: key('A call that carries one of these arguments is refused.', list(text('text')).default([])),
})

export const GUARD = group({
  enforcement: key(
    'What is done with what is found.',
    group({
      mode: key('log: recorded. flag: said in a header too. redact: taken out. block: refused.', choice(MODES).default('log')),
      operating_point: key(
        'balanced. high_precision: rather misses an attack. high_recall: rather stops a harmless text.',
        choice(same(['balanced', 'high_precision', 'high_recall'])).default('balanced'),
      ),
      analysis_depth: key(
        'fast: rules. full: the model too, where there is one.',
        choice(same(['fast', 'full'])).default('fast'),
      ),
      min_severity: key(
        'Weaker findings are logged. null: high; at high_recall medium.',
        choice(same(SEVERITIES)).nullable().default(null),
      ),
      min_confidence: key(
        'Less sure findings are logged. null: 0.8; at high_precision 0.9, at high_recall 0.6.',
        share.nullable().default(null),
      ),
      timeout_ms: key(
        'After it the decision is made with what was judged so far.',
        whole('milliseconds', 1, 10_000).default(50),
      ),
      fail: key(
        'open: a call that cannot be judged passes. closed: it is refused.',
        choice(same(['open', 'closed'])).default('open'),
      ),
      shadow: key('Decides and records, but does nothing.', flag().default(false)),
      categories: key('Other words for single finding types; the first that fits counts.', list(category).default([]), {
        example: [
          { finding_type: 'secret', action: 'block' },
          { finding_type: 'prompt_injection', origins: ['tool_result'], action: 'block', threshold: 0.7 },
        ],
      }),
    }).prefault({}),
  ),
  streaming: key(
    'How streamed answers are judged.',
    group({
      mode: key(
        'observe: judged while they pass. hold: what may still become a finding waits until it is judged.',
        choice(same(['observe', 'hold'])).default('observe'),
      ),
      window_chars: key('Longest stretch that waits.', whole('characters', 16, 8192).default(256)),
      on_finding: key('redact: taken out. stop: the stream ends.', choice(same(['redact', 'stop'])).default('redact')),
    }).prefault({}),
  ),
  pii: key(
    'Personal data.',
    group({
      action: key(
        'alert_only: recorded. alert_and_redact: taken out too. redact_silent: taken out, and no alert.',
        choice(same(['alert_only', 'alert_and_redact', 'redact_silent'])).default('alert_only'),
      ),
      directions: key('Where it is taken out.', directions.default(['input', 'output']), { example: ['output'] }),
    }).prefault({}),
  ),
  custom_rules: key('Patterns of your own.', list(customRule).superRefine(uniqueIds).default([]), {
    example: [{ id: 'project-name', pattern: '\\bproject[ -]bluebird\\b', examples: ['Project Bluebird'] }],
  }),
  allow: key('What is no finding.', list(allowEntry).default([]), {
    example: [{ rule_id: 'pii.email', text: 'support@example.com' }],
  }),
  tools: key(
    'What agents may do.',
    group({
      rules: key('By tool name; the first that fits counts.', list(tool).default([]), {
        example: [{ name: 'shell_*', decision: 'deny' }],
      }),
      fallback: key('For tools that no rule names.', choice(DECISIONS).default('allow')),
      session_calls_max: key(
        'Tool calls of one session. null: no limit.',
        whole('calls', 1, 1_000_000).nullable().default(null),
      ),
      repeats_max: key('The same call, so often in one session, is a loop.', whole('calls', 2, 1000).default(5)),
    }).prefault({}),
  ),
})

export type GuardConfig = Readonly<z.output<typeof GUARD>>

const CONFIDENCE: { readonly [point in OperatingPoint]: number } = { high_precision: 0.9, balanced: 0.8, high_recall: 0.6 }

export function toGuardPolicy(config: GuardConfig): GuardPolicy {
  const { enforcement, streaming, pii, tools } = config
  const point = enforcement.operating_point
  return {
    mode: enforcement.mode,
    operatingPoint: point,
    depth: enforcement.analysis_depth,
    severityMin: enforcement.min_severity ?? (point === 'high_recall' ? 'medium' : 'high'),
    confidenceMin: enforcement.min_confidence ?? CONFIDENCE[point],
    timeoutMs: enforcement.timeout_ms,
    fail: enforcement.fail,
    isShadow: enforcement.shadow,
    categories: enforcement.categories.map((rule) => ({
      findingType: rule.finding_type,
      origins: rule.origins,
      action: rule.action,
      threshold: rule.threshold,
      isShadow: rule.shadow,
    })),
    streaming: { mode: streaming.mode, windowChars: streaming.window_chars, onFinding: streaming.on_finding },
    pii: { action: pii.action, directions: pii.directions },
    customRules: config.custom_rules.map((rule): CustomRule => ({
      id: rule.id,
      pattern: rule.pattern,
      isCaseSensitive: rule.case_sensitive,
      severity: rule.severity,
      confidence: rule.confidence,
      directions: rule.directions,
      origins: rule.origins,
      description: rule.description,
    })),
    allow: config.allow.map((entry) => ({ findingType: entry.finding_type, ruleId: entry.rule_id, text: entry.text })),
    tools: {
      tools: tools.rules.map((rule) => ({ name: rule.name, decision: rule.decision, deniedArguments: rule.denied_arguments })),
      fallback: tools.fallback,
      sessionCallsMax: tools.session_calls_max,
      repeatsMax: tools.repeats_max,
    },
  }
}

/** The policy of a configuration that says nothing about the guard. */
export const DEFAULT_GUARD_POLICY: GuardPolicy = toGuardPolicy(GUARD.parse({}))
