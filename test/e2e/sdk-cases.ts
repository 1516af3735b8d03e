/**
 * What the official SDKs do, as cases that hold against a provider and must hold through the gateway just the same. Each builds its
 * client as the README says, talks to a fake upstream that answers in the documented format, and checks what the SDK made of it.
 */
import { anthropicCases } from './sdk-anthropic.ts'
import type { SdkCase } from './sdk-case.ts'
import { geminiCases } from './sdk-gemini.ts'
import { ollamaCases } from './sdk-ollama.ts'
import { openaiCases } from './sdk-openai.ts'
import { vercelCases } from './sdk-vercel.ts'

export type { SdkCase, SpanFacts, UsageFacts } from './sdk-case.ts'

export const SDK_CASES: readonly SdkCase[] = [...openaiCases, ...anthropicCases, ...geminiCases, ...ollamaCases, ...vercelCases]
