import { describe, expect, test } from 'bun:test'
import { bedrock } from '../../../src/core/dialects/bedrock.ts'
import type { Dialect } from '../../../src/core/dialects/dialect.ts'
import { appError } from '../../../src/core/domain/errors.ts'
import type { JsonRecord } from '../../../src/core/domain/json.ts'
import {
  answered,
  expectNeverThrows,
  expectPointersResolve,
  inspected,
  nested,
  segment,
  target,
} from '../../support/dialect-checks.ts'

const CONVERSE = '/model/amazon.nova-lite-v1%3A0/converse'
const PROFILE = 'arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-20250514-v1:0'
const invoke = (model: string, action = 'invoke') => `/model/${encodeURIComponent(model)}/${action}`
const of = (path: string): Dialect => bedrock(target(path))
const viewOf = (path: string, body: unknown) => of(path).readRequest(body, target(path))

describe('the path says what is asked', () => {
  const cases: { path: string; operation: string; model: string | null; isStreaming: boolean }[] = [
    { path: CONVERSE, operation: 'chat', model: 'amazon.nova-lite-v1:0', isStreaming: false },
    {
      path: '/model/amazon.nova-lite-v1:0/converse-stream',
      operation: 'chat',
      model: 'amazon.nova-lite-v1:0',
      isStreaming: true,
    },
    { path: invoke(PROFILE, 'converse'), operation: 'chat', model: PROFILE, isStreaming: false },
    { path: `/model/${PROFILE}/converse-stream`, operation: 'chat', model: PROFILE, isStreaming: true },
    { path: '/model/a%E0%A4%A/converse', operation: 'chat', model: 'a%E0%A4%A', isStreaming: false },
    { path: invoke('meta.llama3'), operation: 'text_completion', model: 'meta.llama3', isStreaming: false },
    {
      path: invoke('meta.llama3', 'invoke-with-response-stream'),
      operation: 'text_completion',
      model: 'meta.llama3',
      isStreaming: true,
    },
    {
      path: invoke('amazon.titan-embed-text-v2:0'),
      operation: 'embeddings',
      model: 'amazon.titan-embed-text-v2:0',
      isStreaming: false,
    },
    { path: invoke('cohere.rerank-v3-5:0'), operation: 'rerank', model: 'cohere.rerank-v3-5:0', isStreaming: false },
    { path: invoke('stability.sd3'), operation: 'image', model: 'stability.sd3', isStreaming: false },
    {
      path: invoke('amazon.titan-image-generator-v2'),
      operation: 'image',
      model: 'amazon.titan-image-generator-v2',
      isStreaming: false,
    },
    { path: invoke('amazon.nova-canvas-v1:0'), operation: 'image', model: 'amazon.nova-canvas-v1:0', isStreaming: false },
    { path: invoke('x', 'count-tokens'), operation: 'count_tokens', model: 'x', isStreaming: false },
    { path: invoke('x', 'later'), operation: 'other', model: 'x', isStreaming: false },
    { path: '/rerank', operation: 'rerank', model: null, isStreaming: false },
    { path: '/prefix/rerank', operation: 'rerank', model: null, isStreaming: false },
    { path: '/guardrail/g/version/1/apply', operation: 'other', model: null, isStreaming: false },
  ]
  test.each(cases)('$path', ({ path, operation, model, isStreaming }) => {
    expect(viewOf(path, { prompt: 'p' })).toMatchObject({
      operation,
      model,
      isStreaming,
      maxOutputTokens: null,
      choiceCount: 1,
      userId: null,
    })
    expect(of(path).name).toBe('bedrock')
  })

  test('messages make it a chat', () => {
    expect(viewOf(invoke('meta.llama4'), { messages: [] }).operation).toBe('chat')
    expect(viewOf(invoke('cohere.command-r-v1:0'), { message: 'hi' }).operation).toBe('chat')
  })
})

describe('settings', () => {
  const caps: { why: string; model: string; body: JsonRecord; max: number | null; choices?: number }[] = [
    { why: 'Anthropic', model: 'anthropic.claude', body: { anthropic_version: 'x', messages: [], max_tokens: 1 }, max: 1 },
    { why: 'Claude 2', model: 'anthropic.claude-v2', body: { prompt: '', max_tokens_to_sample: 2 }, max: 2 },
    { why: 'Llama', model: 'meta.llama3', body: { prompt: '', max_gen_len: 3 }, max: 3 },
    { why: 'Titan', model: 'amazon.titan', body: { inputText: '', textGenerationConfig: { maxTokenCount: 4 } }, max: 4 },
    { why: 'Nova', model: 'amazon.nova', body: { messages: [], inferenceConfig: { maxTokens: 5 } }, max: 5 },
    { why: 'older Nova', model: 'amazon.nova', body: { messages: [], inferenceConfig: { max_new_tokens: 6 } }, max: 6 },
    { why: 'Jurassic', model: 'ai21.j2', body: { prompt: '', maxTokens: 7, numResults: 2 }, max: 7, choices: 2 },
    { why: 'OpenAI', model: 'openai.gpt-oss', body: { messages: [], max_completion_tokens: 8, n: 3 }, max: 8, choices: 3 },
    { why: 'Cohere', model: 'cohere.command', body: { prompt: '', max_tokens: 9, num_generations: 4 }, max: 9, choices: 4 },
    { why: 'a server of its own', model: 'x', body: { max_new_tokens: 10 }, max: 10 },
    { why: 'several: the largest holds', model: 'x', body: { max_tokens: 1, max_gen_len: 11 }, max: 11 },
    { why: 'none', model: 'x', body: {}, max: null },
  ]
  test.each(caps)('$why', ({ model, body, max, choices }) => {
    const view = viewOf(invoke(model), body)
    expect([view.maxOutputTokens, view.choiceCount]).toEqual([max, choices ?? 1])
  })

  test('Converse', () => {
    const body = {
      messages: [],
      system: [],
      toolConfig: {},
      promptVariables: {},
      inferenceConfig: { maxTokens: 5 },
      requestMetadata: { a: 'b' },
    }
    const view = viewOf(CONVERSE, body)
    expect(view.maxOutputTokens).toBe(5)
    expect(view.parameters).toEqual({ inferenceConfig: { maxTokens: 5 }, requestMetadata: { a: 'b' } })
  })

  test('a model of its own: parameters without texts and images', () => {
    const texts = { system_prompt: '', inputText: '', prompt: '', text: '', input: '', query: '', suffix: '', text_prompts: [] }
    const rest = { textToImageParams: {}, inputImage: '', images: [], image: '', temperature: 1 }
    expect(viewOf(invoke('x'), { ...texts, ...rest }).parameters).toEqual({ temperature: 1 })
  })

  test('parameters of the other actions', () => {
    expect(viewOf(invoke('x', 'count-tokens'), { input: {}, a: 1 }).parameters).toEqual({ a: 1 })
    expect(viewOf('/rerank', { queries: [], sources: [], a: 1 }).parameters).toEqual({ a: 1 })
    const nova = { messages: [], system: [], toolConfig: {}, promptVariables: {}, inferenceConfig: { topP: 1 } }
    expect(viewOf(invoke('amazon.nova'), nova).parameters).toEqual({ inferenceConfig: { topP: 1 } })
  })

  test("Anthropic's user and parameters", () => {
    const body = {
      anthropic_version: 'bedrock-2023-05-31',
      messages: [],
      max_tokens: 5,
      metadata: { user_id: 'u' },
      temperature: 1,
    }
    const view = viewOf(invoke('anthropic.claude', 'invoke-with-response-stream'), body)
    expect(view).toMatchObject({ model: 'anthropic.claude', isStreaming: true, userId: 'u', operation: 'chat' })
    expect(view.parameters).toEqual({ anthropic_version: 'bedrock-2023-05-31', max_tokens: 5, temperature: 1 })
  })
})

describe('Converse requests', () => {
  test('every kind of block, with its place', () => {
    const body = {
      system: [
        { text: 'be brief' },
        { guardContent: { text: { text: 'guarded', qualifiers: ['query'] } } },
        { cachePoint: { type: 'default' } },
      ],
      messages: [
        {
          role: 'user',
          content: [
            { text: 'what is this?' },
            { image: { format: 'png', source: { bytes: 'AA==' } } },
            { video: {} },
            { audio: {} },
            { document: { name: 'plan', format: 'pdf', context: 'for context', source: { bytes: 'AA==' } } },
            { document: { name: 'notes', source: { text: 'plain text' } } },
            { document: { name: 'parts', source: { content: [{ text: 'part one' }] } } },
            { guardContent: { text: { text: 'judge me' } } },
            { guardContent: { image: {} } },
            { cachePoint: { type: 'default' } },
            { searchResult: { source: 'https://x', title: 'T', content: [{ text: 'found' }], citations: { enabled: true } } },
          ],
        },
        {
          role: 'assistant',
          content: [
            { reasoningContent: { reasoningText: { text: 'hm', signature: 's' } } },
            { reasoningContent: { redactedContent: 'AA==' } },
            { type: 'text', text: 'I will look' },
            { toolUse: { toolUseId: 't1', name: 'look', input: { at: 'it' } } },
            {
              citationsContent: {
                content: [{ text: 'quoted' }],
                citations: [{ title: 'C', sourceContent: [{ text: 'source' }], location: {} }],
              },
            },
          ],
        },
        {
          role: 'user',
          content: [
            {
              toolResult: {
                toolUseId: 't1',
                status: 'success',
                content: [
                  { text: 'a cat' },
                  { json: { kind: 'cat', legs: 4 } },
                  { json: ['x'] },
                  { image: {} },
                  { document: { name: 'd', source: { text: 'deep' } } },
                ],
              },
            },
          ],
        },
        { role: 'oracle', content: [{ text: 'of another time' }] },
        { role: 'system', content: 'bare' },
      ],
      toolConfig: {
        tools: [
          { toolSpec: { name: 'look', description: 'd', inputSchema: { json: {} } } },
          { systemTool: { name: 'nova_grounding' } },
          { cachePoint: {} },
          7,
        ],
        toolChoice: { auto: {} },
      },
      promptVariables: { name: { text: 'Ada' } },
    }
    expect(inspected(of(CONVERSE), CONVERSE, body)).toEqual({
      segments: [
        segment('system', '/system/0/text', 'be brief'),
        segment('system', '/system/1/guardContent/text/text', 'guarded'),
        segment('user', '/messages/0/content/0/text', 'what is this?'),
        segment('user', '/messages/0/content/4/document/name', 'plan'),
        segment('user', '/messages/0/content/4/document/context', 'for context'),
        segment('user', '/messages/0/content/5/document/name', 'notes'),
        segment('user', '/messages/0/content/5/document/source/text', 'plain text'),
        segment('user', '/messages/0/content/6/document/name', 'parts'),
        segment('user', '/messages/0/content/6/document/source/content/0/text', 'part one'),
        segment('user', '/messages/0/content/7/guardContent/text/text', 'judge me'),
        segment('tool_result', '/messages/0/content/10/searchResult/source', 'https://x'),
        segment('tool_result', '/messages/0/content/10/searchResult/title', 'T'),
        segment('tool_result', '/messages/0/content/10/searchResult/content/0/text', 'found'),
        segment('assistant', '/messages/1/content/0/reasoningContent/reasoningText/text', 'hm', { kind: 'reasoning' }),
        segment('assistant', '/messages/1/content/2/text', 'I will look'),
        segment('tool_call', '/messages/1/content/3/toolUse/input', '{"at":"it"}', { kind: 'json', name: 'look' }),
        segment('assistant', '/messages/1/content/4/citationsContent/content/0/text', 'quoted'),
        segment('tool_result', '/messages/1/content/4/citationsContent/citations/0/title', 'C'),
        segment('tool_result', '/messages/1/content/4/citationsContent/citations/0/sourceContent/0/text', 'source'),
        segment('tool_result', '/messages/2/content/0/toolResult/content/0/text', 'a cat'),
        segment('tool_result', '/messages/2/content/0/toolResult/content/1/json/kind', 'cat'),
        segment('tool_result', '/messages/2/content/0/toolResult/content/1/json/legs', '4', { kind: 'json' }),
        segment('tool_result', '/messages/2/content/0/toolResult/content/2/json', '["x"]', { kind: 'json' }),
        segment('tool_result', '/messages/2/content/0/toolResult/content/4/document/name', 'd'),
        segment('tool_result', '/messages/2/content/0/toolResult/content/4/document/source/text', 'deep'),
        segment('user', '/messages/3/content/0/text', 'of another time'),
        segment('system', '/messages/4/content', 'bare'),
        segment('user', '/promptVariables/name/text', 'Ada'),
        segment(
          'tool_definition',
          '/toolConfig/tools/0/toolSpec',
          '{"name":"look","description":"d","inputSchema":{"json":{}}}',
          { kind: 'json', name: 'look' },
        ),
        segment('tool_definition', '/toolConfig/tools/1/systemTool', '{"name":"nova_grounding"}', {
          kind: 'json',
          name: 'nova_grounding',
        }),
      ],
      uninspected: [
        { pointer: '/messages/0/content/1/image', reason: 'image' },
        { pointer: '/messages/0/content/2/video', reason: 'video' },
        { pointer: '/messages/0/content/3/audio', reason: 'audio' },
        { pointer: '/messages/0/content/4/document', reason: 'document' },
        { pointer: '/messages/0/content/8/guardContent', reason: 'guardContent' },
        { pointer: '/messages/1/content/1/reasoningContent', reason: 'redacted reasoning' },
        { pointer: '/messages/2/content/0/toolResult/content/3/image', reason: 'image' },
        { pointer: '/toolConfig/tools/3', reason: 'not an object' },
      ],
    })
  })

  const forms: { why: string; body: unknown; texts: readonly string[]; skipped: readonly string[] }[] = [
    {
      why: 'null everywhere',
      body: {
        system: null,
        messages: [null, { role: 'user', content: null }, { content: [null, { text: null, toolUse: null }] }],
        toolConfig: { tools: null },
      },
      texts: [],
      skipped: ['/messages/0 not an object', '/messages/2/content/0 not an object'],
    },
    {
      why: 'odd types are named',
      body: {
        system: 'bare',
        messages: [
          { content: [7, 'bare', { text: 7 }, { toolUse: 'x' }, { hologram: {} }, { 'my secret/1': 1 }, { constructor: {} }] },
        ],
        promptVariables: 7,
        toolConfig: 7,
      },
      texts: ['system /system bare', 'user /messages/0/content/1 bare'],
      skipped: [
        '/messages/0/content/0 not an object',
        '/messages/0/content/2/text text',
        '/messages/0/content/3/toolUse toolUse',
        '/messages/0/content/4/hologram hologram',
        '/messages/0/content/5/my secret~11 unknown part',
        '/messages/0/content/6/constructor constructor',
      ],
    },
    {
      why: 'two kinds in one block are both read',
      body: { messages: [{ content: [{ text: 'a', toolUse: { input: 'b' } }] }] },
      texts: ['user /messages/0/content/0/text a', 'tool_call /messages/0/content/0/toolUse/input b'],
      skipped: [],
    },
    {
      why: 'messages that are none',
      body: { messages: 'x', toolConfig: { tools: {} } },
      texts: [],
      skipped: ['/messages not an array', '/toolConfig/tools not an array'],
    },
    {
      why: 'halves of blocks',
      body: {
        messages: [{ content: [{ document: { name: 'n' } }, { citationsContent: { citations: [7, {}] } }, { toolUse: {} }] }],
        toolConfig: { tools: [{ toolSpec: 7 }] },
      },
      texts: ['user /messages/0/content/0/document/name n', 'tool_definition /toolConfig/tools/0/toolSpec 7'],
      skipped: ['/messages/0/content/0/document document'],
    },
    { why: 'an empty body', body: {}, texts: [], skipped: [] },
    { why: 'no body', body: undefined, texts: [], skipped: [' body is not JSON'] },
    { why: 'an array', body: [], texts: [], skipped: [' body is not an object'] },
  ]
  test.each(forms)('$why', ({ body, texts, skipped }) => {
    const { segments, uninspected } = viewOf(CONVERSE, body).inspect()
    expect(segments.map(({ origin, pointer, text }) => `${origin} ${pointer} ${text}`)).toEqual([...texts])
    expect(uninspected.map(({ pointer, reason }) => `${pointer} ${reason}`)).toEqual([...skipped])
    if (body !== undefined) expectPointersResolve({ segments, uninspected }, body)
  })
})

describe('other requests', () => {
  const LLAMA = invoke('meta.llama3')
  const cases: { why: string; path: string; body: unknown; texts: readonly string[]; skipped: readonly string[] }[] = [
    {
      why: "Anthropic's messages",
      path: invoke('anthropic.claude'),
      body: {
        anthropic_version: 'x',
        system: 'be brief',
        messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }],
      },
      texts: ['system /system be brief', 'user /messages/0/content/0/text hi'],
      skipped: [],
    },
    {
      why: "Anthropic's messages behind a profile whose name says nothing",
      path: invoke('arn:aws:bedrock:us-east-1:1:application-inference-profile/abc'),
      body: { anthropic_version: 'x', system: [{ type: 'text', text: 's' }], messages: [{ role: 'assistant', content: 'hi' }] },
      texts: ['system /system/0/text s', 'assistant /messages/0/content hi'],
      skipped: [],
    },
    ...(
      [
        ['anthropic.claude', {}],
        ['x', { anthropic_version: 'x' }],
      ] as const
    ).map(([model, mark]) => ({
      why: `Anthropic's blocks, for ${model}`,
      path: invoke(model),
      body: {
        ...mark,
        messages: [{ role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'f', input: { a: 1 } }] }],
      },
      texts: ['tool_call /messages/0/content/0/input {"a":1}'],
      skipped: [],
    })),
    {
      why: "Cohere's message behind another name",
      path: invoke('x'),
      body: { message: 'hi' },
      texts: ['user /message hi'],
      skipped: [],
    },
    { why: 'images alone are named', path: invoke('x'), body: { images: ['AA'] }, texts: [], skipped: ['/images/0 image'] },
    {
      why: 'Claude 2',
      path: invoke('anthropic.claude-v2'),
      body: { prompt: '\n\nHuman: hi' },
      texts: ['user /prompt \n\nHuman: hi'],
      skipped: [],
    },
    {
      why: 'Nova',
      path: invoke('us.amazon.nova-pro-v1:0'),
      body: { system: [{ text: 's' }], messages: [{ role: 'user', content: [{ text: 'hi' }] }] },
      texts: ['system /system/0/text s', 'user /messages/0/content/0/text hi'],
      skipped: [],
    },
    ...['schemaVersion', 'inferenceConfig', 'system', 'toolConfig'].map((key) => ({
      why: `Nova, told by ${key}`,
      path: invoke('arn:x'),
      body: { [key]: {}, messages: [{ role: 'user', content: [{ text: 'hi', toolUse: { input: 'x' } }] }] },
      texts: ['user /messages/0/content/0/text hi', 'tool_call /messages/0/content/0/toolUse/input x'],
      skipped: [],
    })),
    {
      why: "OpenAI's messages, and Jamba's documents beside them",
      path: invoke('ai21.jamba'),
      body: {
        messages: [
          { role: 'system', content: 's' },
          { role: 'user', content: 'hi' },
        ],
        documents: [{ content: 'found' }, 'bare'],
      },
      texts: [
        'system /messages/0/content s',
        'user /messages/1/content hi',
        'tool_result /documents/0/content found',
        'tool_result /documents/1 bare',
      ],
      skipped: [],
    },
    {
      why: "Cohere's chat",
      path: invoke('cohere.command-r-v1:0'),
      body: { message: 'hi', documents: [{ title: 'T' }] },
      texts: ['user /message hi', 'tool_result /documents/0/title T'],
      skipped: [],
    },
    {
      why: "Cohere's fields behind another name",
      path: invoke('x'),
      body: { texts: ['a'] },
      texts: ['user /texts/0 a'],
      skipped: [],
    },
    {
      why: "Cohere's history",
      path: invoke('x'),
      body: { chat_history: [{ role: 'USER', message: 'a' }] },
      texts: ['user /chat_history/0/message a'],
      skipped: [],
    },
    {
      why: 'documents alone',
      path: invoke('x'),
      body: { documents: ['a'] },
      texts: ['tool_result /documents/0 a'],
      skipped: [],
    },
    {
      why: "Cohere's ranking",
      path: invoke('cohere.rerank-v3-5:0'),
      body: { query: 'q', documents: ['a'] },
      texts: ['user /query q', 'tool_result /documents/0 a'],
      skipped: [],
    },
    { why: 'Titan', path: invoke('amazon.titan-text'), body: { inputText: 'hi' }, texts: ['user /inputText hi'], skipped: [] },
    {
      why: 'Titan, an image to embed',
      path: invoke('amazon.titan-embed-image'),
      body: { inputText: 'hi', inputImage: 'AA' },
      texts: ['user /inputText hi'],
      skipped: ['/inputImage image'],
    },
    {
      why: 'Llama with images',
      path: LLAMA,
      body: { prompt: 'hi', images: ['AA', null] },
      texts: ['user /prompt hi'],
      skipped: ['/images/0 image'],
    },
    {
      why: 'pictures',
      path: invoke('stability.x'),
      body: { text_prompts: [{ text: 'a cat', weight: 1 }], init_image: 'AA', image: 'AA', mask_image: 'AA' },
      texts: ['user /text_prompts/0/text a cat', 'user /text_prompts/0/weight 1'],
      skipped: ['/image image', '/init_image image', '/mask_image image'],
    },
    {
      why: "pictures, Amazon's form",
      path: invoke('amazon.titan-image'),
      body: {
        textToImageParams: { text: 'a cat', negativeText: 'dogs' },
        inPaintingParams: { text: 'b' },
        outPaintingParams: { text: 'c' },
        imageVariationParams: { text: 'd' },
      },
      texts: [
        'user /textToImageParams/text a cat',
        'user /textToImageParams/negativeText dogs',
        'user /inPaintingParams/text b',
        'user /outPaintingParams/text c',
        'user /imageVariationParams/text d',
      ],
      skipped: [],
    },
    {
      why: 'fields of other models',
      path: invoke('x'),
      body: { system_prompt: 's', text: 't', input: ['a'], suffix: 'z', query: 'q' },
      texts: ['system /system_prompt s', 'user /text t', 'user /input ["a"]', 'user /query q', 'user /suffix z'],
      skipped: [],
    },
    {
      why: 'a body that nothing is known of',
      path: invoke('x'),
      body: { later: 'text' },
      texts: [],
      skipped: [' unknown body'],
    },
    { why: 'messages that are no list', path: LLAMA, body: { messages: 'x' }, texts: [], skipped: [' unknown body'] },
    { why: 'no body', path: LLAMA, body: undefined, texts: [], skipped: [' body is not JSON'] },
    {
      why: 'tokens to count, of a Converse request',
      path: invoke('x', 'count-tokens'),
      body: { input: { converse: { system: [{ text: 's' }], messages: [{ role: 'user', content: [{ text: 'hi' }] }] } } },
      texts: ['system /input/converse/system/0/text s', 'user /input/converse/messages/0/content/0/text hi'],
      skipped: [],
    },
    {
      why: 'tokens to count, of an encoded body',
      path: invoke('x', 'count-tokens'),
      body: { input: { invokeModel: { body: 'e30=' } } },
      texts: [],
      skipped: ['/input/invokeModel encoded body'],
    },
    {
      why: 'tokens to count, of what is not known',
      path: invoke('x', 'count-tokens'),
      body: { input: { later: {} } },
      texts: [],
      skipped: [' unknown body'],
    },
    {
      why: 'a ranking',
      path: '/rerank',
      body: {
        queries: [{ type: 'TEXT', textQuery: { text: 'q' } }, { type: 'LATER' }, 7],
        sources: [
          { type: 'INLINE', inlineDocumentSource: { type: 'TEXT', textDocument: { text: 'a' } } },
          { type: 'INLINE', inlineDocumentSource: { type: 'JSON', jsonDocument: { k: 'b', n: 1 } } },
          {},
          7,
        ],
      },
      texts: [
        'user /queries/0/textQuery/text q',
        'tool_result /sources/0/inlineDocumentSource/textDocument/text a',
        'tool_result /sources/1/inlineDocumentSource/jsonDocument/k b',
        'tool_result /sources/1/inlineDocumentSource/jsonDocument/n 1',
      ],
      skipped: [
        '/queries/1 unknown query',
        '/queries/2 unknown query',
        '/sources/2 unknown source',
        '/sources/3 unknown source',
      ],
    },
    {
      why: 'an action of another time',
      path: invoke('x', 'later'),
      body: { prompt: 'p' },
      texts: [],
      skipped: [' unknown body'],
    },
    { why: 'the same without a body', path: invoke('x', 'later'), body: undefined, texts: [], skipped: [] },
  ]
  test.each(cases)('$why', ({ path, body, texts, skipped }) => {
    const { segments, uninspected } = viewOf(path, body).inspect()
    expect(segments.map(({ origin, pointer, text }) => `${origin} ${pointer} ${text}`)).toEqual([...texts])
    expect(uninspected.map(({ pointer, reason }) => `${pointer} ${reason}`)).toEqual([...skipped])
    if (body !== undefined) expectPointersResolve({ segments, uninspected }, body)
  })

  test("a ranking's model stands in its body", () => {
    const body = { rerankingConfiguration: { bedrockRerankingConfiguration: { modelConfiguration: { modelArn: 'arn:m' } } } }
    expect(viewOf('/rerank', body).model).toBe('arn:m')
  })
})

describe('answers', () => {
  const dialect = of(CONVERSE)

  test('Converse', () => {
    const body = {
      output: {
        message: {
          role: 'assistant',
          content: [
            { reasoningContent: { reasoningText: { text: 'hm', signature: 's' } } },
            { text: 'Hello' },
            { toolUse: { toolUseId: 't1', name: 'look', input: { at: 'it' } } },
            { toolUse: { toolUseId: 't2', name: 'nova_grounding', type: 'server_tool_use', input: {} } },
            { toolResult: { toolUseId: 't2', content: [{ text: 'found' }] } },
            { citationsContent: { content: [{ text: 'quoted' }], citations: [] } },
          ],
        },
      },
      stopReason: 'tool_use',
      usage: { inputTokens: 1, outputTokens: 2, totalTokens: 3 },
    }
    const at = '/output/message/content'
    expect(answered(dialect, body)).toEqual({
      model: null,
      segments: [
        segment('assistant', `${at}/0/reasoningContent/reasoningText/text`, 'hm', { kind: 'reasoning' }),
        segment('assistant', `${at}/1/text`, 'Hello'),
        segment('tool_call', `${at}/2/toolUse/input`, '{"at":"it"}', { kind: 'json', name: 'look' }),
        segment('tool_call', `${at}/3/toolUse/input`, '{}', { kind: 'json', name: 'nova_grounding' }),
        segment('tool_result', `${at}/4/toolResult/content/0/text`, 'found'),
        segment('assistant', `${at}/5/citationsContent/content/0/text`, 'quoted'),
      ],
      toolCalls: [
        { id: 't1', name: 'look', arguments: '{"at":"it"}', isServerSide: false },
        { id: 't2', name: 'nova_grounding', arguments: '{}', isServerSide: true },
      ],
      finishReason: 'tool_use',
      error: null,
    })
  })

  const none = { model: null, segments: [], toolCalls: [], finishReason: null, error: null }
  const others: { why: string; body: JsonRecord; view: unknown }[] = [
    {
      why: "Anthropic's",
      body: {
        type: 'message',
        role: 'assistant',
        model: 'claude',
        content: [{ type: 'text', text: 'Hi' }],
        stop_reason: 'end_turn',
      },
      view: { ...none, model: 'claude', segments: [segment('assistant', '/content/0/text', 'Hi')], finishReason: 'end_turn' },
    },
    {
      why: "OpenAI's",
      body: { model: 'gpt-oss', choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }] },
      view: {
        ...none,
        model: 'gpt-oss',
        segments: [segment('assistant', '/choices/0/message/content', 'Hi')],
        finishReason: 'stop',
      },
    },
    {
      why: 'Mistral, with its own word for the reason',
      body: { choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, stop_reason: 'length' }] },
      view: { ...none, segments: [segment('assistant', '/choices/0/message/content', 'Hi')], finishReason: 'length' },
    },
    {
      why: "Cohere's chat",
      body: { text: 'Hi', finish_reason: 'COMPLETE' },
      view: { ...none, segments: [segment('assistant', '/text', 'Hi')], finishReason: 'COMPLETE' },
    },
    {
      why: "Cohere's generations",
      body: { generations: [{ text: 'Hi', finish_reason: 'COMPLETE' }] },
      view: { ...none, segments: [segment('assistant', '/generations/0/text', 'Hi')], finishReason: 'COMPLETE' },
    },
    {
      why: "Cohere's v2",
      body: { message: { content: [{ type: 'text', text: 'Hi' }] } },
      view: { ...none, segments: [segment('assistant', '/message/content/0/text', 'Hi')] },
    },
    {
      why: 'Titan',
      body: {
        inputTextTokenCount: 3,
        results: [
          { tokenCount: 2, outputText: 'Hi', completionReason: 'FINISH' },
          { outputText: 'Ho', completionReason: 'LENGTH' },
        ],
      },
      view: {
        ...none,
        segments: [segment('assistant', '/results/0/outputText', 'Hi'), segment('assistant', '/results/1/outputText', 'Ho')],
        finishReason: 'FINISH',
      },
    },
    {
      why: 'Llama',
      body: { generation: 'Hi', stop_reason: 'stop' },
      view: { ...none, segments: [segment('assistant', '/generation', 'Hi')], finishReason: 'stop' },
    },
    {
      why: 'Claude 2',
      body: { completion: 'Hi', stop_reason: 'stop_sequence' },
      view: { ...none, segments: [segment('assistant', '/completion', 'Hi')], finishReason: 'stop_sequence' },
    },
    {
      why: 'older Mistral',
      body: { outputs: [{ text: 'Hi', stop_reason: 'stop' }] },
      view: { ...none, segments: [segment('assistant', '/outputs/0/text', 'Hi')], finishReason: 'stop' },
    },
    {
      why: 'DeepSeek',
      body: { choices: [{ text: 'Hi', stop_reason: 'stop' }] },
      view: { ...none, segments: [segment('assistant', '/choices/0/text', 'Hi')], finishReason: 'stop' },
    },
    {
      why: 'Jurassic',
      body: { completions: [{ data: { text: 'Hi' }, finishReason: { reason: 'endoftext' } }] },
      view: { ...none, segments: [segment('assistant', '/completions/0/data/text', 'Hi')], finishReason: 'endoftext' },
    },
    {
      why: "Anthropic's, without its type",
      body: { content: [{ type: 'text', text: 'Hi' }] },
      view: { ...none, segments: [segment('assistant', '/content/0/text', 'Hi')] },
    },
    {
      why: "Anthropic's, without content",
      body: { type: 'message', stop_reason: 'refusal', text: 'x' },
      view: { ...none, finishReason: 'refusal' },
    },
    {
      why: 'completions that are none',
      body: { completions: [7, {}, { data: {}, finishReason: {} }, { data: { text: 'Hi' } }] },
      view: { ...none, segments: [segment('assistant', '/completions/3/data/text', 'Hi')] },
    },
    { why: 'embeddings', body: { embedding: [0.1], inputTextTokenCount: 3 }, view: none },
    { why: 'a model by name', body: { model: 'm', results: [7, {}, { outputText: 7 }] }, view: { ...none, model: 'm' } },
    {
      why: 'an error',
      body: { message: 'no access', __type: 'AccessDeniedException' },
      view: { ...none, error: { type: 'AccessDeniedException', message: 'no access' } },
    },
    { why: 'an error with a capital', body: { Message: 'no' }, view: { ...none, error: { type: null, message: 'no' } } },
    {
      why: 'an error object wins',
      body: { message: 'a', error: { type: 't', message: 'b' } },
      view: { ...none, error: { type: 't', message: 'b' } },
    },
  ]
  test.each(others)('$why', ({ body, view }) => {
    expect(answered(dialect, body)).toEqual(view as never)
  })
})

describe('endless nesting is named, and exhausts no stack', () => {
  const cases: { why: string; block: unknown; texts: number; skipped: string }[] = [
    {
      why: 'results in results',
      block: nested((inner) => ({ text: 'x', toolResult: { content: [inner] } })),
      texts: 4,
      skipped: '/messages/0/content/0/toolResult/content/0/toolResult/content/0/toolResult/content/0/toolResult/content',
    },
    {
      why: 'documents in documents',
      block: nested((inner) => ({ document: { source: { content: [inner] } } })),
      texts: 0,
      skipped:
        '/messages/0/content/0/document/source/content/0/document/source/content/0/document/source/content/0/document/source/content',
    },
    {
      why: 'an input',
      block: { toolUse: { name: 'f', input: nested((a) => ({ a })) } },
      texts: 0,
      skipped: '/messages/0/content/0/toolUse/input',
    },
  ]
  test.each(cases)('$why', ({ block, texts, skipped }) => {
    const { segments, uninspected } = viewOf(CONVERSE, { messages: [{ role: 'user', content: [block] }] }).inspect()
    expect(segments).toHaveLength(texts)
    expect(uninspected).toEqual([{ pointer: skipped, reason: 'nested too deeply' }])
  })

  test('as deep as a document in a result', () => {
    const inner = {
      toolResult: { content: [{ document: { source: { content: [{ citationsContent: { content: [{ text: 'a' }] } }] } } }] },
    }
    const { segments, uninspected } = viewOf(CONVERSE, { messages: [{ role: 'user', content: [inner] }] }).inspect()
    expect([segments.length, uninspected.length]).toEqual([1, 0])
  })

  test('answers and streams', () => {
    const dialect = of(CONVERSE)
    const deep = nested((inner) => ({ toolResult: { content: [inner] } }))
    expect(dialect.readAnswer({ output: { message: { content: [deep, { text: 'a' }] } } }).segments).toHaveLength(1)
    const assembler = dialect.assemble(() => {})
    assembler.push({ event: 'contentBlockDelta', data: { contentBlockIndex: 0, delta: { toolResult: [deep] } } })
    assembler.push({ event: 'chunk', data: deep })
    expect(dialect.readAnswer(assembler.body() ?? {}).segments).toEqual([])
  })
})

test('odd types never throw', () => {
  expectNeverThrows(bedrock, {
    paths: [
      CONVERSE,
      invoke('anthropic.claude'),
      invoke('amazon.nova', 'invoke-with-response-stream'),
      invoke('cohere.command'),
      invoke('x'),
      invoke('x', 'count-tokens'),
      '/rerank',
    ],
    keys: 'messages content text role system toolUse toolResult input name toolUseId json document source reasoningContent reasoningText guardContent citationsContent citations searchResult toolConfig tools toolSpec promptVariables inferenceConfig prompt inputText output message stopReason type choices delta generation results outputText outputs contentBlockStart contentBlockDelta contentBlockStop contentBlockIndex start messageStart messageStop metadata usage error event_type anthropic_version documents converse queries sources textQuery amazon-bedrock-invocationMetrics stop_reason completions completion index'.split(
      ' ',
    ),
    words: [
      'chunk',
      'user',
      'assistant',
      'messageStart',
      'contentBlockDelta',
      'message_start',
      'content_block_start',
      'content_block_delta',
      'text_delta',
      'message-start',
      'message',
    ],
  })
})

describe('errors', () => {
  test('the whole form: AWS names for its clients, our code beside them', () => {
    const error = appError('guard.blocked', 'no', { extra: { findings: [] } })
    expect(of(CONVERSE).renderError(error, 'req-1')).toEqual({
      __type: 'AccessDeniedException',
      code: 'AccessDeniedException',
      message: 'no',
      error: {
        message: 'no',
        type: 'security_enforcement_blocked',
        code: 'guard.blocked',
        param: null,
        request_id: 'req-1',
        findings: [],
      },
    })
  })

  const names = [
    ['request.malformed', 'ValidationException'],
    ['auth.required', 'UnrecognizedClientException'],
    ['auth.denied', 'AccessDeniedException'],
    ['request.not_found', 'ResourceNotFoundException'],
    ['request.too_large', 'ValidationException'],
    ['limit.budget_exhausted', 'ThrottlingException'],
    ['gateway.bug', 'InternalServerException'],
    ['upstream.unreachable', 'ServiceUnavailableException'],
    ['gateway.unavailable', 'ServiceUnavailableException'],
    ['upstream.timeout', 'ModelTimeoutException'],
  ] as const
  test.each(names)('%s is %s', (code, name) => {
    expect(of(CONVERSE).renderError(appError(code, 'x'), 'r')['__type']).toBe(name)
  })

  test('a status of the future', () => {
    expect(of(CONVERSE).renderError({ ...appError('gateway.bug', 'x'), status: 418 }, 'r')['__type']).toBe(
      'InternalServerException',
    )
  })
})
