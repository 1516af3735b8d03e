/**
 * The most that a call can take, read off its request. A tokenizer is too large for the edge and each model has another one; but a
 * token of a byte-level vocabulary is never less than one byte, and what a chat template adds for a message (3 to 8 tokens) is less
 * than its JSON takes (`{"role":"user","content":""}`), so the bytes of the body bound the tokens of its text.
 */
import type { RequestView } from '../dialects/dialect.ts'
import type { Inspection } from '../domain/segment.ts'
import { BYTES_PER_TOKEN, type TokenBound } from '../domain/token-bound.ts'

/**
 * Tokens of one image, beside its bytes. The dearest known: gpt-4o-mini takes 2,833 and 5,667 for each of up to 8 tiles (OpenAI's
 * vision guide, 2026); all others are far below.
 */
const IMAGE_TOKENS_MAX = 50_000

/** Request fields by which a provider adds text that is not in the request. */
const REFERENCES: readonly string[] = [
  'previous_response_id',
  'conversation',
  'prompt',
  'cachedContent',
  'cached_content',
  'container',
  'documents',
  'connectors',
  'data_sources',
  'web_search_options',
  'guardrailConfig',
]

/** Tools that a provider runs itself, whose results become part of the prompt. */
const HOSTED_TOOL =
  /"type":\s*"(?:web_search|web_fetch|file_search|code_interpreter|code_execution|computer|mcp|image_generation|local_shell|memory)|"?(?:google_?search|url_?context|code_?execution|google_?maps|file_?search)\b/i

/** Operations that give no text, and those that are answered without a model. */
const WITHOUT_OUTPUT: ReadonlySet<RequestView['operation']> = new Set(['embeddings', 'rerank', 'count_tokens', 'moderation'])

export type BoundAsk = {
  readonly view: RequestView
  readonly inspection: Inspection
  readonly bodyBytes: number
  /** Gemini's cap leaves hidden reasoning out, so that it bounds nothing. */
  readonly isCapWhole: boolean
}

export function boundOf({ view, inspection, bodyBytes, isCapWhole }: BoundAsk): TokenBound {
  let promptTokens = bodyBytes
  let fillsContext = REFERENCES.some((name) => view.parameters[name] !== undefined && view.parameters[name] !== null)
  for (const { reason } of inspection.uninspected) {
    if (/image/i.test(reason)) promptTokens += IMAGE_TOKENS_MAX
    // Audio and pages take fewer tokens than bytes; but a part may also name a file that is elsewhere.
    else fillsContext = true
  }
  fillsContext ||= inspection.segments.some(({ origin, text }) => origin === 'tool_definition' && HOSTED_TOOL.test(text))
  const choices = Math.max(1, view.choiceCount)
  const cap = isCapWhole ? view.maxOutputTokens : null
  return {
    promptTokens,
    fillsContext,
    hasMedia: inspection.uninspected.length > 0,
    completionTokens: WITHOUT_OUTPUT.has(view.operation) ? 0 : cap === null ? null : Math.ceil(cap) * choices,
    choices,
    likelyPromptTokens: Math.ceil(bodyBytes / BYTES_PER_TOKEN),
  }
}
