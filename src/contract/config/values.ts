/** Building blocks of the configuration schema: what one value may be, each with the sentence that a wrong one is answered with. */
import { z } from 'zod'

const TEXT_MAX = 4096

/** What the tools read beside the schema itself. */
export type More = {
  /** Never shown: not in messages, not in `validate`, not by the API. */
  readonly secret?: boolean
  /** Shown by `validate`, but not repeated in a message: a secret is easily put there by mistake. */
  readonly quiet?: boolean
  /** For the example files, where the default shows nothing. */
  readonly example?: unknown
}

export function key<T extends z.ZodType>(description: string, schema: T, more: More = {}): T {
  return schema.meta({ description, ...more })
}

/** A mapping of known keys. */
export function group<T extends z.ZodRawShape>(shape: T) {
  return z.strictObject(shape, { error: 'must be a mapping' }).readonly()
}

export function whole(unit: string, min: number, max: number) {
  const low = `must be a whole number of ${unit} of at least ${min}`
  return z
    .int({ error: low })
    .min(min, { error: low })
    .max(max, { error: `must be a whole number of ${unit} of at most ${max}` })
}

export function text(what: string) {
  const error = `must be ${what}`
  return z
    .string({ error })
    .min(1, { error })
    .max(TEXT_MAX, { error: `must be at most ${TEXT_MAX} characters long` })
}

export function matching(what: string, pattern: RegExp) {
  return text(what).refine((value) => pattern.test(value), { error: `must be ${what}` })
}

export function satisfying(what: string, holds: (value: string) => boolean) {
  return text(what).refine(holds, { error: `must be ${what}` })
}

export function choice<const T extends Readonly<Record<string, string>>>(names: T) {
  return z.enum(names, { error: `must be one of ${Object.keys(names).join(', ')}` })
}

export function flag() {
  return z.boolean({ error: 'must be true or false' })
}

export function named<V extends z.ZodType>(what: string, isName: (name: string) => boolean, value: V) {
  const name = z.string().refine(isName, { error: `must be ${what}` })
  return z.record(name, value, { error: 'must be a mapping' }).readonly()
}
