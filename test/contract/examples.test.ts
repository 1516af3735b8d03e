import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { exampleEnv, exampleYaml } from '../../src/cli/generate-examples.ts'
import { problemLines, readConfig, toGatewayConfig, type ConfigInput } from '../../src/contract/config.ts'
import { KEYS, VARIABLES } from '../../src/contract/config/keys.ts'

function read(name: string): string {
  return readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')
}

function linesOf(input: Partial<ConfigInput>): readonly string[] {
  const config = readConfig({ file: null, env: {}, flags: {}, ...input })
  return config.ok ? [] : problemLines(config.error)
}

const DEFAULTS = readConfig({ file: null, env: {}, flags: {} })

describe('llmtrace.example.yaml', () => {
  test('is what the schema says (else: npm run examples)', () => expect(read('llmtrace.example.yaml')).toBe(exampleYaml()))

  test('loads, and changes nothing', () => {
    expect(readConfig({ file: parse(read('llmtrace.example.yaml')), env: {}, flags: {} })).toEqual(DEFAULTS)
  })

  test('its commented entries load too, once they are no comments', () => {
    // An entry's lines are those of a mapping; the prose above them describes keys as `name - …`.
    const text = exampleYaml().replaceAll(/(?: +\[\]\n)?( +)#\n((?:\1# .*\n)+)/g, (_, _indent, entries: string) =>
      entries.replaceAll('# ', ''),
    )
    const file: unknown = parse(text)
    expect(linesOf({ file })).toEqual([])
    const config = readConfig({ file, env: {}, flags: {} })
    expect(config.ok && Object.keys(config.value.providers)).toEqual(['openai', 'azure', 'bedrock', 'my-vllm'])
    const env = { OPENAI_API_KEY: 'a', AZURE_OPENAI_API_KEY: 'b', AWS_ACCESS_KEY_ID: 'c', AWS_SECRET_ACCESS_KEY: 'd' }
    expect(config.ok && toGatewayConfig(config.value, env).ok).toBe(true)
  })
})

describe('.env.example', () => {
  test('is what the schema says (else: npm run examples)', () => expect(read('.env.example')).toBe(exampleEnv()))

  const lines = exampleEnv().matchAll(/^# (LLMTRACE_[A-Z_]+)=(.*)$/gm)
  const env = Object.fromEntries([...lines].map(([, name, value]) => [name, value]))

  test('names every variable, the short ones too', () => {
    for (const node of KEYS) expect(Object.keys(env).map((name) => VARIABLES.get(name))).toContain(node)
    for (const variable of VARIABLES.keys()) expect(exampleEnv()).toContain(variable)
  })

  test('loads, and changes nothing', () => expect(readConfig({ file: null, env, flags: {} })).toEqual(DEFAULTS))
})

test('every example of a key is a good value', () => {
  for (const node of KEYS) {
    if (node.example === undefined) continue
    const file = node.path.reduceRight<unknown>((inner, name) => ({ [name]: inner }), node.example)
    expect(linesOf({ file })).toEqual([])
  }
})
