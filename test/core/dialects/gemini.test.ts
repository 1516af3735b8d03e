import { describe, expect, test } from 'bun:test'
import { gemini } from '../../../src/core/dialects/gemini.ts'
import { appError } from '../../../src/core/domain/errors.ts'
import type { JsonRecord } from '../../../src/core/domain/json.ts'
import { answered, expectNeverThrows, inspected, nested, segment, target } from '../../support/dialect-checks.ts'

const GENERATE = '/v1beta/models/gemini-3-pro:generateContent'
const STREAM = '/v1beta/models/gemini-3-pro:streamGenerateContent'
const user = (text: string) => ({ role: 'user', parts: [{ text }] })

describe('the path says what is asked', () => {
  const cases: { path: string; operation: string; model: string | null; isStreaming: boolean }[] = [
    { path: GENERATE, operation: 'chat', model: 'gemini-3-pro', isStreaming: false },
    { path: STREAM, operation: 'chat', model: 'gemini-3-pro', isStreaming: true },
    {
      path: '/v1/models/gemini-2.5-flash:countTokens',
      operation: 'count_tokens',
      model: 'gemini-2.5-flash',
      isStreaming: false,
    },
    {
      path: '/v1alpha/models/text-embedding-004:embedContent',
      operation: 'embeddings',
      model: 'text-embedding-004',
      isStreaming: false,
    },
    { path: '/v1beta/models/e:batchEmbedContents', operation: 'embeddings', model: 'e', isStreaming: false },
    { path: '/v1beta/models/e:asyncBatchEmbedContent', operation: 'embeddings', model: 'e', isStreaming: false },
    {
      path: '/v1/projects/p/locations/us-central1/publishers/google/models/gemini-2.5-pro:streamGenerateContent',
      operation: 'chat',
      model: 'gemini-2.5-pro',
      isStreaming: true,
    },
    { path: '/v1/projects/p/locations/l/endpoints/123:generateContent', operation: 'chat', model: '123', isStreaming: false },
    { path: '/v1beta/tunedModels/mine-1:generateContent', operation: 'chat', model: 'mine-1', isStreaming: false },
    {
      path: '/v1beta/models/gemini-3-pro%3AstreamGenerateContent',
      operation: 'chat',
      model: 'gemini-3-pro',
      isStreaming: true,
    },
    { path: '/v1beta/models/te%78t%40001:embedContent', operation: 'embeddings', model: 'text@001', isStreaming: false },
    { path: '/v1beta/models/bad%E0%A4%A:embedContent', operation: 'embeddings', model: 'bad%E0%A4%A', isStreaming: false },
    { path: '/v1beta/models/imagen:predict', operation: 'other', model: 'imagen', isStreaming: false },
    { path: '/v1beta/models/x:constructor', operation: 'other', model: 'x', isStreaming: false },
    { path: '/v1beta/models', operation: 'other', model: null, isStreaming: false },
    { path: '/v1beta/models/x:generateContent/y', operation: 'other', model: null, isStreaming: false },
  ]
  test.each(cases)('$path', ({ path, operation, model, isStreaming }) => {
    const view = gemini.readRequest({}, target(path, '?alt=sse'))
    expect(view).toMatchObject({ operation, model, isStreaming, maxOutputTokens: null, choiceCount: 1, userId: null })
  })

  test('without a model in the path, that of the body', () => {
    expect(gemini.readRequest({ model: 'models/gemini-3' }, target('/v1/x')).model).toBe('gemini-3')
    expect(gemini.readRequest({ model: 'gemini-3' }, target('/v1/x')).model).toBe('gemini-3')
    expect(gemini.readRequest({ model: 'my/models/x' }, target('/v1/x')).model).toBe('my/models/x')
    expect(gemini.name).toBe('gemini')
  })
})

describe('settings', () => {
  const cases: { why: string; body: JsonRecord; max: number | null; choices: number }[] = [
    { why: 'none', body: {}, max: null, choices: 1 },
    { why: 'camel', body: { generationConfig: { maxOutputTokens: 5, candidateCount: 3 } }, max: 5, choices: 3 },
    { why: 'snake', body: { generation_config: { max_output_tokens: 6, candidate_count: 2 } }, max: 6, choices: 2 },
    { why: 'camel in snake', body: { generation_config: { maxOutputTokens: 7, candidateCount: 4 } }, max: 7, choices: 4 },
    { why: 'snake in camel', body: { generationConfig: { max_output_tokens: 8, candidate_count: 5 } }, max: 8, choices: 5 },
    {
      why: 'two spellings: the larger, since the server may take either',
      body: {
        generationConfig: { maxOutputTokens: 1, candidateCount: 1 },
        generation_config: { max_output_tokens: 9, candidate_count: 2 },
      },
      max: 9,
      choices: 2,
    },
    { why: 'odd', body: { generationConfig: { maxOutputTokens: '5', candidateCount: 'two' } }, max: null, choices: 1 },
    { why: 'no object', body: { generationConfig: 7 }, max: null, choices: 1 },
  ]
  test.each(cases)('$why', ({ body, max, choices }) => {
    const view = gemini.readRequest(body, target(GENERATE))
    expect(view.maxOutputTokens).toBe(max)
    expect(view.choiceCount).toBe(choices)
  })

  test('parameters are what is neither prompt nor tool', () => {
    const body = {
      model: 'm',
      contents: [],
      content: {},
      systemInstruction: {},
      system_instruction: {},
      tools: [],
      requests: [],
      instances: [],
      generateContentRequest: {},
      generate_content_request: {},
      generationConfig: { temperature: 0.5 },
      safetySettings: [{ category: 'X' }],
    }
    expect(gemini.readRequest(body, target(GENERATE)).parameters).toEqual({
      generationConfig: { temperature: 0.5 },
      safetySettings: [{ category: 'X' }],
    })
  })
})

describe('prompts', () => {
  test('every kind of part, with its place', () => {
    const body = {
      systemInstruction: { parts: [{ text: 'be brief' }, { text: 'be kind' }] },
      contents: [
        { role: 'user', parts: [{ text: 'hello' }, { inlineData: { mimeType: 'image/png', data: 'AA==' } }] },
        {
          role: 'model',
          parts: [
            { text: 'I think', thought: true, thoughtSignature: 'sig' },
            { functionCall: { id: 'c1', name: 'weather', args: { city: 'Rome' } } },
            { executableCode: { language: 'PYTHON', code: 'print(1)' } },
            { codeExecutionResult: { outcome: 'OUTCOME_OK', output: '1\n' } },
            { toolCall: { id: 't1', toolType: 'GOOGLE_SEARCH', args: { q: 'x' } } },
            { toolResponse: { id: 't1', toolType: 'GOOGLE_SEARCH', response: { text: 'found' } } },
          ],
        },
        {
          role: 'user',
          parts: [
            {
              functionResponse: {
                id: 'c1',
                name: 'weather',
                response: { output: 'sunny\nand warm', code: 7, none: null, list: ['a'] },
                parts: [{ inlineData: { mimeType: 'image/png', data: 'AA==' } }, { text: 'inner' }],
              },
            },
            { fileData: { fileUri: 'gs://x', mimeType: 'video/mp4' }, videoMetadata: { fps: 1 } },
            { audioTranscription: { text: 'spoken' } },
            { mediaResolution: {}, mediaProcessing: {}, partMetadata: {}, speechMetadata: {}, thoughtSignature: 's' },
          ],
        },
        { parts: [{ text: 'no role' }] },
        { role: 'system', parts: [{ text: 'a system turn' }] },
        { role: 'function', parts: [{ text: 'a role of another time' }] },
      ],
    }
    expect(inspected(gemini, GENERATE, body)).toEqual({
      segments: [
        segment('system', '/systemInstruction/parts/0/text', 'be brief'),
        segment('system', '/systemInstruction/parts/1/text', 'be kind'),
        segment('user', '/contents/0/parts/0/text', 'hello'),
        segment('assistant', '/contents/1/parts/0/text', 'I think', { kind: 'reasoning' }),
        segment('tool_call', '/contents/1/parts/1/functionCall/args', '{"city":"Rome"}', { kind: 'json', name: 'weather' }),
        segment('tool_call', '/contents/1/parts/2/executableCode/code', 'print(1)', { name: 'code_execution' }),
        segment('tool_result', '/contents/1/parts/3/codeExecutionResult/output', '1\n', { name: 'code_execution' }),
        segment('tool_call', '/contents/1/parts/4/toolCall/args', '{"q":"x"}', { kind: 'json', name: 'GOOGLE_SEARCH' }),
        segment('tool_result', '/contents/1/parts/5/toolResponse/response/text', 'found', { name: 'GOOGLE_SEARCH' }),
        segment('tool_result', '/contents/2/parts/0/functionResponse/response/output', 'sunny\nand warm', { name: 'weather' }),
        segment('tool_result', '/contents/2/parts/0/functionResponse/response/code', '7', { kind: 'json', name: 'weather' }),
        segment('tool_result', '/contents/2/parts/0/functionResponse/response/list', '["a"]', {
          kind: 'json',
          name: 'weather',
        }),
        segment('tool_result', '/contents/2/parts/0/functionResponse/parts/1/text', 'inner'),
        segment('user', '/contents/2/parts/2/audioTranscription/text', 'spoken'),
        segment('user', '/contents/3/parts/0/text', 'no role'),
        segment('system', '/contents/4/parts/0/text', 'a system turn'),
        segment('user', '/contents/5/parts/0/text', 'a role of another time'),
      ],
      uninspected: [
        { pointer: '/contents/0/parts/1/inlineData', reason: 'inlineData' },
        { pointer: '/contents/2/parts/0/functionResponse/parts/0/inlineData', reason: 'inlineData' },
        { pointer: '/contents/2/parts/1/fileData', reason: 'fileData' },
      ],
    })
  })

  test('the snake_case spelling of every field is read the same', () => {
    const body = {
      system_instruction: { parts: [{ text: 'be brief' }] },
      cachedContent: 'cachedContents/0',
      contents: [
        {
          role: 'model',
          parts: [
            { text: 'hm', thought: true, thought_signature: 'sig', part_metadata: {} },
            { function_call: { name: 'weather', args: { city: 'Rome' } } },
            { function_response: { name: 'weather', response: { output: 'sunny' } } },
            { executable_code: { code: 'print(1)' } },
            { code_execution_result: { output: '1' } },
            { tool_call: { tool_type: 'URL', args: { q: 'x' } } },
            { tool_response: { tool_type: 'URL', response: { text: 'found' } } },
            { audio_transcription: { text: 'spoken' } },
            { inline_data: { mime_type: 'image/png', data: 'AA==' }, video_metadata: {}, media_resolution: {} },
            { file_data: { file_uri: 'gs://x' }, media_processing: {}, speech_metadata: {} },
          ],
        },
      ],
      tools: [{ function_declarations: [{ name: 'weather' }] }],
      cached_content: 'cachedContents/1',
    }
    const at = '/contents/0/parts'
    expect(inspected(gemini, GENERATE, body)).toEqual({
      segments: [
        segment('system', '/system_instruction/parts/0/text', 'be brief'),
        segment('assistant', `${at}/0/text`, 'hm', { kind: 'reasoning' }),
        segment('tool_call', `${at}/1/function_call/args`, '{"city":"Rome"}', { kind: 'json', name: 'weather' }),
        segment('tool_result', `${at}/2/function_response/response/output`, 'sunny', { name: 'weather' }),
        segment('tool_call', `${at}/3/executable_code/code`, 'print(1)', { name: 'code_execution' }),
        segment('tool_result', `${at}/4/code_execution_result/output`, '1', { name: 'code_execution' }),
        segment('tool_call', `${at}/5/tool_call/args`, '{"q":"x"}', { kind: 'json', name: 'URL' }),
        segment('tool_result', `${at}/6/tool_response/response/text`, 'found', { name: 'URL' }),
        segment('assistant', `${at}/7/audio_transcription/text`, 'spoken'),
        segment('tool_definition', '/tools/0/function_declarations/0', '{"name":"weather"}', { kind: 'json', name: 'weather' }),
      ],
      uninspected: [
        { pointer: `${at}/8/inline_data`, reason: 'inline_data' },
        { pointer: `${at}/9/file_data`, reason: 'file_data' },
        { pointer: '/cachedContent', reason: 'cached content' },
        { pointer: '/cached_content', reason: 'cached content' },
      ],
    })
  })

  const forms: {
    why: string
    body: unknown
    texts: readonly (readonly [pointer: string, text: string])[]
    skipped: readonly string[]
  }[] = [
    {
      why: 'one bare turn with one bare part',
      body: { contents: { role: 'user', parts: { text: 'hi' } } },
      texts: [['/contents/parts/text', 'hi']],
      skipped: [],
    },
    {
      why: 'bare texts',
      body: { contents: 'hi', systemInstruction: 'be' },
      texts: [
        ['/systemInstruction', 'be'],
        ['/contents', 'hi'],
      ],
      skipped: [],
    },
    {
      why: 'a bare text among parts',
      body: { contents: [{ parts: ['hi'] }] },
      texts: [['/contents/0/parts/0', 'hi']],
      skipped: [],
    },
    {
      why: 'null everywhere',
      body: { contents: [null, { parts: null }, { parts: [null] }], systemInstruction: null },
      texts: [],
      skipped: ['/contents/0 not an object', '/contents/2/parts/0 not an object'],
    },
    {
      why: 'a text that is none',
      body: { contents: [{ parts: [{ text: 7 }, { text: null }] }] },
      texts: [],
      skipped: ['/contents/0/parts/0/text unknown text'],
    },
    {
      why: 'two kinds in one part are both read',
      body: { contents: [{ parts: [{ text: 'a', executableCode: { code: 'b' } }] }] },
      texts: [
        ['/contents/0/parts/0/text', 'a'],
        ['/contents/0/parts/0/executableCode/code', 'b'],
      ],
      skipped: [],
    },
    {
      why: 'both spellings are both read',
      body: { system_instruction: { parts: [{ text: 'a' }] }, systemInstruction: { parts: [{ text: 'b' }] } },
      texts: [
        ['/systemInstruction/parts/0/text', 'b'],
        ['/system_instruction/parts/0/text', 'a'],
      ],
      skipped: [],
    },
    {
      why: 'an unknown part is named by its key',
      body: { contents: [{ parts: [{ hologram: {} }] }] },
      texts: [],
      skipped: ['/contents/0/parts/0/hologram hologram'],
    },
    {
      why: 'a key that is no name is not repeated',
      body: { contents: [{ parts: [{ 'my secret/1': 1 }] }] },
      texts: [],
      skipped: ['/contents/0/parts/0/my secret~11 unknown part'],
    },
    {
      why: 'keys of every object are no part kinds',
      body: { contents: [{ parts: [{ constructor: {}, toString: {} }] }] },
      texts: [],
      skipped: ['/contents/0/parts/0/constructor constructor', '/contents/0/parts/0/toString toString'],
    },
    {
      why: 'a known part of the wrong type is named',
      body: { contents: [{ parts: [{ functionCall: 'x' }, { inlineData: null }] }] },
      texts: [],
      skipped: ['/contents/0/parts/0/functionCall functionCall'],
    },
    {
      why: 'an empty part says nothing',
      body: { contents: [{ parts: [{}, { thoughtSignature: 'x' }] }] },
      texts: [],
      skipped: [],
    },
    {
      why: 'a function response that is a bare text',
      body: { contents: [{ parts: [{ functionResponse: { response: 'ok' } }] }] },
      texts: [['/contents/0/parts/0/functionResponse/response', 'ok']],
      skipped: [],
    },
    {
      why: 'a key with pointer signs',
      body: { contents: [{ parts: [{ functionResponse: { response: { 'a/b~c': 'ok' } } }] }] },
      texts: [['/contents/0/parts/0/functionResponse/response/a~1b~0c', 'ok']],
      skipped: [],
    },
    {
      why: 'tools that are none',
      body: { tools: [7, 'x'] },
      texts: [],
      skipped: ['/tools/0 not an object', '/tools/1 not an object'],
    },
    { why: 'no body', body: undefined, texts: [], skipped: [' body is not JSON'] },
    { why: 'an array', body: [], texts: [], skipped: [' body is not an object'] },
  ]
  test.each(forms)('$why', ({ body, texts, skipped }) => {
    const { segments, uninspected } = gemini.readRequest(body, target(GENERATE)).inspect()
    expect(segments.map(({ pointer, text }) => [pointer, text] as const)).toEqual([...texts])
    expect(uninspected.map(({ pointer, reason }) => `${pointer} ${reason}`)).toEqual([...skipped])
    if (body !== undefined && !Array.isArray(body)) inspected(gemini, GENERATE, body)
  })

  test('tools: declarations one by one, the rest under their names, without the secrets for their servers', () => {
    const body = {
      tools: [
        {
          functionDeclarations: [
            { name: 'a', parameters: { properties: { token: { type: 'STRING' } } } },
            { description: 'nameless' },
          ],
        },
        { googleSearch: {}, codeExecution: null },
        {
          mcpServers: [
            { name: 'm', streamableHttpTransport: { url: 'https://m', headers: { Authorization: 'Bearer s3cret' } } },
          ],
        },
        { googleMaps: { authConfig: { apiKeyConfig: { apiKeyString: 's3cret' } }, enableWidget: true } },
        { exaAiSearch: { apiKey: 's3cret', customConfigs: { accessToken: 's3cret', keep: 1 } } },
      ],
    }
    expect(inspected(gemini, GENERATE, body).segments).toEqual([
      segment(
        'tool_definition',
        '/tools/0/functionDeclarations/0',
        '{"name":"a","parameters":{"properties":{"token":{"type":"STRING"}}}}',
        { kind: 'json', name: 'a' },
      ),
      segment('tool_definition', '/tools/0/functionDeclarations/1', '{"description":"nameless"}', { kind: 'json' }),
      segment('tool_definition', '/tools/1/googleSearch', '{}', { kind: 'json', name: 'googleSearch' }),
      segment('tool_definition', '/tools/1/codeExecution', 'null', { kind: 'json', name: 'codeExecution' }),
      segment('tool_definition', '/tools/2/mcpServers', '[{"name":"m","streamableHttpTransport":{"url":"https://m"}}]', {
        kind: 'json',
        name: 'mcpServers',
      }),
      segment('tool_definition', '/tools/3/googleMaps', '{"enableWidget":true}', { kind: 'json', name: 'googleMaps' }),
      segment('tool_definition', '/tools/4/exaAiSearch', '{"customConfigs":{"keep":1}}', { kind: 'json', name: 'exaAiSearch' }),
    ])
  })

  test('bare texts are of the user, but for the instruction', () => {
    const body = { contents: 'hi', systemInstruction: 'be' }
    expect(inspected(gemini, GENERATE, body).segments).toEqual([
      segment('system', '/systemInstruction', 'be'),
      segment('user', '/contents', 'hi'),
    ])
  })

  test('a name with a blank is no key to repeat', () => {
    const body = { contents: [{ parts: [{ 'my secret': {} }, { inlineData1: {} }, { ['x'.repeat(33)]: {} }] }] }
    expect(inspected(gemini, GENERATE, body).uninspected.map(({ reason }) => reason)).toEqual([
      'unknown part',
      'unknown part',
      'unknown part',
    ])
  })

  test('which fields of a definition are secret', () => {
    const secret = [
      'headers',
      'Authorization',
      'authConfig',
      'auth_config',
      'apiAuth',
      'api_auth',
      'apiKey',
      'api_key',
      'apiKeyString',
      'client_secret',
      'accessToken',
      'password',
      'token',
    ]
    const open = ['headersOnly', 'myHeaders', 'unauthorization', 'tokenizer', 'secretary', 'name']
    const definition = Object.fromEntries([...secret, ...open].map((key) => [key, 1]))
    const [found] = inspected(gemini, GENERATE, { tools: [{ custom: [definition] }] }).segments
    expect(Object.keys((JSON.parse(found?.text ?? '') as [JsonRecord])[0])).toEqual(open)
  })

  test('declarations that are none are shown as they are', () => {
    expect(inspected(gemini, GENERATE, { tools: [{ functionDeclarations: [7, null] }] }).segments).toEqual([
      segment('tool_definition', '/tools/0/functionDeclarations/0', '7', { kind: 'json' }),
      segment('tool_definition', '/tools/0/functionDeclarations/1', 'null', { kind: 'json' }),
    ])
  })

  const others: { why: string; path: string; body: unknown; seen: unknown }[] = [
    {
      why: 'countTokens of a wrapped request',
      path: '/v1beta/models/m:countTokens',
      body: {
        generateContentRequest: {
          systemInstruction: { parts: [{ text: 's' }] },
          contents: [user('u')],
          tools: [{ functionDeclarations: [{ name: 'f' }] }],
        },
      },
      seen: {
        segments: [
          segment('system', '/generateContentRequest/systemInstruction/parts/0/text', 's'),
          segment('user', '/generateContentRequest/contents/0/parts/0/text', 'u'),
          segment('tool_definition', '/generateContentRequest/tools/0/functionDeclarations/0', '{"name":"f"}', {
            kind: 'json',
            name: 'f',
          }),
        ],
        uninspected: [],
      },
    },
    {
      why: 'the same in snake_case',
      path: '/v1beta/models/m:countTokens',
      body: { generate_content_request: { contents: [user('u')] } },
      seen: { segments: [segment('user', '/generate_content_request/contents/0/parts/0/text', 'u')], uninspected: [] },
    },
    {
      why: 'one text to embed',
      path: '/v1beta/models/m:embedContent',
      body: { content: { parts: [{ text: 'one' }] } },
      seen: { segments: [segment('user', '/content/parts/0/text', 'one')], uninspected: [] },
    },
    {
      why: 'a batch to embed',
      path: '/v1beta/models/m:batchEmbedContents',
      body: {
        requests: [{ model: 'models/m', content: { parts: [{ text: 'one' }] } }, 7, { content: { parts: [{ text: 'two' }] } }],
      },
      seen: {
        segments: [
          segment('user', '/requests/0/content/parts/0/text', 'one'),
          segment('user', '/requests/2/content/parts/0/text', 'two'),
        ],
        uninspected: [{ pointer: '/requests/1', reason: 'not an object' }],
      },
    },
    {
      why: 'rows of an older Vertex AI form',
      path: '/v1/projects/p/locations/l/publishers/google/models/imagen:predict',
      body: { instances: [{ prompt: 'a cat', image: { bytesBase64Encoded: 'AA' } }, 'bare'], parameters: {} },
      seen: {
        segments: [
          segment('user', '/instances/0/prompt', 'a cat'),
          segment('user', '/instances/0/image', '{"bytesBase64Encoded":"AA"}', { kind: 'json' }),
          segment('user', '/instances/1', 'bare'),
        ],
        uninspected: [],
      },
    },
    {
      why: "a partner's format is named, not passed over",
      path: '/v1/projects/p/locations/l/publishers/other/models/x:rawPredict',
      body: { prompt: 'hi' },
      seen: { segments: [], uninspected: [{ pointer: '', reason: 'unknown body' }] },
    },
    {
      why: 'an unknown method whose body is named already',
      path: '/v1beta/models/m:later',
      body: { cachedContent: 'c' },
      seen: { segments: [], uninspected: [{ pointer: '/cachedContent', reason: 'cached content' }] },
    },
    {
      why: 'an empty body of an unknown method',
      path: '/v1beta/models/m:later',
      body: {},
      seen: { segments: [], uninspected: [] },
    },
    { why: 'a list of models has no body', path: '/v1beta/models', body: undefined, seen: { segments: [], uninspected: [] } },
    { why: 'a known method without a prompt', path: GENERATE, body: { x: 1 }, seen: { segments: [], uninspected: [] } },
  ]
  test.each(others)('$why', ({ path, body, seen }) => {
    expect(gemini.readRequest(body, target(path)).inspect()).toEqual(seen as never)
  })
})

describe('answers', () => {
  test('texts, thoughts, calls and code of every candidate', () => {
    const body = {
      candidates: [
        {
          content: {
            role: 'model',
            parts: [
              { text: 'thinking', thought: true },
              { text: 'Hello' },
              { functionCall: { id: 'c1', name: 'f', args: { a: 1 } } },
              { functionCall: { name: 'g' } },
              { executableCode: { language: 'PYTHON', code: 'print(1)' } },
              { codeExecutionResult: { output: '1' } },
              { toolCall: { id: 't', toolType: 'SEARCH', args: { q: 1 } } },
              { inlineData: { mimeType: 'image/png', data: 'AA' } },
            ],
          },
          finishReason: 'STOP',
          index: 0,
        },
        { content: { parts: [{ text: 'Other' }] }, finishReason: 'MAX_TOKENS', index: 1 },
      ],
      modelVersion: 'gemini-3-pro-001',
      usageMetadata: { promptTokenCount: 1 },
    }
    const at = '/candidates/0/content/parts'
    expect(answered(gemini, body)).toEqual({
      model: 'gemini-3-pro-001',
      segments: [
        segment('assistant', `${at}/0/text`, 'thinking', { kind: 'reasoning' }),
        segment('assistant', `${at}/1/text`, 'Hello'),
        segment('tool_call', `${at}/2/functionCall/args`, '{"a":1}', { kind: 'json', name: 'f' }),
        segment('tool_call', `${at}/4/executableCode/code`, 'print(1)', { name: 'code_execution' }),
        segment('tool_result', `${at}/5/codeExecutionResult/output`, '1', { name: 'code_execution' }),
        segment('tool_call', `${at}/6/toolCall/args`, '{"q":1}', { kind: 'json', name: 'SEARCH' }),
        segment('assistant', '/candidates/1/content/parts/0/text', 'Other'),
      ],
      toolCalls: [
        { id: 'c1', name: 'f', arguments: '{"a":1}', isServerSide: false },
        { id: null, name: 'g', arguments: '', isServerSide: false },
        { id: null, name: 'code_execution', arguments: 'print(1)', isServerSide: true },
        { id: 't', name: 'SEARCH', arguments: '{"q":1}', isServerSide: true },
      ],
      finishReason: 'STOP',
      error: null,
    })
  })

  test('calls without names, with ids, and candidates that are none', () => {
    const parts = [
      { functionCall: {} },
      { executableCode: { id: 'e' } },
      { toolCall: {} },
      { codeExecutionResult: {} },
      { audioTranscription: {} },
    ]
    expect(answered(gemini, { candidates: [7, null, { content: { parts } }] })).toMatchObject({
      segments: [],
      toolCalls: [
        { id: null, name: '', arguments: '', isServerSide: false },
        { id: 'e', name: 'code_execution', arguments: '', isServerSide: true },
        { id: null, name: '', arguments: '', isServerSide: true },
      ],
    })
  })

  test('a blocked prompt has its reason, and no text', () => {
    expect(answered(gemini, { promptFeedback: { blockReason: 'PROHIBITED_CONTENT' }, modelVersion: 'm' })).toEqual({
      model: 'm',
      segments: [],
      toolCalls: [],
      finishReason: 'PROHIBITED_CONTENT',
      error: null,
    })
  })

  test('the finish reason is that of the first candidate that has one', () => {
    expect(answered(gemini, { candidates: [{}, { finishReason: 'SAFETY' }, { finishReason: 'STOP' }] }).finishReason).toBe(
      'SAFETY',
    )
  })

  test('an error', () => {
    expect(answered(gemini, { error: { code: 429, message: 'slow down', status: 'RESOURCE_EXHAUSTED' } }).error).toEqual({
      type: 'RESOURCE_EXHAUSTED',
      message: 'slow down',
    })
  })

  test('embeddings and token counts have no text', () => {
    const none = { model: null, segments: [], toolCalls: [], finishReason: null, error: null }
    expect(answered(gemini, { embedding: { values: [0.1] } })).toEqual(none)
    expect(answered(gemini, { totalTokens: 7 })).toEqual(none)
  })
})

describe('endless nesting is named, and exhausts no stack', () => {
  const inParts = nested((inner) => ({ functionResponse: { name: 'f', response: { a: 'x' }, parts: [inner] } }))
  const cases: { why: string; part: unknown; texts: number; skipped: readonly string[] }[] = [
    {
      why: 'results in results: two levels are read',
      part: inParts,
      texts: 2,
      skipped: ['/contents/0/parts/0/functionResponse/parts/0/functionResponse/parts/0 nested too deeply'],
    },
    {
      why: 'arguments',
      part: { functionCall: { name: 'f', args: nested((a) => ({ a })) } },
      texts: 0,
      skipped: ['/contents/0/parts/0/functionCall/args nested too deeply'],
    },
  ]
  test.each(cases)('$why', ({ part, texts, skipped }) => {
    const { segments, uninspected } = gemini.readRequest({ contents: [{ parts: [part] }] }, target(GENERATE)).inspect()
    expect(segments).toHaveLength(texts)
    expect(uninspected.map(({ pointer, reason }) => `${pointer} ${reason}`)).toEqual([...skipped])
  })

  test('tool definitions are cut at a depth', () => {
    const deep = { tools: [{ googleSearch: nested((a) => ({ a })) }] }
    const [definition] = gemini.readRequest(deep, target(GENERATE)).inspect().segments
    expect(definition?.text).toBe(`${'{"a":'.repeat(17)}null${'}'.repeat(17)}`)
  })

  test('answers and streams', () => {
    const body = {
      candidates: [{ content: { parts: [{ functionCall: { name: 'f', args: nested((a) => [a]) } }, nested((a) => ({ a }))] } }],
    }
    expect(gemini.readAnswer(body).toolCalls).toEqual([{ id: null, name: 'f', arguments: '', isServerSide: false }])
    const assembler = gemini.assemble(() => {})
    assembler.push({ event: null, data: body })
    expect(gemini.readAnswer(assembler.body() ?? {}).toolCalls).toHaveLength(1)
  })
})

test('odd types never throw', () => {
  expectNeverThrows(() => gemini, {
    paths: [
      GENERATE,
      STREAM,
      '/v1beta/models/m:countTokens',
      '/v1beta/models/m:batchEmbedContents',
      '/v1beta/models/m:predict',
    ],
    keys: 'contents parts text thought role systemInstruction system_instruction tools functionDeclarations functionCall function_call functionResponse response args name id partialArgs jsonPath stringValue willContinue candidates content index finishReason usageMetadata promptFeedback error requests executableCode code inlineData generationConfig candidateCount maxOutputTokens modelVersion instances'.split(
      ' ',
    ),
    words: ['$.a', '$.a[0].b', 'STOP', 'model', 'user'],
  })
})

describe('errors', () => {
  test('the whole form', () => {
    expect(gemini.renderError(appError('guard.blocked', 'no', { extra: { findings: [] } }), 'req-1')).toEqual({
      error: {
        code: 403,
        message: 'no',
        status: 'PERMISSION_DENIED',
        type: 'security_enforcement_blocked',
        request_id: 'req-1',
        findings: [],
        details: [
          {
            '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
            reason: 'guard.blocked',
            domain: 'llmtrace',
            metadata: { request_id: 'req-1' },
          },
        ],
      },
    })
  })

  const words = [
    ['request.malformed', 'INVALID_ARGUMENT'],
    ['auth.required', 'UNAUTHENTICATED'],
    ['auth.denied', 'PERMISSION_DENIED'],
    ['request.not_found', 'NOT_FOUND'],
    ['request.too_large', 'INVALID_ARGUMENT'],
    ['limit.budget_exhausted', 'RESOURCE_EXHAUSTED'],
    ['gateway.bug', 'INTERNAL'],
    ['upstream.unreachable', 'UNAVAILABLE'],
    ['gateway.unavailable', 'UNAVAILABLE'],
    ['upstream.timeout', 'DEADLINE_EXCEEDED'],
  ] as const
  test.each(words)('%s is %s', (code, status) => {
    expect((gemini.renderError(appError(code, 'x'), 'r')['error'] as JsonRecord)['status']).toBe(status)
  })

  test('a status of the future', () => {
    expect((gemini.renderError({ ...appError('gateway.bug', 'x'), status: 418 }, 'r')['error'] as JsonRecord)['status']).toBe(
      'UNKNOWN',
    )
  })
})
