/**
 * What the serving thread and a store thread say to each other. Objects cross as they are, by structured clone: of the ways tried it
 * takes the least CPU on both sides together (as JSON a span of 2 KB takes as much or twice, one of 64 KB three to nine times).
 */
import { PortError, type TraceStore } from '../../core/ports.ts'

export type StoreMethod = keyof TraceStore

export type StoreCall = { readonly id: number; readonly method: StoreMethod; readonly args: readonly unknown[] }

export type StoreAnswer =
  | { readonly kind: 'done'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'refused'; readonly id: number; readonly error: ErrorData }
  /** The store could not be opened; the thread ends. */
  | { readonly kind: 'unopened'; readonly error: ErrorData }

/** What the thread is started with. */
export type StoreThreadData = { readonly path: string; readonly migrates: boolean }

/** An error that crosses: classes do not. */
export type ErrorData = { readonly dependency: string; readonly message: string; readonly causes: readonly CauseData[] }
type CauseData = { readonly name: string; readonly message: string; readonly code: string | null }

const CAUSES_MAX = 5

export function errorData(error: unknown): ErrorData {
  const causes: CauseData[] = []
  for (let at: unknown = error; at !== undefined && at !== null && causes.length < CAUSES_MAX;) {
    if (!(at instanceof Error)) {
      causes.push({ name: 'unknown', message: String(at), code: null })
      break
    }
    causes.push({ name: at.name, message: at.message, code: 'code' in at && typeof at.code === 'string' ? at.code : null })
    at = at.cause
  }
  const isPort = error instanceof PortError
  return {
    dependency: isPort ? error.dependency : 'trace_store',
    message: isPort ? error.message : 'the store thread failed',
    causes: isPort ? causes.slice(1) : causes,
  }
}

/** The error again, with its causes in a chain, each with its `code`. */
export function portError({ dependency, message, causes }: ErrorData): PortError {
  const cause = causes.reduceRight<Error | undefined>((inner, one) => {
    const error = new Error(one.message, inner === undefined ? {} : { cause: inner })
    return Object.assign(error, { name: one.name }, one.code === null ? {} : { code: one.code })
  }, undefined)
  return new PortError(dependency, message, cause === undefined ? {} : { cause })
}
