/** A judge of two patterns with an exact `openFrom`: e-mail addresses and keys of the form `SECRET-12345678`. */
import type { VerdictAction } from '../../../../src/core/domain/finding.ts'
import type { Judge, Judged } from '../../../../src/core/guard/match.ts'

const EMAIL = /[a-z0-9._%+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}/gi
const SECRET = /SECRET-[0-9]{8}/g

export const EMAIL_TAG = '[PII:EMAIL]'
export const SECRET_TAG = '[SECRET:KEY]'

export type FakeActions = { readonly email?: VerdictAction; readonly secret?: VerdictAction }

/** Everything is redacted unless said. */
export function fakeJudge({ email = 'redact', secret = 'redact' }: FakeActions = {}): Judge {
  return {
    judge: (text) => [
      ...[...text.matchAll(EMAIL)].map((match) => matchOf(match, 'pii.email', 'pii', EMAIL_TAG, email)),
      ...[...text.matchAll(SECRET)].map((match) => matchOf(match, 'secret.key', 'secret', SECRET_TAG, secret)),
    ],
    openFrom: (text) => {
      // The word that the text ends with could go on; `@` and dots belong to a word.
      const word = /[a-z0-9._%+@-]+$/i.exec(text)
      return word === null ? text.length : word.index
    },
  }
}

/** Finds nothing, holds nothing back. */
export const blindJudge: Judge = { judge: () => [], openFrom: (text) => text.length }

/** The text as it should come out: of matches that overlap the first one's tag stands for all. */
export function redacted(text: string): string {
  const matches = [
    ...[...text.matchAll(EMAIL)].map((match) => ({ start: match.index, end: match.index + match[0].length, tag: EMAIL_TAG })),
    ...[...text.matchAll(SECRET)].map((match) => ({ start: match.index, end: match.index + match[0].length, tag: SECRET_TAG })),
  ].sort((a, b) => a.start - b.start)
  let out = ''
  let at = 0
  for (const { start, end, tag } of matches) {
    if (start >= at) out += text.slice(at, start) + tag
    at = Math.max(at, end)
  }
  return out + text.slice(at)
}

function matchOf(
  match: RegExpExecArray,
  ruleId: string,
  category: 'pii' | 'secret',
  tag: string,
  action: VerdictAction,
): Judged {
  return {
    ruleId,
    findingType: category === 'pii' ? 'pii_detected' : 'secret_leakage',
    category,
    severity: 'high',
    confidence: 1,
    description: ruleId,
    range: { startUtf16: match.index, endUtf16: match.index + match[0].length },
    via: [],
    tag,
    action,
    shadowAction: null,
  }
}
