/** Follows JSON text that comes in pieces, to tell whether a stretch of it lies inside of one string. */

export type JsonPlace = {
  /** Reads on. */
  advance(text: string): void
  /**
   * How much of the next `text` can be taken out and a tag without escapes put in its place: from `skip` on (what is left of an escape
   * that the stretch cuts stays) and `extra` further into `after` (the rest of an escape goes along). Null where it crosses the end of
   * a string.
   */
  within(text: string, after: string): { readonly skip: number; readonly extra: number } | null
}

export function createJsonPlace(): JsonPlace {
  let isInString = false
  /** Characters of an escape that are still to come; -1 right behind the backslash. */
  let escape = 0
  /** Null before the first character that is no space. Text that does not begin like JSON with strings is free text. */
  let isJson: boolean | null = null

  function step(code: number): void {
    if (isJson !== true) {
      if (isJson === null && code > 0x20) isJson = code === 0x7b || code === 0x5b || code === 0x22
      if (isJson !== true) return
    }
    if (!isInString) isInString = code === 0x22
    else if (escape === -1) escape = code === 0x75 ? 4 : 0
    else if (escape > 0) escape -= 1
    else if (code === 0x5c) escape = -1
    else if (code === 0x22) isInString = false
  }

  function advance(text: string): void {
    for (let i = 0; i < text.length; i += 1) step(text.charCodeAt(i))
  }

  return {
    advance,
    within: (text, after) => {
      const saved = { isInString, escape, isJson }
      let isInside = isJson === true ? isInString : isJson === false || !/^\s*["[{]/.test(text)
      let skip = 0
      let extra = 0
      for (let i = 0; i < text.length && isInside; i += 1) {
        if (escape !== 0 && skip === i) skip = i + 1
        step(text.charCodeAt(i))
        isInside = isJson !== true || isInString
      }
      for (; escape !== 0 && extra < after.length; extra += 1) step(after.charCodeAt(extra))
      // An escape whose rest has not come cannot be taken out whole.
      if (escape !== 0) isInside = false
      isInString = saved.isInString
      escape = saved.escape
      isJson = saved.isJson
      return isInside ? { skip, extra } : null
    },
  }
}
