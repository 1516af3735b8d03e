/**
 * Texts to measure on, by kind. Prose and code are this repository's own; the rest is made here, the same every time. Every text is of a
 * wanted size in bytes of UTF-8, as bodies are counted.
 */
import { readFileSync, readdirSync } from 'node:fs'
import { AGENTS } from '../../src/cli/demo/traffic.ts'
import { createRandom, type Random } from '../../src/cli/demo/random.ts'
import { createCast } from '../../src/cli/demo/scene.ts'
import { cutUtf8 } from '../../src/core/capture/kept-text.ts'
import { hostileText, MONOTONOUS } from '../../test/support/hostile-texts.ts'

export type Kind = {
  readonly name: string
  /** What most traffic is made of; the others are to be survived. */
  readonly isOrdinary: boolean
  readonly text: (bytes: number) => string
}

export const KINDS: readonly Kind[] = [
  { name: 'English prose', isOrdinary: true, text: repeated(prose) },
  { name: 'code', isOrdinary: true, text: repeated(code) },
  { name: 'JSON', isOrdinary: true, text: repeated(() => readFileSync('docs/openapi.json', 'utf8')) },
  { name: 'chat log', isOrdinary: true, text: repeated(chat) },
  { name: 'Chinese', isOrdinary: true, text: repeated(chinese) },
  { name: 'base64', isOrdinary: false, text: repeated(base64) },
  { name: 'digits', isOrdinary: false, text: repeated(digits) },
  { name: 'harmless, looks dangerous', isOrdinary: false, text: repeated(lookingDangerous) },
  { name: 'hostile', isOrdinary: false, text: repeated(hostile) },
  ...Object.entries(MONOTONOUS).map(([name, make]) => ({
    name: `only ${name}`,
    isOrdinary: false,
    text: repeated(() => make(64 * 1024)),
  })),
]

/** The source over and over, up to the wanted size. */
function repeated(source: () => string): (bytes: number) => string {
  let known: string | null = null
  return (bytes) => {
    known ??= source()
    const times = Math.ceil(bytes / Math.max(1, Buffer.byteLength(known)))
    return cutUtf8(known.repeat(times), bytes)
  }
}

function prose(): string {
  const files = ['README.md', 'CONTRIBUTING.md', 'docs/architecture.md', 'docs/storage.md', 'docs/operations.md']
  const records = readdirSync('docs/adr').map((name) => `docs/adr/${name}`)
  return [...files, ...records].map((path) => readFileSync(path, 'utf8').replaceAll(/```[\s\S]*?```/g, '')).join('\n')
}

function code(): string {
  return readdirSync('src/core', { recursive: true, encoding: 'utf8' })
    .filter((name) => /^(dialects|domain|forward|capture|spend)[/\\].*\.ts$/.test(name))
    .toSorted()
    .map((name) => readFileSync(`src/core/${name}`, 'utf8'))
    .join('\n')
}

function chat(): string {
  const cast = createCast(createRandom(1))
  const turns = AGENTS.flatMap((agent) => agent.scenes.flat())
  return turns.map(({ user, answer }) => `User: ${cast.fill(user)}\nAssistant: ${cast.fill(answer)}\n`).join('\n')
}

const CHINESE: readonly string[] = [
  '今天下午三点我们在二楼会议室讨论下个季度的预算，请提前看一下附件里的表格。',
  '这家餐厅的牛肉面很好吃，就是周末人太多，要等半个小时左右。',
  '请帮我把这段话改得更正式一点，因为要发给客户。',
  '如果明天不下雨，孩子们就去公园放风筝，否则在家看书。',
  '系统升级以后，打印机就连不上网络了，重启也没有用。',
  '从上海坐高铁到杭州只要一个小时，票价也不贵。',
  '报告的第二部分还缺少去年的数据，我周三之前补上。',
  '他学了三年中文，现在可以看懂报纸，但是写文章还有困难。',
  '数据库每天凌晨两点备份一次，保留最近三十天的文件。',
  '这个函数的返回值可能为空，调用之前要先检查。',
]

function chinese(): string {
  const random = createRandom(2)
  return Array.from({ length: 400 }, () => random.pick(CHINESE)).join('')
}

function base64(): string {
  const random = createRandom(3)
  const blocks = Array.from({ length: 24 }, (_, i) => {
    const packed = Buffer.from(Array.from({ length: 2_000 }, () => random.between(0, 255))).toString('base64')
    return `attachment ${i}:\n${i % 2 === 0 ? packed : packed.replaceAll(/.{76}/g, '$&\n')}\n`
  })
  return blocks.join('\n')
}

function digits(): string {
  const random = createRandom(4)
  const part = (length: number): string => Array.from({ length }, () => random.between(0, 9)).join('')
  const rows = Array.from(
    { length: 1_500 },
    (_, i) =>
      `${i};2026-${part(2)}-${part(2)};${part(random.between(8, 20))};+${part(2)} ${part(3)} ${part(7)};${part(4)} ${part(4)} ${part(4)} ${part(4)};${part(3)}.${part(2)}`,
  )
  return rows.join('\n')
}

function lookingDangerous(): string {
  return readFileSync('test/fixtures/benign.jsonl', 'utf8')
    .split('\n')
    .flatMap((line) => (line === '' ? [] : [String((JSON.parse(line) as { readonly text: unknown }).text)]))
    .join('\n\n')
}

function hostile(): string {
  const random: Random = createRandom(5)
  let text = ''
  while (text.length < 64 * 1024) text += hostileText(random, 4_000)
  return text
}
