/** Finds the word that a mistyped one was probably meant to be. */

// Longer words are compared by their beginning: a suggestion needs no more, and the work stays bounded.
const LENGTH_MAX = 64

/** The candidate with the fewest edits (insert, delete, replace, swap of neighbours); the first of equals. Null without candidates. */
export function nearest(word: string, candidates: Iterable<string>): { readonly word: string; readonly edits: number } | null {
  let best: { word: string; edits: number } | null = null
  for (const candidate of candidates) {
    const edits = editDistance(word, candidate)
    if (best === null || edits < best.edits) best = { word: candidate, edits }
  }
  return best
}

/** True where so few edits lead from one to the other that a slip of the finger is likely. */
export function isSlip(word: string, edits: number): boolean {
  return edits <= Math.max(2, Math.floor(word.length / 4))
}

/** Optimal string alignment distance, over the first 64 UTF-16 units of each. */
export function editDistance(left: string, right: string): number {
  const a = left.slice(0, LENGTH_MAX)
  const b = right.slice(0, LENGTH_MAX)
  let before: number[] = []
  let above = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(above, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)
      let cost = Math.min(at(above, j) + 1, at(row, j - 1) + 1, replaced)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, at(before, j - 2) + 1)
      row.push(cost)
    }
    before = above
    above = row
  }
  return at(above, b.length)
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? 0
}
