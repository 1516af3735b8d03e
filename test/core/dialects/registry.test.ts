import { describe, expect, test } from 'bun:test'
import { dialectOfPath } from '../../../src/core/dialects/registry.ts'

const PATHS: readonly (readonly [path: string, dialect: string, provider: string])[] = [
  ['/v1/chat/completions', 'openai-chat', 'openai'],
  ['/v1beta/openai/chat/completions', 'openai-chat', 'openai'],
  ['/v1/completions', 'openai-completions', 'openai'],
  ['/v1/responses', 'openai-responses', 'openai'],
  ['/v1/embeddings', 'openai-embeddings', 'openai'],
  ['/v1/models', 'opaque', 'openai'],
  ['/v1/audio/transcriptions', 'opaque', 'openai'],
  // An assistant's messages are not Anthropic's.
  ['/v1/threads/thread_1/messages', 'opaque', 'openai'],
  ['/v1/messages', 'anthropic-messages', 'anthropic'],
  ['/v1/messages/count_tokens', 'anthropic-messages', 'anthropic'],
  ['/v1/messages/batches', 'opaque', 'anthropic'],
  ['/v1/messages/batches/msgbatch_1/results', 'opaque', 'anthropic'],
  ['/v1beta/models/gemini-2.5-flash:generateContent', 'gemini', 'google'],
  ['/v1/models/gemini-2.5-flash%3AstreamGenerateContent', 'gemini', 'google'],
  ['/v1/projects/p/locations/l/publishers/google/models/gemini-2.5-pro:generateContent', 'gemini', 'google'],
  ['/v1/projects/p/locations/l/publishers/anthropic/models/claude-sonnet-5:streamRawPredict', 'anthropic-messages', 'google'],
  ['/v1beta/files', 'opaque', 'google'],
  ['/v2/chat', 'cohere', 'cohere'],
  ['/v2/embed', 'cohere', 'cohere'],
  ['/v1/rerank', 'cohere', 'cohere'],
  ['/api/chat', 'ollama', 'ollama'],
  ['/api/tags', 'ollama', 'ollama'],
  ['/openai/deployments/d/chat/completions', 'azure-openai', 'azure'],
  ['/openai/v1/responses', 'azure-openai', 'azure'],
  ['/model/amazon.nova-lite-v1%3A0/converse', 'bedrock', 'bedrock'],
  ['/model/arn:aws:bedrock:eu-central-1:1:inference-profile/eu.nova/converse-stream', 'bedrock', 'bedrock'],
  ['/model/anthropic.claude-3/count-tokens', 'bedrock', 'bedrock'],
  ['/', 'opaque', 'openai'],
]

describe('a path speaks', () => {
  for (const [path, dialect, provider] of PATHS) {
    test(`${path}: ${dialect}, of ${provider}`, () => {
      const found = dialectOfPath({ path, search: '' })
      expect([found.dialect.name, found.provider]).toEqual([dialect as typeof found.dialect.name, provider])
    })
  }
})
