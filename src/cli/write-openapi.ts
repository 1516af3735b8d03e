/** Writes `docs/openapi.json`, so that a change of the API is seen in review. A test compares it with what the code says. */
import { readFile, writeFile } from 'node:fs/promises'
import { asRecord, asString, parseJson } from '../core/domain/json.ts'
import { openApiDocument } from '../routes/query/document.ts'

const root = new URL('../../', import.meta.url)
const target = new URL('docs/openapi.json', root)

/** The file's text: two spaces, a newline at its end, keys in the order in which the code makes them. */
export async function openApiText(): Promise<string> {
  const manifest = asRecord(parseJson(await readFile(new URL('package.json', root), 'utf8')))
  return `${JSON.stringify(openApiDocument(asString(manifest?.['version']) ?? ''), null, 2)}\n`
}

if (import.meta.main) {
  await writeFile(target, await openApiText())
  console.log('wrote docs/openapi.json')
}
