import { describe, expect, test } from 'bun:test'
import { azureOpenai } from '../../../src/core/dialects/azure-openai.ts'
import { assembled, segment, sseEvents } from '../../support/dialect.ts'

function at(path: string): { readonly path: string; readonly search: string } {
  return { path, search: '?api-version=preview' }
}

const CHAT = { messages: [{ role: 'user', content: 'hi' }] }

describe('an Azure path', () => {
  test.each([
    ['/openai/deployments/gpt/chat/completions', 'chat', 'gpt'],
    ['/openai/deployments/gpt/extensions/chat/completions', 'chat', 'gpt'],
    ['/openai/deployments/gpt/completions', 'text_completion', 'gpt'],
    ['/openai/deployments/ada/embeddings', 'embeddings', 'ada'],
    ['/openai/deployments/dalle/images/generations', 'image', 'dalle'],
    ['/openai/deployments/whisper/audio/transcriptions', 'audio', 'whisper'],
    ['/openai/deployments/my%20gpt/chat/completions', 'chat', 'my gpt'],
    ['/openai/deployments/50%/chat/completions', 'chat', '50%'],
    ['/openai/v1/chat/completions', 'chat', null],
    ['/openai/v1/responses', 'chat', null],
    ['/openai/responses', 'chat', null],
    ['/openai/v1/models', 'other', null],
    ['/x/openai/deployments/gpt/completions', 'text_completion', null],
  ] as const)('%s asks for %s of %s', (path, operation, model) => {
    const dialect = azureOpenai(at(path))
    expect(dialect.name).toBe('azure-openai')
    expect(dialect.readRequest({}, at('/ignored'))).toMatchObject({ operation, model })
  })

  test('the body’s own model goes before the deployment', () => {
    const target = at('/openai/deployments/gpt/chat/completions')
    expect(azureOpenai(target).readRequest({ model: 'gpt-5' }, target).model).toBe('gpt-5')
  })

  test('each speaks the format of its end', () => {
    const chat = azureOpenai(at('/openai/deployments/gpt/chat/completions'))
    expect(chat.readRequest(CHAT, at('')).inspect().segments).toEqual([segment('user', '/messages/0/content', 'hi')])
    expect(chat.readAnswer({ choices: [{ message: { content: 'a' } }] }).segments).toEqual([
      segment('assistant', '/choices/0/message/content', 'a'),
    ])
    expect(sseEvents(assembled(chat, []).assembler.stop())).toMatchObject([
      { data: { object: 'chat.completion.chunk' } },
      { data: '[DONE]' },
    ])

    const responses = azureOpenai(at('/openai/responses'))
    expect(responses.readRequest({ input: 'hi' }, at('')).inspect().segments).toEqual([segment('user', '/input', 'hi')])
    expect(sseEvents(assembled(responses, []).assembler.stop())).toMatchObject([{ event: 'response.incomplete' }])

    const completions = azureOpenai(at('/openai/deployments/gpt/completions'))
    expect(completions.readRequest({ prompt: 'hi' }, at('')).inspect().segments).toEqual([segment('user', '/prompt', 'hi')])

    const embeddings = azureOpenai(at('/openai/deployments/ada/embeddings'))
    expect(embeddings.readRequest({ input: [1] }, at('')).inspect().uninspected).toEqual([
      { pointer: '/input', reason: 'tokens' },
    ])

    const other = azureOpenai(at('/openai/v1/files'))
    expect(other.readRequest({}, at('')).inspect().uninspected).toEqual([{ pointer: '', reason: 'unknown format' }])
  })
})
