/** Small questions that every judge of commands asks about an invocation, and where it writes its answers. */
import type { TextRange } from '../../domain/finding.ts'
import { createMatches, matchOf } from './action-match.ts'
import { commandRule, type CommandRuleName } from './command-rules.ts'
import type { Invocation } from './invocations.ts'
import type { Word } from './shell-words.ts'

/** What a command does, for sequences over a session. */
export type Traits = {
  readonly readsCredential: boolean
  /** Something leaves for a host outside. */
  readonly sends: boolean
  readonly downloads: boolean
  /** Asks where it is and what it may: names of programs. */
  readonly recon: readonly string[]
  /** Runs something unread, or gains rights. */
  readonly exploits: boolean
}

export const NO_TRAITS: Traits = { readsCredential: false, sends: false, downloads: false, recon: [], exploits: false }
/** Programs that are kept as recon of one command. */
const RECON_MAX = 16

export function joinTraits(all: readonly Traits[]): Traits {
  return {
    readsCredential: all.some((traits) => traits.readsCredential),
    sends: all.some((traits) => traits.sends),
    downloads: all.some((traits) => traits.downloads),
    recon: [...new Set(all.flatMap((traits) => traits.recon))].slice(0, RECON_MAX),
    exploits: all.some((traits) => traits.exploits),
  }
}

export function createNotes() {
  const matches = createMatches()
  const recon = new Set<string>()
  let readsCredential = false
  let sends = false
  let downloads = false
  let exploits = false
  return {
    matches,
    found(name: CommandRuleName, at: { readonly startUtf16: number; readonly endUtf16: number } | null): void {
      matches.add(matchOf(commandRule(name), at === null ? null : rangeOf(at)))
    },
    readsCredential: (): void => void (readsCredential = true),
    sends: (): void => void (sends = true),
    downloads: (): void => void (downloads = true),
    exploits: (): void => void (exploits = true),
    recon(program: string): void {
      if (recon.size < RECON_MAX) recon.add(program)
    },
    traits: (): Traits => ({ readsCredential, sends, downloads, recon: [...recon], exploits }),
  }
}
export type Notes = ReturnType<typeof createNotes>

export function rangeOf(at: { readonly startUtf16: number; readonly endUtf16: number }): TextRange {
  return { startUtf16: at.startUtf16, endUtf16: at.endUtf16 }
}

export function textsOf(words: readonly Word[]): readonly string[] {
  return words.map((word) => word.text)
}

/** Arguments that are no options; all behind `--` are none. */
export function operands(invocation: Invocation): readonly string[] {
  const texts = textsOf(invocation.args)
  const end = texts.indexOf('--')
  return end === -1
    ? texts.filter((text) => !text.startsWith('-') || text === '-')
    : [...texts.slice(0, end).filter((text) => !text.startsWith('-')), ...texts.slice(end + 1)]
}

/** `-rf`, `-r -f`, `--recursive`: one of the short letters or the long name. */
export function hasOption(invocation: Invocation, letters: string, ...long: readonly string[]): boolean {
  for (const { text } of invocation.args) {
    if (text === '--') return false
    if (text.startsWith('--')) {
      if (long.includes(text) || long.includes(text.slice(0, Math.max(text.indexOf('='), 0)))) return true
    } else if (text.startsWith('-') && [...letters].some((letter) => text.includes(letter, 1))) return true
  }
  return false
}

/** The values of an option: `-o x`, `--output x`, `--output=x`, and `-ox` for a single letter. */
export function optionValues(invocation: Invocation, ...names: readonly string[]): readonly string[] {
  const values: string[] = []
  invocation.args.forEach(({ text }, i) => {
    for (const name of names) {
      if (text === name) {
        const next = invocation.args[i + 1]
        if (next !== undefined) values.push(next.text)
      } else if (name.startsWith('--') && text.startsWith(`${name}=`)) values.push(text.slice(name.length + 1))
      else if (name.length === 2 && !text.startsWith('--') && text.startsWith(name)) values.push(text.slice(2))
    }
  })
  return values
}

export function isContained(invocation: Invocation): boolean {
  return invocation.wrappers.some(
    (name) => name === 'docker' || name === 'podman' || name === 'nerdctl' || name === 'kubectl' || name === 'oc',
  )
}
