/** How far a long command has come: one line on a terminal that is written over and over, and nothing where there is none. */

const EVERY_MS = 250

export type Progress = {
  /** Called as often as one likes; `line` is built only where it is shown. */
  show(line: () => string): void
  /** Before anything else is written to the terminal, and at the end. */
  clear(): void
}

export type ProgressIo = {
  readonly isStderrTerminal: boolean
  readonly err: (text: string) => void
  /** Milliseconds from any start. */
  readonly now: () => number
}

/** The first line appears after a while only: a short command shows none. */
export function createProgress({ isStderrTerminal, err, now }: ProgressIo): Progress {
  let last = now()
  let isShown = false
  return {
    show: (line) => {
      if (!isStderrTerminal || now() - last < EVERY_MS) return
      last = now()
      isShown = true
      err(`\r\u001b[K${line()}`)
    },
    clear: () => {
      if (isShown) err('\r\u001b[K')
      isShown = false
    },
  }
}
