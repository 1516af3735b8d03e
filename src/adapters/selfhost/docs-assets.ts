/** Swagger UI's files from the installed package `swagger-ui-dist`, on Bun, Node and Deno alike. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { PortError } from '../../core/ports.ts'

/** What is thrown for a package or a file that is not there; anything else is a failure. */
const ABSENT: ReadonlySet<string> = new Set(['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND', 'ENOENT'])

export type FileAssets = {
  /** Null where the package is not installed. `name` is one of its files, never a path of a caller's. */
  read(name: 'swagger-ui.css' | 'swagger-ui-bundle.js'): Promise<Uint8Array | null>
}

export function createDocsAssets(packageName = 'swagger-ui-dist'): FileAssets {
  return {
    read: async (name) => {
      try {
        // Not the package's main module: it would load the whole UI.
        const manifest = createRequire(import.meta.url).resolve(`${packageName}/package.json`)
        return await readFile(join(dirname(manifest), name))
      } catch (error) {
        if (error instanceof Error && 'code' in error && ABSENT.has(String(error.code))) return null
        throw new PortError('docs assets', `${name} could not be read`, { cause: error })
      }
    },
  }
}
