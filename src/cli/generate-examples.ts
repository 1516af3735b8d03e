/** Writes llmtrace.example.yaml and .env.example from the schema: `npm run examples`. A test holds the committed files against it. */
import { writeFile } from 'node:fs/promises'
import { stringify } from 'yaml'
import { KEYS, ROOT, VARIABLES, variableOf, type KeyNode } from '../contract/config/keys.ts'

const WIDTH = 110

/** Every key with its default: as it stands, the file changes nothing. */
export function exampleYaml(): string {
  const head = comment(
    'LLMTrace configuration. Copy it to llmtrace.yaml and keep what you change: every key is optional and shown with its default. ' +
      'A flag (--auth.mode) goes before a variable (LLMTRACE_AUTH_MODE), a variable before this file. ' +
      'Generated from src/contract/config/schema.ts by `npm run examples`.',
    '',
  )
  return `${head}\n${[...ROOT.children].map(([name, node]) => yamlOf(name, node, '')).join('\n')}`
}

/** Every variable, commented out, with its default. */
export function exampleEnv(): string {
  const head = comment(
    'LLMTrace configuration as environment variables. Every key of llmtrace.yaml has one. Remove the # of those that you set; an empty ' +
      'value counts as not set, and null sets a key back to nothing. Generated from src/contract/config/schema.ts by `npm run examples`.',
    '',
  )
  const own = [
    `${comment('Configuration file, where it is not ./llmtrace.yaml.', '')}# LLMTRACE_CONFIG=\n`,
    `${comment('1: listens on an address that others can reach although auth.mode is open.', '')}# LLMTRACE_ALLOW_OPEN=\n`,
  ]
  return `${head}\n${[...own, ...KEYS.map(envOf)].join('\n')}`
}

function yamlOf(name: string, node: KeyNode, indent: string): string {
  const about = comment(aboutOf(node), indent)
  const inside = `${indent}  `
  if (node.type === 'group') {
    return `${about}${indent}${name}:\n${[...node.children].map(([child, below]) => yamlOf(child, below, inside)).join('')}`
  }
  if (node.type === 'record' || (node.type === 'list' && (node.entry?.children.size ?? 0) > 0)) {
    const keys = [...(node.entry?.children ?? [])].map(([key, below]) => comment(`${key} - ${aboutOf(below)}`, inside)).join('')
    const none = node.type === 'list' ? `${inside}[]\n` : ''
    const example =
      node.example === undefined ? '' : `${inside}#\n${commented(stringify(node.example, { lineWidth: 0 }), inside)}`
    return `${about}${indent}${name}:\n${keys}${none}${example}`
  }
  const example = node.example === undefined ? '' : comment(`Example: ${shownExample(node.example)}`, indent)
  const initial = Array.isArray(node.initial)
    ? `[${node.initial.map((item) => `'${String(item)}'`).join(', ')}]`
    : stringify(node.initial, { lineWidth: 0 }).trim()
  return `${about}${example}${indent}${name}: ${initial}\n`
}

function envOf(node: KeyNode): string {
  const variable = variableOf(node.path)
  const short = [...VARIABLES].find(([name, other]) => other === node && name !== variable)?.[0]
  const about = comment(`${aboutOf(node)}${short === undefined ? '' : ` Also: ${short}.`}`, '')
  const example = node.example === undefined ? '' : `# Example: ${shownExample(node.example)}\n`
  const value =
    node.initial === null ? '' : typeof node.initial === 'object' ? JSON.stringify(node.initial) : String(node.initial)
  return `${about}${example}# ${variable}=${value}\n`
}

function shownExample(example: unknown): string {
  return typeof example === 'object' ? JSON.stringify(example) : String(example)
}

function aboutOf(node: KeyNode): string {
  const isListed = node.choices === null || node.choices.every((choice) => node.description.includes(choice))
  return isListed ? node.description : `${node.description} One of ${node.choices?.join(', ')}.`
}

/** `text` as comment lines of at most `WIDTH` characters, where its words allow it. */
function comment(text: string, indent: string): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && indent.length + 3 + line.length + word.length > WIDTH) {
      lines.push(line)
      line = ''
    }
    line += line === '' ? word : ` ${word}`
  }
  return [...lines, line].map((each) => `${indent}# ${each}\n`).join('')
}

function commented(yaml: string, indent: string): string {
  return yaml
    .trimEnd()
    .split('\n')
    .map((line) => `${indent}# ${line}\n`)
    .join('')
}

if (import.meta.main) {
  const root = new URL('../../', import.meta.url)
  await writeFile(new URL('llmtrace.example.yaml', root), exampleYaml())
  await writeFile(new URL('.env.example', root), exampleEnv())
}
