/**
 * A port whose every method waits until the database is of this version. An isolate looks once, at the first use; a look that failed is
 * repeated at the next use, so that a database that was down for a moment does not spoil the isolate.
 */
import { PortError } from '../../core/ports.ts'

type Methods = { readonly [name: string]: (...args: never[]) => Promise<unknown> }

export function migratedOnce(migrate: () => Promise<void>): () => Promise<void> {
  let ready: Promise<void> | null = null
  return () => {
    ready ??= migrate().catch((cause: unknown) => {
      ready = null
      throw new PortError('database', 'the database could not be brought to this version', { cause })
    })
    return ready
  }
}

export function afterMigration<Port extends object>(port: Port, ready: () => Promise<void>): Port {
  const waiting: { [name: string]: (...args: never[]) => Promise<unknown> } = {}
  for (const [name, method] of Object.entries(port as Methods)) {
    waiting[name] = async (...args) => {
      await ready()
      return method(...args)
    }
  }
  return waiting as Port
}
