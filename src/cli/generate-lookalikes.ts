/**
 * Writes `src/core/guard/normalize/lookalikes.ts` from Unicode's `confusables.txt` (UTS 39), or from the same table as the Rust crate
 * `unicode-security` ships it (`src/tables.rs`): `bun src/cli/generate-lookalikes.ts <file> <version of Unicode>`.
 *
 * Only what ends in one ASCII letter or digit is kept; what NFKC does already, and signs that look like a bare stroke, are left out.
 */
import { readFile, writeFile } from 'node:fs/promises'

const target = new URL('../core/guard/normalize/lookalikes.ts', import.meta.url)

/** Source code point to the text that it looks like. */
export function readConfusables(file: string): ReadonlyMap<number, string> {
  const table = new Map<number, string>()
  for (const line of file.matchAll(/^([0-9A-F]{2,6})\s*;\s*([0-9A-F ]+?)\s*;\s*MA/gm)) {
    table.set(Number.parseInt(line[1] ?? '', 16), fromHex((line[2] ?? '').split(' ')))
  }
  if (table.size > 0) return table
  const from = file.indexOf('const CONFUSABLES', file.indexOf('mod confusable_detection'))
  const part = file.slice(from, file.indexOf('];', from))
  for (const entry of part.matchAll(/\('\\u\{([0-9a-f]+)\}',\s*&\[([^\]]*)\]\)/g)) {
    const to = [...(entry[2] ?? '').matchAll(/\\u\{([0-9a-f]+)\}/g)].map((found) => found[1] ?? '')
    table.set(Number.parseInt(entry[1] ?? '', 16), fromHex(to))
  }
  return table
}

function fromHex(codes: readonly string[]): string {
  return String.fromCodePoint(...codes.map((code) => Number.parseInt(code, 16)))
}

/** ASCII letter or digit to the code points that look like it, ascending. */
export function reduceConfusables(table: ReadonlyMap<number, string>): ReadonlyMap<string, readonly number[]> {
  const skeleton = (text: string) =>
    [...text.normalize('NFD')]
      .map((char) => table.get(char.codePointAt(0) ?? 0) ?? char)
      .join('')
      .normalize('NFD')
      .replace(/\p{M}/gu, '')
      .toLowerCase()
  const reduced = new Map<string, number[]>()
  for (const code of [...table.keys()].sort((a, b) => a - b)) {
    const source = String.fromCodePoint(code)
    if (code < 0x80 || /\p{M}/u.test(source) || source.normalize('NFKC') !== source) continue
    // A hook is drawn as an apostrophe, and the table writes `m` as `rn`.
    let like = skeleton(source).replace(/^'(?=[a-z])|(?<=[a-z])'$/g, '')
    if (like === 'rn') like = 'm'
    if (!/^[a-z0-9]$/.test(like)) continue
    // Strokes and box drawings stand beside words in any table.
    if (like === 'l' && !/\p{L}|\p{Nd}/u.test(source)) continue
    // `I` looks like `l`: a capital of what looks like `i` is meant as that.
    if (like === 'l' && /^[i\u026a]$/.test(skeleton(source.toLowerCase()))) like = 'i'
    const known = reduced.get(like)
    if (known === undefined) reduced.set(like, [code])
    else known.push(code)
  }
  return reduced
}

/** One line for each letter: the letter, then the distances from code point to code point in base 36. */
export function packLookalikes(reduced: ReadonlyMap<string, readonly number[]>): string {
  return [...reduced.keys()]
    .sort()
    .map((letter) => {
      let last = 0
      const steps = (reduced.get(letter) ?? []).map((code) => {
        const step = (code - last).toString(36)
        last = code
        return step
      })
      return `${letter} ${steps.join(' ')}`
    })
    .join('\n')
}

if (import.meta.main) {
  const [file, version] = process.argv.slice(2)
  if (file === undefined || version === undefined) throw new Error('give the table and its version of Unicode')
  const reduced = reduceConfusables(readConfusables(await readFile(file, 'utf8')))
  const count = [...reduced.values()].reduce((sum, codes) => sum + codes.length, 0)
  if (count === 0) throw new Error('no confusables in that file')
  await writeFile(
    target,
    `/**
 * Letters and signs that look like an ASCII letter or digit: the confusables of UTS 39, Unicode ${version}, reduced by
 * \`src/cli/generate-lookalikes.ts\` to ${count} single characters that NFKC leaves as they are. Generated: not to be edited.
 *
 * One line for each letter: the letter, then the distances from code point to code point in base 36.
 */
export const LOOKALIKES_PACKED =
  ${JSON.stringify(packLookalikes(reduced)).replace(/\\n/g, "\\n' +\n  '").replace(/^"|"$/g, "'")}
`,
  )
  console.log(`${count} lookalikes`)
}
