/** The providers that need no configuration, and where they are found. Anything else is configured by name. */

export type ProviderDefault = {
  /** Null: there is no common address, it must be configured. `{region}` stands for the AWS region. */
  readonly baseUrl: string | null
}

/** Where requests go, before the path that the client asked for. Local servers have their own default port. */
export const PROVIDER_DEFAULTS: ReadonlyMap<string, ProviderDefault> = new Map<string, ProviderDefault>([
  ['openai', { baseUrl: 'https://api.openai.com' }],
  ['anthropic', { baseUrl: 'https://api.anthropic.com' }],
  ['google', { baseUrl: 'https://generativelanguage.googleapis.com' }],
  ['azure', { baseUrl: null }],
  ['bedrock', { baseUrl: 'https://bedrock-runtime.{region}.amazonaws.com' }],
  ['ollama', { baseUrl: 'http://127.0.0.1:11434' }],
  ['groq', { baseUrl: 'https://api.groq.com/openai' }],
  ['mistral', { baseUrl: 'https://api.mistral.ai' }],
  ['deepseek', { baseUrl: 'https://api.deepseek.com' }],
  ['xai', { baseUrl: 'https://api.x.ai' }],
  ['cohere', { baseUrl: 'https://api.cohere.com' }],
  ['openrouter', { baseUrl: 'https://openrouter.ai/api' }],
  ['vllm', { baseUrl: 'http://127.0.0.1:8000' }],
  ['sglang', { baseUrl: 'http://127.0.0.1:30000' }],
  ['tgi', { baseUrl: 'http://127.0.0.1:3000' }],
  ['lmstudio', { baseUrl: 'http://127.0.0.1:1234' }],
])

/** Taken where neither the configuration nor `AWS_REGION` names one. */
export const DEFAULT_REGION = 'us-east-1'
