/** Turns what the driver throws into `PortError`. */
import { DrizzleQueryError } from 'drizzle-orm/errors'
import { PortError } from '../../core/ports.ts'

/** `attempt(what, work)`: the answer of `work`, or a rejection that says `what` failed and keeps the driver's error as its cause. */
export function portErrors(dependency: string): <T>(what: string, work: () => Promise<T>) => Promise<T> {
  return async (what, work) => {
    try {
      return await work()
    } catch (error) {
      if (error instanceof PortError) throw error
      // The query builder's own error repeats the values of the statement, which may be a caller's text.
      const cause = error instanceof DrizzleQueryError ? error.cause : error
      throw new PortError(dependency, `${what} failed`, { cause })
    }
  }
}
