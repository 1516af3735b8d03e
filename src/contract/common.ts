/** What every route of the API shares: how parameters are read, and the shapes of times, ids, pages and errors. Knows no route and no store. */
import { z } from '@hono/zod-openapi'
import type { EpochMs } from '../core/domain/time.ts'
import { isSlip, nearest } from './config/nearest.ts'

/** Issues named in one answer; the rest would be noise. */
const ISSUES_MAX = 5
const NAME_CHARS_MAX = 64

// --- reading --------------------------------------------------------------------------------------------------------------------

/** `date-time` of RFC 3339; a plus sign that a query string turned into a space is still read as one. */
const RFC3339 = /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(?:[Zz]|([+\- ])(\d{2}):(\d{2}))$/

/**
 * Reads a time with any offset; undefined for anything else, also for a day or an hour that no calendar has. Digits below the
 * millisecond are dropped. A leap second is the first one of the next minute.
 */
export function readTime(text: string): EpochMs | undefined {
  const match = RFC3339.exec(text)
  if (match === null) return undefined
  const [, day = '', hours, minutes, seconds, fraction = '', sign, offsetHours = 0, offsetMinutes = 0] = match
  const midnight = Date.parse(`${day}T00:00:00Z`)
  // Some engines read 30 February as 2 March.
  if (Number.isNaN(midnight) || !new Date(midnight).toISOString().startsWith(day)) return undefined
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 60) return undefined
  if (Number(offsetHours) > 23 || Number(offsetMinutes) > 59) return undefined
  const offset = (Number(offsetHours) * 60 + Number(offsetMinutes)) * (sign === '-' ? -1 : 1)
  const milliseconds = Number(fraction.slice(0, 3).padEnd(3, '0'))
  return midnight + ((Number(hours) * 60 + Number(minutes) - offset) * 60 + Number(seconds)) * 1000 + milliseconds
}

/** Reads a plain decimal number (no sign, no exponent, no blanks) within bounds. */
export function readNumber(text: string, min: number, max: number): number | undefined {
  if (!/^\d{1,16}(\.\d{1,16})?$/.test(text)) return undefined
  const value = Number(text)
  return value >= min && value <= max ? value : undefined
}

export function readInteger(text: string, min: number, max: number): number | undefined {
  return text.includes('.') ? undefined : readNumber(text, min, max)
}

export function readBoolean(text: string): boolean | undefined {
  return text === 'true' ? true : text === 'false' ? false : undefined
}

/** A text of one line, as it stands. */
export function readLine(text: string, charsMax: number): string | undefined {
  // oxlint-disable-next-line no-control-regex -- the very characters that are refused
  return text !== '' && text.length <= charsMax && !/[\u0000-\u001f\u007f]/.test(text) ? text : undefined
}

// --- parameters and bodies ------------------------------------------------------------------------------------------------------

type SchemaDoc = {
  readonly type: 'string' | 'integer' | 'number' | 'boolean'
  readonly format?: string
  readonly enum?: string[]
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly default?: string | number
  readonly example?: string | number | boolean
}

/**
 * An optional query parameter: text that `read` understands. `rule` follows the parameter's name in a refusal and in the document:
 * "must be …".
 */
export function parameter<T>(description: string, rule: string, read: (text: string) => T | undefined, doc: SchemaDoc) {
  return z
    .string({ error: (issue) => (Array.isArray(issue.input) ? 'must be given once' : rule) })
    .transform((text, ctx): T => {
      const value = read(text)
      if (value !== undefined) return value
      ctx.addIssue({ code: 'custom', message: rule })
      return z.NEVER
    })
    .optional()
    .openapi({ ...doc, param: { description } })
}

export function oneOf<const Word extends string>(description: string, words: readonly Word[], fallback?: Word) {
  return parameter(description, `must be one of ${words.join(', ')}`, (text) => words.find((word) => word === text), {
    type: 'string',
    enum: [...words],
    ...(fallback === undefined ? {} : { default: fallback }),
  })
}

export function timeParameter(description: string) {
  return parameter(description, 'must be a time as in RFC 3339, such as 2026-11-20T08:30:00Z', readTime, {
    type: 'string',
    format: 'date-time',
    example: '2026-11-20T08:30:00Z',
  })
}

/** An object in which an unknown key is refused, naming the one that was probably meant. `what` is `parameter` or `field`. */
export function strictObject<Shape extends z.ZodRawShape>(what: 'parameter' | 'field', shape: Shape) {
  const known = Object.keys(shape)
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return what === 'field' ? 'must be a JSON object' : undefined
      const [unknown = ''] = issue.keys
      return `unknown ${what} ${unknown.slice(0, NAME_CHARS_MAX)}${suggestion(what, unknown, known)}`
    },
  })
}

function suggestion(what: string, unknown: string, known: readonly string[]): string {
  const best = nearest(unknown, known)
  if (best === null) return `: this route takes no ${what}`
  return isSlip(unknown, best.edits) ? `: did you mean ${best.word}?` : `; known are ${known.join(', ')}`
}

export type Problem = {
  readonly message: string
  /** The parameter or field of the first issue; null where it is about the whole. */
  readonly param: string | null
}

/** What is wrong with a request, in words for its sender. `what` is `parameter` or `field`. */
export function describeIssues(what: 'parameter' | 'field', issues: readonly z.core.$ZodIssue[]): Problem {
  const words = issues.slice(0, ISSUES_MAX).map((issue) => {
    if (issue.code === 'unrecognized_keys') return issue.message
    return issue.path.length === 0 ? `the body ${issue.message}` : `${what} ${nameOf(issue.path)} ${issue.message}`
  })
  const [first] = issues
  const param = first?.code === 'unrecognized_keys' ? (first.keys[0] ?? '') : nameOf(first?.path ?? [])
  return { message: words.join('; '), param: param === '' ? null : param.slice(0, NAME_CHARS_MAX) }
}

function nameOf(path: readonly PropertyKey[]): string {
  return path.map((key) => String(key).slice(0, NAME_CHARS_MAX)).join('.')
}

// --- shapes ---------------------------------------------------------------------------------------------------------------------

export const traceIdSchema = z.string().openapi({
  description: 'A UUID. In a path, 32 hex digits (the W3C form) are read as well.',
  example: '019aa0b4-7d3e-7c10-9b1f-3f0c5a2d8e71',
})

export const spanIdSchema = z.string().openapi({ description: '16 hex digits.', example: '8f1b2c3d4e5f6071' })

export const timeSchema = z.string().openapi({
  format: 'date-time',
  description: 'RFC 3339, UTC, with milliseconds.',
  example: '2026-11-20T08:30:00.000Z',
})

export const usdSchema = z.number().openapi({ description: 'US dollars.', example: 0.00042 })

/** A whole number from 0. */
export const countSchema = z.int().nonnegative()

export const millisecondsSchema = z.number().openapi({ minimum: 0, description: 'Milliseconds.' })

export const errorSchema = z
  .object({
    error: z.looseObject({
      message: z.string().openapi({ description: 'For people; may change.' }),
      type: z.string().openapi({ example: 'invalid_request_error' }),
      code: z.string().openapi({ description: 'For programs; stable.', example: 'request.malformed' }),
      param: z.string().nullable().openapi({ description: 'The parameter or field that was refused.' }),
      request_id: z.string().openapi({ description: 'The span id of a proxied call; empty elsewhere.' }),
    }),
  })
  .openapi('Error')

/** A list answer. `name` is its name in the document. */
export function pageSchema<Row extends z.ZodType>(name: string, row: Row) {
  return z
    .object({
      data: z.array(row),
      total: countSchema.openapi({ description: 'All rows that match, not only those of this page.' }),
      limit: countSchema,
      offset: countSchema,
      next_cursor: z
        .string()
        .nullable()
        .openapi({ description: 'Give it as `cursor` for the next page; null on the last one.' }),
    })
    .openapi(name)
}
