/**
 * Cuts a text into words and hashes them, in one pass and in any pieces: case, accents, punctuation and invisible characters make no
 * difference. Scripts that write without spaces count each character as half a word.
 */

/** `weight`: 2 for a word, 1 for a character of a script without spaces. Offsets are UTF-16 code units from the first piece on. */
export type OnWord = (hash: number, weight: number, start: number, end: number) => void

export type WordReader = {
  push(text: string): void
  /** The last word ends with the text. */
  end(): void
  /** Where the word begins that is not over yet; all that was read where there is none. */
  openFrom(): number
}

const NOTHING = 0
const BREAK = 1
const LETTERS_END = 0x530
/** Below it, no script stands whose characters are words by themselves. */
const ALONE_FROM = 0xe00
const SEED = 0x811c9dc5

/** Folded code units below `LETTERS_END`: the bare lower-case letter, `BREAK` between words, `NOTHING` for what is not seen. */
const FOLDED = Uint16Array.from({ length: LETTERS_END }, (_, code) => fold(code))

export function readWords(onWord: OnWord): WordReader {
  let offset = 0
  let openStart = -1
  let openEnd = 0
  let openHash = 0
  const close = () => {
    if (openStart >= 0) onWord(openHash, 2, openStart, openEnd)
    openStart = -1
  }
  return {
    push: (text) => {
      // Locals: this loop sees every character of every answer.
      let start = openStart
      let end = openEnd
      let hash = openHash
      for (let i = 0; i < text.length; i++) {
        const code = text.charCodeAt(i)
        const letter = code < LETTERS_END ? (FOLDED[code] as number) : fold(code)
        if (letter === NOTHING) continue
        const isWord = letter < ALONE_FROM ? letter !== BREAK : !isAlone(letter)
        if (isWord) {
          if (start < 0) {
            start = offset + i
            hash = SEED
          }
          hash = mix(hash, letter)
          end = offset + i + 1
          continue
        }
        if (start >= 0) onWord(hash, 2, start, end)
        start = -1
        if (letter !== BREAK) onWord(mix(SEED, letter), 1, offset + i, offset + i + 1)
      }
      offset += text.length
      openStart = start
      openEnd = end
      openHash = hash
    },
    end: close,
    openFrom: () => (openStart < 0 ? offset : openStart),
  }
}

/** FNV-1a over code units. */
function mix(hash: number, code: number): number {
  return Math.imul(hash ^ code, 0x01000193)
}

function fold(code: number): number {
  if (code < 0x80) {
    if (code >= 0x41 && code <= 0x5a) return code + 0x20
    return (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39) ? code : BREAK
  }
  if (isInvisible(code)) return NOTHING
  if (code < 0xaa || (code > 0xaa && code < 0xc0 && code !== 0xb5 && code !== 0xba) || code === 0xd7 || code === 0xf7)
    return BREAK
  if ((code >= 0x2000 && code <= 0x206f) || (code >= 0x3000 && code <= 0x303f) || (code >= 0xfe30 && code <= 0xfe6f))
    return BREAK
  if (code < LETTERS_END || (code >= 0x1e00 && code < 0x2000) || (code >= 0xff00 && code < 0xfff0)) {
    const bare = String.fromCharCode(code).normalize('NFKD').toLowerCase().charCodeAt(0)
    return bare < 0x80 ? fold(bare) : bare
  }
  return code
}

/** Combining marks, soft hyphen, zero-width and directional characters, variation selectors. */
function isInvisible(code: number): boolean {
  return (
    (code >= 0x300 && code <= 0x36f) ||
    code === 0xad ||
    (code >= 0x200b && code <= 0x200f) ||
    (code >= 0x202a && code <= 0x202e) ||
    (code >= 0x2060 && code <= 0x206f) ||
    (code >= 0xfe00 && code <= 0xfe0f) ||
    code === 0xfeff
  )
}

/** Thai and its neighbours, kana, ideographs. */
function isAlone(code: number): boolean {
  return (
    (code >= 0xe00 && code < 0xf00) ||
    (code >= 0x1000 && code < 0x10a0) ||
    (code >= 0x3040 && code < 0x3130) ||
    (code >= 0x3400 && code < 0xa000) ||
    (code >= 0xf900 && code < 0xfb00)
  )
}
