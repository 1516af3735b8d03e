// Copies the static files of the API documentation to out/assets, where the Worker's assets binding finds them. No dependencies.
import { copyFile, mkdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const source = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
const target = join(import.meta.dirname, '..', '..', 'out', 'assets', 'docs')
await mkdir(target, { recursive: true })
for (const name of ['swagger-ui.css', 'swagger-ui-bundle.js']) await copyFile(join(source, name), join(target, name))
